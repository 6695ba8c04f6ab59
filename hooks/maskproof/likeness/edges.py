"""A closer look: do two pictures show the same drawing, whatever their hashes say?

A hash of a mark on a quiet ground has few bits that tell anything, and one of its three shapes redrawn changes a third
of them: by hash alone an edit of a logo is no nearer than a stranger. Edges are: where an edit left them, they lie
where they lay. So the few nearest by hash are held against the picture by the correlation of their edges, which are
spread over a sample and its neighbours so that a shift of one sample does not matter. A slope that goes through the
whole picture is no edge. And what a hash calls similar, edges have to confirm: light that falls from one side orders
the cells of any two pictures alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME_DRAWING = 0.5
"""correlation of edges from which on two pictures are alike. Of 4,950 pairs of drawn marks that share nothing none is
over 0.42; 200 marks with a patch painted over have 0.63 at the least; see docs/find.md"""
SAME_PLACES = 0.22
"""correlation of edges, at the best of REACH, that confirms a hash: 98 % of what was made from a picture, cropped or
turned by 3 degrees as well, has more; of 320 pairs of strangers that are nearest by hash none has over 0.21, of drawn
gradients none over 0.24; see docs/find.md"""
IN_DOUBT = 0.35
"""the same where the hash is only just near: of 45,000 pairs of soft drawn pictures that share nothing one has 0.30
there, and of what was made from a picture, cropped or turned, 3 % have less"""
REACH = 2
"""samples of 128 by which one may lie off: crops are tried in steps of 6"""
SHORTLIST = 24
"""nearest by hash that are looked at closely"""


def correlation(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Correlation of the edges of two thumbnails, -1 to 1; 0 where one of them has none.

    Args:
        first: side x side luma, 0 to 255.
        second: the same for the other picture.
    """
    one, other = _edges(first), _edges(second)
    energy = float(np.sqrt(np.square(one).sum() * np.square(other).sum()))
    return float((one * other).sum()) / energy if energy else 0.0


def confirmed(first: NDArray[np.uint8], second: NDArray[np.uint8], doubt: float) -> bool:
    """Do enough edges of two thumbnails, side x side, lie at the same places, whose hashes are near?

    `doubt` is 0 to 1: how far the hash alone is from its limit.
    """
    asked = SAME_PLACES + doubt * (IN_DOUBT - SAME_PLACES)
    one, other = _edges(first), _edges(second)
    energy = float(np.sqrt(np.square(one).sum() * np.square(other).sum()))
    steps = range(-REACH, REACH + 1)
    return energy > 0 and any(
        float((_moved(one, down, across) * _moved(other, -down, -across)).sum()) >= asked * energy
        for down in steps
        for across in steps
    )


def _moved(edges: NDArray[np.float32], down: int, across: int) -> NDArray[np.float32]:
    """What is left where the first rows and columns are cut off, or where the number is below 0 the last."""
    high, wide = edges.shape[1:]
    return edges[:, max(down, 0) : high + min(down, 0), max(across, 0) : wide + min(across, 0)]


def _edges(thumbnail: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Differences to the right and downwards, each the sum over 3 x 3 samples, over what they are in the mean."""
    luma = thumbnail.astype(np.float32)
    edges = np.stack([np.diff(luma, axis=1)[:-1], np.diff(luma, axis=0)[:, :-1]])
    edges -= edges.mean((1, 2), keepdims=True)
    padded = np.pad(edges, ((0, 0), (1, 1), (1, 1)))
    height, width = edges.shape[1:]
    spread = [padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.asarray(np.sum(spread, axis=0), np.float32)
