"""The proposal as a picture: one row a metric, every edit a mark, and the lines that divide them.

All metrics share one scale, value over present limit, so that one line through the whole picture is "now". The scale
is logarithmic, since a drift of 20 times the limit and one of a hundredth are both common. Accepted and rejected edits
differ in shape and place as well as in colour.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from maskproof.gate.verdict import ratio
from maskproof.model import amount
from maskproof.policy.limits import SEEN
from maskproof.report import drawing
from maskproof.report.drawing import BLUE, FAINT, GREEN, GREY, INK, ORANGE, PAPER, text
from maskproof.setup.calibrate.text import PLACES, catches, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.setup.calibrate.proposal import Line, Proposal

WIDTH = 1000
EDGE, LEFT, RIGHT, LIMIT = 24, 250, 770, 800
"""where names start, where the scale lies and where the limits start, px from the left"""
TOP, ROW, GROUP, FOOT = 158, 46, 34, 64
LANE = 10
"""px from the middle of a row to its accepted edits above and its rejected ones below"""
CROWD = 40
"""edits in a row from which on marks lie beside one another"""
LOWEST, HIGHEST = 0.01, 100.0
"""the ends of the scale; what lies beyond is drawn at the end"""
TICKS = ((0.01, "1/100 or less"), (0.1, "1/10"), (1.0, "limit now"), (10.0, "10 times"), (100.0, "100 or more"))
BLOCKED = "#F6F0EA"
"""the ground on the far side of the present limit"""
LEGEND = (34, 196, 358, 486)
"""where the mark of each entry of the legend stands: accepted, rejected, limit now, limit proposed"""
DOT, DIAMOND, DOWN, UP = (
    drawing.mark(*shape) for shape in ((5, 60, 0, BLUE), (6.5, 4, 45, ORANGE), (5.5, 3, 180, GREEN), (5.5, 3, 0, GREEN))
)


def png(proposal: Proposal) -> bytes:
    """The picture as a PNG file, the same bytes for the same proposal."""
    places = dict(_places(proposal.lines))
    bottom = max((*places.values(), TOP)) + ROW // 2
    sheet = Image.new("RGB", (WIDTH, bottom + FOOT), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((_x(1), TOP + 6, RIGHT + 12, bottom), BLOCKED)
    for value, label in TICKS:
        draw.line((_x(value), TOP + 6, _x(value), bottom), FAINT)
        text(draw, (_x(value), bottom + 10), label, 13, INK if value == 1 else GREY, "ma")
    for y in places.values():
        draw.line((LEFT - 12, y + ROW // 2, RIGHT + 12, y + ROW // 2), FAINT)
    draw.line((_x(1), TOP + 6, _x(1), bottom + 6), INK, 2)
    text(draw, ((LEFT + RIGHT) / 2, bottom + 36), "value of an edit, as a multiple of the present limit", 14, INK, "ma")
    _heading(sheet, proposal)
    kinds: set[str] = set()
    for line, y in places.items():
        if line.kind not in kinds:
            kinds.add(line.kind)
            name = PLACES.get(line.kind, f"areas of kind {line.kind}")
            text(draw, (EDGE, y - ROW // 2 - 12), name[0].upper() + name[1:], 16, INK, "lm")
        _row(sheet, line, y)
    return drawing.png(sheet)


def _places(lines: tuple[Line, ...]) -> Iterator[tuple[Line, int]]:
    """The middle of each line's row, in px from the top, with room for a heading above each kind."""
    y = TOP
    for _, group in groupby(lines, key=lambda line: line.kind):
        y += GROUP
        for line in group:
            yield line, y + ROW // 2
            y += ROW


def _x(reach: float) -> int:
    """The place of a value over its limit on the scale."""
    within = min(max(reach, LOWEST), HIGHEST)
    return LEFT + round((RIGHT - LEFT) * math.log(within / LOWEST) / math.log(HIGHEST / LOWEST))


def _heading(sheet: Image.Image, proposal: Proposal) -> None:
    draw = ImageDraw.Draw(sheet)
    accepted, rejected = (len(proposal.judged(accepted=side)) for side in (True, False))
    text(draw, (EDGE, 20), "Where your edits fall, and where the limits lie", 26, INK)
    said = f"Each mark is one edit, judged at level {proposal.level}. What lies right of its limit is blocked."
    text(draw, (EDGE, 56), said, 15, GREY)
    labels = (f"accepted ({accepted})", f"rejected ({rejected})", "limit now", "limit proposed")
    for x, label in zip(LEGEND, labels, strict=True):
        text(draw, (x + 16, 96), label, 15, INK, "lm")
    drawing.stamp(sheet, DOT, (LEGEND[0], 96))
    drawing.stamp(sheet, DIAMOND, (LEGEND[1], 96))
    draw.line((LEGEND[2], 84, LEGEND[2], 108), INK, 2)
    _proposed(sheet, LEGEND[3], 96, 15)
    text(draw, (_x(1) - 10, TOP - 16), "passes", 14, GREY, "rm")
    text(draw, (_x(1) + 10, TOP - 16), "blocked now", 14, GREY, "lm")
    text(draw, (LIMIT, TOP - 16), "limit", 14, GREY, "lm")
    text(draw, (WIDTH - EDGE, TOP - 16), "rejected caught", 14, GREY, "rm")


def _row(sheet: Image.Image, line: Line, y: int) -> None:
    """A metric: its name, its edits on the scale, its limit and what that catches."""
    draw = ImageDraw.Draw(sheet)
    text(draw, (EDGE, y - 9), line.metric, 15, INK, "lm")
    text(draw, (EDGE, y + 9), SEEN[line.metric], 13, GREY, "lm")
    for mark, lane, values in ((DOT, y - LANE, line.accepted), (DIAMOND, y + LANE, line.rejected)):
        ratios = [ratio(value, line.present) for value in values]
        for place, reach in enumerate(ratios):
            # Golden steps fill a lane evenly, so that a crowd looks like one.
            aside = round((place * 0.618034 % 1 - 0.5) * 1.4 * LANE) if len(values) > CROWD else 0
            drawing.stamp(sheet, mark, (_x(reach), lane + aside))
        # Most edits that kept everything lie on one another at the low end.
        if (pile := sum(reach <= LOWEST for reach in ratios)) > 1:
            text(draw, (LEFT - 10, lane), f"x{pile}", 12, GREY, "rm")
    limits = [(line.present, "", INK)]
    if line.moved:
        _proposed(sheet, _x(ratio(line.proposed, line.present)), y, ROW // 2 - 2)
        limits.append((line.proposed, "to ", GREEN))
    for place, (limit, word, color) in enumerate(limits):
        middle = y - 9 * (len(limits) - 1) + 18 * place
        shown = amount(limit, short(line.unit)).replace("Δ", "d")  # Pillow's font has no delta
        text(draw, (LIMIT, middle), word + shown, 14, color, "lm")
        caught = catches(line, limit) if line.rejected else "none there"
        text(draw, (WIDTH - EDGE, middle), caught, 14, color, "rm")


def _proposed(sheet: Image.Image, x: int, y: int, half: int) -> None:
    """A dashed line through the row, with an arrowhead at each end."""
    draw = ImageDraw.Draw(sheet)
    for start in range(y - half + 8, y + half - 8, 8):
        draw.line((x, start, x, min(start + 5, y + half - 8)), GREEN, 3)
    drawing.stamp(sheet, DOWN, (x, y - half + 3))
    drawing.stamp(sheet, UP, (x, y + half - 3))
