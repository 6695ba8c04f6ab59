"""The pair: original and edit on the one grid that they are judged on.

The edit is put into the original's frame, both are reduced to a long side that is judged alike whatever the file's
size, and the frame's own motion is undone, so that what still differs at one place was changed at that place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from maskproof.drift.border import outside
from maskproof.drift.frame import Aligned, Frame, align, as_fine, shown
from maskproof.drift.grid import CELL, Float, Mask, cells
from maskproof.drift.registration import Motion, motion_between, undone
from maskproof.drift.residual import cell_sums
from maskproof.drift.size import JudgedSize
from maskproof.drift.tone import toned

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from maskproof.model import Level, Metric, Picture, Region

TONE_SAMPLES = 40_000
"""samples that the tone curve is taken from at the least, where there are as many"""


class Pair(Struct, frozen=True):
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
    """H x W x 3 of the original's size, transparency shown on grey; the original as fine as the edit's size allows"""
    size: JudgedSize
    """how much smaller the judged pictures are"""
    before: Float
    """opponent planes of the original, 3 x h x w; moved by less than a sample where the edit's frame is"""
    toned: Float
    """`before` in the tone that the edit gave the whole frame"""
    after: Float
    """opponent planes of the edit, the frame's motion undone"""
    means: tuple[Float, Float]
    """`before` and `after` averaged over cells, 3 x rows x columns"""
    motion: Motion
    valid: Mask
    """h x w, where the aligned edit holds samples"""
    editable: Mask
    """h x w, where editing was allowed and the aligned edit holds samples"""
    islands: Mask
    """h x w, thin parts that the mask spares, with the opening all around"""
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
        return cell_sums(self.toned, self.after, np.logical_or.reduce(self.masks), pool)

    def in_pixels(self, metrics: Iterable[Metric]) -> tuple[Metric, ...]:
        """The metrics with their places in pixels of the original instead of the judged picture."""
        return tuple(
            replace(metric, box=self.size.in_pixels(metric.box), around=self.size.in_pixels(metric.around))
            for metric in metrics
        )


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
    size = JudgedSize.of(original.size)
    full = (
        as_fine(shown(original.samples, original.alpha), edit, aligned.canvas),
        shown(aligned.samples, aligned.alpha),
    )
    planes = [pool.submit(size.planes, picture) for picture in full]
    inside = size.mask(editable)
    first, islands = outside(inside, level)
    masks = [first, *(size.mask(region.mask) for region in regions[1:])]
    if aligned.shows is not None:
        masks = [mask & ~size.mask(~aligned.shows) for mask in masks]
    judged = masks[0] if masks[0].any() else np.logical_or.reduce(masks)
    before, after = (plane.result() for plane in planes)
    motion = motion_between(before[0], after[0], judged)
    before, after, valid = undone(before, after, motion)
    masks = [mask & valid for mask in masks]
    if not valid.all():
        after = np.where(valid, after, before)
    stride = max(1, round((masks[0].size / TONE_SAMPLES) ** 0.5))
    expected = toned(before, after, masks[0], stride)
    return Pair(
        original,
        edit,
        aligned,
        regions,
        level,
        full,
        size,
        before,
        expected,
        after,
        (_means(before), _means(after)),
        motion,
        valid,
        inside & valid,
        islands & valid,
        tuple(masks),
        tuple(cell_weights(mask) for mask in masks),
        cell_sums(expected, after, masks[0], pool),
    )


def cell_weights(mask: Mask) -> Float:
    """Samples of each cell that a mask (h x w) holds: rows x columns, 0 to 16."""
    return cells(mask.view(np.uint8)).astype(np.float32)


def _means(planes: Float) -> Float:
    """Means over cells."""
    return cells(planes) * np.float32(1 / CELL**2)
