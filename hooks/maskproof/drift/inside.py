"""What happened inside the mask.

An edit that changed nothing there was made from the wrong file, or through the wrong mask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maskproof.drift.windows import CELL, cells
from maskproof.model import Metric

if TYPE_CHECKING:
    from maskproof.drift.windows import Float, Mask

TOP = 0.005
"""share of the cells whose mean is taken as the strongest change; one cell alone may be noise"""
RESIDUE = 6.0
"""luma, hundredths of full scale, that the outside may explain of the inside's change at the most"""
CHANGED = 4.0
"""luma, hundredths of full scale, by which a 4 x 4 mean has to differ to count as changed"""


def inside(original: Float, edit: Float, opened: Mask, outside: Mask) -> tuple[Metric, ...]:
    """How much stronger the inside changed than the residue, and how much more of the outside changed than of it.

    Args:
        original: Opponent planes, 3 x H x W.
        edit: The same of the edit, aligned; its tone step is left in, since it is a change as well.
        opened: H x W, True where editing was allowed.
        outside: H x W, True where nothing may change.
    """
    difference = np.abs(cells(edit[0] - original[0])) / CELL**2
    colour = np.hypot(*(cells(edit[plane] - original[plane]) / CELL**2 for plane in (1, 2)))
    stronger: Float = np.maximum(difference, colour).astype(np.float32)
    allowed, kept = (cells(mask.astype(np.float32)) > CELL**2 / 2 for mask in (opened, outside))
    if not allowed.any() or not kept.any():
        return ()
    strongest = _top(stronger[allowed]) - min(_top(stronger[kept]), RESIDUE)
    surplus = float((stronger[kept] > CHANGED).mean() - (stronger[allowed] > CHANGED).mean())
    return (
        Metric(
            "inside",
            strongest,
            "% of full scale",
            "edit-missing",
            "inside the mask nothing changed beyond the noise that the edit shows everywhere",
        ),
        Metric(
            "inverted",
            surplus,
            "share",
            "mask-suspect",
            "the change lies outside the mask and not inside it; is the mask drawn the other way round?",
        ),
    )


def _top(differences: Float) -> float:
    """Mean of the largest differences."""
    count = max(1, round(TOP * differences.size))
    return float(np.partition(differences, -count)[-count:].mean())
