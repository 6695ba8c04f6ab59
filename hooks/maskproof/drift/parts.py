"""Parts of a region that no window fits: they are compared at full size, so that nothing is passed unmeasured.

A line of text between two openings, a stamp-sized area, a picture that is a few pixels wide: nothing there can stand
out of its like, so what counts is how much it differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace
from PIL import Image

from maskproof.drift.border import connected
from maskproof.drift.declared import view_of
from maskproof.drift.grid import CELL, windows, worst_square
from maskproof.drift.oklab import opponent
from maskproof.drift.pair import cell_weights
from maskproof.drift.residual import MIN_SHARE, SCALES
from maskproof.model import Box, Metric

if TYPE_CHECKING:
    from maskproof.drift.grid import Mask
    from maskproof.drift.pair import Pair
    from maskproof.model import Region

SQUARE_PX = 16
"""side of the squares that a part is cut into: a change of one of them counts by itself"""
MIN_PIXELS = 30
"""pixels of a part in a square for it to be told; smaller ones are specks of a mask, where nothing else is protected"""


def parts(pair: Pair) -> list[tuple[Metric, ...]]:
    """For each region, the most that a part differs by which no window fits; nothing where there is no such part."""
    return [_part(pair, region, mask) for region, mask in zip(pair.regions, pair.masks, strict=True)]


def _part(pair: Pair, region: Region, mask: Mask) -> tuple[Metric, ...]:
    covered = _covered(mask)
    left = mask & ~covered
    if not left.any():
        return ()
    whole = _enlarged(left, region.mask) & region.mask
    if not whole.any():
        return ()
    view = view_of(pair, replace(region, part=whole, corner=(0, 0), shape=None))
    before, after = opponent(view.original), opponent(view.edit)
    step = np.median(pair.toned - pair.before, axis=(1, 2)) if pair.toned.size else np.zeros(3)
    square = np.square(after - before - step[:, None, None].astype(np.float32)).sum(0)
    # Where no window fits anywhere, the square that holds most counts, however little that is.
    worst = worst_square(square, view.mask, SQUARE_PX, MIN_PIXELS, always=not covered.any())
    if worst is None:
        return ()
    value, box = worst
    place = Box(view.x + box.x, view.y + box.y, box.width, box.height)
    says = "a part too small for windows differs by {value} RMS at full size (limit {limit})"
    return (Metric("part", value, "% of full scale", region.kind.value, says, place, place),)


def _covered(mask: Mask) -> Mask:
    """What belongs to a part that at least one window lies in."""
    weight, side = cell_weights(mask), SCALES[0]
    if min(weight.shape) < side:
        return np.zeros(mask.shape, np.bool_)
    found = windows(weight, side) >= MIN_SHARE * (side * CELL) ** 2
    seen: Mask = np.zeros_like(weight, np.bool_)
    for row in range(side):
        for column in range(side):
            seen[row : row + found.shape[0], column : column + found.shape[1]] |= found
    start = np.zeros(mask.shape, np.bool_)
    start[: len(seen) * CELL, : seen.shape[1] * CELL] = np.repeat(np.repeat(seen, CELL, 0), CELL, 1)
    return mask & connected(start & mask, mask)


def _enlarged(mask: Mask, like: Mask) -> Mask:
    """The mask at another mask's size."""
    height, width = like.shape
    return np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST))
