"""A manifest: pairs outside of Git are judged as recorded edits are, and no row reaches out of its folder."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from processes import MASKPROOF, is_copied, maskproof
from projects import Pictures, Project, clean_environment, draw, sha256, valid

HELD = {"edit": "a/held.png", "original": "a/original.png", "mask": "a/mask.png", "mask_mode": "white"}
DRIFTED = HELD | {"edit": "a/drifted.png"}


@dataclass(frozen=True)
class Archive:
    """A folder of pictures outside of Git."""

    root: Path

    def write(self, name: str, data: bytes | str) -> Path:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file

    def rows(self, *rows: dict[str, Any], name: str = "pairs.jsonl") -> str:
        self.write(name, "".join(json.dumps(row) + "\n" for row in rows))
        return name

    def check(self, *arguments: str, manifest: str = "pairs.jsonl") -> subprocess.CompletedProcess[str]:
        command = [*MASKPROOF, "check", "--manifest", manifest, *arguments]
        env = clean_environment() | {"XDG_CACHE_HOME": str(self.root.parent / "cache")}
        if is_copied(command, {}):
            ran = maskproof().run(*command[len(MASKPROOF) :], cwd=self.root, env=env)
            return subprocess.CompletedProcess(command, ran.status, ran.stdout, ran.stderr)
        return subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, check=False)

    def report(self, *arguments: str, manifest: str = "pairs.jsonl") -> tuple[int, dict[str, Any]]:
        done = self.check("--format", "json", *arguments, manifest=manifest)
        assert done.stdout, done.stderr
        return done.returncode, valid(json.loads(done.stdout))


@cache
def drawn() -> Pictures:
    return draw()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    found = Archive(tmp_path / "archive")
    for name in ("original", "mask", "held", "drifted"):
        found.write(f"a/{name}.png", getattr(drawn(), name))
    return found


def test_rows_are_judged_as_records_are(archive: Archive, project: Project) -> None:
    project.edit("held", "assets/held.png")
    project.edit("drifted", "assets/drifted.png")
    project.stage()
    recorded = {Path(one["path"]).name: one for one in project.report("--all")[1]["images"]}
    archive.rows(HELD, DRIFTED)
    status, found = archive.report()
    assert status == 1
    assert found["summary"] == {"images": 2, "compared": 2, "blocked": 1, "unjudged": 0}
    for one in found["images"]:
        other = recorded[Path(one["path"]).name]
        assert [one[key] for key in ("verdict", "drift", "regions")] == [
            other[key] for key in ("verdict", "drift", "regions")
        ]
        assert one["original"]["sha256"] == other["original"]["sha256"]
        assert one["mask"]["mode"] == "white"
    told = archive.check("--quiet").stdout
    assert "--cards FOLDER" in told
    assert "maskproof restore" not in told, "what needs Git is no advice here"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("edit,original,mask,mask_mode,areas,model\na/held.png,a/original.png,a/mask.png,white,{areas},m\n", "p.csv"),
        ("Edit;Original;Mask;Mask mode;Areas\na/held.png;./a/original.png;a/mask.png;WHITE;{areas}\n", "p.csv"),
        ("\ufeffedit\toriginal\tmask\tmode\tareas\na/held.png\ta/original.png\ta/mask.png\twhite\t{areas}\n", "p.tsv"),
    ],
)
def test_a_table_and_lines_of_json_say_the_same(archive: Archive, text: str, name: str) -> None:
    area = {"name": "logo", "kind": "brand", "box": [190, 70, 40, 40]}
    archive.rows(HELD | {"areas": [area]})
    encoding = "utf-16" if "\ufeff" in text else "utf-8"
    archive.write(name, text.format(areas='"logo:brand:190,70,40,40"').lstrip("\ufeff").encode(encoding))
    status, found = archive.report(manifest=name)
    assert (status, found) == archive.report()
    assert [one["rule"] for one in found["images"][0]["findings"]] == ["brand"], (
        "the mask opens it, the row protects it"
    )


def test_parts_processes_and_kept_verdicts_give_the_same_report(archive: Archive) -> None:
    for number in range(3):
        archive.write(f"z{3 - number}.png", drawn().held_again)
    rows = [HELD | {"edit": f"z{3 - number}.png"} for number in range(3)]  # in no order of names
    archive.rows(*rows, DRIFTED, HELD | {"edit": "gone.png"})
    plain = archive.check("--format", "json", "--no-cache").stdout
    assert [one["path"] for one in json.loads(plain)["images"]][:3] == ["z3.png", "z2.png", "z1.png"]
    for arguments in (("--jobs", "2", "--no-cache"), (), ()):
        assert archive.check("--format", "json", *arguments).stdout == plain
    names = [f"part{number}.json" for number in (2, 1)]
    for number, name in zip((2, 1), names, strict=True):
        archive.check("--shard", f"{number}/2", "--format", "json", "--output", name)
    merged = maskproof().run("merge-reports", *names, "--format", "json", cwd=archive.root, env=clean_environment())
    assert merged.stdout == plain
    archive.rows(*rows)
    archive.check("--shard", "1/2", "--format", "json", "--output", "part1.json")
    refused = maskproof().run("merge-reports", *names, cwd=archive.root, env=clean_environment())
    assert "is a part of another run" in refused.stderr
    assert "<!doctype html>" in archive.check("--format", "html").stdout.lower()


def test_the_policy_beside_it_holds_or_the_one_that_is_named(archive: Archive) -> None:
    archive.rows(HELD)
    archive.write(
        "maskproof.toml",
        'version = 1\n[[areas]]\npaths = ["a/*"]\nname = "logo"\nkind = "brand"\nbox = [190, 70, 40, 40]\n',
    )
    assert archive.report()[0] == 1
    archive.write("other/plain.toml", "version = 1\n")
    assert archive.report("--policy", "other/plain.toml")[0] == 0
    archive.write("other/plain.toml", "version = 2\n")
    assert archive.check("--policy", "other/plain.toml").returncode == 2


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"edit": "../a.png", "original": "a/original.png"}, "leaves the manifest's folder"),
        ({"edit": "/etc/passwd", "original": "a/original.png"}, "leaves the manifest's folder"),
        ({"edit": "a/held.png", "original": "C:/a.png"}, "a drive"),
        ({"edit": "a\\held.png", "original": "a/original.png"}, "a backslash"),
        ({"edit": "a/\u0000.png", "original": "a/original.png"}, "control characters"),
        ({"edit": "a/held.png", "original": "a/held.png"}, "same file"),
        ({"edit": "a/held.png"}, "'original' is missing"),
        ({"edit": "a/held.png", "original": "a/original.png", "mask": "a/mask.png"}, "go together"),
        (HELD | {"mask_mode": "grey"}, "mask_mode"),
        (HELD | {"mask_mod": "x"}, "did you mean 'mask_mode'"),
        (HELD | {"crop": [1, 2, 3]}, "crop"),
        (HELD | {"original_sha256": "abc"}, "SHA-256"),
        (HELD | {"areas": [{"name": "a", "kind": "brand"}]}, "exactly one of box and polygon"),
        (HELD, "has a row already"),
    ],
)
def test_a_row_that_cannot_be_understood_stops_the_run(archive: Archive, row: dict[str, Any], said: str) -> None:
    archive.rows(HELD, row)
    done = archive.check()
    assert (done.returncode, done.stdout) == (2, "")
    assert "pairs.jsonl:2: " in done.stderr
    assert said in done.stderr


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "'edit' is missing"),
        (b"edit,original\n\n", "has no rows"),
        (b"edit,orignal\na,b\n", "did you mean 'original'"),
        (b"edit,original\na/held.png,a/original.png,more\n", ":2: it has 3 cells"),
        (b'edit,original\na/held.png,"a/orig', "line 2"),
        (b"edit,original\n\xff\xfe\xfa,b\n", "not a text in UTF-8"),
        (b"edit,original\n" + b"a" * 1_100_000 + b"\n", "a line of more than"),
        (b"edit,original,crop\na/held.png,a/original.png,1;2\n", "four whole numbers"),
    ],
)
def test_a_table_that_is_none_stops_the_run(archive: Archive, data: bytes, said: str) -> None:
    archive.write("p.csv", data)
    done = archive.check(manifest="p.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize("line", ["[1]", "{", '{"edit": "a", "edit": "b"}', "[" * 100_000, "NaN"])
def test_lines_of_json_are_read_strictly(archive: Archive, line: str) -> None:
    archive.write("pairs.jsonl", line + "\n")
    done = archive.check()
    assert done.returncode == 2
    assert "pairs.jsonl:1: " in done.stderr


@pytest.mark.threat("T47")
def test_pictures_that_cannot_be_had_leave_their_rows_unjudged(archive: Archive, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes((archive.root / "a" / "held.png").read_bytes())
    (archive.root / "link.png").symlink_to(secret)
    (archive.root / "out").symlink_to(tmp_path)
    (archive.root / "inside.png").symlink_to(Path("a") / "held.png")
    archive.write("text.png", "no picture")
    archive.write("folder.png/x", "")
    os.mkfifo(archive.root / "pipe.png")
    bad = ["link.png", "out/secret.png", "text.png", "folder.png", "pipe.png", "gone.png", "x" * 300 + ".png"]
    rows = [HELD | {"edit": one} for one in bad]
    rows += [HELD | {"edit": "a/mask.png", "mask": "out/secret.png"}, HELD | {"edit": "inside.png"}]
    rows += [HELD | {"edit": "a/drifted.png", "original_sha256": "0" * 64}, HELD | {"edit_sha256": "0" * 64}]
    archive.rows(*rows)
    status, found = archive.report()
    verdicts = {one["path"]: one["verdict"] for one in found["images"]}
    assert status == 3
    assert verdicts.pop("inside.png") == "pass", "a link may lead to another place of the folder"
    assert set(verdicts.values()) == {"unjudged"}
    rules = {one["path"]: one["findings"][0]["rule"] for one in found["images"] if one["findings"]}
    assert [rules[one] for one in ("a/drifted.png", "a/held.png", "a/mask.png")] == [
        "missing-original",
        "stale-record",
        "missing-mask",
    ]


def test_a_digest_that_fits_is_taken(archive: Archive) -> None:
    archive.rows(HELD | {"edit_sha256": sha256(drawn().held), "original_sha256": sha256(drawn().original)})
    assert archive.report()[0] == 0


@pytest.mark.parametrize(
    "option", [("--all",), ("--staged",), ("--from-ref", "A"), ("a/held.png",), ("--author", "me")]
)
def test_what_belongs_to_a_change_is_refused(archive: Archive, option: tuple[str, ...]) -> None:
    archive.rows(HELD)
    done = archive.check(*option)
    assert done.returncode == 2
    assert "--manifest cannot be combined" in done.stderr


def test_a_picture_that_was_mended_is_judged_anew(archive: Archive) -> None:
    archive.rows(HELD)
    assert [archive.report()[0] for _ in range(2)] == [0, 0]
    archive.write("a/held.png", drawn().drifted)
    assert archive.report()[0] == 1
