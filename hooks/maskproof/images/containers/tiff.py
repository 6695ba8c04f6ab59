"""TIFF: a header and a chain of directories. Source: TIFF 6.0 (Adobe, 1992)."""

from __future__ import annotations

from maskproof.errors import Unreadable
from maskproof.images.containers.block import Block, Container, check_count, cut_short, twice, unpack

WIDTH, HEIGHT, BITS = 256, 257, 258
SUB_DIRECTORIES = 330
EXIF = 34665
"""the entry that leads to the EXIF directory; its entries become blocks named `34665.<tag>`"""
VALUE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
PIXEL_TAGS = frozenset({273, 279, 324, 325})
"""where strips and tiles lie: pixels, not metadata"""
MAX_ENTRIES = 512


def matches(data: bytes) -> bool:
    return data[:4] in {b"II*\0", b"MM\0*"}


def read(data: bytes, name: str) -> Container:
    """Entries of the first directory; each further directory of the chain counts as a frame."""
    order = "<" if data[:2] == b"II" else ">"
    (start,) = unpack(order + "I", data, 4, name)
    entries, following = _directory(data, start, order, name)
    kinds = [block.kind for block in entries]
    doubt = twice(kinds, kinds, "tags")
    # A second picture may also lie in a directory of its own below the first.
    frames, seen = 1 + (str(SUB_DIRECTORIES) in kinds), {start}
    while following:
        if following in seen:
            raise Unreadable(f"{name} has TIFF directories that lead in a circle", "Export the picture again.")
        seen.add(following)
        check_count(frames, name)
        frames += 1
        (count,) = unpack(order + "H", data, following, name)
        (following,) = unpack(order + "I", data, following + 2 + 12 * count, name)
    if nested := next((block.data for block in entries if block.kind == str(EXIF)), b""):
        entries += _exif(data, int.from_bytes(nested[:4], "little" if order == "<" else "big"), order, name)
    numbers = {
        block.kind: int.from_bytes(block.data[:4], "little" if order == "<" else "big")
        for block in entries
        if block.kind in {str(WIDTH), str(HEIGHT)}
    }
    bits = next((block.data for block in entries if block.kind == str(BITS)), b"")
    depth = int.from_bytes(bits[:2], "little" if order == "<" else "big") if bits else 1
    return Container(
        "TIFF", numbers.get(str(WIDTH), 0), numbers.get(str(HEIGHT), 0), frames, tuple(entries), depth, doubt=doubt
    )


def _exif(data: bytes, start: int, order: str, name: str) -> list[Block]:
    """Entries of the EXIF directory; none where it is broken, since no pixel depends on it."""
    try:
        entries, _ = _directory(data, start, order, name)
    except Unreadable:
        return []
    return [Block(f"{EXIF}.{block.kind}", block.offset, block.data) for block in entries]


def _directory(data: bytes, start: int, order: str, name: str) -> tuple[list[Block], int]:
    """Entries as blocks named by their tag number, and the offset of the next directory."""
    (count,) = unpack(order + "H", data, start, name)
    if count > MAX_ENTRIES:
        raise cut_short(name)
    blocks: list[Block] = []
    for offset in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, number, where = unpack(order + "HHII", data, offset, name)
        size = VALUE_BYTES.get(kind, 1) * number
        place = offset + 8 if size <= 4 else where  # noqa: PLR2004 - short values stand in the entry itself
        if tag in PIXEL_TAGS:
            continue
        if place + size > len(data):
            raise cut_short(name)
        blocks.append(Block(str(tag), offset, data[place : place + size]))
    (following,) = unpack(order + "I", data, start + 2 + 12 * count, name)
    return blocks, following
