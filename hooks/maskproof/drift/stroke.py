"""Strokes: whether a letter changed, judged at the width of a stroke and against the text's own contrast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maskproof.drift.windows import mean3
from maskproof.model import Box, Metric

if TYPE_CHECKING:
    from maskproof.drift.windows import Float, Mask

LEAST_CONTRAST = 10.0
"""luma, of 100, below which an area holds no legible text"""


def stroke(original: Float, edit: Float, region: Mask) -> Metric:
    """The largest 3 x 3 mean difference of luma above what 90 % of the area show, as a share of the text's contrast.

    Args:
        original: Luma, H x W, 0 to 100.
        edit: The same of the edit, aligned and without its tone step.
        region: H x W, True inside the text area.
    """
    says = "a letter changed: {value} of the text's contrast (limit {limit})"
    rows, columns = np.nonzero(region)
    if len(rows) == 0:
        return Metric("stroke", 0.0, "share", "text", says)
    top, left = max(0, int(rows.min()) - 1), max(0, int(columns.min()) - 1)
    cut = np.s_[top : int(rows.max()) + 2, left : int(columns.max()) + 2]
    inside, luma = region[cut], original[cut]
    change = np.abs(mean3(edit[cut] - luma))[inside]
    low, high = np.quantile(luma[inside], (0.05, 0.95))
    at = int(np.argmax(change))
    y, x = (int(axis[at]) for axis in np.nonzero(inside))
    value = float(change[at] - np.quantile(change, 0.9)) / max(float(high - low), LEAST_CONTRAST)
    return Metric("stroke", value, "share", "text", says, Box(max(0, left + x - 1), max(0, top + y - 1), 3, 3))
