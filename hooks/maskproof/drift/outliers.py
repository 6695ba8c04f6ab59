"""Outliers: what differs more in one place than the edit differs everywhere, in units of its noise floor.

The noise floor is the most that benign processing and clean edits show of a measure, over the residual.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from maskproof.drift.grid import CELL, bounding_box, cells, grown
from maskproof.drift.residual import MIN_SHARE, SCALES, Scale, scales
from maskproof.model import Box, Kind, Metric

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from maskproof.drift.grid import Float, Mask

SPILL_BAND_SHARE = 0.027
"""share of the long side around the editable area within which an outlier counts half: editors spill a little"""
SPILL_WEIGHT = 0.5
MIN_OWN_LIGHT = 0.5
"""of what a window differs from its surroundings, how much it has to differ itself to be told as the changed one"""
MIN_BEYOND_SHARE = 0.97
"""share of a window that has to lie beyond SPILL_BAND_SHARE to count in full"""
FULL_REGION_SAMPLES = 1e6
"""samples of a region to which NULL_THRESHOLDS applies as it is"""

NULL_THRESHOLDS: dict[str, dict[int, float]] = {
    "light": {2: 4.4, 3: 3.8, 4: 3.8, 6: 5.5, 8: 5.5, 16: 5.0},
    "color": {2: 6.3, 3: 5.0, 4: 4.2, 6: 4.5, 8: 4.3, 16: 3.4},
    "spot": {2: 6.3, 3: 3.4, 4: 3.0, 6: 3.8, 8: 3.7, 16: 5.0},
    "loss": {2: 7.2, 3: 8.1, 4: 8.4, 6: 6.5, 8: 6.0, 16: 5.0},
    "contrast": {2: 6.4, 3: 6.4, 4: 6.4, 6: 8.5, 8: 7.0, 16: 4.4},
    "blur": {2: 3.6, 3: 3.1, 4: 2.8, 6: 3.0, 8: 3.2, 16: 3.6},
}
"""Spreads of the residual that a measure reaches at most where nothing was damaged, by window side in cells,
for a region of FULL_REGION_SAMPLES samples. Set from the largest value in 15 clean edits, 42 controls and 420
pictures after benign processing: 1.25 times it for windows up to 16 samples (light 1.4), about 2 times it for larger
ones, which small changes do not need and slow drifts of tone reach most easily (leaving one clean edit out, its own
largest value passed the others' by up to 1.6 and 2.0 times). Blur: 1.3 times the largest of 95 clean edits and
controls and 520 processed pictures for windows up to 24 samples, 1.5 and 2 times for those of 32 and 64 (leaving one
case out: up to 1.2, and 1.5 at 64)."""
SMALL_REGION_FACTOR = 0.32
"""Factor on NULL_THRESHOLDS for a region of a single window: the strictest at which fewer than 0.3 % of random areas
in clean edits and processed pictures block (0.45: 0.1 %); it catches every injected change."""
SMALL_REGION_FACTORS = {Kind.OUTSIDE_MASK: 0.45, Kind.TEXT: 1.0}
"""the same for kinds that need another one; text has a measure of its own, `stroke`"""
SAYS = {
    "light": "a patch became lighter or darker",
    "color": "a patch changed its colour",
    "spot": "a spot differs from its surroundings",
    "loss": "detail is gone",
    "contrast": "something was drawn or re-rendered",
    "blur": "fine detail was blurred or re-rendered",
}


@dataclass(frozen=True, slots=True)
class RegionWeights:
    """A region on the grid of cells."""

    kind: Kind
    weight: Float
    """samples of the region in each cell, rows x columns, 0 to 16"""


def outliers(
    sums: Float, reference: Float, regions: list[RegionWeights], editable: Mask | None, pool: Executor
) -> list[tuple[Metric, ...]]:
    """For each region and measure, its most conspicuous window over the noise floor.

    Args:
        sums: Cell sums of both pictures' difference, from `residual.cell_sums`.
        reference: Samples in each cell that the residual is estimated from.
        regions: On the grid of cells; the first is what lies outside the mask.
        editable: H x W, where editing was allowed: windows near it count half. None: they count in full.
        pool: Where the window sizes are worked on at once.

    Returns:
        A metric a measure for each region; 1.0 is as far as benign processing went, `around` what went further.
    """
    weights = [region.weight for region in regions]
    if spared := editable is not None and bool(editable.any()):
        weights.append(cells((~grown(editable, round(SPILL_BAND_SHARE * max(editable.shape)))).astype(np.float32)))
    best: list[dict[str, Metric]] = [{} for _ in regions]
    for scale in scales(sums, reference, weights, pool):
        near = _nearness(scale.others[-1], scale.side) if spared else None
        for index, (region, inside) in enumerate(zip(regions, scale.others, strict=False)):
            samples = float(region.weight.sum())
            counts = _own_windows(scale, inside, samples).astype(np.float32)
            if not counts.any():
                continue
            if near is not None and region.kind is Kind.OUTSIDE_MASK:
                counts *= near
            strictness = _strictness(samples, scale.side, SMALL_REGION_FACTORS.get(region.kind, SMALL_REGION_FACTOR))
            for name, deviation in scale.deviations.items():
                floor = NULL_THRESHOLDS[name][scale.side] * strictness
                ratios = deviation * counts
                metric = _worst(name, ratios, floor, scale, region.kind)
                known = best[index].get(name, metric)
                around = known.around
                if metric.value > 1:
                    over = ratios > floor
                    if name == "spot":  # so does what lies beside it
                        over &= scale.deviations["light"] > MIN_OWN_LIGHT * deviation
                    around = _widened(around, over, scale)
                best[index][name] = replace(max(known, metric, key=attrgetter("value")), around=around)
    return [tuple(_with_worst(metric) for metric in found.values()) for found in best]


def _strictness(samples: float, side: int, least: float) -> float:
    """Factor on NULL_THRESHOLDS in windows of `side` cells, for a region of so many samples.

    The largest of n values with an exponential tail grows with log n, so what a large region shows by chance a small
    one does not.
    """
    window = (side * CELL) ** 2
    part = np.log1p(samples / window) / np.log1p(FULL_REGION_SAMPLES / window)
    return float(least + (1 - least) * min(1.0, part))


def _own_windows(scale: Scale, inside: Float, samples: float) -> Mask:
    """Windows that judge a region: those mostly in it, or, where it is smaller than any, those holding most of it."""
    need = MIN_SHARE * (scale.side * CELL) ** 2
    if scale.side == SCALES[0]:
        need = min(need, MIN_SHARE * max(samples, 1.0))
    own: Mask = scale.usable & (inside >= need)
    return own


def _nearness(inner: Float, side: int) -> Float:
    """How much each window counts, by how many of its samples lie far from where editing was allowed."""
    near: Float = np.where(inner < MIN_BEYOND_SHARE * (side * CELL) ** 2, np.float32(SPILL_WEIGHT), np.float32(1))
    return near


def _widened(around: Box | None, over: Mask, scale: Scale) -> Box | None:
    """The box around what smaller windows found, and around the windows over the noise floor that do not reach into it.

    Those that do show the same change less closely: a strong change puts the largest windows around it over as well.
    """
    apart, side = scale.step * CELL, scale.side * CELL
    if around:
        left, top = (max(0, (start - side) // apart + 1) for start in (around.x, around.y))
        over[top : -(-(around.y + around.height) // apart), left : -(-(around.x + around.width) // apart)] = False
    if not over.any():
        return around
    found = bounding_box(over, apart, side)
    return found | around if around else found


def _with_worst(metric: Metric) -> Metric:
    """The worst window is part of what changed, however little it did."""
    around = metric.around | metric.box if metric.around and metric.box else metric.box
    return replace(metric, around=around)


def _worst(name: str, deviation: Float, floor: float, scale: Scale, kind: Kind) -> Metric:
    """The window of a region that deviates most; where none does, nowhere."""
    at = int(np.argmax(deviation))
    row, column = divmod(at, deviation.shape[1])
    apart, side = scale.step * CELL, scale.side * CELL
    value = float(deviation[row, column]) / floor
    says = f"{SAYS[name]}: local change, {{value}} the noise floor (limit {{limit}})"
    box = Box(column * apart, row * apart, side, side) if value > 0 else None
    return Metric(name, max(0.0, value), "x", kind.value, says, box)
