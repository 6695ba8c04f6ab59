"""Every command that a finding offers runs as it stands, from the folder of the picture, which has a space in its name.

The fixtures are the table: each rule has one that finds it. Laid out one folder down, no path in them is right by
chance. What they do not show of what was forgotten, renamed or lies elsewhere stands below as a table of its own.
"""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fixture_cases import Case, cases
from projects import MASKPROOF, Outcome, Scratch, png, texture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLACE = "my folder/"
AT_THE_TOP = (".gitattributes", "maskproof.toml", ".maskproof")
"""names that count at the top of a repository only"""
OFFERED = re.compile(r"`((?:maskproof|git|cp|mkdir) [^`]+)`")
PUT = {"WHY": "agreed", "MODE": "white"}
"""what a reader puts in the place of a word; files by their role"""
ALIKE = ("view", "approve", "restore")
"""commands that are the same in every finding, of which one is run"""
WITHOUT_HERE = ("sign", "fetch")
"""what needs a certificate or a server"""


def covering() -> dict[str, Case]:
    """For each rule the first fixture that finds it; one that finds several stands for all of them."""
    chosen: dict[str, Case] = {}
    for case in sorted(cases(), key=lambda one: -len(one.expected["findings"])):
        for one in case.expected["findings"]:
            chosen.setdefault(one["rule"], case)
    return chosen


CASES = {case.name: case for case in covering().values()}


def lay(case: Case, side: str, scratch: Scratch) -> None:
    """The files of a fixture one folder down, and what names them with them."""
    files = [one for one in case.folder.rglob("*") if one.is_file() and one.parent != case.folder]
    paths = {one: one.relative_to(case.folder).as_posix().partition("/")[2] for one in files}
    for file, path in paths.items():
        if file.relative_to(case.folder).parts[0] != side:
            continue
        content: str | bytes = file.read_bytes()
        if file.suffix in {".json", ".toml"}:
            content = file.read_text()
            for one in sorted(set(paths.values())):
                content = content.replace(f'"{one}"', f'"{PLACE}{one}"')
        scratch.write(path if path.startswith(AT_THE_TOP) else PLACE + path, content)
    scratch.git("add", "-A")


def run_all(scratch: Scratch, room: Path, ran: set[str]) -> str:
    """Check from the folder, run each command that is offered in a copy of its own, and give what was printed."""
    inside = scratch.root / PLACE
    text = Outcome.of(scratch.run(*MASKPROOF, "check", ok=False, cwd=inside)).text
    names = sorted(one.name for one in inside.iterdir() if one.suffix != ".json")
    original = next((one for one in names if "original" in one), names[0])
    roles = PUT | {"ORIGINAL": original, "MASK": next((one for one in names if "mask" in one), original)}
    for number, one in enumerate(dict.fromkeys(OFFERED.findall(text))):
        called = one.split()[1]
        if called in WITHOUT_HERE or called in ran:
            continue
        ran.update({called} & set(ALIKE))
        copy = room / str(number)
        shutil.copytree(scratch.root, copy, symlinks=True)
        given = roles | {"FILE": roles["MASK"] if "--mask" in one else original}
        for part in one.split(" && "):
            program, *words = (given.get(word, word) for word in shlex.split(part))
            called_as = MASKPROOF if program == "maskproof" else (program,)
            done = replace(scratch, root=copy).run(*called_as, *words, ok=False, cwd=copy / PLACE)
            allowed = {0, 1, 3} if called == "explain" else {0}  # its status is the verdict
            assert done.returncode in allowed, f"{one}\n{done.stdout}{done.stderr}\nof\n{text}"
    return " ".join(text.split())


@pytest.fixture(scope="module")
def ran() -> set[str]:
    return set()


@pytest.fixture
def begun(tmp_path) -> Scratch:
    scratch = Scratch(tmp_path / "made")
    (scratch.root / PLACE).mkdir(parents=True)
    scratch.git("init", "-q", "-b", "main")
    return scratch


@pytest.mark.parametrize("name", CASES)
def test_what_a_finding_offers_runs(name, begun, tmp_path, ran):
    case = CASES[name]
    lay(case, "base", begun)
    begun.git("commit", "-q", "--no-verify", "--allow-empty", "-m", "before")
    for path in case.expected.get("deleted", ()):
        begun.git("rm", "-q", PLACE + path)
    lay(case, "change", begun)
    run_all(begun, tmp_path, ran)


ORIGINAL, MASK, EDIT = (f"{PLACE}{name}.png" for name in ("original", "mask", "edit"))


def forgotten(path: str) -> Callable[[Scratch], None]:
    """All is staged but one file."""

    def change(scratch: Scratch) -> None:
        recorded(scratch)
        scratch.git("rm", "-q", "--cached", path)

    return change


def recorded(scratch: Scratch, path: str = EDIT, *more: str) -> None:
    done = scratch.maskproof("record", path, "--original", ORIGINAL, "--mask", MASK, "--mask-mode", "white", *more)
    assert done.returncode == 0, done.stderr
    scratch.git("add", "-A")


def committed(scratch: Scratch) -> None:
    recorded(scratch)
    scratch.commit()


def moved(scratch: Scratch) -> None:
    committed(scratch)
    scratch.git("mv", EDIT, f"{PLACE}other edit.png")


