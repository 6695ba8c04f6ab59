"""Sums over small squares: the grid on which drift is looked for.

A cell is 4 x 4 samples; a window is a square of cells, placed at every cell. What is measured per window is a sum
over its cells, so the full picture is walked once and every further scale costs little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from maskproof.model import Box

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


def all_windows(sums: Float, sides: Sequence[int]) -> Iterator[Float]:
    """The windows of each side, in rising order; four of half the side are joined where there are such."""
    made = {1: sums}
    for side in sides:
        half = made.pop(side // 2, None) if side % 2 == 0 else None
        made[side] = windows(sums, side) if half is None else _twice(_twice(half, side // 2, -2), side // 2, -1)
        yield made[side]


def surround(padded: Float, side: int, margin: int, step: int) -> Float:
    """Sums over three windows' width around each window, without the window itself.

    Args:
        padded: Windows of sums that were padded with zeros: nothing lies beyond the picture.
        side: Of the windows.
        margin: Cells of the padding, at least `side`.
        step: Every such window of a row and of a column is asked for.
    """
    rows, columns = (length - 2 * margin for length in padded.shape[-2:])
    starts = (margin - side, margin, margin + side)
    across = _sum([padded[..., start : start + columns : step] for start in starts])
    ring = _sum([across[..., start : start + rows : step, :] for start in starts])
    ring -= within(padded, margin, step)
    return ring


def within(padded: Float, margin: int, step: int) -> Float:
    """What was there before the padding, every `step` windows."""
    return padded[..., margin:-margin:step, margin:-margin:step]


def run_sums(plane: Float, length: int) -> Float:
    """Sums over `length` neighbours of each row (H x W to H x W - length + 1)."""
    return _run(plane, length, -1)


def _run(values: Float, side: int, axis: int) -> Float:
    """Sums of `side` neighbours, by doubling.

    That takes few passes, and zeros stay exactly zero, which they would not in a cumulative sum.
    """
    if side == 1:
        return values
    total = _twice(_run(values, side // 2, axis), side // 2, axis)
    if side % 2 == 0:
        return total
    length = values.shape[axis] - side + 1
    return _part(total, axis, 0, length) + _part(values, axis, side - 1, length)


def _twice(values: Float, step: int, axis: int) -> Float:
    """Each with the one that lies `step` further."""
    length = values.shape[axis] - step
    return _part(values, axis, 0, length) + _part(values, axis, step, length)


def _sum(values: list[Float]) -> Float:
    total: Float = values[0] + values[1]
    for value in values[2:]:
        total += value
    return total


def _part(values: Float, axis: int, start: int, length: int) -> Float:
    return values[..., start : start + length] if axis == -1 else values[..., start : start + length, :]


def grown(mask: Mask, radius: int) -> Mask:
    """The mask (H x W) widened by about `radius` samples to every side: whole cells, rounded up, as a square."""
    if not mask.any():
        return mask
    height, width = mask.shape
    small = blocks(mask)
    steps = -(-radius // CELL)
    near = spread(small, steps)
    return np.repeat(np.repeat(near, CELL, axis=0), CELL, axis=1)[:height, :width]


def blocks(mask: Mask) -> Mask:
    """Cells of which any sample is set; the last row and column may be smaller than a cell."""
    height, width = mask.shape
    tall, wide = -height % CELL, -width % CELL
    padded = np.pad(mask, ((0, tall), (0, wide))) if tall or wide else np.ascontiguousarray(mask)
    rows = padded.view(np.uint8).reshape(padded.shape[0] // CELL, CELL, -1).max(axis=1)
    found: Mask = np.ascontiguousarray(rows).view(np.uint32) != 0
    return found


def reduced_mask(mask: Mask, factor: int) -> Mask:
    """The mask (H x W) `factor` times smaller, True where any sample of a block is; the last blocks may be smaller."""
    if factor == 1:
        return mask
    height, width = mask.shape
    if height % factor or width % factor:
        mask = np.pad(mask, ((0, -height % factor), (0, -width % factor)))
    rows = mask[::factor].copy()
    for step in range(1, factor):
        rows |= mask[step::factor]
    # Joined at every sample and then picked, as in `oklab.opponent`, to walk memory in order.
    length = rows.shape[1] - factor + 1
    across = rows[:, :length].copy()
    for step in range(1, factor):
        across |= rows[:, step : step + length]
    return np.ascontiguousarray(across[:, ::factor])


def spread(mask: Mask, radius: int) -> Mask:
    """The mask (H x W) widened by exactly `radius` samples to every side, as a square."""
    if not radius or not mask.any():
        return mask
    near = np.pad(mask, radius)
    length = 1
    while length <= 2 * radius:
        # What is set within two stretches beside each other is set within one of their joint length.
        step = min(length, 2 * radius + 1 - length)
        near = near[:-step] | near[step:]
        near = near[:, :-step] | near[:, step:]
        length += step
    return near


def bounding_box(mask: Mask, step: int = 1, side: int | None = None) -> Box:
    """The smallest box around what a mask (H x W) sets, which must be something.

    Args:
        mask: Of samples, or of squares.
        step: Samples from one square to the next.
        side: Of a square, in samples; None: as the step.
    """
    rows, columns = np.flatnonzero(mask.any(1)) * step, np.flatnonzero(mask.any(0)) * step
    x, y, side = int(columns[0]), int(rows[0]), side or step
    return Box(x, y, int(columns[-1]) - x + side, int(rows[-1]) - y + side)


def third_peak(plane: Float, reach: int) -> float:
    """The third largest value (H x W), of places more than `reach` apart along either axis; at least 0."""
    left = plane.copy()
    for _ in range(2):
        row, column = divmod(int(np.argmax(left)), left.shape[1])
        left[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = 0
    return max(0.0, float(left.max()))


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


class Smooth(Struct, frozen=True):
    """A plane's means over blocks, linear between their centres: what it holds beyond them is its fine structure."""

    block: int
    means: Float
    """over blocks of rows, at every column: n x W"""

    @classmethod
    def of(cls, plane: Float, block: int) -> Smooth:
        """Of a plane (H x W)."""
        across = cls(block, shrunk(plane, block).T).rows(slice(0, plane.shape[1]))
        return cls(block, np.ascontiguousarray(across.T))

    def rows(self, some: slice) -> Float:
        """These rows of it."""
        place = np.clip((np.arange(some.start, some.stop) + 0.5) / self.block - 0.5, 0, len(self.means) - 1)
        above = place.astype(np.intp)
        below = np.minimum(above + 1, len(self.means) - 1)
        part = (place - above).astype(np.float32)[:, None]
        smooth: Float = self.means[above] * (1 - part)
        smooth += self.means[below] * part
        return smooth


