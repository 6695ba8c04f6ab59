"""What a declared area is asked because of its kind, beside what every region is asked.

A brand is a matter of colour, a text of strokes, a face of proportions and skin, a product of its outline.
Each measure sees the area cut out of both pictures at full size, with the frame's own motion undone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from maskproof.drift.ciede2000 import ciede2000, cielab
from maskproof.drift.frame import describe_motion
from maskproof.drift.grid import block_sums, bounding_box, largest_blob, shrunk
from maskproof.drift.oklab import oklab
from maskproof.drift.registration import BLOCK_PX, NO_MOTION, block_motion, motion_between
from maskproof.model import Box, Metric

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from maskproof.drift.grid import Mask
    from maskproof.drift.pair import Pair
    from maskproof.model import Region

Samples = TypeVar("Samples", np.uint8, np.float32)

MIN_MOTION = 0.3
"""samples of the judged picture from which on the frame's motion is undone at full size"""
VIEW_MARGIN = 0.25
"""margin around an area, as a share of its shorter side, that its own measures see"""
VIEW_MARGIN_PX = (4, 48)
"""the least and the most that this comes to"""
MIN_CELLS = 12
"""cells that the shorter side of an area is cut into at the least to find places in it"""
CELL_PX = 8
"""pixels of a cell's side at the most, and of those whose median is told; a cell averages residual out. With cells of
1 px held areas of 8 to 16 px were up to 8 ΔE00 off, with these 4.3"""
MIN_COLOR_PIXELS = 16
"""pixels that an area needs for its colour to be told; smaller ones are re-rendered by up to 16 ΔE00"""
SEEN = 4.0
"""ΔE00 of a place from which on its colours lead a finding. Injected damage but faded detail: 4.4 and more"""
SHOWN_WITHIN = 5.0
"""ΔE00 within which a cell of the original counts as showing a brand colour"""
SKIN_HUE = (15.0, 85.0)
"""OKLab hue angles of skin, degrees, from the lightest to the darkest tones"""
SKIN_CHROMA = (2.0, 18.0)
"""OKLab chroma x100 of skin; greys lie below, saturated clothes above"""
MIN_SKIN_CELLS = 12
"""cells of skin that are needed before its tone is told"""
MIN_SKIN_PIXELS = 144
"""and pixels; smaller patches were up to 6 OKLab x100 off in clean edits"""
SKIN_SEEN = 2.0
"""OKLab x100 from which on the tone of skin leads a finding; clean edits: 95 % under 1.9"""
COARSE_PX = 320
"""long side of the picture that features are compared in"""
MIN_BLOCKS = 4
"""textured blocks that are needed before anything can move against anything"""
MOVED_PX = 1.0
"""motion of features from which on it leads a finding; clean edits: 95 % under 0.7"""
EDGE = 20.0
"""luma, of 100, that an edge has to rise by over two pixels"""
FAINT_EDGE = 10.0
"""the same of an edge that still answers one of the other picture: half, so that none is gone that flickers around
EDGE. With one threshold 10 of 208 held areas were over 5 px, with two none is over 1"""
MIN_EDGE_PIXELS = 80
"""pixels of edge that either picture needs before an outline is told"""
MAX_DISTANCE_PX = 20
"""pixels at which an edge counts as gone; beyond, distance says nothing"""
OUTLINE_SEEN = 2.0
"""px from which on an outline leads a finding"""
STROKE_SEEN = 0.11
"""share of a letter's contrast from which on it leads a finding; held areas: 95 % under"""


