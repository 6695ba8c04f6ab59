"""AVIF: ISO base media boxes. Source: AV1 Image File Format 1.1; ISO/IEC 14496-12, 23008-12."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from maskproof.errors import Unreadable
from maskproof.images.containers.block import MAX_METADATA, Block, Container, cut_short, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator

BRANDS = frozenset({b"avif", b"avis"})
NESTED = frozenset({"meta", "iprp", "ipco"})
PIXELS = frozenset({"mdat", "moov"})
MAX_BOXES = MAX_ITEMS = 4096
MAX_DEPTH = 4
"""levels of boxes within boxes; the deepest that is walked is meta, iprp, ipco, and a property in it"""


def matches(data: bytes) -> bool:
    return has_brand(data, BRANDS)


def has_brand(data: bytes, brands: frozenset[bytes]) -> bool:
    """Does the file type box name one of these brands?"""
    length = int.from_bytes(data[:4], "big")
    if data[4:8] != b"ftyp" or not 16 <= length <= 256:  # noqa: PLR2004
        return False
    return any(data[at : at + 4] in brands for at in (8, *range(16, length, 4)))


def read(data: bytes, name: str) -> Container:
    """Boxes of an AVIF file; an image sequence (`moov`) counts as more than one frame."""
    boxes = list(_boxes(data, 0, len(data), name))
    sizes = [unpack(">II", box.data, 4, name) for box in boxes if box.kind == "ispe"]
    if not sizes:
        raise Unreadable(f"{name} holds no AVIF picture", "Export the picture again.")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    frames = 2 if any(box.kind == "moov" for box in boxes) else 1
    kept = [box for box in boxes if box.kind not in PIXELS] + _items(data, boxes)
    return Container("AVIF", width, height, frames, tuple(kept))


def _items(data: bytes, boxes: list[Block]) -> list[Block]:
    """EXIF and XMP, which lie among the pixels, as blocks named `Exif` and `XMP `; none where their index is broken."""
    index = {box.kind: box.data for box in boxes if box.kind in {"iinf", "iloc"}}
    try:
        kinds = _item_kinds(index.get("iinf", b""))
        places = _item_places(index.get("iloc", b""), set(kinds)) if kinds else {}
    except (struct.error, Unreadable):
        return []
    return [
        Block(kinds[item], start, data[start : start + length])
        for item, (start, length) in places.items()
        if length <= MAX_METADATA and start + length <= len(data)
    ]


def _item_kinds(iinf: bytes) -> dict[int, str]:
    """Item numbers of EXIF and XMP (ISO/IEC 14496-12, 8.11.6)."""
    wide = bool(iinf) and iinf[0] > 0
    offset, found = (8 if wide else 6), {}
    for _ in range(MAX_ITEMS):
        if offset + 20 > len(iinf):
            break
        length, kind, version = struct.unpack_from(">I4sB", iinf, offset)
        number = ">H" if version == 2 else ">I"  # noqa: PLR2004 - versions 0 and 1 have no item types
        if length < 20 or kind != b"infe" or version < 2:  # noqa: PLR2004
            break
        (item,) = struct.unpack_from(number, iinf, offset + 12)
        named = iinf[offset + 12 + struct.calcsize(number) + 2 : offset + length]
        if named.startswith(b"Exif"):
            found[item] = "Exif"
        elif named.startswith(b"mime") and b"application/rdf+xml" in named:
            found[item] = "XMP "
        offset += length
    return found


def _item_places(iloc: bytes, wanted: set[int]) -> dict[int, tuple[int, int]]:
    """Where the wanted items lie in the file, when they lie there in one piece (ISO/IEC 14496-12, 8.11.3)."""
    version, _, sizes, more = struct.unpack_from(">B3sBB", iloc)
    offset_size, length_size, base_size = sizes >> 4, sizes & 15, more >> 4
    index_size = more & 15 if version else 0
    short = version < 2  # noqa: PLR2004
    (count,) = struct.unpack_from(">H" if short else ">I", iloc, 6)
    at, found = (8 if short else 10), {}

    def number(size: int) -> int:
        nonlocal at
        at += size
        if at > len(iloc):
            raise cut_short("")
        return int.from_bytes(iloc[at - size : at], "big")

    for _ in range(min(count, MAX_ITEMS)):
        item = number(2 if short else 4)
        in_file = (number(2) & 15) == 0 if version else True
        number(2)
        base, extents = number(base_size), number(2)
        for _ in range(min(extents, MAX_ITEMS)):
            number(index_size)
            start, length = number(offset_size), number(length_size)
            if item in wanted and in_file and extents == 1:
                found[item] = (base + start, length)
    return found


def _boxes(data: bytes, start: int, end: int, name: str, depth: int = 1) -> Iterator[Block]:
    offset = start
    count = 0
    while offset + 8 <= end:
        (length,) = unpack(">I", data, offset, name)
        kind = data[offset + 4 : offset + 8].decode("latin-1")
        head = 8
        if length == 1:
            (length,) = unpack(">Q", data, offset + 8, name)
            head = 16
        length = length or end - offset
        count += 1
        if length < head or offset + length > end or count > MAX_BOXES or depth > MAX_DEPTH:
            raise cut_short(name)
        inside = offset + head + (4 if kind == "meta" else 0)
        if kind in NESTED:
            yield from _boxes(data, inside, offset + length, name, depth + 1)
        else:
            yield Block(kind, offset, b"" if kind in PIXELS else data[inside : offset + length])
        offset += length
    if offset != end:
        raise cut_short(name)
