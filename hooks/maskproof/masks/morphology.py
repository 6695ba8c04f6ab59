"""Morphology: a mask grown or shrunk, its specks removed.

Distances are Euclidean between pixel centres, so a point grows to a disc and a corner stays round. What lies beyond
the picture is neither editable nor protected: nothing grows in from there, and nothing is eaten away along the border.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maskproof.drift.grid import bounding_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

STRIP = 512
"""rows that are worked on in one go: the exact distance transform takes 16 bytes a pixel"""


def grow(mask: Mask, radius: int) -> Mask:
    """The mask (H x W) with everything within `radius` pixels of it; below 0 it is shrunk by as much.

    Shrinking is growing the rest, so growing and then shrinking never takes anything away.
    """
    if radius < 0:
        return ~grow(~mask, -radius)
    near = mask.copy()
    if radius == 0 or not mask.any():
        return near
    from scipy.ndimage import distance_transform_edt

    box = bounding_box(mask)
    left, right = max(box.x - radius, 0), box.x + box.width + radius
    for top in range(max(box.y - radius, 0), min(box.y + box.height + radius, len(mask)), STRIP):
        above = max(top - radius, 0)
        seen = mask[above : top + STRIP + radius, left:right]
        if seen.any():
            reached = distance_transform_edt(~seen) <= radius
            near[top : top + STRIP, left:right] = reached[top - above : top - above + STRIP]
    return near


def keep_parts(mask: Mask, smallest: int, counted: Mask | None = None) -> Mask:
    """The parts of a mask that hold at least `smallest` pixels, or that many of those that count.

    Pixels that touch at a corner are one part. Asked of the rest of a mask, it closes small holes.
    """
    from scipy.ndimage import label

    labels, count = label(mask, np.ones((3, 3)))
    kept = np.bincount(labels.ravel() if counted is None else labels[counted], minlength=count + 1) >= smallest
    kept[0] = False
    return np.asarray(kept[labels], np.bool_)


def count_pieces(mask: Mask) -> int:
    """How many separate parts a mask has."""
    from scipy.ndimage import label

    return int(label(mask, np.ones((3, 3)))[1])
