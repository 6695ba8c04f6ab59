"""The frame: bringing the edit into the original's, and what its size, its motion and its transparency say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from PIL import Image

from maskproof.model import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from maskproof.drift.grid import Mask
    from maskproof.drift.registration import Motion
    from maskproof.model import Picture, Region

Size = tuple[int, int]
"""width and height, px"""
MAX_OFF_PROPORTIONS = 0.02
"""how far a mask's proportions may be from a picture's to be those; 853 x 512 for 1150 x 690 is 0.0004"""
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


class Frame(Struct, frozen=True):
    """How the original was mapped to the shipped file: cropped, then padded, then scaled to the file's size.

    All that is mapped goes through here: the edit, and a mask that was drawn on the shipped file.
    """

    crop: tuple[int, int, int, int] | None = None
    """x, y, width, height in pixels of the original"""
    pad: tuple[int, int, int, int] = (0, 0, 0, 0)
    """pixels of the original added left, top, right, bottom"""

    def canvas(self, size: Size) -> Size:
        """Width and height of the shipped file before it was scaled, for an original of this size."""
        width, height = self.crop[2:] if self.crop else size
        left, top, right, bottom = self.pad
        return width + left + right, height + top + bottom

    def of_edit(self, original: Size, edit: Size) -> Frame:
        """How an edit of this size lies: one of the original's own size was mapped back already."""
        return Frame() if edit == original else self

    def of_mask(self, mask: Size, original: Size, edit: Size | None) -> tuple[Frame, ...]:
        """How a mask of this size may lie: as the original does, or as the shipped file.

        Its very size decides, otherwise its proportions.

        Returns:
            Both where it has the proportions of both; none where it has neither's.
        """
        canvas = self.canvas(original)
        if mask == original:
            return (Frame(),)
        if mask in {canvas, edit}:
            return (self,)
        off = {Frame(): off_proportions(mask, original)}
        off[self] = off_proportions(mask, canvas)
        # Sides are whole pixels, so what is nearer by less than one of them is not nearer.
        most = min(min(off.values()) + 1 / min(mask), MAX_OFF_PROPORTIONS)
        return tuple(frame for frame, value in off.items() if value <= most)

    def undo(
        self,
        plane: NDArray[Any],
        into: NDArray[Any],
        method: Image.Resampling = Image.Resampling.LANCZOS,
    ) -> NDArray[Any]:
        """What the shipped file shows of the original, in the original's frame.

        Args:
            plane: H x W or H x W x 3 of the shipped file, or of one with its proportions; uint8 or bool.
            into: The same of the original's size: what stands where the crop left it out.
            method: How samples are scaled.
        """
        height, width = into.shape[:2]
        x, y, wide, tall = self.crop or (0, 0, width, height)
        canvas, (left, top, _, _) = self.canvas((width, height)), self.pad
        if (plane.shape[1], plane.shape[0]) == canvas:
            inner = plane[top : top + tall, left : left + wide]
        else:
            across, down = plane.shape[1] / canvas[0], plane.shape[0] / canvas[1]
            # Only what lies inside is scaled, so that no border runs into it.
            box = (left * across, top * down, (left + wide) * across, (top + tall) * down)
            inner = np.asarray(Image.fromarray(plane).resize((wide, tall), method, box=box))
        if self.crop is None:
            return inner
        whole = into.copy()
        whole[y : y + tall, x : x + wide] = inner
        return whole

    def shows(self, size: Size) -> Mask | None:
        """H x W of the original: what the shipped file shows of it; None: all."""
        if self.crop is None:
            return None
        x, y, wide, tall = self.crop
        mask = np.zeros(size[::-1], np.bool_)
        mask[y : y + tall, x : x + wide] = True
        return None if mask.all() else mask


def off_proportions(one: Size, other: Size) -> float:
    """How far the proportions of two sizes are apart; 0.01 is 1 %."""
    return abs(one[0] * other[1] / (one[1] * other[0]) - 1)


