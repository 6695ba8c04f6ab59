"""Decoding: bytes in, an upright picture in sRGB out. The only place where an image decoder runs, in a worker.

Two files can hold equal numbers and show different pictures: an ICC profile, a gamma, an orientation tag, a
palette, the low byte of 16 bits. Here a file becomes the samples that a careful viewer would show, and what
cannot be applied is named in `Picture.color`, so that nothing is hidden by a conversion. `decode_stored` gives the
numbers as the file holds them as well: a picture that is written again must not go through sRGB.
"""

from __future__ import annotations

import io
import struct
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from PIL import Image, PngImagePlugin, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from maskproof.errors import CouldNotJudge, SeveralFrames, Unreadable
from maskproof.images import containers, readers, rows, worker
from maskproof.images.color import PRINT_MODES, SRGB, color_chunks, png_color, split, to_srgb
from maskproof.images.metadata import LYING, MAX_PROFILE, TURNED_BY_READER, profile, turn
from maskproof.model import Picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from maskproof.images.containers import Block, Container

SIXTEEN_BIT = {"I;16", "I;16B", "I;16L", "I;16N"}
EIGHT_BIT = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "LAB", "YCbCr"}
"""Pillow's modes whose samples are shown as they stand; it clips all others (12 or 32 bits, floats) without a word"""
KEYED = {0: "L", 2: "RGB"}
"""PNG colour types in which a tRNS chunk names one transparent colour, and Pillow's mode for them"""
PHOTOMETRIC = "262"
"""the TIFF tag that says whether 0 is black"""
DEEP = 16
OPAQUE = 255
SAY_WHAT_IS_SHOWN = {"iCCP", "cICP", "tRNS", "eXIf", "zxIf", "mDCV", "cLLI"}
"""chunks of a PNG by which its samples show something else than they are as sRGB, or stand on their side"""
PACKED_TEXTS = {"zTXt", "iTXt"}
"""chunks of a PNG that hold text, packed or not: workflows with a picture in them unfold to megabytes"""
TURNED_BY_TEXT = (b"Raw profile type", b"XML:com.adobe.xmp")
"""keywords of text in which some readers look for an orientation"""
PLAIN_XMP, ORIENTATION = b"XML:com.adobe.xmp\0\0", b"orientation"
"""how XMP begins that is not packed, and what has to stand in it for a reader to find one, in whatever case"""
SEPARATORS = 2
"""zeros behind that in a whole chunk; more are UTF-16, in which the word would be another one"""
PngImagePlugin.MAX_TEXT_CHUNK = MAX_PROFILE
"""bytes that Pillow lets a profile unfold into: it counts them as texts, of which it refuses those of over 1 MB"""
WIDE = 257
"""an 8-bit value v says the same as the 16-bit value 257 v"""


class Stored(Struct, frozen=True):
    """A picture as its file holds it, beside what it shows: all that is needed to write it again."""

    shown: Picture
    mode: str
    """L, LA, RGB or RGBA, by Pillow's names; CMYK or LAB as they are, which nothing here writes"""
    samples: NDArray[Any]
    """H x W x channels, upright, uint8 or uint16; palettes and 1, 2 or 4 bits are widened to 8, which shows the same"""
    icc: bytes | None
    """the embedded profile"""
    chunks: tuple[tuple[str, bytes], ...]
    """PNG chunks that describe the colours, by kind"""
    exif: bytes
    """a TIFF structure; empty where there is none"""
    xmp: bytes
    widened: str
    """what the file holds where that is not `samples`, in words: `a palette`; empty where it is"""
    turned: bool
    """an EXIF orientation was applied"""
    tables: tuple[tuple[int, ...], ...]
    """quantisation tables of a JPEG, 64 steps each, as Pillow gives and takes them; empty for other formats"""
    container: Container


def decode(data: bytes, name: str, container: Container | None = None) -> Picture:
    """A still picture, upright and in sRGB.

    `data` is the whole file, `name` how messages call it, `container` the file as `containers.blocks` walked it before.

    Raises:
        Unreadable: broken, cut short, contradictory, or of a format that is not supported.
        TooLarge: over a limit, known from the header alone.
        SeveralFrames: an animation or a multi-page file.
    """
    shown: Picture = _asked("picture", data, name, container)
    return shown


