"""Sizes: does the recorded size of a picture fit the file it stands in?

Screenshots of a workflow carry that workflow as if they were its picture. A copy that was cropped or made smaller is
still that picture, one that was enlarged has its shape; what is larger and of another shape is something else.
"""

from __future__ import annotations

SHAPE = 0.02
"""how far two shapes (width over height) may lie apart; padding to multiples of 8 at 512 pixels moves it by 1.5 %"""
DIGITS = 6
"""of a side in pixels"""
Size = tuple[int, int]


def confidence(recorded: list[Size], actual: Size) -> str:
    """`high` where a recorded size is the file's, `low` where none can have become it, else `medium`."""
    if not recorded:
        return "medium"
    if actual in recorded:
        return "high"
    return "medium" if any(_can_become(one, actual) for one in recorded) else "low"


def _can_become(recorded: Size, actual: Size) -> bool:
    (width, height), (wide, high) = recorded, actual
    if wide <= width and high <= height:
        return True
    if wide % width == 0 and high % height == 0:
        return True  # a grid of several
    return abs(wide * height / (high * width) - 1) <= SHAPE


def size_of(width: object, height: object) -> list[Size]:
    """The recorded size, when both are sensible numbers, or texts of such."""
    sides = [_side(one) for one in (width, height)]
    return [(sides[0], sides[1])] if min(sides) > 0 else []


def _side(value: object) -> int:
    if isinstance(value, str) and value[:DIGITS].isdecimal() and len(value) <= DIGITS:
        return int(value)
    return int(value) if isinstance(value, int | float) and 0 < value < 10**DIGITS else 0
