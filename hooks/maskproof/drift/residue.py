"""What stands out of an edit's own residue.

Every edit leaves a residue where nothing was meant to change: none for a composite, several levels for a diffusion
decode, more where the picture is textured. Damage is what differs more than the same picture differs elsewhere at
the same texture (blur: elsewhere in equal unrest). Each measure is taken in windows of 8 to 64 samples and compared
with the middle and the upper spread of its own kind; how much residue is accepted at all is bounded, so that noise
added everywhere becomes drift itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maskproof.drift.windows import CELL, Float, Mask, cells, detail, mean3, surround, windows
from maskproof.model import Metric

SCALES = (2, 3, 4, 6, 8, 16)
"""Sides of the windows in cells."""
MEASURES = ("light", "color", "spot", "loss", "contrast", "blur")
FLOOR = 0.5
"""Added to every spread, in hundredths of full scale: about half a just noticeable step, so that a residue of zero
(a composite) does not make one level of rounding stand out."""
BINS = 14
"""Texture classes; 14 found slightly more of the small changes than 8, and 5 fewer."""
UPPER = 0.9
"""The spread is taken from the middle to this quantile. 0.75 and 0.8 found fewer; above, damage itself is counted as
residue."""
FEWEST = 40
"""Windows a texture class needs; with less in all, one class is used."""
SAMPLE = 8192
"""Windows that the residue is estimated from, evenly picked."""
SHARE = 0.6
"""A window counts where at least this share of its samples is protected."""
LEVEL_SIDE = 4
"""side, in cells, of the windows that the level of the residue is taken from"""
MIDDLE_BOUND = {"light": 4.0, "color": 2.0, "spot": 2.5, "loss": 10.0, "contrast": 5.0, "blur": 2.0}
SPREAD_BOUND = {"light": 4.5, "color": 4.0, "spot": 3.0, "loss": 8.0, "contrast": 6.5, "blur": 3.5}
"""Largest middle and spread that count as residue, hundredths of full scale: about 1.5 times what held edits and
harmless processing show in any class (light 2.6 and 2.8, color 1.1 and 2.7, spot 1.3 and 1.8, loss 6 and 5.3,
contrast 3 and 4.4, blur 1.3 and 2.3). What goes beyond them stands out."""


@dataclass(frozen=True, slots=True)
class Scale:
    """All measures at one window size; arrays are rows x columns of window corners."""

    side: int
    """Cells."""
    weight: Float
    """Protected samples in the window."""
    usable: Mask
    """Enough of the window is protected."""
    values: dict[str, Float]
    """Measured, hundredths of full scale."""
    standing: dict[str, Float]
    """How far the value stands out, in spreads."""


def gather(original: Float, edit: Float, weight: Float) -> Float:
    """Sums over cells from which every measure is taken.

    Args:
        original: Opponent planes, 3 x H x W.
        edit: The same of the edit, aligned and without its tone step.
        weight: H x W, 1 where protected, else 0.

    Returns:
        10 x rows x columns: weight, luma, red, blue, luma squared, luma x detail, detail squared; then soft luma x
        band, band squared, soft luma squared, where `band` is the detail that a 1 px resize leaves alone.
    """
    luma = original[0]
    difference = (edit - original) * weight
    fine = detail(luma) * weight
    d = difference[0]
    band, soft = mean3(detail(luma, 4)) * weight, mean3(d) * weight
    parts = (
        weight,
        d,
        difference[1],
        difference[2],
        d * d,
        d * fine,
        fine * fine,
        soft * band,
        band * band,
        soft * soft,
    )
    return np.stack([cells(part) for part in parts])


def measured(sums: Float, side: int) -> tuple[Float, Float, Float, dict[str, Float]]:
    """Weight, texture (mean squared detail), unrest around and each measure for windows of side x side cells."""
    inside, ring = windows(sums, side), surround(sums[[0, 1, 4, 9]], side)
    weight = inside[0]
    n, m = np.maximum(weight, 1), np.maximum(ring[0], 1)
    light, texture = inside[1] / n, inside[6] / n
    framed = ring[0] > 0.5 * n
    values = {
        "light": np.abs(light),
        "color": np.hypot(inside[2], inside[3]) / n,
        "spot": np.where(framed, np.abs(light - ring[1] / m), 0),
        "loss": -inside[5] / n / np.sqrt(texture + 0.5),
        "contrast": np.where(framed, np.sqrt(inside[4] / n) - np.sqrt(np.maximum(ring[2], 0) / m), 0),
        "blur": -inside[7] / n / np.sqrt(inside[8] / n + 0.5),
    }
    unrest = np.where(framed, np.maximum(ring[3], 0) / m, inside[9] / n)
    return weight, texture, unrest, values


def stand_out(sums: Float, side: int, reference: Float) -> Scale:
    """Every measure at one window size, compared with the residue of the reference area.

    Args:
        sums: From `gather`.
        side: Side of the windows in cells.
        reference: Samples in each cell that the residue is estimated from, rows x columns.
    """
    weight, texture, unrest, values = measured(sums, side)
    enough = SHARE * (side * CELL) ** 2
    usable, told = weight >= enough, windows(reference, side) >= enough
    by_texture, by_unrest = _classes(texture, told, usable), _classes(unrest, told, usable)
    standing = {}
    for name, value in values.items():
        order, place, part = by_unrest if name == "blur" else by_texture
        middle, spread = _residue(value, order, MIDDLE_BOUND[name], SPREAD_BOUND[name])
        upper = np.minimum(place + 1, len(middle) - 1)
        expected = middle[place] + (middle[upper] - middle[place]) * part
        width = spread[place] + (spread[upper] - spread[place]) * part
        standing[name] = np.where(usable, (value - expected) / (width + FLOOR), 0)
    return Scale(side, weight, usable, values, standing)


def _classes(texture: Float, reference: Mask, usable: Mask) -> tuple[np.ndarray, np.ndarray, Float]:
    """Reference windows by texture class (classes x members); each window's lower class, and how far above it is."""
    fine = np.log(texture + np.float32(0.25))
    at = np.flatnonzero(reference)
    if len(at) < FEWEST:
        at = np.flatnonzero(usable)
    at = at[:: max(1, -(-len(at) // SAMPLE))]
    order = at[np.argsort(fine.ravel()[at], kind="stable")]
    classes = max(1, min(BINS, len(order) // FEWEST))
    members = len(order) // classes
    order = order[: classes * members].reshape(classes, members)
    if members == 0:
        return order, np.zeros(fine.shape, np.intp), np.zeros_like(fine)
    centres = fine.ravel()[order[:, members // 2]]
    position = np.interp(fine.ravel(), centres, np.arange(classes)).reshape(fine.shape)
    place = position.astype(np.intp)
    return order, place, (position - place).astype(np.float32)


def _residue(value: Float, order: np.ndarray, middle_bound: float, spread_bound: float) -> tuple[Float, Float]:
    """Middle and upper spread of a measure in each texture class, bounded."""
    _, members = order.shape
    if members == 0:
        return np.zeros(1, np.float32), np.zeros(1, np.float32)
    half, high = members // 2, min(members - 1, int(UPPER * members))
    ranked = np.partition(value.ravel()[order], (half, high), axis=1)
    middle = np.minimum(ranked[:, half], middle_bound)
    return middle, np.minimum(ranked[:, high] - ranked[:, half], spread_bound)


def residue_level(sums: Float, weight: Float) -> Metric:
    """What three quarters of the protected area stay below: RMS of the luma difference in 16 px windows.

    Args:
        sums: Cell sums from `gather`.
        weight: Protected samples in each cell, rows x columns.
    """
    value = 0.0
    if min(weight.shape) >= LEVEL_SIDE:
        inside, squares = windows(weight, LEVEL_SIDE), windows(sums[4], LEVEL_SIDE)
        usable = inside > SHARE * (LEVEL_SIDE * CELL) ** 2
        value = float(np.sqrt(np.quantile(squares[usable] / inside[usable], 0.75))) if usable.any() else 0.0
    return Metric(
        "residue",
        value,
        "% of full scale",
        "outside-mask",
        "nearly all of the protected area was drawn anew: its luma differs by {value} RMS (limit {limit})",
    )
