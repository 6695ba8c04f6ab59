"""JPEG: segments of marker and length, then entropy-coded scans. Source: ITU-T T.81, annex B; CIPA DC-007 (MPF)."""

from __future__ import annotations

import contextlib
import re

from maskproof.content import sha256_of
from maskproof.errors import Unreadable
from maskproof.images.containers.block import Block, Container, check_count, cut_short, unpack
from maskproof.images.containers.gain import digest_of_map
from maskproof.model import enumerated

START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
END, SCAN = 0xD9, 0xDA
MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
"""the next marker in scan data: 00 is a stuffed byte, FF fills, D0 to D7 are restarts inside the scan. It
begins with one literal byte, and not with a run of it: the search is 17 times as fast for that"""

METADATA = ("APP1", "APP2")
ADOBE = re.compile(rb"Adobe.{7}", re.DOTALL)
"""Adobe's marker, whose twelfth byte says how colours are coded: 0 as they are, 1 YCbCr, 2 YCCK"""
MP_ENTRIES = 0xB002
"""the tag of the list of pictures, 16 bytes each (CIPA DC-007, 5.2.3.3)"""
MAX_PICTURES = 64
VIEWS = range(0x020000, 0x030000)
"""types of pictures that are shown together: panoramas, two eyes, several angles (CIPA DC-007, 5.2.3.3.1)"""
PREVIEWS = (0x010001, 0x010002)
"""types of large thumbnails, which cameras add for their own screen; the same table"""


def matches(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8\xff")


def read(data: bytes, name: str) -> Container:
    """Segments of a JPEG up to its end marker; a picture behind it counts as a second frame.

    But for what an index (MPF) names as one that belongs to the first: previews, gain maps, and those of no type, as
    phones write their gain maps. All viewers show the first; another one that belongs to it counts as its gain map.
    """
    blocks: list[Block] = []
    size, components = (0, 0, 0), b""
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
            components = payload[6::3][: payload[5] if len(payload) > 5 else 0]  # noqa: PLR2004 - name, sampling, table
        elif marker != SCAN:
            blocks.append(Block(_kind(marker), found.start(), payload))
        offset = body + length
    if size == (0, 0, 0):
        raise Unreadable(f"{name} has no JPEG frame header", "Export the picture again.")
    depth, height, width = size
    behind = data[found.end() :]
    frames, beside, gain_map = _others(blocks, behind)
    doubt = _doubt(blocks, components)
    return Container(
        "JPEG", width, height, frames, tuple(blocks), depth, len(behind), beside, gain_map=gain_map, doubt=doubt
    )


def _others(blocks: list[Block], behind: bytes) -> tuple[int, int, str]:
    """Of what stands behind the first picture: frames with it, bytes that belong to it, the digest of its gain map."""
    gain_map = digest_of_map(b"".join(block.data for block in blocks if block.kind in METADATA), behind)
    if gain_map:
        return 1, len(behind), gain_map
    held = _pictures(blocks)
    frames = 1 + sum(kind in VIEWS for kind, _ in held)
    if not held and behind.lstrip(b"\0").startswith(b"\xff\xd8\xff"):
        frames = 2
    if frames == 1 and any(kind not in PREVIEWS for kind, _ in held):
        gain_map = sha256_of(behind)
    return frames, min(len(behind), sum(length for _, length in held)), gain_map


def _doubt(blocks: list[Block], components: bytes) -> str:
    """What says whether three channels are red, green, blue or luma and two differences, and contradicts the rest.

    libjpeg asks JFIF, then Adobe's marker, then the names of the channels; others ask in another order.
    """
    adobe = [block.data[11] for block in blocks if block.kind == "APP14" and ADOBE.match(block.data)]
    if len(set(adobe)) > 1:
        return "has two Adobe markers that contradict each other"
    said = {"JFIF": False} if any(one.kind == "APP0" and one.data.startswith(b"JFIF\0") for one in blocks) else {}
    said |= {"Adobe's marker": not adobe[0]} if adobe else {}
    said |= {"its channels' names": True} if components == b"RGB" else {}
    if len(components) == 3 and len(set(said.values())) > 1:  # noqa: PLR2004
        return f"is RGB by one and YCbCr by another of {enumerated(said)}, so viewers show other colours"
    return ""


def _kind(marker: int) -> str:
    if 0xE0 <= marker <= 0xEF:  # noqa: PLR2004
        return f"APP{marker - 0xE0}"
    return "COM" if marker == 0xFE else f"{marker:02X}"  # noqa: PLR2004


def _pictures(blocks: list[Block]) -> list[tuple[int, int]]:
    """Type and bytes of every further picture that the multi-picture index names; none where it cannot be read.

    An index without a list of pictures (tag B002), which no reader follows, counts as one of several views.
    """
    index = next((one.data[4:] for one in blocks if one.kind == "APP2" and one.data.startswith(b"MPF\0")), None)
    if index is None:
        return []
    order = "<" if index[:2] == b"II" else ">"
    found = []
    with contextlib.suppress(Unreadable):
        (start,) = unpack(order + "I", index, 4, "")
        (count,) = unpack(order + "H", index, start, "")
        for entry in range(start + 2, start + 2 + 12 * min(count, 32), 12):
            tag, _, size, place = unpack(order + "HHII", index, entry, "")
            if tag == MP_ENTRIES:
                for at in range(place, place + min(size, 16 * MAX_PICTURES), 16):
                    attributes, length = unpack(order + "II", index, at, "")
                    found.append((attributes & 0xFFFFFF, length))
    return found[1:] if found else [(VIEWS.start, 0)]
