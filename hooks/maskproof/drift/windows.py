"""Sums over small squares: the grid on which drift is looked for.

A cell is 4 x 4 samples; a window is a square of cells, placed at every cell. What is measured per window is a sum
over its cells, so the full picture is walked once and every further scale costs little.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

CELL = 4
"""Side of a cell in samples: a 12 px letter is three of them."""


def cells(planes: Float) -> Float:
    """Sums over 4 x 4 cells (... x H x W to ... x H // 4 x W // 4); a last partial row or column is left out."""
    rows, columns = planes.shape[-2] // CELL, planes.shape[-1] // CELL
    cut = planes[..., : rows * CELL, : columns * CELL]
    tall = cut[..., 0::4, :] + cut[..., 1::4, :]
    tall += cut[..., 2::4, :]
    tall += cut[..., 3::4, :]
    total: Float = tall[..., 0::4] + tall[..., 1::4]
    total += tall[..., 2::4]
    total += tall[..., 3::4]
    return total


def windows(sums: Float, side: int) -> Float:
    """Sums over side x side cells at every cell (... x rows - side + 1 x columns - side + 1)."""
    return _run(_run(sums, side, -2), side, -1)


def surround(sums: Float, side: int) -> Float:
    """Sums over three windows' width around each window, without the window itself; nothing lies beyond the picture."""
    edge = [(0, 0)] * (sums.ndim - 2) + [(side, side), (side, side)]
    inside = windows(np.pad(sums, edge), side)
    rows, columns = sums.shape[-2] - side + 1, sums.shape[-1] - side + 1
    across = _thrice(inside, side, columns, -1)
    ring: Float = _thrice(across, side, rows, -2)
    ring -= inside[..., side : side + rows, side : side + columns]
    return ring


def _thrice(values: Float, side: int, length: int, axis: int) -> Float:
    """Three windows in a row, the middle one at each of `length` places."""
    total: Float = _part(values, axis, 0, length) + _part(values, axis, side, length)
    total += _part(values, axis, 2 * side, length)
    return total


def _run(values: Float, side: int, axis: int) -> Float:
    """Sums of `side` neighbours, by doubling.

    That takes few passes, and zeros stay exactly zero, which they would not in a cumulative sum.
    """
    length = values.shape[axis] - side + 1
    if side == 1:
        return values
    half = side // 2
    double = _run(values, half, axis)
    total: Float = _part(double, axis, 0, length) + _part(double, axis, half, length)
    if side % 2:
        total += _part(values, axis, side - 1, length)
    return total


def _part(values: Float, axis: int, start: int, length: int) -> Float:
    return values[..., start : start + length] if axis == -1 else values[..., start : start + length, :]


def grown(mask: Mask, radius: int) -> Mask:
    """The mask (H x W) widened by about `radius` samples to every side: whole cells, rounded up, as a square."""
    if not mask.any():
        return mask
    height, width = mask.shape
    tall, wide = -height % CELL, -width % CELL
    padded = np.pad(mask, ((0, tall), (0, wide))) if tall or wide else mask
    blocks = padded.view(np.uint8).reshape(padded.shape[0] // CELL, CELL, -1).max(axis=1)
    small = np.ascontiguousarray(blocks).view(np.uint32) != 0
    steps = -(-radius // CELL)
    near = _spread(_spread(small, steps).T, steps).T
    return np.repeat(np.repeat(near, CELL, axis=0), CELL, axis=1)[:height, :width]


def _spread(mask: Mask, radius: int) -> Mask:
    """True where the mask is set within `radius` rows, by counting."""
    count = np.cumsum(np.pad(mask, ((radius + 1, radius), (0, 0))), axis=0, dtype=np.int32)
    width = 2 * radius + 1
    near: Mask = count[width:] != count[:-width]
    return near


def mean3(plane: Float) -> Float:
    """Mean of the 3 x 3 neighbours of each sample (H x W); 0 on the outermost samples."""
    out = np.zeros_like(plane)
    across = plane[:, :-2] + plane[:, 1:-1]
    across += plane[:, 2:]
    inner = out[1:-1, 1:-1]
    np.add(across[:-2], across[1:-1], out=inner)
    inner += across[2:]
    inner *= np.float32(1 / 9)
    return out


def detail(plane: Float, block: int = 8) -> Float:
    """What a plane (H x W) holds beyond its means over blocks, interpolated: its fine structure."""
    image = Image.fromarray(np.ascontiguousarray(plane))
    small = image.resize((max(1, image.width // block), max(1, image.height // block)), Image.Resampling.BOX)
    fine: Float = plane - np.asarray(small.resize(image.size, Image.Resampling.BILINEAR), np.float32)
    return fine


def shrunk(plane: Float, factor: int) -> Float:
    """Means of factor x factor samples."""
    return np.asarray(Image.fromarray(np.ascontiguousarray(plane)).reduce(factor)) if factor > 1 else plane


def largest_blob(mask: Mask) -> Mask:
    """The largest 4-connected part of a small mask (ties: the later one)."""
    height, width = mask.shape
    label = np.where(mask, np.arange(1, mask.size + 1).reshape(height, width), 0)
    if not mask.any():
        return mask
    while True:
        # Take the highest label around, then the label which that one has by now: n cells join in about log n rounds.
        wide = np.pad(label, 1)
        best = np.maximum(np.maximum(wide[:-2, 1:-1], wide[2:, 1:-1]), np.maximum(wide[1:-1, :-2], wide[1:-1, 2:]))
        best = np.where(mask, np.maximum(best, label), 0)
        best = np.where(mask, best.ravel()[best - 1], 0)
        if np.array_equal(best, label):
            break
        label = best
    count = np.bincount(label.ravel())
    count[0] = 0
    blob: Mask = label == int(np.argmax(count))
    return blob
