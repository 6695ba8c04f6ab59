"""JPEG XL: boxes around a codestream, or the codestream alone. Marks are read; pictures cannot be judged.

Source: ISO/IEC 18181-2. A box that is compressed (`brob`) is not unpacked.
"""

from __future__ import annotations

from maskproof.images.containers.block import Block, Container, check_count, cut_short, unpack

BOXED, BARE = b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a"
METADATA = {"Exif": "Exif", "xml ": "XMP ", "jumb": "jumb"}
"""boxes that may speak of AI, and what the blocks made of them are called"""


def matches(data: bytes) -> bool:
    return data.startswith((BOXED, BARE))


def read(data: bytes, name: str) -> Container:
    """Its boxes. The size stands in the codestream, which nobody asks: it is given as one pixel."""
    found: list[Block] = []
    offset = len(data) if data.startswith(BARE) else 0
    while offset < len(data):
        check_count(len(found), name)
        size, head = unpack(">I", data, offset, name)[0], 8
        if size == 1:
            size, head = unpack(">Q", data, offset + 8, name)[0], 16
        size = size or len(data) - offset
        if size < head or offset + size > len(data):
            raise cut_short(name)
        kind = data[offset + 4 : offset + 8].decode("latin-1")
        if kind in METADATA:
            found.append(Block(METADATA[kind], offset, data[offset + head : offset + size]))
        offset += size
    return Container("JXL", 1, 1, 1, tuple(found))
