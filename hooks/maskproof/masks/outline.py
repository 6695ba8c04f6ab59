"""An object's outline: a rough shape around it, refined to where the object ends.

GrabCut (C. Rother, V. Kolmogorov, A. Blake, "GrabCut": Interactive Foreground Extraction using Iterated Graph Cuts, ACM
Transactions on Graphics 2004) models the colours inside and outside the shape and cuts where they part most cheaply. It
is run by OpenCV, which the extra `maskproof[vision]` brings. What lies outside the shape stays closed.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from maskproof.drift.grid import reduced_mask
from maskproof.errors import UsageError
from maskproof.masks.morphology import grow, keep_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maskproof.masks.morphology import Mask

CUT_SIDE_PX = 900
"""samples of the long side that the cut is found at; its time grows faster than the number of samples"""
ROUNDS = 5
"""of modelling and cutting, as in OpenCV's sample; the outline hardly moves after the third"""
SPECK = 0.02
"""share of the shape's shorter side: what is smaller than its square is no object, and no hole in one"""


def refine(picture: NDArray[np.uint8], rough: Mask) -> Mask:
    """The object inside a rough shape: H x W, True on the object.

    Args:
        picture: H x W x 3, sRGB.
        rough: H x W, True in a shape that holds the whole object and some of what surrounds it.

    Raises:
        UsageError: OpenCV is not installed, nothing lies outside the shape, or no object stands out inside it.
    """
    if find_spec("cv2") is None:
        raise UsageError(
            "refining a shape to an object's outline needs OpenCV, which is not installed",
            "Run `pip install 'maskproof[vision]'`, or leave out --refine.",
        )
    factor = -(-max(rough.shape) // CUT_SIDE_PX)
    small = np.ascontiguousarray(np.asarray(Image.fromarray(picture).reduce(factor))[..., ::-1])
    shape = reduced_mask(rough, factor)
    if shape.all():
        raise UsageError(
            "the shape to refine covers the whole picture, so nothing shows what is not the object",
            "Draw it closer around the object.",
        )
    found = _cut(small, shape)
    side = min(int(shape.any(0).sum()), int(shape.any(1).sum()))
    speck = max(4, round((SPECK * side) ** 2))
    found = ~keep_parts(~keep_parts(found, speck), speck)
    if not found.any():
        raise UsageError(
            "no object stands out from its surroundings inside the shape",
            "Draw the shape so that it holds the whole object and some of what surrounds it, or leave out --refine.",
        )
    whole = Image.fromarray(found.view(np.uint8) * np.uint8(255)).resize(rough.shape[::-1], Image.Resampling.BILINEAR)
    # The cut runs through the pixels of the outline; a hair more takes their mixed colours along.
    return grow(np.asarray(whole) > 127, max(1, factor)) & rough  # noqa: PLR2004


def _cut(picture: NDArray[np.uint8], shape: Mask) -> Mask:
    """GrabCut on a BGR picture: certainly background outside the shape, probably object inside."""
    import cv2

    cv2.setRNGSeed(1)  # it starts from clusters that are found by chance; the same shape gives the same outline
    labels = np.where(shape, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(picture, labels, None, *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    return np.asarray(labels == cv2.GC_PR_FGD, np.bool_)
