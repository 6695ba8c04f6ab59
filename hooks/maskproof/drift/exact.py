"""Every pixel: which of them are not the original's to the last bit. It is what level `exact` limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maskproof.model import Box, Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from maskproof.drift.frame import Placed
    from maskproof.drift.windows import Mask
    from maskproof.model import Picture, Region

BAND = 32
"""rows compared at once: what lies in between then stays in the processor's cache"""


def changed(original: Picture, edit: Picture, placed: Placed, regions: Sequence[Region]) -> list[Metric]:
    """How many pixels of each region are other ones, and where; see `pixels_changed`. Regions are of its size."""
    unlike = pixels_changed(original, edit, placed)
    return [_metric(unlike & region.mask, region) for region in regions]


def pixels_changed(original: Picture, edit: Picture, placed: Placed) -> Mask:
    """Pixels (H x W) of which any sample differs, low bytes of 16-bit files included; all of them after resampling.

    Args:
        original: The picture before the edit.
        edit: The edit as decoded.
        placed: The edit in the original's frame.
    """
    unlike = np.empty(original.samples.shape[:2], np.bool_)
    for top in range(0, len(unlike), BAND):
        rows = slice(top, top + BAND)
        unlike[rows] = True if placed.resampled else _unlike(original.samples[rows], placed.samples[rows])
    if not placed.resampled:
        if original.alpha is not None or placed.alpha is not None:
            unlike |= _opacity(original) != _opacity(placed)
        if _low_bytes_compare(original, edit):
            unlike |= _low_unlike(original, edit)
    return unlike


def _unlike(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Mask:
    """Pixels (h x w) of which any of three samples differs."""
    samples = (first != second).reshape(len(first), -1)
    # Each joined with its two neighbours in the row, and every third one kept: memory is walked in order, which is
    # several times as fast as np.any over an axis of three.
    joined = samples[:, :-2] | samples[:, 1:-1]
    joined |= samples[:, 2:]
    found: Mask = joined[:, ::3]
    return found


def _opacity(picture: Picture | Placed) -> NDArray[np.uint8]:
    return np.full((1, 1), 255, np.uint8) if picture.alpha is None else picture.alpha


def _low_bytes_compare(original: Picture, edit: Picture) -> bool:
    """Whether low bytes of 16-bit samples are there and say something: they are kept as stored, in either frame."""
    deep = original.low is not None or edit.low is not None
    return deep and original.colour == edit.colour and edit.size == original.size


def _low_unlike(original: Picture, edit: Picture) -> Mask:
    """An 8-bit value v says the same as the 16-bit value 257 v, whose low byte is v again."""
    lows = [
        one.samples
        if one.low is None
        else np.broadcast_to(
            one.low[..., :3] if one.low.shape[2] > 2 else one.low[..., :1],
            one.samples.shape,
        )
        for one in (original, edit)
    ]
    return np.asarray(np.any(lows[0] != lows[1], -1))


def _metric(changed: Mask, region: Region) -> Metric:
    count = int(np.count_nonzero(changed))
    box = None
    if count:
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        box = Box(int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1))
    return Metric(
        "changed", float(count), "px", region.kind.value, "{value} are not the original's (limit {limit})", box
    )
