"""Reading: what the letters say, before and after, so that a finding can quote both.

A picture model that redraws a word may keep its look and change its spelling. Reading is slower than measuring
strokes and guesses where letters are poor, so it names what changed; it never lets anything pass.

Lines are found by PP-OCRv6 and read by it too, a network of Baidu's PaddleOCR (Apache-2.0) that knows Latin and CJK
letters. RapidOCR carries both models in its wheel, so nothing is fetched. Needs the extra `maskproof[text]`.
How often it is right stands in docs/metrics-text.md.
"""

from __future__ import annotations

import threading
import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from PIL import Image

from maskproof.errors import CouldNotJudge
from maskproof.model import Box
from maskproof.regions import overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

WHOLE = 1_000_000
"""px; a picture of up to this area is looked at in one go. In 1.6 Mpx and more of plain ground the network no longer
sees a word of 20 px, in 1 Mpx it does"""
PIXELS = 4_000_000
"""px; a larger picture is reduced to this area while lines are looked for (3 s and 0.5 GB on one
core); letters are read in full size"""
TILE = 960
"""px; the side of the parts in which a picture over WHOLE is searched, beside a look at all of it, reduced"""
OVERLAP = 240
"""px; parts share this much; a longer line of small letters may come in two pieces"""
DOUBLED_SIDE_PX = 48
"""px; a picture with a shorter side is doubled first. Letters of 5 px: 28 of 40 words right instead of 20, of 6 px:
38 instead of 35, of 8 px and up: no difference"""
MIN_SIDE_PX = 8
"""px; nothing can be read in a smaller picture"""
TALL = 1.5
"""a line that is this much higher than wide (PaddleOCR's number) is read turned either way, and the surer one counts"""
SURE = 0.85
"""0 to 1; the least confidence at which a change should be believed. 7 of 3,600 pairs of benign processing feigned
a surer change, 96 of 100 respelt words gave one; textures like letters are mostly less sure (docs/metrics-text.md)"""
LEGIBLE = 0.5
"""0 to 1; under it a reading is not worth quoting: textures like letters"""
SAME_PLACE = 0.5
"""two lines are one place when they share this part of the smaller one's box"""
ADVICE = "Install the extra: pip install 'maskproof[text]'."

Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""top left, top right, bottom right, bottom left of a line as it is read; x, y in pixels"""


class Line(Struct, frozen=True):
    """A line of text that was read."""

    text: str
    """as read; empty where nothing was recognised"""
    box: Box
    """upright box around the line, in pixels"""
    confidence: float
    """0 to 1, the mean of the letters' probabilities"""
    corners: Corners
    """the line's own, possibly turned, rectangle"""


class Change(Struct, frozen=True):
    """A place whose text is not the same before and after."""

    before: str
    """empty: text appeared here"""
    after: str
    """empty: the text is gone"""
    box: Box
    """around both, in pixels"""
    rate: float
    """`character_error_rate(before, after)`"""
    confidence: float
    """0 to 1, the lowest of the lines involved"""


