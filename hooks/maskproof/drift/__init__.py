"""Drift: how far each protected area moved from the original, in which way, in which unit.

Two questions are asked of the protected area, because either alone is blind. Did much of it become something else
(`structure`)? And did anything change more than this edit changes everything (`residue`)? Beside them: did the frame
move (`registration`), did the tone move (`tone`), did size or transparency change (`frame`)? Declared areas are
asked the second question by themselves, with limits for their size. At level exact every sample counts.

A new metric is a function that returns `Metric`, called below, and a row in `maskproof.policy.limits`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from maskproof.drift.declared import View, measures
from maskproof.drift.exact import changed
from maskproof.drift.frame import Frame, Placed, alpha_changed, place, shown
from maskproof.drift.grid import CELL, Float, Mask, cells, grown
from maskproof.drift.inside import inside
from maskproof.drift.oklab import opponent
from maskproof.drift.outliers import Part, standing_out
from maskproof.drift.padding import explained
from maskproof.drift.registration import STILL, Motion, hairs_breadth, register, snapped, warped
from maskproof.drift.residual import gather, residue_level
from maskproof.drift.seam import seam
from maskproof.drift.ssim import changed_area
from maskproof.drift.tone import tone
from maskproof.model import Box, Finding, Kind, Level, Metric, Picture, Region, RegionDrift, Severity

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from numpy.typing import NDArray

__all__ = ["Frame", "Readers", "View", "descriptions", "measure"]

Readers = Mapping[Kind, Callable[[View], list[Metric]]]
"""measures that are handed in, because they need an optional part"""

LONGEST = 1600
"""samples of the long side at which pictures are judged; a 24 px letter of a 4K picture is still 8 samples wide"""
BORDER = {Level.VISUAL: 0.012, Level.STRICT: 0.006, Level.EXACT: 0.0}
"""share of the long side around the editable area that is not judged by eye: editors feather their masks"""
MOVED = 0.3
"""samples of the judged picture from which on a trusted motion is undone before judging"""
VIEW_MARGIN = 0.25
"""margin around a declared area, as a share of its shorter side, that its own measures see"""
SAMPLED = 20_000
"""samples that the tone step is taken from at the least, where there are as many"""
SMALL_SIDE = 400
"""long side, in pixels, below which a shift is told as a share of this many: resampling moves small pictures by 1 px"""


def measure(
    original: Picture,
    edit: Picture,
    opened: Mask,
    protected: tuple[Region, ...],
    level: Level,
    frame: Frame,
    readers: Readers | None = None,
    threads: int = 2,
) -> tuple[RegionDrift, ...]:
    """All metrics of one comparison.

    Args:
        original: The picture before the edit.
        edit: The edit, of any size.
        opened: H x W of the original, True where the mask allowed editing.
        protected: What is protected; first what lies outside the mask, then each declared area.
        level: Sets how wide a border around the mask is left out.
        frame: How the original was mapped to what the model saw.
        readers: Measures that need an optional part, by the kind of area that they are asked of.
        threads: Threads that share the work.

    Returns:
        The whole frame, then each region in the order given.
    """
    placed = place(original, edit, frame)
    # Two threads, since numpy and Pillow let others run while they work.
    with ThreadPoolExecutor(threads) as beside:
        exact = beside.submit(changed, original, edit, placed, protected)
        pair = _paired(original, placed, opened, protected, level, beside)
        whole = beside.submit(_frame_metrics, pair, protected)
        own = beside.submit(_own_metrics, pair, protected, readers or {})
        standing = _standing(pair, protected, pair.allowed if level is Level.VISUAL else None, beside)
    rows = [RegionDrift("frame", "frame", whole.result())]
    for index, region in enumerate(protected):
        metrics = (*standing[index], *own.result()[index], exact.result()[index])
        rows.append(RegionDrift(region.name, region.kind.value, metrics))
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both pictures on the grid that they are judged on."""

    original: Picture
    placed: Placed
    full: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    """H x W x 3 of the original's size, transparency shown on grey"""
    factor: int
    """how many times smaller the judged pictures are"""
    before: Float
    """opponent planes of the original, 3 x h x w; moved by less than a sample where the edit's frame is"""
    raw: Float
    """opponent planes of the edit, the frame's motion undone"""
    means: tuple[Float, Float]
    """`before` and `raw` averaged over cells, 3 x rows x columns"""
    offset: Float
    """the tone step of each plane over the protected area"""
    motion: Motion
    valid: Mask
    """where the aligned edit holds samples"""
    allowed: Mask
    """where editing was allowed"""
    masks: tuple[Mask, ...]
    """the regions where the aligned edit holds samples, the border around the mask left out of the first"""
    held: tuple[Float, ...]
    """samples of each cell that belong to each region, rows x columns, 0 to 16"""

    @property
    def reference(self) -> Float:
        """What the residue is estimated from: outside the mask, or the areas where there is no outside."""
        return self.held[0] if self.masks[0].any() else _held(np.logical_or.reduce(self.masks))


