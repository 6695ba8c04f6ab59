"""Encoding: samples in, the bytes of an image file out. The only place that writes edits.

A picture whose protected pixels are exactly the original's stays so only in a format that keeps every sample: PNG,
WebP in its lossless mode, TIFF. JPEG and AVIF round; they are written as finely as their source was and no coarser,
exactness ends there (`LOSSY`).

A new format is a function and a row in `FORMATS`.
"""

from __future__ import annotations

import io
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from maskproof.errors import CouldNotRestore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

ZLIB_LEVEL = 6
"""zlib's level, its own default and Pillow's. On a 4K photograph level 4 takes a third of the time for the same size,
but flat drawings grow by 3 %, and what is committed stays in the repository for good"""
FILTERED_ROWS = 64
"""rows that are filtered at a time: enough for numpy to be fast, little enough to need no memory"""
PIECE_BYTES = 1_000_000
"""bytes that are compressed in one go; a piece costs some 5 bytes and the start of its Huffman tables"""
WINDOW_BYTES = 32_768
"""bytes that deflate looks back"""
ZLIB_HEADER = b"\x78\x9c"
MAX_THREADS = 4
PNG_COLOR = {1: 0, 2: 4, 3: 2, 4: 6}
"""PNG colour type by number of channels"""
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
FINE_QUALITY = 95
"""JPEG quality whose steps are never passed; above it files grow fast and gain nothing that is seen"""
MAX_JPEG_EXIF = 65_527
"""bytes of EXIF in one JPEG segment, behind its name"""
LOSSY = ("JPEG", "AVIF")
SUFFIXES = {
    ".png": "PNG",
    ".apng": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".avif": "AVIF",
}
"""formats by what file names end in"""
USE_PNG = "Write it as a PNG: add `-o NAME.png`."


class Carried(Struct, frozen=True):
    """What goes into the file beside the samples."""

    icc: bytes | None = None
    chunks: tuple[tuple[str, bytes], ...] = ()
    """PNG chunks, by kind: what they say of the colours comes before the picture, as it has to"""
    exif: bytes = b""
    """a TIFF structure; left out of a TIFF, and of a JPEG where it is too long"""
    tables: tuple[tuple[int, ...], ...] = ()
    """quantisation tables that a JPEG must not be coarser than: each at least as fine as the source's"""


def format_of(name: str) -> str:
    """The format that a file name asks for.

    Raises:
        CouldNotRestore: none that edits are written in.
    """
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    reason = "GIF holds at most 256 colours" if suffix == ".gif" else f"edits are not written as {suffix or name!a}"
    raise CouldNotRestore(f"{name}: {reason}", USE_PNG)


def encode(samples: NDArray[Any], kind: str, carried: Carried) -> bytes:
    """A picture as a file.

    Args:
        samples: H x W x 1 to 4 (grey, grey and alpha, RGB, RGBA), uint8 or uint16.
        kind: A row of `FORMATS`.
        carried: Profile and metadata; what the format has no place for is left out.

    Raises:
        CouldNotRestore: the format cannot hold these samples.
    """
    return FORMATS[kind](samples, carried)


