"""The rule `shift`: the frame has to stay where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import make
import scenes
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch


def test_a_moved_and_scaled_frame_is_found_and_told_apart_from_a_redrawn_one() -> None:
    found = judged("block/moved")
    finding = found.the("shift")
    assert (finding["severity"], finding["region"], finding["unit"]) == ("block", "frame", "%")
    assert "right" in finding["message"]
    assert "up" in finding["message"]
    assert not found.of("outside-mask")


def test_a_pixel_is_not() -> None:
    assert judged("pass/moved-by-a-pixel").findings == []


@pytest.mark.parametrize(("level", "status"), [("visual", 0), ("strict", 1)])
def test_a_pixel_of_420_is_over_the_limit_of_level_strict(scratch: Scratch, level: str, status: int) -> None:
    found = judge_files(scratch, make.photo_as_jpeg(scenes.nudged, make.LEVEL_POLICY.format(level)))
    assert (found.status, bool(found.of("shift"))) == (status, bool(status)), found.findings
