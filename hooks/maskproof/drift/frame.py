"""The frame: bringing the edit into the original's, and what its size, its motion and its transparency say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from maskproof.model import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from maskproof.drift.registration import Motion
    from maskproof.model import Picture, Region

SMALL_SIDE = 400
"""long side, in pixels, below which a shift is told as a share of this many: resampling moves small pictures by 1 px"""
BACKDROP = 128
"""sRGB level that half-transparent samples are shown on; neither black nor white marks vanish in it"""
ALPHA_STEP = 8
"""levels of 255 by which opacity has to differ to count; resampling and WebP move soft edges by less"""
MULTIPLES = (8, 16, 32, 64)
"""px; what image models round sizes to. An editor that pads a picture to such a size and does not cut the padding off
again moves the frame by the padding or half of it, or squeezes it by as much: easily fixed, once named"""
PADDING_TOLERANCE_PX = 0.6
"""by how much a motion may differ from what padding gives"""
PADDING_TOLERANCE = 8e-4
"""how far a scale may differ from what padding gives: 0.8 px of 1000"""


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
class Aligned:
    """The edit in the original's frame."""

    samples: NDArray[np.uint8]
    """H x W x 3 of the original's size"""
    alpha: NDArray[np.uint8] | None
    """H x W; None: opaque"""
    metrics: tuple[Metric, ...]
    """what its size says"""
    resampled: bool
    """the edit had another size, so its samples are not comparable one by one"""


def align(original: Picture, edit: Picture, frame: Frame) -> Aligned:
    """The edit at the original's size: cut out of the recorded padding, or scaled.

    An edit of the original's own size was mapped back already and is taken as it is.
    """
    if edit.size == original.size:
        return Aligned(edit.samples, edit.alpha, _size_metrics(original, edit, original.size), resampled=False)
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
    return Aligned(samples, alpha, _size_metrics(original, edit, canvas), resampled=edit.size != canvas)


def shown(samples: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    """Samples (H x W x 3) on a middle grey, as far as they are transparent."""
    if alpha is None:
        return samples
    picture = Image.new("RGB", (samples.shape[1], samples.shape[0]), (BACKDROP,) * 3)
    picture.paste(Image.fromarray(samples), mask=Image.fromarray(alpha))
    return np.asarray(picture)


def alpha_changed(original: Picture, aligned: Aligned, regions: Sequence[Region]) -> tuple[Metric]:
    """Share of the protected area, all regions together, whose opacity differs."""
    value = 0.0
    if original.alpha is not None or aligned.alpha is not None:
        protected = np.logical_or.reduce([region.mask for region in regions])
        planes = [
            np.int16(255) if plane is None else plane.astype(np.int16) for plane in (original.alpha, aligned.alpha)
        ]
        changed = np.abs(np.broadcast_to(planes[0] - planes[1], protected.shape)) > ALPHA_STEP
        value = int(np.count_nonzero(changed & protected)) / max(int(np.count_nonzero(protected)), 1)
    says = "{value} of the protected area changed its transparency (limit {limit})"
    return (Metric("alpha", value, "share", "alpha", says),)


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


def motion_metrics(motion: Motion, factor: int, size: tuple[int, int]) -> tuple[Metric, ...]:
    """The frame's motion, in pixels of the original; the share of the long side is what is limited."""
    reach = motion.reach * factor if motion.trusted else 0.0
    parts = describe_motion(motion, factor) or "sub-pixel"
    says = f"the frame moved by {{value}} of its long side (limit {{limit}}): {parts}"
    says += padding_that_explains(motion.dx * factor, motion.dy * factor, motion.scale, size)
    return (
        Metric("shift", reach / max(*size, SMALL_SIDE) * 100, "%", "shift", says),
        Metric("dx", motion.dx * factor, "px", "shift", _untold(motion)),
        Metric("dy", motion.dy * factor, "px", "shift", ""),
        Metric("scale", motion.scale, "times", "shift", ""),
        Metric("angle", motion.angle, "degrees", "shift", ""),
        Metric("motion_residual", motion.residual * factor, "px", "shift", ""),
    )


def describe_motion(motion: Motion, factor: int = 1) -> str:
    """A motion in words, `factor` times its lengths in pixels; empty where it is too small to see."""
    parts = [
        f"{abs(value) * factor:.1f} px {way[value < 0]}"
        for value, way in ((motion.dx, ("right", "left")), (motion.dy, ("down", "up")))
        if abs(value) * factor >= 0.1
    ]
    parts += [f"scaled to {motion.scale * 100:.2f} %"] if abs(motion.scale - 1) > 5e-4 else []
    parts += [f"turned by {motion.angle:+.2f} degrees"] if abs(motion.angle) > 0.02 else []
    return ", ".join(filter(None, (*parts, _untold(motion))))


def _untold(motion: Motion) -> str:
    """Along which way no motion can be told, in words; empty where it can along all."""
    return f"a motion {motion.untold} cannot be told" if motion.untold else ""


def padding_that_explains(dx: float, dy: float, scale: float, size: tuple[int, int]) -> str:
    """What padding would do the same to the frame, in words; empty where none does.

    Args:
        dx: Motion to the right, px of the original.
        dy: Motion downwards, px of the original.
        scale: Enlargement, 1 is none.
        size: Width and height of the original, px.
    """
    width, height = size
    for multiple in MULTIPLES:
        wide, tall = -width % multiple, -height % multiple
        padded = f"padding to multiples of {multiple} ({width + wide} x {height + tall} px)"
        if abs(scale - 1) <= PADDING_TOLERANCE and max(abs(dx), abs(dy)) > PADDING_TOLERANCE_PX:
            if _moved_by(dx, wide) and _moved_by(dy, tall):
                return f", as {padded} would that was not cut off again"
        elif abs(scale - 1) > PADDING_TOLERANCE and wide + tall:
            squeezed = (width / (width + wide) * height / (height + tall)) ** 0.5
            if abs(scale - squeezed) <= PADDING_TOLERANCE:
                return f", as {padded} and scaling back would"
    return ""


def _moved_by(motion: float, padding: int) -> bool:
    """Not at all, by half of the padding, or by all of it."""
    return min(abs(abs(motion) - part) for part in (0, padding / 2, padding)) <= PADDING_TOLERANCE_PX
