"""Strokes: is the same text drawn here, letter by letter, without reading it.

A respelt letter takes ink from one place and puts ink in another, at the full contrast between ink and paper and over
at least about a stroke's width. Re-encoding, noise, a softer re-rendering and a move of less than a pixel change many
samples too, but their differences have both signs within a stroke and cancel where they are averaged. So the signed
difference of luma is averaged over half a stroke, and its largest value is divided by the contrast of the text
around it: the share of a letter's contrast that came or went.

Works in every script and at letter heights from 12 px. What it does not see: a change of colour at equal luma
(judged elsewhere), ink that is as bright as the photograph behind it, and a move of the whole text by up to 1.5 px
(undone first, at the price of 2 or 3 px along the area's border; the caller aligns larger moves).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from maskproof.drift.grid import bounding_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maskproof.model import Box

    Plane = NDArray[np.float32]

LUMA = (0.2126, 0.7152, 0.0722)
"""of R', G', B' as in ITU-R BT.709"""
BLUR = 0.5
"""stroke widths; the deviation of the averaging. 0.75 and 1 were tried: thin tails (O, Q) drown; 0.4: noise rises"""
BLUR_RANGE = (0.75, 2.5)
"""px; under 0.75 noise no longer cancels, over 2.5 a small mark between large letters would be averaged away"""
AROUND_WIDTHS = 8
"""stroke widths to either side within which the contrast of the text is taken; with 2 and 4 paper without a letter
near has nothing but noise as its contrast, and JPEG ringing reads as a letter"""
MIN_CONTRAST = 100.0
"""of 255; fainter text is judged as if it had this contrast, since noise of 6 levels is not fainter with it"""
RESIDUAL_SHARE = 0.75
"""quantile of the averaged difference that stands for the area's own residual: one changed letter in four is less"""
RESIDUAL_WEIGHT = 5.0
"""contrast that a letter must have for each level of residual; with 0, residual of real edits outdid small letters"""
MAX_RESIDUAL = 12.0
"""of 255; no more residual than this is excused, so that noise or a wholly different text cannot hide a letter. Text on
16 clean edits had up to 6.5, synthetic heavy residual up to 15"""
MAX_SHIFT_PX = 1.5
"""px; how far the text as a whole may have moved"""
MIN_SHIFT_PX = 0.05
"""px; a smaller move is left alone, because resampling would soften one side only"""
GAIN = (0.7, 1.4)
"""how far contrast may have changed as a whole; beyond, letters fade and that counts"""
WINDOW_PX = 15
"""px; where ink and paper are told apart to measure a stroke's width"""


def stroke_difference(
    original: NDArray[np.uint8], edit: NDArray[np.uint8], mask: NDArray[np.bool_]
) -> tuple[float, Box | None]:
    """The largest share of a letter's contrast that came or went at one place of a text area, and that place.

    0 for the same samples; up to 0.06 for re-encoding, 0.15 for half a pixel at letters of 12 px; 0.24 to 1 for one
    letter that became another.

    Args:
        original: h x w x 3, sRGB, the text area with a margin of up to a letter's height.
        edit: h x w x 3, sRGB, the same frame.
        mask: h x w, True where the text area is; the rest is not looked at.
    """
    if not mask.any() or np.array_equal(original[mask], edit[mask]):
        return 0.0, None
    was = _luma(original)
    now = np.where(mask, _luma(edit), was)
    shift = _shift(was, now)
    if shift.any():
        now = np.asarray(ndimage.shift(now, shift, order=3, mode="nearest"), np.float32)
        # What moved in over the border is not known. A mask that is nothing but border is judged as it is.
        inner = ndimage.binary_erosion(mask, iterations=1 + int(np.ceil(np.abs(shift).max())))
        mask = inner if inner.any() else mask
    now = _same_tone(was, now, mask)
    width = stroke_width(was, mask)
    difference = np.where(mask, was - now, np.float32(0))
    came_or_went = np.abs(ndimage.gaussian_filter(difference, float(np.clip(BLUR * width, *BLUR_RANGE))))
    side = 2 * round(AROUND_WIDTHS * width) + 1
    contrast = np.maximum(np.maximum(_contrast(was, mask, side), _contrast(now, mask, side)), MIN_CONTRAST)
    residual = min(float(np.quantile(came_or_went[mask], RESIDUAL_SHARE)), MAX_RESIDUAL)
    share = np.where(mask, came_or_went / (contrast + RESIDUAL_WEIGHT * residual), 0)
    value = float(share.max())
    return value, bounding_box(share >= value / 2) if value else None


