"""JPEG XL: boxes around a codestream, or the codestream alone. Marks are read; the picture where a reader is installed.

Sources: ISO/IEC 18181-1 (the codestream: annex D, size and image metadata), 18181-2 (boxes). A box that is compressed
(`brob`) is not unpacked, as that takes Brotli; what it holds is named. Of the codestream only its first fields are
read, which are not compressed.
"""

from __future__ import annotations

from maskproof.errors import Unreadable
from maskproof.images.containers.block import Block, Container, check_count, cut_short, unpack

BOXED, BARE = b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a"
METADATA = {"Exif": "Exif", "xml ": "XMP ", "jumb": "jumb"}
"""boxes that may speak of AI, and what the blocks made of them are called"""
PACKED = "brob"
"""a box that is compressed: the name of what it holds, then that"""
WHOLE, PART = "jxlc", "jxlp"
"""boxes of a codestream: all of it, or a numbered part"""
JPEG = "jbrd"
"""the box of a JPEG that was packed without loss: what it says of its turn counts beside the codestream's"""
SIZE_BITS = (9, 13, 18, 30)
"""bits of a side, by the two bits before it"""
RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""width to height, by number from 1"""

MAX_HEAD = 64
"""bytes of a codestream that hold its first fields"""


def matches(data: bytes) -> bool:
    return data.startswith((BOXED, BARE))


def read(data: bytes, name: str) -> Container:
    """Its boxes, and what its codestream says of the picture: size, turn, animation."""
    found: list[Block] = []
    codestream, kinds = data if data.startswith(BARE) else b"", set()
    offset = len(codestream)
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
        if kind == PACKED and data[offset + head : offset + head + 4].decode("latin-1") in METADATA:
            found.append(Block(PACKED, offset, data[offset + head : offset + head + 4]))
        if kind in {WHOLE, PART} and len(codestream) < MAX_HEAD:
            codestream += data[offset + head + (4 if kind == PART else 0) : offset + size][:MAX_HEAD]
        kinds.add(kind)
        offset += size
    try:
        return _shown(_Bits(codestream), tuple(found), JPEG in kinds)
    except (IndexError, Unreadable):
        return Container("JXL", 1, 1, 1, tuple(found), doubt="is cut short or its structure is broken")


class _Bits:
    """Bits of a codestream behind its signature, the lowest of each byte first."""

    def __init__(self, codestream: bytes) -> None:
        if not codestream.startswith(BARE):
            raise IndexError
        self._left = int.from_bytes(codestream[2:MAX_HEAD], "little")
        self._count = 8 * len(codestream[2:MAX_HEAD])

    def take(self, count: int) -> int:
        """The next number of so many bits; raises IndexError at the end."""
        if self._count < count:
            raise IndexError
        value = self._left & ((1 << count) - 1)
        self._left, self._count = self._left >> count, self._count - count
        return value


def _shown(bits: _Bits, blocks: tuple[Block, ...], packed: bool) -> Container:
    """What the first fields of a codestream say (annex D.2, D.3)."""
    width, height = _size(bits)
    turn, frames, doubt = 1, 1, ""
    plain = bits.take(1)
    if not plain and bits.take(1):
        turn = bits.take(3) + 1
        if bits.take(1) and _size(bits) != (width, height):
            doubt = "is to be shown in another size than it has, which some viewers follow"
        if bits.take(1):
            _preview(bits)
        frames += bits.take(1)
    depth = 8 if plain or frames > 1 else _depth(bits)
    if packed and turn > 1:
        doubt = "packs a JPEG that is turned, which some viewers turn twice or not at all"
    return Container("JXL", width, height, frames, blocks, depth, orientation=turn, doubt=doubt)


def _depth(bits: _Bits) -> int:
    """Bits of a sample (annex D.3.2)."""
    usual = (32, 16, 24) if bits.take(1) else (8, 10, 12)
    which = bits.take(2)
    return usual[which] if which < len(usual) else bits.take(6) + 1


def _size(bits: _Bits) -> tuple[int, int]:
    """Width and height (annex D.2)."""
    small = bits.take(1)

    def side() -> int:
        return 8 * (bits.take(5) + 1) if small else bits.take(SIZE_BITS[bits.take(2)]) + 1

    height = side()
    ratio = bits.take(3)
    return (side() if not ratio else height * RATIOS[ratio - 1][0] // RATIOS[ratio - 1][1]), height


def _preview(bits: _Bits) -> None:
    """Pass over the size of a preview (annex D.4)."""
    eighths = bits.take(1)
    sizes = (0, 0, 5, 9) if eighths else (6, 8, 10, 12)

    def side() -> None:
        bits.take(sizes[bits.take(2)])

    side()
    if not bits.take(3):
        side()
