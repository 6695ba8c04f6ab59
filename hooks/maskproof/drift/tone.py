"""How the tone of the whole protected area moved: a curve of each plane, gain of lightness, turn of hue.

A curve over the whole frame (brighter, more contrast, another gamma) is one thing that happened to the picture and is
told as that; what one place differs by beyond it is told there. The direction of light is out of scope.
"""

from __future__ import annotations

import numpy as np

from maskproof.drift.grid import CELL, Float, Mask, shrunk
from maskproof.drift.oklab import oklab, rgb_of
from maskproof.model import Metric

PLACES_ALONG = 80
"""places along the long side at which colours are compared; more of them move no median"""
MIN_PROTECTED_SHARE = 0.99
"""share of a place that has to be protected"""


CURVE_BINS = 12
"""quantile bins of the original's values that the curve is drawn through; medians of bins do not see what fills less
than half of one"""
LEVELS = 60_000
"""steps that the range of a plane's values is told in"""
MIN_BIN_SAMPLES = 400
"""samples of a bin at the least"""
MIN_TONED_SAMPLES = 64
"""samples below which there is no frame to have a tone: all that differs is a change"""
MIN_BEND = 0.4
"""hundredths of full scale by which the step of a plane has to differ between bins to be more than one step"""
MIN_BINS = 6
"""bins below which a curve is one step"""
FIT_STEPS = 12
"""rounds of reweighted least squares, which come to least absolute deviations"""
MAX_SLOPE = 0.3
"""steepness of the step over the value; gamma 1.1 has 0.25 in the shadows, contrast 1.06 has 0.06. In a scene of few
flat colours a steeper one would explain that one of them was replaced"""
MIN_GAIN = 0.9
"""share to which a curve has to bring the mean difference down, for it to be taken instead of one step"""
STEP_NOISE = 0.05
"""hundredths of full scale that the step of a bin is not sure to"""
WAYS = (("lighter", "darker"), ("redder", "greener"), ("yellower", "bluer"))
"""what more and less of each of OKLab's three coordinates is called"""
SEEN_STEP = 1.0
"""OKLab x100 from which on a way that the tone went is told beside the furthest"""
STEP_BINS = 5
"""quantile bins of lightness whose step is told"""
MIN_STEP_PLACES = 40
"""places of such a bin at the least"""


def toned(original: Float, edit: Float, protected: Mask, stride: int) -> Float:
    """The original's planes (3 x h x w) in the edit's tone: what the protected area says that the whole frame got.

    Args:
        original: Opponent planes, 3 x h x w.
        edit: The same of the edit, aligned.
        protected: h x w.
        stride: Every such row and column is looked at.
    """
    pick = protected[::stride, ::stride]
    if np.count_nonzero(pick) < MIN_TONED_SAMPLES:
        return original
    steps = [
        _curve(plane, plane[::stride, ::stride][pick], other[::stride, ::stride][pick])
        for plane, other in zip(original, edit, strict=True)
    ]
    found: Float = np.stack([plane + step for plane, step in zip(original, steps, strict=True)])
    # What was white cannot become lighter, and black not darker: a lifted tone stops there.
    np.clip(found[0], 0, 100, out=found[0])
    return found


