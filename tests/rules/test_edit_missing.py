"""The rule `edit-missing`: an edit should have changed something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import make
import scenes
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch


def test_the_original_saved_as_the_edit_is_warned_of() -> None:
    found = judged("pass/edit-missing")
    finding = found.the("edit-missing")
    assert (found.status, finding["severity"]) == (0, "warn")
    assert finding["value"] < finding["limit"]


def test_a_slight_change_inside_the_mask_is_not() -> None:
    assert judged("pass/edit-slight").findings == []


def test_noise_all_over_is_no_edit(scratch: Scratch) -> None:
    files = make.case(
        scenes.original_file(),
        scenes.jpeg(scenes.rerendered(scenes.photograph())),
        scenes.mask(scenes.CUP),
        name="e.jpg",
    )
    assert [one["rule"] for one in judge_files(scratch, files).findings] == ["edit-missing"]
