"""The hand that draws for people: legible text, pictures made to fit, a mask's outline, a frame around a place.

Whatever a report shows as a picture is put together from these. Colours are told apart with every common colour
blindness (Okabe and Ito, 2008), and nothing is said by colour alone.
"""

from __future__ import annotations

import functools
import io
import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFont

from maskproof.drift.frame import shown as on_grey
from maskproof.drift.grid import bounding_box
from maskproof.drift.oklab import oklab
from maskproof.gate.scene import SAME, put
from maskproof.model import Box
from maskproof.report.text import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from maskproof.gate.scene import Affine
    from maskproof.model import Picture, Region

    Mask = NDArray[np.bool_]

BLUE, ORANGE, GREEN, INK, GREY, FAINT, PAPER = (
    "#0072B2",
    "#D55E00",
    "#00694E",
    "#1A1A1A",
    "#5F6670",
    "#D9DDE2",
    "#FFFFFF",
)
CHECKS = (236, 214)
"""levels of the two greys of a chequered ground, which stands for transparency in every image editor"""
CHECK = 8
"""side of a square of that ground, px"""
DASH = 4
"""length of the black and white dashes of an outline, px"""
CASING = 3
"""width of the white that a frame stands on, px"""
TINT = 0.45
"""how much of a tinted area's colour is the tint"""
STRIPE = 12
"""px from one stripe of a shaded part to the next"""
STEPS = 15
"""colours that a difference is drawn in: with transparency a palette of 4 bits, a tenth of the bytes of 256 levels"""
SPARSE = 4
"""of so many rows and columns one is asked for the usual colour of a part"""
BLACK, WHITE = (0, 0, 0, 255), (255, 255, 255, 255)
ENLARGED = 3
"""times that a small place is enlarged at the most; more of it shows nothing that a person could place"""
FINE = 4
"""a mark is drawn so many times larger and reduced, which smooths its edge"""
CUT = "…"
WASHES = (BLUE, ORANGE, GREEN, "#E69F00", "#CC79A7")
"""colours that a part is washed in, of which the one is taken that stands out most from a picture"""
GLOW = ((0, "#000004"), (64, "#57106E"), (128, "#BC3754"), (192, "#F98E09"), (255, "#FCFFA4"))
"""stops of the scale by which a difference is coloured, dark to bright in even steps, so that it reads in grey too
(the colour map `inferno` of Smith and van der Walt, 2015, CC0, at five of its places)"""
FAINTEST = 4
"""levels of 255 up to which a difference is not drawn: what an encoder leaves, and nobody sees"""
BRIGHTEST = 96
"""levels of 255 from which on a difference is as bright as the scale is"""


def png(image: Image.Image) -> bytes:
    """A picture as a PNG file, the same bytes for the same picture."""
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def thumbnail(picture: Picture, size: tuple[int, int]) -> Image.Image:
    """A decoded picture reduced to exactly `size`, transparency shown as a chequered ground."""
    return _resized(picture, size, Image.Resampling.LANCZOS, None)


def _resized(
    picture: Picture, size: tuple[int, int], how: Image.Resampling, part: tuple[float, float, float, float] | None
) -> Image.Image:
    """A part of a picture (left, top, right, bottom; None: all of it) at exactly a size, over a chequered ground."""
    image = Image.fromarray(picture.samples).resize(size, how, box=part, reducing_gap=3.0)
    if picture.alpha is None:
        return image
    solid = Image.fromarray(picture.alpha).resize(size, how, box=part, reducing_gap=3.0)
    y, x = np.indices((size[1], size[0])) // CHECK
    ground = Image.fromarray(np.where((x + y) % 2, *CHECKS).astype(np.uint8)).convert("RGB")
    ground.paste(image, mask=solid)
    return ground


