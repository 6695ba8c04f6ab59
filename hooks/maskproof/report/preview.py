"""A picture with what is protected in it: the part outside its mask shaded, each area framed and numbered.

So a person sees at once what may change. The protected side is the shaded one, wherever the mask lies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from maskproof.report import drawing
from maskproof.report.drawing import GREY, INK, ORANGE, PAPER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from maskproof.model import Picture

    Mask = NDArray[np.bool_]

ROOM = (1600, 1600)
"""the largest that the picture is shown, px; smaller ones keep their size"""
NARROWEST = 480
"""px; the words need so much, however narrow the picture"""
MARGIN, GAP = 24, 14
LINES = 3
MOST_NAMED = 24
"""areas whose names have room; the others have numbers"""
SHADED = "The shaded part is protected. What is not shaded is open to the model."
NUMBERED = "The numbered areas are protected whatever a mask opens."


def png(name: str, picture: Picture, opened: Mask | None, said: str, areas: Sequence[tuple[str, Mask]] = ()) -> bytes:
    """The preview as the bytes of a PNG file.

    Args:
        name: The picture's.
        picture: The original.
        opened: H x W of it, True where editing is allowed; None: nothing is shaded.
        said: What there is to say about the mask.
        areas: What each protected area is called, and H x W of the original, True where it is.
    """
    size = drawing.fit(picture.size, (min(ROOM[0], picture.size[0]), min(ROOM[1], picture.size[1])))
    shown = drawing.thumbnail(picture, size)
    if opened is not None:
        mask = drawing.reduced(opened, size)
        shown = drawing.protected(shown, mask, drawing.contrasting(shown, ~mask))
    for number, (_, mask) in enumerate(areas, 1):
        shown = _numbered(shown, drawing.reduced(mask, size), number)
    width = max(size[0], NARROWEST)
    lines = [(drawing.shortened(drawing.legible(name), 20, width), 20, INK)]
    captions = [(said, INK), (SHADED * (opened is not None), GREY), (NUMBERED * bool(areas), GREY)]
    captions += [(f"{number}. {label}", INK) for number, (label, _) in enumerate(areas[:MOST_NAMED], 1)]
    captions += [(f"and {len(areas) - MOST_NAMED} more", GREY)] if len(areas) > MOST_NAMED else []
    for text, color in captions:
        lines += [(line, 16, color) for line in drawing.wrapped(drawing.legible(text), 16, width, LINES) if line]
    head = MARGIN + sum(round(points * 1.4) for _, points, _ in lines) + GAP
    page = Image.new("RGB", (width + 2 * MARGIN, head + size[1] + MARGIN), PAPER)
    draw, y = ImageDraw.Draw(page), MARGIN
    for line, points, color in lines:
        drawing.text(draw, (MARGIN, y), line, points, color)
        y += round(points * 1.4)
    page.paste(shown, (MARGIN, head))
    return drawing.png(page)


def _numbered(image: Image.Image, mask: Mask, number: int) -> Image.Image:
    """The picture with an area washed, outlined and numbered at its left top."""
    shown = drawing.outlined(drawing.tinted(image, mask, ORANGE), mask)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    draw, label = ImageDraw.Draw(shown), str(number)
    wide, tall = 8 + 9 * len(label), 20
    left = min(int(columns[0]), max(image.width - wide, 0))
    top = int(rows[0]) - tall if rows[0] >= tall else min(int(rows[-1]) + 1, max(image.height - tall, 0))
    draw.rectangle((left, top, left + wide, top + tall), fill=PAPER, outline=INK)
    drawing.text(draw, (left + wide / 2, top + tall / 2), label, 15, INK, "mm")
    return shown
