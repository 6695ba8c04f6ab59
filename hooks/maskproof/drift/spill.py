"""Spill: what an edit changes in the outer half of the border around the mask.

The border is not judged by eye because editors feather what they paste. A feather fades with the distance from the
mask, so in the outer half little of it is left: what is replaced there, a bar along the mask or a grid of dots whose
borders meet, is no feather.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maskproof.drift.border import THINNEST, width_of
from maskproof.drift.grid import bounding_box, spread, worst_square
from maskproof.model import Box, Kind, Metric

if TYPE_CHECKING:
    from maskproof.drift.pair import Pair

SQUARE = 16
"""side of the squares that count by themselves, in samples of the judged picture"""
MIN_SAMPLES = 12
"""samples of the outer border in a square for it to be told: a stretch of 6 of the narrowest one"""


def spill(pair: Pair) -> tuple[Metric, ...]:
    """The most that a square of the outer border differs by, RMS in all planes; nothing where there is no border."""
    border = width_of(pair.editable.shape, pair.level)
    if not border or not pair.editable.any():
        return ()
    outer = spread(pair.editable, border) & ~spread(pair.editable, max(border // 2, THINNEST // 2))
    outer &= pair.valid & ~pair.masks[0]
    if not outer.any():
        return ()
    reach = bounding_box(outer)
    rows, columns = slice(reach.y, reach.y + reach.height), slice(reach.x, reach.x + reach.width)
    outer = outer[rows, columns]
    difference = pair.after[:, rows, columns] - pair.toned[:, rows, columns]
    worst = worst_square(np.square(difference).sum(0), outer, SQUARE, MIN_SAMPLES)
    if worst is None:
        return ()
    value, box = worst
    place = Box(reach.x + box.x, reach.y + box.y, box.width, box.height)
    says = "the border around the mask differs by {value} RMS in its outer half (limit {limit})"
    return (Metric("spill", value, "% of full scale", Kind.OUTSIDE_MASK.value, says, place, place),)
