"""Pasting: protected pixels from the original, the edit inside, and what the line between them looks like.

Each way to paste is a row in `METHODS`, the plainest first. None touches a protected pixel: a feather and a correction
lie wholly inside. Which one is needed is asked of the measure that the gate uses for a visible edge, `seam`. A
correction recolours the edit as well, so it is for edits whose tone is off, not for scenes that were re-rendered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from PIL import Image, ImageFilter

from maskproof.drift.frame import shown
from maskproof.drift.grid import bounding_box, grown, reduced_mask
from maskproof.drift.oklab import opponent
from maskproof.drift.seam import seam
from maskproof.restore.poisson import membrane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from maskproof.drift.grid import Float, Mask

FEATHER_SHARE = 0.012
"""share of the long side over which an edit is faded in unless told otherwise, as docs/rules/seam.md advises"""
CLEAN_SHARE = 0.25
"""part of the limit of `seam` up to which a way to paste leaves no seam; nearer to the limit a piece of line shows"""
MAX_PIXELS_SAMPLED = 200_000
"""pixels that are looked at for how far they were recoloured"""
MAX_RECOLORING = 30.0
"""levels of 255 by which a correction may move nine tenths of an edit's pixels if nobody asked for it. On real edits it
looked right up to 28; at 55 a yellow toy had turned pale, at 116 a white room pink"""
COMPARED_SIDE_PX = 1600
"""samples of the long side at which a seam is looked for, as in `drift`"""
ROWS_AT_A_TIME = 256
"""rows that are computed with at a time"""
MARGIN_PX = 3
"""px around the mask that pasting looks at"""


class Layers(Struct, frozen=True):
    """Original and edit, in one frame and one kind of numbers."""

    before: NDArray[Any]
    """H x W x channels; one more than `color_channels` where the last is alpha"""
    after: NDArray[Any]
    inside: Mask
    """H x W, where the edit is to stay; everything else is the original's"""
    valid: Mask
    """H x W, where the edit holds samples; where it does not, the original stays"""
    color_channels: int
    """channels without alpha"""

    def cut(self, part: tuple[slice, slice]) -> Layers:
        """The same of a part of the picture."""
        return Layers(self.before[part], self.after[part], self.inside[part], self.valid[part], self.color_channels)


class Pasted(Struct, frozen=True):
    """The picture with its protected pixels put back."""

    samples: NDArray[Any]
    method: str
    seams: dict[str, float]
    """share of the mask's edge that shows a step, by the method tried"""


def paste(layers: Layers, method: str, feather: int | None, limit: float) -> Pasted:
    """Original and edit as one picture.

    Args:
        layers: Both, and where which is to stay.
        method: A row of METHODS, or `auto`: the plainest that leaves no seam, else the one that leaves the least.
        feather: Width in px over which `feather` fades the edit in; None: FEATHER.
        limit: Share of the mask's edge from which on the gate finds a seam.
    """
    width = max(2, round(FEATHER_SHARE * max(layers.inside.shape))) if feather is None else feather
    edge = _Edge(layers)
    if method != AUTO:
        samples = _paste(layers, METHODS[method], width)
        return Pasted(samples, method, {method: edge.seam(samples)})
    plain = _paste(layers, _plain, width)
    tried = {"plain": plain}
    seams = {"plain": edge.seam(plain)}
    if seams["plain"] > CLEAN_SHARE * limit:
        tried["poisson"] = _paste(layers, _poisson, width)
        seams["poisson"] = edge.seam(tried["poisson"])
        gentle = _recoloring(plain, tried["poisson"], layers) <= MAX_RECOLORING
        if gentle and seams["poisson"] <= limit:
            return Pasted(tried["poisson"], "poisson", seams)
        tried["feather"] = _paste(layers, _feather, width)
        seams["feather"] = edge.seam(tried["feather"])
    mild = [name for name in tried if name != "poisson" or gentle]
    best = min(mild, key=lambda name: seams[name])
    best = best if seams[best] <= limit else min(seams, key=lambda name: seams[name])
    return Pasted(tried[best], best, seams)


