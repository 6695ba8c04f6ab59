"""Real edits that drifted, restored by the command in a real repository; needs the third-party data."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from projects import MASKPROOF
from thirdparty import ABSENT, SHARED

if TYPE_CHECKING:
    from projects import Scratch

UNMENDED = {
    "dngback/t3": "its mask opens 95.2 % of the picture, which no restoring changes",
}
"""blocked cases that are not blameless once they are restored"""


def blocked() -> list[object]:
    """The cases that have to block, all of which have a usable mask."""
    file = SHARED / "cases" / "cases.csv"
    if not file.is_file():
        return [pytest.param({}, marks=ABSENT, id="absent")]
    with file.open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["expected"] == "block"]
    return [pytest.param(row, id=row["case"], marks=known(row["case"])) for row in rows]


def known(case: str) -> tuple[pytest.MarkDecorator, ...]:
    """Marks a case that does not end well, for a reason that is known."""
    reason = UNMENDED.get(case)
    return (pytest.mark.xfail(reason=reason),) if reason else ()  # strict: it fails once it ends well


def compared(scratch: Scratch, names: dict[str, str], mode: str, *options: str) -> tuple[int, list[str]]:
    """The exit status of `maskproof compare`, and the rules of its findings."""
    pair = ("art/original" + names["original"], "art/edit" + names["edit"])
    mask = ("--mask", "art/mask" + names["mask"], "--mask-mode", mode)
    done = scratch.maskproof("compare", *pair, *mask, "--format", "json", *options)
    return done.returncode, [one["rule"] for one in json.loads(done.stdout)["findings"]]


@pytest.mark.parametrize("row", blocked())
def test_a_drifted_edit_passes_once_it_is_restored(scratch: Scratch, row: dict[str, str]) -> None:
    names = {key: Path(row[key]).suffix for key in ("original", "mask", "edit")}
    (scratch.root / "art").mkdir()
    for key, suffix in names.items():
        shutil.copy(SHARED / "cases" / row[key], scratch.root / "art" / (key + suffix))
    edit = "art/edit" + names["edit"]
    scratch.git("add", "art/original" + names["original"], "art/mask" + names["mask"])
    scratch.git("commit", "-q", "-m", "The original and its mask")
    mask = ("--mask", "art/mask" + names["mask"], "--mask-mode", row["mask_mode"])
    scratch.run(*MASKPROOF, "record", edit, "--original", "art/original" + names["original"], *mask)
    status, before = compared(scratch, names, row["mask_mode"])
    assert status == 1
    done = scratch.maskproof("restore", "--anyway", edit)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{edit}: restored" in done.stdout
    # What a JPEG file stores of the original's pixels is not the original's to the last bit.
    level = "visual" if names["edit"] in {".jpg", ".jpeg"} else "exact"
    status, after = compared(scratch, names, row["mask_mode"], "--level", level)
    assert (status, set(after) - set(before)) == (0, set())
    scratch.git("add", "-A")
    assert scratch.maskproof("check").returncode == 0
