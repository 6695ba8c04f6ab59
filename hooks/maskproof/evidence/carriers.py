"""Where each format keeps metadata: XMP packets, C2PA manifests, EXIF, and texts with a name."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskproof.containers import Container

MAX_TEXT = 1_000_000
"""bytes that one compressed text may unfold to; ComfyUI workflows have 10 to 300 kB"""
MAX_TEXTS = 8_000_000
"""bytes that all texts of a file may unfold to together: 800 kB of chunks could hold 800 MB"""
XMP_SEGMENT = b"http://ns.adobe.com/xap/1.0/\0"
XMP_KEY = "XML:com.adobe.xmp"
C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""the ISO box that holds a C2PA manifest; C2PA 2.1, section 11.3.3"""
JUMBF_HEAD = 8
"""bytes before the JUMBF box in a JPEG APP11 segment: identifier, instance, sequence number"""


def texts(container: Container) -> list[tuple[str, str]]:
    """Named texts of a PNG (tEXt, zTXt, iTXt), in file order, as (name, text)."""
    if container.format != "PNG":
        return []
    readers = {"tEXt": _text, "zTXt": _compressed_text, "iTXt": _international_text}
    found: list[tuple[str, str]] = []
    room = MAX_TEXTS
    for block in container.blocks:
        if block.kind in readers:
            key, text = readers[block.kind](block.data, min(room, MAX_TEXT))
            found.append((key, text))
            room -= len(text)
    return found


def xmp(container: Container) -> bytes:
    """The XMP packet; empty where there is none."""
    if container.format == "PNG":
        return next((text.encode() for key, text in texts(container) if key == XMP_KEY), b"")
    if container.format == "JPEG":
        return next(
            (
                block.data[len(XMP_SEGMENT) :]
                for block in container.blocks
                if block.kind == "APP1" and block.data.startswith(XMP_SEGMENT)
            ),
            b"",
        )
    kind = {"WEBP": "XMP ", "TIFF": "700", "GIF": "21FF"}.get(container.format, "")
    return container.first(kind) or b""


def manifest(container: Container) -> bytes:
    """The C2PA manifest store (JUMBF boxes); empty where there is none."""
    if container.format == "JPEG":
        return b"".join(
            block.data[JUMBF_HEAD:] for block in container.blocks if block.kind == "APP11" and block.data[:2] == b"JP"
        )
    if container.format == "AVIF":
        return next(
            (block.data for block in container.blocks if block.kind == "uuid" and block.data.startswith(C2PA_UUID)), b""
        )
    kind = {"PNG": "caBX", "WEBP": "C2PA", "TIFF": "52545"}.get(container.format, "")
    return container.first(kind) or b""


def exif(container: Container) -> bytes:
    """The EXIF block (a TIFF structure); empty where there is none."""
    if container.format == "JPEG":
        return next(
            (
                block.data[6:]
                for block in container.blocks
                if block.kind == "APP1" and block.data.startswith(b"Exif\0\0")
            ),
            b"",
        )
    return container.first({"PNG": "eXIf", "WEBP": "EXIF"}.get(container.format, "")) or b""


def _text(data: bytes, _room: int) -> tuple[str, str]:
    key, _, text = data.partition(b"\0")
    return key.decode("latin-1"), text.decode("utf-8", "replace")


def _compressed_text(data: bytes, room: int) -> tuple[str, str]:
    key, _, rest = data.partition(b"\0")
    return key.decode("latin-1"), _inflated(rest[1:], room).decode("utf-8", "replace")


def _international_text(data: bytes, room: int) -> tuple[str, str]:
    key, _, rest = data.partition(b"\0")
    compressed = rest[:1] == b"\1"
    text = rest[2:].split(b"\0", 2)[-1]
    return key.decode("latin-1"), (_inflated(text, room) if compressed else text).decode("utf-8", "replace")


def _inflated(data: bytes, room: int) -> bytes:
    """Inflated up to `room` bytes; a bomb gives what came before the bound, a broken stream nothing."""
    if room < 1:  # zlib takes 0 for no bound at all
        return b""
    try:
        return zlib.decompressobj().decompress(data, room)
    except zlib.error:
        return b""
