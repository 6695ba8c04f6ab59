"""Shapes: boxes, polygons and ellipses, in whole pixels of the upright original.

Coordinates are those of pixel corners, so a box of 10,20,30,40 opens 30 x 40 pixels, and the polygon through its four
corners opens the same ones. A pixel belongs to a polygon or an ellipse when its centre does. All of it is reckoned in
whole numbers: the same shape on every machine.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from maskproof.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

NUMBER = re.compile(r"-?[0-9]{1,6}\Z")
CORNERS = 3
"""the fewest that enclose anything"""
SYNTAX = {"box": "X,Y,W,H", "ellipse": "X,Y,W,H", "polygon": "'x,y x,y x,y'"}
"""how each shape is written on the command line"""

Numbers = tuple[int, ...]
"""x, y, width, height, or the x and y of each corner in turn"""


def box(numbers: Numbers, size: tuple[int, int]) -> Mask:
    """H x W, True inside the box."""
    x, y, width, height = numbers
    mask = np.zeros(size[::-1], np.bool_)
    mask[y : y + height, x : x + width] = True
    return mask


def ellipse(numbers: Numbers, size: tuple[int, int]) -> Mask:
    """H x W, True where a pixel's centre lies inside the ellipse that fills the box, or on it."""
    x, y, width, height = numbers
    across = (2 * np.arange(width, dtype=np.int64) + 1 - width) ** 2 * height**2
    down = (2 * np.arange(height, dtype=np.int64) + 1 - height) ** 2 * width**2
    mask = np.zeros(size[::-1], np.bool_)
    mask[y : y + height, x : x + width] = across + down[:, None] <= width**2 * height**2
    return mask


def polygon(numbers: Numbers, size: tuple[int, int]) -> Mask:
    """H x W, True where an odd number of edges lies between a pixel's centre and the left border (even-odd rule)."""
    width, height = size
    flips = np.zeros((height, width + 1), np.uint8)
    corners = list(zip(numbers[::2], numbers[1::2], strict=True))
    for one, other in zip(corners, corners[1:] + corners[:1], strict=True):
        (x0, y0), (x1, y1) = sorted((one, other), key=lambda corner: corner[1])
        rows = np.arange(y0, y1, dtype=np.int64)  # those whose centre the edge crosses
        # The first pixel whose centre is not left of the edge: x0 + (row + 1/2 - y0) (x1 - x0) / (y1 - y0) - 1/2,
        # rounded up.
        columns = -(-((2 * x0 - 1) * (y1 - y0) + (2 * (rows - y0) + 1) * (x1 - x0)) // (2 * (y1 - y0) or 1))
        flips[rows, columns] ^= 1
    return np.bitwise_xor.accumulate(flips, axis=1)[:, :width].view(np.bool_)


DRAW: dict[str, Callable[[Numbers, tuple[int, int]], Mask]] = {"box": box, "polygon": polygon, "ellipse": ellipse}
"""what draws each kind of shape; another kind is a function and a row here and in `SYNTAX`"""


def draw(kind: str, written: str, size: tuple[int, int]) -> Mask:
    """A shape as it was written on the command line.

    Args:
        kind: One of `DRAW`.
        written: `X,Y,W,H`, or for a polygon `x,y x,y x,y …`.
        size: Width and height of the original.

    Returns:
        H x W, True inside the shape.

    Raises:
        UsageError: it is not written like that, covers nothing, or reaches outside the original.
    """
    numbers = _numbers(kind, written)
    xs, ys = numbers[::2], numbers[1::2]
    left, top, right, bottom = (
        (min(xs), min(ys), max(xs), max(ys)) if kind == "polygon" else (xs[0], ys[0], xs[0] + xs[1], ys[0] + ys[1])
    )
    if left < 0 or top < 0 or right > size[0] or bottom > size[1]:
        raise UsageError(
            f"the {kind} {written!a} lies from {left}, {top} to {right}, {bottom}, outside the original of {size[0]} x "
            f"{size[1]} px",
            "Give it in pixels of the original as it is shown upright, from 0, 0 at its top left.",
        )
    mask = DRAW[kind](numbers, size) if right > left and bottom > top else np.zeros(size[::-1], np.bool_)
    if not mask.any():
        raise UsageError(f"the {kind} {written!a} covers no pixel", f"It is written {SYNTAX[kind]}, in pixels.")
    return mask


def _numbers(kind: str, written: str) -> Numbers:
    corners = written.split() if kind == "polygon" else [written]
    pieces = [piece.strip() for corner in corners for piece in corner.split(",")]
    each = 2 if kind == "polygon" else 4
    whole = all(corner.count(",") == each - 1 for corner in corners) and all(map(NUMBER.match, pieces))
    if not whole or (kind == "polygon" and len(corners) < CORNERS):
        raise UsageError(
            f"the {kind} {written!a} is not {SYNTAX[kind]} in whole pixels",
            "For instance `--polygon '120,80 300,80 210,240'`."
            if kind == "polygon"
            else f"For instance `--{kind} 64,48,220,80`: left, top, width, height.",
        )
    return tuple(int(piece) for piece in pieces)