def decode_mask(
    data: bytes, name: str, container: Container | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """A mask as the two planes a mask can be drawn in; takes and raises what `decode` does.

    Returns:
        Lightness and alpha, H x W each, 0 to 255, upright; alpha is None where every pixel is opaque.
    """
    planes: tuple[NDArray[np.uint8], NDArray[np.uint8] | None] = _asked("mask", data, name, container)
    return planes


def thumbnail(data: bytes, name: str, side: int, container: Container | None = None) -> NDArray[np.uint8]:
    """A picture as a small grey square: for perceptual hashes only, never for judging.

    Colour profiles are left out and a JPEG is decoded at a fraction of its size, which costs a fraction of `decode`.
    All limits and refusals of `decode` hold.

    `side` is how many pixels both sides are brought to, whatever the shape of the picture; the rest as in `decode`.

    Returns:
        side x side luma (ITU-R BT.601), 0 to 255, upright, on white where the picture is transparent.

    Raises:
        Unreadable, TooLarge, SeveralFrames: as in `decode`.
    """
    small: NDArray[np.uint8] = _asked("thumbnail", data, name, container, side)
    return small


def _thumbnail(data: bytes, container: Container, name: str, side: int) -> NDArray[np.uint8]:
    image = _open(data, container, name)
    if container.format == "JPEG":  # of other formats a reader may take a thumbnail that shows something else
        image.draft("L", (2 * side, 2 * side))
    high, _ = _bytes_of_16(image, data, container, name)
    method = turn(container, image, name)
    small = grey_square(high, side)
    return np.asarray(small if method is None else small.transpose(method))


def grey_square(image: Image.Image, side: int) -> Image.Image:
    """A picture as side x side luma, averaged over areas, on white where it is transparent."""
    if image.mode in {"LA", "PA", "RGBA", "RGBa", "La"} or "transparency" in image.info:
        small = image.convert("RGBA").resize((side, side), Image.Resampling.BILINEAR)
        return Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("L")
    return image.convert("L").resize((side, side), Image.Resampling.BILINEAR)


def decode_stored(data: bytes, name: str) -> Stored:
    """A still picture with its samples as they are stored; limits, strictness and errors as in `decode`."""
    stored: Stored = _asked("stored", data, name)
    return stored


class _Raw(Struct, frozen=True):
    """What the decoder gave, before colours are converted."""

    container: Container
    image: Image.Image
    """the file's own, for what it says beside its samples"""
    high: Image.Image
    """8 bits, as stored; a PNG's one transparent colour made alpha"""
    low: Image.Image | None
    """the low bytes of 16-bit samples"""
    turn: Image.Transpose | None
    icc: bytes | None
    """the profile that it embeds"""

    def upright(self, image: Image.Image) -> NDArray[Any]:
        """The samples of one of the images, H x W x channels (H x W for one channel)."""
        return np.asarray(image if self.turn is None else image.transpose(self.turn))


class _Shown(Struct, frozen=True):
    """A file as a careful viewer would show it, still in the decoder's own memory."""

    image: Image.Image
    """RGB or RGBA, upright, in sRGB"""
    low: Image.Image | None
    """low bytes of 16-bit samples, upright"""
    color: str
    managed: bool

    @property
    def alpha(self) -> NDArray[np.uint8] | None:
        """H x W, 0 transparent; None where every pixel is opaque."""
        if self.image.mode != "RGBA":
            return None
        plane = np.asarray(self.image.getchannel("A"))
        return None if int(plane.min()) == OPAQUE else plane


def _asked(kind: str, data: bytes, name: str, walked: Container | None = None, *more: Any) -> Any:
    """What the worker makes of a still picture, by a row of `WORK`; its structure is walked before."""
    container = containers.read(data, name, walked)
    if container.frames != 1:
        raise SeveralFrames(
            f"{name} holds {container.frames} frames; only still pictures can be judged",
            "Commit one still picture, or leave this file out of the record.",
        )
    return worker.ask(kind, data, name, container.width * container.height, container, *more)


def answer(kind: str, data: bytes, name: str, container: Container, *more: Any) -> Any:
    """What a decoder makes of a still picture, in the worker; whatever goes wrong in it becomes one of our errors."""
    try:
        # What the decoder leaves unproved is proved beside it: both unpack the same bytes, and neither needs the other.
        with ThreadPoolExecutor(1) as pool, warnings.catch_warnings():
            warnings.simplefilter("error")
            if kind in PLAIN and (plain := _plain(data, container, name)) is not None:
                return PLAIN[kind](plain)
            proof = pool.submit(containers.check_pixels, data, container, name)
            try:
                return WORK[kind](_without_texts(data, container), container, name, *more)
            finally:
                proof.result()  # its reason is the better one where both fail
    except (CouldNotJudge, MemoryError):
        raise
    except UnidentifiedImageError as error:  # its own text holds a memory address, another one in every run
        raise Unreadable(
            f"{name} holds {container.format} samples in a layout that is not supported",
            "Save it with 8 or 16 bits a sample, as grey, RGB or RGBA.",
        ) from error
    except Exception as error:
        # Decoders of hostile bytes raise nearly anything (SyntaxError, struct.error, TypeError, warnings …).
        raise Unreadable(
            f"{name} cannot be decoded ({type(error).__name__}: {str(error)[:200]})",
            "Export the picture again.",
        ) from error


def _open(data: bytes, container: Container, name: str) -> Any:
    """A picture whose header is read, when Pillow and the container agree on what it is."""
    kind = readers.pillow_name(container.format)
    # Of a JPEG with further pictures behind it Pillow makes another format, unless it is asked past its own door.
    opened = JpegImageFile if kind == "JPEG" else partial(Image.open, formats=[kind])
    image = opened(io.BytesIO(data))
    if image.format != kind or getattr(image, "n_frames", 1) != 1:
        raise Unreadable(
            f"{name} is read as {image.format} by one reader and {container.format} by another",
            "Export the picture again.",
        )
    stored = (container.width, container.height)
    # Pillow gives the upright size of a TIFF, and AVIF may be cropped by a box that it applies.
    allowed = {stored, stored[::-1]} if container.format == "TIFF" else {_laid(container)}
    if image.size not in allowed and container.format != "AVIF":
        raise Unreadable(f"{name} declares two sizes", "Export the picture again.")
    return image


def _laid(container: Container) -> tuple[int, int]:
    """Width and height as the decoder gives them: upright where it turns a picture itself."""
    size = (container.width, container.height)
    upright = container.format in TURNED_BY_READER and container.orientation >= LYING
    return size[::-1] if upright else size


def _without_texts(data: bytes, container: Container) -> bytes:
    """A PNG without its packed texts: Pillow refuses one of over 1 MB, and none says what the samples show.

    Those in which some readers look for an orientation are kept.
    """
    if container.format != "PNG":
        return data
    kept, end = [], 0
    for block in container.blocks:
        if block.kind in PACKED_TEXTS and not _may_turn(block):
            kept.append(data[end : block.offset])
            end = block.offset + 12 + len(block.data)
    return b"".join((*kept, data[end:])) if kept else data


def _plain(data: bytes, container: Container, name: str) -> Picture | None:
    """A PNG whose samples are shown as they are stored, inflated once; None: it needs a decoder."""
    if container.format != "PNG" or not all(map(_leaves_samples, container.blocks)):
        return None
    if container.blocks[-1].kind != "IDAT":
        return None  # what stands behind the pixels is read by the decoder when it is at their end
    _open(_without_texts(data, container), container, name)  # refuses what it would refuse before the pixels
    stored = rows.samples(data, container, name)
    if stored is None:
        return None
    alpha = stored[..., 3] if stored.shape[2] == 4 else None  # noqa: PLR2004
    if alpha is not None:
        stored, alpha = np.ascontiguousarray(stored[..., :3]), np.ascontiguousarray(alpha)
    return Picture(
        "PNG",
        np.repeat(stored, 3, axis=2) if stored.shape[2] == 1 else stored,
        None if alpha is None or int(alpha.min()) == OPAQUE else alpha,
        None,
        *png_color(container),
        container.trailing - container.beside,
        None,
        container.gain_map,
    )


def _leaves_samples(block: Block) -> bool:
    """Does a chunk of a PNG say nothing of what its samples show?"""
    return block.kind not in SAY_WHAT_IS_SHOWN and not _may_turn(block)


def _may_turn(block: Block) -> bool:
    """May some reader find an orientation in this text? Not in XMP that names none, as marks of AI are written."""
    if not block.data.startswith(TURNED_BY_TEXT):
        return False
    packed = block.kind != "iTXt" or not block.data.startswith(PLAIN_XMP)
    rest = block.data[len(PLAIN_XMP) + 1 :]  # a language, its name of the keyword, the text; zeros between them
    return packed or rest.count(0) != SEPARATORS or ORIENTATION in rest.lower()


def _plain_mask(plain: Picture) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    return np.asarray(Image.fromarray(plain.samples).convert("L")), plain.alpha


def _decode(data: bytes, container: Container, name: str) -> Picture:
    return _picture(_raw(data, container, name))


def _raw(data: bytes, container: Container, name: str) -> _Raw:
    image = _open(data, container, name)
    high, low = _bytes_of_16(image, data, container, name)
    icc = profile(container, image.info, name)
    return _Raw(container, image, _apply_key(high, low, container), low, turn(container, image, name), icc)


def _show(raw: _Raw) -> _Shown:
    shown, color, managed = to_srgb(raw.high, raw.icc, raw.container)
    low = raw.low
    if raw.turn is not None:
        shown, low = shown.transpose(raw.turn), None if low is None else low.transpose(raw.turn)
    return _Shown(shown, low, color, managed)


def _picture(raw: _Raw) -> Picture:
    shown = _show(raw)
    return Picture(
        raw.container.format,
        np.ascontiguousarray(np.asarray(shown.image)[..., :3]),
        shown.alpha,
        None if shown.low is None else np.atleast_3d(np.asarray(shown.low)),
        shown.color,
        shown.managed,
        raw.container.trailing - raw.container.beside,
        raw.icc,
        raw.container.gain_map,
        raw.container.depth,
        raw.high.mode if raw.high.mode in PRINT_MODES else "",
    )


def _mask_planes(data: bytes, container: Container, name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    shown = _show(_raw(data, container, name))
    return np.asarray(shown.image.convert("L")), shown.alpha


def _decode_stored(data: bytes, container: Container, name: str) -> Stored:
    raw = _raw(data, container, name)
    shown = _picture(raw)
    base, alpha = split(raw.high)
    if base.mode == "RGB" and alpha is None and raw.low is None and (shown.color == SRGB or not shown.managed):
        samples: NDArray[Any] = shown.samples  # nothing was converted; a copy would be 150 MB of a 50 Mpx picture
    else:
        samples = _stored_samples(raw, base, alpha)
    tables = getattr(raw.image, "quantization", None) or {}
    said = raw.image.info
    return Stored(
        shown,
        base.mode + ("" if alpha is None else "A"),
        samples,
        raw.icc,
        color_chunks(container),
        (said.get("exif") or b"").removeprefix(b"Exif\0\0"),  # of a HEIC without one it is None
        said.get("xmp") or b"",
        _describe_widening(raw, alpha is not None),
        raw.turn is not None or container.format == "TIFF",
        tuple(tuple(table) for _, table in sorted(tables.items())),
        container,
    )


def _stored_samples(raw: _Raw, base: Image.Image, alpha: Image.Image | None) -> NDArray[Any]:
    samples: NDArray[Any] = np.atleast_3d(raw.upright(base))
    if raw.low is not None:
        low = np.atleast_3d(raw.upright(raw.low))
        samples = samples.astype(np.uint16) << 8 | low[..., : samples.shape[2]]
    if alpha is None:
        return samples
    plane = raw.upright(alpha)[..., None]
    if raw.low is not None:
        # One transparent colour has no low byte of its own.
        own = low.shape[2] in {2, 4}
        plane = plane.astype(np.uint16) << 8 | low[..., -1:] if own else plane.astype(np.uint16) * WIDE
    return np.concatenate([samples, plane], axis=2)


def _describe_widening(raw: _Raw, transparent: bool) -> str:
    """What a file holds that is not written again as it is, in words."""
    if raw.image.mode in {"P", "PA"}:
        return "a palette"
    if transparent and not raw.image.mode.endswith(("A", "a")):
        return "one colour that stands for transparency"
    return f"{raw.container.depth} bit a sample" if raw.container.depth < 8 else ""  # noqa: PLR2004


def _bytes_of_16(image: Any, data: bytes, container: Container, name: str) -> tuple[Image.Image, Image.Image | None]:
    """The picture in 8 bits, and the low bytes of 16-bit samples, which Pillow drops in silence.

    They are had by unpacking the same file in the other byte order, or, where Pillow knows no such order (grey
    with alpha), by reading 16-bit grey and alpha as 8-bit red, green, blue, alpha: PNG filters work on bytes.
    """
    if container.depth != DEEP or container.format not in {"PNG", "TIFF"}:
        image.load()
        if image.mode not in EIGHT_BIT:
            raise Unreadable(f"{name} holds samples that are neither of 8 nor of 16 bits", "Save it with 8 or 16 bits.")
        return image, None
    if (container.first(PHOTOMETRIC) or b"\1").strip(b"\0") == b"" and container.format == "TIFF":
        raise Unreadable(f"{name} holds 16-bit samples with 0 as white", "Save it with 0 as black.")
    if image.mode in SIXTEEN_BIT:
        samples = np.asarray(image).astype(np.uint16)
        return Image.fromarray((samples >> 8).astype(np.uint8)), Image.fromarray((samples & 255).astype(np.uint8))
    if image.mode not in {"RGB", "RGBA"}:
        raise Unreadable(f"{name} holds 16-bit samples in a layout that cannot be read in full", "Save it as RGB.")
    if any(str(_raw_mode(tile)).startswith("LA;16") for tile in image.tile):
        header = data[:24] + b"\x08\x06" + data[26:29]
        narrow = header + zlib.crc32(header[12:29]).to_bytes(4, "big") + data[33:]
        bands = Image.open(io.BytesIO(narrow), formats=["PNG"]).split()
        grey = Image.merge("LA", (bands[0], bands[2]))
        return grey, Image.merge("LA", (bands[1], bands[3]))
    other: Any = Image.open(io.BytesIO(data), formats=[container.format])
    other.tile = [_swap(tile) for tile in other.tile]
    other.load()
    image.load()
    return image, other


def _apply_key(high: Image.Image, low: Image.Image | None, container: Container) -> Image.Image:
    """The picture with the one colour transparent that a PNG tRNS chunk names, compared as it is stored.

    Pillow compares the stored number with samples that it widened (2 and 4 bits) or narrowed (16 bits) to 8.
    """
    key = container.first("tRNS") if container.format == "PNG" else None
    mode = KEYED.get((container.first("IHDR") or bytes(10))[9])
    if key is None or mode is None:
        return high
    largest = (1 << container.depth) - 1
    wanted = np.array(struct.unpack_from(f">{len(mode)}H", key)) & largest
    plain = high.convert(mode)
    plain.info.pop("transparency", None)
    samples = np.atleast_3d(np.asarray(plain)).astype(np.int32)
    if low is None:
        wanted = wanted * OPAQUE // largest
    else:
        samples = samples << 8 | np.atleast_3d(np.asarray(low))
    plain.putalpha(Image.fromarray(np.where((samples == wanted).all(-1), 0, OPAQUE).astype(np.uint8)))
    return plain


def _raw_mode(tile: Any) -> Any:
    return tile.args[0] if isinstance(tile.args, tuple) else tile.args


def _swap(tile: Any) -> Any:
    """A tile whose 16-bit samples are taken in the other byte order, so that the low byte comes out."""
    raw = _raw_mode(tile)
    native = "B" if sys.byteorder == "little" else "L"
    swapped = raw[:-1] + {"B": "L", "L": "B", "N": native}[raw[-1]]
    return tile._replace(args=(swapped, *tile.args[1:]) if isinstance(tile.args, tuple) else swapped)


PLAIN: dict[str, Callable[[Picture], Any]] = {"picture": lambda plain: plain, "mask": _plain_mask}
"""what of it can be had from plain samples"""
WORK: dict[str, Callable[..., Any]] = {
    "picture": _decode,
    "mask": _mask_planes,
    "stored": _decode_stored,
    "thumbnail": _thumbnail,
}
"""what can be asked of the worker"""
