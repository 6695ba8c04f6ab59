"""A mask shown over its picture: what is open is tinted and outlined, so that a person sees at once what may change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from maskproof.report import drawing
from maskproof.report.drawing import BLUE, GREY, INK, PAPER

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from maskproof.model import Picture

    Mask = NDArray[np.bool_]

ROOM = (1600, 1600)
"""the largest that the picture is shown, px; smaller ones keep their size"""
NARROWEST = 480
"""px; the words need so much, however narrow the picture"""
MARGIN, GAP = 24, 14
LINES = 3
CAPTION = "The tinted part, within the dashed line, is open to the model. All else is protected."


def png(name: str, picture: Picture, opened: Mask, said: str) -> bytes:
    """The preview as the bytes of a PNG file.

    Args:
        name: The original's.
        picture: The original.
        opened: H x W of it, True where editing is allowed.
        said: What there is to say about the mask.
    """
    size = drawing.fit(picture.size, (min(ROOM[0], picture.size[0]), min(ROOM[1], picture.size[1])))
    mask = drawing.reduced(opened, size)
    shown = drawing.outlined(drawing.tinted(drawing.thumbnail(picture, size), mask, BLUE), mask)
    width = max(size[0], NARROWEST)
    lines = [(drawing.shortened(drawing.legible(name), 20, width), 20, INK)]
    lines += [(line, 16, INK) for line in drawing.wrapped(drawing.legible(said), 16, width, LINES)]
    lines += [(line, 16, GREY) for line in drawing.wrapped(CAPTION, 16, width, LINES)]
    head = MARGIN + sum(round(points * 1.4) for _, points, _ in lines) + GAP
    page = Image.new("RGB", (width + 2 * MARGIN, head + size[1] + MARGIN), PAPER)
    draw, y = ImageDraw.Draw(page), MARGIN
    for line, points, color in lines:
        drawing.text(draw, (MARGIN, y), line, points, color)
        y += round(points * 1.4)
    page.paste(shown, (MARGIN, head))
    return drawing.png(page)
