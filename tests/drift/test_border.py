"""The border around the mask: as wide as the level says, and never the end of a part that the mask spares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

from comparisons import PHOTO, judge, picture, value
from maskproof.drift.border import BORDER, THINNEST, outside
from maskproof.drift.grid import CELL
from maskproof.model import Level, Verdict
from maskproof.policy.limits import ROWS

SIDE = 512
BY_EYE = (Level.VISUAL, Level.STRICT)


def opened(*kept: tuple[int, int, int, int], side: int = SIDE) -> np.ndarray:
    """A mask (side x side) that opens all but these left, top, right, bottom."""
    mask = np.ones((side, side), np.bool_)
    for left, top, right, bottom in kept:
        mask[top:bottom, left:right] = False
    return mask


def part(judged: np.ndarray, kept: tuple[int, int, int, int]) -> np.ndarray:
    left, top, right, bottom = kept
    return judged[top:bottom, left:right]


@pytest.mark.parametrize("level", list(Level))
def test_the_border_of_a_large_opening_is_as_wide_as_the_level_says(level: Level) -> None:
    mask = ~opened((200, 200, 360, 360))
    judged, islands = outside(mask, level)
    assert not islands.any()
    for row in (judged[280], judged[:, 280]):
        missing = np.flatnonzero(~row)
        assert missing[-1] - missing[0] + 1 == pytest.approx(160 + 2 * BORDER[level] * SIDE, abs=2 * CELL)


@pytest.mark.parametrize("level", list(Level))
def test_what_has_no_mask_or_is_all_mask_has_no_border(level: Level) -> None:
    nothing, everything = np.zeros((40, 60), np.bool_), np.ones((40, 60), np.bool_)
    assert outside(nothing, level)[0].all()
    assert not outside(everything, level)[0].any()


THIN = {
    "a line of text": (60, 100, 300, 120),
    "a line of small text": (60, 100, 300, 112),
    "a stamp": (200, 200, 224, 224),
    "a small stamp": (200, 200, 210, 210),
    "an island that begins at no cell": (201, 203, 221, 222),
    "a bridge between two openings": (0, 240, 512, 256),
    "an upright bridge": (240, 0, 252, 512),
}


@pytest.mark.parametrize("level", BY_EYE)
@pytest.mark.parametrize("kept", THIN.values(), ids=THIN.keys())
def test_a_thin_part_keeps_its_middle_half(kept: tuple[int, int, int, int], level: Level) -> None:
    judged, _ = outside(opened(kept), level)
    left, top, right, bottom = kept
    across, down = (-(-min(right - left, bottom - top) // 4) * (side < SIDE) for side in (right - left, bottom - top))
    assert part(judged, (left + across, top + down, right - across, bottom - down)).all()


@pytest.mark.parametrize("level", BY_EYE)
def test_only_thin_parts_with_the_opening_all_around_are_islands(level: Level) -> None:
    stamp, bridge = (101, 61, 109, 69), (200, 0, 208, 512)
    _, islands = outside(opened(stamp, bridge, (0, 400, 512, 512)), level)
    assert part(islands, (103, 63, 107, 67)).all()
    assert not islands[:, 130:].any()


@pytest.mark.parametrize("level", BY_EYE)
@pytest.mark.parametrize("width", [8, 12, 16, 24])
def test_a_bridge_is_judged_up_to_the_ground_that_it_stands_on(width: int, level: Level) -> None:
    judged, _ = outside(opened((240, 0, 240 + width, 512), (0, 400, 512, 512)), level)
    missing = int((~judged[:, 240 + width // 2]).sum())
    assert missing <= 2 * round(BORDER[level] * SIDE) + CELL, "the border of the ground, not of the bridge"


@pytest.mark.parametrize("side", [256, 512, 700, 800, 1024])
@pytest.mark.parametrize("level", BY_EYE)
def test_what_is_as_thick_as_the_thinnest_is_judged_whatever_the_size(level: Level, side: int) -> None:
    kept = (40, 60, 200, 60 + THINNEST)
    judged, _ = outside(opened(kept, side=side), level)
    assert part(judged, kept).any()


@pytest.mark.parametrize("level", BY_EYE)
@pytest.mark.parametrize("thickness", range(1, THINNEST))
def test_hairs_and_specks_of_a_mask_belong_to_its_border(thickness: int, level: Level) -> None:
    hair, speck = (60, 100, 300, 100 + thickness), (400, 60, 400 + thickness, 60 + thickness)
    judged, islands = outside(opened((0, 400, 512, 512), hair, speck), level)
    assert not judged[:380].any()
    assert not islands.any()


@pytest.mark.parametrize("level", BY_EYE)
@pytest.mark.parametrize("thickness", [8, 12, 20, 40])
def test_a_strip_along_the_pictures_edge_is_judged(thickness: int, level: Level) -> None:
    strips = {"top": np.s_[:thickness], "left": np.s_[:, :thickness], "right": np.s_[:, -thickness:]}
    for name, strip in strips.items():
        mask = np.ones((SIDE, SIDE), np.bool_)
        mask[strip] = False
        judged, _ = outside(mask, level)
        kept = judged[strip]
        assert kept.any(1).all() or kept.any(0).all(), name
        assert kept.mean() >= 0.4, name


def test_exact_keeps_every_sample() -> None:
    mask = opened((60, 100, 61, 300), (200, 200, 203, 203), (0, 400, 512, 512))
    judged, islands = outside(mask, Level.EXACT)
    np.testing.assert_array_equal(judged, ~mask)
    assert not islands.any()


@st.composite
def masks(draw: st.DrawFn) -> np.ndarray:
    """A few boxes that are opened, or all but those."""
    side = st.integers(1, 150)
    corner = st.integers(0, 190)
    boxes = draw(st.lists(st.tuples(corner, corner, side, side), min_size=1, max_size=5))
    mask = opened(*((x, y, x + width, y + height) for x, y, width, height in boxes), side=200)
    return ~mask if draw(st.booleans()) else mask


@given(masks(), st.sampled_from(list(Level)))
@settings(max_examples=60)
def test_what_is_judged_is_protected_and_islands_are_judged(mask: np.ndarray, level: Level) -> None:
    judged, islands = outside(mask, level)
    assert not (judged & mask).any()
    assert not (islands & ~judged).any()


@given(masks(), st.sampled_from(BY_EYE))
@settings(max_examples=60)
@pytest.mark.threat("T45")
def test_what_lies_further_from_the_mask_than_its_border_is_judged(mask: np.ndarray, level: Level) -> None:
    reach = max(2, round(BORDER[level] * 200)) + 2 * CELL
    near = ndimage.maximum_filter(mask, 2 * reach + 1, mode="constant")
    assert outside(mask, level)[0][~near].all()


# --- what the border is spilled on ----------------------------------------------------------------------------------


def barred(level: Level, side: int, share: float, color: tuple[int, int, int]) -> tuple[Verdict, float]:
    """The verdict, and its spill, on a bar along the mask's outside, `share` of the border wide."""
    photo = PHOTO.resize((side, side))
    left, top, right, bottom = (round(part * side) for part in (0.4, 0.4, 0.7, 0.7))
    mask = ~opened((left, top, right, bottom), side=side)
    edit, wide = photo.copy(), round(share * BORDER[level] * side)
    ImageDraw.Draw(edit).rectangle((left, top, right - 1, bottom - 1), fill=(120, 110, 90))
    ImageDraw.Draw(edit).rectangle((left - wide, top, left - 1, bottom - 1), fill=color)
    report = judge(picture(photo), picture(edit), opened=mask, level=level)
    return report.verdict, value(report, "outside-mask", "spill")


