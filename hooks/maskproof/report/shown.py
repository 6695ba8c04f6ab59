"""What a page shows of one image, drawn small enough to travel: both pictures, their difference, what is protected.

Previews are encoded anew, so no metadata of a file is in them. Each place that a finding names is cut from the full
picture, because a preview holds no more detail however far it is enlarged.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof.model import Severity
from maskproof.report import drawing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from maskproof.gate.scene import Affine, Scene
    from maskproof.model import Box, Finding, ImageReport, Picture

    Mask = NDArray[np.bool_]

ROOM = (1120, 1120)
"""the largest preview, px; what is smaller keeps its size"""
DIFFERENCE = (640, 640)
"""the largest picture of a difference, px"""
SMALL = (320, 240)
"""the largest picture of an overview, px"""
BESIDE = (400, 300)
"""the largest picture of a gallery, px"""
PLACE = (480, 320)
"""the largest picture of a place, px"""
PLACES = 3
"""places that are cut out of one image"""
QUALITY, SMALL_QUALITY, PLACE_QUALITY = 80, 70, 85
"""of JPEG"""


class Place(Struct, frozen=True):
    """One place that a finding names, before and after, enlarged: JPEG."""

    before: bytes
    """empty: there is nothing to compare with"""
    after: bytes


class Drawn(Struct, frozen=True):
    """What there is to see of one image; an empty picture: there is none."""

    size: tuple[int, int]
    """width and height of what boxes lie in, px"""
    small: bytes
    """the image for an overview: JPEG"""
    before: bytes
    """what it was compared with: JPEG"""
    after: bytes
    """the image in that one's frame: JPEG"""
    shipped: bytes
    """the image as its file shows it, where that is another frame: JPEG"""
    change: bytes
    """by how much the two differ, in the colours of `drawing.GLOW`, clear where nothing does: PNG"""
    protected: bytes
    """stripes over what the mask protects, clear elsewhere: PNG"""
    edges: bytes
    """the edges of all areas that are protected by name: PNG"""
    areas: tuple[tuple[str, Box], ...]
    """what each of these is called, and the box around it"""
    places: tuple[Place | None, ...]
    """one for each finding of the report, in its order; None: it names none"""


def draw(report: ImageReport, scene: Scene) -> Drawn | None:
    """The pictures of one image; None: nothing of it can be shown. Is a `gate.scene.Draw`."""
    before, after = scene.original, scene.edit
    frame = before or after
    if frame is None:
        return None
    room = min(ROOM[0], frame.size[0]), min(ROOM[1], frame.size[1])
    size = drawing.fit(frame.size, room)
    first = None if before is None else drawing.thumbnail(before, size)
    last = None if after is None else drawing.thumbnail(after, size)
    stripes = change = edges = b""
    if scene.opened is not None:
        opened = drawing.reduced(scene.opened, size)
        ground = last or first
        color = drawing.BLUE if ground is None else drawing.contrasting(ground, ~opened)
        stripes = _png(drawing.shade(opened, color))
    if before is not None and after is not None:
        levels = drawing.difference(before, after, DIFFERENCE)
        inside = None if scene.opened is None else ~drawing.reduced(scene.opened, (levels.shape[1], levels.shape[0]))
        change = _png(drawing.glow(levels, inside))
    if scene.regions:
        edges = _png(drawing.edges([drawing.reduced(one.mask, size) for one in scene.regions], size))
    shipped = scene.shipped
    shipped_size = (1, 1) if shipped is None else drawing.fit(shipped.size, room)
    small = shipped or after or frame
    return Drawn(
        frame.size,
        _jpeg(drawing.thumbnail(small, drawing.fit(small.size, SMALL)), SMALL_QUALITY),
        b"" if first is None else _jpeg(first, QUALITY),
        b"" if last is None else _jpeg(last, QUALITY),
        b"" if shipped is None else _jpeg(drawing.thumbnail(shipped, shipped_size), QUALITY),
        change,
        stripes,
        edges,
        tuple((f"{one.name} ({one.kind})", drawing.around(one)) for one in scene.regions),
        _places(report, scene, frame.size),
    )


def beside(scene: Scene) -> tuple[bytes, bytes]:
    """Both pictures small: what the image was compared with, and the image as its file shows it: JPEG; empty: none."""
    pictures = (scene.original, scene.shipped or scene.edit)
    rooms = (None if one is None else drawing.fit(one.size, _within(one, BESIDE)) for one in pictures)
    before, after = (
        b"" if picture is None or room is None else _jpeg(drawing.thumbnail(picture, room), SMALL_QUALITY)
        for picture, room in zip(pictures, rooms, strict=True)
    )
    return before, after


def _within(picture: Picture, room: tuple[int, int]) -> tuple[int, int]:
    """A room that enlarges no picture."""
    return min(room[0], picture.size[0]), min(room[1], picture.size[1])


def _places(report: ImageReport, scene: Scene, frame: tuple[int, int]) -> tuple[Place | None, ...]:
    """The places of the findings, each box once, as many as are cut out."""
    cut: dict[Box, Place] = {}
    for one in sorted(report.findings, key=_grave):
        if scene.edit is not None and one.box is not None and one.box not in cut and len(cut) < PLACES:
            pair = (None if picture is None else _close(picture, one.box, frame, at) for picture, at in scene.both)
            cut[one.box] = Place(*(b"" if image is None else _jpeg(image, PLACE_QUALITY) for image in pair))
    return tuple(None if one.box is None else cut.get(one.box) for one in report.findings)


def _grave(one: Finding) -> int:
    """What was accepted, and what only warns, gives its room to what stops."""
    return (one.accepted is not None) + (one.severity is Severity.WARN)


def _close(picture: Picture, box: Box, frame: tuple[int, int], at: Affine) -> Image.Image:
    return drawing.close_up(picture, box, PLACE, frame, at)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=6)
    return out.getvalue()
