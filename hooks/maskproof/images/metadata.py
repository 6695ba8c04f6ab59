"""Metadata that changes what is shown: the colour profile and the orientation, each from one place only.

Two profiles, or two EXIF blocks, are taken by some readers from the first and by others from the last one, and an
orientation may also stand in XMP or text that only some readers ask. The blocks that the container holds are compared
with what the decoder made of them; a file that leaves a choice is refused. Sources: EXIF 2.32; ICC.1:2022, annex B;
ITU-T T.872; W3C PNG, third edition; RFC 9649; ISO/IEC 23008-12.
"""

from __future__ import annotations

import contextlib
import struct
import warnings
import zlib
from typing import TYPE_CHECKING, Any

from PIL import Image

from maskproof.errors import Unreadable
from maskproof.images.containers.block import unpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.images.containers import Container

ORIENTATION = 0x0112
"""the EXIF tag of orientation"""
SHORT = 3
"""the EXIF type that an orientation has, and that readers ask for"""
THUMBNAIL = (0x0201, 0x0202)
"""the EXIF tags of where a thumbnail lies, and of its length"""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""what each EXIF orientation asks for; a value outside 1 to 8 is 1, as in browsers"""
LYING = 5
"""the first orientation that has width and height change places"""
TURNED_BY_READER = frozenset({"HEIC", "JXL"})
"""formats that are turned while they are decoded, by what their structure says"""
CODED_PROFILES = frozenset({"JXL"})
"""formats whose profile is part of the coded picture, so that the decoder alone knows it"""
EXIF_HEAD = b"Exif\0\0"
TIFF_HEADS = (b"II*\0", b"MM\0*")
ICC_HEAD = b"ICC_PROFILE\0"
PROFILE_TAG = "34675"
"""the TIFF tag of a profile"""
MAX_PROFILE = 4_000_000
"""bytes that a packed profile may unfold into; the largest real ones have 2 MB"""


def profile(container: Container, info: dict[Any, Any], name: str) -> bytes | None:
    """The one colour profile of a file.

    Args:
        container: Its blocks.
        info: What the decoder says of it.
        name: How messages call it.

    Raises:
        Unreadable: it holds several, or one that only some readers take.
    """
    taken = info.get("icc_profile") or None
    if container.format in CODED_PROFILES:
        return taken
    held = PROFILES[container.format](container) if container.format in PROFILES else []
    if len(held) > 1 or (held[0] if held else None) != taken:
        raise Unreadable(
            f"{name} holds {'a profile' if len(held) < 2 else f'{len(held)} profiles'} of its colours that only some "  # noqa: PLR2004
            "viewers take",
            "Export the picture again with one profile, or none.",
        )
    return taken


def turn(container: Container, image: Image.Image, name: str) -> Image.Transpose | None:
    """What the orientation asks for, once the picture is loaded: a PNG may carry EXIF behind its pixels.

    Pillow takes an orientation from XMP or ImageMagick's text where EXIF has none. Browsers do not, so a picture
    that is turned there alone is upright in one viewer and lies on its side in the next.

    Raises:
        Unreadable: it is turned by some viewers only.
    """
    held = EXIF_BLOCKS[container.format](container) if container.format in EXIF_BLOCKS else []
    if len(held) > 1:
        raise Unreadable(f"{name} holds {len(held)} EXIF blocks; only one is allowed", "Export the picture again.")
    asked = {TURNS.get(value) for value in _orientations(held[0] if held else b"")}
    if container.format == "TIFF":
        return None  # Pillow has turned it while loading, and a second tag of one number is refused
    if container.format in TURNED_BY_READER:
        if not asked <= {None, TURNS.get(container.orientation)}:
            raise _turned_by_some(name)
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a damaged EXIF entry is common and harmless while the orientation can be read
        taken = TURNS.get(image.getexif().get(ORIENTATION, 1))
    # An AVIF is turned by properties of its own, which Pillow tells as an orientation; its EXIF may say the same.
    own = {TURNS.get(container.orientation)} if container.format == "AVIF" else (asked or {None})
    if own != {taken} or not asked <= {None, taken}:
        raise _turned_by_some(name)
    return taken


def _turned_by_some(name: str) -> Unreadable:
    return Unreadable(
        f"{name} is turned by some viewers only: its EXIF, XMP or text contradict each other or are out of order",
        "Turn the picture itself and export it again.",
    )


def upright(exif: bytes) -> bytes:
    """A TIFF structure for a picture that was made of another: not turned, and without the thumbnail of the other.

    Everything else keeps its place, since makers' notes count from the start of the block. What is broken stays broken.
    """
    made = bytearray(exif)
    order = "<" if exif[:2] == b"II" else ">"
    with contextlib.suppress(Unreadable, struct.error):
        (start,) = unpack(order + "I", exif, 4, "")
        (count,) = unpack(order + "H", exif, start, "")
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            if unpack(order + "H", exif, entry, "") == (ORIENTATION,):
                struct.pack_into(order + "HIHH", made, entry + 2, SHORT, 1, 1, 0)
        behind = start + 2 + 12 * count
        (second,) = unpack(order + "I", exif, behind, "")
        struct.pack_into(order + "I", made, behind, 0)
        at, length = _thumbnail(exif, second, order) if second else (0, 0)
        made[at : at + length] = bytes(len(made[at : at + length]))
    return bytes(made)


def _thumbnail(exif: bytes, start: int, order: str) -> tuple[int, int]:
    """Start and length of the picture that the second directory of an EXIF block names; zeros: none."""
    (count,) = unpack(order + "H", exif, start, "")
    said = {}
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag, _, _, value = unpack(order + "HHII", exif, entry, "")
        said[tag] = value
    at, length = (said.get(tag, 0) for tag in THUMBNAIL)
    return at, length if at else 0


def _orientations(exif: bytes) -> list[int]:
    """What the first directory says, however often; of another type than SHORT as well, as some readers take it."""
    order = "<" if exif[:2] == b"II" else ">"
    found = []
    with contextlib.suppress(Unreadable):
        (start,) = unpack(order + "I", exif, 4, "")
        (count,) = unpack(order + "H", exif, start, "")
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind = unpack(order + "HH", exif, entry, "")
            if tag == ORIENTATION:
                (short,) = unpack(order + "H", exif, entry + 8, "")
                (long,) = unpack(order + "I", exif, entry + 8, "")
                found += [short] if kind == SHORT else [1, short, long]
    return found


# --- where they stand in each format ---------------------------------------------------------------------------------


def _of_kind(*kinds: str) -> Callable[[Container], list[bytes]]:
    return lambda container: [block.data for block in container.blocks if block.kind in kinds]


def _png_profiles(container: Container) -> list[bytes]:
    return [_inflated(data.partition(b"\0")[2][1:]) for data in _of_kind("iCCP")(container)]


def _inflated(data: bytes) -> bytes:
    """A packed profile; nothing where it is broken, which no decoder takes."""
    with contextlib.suppress(zlib.error):
        return zlib.decompressobj().decompress(data, MAX_PROFILE)
    return b""


def _jpeg_profiles(container: Container) -> list[bytes]:
    """The pieces of a profile, put together by their numbers; pieces that do not fit count as many profiles."""
    pieces = sorted(
        data[len(ICC_HEAD) :]
        for data in _of_kind("APP2")(container)
        if data.startswith(ICC_HEAD) and len(data) > 14  # noqa: PLR2004
    )
    numbers = [(piece[0], piece[1]) for piece in pieces]
    whole = numbers == [(number, len(pieces)) for number in range(1, len(pieces) + 1)]
    joined = b"".join(piece[2:] for piece in pieces)
    return [] if not pieces else [joined] if whole else [piece[2:] for piece in pieces] + [joined]


def _avif_profiles(container: Container) -> list[bytes]:
    return [data[4:] for data in _of_kind("colr")(container) if data[:4] in {b"prof", b"rICC"}]


def _jpeg_exif(container: Container) -> list[bytes]:
    """EXIF blocks; a segment that does not begin as one goes on with the block before it."""
    held = [data[6:] for data in _of_kind("APP1")(container) if data.startswith(EXIF_HEAD)]
    return held[:1] + [data for data in held[1:] if data.startswith(TIFF_HEADS)]


def _plain_exif(container: Container) -> list[bytes]:
    return [data.removeprefix(EXIF_HEAD) for data in _of_kind("eXIf", "EXIF")(container)]


def _avif_exif(container: Container) -> list[bytes]:
    """EXIF items, behind the offset of their TIFF head (ISO/IEC 23008-12, annex A)."""
    return [data[4 + int.from_bytes(data[:4], "big") :] for data in _of_kind("Exif")(container)]


def _jxl_exif(container: Container) -> list[bytes]:
    """As in AVIF; some writers leave the offset out."""
    held = _of_kind("Exif")(container)
    return [data if data.startswith(TIFF_HEADS) else data[4 + int.from_bytes(data[:4], "big") :] for data in held]


PROFILES: dict[str, Callable[[Container], list[bytes]]] = {
    "PNG": _png_profiles,
    "JPEG": _jpeg_profiles,
    "WEBP": _of_kind("ICCP"),
    "AVIF": _avif_profiles,
    "HEIC": _avif_profiles,
    "TIFF": _of_kind(PROFILE_TAG),
}
"""the profiles that a file of each format holds"""
EXIF_BLOCKS: dict[str, Callable[[Container], list[bytes]]] = {
    "PNG": _plain_exif,
    "JPEG": _jpeg_exif,
    "WEBP": _plain_exif,
    "AVIF": _avif_exif,
    "HEIC": _avif_exif,
    "JXL": _jxl_exif,
}
"""its EXIF blocks, each from its TIFF head on"""
