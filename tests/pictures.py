"""Pictures made on the spot, byte by byte where a decoder's own writer would hide what a test is about."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""PNG colour type by number of channels"""
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def noise(width: int, height: int, channels: int = 3, *, seed: int = 0, depth: int = 8) -> np.ndarray:
    """Random samples, H x W x channels (H x W for one channel)."""
    kind = np.uint16 if depth == 16 else np.uint8
    made = np.random.default_rng(seed).integers(0, 1 << depth, (height, width, channels)).astype(kind)
    return made[..., 0] if channels == 1 else made


def smooth(width: int, height: int) -> np.ndarray:
    """A colourful picture that JPEG keeps close: H x W x 3."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([255 * x / max(width - 1, 1), 255 * y / max(height - 1, 1), 128 + 0 * x], -1).astype(np.uint8)


def saved(samples: np.ndarray | Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file that Pillow writes."""
    image = samples if isinstance(samples, Image.Image) else Image.fromarray(samples)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """A PNG chunk with a right CRC."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def repaired(data: bytes) -> bytes:
    """A PNG whose checksums fit again."""
    out, at = [data[:8]], 8
    while at < len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        out.append(data[at:end] + zlib.crc32(data[at + 4 : end]).to_bytes(4, "big"))
        at = end + 4
    return b"".join(out)


def header(width: int, height: int, depth: int, color: int, interlace: int = 0) -> bytes:
    """A PNG header chunk."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace))


def png(
    samples: np.ndarray,
    *,
    before: bytes = b"",
    after: bytes = b"",
    interlaced: bool = False,
    filters: bool = True,
    color: int | None = None,
) -> bytes:
    """A PNG of 8- or 16-bit samples, with chunks before and after its image data, every row filtered another way."""
    cube = samples if samples.ndim == 3 else samples[..., None]
    height, width, channels = cube.shape
    depth = 8 * cube.dtype.itemsize
    stored = cube.astype(">u2") if depth == 16 else cube
    planes = [stored[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [stored]
    raw = b"".join(_filtered(plane, channels * depth // 8, filters=filters) for plane in planes if plane.size)
    kind = COLOR_TYPES[channels] if color is None else color
    return (
        SIGNATURE
        + header(width, height, depth, kind, int(interlaced))
        + before
        + chunk(b"IDAT", zlib.compress(raw))
        + after
        + chunk(b"IEND")
    )


def packed_png(samples: np.ndarray, depth: int, color: int, before: bytes = b"") -> bytes:
    """A PNG of 1, 2 or 4 bits a sample, one channel."""
    height, width = samples.shape
    rows = []
    for row in samples:
        bits = "".join(f"{int(value):0{depth}b}" for value in row)
        bits += "0" * (-len(bits) % 8)
        rows.append(b"\0" + bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)))
    return (
        SIGNATURE
        + header(width, height, depth, color)
        + before
        + chunk(b"IDAT", zlib.compress(b"".join(rows)))
        + chunk(b"IEND")
    )


def _filtered(plane: np.ndarray, step: int, *, filters: bool) -> bytes:
    """Rows with a filter byte each: none, Sub, Up, Average and Paeth in turn (PNG, chapter 9)."""
    rows, above = [], bytes(plane.shape[1] * step)
    for number, line in enumerate(plane):
        row = line.tobytes()
        which = number % 5 if filters else 0
        left = bytes(step) + row[:-step]
        corner = bytes(step) + above[:-step]
        guess = {
            0: bytes(len(row)),
            1: left,
            2: above,
            3: bytes((a + b) // 2 for a, b in zip(left, above, strict=True)),
            4: bytes(_paeth(a, b, c) for a, b, c in zip(left, above, corner, strict=True)),
        }[which]
        rows.append(bytes([which]) + bytes((value - near) & 255 for value, near in zip(row, guess, strict=True)))
        above = row
    return b"".join(rows)


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))


def tiff(
    samples: np.ndarray,
    *,
    order: str = "<",
    extra: dict[int, int] | None = None,
    alpha: int | None = None,
    directory_last: bool = False,
) -> bytes:
    """An uncompressed TIFF with one strip; `extra` sets further short tags, `alpha` the meaning of a fourth channel."""
    cube = samples if samples.ndim == 3 else samples[..., None]
    height, width, channels = cube.shape
    bits = 8 * cube.dtype.itemsize
    pixels = cube.astype(f"{order}u{cube.dtype.itemsize}").tobytes()
    short = {256: width, 257: height, 259: 1, 262: 2 if channels >= 3 else 1, 277: channels, 278: height, 284: 1}
    short |= {338: alpha} if alpha is not None else {}
    short |= extra or {}
    count = len(short) + 3
    tail = struct.pack(f"{order}{channels}H", *[bits] * channels) if channels > 2 else b""
    start = 8 + (len(pixels) + len(pixels) % 2 if directory_last else 0)
    after = start + 2 + 12 * count + 4
    strip = 8 if directory_last else after + len(tail)
    rows = {tag: struct.pack(order + "HHIHH", tag, 3, 1, value, 0) for tag, value in short.items()}
    rows[258] = (
        struct.pack(order + "HHII", 258, 3, channels, after)
        if tail
        else struct.pack(order + "HHIHH", 258, 3, channels, bits, bits if channels == 2 else 0)
    )
    rows[273] = struct.pack(order + "HHII", 273, 4, 1, strip)
    rows[279] = struct.pack(order + "HHII", 279, 4, 1, len(pixels))
    directory = (
        struct.pack(order + "H", count) + b"".join(rows[tag] for tag in sorted(rows)) + struct.pack(order + "I", 0)
    )
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start)
    if directory_last:
        return head + pixels + b"\0" * (len(pixels) % 2) + directory + tail
    return head + directory + tail + pixels


