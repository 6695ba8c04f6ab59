"""Whether the edit was pasted back along a visible line.

An edit that was pasted into the original leaves nothing just outside the mask's edge and everything just inside it.
Blended, nobody sees where it starts; with a hard edge, a line runs along the mask. A new object that crosses the edge
does so in places only, so what counts is the share of the edge that shows a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maskproof.model import Box, Metric

if TYPE_CHECKING:
    from maskproof.drift.grid import Float, Mask

PIECE_SIDE = 8
"""side, in samples, of the blocks that cut the edge into pieces; what texture adds averages out over this length"""
DEPTH = 2
"""samples on each side of the edge whose mean is taken; the next ones say how much the picture varies there anyway"""
CONTOUR = 2.0
"""times the original's own step that is taken off: masks follow contours, and a contour is no seam"""
VISIBLE_STEP = 1.0
"""step, in hundredths of full scale beyond what the surroundings explain, that is seen as a line in flat colour"""
MAX_CROSSINGS = 6_000
"""crossings of the edge looked at each way, more than a plain mask has: the cost of a mask full of holes has an end"""

Index = NDArray[np.int64]


def seam(original: Float, edit: Float, editable: Mask, outside: Mask) -> tuple[Metric, ...]:
    """Share of the mask's edge along which the edit steps where the original does not; nothing without an edge.

    Args:
        original: Opponent planes, 3 x H x W.
        edit: The same of the edit, aligned.
        editable: H x W, True where editing was allowed.
        outside: H x W, True where it was not, up to the edge.
    """
    samples = _crossings(editable, outside)
    if not len(samples):
        return ()
    piece = _piece(samples, editable.shape[1])
    order = np.argsort(piece, kind="stable")
    names, starts, lengths = np.unique(piece[order], return_index=True, return_counts=True)
    before, after = (_profile(planes, samples[order], starts, lengths) for planes in (original, edit))
    step = _step(before, after)
    share = float(lengths[step > VISIBLE_STEP].sum() / lengths.sum())
    box = _box(int(names[np.argmax(step)]), editable.shape[1]) if share else None
    says = "a step that the original does not have runs along {value} of the mask's edge (limit {limit})"
    return (Metric("seam", share, "share", "seam", says, box),)


def _step(before: Float, after: Float) -> Float:
    """How visible the step of each piece is: 3 x N x 4 means, from far outside to far inside.

    What is seen is the edit's step, what the edit added is the difference's; the smaller one is the seam. An edit that
    also changed what lies outside was not pasted, and texture hides a step as large as its own.
    """
    change = after - before
    added, seen, known = (_length(values[..., 2] - values[..., 1]) for values in (change, after, before))
    texture = np.maximum(_length(after[..., 3] - after[..., 2]), _length(after[..., 1] - after[..., 0]))
    step: Float = np.minimum(added, seen) - CONTOUR * known - texture - _length(change[..., 1])
    return step


def _length(values: Float) -> Float:
    """Light and colour taken together."""
    return np.asarray(np.sqrt(np.square(values).sum(0)), np.float32)


def _crossings(editable: Mask, outside: Mask) -> Index:
    """Where rows and columns cross the edge: N x 8 places in the flattened picture, from far outside to far inside.

    Kept are crossings with samples enough on both sides.
    """
    width = editable.shape[1]
    inner, outer = editable.ravel(), outside.ravel()
    reach = np.arange(1 - 2 * DEPTH, 2 * DEPTH + 1)
    found = []
    for way, length in ((1, width), (width, editable.shape[0])):
        first = np.flatnonzero(inner[:-way] != inner[way:])
        first = first[:: max(1, -(-len(first) // MAX_CROSSINGS))]
        along = first % width if way == 1 else first // width
        first = first[(along >= 2 * DEPTH) & (along < length - 2 * DEPTH - 1)]
        inwards = inner[first + way]
        last = np.where(inwards, first, first + way)
        samples = last[:, None] + np.where(inwards, way, -way)[:, None] * reach
        found.append(samples[outer[samples[:, : 2 * DEPTH]].all(1) & inner[samples[:, 2 * DEPTH :]].all(1)])
    return np.concatenate(found)


def _piece(samples: Index, width: int) -> Index:
    """Which piece of the edge a crossing belongs to: a number for its block, and for the way that it crosses.

    Opposite edges in one block are kept apart, since their steps could cancel out.
    """
    last = samples[:, 2 * DEPTH - 1]
    block = last // width // PIECE_SIDE * -(-width // PIECE_SIDE) + last % width // PIECE_SIDE
    way = samples[:, 2 * DEPTH] - last
    return np.asarray(block * 4 + (way > 0) + 2 * (np.abs(way) == 1), np.int64)


def _profile(planes: Float, samples: Index, starts: Index, lengths: Index) -> Float:
    """Means of DEPTH samples each, far outside, outside, inside, far inside, over the pieces: 3 x N x 4."""
    values = planes.reshape(3, -1)[:, samples].reshape(3, len(samples), 4, DEPTH).mean(-1)
    return np.asarray(np.add.reduceat(values, starts, axis=1) / lengths[:, None], np.float32)


def _box(piece: int, width: int) -> Box:
    """The block of a piece."""
    row, column = divmod(piece // 4, -(-width // PIECE_SIDE))
    return Box(column * PIECE_SIDE, row * PIECE_SIDE, PIECE_SIDE, PIECE_SIDE)
