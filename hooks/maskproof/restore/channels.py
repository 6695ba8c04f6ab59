"""One kind of numbers for both pictures: the original's channels, depth and colour profile.

What is put back has to be the very numbers that the original's file holds. So the edit is taken to the original's
profile, depth and channels, and never the original to the edit's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from maskproof.errors import CouldNotRestore
from maskproof.images.color import SRGB, from_srgb
from maskproof.images.decode import OPAQUE, WIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maskproof.drift.frame import Aligned
    from maskproof.drift.grid import Mask
    from maskproof.images.decode import Stored

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Rec. 601, as Pillow takes grey from RGB"""
COLORED = 6
"""levels between the channels of a pixel from which on it is seen to have a colour"""
WRITABLE = ("L", "LA", "RGB", "RGBA")


def unify(
    original: Stored, edit: Stored, placed: Aligned, inside: Mask, name: str
) -> tuple[NDArray[Any], NDArray[Any], tuple[str, ...]]:
    """Both pictures' samples, H x W x channels each, and notes on what the edit lost by it.

    The original's come in its own frame; so do the edit's if its size is another, else they are as its file holds them.

    `placed` is the edit at the original's size, `inside` (H x W of it) where it is to stay: transparency there is kept.

    Raises:
        CouldNotRestore: the original holds samples that nothing here writes.
    """
    if original.mode not in WRITABLE:
        raise CouldNotRestore(
            f"{name} holds {original.mode} samples, which are made for print and cannot take an edit in exactly",
            "Convert the original to RGB, edit that one, and record it as the original.",
        )
    grey = original.mode in {"L", "LA"}
    before = original.samples
    after = _color_channels(original, edit, placed, grey=grey)
    notes = []
    if grey and _is_colored(placed.samples[inside]):
        notes.append("the original is grey, so the edit's colours became grey; to keep them, record an RGB copy of it")
    color_channels = 1 if grey else 3
    has_alpha = before.shape[2] > color_channels
    see_through = placed.alpha is not None and bool((placed.alpha[inside] < OPAQUE).any())
    if not (has_alpha or see_through):
        return before, after, tuple(notes)
    if not has_alpha:
        before = _with(before, np.full(before.shape[:2], OPAQUE, np.uint8))
    solid = np.full(after.shape[:2], OPAQUE, np.uint8) if placed.alpha is None else placed.alpha
    return before, _with(after, solid), tuple(notes)


def _color_channels(original: Stored, edit: Stored, placed: Aligned, *, grey: bool) -> NDArray[Any]:
    """The edit's channels of colour: its own numbers where they mean the same, else by way of sRGB."""
    same_color = edit.shown.color == original.shown.color or not original.shown.managed
    if same_color and edit.shown.size == original.shown.size and edit.mode in WRITABLE:
        own = edit.samples[..., : 1 if edit.mode in {"L", "LA"} else 3]
        if grey and own.shape[2] > 1:
            own = np.rint(own @ LUMA)[..., None].astype(own.dtype)
        elif not grey and own.shape[2] == 1:
            own = np.repeat(own, 3, axis=2)
    elif grey or original.shown.color != SRGB:
        own = from_srgb(placed.samples, original.icc, "L" if grey else "RGB")
    else:
        own = placed.samples
    return _deep(own, original.samples.dtype)


def _deep(samples: NDArray[Any], depth: Any) -> NDArray[Any]:
    if samples.dtype == depth:
        return samples
    if depth == np.uint16:
        return samples.astype(np.uint16) * np.uint16(WIDE)
    return ((samples.astype(np.uint32) + WIDE // 2) // WIDE).astype(np.uint8)


def _with(samples: NDArray[Any], alpha: NDArray[np.uint8]) -> NDArray[Any]:
    return np.concatenate([samples, _deep(alpha, samples.dtype)[..., None]], axis=2)


def _is_colored(samples: NDArray[np.uint8]) -> bool:
    """Is more than a hundredth of these pixels (N x 3) seen to have a colour?"""
    return len(samples) > 0 and float((np.ptp(samples, axis=1) >= COLORED).mean()) > 0.01  # noqa: PLR2004