def gif_codes(codes: list[int], width: int) -> bytes:
    """Codes of one width as the sub-blocks of a GIF; with a clear code before every other, the width never grows."""
    number = sum(code << (width * at) for at, code in enumerate(codes))
    data = number.to_bytes((len(codes) * width + 7) // 8, "little")
    pieces = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"


def gif(
    indexes: list[int],
    screen: tuple[int, int],
    frame: tuple[int, int, int, int] | None = None,
    trailer: bytes = b";",
    *,
    stop: bool = True,
) -> bytes:
    """A GIF of four colours from a list of colour indexes, as many or as few as a test wants."""
    width, height = screen
    left, top, across, down = frame or (0, 0, width, height)
    colors = bytes([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    codes = [code for index in indexes for code in (4, index)] + ([5] if stop else [])
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", width, height, 0x81, 0, 0)
        + colors
        + struct.pack("<BHHHHB", 0x2C, left, top, across, down, 0)
        + b"\x02"
        + gif_codes(codes, 3)
        + trailer
    )


def box(kind: bytes, data: bytes = b"") -> bytes:
    """An ISO base media box."""
    return struct.pack(">I", 8 + len(data)) + kind + data


def exif(orientation: int) -> bytes:
    """An EXIF block that holds only an orientation."""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def jpeg_segment(marker: int, data: bytes) -> bytes:
    """A JPEG segment."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def turned(samples: np.ndarray, orientation: int) -> np.ndarray:
    """What a viewer shows for stored samples, by the table of EXIF 2.32, 4.6.4: where row 0 and column 0 are shown."""
    return {
        1: lambda a: a,  # row 0 top, column 0 left
        2: lambda a: a[:, ::-1],  # top, right
        3: lambda a: a[::-1, ::-1],  # bottom, right
        4: lambda a: a[::-1],  # bottom, left
        5: lambda a: a.swapaxes(0, 1),  # left, top
        6: lambda a: a.swapaxes(0, 1)[:, ::-1],  # right, top
        7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],  # right, bottom
        8: lambda a: a.swapaxes(0, 1)[::-1],  # left, bottom
    }[orientation](samples)


def matrix_profile(
    name: str, colourants: tuple[tuple[float, float, float], ...], curve: bytes, more: dict[bytes, bytes] | None = None
) -> bytes:
    """An ICC profile (version 2) of three colourants, as XYZ at D50, and one curve for all channels; `more` tags."""

    def fixed(*numbers: float) -> bytes:
        return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))

    def xyz(values: tuple[float, ...]) -> bytes:
        return b"XYZ \0\0\0\0" + fixed(*values)

    text = name.encode() + b"\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(4 + 4 + 2 + 1 + 67)
    tags = {b"desc": described, b"cprt": b"text\0\0\0\0none\0", b"wtpt": xyz((0.9642, 1.0, 0.8249))}
    tags |= {key + b"XYZ": xyz(values) for key, values in zip((b"r", b"g", b"b"), colourants, strict=True)}
    tags |= {key + b"TRC": curve for key in (b"r", b"g", b"b")} | (more or {})
    table, body = struct.pack(">I", len(tags)), b""
    for key, data in tags.items():
        table += key + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = (
        struct.pack(">I", 128 + len(table) + len(body)) + bytes(4) + b"\x02\x10\0\0mntrRGB XYZ " + bytes(12) + b"acsp"
    )
    head += bytes(28) + fixed(0.9642, 1.0, 0.8249)
    return head + bytes(128 - len(head)) + table + body


def gamma_curve(gamma: float) -> bytes:
    """An ICC curve that is a power."""
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)


def srgb_curve() -> bytes:
    """The curve of sRGB as an ICC table."""
    at = np.linspace(0, 1, 1024)
    values = np.where(at <= 0.04045, at / 12.92, ((at + 0.055) / 1.055) ** 2.4)
    return b"curv\0\0\0\0" + struct.pack(">I1024H", 1024, *np.round(values * 65535).astype(int))


def level_curve(shown: np.ndarray) -> bytes:
    """An ICC curve by which each of 256 levels is shown as another level of sRGB."""
    return b"curv\0\0\0\0" + struct.pack(">I256H", 256, *_linear(shown))


def level_table(colourants: tuple[tuple[float, float, float], ...], shown: np.ndarray) -> bytes:
    """The same as an ICC table (`mft2`) for three colourants: curves, and a grid of two steps a channel."""
    corners = [(r, g, b) for r in (0, 1) for g in (0, 1) for b in (0, 1)]
    grid = np.round(np.array(corners) @ np.array(colourants) * 32768).clip(0, 65535).astype(int)
    one, nought = 1 << 16, 0
    matrix = struct.pack(">9i", one, nought, nought, nought, one, nought, nought, nought, one)
    head = b"mft2\0\0\0\0" + bytes([3, 3, 2, 0]) + matrix + struct.pack(">HH", 256, 2)
    inputs = struct.pack(">256H", *_linear(shown)) * 3
    return head + inputs + struct.pack(">24H", *grid.ravel()) + struct.pack(">HH", 0, 65535) * 3


def _linear(shown: np.ndarray) -> np.ndarray:
    at = shown / 255
    return np.round(np.where(at <= 0.04045, at / 12.92, ((at + 0.055) / 1.055) ** 2.4) * 65535).astype(int)


P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
"""the colourants of Display P3 at D50"""
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
"""the colourants of Adobe RGB (1998) at D50"""
BT709 = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141))
"""the colourants of sRGB at D50"""
