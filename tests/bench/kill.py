"""What `kill -9` at any moment of `maskproof restore`, `record`, `approve`, `mark` or `sign` leaves behind.

A scratch repository with a drifted edit that is not committed, so that its bytes have no other copy. The command is
started and killed: in every other round after a random part of the time that a whole run takes, in the others within
the last moments, counted from when `restore` begins to keep and to write, `record` has its lock, and `approve` its
folder. Looked at each time: is every file one of the two whole ones, can the replaced picture be had, does the gate
block what is between, and does the next run end the work. A signature is another one each time, so that of `sign` the
new picture is known by its signature, which has to fit, and the new record by the picture that it names.

    python tests/bench/kill.py [--rounds 334] [--command restore]
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from maskproof.atomic import LOCK
from maskproof.evidence import signatures
from maskproof.marks import credentials
from maskproof.records import sidecar
from processes import MASKPROOF
from projects import HERO, MASK, OPENED, QUARTER, SPRING, Scratch, clean_environment, png, texture

SIDECAR = f"{SPRING}.maskproof.json"
APPROVALS = ".maskproof/approvals"
COMMANDS = {
    "restore": ("restore", SPRING),
    "record": ("record", SPRING, "--prompt", "another one"),
    "mark": ("mark", SPRING),
    "sign": ("sign", SPRING),
    "approve": ("approve", SPRING, "--reason", "a new season"),
}
SCALE = 2
"""times the size of the tests' pictures, so that writing takes a visible part of the time"""
LAST_MOMENTS = 0.08
"""s from the first kept object within which the other half of the kills falls; keeping and writing take as long"""


@dataclass(frozen=True)
class Scene:
    """The repository, and both whole states of what a command replaces; None is a file that is not there."""

    project: Scratch
    before: dict[str, bytes | None]
    after: dict[str, bytes | None]
    seconds: float
    """that a whole run takes"""
    command: tuple[str, ...]
    environment: dict[str, str]

    @property
    def kept(self) -> Path:
        """Where Git keeps the replaced picture once `restore` has handed it over."""
        data = self.before[SPRING]
        assert data is not None
        oid = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        return self.project.root / ".git" / "objects" / oid[:2] / oid[2:]

    @property
    def begun(self) -> Path:
        """What is there as soon as the command begins to write."""
        root = self.project.root
        return (
            self.kept if SPRING in self.both else root / APPROVALS if SIDECAR not in self.both else root / ".git" / LOCK
        )

    @property
    def both(self) -> set[str]:
        """The files that the command replaces."""
        return {path for path, data in self.before.items() if data != self.after[path]}

    def reset(self) -> None:
        """As before the first run, with nothing kept."""
        shutil.rmtree(self.project.root / APPROVALS, ignore_errors=True)
        for path, data in self.before.items():
            if data is not None:
                self.project.write(path, data)
        self.begun.unlink(missing_ok=True)
        shutil.rmtree(self.project.root / ".git" / "maskproof", ignore_errors=True)
        for one in (self.project.root / SPRING).parent.glob(".*.part"):
            one.unlink()

    def now(self) -> dict[str, bytes | None]:
        """The files as they lie there."""
        return {path: read(self.project.root / path) for path in self.before}


