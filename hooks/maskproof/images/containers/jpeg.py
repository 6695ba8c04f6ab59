"""JPEG: segments of marker and length, then entropy-coded scans. Source: ITU-T T.81, annex B; CIPA DC-007 (MPF)."""

from __future__ import annotations

import re

from maskproof.errors import Unreadable
from maskproof.images.containers.block import Block, Container, check_count, cut_short, unpack

START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
END, SCAN = 0xD9, 0xDA
MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
"""the next marker in scan data: 00 is a stuffed byte, FF fills, D0 to D7 are restarts inside the scan. It
begins with one literal byte, and not with a run of it: the search is 17 times as fast for that"""


def matches(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8\xff")


def read(data: bytes, name: str) -> Container:
    """Segments of a JPEG up to its end marker; a picture behind it (MPF) counts as a second frame."""
    blocks: list[Block] = []
    size = (0, 0, 0)
    offset = 2
    count = 0
    while True:
        check_count(count, name)
        count += 1
        found = MARKER.search(data, offset)
        if found is None:
            raise cut_short(name)
        marker, body = found.group(1)[0], found.end()
        if marker == END:
            break
        (length,) = unpack(">H", data, body, name)
        payload = data[body + 2 : body + length]
        if length < 2 or len(payload) != length - 2:  # noqa: PLR2004 - a length counts its own two bytes
            raise cut_short(name)
        if marker in START_OF_FRAME:
            if size != (0, 0, 0):
                raise Unreadable(f"{name} has two JPEG frame headers", "Export the picture again.")
            size = unpack(">BHH", payload, 0, name)  # type: ignore[assignment]
        elif marker != SCAN:
            blocks.append(Block(_kind(marker), found.start(), payload))
        offset = body + length
    if size == (0, 0, 0):
        raise Unreadable(f"{name} has no JPEG frame header", "Export the picture again.")
    depth, height, width = size
    return Container("JPEG", width, height, _frames(blocks), tuple(blocks), depth, len(data) - found.end())


def _kind(marker: int) -> str:
    if 0xE0 <= marker <= 0xEF:  # noqa: PLR2004
        return f"APP{marker - 0xE0}"
    return "COM" if marker == 0xFE else f"{marker:02X}"  # noqa: PLR2004


def _frames(blocks: list[Block]) -> int:
    """Pictures that the multi-picture index names; 1 without one."""
    for block in blocks:
        if block.kind == "APP2" and block.data.startswith(b"MPF\0"):
            return max(2, _pictures(block.data[4:]))
    return 1


def _pictures(index: bytes) -> int:
    """Tag B001 (number of images) of the MP index directory; 0 where it cannot be read."""
    order = "<" if index[:2] == b"II" else ">"
    try:
        (start,) = unpack(order + "I", index, 4, "")
        (count,) = unpack(order + "H", index, start, "")
        for entry in range(start + 2, start + 2 + 12 * min(count, 32), 12):
            tag, _, _, value = unpack(order + "HHII", index, entry, "")
            if tag == 0xB001:  # noqa: PLR2004
                return value
    except Unreadable:
        return 0
    return 0
