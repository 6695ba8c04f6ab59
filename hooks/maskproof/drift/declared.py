"""What a declared area is asked because of its kind, beside what every region is asked.

A brand is a matter of colour, a text of strokes, a face of proportions and skin, a product of its outline.
Each measure sees the area cut out of both pictures at full size, with the frame's own motion undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from maskproof.drift.ciede2000 import ciede2000, cielab
from maskproof.drift.oklab import oklab
from maskproof.drift.pair import MIN_MOTION
from maskproof.drift.registration import motion_between
from maskproof.model import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maskproof.drift.pair import Pair
    from maskproof.model import Region

VIEW_MARGIN = 0.25
"""margin around an area, as a share of its shorter side, that its own measures see"""
VIEW_MARGIN_PX = (4, 48)
"""the least and the most that this comes to"""
MIN_CELLS = 12
"""cells that the shorter side of an area is cut into at the least before colours are compared"""
MAX_CELL_PX = 8
"""pixels of a cell's side at the most; a cell averages noise out"""
SHOWN_WITHIN = 5.0
"""ΔE00 within which a cell of the original counts as showing a brand colour"""
SKIN_HUE = (15.0, 85.0)
"""OKLab hue angles of skin, degrees, from the lightest to the darkest tones"""
SKIN_CHROMA = (2.0, 18.0)
"""OKLab chroma x100 of skin; greys lie below, saturated clothes above"""
MIN_SKIN_CELLS = 12
"""cells of skin that are needed before its tone is told"""
EDGE = 20.0
"""luma, of 100, that an edge has to rise by over two pixels"""
MIN_EDGE_PIXELS = 80
"""pixels of edge that are needed before an outline is told"""
MAX_DISTANCE_PX = 20
"""pixels at which an edge counts as gone; beyond, distance says nothing"""


@dataclass(frozen=True, slots=True)
class View:
    """A declared area, cut out of both pictures with a margin."""

    original: NDArray[np.uint8]
    """h x w x 3, sRGB"""
    edit: NDArray[np.uint8]
    """the same place of the edit, the frame's motion undone"""
    mask: NDArray[np.bool_]
    """h x w, True inside the area"""
    colors: tuple[tuple[int, int, int], ...] = ()
    """brand colours that the policy names for the area, sRGB"""


def view_of(pair: Pair, region: Region) -> View:
    """A declared area cut out of both pictures at full size, with a margin, the frame's motion undone."""
    rows, columns = np.flatnonzero(region.mask.any(1)), np.flatnonzero(region.mask.any(0))
    margin = int(np.clip(VIEW_MARGIN * min(len(rows), len(columns)), *VIEW_MARGIN_PX))
    height, width = region.mask.shape
    top, bottom = max(0, int(rows[0]) - margin), min(height, int(rows[-1]) + 1 + margin)
    left, right = max(0, int(columns[0]) - margin), min(width, int(columns[-1]) + 1 + margin)
    cut = np.s_[top:bottom, left:right]
    edit = pair.full[1][cut]
    if pair.motion.trusted and pair.motion.reach >= MIN_MOTION:
        a, b, c, d, e, f = pair.motion.matrix
        c, f = c * pair.factor + a * left + b * top, f * pair.factor + d * left + e * top
        picture = Image.fromarray(pair.full[1])
        size = (right - left, bottom - top)
        edit = np.asarray(picture.transform(size, Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.BICUBIC))
    return View(pair.full[0][cut], edit, region.mask[cut], region.colors)


def colors(view: View) -> list[Metric]:
    """CIEDE2000 of cell means: the middle, the 95 % quantile, and how far named brand colours are off."""
    first, second = (cielab(_cell_means(samples, view.mask)) for samples in (view.original, view.edit))

    def metric(name: str, value: np.floating, says: str) -> Metric:
        return Metric(name, float(value), "ΔE00", "brand", says + " (limit {limit})")

    difference = ciede2000(first, second)
    found = [
        metric("delta_e", np.median(difference), "its colours are off by {value} in the middle"),
        metric("delta_e_p95", np.quantile(difference, 0.95), "part of it is off in colour by {value}"),
    ]
    for color in view.colors:
        wanted = cielab(np.array(color, np.float32))
        shows = ciede2000(first, np.broadcast_to(wanted, first.shape)) < SHOWN_WITHIN
        if shows.any():
            off = ciede2000(second[shows], np.broadcast_to(wanted, second[shows].shape))
            name = "#{:02x}{:02x}{:02x}".format(*color)
            found.append(metric("brand_color", np.median(off), f"the brand colour {name} is off by {{value}}"))
    return found


