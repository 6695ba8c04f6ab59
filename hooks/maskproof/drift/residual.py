"""The residual: what an edit changes everywhere, and how far each window deviates from it.

Every edit leaves a residual where nothing was meant to change: none for a composite, several levels for a diffusion
decode, more where the picture is textured. Damage is what differs more than the same picture differs elsewhere at
the same texture (blur: in equal unrest; colour: also at equal steps of colour). Each measure is taken in windows of
three sizes and compared with the middle and the upper spread of its own kind; how much residual is accepted at all is
bounded, so that noise added everywhere becomes drift itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from maskproof.drift.grid import CELL, Float, Mask, Smooth, all_windows, cells, mean3, surround, windows, within
from maskproof.model import Metric

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

SCALES = (2, 3, 8)
"""Sides of the windows in cells: a small letter, a detail, a patch. 16, 24 and 64 samples were tried and found nothing
that these do not."""
MEASURES = ("light", "color", "contrast", "blur")
"""What is measured in each window. Each finds damage that the others do not (docs/accuracy.md). Loss of detail, and
light against that of the surroundings, were tried beside them and decided nothing."""
MIN_SPREAD = 0.5
"""Added to every spread, in hundredths of full scale: about half a just noticeable step, so that a residual of zero
(a composite) does not make an outlier of one level of rounding. 0.7 and 1 find fewer soft-edged changes."""
EXACT_SPREAD = 0.25
"""the same for colour in a composite, which has no residual that colour could hide in: a soft-edged patch of a twelfth
of the picture shows at 8 levels of 255 in place of 13. Light needs MIN_SPREAD there as well: a lift of what is nearly
black by a few levels, which nobody sees, moves it as much as damage does"""
EXACT_SHARE = 0.5
"""share of the picture that has to be the original's, sample for sample, for it to be a composite"""
CRISP = 0.02
"""share of its detail that a window may differ by beside its class: what resampling does to drawings and print, whose
few crisp edges are no class of their own. 0.04 finds fewer soft-edged changes"""
MAX_CRISP = 0.12
"""share of its detail by which MAX_MIDDLE may be passed, where all that is crisp was resampled"""
BINS = 14
"""Texture classes; with 8 and 6 the largest of what held passes the others' by up to 1.4 times."""
UPPER = 0.9
"""The spread is taken from the middle to this quantile. 0.85 and lower let what held pass by up to 1.3 times; above,
damage itself is counted as residual."""
MIN_CLASS_WINDOWS = 40
"""Windows a texture class needs; with less in all, one class is used."""
SAMPLED_WINDOWS = 8192
"""Windows that the residual is estimated from, evenly picked."""
DETAIL, BAND_DETAIL = 8, 4
"""Sides of the blocks, in samples, whose means are taken off luma to get its detail, and the detail of its band."""
STRIP_ROWS = 32
"""Rows that are summed up at once."""
SUMS, FRAMED = 10, 3
"""How many sums are taken, and how many of them, which stand first, over what surrounds a window as well."""
LOG_STEPS = 128
"""Levels of texture per factor e; a class is some thirty of them wide or more."""
LEVELS = 1400
"""Levels that there are: the largest mean square of a difference is 10,000."""
WIDE, WIDE_STEP = 6, 2
"""Windows of so many cells and more are placed at every second one, where that leaves SAMPLED_WINDOWS of them."""
MIN_SHARE = 0.6
"""A window counts where at least this share of its samples is protected."""
LEVEL_SIDE = 4
"""side, in cells, of the windows that the level of the residual is taken from"""
MAX_MIDDLE, MAX_SPREAD = 2.5, 2.0
"""Largest middle and spread that count as residual, hundredths of full scale; no edit that held comes near them. What
goes beyond is drift."""


class Scale(Struct, frozen=True):
    """All measures at one window size; arrays are rows x columns of window corners."""

    side: int
    """Cells."""
    step: int
    """Cells from one window to the next."""
    usable: Mask
    """Enough of the window is protected."""
    deviations: dict[str, Float]
    """How far each measure lies above the middle, in spreads."""
    others: tuple[Float, ...]
    """Sums over the windows of the planes that were handed in."""


