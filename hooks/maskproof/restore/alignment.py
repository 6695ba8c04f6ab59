"""Bringing the edit back to where the original stands: recorded padding and size, then the frame's own motion.

An edit that was shifted, rescaled or turned as a whole is moved back before any of it is pasted, or an object that
crosses the mask's edge would be cut and doubled. That works where one affine map explains the motion. Where the parts
of a scene moved each their own way, no map does: that is refused, since what is pasted could not meet what is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from maskproof.drift.frame import Aligned, Frame, align, shown
from maskproof.drift.grid import Float, Mask, block_sums, grown, reduced_mask
from maskproof.drift.oklab import opponent
from maskproof.drift.registration import NO_MOTION, Motion, motion_between, warped, warped_planes
from maskproof.errors import CouldNotRestore

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maskproof.model import Picture

COMPARED_SIDE_PX = 1600
"""samples of the long side at which the motion is looked for, as in `drift`"""
FEATHER_BAND_SHARE = 0.012
"""share of the long side around the mask that is left out while looking: editors feather their masks"""
MIN_MOTION_PX = 0.5
"""px; a smaller motion is not seen, and undoing it would soften the edit by resampling"""

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
MAX_MOVED, MIN_FOUND = 0.25, 0.5
"""A warp: over a quarter of the textured blocks moved, while half of them are found at all. Of 25 real edits the
largest share that moved is 0.10 in clean edits and 0.21 in the others; in one of these it is 0.27, where
0.27 are found: a re-rendered scene. Bends and broken frames of 1 % and more pass it in pictures of coarse texture; in
fine texture, which no longer matches once it is bent, half of them go unseen. What a map leaves over does not tell the
two apart: `Motion.residual` is 2 to 17 px for a bend and 7 to 28 px for a re-rendered scene."""
MIN_KEPT = 0.75
"""share of blocks that show the same in the same place, below which the scene was re-rendered: 0.79 and more in 19 real
edits that were clean or nearly so, 0.74 and less in 6 that were not"""
MIN_GAIN = 0.05
"""by which a motion has to raise that share in a re-rendered scene. A map that fits chance similarities (-61 px and 3.6
degrees of one such edit) raises it by nothing; the true ones of two others by 0.12 and 0.13"""


@dataclass(frozen=True, slots=True)
class Blocks:
    """Shares of the textured blocks of the protected area; 1, 1 and 0 where nothing has texture."""

    kept: float = 1.0
    """that show the same in the same place"""
    found: float = 1.0
    """that show the same within reach"""
    moved: float = 0.0
    """that are found elsewhere"""


@dataclass(frozen=True, slots=True)
class Realigned:
    """The edit in the original's frame."""

    placed: Aligned
    """at the original's size, the recorded padding and crop undone"""
    motion: Motion | None
    """what is still to be undone, in pixels of the original; None: nothing"""
    kept: float
    """share of the protected area's textured blocks that then show what the original shows in the same place"""

    def move(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Samples in the edit's frame (H x W x channels) drawn in the original's; 0 where there are none."""
        return samples if self.motion is None else _move(samples, self.motion)

    @property
    def valid(self) -> Mask:
        """H x W, True where the edit holds samples."""
        there = np.full(self.placed.samples.shape[:2], 255, np.uint8)
        whole: Mask = self.move(there[..., None])[..., 0] == there
        return whole


def realign(original: Picture, edit: Picture, frame: Frame, inside: Mask) -> Realigned:
    """How an edit is brought into its original's frame.

    `inside` is H x W of the original, True where the edit is to stay; `frame` says how the original was mapped to
    the edit.

    Raises:
        CouldNotRestore: the edit is warped, which no shift, scale and turn undoes.
    """
    placed = align(original, edit, frame)
    factor = -(-max(original.size) // COMPARED_SIDE_PX)
    before, after = (_luma(picture.samples, picture.alpha, factor) for picture in (original, placed))
    editable = reduced_mask(inside, factor)
    outside = ~grown(editable, max(2, round(FEATHER_BAND_SHARE * max(editable.shape))))
    still = _blocks(before, after, outside, NO_MOTION)
    motion = motion_between(before, after, outside)
    undone = (
        _blocks(before, after, outside, motion) if motion.trusted and motion.reach * factor >= MIN_MOTION_PX else still
    )
    # A motion that loses much of what was found before is the motion of a part.
    whole = undone.found >= still.found * (1 - MAX_MOVED)
    moved = undone is not still and whole and undone.kept >= still.kept + (0.0 if still.kept >= MIN_KEPT else MIN_GAIN)
    blocks = undone if moved else still
    if blocks.moved > MAX_MOVED and blocks.found > MIN_FOUND:
        raise CouldNotRestore(
            f"the edit is warped: {blocks.moved:.0%} of what is protected moved, each part its own way, so that no "
            f"shift, scale or turn brings it back, and what is pasted would not meet what is kept (limit "
            f"{MAX_MOVED:.0%})",
            "Edit again, or make what has moved editable in the mask.",
        )
    return Realigned(placed, _in_full(motion, factor, original, placed, inside) if moved else None, blocks.kept)


def _luma(samples: NDArray[np.uint8], alpha: NDArray[np.uint8] | None, factor: int) -> Float:
    picture = shown(samples, alpha)
    plane: Float = opponent(np.asarray(Image.fromarray(picture).reduce(factor)))[0]
    return plane


def _in_full(motion: Motion, factor: int, original: Picture, placed: Aligned, inside: Mask) -> Motion:
    """The motion in pixels of the original, settled at full size where it can be."""
    a, b, c, d, e, f = motion.matrix
    full = replace(
        motion,
        matrix=(a, b, c * factor, d, e, f * factor),
        dx=motion.dx * factor,
        dy=motion.dy * factor,
        reach=motion.reach * factor,
    )
    if factor == 1:
        return full
    before, after = (
        np.asarray(Image.fromarray(shown(one.samples, one.alpha)).convert("L"), np.float32) * np.float32(100 / 255)
        for one in (original, placed)
    )
    found = motion_between(before, after, ~inside)
    return found if found.trusted else full


def _move(samples: NDArray[Any], motion: Motion) -> NDArray[Any]:
    a, b, c, d, e, f = motion.matrix
    if (a, b, d, e) == (1, 0, 0, 1) and c.is_integer() and f.is_integer():
        return _shift(samples, int(c), int(f))
    top = np.iinfo(samples.dtype).max
    out = np.empty_like(samples)
    for channel in range(samples.shape[2]):
        out[..., channel] = np.clip(np.rint(warped(samples[..., channel].astype(np.float32), motion.matrix)), 0, top)
    return out


def _shift(samples: NDArray[Any], dx: int, dy: int) -> NDArray[Any]:
    """Read dx to the right and dy down."""
    height, width = samples.shape[:2]
    out = np.zeros_like(samples)
    rows, columns = slice(max(0, -dy), height - max(0, dy)), slice(max(0, -dx), width - max(0, dx))
    source = samples[max(0, dy) : height - max(0, -dy), max(0, dx) : width - max(0, -dx)]
    out[rows, columns] = source
    return out


def _blocks(original: Float, edit: Float, outside: Mask, motion: Motion) -> Blocks:
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
