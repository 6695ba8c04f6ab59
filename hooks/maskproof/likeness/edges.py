"""A closer look: do two pictures show the same drawing, whatever their hashes say?

A hash of a mark on a quiet ground has few bits that tell anything, and one of its three shapes redrawn changes a third
of them: by hash alone an edit of a logo is no nearer than a stranger. Edges are: where an edit left them, they lie
where they lay. So the few nearest by hash are held against the picture by the correlation of their edges, which are
spread over a sample and its neighbours so that a shift of one sample does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME_DRAWING = 0.5
"""correlation of edges from which on two pictures are alike. Of 4,950 pairs of drawn marks that share nothing none is
over 0.42; 200 marks with a patch painted over have 0.63 at the least; see docs/find.md"""
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


def _edges(thumbnail: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Differences to the right and downwards, each the sum over 3 x 3 samples."""
    luma = thumbnail.astype(np.float32)
    edges = np.stack([np.diff(luma, axis=1)[:-1], np.diff(luma, axis=0)[:, :-1]])
    padded = np.pad(edges, ((0, 0), (1, 1), (1, 1)))
    height, width = edges.shape[1:]
    spread = [padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.asarray(np.sum(spread, axis=0), np.float32)