class View(Struct, frozen=True):
    """A declared area, cut out of both pictures with a margin."""

    original: NDArray[np.uint8]
    """h x w x 3, sRGB"""
    edit: NDArray[np.uint8]
    """the same place of the edit, the frame's motion undone"""
    mask: NDArray[np.bool_]
    """h x w, True inside the area"""
    colors: tuple[tuple[int, int, int], ...] = ()
    """brand colours that the policy names for the area, sRGB"""
    x: int = 0
    """the original's column that the cut begins with"""
    y: int = 0
    """and its row"""

    def in_pixels(self, metrics: Iterable[Metric]) -> tuple[Metric, ...]:
        """Own measures of the area, with their places in pixels of the original instead of the cut."""
        boxes = ((metric, self._in_pixels(metric.box)) for metric in metrics)
        return tuple(replace(metric, box=box, around=box) for metric, box in boxes)

    def _in_pixels(self, box: Box | None) -> Box | None:
        """Only what lies in the area: cells and blocks may reach beyond it."""
        if box is None:
            return None
        area = bounding_box(self.mask)
        left, top = max(box.x, area.x), max(box.y, area.y)
        right, bottom = min(box.x + box.width, area.x + area.width), min(box.y + box.height, area.y + area.height)
        return Box(left + self.x, top + self.y, right - left, bottom - top)


def view_of(pair: Pair, region: Region) -> View:
    """A declared area cut out of both pictures at full size, with a margin, the frame's motion undone.

    Where the edit does not show what the original does, because the frame moved, and where a picture has no margin
    left, it goes on as it ends.
    """
    rows, columns = np.flatnonzero(region.mask.any(1)), np.flatnonzero(region.mask.any(0))
    margin = int(np.clip(VIEW_MARGIN * min(len(rows), len(columns)), *VIEW_MARGIN_PX))
    height, width = region.mask.shape
    top, bottom = max(0, int(rows[0]) - margin), min(height, int(rows[-1]) + 1 + margin)
    left, right = max(0, int(columns[0]) - margin), min(width, int(columns[-1]) + 1 + margin)
    cut = np.s_[top:bottom, left:right]
    original, edit = (full[cut] for full in pair.full)
    if pair.motion.trusted and pair.motion.reach >= MIN_MOTION:
        a, b, c, d, e, f = pair.motion.matrix
        c, f = c * pair.size.factor + a * left + b * top, f * pair.size.factor + d * left + e * top
        edit = _undone(pair.full[1], (a, b, c, d, e, f), original)
    x, y = int(columns[0]) - margin, int(rows[0]) - margin
    missing = (top - y, int(rows[-1]) + 1 + margin - bottom), (left - x, int(columns[-1]) + 1 + margin - right)
    original, edit = (np.pad(one, (*missing, (0, 0)), mode="edge") for one in (original, edit))
    return View(original, edit, np.pad(region.mask[cut], missing), region.colors, x, y)


def _undone(
    samples: NDArray[Samples], matrix: tuple[float, float, float, float, float, float], original: NDArray[Samples]
) -> NDArray[Samples]:
    """Samples of the edit in the place of the original's, their motion undone.

    Beyond its frame the edit goes on as it ends: what was pushed out of the frame is gone, and not what it was.
    """
    turn = original.shape[1::-1], Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
    known = np.asarray(Image.new("L", samples.shape[1::-1], 255).transform(*turn)) == 255
    moved = np.array(Image.fromarray(samples).transform(*turn))
    (a, b, c, d, e, f), (rows, columns) = matrix, np.nonzero(~known)
    x, y = a * (columns + 0.5) + b * (rows + 0.5) + c, d * (columns + 0.5) + e * (rows + 0.5) + f
    last = samples.shape[0] - 1, samples.shape[1] - 1
    nearest = np.clip(y, 0, last[0]).astype(np.intp), np.clip(x, 0, last[1]).astype(np.intp)
    moved[rows, columns] = samples[nearest]
    return moved


