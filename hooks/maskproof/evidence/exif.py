"""EXIF: a TIFF structure with tags, of which a few hold text that generators write.

Nothing in it is trusted: offsets, counts and encodings may be wrong, and what cannot be read is left out.
Source: CIPA DC-008 (EXIF 3.0), 4.6; TIFF 6.0.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from maskproof.images.containers import Container

TEXT_TAGS = {
    0x010D: "DocumentName",
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x927C: "MakerNote",
    0x9286: "UserComment",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9D: "XPAuthor",
    0x9C9E: "XPKeywords",
    0xA430: "CameraOwnerName",
}
EXIF = 0x8769
"""the tag that leads to the EXIF directory"""
MAX_ENTRIES = 512
MAX_TEXT = 4_000_000
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
"""bytes of a value by its type; 129 is UTF-8 of EXIF 3.0"""
CODES = {
    b"ASCII\0\0\0": "utf-8",
    b"\0" * 8: "utf-8",
    b"UTF-8\0\0\0": "utf-8",
    b"UTF8\0\0\0\0": "utf-8",
    b"UNICODE\0": "utf-16",
    b"JIS\0\0\0\0\0": "iso2022_jp",
}
"""what the first eight bytes of a user comment say about its letters; UTF-8 is not among those of the standard, and is
written"""


def texts(container: Container, block: bytes) -> list[tuple[str, str]]:
    """(tag name, text) of the tags that hold text, in the order of `TEXT_TAGS`."""
    values = _of_tiff(container) if container.format == "TIFF" else tags(block)
    little = block[:2] == b"II"
    found = ((name, _text(tag, values[tag], little=little)) for tag, name in TEXT_TAGS.items() if tag in values)
    return [(name, text) for name, text in found if text]


def tags(block: bytes) -> dict[int, bytes]:
    """Values of the first and the EXIF directory by tag; the first wins where both have one."""
    if block[:2] not in {b"II", b"MM"} or len(block) < 8:  # noqa: PLR2004
        return {}
    order = "<" if block[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", block, 4)
    found = _directory(block, first, order)
    if len(nested := found.get(EXIF, b"")) == 4:  # noqa: PLR2004
        start = int.from_bytes(nested, "little" if order == "<" else "big")
        found = _directory(block, start, order) | found
    return found


def _directory(block: bytes, start: int, order: str) -> dict[int, bytes]:
    """The entries that matter here. Values may overlap, so others are not even copied."""
    if start + 2 > len(block):
        return {}
    (count,) = struct.unpack_from(order + "H", block, start)
    entries: dict[int, bytes] = {}
    for at in range(start + 2, start + 2 + 12 * min(count, MAX_ENTRIES), 12):
        if at + 12 > len(block):
            break
        tag, kind, number, where = struct.unpack_from(order + "HHII", block, at)
        size = SIZES.get(kind, 1) * number
        place = at + 8 if size <= 4 else where  # noqa: PLR2004 - short values stand in the entry itself
        if (tag in TEXT_TAGS or tag == EXIF) and tag not in entries and place + size <= len(block):
            entries[tag] = block[place : place + min(size, MAX_TEXT)]
    return entries


def _of_tiff(container: Container) -> Mapping[int, bytes]:
    """A TIFF file is its own EXIF block; its walk has named the entries by number already."""
    return {
        int(block.kind.removeprefix("34665.")): block.data
        for block in reversed(container.blocks)
        if block.kind.removeprefix("34665.").isdigit()
    }


def _text(tag: int, value: bytes, *, little: bool) -> str:
    value = value[:MAX_TEXT]
    if TEXT_TAGS[tag].startswith("XP"):
        text = value.decode("utf-16-le", "replace")
    elif TEXT_TAGS[tag] == "UserComment":
        text = _comment(value, little=little)
    else:
        text = value.decode("utf-8", "replace")
    return text.strip("\0 \t\r\n\ufeff")


def _comment(value: bytes, *, little: bool) -> str:
    """A user comment in the letters it declares; its header does not always tell the order of two-byte ones."""
    code, rest = CODES.get(value[:8], ""), value[8:]
    if not code:
        return value.decode("utf-8", "replace")
    if code != "utf-16":
        return rest.decode(code, "replace")
    if rest[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return rest.decode("utf-16", "replace")
    if 0 not in rest.rstrip(b"\0") and (text := _utf8(rest)) is not None:
        return text
    high, low = rest[:400:2].count(0), rest[1:400:2].count(0)
    if high == low:
        high, low = (0, 1) if little else (1, 0)
    return rest.decode("utf-16-be" if high > low else "utf-16-le", "replace")


def _utf8(value: bytes) -> str | None:
    """Some call UTF-8 Unicode, which it is; letters of two bytes are hardly ever UTF-8 as well. None: it is not."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None
