"""Cover: whether areas protect all that another one protects, whatever they are called and however they are drawn.

A policy that widens, renames or splits an area asks for no less than before, so that is no loosening.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from maskproof.policy import AreaRule

MOST_PIXELS = 50_000_000
"""pixels of the box around an area up to which it is drawn to be compared: no picture that is judged has more"""
ABSENT = ("ignore", None, "unjudged")
"""what follows where a reference logo has no match, in rising order of strictness"""
Shape = tuple[tuple[int, int, int, int] | None, tuple[tuple[int, int], ...]]
"""a box, or else the corners of a polygon"""


def same(one: AreaRule, other: AreaRule) -> bool:
    """Do two areas protect the same, in the same way?"""
    return _nameless(one) == _nameless(other)


def covered(area: AreaRule, others: Sequence[AreaRule]) -> bool:
    """Do some areas together protect all that one protects, at least as closely?"""
    alike = [one for one in others if one.kind == area.kind and set(area.colors) <= set(one.colors)]
    if area.find is not None:
        return any(one.find == area.find and ABSENT.index(one.absent) >= ABSENT.index(area.absent) for one in alike)
    if area.mask is not None:
        return any((one.mask, one.foreground) == (area.mask, area.foreground) for one in alike)
    return _lies_in(_shape(area), tuple(_shape(one) for one in alike if one.find is None and one.mask is None))


def drawn(shape: Shape, size: tuple[int, int], corner: tuple[int, int] = (0, 0)) -> Image:
    """An area as an image of mode 1, set where it protects; `corner` is the left top one, in pixels of the original."""
    from PIL import Image, ImageDraw  # which a commit without images does not load

    canvas, (box, corners), (left, top) = Image.new("1", size), shape, corner
    if box is not None:
        x, y, width, height = box
        ImageDraw.Draw(canvas).rectangle((x - left, y - top, x + width - 1 - left, y + height - 1 - top), fill=1)
    else:
        ImageDraw.Draw(canvas).polygon([(x - left, y - top) for x, y in corners], fill=1)
    return canvas


def extent(shape: Shape) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of an area; where it is a box, the last two lie outside of it."""
    box, corners = shape
    if box is not None:
        return box[0], box[1], box[0] + box[2], box[1] + box[3]
    across, down = ([point[axis] for point in corners] for axis in (0, 1))
    return min(across), min(down), max(across), max(down)


@lru_cache(4096)
def _lies_in(shape: Shape, others: tuple[Shape, ...]) -> bool:
    if shape in others:
        return True
    left, top, right, bottom = extent(shape)
    size = right - left + 1, bottom - top + 1
    if not others or size[0] * size[1] > MOST_PIXELS:
        return False
    rest = drawn(shape, size, (left, top))
    for one in others:
        rest.paste(0, mask=drawn(one, size, (left, top)))
    return rest.getbbox() is None


def _shape(area: AreaRule) -> Shape:
    return area.box, tuple(area.polygon or ())


def _nameless(area: AreaRule) -> AreaRule:
    """An area without what says nothing of what it protects."""
    return msgspec.structs.replace(area, name="", paths=[], colors=sorted(set(area.colors)))
