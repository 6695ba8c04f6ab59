"""Blocks: how much of what is protected still shows the same, in the same place or near it.

Where a scene was drawn anew hardly a textured block of it is found again, and putting pixels back cuts or doubles
whatever crosses the mask's edge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from PIL import Image

from maskproof.drift.frame import shown
from maskproof.drift.grid import Float, Mask, block_sums, grown
from maskproof.drift.oklab import opponent
from maskproof.drift.registration import NO_MOTION, Motion, warped_planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEATHER_BAND_SHARE = 0.012
"""share of the long side around the mask that is left out while looking: editors feather their masks"""
SEARCHED_SIDE_PX = 240
"""samples of the long side of the pictures whose blocks are looked for again"""
BLOCK_PX = 16
REACH_PX = 6
"""samples of the coarse picture that a block is looked for around its place, 2.5 % of the long side"""
MIN_TEXTURE = 2.0
"""standard deviation of luma (of 100) from which on a block can be told from its neighbours"""
MIN_CORRELATION = 0.93
"""normalised correlation of a block that shows the same"""
MIN_BETTER = 0.05
"""by which a block has to fit better elsewhere to have moved; flat strokes fit along their whole length"""
MIN_BLOCK_MOTION = 1.25
"""samples of the coarse picture, 0.5 % of the long side, from which on a block has moved"""


class Blocks(Struct, frozen=True):
    """Shares of the textured blocks of the protected area; 1, 1 and 0 where nothing has texture."""

    kept: float = 1.0
    """that show the same in the same place"""
    found: float = 1.0
    """that show the same within reach"""
    moved: float = 0.0
    """that are found elsewhere"""


def luma(samples: NDArray[np.uint8], alpha: NDArray[np.uint8] | None, factor: int) -> Float:
    picture = shown(samples, alpha)
    plane: Float = opponent(np.asarray(Image.fromarray(picture).reduce(factor)))[0]
    return plane


def outside_of(editable: Mask) -> Mask:
    """What is protected (H x W), without the band around the mask in which editors feather."""
    return ~grown(editable, max(2, round(FEATHER_BAND_SHARE * max(editable.shape))))


def blocks(original: Float, edit: Float, outside: Mask, motion: Motion) -> Blocks:
    """What became of the protected area's blocks, once a motion is undone."""
    factor = max(1, round(max(original.shape) / SEARCHED_SIDE_PX))
    there = outside.astype(np.float32)
    if motion is not NO_MOTION:
        (edit,), inside = warped_planes(edit[None], motion.matrix)
        there = there * inside
    planes = (np.ascontiguousarray(plane) for plane in (original, edit, there))
    return _search(*(np.asarray(Image.fromarray(plane).reduce(factor)) for plane in planes))


def _search(original: Float, edit: Float, there: Float) -> Blocks:
    """Look for each textured block around its own place."""
    rows, columns = original.shape[0] // BLOCK_PX, original.shape[1] // BLOCK_PX
    if not rows or not columns:
        return Blocks()
    count = BLOCK_PX * BLOCK_PX
    first = original[: rows * BLOCK_PX, : columns * BLOCK_PX]
    mean = block_sums(first, BLOCK_PX) / count
    spread = block_sums(first * first, BLOCK_PX) - count * mean * mean
    textured = (spread > count * MIN_TEXTURE**2) & (block_sums(there, BLOCK_PX) > 0.7 * count)
    if not textured.any():
        return Blocks()
    padded = np.pad(edit, REACH_PX, mode="edge")
    steps = sorted(
        ((dx, dy) for dy in range(-REACH_PX, REACH_PX + 1) for dx in range(-REACH_PX, REACH_PX + 1)),
        key=lambda at: np.hypot(*at),
    )
    at_home = best = far = np.zeros((rows, columns), np.float32)
    for dx, dy in steps:
        second = padded[REACH_PX + dy :, REACH_PX + dx :][: rows * BLOCK_PX, : columns * BLOCK_PX]
        other = block_sums(second, BLOCK_PX) / count
        both = np.maximum(spread * (block_sums(second * second, BLOCK_PX) - count * other * other), 1e-3)
        fit = (block_sums(first * second, BLOCK_PX) - count * mean * other) / np.sqrt(both)
        if (dx, dy) == (0, 0):
            at_home = fit
        far = np.where(fit > best + 1e-3, np.float32(np.hypot(dx, dy)), far)
        best = np.maximum(best, fit)
    found = textured & (best > MIN_CORRELATION)
    moved = found & (far > MIN_BLOCK_MOTION) & (best - at_home > MIN_BETTER)
    total = float(textured.sum())
    kept = textured & (at_home > MIN_CORRELATION)
    return Blocks(*(float(one.sum()) / total for one in (kept, found, moved)))
