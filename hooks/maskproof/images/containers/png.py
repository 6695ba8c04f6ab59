"""PNG: a signature, then chunks of length, type, bytes, CRC. Source: W3C PNG, third edition (2025)."""

from __future__ import annotations

import contextlib
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from maskproof.content import sha256_of
from maskproof.errors import Unreadable
from maskproof.images.containers.block import (
    MAX_PIECES,
    Block,
    Container,
    check_count,
    cut_short,
    twice,
    unpack,
    within_limits,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ISAL: Any = None
"""ISA-L, which inflates in half of zlib's time, where its wheel is"""
with contextlib.suppress(ImportError):
    from isal import isal_zlib as ISAL  # noqa: N812

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""samples of a pixel by colour type"""
INDEXED, WITH_ALPHA = 3, {4, 6}
"""the colour types of a palette, and of pictures with alpha"""
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""x start, y start, x step, y step of each interlace pass"""
DEFLATE = 1032
"""bytes that one byte unfolds into at the most (zlib, technical details): a few bytes that declare a huge picture are
refused before a decoder makes room for it"""
BEFORE_COLORS = ("iCCP", "cICP", "sRGB", "gAMA", "cHRM")
"""chunks that say what the colours are: before the palette as well (chapter 5.6), behind which libpng drops them"""
BEFORE_PIXELS = ("PLTE", "tRNS", *BEFORE_COLORS)
"""chunks that change what the samples look like: at most one each, before the image data (chapter 5.6), since some
readers take a late or second one and others do not"""
GAIN_MAP = ("gmAP", "gdAT")
"""chunks that Skia reads a gain map from"""


class Header(NamedTuple):
    """IHDR, in its order."""

    width: int
    height: int
    depth: int
    color: int
    compression: int
    filtering: int
    interlace: int


def header_of(container: Container, name: str) -> Header:
    """The header of a file that `read` accepted."""
    return Header(*unpack(">IIBBBBB", container.blocks[0].data, 0, name))


def matches(data: bytes) -> bool:
    return data.startswith(SIGNATURE)


def read(data: bytes, name: str) -> Container:
    """Chunks of a PNG; whether the image data holds the rows that the header declares is for `check_pixels`."""
    blocks, packed, end = _chunks(data, name)
    kinds = [block.kind for block in blocks]
    if not kinds or kinds[0] != "IHDR" or len(blocks[0].data) != 13:  # noqa: PLR2004
        raise Unreadable(f"{name} has no PNG header", "Export the picture again.")
    late = kinds[kinds.index("IDAT") :] if "IDAT" in kinds else []
    if doubled := twice(kinds, ("IHDR", *BEFORE_PIXELS), "chunks"):
        raise Unreadable(f"{name} {doubled}", "Export the picture again.")
    for once in ("IHDR", *BEFORE_PIXELS):
        if once in late:
            raise Unreadable(f"{name} has a {once} chunk behind its image data", "Export the picture again.")
    width, height, depth, color, _, _, interlace = Header(*unpack(">IIBBBBB", blocks[0].data, 0, name))
    within_limits(width, height, name)
    if color not in CHANNELS or depth not in {1, 2, 4, 8, 16} or interlace > 1:
        raise Unreadable(f"{name} declares an unknown PNG colour type or depth", "Export the picture again.")
    if _raw_size(width, height, depth * CHANNELS[color], interlace) > DEFLATE * packed:
        raise _other_rows(name, "fewer")
    gain = b"".join(block.data for block in blocks if block.kind in GAIN_MAP)
    return Container(
        "PNG",
        width,
        height,
        _frames(blocks),
        tuple(blocks),
        depth,
        len(data) - end,
        gain_map=sha256_of(gain) if gain else "",
        doubt=_doubt(kinds, color),
    )


def _doubt(kinds: list[str], color: int) -> str:
    """Chunks that some readers drop."""
    behind = kinds[kinds.index("PLTE") :] if "PLTE" in kinds else []
    if late := [kind for kind in BEFORE_COLORS if kind in behind]:
        return f"has a {late[0]} chunk behind its palette"
    if "tRNS" in kinds and (color in WITH_ALPHA or (color == INDEXED and "tRNS" not in behind)):
        return "has a tRNS chunk where some readers drop it"
    return twice(kinds, ("eXIf",), "chunks")


def check_pixels(data: bytes, container: Container, name: str) -> None:
    """The image data must hold exactly the rows that the header declares; `read` has accepted the file.

    Raises:
        Unreadable: it holds fewer or more, or cannot be inflated.
    """
    width, height, depth, color, _, _, interlace = header_of(container, name)
    _check_rows(image_data(data, name), _raw_size(width, height, depth * CHANNELS[color], interlace), name)


def image_data(data: bytes, name: str) -> list[memoryview]:
    """The pieces of image data of a file that `read` accepted, each with its checksum proved.

    Raises:
        Unreadable: a checksum is wrong.
    """
    whole, crc32 = memoryview(data), (ISAL or zlib).crc32
    pieces = []
    for kind, start, end in _walk(data, name):
        if kind == b"IDAT":
            if crc32(whole[start - 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
                raise Unreadable(f"{name} holds image data with a wrong checksum", "Export or download it again.")
            pieces.append(whole[start:end])
    return pieces


def inflated(pieces: list[memoryview], expected: int, name: str) -> bytes:
    """The filtered rows, all of them and nothing else.

    Raises:
        Unreadable: there are fewer or more bytes than `expected`, or the stream is broken.
    """
    inflate = (ISAL or zlib).decompressobj()
    try:
        # A byte more than there may be, so that a surplus one is seen and no more is unfolded.
        rows: bytes = inflate.decompress(b"".join(pieces), expected + 1)
    except _broken() as error:
        raise _unfolds(error, name) from error
    if len(rows) != expected or inflate.unused_data:
        raise _other_rows(name, "fewer" if len(rows) < expected else "more")
    return rows


def _walk(data: bytes, name: str) -> Iterator[tuple[bytes, int, int]]:
    """Type of each chunk, and where its bytes begin and end, up to IEND."""
    offset = len(SIGNATURE)
    while True:
        (length,) = unpack(">I", data, offset, name)
        kind = data[offset + 4 : offset + 8]
        body = offset + 8
        if body + length + 4 > len(data) or not kind.isalpha():
            raise cut_short(name)
        yield kind, body, body + length
        if kind == b"IEND":
            return
        offset = body + length + 4


def _chunks(data: bytes, name: str) -> tuple[list[Block], int, int]:
    """Chunks before IEND (IDAT once and empty), the bytes of image data, and where the file ends."""
    blocks: list[Block] = []
    packed = pieces = 0
    for kind, start, end in _walk(data, name):
        if kind == b"IEND":
            return blocks, packed, end + 4
        if kind == b"IDAT":
            check_count(pieces, name, MAX_PIECES)
            if not pieces:
                blocks.append(Block("IDAT", start - 8, b""))
            packed, pieces = packed + end - start, pieces + 1
            continue
        check_count(len(blocks), name)
        blocks.append(Block(kind.decode("ascii"), start - 8, b"" if kind == b"fdAT" else data[start:end]))
    raise cut_short(name)


def _frames(blocks: list[Block]) -> int:
    """1 for a still picture; an animation whose default picture is not shown counts as more than one."""
    kinds = [block.kind for block in blocks]
    image = kinds.index("IDAT") if "IDAT" in kinds else len(kinds)
    if "acTL" not in kinds[:image]:
        return 1
    shown = kinds.count("fcTL")
    return shown if "fcTL" in kinds[:image] else shown + 1


def _raw_size(width: int, height: int, bits: int, interlace: int) -> int:
    """Bytes of the filtered rows: one filter byte a row, rows padded to whole bytes."""
    passes = ADAM7 if interlace else ((0, 0, 1, 1),)
    total = 0
    for x, y, dx, dy in passes:
        columns, rows = -(-(width - x) // dx), -(-(height - y) // dy)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total


def _check_rows(pixels: list[memoryview], expected: int, name: str) -> None:
    """Inflate in pieces, keep nothing: decoders pad missing rows silently and ignore surplus ones."""
    inflate = (ISAL or zlib).decompressobj()
    seen, surplus = 0, False
    try:
        for number, piece in enumerate(pixels, 1):
            rest: bytes | memoryview = piece
            while rest and seen <= expected:
                seen += len(inflate.decompress(rest, 1 << 20))
                rest = inflate.unconsumed_tail
            if seen > expected or inflate.eof:
                # What follows the end of the stream would only be copied, again and again.
                surplus = bool(inflate.unused_data) or any(map(len, pixels[number:]))
                break
        while seen <= expected and (more := inflate.decompress(inflate.unconsumed_tail, 1 << 20)):
            seen += len(more)
    except _broken() as error:
        raise _unfolds(error, name) from error
    if seen != expected or surplus:
        raise _other_rows(name, "fewer" if seen < expected else "more")


def _other_rows(name: str, number: str) -> Unreadable:
    return Unreadable(f"{name} holds {number} rows than its header declares", "Export the picture again.")


def unknown_filter(name: str) -> Unreadable:
    """A row names a filter that there is not."""
    return Unreadable(f"{name} holds broken image data (a row with an unknown filter)", "Export or download it again.")


def _broken() -> tuple[type[Exception], ...]:
    """What inflating raises."""
    return (zlib.error, ISAL.error) if ISAL else (zlib.error,)


def _unfolds(error: Exception, name: str) -> Unreadable:
    return Unreadable(f"{name} holds broken image data ({error})", "Export or download it again.")
