"""An XMP item in an AVIF: a new entry in the tables of items, the packet behind all else, every place moved along.

Sources: ISO/IEC 14496-12, 8.11 (meta, iloc, iinf, iref); ISO/IEC 23008-12, annex C.
"""

from __future__ import annotations

import struct

from msgspec import Struct
from msgspec.structs import replace

from maskproof.errors import CouldNotRestore

CONTENT = b"application/rdf+xml\0"
IN_FILE = 0
"""how an item's bytes are placed: counted from the start of the file"""


class _Item(Struct, frozen=True):
    """Where one item lies."""

    number: int
    method: int
    reference: int
    """0: in this file"""
    pieces: tuple[tuple[int, int, int], ...]
    """index, start and length of each"""


def with_item(data: bytes, packet: bytes, name: str) -> bytes:
    """The file with the packet as an item that describes its picture, or in the place of the one that it had.

    Raises:
        CouldNotRestore: its boxes are built in a way that is not understood to the end.
    """
    try:
        return _with_item(data, packet)
    except (struct.error, IndexError, ValueError) as error:
        raise CouldNotRestore(f"{name}: its boxes leave no room for marks", "Save it as a PNG or a WebP.") from error


def _with_item(data: bytes, packet: bytes) -> bytes:
    outer = _split(data)
    if [kind for kind, _ in outer].count(b"meta") != 1 or any(kind == b"moov" for kind, _ in outer):
        raise ValueError
    before = [body for kind, body in outer]
    index = next(number for number, (kind, _) in enumerate(outer) if kind == b"meta")
    old = before[index]
    start = sum(map(len, before[:index]))
    inner = dict(_split(old[12:]))
    if len(inner) != len(_split(old[12:])):
        raise ValueError
    places = _read_places(inner[b"iloc"])
    number, infos = _info(inner[b"iinf"], places)
    inner[b"iinf"] = infos
    if number not in {one.number for one in places}:
        inner[b"iref"] = _reference(inner.get(b"iref"), number, inner[b"pitm"])
        places = (*places, _Item(number, IN_FILE, 0, ()))

    def meta(moved: int, packet_at: int) -> bytes:
        found = [_moved(one, start + len(old), moved) for one in places]
        own = [
            replace(one, method=IN_FILE, reference=0, pieces=((0, packet_at, len(packet)),))
            if one.number == number
            else one
            for one in found
        ]
        boxes = {**inner, b"iloc": _write_places(own)}
        body = old[8:12] + b"".join(boxes.values())
        return (8 + len(body)).to_bytes(4, "big") + b"meta" + body

    grown = len(meta(0, 0)) - len(old)
    made = meta(grown, len(data) + grown + 8)
    rest = b"".join((*before[:index], made, *before[index + 1 :]))
    return rest + (8 + len(packet)).to_bytes(4, "big") + b"mdat" + packet


def _split(data: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and bytes of each box in a row of them, its head included."""
    found, at = [], 0
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if length < 8 or at + length > len(data):  # noqa: PLR2004 - lengths of 64 bits, or to the end of the file
            raise ValueError
        found.append((kind, data[at : at + length]))
        at += length
    return found


def _read_places(box: bytes) -> tuple[_Item, ...]:
    version, _, sizes, more = struct.unpack_from(">B3sBB", box, 8)
    widths = sizes >> 4, sizes & 15, more >> 4, (more & 15 if version else 0)
    wide = version == 2  # noqa: PLR2004
    at = 14

    def take(size: int) -> int:
        nonlocal at
        if at + size > len(box):
            raise ValueError
        at += size
        return int.from_bytes(box[at - size : at], "big")

    found = []
    for _ in range(take(4 if wide else 2)):
        number = take(4 if wide else 2)
        method = take(2) & 15 if version else IN_FILE
        reference, base = take(2), take(widths[2])
        pieces = []
        for _ in range(take(2)):
            index, start, length = take(widths[3]), take(widths[0]), take(widths[1])
            pieces.append((index, base + start, length))
        if not pieces or any(length == 0 for _, _, length in pieces):
            raise ValueError
        found.append(_Item(number, method, reference, tuple(pieces)))
    return tuple(found)


def _write_places(items: list[_Item]) -> bytes:
    """Version 1, starts and lengths of 32 bits, no base; an index where any piece has one."""
    indexed = any(index for one in items for index, _, _ in one.pieces)
    body = struct.pack(">BBB", 1, 0, 0) + bytes([0, 0x44, 0x04 if indexed else 0]) + struct.pack(">H", len(items))
    for one in items:
        body += struct.pack(">HHHH", one.number, one.method, one.reference, len(one.pieces))
        for index, start, length in one.pieces:
            body += (struct.pack(">I", index) if indexed else b"") + struct.pack(">II", start, length)
    return (8 + len(body)).to_bytes(4, "big") + b"iloc" + body


def _moved(item: _Item, after: int, by: int) -> _Item:
    """Where an item lies once what stands behind a place has moved."""
    if item.method != IN_FILE or item.reference:
        return item
    pieces = tuple((index, start + by if start >= after else start, length) for index, start, length in item.pieces)
    return replace(item, pieces=pieces)


def _info(box: bytes, places: tuple[_Item, ...]) -> tuple[int, bytes]:
    """The number of the XMP item, and the list of items with it."""
    version = box[8]
    head = 14 if version == 0 else 16
    for kind, entry in _split(box[head:]):
        if kind == b"infe" and entry[8] == 2 and entry[16:20] == b"mime" and CONTENT.strip(b"\0") in entry:  # noqa: PLR2004
            return struct.unpack_from(">H", entry, 12)[0], box
    number = max(one.number for one in places) + 1
    entry = struct.pack(">BBBBHH", 2, 0, 0, 0, number, 0) + b"mime" + b"XMP\0" + CONTENT
    count = int.from_bytes(box[12:head], "big") + 1
    body = box[8:12] + count.to_bytes(head - 12, "big") + box[head:]
    body += (8 + len(entry)).to_bytes(4, "big") + b"infe" + entry
    return number, (8 + len(body)).to_bytes(4, "big") + b"iinf" + body


def _reference(box: bytes | None, number: int, primary: bytes) -> bytes:
    """The list of references with one more: the item describes the picture that is shown."""
    shown = int.from_bytes(primary[12:], "big")
    wide = box is not None and box[8] == 1
    link = struct.pack(">IHI" if wide else ">HHH", number, 1, shown)
    body = (bytes(4) if box is None else box[8:]) + (8 + len(link)).to_bytes(4, "big") + b"cdsc" + link
    return (8 + len(body)).to_bytes(4, "big") + b"iref" + body
