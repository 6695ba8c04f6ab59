"""Conflicts: what a merge left undone is told with the commands that end it, and no record is lost on the way."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from projects import HERO, MASK, MASKPROOF, OPENED, SPRING, png

if TYPE_CHECKING:
    from pathlib import Path

    from projects import Project

RECORD = f"{SPRING}.maskproof.json"


@pytest.fixture
def merged(project: Project) -> Project:
    """Two branches that edited one picture further, merged as far as Git can."""
    project.write(SPRING, png(_painted(project, "red")))
    project.maskproof("record", SPRING, "--original", HERO, "--mask", MASK, "--mask-mode", "white")
    project.commit("An edit")
    project.branch_off()
    _further(project, "blue")
    project.git("checkout", "-q", "main")
    _further(project, "green")
    project.git("merge", "pr", ok=False)
    return project


def _painted(project: Project, colour: str) -> Image.Image:
    edit = Image.open(io.BytesIO(project.pictures.held)).convert("RGB")
    edit.paste(colour, OPENED)
    return edit


def _further(project: Project, colour: str) -> None:
    project.write(SPRING, png(_painted(project, colour)))
    project.maskproof("record", SPRING, "--model", colour)
    project.commit(colour)


def _commands(said: str) -> list[str]:
    return re.findall(r"`(git [^`]+)`", " ".join(said.split()))


def _shows(project: Project, colour: str) -> bool:
    return Image.open(project.root / SPRING).getpixel(OPENED[:2]) == Image.new("RGB", (1, 1), colour).getpixel((0, 0))


@pytest.mark.parametrize(("side", "colour"), [(0, "green"), (1, "blue")])
def test_one_side_is_chosen_for_picture_and_record_together(merged: Project, side: int, colour: str) -> None:
    said = merged.check()
    assert "are in conflict" in " ".join(said.text.split())
    merged.run("sh", "-c", _commands(said.text)[side], cwd=merged.root)
    assert (merged.check().status, _shows(merged, colour)) == (0, True)


@pytest.mark.parametrize("command", ["record", "restore", "mark"])
def test_whoever_reads_a_record_with_markers_says_how_to_choose(merged: Project, command: str) -> None:
    folder: Path = merged.root / "assets"
    done = merged.run(*MASKPROOF, command, "spring.png", ok=False, cwd=folder)
    for one in _commands(done.stdout + done.stderr)[:1]:
        merged.run("sh", "-c", one, cwd=folder)
    assert (merged.check(cwd=folder).status, _shows(merged, "green")) == (0, True), done.stdout + done.stderr


def test_the_record_of_the_chosen_picture_is_named_and_in_a_folder_as_well(merged: Project) -> None:
    merged.run("sh", "-c", f"git checkout --theirs {SPRING} && git add {SPRING}")
    folder = merged.root / "assets"
    (command,) = _commands(merged.check(cwd=folder).text)
    merged.run("sh", "-c", command, cwd=folder)
    assert merged.check().status == 0
    assert "blue" in (merged.root / RECORD).read_text()


@pytest.mark.parametrize("deleted", [False, True])
def test_a_record_committed_with_markers_comes_back_from_a_commit(merged: Project, deleted: bool) -> None:
    merged.run("sh", "-c", f"git checkout --theirs {SPRING}")
    merged.commit("Markers and all")
    said = merged.check("--all").text if not deleted else ""
    if deleted:
        (merged.root / RECORD).unlink()
        done = merged.maskproof("record", SPRING)
        said = done.stdout + done.stderr
        assert f"original may be {SPRING}" not in said
    (command,) = _commands(said)
    merged.run("sh", "-c", command)
    assert merged.check("--all").status == 0
    assert "blue" in (merged.root / RECORD).read_text()


def test_a_picture_is_not_proposed_as_its_own_original(project: Project) -> None:
    project.write(SPRING, project.pictures.held)
    project.commit("Without a record")
    done = project.maskproof("record", SPRING)
    assert f"may be {SPRING}" not in done.stdout + done.stderr