def fit(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """The largest width and height of a picture's proportions that fit into a room; small pictures are enlarged."""
    factor = min(room[0] / size[0], room[1] / size[1])
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def reduced(mask: Mask, size: tuple[int, int]) -> Mask:
    """A mask (H x W) at another width and height; what is thinner than a pixel there stays one pixel wide."""
    plane = Image.fromarray(mask.view(np.uint8) * np.uint8(255))
    return np.asarray(plane.resize(size, Image.Resampling.BOX if max(size) < max(plane.size) else 0)) > 0


def _dashes(mask: Mask) -> NDArray[np.uint8]:
    """0 and 1 in turn along an edge in a mask, whichever way it runs."""
    y, x = np.indices(mask.shape)
    return np.asarray((x + y) // DASH % 2, np.uint8)


def outlined(image: Image.Image, mask: Mask) -> Image.Image:
    """The picture with the edge of a mask of its size in black and white dashes, which show on every ground."""
    edge = mask & ~_inner(mask)
    samples = np.array(image)
    dark = _dashes(mask) == 0
    samples[edge & dark], samples[edge & ~dark] = 0, 255
    return Image.fromarray(samples)


def tinted(image: Image.Image, mask: Mask, color: str) -> Image.Image:
    """The picture with the area of a mask of its size washed in a colour."""
    wash = Image.new("RGB", image.size, color)
    share = Image.fromarray((mask * np.float32(TINT * 255)).astype(np.uint8))
    return Image.composite(wash, image, share)


def protected(image: Image.Image, opened: Mask, color: str) -> Image.Image:
    """The picture with all that a mask of its size does not open shaded in stripes, and the edge between the two."""
    y, x = np.indices(opened.shape)
    striped = np.where((x + y) % STRIPE < STRIPE // 4, np.float32(TINT), np.float32(TINT / 3))
    share = Image.fromarray((np.where(opened, 0, striped) * 255).astype(np.uint8))
    return outlined(Image.composite(Image.new("RGB", image.size, color), image, share), opened)


def contrasting(image: Image.Image, mask: Mask) -> str:
    """The colour of `WASHES` that is furthest from what a picture shows within a mask of its size."""
    samples = np.asarray(image)[::SPARSE, ::SPARSE][mask[::SPARSE, ::SPARSE]]
    if not len(samples):
        return BLUE
    usual = oklab(np.median(samples, 0).astype(np.float32))
    apart = [float(np.linalg.norm(oklab(_rgb(color).astype(np.float32)) - usual)) for color in WASHES]
    return WASHES[int(np.argmax(apart))]


def shade(opened: Mask, color: str) -> Image.Image:
    """What `protected` draws, by itself: stripes over all that a mask does not open and its dashed edge, else clear."""
    y, x = np.indices(opened.shape)
    edge = opened & ~_inner(opened)
    plane: NDArray[np.uint8] = np.where((x + y) % STRIPE < STRIPE // 4, np.uint8(2), np.uint8(1))
    plane[opened], plane[edge] = 0, 3 + _dashes(opened)[edge]
    wash = tuple(_rgb(color).tolist())
    return _layer(plane, ((0, 0, 0, 0), (*wash, round(TINT / 3 * 255)), (*wash, round(TINT * 255)), BLACK, WHITE))


def edges(masks: Sequence[Mask], size: tuple[int, int]) -> Image.Image:
    """The dashed edges of some masks of a width and height, else clear."""
    plane = np.zeros(size[::-1], np.uint8)
    for mask in masks:
        edge = mask & ~_inner(mask)
        plane[edge] = 1 + _dashes(mask)[edge]
    return _layer(plane, ((0, 0, 0, 0), BLACK, WHITE))


def difference(one: Picture, other: Picture, room: tuple[int, int]) -> NDArray[np.uint8]:
    """By how much two pictures of one size differ, in levels of 255: the largest of their channels.

    Args:
        one: A picture; what is transparent in it counts as the grey ground that it is drawn on.
        other: Another one of the same size.
        room: Width and height that the result fits into. Each of its pixels is the largest of all that it stands for,
            so that a thin line does not fade.

    Returns:
        h x w.
    """
    planes = [Image.fromarray(on_grey(picture.samples, picture.alpha)) for picture in (one, other)]
    red, green, blue = ImageChops.difference(*planes).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    if one.alpha is not None or other.alpha is not None:
        opaque = Image.new("L", most.size, 255)
        solid = [opaque if picture.alpha is None else Image.fromarray(picture.alpha) for picture in (one, other)]
        most = ImageChops.lighter(most, ImageChops.difference(*solid))
    factor = max(1, -(-most.width // room[0]), -(-most.height // room[1]))
    plane = np.asarray(most)
    height, width = (side // factor * factor for side in plane.shape)
    if factor == 1 or not (height and width):
        return plane
    kept = plane[:height, :width].reshape(height // factor, factor, width // factor, factor)
    return np.asarray(kept.max(3).max(1))


def glow(levels: NDArray[np.uint8], where: Mask | None) -> Image.Image:
    """Differences in the colours of `GLOW`, clear where nothing is to be seen.

    Args:
        levels: h x w, as `difference` gives them.
        where: h x w, True where they are drawn; None: everywhere.
    """
    stops = np.array([place for place, _ in GLOW])
    colors = np.array([_rgb(color) for _, color in GLOW])
    ramp = np.stack([np.interp(np.arange(256), stops, colors[:, channel]) for channel in range(3)], 1)
    table = [(*map(int, ramp[255 * step // STEPS]), min(85 * step, 255)) for step in range(STEPS + 1)]
    steps = np.clip((np.arange(256) - FAINTEST) * (STEPS / (BRIGHTEST - FAINTEST)), 0, STEPS)
    plane = np.ceil(steps).astype(np.uint8)[levels]
    return _layer(plane if where is None else np.where(where, plane, np.uint8(0)), table)


def around(region: Region) -> Box:
    """The box around a region."""
    (x, y), inside = region.corner, bounding_box(region.part) if region.part.any() else Box(0, 0, 0, 0)
    return Box(x + inside.x, y + inside.y, inside.width, inside.height)


def _layer(plane: NDArray[np.uint8], colors: Sequence[tuple[int, ...]]) -> Image.Image:
    """A picture of a palette with its own opacity for each colour."""
    image = Image.fromarray(plane, "L").copy()
    image.putpalette([value for color in colors for value in color[:3]])
    image.info["transparency"] = bytes(color[3] for color in colors)
    return image


def _rgb(color: str) -> NDArray[np.uint8]:
    return np.array(ImageColor.getrgb(color)[:3], np.uint8)


def _inner(mask: Mask) -> Mask:
    """The pixels of a mask whose four neighbours are its own as well; a picture's border is no edge."""
    wide = np.pad(mask, 1, mode="edge")
    return wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]


def framed(image: Image.Image, box: tuple[float, float, float, float], color: str) -> None:
    """Draw a frame around left, top, right, bottom, within the picture; white sets it off from any ground."""
    draw = ImageDraw.Draw(image)
    left, top = (max(round(one) - CASING, 0) for one in box[:2])
    right, bottom = (min(round(one) + CASING, side) - 1 for one, side in zip(box[2:], image.size, strict=True))
    right, bottom = max(right, left + 2 * CASING), max(bottom, top + 2 * CASING)
    draw.rectangle((left, top, right, bottom), outline=PAPER, width=CASING + 1)
    draw.rectangle((left + 1, top + 1, right - 1, bottom - 1), outline=color, width=CASING - 1)


def close_up(
    picture: Picture, box: Box, size: tuple[int, int], frame: tuple[int, int], at: Affine = SAME
) -> Image.Image:
    """The surroundings of a box, enlarged to exactly `size`, with the box framed.

    Args:
        picture: Of any size; it is taken to show the same scene as the frame.
        box: In pixels of the frame.
        size: Width and height to fill.
        frame: Width and height of the frame: the original's.
        at: Where the picture shows what lies at a place of the frame.
    """
    factor = max(box.width * 1.4 / size[0], box.height * 1.4 / size[1], 1 / ENLARGED)
    wide, tall = (min(side * factor, whole) for side, whole in zip(size, frame, strict=True))
    left = min(max(box.x + box.width / 2 - wide / 2, 0), frame[0] - wide)
    top = min(max(box.y + box.height / 2 - tall / 2, 0), frame[1] - tall)
    room = fit((math.ceil(wide / factor), math.ceil(tall / factor)), size)
    left, top, wide, tall = put((left, top, wide, tall), at, frame)
    x, y, width, height = put((box.x, box.y, box.width, box.height), at, frame)
    across, down = picture.size[0] / frame[0], picture.size[1] / frame[1]
    region = (left * across, top * down, (left + wide) * across, (top + tall) * down)
    cut = _resized(picture, room, Image.Resampling.BICUBIC, region)
    to_x, to_y = room[0] / wide, room[1] / tall
    right, bottom = (x + width - left) * to_x, (y + height - top) * to_y
    framed(cut, ((x - left) * to_x, (y - top) * to_y, right, bottom), ORANGE)
    filled = Image.new("RGB", size, FAINT)
    filled.paste(cut, ((size[0] - room[0]) // 2, (size[1] - room[1]) // 2))
    return filled


def mark(radius: float, sides: int, turned: float, color: str) -> Image.Image:
    """A regular shape in one colour, half transparent within its edge, so that marks on one another can be told apart.

    Args:
        radius: From its middle to a corner, px.
        sides: 3 or more; many make a disc.
        turned: By how many degrees, against the clock; at 0 it stands on a side.
        color: Of its edge.
    """
    room = 2 * math.ceil(radius) + 3
    image = Image.new("RGBA", (room * FINE, room * FINE), color + "00")
    circle = (room * FINE / 2, room * FINE / 2, radius * FINE)
    ImageDraw.Draw(image).regular_polygon(circle, sides, turned, fill=color + "90", outline=color, width=FINE)
    return image.reduce(FINE)


def stamp(image: Image.Image, mark: Image.Image, at: tuple[int, int]) -> None:
    """Draw a mark with its middle at a place."""
    image.paste(mark, (at[0] - mark.width // 2, at[1] - mark.height // 2), mark)


def text(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], said: str, size: int, color: str, anchor: str = "la"
) -> None:
    """Text in the font that ships inside Pillow, so that it looks alike on every machine."""
    draw.text(at, said, fill=color, font=ImageFont.load_default(size), anchor=anchor)


def label(image: Image.Image, at: tuple[float, float], said: str, size: int) -> None:
    """Write a word on a picture, on a ground of its own, with its left top corner at a place within it."""
    said = shortened(said, size, image.width - 12)
    wide, tall = round(_width(said, size)) + 12, round(size * 1.4)
    left, top = (
        min(max(round(one), 0), max(side - own, 0)) for one, side, own in zip(at, image.size, (wide, tall), strict=True)
    )
    draw = ImageDraw.Draw(image)
    draw.rectangle((left, top, left + wide - 1, top + tall - 1), fill=INK)
    text(draw, (left + 6, top + tall / 2), said, size, PAPER, "lm")


SPELT = str.maketrans({"\N{GREEK CAPITAL LETTER DELTA}": "d"})
"""letters of our own sentences that the font lacks, as they are written without them: dE00"""


def legible(said: str) -> str:
    """Text from a file or a file name as it can be drawn: what would steer or hide, or has no glyph, is escaped."""
    return "".join(char if _has_glyph(char) else ascii(char)[1:-1] for char in safe(said).translate(SPELT))


def shortened(said: str, size: int, room: float) -> str:
    """Text cut in its middle to fit a width, since names of files differ at both ends."""
    if _width(said, size) <= room:
        return said
    keep = len(said) - 1
    while keep > 0 and _width(_middle_cut(said, keep), size) > room:
        keep -= 1
    return _middle_cut(said, keep)


def wrapped(said: str, size: int, room: float, most: int) -> list[str]:
    """Text in lines that fit a width, at most so many; what is left over is cut."""
    lines, words = [""], said.split()
    while words:
        word = words[0] if _width(words[0], size) <= room else shortened(words[0], size, room)
        longer = f"{lines[-1]} {word}".strip()
        if _width(longer, size) <= room:
            lines[-1] = longer
        elif len(lines) == most:
            lines[-1] = _end_cut(lines[-1], size, room)
            break
        else:
            lines.append(word)
        words.pop(0)
    return lines


def _middle_cut(said: str, keep: int) -> str:
    return said[: (keep + 1) // 2] + CUT + said[len(said) - keep // 2 :]


def _end_cut(said: str, size: int, room: float) -> str:
    while said and _width(said + CUT, size) > room:
        said = said[:-1]
    return said + CUT


def _width(said: str, size: int) -> float:
    return ImageFont.load_default(size).getlength(said)


@functools.cache
def _has_glyph(char: str) -> bool:
    """A character without a glyph is drawn as the same empty box as one that no font has."""
    font = ImageFont.load_default(20)
    return char == " " or bytes(font.getmask(char)) != bytes(font.getmask("\U0010fffe"))
