"""GIF: a screen, then extension and image blocks. Source: GIF89a specification (CompuServe, 1990)."""

from __future__ import annotations

import itertools

from maskproof.errors import Unreadable
from maskproof.images.containers.block import Block, Container, check_count, cut_short, twice, unpack, within_limits

EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B
MAX_CODE_BITS = 12
IMAGE_BLOCK = "2C"
"""a frame; its bytes are pixels and stay out, its offset is where the LZW data begins"""
CONTROL = "21F9"
"""the graphic control extension: which colour is transparent; of several some readers take the first"""
XMP = b"XMP DataXMP"
"""the application extension that holds an XMP packet as it is, without sub-blocks (XMP specification, part 3, 1.1.2)"""


def matches(data: bytes) -> bool:
    return data[:6] in {b"GIF87a", b"GIF89a"}


def read(data: bytes, name: str) -> Container:
    """Blocks of a GIF. A still picture must have colours and fill its screen: anything else is up to the viewer."""
    width, height, flags = unpack("<HHB", data, 6, name)
    within_limits(width, height, name)
    offset = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    blocks: list[Block] = []
    frames: list[tuple[int, int, int, int]] = []
    for count in itertools.count():
        check_count(count, name)
        (kind,) = unpack("B", data, offset, name)
        if kind == TRAILER:
            break
        if kind == EXTENSION:
            body, end = _sub_blocks(data, offset + 2, name)
            if body.startswith(XMP):
                blocks.append(Block("XMP ", offset, data[offset + 14 : end]))
            else:
                blocks.append(Block(f"21{data[offset + 1]:02X}", offset, body))
        elif kind == IMAGE:
            x, y, w, h, local = unpack("<HHHHB", data, offset + 1, name)
            within_limits(x + w, y + h, name)
            start = offset + 10 + (3 << (local & 7) + 1 if local & 0x80 else 0)
            body, end = _sub_blocks(data, start + 1, name)
            blocks.append(Block(IMAGE_BLOCK, start, b""))
            if not (flags | local) & 0x80:
                raise Unreadable(f"{name} has a GIF frame without colours", "Export the picture again.")
            frames.append((x, y, w, h))
        else:
            raise cut_short(name)
        offset = end
    if not frames:
        raise Unreadable(f"{name} holds no GIF picture", "Export the picture again.")
    if len(frames) == 1 and frames[0] != (0, 0, width, height):
        raise Unreadable(f"{name} has a GIF frame that does not fill its screen", "Export the picture again.")
    doubt = twice((block.kind for block in blocks), (CONTROL,), "extensions") if len(frames) == 1 else ""
    return Container("GIF", width, height, len(frames), tuple(blocks), trailing=len(data) - offset - 1, doubt=doubt)


def check_pixels(data: bytes, container: Container, name: str) -> None:
    """The image data of a still picture must hold as many pixels as its screen; `read` has accepted the file.

    Raises:
        Unreadable: it holds fewer or more, or its codes are broken.
    """
    if container.frames == 1:
        (start,) = (block.offset for block in container.blocks if block.kind == IMAGE_BLOCK)
        body, _ = _sub_blocks(data, start + 1, name)
        _check_pixels(unpack("B", data, start, name)[0], body, container.width * container.height, name)


def _sub_blocks(data: bytes, offset: int, name: str) -> tuple[bytes, int]:
    """Bytes of a chain of sub-blocks, and where it ends."""
    pieces: list[bytes] = []
    while True:
        (length,) = unpack("B", data, offset, name)
        piece = data[offset + 1 : offset + 1 + length]
        if len(piece) != length:
            raise cut_short(name)
        if not length:
            return b"".join(pieces), offset + 1
        pieces.append(piece)
        offset += 1 + length


def _check_pixels(code_bits: int, data: bytes, expected: int, name: str) -> None:
    """Follow the LZW codes by length only: a stream with too few or too many pixels is shown differently elsewhere."""
    if not 1 <= code_bits <= 8:  # noqa: PLR2004
        raise Unreadable(f"{name} declares an unknown GIF code size", "Export the picture again.")
    clear, stop = 1 << code_bits, (1 << code_bits) + 1
    fresh = [1] * clear + [0, 0]
    lengths, width, previous = fresh.copy(), code_bits + 1, 0
    seen = buffer = bits = 0
    for byte in data:
        buffer |= byte << bits
        bits += 8
        while bits >= width:
            code = buffer & (1 << width) - 1
            buffer >>= width
            bits -= width
            if code == clear:
                lengths, width, previous = fresh.copy(), code_bits + 1, 0
                continue
            if code == stop:
                break
            if code > len(lengths) or (code == len(lengths) and not previous):
                raise Unreadable(f"{name} holds broken GIF image data", "Export the picture again.")
            if previous and len(lengths) < 1 << MAX_CODE_BITS:
                lengths.append(previous + 1)
                if len(lengths) == 1 << width and width < MAX_CODE_BITS:
                    width += 1
            previous = lengths[code]
            seen += previous
        else:
            continue
        break
    if seen != expected:
        raise Unreadable(f"{name} holds {seen} GIF pixels where {expected} are declared", "Export the picture again.")
