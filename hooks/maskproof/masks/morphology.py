"""Morphology: a mask grown or shrunk, its specks removed.

Distances are Euclidean between pixel centres, so a point grows to a disc and a corner stays round. What lies beyond
the picture is neither editable nor protected: nothing grows in from there, and nothing is eaten away along the border.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

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


def remove_specks(mask: Mask, smallest: int) -> Mask:
    """The mask without parts of fewer than `smallest` pixels; pixels that touch at a corner are one part.

    Asked of the rest of a mask, it closes small holes.
    """
    from scipy.ndimage import label

    labels, _ = label(mask, np.ones((3, 3)))
    large = np.bincount(labels.ravel()) >= smallest
    large[0] = False
    return np.asarray(large[labels], np.bool_)


def reduce(mask: Mask, factor: int) -> Mask:
    """The mask `factor` times smaller, True where any pixel of a block is; the last blocks may be smaller."""
    return np.asarray(Image.fromarray(mask.view(np.uint8) * np.uint8(255)).reduce(factor)) > 0


def count_pieces(mask: Mask) -> int:
    """How many separate parts a mask has."""
    from scipy.ndimage import label

    return int(label(mask, np.ones((3, 3)))[1])