def copied(scratch: Scratch) -> None:
    committed(scratch)
    shutil.copy(scratch.root / EDIT, scratch.root / f"{PLACE}other edit.png")
    scratch.git("add", "-A")


def renamed_and_lost(scratch: Scratch) -> None:
    moved(scratch)
    scratch.git("rm", "-q", f"{EDIT}.maskproof.json")


def with_two_records(scratch: Scratch) -> None:
    recorded(scratch)
    shutil.copytree(scratch.root / PLACE, scratch.root / ".maskproof" / "records" / PLACE)
    for one in (scratch.root / ".maskproof" / "records" / PLACE).glob("*.png"):
        one.unlink()
    scratch.git("add", "-A")


def broken(scratch: Scratch) -> None:
    recorded(scratch)
    scratch.write(f"{EDIT}.maskproof.json", "{}")
    scratch.git("add", "-A")


def generated(scratch: Scratch) -> None:
    scratch.write(EDIT, (scratch.root / ORIGINAL).read_bytes() + b"\n")
    assert scratch.maskproof("record", EDIT, "--generated").returncode == 0
    scratch.git("add", "-A")


def under_another_name(scratch: Scratch) -> None:
    (scratch.root / EDIT).rename(scratch.root / f"{PLACE}edit.psd")
    scratch.git("add", "-A")


def without_picture(scratch: Scratch) -> None:
    recorded(scratch)
    scratch.git("rm", "-q", "--cached", EDIT)


def exported(scratch: Scratch) -> None:
    recorded(scratch)
    scratch.write(f"{PLACE}small.png", png(texture(9)))
    done = scratch.maskproof("record", f"{PLACE}small.png", "--derived", "--original", EDIT)
    assert done.returncode == 0, done.stderr
    scratch.git("add", "-A")


def by_a_row(scratch: Scratch) -> None:
    scratch.write("maskproof.toml", f'version = 1\n[[derived]]\nmaster = "{EDIT}"\npaths = ["{PLACE}small.png"]\n')
    scratch.write(f"{PLACE}small.png", png(texture(9)))
    recorded(scratch)


def loosened(scratch: Scratch) -> None:
    scratch.write("maskproof.toml", 'version = 1\n[defaults]\nrecord_loosened = "block"\n')
    recorded(scratch, EDIT, "--area", "logo:brand:10,10,40,30")
    scratch.commit()
    assert scratch.maskproof("record", EDIT, "--remove-area", "logo").returncode == 0
    scratch.git("add", "-A")


def extended(scratch: Scratch) -> None:
    recorded(scratch)
    scratch.write(f"{PLACE}brand.maskproof.toml", "version = 1\n")
    assert scratch.maskproof("preset", f"{PLACE}brand.maskproof.toml").returncode == 0
    scratch.write(f"{PLACE}brand.maskproof.toml", "version = 1\n# another\n")
    scratch.git("add", "-A")


OTHERWISE = {
    "a record that is not staged": (forgotten(f"{EDIT}.maskproof.json"), "its record my folder/edit.png.mask"),
    "a mask that is not staged": (forgotten(MASK), "is not staged"),
    "an original that is not staged": (forgotten(ORIGINAL), "is not staged"),
    "a picture that is not staged": (without_picture, "`git add edit.png`"),
    "moved": (moved, "under another name"),
    "copied": (copied, "under another name"),
    "moved, its record deleted": (renamed_and_lost, "under another name"),
    "two records": (with_two_records, "it lies in two places"),
    "a broken record": (broken, "write it anew"),
    "recorded as generated": (generated, "stale-record"),
    "a picture by its bytes": (under_another_name, "edit.psd"),
    "an export that shows something else": (exported, "it does not show its master"),
    "an export by a row of the policy": (by_a_row, "derived"),
    "an area taken away": (loosened, "record-loosened"),
    "a preset that was changed": (extended, "`maskproof preset"),
}


@pytest.mark.parametrize("case", OTHERWISE)
def test_so_does_what_is_offered_elsewhere(case, begun, edited, tmp_path, ran):
    change, said = OTHERWISE[case]
    begun.write(ORIGINAL, edited.original)
    begun.write(MASK, edited.mask)
    begun.write("maskproof.toml", 'version = 1\n[defaults]\nunrecorded = "block"\n')
    if "not staged" in case:
        begun.git("add", "maskproof.toml")
        begun.git("commit", "-q", "-m", "before")
    else:
        begun.commit("before")
    begun.write(EDIT, edited.marked)
    change(begun)
    text = run_all(begun, tmp_path, ran)
    assert said in text
    assert OFFERED.search(text), text


@pytest.mark.parametrize("command", [("check",), ("view", "--no-open")])
def test_what_every_command_refuses_for_names_files_from_there(command, begun, edited):
    begun.write(ORIGINAL, edited.original)
    begun.write(MASK, edited.mask)
    begun.commit("before")
    begun.write(EDIT, edited.held)
    recorded(begun)
    begun.write("maskproof.toml", "version = 1\n")
    done = begun.run(*MASKPROOF, *command, ok=False, cwd=begun.root / PLACE)
    assert "`git add ../maskproof.toml`" in done.stdout + done.stderr
