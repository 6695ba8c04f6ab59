"""JUMBF: boxes within labelled boxes, the form in which a C2PA manifest store is kept in every format.

A superbox has a description (a type, a label) and then content boxes or further superboxes. The bytes come from
strangers: depth and number of boxes are bounded, and a box that does not fit where it stands ends the reading.
Source: ISO/IEC 19566-5; C2PA technical specification 2.2, chapter 11.
"""

from __future__ import annotations

from msgspec import Struct

MAX_DEPTH = 12
"""levels of superboxes; a C2PA store has four, and an ingredient's manifest stands beside its own"""
MAX_BOXES = 10_000
"""boxes of one store; 400 were the most in 46 files"""
SUPERBOX, DESCRIPTION = b"jumb", b"jumd"
HEAD, LONG_HEAD = 8, 16
HAS_LABEL = 2
"""bit of a description's toggles that says that a label follows"""


class MalformedError(Exception):
    """A manifest that cannot be read; the reason in plain English."""


class Box(Struct, frozen=True):
    """A superbox."""

    label: str
    kind: bytes
    """the first four bytes of its type: `c2pa` a store, `c2ma` a manifest, `c2cl` a claim, `cbor`, `json`, …"""
    children: tuple[Box, ...] = ()
    content: tuple[tuple[bytes, bytes], ...] = ()
    """content boxes as (type, bytes)"""

    def child(self, *kinds: bytes) -> Box | None:
        """The first superbox in it of one of these types."""
        return next((one for one in self.children if one.kind in kinds), None)

    def bytes_of(self, kind: bytes) -> bytes | None:
        """The bytes of its first content box of this type."""
        return next((data for name, data in self.content if name == kind), None)


def parse(data: bytes) -> Box:
    """The superbox that begins here, with all that it holds.

    Raises:
        MalformedError: cut short, too deep, too many boxes, or no superbox at all.
    """
    budget = [MAX_BOXES]
    boxes = _boxes(data, 0, len(data), budget)
    if not boxes or boxes[0][0] != SUPERBOX:
        raise MalformedError("it is no JUMBF box")
    return _superbox(data, boxes[0][1], boxes[0][2], 1, budget)


def _boxes(data: bytes, start: int, end: int, budget: list[int]) -> list[tuple[bytes, int, int]]:
    """Type, start and end of the bytes of each box between two offsets."""
    found, offset = [], start
    while offset + HEAD <= end:
        length, kind, head = int.from_bytes(data[offset : offset + 4], "big"), data[offset + 4 : offset + 8], HEAD
        if length == 1:
            length, head = int.from_bytes(data[offset + HEAD : offset + LONG_HEAD], "big"), LONG_HEAD
        elif length == 0:
            length = end - offset
        budget[0] -= 1
        if budget[0] < 0:
            raise MalformedError(f"it has more than {MAX_BOXES} boxes")
        if length < head or offset + length > end:
            raise MalformedError("it is truncated")
        found.append((kind, offset + head, offset + length))
        offset += length
    return found


def _superbox(data: bytes, start: int, end: int, depth: int, budget: list[int]) -> Box:
    if depth > MAX_DEPTH:
        raise MalformedError(f"its boxes are nested more than {MAX_DEPTH} deep")
    inside = _boxes(data, start, end, budget)
    if not inside or inside[0][0] != DESCRIPTION or inside[0][2] - inside[0][1] < 17:  # noqa: PLR2004 - type, toggles
        raise MalformedError("a box has no description")
    about = data[inside[0][1] : inside[0][2]]
    label = about[17:].split(b"\0", 1)[0].decode("utf-8", "replace") if about[16] & HAS_LABEL else ""
    return Box(
        label,
        about[:4],
        tuple(_superbox(data, first, last, depth + 1, budget) for kind, first, last in inside if kind == SUPERBOX),
        tuple((kind, data[first:last]) for kind, first, last in inside[1:] if kind != SUPERBOX),
    )
