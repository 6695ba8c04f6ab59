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

CHANGED = 4.0
"""luma, hundredths of full scale, by which a 4 x 4 mean has to differ to count as changed"""


def inside(original: Float, edit: Float, opened: Mask, outside: Mask) -> tuple[Metric, ...]:
    """The strongest change inside the mask, and how much more of the outside changed than of the inside.

    Args:
        original: Opponent planes, 3 x H x W.
        edit: The same of the edit, aligned and without its tone step.
        opened: H x W, True where editing was allowed.
        outside: H x W, True where nothing may change.
    """
    difference = np.abs(cells(edit[0] - original[0])) / CELL**2
    colour = np.hypot(*(cells(edit[plane] - original[plane]) / CELL**2 for plane in (1, 2)))
    difference = np.maximum(difference, colour)
    allowed, kept = (cells(mask.astype(np.float32)) > CELL**2 / 2 for mask in (opened, outside))
    if not allowed.any() or not kept.any():
        return ()
    strongest = float(difference[allowed].max())
    surplus = float((difference[kept] > CHANGED).mean() - (difference[allowed] > CHANGED).mean())
    return (
        Metric(
            "inside",
            strongest,
            "% of full scale",
            "edit-missing",
            "inside the mask nothing changed by more than {value} (at least {limit} is expected)",
        ),
        Metric(
            "inverted",
            surplus,
            "share",
            "mask-suspect",
            "the change lies outside the mask and not inside it; is the mask drawn the other way round?",
        ),
    )
