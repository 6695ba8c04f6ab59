"""Scratch repositories, and projects with the hook installed: the ground of every test that goes through Git."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import yaml
from PIL import Image, ImageOps, PngImagePlugin

from processes import MASKPROOF, is_copied, maskproof

ROOT = Path(__file__).resolve().parent.parent
COUNTS = re.compile(
    r"^maskproof: (\d+) images? looked at, (\d+) compared, (\d+) blocked, (\d+) not judged\.$", re.MULTILINE
)


def closed(schema: Any) -> Any:
    """A schema that takes no member which it does not name, so that none is written without its place in it."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {"additionalProperties": False} if "properties" in schema else {}
    return {**shut, **{key: closed(value) for key, value in schema.items()}}


REPORT = jsonschema.Draft202012Validator(closed(json.loads((ROOT / "docs" / "schema" / "report.json").read_text())))
SIZE = (320, 240)
OPENED = (180, 60, 300, 180)
"""left, top, right, bottom of what the mask opens"""
QUARTER = (0, 0, 160, 120)
"""the part outside the mask that a drifted edit repaints"""
SPRING = "assets/spring.png"
"""where `Project.edit` puts its edit unless told otherwise"""
HERO, MASK = "assets/hero.png", "assets/hero.mask.png"
"""where the original and the mask of every project lie"""


def clean_environment() -> dict[str, str]:
    """As on a developer's machine wherever the tests run: nothing of an outer Git, hook or CI, and a committer."""
    # Without byte code that is kept, each hook would compile maskproof anew.
    gone = ("GIT_", "PRE_COMMIT", "CI", "GITHUB_", "GITLAB_", "MASKPROOF_", "PYTHONDONTWRITEBYTECODE")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(gone)}
    person = {"NAME": "Test", "EMAIL": "test@example.invalid"}
    return (
        kept
        | {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()}
        | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "NO_COLOR": "1",
        }
    )


@dataclass(frozen=True)
class Scratch:
    """A scratch Git repository."""

    root: Path

    def run(
        self, *command: str, ok: bool = True, cwd: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run any command in the repository; with `ok`, it has to succeed."""
        where, environment = cwd or self.root, clean_environment() | env
        if is_copied(command, env):
            ran = maskproof().run(*command[len(MASKPROOF) :], cwd=where, env=environment)
            done = subprocess.CompletedProcess(command, ran.status, ran.stdout, ran.stderr)
        else:
            done = subprocess.run(
                command,
                cwd=where,
                env=environment,
                capture_output=True,
                text=True,
                errors="surrogateescape",
                check=False,
            )
        if ok and done.returncode:
            raise AssertionError(f"{command} exited {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def git(self, *arguments: str, ok: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        """Run git."""
        return self.run("git", *arguments, ok=ok, **env)

    def maskproof(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run the tool; the exit status is the test's business."""
        return self.run(*MASKPROOF, *arguments, ok=False, **env)

    def install(self) -> None:
        """Install the hook as the manifest ships it, run from this checkout, for all the stages that it names."""
        hook = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())[0]
        hook |= {"language": "system", "entry": shlex.join([*MASKPROOF, "check"])}
        self.write(".pre-commit-config.yaml", yaml.safe_dump({"repos": [{"repo": "local", "hooks": [hook]}]}))
        stages = [part for stage in hook["stages"] if stage != "manual" for part in ("-t", stage)]
        self.run(sys.executable, "-m", "pre_commit", "install", *stages)

    def write(self, path: str, data: bytes | str) -> Path:
        """Write a file, folders included."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file

    def commit(self, message: str = "change", *, verify: bool = False) -> None:
        """Stage everything and commit it, past the hook unless `verify`."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, *(() if verify else ("--no-verify",)))

    def branch_off(self) -> None:
        """Call the branch `main`, and go on in `pr`, as for a pull request."""
        self.git("branch", "-M", "main")
        self.git("checkout", "-q", "-b", "pr")


@dataclass(frozen=True)
class Outcome:
    """What came of a run: its exit status, what it printed, and the counts of its last lines."""

    status: int
    text: str
    counts: list[tuple[int, ...]]
    """(looked at, compared, blocked, not judged), one for each time that the gate ran"""

    @classmethod
    def of(cls, done: subprocess.CompletedProcess[str]) -> Outcome:
        text = done.stdout + done.stderr
        return cls(done.returncode, text, [tuple(int(one) for one in row) for row in COUNTS.findall(text)])


@dataclass(frozen=True)
class Pictures:
    """One textured original with its mask, and edits of it whose verdict nobody can doubt."""

    original: bytes
    mask: bytes
    """white is editable"""
    held: bytes
    """changed inside the mask only"""
    held_again: bytes
    """the same with another change inside the mask"""
    drifted: bytes
    """changed inside the mask, and a quarter of the picture outside it repainted"""
    marked: bytes
    """`held`, in a file that says that AI made it"""
    other: bytes
    """another picture of the same size"""


