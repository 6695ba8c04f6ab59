"""The rule `mask-suspect`: a mask that cannot be meant so is told, and never mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

import make
import scenes
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch


def test_a_mask_that_opens_everything_blocks() -> None:
    finding = judged("block/mask-opens-all").the("mask-suspect")
    assert (finding["severity"], finding["value"], finding["limit"]) == ("block", 1.0, 0.93)


def test_a_mask_that_opens_nearly_as_much_as_it_may_is_not() -> None:
    assert judged("pass/mask-opens-nearly-all").findings == []


def test_the_policy_may_allow_less(scratch: Scratch) -> None:
    policy = "version = 1\n\n[defaults]\nmax_editable = 0.5\n"
    found = judge_files(scratch, make.poster_case(None, scenes.rectangles((0, 0, 479, 297)), policy=policy))
    assert found.the("mask-suspect")["limit"] == 0.5


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (scenes.rectangles(), "no transparent pixel"),
        (Image.new("RGBA", scenes.POSTER, (0, 0, 0, 120)), "grey"),
        (scenes.mask((170, 60, 310, 200), size=(320, 320)), "proportions"),
    ],
    ids=["opens nothing", "half and half", "another shape"],
)
def test_what_is_odd_about_a_mask_is_warned_of(scratch: Scratch, shape: Image.Image, said: str) -> None:
    found = judge_files(scratch, make.poster_case(None, shape)).of("mask-suspect")
    assert any(said in finding["message"] for finding in found), found
