"""A membrane: the smoothest correction that takes a pasted edit's border to the original's colours.

Gradient-domain pasting (P. Perez, M. Gangnet and A. Blake, "Poisson image editing", 2003) keeps the gradients of the
edit and moves its samples so that they meet the original along the mask's edge. What is added is harmonic: it solves
Laplace's equation inside, with the difference along the edge as its boundary. Solved by multigrid (W. Briggs, V. Henson
and S. McCormick, "A multigrid tutorial", 2000): what is rough is relaxed on a fine grid, what is smooth on coarse ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from PIL import Image

from maskproof.drift.grid import reduced_mask

if TYPE_CHECKING:
    from maskproof.drift.grid import Float, Mask

MAX_GRID_SAMPLES = 250_000
"""samples of the grid on which the field is solved at the most; over a larger area it is solved smaller, which bounds
time and memory, and drawn larger, which it bears because it is smooth"""
MIN_GRID_SIDE = 6
"""samples of the long side of the coarsest grid"""
CYCLES = 8
"""from fine to coarse and back: within 1 level of 255 of a direct solution for a difference of 200 along the edge"""
SWEEPS, SETTLING = 3, 60
"""relaxations on the way down and on the way up, and on the coarsest grid"""
DAMPING = np.float32(0.8)
"""of each relaxation's step is taken, which smooths best"""
LATER, EARLIER = slice(1, None), slice(None, -1)


class Field(Struct, frozen=True):
    """A smooth field over a picture, kept as small as it was solved."""

    small: Float
    factor: int
    """how many times smaller each side is"""
    width: int

    def rows(self, start: int, stop: int) -> Float:
        """Some rows of it in full size, rows x width x channels."""
        if self.factor == 1:
            return self.small[start:stop]
        size = self.width, stop - start
        box = 0.0, start / self.factor, self.width / self.factor, stop / self.factor
        return _stretched(self.small, size, box)


def membrane(values: Float, known: Mask, unknown: Mask) -> Field:
    """The harmonic field that takes given values where they are known.

    Args:
        values: N x channels, what the field is where it is known, in the order of `known`'s rows.
        known: H x W, N of which are True. What is neither known nor unknown has no say, as beyond the picture's border.
        unknown: H x W, where the field is wanted.

    Returns:
        The field; 0 everywhere where nothing is known.
    """
    height, width = unknown.shape
    factor = max(1, int(np.ceil((height * width / MAX_GRID_SAMPLES) ** 0.5)))
    shape = -(-height // factor), -(-width // factor)
    rows, columns = np.nonzero(known)
    place = rows // factor * shape[1] + columns // factor
    count = np.bincount(place, minlength=shape[0] * shape[1])
    sums = [np.bincount(place, one, minlength=len(count)) for one in values.T]
    start = (np.stack(sums, -1) / np.maximum(count, 1)[:, None]).astype(np.float32).reshape(*shape, -1)
    given = (count > 0).reshape(shape)
    inner = ~given & reduced_mask(unknown, factor)
    return Field(_solve(start, given, inner), factor, width)


def _solve(start: Float, known: Mask, unknown: Mask) -> Float:
    if not known.any() or not unknown.any():
        return np.zeros_like(start) if not known.any() else start
    field = np.where(unknown[..., None], start[known].mean(0), start)
    for _ in range(CYCLES):
        field = _cycle(field, np.zeros_like(field), known, unknown)
    return field


def _cycle(field: Float, source: Float, known: Mask, unknown: Mask) -> Float:
    """One way from this grid to the coarsest and back: nearer to the field whose Laplacian is `source`."""
    there = (known | unknown).astype(np.float32)[..., None]
    around = np.maximum(_neighbours(there), 1)
    if max(unknown.shape) <= MIN_GRID_SIDE:
        return _relax(field, source, unknown, there, around, SETTLING)
    field = _relax(field, source, unknown, there, around, SWEEPS)
    left = np.where(unknown[..., None], source - _neighbours(field * there) + around * field, np.float32(0))
    coarse, given = _halved(left), reduced_mask(known, 2)
    error = _cycle(np.zeros_like(coarse), coarse, given, reduced_mask(unknown, 2) & ~given)
    finer = _stretched(error, (2 * error.shape[1], 2 * error.shape[0]))[: len(field), : field.shape[1]]
    field = np.where(unknown[..., None], field + finer, field)
    return _relax(field, source, unknown, there, around, SWEEPS)


def _relax(field: Float, source: Float, unknown: Mask, there: Float, around: Float, sweeps: int) -> Float:
    """Each unknown sample is moved towards what its neighbours ask for (damped Jacobi)."""
    part = np.where(unknown[..., None], DAMPING, np.float32(0))
    for _ in range(sweeps):
        field = field + part * ((_neighbours(field * there) - source) / around - field)
    return field


def _neighbours(values: Float) -> Float:
    """Sums over the four neighbours; nothing lies beyond the border."""
    total = np.zeros_like(values)
    total[LATER] += values[EARLIER]
    total[EARLIER] += values[LATER]
    total[:, LATER] += values[:, EARLIER]
    total[:, EARLIER] += values[:, LATER]
    return total


def _halved(values: Float) -> Float:
    """Sums over blocks of 2 x 2 samples; the last ones may be smaller."""
    height, width, channels = values.shape
    padded = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)))
    total: Float = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2, channels).sum((1, 3))
    return total


def _stretched(field: Float, size: tuple[int, int], box: tuple[float, float, float, float] | None = None) -> Float:
    """A field, or a box of it, drawn in another size (width, height)."""
    planes = (Image.fromarray(np.ascontiguousarray(plane)) for plane in np.moveaxis(field, 2, 0))
    return np.stack([np.asarray(one.resize(size, Image.Resampling.BILINEAR, box)) for one in planes], -1)
