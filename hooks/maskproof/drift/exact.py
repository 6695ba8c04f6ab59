"""Every pixel: which of them are not the original's to the last bit. It is what level `exact` limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maskproof.model import Box, Metric

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from maskproof.drift.frame import Aligned
    from maskproof.drift.grid import Mask
    from maskproof.model import Picture, Region

BAND_ROWS = 32
"""rows compared at once: what lies in between then stays in the processor's cache"""


def changed(original: Picture, edit: Picture, aligned: Aligned, regions: Sequence[Region]) -> list[tuple[Metric]]:
    """For each region the pixels of which any sample differs, low bytes of 16-bit files included.

    After resampling all of them do.
    """
    height, width = original.samples.shape[:2]
    down, across = np.zeros((len(regions), height), np.bool_), np.zeros((len(regions), width), np.bool_)
    counts = [0] * len(regions)
    for rows, unlike in _bands(original, edit, aligned):
        for index, region in enumerate(regions):
            # By its box: the whole mask of each of a hundred areas, drawn for every band, would cost most of a run.
            (x, y), (tall, wide) = region.corner, region.part.shape
            top, end = max(rows.start, y), min(rows.stop, y + tall)
            if top < end:
                band = np.broadcast_to(unlike, (min(rows.stop, height) - rows.start, width))
                mine = band[top - rows.start : end - rows.start, x : x + wide] & region.part[top - y : end - y]
                counts[index] += int(np.count_nonzero(mine))
                down[index, top:end] = mine.any(1)
                across[index, x : x + wide] |= mine.any(0)
    return [(_metric(*found),) for found in zip(regions, counts, down, across, strict=True)]


def pixels_changed(original: Picture, edit: Picture, aligned: Aligned) -> Mask:
    """Those pixels as a mask, H x W; the pictures are as in `changed`."""
    found = np.empty(original.samples.shape[:2], np.bool_)
    for rows, unlike in _bands(original, edit, aligned):
        found[rows] = unlike
    return found


def _bands(original: Picture, edit: Picture, aligned: Aligned) -> Iterator[tuple[slice, Mask]]:
    """A few rows at a time, and which of their pixels are other ones."""
    height, width = original.samples.shape[:2]
    deep = _low_bytes_compare(original, edit)
    for top in range(0, height, BAND_ROWS):
        rows = slice(top, top + BAND_ROWS)
        unlike = np.ones((1, width), np.bool_) if aligned.resampled else _unlike(original, aligned, rows)
        if deep and not aligned.resampled:
            unlike = unlike | _low_unlike(original, edit, rows)
        yield rows, unlike


def _unlike(original: Picture, aligned: Aligned, rows: slice) -> Mask:
    """Pixels of these rows (h x w) of which any sample differs, alpha included."""
    first = original.samples[rows]
    samples = (first != aligned.samples[rows]).reshape(len(first), -1)
    # Each joined with its two neighbours in the row, and every third one kept: memory is walked in order, which is
    # several times as fast as np.any over an axis of three.
    joined = samples[:, :-2] | samples[:, 1:-1]
    joined |= samples[:, 2:]
    found: Mask = joined[:, ::3]
    if original.alpha is not None or aligned.alpha is not None:
        opaque = np.uint8(255)
        found = found | (
            (opaque if original.alpha is None else original.alpha[rows])
            != (opaque if aligned.alpha is None else aligned.alpha[rows])
        )
    return found


def _low_bytes_compare(original: Picture, edit: Picture) -> bool:
    """Whether low bytes of 16-bit samples are there and say something: they are kept as stored, in either frame."""
    deep = original.low is not None or edit.low is not None
    return deep and original.color == edit.color and edit.size == original.size


def _low_unlike(original: Picture, edit: Picture, rows: slice) -> Mask:
    """An 8-bit value v says the same as the 16-bit value 257 v, whose low byte is v again."""
    lows = [
        picture.samples[rows]
        if picture.low is None
        else np.broadcast_to(
            picture.low[rows, :, :3] if picture.low.shape[2] > 2 else picture.low[rows, :, :1],
            picture.samples[rows].shape,
        )
        for picture in (original, edit)
    ]
    return np.asarray(np.any(lows[0] != lows[1], -1))


def _metric(region: Region, count: int, down: Mask, across: Mask) -> Metric:
    box = None
    if count:
        rows, columns = np.flatnonzero(down), np.flatnonzero(across)
        box = Box(int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1))
    says = "{value} are not the original's (limit {limit})"
    return Metric("changed", float(count), "px", region.kind.value, says, box, box)
