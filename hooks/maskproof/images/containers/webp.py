"""WebP: a RIFF file of chunks. Source: RFC 9649."""

from __future__ import annotations

import itertools

from maskproof.errors import Unreadable
from maskproof.images.containers.block import Block, Container, check_count, cut_short, twice, unpack

FLAGS = {"ICCP": 0x20, "ALPH": 0x10, "EXIF": 0x08}
"""chunks that change what is shown, and the bit of the header that announces each (RFC 9649, 2.7.1)"""


def matches(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def read(data: bytes, name: str) -> Container:
    """Chunks of a WebP; each ANMF chunk is a frame."""
    (declared,) = unpack("<I", data, 4, name)
    end = 8 + declared
    if end > len(data):
        raise cut_short(name)
    blocks: list[Block] = []
    size: tuple[int, int] | None = None
    frames, kinds = 0, []
    offset = 12
    for count in itertools.count():
        if offset + 8 > end:
            break
        check_count(count, name)
        kind = data[offset : offset + 4].decode("latin-1")
        (length,) = unpack("<I", data, offset + 4, name)
        body = data[offset + 8 : offset + 8 + length]
        if offset + 8 + length > end:
            raise cut_short(name)
        kinds.append("VP8 " if kind == "VP8L" else kind)
        if kind in {"VP8 ", "VP8L"}:
            size = size or _size(kind, body, name)
        elif kind == "ANMF":
            frames += 1
        elif kind != "ALPH":
            blocks.append(Block(kind, offset, body))
            if kind == "VP8X":
                size = (1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little"))
        offset += 8 + length + (length & 1)
    if size is None:
        raise Unreadable(f"{name} holds no WebP picture", "Export the picture again.")
    trailing = len(data) - end - (declared & 1)
    doubt = "" if frames else _doubt(kinds, blocks)
    return Container("WEBP", *size, max(frames, 1), tuple(blocks), trailing=trailing, doubt=doubt)


def _doubt(kinds: list[str], blocks: list[Block]) -> str:
    """Chunks that some readers drop: a second one, or one that the header does not announce."""
    if doubled := twice(kinds, ("VP8X", "VP8 ", *FLAGS), "chunks"):
        return doubled
    if "VP8X" in kinds[1:]:
        return "has its WebP header behind other chunks"
    flags = next((block.data[0] for block in blocks if block.kind == "VP8X" and block.data), 0)
    hidden = next((kind.strip() for kind, flag in FLAGS.items() if kind in kinds and not flags & flag), "")
    return f"has a chunk {hidden} that its header does not announce, so some viewers leave it out" if hidden else ""


def _size(kind: str, body: bytes, name: str) -> tuple[int, int]:
    if kind == "VP8L":
        (bits,) = unpack("<I", body, 1, name)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = unpack("<HH", body, 6, name)
    return width & 0x3FFF, height & 0x3FFF