@pytest.mark.parametrize("color", [(255, 0, 0), (0, 90, 255), (255, 255, 255)])
@pytest.mark.parametrize("side", [700, 1024, 2400])
@pytest.mark.parametrize("level", BY_EYE)
def test_spill_sees_a_bar_as_wide_as_the_border(level: Level, side: int, color: tuple[int, int, int]) -> None:
    verdict, found = barred(level, side, 1, color)
    assert verdict is Verdict.BLOCK
    assert found > ROWS["outside-mask", "spill"].strict
    assert barred(level, side, 0.4, color)[0] is Verdict.PASS, "what stays in the inner half is left to the editor"


@pytest.mark.parametrize("level", BY_EYE)
def test_spill_of_a_feather_passes(level: Level) -> None:
    """An opening repainted in full, pasted with the widest feather that the border is for."""
    left, top, right, bottom = place = (200, 200, 320, 320)
    feather = Image.new("L", PHOTO.size)
    feather.paste(255, place)
    feather = feather.filter(ImageFilter.GaussianBlur(BORDER[level] * SIDE / 2))
    edit = Image.composite(Image.new("RGB", PHOTO.size, (255, 255, 255)), PHOTO, feather)
    report = judge(picture(PHOTO), picture(edit), opened=~opened((left, top, right, bottom)), level=level)
    assert value(report, "outside-mask", "spill") < ROWS["outside-mask", "spill"].visual
