"""What happened inside the mask.

An edit that changed nothing there was made from the wrong file, or through the wrong mask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maskproof.drift.grid import CELL
from maskproof.model import Metric

if TYPE_CHECKING:
    from maskproof.drift.grid import Float

TOP_SHARE = 0.005
"""share of the cells whose mean is taken as the strongest change; one cell alone may be noise"""
MAX_RESIDUAL = 6.0
"""luma, hundredths of full scale, that the outside may explain of the inside's change at the most"""
CHANGED_STEP = 4.0
"""luma, hundredths of full scale, by which a 4 x 4 mean has to differ to count as changed"""


def inside(original: Float, edit: Float, editable: Float, outside: Float) -> tuple[Metric, ...]:
    """How much stronger the inside changed than the residual, and how much more of the outside changed than of it.

    Args:
        original: Opponent planes averaged over cells, 3 x rows x columns.
        edit: The same of the edit, aligned; its tone step is left in, since it is a change as well.
        editable: Samples of each cell where editing was allowed, rows x columns, 0 to 16.
        outside: The same of samples where nothing may change.
    """
    difference = edit - original
    stronger: Float = np.maximum(np.abs(difference[0]), np.hypot(difference[1], difference[2]))
    inner, kept = editable > CELL**2 / 2, outside > CELL**2 / 2
    if not inner.any() or not kept.any():
        return ()
    strongest = _top(stronger[inner]) - min(_top(stronger[kept]), MAX_RESIDUAL)
    surplus = float((stronger[kept] > CHANGED_STEP).mean() - (stronger[inner] > CHANGED_STEP).mean())
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
    count = max(1, round(TOP_SHARE * differences.size))
    return float(np.partition(differences, -count)[-count:].mean())