def _paired(
    original: Picture,
    placed: Placed,
    opened: Mask,
    protected: tuple[Region, ...],
    level: Level,
    beside: Executor,
) -> _Pair:
    factor = -(-max(original.size) // LONGEST)
    full = shown(original.samples, original.alpha), shown(placed.samples, placed.alpha)
    planes = [beside.submit(opponent, picture, factor) for picture in full]
    allowed = _reduced_mask(opened, factor)
    masks = [_reduced_mask(region.mask, factor) for region in protected]
    if allowed.any():
        masks[0] = masks[0] & ~grown(allowed, _border(level, allowed.shape))
    judged = masks[0] if masks[0].any() else np.logical_or.reduce(masks)
    before, after = (one.result() for one in planes)
    motion = snapped(register(before[0], after[0], judged), before[0], after[0], judged)
    undone = motion
    if not motion.trusted or motion.reach < 1:
        dx, dy = hairs_breadth(before[0], after[0], judged)
        if dx or dy:
            # The original is moved, not the edit: then both were resampled alike, and that is not taken for a blur.
            undone, before = STILL, _moved(before, dx, dy)
    raw, valid = _aligned(after, undone, allowed.shape)
    masks = [mask & valid for mask in masks]
    offset = _offset(before, raw, masks[0])
    return _Pair(
        original,
        placed,
        full,
        factor,
        before,
        raw,
        (_means(before), _means(raw)),
        offset,
        motion,
        valid,
        allowed & valid,
        tuple(masks),
        tuple(_held(mask) for mask in masks),
    )


def _means(planes: Float) -> Float:
    """Means over cells."""
    return cells(planes) * np.float32(1 / CELL**2)


def _held(mask: Mask) -> Float:
    """Samples of each cell that a mask holds."""
    return cells(mask.view(np.uint8)).astype(np.float32)


def _standing(
    pair: _Pair, protected: tuple[Region, ...], near: Mask | None, beside: Executor
) -> list[tuple[Metric, ...]]:
    """What stands out in each region, and the level of the residue that it stands out of."""
    parts = [Part(region.kind, held) for region, held in zip(protected, pair.held, strict=True)]
    sums = _sums(pair, pair.masks[0], beside)
    found = standing_out(sums, pair.reference, parts[:1], near, beside)
    found[0] = (*found[0], residue_level(sums, parts[0].weight))
    if len(parts) > 1:
        # What a declared area shows inside the mask must not be held against its surroundings outside of it.
        sums = _sums(pair, np.logical_or.reduce(pair.masks), beside)
        found += standing_out(sums, pair.reference, parts[1:], near, beside)
    return [tuple(_in_pixels(metric, pair) for metric in metrics) for metrics in found]


def _sums(pair: _Pair, mask: Mask, beside: Executor) -> Float:
    return gather(pair.before, pair.raw, pair.offset, mask, beside)


def _frame_metrics(pair: _Pair, protected: tuple[Region, ...]) -> tuple[Metric, ...]:
    return (
        *pair.placed.metrics,
        alpha_changed(pair.original, pair.placed, protected),
        *_motion_metrics(pair.motion, pair.factor, pair.original.size),
        *tone(*pair.means, pair.held[0]),
        *inside(*pair.means, _held(pair.allowed), pair.held[0]),
        *(_in_pixels(metric, pair) for metric in _seam(pair)),
    )


def _seam(pair: _Pair) -> tuple[Metric, ...]:
    """The step along the mask's edge; right up to it, so the border that is not judged by eye is not left out here."""
    return seam(pair.before, pair.raw, pair.allowed, pair.valid & ~pair.allowed)


def _own_metrics(pair: _Pair, protected: tuple[Region, ...], readers: Readers) -> list[tuple[Metric, ...]]:
    """What is asked of each region besides what stands out of it; in turn, since readers may share a model."""
    return [
        _changed_area(pair, pair.held[index]) if region.kind is Kind.OUTSIDE_MASK else _declared(pair, region, readers)
        for index, region in enumerate(protected)
    ]


def _changed_area(pair: _Pair, held: Float) -> tuple[Metric, ...]:
    before, raw = pair.means
    means = before, raw - pair.offset[:, None, None]
    return (_in_pixels(changed_area((pair.before[0], pair.raw[0]), means, held), pair),)


def _declared(pair: _Pair, region: Region, readers: Readers) -> tuple[Metric, ...]:
    view = _view(pair, region)
    more = readers.get(region.kind)
    return (*measures(region.kind, view), *(more(view) if more else ()))


def _view(pair: _Pair, region: Region) -> View:
    """A declared area cut out of both pictures at full size, with a margin, the frame's motion undone."""
    rows, columns = np.flatnonzero(region.mask.any(1)), np.flatnonzero(region.mask.any(0))
    margin = int(np.clip(VIEW_MARGIN * min(len(rows), len(columns)), 4, 48))
    height, width = region.mask.shape
    top, bottom = max(0, int(rows[0]) - margin), min(height, int(rows[-1]) + 1 + margin)
    left, right = max(0, int(columns[0]) - margin), min(width, int(columns[-1]) + 1 + margin)
    cut = np.s_[top:bottom, left:right]
    edit = pair.full[1][cut]
    if pair.motion.trusted and pair.motion.reach >= MOVED:
        a, b, c, d, e, f = pair.motion.matrix
        c, f = c * pair.factor + a * left + b * top, f * pair.factor + d * left + e * top
        picture = Image.fromarray(pair.full[1])
        size = (right - left, bottom - top)
        edit = np.asarray(picture.transform(size, Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.BICUBIC))
    return View(pair.full[0][cut], edit, region.mask[cut], region.colors)


def descriptions(original: Picture, edit: Picture) -> list[Finding]:
    """What differs between two files besides their samples: the description of colours, bytes after the end."""
    found = []
    if original.color != edit.color:
        applied = original.managed and edit.managed
        found.append(
            Finding(
                "color-profile",
                Severity.WARN if applied else Severity.BLOCK,
                f"the edit's colours are described as {edit.color}, the original's as {original.color}"
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


def _reduced_mask(mask: Mask, factor: int) -> Mask:
    """True where any sample of a block was."""
    if factor == 1:
        return mask
    height, width = mask.shape
    if height % factor or width % factor:
        mask = np.pad(mask, ((0, -height % factor), (0, -width % factor)))
    rows = mask[::factor].copy()
    for step in range(1, factor):
        rows |= mask[step::factor]
    # Joined at every sample and then picked, as in `opponent`, to walk memory in order.
    length = rows.shape[1] - factor + 1
    across = rows[:, :length].copy()
    for step in range(1, factor):
        across |= rows[:, step : step + length]
    return np.ascontiguousarray(across[:, ::factor])


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
    step = max(1, round((protected.size / SAMPLED) ** 0.5))
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
    says += explained(motion.dx * factor, motion.dy * factor, motion.scale, size)
    return (
        Metric("shift", reach / max(*size, SMALL_SIDE) * 100, "%", "shift", says),
        Metric("dx", motion.dx * factor, "px", "shift", ""),
        Metric("dy", motion.dy * factor, "px", "shift", ""),
        Metric("scale", motion.scale, "times", "shift", ""),
        Metric("angle", motion.angle, "degrees", "shift", ""),
        Metric("motion_residual", motion.residual * factor, "px", "shift", ""),
    )


def _in_pixels(metric: Metric, pair: _Pair) -> Metric:
    """The metric with its place in pixels of the original instead of the judged picture."""
    if metric.box is None or pair.factor == 1:
        return metric
    box, size, factor = metric.box, pair.original.size, pair.factor
    x, y = box.x * factor, box.y * factor
    wide, tall = min(box.width * factor, size[0] - x), min(box.height * factor, size[1] - y)
    return replace(metric, box=Box(x, y, wide, tall))
