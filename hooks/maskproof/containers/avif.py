"""AVIF: ISO base media boxes. Source: AV1 Image File Format 1.1; ISO/IEC 14496-12, 23008-12."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.containers.block import Block, Container, cut_short, unpack
from maskproof.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

BRANDS = frozenset({b"avif", b"avis"})
NESTED = frozenset({"meta", "iprp", "ipco"})
PIXELS = frozenset({"mdat", "moov"})
MAX_BOXES = 4096
MAX_DEPTH = 4
"""levels of boxes within boxes; the deepest that is walked is meta, iprp, ipco, and a property in it"""


def matches(data: bytes) -> bool:
    length = int.from_bytes(data[:4], "big")
    if data[4:8] != b"ftyp" or not 16 <= length <= 256:  # noqa: PLR2004
        return False
    return any(data[at : at + 4] in BRANDS for at in (8, *range(16, length, 4)))


def read(data: bytes, name: str) -> Container:
    """Boxes of an AVIF file; an image sequence (`moov`) counts as more than one frame."""
    boxes = list(_boxes(data, 0, len(data), name))
    sizes = [unpack(">II", box.data, 4, name) for box in boxes if box.kind == "ispe"]
    if not sizes:
        raise Unreadable(f"{name} holds no AVIF picture", "Export the picture again.")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    frames = 2 if any(box.kind == "moov" for box in boxes) else 1
    kept = tuple(box for box in boxes if box.kind not in PIXELS)
    return Container("AVIF", width, height, frames, kept)


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