def available() -> bool:
    """Is the extra installed? Looks without importing it."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def read(picture: NDArray[np.uint8]) -> tuple[Line, ...]:
    """Every line of text in a picture, from top to bottom and left to right.

    The same picture gives the same lines. Text that stands on its head is not read as a person would read it.

    Args:
        picture: H x W x 3, sRGB.

    Raises:
        CouldNotJudge: the extra is not installed.
    """
    engine = _engine()
    height, width = picture.shape[:2]
    if min(height, width) < MIN_SIDE_PX:
        return ()
    scale = 2.0 if min(height, width) < DOUBLED_SIDE_PX else min(1.0, (PIXELS / (height * width)) ** 0.5)
    quads = [quad / scale for quad in _find_lines(engine, _scale(picture, scale))]
    return _order([line for quad in _distinct(quads) if (line := _read_line(picture, _corners(quad))).text])


def read_again(picture: NDArray[np.uint8], lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """What stands in a picture where these lines stood in another of the same size.

    Looking in the same places keeps a line's text from changing only because its box was found a pixel wider.

    Args:
        picture: H x W x 3, sRGB.
        lines: What was read in the other picture.

    Returns:
        As many lines in the same order; `text` is empty where nothing is recognised any more.

    Raises:
        CouldNotJudge: the extra is not installed.
    """
    return tuple(_read_line(picture, line.corners) for line in lines)


def character_error_rate(before: str, after: str) -> float:
    """Levenshtein distance over the length of `before`: 0 the same, 1 as many edits as letters, more if text grew.

    Compared after Unicode NFKC (full-width letters, ligatures and superscripts become plain ones) and without white
    space, because a reader's guess of blanks is not the picture's. Upper and lower case differ.

    Source: V. I. Levenshtein, Binary codes capable of correcting deletions, insertions, and reversals, 1966.
    """
    old, new = _fold(before), _fold(after)
    row = list(range(len(new) + 1))
    for i, a in enumerate(old, 1):
        above, row = row, [i]
        for j, b in enumerate(new, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (a != b)))
    return row[-1] / max(len(old), 1)


def compare_lines(before: tuple[Line, ...], after: tuple[Line, ...]) -> tuple[Change, ...]:
    """Where the text differs, lines being paired by place.

    Lines that cover each other belong to one place, however many they are on either side: "SALE 50%" found as one
    line before and as "SALE" and "50%" after is no change.

    Args:
        before: Lines of the original.
        after: Lines of the edit, in the same frame.

    Returns:
        One change for each place whose folded text differs, in reading order.
    """
    changes = []
    for old, new in _places(before, after):
        was, now = (" ".join(line.text for line in side) for side in (old, new))
        rate = character_error_rate(was, now)
        if rate:
            lines = (*old, *new)
            read_ones = [line.confidence for line in lines if line.text]
            changes.append(Change(was, now, _around(lines), rate, min(read_ones, default=0.0)))
    return tuple(sorted(changes, key=lambda change: (change.box.y, change.box.x)))


def _find_lines(engine: Any, picture: NDArray[np.uint8]) -> list[NDArray[np.float64]]:
    """Rectangles of lines, 4 x 2 each, x and y in pixels of the picture: first of all of it, then of its parts."""

    def look(part: NDArray[np.uint8]) -> NDArray[np.float64]:
        with _IN_USE:
            boxes = engine(_bgr(part), use_det=True, use_cls=False, use_rec=False).boxes
        return np.empty((0, 4, 2)) if boxes is None else np.asarray(boxes, np.float64)

    height, width = picture.shape[:2]
    if height * width <= WHOLE:
        return list(look(picture))
    scale = (WHOLE / (height * width)) ** 0.5
    quads = list(look(_scale(picture, scale)) / scale)
    for top in range(0, max(1, height - OVERLAP), TILE - OVERLAP):
        for left in range(0, max(1, width - OVERLAP), TILE - OVERLAP):
            quads.extend(look(picture[top : top + TILE, left : left + TILE]) + np.array([left, top]))
    return quads


def _distinct(quads: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Of lines that were found more than once the longest."""
    kept: list[NDArray[np.float64]] = []
    boxes: list[Box] = []
    for quad in sorted(quads, key=lambda one: -float(np.ptp(one[:, 0]) * np.ptp(one[:, 1]))):
        box = _upright(quad)
        if not any(overlap(box, other) >= SAME_PLACE for other in boxes):
            kept.append(quad)
            boxes.append(box)
    return kept


def _upright(quad: NDArray[np.float64]) -> Box:
    """The smallest upright box in whole pixels, cut at the left and upper border."""
    low, high = np.floor(quad.min(axis=0)).astype(int), np.ceil(quad.max(axis=0)).astype(int)
    x, y = max(int(low[0]), 0), max(int(low[1]), 0)
    return Box(x, y, int(high[0]) - x, int(high[1]) - y)


