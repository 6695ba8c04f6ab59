"""A master as an export of it shows it: cut, brought to its size, and laid on its background where it has no alpha.

Programs make small pictures of large ones with half a dozen filters, some in linear light, some without looking at more
than the nearest pixels. None of them is wrong, so all are tried, and the one that comes nearest is what the export is
compared with. None of them draws anything that the master does not show.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from maskproof.model import Picture

    Rows = NDArray[np.uint8]
    Box = tuple[float, float, float, float]
    """left, top, right, bottom in pixels of the master"""
    Way = Callable[[Image.Image, tuple[int, int], Box], Image.Image]

TILE_PX, TILES = 256, 3
"""side of the squares, and how many each way, on which the ways are told apart: trying each on all of a large picture
costs seconds, and they differ alike everywhere"""
CLEAR = 8
"""levels of 255 of opacity below which the background of an export without alpha shows as it is"""
DARK = 0.04045
"""level of 1 below which sRGB is linear (IEC 61966-2-1)"""
RGBA = 4
"""channels of a picture with alpha"""
PALETTE_FORMATS = frozenset({"PNG", "GIF"})
"""formats that may hold their colours as a palette"""
PALETTE = 256
"""colours of one"""
SOME_ROWS = (4, 256)
"""rows of a picture in which its colours are counted first: counting all of them costs as much as decoding it"""
OPAQUE_FORMATS = frozenset({"JPEG", "BMP"})
"""formats without transparency, so that exporting to one lays the picture on a background"""


def as_exported(master: Picture, export: Picture, box: tuple[int, int, int, int]) -> Picture:
    """The master as the export would show it, were it nothing but an export: of its size, cut as it is.

    Args:
        master: The picture that was exported.
        export: What was made of it.
        box: x, y, width and height of the part of the master that it shows, px.
    """
    x, y, width, height = box
    planes = _flat(master, export, box) if master.alpha is not None else master.samples
    whole, size = Image.fromarray(planes), proportional(export.size, (width, height))
    cut = (float(x), float(y), float(x + width), float(y + height))
    if (width, height) == size:
        shown = planes[y : y + height, x : x + width]
    else:
        way = _nearest_way(whole, export, cut) if size == export.size else WAYS[0]
        shown = np.asarray(way(whole, size, cut))
    alpha = np.ascontiguousarray(shown[..., 3]) if shown.shape[-1] == RGBA else None
    low = master.low if master.low is not None and shown.shape[:2] == master.low.shape[:2] else None
    return replace(master, samples=np.ascontiguousarray(shown[..., :3]), alpha=alpha, low=low, trailing=0)


def palette_of(picture: Picture) -> int:
    """How many colours a picture shows that may hold them as a palette; 0: more than one holds, or no such format."""
    if picture.format not in PALETTE_FORMATS:
        return 0
    # Some rows of a photograph say that there are more; only where they do not, all are asked.
    count = 0
    for step in (*(max(1, len(picture.samples) // rows) for rows in SOME_ROWS), 1):
        count = _colors(picture.samples[::step])
        if count > PALETTE:
            return 0
    return count


def _colors(samples: Rows) -> int:
    """How many colours are in it."""
    return len(np.unique(samples.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)))


def proportional(size: tuple[int, int], of: tuple[int, int]) -> tuple[int, int]:
    """A size as it is where it has the proportions of another one, to the whole pixel; else as wide, and in them."""
    tall, wide = size[0] * of[1] / of[0], size[1] * of[0] / of[1]
    if abs(tall - size[1]) <= 1 or abs(wide - size[0]) <= 1:
        return size
    return size[0], max(1, round(tall))


def _flat(master: Picture, export: Picture, box: tuple[int, int, int, int]) -> Rows:
    """Samples with the alpha (H x W x 4); or without (H x W x 3), on the background that the export shows."""
    assert master.alpha is not None  # noqa: S101 - asked by the caller
    planes = np.dstack([master.samples, master.alpha])
    if export.alpha is not None or export.format not in OPAQUE_FORMATS:
        return planes
    x, y, width, height = box
    seen = Image.fromarray(master.alpha).resize(export.size, Image.Resampling.BOX, (x, y, x + width, y + height))
    clear = np.asarray(seen) < CLEAR
    color = np.median(export.samples[clear], axis=0) if clear.any() else np.full(3, 255)
    ground = Image.new("RGBA", master.size, (*map(int, color), 255))
    return np.asarray(Image.alpha_composite(ground, Image.fromarray(planes)).convert("RGB"))


def _nearest_way(whole: Image.Image, export: Picture, cut: Box) -> Way:
    """The way of resizing by which the master comes nearest to its export."""
    places = tuple(_tiles(export.size))

    def off(way: Way) -> float:
        return sum(_off(way(whole, *_scaled(place, cut, export.size)), export, place) for place in places)

    return min(WAYS, key=off)


def _tiles(size: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
    """Left, top, right, bottom of some squares all over a picture; of a small one all of it."""
    if max(size) <= TILE_PX * TILES:
        yield (0, 0, *size)
        return
    wide, tall = (min(TILE_PX, side) for side in size)
    for row in range(TILES):
        for column in range(TILES):
            x, y = (size[0] - wide) * column // (TILES - 1), (size[1] - tall) * row // (TILES - 1)
            yield x, y, x + wide, y + tall


def _scaled(place: tuple[int, int, int, int], cut: Box, size: tuple[int, int]) -> tuple[tuple[int, int], Box]:
    """The size of a tile of the export, and where it lies in the master."""
    left, top, right, bottom = place
    across, down = (cut[2] - cut[0]) / size[0], (cut[3] - cut[1]) / size[1]
    box = (cut[0] + left * across, cut[1] + top * down, cut[0] + right * across, cut[1] + bottom * down)
    return (right - left, bottom - top), box


def _off(shown: Image.Image, export: Picture, place: tuple[int, int, int, int]) -> float:
    """Sum of the differences, of opacity as well, and on black where one is transparent."""
    left, top, right, bottom = place
    at = np.s_[top:bottom, left:right]
    one: NDArray[Any] = np.asarray(shown, np.float32)
    other: NDArray[Any] = export.samples[at].astype(np.float32)
    if one.shape[-1] < RGBA:
        return float(np.abs(one - other).sum())
    seen = np.full(one.shape[:2], 255.0) if export.alpha is None else export.alpha[at].astype(np.float32)
    colors = one[..., :3] * (one[..., 3:] / 255) - other * (seen[..., None] / 255)
    return float(np.abs(colors).sum() + np.abs(one[..., 3] - seen).sum())


# --- the ways --------------------------------------------------------------------------------------------------------


def _resized(how: Image.Resampling, image: Image.Image, size: tuple[int, int], box: Box) -> Image.Image:
    """As picture editors and servers do it: every pixel of the master counts."""
    return image.resize(size, how, box)


def _linear(how: Image.Resampling, image: Image.Image, size: tuple[int, int], box: Box) -> Image.Image:
    """The same in linear light."""
    planes = [_plane(band, how, size, box) for band in image.convert("RGB").split()]
    shown = Image.merge("RGB", planes)
    if image.mode == "RGBA":
        shown.putalpha(image.getchannel("A").resize(size, how, box))
    return shown


def _plane(band: Image.Image, how: Image.Resampling, size: tuple[int, int], box: Box) -> Image.Image:
    light = Image.fromarray(_to_linear()[np.asarray(band)]).resize(size, how, box)
    level = np.clip(np.asarray(light), 0, 1)
    coded = np.where(level <= DARK / 12.92, level * 12.92, 1.055 * np.power(level, 1 / 2.4) - 0.055)
    return Image.fromarray((coded * 255).round().astype(np.uint8))


@cache
def _to_linear() -> NDArray[np.float32]:
    """Light, 0 to 1, by sRGB level (IEC 61966-2-1)."""
    level = np.arange(256) / 255
    light = np.where(level <= DARK, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


def _sampled(how: Image.Resampling, image: Image.Image, size: tuple[int, int], box: Box) -> Image.Image:
    """As canvases of browsers and OpenCV do it: only the pixels around each sample count, however small it becomes."""
    across, down = (box[2] - box[0]) / size[0], (box[3] - box[1]) / size[1]
    how_mapped = (across, 0.0, box[0], 0.0, down, box[1])
    premultiplied = image.convert("RGBa") if image.mode == "RGBA" else image
    shown = premultiplied.transform(size, Image.Transform.AFFINE, how_mapped, how)
    return shown.convert(image.mode)


FILTERS = Image.Resampling
WAYS: tuple[Way, ...] = (
    *(
        partial(_resized, how)
        for how in (FILTERS.LANCZOS, FILTERS.BICUBIC, FILTERS.BILINEAR, FILTERS.BOX, FILTERS.HAMMING, FILTERS.NEAREST)
    ),
    *(partial(_linear, how) for how in (FILTERS.LANCZOS, FILTERS.BICUBIC, FILTERS.BILINEAR, FILTERS.BOX)),
    *(partial(_sampled, how) for how in (FILTERS.BILINEAR, FILTERS.BICUBIC)),
)
"""every way of resizing that is tried: `sharp`, Pillow, ImageMagick and Squoosh make theirs by one of these"""
