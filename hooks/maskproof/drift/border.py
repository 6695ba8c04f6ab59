"""The border: how far around the mask nothing is judged by eye, because editors feather what they paste.

It belongs to the mask's outer edge. A part that the mask spares (a line of text, an island, a bridge between two
openings) is protected like everything else, so a border never takes more of it than a quarter of its thickness from
either side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maskproof.drift.grid import CELL, blocks, grown, spread
from maskproof.model import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.drift.grid import Mask

BORDER = {Level.VISUAL: 0.012, Level.STRICT: 0.006, Level.EXACT: 0.0}
"""share of the long side around the editable area that is not judged by eye: editors feather their masks"""

THINNEST = 5
"""samples that a part is thick at the least; thinner ones are specks and hairs of a mask and belong to its border"""


def width_of(shape: tuple[int, ...], level: Level) -> int:
    """Samples that the border of a judged picture of this height and width is wide; 0: it has none."""
    return max(2, round(BORDER[level] * max(shape))) if BORDER[level] else 0


def outside(editable: Mask, level: Level) -> tuple[Mask, Mask]:
    """What is judged outside the mask, and which of it lies on islands: thin parts with the opening all around.

    Args:
        editable: h x w of the judged picture, True where editing was allowed.
        level: Sets how wide the border is.
    """
    border = width_of(editable.shape, level)
    protected, nothing = ~editable, np.zeros(editable.shape, np.bool_)
    if not border or editable.all() or not editable.any():
        return protected, nothing
    wide = protected & ~grown(editable, border)
    reached = connected(protected & ~grown(editable, 2 * border), protected, 2 * border)
    thin = nothing
    for thickness in _thicknesses(border):
        if not (left := protected & ~reached).any():
            break
        # A strip along the edge of the picture is as thin as the picture shows it.
        framed = spread(np.pad(editable, thickness, constant_values=True), thickness)
        core = left & ~framed[thickness:-thickness, thickness:-thickness]
        if core.any():
            thin = thin | (left & spread(core, thickness) & ~spread(editable, thickness // 2))
            reached |= connected(core, protected, 2 * thickness)
    return wide | thin, thin & ~connected(wide, protected) if thin.any() else nothing


def _thicknesses(border: int) -> Iterator[int]:
    """Half of the thickness of the parts that are looked for in turn, from four borders down to THINNEST."""
    thickness = 2 * border
    while thickness > THINNEST // 2:
        yield thickness
        thickness //= 2
    yield THINNEST // 2


def connected(core: Mask, protected: Mask, radius: int | None = None) -> Mask:
    """Samples within about `radius` of a core (None: however far), without crossing what may be edited; whole cells."""
    near, squares = blocks(core), blocks(protected)
    steps = near.size if radius is None else -(-radius // CELL) + 1
    for _ in range(steps):
        further = spread(near, 1) & squares
        if np.array_equal(further, near):
            break
        near = further
    return np.repeat(np.repeat(near, CELL, 0), CELL, 1)[: core.shape[0], : core.shape[1]]
