"""What is not compared: every pixel that ships is compared, or counts as open.

Open is what the mask opens. So is what a recorded padding adds, and what a recorded crop leaves out, since a file that
shows a corner of its original proves nothing about the rest. The border around an opening is the feather of an editor
as long as the opening is wider than it; around dots, grids and hairlines it is the opening, and counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from maskproof.drift.border import BORDER, outside, width_of
from maskproof.drift.grid import CELL, spread
from maskproof.drift.size import JudgedSize

if TYPE_CHECKING:
    from maskproof.drift.frame import Frame, Size
    from maskproof.drift.grid import Mask
    from maskproof.model import Level


class Uncompared(Struct, frozen=True):
    """Shares of all that original and shipped file hold together, 0 to 1; they add up."""

    mask: float = 0.0
    """what the mask opens"""
    border: float = 0.0
    """the border where it outgrows its opening"""
    crop: float = 0.0
    """what the shipped file leaves out of the original, and the mask does not open"""
    padding: float = 0.0
    """what the shipped file has around the original"""

    @property
    def share(self) -> float:
        """All of it."""
        return self.mask + self.border + self.crop + self.padding


def uncompared(editable: Mask, level: Level, frame: Frame, edit: Size) -> Uncompared:
    """What of one comparison is not compared.

    Args:
        editable: H x W of the original, True where the mask allowed editing.
        level: Sets how wide the border is.
        frame: How the original was mapped to the edit.
        edit: Width and height of the edit, px.
    """
    height, width = editable.shape
    frame = frame.of_edit((width, height), edit)
    shows, (wide, tall) = frame.shows((width, height)), frame.canvas((width, height))
    inner = width * height if shows is None else int(np.count_nonzero(shows))
    padding = wide * tall - inner
    left_out = 0 if shows is None else int(np.count_nonzero(~shows & ~editable))
    opened = int(np.count_nonzero(editable))
    outgrown = _outgrown(editable, level) * (width * height) if opened else 0.0
    total = width * height + padding
    # What the crop leaves out may lie in the border as well; it counts once.
    border = min(outgrown, width * height - opened - left_out)
    return Uncompared(opened / total, border / total, left_out / total, padding / total)


def _outgrown(editable: Mask, level: Level) -> float:
    """Share of the original in a border that no opening twice as wide as itself explains."""
    if not BORDER[level] or editable.all():
        return 0.0
    inside = JudgedSize.of((editable.shape[1], editable.shape[0])).mask(editable)
    judged, _ = outside(inside, level)
    border = width_of(inside.shape, level)
    # What is left of the opening once it is taken in by the border's width from all sides, and put out again.
    core = inside & ~spread(~inside, border)
    explained = spread(core, 2 * border + CELL)
    return float(np.count_nonzero(~inside & ~judged & ~explained)) / inside.size