def shrunk(plane: Float, factor: int) -> Float:
    """Means of factor x factor samples (... x H x W); the last are taken again where the size is no multiple of it."""
    if factor == 1:
        return plane
    height, width = plane.shape[-2:]
    if height % factor or width % factor:
        plane = np.pad(plane, [(0, 0)] * (plane.ndim - 2) + [(0, -height % factor), (0, -width % factor)], mode="edge")
    rows = np.add.reduce(plane.reshape(*plane.shape[:-2], -1, factor, plane.shape[-1]), axis=-2)
    total: Float = rows[..., ::factor].copy()
    for step in range(1, factor):
        total += rows[..., step::factor]
    total *= np.float32(1 / factor**2)
    return total


def block_sums(plane: Float, side: int) -> Float:
    """Sums over side x side samples (H x W to H // side x W // side); a last partial row or column is left out."""
    rows, columns = plane.shape[0] // side, plane.shape[1] // side
    total: Float = plane[: rows * side, : columns * side].reshape(rows, side, columns, side).sum((1, 3))
    return total


def worst_square(
    square: Float, mask: Mask, side: int, least: float, *, always: bool = False
) -> tuple[float, Box] | None:
    """The RMS of the square that differs most, and the box around what the mask holds of it; None: none holds enough.

    Args:
        square: Squared differences, H x W.
        mask: H x W, what counts.
        side: Of the squares, in samples.
        least: Samples of the mask that a square has to hold.
        always: Where none holds as many, those that hold most count.
    """
    tall, wide = (-length % side for length in mask.shape)
    sums, counts = (
        block_sums(np.pad(plane, ((0, tall), (0, wide))), side) for plane in (square * mask, mask.astype(np.float32))
    )
    fullest = float(counts.max(initial=0))
    least = min(least, fullest) if always else least
    if not fullest or fullest < least:
        return None
    value = np.where(counts >= least, np.sqrt(sums / np.maximum(counts, 1)), -1)
    row, column = (int(at) * side for at in np.unravel_index(int(np.argmax(value)), value.shape))
    box = bounding_box(mask[row : row + side, column : column + side])
    return float(value.max()), Box(column + box.x, row + box.y, box.width, box.height)


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
