"""Bringing the edit into the original's frame, before anything is measured: size, recorded padding, transparency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from maskproof.model import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from maskproof.model import Picture, Region

GROUND = 128
"""sRGB level that half-transparent samples are shown on; neither black nor white marks vanish in it"""
ALPHA_STEP = 8
"""levels of 255 by which opacity has to differ to count; resampling and WebP move soft edges by less"""


@dataclass(frozen=True, slots=True)
class Frame:
    """How the original was mapped to what the model saw: cropped first, then padded."""

    crop: tuple[int, int, int, int] | None = None
    """x, y, width, height in pixels of the original"""
    pad: tuple[int, int, int, int] = (0, 0, 0, 0)
    """pixels added left, top, right, bottom"""

    def canvas(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height that the model saw, for an original of this size."""
        width, height = self.crop[2:] if self.crop else size
        left, top, right, bottom = self.pad
        return width + left + right, height + top + bottom


@dataclass(frozen=True, slots=True)
class Placed:
    """The edit in the original's frame."""

    samples: NDArray[np.uint8]
    """H x W x 3 of the original's size"""
    alpha: NDArray[np.uint8] | None
    """H x W; None: opaque"""
    metrics: tuple[Metric, ...]
    """what its size says"""
    resampled: bool
    """the edit had another size, so its samples are not comparable one by one"""


def place(original: Picture, edit: Picture, frame: Frame) -> Placed:
    """The edit at the original's size: cut out of the recorded padding, or scaled.

    An edit of the original's own size was mapped back already and is taken as it is.
    """
    if edit.size == original.size:
        return Placed(edit.samples, edit.alpha, _size_metrics(original, edit, original.size), resampled=False)
    canvas = frame.canvas(original.size)
    samples, alpha = (None if plane is None else _resized(plane, canvas) for plane in (edit.samples, edit.alpha))
    assert samples is not None  # noqa: S101 - a picture has samples
    left, top, right, bottom = frame.pad
    inner = (slice(top, canvas[1] - bottom), slice(left, canvas[0] - right))
    samples, alpha = samples[inner], None if alpha is None else alpha[inner]
    if frame.crop is not None:
        x, y, width, height = frame.crop
        whole, solid = original.samples.copy(), np.full(original.samples.shape[:2], 255, np.uint8)
        if original.alpha is not None:
            solid = original.alpha.copy()
        whole[y : y + height, x : x + width] = samples
        solid[y : y + height, x : x + width] = 255 if alpha is None else alpha
        samples, alpha = whole, solid
    return Placed(samples, alpha, _size_metrics(original, edit, canvas), resampled=edit.size != canvas)


def shown(samples: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    """Samples (H x W x 3) on a middle grey, as far as they are transparent."""
    if alpha is None:
        return samples
    picture = Image.new("RGB", (samples.shape[1], samples.shape[0]), (GROUND,) * 3)
    picture.paste(Image.fromarray(samples), mask=Image.fromarray(alpha))
    return np.asarray(picture)


def alpha_changed(original: Picture, placed: Placed, regions: Sequence[Region]) -> Metric:
    """Share of the protected area, all regions together, whose opacity differs."""
    value = 0.0
    if original.alpha is not None or placed.alpha is not None:
        protected = np.logical_or.reduce([region.mask for region in regions])
        planes = [np.int16(255) if one is None else one.astype(np.int16) for one in (original.alpha, placed.alpha)]
        changed = np.abs(np.broadcast_to(planes[0] - planes[1], protected.shape)) > ALPHA_STEP
        value = int(np.count_nonzero(changed & protected)) / max(int(np.count_nonzero(protected)), 1)
    return Metric(
        "alpha", value, "share", "alpha", "{value} of the protected area changed its transparency (limit {limit})"
    )


def _size_metrics(original: Picture, edit: Picture, canvas: tuple[int, int]) -> tuple[Metric, ...]:
    aspect = abs((edit.size[0] / edit.size[1]) / (canvas[0] / canvas[1]) - 1) * 100
    resolution = abs(max(edit.size) / max(canvas) - 1) * 100
    sizes = f"{edit.size[0]} x {edit.size[1]} px instead of {canvas[0]} x {canvas[1]} px"
    if canvas != original.size:
        sizes += " (the original with its recorded padding)"
    return (
        Metric("aspect", aspect, "%", "size", f"the proportions differ by {{value}} (limit {{limit}}): {sizes}"),
        Metric("resolution", resolution, "%", "size", f"the size differs by {{value}} (limit {{limit}}): {sizes}"),
    )


def _resized(plane: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if (plane.shape[1], plane.shape[0]) == size:
        return plane
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS))