def _png(samples: NDArray[Any], carried: Carried) -> bytes:
    """Written here and not by Pillow, which has no 16-bit colour; as fast, and a little smaller."""
    height, width, channels = samples.shape
    depth = 8 * samples.dtype.itemsize
    stored = samples if depth == 8 else samples.astype(">u2")  # noqa: PLR2004
    rows = np.ascontiguousarray(stored).view(np.uint8).reshape(height, -1)
    pixels = _deflate(b"".join(_filter_rows(rows, channels * depth // 8)))
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    head = [("IHDR", size + bytes([depth, PNG_COLOR[channels], 0, 0, 0]))]
    if carried.icc:
        head.append(("iCCP", b"ICC profile\0\0" + zlib.compress(carried.icc)))
        kept = [one for one in carried.chunks if one[0] != "sRGB"]  # at most one of the two may be there
    else:
        kept = list(carried.chunks)
    if carried.exif:
        kept.append(("eXIf", carried.exif))
    chunks = [*head, *kept, ("IDAT", pixels), ("IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind.encode(), data) for kind, data in chunks)


def _deflate(data: bytes) -> bytes:
    """A zlib stream (RFC 1950), made in pieces side by side, as `pigz` does: compressing is most of what writing costs.

    A piece begins with what the one before it ended on as its dictionary, and ends on a whole byte, so that the pieces
    are one stream. They are cut by length alone: the same bytes on every machine, however many cores it has.
    """
    starts = range(0, max(len(data), 1), PIECE_BYTES)

    def compress(start: int) -> bytes:
        dictionary = data[max(0, start - WINDOW_BYTES) : start]
        packer = zlib.compressobj(ZLIB_LEVEL, zlib.DEFLATED, -15, 9, zlib.Z_FILTERED, dictionary)
        last = start + PIECE_BYTES >= len(data)
        ending = zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH
        return packer.compress(data[start : start + PIECE_BYTES]) + packer.flush(ending)

    with ThreadPoolExecutor(min(os.cpu_count() or 1, len(starts), MAX_THREADS)) as pool:
        body = b"".join(pool.map(compress, starts))
    return ZLIB_HEADER + body + zlib.adler32(data).to_bytes(4, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(data, zlib.crc32(kind)).to_bytes(4, "big")


def _filter_rows(rows: NDArray[np.uint8], step: int) -> Iterator[bytes]:
    """Rows with the filter each that leaves the least (PNG, third edition, 12.7: minimum sum of absolute differences).

    Args:
        rows: H x bytes of a row.
        step: Bytes of a pixel.
    """
    above = np.zeros((1, rows.shape[1]), np.uint8)
    for top in range(0, len(rows), FILTERED_ROWS):
        own = rows[top : top + FILTERED_ROWS]
        over = np.concatenate([above, own[:-1]])
        above = own[-1:]
        left, corner = np.zeros_like(own), np.zeros_like(own)
        left[:, step:], corner[:, step:] = own[:, :-step], over[:, :-step]
        mean = ((left.astype(np.uint16) + over) >> 1).astype(np.uint8)
        guesses = (np.uint8(0), left, over, mean, _paeth(left, over, corner))
        tried = [np.subtract(own, guess) for guess in guesses]
        cost = [np.abs(one.view(np.int8).astype(np.int16)).sum(1, dtype=np.int64) for one in tried]
        best = np.argmin(cost, axis=0)
        out = np.empty((len(own), rows.shape[1] + 1), np.uint8)
        out[:, 0] = best
        for kind, one in enumerate(tried):
            out[best == kind, 1:] = one[best == kind]
        yield out.tobytes()


def _paeth(left: NDArray[np.uint8], over: NDArray[np.uint8], corner: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Whichever of three neighbours is nearest to left + over - corner (PNG, chapter 9.4)."""
    down, right = over.astype(np.int16) - corner, left.astype(np.int16) - corner
    to_left, to_over, to_corner = np.abs(down), np.abs(right), np.abs(down + right)
    return np.where((to_left <= to_over) & (to_left <= to_corner), left, np.where(to_over <= to_corner, over, corner))


def _webp(samples: NDArray[Any], carried: Carried) -> bytes:
    # `exact`: or the colours under transparent pixels are made up.
    return _save(_eight("WebP", samples), "WEBP", carried, lossless=True, exact=True, quality=70, method=4)


def _tiff(samples: NDArray[Any], carried: Carried) -> bytes:
    if samples.dtype == np.uint16 and samples.shape[2] > 1:
        raise CouldNotRestore("16-bit TIFF is written in grey only, and this picture has more channels", USE_PNG)
    image = Image.fromarray(samples[..., 0]) if samples.dtype == np.uint16 else _eight("TIFF", samples)
    return _save(image, "TIFF", Carried(carried.icc), compression="tiff_adobe_deflate")


def _jpeg(samples: NDArray[Any], carried: Carried) -> bytes:
    if samples.shape[2] in {2, 4}:
        raise CouldNotRestore("JPEG holds no transparency, and this picture has some", USE_PNG)
    image = _eight("JPEG", samples)
    own = [np.array(table) for table in _tables(FINE_QUALITY)]
    for index, table in enumerate(carried.tables):
        # The steps of light and those of colour; a source with more tables binds the ones for colour.
        own[min(index, 1)] = np.minimum(own[min(index, 1)], table)
    tables = [[int(step) for step in table] for table in own]
    fits = 0 < len(carried.exif) <= MAX_JPEG_EXIF
    carried = replace(carried, exif=b"Exif\0\0" + carried.exif if fits else b"")
    return _save(image, "JPEG", carried, qtables=tables, subsampling=0, optimize=True)


def _avif(samples: NDArray[Any], carried: Carried) -> bytes:
    return _save(_eight("AVIF", samples), "AVIF", carried, quality=100, subsampling="4:4:4")


FORMATS: dict[str, Callable[[NDArray[Any], Carried], bytes]] = {
    "PNG": _png,
    "WEBP": _webp,
    "TIFF": _tiff,
    "JPEG": _jpeg,
    "AVIF": _avif,
}


def _tables(quality: int) -> list[list[int]]:
    """The quantisation tables of a JPEG quality, for light and for colour."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", quality=quality)
    tables: dict[int, list[int]] = Image.open(out).quantization  # type: ignore[attr-defined]
    return [tables[0], tables[1]]


def _eight(kind: str, samples: NDArray[Any]) -> Image.Image:
    if samples.dtype != np.uint8:
        raise CouldNotRestore(f"{kind} holds 8 bits a sample, and the original has 16", USE_PNG)
    return Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples, MODES[samples.shape[2]])


def _save(image: Image.Image, kind: str, carried: Carried, **options: Any) -> bytes:
    beside = {"icc_profile": carried.icc, "exif": carried.exif}
    out = io.BytesIO()
    image.save(out, kind, **options, **{key: value for key, value in beside.items() if value})
    return out.getvalue()
