"""The proposal as a picture: one row a metric, every edit a mark, and the lines that divide them.

All metrics share one scale, value over present limit, so that one line through the whole picture is "now". The scale
is logarithmic, since a drift of 20 times the limit and one of a hundredth are both common. Accepted and rejected edits
differ in shape and place as well as in colour; the two colours are told apart with every common colour blindness
(Okabe and Ito, 2008).
"""

from __future__ import annotations

import io
import math
from itertools import groupby
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from maskproof.gate.verdict import ratio
from maskproof.model import amount
from maskproof.setup.calibrate.text import PLACES, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.setup.calibrate.proposal import Line, Proposal

WIDTH = 1000
FINE = 3
"""marks and lines are drawn so many times larger and reduced, which smooths their edges"""
LEFT, RIGHT = 250, 770
"""where the scale lies, in pixels; the names stand left of it, the limits right"""
TOP, ROW, GROUP, FOOT = 158, 46, 34, 64
LANE = 10
"""pixels from the middle of a row to its accepted edits above and its rejected ones below"""
DOT, SMALL = 5, 3
CROWD = 40
"""edits in a row from which on marks are smaller and lie beside one another, so that a crowd looks like one"""
LOWEST, HIGHEST = 0.01, 100.0
"""the ends of the scale; what lies beyond is drawn at the end"""
TICKS = ((0.01, "1/100 or less"), (0.1, "1/10"), (1.0, "limit now"), (10.0, "10 times"), (100.0, "100 or more"))
AXIS = "value of an edit, as a multiple of the present limit"
BLUE, ORANGE, INK, GREY, FAINT, PAPER = "#0072B2", "#D55E00", "#1A1A1A", "#5F6670", "#D9DDE2", "#FFFFFF"
GREEN = "#00694E"
"""what is proposed: lines, arrowheads and numbers; dark enough to read on white"""
BLOCKED = "#F6F0EA"
"""the ground on the far side of the present limit"""
LEGEND = (34, 196, 358, 486)
"""where the mark of each entry of the legend stands, in pixels: accepted, rejected, limit now, limit proposed"""
WORDS = {
    "light": "patches lighter or darker",
    "color": "patches of another colour",
    "spot": "small marks that came or went",
    "loss": "fine detail lost",
    "contrast": "redrawn detail, letters",
    "blur": "small blurs",
    "delta_e": "colours, the middle",
    "delta_e_p95": "colours, the worst part",
    "brand_color": "named brand colours",
    "characters": "letters that read otherwise",
    "geometry": "features that moved",
    "skin_tone": "tone of skin",
    "outline": "the outline moved",
    "area": "share that became something else",
    "residue": "noise over the whole picture",
    "stroke": "strokes of letters",
    "changed": "pixels not identical",
    "shift": "the frame moved",
    "tone": "overall light and colour",
    "alpha": "transparency",
    "aspect": "proportions",
    "resolution": "size in pixels",
}
"""what a metric sees, in as few words as fit beside it"""


def png(proposal: Proposal) -> bytes:
    """The picture as a PNG file, the same bytes for the same proposal."""
    places = dict(_places(proposal.lines))
    height = max((*places.values(), TOP)) + ROW // 2 + FOOT
    picture = _marks(places, height)
    draw = ImageDraw.Draw(picture)
    _heading(draw, proposal)
    for value, label in TICKS:
        _text(draw, (_x(value), height - FOOT + 10), label, 13, INK if value == 1 else GREY, "ma")
    _text(draw, ((LEFT + RIGHT) / 2, height - 28), AXIS, 14, INK, "ma")
    _names(draw, places)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def _places(lines: tuple[Line, ...]) -> Iterator[tuple[Line, int]]:
    """The middle of each line's row, in pixels from the top, with room for a heading above each kind."""
    y = TOP
    for _, group in groupby(lines, key=lambda line: line.kind):
        y += GROUP
        for line in group:
            yield line, y + ROW // 2
            y += ROW


def _x(ratio: float) -> float:
    """The place of a value over its limit on the scale."""
    held = min(max(ratio, LOWEST), HIGHEST)
    return LEFT + (RIGHT - LEFT) * math.log(held / LOWEST) / math.log(HIGHEST / LOWEST)


