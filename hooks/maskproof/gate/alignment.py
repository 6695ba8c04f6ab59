"""Bringing the edit back to where the original stands: recorded padding and size, then the frame's own motion.

An edit that was shifted, rescaled or turned as a whole is moved back before any of it is pasted, or an object that
crosses the mask's edge would be cut and doubled. That works where one affine map explains the motion. Where the parts
of a scene moved each their own way, no map does: that is refused, since what is pasted could not meet what is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from maskproof.drift.found import blocks, luma, outside_of
from maskproof.drift.frame import Aligned, Frame, align, as_fine, shown
from maskproof.drift.grid import Mask, reduced_mask
from maskproof.drift.registration import NO_MOTION, Motion, motion_between, warped
from maskproof.errors import CouldNotRestore

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maskproof.model import Picture

COMPARED_SIDE_PX = 1600
"""samples of the long side at which the motion is looked for, as in `drift`"""
MIN_MOTION_PX = 0.5
"""px; a smaller motion is not seen, and undoing it would soften the edit by resampling"""

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


class Realigned(Struct, frozen=True):
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

    def over(self, original: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The edit in the original's frame (H x W x 3), and the original itself where the edit holds nothing."""
        return np.where(self.valid[..., None], self.move(self.placed.samples), original)

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
    # What a smaller edit has no room for was not drawn anew by anybody.
    before = luma(as_fine(shown(original.samples, original.alpha), edit, placed.canvas), None, factor)
    after = luma(placed.samples, placed.alpha, factor)
    editable = reduced_mask(inside, factor)
    outside = outside_of(editable)
    still = blocks(before, after, outside, NO_MOTION)
    motion = motion_between(before, after, outside)
    undone = (
        blocks(before, after, outside, motion) if motion.trusted and motion.reach * factor >= MIN_MOTION_PX else still
    )
    # A motion that loses much of what was found before is the motion of a part.
    whole = undone.found >= still.found * (1 - MAX_MOVED)
    moved = undone is not still and whole and undone.kept >= still.kept + (0.0 if still.kept >= MIN_KEPT else MIN_GAIN)
    best = undone if moved else still
    if best.moved > MAX_MOVED and best.found > MIN_FOUND:
        raise CouldNotRestore(
            f"the edit is warped: {best.moved:.0%} of what is protected moved, each part its own way, so that no "
            f"shift, scale or turn brings it back, and what is pasted would not meet what is kept (limit "
            f"{MAX_MOVED:.0%})",
            "Edit again, or make what has moved editable in the mask.",
        )
    return Realigned(placed, _in_full(motion, factor, original, placed, inside) if moved else None, best.kept)


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
