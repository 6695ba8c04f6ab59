"""Real AI edits through the real hook; needs the third-party data."""

from __future__ import annotations

import csv
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from processes import MASKPROOF

if TYPE_CHECKING:
    from projects import Scratch

pytestmark = pytest.mark.acceptance


def cases(shared: Path) -> list[dict[str, str]]:
    with (shared / "cases" / "cases.csv").open(encoding="utf-8") as table:
        return list(csv.DictReader(table))


def case(shared: Path, name: str) -> dict[str, str]:
    return next(row for row in cases(shared) if row["case"] == name)


def committed(scratch: Scratch, shared: Path, name: str) -> subprocess.CompletedProcess[str]:
    """The outcome of committing a case's edit with its record, on top of its original."""
    row = case(shared, name)
    scratch.install()
    original, edit, mask = (f"art/{key}{Path(row[key]).suffix}" for key in ("original", "edit", "mask"))
    (scratch.root / "art").mkdir()
    shutil.copy(shared / "cases" / row["original"], scratch.root / original)
    scratch.commit("The original")
    shutil.copy(shared / "cases" / row["edit"], scratch.root / edit)
    shutil.copy(shared / "cases" / row["mask"], scratch.root / mask)
    done = scratch.maskproof("record", edit, "--original", original, "--mask", mask, "--mask-mode", row["mask_mode"])
    assert done.returncode == 0, done.stderr
    scratch.git("add", "-A")
    return scratch.git("commit", "-m", "The edit", ok=False)


def test_a_redrawn_scene_is_blocked_and_the_place_is_named(scratch: Scratch, shared: Path) -> None:
    done = committed(scratch, shared, "vercel-ai/lounge-flamingo")
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "art/edit.png: BLOCKED" in said
    assert "outside-mask" in said
    assert "at x " in said
    assert "maskproof view art/edit.png" in said


@pytest.mark.parametrize("name", ["inpaint-anything/boat-1", "step1x/0000-en"])
def test_an_edit_that_held_is_committed(scratch: Scratch, shared: Path, name: str) -> None:
    done = committed(scratch, shared, name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 compared, 0 blocked, 0 not judged" in done.stdout + done.stderr


def test_the_brand_line_that_one_edit_lost_blocks_once_it_is_declared(scratch: Scratch, shared: Path) -> None:
    row = case(shared, "brushnet/example2")
    files = [str(shared / "cases" / row[key]) for key in ("original", "edit")]
    mask = ["--mask", str(shared / "cases" / row["mask"]), "--mask-mode", row["mask_mode"]]
    assert scratch.maskproof("compare", *files, *mask).returncode == 0
    policy = scratch.write(
        "maskproof.toml",
        ('version = 1\n[[areas]]\npaths = ["**"]\nname = "brand line"\nkind = "brand"\nbox = [0, 0, 512, 120]\n'),
    )
    done = scratch.maskproof("compare", *files, *mask, "--policy", str(policy))
    assert done.returncode == 1
    assert "brand: " in done.stdout


@pytest.mark.filterwarnings("ignore:.*cases.csv:pytest.PytestUnraisableExceptionWarning")  # the script leaves it open
def test_score_finds_no_false_block_and_no_miss(
    scratch: Scratch, shared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The script as it is; only the processes that it starts are copies of one that has loaded maskproof.
    monkeypatch.setattr(subprocess, "run", lambda command, **_: scratch.run(*command, ok=False))
    monkeypatch.setattr(sys, "argv", ["score.py", "--command", f"{shlex.join(MASKPROOF)} compare"])
    runpy.run_path(str(shared / "cases" / "score.py"))["main"]()
    text = capsys.readouterr().out
    wrong = {line.split()[4] for line in text.splitlines() if line.endswith((" FALSE BLOCK", " MISS"))}
    assert not wrong, text
    assert "errors 0" in text
