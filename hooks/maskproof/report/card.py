"""The card: one image on a phone or in a pull request, in a look: the original, the edit, where, and one sentence.

As a still picture both stand side by side; as a moving one they take turns in the same place, which shows a difference
better than anything else that needs no hand (a blink comparator). Neither needs a browser.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from msgspec import Struct
from PIL import Image, ImageDraw

from maskproof.gate.inspection import Inspection
from maskproof.gate.rank import excess
from maskproof.gate.verdict import GRAVEST
from maskproof.images.files import Source
from maskproof.model import Verdict, amount
from maskproof.report import drawing, standing
from maskproof.report.drawing import FAINT, GREY, INK, ORANGE, PAPER
from maskproof.report.text import capitalized, safe, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maskproof.gate.scene import Scene
    from maskproof.model import Box, Finding, ImageReport, Picture

WIDTH, MARGIN, GAP = 1080, 32, 24
"""px; what a phone shows of a comment"""
INNER = WIDTH - 2 * MARGIN
TALLEST = 900
"""the tallest picture, px"""
DETAIL = ((INNER - GAP) // 2, 320)
"""one of two close-ups, px"""
BAND = 84
NAME = 32
"""what the name of a picture takes above it, px"""
LINES = 4
"""of the sentence at the most"""
DIGITS = 32
"""of a picture's SHA-256 that name it in a comment; 128 bits cannot be hit by another picture"""
PAINT = {"block": "#B23A00", "unjudged": "#5F5200", "warn": "#5F5200", "accepted": "#0B5FA5", "pass": "#00694E"}
"""ground of the verdict, on which white is legible (contrast of 6 and more)"""
TURNS = (1300, 1300, 1900)
"""ms that original, edit, and edit with its frame are shown: slower than the three flashes a second of WCAG 2.3.1"""
MOVING_BYTES = 1_000_000
QUALITIES = (80, 60, 40, 20)
"""of WebP; the first one that is small enough is taken"""


class Card(Struct, frozen=True):
    """One image, drawn for those who have no time."""

    still: bytes
    """PNG"""
    moving: bytes
    """WebP under 1 MB, animated where there is something to compare with"""
    says: str
    """the same for who cannot see it"""
    answer: str = ""
    """the comment by which an owner accepts the image as it is; empty: there is nothing to accept"""
    url: str = ""
    """where the moving one will lie; empty: nobody said"""


def draw(report: ImageReport, scene: Scene) -> Card | None:
    """The card of one image; None: nothing of it can be shown. Is a `gate.scene.Draw`."""
    if scene.original is None and scene.edit is None:
        return None
    worst = min((one for one in report.findings), key=_grave, default=None)
    box = worst.box if worst is not None else None
    head = _head(report, worst)
    before, after = scene.original, scene.edit
    details = _details(scene, box)
    answer = _answer(report)
    details += [_foot(answer)] if answer else []
    still = _stacked([head, _side_by_side(scene, box), *details])
    frames = [still]  # what is compared with nothing has nothing to take turns with
    if before is not None and after is not None:
        there = None if box is None else scene.in_edit(box)
        frames = [_stacked([head, picture, *details]) for picture in _turns(before, after, there)]
    return Card(_png(still), _webp(frames), _says(report, worst), answer)


def _grave(one: Finding) -> tuple[bool, int, bool, float]:
    """What nobody accepted first, what stops before what warns, what has a place, what is furthest over its limit."""
    return one.accepted is not None, GRAVEST.index(one.severity), not one.box, -excess(one)


def _says(report: ImageReport, worst: Finding | None) -> str:
    word = standing.word(standing.of(report)).lower()
    said = f": {sentence(worst)}" if worst else ", and nothing that is protected changed more than its limit allows"
    return safe(f"{report.path}: {word}{said}.")


def _answer(report: ImageReport) -> str:
    """As `maskproof approve --from-comment` takes it: the digest names the bytes that were looked at."""
    found = report.inspection
    edit = found.inputs.edit if isinstance(found, Inspection) and found.inputs.change else None
    if report.verdict is not Verdict.BLOCK or not isinstance(edit, Source) or not report.path.isprintable():
        return ""
    return f"/maskproof approve {report.path}@{edit.sha256[:DIGITS]}: WHY"


def _foot(answer: str) -> Image.Image:
    """How it can be accepted, below everything."""
    lines = drawing.wrapped(drawing.legible(f"An owner accepts it by the comment {answer}"), 20, INNER, 3)
    foot = Image.new("RGB", (WIDTH, GAP + 28 * len(lines)), PAPER)
    for number, line in enumerate(lines):
        drawing.text(ImageDraw.Draw(foot), (MARGIN, GAP + 28 * number), line, 20, GREY)
    return foot


def _head(report: ImageReport, worst: Finding | None) -> Image.Image:
    """The verdict, the name, and what is worst."""
    kind = standing.of(report)
    said = capitalized(sentence(worst)) if worst else "Nothing that is protected changed more than its limit allows."
    if report.verdict is Verdict.PASS and not worst and report.drift is None:
        said = "Nothing was compared."
    lines = drawing.wrapped(drawing.legible(said), 28, INNER, LINES)
    head = Image.new("RGB", (WIDTH, BAND + 60 + 38 * len(lines) + 8), PAPER)
    pen = ImageDraw.Draw(head)
    pen.rectangle((0, 0, WIDTH, BAND), fill=PAINT[kind])
    drawing.text(pen, (MARGIN, BAND / 2), standing.word(kind), 40, PAPER, "lm")
    if report.drift is not None:
        drift = f"drift {amount(report.drift, None)}, the limit is 1"
        drawing.text(pen, (WIDTH - MARGIN, BAND / 2), drift, 26, PAPER, "rm")
    name = drawing.shortened(drawing.legible(report.path), 26, INNER)
    drawing.text(pen, (MARGIN, BAND + 16), name, 26, GREY)
    for number, line in enumerate(lines):
        drawing.text(pen, (MARGIN, BAND + 58 + 38 * number), line, 28, INK)
    return head