def read(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


def prepared(root: Path, command: tuple[str, ...]) -> Scene:
    """The original and the mask committed; a drifted edit and its record that are not even staged."""
    project = Scratch(root)
    root.mkdir()
    project.git("init", "-q", "-b", "main")
    size = tuple(SCALE * side for side in texture(1).size)
    original, other = (texture(seed).resize(size, Image.Resampling.BICUBIC) for seed in (1, 2))
    edit = original.copy()
    for box in (OPENED, QUARTER):
        place = tuple(SCALE * side for side in box)
        edit.paste(other.crop(place), place)
    drawn = Image.new("L", size)
    drawn.paste(255, tuple(SCALE * side for side in OPENED))
    project.write(HERO, png(original))
    project.write(MASK, png(drawn))
    project.commit("Start")
    project.write(SPRING, png(edit))
    project.run(*MASKPROOF, "record", SPRING, "--original", HERO, "--mask", MASK, "--mask-mode", "white")
    project.git("add", "-A")
    environment = clean_environment() | identity(root.parent) if command[-2] == "sign" else clean_environment()
    before = {path: read(root / path) for path in (SPRING, SIDECAR)}
    start = time.perf_counter()
    project.run(*command, **environment)
    seconds = time.perf_counter() - start
    made = [str(one.relative_to(root)) for one in (root / APPROVALS).glob("*")]
    after = {path: read(root / path) for path in (*before, *made)}
    return Scene(project, {**dict.fromkeys(made), **before}, after, seconds, command, environment)


def identity(folder: Path) -> dict[str, str]:
    """A certificate for trying, outside the repository."""
    chain, key = credentials.new_test_certificate(dt.datetime.now(dt.UTC))
    (folder / "chain.pem").write_bytes(chain)
    (folder / "key.pem").write_bytes(key)
    return {"MASKPROOF_CERTIFICATE": str(folder / "chain.pem"), "MASKPROOF_KEY": str(folder / "key.pem")}


def killed(scene: Scene, chance: random.Random, *, late: bool) -> bool:
    """Start a run and kill it; False where it had ended by itself."""
    with subprocess.Popen(
        scene.command,
        cwd=scene.project.root,
        env=scene.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        if late:
            while not scene.begun.exists() and running.poll() is None:
                time.sleep(0.0005)
            time.sleep(chance.uniform(0, LAST_MOMENTS))
        else:
            time.sleep(chance.uniform(0, 1.1 * scene.seconds))
        running.send_signal(signal.SIGKILL)
        return running.wait() == -signal.SIGKILL


def looked_at(scene: Scene) -> tuple[str, list[str]]:
    """In which state a kill left the files, and what is wrong with it."""
    now, wrong = scene.now(), []
    found = {path: _which(scene, path, data) for path, data in now.items()}
    wrong += [f"{path} is neither the old nor the new one" for path, which in found.items() if which == "broken"]
    if found[SPRING] != "old" and SPRING in scene.both and not _held(scene):
        wrong.append("the replaced picture is lost")
    if len(scene.both) > 1 and len({found[path] for path in scene.both}) > 1 and not _blocked(scene):
        wrong.append("the gate does not block a picture with a record of another one")
    scene.project.run(*scene.command, **scene.environment)
    if any(_which(scene, path, data) != "new" for path, data in scene.now().items()):
        wrong.append("the next run does not end the work")
    return ", ".join(f"{path} {found[path]}" for path in sorted(scene.both)), wrong


def _which(scene: Scene, path: str, data: bytes | None) -> str:
    if data != scene.before[path] and scene.command[-2] == "sign" and data is not None:
        return "new" if _fits(scene, path, data) else "broken"
    return "old" if data == scene.before[path] else "new" if data == scene.after[path] else "broken"


def _fits(scene: Scene, path: str, data: bytes) -> bool:
    """Is it a picture whose signature fits, or a record of the picture that lies there?"""
    if path == SPRING:
        signature = signatures.verify(data, "PNG")
        return signature is not None and signature.intact
    picture = (scene.project.root / SPRING).read_bytes()
    return sidecar.parse(data, path).image.sha256 == hashlib.sha256(picture).hexdigest()


def _held(scene: Scene) -> bool:
    oid = scene.kept.parent.name + scene.kept.name
    done = subprocess.run(
        ["git", "cat-file", "blob", oid],
        cwd=scene.project.root,
        env=clean_environment(),
        capture_output=True,
        check=False,
    )
    return done.stdout == scene.before[SPRING]


def _blocked(scene: Scene) -> bool:
    scene.project.git("add", "-A")
    done = scene.project.maskproof("check")
    scene.project.git("reset", "-q")
    return done.returncode == 1 and "stale-record" in done.stdout


def measured(rounds: int, seed: int, command: str = "restore") -> tuple[Counter[str], list[str], int]:
    """How often each state was met, everything that was wrong, and how many runs were killed before their end."""
    states: Counter[str] = Counter()
    wrong: list[str] = []
    count = 0
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        scene = prepared(Path(name) / "project", (*MASKPROOF, *COMMANDS[command]))
        for number in range(rounds):
            scene.reset()
            count += killed(scene, chance, late=number % 2 == 1)
            state, found = looked_at(scene)
            states[state] += 1
            wrong += found
    return states, wrong, count


def main() -> None:
    """Print what was met; exits 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=334, help="of each command")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--command", choices=list(COMMANDS), help="one alone")
    args = parser.parse_args()
    anything = False
    for command in [args.command] if args.command else COMMANDS:
        states, wrong, count = measured(args.rounds, args.seed, command)
        print(f"{command}: {args.rounds} runs, {count} killed before their end")
        for state, times in states.most_common():
            print(f"  {times:4}  {state}")
        for one, times in Counter(wrong).items():
            print(f"  WRONG {times} times: {one}")
        print("  nothing corrupt, nothing lost" if not wrong else "", flush=True)
        anything = anything or bool(wrong)
    sys.exit(anything)


if __name__ == "__main__":
    main()
