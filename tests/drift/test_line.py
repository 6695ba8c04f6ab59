"""Straight lines that came or went: found however faint and long, and not where resampling draws edges anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from comparisons import PHOTO, judge, metric, picture, through, value
from maskproof.drift.line import RUN
from maskproof.model import Box, Verdict

if TYPE_CHECKING:
    from maskproof.model import ImageReport

FLAT = np.full((480, 640, 3), 200, np.uint8)
DULL = (np.asarray(PHOTO) // 2 + 40).astype(np.uint8)
"""no sample so dark that it cannot become darker"""
GROUNDS = {"flat ground": (FLAT, 0), "flat ground with noise": (FLAT, 2), "a photo": (DULL, 0), "noise": (DULL, 2)}
"""original, and standard deviation of the noise that the edit shows everywhere, in levels"""


def noisy(samples: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(5).normal(0, sigma, samples.shape)
    return np.clip(samples + noise, 0, 255).round().astype(np.uint8)


def drawn(ground: np.ndarray, levels: int, length: int = 100, *, upright: bool = False, wide: int = 1) -> np.ndarray:
    """The ground with a line at 250 from 100 on, so many levels darker."""
    made = ground.astype(np.int16)
    along, across = slice(100, 100 + length), slice(250, 250 + wide)
    made[(along, across) if upright else (across, along)] -= levels
    return made.astype(np.uint8)


@pytest.mark.parametrize("upright", [False, True], ids=["level", "upright"])
@pytest.mark.parametrize("levels", [16, 24, 48, 96])
@pytest.mark.parametrize(("ground", "sigma"), GROUNDS.values(), ids=GROUNDS.keys())
def test_line_of_one_pixel_that_came_is_found_where_it_is(
    ground: np.ndarray, sigma: float, levels: int, upright: bool
) -> None:
    report = judge(picture(ground), picture(noisy(drawn(ground, levels, 200, upright=upright), sigma)))
    assert report.verdict is Verdict.BLOCK
    found = metric(report, "outside-mask", "line")
    assert found.value > 1
    assert ("upright" in found.says) == upright
    wanted = Box(250, 100, 1, 200) if upright else Box(100, 250, 200, 1)
    assert (found.box | wanted).width <= wanted.width + RUN // 2
    assert (found.box | wanted).height <= wanted.height + RUN // 2


@pytest.mark.parametrize("upright", [False, True], ids=["level", "upright"])
def test_line_that_went_is_found_as_well(upright: bool) -> None:
    report = judge(picture(drawn(DULL, 40, upright=upright)), picture(noisy(DULL, 2)))
    assert value(report, "outside-mask", "line") > 1


def test_line_of_two_pixels_is_found() -> None:
    report = judge(picture(DULL), picture(noisy(drawn(DULL, 24, 150, wide=2), 2)))
    assert value(report, "outside-mask", "line") > 1


def test_line_counts_for_more_the_stronger_it_is() -> None:
    values = [
        value(judge(picture(FLAT), picture(noisy(drawn(FLAT, levels), 2))), "outside-mask", "line")
        for levels in (0, 6, 12, 24, 48, 96)
    ]
    assert values == sorted(values)
    assert values[0] < 0.8


def test_line_that_both_pictures_have_is_none_that_came() -> None:
    lined = drawn(DULL, 40, 300)
    report = judge(picture(lined), picture(noisy(lined, 2)))
    assert report.verdict is Verdict.PASS
    assert value(report, "outside-mask", "line") < 0.8


def test_line_of_a_picture_to_itself_is_nothing() -> None:
    assert value(judge(picture(DULL), picture(DULL)), "outside-mask", "line") == 0


def test_line_inside_the_mask_is_free() -> None:
    opened = np.zeros(DULL.shape[:2], np.bool_)
    opened[200:300, 50:450] = True
    report = judge(picture(DULL), picture(noisy(drawn(DULL, 96, 200), 2)), opened=opened)
    assert value(report, "outside-mask", "line") < 0.8


# --- resampled drawings ----------------------------------------------------------------------------------------------


def page() -> Image.Image:
    """A table of rules and text on white."""
    made = Image.new("RGB", (640, 480), "white")
    draw = ImageDraw.Draw(made)
    for row in range(9):
        draw.line((40, 40 + 50 * row, 600, 40 + 50 * row), fill=(60, 60, 60))
        draw.text((50, 52 + 50 * row), "small type between two rules", fill="black", font=ImageFont.load_default(16))
    for column in range(5):
        draw.line((40 + 140 * column, 40, 40 + 140 * column, 440), fill=(60, 60, 60), width=2)
    return made


def slanted() -> Image.Image:
    """Crossing lines and ellipses."""
    made = Image.new("RGB", (640, 480), "white")
    draw = ImageDraw.Draw(made)
    for step in range(20):
        draw.line((10, 20 + 22 * step, 630, 460 - 20 * step), fill="black", width=2)
        draw.ellipse((20 + 20 * step, 60, 220 + 20 * step, 260), outline=(30, 60, 160), width=2)
    return made


@pytest.mark.parametrize("made", [page, slanted, lambda: PHOTO], ids=["page", "drawing", "photo"])
@pytest.mark.parametrize("by", [-1, 1.5, 2])
def test_line_is_not_what_resampling_leaves_of_a_drawings_edges(made, by: float) -> None:
    before = made()
    size = tuple(side - 1 if by == -1 else round(side * by) for side in before.size)
    back = before.resize(size, Image.Resampling.LANCZOS).resize(before.size, Image.Resampling.LANCZOS)
    assert value(judge(picture(before), picture(back)), "outside-mask", "line") < 1


@pytest.mark.parametrize("made", [page, slanted, lambda: PHOTO], ids=["page", "drawing", "photo"])
@pytest.mark.parametrize("quality", [75, 90])
def test_line_is_not_what_jpeg_leaves(made, quality: int) -> None:
    report: ImageReport = judge(picture(made()), through(made(), "JPEG", quality=quality))
    assert value(report, "outside-mask", "line") < 1
