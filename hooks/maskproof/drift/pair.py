"""The pair: original and edit on the one grid that they are judged on.

The edit is put into the original's frame, both are reduced to a long side that is judged alike whatever the file's
size, and the frame's own motion is undone, so that what still differs at one place was changed at that place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from maskproof.drift.frame import Aligned, Frame, align, shown
from maskproof.drift.grid import CELL, Float, Mask, cells, grown, reduced_mask
from maskproof.drift.oklab import opponent
from maskproof.drift.registration import Motion, motion_between, undone
from maskproof.drift.residual import cell_sums
from maskproof.model import Box, Level, Metric, Picture, Region

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Executor

    from numpy.typing import NDArray

JUDGED_SIDE_PX = 1600
"""samples of the long side at which pictures are judged; a 24 px letter of a 4K picture is still 8 samples wide"""
BORDER = {Level.VISUAL: 0.012, Level.STRICT: 0.006, Level.EXACT: 0.0}
"""share of the long side around the editable area that is not judged by eye: editors feather their masks"""
MIN_MOTION = 0.3
"""samples of the judged picture from which on a trusted motion is undone before judging"""
OFFSET_SAMPLES = 20_000
"""samples that the tone step is taken from at the least, where there are as many"""


@dataclass(frozen=True, slots=True)
class Pair:
    """Both pictures on the grid that they are judged on."""

    original: Picture
    edit: Picture
    """as decoded"""
    aligned: Aligned
    """the edit in the original's frame"""
    regions: tuple[Region, ...]
    """what is protected, of the original's size: first what lies outside the mask, then each declared area"""
    level: Level
    full: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    """H x W x 3 of the original's size, transparency shown on grey"""
    factor: int
    """how many times smaller the judged pictures are"""
    before: Float
    """opponent planes of the original, 3 x h x w; moved by less than a sample where the edit's frame is"""
    after: Float
    """opponent planes of the edit, the frame's motion undone"""
    means: tuple[Float, Float]
    """`before` and `after` averaged over cells, 3 x rows x columns"""
    offset: Float
    """the tone step of each plane over the protected area"""
    motion: Motion
    valid: Mask
    """h x w, where the aligned edit holds samples"""
    editable: Mask
    """h x w, where editing was allowed and the aligned edit holds samples"""
    masks: tuple[Mask, ...]
    """the regions where the aligned edit holds samples, the border around the mask left out of the first"""
    weights: tuple[Float, ...]
    """samples of each cell that belong to each region, rows x columns, 0 to 16"""
    sums: Float
    """cell sums of the difference outside the mask, from `residual.cell_sums`"""

    @property
    def reference(self) -> Float:
        """What the residual is estimated from: outside the mask, or the areas where there is no outside."""
        return self.weights[0] if self.masks[0].any() else cell_weights(np.logical_or.reduce(self.masks))

    def area_sums(self, pool: Executor) -> Float:
        """Cell sums of all regions together, inside the mask as well."""
        return cell_sums(self.before, self.after, self.offset, np.logical_or.reduce(self.masks), pool)

    def in_pixels(self, metrics: Iterable[Metric]) -> tuple[Metric, ...]:
        """The metrics with their places in pixels of the original instead of the judged picture."""
        return tuple(
            replace(metric, box=self._in_pixels(metric.box), around=self._in_pixels(metric.around))
            for metric in metrics
        )

    def _in_pixels(self, box: Box | None) -> Box | None:
        if box is None:
            return None
        (width, height), x, y = self.original.size, box.x * self.factor, box.y * self.factor
        return Box(x, y, min(box.width * self.factor, width - x), min(box.height * self.factor, height - y))


def pair_up(
    original: Picture,
    edit: Picture,
    editable: Mask,
    regions: tuple[Region, ...],
    level: Level,
    frame: Frame,
    pool: Executor,
) -> Pair:
    """Both pictures on one grid.

    The arguments are those of `drift.measure`; both pictures, and strips of them, are worked on at once in `pool`.
    """
    aligned = align(original, edit, frame)
    factor = -(-max(original.size) // JUDGED_SIDE_PX)
    full = shown(original.samples, original.alpha), shown(aligned.samples, aligned.alpha)
    planes = [pool.submit(opponent, picture, factor) for picture in full]
    inside = reduced_mask(editable, factor)
    masks = [reduced_mask(region.mask, factor) for region in regions]
    if inside.any():
        border = max(2, round(BORDER[level] * max(inside.shape))) if BORDER[level] else 0
        masks[0] = masks[0] & ~grown(inside, border)
    judged = masks[0] if masks[0].any() else np.logical_or.reduce(masks)
    before, after = (plane.result() for plane in planes)
    motion = motion_between(before[0], after[0], judged)
    before, after, valid = undone(before, after, motion)
    masks = [mask & valid for mask in masks]
    offset = _offset(before, after, masks[0])
    return Pair(
        original,
        edit,
        aligned,
        regions,
        level,
        full,
        factor,
        before,
        after,
        (_means(before), _means(after)),
        offset,
        motion,
        valid,
        inside & valid,
        tuple(masks),
        tuple(cell_weights(mask) for mask in masks),
        cell_sums(before, after, offset, masks[0], pool),
    )


def cell_weights(mask: Mask) -> Float:
    """Samples of each cell that a mask (h x w) holds: rows x columns, 0 to 16."""
    return cells(mask.view(np.uint8)).astype(np.float32)


def _means(planes: Float) -> Float:
    """Means over cells."""
    return cells(planes) * np.float32(1 / CELL**2)


def _offset(original: Float, edit: Float, protected: Mask) -> Float:
    """Median difference of each plane over the protected area: the step that `tone` reports."""
    if not protected.any():
        return np.zeros(3, np.float32)
    step = max(1, round((protected.size / OFFSET_SAMPLES) ** 0.5))
    pick = protected[::step, ::step]
    if not pick.any():
        pick, step = protected, 1
    difference = edit[:, ::step, ::step][:, pick] - original[:, ::step, ::step][:, pick]
    return np.asarray(np.median(difference, axis=1), np.float32)