def stroke_width(luma: Plane, mask: NDArray[np.bool_]) -> float:
    """How thick the strokes are, in pixels, at least 1.

    Ink and paper are told apart at half the local range; a band of width w and length l has the area w l and a
    boundary of 2 l, so twice the area over the boundary is the width. The thinner of dark and light is taken for ink.

    Args:
        luma: h x w, 0 to 255.
        mask: h x w, where to look.
    """
    high = ndimage.maximum_filter(luma, WINDOW_PX)
    low = ndimage.minimum_filter(luma, WINDOW_PX)
    spread = np.where(mask, high - low, 0)
    lettered = mask & (spread > max(MIN_CONTRAST / 2.5, 0.5 * float(np.percentile(spread[mask], 95))))
    light = luma > (high + low) / 2
    return max(1.0, min(_thickness(light & lettered), _thickness(~light & lettered)))


def _thickness(ink: NDArray[np.bool_]) -> float:
    boundary = int(np.count_nonzero(ink[:, 1:] != ink[:, :-1]) + np.count_nonzero(ink[1:] != ink[:-1]))
    # Slanted and round strokes have about a tenth more pixel edges than their outline is long.
    return 2.2 * int(np.count_nonzero(ink)) / max(boundary, 1)


def _luma(samples: NDArray[np.uint8]) -> Plane:
    return np.asarray(samples.astype(np.float32) @ np.array(LUMA, np.float32), np.float32)


def _contrast(luma: Plane, mask: NDArray[np.bool_], side: int) -> Plane:
    high = ndimage.maximum_filter(np.where(mask, luma, np.float32(-1e3)), side)
    low = ndimage.minimum_filter(np.where(mask, luma, np.float32(1e3)), side)
    return np.asarray(high - low, np.float32)


def _shift(was: Plane, now: Plane) -> NDArray[np.float64]:
    """By how much, y and x in pixels, `now` as a whole has to move to lie on `was`: MIN_SHIFT_PX to MAX_SHIFT_PX, or 0.

    Source: B. D. Lucas and T. Kanade, An iterative image registration technique, IJCAI 1981.
    """
    goal = ndimage.gaussian_filter(was, 1.0)
    start = ndimage.gaussian_filter(now, 1.0)
    gradient_y, gradient_x = np.gradient(goal)
    normal = np.array(
        [
            [np.vdot(gradient_y, gradient_y), np.vdot(gradient_y, gradient_x)],
            [np.vdot(gradient_y, gradient_x), np.vdot(gradient_x, gradient_x)],
        ],
        np.float64,
    ) + 1e-3 * np.eye(2)
    shift = np.zeros(2)
    for _ in range(4):
        error = goal - ndimage.shift(start, shift, order=1, mode="nearest")
        step = np.linalg.solve(normal, [np.vdot(gradient_y, error), np.vdot(gradient_x, error)])
        shift = np.clip(shift - step, -MAX_SHIFT_PX, MAX_SHIFT_PX)
    return shift if float(np.abs(shift).max()) >= MIN_SHIFT_PX else np.zeros(2)


def _same_tone(was: Plane, now: Plane, mask: NDArray[np.bool_]) -> Plane:
    """`now` with the gain and offset that bring it nearest to `was`: tone is another finding."""
    a, b = was[mask].astype(np.float64), now[mask].astype(np.float64)
    variance = float(b.var())
    gain = float(np.clip(np.mean((a - a.mean()) * (b - b.mean())) / variance, *GAIN)) if variance > 1 else 1.0
    return np.asarray(now * gain + np.median(a - b * gain), np.float32)
