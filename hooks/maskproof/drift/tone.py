"""How the tone of the whole protected area moved: offset, gain of lightness, turn of hue.

The direction of light is out of scope.
"""

from __future__ import annotations

import numpy as np

from maskproof.drift.grid import CELL, Float, shrunk
from maskproof.drift.oklab import oklab, rgb_of
from maskproof.model import Metric

PLACES_ALONG = 80
"""places along the long side at which colours are compared; more of them move no median"""
MIN_PROTECTED_SHARE = 0.99
"""share of a place that has to be protected"""


def tone(original: Float, edit: Float, weights: Float) -> tuple[Metric, ...]:
    """Offset of the whole protected area in OKLab x100, gain of lightness, turn of hue.

    Args:
        original: Opponent planes averaged over cells, 3 x rows x columns.
        edit: The same of the edit, in the original's frame.
        weights: Samples of each cell where nothing may change, rows x columns, 0 to 16.
    """
    factor = max(1, round(max(weights.shape) / PLACES_ALONG))
    weight = shrunk(weights, factor) > MIN_PROTECTED_SHARE * CELL**2
    if not weight.any():
        return ()
    labs = [oklab(rgb_of(shrunk(means, factor)[:, weight])) for means in (original, edit)]
    difference = np.median(labs[1] - labs[0], axis=0)
    light = labs[0][:, 0], labs[1][:, 0]
    low, high = (np.quantile(values, (0.1, 0.9)) for values in light)
    gain = float((high[1] - high[0]) / max(low[1] - low[0], 5.0)) if low[1] - low[0] > 5 else 1.0
    way = "lighter" if difference[0] > 0 else "darker"
    says = f"the whole protected area moved in tone by {{value}} (limit {{limit}}): {abs(difference[0]):.1f} {way}"
    return (
        Metric("tone", float(np.linalg.norm(difference)), "OKLab x100", "tone", says),
        Metric("tone_light", float(difference[0]), "OKLab L x100", "tone", ""),
        Metric("tone_gain", gain, "times", "tone", ""),
        Metric("tone_hue", _hue_turn(labs[0], labs[1]), "degrees", "tone", ""),
    )


def _hue_turn(first: Float, second: Float) -> float:
    """Median turn of hue of the coloured samples (chroma over 4), degrees."""
    chroma = np.minimum(np.hypot(first[:, 1], first[:, 2]), np.hypot(second[:, 1], second[:, 2]))
    colored = chroma > 4
    if colored.sum() < 20:
        return 0.0
    turn = np.arctan2(second[:, 2], second[:, 1]) - np.arctan2(first[:, 2], first[:, 1])
    return float(np.degrees(np.median(((turn + np.pi) % (2 * np.pi) - np.pi)[colored])))
