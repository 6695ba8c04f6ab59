"""Outliers: what differs more in one place than the edit differs everywhere, over what the picture itself allows.

How far the most conspicuous window of what held deviates differs from picture to picture: an encoder leaves more of
it in one than in the other. So each picture sets its own limit, within bounds: twice the third most conspicuous
place. Two damaged places therefore cannot hide each other.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from maskproof.drift.grid import CELL, bounding_box, cells, grown, third_peak
from maskproof.drift.residual import MIN_SHARE, SCALES, Scale, scales
from maskproof.model import Box, Kind, Metric

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from maskproof.drift.grid import Float, Mask

SPILL_BAND_SHARE = 0.027
"""share of the long side around the editable area within which an outlier counts half: editors spill a little"""
SPILL_WEIGHT = 0.5
MIN_BEYOND_SHARE = 0.97
"""share of a window that has to lie beyond SPILL_BAND_SHARE to count in full"""
LEAST, MOST = 4.66, 7.0
"""spreads of the residual, in windows of 8 samples, that are allowed at the least and at the most: one number, fitted
to the real edits of 22 repositories and damage planted into them, and 1.5 times it"""
TIMES_THIRD = 2.2
"""times the third most conspicuous place that are allowed, between LEAST and MOST; with the second, a second damage
raises the limit, with the fourth and eighth more of what held is blocked"""
LIGHT = 1.08
"""times the limit that a patch may differ in light: a scene that was drawn anew leaves slow waves of light, and on
plain ground (a word's paper) one passes for damage. 1.17 finds fewer soft-edged changes"""
APART = 3
"""sides of a window that places have to lie apart to be two"""
AVERAGING = 0.4
"""power of a window's side by which the limit falls, as noise averages out; 0.5 for white noise"""
FULL_REGION_SAMPLES = 1e6
"""samples of a region to which the limit applies as it is"""
SMALL_REGION_FACTOR = 0.6
"""factor on the limit for a region of a single window"""
KINDS = (("light", "contrast"), ("color",), ("blur",))
"""Measures that an editor's residual moves at once, and such that it does not: two kinds beside each other say more
than either, so in one window they count as the sixth root of the sum of their sixth powers. With the fourth, what held
comes closer to its limit; with the eighth, less damage is found."""
SAYS = {
    "light": "a patch became lighter or darker",
    "color": "a patch changed its colour",
    "contrast": "something was drawn or re-rendered",
    "blur": "fine detail was blurred or re-rendered",
}
Usual = dict[tuple[str, int], float]
"""the third most conspicuous place outside the mask, over its limit's factors, by measure and window side"""


class RegionWeights(Struct, frozen=True):
    """A region on the grid of cells."""

    kind: Kind
    weight: Float
    """samples of the region in each cell, rows x columns, 0 to 16"""


def outliers(
    sums: Float,
    reference: Float,
    regions: list[RegionWeights],
    near: Mask | None,
    pool: Executor,
    usual: Usual | None = None,
) -> tuple[list[tuple[Metric, ...]], Usual]:
    """For each region and measure, its most conspicuous window over what the picture allows.

    Args:
        sums: Cell sums of both pictures' difference, from `residual.cell_sums`.
        reference: Samples in each cell that the residual is estimated from.
        regions: On the grid of cells.
        near: H x W, near where editing was allowed: windows of the region outside the mask count half there. None: they
            count in full.
        pool: Where the window sizes are worked on at once.
        usual: What the picture shows outside the mask; None: taken from the first region.

    Returns:
        A metric a measure for each region; 1.0 is what the picture allows, `around` what went further. And `usual`.
    """
    weights = [region.weight for region in regions]
    if near is not None:
        weights.append(cells((~near).astype(np.float32)))
    best: list[dict[str, Metric]] = [{} for _ in regions]
    known: Usual = dict(usual or {})
    for scale in scales(sums, reference, weights, pool):
        beyond = None if near is None else _nearness(scale.others[-1], scale.side)
        for index, (region, inside) in enumerate(zip(regions, scale.others, strict=False)):
            samples = float(region.weight.sum())
            counts = _own_windows(scale, inside, samples).astype(np.float32)
            if not counts.any():
                continue
            if beyond is not None and region.kind is Kind.OUTSIDE_MASK:
                counts *= beyond
            factor = _factor(samples, scale.side)
            over: dict[str, Float] = {}
            for name, deviation in scale.deviations.items():
                ratios = deviation * counts
                third = known.get((name, scale.side))
                if third is None:
                    third = known[name, scale.side] = third_peak(ratios, -(-APART * scale.side // scale.step)) / factor
                allowed = factor * float(np.clip(TIMES_THIRD * third, *_bounds(scale.side)))
                allowed *= LIGHT if name == "light" else 1
                over[name] = ratios * np.float32(1 / allowed)
            for name, ratios in _together(over).items():
                metric = _worst(name, ratios, scale, region.kind)
                other = best[index].get(name, metric)
                around = other.around
                if metric.value > 1:
                    around = _widened(around, ratios > 1, scale)
                best[index][name] = replace(max(other, metric, key=attrgetter("value")), around=around)
    return [tuple(_with_worst(metric) for metric in found.values()) for found in best], known


def near(editable: Mask, islands: Mask) -> Mask | None:
    """H x W, near where editing was allowed and not on an island, which has nothing but edges; None: nothing is."""
    if not editable.any():
        return None
    found: Mask = grown(editable, round(SPILL_BAND_SHARE * max(editable.shape))) & ~islands
    return found


def _bounds(side: int) -> tuple[float, float]:
    """The least and the most that is allowed in windows of so many cells."""
    averaged = float((SCALES[0] / side) ** AVERAGING)
    return LEAST * averaged, MOST * averaged


def _factor(samples: float, side: int) -> float:
    """Factor on the limit in windows of `side` cells, for a region of so many samples.

    The largest of n values with an exponential tail grows with log n, so what a large region shows by chance a small
    one does not.
    """
    window = (side * CELL) ** 2
    part = np.log1p(samples / window) / np.log1p(FULL_REGION_SAMPLES / window)
    return float(SMALL_REGION_FACTOR + (1 - SMALL_REGION_FACTOR) * min(1.0, part))


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
    """The box around what smaller windows found, and around the windows over the limit that do not reach into it.

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


def _together(over: dict[str, Float]) -> dict[str, Float]:
    """Each measure over what it allows, raised where it leads by what the other KINDS show in the same window."""
    kinds = [np.maximum.reduce([over[name] for name in kind if name in over]).clip(0) for kind in KINDS]
    squares = [plane * plane for plane in kinds]
    together = np.cbrt(np.sqrt(sum(plane * plane * plane for plane in squares)))
    leading = np.maximum.reduce(kinds)
    return {name: np.where(plane == leading, together, plane) for name, plane in over.items()}


def _worst(name: str, over: Float, scale: Scale, kind: Kind) -> Metric:
    """The window of a region that deviates most over what is allowed; where none does, nowhere."""
    at = int(np.argmax(over))
    row, column = divmod(at, over.shape[1])
    apart, side = scale.step * CELL, scale.side * CELL
    value = float(over[row, column])
    says = f"{SAYS[name]}: local change, {{value}} what this picture shows of it elsewhere (limit {{limit}})"
    box = Box(column * apart, row * apart, side, side) if value > 0 else None
    return Metric(name, max(0.0, value), "x", kind.value, says, box)
