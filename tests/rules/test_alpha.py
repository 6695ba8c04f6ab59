"""The rule `alpha`: protected pixels have to stay as transparent as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import make
import scenes
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch


CUT_OUT = scenes.png(scenes.cut_out("#b3472f"))


def test_a_hole_is_found() -> None:
    finding = judged("block/made-transparent").the("alpha")
    assert (finding["severity"], finding["unit"]) == ("block", "share")
    assert 0.05 < finding["value"] < 0.2


def test_transparency_that_was_there_before_is_not() -> None:
    assert judged("pass/transparent-as-before").findings == []


def test_transparency_that_was_filled_is_found(scratch: Scratch) -> None:
    assert judge_files(scratch, make.poster_case(original=CUT_OUT)).the("alpha")["severity"] == "block"


def test_an_alpha_channel_without_a_transparent_pixel_is_none(scratch: Scratch) -> None:
    assert judge_files(scratch, make.poster_case(scenes.poster(scenes.GREEN).convert("RGBA"))).findings == []