class Aligned(Struct, frozen=True):
    """The edit in the original's frame."""

    samples: NDArray[np.uint8]
    """H x W x 3 of the original's size"""
    alpha: NDArray[np.uint8] | None
    """H x W; None: opaque"""
    canvas: Size
    """the size that the edit would have, were it not scaled"""
    resampled: bool
    """the edit had another size, so its samples are not comparable one by one"""
    shows: Mask | None = None
    """H x W, where it shows the original, and elsewhere is the original itself; None: everywhere"""


def align(original: Picture, edit: Picture, frame: Frame) -> Aligned:
    """The edit at the original's size: what was recorded of its frame undone, or scaled."""
    frame = frame.of_edit(original.size, edit.size)
    canvas, alpha = frame.canvas(original.size), None
    if edit.alpha is not None or (original.alpha is not None and frame.crop is not None):
        alpha = frame.undo(_opacity(edit), _opacity(original))
    samples = frame.undo(edit.samples, original.samples)
    return Aligned(samples, alpha, canvas, edit.size != canvas, frame.shows(original.size))


def as_fine(samples: NDArray[np.uint8], edit: Picture, canvas: Size) -> NDArray[np.uint8]:
    """The original with no more detail than the edit's size can hold.

    What a smaller file has no room for was not changed by anybody: that it is smaller is told by its size.

    Args:
        samples: H x W x 3 of the original.
        edit: The shipped picture.
        canvas: The size that it would have, were it not scaled.
    """
    height, width = samples.shape[:2]
    size = tuple(
        min(side, max(1, round(side * shipped / whole)))
        for side, shipped, whole in zip((width, height), edit.size, canvas, strict=True)
    )
    if size == (width, height):
        return samples
    small = Image.fromarray(samples).resize(size, Image.Resampling.LANCZOS)
    return np.asarray(small.resize((width, height), Image.Resampling.LANCZOS))


def _opacity(picture: Picture) -> NDArray[np.uint8]:
    return np.full(picture.samples.shape[:2], 255, np.uint8) if picture.alpha is None else picture.alpha


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


def size_metrics(original: Picture, edit: Picture, canvas: Size, hint: str, mend: str) -> tuple[Metric, ...]:
    """What the edit's size says; `canvas` is the size that it should have, `hint` what explains the one that it has.

    `mend` says what is done about it, where that is known.
    """
    aspect = off_proportions(edit.size, canvas) * 100
    resolution = abs(max(edit.size) / max(canvas) - 1) * 100
    sizes = f"{edit.size[0]} x {edit.size[1]} px instead of {canvas[0]} x {canvas[1]} px"
    if canvas != original.size:
        sizes += " (the original with its recorded crop and padding)"
    sizes += hint
    return tuple(
        Metric(name, value, "%", "size", f"the {what} by {{value}} (limit {{limit}}): {sizes}", mend=mend)
        for name, value, what in (("aspect", aspect, "proportions differ"), ("resolution", resolution, "size differs"))
    )


def motion_metrics(
    motion: Motion, factor: float, size: tuple[int, int], hint: str = "", mend: str = ""
) -> tuple[Metric, ...]:
    """The frame's motion, in pixels of the original; the share of the long side is what is limited.

    `hint` says what explains it, where padding to a multiple does not, and `mend` what is done about that.
    """
    reach = motion.reach * factor if motion.trusted else 0.0
    parts = describe_motion(motion, factor) or "sub-pixel"
    says = f"the frame moved by {{value}} of its long side (limit {{limit}}): {parts}"
    says += hint or padding_that_explains(motion.dx * factor, motion.dy * factor, motion.scale, size)
    return (
        Metric("shift", reach / max(*size, SMALL_SIDE) * 100, "%", "shift", says, mend=mend),
        Metric("dx", motion.dx * factor, "px", "shift", _untold(motion)),
        Metric("dy", motion.dy * factor, "px", "shift", ""),
        Metric("scale", motion.scale, "times", "shift", ""),
        Metric("angle", motion.angle, "degrees", "shift", ""),
        Metric("motion_residual", motion.residual * factor, "px", "shift", ""),
    )


def describe_motion(motion: Motion, factor: float = 1) -> str:
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
