"""The contact sheet: the original and all candidates for an edit as one picture, the best first.

Each tile shows a candidate with the mask's outline and, where something is wrong, a frame around the worst place and
that place, before and after. So a person sees in one look what the table says in numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from PIL import Image, ImageDraw

from maskproof import regions
from maskproof.errors import CouldNotJudge
from maskproof.images.decode import decode, decode_mask
from maskproof.model import Severity, Verdict
from maskproof.report import drawing
from maskproof.report.drawing import FAINT, GREEN, GREY, INK, ORANGE, PAPER
from maskproof.report.text import WORDS, capitalized, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from maskproof.gate.named import Named
    from maskproof.gate.rank import Ranked
    from maskproof.model import Picture

    Mask = NDArray[np.bool_]

ROOM = (400, 400)
"""the largest picture of a tile, px"""
DETAIL = (196, 132)
"""one of the two close-ups of a tile, px"""
GAP, MARGIN, HEAD = 32, 36, 78
TITLE, NOTE_LINE, NOTE_LINES = 58, 19, 4
LABEL = 30
"""what a close-up takes below itself, px"""
COLUMNS = ((4, 0), (6, 3), (12, 4), (20, 5))
"""up to so many tiles, so many in a row; 0: all of them"""
MOST_COLUMNS = 6
PAINT = {Verdict.PASS: GREEN, Verdict.BLOCK: ORANGE, Verdict.UNJUDGED: GREY}
LEGEND = "The part that is shaded here is protected; a dashed line is its edge in every picture."
NOTHING = "Nothing that is protected changed more than its limit allows."
NO_MASK = "There is no mask: everything is protected."
PLACES = "A frame shows where the worst finding is; below the picture is that place, before and after."


class Tile(Struct, frozen=True):
    """One picture of the sheet, drawn, with what is said about it."""

    title: str
    verdict: str
    color: str
    picture: Image.Image | None
    """within `ROOM`; None: it cannot be shown"""
    details: tuple[Image.Image, Image.Image] | None
    """the worst place before and after"""
    note: str

    def lines(self) -> list[str]:
        """The note as it is drawn."""
        return drawing.wrapped(drawing.legible(self.note), 15, ROOM[0], NOTE_LINES)

    def below(self) -> int:
        """Height of what stands below the picture, px."""
        return (DETAIL[1] + LABEL if self.details else 0) + NOTE_LINE * len(self.lines())


def contact_sheet(named: Sequence[Named], order: Sequence[Ranked]) -> bytes:
    """The original and all candidates as one picture, best first: the bytes of a PNG file.

    What cannot be decoded has a tile that says so; the table gives the reason.

    Args:
        named: What `ranked` was given.
        order: What it returned.
    """
    original = named[0].original_name
    before = _decoded(named[0].original, original)
    opened = None if before is None else _opened(named[0], before)
    tiles = [tile(one, before, _decoded(named[one.index].edit, one.report.path), opened) for one in order]
    return png(first(original, before, opened), tiles)


def first(name: str, original: Picture | None, opened: Mask | None) -> Tile:
    """The tile of the original, which also explains the signs.

    Args:
        name: Its name.
        original: None: it cannot be decoded.
        opened: H x W of the original, True where editing was allowed; None: there is no mask.
    """
    note = f"{NO_MASK if opened is None else LEGEND} {PLACES}"
    shown = None if original is None else _shown(original, opened, shaded=True)
    return Tile(name, "Original", INK, shown, None, note)


def tile(ranked: Ranked, original: Picture | None, candidate: Picture | None, opened: Mask | None) -> Tile:
    """The tile of one candidate.

    Args:
        ranked: Its place and its verdict.
        original: For the close-up of how the worst place was before.
        candidate: None: it cannot be decoded.
        opened: H x W of the original, True where editing was allowed.
    """
    report, worst = ranked.report, ranked.worst
    verdict = f"{ranked.rank}.  " if ranked.rank else ""
    verdict += WORDS[report.verdict] + ("" if report.drift is None else f", drift {report.drift:.2f}")
    box = worst.box if worst and worst.severity is not Severity.WARN else None
    shown, details = None if candidate is None else _shown(candidate, opened), None
    if box and shown and candidate and original:
        across, down = shown.width / original.size[0], shown.height / original.size[1]
        corners = (box.x * across, box.y * down, (box.x + box.width) * across, (box.y + box.height) * down)
        drawing.framed(shown, corners, ORANGE)
        before, after = (drawing.close_up(one, box, DETAIL, original.size) for one in (original, candidate))
        details = (before, after)
    return Tile(
        report.path, verdict, PAINT[report.verdict], shown, details, capitalized(sentence(worst)) if worst else NOTHING
    )


def png(original: Tile, candidates: Sequence[Tile]) -> bytes:
    """The sheet as the bytes of a PNG file, from the original's tile and those of the candidates, the best first."""
    tiles = [original, *candidates]
    columns = next((wanted or len(tiles) for most, wanted in COLUMNS if len(tiles) <= most), MOST_COLUMNS)
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    heights = [_height(row) for row in rows]
    size = (2 * MARGIN + columns * ROOM[0] + (columns - 1) * GAP, HEAD + sum(heights) + GAP * (len(rows) - 1) + MARGIN)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    count = "1 candidate" if len(candidates) == 1 else f"{len(candidates)} candidates, best first"
    heading = drawing.shortened(f"{count}; the limit of drift is 1", 26, size[0] - 2 * MARGIN)
    drawing.text(draw, (MARGIN, 24), heading, 26, INK)
    y = HEAD
    for row, height in zip(rows, heights, strict=True):
        for place, one in enumerate(row):
            _draw(sheet, one, (MARGIN + place * (ROOM[0] + GAP), y), _tallest(row))
        y += height + GAP
    return drawing.png(sheet)


