"""The rule `color-profile`: a file has to say of its colours what its original says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

import make
import pictures
import scenes
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch

GAMMA = scenes.gamma(1)
HDR = pictures.chunk(b"cICP", bytes([9, 16, 0, 1]))
"""BT.2100 PQ"""
WIDE = pictures.matrix_profile("Display P3", pictures.P3, pictures.srgb_curve())


def green(*chunks: bytes) -> bytes:
    """The edited poster with more chunks."""
    return scenes.with_chunks(scenes.png(scenes.poster(scenes.GREEN)), *chunks)


def red(*chunks: bytes) -> bytes:
    """Its original with more chunks."""
    return scenes.with_chunks(scenes.png(scenes.poster()), *chunks)


def tagged(disc: str) -> bytes:
    """The poster with a wide profile, its numbers as they were."""
    return scenes.saved(scenes.poster(disc), "PNG", icc_profile=WIDE)


def test_a_description_that_cannot_be_applied_blocks() -> None:
    found = judged("block/color-profile-not-applied")
    finding = found.the("color-profile")
    assert (found.status, finding["severity"]) == (1, "block")
    assert "PNG gamma 1" in finding["message"]
    assert found.report["images"][0]["drift"] == 0, "the numbers are the same, so nothing else would have said it"


def test_a_profile_that_is_applied_is_a_warning_and_nothing_drifts() -> None:
    found = judged("pass/color-profile-applied")
    finding = found.the("color-profile")
    assert (found.status, finding["severity"]) == (0, "warn")
    assert "Display P3" in finding["message"]


def test_a_profile_that_is_srgb_in_effect_is_not() -> None:
    assert judged("pass/chunks-of-its-own").findings == []


@pytest.mark.parametrize("chunk", [GAMMA, HDR], ids=["gamma", "HDR"])
@pytest.mark.parametrize("sides", [(1, 0), (0, 1), (1, 1)], ids=["original", "edit", "both"])
def test_what_cannot_be_applied_blocks_on_one_side_and_not_on_both(
    scratch: Scratch, chunk: bytes, sides: tuple[int, int]
) -> None:
    before, after = ((chunk,) * count for count in sides)
    found = judge_files(scratch, make.poster_case(green(*after), original=red(*before)))
    expected = [] if all(sides) else [{"rule": "color-profile", "severity": "block"}]
    assert (found.status, found.rules) == (len(expected), expected)


def test_the_same_profile_on_both_sides_is_not(scratch: Scratch) -> None:
    found = judge_files(scratch, make.poster_case(tagged(scenes.GREEN), original=tagged("#b3472f")))
    assert (found.status, found.findings) == (0, [])


def test_a_stripped_profile_is_found_beside_the_drift_that_it_makes(scratch: Scratch) -> None:
    found = judge_files(scratch, make.poster_case(original=tagged("#b3472f")))
    assert found.status == 1
    assert found.the("color-profile")["severity"] == "warn"
    assert found.of("outside-mask") or found.of("tone"), "the same numbers show other colours"


def test_inks_without_a_profile_block(scratch: Scratch) -> None:
    inks = scenes.saved(scenes.poster(scenes.GREEN).convert("CMYK"), "JPEG", quality=98)
    found = judge_files(scratch, make.poster_case(inks, name="edit.jpg"))
    finding = found.the("color-profile")
    assert (found.status, finding["severity"]) == (1, "block")
    assert "CMYK without a profile" in finding["message"]


def test_a_picture_in_grey_says_nothing_of_its_colours(scratch: Scratch) -> None:
    grey = [Image.new("L", scenes.POSTER, 240) for _ in range(2)]
    grey[1].paste(90, (200, 90, 280, 170))
    found = judge_files(scratch, make.poster_case(grey[1], original=scenes.png(grey[0])))
    assert (found.status, found.findings) == (0, [])
