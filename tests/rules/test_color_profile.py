"""The rule `color-profile`: a file has to say of its colours what its original says."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageCms

import make
import pictures
import scenes
from fixture_cases import judge_files, judged, meet

if TYPE_CHECKING:
    from projects import Scratch

GAMMA = scenes.gamma(1)
HDR = pictures.chunk(b"cICP", bytes([9, 16, 0, 1]))
"""BT.2100 PQ"""
WIDE = pictures.matrix_profile("Display P3", pictures.P3, pictures.srgb_curve())
ADOBE = pictures.matrix_profile("Adobe RGB (1998)", pictures.ADOBE_RGB, pictures.gamma_curve(2.19921875))
ALMOST_SRGB = pictures.matrix_profile("sRGB IEC61966-2.1", pictures.BT709, pictures.srgb_curve())


def green(*chunks: bytes) -> bytes:
    """The edited poster with more chunks."""
    return scenes.with_chunks(scenes.png(scenes.poster(scenes.GREEN)), *chunks)


def red(*chunks: bytes) -> bytes:
    """Its original with more chunks."""
    return scenes.with_chunks(scenes.png(scenes.poster()), *chunks)


def tagged(disc: str, profile: bytes = WIDE) -> bytes:
    """The poster with a profile, its numbers as they were."""
    return scenes.saved(scenes.poster(disc), "PNG", icc_profile=profile)


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


@pytest.mark.parametrize("level", ["visual", "exact"])
@pytest.mark.parametrize(("profile", "name"), [(WIDE, "Display P3"), (ADOBE, "Adobe RGB (1998)")])
def test_a_lost_profile_is_the_only_thing_said(scratch: Scratch, profile: bytes, name: str, level: str) -> None:
    files = make.poster_case(original=tagged("#b3472f", profile), policy=make.LEVEL_POLICY.format(level))
    found = judge_files(scratch, files)
    (finding,) = found.findings
    assert (found.status, finding["rule"], finding["severity"]) == (1, "color-profile", "block")
    assert f"lost the original's ICC profile {name}" in finding["message"]
    assert "holds the same numbers" in finding["message"]
    assert found.report["images"][0]["drift"] == 0


@pytest.mark.parametrize("size", [scenes.POSTER, (960, 640)], ids=["its size", "twice the size"])
def test_a_lost_profile_is_told_of_numbers_that_are_nearly_the_same(scratch: Scratch, size: tuple[int, int]) -> None:
    edit = scenes.saved(scenes.poster(scenes.GREEN).resize(size), "JPEG", quality=92, subsampling=0)
    finding = judge_files(scratch, make.poster_case(edit, original=tagged("#b3472f"), name="edit.jpg")).findings
    assert [one["rule"] for one in finding] == ["color-profile"]
    assert "as good as the same numbers" in finding[0]["message"]


def test_what_drifted_beside_a_lost_profile_is_found_in_its_place(scratch: Scratch) -> None:
    edit = scenes.poster(scenes.GREEN)
    edit.paste("#204080", (20, 200, 80, 260))
    found = judge_files(scratch, make.poster_case(edit, original=tagged("#b3472f")))
    assert "nearest to the original's when read with it" in found.the("color-profile")["message"]
    assert meet(found.the("outside-mask")["box"], (20, 200, 60, 60))


def test_a_profile_that_was_converted_to_srgb_is_not_lost(scratch: Scratch) -> None:
    edit = Image.open(io.BytesIO(tagged(scenes.GREEN)))
    shown = ImageCms.profileToProfile(
        edit, ImageCms.ImageCmsProfile(io.BytesIO(WIDE)), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    found = judge_files(scratch, make.poster_case(scenes.saved(shown, "PNG"), original=tagged("#b3472f")))
    assert (found.status, found.rules) == (0, [{"rule": "color-profile", "severity": "warn"}])


def test_losing_srgb_is_said_by_nobody(scratch: Scratch) -> None:
    found = judge_files(scratch, make.poster_case(original=tagged("#b3472f", ALMOST_SRGB)))
    assert (found.status, found.findings) == (0, [])


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