def _shown(picture: Picture, opened: Mask | None, *, shaded: bool = False) -> Image.Image:
    size = drawing.fit(picture.size, ROOM)
    image = drawing.thumbnail(picture, size)
    if opened is None:
        return image
    mask = drawing.reduced(opened, size)
    return (
        drawing.protected(image, mask, drawing.contrasting(image, ~mask)) if shaded else drawing.outlined(image, mask)
    )


def _tallest(row: Sequence[Tile]) -> int:
    return max((one.picture.height for one in row if one.picture), default=ROOM[1] // 2)


def _height(row: Sequence[Tile]) -> int:
    return TITLE + _tallest(row) + 12 + max(one.below() for one in row)


def _draw(sheet: Image.Image, one: Tile, at: tuple[int, int], tall: int) -> None:
    """A tile with its left top corner at a place; pictures of a row stand on one line."""
    draw, (x, y) = ImageDraw.Draw(sheet), at
    drawing.text(draw, (x, y), one.verdict, 20, one.color)
    drawing.text(draw, (x, y + 28), drawing.shortened(drawing.legible(one.title), 16, ROOM[0]), 16, GREY)
    y += TITLE
    if one.picture is None:
        draw.rectangle((x, y, x + ROOM[0] - 1, y + tall - 1), fill=FAINT)
        drawing.text(draw, (x + ROOM[0] / 2, y + tall / 2), "cannot be shown", 16, GREY, "mm")
    else:
        sheet.paste(one.picture, (x, y))
    y += tall + 12
    if one.details:
        for place, (label, image) in enumerate(zip(("before", "after"), one.details, strict=True)):
            left = x + place * (ROOM[0] - DETAIL[0])
            sheet.paste(image, (left, y))
            drawing.text(draw, (left, y + DETAIL[1] + 3), label, 14, GREY)
        y += DETAIL[1] + LABEL
    for line in one.lines():
        drawing.text(draw, (x, y), line, 15, INK)
        y += NOTE_LINE


def _decoded(data: bytes, name: str) -> Picture | None:
    try:
        return decode(data, name)
    except CouldNotJudge:
        return None


def _opened(named: Named, original: Picture) -> Mask | None:
    try:
        planes = None if named.mask is None else decode_mask(named.mask, named.mask_name)
    except CouldNotJudge:
        return None
    return None if planes is None else regions.editable(planes, named.mask_mode, original.size, original.alpha)
