"""An XMP packet put into a file without touching a pixel: its metadata blocks are written, the rest stays to the byte.

    walked -> the packet in the place of the one that was there -> walked again, and the packet read back

A new format is a function and a row in `FORMATS`. Sources: XMP specification, part 3 (where each format keeps its
packet); W3C PNG, third edition; RFC 9649; TIFF 6.0; ISO/IEC 14496-12, 23008-12.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

from maskproof.errors import CouldNotJudge, CouldNotRestore
from maskproof.evidence import carriers
from maskproof.images import containers
from maskproof.marks import boxes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from maskproof.images.containers import Container

MAX_SEGMENT = 65_533 - len(carriers.XMP_SEGMENT)
"""bytes of a packet in one JPEG segment, which counts its own two bytes of length (XMP specification, part 3, 1.1.3)"""
XMP_TAG = 700
XMP_FLAG, ALPHA_FLAG = 0x04, 0x10
"""bits of a WebP header: it announces XMP, and transparency"""
BYTE = 1
"""the TIFF type of a packet"""


def room(kind: str) -> int:
    """Bytes that a packet in a file of this format may have."""
    return MAX_SEGMENT if kind == "JPEG" else carriers.MAX_TEXT


def kind_of(data: bytes, name: str) -> str:
    """The format of a file that can hold marks.

    Raises:
        CouldNotRestore: it is of another one.
    """
    kind = containers.format_of(data)
    if kind not in FORMATS:
        raise CouldNotRestore(f"{name}: its format holds no marks", f"Save it as one of {', '.join(FORMATS)}.")
    return kind


def put(data: bytes, packet: bytes, name: str) -> bytes:
    """A file with this XMP packet in the place of its own, if it had one; no other block changes what it says.

    Raises:
        CouldNotRestore: the format has no place for it, or this file has none.
        CouldNotJudge: the file cannot be read.
    """
    container = containers.read(data, name)
    made = FORMATS[kind_of(data, name)](data, container, packet, name)
    try:
        again = containers.read(made, name)
    except CouldNotJudge as error:
        raise CouldNotRestore(f"{name}: its structure leaves no room for marks", "Export it again.") from error
    same = replace(again, blocks=()) == replace(container, blocks=())
    if not same or carriers.packet(again) != packet:
        raise CouldNotRestore(f"{name}: its structure leaves no room for marks", "Export it again.")
    return made


def _png(data: bytes, _container: Container, packet: bytes, _name: str) -> bytes:
    """Behind the header, where readers that stop at the pixels find it."""
    out = [data[:8]]
    for kind, start, end in _chunks(data):
        text = data[start + 8 : end - 4]
        ours = kind in {b"tEXt", b"zTXt", b"iTXt"} and text.startswith((XMP_KEY, RAW_XMP))
        out += [] if ours else [data[start:end]]
        if kind == b"IHDR":
            body = b"iTXt" + XMP_KEY + bytes(4) + packet
            out.append((len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big"))
        if kind == b"IEND":
            out.append(data[end:])
            break
    return b"".join(out)


XMP_KEY = carriers.XMP_KEY.encode() + b"\0"
RAW_XMP = b"Raw profile type xmp\0"


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk of a PNG."""
    at = 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], at, end
        at = end


def _jpeg(data: bytes, container: Container, packet: bytes, name: str) -> bytes:
    """Behind JFIF and EXIF, which come first (EXIF 2.32, 4.5.4)."""
    if any(one.kind == "APP2" and one.data.startswith(b"MPF\0") for one in container.blocks):
        raise CouldNotRestore(
            f"{name}: further pictures lie behind it and are placed by byte, so nothing can be put in",
            "Export it as a plain JPEG, or as a PNG.",
        )
    old = [one for one in container.blocks if one.kind == "APP1" and one.data.startswith(carriers.XMP_SEGMENT)]
    cuts = [(one.offset, one.offset + 4 + len(one.data)) for one in old]
    at = 2
    for one in container.blocks:
        if one.offset != at or not (one.kind == "APP0" or one.data.startswith(b"Exif\0")):
            break
        at = one.offset + 4 + len(one.data)
    segment = carriers.XMP_SEGMENT + packet
    made = b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment
    rest, start = b"", at
    for begin, end in cuts:
        rest, start = rest + data[start:begin], end
    return data[:at] + made + rest + data[start:]


def _webp(data: bytes, container: Container, packet: bytes, _name: str) -> bytes:
    """As the last chunk, announced in the header, which plain files are given."""
    end = 8 + int.from_bytes(data[4:8], "little")
    found, at = [], 12
    while at + 8 <= end:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append((data[at : at + 4], data[at + 8 : at + 8 + length]))
        at += 8 + length + (length & 1)
    if found[0][0] != b"VP8X":
        sides = [(side - 1).to_bytes(3, "little") for side in (container.width, container.height)]
        # The bit of a lossless stream that says whether it has alpha (RFC 9649, 3.4).
        clear = found[0][0] == b"VP8L" and found[0][1][4] & 0x10
        found.insert(0, (b"VP8X", bytes([ALPHA_FLAG if clear else 0, 0, 0, 0]) + sides[0] + sides[1]))
    head = found[0][1]
    found[0] = (b"VP8X", bytes([head[0] | XMP_FLAG]) + head[1:])
    found = [one for one in found if one[0] != b"XMP "] + [(b"XMP ", packet)]
    body = b"WEBP" + b"".join(kind + len(one).to_bytes(4, "little") + one + bytes(len(one) & 1) for kind, one in found)
    return b"RIFF" + len(body).to_bytes(4, "little") + body + data[end:]


def _tiff(data: bytes, _container: Container, packet: bytes, _name: str) -> bytes:
    """A directory with one more entry, at the end of the file; nothing that was there moves."""
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    entries = [data[at : at + 12] for at in range(start + 2, start + 2 + 12 * count, 12)]
    following = data[start + 2 + 12 * count : start + 6 + 12 * count]
    place = len(data) + (len(data) & 1)
    tags = [one for one in entries if struct.unpack_from(order + "H", one)[0] != XMP_TAG]
    tags.append(struct.pack(order + "HHII", XMP_TAG, BYTE, len(packet), place))
    tags.sort(key=lambda one: struct.unpack_from(order + "H", one)[0])
    directory = place + len(packet) + (len(packet) & 1)
    whole = struct.pack(order + "H", len(tags)) + b"".join(tags) + following
    return b"".join(
        (
            data[:4],
            struct.pack(order + "I", directory),
            data[8:],
            bytes(len(data) & 1),
            packet,
            bytes(len(packet) & 1),
            whole,
        )
    )


def _avif(data: bytes, _container: Container, packet: bytes, name: str) -> bytes:
    return boxes.with_item(data, packet, name)


FORMATS: dict[str, Callable[[bytes, Container, bytes, str], bytes]] = {
    "PNG": _png,
    "JPEG": _jpeg,
    "WEBP": _webp,
    "TIFF": _tiff,
    "AVIF": _avif,
}
