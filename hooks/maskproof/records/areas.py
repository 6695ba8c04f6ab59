"""The areas that a record adds: put in, replaced and taken away by their names, and otherwise left as they are."""

from __future__ import annotations

from maskproof.documents import hint
from maskproof.errors import UsageError
from maskproof.model import AREA_KINDS
from maskproof.records.sidecar import AreaRef

PARTS, NUMBERS = 3, 4
"""name, kind and box; x, y, width and height"""


def changed_areas(before: list[AreaRef], named: tuple[str, ...], gone: tuple[str, ...]) -> list[AreaRef]:
    """The areas of a record after a command.

    Args:
        before: What it has.
        named: Each `NAME:KIND:X,Y,W,H`; takes the place of the area with its name, or is put behind the others.
        gone: Names of those to take away.

    Raises:
        UsageError: one is not written so, or there is no area of such a name.
    """
    fresh = {area.name: area for area in map(parsed, named)}
    if len(fresh) < len(named):
        raise UsageError("two areas have one name", "Give each `--area` a name of its own.")
    known = {area.name for area in before}
    for name in gone:
        if name not in known:
            there = f"Check the name: {hint(name, sorted(known))}" if known else "It has no areas at all."
            raise UsageError(f"the record has no area {name!a}", there)
    left = [area for area in before if area.name not in gone]
    places = {area.name: place for place, area in reversed([*enumerate(left)])}
    kept = [
        fresh.get(area.name, area)
        for place, area in enumerate(left)
        if area.name not in fresh or places[area.name] == place
    ]
    return [*kept, *(area for name, area in fresh.items() if name not in places)]


def parsed(text: str) -> AreaRef:
    """An area as it is written on the command line and in tables."""
    name, _, rest = text.partition(":")
    kind, _, numbers = rest.partition(":")
    pieces = [one.strip() for one in numbers.split(",")]
    if not name or kind not in AREA_KINDS or len(pieces) != NUMBERS or not all(map(str.isdecimal, pieces)):
        raise UsageError(
            f"the area {text!a} is not NAME:KIND:X,Y,W,H, KIND one of {', '.join(AREA_KINDS)}",
            "For instance `--area logo:brand:64,48,220,80`.",
        )
    x, y, width, height = map(int, pieces)
    return AreaRef(name=name, kind=kind, box=(x, y, width, height))
