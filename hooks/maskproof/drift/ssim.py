"""The largest connected changed region: the part of the protected area that has another structure or colour.

Structure is judged at two scales, because fine texture re-rendered with the same look changes only the finer one
(field notes).
"""

from __future__ import annotations

import numpy as np

from maskproof.drift.grid import CELL, Float, Mask, bounding_box, cells, largest_blob, shrunk, windows
from maskproof.drift.oklab import oklab, rgb_of
from maskproof.model import Metric

MIN_AREA_CELLS = 2000
"""cells that a share is taken of at the least: JPEG at quality 75 changes the structure of six cells of a 64 px
thumbnail"""
COLOR_STEP = 6.0
"""OKLab distance x100 of 4 x 4 means from which on a place has another colour (field notes)."""
STRUCTURE_STEP = 0.5
"""Contrast-structure term of SSIM below which a place has another structure (field notes)."""
SSIM_C2 = 58.5225 / 2.55**2
"""(0.03 x 255)^2, for luma 0..100 (Wang et al., 2004)."""


def changed_area(original: Float, edit: Float, weights: Float) -> tuple[Metric]:
    """The largest connected part of the protected area with another structure (at two scales) or another colour.

    Args:
        original: Opponent planes in the edit's tone, 3 x H x W.
        edit: The same of the edit, aligned; where something may change, as the original.
        weights: Samples of each cell where nothing may change, rows x columns, 0 to 16.
    """
    says = "the largest connected changed region is {value} of the protected area (limit {limit})"
    factor = max(1, round(max(original.shape) / 640))
    fine = [shrunk(planes[0], factor) for planes in (original, edit)]
    coarse = [shrunk(plane, 2) for plane in fine]
    weight = shrunk(weights, factor) / CELL**2
    if weight.sum() < 1 or min(weight.shape) < 4:
        return (Metric("area", 0.0, "share", "outside-mask", says),)
    structure = contrast_structure(fine[0], fine[1])
    rough = contrast_structure(coarse[0], coarse[1])
    rough = np.repeat(np.repeat(rough, 2, 0), 2, 1)
    rows, columns = (min(a, b) for a, b in zip(structure.shape, rough.shape, strict=True))
    changed = np.zeros(weight.shape, np.bool_)
    changed[:rows, :columns] = (structure[:rows, :columns] < STRUCTURE_STEP) & (rough[:rows, :columns] < STRUCTURE_STEP)
    changed |= _recolored(cells(original) / CELL**2, cells(edit) / CELL**2, factor)
    changed &= weight > 0.5
    blob = largest_blob(changed)
    value = float(weight[blob].sum() / max(float(weight.sum()), MIN_AREA_CELLS))
    box = bounding_box(blob, CELL * factor) if blob.any() else None
    return (Metric("area", value, "share", "outside-mask", says, box, box),)


def contrast_structure(first: Float, second: Float) -> Float:
    """Contrast-structure term of SSIM over 8 x 8 windows at stride 4 (rows x columns of cells, less one)."""
    n = np.float32((2 * CELL) ** 2)
    parts = np.stack([cells(p) for p in (first, second, first * first, second * second, first * second)])
    a, b, aa, bb, ab = windows(parts, 2) / n
    term: Float = (2 * (ab - a * b) + SSIM_C2) / (aa - a * a + bb - b * b + SSIM_C2)
    return term


def _recolored(original: Float, edit: Float, factor: int) -> Mask:
    """Cells (of the picture reduced by `factor`) whose mean colour moved by more than COLOR_STEP."""
    labs = [oklab(rgb_of(shrunk(means, factor))) for means in (original, edit)]
    far: Mask = np.sqrt(np.square(labs[0] - labs[1]).sum(-1)) > COLOR_STEP
    return far
