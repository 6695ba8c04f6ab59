"""The rule `gain-map`: what HDR screens add to a picture has to be what they added to its original."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import make
import scenes
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch

RED, GREEN = scenes.poster(), scenes.poster(scenes.GREEN)


def test_a_map_that_the_original_does_not_have_blocks() -> None:
    found = judged("block/gain-map-brought")
    assert (found.status, found.the("gain-map")["severity"]) == (1, "block")
    assert found.report["images"][0]["drift"] < 1, "the first picture is judged"


def test_a_map_that_was_lost_is_warned_of() -> None:
    found = judged("pass/gain-map-lost")
    assert (found.status, found.the("gain-map")["severity"]) == (0, "warn")


def test_the_original_s_own_map_is_not() -> None:
    assert judged("pass/gain-map-kept").findings == []


@pytest.mark.parametrize(("level", "status"), [("visual", 0), ("strict", 1)])
def test_another_map(scratch: Scratch, level: str, status: int) -> None:
    files = make.poster_case(
        scenes.with_gain_map(GREEN, gain=200),
        original=scenes.with_gain_map(RED),
        name="edit.jpg",
        policy=make.LEVEL_POLICY.format(level),
    )
    found = judge_files(scratch, files)
    assert (found.status, [one["rule"] for one in found.findings]) == (status, ["gain-map"])


def test_the_first_picture_of_a_phone_s_photograph_is_what_is_judged(scratch: Scratch) -> None:
    drifted = GREEN.copy()
    drifted.paste("#204080", (20, 200, 80, 260))
    files = make.poster_case(scenes.with_gain_map(drifted), original=scenes.with_gain_map(RED), name="edit.jpg")
    assert judge_files(scratch, files).the("outside-mask")["severity"] == "block"


def test_a_second_picture_that_is_no_map_is_a_frame(scratch: Scratch) -> None:
    found = judge_files(scratch, make.poster_case(scenes.jpeg(GREEN) + scenes.jpeg(RED), name="edit.jpg"))
    assert (found.status, [one["rule"] for one in found.findings]) == (3, ["frames"])
