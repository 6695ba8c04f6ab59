"""Drift: how far each protected area moved from the original, in which way, in which unit.

Two questions are asked of the protected area, because either alone is blind. Did much of it become something else
(`structure`)? And did anything change more than this edit changes everything (`residue`)? Beside them: did the frame
move (`registration`), did the tone move (`tone`), did size or transparency change (`frame`)? Declared areas are
asked the second question by themselves, with limits for their size. At level exact every sample counts.

A new metric is a function that returns `Metric`, called below, and a row in `maskproof.limits`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from maskproof.drift.frame import Frame, alpha_changed, place, samples_changed, shown
from maskproof.drift.inside import inside
from maskproof.drift.oklab import opponent
from maskproof.drift.registration import STILL, Motion, hairs_breadth, register, snapped, warped
from maskproof.drift.residue import gather, residue_level
from maskproof.drift.standing import Part, standing_out
from maskproof.drift.stroke import stroke
from maskproof.drift.structure import changed_area
from maskproof.drift.tone import tone
from maskproof.drift.windows import Float, Mask, cells, grown
from maskproof.model import Box, Finding, Kind, Level, Metric, Picture, Region, RegionDrift, Severity

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Frame", "descriptions", "measure"]

LONGEST = 1600
"""samples of the long side at which pictures are judged; a 24 px letter of a 4K picture is still 10 samples wide"""
BORDER = {Level.VISUAL: 0.012, Level.STRICT: 0.006, Level.EXACT: 0.0}
"""share of the long side around the editable area that is not judged by eye: editors feather their masks"""
MOVED = 0.3
"""samples of the judged picture from which on a trusted motion is undone before judging"""
SMALL_SIDE = 400
"""long side, in pixels, below which a shift is told as a share of this many: resampling moves small pictures by 1 px"""


def measure(
    original: Picture, edit: Picture, opened: Mask, protected: tuple[Region, ...], level: Level, frame: Frame
) -> tuple[RegionDrift, ...]:
    """All metrics of one comparison.

    Args:
        original: The picture before the edit.
        edit: The edit, of any size.
        opened: H x W of the original, True where the mask allowed editing.
        protected: What is protected; first what lies outside the mask, then each declared area.
        level: Sets how wide a border around the mask is left out.
        frame: How the original was mapped to what the model saw.

    Returns:
        The whole frame, then each region in the order given.
    """
    placed = place(original, edit, frame)
    factor = -(-max(original.size) // LONGEST)
    first = _reduced(shown(original.samples, original.alpha), factor)
    second = _reduced(shown(placed.samples, placed.alpha), factor)
    allowed = _reduced_mask(opened, factor)
    masks = [_reduced_mask(region.mask, factor) for region in protected]
    masks[0] = masks[0] & ~grown(allowed, _border(level, first.shape)) if allowed.any() else masks[0]
    outside = masks[0] if masks[0].any() else np.logical_or.reduce(masks)
    before, after = opponent(first), opponent(second)
    motion = snapped(register(before[0], after[0], outside), before[0], after[0], outside)
    undone = motion
    if not motion.trusted or motion.reach < 1:
        dx, dy = hairs_breadth(before[0], after[0], outside)
        if dx or dy:
            # The original is moved, not the edit: then both were resampled alike, and that is not taken for a blur.
            undone, before = STILL, _moved(before, dx, dy)
    aligned, valid = _aligned(after, undone, outside.shape)
    everywhere = np.logical_or.reduce(masks) & valid
    aligned = aligned - _offset(before, aligned, outside & valid)[:, None, None]
    sums = gather(before, aligned, everywhere.astype(np.float32))
    reference = cells((outside & valid).astype(np.float32))
    parts = [
        Part(region.kind, cells((mask & valid).astype(np.float32)))
        for region, mask in zip(protected, masks, strict=True)
    ]
    found = standing_out(sums, reference, parts, allowed if level is Level.VISUAL else None)
    changed = samples_changed(original, edit, placed)
    rows = [
        RegionDrift(
            "frame",
            "frame",
            (
                *placed.metrics,
                alpha_changed(original, placed, protected[0].mask),
                *_motion_metrics(motion, factor, original.size),
                *tone(first, second, outside & valid),
                *inside(before, aligned, allowed & valid, outside & valid),
            ),
        )
    ]
    for region, mask, metrics in zip(protected, masks, found, strict=True):
        own = [_in_pixels(metric, factor, original.size) for metric in metrics]
        if region.kind is Kind.TEXT:
            own.append(_in_pixels(stroke(before[0], aligned[0], mask & valid), factor, original.size))
        if region.kind is Kind.OUTSIDE_MASK:
            own += [
                _in_pixels(changed_area(before, aligned, mask & valid), factor, original.size),
                residue_level(sums, parts[0].weight),
            ]
        rows.append(RegionDrift(region.name, region.kind.value, (*own, _exact(changed & region.mask, region))))
    return tuple(rows)


def descriptions(original: Picture, edit: Picture) -> list[Finding]:
    """What differs between two files besides their samples: the description of colours, bytes after the end."""
    found = []
    if original.colour != edit.colour:
        applied = original.managed and edit.managed
        found.append(
            Finding(
                "color-profile",
                Severity.WARN if applied else Severity.BLOCK,
                f"the edit's colours are described as {edit.colour}, the original's as {original.colour}"
                + ("" if applied else ", and viewers disagree on what that looks like"),
                advice="Export the edit with the original's colour profile.",
            )
        )
    if edit.trailing:
        found.append(
            Finding(
                "unreadable",
                Severity.WARN,
                f"{edit.trailing} bytes follow the end of the picture",
                advice="Export the picture again, unless something else is meant to be in the file.",
            )
        )
    return found


def _border(level: Level, shape: tuple[int, ...]) -> int:
    return max(2, round(BORDER[level] * max(shape))) if BORDER[level] else 0


def _reduced(picture: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(picture).reduce(factor)) if factor > 1 else picture


def _reduced_mask(mask: Mask, factor: int) -> Mask:
    """True where any sample of a block was."""
    return np.asarray(Image.fromarray(mask.view(np.uint8) * np.uint8(255)).reduce(factor)) > 0 if factor > 1 else mask


def _aligned(edit: Float, motion: Motion, shape: tuple[int, ...]) -> tuple[Float, Mask]:
    """The edit's planes with the frame's motion undone where that helps, and where they hold samples."""
    if not motion.trusted or motion.reach < MOVED:
        return edit, np.ones(shape, np.bool_)
    moved = np.stack([warped(plane, motion.matrix) for plane in edit])
    return moved, warped(np.ones(shape, np.float32), motion.matrix) > 0.99


def _moved(planes: Float, dx: float, dy: float) -> Float:
    """Planes moved by less than a sample; what would come from beyond the border stays as it was."""
    inner = warped(np.ones(planes.shape[1:], np.float32), (1.0, 0.0, -dx, 0.0, 1.0, -dy)) > 0.99
    return np.stack([np.where(inner, warped(plane, (1.0, 0.0, -dx, 0.0, 1.0, -dy)), plane) for plane in planes])


def _offset(original: Float, edit: Float, protected: Mask) -> Float:
    """Median difference of each plane over the protected area: the step that `tone` reports."""
    if not protected.any():
        return np.zeros(3, np.float32)
    step = max(1, round((protected.size / 60_000) ** 0.5))
    pick = protected[::step, ::step]
    if not pick.any():
        pick, step = protected, 1
    difference = edit[:, ::step, ::step][:, pick] - original[:, ::step, ::step][:, pick]
    return np.asarray(np.median(difference, axis=1), np.float32)


def _motion_metrics(motion: Motion, factor: int, size: tuple[int, int]) -> tuple[Metric, ...]:
    """The frame's motion, in pixels of the original; the share of the long side is what is limited."""
    reach = motion.reach * factor if motion.trusted else 0.0
    parts = [
        f"{abs(value) * factor:.1f} px {way[value < 0]}"
        for value, way in ((motion.dx, ("right", "left")), (motion.dy, ("down", "up")))
        if abs(value) * factor >= 0.1
    ]
    parts += [f"scaled to {motion.scale * 100:.2f} %"] if abs(motion.scale - 1) > 5e-4 else []
    parts += [f"turned by {motion.angle:+.2f} degrees"] if abs(motion.angle) > 0.02 else []
    says = f"the frame moved by {{value}} of its long side (limit {{limit}}): {', '.join(parts) or 'by a hair'}"
    return (
        Metric("shift", reach / max(*size, SMALL_SIDE) * 100, "%", "shift", says),
        Metric("dx", motion.dx * factor, "px", "shift", ""),
        Metric("dy", motion.dy * factor, "px", "shift", ""),
        Metric("scale", motion.scale, "times", "shift", ""),
        Metric("angle", motion.angle, "degrees", "shift", ""),
        Metric("motion_residual", motion.residual * factor, "px", "shift", ""),
    )


def _in_pixels(metric: Metric, factor: int, size: tuple[int, int]) -> Metric:
    """The metric with its place in pixels of the original instead of the judged picture."""
    if metric.box is None or factor == 1:
        return metric
    x, y, width, height = (
        value * factor for value in (metric.box.x, metric.box.y, metric.box.width, metric.box.height)
    )
    return Metric(
        metric.name,
        metric.value,
        metric.unit,
        metric.rule,
        metric.says,
        Box(x, y, min(width, size[0] - x), min(height, size[1] - y)),
    )


def _exact(changed: Mask, region: Region) -> Metric:
    """Pixels of a region that are not the original's to the last bit."""
    count = int(changed.sum())
    box = None
    if count:
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        box = Box(int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1))
    return Metric(
        "changed", float(count), "px", region.kind.value, "{value} are not the original's (limit {limit})", box
    )
