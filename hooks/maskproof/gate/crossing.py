"""Crossing: what reaches over the edge of a mask, a shadow, a hand, a tail, and on which side.

A model goes on past the edge of what it may change. Whoever reads that something outside drifted has to know where it
began, as the way out is another mask then; and whoever puts the original back has to know what is cut there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from maskproof.drift.grid import Float, Mask, bounding_box, reduced_mask
from maskproof.model import Box

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from maskproof.model import Region

LOOKED_SIDE_PX = 640
"""samples of the long side at which it is looked for"""
BAND_SHARE = 0.012
"""share of the long side, three times: as far inside the edge, past it, and behind that has to have changed; editors
feather over the first of these"""
CHANGED = 16.0
"""levels of 255 by which a sample has to differ, over what nine tenths of the protected picture differ by anyway"""
MIN_EDGE_SHARE = 0.02
"""share of the long side along which it has to cross, before anybody is told"""
PARTLY = 0.01
"""share of an area that a mask may open unsaid: outlines are rounded to whole pixels"""
SIDES = {"on the right": 0, "at the bottom": 1, "on the left": 2, "at the top": 3}
"""quarter turns, counter-clockwise, that lay each side of a mask to the right"""
PLACED = 2
"""sides of which the place is told; of more the names"""


class Crossing(Struct, frozen=True):
    """What reaches over a mask's edge."""

    sides: tuple[tuple[str, Box], ...] = ()
    """of SIDES, where the picture changed within the edge and past it, with the place, the longest first"""
    areas: tuple[tuple[str, float], ...] = ()
    """protected areas that the mask opens in part or whole, by name, and the share of each"""

    @property
    def where(self) -> str:
        """The sides in words, as the end of a sentence; empty: nothing crosses."""
        if len(self.sides) == len(SIDES):
            return "all around"
        named = [side + (f" ({box})" if len(self.sides) <= PLACED else "") for side, box in self.sides]
        return " and ".join(filter(None, (", ".join(named[:-1]), *named[-1:])))

    @property
    def hint(self) -> str:
        """Sentences that follow another one; empty: there is nothing to say."""
        said = ""
        if self.sides:
            said = f" It goes on past the mask's edge {self.where}: where that is meant, the mask has to open more."
        if self.areas:
            shares = [f"{share:.0%} of the area {name}" for name, share in self.areas]
            said += f" The mask opens {', '.join(shares)}, which is protected all the same."
        return said


def crossing(
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    editable: Mask,
    regions: Iterable[Region] = (),
    *,
    pasted: bool = False,
) -> Crossing:
    """What crosses the edge of a mask.

    Args:
        before: H x W x 3, the original.
        after: The edit in its frame.
        editable: H x W, True where the mask opens it.
        regions: What is protected by name.
        pasted: The protected pixels are the original's, so that what changed up to the edge was cut there.
    """
    factor = -(-max(editable.shape) // LOOKED_SIDE_PX)
    opened = reduced_mask(editable, factor)
    changed = _changed(before, after, opened, factor)
    band = max(2, round(BAND_SHARE * max(opened.shape)))
    found = {}
    for side, turns in SIDES.items():
        laid = np.rot90(changed, turns), np.rot90(opened, turns)
        at = np.rot90(_crosses(*laid, band, pasted=pasted), -turns)
        if np.count_nonzero(at) >= max(4, MIN_EDGE_SHARE * max(opened.shape)):
            found[side] = at
    longest = sorted(found, key=lambda side: -np.count_nonzero(found[side]))
    return Crossing(
        tuple((side, _in_full(found[side], factor, editable.shape)) for side in longest),
        tuple((one.name, share) for one in regions if (share := _opened(one.mask, editable)) > PARTLY),
    )


def _opened(area: Mask, editable: Mask) -> float:
    """The share of an area that a mask opens."""
    return int(np.count_nonzero(area & editable)) / max(int(np.count_nonzero(area)), 1)


def _changed(before: NDArray[np.uint8], after: NDArray[np.uint8], opened: Mask, factor: int) -> Mask:
    """Where a picture (h x w, reduced) shows something else, a change of its whole tone left out."""
    off = _reduced(after, factor) - _reduced(before, factor)
    outside = ~opened
    if outside.any():
        off -= np.median(off[outside], axis=0)
    most: Float = np.abs(off).max(axis=-1)
    usual = float(np.percentile(most[outside], 90)) if outside.any() else 0.0
    changed: Mask = most > CHANGED + min(usual, CHANGED)
    return changed


def _reduced(samples: NDArray[np.uint8], factor: int) -> Float:
    height, width = samples.shape[:2]
    padded = np.pad(samples, ((0, -height % factor), (0, -width % factor), (0, 0)), mode="edge").astype(np.float32)
    rows = padded.reshape(padded.shape[0] // factor, factor, -1, 3).mean(axis=1)
    mean: Float = rows.reshape(rows.shape[0], -1, factor, 3).mean(axis=2)
    return mean


def _crosses(changed: Mask, opened: Mask, band: int, *, pasted: bool) -> Mask:
    """The first samples past the edge, to the right of the mask, where the change goes on."""
    reach = 2 * band
    within = np.pad(changed, ((0, 0), (band, reach)))
    width = changed.shape[1]

    def mostly(start: int, stop: int) -> Mask:
        total = sum(within[:, band + step : band + step + width].astype(np.uint8) for step in range(start, stop))
        most: Mask = np.asarray(total) * 2 > stop - start
        return most

    edge = ~opened & np.pad(opened, ((0, 0), (1, 0)))[:, :width]
    inside = edge & mostly(-band, 0)
    return inside if pasted else inside & mostly(0, band) & mostly(band, reach)


def _in_full(at: Mask, factor: int, shape: tuple[int, ...]) -> Box:
    """The box around what is set in a reduced plane, in pixels of the picture of that shape."""
    x, y, width, height = bounding_box(at, factor)
    return Box(x, y, min(width, shape[1] - x), min(height, shape[0] - y))