def colors(view: View) -> list[Metric]:
    """CIEDE2000 of cell means: their median, with the largest changed place, and how far named colours are off."""
    if view.mask.sum() < MIN_COLOR_PIXELS:
        return []
    side, inside = _cells(view.mask)
    before, after = (_cell_means(samples, side) for samples in (view.original, view.edit))
    first, second = cielab(before), cielab(after)
    off = np.where(inside, ciede2000(first, second), 0)
    place = largest_blob(inside & (off >= off.max() / 2))
    worst = np.unravel_index(int(np.argmax(np.where(place, off, -1))), off.shape)
    became = f"{_hex(before[worst])} became {_hex(after[worst])}, ΔE00 {off[worst]:.3g}, in the largest changed place; "
    says = f"{became if off[worst] >= SEEN else ''}half of it is off by {{value}} or more (limit {{limit}})"
    box, leads = bounding_box(place, side), bool(off[worst] >= SEEN)
    found = [Metric("delta_e", _middle(view), "ΔE00", "brand", says, box, leads=leads)]
    for color in view.colors:
        wanted = cielab(np.array(color, np.float32))
        shows = inside & (ciede2000(first, np.broadcast_to(wanted, first.shape)) < SHOWN_WITHIN)
        if shows.any():
            now = np.median(after[shows], axis=0)
            value = float(ciede2000(cielab(now), wanted))
            says = f"the brand colour {_hex(color)} became {_hex(now)}, off by {{value}} (limit {{limit}})"
            box = bounding_box(shows, side)
            found.append(Metric("brand_color", value, "ΔE00", "brand", says, box, leads=value >= SEEN))
    return found


def _middle(view: View) -> float:
    """Median CIEDE2000 of cells of full size; of the mean colours where the area holds no such cell."""
    area = bounding_box(view.mask)
    cut = np.s_[area.y : area.y + area.height, area.x : area.x + area.width]
    mask = view.mask[cut]
    inside = block_sums(mask.astype(np.float32), CELL_PX) > CELL_PX**2 / 2
    if inside.any():
        first, second = (_cell_means(samples[cut], CELL_PX)[inside] for samples in (view.original, view.edit))
    else:
        first, second = (samples[cut][mask].mean(0, np.float32) for samples in (view.original, view.edit))
    return float(np.median(ciede2000(cielab(first), cielab(second))))


def strokes(view: View) -> list[Metric]:
    """The largest share of a letter's contrast that came or went."""
    # SciPy is loaded where there is an area that needs it: it takes longer to load than most pictures to judge.
    from maskproof.drift.glyphs import stroke_difference

    value, box = stroke_difference(view.original, view.edit, view.mask)
    says = "a letter changed by {value} of its contrast (limit {limit})"
    return [Metric("stroke", value, "share", "text", says, box, leads=value >= STROKE_SEEN)]


def skin(view: View) -> list[Metric]:
    """Median difference, in OKLab, of the cells that have the hue of skin in the original."""
    side, inside = _cells(view.mask)
    before, after = (_cell_means(samples, side) for samples in (view.original, view.edit))
    first, second = oklab(before), oklab(after)
    hue, chroma = np.degrees(np.arctan2(first[..., 2], first[..., 1])), np.hypot(first[..., 1], first[..., 2])
    shows = inside & (hue > SKIN_HUE[0]) & (hue < SKIN_HUE[1]) & (chroma > SKIN_CHROMA[0]) & (chroma < SKIN_CHROMA[1])
    if shows.sum() < MIN_SKIN_CELLS or shows.sum() * side**2 < MIN_SKIN_PIXELS:
        return []
    value = float(np.linalg.norm(np.median(second[shows] - first[shows], axis=0)))
    became = f"{_hex(np.median(before[shows], 0))} became {_hex(np.median(after[shows], 0))}"
    says = f"the tone of skin moved by {{value}} (limit {{limit}}): {became}"
    box = bounding_box(shows, side)
    return [Metric("skin_tone", value, "OKLab x100", "face", says, box, leads=value >= SKIN_SEEN)]