def png(image: Image.Image, **options: Any) -> bytes:
    """A picture as the bytes of a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG", **{"compress_level": 1, **options})  # a larger file, in a fifth of the time
    return file.getvalue()


def texture(seed: int) -> Image.Image:
    """A picture with structure at several scales, so that every change shows and nothing is flat."""
    random = np.random.default_rng(seed)
    layers = [
        np.asarray(
            Image.fromarray(random.integers(0, 256, (240 // step, 320 // step, 3), np.uint8)).resize(
                SIZE, Image.Resampling.BICUBIC
            ),
            np.float32,
        )
        for step in (60, 20, 4)
    ]
    return Image.fromarray(np.clip(layers[0] * 0.6 + layers[1] * 0.3 + layers[2] * 0.1, 0, 255).astype(np.uint8))


def draw() -> Pictures:
    """The pictures that the tests of the gate commit."""
    original = texture(1)
    mask = Image.new("L", SIZE)
    mask.paste(255, OPENED)
    left, top, right, bottom = OPENED
    inside = (left + 20, top + 20, right - 20, bottom - 20)
    held, again = original.copy(), original.copy()
    held.paste(texture(2).crop(inside), inside[:2])
    again.paste(texture(3).crop(inside), inside[:2])
    drifted = held.copy()
    drifted.paste(ImageOps.invert(texture(4)).crop(QUARTER), QUARTER[:2])
    says = PngImagePlugin.PngInfo()
    says.add_text(
        "parameters", "a spring meadow\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 320x240, Model: x"
    )
    return Pictures(
        png(original), png(mask), png(held), png(again), png(drifted), png(held, pnginfo=says), png(texture(5))
    )


@dataclass(frozen=True)
class Project(Scratch):
    """A repository with an original and its mask committed, and the hook installed through pre-commit itself."""

    pictures: Pictures
    cache: Path
    """pre-commit's own folder, so that no test reads or writes that of the user"""

    def run(
        self, *command: str, ok: bool = True, cwd: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        return super().run(*command, ok=ok, cwd=cwd, **{"PRE_COMMIT_HOME": str(self.cache), **env})

    def at(self, root: Path) -> Project:
        """The same, for another checkout."""
        return replace(self, root=root)

    def edit(self, verdict: str = "held", path: str = SPRING, **record: Any) -> str:
        """Write an edit that is `held` or `drifted`, and its sidecar."""
        data = getattr(self.pictures, verdict)
        self.write(path, data)
        self.write(f"{path}.maskproof.json", self.record(data, **record))
        return path

    def original(self, data: bytes | None = None) -> dict[str, Any]:
        """What a record says of an original, besides its path."""
        return {"sha256": sha256(data or self.pictures.original), "size": list(SIZE)}

    def record(self, image: bytes, **members: Any) -> str:
        """The text of a sidecar; a member that is None is left out."""
        size = list(SIZE)
        tree = {
            "maskproof": 1,
            "origin": "edited",
            "image": {"sha256": sha256(image), "size": size},
            "original": {"path": HERO, **self.original()},
            "mask": {"path": MASK, "sha256": sha256(self.pictures.mask), "mode": "white"},
            **members,
        }
        return json.dumps({key: value for key, value in tree.items() if value is not None}, indent=2) + "\n"

    def stage(self, *paths: str) -> None:
        """Stage everything, or only these paths."""
        self.git("add", *(("-A",) if not paths else ("--", *paths)))

    def try_commit(self, *arguments: str) -> Outcome:
        """Commit with the hooks on."""
        return Outcome.of(self.git("commit", "-m", "change", *arguments, ok=False))

    def pre_commit(self, *arguments: str) -> Outcome:
        """Run pre-commit as a user or a CI job does."""
        return Outcome.of(self.run(sys.executable, "-m", "pre_commit", *arguments, ok=False))

    def pre_commit_in_ci(self, *arguments: str) -> Outcome:
        """The same, as an automated check."""
        return Outcome.of(self.run(sys.executable, "-m", "pre_commit", *arguments, ok=False, CI="true"))

    def check(self, *arguments: str, cwd: Path | None = None, **env: str) -> Outcome:
        """Run the gate itself."""
        return Outcome.of(self.run(*MASKPROOF, "check", *arguments, ok=False, cwd=cwd, **env))

    def report(self, *arguments: str, **env: str) -> tuple[int, dict[str, Any]]:
        """The exit status and the JSON report of the gate."""
        done = self.run(*MASKPROOF, "check", "--format", "json", *arguments, ok=False, **env)
        assert done.stdout, done.stderr
        return done.returncode, valid(json.loads(done.stdout))

    def findings(self, *arguments: str) -> dict[str, list[str]]:
        """The rules of each image's findings, by path."""
        return {
            image["path"]: [one["rule"] for one in image["findings"]] for image in self.report(*arguments)[1]["images"]
        }


def valid(report: dict[str, Any]) -> dict[str, Any]:
    """A JSON report of `check`, which is as its schema has it."""
    REPORT.validate(report)
    return report


def sha256(data: bytes) -> str:
    """A digest as records hold it."""
    return hashlib.sha256(data).hexdigest()