def _recoloring(plain: NDArray[Any], corrected: NDArray[Any], layers: Layers) -> float:
    """How far nine tenths of the edit's pixels were moved at the most, in levels of 255."""
    used = np.flatnonzero(layers.inside & layers.valid)
    used = used[:: max(1, len(used) // MAX_PIXELS_SAMPLED)]
    color_channels = layers.color_channels
    plain, corrected = (samples.reshape(-1, samples.shape[2]) for samples in (plain, corrected))
    step = np.abs(corrected[used][:, :color_channels].astype(np.int32) - plain[used][:, :color_channels]).max(1)
    return float(np.quantile(step, 0.9)) * 255 / np.iinfo(plain.dtype).max if len(step) else 0.0


def _paste(layers: Layers, method: Callable[[Layers, int], NDArray[Any]], width: int) -> NDArray[Any]:
    out = layers.before.copy()
    used = layers.inside & layers.valid
    if not used.any():
        return out
    part = _around(used)
    near = layers.cut(part)
    out[part] = np.where((near.inside & near.valid)[..., None], method(near, width), near.before)
    return out


def _around(mask: Mask) -> tuple[slice, slice]:
    """The rows and columns that hold a mask, with a margin."""
    box = bounding_box(mask)
    rows, columns = (
        slice(max(0, start - MARGIN_PX), start + length + MARGIN_PX)
        for start, length in ((box.y, box.height), (box.x, box.width))
    )
    return rows, columns


def _plain(layers: Layers, width: int) -> NDArray[Any]:
    del width
    return layers.after


def _feather(layers: Layers, width: int) -> NDArray[Any]:
    """Faded in from the mask's edge inwards: 0 at the edge, 0.95 `width` px from it."""
    if width < 1:
        return layers.after
    used = Image.fromarray((layers.inside & layers.valid).view(np.uint8) * np.uint8(255))
    soft = np.asarray(used.filter(ImageFilter.GaussianBlur(width / 2)))
    out = np.empty_like(layers.after)
    for rows in bands(len(out)):
        weight = np.clip(soft[rows].astype(np.float32) * np.float32(2 / 255) - 1, 0, 1)[..., None]
        before = layers.before[rows].astype(np.float32)
        out[rows] = _numbers(before + (layers.after[rows] - before) * weight, layers)
    return out


def _poisson(layers: Layers, width: int) -> NDArray[Any]:
    """Corrected by the membrane that meets the original along the edge; alpha is left as the edit has it."""
    del width
    color_channels = layers.color_channels
    used = layers.inside & layers.valid
    known = ~layers.inside & layers.valid & grown(used, 1)
    if layers.before.shape[2] > color_channels:
        # The colour of a transparent pixel means nothing.
        known &= (layers.before[..., -1] > 0) & (layers.after[..., -1] > 0)
    step = layers.before[known][:, :color_channels].astype(np.float32) - layers.after[known][:, :color_channels]
    field = membrane(step, known, used)
    out = layers.after.copy()
    for rows in bands(len(out)):
        corrected = layers.after[rows][..., :color_channels] + field.rows(rows.start, rows.stop)
        out[rows][..., :color_channels] = _numbers(corrected, layers)
    return out


METHODS: dict[str, Callable[[Layers, int], NDArray[Any]]] = {"plain": _plain, "feather": _feather, "poisson": _poisson}
AUTO = "auto"


def bands(height: int) -> Iterator[slice]:
    """Rows in portions, so that numbers with fractions, four times as large, are never held for a whole picture."""
    return (slice(top, min(top + ROWS_AT_A_TIME, height)) for top in range(0, height, ROWS_AT_A_TIME))


def _numbers(values: Float, layers: Layers) -> NDArray[Any]:
    return np.clip(np.rint(values), 0, np.iinfo(layers.before.dtype).max).astype(layers.before.dtype)


class _Edge:
    """The gate's measure of a visible edge, in stored numbers: profiles bend them too little to hide or make a step."""

    def __init__(self, layers: Layers) -> None:
        self.layers = layers
        self.factor = -(-max(layers.inside.shape) // COMPARED_SIDE_PX)
        self.editable = reduced_mask(layers.inside, self.factor)
        self.original = self._planes(layers.before)

    def seam(self, samples: NDArray[Any]) -> float:
        """Share of the edge that shows a step; 0 where there is no edge."""
        found = seam(self.original, self._planes(samples), self.editable, ~self.editable)
        return found[0].value if found else 0.0

    def _planes(self, samples: NDArray[Any]) -> Float:
        eight = samples if samples.dtype == np.uint8 else (samples >> 8).astype(np.uint8)
        color_channels = np.broadcast_to(eight[..., : self.layers.color_channels], (*eight.shape[:2], 3))
        alpha = eight[..., -1] if eight.shape[2] > self.layers.color_channels else None
        picture = shown(np.ascontiguousarray(color_channels), None if alpha is None else np.ascontiguousarray(alpha))
        return opponent(np.asarray(Image.fromarray(picture).reduce(self.factor)))
