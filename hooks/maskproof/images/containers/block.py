"""The shape of a container: blocks with a kind and bytes, and the limits that hold for all formats."""

from __future__ import annotations

import struct
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof.errors import TooLarge, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PIXELS = 50_000_000
"""pixels of a picture: 200 MB as RGBA. Pillow's own bound (89 Mpx, a warning) let a 688 kB file cost 2 GB"""
MAX_SIDE = 16_384
"""pixels of a side; the largest that common encoders and GPUs take"""
MAX_METADATA = 4_000_000
"""bytes of all blocks that hold no pixels; real manifests and profiles stay under 2 MB"""
MAX_BLOCKS = 65_536
"""blocks of a file without PNG image data; the most that was seen in a real one is 900"""
MAX_PIECES = 1_000_000
"""pieces that the image data of a PNG may come in, which take a second to walk; writers make them of 8 kB and more"""


class Block(Struct, frozen=True):
    """One block of a file: a PNG chunk, a JPEG segment, a RIFF chunk, an ISO box, …."""

    kind: str
    """the block's own name in its format, for instance `tEXt`, `APP1`, `EXIF`"""
    offset: int
    """where the block begins in the file, in bytes"""
    data: bytes


class Container(Struct, frozen=True):
    """What a file's structure says about the picture in it."""

    format: str
    width: int
    """pixels, as stored (before EXIF orientation)"""
    height: int
    frames: int
    """pictures that a viewer could show; 1 for a still picture"""
    blocks: tuple[Block, ...]
    """blocks without pixels, in file order"""
    depth: int = 8
    """bits of a sample"""
    trailing: int = 0
    """bytes after the end of the picture"""
    beside: int = 0
    """those of them that belong to it: a gain map, previews"""
    gain_map: str = ""
    """digest of the gain map that it carries for HDR screens; empty: none"""
    orientation: int = 1
    """how the structure itself has the picture turned (AVIF), as EXIF counts orientations"""
    doubt: str = ""
    """why viewers may show different pictures, in words that follow the file's name; empty: they will not"""

    def first(self, kind: str) -> bytes | None:
        """The bytes of the first block of this kind."""
        return next((block.data for block in self.blocks if block.kind == kind), None)


def within_limits(width: int, height: int, name: str) -> None:
    """Refuse a picture by its declared size alone.

    Raises:
        Unreadable: a side is zero.
        TooLarge: a side or the area is over its limit.
    """
    if width < 1 or height < 1:
        raise Unreadable(f"{name} declares a picture of {width} x {height} pixels", "Export the picture again.")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise TooLarge(
            f"{name} declares {width} x {height} pixels; the limits are {MAX_SIDE} a side and "
            f"{MAX_PIXELS // 10**6} Mpx",
            "Commit a smaller version.",
        )


def check_limits(container: Container, name: str) -> Container:
    """The container itself, when picture size and metadata are within the limits."""
    within_limits(container.width, container.height, name)
    metadata = sum(len(block.data) for block in container.blocks)
    if metadata > MAX_METADATA:
        raise TooLarge(
            f"{name} carries {metadata / 1e6:.1f} MB of metadata; the limit is {MAX_METADATA / 1e6:.0f} MB",
            "Save it without thumbnails and edit history.",
        )
    return container


def check_count(count: int, name: str, limit: int = MAX_BLOCKS) -> None:
    """Refuse a file with more blocks than any real one.

    Raises:
        TooLarge: `count` is at the limit.
    """
    if count >= limit:
        raise TooLarge(f"{name} has more than {limit} blocks", "Export the picture again.")


def unpack(layout: str, data: bytes, offset: int, name: str) -> tuple[int, ...]:
    """`struct.unpack_from` whose failure says which file is cut short."""
    if offset < 0 or offset + struct.calcsize(layout) > len(data):
        raise cut_short(name)
    return struct.unpack_from(layout, data, offset)


def twice(kinds: Iterable[str], once: Iterable[str], what: str) -> str:
    """What changes the picture and stands in a file twice, as a doubt: readers take the first or the last.

    Args:
        kinds: What the file holds.
        once: What of it may be there once.
        what: What these are called, for instance `chunks`.
    """
    counts = Counter(kinds)
    return next((f"has {counts[one]} {one} {what}; only one is allowed" for one in once if counts[one] > 1), "")


def cut_short(name: str) -> Unreadable:
    """The error for a file that ends before its own structure does."""
    return Unreadable(f"{name} is cut short or its structure is broken", "Export or download the picture again.")