def _curve(plane: Float, before: Float, after: Float) -> Float | np.float32:
    """What the tone curve adds to each sample of a plane: one number where the curve does not bend.

    A parabola through the steps of the bins, by least absolute deviations: a bin that one thing of one colour fills
    does not bend it, as it would a curve through every bin.
    """
    step = after - before
    middle = np.float32(np.median(step))
    bins = min(CURVE_BINS, len(before) // MIN_BIN_SAMPLES)
    if bins < MIN_BINS or not np.ptp(before):
        return middle
    # As whole numbers of 16 bits, because numpy sorts those ten times as fast.
    level = ((before - before.min()) * np.float32(LEVELS / max(float(np.ptp(before)), 1.0))).astype(np.uint16)
    each = len(before) // bins
    parts = np.argsort(level, kind="stable")[: bins * each].reshape(bins, each)
    centres = before[parts[:, each // 2]].astype(np.float64)
    steps = np.partition(step[parts], each // 2, axis=1)[:, each // 2].astype(np.float64)
    if np.ptp(steps) < MIN_BEND:
        return middle
    scale = 1 / max(float(np.abs(centres).max()), 1.0)
    powers = np.vander(centres * scale, 3)
    weights = np.ones(bins)
    for _ in range(FIT_STEPS):
        factors = np.linalg.lstsq(powers * weights[:, None], steps * weights, rcond=None)[0]
        weights = 1 / np.sqrt(np.maximum(np.abs(steps - powers @ factors), STEP_NOISE))
    low, high = float(centres[0]), float(centres[-1])
    least, most = np.float32(steps.min()), np.float32(steps.max())
    bend, slope, base = (np.float32(factor) for factor in factors)

    def curve(values: Float) -> Float:
        known = np.clip(values, low, high) * np.float32(scale)
        added: Float = np.clip((bend * known + slope) * known + base, least, most)
        return added

    # Something that changed only in one tone is no curve of the frame: then the rest lies off it, or it is too steep.
    steepest = max(abs(2 * bend * end * scale + slope) * scale for end in (low, high))
    helps = steepest <= MAX_SLOPE and np.abs(step - curve(before)).mean() < MIN_GAIN * np.abs(step - middle).mean()
    return curve(plane) if helps else middle


def tone(original: Float, edit: Float, weights: Float) -> tuple[Metric, ...]:
    """Largest step of the tone curve in OKLab x100, offset and gain of lightness, turn of hue.

    Args:
        original: Opponent planes averaged over cells, 3 x rows x columns.
        edit: The same of the edit, in the original's frame.
        weights: Samples of each cell where nothing may change, rows x columns, 0 to 16.
    """
    if not weights.size:
        return ()
    factor = max(1, round(max(weights.shape) / PLACES_ALONG))
    weight = shrunk(weights, factor) > MIN_PROTECTED_SHARE * CELL**2
    if not weight.any():
        return ()
    labs = [oklab(rgb_of(shrunk(means, factor)[:, weight])) for means in (original, edit)]
    light = labs[0][:, 0], labs[1][:, 0]
    low, high = (np.quantile(values, (0.1, 0.9)) for values in light)
    gain = float((high[1] - high[0]) / max(low[1] - low[0], 5.0)) if low[1] - low[0] > 5 else 1.0
    bins = max(1, min(STEP_BINS, len(light[0]) // MIN_STEP_PLACES))
    parts = np.array_split(np.argsort(light[0], kind="stable"), bins)
    steps = np.stack([np.median((labs[1] - labs[0])[part], axis=0) for part in parts])
    largest = int(np.argmax(np.linalg.norm(steps, axis=1)))
    difference, where = steps[largest], _tones(largest, bins)
    says = f"the tone of the whole protected area moved by {{value}} (limit {{limit}}){where}: {_ways(difference)}"
    return (
        Metric("tone", float(np.linalg.norm(difference)), "OKLab x100", "tone", says),
        Metric("tone_light", float(difference[0]), "OKLab L x100", "tone", ""),
        Metric("tone_gain", gain, "times", "tone", ""),
        Metric("tone_hue", _hue_turn(labs[0], labs[1]), "degrees", "tone", ""),
    )


def _ways(difference: Float) -> str:
    """Which ways a step in OKLab x100 goes, the furthest first; what nobody sees beside that is left out."""
    found = sorted(((abs(by), way[by < 0]) for by, way in zip(difference.tolist(), WAYS, strict=True)), reverse=True)
    return ", ".join(f"{by:.1f} {way}" for by, way in found if by >= min(SEEN_STEP, found[0][0]))


def _tones(place: int, bins: int) -> str:
    """Where on the scale of lightness the largest step lies."""
    if bins < 3:
        return ""
    return ", most in the " + ("shadows" if place == 0 else "highlights" if place == bins - 1 else "middle tones")


def _hue_turn(first: Float, second: Float) -> float:
    """Median turn of hue of the coloured samples (chroma over 4), degrees."""
    chroma = np.minimum(np.hypot(first[:, 1], first[:, 2]), np.hypot(second[:, 1], second[:, 2]))
    colored = chroma > 4
    if colored.sum() < 20:
        return 0.0
    turn = np.arctan2(second[:, 2], second[:, 1]) - np.arctan2(first[:, 2], first[:, 1])
    return float(np.degrees(np.median(((turn + np.pi) % (2 * np.pi) - np.pi)[colored])))