def proportions(view: View) -> list[Metric]:
    """How far features moved against each other: what the area's own motion leaves, 95 % quantile over its blocks."""
    before, after = _luma(view.original), _luma(view.edit)
    motion = motion_between(before, after, view.mask)
    if motion.reach:
        after = _undone(after, motion.matrix, before)
    factor = max(1, round(max(before.shape) / COARSE_PX))
    mask = shrunk(view.mask.astype(np.float32), factor) > 0.99
    u, v, textured = block_motion(shrunk(before, factor), shrunk(after, factor), mask)
    if textured.sum() < MIN_BLOCKS:
        return []
    reach = np.hypot(u, v) * textured
    value, side = float(np.quantile(reach[textured], 0.95)) * factor, BLOCK_PX * factor
    row, column = np.unravel_index(int(np.argmax(reach)), reach.shape)
    most = replace(NO_MOTION, dx=float(u[row, column]), dy=float(v[row, column]))
    way = describe_motion(most, factor) or "sub-pixel"
    says = f"features moved against each other by {{value}} (limit {{limit}}), most {way}"
    box = Box(int(column) * side, int(row) * side, side, side)
    return [Metric("geometry", value, "px", "face", says, box, leads=value >= MOVED_PX)]


def outline(view: View) -> list[Metric]:
    """95 % quantile of the distance from each picture's edges to the other's, of which faint ones count as well."""
    from scipy.ndimage import distance_transform_edt

    ridges = [_ridge(_luma(samples)) for samples in (view.original, view.edit)]
    plain = [(ridge > EDGE / 2) & view.mask for ridge in ridges]
    if max(int(edge.sum()) for edge in plain) < MIN_EDGE_PIXELS:
        return []
    away = np.zeros(view.mask.shape)
    for edge, other in zip(plain, reversed(ridges), strict=True):
        faint = other > FAINT_EDGE / 2
        distance = distance_transform_edt(~faint) if faint.any() else np.full(faint.shape, MAX_DISTANCE_PX)
        away = np.maximum(away, np.where(edge, np.minimum(distance, MAX_DISTANCE_PX), 0))
    value = float(np.quantile(away[plain[0] | plain[1]], 0.95))
    says = "its outline moved by {value} (95 % of it by less; limit {limit})"
    if value >= MAX_DISTANCE_PX:
        says = "part of its outline is gone or new: nothing like it within {value} (limit {limit})"
    box = bounding_box(away >= value) if value else None
    return [Metric("outline", value, "px", "product", says, box, leads=value >= OUTLINE_SEEN)]


def _cells(mask: Mask) -> tuple[int, Mask]:
    """Pixels of a cell's side, and which cells (rows x columns) lie in the area; 1 px where it fills no larger one."""
    side = int(np.clip(min(mask.shape) // MIN_CELLS, 1, CELL_PX))
    inside: Mask = block_sums(mask.astype(np.float32), side) > side**2 / 2
    return (side, inside) if inside.any() else (1, mask)


def _cell_means(picture: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """Mean colours of the cells, rows x columns x 3, 0 to 255."""
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    cut = picture[: rows * side, : columns * side].astype(np.float32)
    means: NDArray[np.float32] = cut.reshape(rows, side, columns, side, 3).mean((1, 3))
    return means


def _hex(color: Iterable[float]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(round(float(one)) for one in color))


def _luma(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """H x W, 0 to 100."""
    return np.asarray(Image.fromarray(picture).convert("L"), np.float32) / np.float32(2.55)


def _ridge(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """How steeply luma rises where it does most steeply across, else 0: Canny (1986), after a slight blur."""
    from scipy.ndimage import gaussian_filter

    down, across = np.gradient(gaussian_filter(luma, 1.0))
    steep = np.hypot(across, down)
    ridge = np.zeros(luma.shape, np.float32)
    inner = steep[1:-1, 1:-1]
    level = (inner >= steep[1:-1, :-2]) & (inner > steep[1:-1, 2:]) & (np.abs(across) >= np.abs(down))[1:-1, 1:-1]
    upright = (inner >= steep[:-2, 1:-1]) & (inner > steep[2:, 1:-1]) & (np.abs(down) > np.abs(across))[1:-1, 1:-1]
    ridge[1:-1, 1:-1] = np.where(level | upright, inner, 0)
    return ridge
