"""Matching tone: light and colour of what is pasted, from how the edit shows what it should not have changed.

Editors lift or shift the tone of a whole picture. Where original and edit still show the same, each channel of one is
a line of the other's, and the same line takes the edited part back to the original's tone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maskproof.drift.grid import Float, Mask

MIN_SAMPLES = 500
"""samples that have to correspond"""
MAX_SAMPLES = 200_000
"""samples that are looked at"""
ROUNDS = 8
"""fits, each without what the last one did not explain"""
OUTLIER_DEVIATIONS = 2.5
"""robust standard deviations from the line beyond which a sample shows something else"""
MIN_TOLERANCE = 0.004
"""of full scale: within this of the line is always the same, or a clean edit's own rounding would be thrown out"""
MAX_TOLERANCE = 0.1
"""of full scale: farther from the line is never the same"""
GAIN_RANGE = (0.5, 2.0)
"""lines outside these are no lift of tone, but another picture"""


def match_tone(before: NDArray[Any], after: NDArray[Any], corresponding: Mask) -> tuple[Float, Float] | None:
    """Gain and offset, a channel each, that take the edit's tone to the original's.

    Args:
        before: Samples of the original, H x W x channels of colour.
        after: The edit's, in its frame.
        corresponding: H x W, where both ought to show the same.

    Returns:
        What the edit's samples are multiplied by, and what is added; None where too little of the area shows the same.
    """
    full = np.iinfo(before.dtype).max
    at = np.flatnonzero(corresponding)
    at = at[:: max(1, len(at) // MAX_SAMPLES)]
    first, second = (
        plane.reshape(-1, plane.shape[2])[at].astype(np.float32) / np.float32(full) for plane in (before, after)
    )
    lines = [_line(second[:, channel], first[:, channel]) for channel in range(first.shape[1])]
    found = [line for line in lines if line is not None]
    if len(found) < len(lines):
        return None
    gain, offset = np.array(found, np.float32).T
    return gain, offset * np.float32(full)


def _line(x: Float, y: Float) -> tuple[float, float] | None:
    """Least squares over what lies near the line, begun at the median difference."""
    if len(x) < MIN_SAMPLES:
        return None
    gain, offset = 1.0, float(np.median(y - x))
    for _ in range(ROUNDS):
        error = np.abs(y - gain * x - offset)
        reach = np.clip(OUTLIER_DEVIATIONS * 1.4826 * float(np.median(error)), MIN_TOLERANCE, MAX_TOLERANCE)
        near = error <= reach
        if near.sum() < max(MIN_SAMPLES, len(x) / 4):
            return None
        u, v = x[near].astype(np.float64), y[near].astype(np.float64)
        spread = float(np.var(u))
        gain = float(np.mean((u - u.mean()) * (v - v.mean())) / spread) if spread > 1e-5 else 1.0  # noqa: PLR2004
        offset = float(v.mean() - gain * u.mean())
    return (gain, offset) if GAIN_RANGE[0] <= gain <= GAIN_RANGE[1] else None