def _fold(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _places(before: tuple[Line, ...], after: tuple[Line, ...]) -> list[tuple[tuple[Line, ...], tuple[Line, ...]]]:
    """Lines of both sides in groups that stand at one place, each side in reading order."""
    groups: list[tuple[list[Line], list[Line]]] = []
    for side, lines in enumerate((before, after)):
        for line in lines:
            touching = [
                group for group in groups if any(overlap(line.box, o.box) >= SAME_PLACE for o in (*group[0], *group[1]))
            ]
            merged: tuple[list[Line], list[Line]] = ([], [])
            for group in touching:
                merged[0].extend(group[0])
                merged[1].extend(group[1])
            merged[side].append(line)
            groups = [group for group in groups if not any(group is one for one in touching)]
            groups.append(merged)
    return [(_order(old), _order(new)) for old, new in groups]


def _order(lines: list[Line]) -> tuple[Line, ...]:
    """Top to bottom, and left to right among lines whose middles lie within half a line."""
    if not lines:
        return ()
    step = max(1.0, min(line.box.height for line in lines) / 2)
    top = min(line.box.y + line.box.height / 2 for line in lines)
    return tuple(
        sorted(lines, key=lambda line: (round((line.box.y + line.box.height / 2 - top) / step / 2), line.box.x))
    )


def _around(lines: tuple[Line, ...]) -> Box:
    left = min(line.box.x for line in lines)
    top = min(line.box.y for line in lines)
    right = max(line.box.x + line.box.width for line in lines)
    bottom = max(line.box.y + line.box.height for line in lines)
    return Box(left, top, right - left, bottom - top)


def _read_line(picture: NDArray[np.uint8], corners: Corners) -> Line:
    """The text inside one rectangle, straightened first."""
    import cv2

    quad = np.array(corners, np.float32)
    width = round(max(float(np.hypot(*(quad[0] - quad[1]))), float(np.hypot(*(quad[2] - quad[3])))))
    height = round(max(float(np.hypot(*(quad[0] - quad[3]))), float(np.hypot(*(quad[1] - quad[2])))))
    box = _upright(quad.astype(np.float64))
    near = picture[box.y : box.y + box.height, box.x : box.x + box.width]
    if min(width, height, *near.shape[:2]) < 1:
        return Line("", box, 0.0, corners)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    straight = cv2.warpPerspective(
        _bgr(near),
        cv2.getPerspectiveTransform(quad - np.array([box.x, box.y], np.float32), target),
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    upright = np.asarray(straight, np.uint8)
    ways = [np.rot90(upright, turns) for turns in (1, 3)] if height >= TALL * width else [upright]
    text, confidence = max((_recognise(way) for way in ways), key=lambda known: known[1])
    return Line(text, box, confidence, corners)


def _recognise(straight: NDArray[np.uint8]) -> tuple[str, float]:
    with _IN_USE:
        known = _engine()(np.ascontiguousarray(straight), use_det=False, use_cls=False, use_rec=True)
    return (known.txts or ("",))[0].strip(), float((known.scores or (0.0,))[0])


def _corners(quad: NDArray[np.float64]) -> Corners:
    a, b, c, d = ((float(x), float(y)) for x, y in quad)
    return a, b, c, d


def _bgr(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The channel order that OpenCV and PaddleOCR were trained on."""
    return np.ascontiguousarray(picture[..., ::-1])


def _scale(picture: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    if scale == 1.0:
        return picture
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))


_IN_USE = threading.Lock()
"""the engine keeps what a call asked for in itself: one thread at a time"""


@cache
def _engine() -> Any:
    """The one engine of this process, made at first use (about 1 s).

    Both models are named by path: RapidOCR would otherwise compare a digest and fetch a model that differs. One line
    a batch: a batch pads its lines to the longest, and then one line's reading would depend on another's length. No
    limit on sides: its own would enlarge a small picture until the short side has 736 px, at ten times the cost.
    One thread, so that sums are always added in the same order.
    """
    if not available():
        raise CouldNotJudge("text cannot be read: RapidOCR or onnxruntime is not installed", ADVICE)
    import rapidocr

    models = Path(rapidocr.__file__).parent / "models"
    found = {part: sorted(models.glob(f"*_{part}_*.onnx")) for part in ("det", "rec")}
    if not all(found.values()):
        raise CouldNotJudge("text cannot be read: this RapidOCR carries no models", ADVICE)
    no_limit = 1_000_000
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.text_score": 0.0,
            "Global.min_side_len": 1,
            "Global.max_side_len": no_limit,
            "Global.width_height_ratio": -1,
            "Det.model_path": str(found["det"][0]),
            "Det.limit_type": "max",
            "Det.limit_side_len": no_limit,
            "Rec.model_path": str(found["rec"][0]),
            "Rec.rec_batch_num": 1,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