def cell_sums(original: Float, edit: Float, protected: Mask, pool: Executor) -> Float:
    """Sums over cells from which every measure is taken.

    Args:
        original: Opponent planes in the edit's tone, 3 x H x W.
        edit: The same of the edit, aligned.
        protected: H x W.
        pool: Where parts of the picture are worked on at once.

    Returns:
        SUMS x rows x columns: weight, luma squared, soft luma squared (the FRAMED ones); luma, red, blue, detail
        squared; soft luma x band, band squared, where `band` is the detail that a 1 px resize leaves alone; squared
        steps of colour.
    """
    blocks, small_blocks = Smooth.of(original[0], DETAIL), Smooth.of(original[0], BAND_DETAIL)
    height = len(protected) // CELL * CELL

    def strip(top: int) -> Float:
        bottom = min(top + STRIP_ROWS, height)
        wide = slice(max(0, top - 1), min(len(protected), bottom + 1))  # `mean3` looks at the rows beside its own
        own = slice(top - wide.start, bottom - wide.start)
        weight, light = protected[wide].astype(np.float32), original[0, wide]
        difference = (edit[:, wide] - original[:, wide]) * weight
        soft = (mean3(difference[0]) * weight)[own]
        band = (mean3(light - small_blocks.rows(wide)) * weight)[own]
        fine = ((light - blocks.rows(wide)) * weight)[own]
        luma, red, blue = difference[:, own]
        framed = weight[own], luma * luma, soft * soft
        rest = luma, red, blue, fine * fine, soft * band, band * band
        return np.stack([cells(part) for part in (*framed, *rest)])

    # In strips, because what lies in between then stays in the processor's cache.
    none = np.empty((SUMS - 1, 0, protected.shape[1] // CELL), np.float32)
    sums = np.concatenate([none, *pool.map(strip, range(0, height, STRIP_ROWS))], axis=1)
    return np.concatenate([sums, _color_steps(original[1:])[None] * sums[:1]])


def _color_steps(planes: Float) -> Float:
    """Squared difference of each cell's colour to its neighbours' (2 x H x W to rows x columns)."""
    own: Float = cells(planes) * np.float32(1 / CELL**2)
    if not own.size:
        return np.zeros(own.shape[1:], np.float32)
    means = np.pad(own, ((0, 0), (1, 1), (1, 1)), mode="edge")
    down = means[:, 2:, 1:-1] - means[:, :-2, 1:-1]
    across = means[:, 1:-1, 2:] - means[:, 1:-1, :-2]
    steps: Float = (down * down + across * across).sum(0)
    return steps


def scales(sums: Float, reference: Float, others: Sequence[Float], pool: Executor) -> Iterator[Scale]:
    """Every measure at each window size, compared with the residual of the reference area.

    Args:
        sums: From `cell_sums`.
        reference: Samples in each cell that the residual is estimated from, rows x columns.
        others: More planes of cells, which are handed back as sums over the same windows.
        pool: Where the sizes are worked on at once.
    """
    sides = [side for side in SCALES if side <= min(reference.shape)]
    margin = max(sides, default=0)
    least = _least_spread(sums, reference)
    many = reference.size >= SAMPLED_WINDOWS * WIDE_STEP**2
    padded = (all_windows(np.pad(plane, margin), sides) for plane in sums[:FRAMED])
    rest = (all_windows(plane, sides) for plane in (*sums[FRAMED:], reference, *others))
    # Plane by plane and size by size: little memory is in use at any time.
    started = [
        pool.submit(_scale, side, WIDE_STEP if many and side >= WIDE else 1, margin, wide, found, least)
        for side, wide, found in zip(sides, zip(*padded, strict=True), zip(*rest, strict=True), strict=True)
    ]
    return (one.result() for one in started)


def _least_spread(sums: Float, reference: Float) -> float:
    """What is added to the spread of colour: less where most of the picture is the original's, sample for sample."""
    whole = reference >= CELL**2
    kept = np.count_nonzero(whole & (sums[1] == 0)) > EXACT_SHARE * np.count_nonzero(whole)
    return EXACT_SPREAD if kept else MIN_SPREAD


def _scale(side: int, step: int, margin: int, padded: Sequence[Float], rest: Sequence[Float], least: float) -> Scale:
    """One window size, from windows of the FRAMED sums with a margin, and of the other sums and planes without."""
    framed = [within(plane, margin, step) for plane in padded]
    around = [surround(plane, side, margin, step) for plane in padded]
    own = [np.ascontiguousarray(plane[::step, ::step]) for plane in rest]
    sums, reference, others = own[: SUMS - FRAMED], own[SUMS - FRAMED], own[SUMS - FRAMED + 1 :]
    weight, texture, unrest, hues, values = _measured(framed, around, sums)
    enough = MIN_SHARE * (side * CELL) ** 2
    usable, told = weight >= enough, reference >= enough
    by_texture, by_hue, by_unrest = (_Classes.of(plane, told, usable) for plane in (texture, hues, unrest))
    detail = np.sqrt(texture)
    classes = dict.fromkeys(values, by_texture) | {"blur": by_unrest}
    added = dict.fromkeys(values, MIN_SPREAD) | {"color": least}
    deviations = {
        name: classes[name].deviation(value, added[name], detail if name == "contrast" else 0.0)
        for name, value in values.items()
    }
    # Encoders leave wrong colour both where there is detail and where colours meet; neither class says all of it.
    deviations["color"] = np.minimum(deviations["color"], by_hue.deviation(values["color"], least))
    return Scale(side, step, usable, deviations, tuple(others))


def _measured(
    framed: Sequence[Float], around: Sequence[Float], rest: Sequence[Float]
) -> tuple[Float, Float, Float, Float, dict[str, Float]]:
    """Weight, texture (mean squared detail), unrest around, steps of colour and each measure of windows.

    Args:
        framed: Sums over windows, the first FRAMED of `cell_sums`.
        around: The same over what surrounds each window.
        rest: The other sums over windows.
    """
    weight = framed[0]
    n, m = np.maximum(weight, 1), np.maximum(around[0], 1)
    surrounded = around[0] > np.float32(0.5) * n
    square, soft, light, red, blue, texture, blur, band, hues = _ratios([*framed[1:], *rest], n)
    square_around, soft_around = _ratios(around[1:], m)
    unrest: Float = np.where(surrounded, np.maximum(soft_around, 0), soft)
    values: dict[str, Float] = {
        "light": np.abs(light),
        "color": np.sqrt(red * red + blue * blue),
        "contrast": (np.sqrt(square) - np.sqrt(np.maximum(square_around, 0))) * surrounded,
        "blur": -blur / np.sqrt(band + np.float32(0.5)),
    }
    return weight, np.maximum(texture, 0), unrest, hues, values


def _ratios(sums: Sequence[Float], weight: Float) -> list[Float]:
    return [plane / weight for plane in sums]


class _Classes(Struct, frozen=True):
    """Windows by their texture or unrest."""

    level: NDArray[np.intp]
    """of every window, in LOG_STEPS, rows x columns"""
    members: NDArray[np.intp]
    """windows of the reference area, as places in the flattened array: classes x members, the least textured first"""
    centres: NDArray[np.intp]
    """level in the middle of each class"""

    @classmethod
    def of(cls, texture: Float, reference: Mask, usable: Mask) -> _Classes:
        """Classes of the same size, of the reference area or, where that is too small, of all usable windows."""
        level = (np.log(np.maximum(texture, 0) * 4 + 1) * LOG_STEPS).astype(np.uint16)
        at = np.flatnonzero(reference)
        if len(at) < MIN_CLASS_WINDOWS:
            at = np.flatnonzero(usable)
        at = at[:: max(1, -(-len(at) // SAMPLED_WINDOWS))]
        # Levels are whole numbers of 16 bits because numpy sorts those ten times as fast.
        order = at[np.argsort(level.ravel()[at], kind="stable")]
        classes = max(1, min(BINS, len(order) // MIN_CLASS_WINDOWS))
        each = len(order) // classes
        members = order[: classes * each].reshape(classes, each)
        centres = level.ravel()[members[:, each // 2]] if each else np.zeros(1)
        return cls(level.astype(np.intp), members, centres.astype(np.intp))

    def deviation(self, value: Float, least: float, detail: Float | float = 0.0) -> Float:
        """How far a measure lies above the middle of its class, in spreads.

        Middle and upper spread are bounded, and linear between the centres of classes. Crisp edges may differ by shares
        of their own `detail` more, where the measure asks for it.
        """
        each = self.members.shape[1]
        if not each:
            return value / (np.float32(least) + np.float32(CRISP) * detail)
        half, high = each // 2, min(each - 1, int(UPPER * each))
        ranked = np.partition(value.ravel()[self.members], (half, high), axis=1)
        # A class that lies beside something changed differs less than what surrounds it: nothing stands out by that.
        middle = np.maximum(ranked[:, half], 0)
        spread = np.clip(ranked[:, high] - middle, 0, MAX_SPREAD)
        # At each level once, then looked up: there are far fewer levels than windows.
        expected, width = (
            np.interp(np.arange(LEVELS), self.centres, numbers).astype(np.float32).take(self.level, mode="clip")
            for numbers in (middle, spread)
        )
        most = np.float32(MAX_MIDDLE) + np.float32(MAX_CRISP) * detail
        accepted: Float = np.minimum(expected, most).astype(np.float32)
        return np.asarray((value - accepted) / (width + np.float32(least) + np.float32(CRISP) * detail), np.float32)


def residual_level(sums: Float, weight: Float) -> tuple[Metric]:
    """What three quarters of the protected area stay below: RMS of the luma difference in 16 px windows.

    Args:
        sums: Cell sums from `cell_sums`.
        weight: Protected samples in each cell, rows x columns.
    """
    value = 0.0
    if min(weight.shape) >= LEVEL_SIDE:
        inside, squares = windows(weight, LEVEL_SIDE), windows(sums[1], LEVEL_SIDE)
        usable = inside > MIN_SHARE * (LEVEL_SIDE * CELL) ** 2
        value = float(np.sqrt(np.quantile(squares[usable] / inside[usable], 0.75))) if usable.any() else 0.0
    says = "nearly all of the protected area was re-rendered: its luma differs by {value} RMS (limit {limit})"
    return (Metric("residue", value, "% of full scale", "outside-mask", says),)