def _marks(places: dict[Line, int], height: int) -> Image.Image:
    """Everything but the text."""
    picture = Image.new("RGB", (WIDTH * FINE, height * FINE), PAPER)
    draw = ImageDraw.Draw(picture, "RGBA")
    bottom = height - FOOT
    _box(draw, (_x(1), TOP + 6, RIGHT + 12, bottom), BLOCKED)
    for value, _ in TICKS:
        _stroke(draw, (_x(value), TOP + 6), (_x(value), bottom), FAINT, 1)
    for y in places.values():
        _stroke(draw, (LEFT - 12, y + ROW // 2), (RIGHT + 12, y + ROW // 2), FAINT, 1)
    _stroke(draw, (_x(1), TOP + 6), (_x(1), bottom + 6), INK, 2)
    for line, y in places.items():
        for mark, lane, values in ((_dot, y - LANE, line.accepted), (_diamond, y + LANE, line.rejected)):
            crowded = len(values) > CROWD
            for place, value in enumerate(values):
                mark(
                    draw,
                    _x(ratio(value, line.present)),
                    lane + _aside(place, crowded=crowded),
                    SMALL if crowded else DOT,
                )
        if line.moved:
            _proposed(draw, _x(ratio(line.proposed, line.present)), y)
    _legend_marks(draw)
    return picture.reduce(FINE)


def _aside(place: int, *, crowded: bool) -> float:
    """How far a mark of a crowd stands from the middle of its lane; golden steps fill a lane evenly."""
    return (place * 0.618034 % 1 - 0.5) * LANE * 1.4 if crowded and place else 0.0


def _heading(draw: ImageDraw.ImageDraw, proposal: Proposal) -> None:
    accepted, rejected = (len(proposal.judged(accepted=side)) for side in (True, False))
    _text(draw, (24, 20), "Where your edits fall, and where the limits lie", 26, INK, "la")
    said = f"Each mark is one edit, judged at level {proposal.level}. What lies right of its limit is blocked."
    _text(draw, (24, 56), said, 15, GREY, "la")
    legend = (f"accepted ({accepted})", f"rejected ({rejected})", "limit now", "limit proposed")
    for x, label in zip(LEGEND, legend, strict=True):
        _text(draw, (x + 16, 96), label, 15, INK, "lm")
    _text(draw, (_x(1) - 10, TOP - 16), "passes", 14, GREY, "rm")
    _text(draw, (_x(1) + 10, TOP - 16), "blocked now", 14, GREY, "lm")
    _text(draw, (RIGHT + 30, TOP - 16), "limit", 14, GREY, "lm")
    _text(draw, (WIDTH - 24, TOP - 16), "rejected caught", 14, GREY, "rm")


def _legend_marks(draw: ImageDraw.ImageDraw) -> None:
    _dot(draw, LEGEND[0], 96)
    _diamond(draw, LEGEND[1], 96)
    _stroke(draw, (LEGEND[2], 84), (LEGEND[2], 108), INK, 2)
    _proposed(draw, LEGEND[3], 96, 15)


def _names(draw: ImageDraw.ImageDraw, places: dict[Line, int]) -> None:
    """Beside each row what it measures; right of it the limit and what that catches."""
    kinds: set[str] = set()
    for line, y in places.items():
        if line.kind not in kinds:
            kinds.add(line.kind)
            name = PLACES.get(line.kind, f"areas of kind {line.kind}")
            _text(draw, (24, y - ROW // 2 - 12), name[0].upper() + name[1:], 16, INK, "lm")
        _text(draw, (24, y - 9), line.metric, 15, INK, "lm")
        _text(draw, (24, y + 9), WORDS.get(line.metric, ""), 13, GREY, "lm")
        _piles(draw, line, y)
        now, then = (_catches(line, limit) for limit in (line.present, line.proposed))
        _text(draw, (RIGHT + 30, y - 9 if line.moved else y), amount(line.present, short(line.unit)), 14, INK, "lm")
        _text(draw, (WIDTH - 24, y - 9 if line.moved else y), now, 14, INK, "rm")
        if line.moved:
            _text(draw, (RIGHT + 30, y + 9), f"to {amount(line.proposed, short(line.unit))}", 14, GREEN, "lm")
            _text(draw, (WIDTH - 24, y + 9), f"then {then}", 14, GREEN, "rm")


def _piles(draw: ImageDraw.ImageDraw, line: Line, y: int) -> None:
    """How many marks lie on one another at the low end, where most edits that kept everything are."""
    for values, lane in ((line.accepted, -LANE), (line.rejected, LANE)):
        count = sum(ratio(value, line.present) <= LOWEST for value in values)
        if count > 1:
            _text(draw, (LEFT + DOT + 5, y + lane), f"{count} edits", 12, GREY, "lm")


def _catches(line: Line, limit: float) -> str:
    if not line.rejected:
        return "none there"
    return f"{sum(ratio(value, limit) > 1 for value in line.rejected)} of {len(line.rejected)}"


def _dot(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float = DOT) -> None:
    box = (x - radius, y - radius, x + radius, y + radius)
    draw.ellipse([value * FINE for value in box], fill=BLUE + "90", outline=BLUE, width=FINE)


def _diamond(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float = DOT) -> None:
    reach = radius * 1.3
    corners = ((x - reach, y), (x, y - reach), (x + reach, y), (x, y + reach))
    scaled = [(left * FINE, top * FINE) for left, top in corners]
    draw.polygon(scaled, fill=ORANGE + "90", outline=ORANGE, width=FINE)


def _proposed(draw: ImageDraw.ImageDraw, x: float, y: float, half: int = ROW // 2 - 2) -> None:
    """A dashed line through the row, with an arrowhead at each end."""
    for start in range(-half + 4, half - 4, 8):
        _stroke(draw, (x, y + start), (x, y + min(start + 5, half - 4)), GREEN, 3)
    for way in (-1, 1):
        tip = ((x - 5, y + way * half), (x + 5, y + way * half), (x, y + way * (half - 7)))
        draw.polygon([(left * FINE, top * FINE) for left, top in tip], fill=GREEN)


def _stroke(
    draw: ImageDraw.ImageDraw, start: tuple[float, float], end: tuple[float, float], color: str, width: float
) -> None:
    scaled = [tuple(value * FINE for value in one) for one in (start, end)]
    draw.line(scaled, fill=color, width=round(width * FINE))


def _box(draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], color: str) -> None:
    draw.rectangle([value * FINE for value in box], fill=color)


def _text(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, color: str, anchor: str) -> None:
    """Text in the font that ships inside Pillow, so that it looks alike on every machine."""
    draw.text(at, text, fill=color, font=ImageFont.load_default(size), anchor=anchor)
