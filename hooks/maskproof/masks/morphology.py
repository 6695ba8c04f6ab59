"""Morphology: a mask grown or shrunk, its specks removed.

Distances are Euclidean between pixel centres, so a point grows to a disc and a corner stays round. What lies beyond
the picture is neither open nor closed: nothing grows in from there, and nothing is eaten away along the border.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

STRIP = 512
"""rows that are worked on in one go: the exact distance transform takes 16 bytes a pixel"""


def grow(mask: Mask, radius: int) -> Mask:
    """The mask (H x W) with everything within `radius` pixels of it; below 0 it is shrunk by as much.

    Shrinking is growing what is closed, so growing and then shrinking never takes anything away.
    """
    if radius < 0:
        return ~grow(~mask, -radius)
    near = mask.copy()
    if radius == 0 or not mask.any():
        return near
    from scipy.ndimage import distance_transform_edt

    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    left, right = max(int(columns[0]) - radius, 0), int(columns[-1]) + radius + 1
    for top in range(max(int(rows[0]) - radius, 0), min(int(rows[-1]) + radius + 1, len(mask)), STRIP):
        above = max(top - radius, 0)
        seen = mask[above : top + STRIP + radius, left:right]
        if seen.any():
            reached = distance_transform_edt(~seen) <= radius
            near[top : top + STRIP, left:right] = reached[top - above : top - above + STRIP]
    return near


def remove_specks(mask: Mask, smallest: int) -> Mask:
    """The mask without parts of fewer than `smallest` pixels; pixels that touch at a corner are one part.

    Asked of what is closed, it closes small holes of what is open.
    """
    from scipy.ndimage import label

    labels, _ = label(mask, np.ones((3, 3)))
    large = np.bincount(labels.ravel()) >= smallest
    large[0] = False
    return np.asarray(large[labels], np.bool_)


def count_pieces(mask: Mask) -> int:
    """How many separate parts a mask has."""
    from scipy.ndimage import label

    return int(label(mask, np.ones((3, 3)))[1])
