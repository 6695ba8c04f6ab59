"""A straight line, one or two samples wide, that the edit drew or left: what tools leave that work on a crop.

A line changes too few samples of any window to stand out there, but all of its samples change alike. So the signed
difference is averaged along rows and along columns, and compared with that of the rows beside it; the edit's own
residual follows the picture's edges, so what a place may show depends on how strong the original's own lines are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maskproof.drift.grid import run_sums, third_peak
from maskproof.model import Box, Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maskproof.drift.grid import Float, Mask

RUN = 64
"""samples along which the difference is averaged; with 32 the residual of held edits passes faint lines, and 128 does
not fit into small pictures"""
STRETCH = 8
"""samples from one run to the next"""
BESIDE = 2
"""samples from a line to the rows that it is compared with"""
KNOWN_SHARE = 0.95
"""share of a run that has to be protected"""
MIN_RUNS = 60
"""protected runs below which nothing is told"""
BINS = 8
"""classes of runs by the strength of the original's own lines"""
UPPER = 0.9
"""quantile of a class that counts as its residual"""
RESAMPLED = 0.06
"""share of the original's own line added to it: a pixel less and back changes the edges of drawings by that much"""
FLOOR = 0.3
"""hundredths of full scale added to it: a line fainter than that is not seen"""
LEAST, MOST = 10.0, 20.0
"""times the residual that are allowed at the least and at the most; fitted as those of `outliers`"""
TIMES_THIRD = 4.1
"""times the third strongest row of the picture that are allowed, between LEAST and MOST"""
APART = 6
"""rows that two lines lie apart at the least"""
SAMPLED = 8000
"""runs that the residual is taken from at the most"""


def lines(original: Float, edit: Float, outside: Mask) -> tuple[Metric, ...]:
    """The most conspicuous straight line, over what the picture allows.

    Args:
        original: Luma in the edit's tone, H x W, 0 to 100.
        edit: Luma of the edit, aligned.
        outside: H x W, what is judged.
    """
    difference = (edit - original) * outside
    found = [
        (*strongest, upright)
        for upright in (False, True)
        if (strongest := _strongest(*_in_stretches(original, difference, outside, upright))) is not None
    ]
    if not found:
        return ()
    value, row, start, upright = max(found)
    wide = (start, row, RUN, 1)
    box = Box(*(wide if not upright else (row, start, 1, RUN))) if value else None
    way = "upright" if upright else "level"
    says = f"a straight {way} line came or went: {{value}} what this picture shows elsewhere (limit {{limit}})"
    return (Metric("line", value, "x", "outside-mask", says, box, box),)


def _in_stretches(original: Float, difference: Float, outside: Mask, upright: bool) -> tuple[Float, Float, Float]:
    """Sums over stretches of each row, or column: of the difference, of the original's own lines, of what is judged.

    Each is rows x stretches. A row is a column where lines are upright.
    """
    axis = 0 if upright else 1
    own = np.abs(_against_beside(original, 1 - axis))
    sums = (_stretches(plane, axis) for plane in (difference, own, outside.astype(np.float32)))
    change, own, known = (np.ascontiguousarray(plane.T) if upright else plane for plane in sums)
    return change, own, known


def _stretches(plane: Float, axis: int) -> Float:
    """Sums over stretches along an axis, by halving its length; what is left over at the end is left out."""
    length = plane.shape[axis] // STRETCH * STRETCH
    plane = plane[:length] if axis == 0 else plane[:, :length]
    for _ in range(STRETCH.bit_length() - 1):
        plane = plane[::2] + plane[1::2] if axis == 0 else plane[:, ::2] + plane[:, 1::2]
    return plane


def _strongest(difference: Float, lines: Float, judged: Float) -> tuple[float, int, int] | None:
    """The strongest line along a row: its value over what is allowed, its row and first column; None: too small."""
    run = RUN // STRETCH
    if judged.shape[0] <= 2 * BESIDE or judged.shape[1] < run:
        return None
    known = run_sums(judged, run) >= KNOWN_SHARE * RUN
    known = known[BESIDE:-BESIDE] & known[: -2 * BESIDE] & known[2 * BESIDE :]
    at = np.flatnonzero(known)
    if len(at) < MIN_RUNS:
        return None
    change = np.abs(_against_beside(run_sums(difference, run), 0)) * np.float32(1 / RUN)
    own = _near(run_sums(lines, run))
    change /= _residual(change, own, at) + np.float32(FLOOR) + np.float32(RESAMPLED / RUN) * own
    change *= known
    rows = change.max(1)
    row = int(np.argmax(rows))
    allowed = float(np.clip(TIMES_THIRD * third_peak(rows[None], APART), LEAST, MOST))
    return float(rows[row]) / allowed, row + BESIDE, int(np.argmax(change[row])) * STRETCH


def _against_beside(plane: Float, axis: int) -> Float:
    """What each row (axis 0), or column, differs by from the two that lie BESIDE it."""
    if axis:
        return plane[:, BESIDE:-BESIDE] - np.float32(0.5) * (plane[:, : -2 * BESIDE] + plane[:, 2 * BESIDE :])
    out: Float = plane[BESIDE:-BESIDE] - np.float32(0.5) * (plane[: -2 * BESIDE] + plane[2 * BESIDE :])
    return out


def _near(rows: Float) -> Float:
    """The largest within two rows: resampling rings that far beside an edge."""
    wide = np.pad(rows, ((2, 2), (0, 0)))
    out: Float = np.maximum.reduce([wide[step : step + len(rows)] for step in range(5)])
    return out


def _residual(change: Float, own: Float, at: NDArray[np.intp]) -> Float:
    """What a run of some strength of its own shows where nothing was drawn."""
    at = at[:: max(1, len(at) // SAMPLED)]
    order = at[np.argsort(own.ravel()[at], kind="stable")]
    members = order[: len(order) // BINS * BINS].reshape(BINS, -1)
    each = members.shape[1]
    usual = np.partition(change.ravel()[members], int(UPPER * each), axis=1)[:, int(UPPER * each)]
    out: Float = np.interp(own, own.ravel()[members[:, each // 2]], usual).astype(np.float32)
    return out