def _side_by_side(scene: Scene, box: Box | None) -> Image.Image:
    """The original, with all that is protected, beside the edit with the place that is worst."""
    pair = [one for one in (scene.original, scene.edit) if one is not None]
    room = (INNER - GAP * (len(pair) - 1)) // len(pair), TALLEST
    shown = [_shown(one, room) for one in pair]
    if scene.original is not None:
        shown[0] = _protected(shown[0], scene)
    if box is not None:
        _frame(shown[-1], scene.in_edit(box), pair[0].size)
    names = ("Original", "Edit") if len(pair) == 2 else ("Original" if scene.original else "Image",)  # noqa: PLR2004
    return _beside([_named(*one) for one in zip(shown, names, strict=True)])


def _turns(before: Picture, after: Picture, box: Box | None) -> list[Image.Image]:
    """What takes turns: both in one size, then the edit with its frame."""
    size = drawing.fit(before.size, (INNER, TALLEST))
    original, edit = (drawing.thumbnail(one, size) for one in (before, after))
    pointed = edit.copy()
    if box is not None:
        _frame(pointed, box, before.size)
    return [_beside([_named(*one)]) for one in ((original, "Original"), (edit, "Edit"), (pointed, "Edit"))]


def _protected(image: Image.Image, scene: Scene) -> Image.Image:
    """The original with stripes over what its mask protects, and the edges and names of its areas."""
    if scene.opened is not None:
        opened = drawing.reduced(scene.opened, image.size)
        image = drawing.protected(image, opened, drawing.contrasting(image, ~opened))
    factor = image.width / (scene.original or scene.edit).size[0]  # type: ignore[union-attr]  # one of them is there
    for region in scene.regions:
        image = drawing.outlined(image, drawing.reduced(region.mask, image.size))
        area = drawing.around(region)
        at = area.x * factor, min((area.y + area.height) * factor, image.height - 26)
        drawing.label(image, at, drawing.legible(f"{region.name} ({region.kind})"), 18)
    return image


def _shown(picture: Picture, room: tuple[int, int]) -> Image.Image:
    return drawing.thumbnail(picture, drawing.fit(picture.size, room))


def _frame(image: Image.Image, box: Box, size: tuple[int, int]) -> None:
    across, down = image.width / size[0], image.height / size[1]
    corners = box.x * across, box.y * down, (box.x + box.width) * across, (box.y + box.height) * down
    drawing.framed(image, corners, ORANGE)


def _named(image: Image.Image, name: str) -> Image.Image:
    """A picture with what it is written above it, where it hides nothing."""
    named = Image.new("RGB", (image.width, image.height + NAME), PAPER)
    named.paste(image, (0, NAME))
    drawing.text(ImageDraw.Draw(named), (0, NAME / 2 - 2), drawing.shortened(name, 22, image.width), 22, GREY, "lm")
    return named


def _details(scene: Scene, box: Box | None) -> list[Image.Image]:
    """The place that is worst, enlarged, before and after."""
    if box is None:
        return []
    pair = [(picture, at) for picture, at in scene.both if picture is not None]
    shown = [drawing.close_up(picture, box, DETAIL, pair[0][0].size, at) for picture, at in pair]
    names = ("That place before", "and after") if len(pair) == 2 else ("That place",)  # noqa: PLR2004
    return [_beside([_named(*one) for one in zip(shown, names, strict=True)])]


def _beside(images: Sequence[Image.Image]) -> Image.Image:
    """Pictures in a row, in the middle of the card."""
    wide = sum(one.width for one in images) + GAP * (len(images) - 1)
    row = Image.new("RGB", (WIDTH, max(one.height for one in images) + GAP // 2), PAPER)
    left = (WIDTH - wide) // 2
    for one in images:
        row.paste(one, (left, GAP // 2))
        left += one.width + GAP
    return row


def _stacked(rows: Sequence[Image.Image]) -> Image.Image:
    card = Image.new("RGB", (WIDTH, sum(one.height for one in rows) + MARGIN), PAPER)
    top = 0
    for one in rows:
        card.paste(one, (0, top))
        top += one.height
    ImageDraw.Draw(card).rectangle((0, 0, WIDTH - 1, card.height - 1), outline=FAINT)
    return card


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _webp(frames: Sequence[Image.Image]) -> bytes:
    first, *more = frames
    turns = {"save_all": True, "append_images": more, "duration": TURNS, "loop": 0} if more else {}
    data = b""
    for quality in QUALITIES:
        out = io.BytesIO()
        first, *more = frames
        turns = {"save_all": True, "append_images": more, "duration": TURNS, "loop": 0} if more else {}
        first.save(out, "WEBP", quality=quality, method=3, **turns)
        data = out.getvalue()
        if len(data) <= MOVING_BYTES:
            break
    return data