def strokes(view: View) -> list[Metric]:
    """The largest share of a letter's contrast that came or went."""
    # SciPy is loaded where there is an area that needs it: it takes longer to load than most pictures to judge.
    from maskproof.drift.glyphs import stroke_difference

    value = stroke_difference(view.original, view.edit, view.mask)
    return [Metric("stroke", value, "share", "text", "a letter changed by {value} of its contrast (limit {limit})")]


def skin(view: View) -> list[Metric]:
    """Median difference, in OKLab, of the cells that have the hue of skin in the original."""
    first, second = (oklab(_cell_means(samples, view.mask)) for samples in (view.original, view.edit))
    hue, chroma = np.degrees(np.arctan2(first[:, 2], first[:, 1])), np.hypot(first[:, 1], first[:, 2])
    shows = (hue > SKIN_HUE[0]) & (hue < SKIN_HUE[1]) & (chroma > SKIN_CHROMA[0]) & (chroma < SKIN_CHROMA[1])
    if shows.sum() < MIN_SKIN_CELLS:
        return []
    value = float(np.linalg.norm(np.median(second[shows] - first[shows], axis=0)))
    return [Metric("skin_tone", value, "OKLab x100", "tone", "the tone of skin moved by {value} (limit {limit})")]


def proportions(view: View) -> list[Metric]:
    """How far features moved against each other: what the area's own motion leaves, 95 % quantile over its blocks."""
    motion = motion_between(_luma(view.original), _luma(view.edit), view.mask)
    says = "features moved against each other by {value} (limit {limit})"
    return [Metric("geometry", motion.residual, "px", "face", says)]


def outline(view: View) -> list[Metric]:
    """95 % quantile of the symmetric distance between the edges of both pictures."""
    from scipy.ndimage import distance_transform_edt

    edges = [_edges(_luma(samples)) & view.mask for samples in (view.original, view.edit)]
    if min(int(edge.sum()) for edge in edges) < MIN_EDGE_PIXELS:
        return []
    away = np.concatenate([distance_transform_edt(~edges[1])[edges[0]], distance_transform_edt(~edges[0])[edges[1]]])
    value = float(np.quantile(np.minimum(away, MAX_DISTANCE_PX), 0.95))
    return [
        Metric("outline", value, "px", "product", "its outline moved by {value} (95 % of it by less; limit {limit})")
    ]


def _cell_means(picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Mean colours (n x 3, 0 to 255) of the cells that lie in the area."""
    side = int(np.clip(min(mask.shape) // MIN_CELLS, 1, MAX_CELL_PX))
    rows, columns = mask.shape[0] // side, mask.shape[1] // side
    cut = picture[: rows * side, : columns * side].astype(np.float32)
    means = cut.reshape(rows, side, columns, side, 3).mean((1, 3))
    inside = mask[: rows * side, : columns * side].reshape(rows, side, columns, side).mean((1, 3)) > 0.5
    return means[inside] if inside.any() else picture[mask].astype(np.float32)


def _luma(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """H x W, 0 to 100."""
    return np.asarray(Image.fromarray(picture).convert("L"), np.float32) / np.float32(2.55)


def _edges(luma: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where luma rises most steeply across: the ridge of the gradient (Canny, 1986), after a slight blur."""
    from scipy.ndimage import gaussian_filter

    soft = gaussian_filter(luma, 1.0)
    down, across = np.gradient(soft)
    steep = np.hypot(across, down)
    ridge = np.zeros(luma.shape, np.bool_)
    inner = steep[1:-1, 1:-1]
    level = (inner >= steep[1:-1, :-2]) & (inner > steep[1:-1, 2:]) & (np.abs(across) >= np.abs(down))[1:-1, 1:-1]
    upright = (inner >= steep[:-2, 1:-1]) & (inner > steep[2:, 1:-1]) & (np.abs(down) > np.abs(across))[1:-1, 1:-1]
    ridge[1:-1, 1:-1] = (level | upright) & (inner > EDGE / 2)
    return ridge
