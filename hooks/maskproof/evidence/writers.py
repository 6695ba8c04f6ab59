"""Writers: the program that last wrote a file, where the file shows it.

Asked when a picture lost its marks on the way: then it helps to say what dropped them. Only what a program writes of
itself, or what no other encoder does, counts; most files show nothing, and nothing is guessed from habits that
libraries share. Sources: ImageMagick `coders/png.c`; mozjpeg `jcparam.c`; the programs' own files.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskproof.evidence.carriers import Carried
    from maskproof.images.containers import Container

PROGRAMS = (
    r"(?:adobe )?photoshop(?: lightroom)?|adobe lightroom|adobe imageready|affinity photo|apple photos|canva|"
    r"capture one|darktable|ezgif(?:\.com)?|ffmpeg|figma|gd-jpeg|gimp|google photos|graphicsmagick|imagemagick|"
    r"(?:www\.)?inkscape|irfanview|krita|lavc|libvips|matplotlib|oxipng|paint\.net|picsart|pillow|pixelmator|"
    r"rawtherapee|snapseed|squoosh|tinypng|xnview"
)
"""programs that write their name, as they begin it"""
NAMED = re.compile(rf"\s*({PROGRAMS})", re.IGNORECASE)
MADE_WITH = re.compile(
    rf"\s*(?:(?:created|made|edited|optimized) (?:with|by|using)|creator:)(?: the)? ({PROGRAMS})|\s*(lavc)\d",
    re.IGNORECASE,
)
"""how they put it into a comment, which may speak of anything"""
NAMES = {"lavc": "FFmpeg", "gd-jpeg": "GD", "gimp": "GIMP", "imagemagick": "ImageMagick", "photoshop": "Photoshop"} | {
    "adobe photoshop": "Photoshop",
    "adobe photoshop lightroom": "Lightroom",
    "photoshop lightroom": "Lightroom",
    "adobe lightroom": "Lightroom",
}
"""how they are called, where they write it otherwise"""
FIELDS, COMMENTS = ("Software", "software", "Creator"), ("comment", "Comment")
DATES = frozenset({"date:create", "date:modify"})
"""texts that ImageMagick alone puts into a PNG"""
ROBIDOUX = (
    (16, 16, 16, 18, 25, 37, 56, 85),
    (16, 17, 20, 27, 34, 40, 53, 75),
    (16, 20, 24, 31, 43, 62, 91, 135),
    (18, 27, 31, 40, 53, 74, 106, 156),
    (25, 34, 43, 53, 69, 94, 131, 189),
    (37, 40, 62, 74, 94, 124, 169, 238),
    (56, 53, 91, 106, 131, 169, 226, 311),
    (85, 75, 135, 156, 189, 238, 311, 418),
)
"""mozjpeg's quantization table at quality 50, for lightness and colour alike; others use two, of another shape"""
MIN_FIRST_STEP = 4
"""steps of its first entry from which the shape of a scaled table can be told"""


def writer(container: Container, carried: Carried) -> str | None:
    """The program, by name; None where the file does not show it."""
    if {one.key for one in carried.texts} >= DATES:
        return "ImageMagick"  # it copies what other programs wrote of themselves
    for keys, form in ((FIELDS, NAMED), (COMMENTS, MADE_WITH)):
        for one in carried.of(*keys):
            if match := form.match(one.text[:200]):
                return _display_name(match.group(1) or match.group(2))
    if container.format == "PNG" and container.first("iDOT") is not None:
        return "Apple ImageIO"
    for packet in carried.xmp:
        if (tool := packet.first("xmp:CreatorTool")) and (match := NAMED.match(tool[:200])):
            return _display_name(match.group(1))
    if container.format == "JPEG":
        return _of_jpeg(container)
    return None


def _display_name(name: str) -> str:
    return NAMES.get(name.casefold(), name)


def _of_jpeg(container: Container) -> str | None:
    if any(block.kind == "APP13" and b"8BIM\x04\x06" in block.data for block in container.blocks):
        return "Photoshop"  # its own record of the quality that was chosen
    tables = _tables(container)
    return "mozjpeg" if tables and set(tables) <= _mozjpeg() else None


def _tables(container: Container) -> list[bytes]:
    """Quantization tables of 8 bits, in the zigzag order in which they are stored."""
    found = []
    for block in container.blocks:
        at = 0
        while block.kind == "DB" and at + 65 <= len(block.data) and block.data[at] < 16:  # noqa: PLR2004
            found.append(block.data[at + 1 : at + 65])
            at += 65
    return found


@cache
def _mozjpeg() -> frozenset[bytes]:
    """The table at every quality at which its shape shows."""
    order = sorted(((x, y) for x in range(8) for y in range(8)), key=_zigzag)
    flat = [ROBIDOUX[y][x] for x, y in order]
    scales = (5000 // quality if quality < 50 else 200 - 2 * quality for quality in range(1, 101))  # noqa: PLR2004
    tables = (bytes(min(max((one * scale + 50) // 100, 1), 255) for one in flat) for scale in scales)
    return frozenset(table for table in tables if table[0] >= MIN_FIRST_STEP)


def _zigzag(place: tuple[int, int]) -> tuple[int, int]:
    x, y = place
    return (x + y, y if (x + y) % 2 else x)
