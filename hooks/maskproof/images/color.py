"""Colour: what a file says its numbers mean, and the same colours as sRGB numbers.

A file can carry an ICC profile, or in PNG and AVIF a short code for its colour space. Profiles are applied.
What is not applied (a PNG gamma, an HDR code, CMYK without a profile) is named, so that a change of it is seen.
"""

from __future__ import annotations

import contextlib
import io
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageCms

from maskproof.content import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from maskproof.images.containers import Container

SRGB = "sRGB"
TOLERANCE = 2
"""levels of 255 by which a profile may differ from sRGB over a colour lattice and still be sRGB in effect"""
GAMMA = 45455
"""gAMA of 1/2.2, x100000, that PNG writers put beside sRGB"""
PRIMARIES = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
"""cHRM of ITU-R BT.709, x100000"""
ROUNDING = 100
"""how far writers round the two, x100000"""
BT709, UNSPECIFIED = 1, 2
SRGB_TRANSFERS = frozenset({1, 2, 6, 13})
"""ITU-T H.273 transfer codes that viewers show as sRGB: BT.709, unspecified, BT.601, sRGB"""
PRINT_MODES = {"CMYK", "LAB"}
"""of Pillow; what is made for print and not written here"""
FITTING = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
"""Pillow's mode by the colour space an ICC profile is for"""

TABLES = (b"A2B0", b"A2B1", b"A2B2", b"A2B3", b"D2B0", b"D2B1", b"D2B2", b"D2B3")
"""tags of tables, one for each intent: integers, and floats, which come first where they are known (ICC.1:2022, 8)"""
FOUND = {b"A": b"0", b"D": b"1"}
"""where lcms looks when it is asked for relative colorimetry and there is no other table"""
CURVES = frozenset({b"rTRC", b"kTRC"})
"""tags of curves, which readers without tables follow"""
OVERRIDES = frozenset({b"cicp", b"MS00"})
"""tags that say in another way what the colours are: code points (ICC.1:2022, 9.2.17), and a profile of Windows"""
LATTICE = {3: 17, 4: 9}
"""steps of a channel in the lattice of colours that a profile is asked for, by number of channels"""
DIGITS = 16
"""of a profile's digest, by which two descriptions are told apart: 2^64 trials make another profile of the same"""
GIF_PROFILE = b"ICCRGBG1012"
"""how the application extension of a GIF begins that holds a profile"""
STREAMS = {"AVIF": "AV1", "HEIC": "HEVC"}
"""formats whose boxes may leave the colours to the coded stream"""
COLOR_CHUNKS = ("cICP", "sRGB", "gAMA", "cHRM")


def to_srgb(image: Image.Image, icc: bytes | None, container: Container) -> tuple[Image.Image, str, bool]:
    """The picture as RGB or RGBA in sRGB.

    Returns:
        The picture; how the file describes its colours; whether that description was applied.
    """
    base, alpha = split(image)
    coded = _color_code(container)
    if coded is not None:
        color, managed, shown = coded, coded == SRGB, _rgb(base)
    elif icc:
        shown, color, managed = _through_profile(base, icc)
    elif base.mode in PRINT_MODES:
        shown, color, managed = _rgb(base), f"{base.mode} without a profile", False
    else:
        shown, color, managed = _rgb(base), *_file_color(container)
    if alpha is not None:
        shown.putalpha(alpha)
    return shown, color, managed


def split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colour without alpha (L, RGB, CMYK or LAB), and alpha where the file has any."""
    if image.mode in {"LA", "PA", "RGBA", "RGBa", "La"} or "transparency" in image.info:
        whole = image.convert("RGBA")
        grey = image.mode in {"L", "LA", "La", "1"}
        return whole.convert("L") if grey else whole.convert("RGB"), whole.getchannel("A")
    if image.mode in {"1", "L"}:
        return image.convert("L"), None
    return image if image.mode in PRINT_MODES else _rgb(image), None


def _rgb(image: Image.Image) -> Image.Image:
    """A picture as RGB; itself where it is that already, as a copy takes a third as long as decoding."""
    return image if image.mode == "RGB" else image.convert("RGB")


def from_srgb(samples: NDArray[np.uint8], icc: bytes | None, mode: str) -> NDArray[np.uint8]:
    """SRGB samples as the numbers that show the same colours under another file's profile.

    Args:
        samples: H x W x 3, sRGB.
        icc: The other file's profile; None, broken or for other samples: its numbers are taken for sRGB.
        mode: Its samples, L or RGB.

    Returns:
        H x W x 1 or 3. Colours that the profile does not hold become the nearest that it does.
    """
    image = Image.fromarray(samples)
    shown: Image.Image | None = None
    if icc:
        with contextlib.suppress(OSError, ImageCms.PyCMSError):
            back = _transform(icc, mode, back=True)
            shown = ImageCms.applyTransform(image, back)
    return np.atleast_3d(np.asarray(image.convert(mode) if shown is None else shown))


def assigned(samples: NDArray[np.uint8], icc: bytes) -> NDArray[np.uint8] | None:
    """The numbers of a file without a profile (H x W x 3) as the sRGB samples that they are under another file's.

    None where that profile is broken, or for other samples.
    """
    grey = bool((samples[..., :1] == samples[..., 1:]).all())
    image = Image.fromarray(samples)
    shown, _, managed = _through_profile(image.convert("L") if grey else image, icc)
    return np.asarray(shown) if managed else None


def color_chunks(container: Container) -> tuple[tuple[str, bytes], ...]:
    """What a PNG says of its colours besides an ICC profile, as chunks that another PNG can hold."""
    if container.format != "PNG":
        return ()
    return tuple((block.kind, block.data) for block in container.blocks if block.kind in COLOR_CHUNKS)


def _through_profile(base: Image.Image, icc: bytes) -> tuple[Image.Image, str, bool]:
    try:
        return _applied(base, icc)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return _rgb(base), f"a broken ICC profile ({sha256_of(icc)[:DIGITS]})", False


def _applied(base: Image.Image, icc: bytes) -> tuple[Image.Image, str, bool]:
    """As `to_srgb`; raises PyCMSError, OSError or ValueError where the profile is broken."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    space = profile.profile.xcolor_space.strip()
    name = f"ICC profile {_name(profile)} ({sha256_of(icc)[:DIGITS]})"
    mode = FITTING.get(space)
    if mode == "RGB" and base.mode == "L":
        base = _rgb(base)
    if mode != base.mode:
        return _rgb(base), f"{name}, which is for {space} and not for {base.mode}", False
    said = _contradicted(icc)
    if not said and _is_srgb(icc, mode):
        return _rgb(base), SRGB, True
    if said or not _agree(icc, mode):
        said = said or "whose tables and curves show different colours"
        return _rgb(base), f"{name}, {said}", False
    shown = ImageCms.applyTransform(base, _transform(icc, mode))
    assert shown is not None  # noqa: S101 - only in-place transforms return None
    return shown, name, True


def _name(profile: Any) -> str:
    text = str(profile.profile.profile_description or "without a name")
    return "".join(char for char in text if char.isprintable()).strip()[:60]


@lru_cache(maxsize=16)
def _transform(icc: bytes, mode: str, *, back: bool = False) -> Any:
    """To sRGB, or back from it."""
    sides: list[tuple[Any, str]] = [
        (ImageCms.ImageCmsProfile(io.BytesIO(icc)), mode),
        (ImageCms.createProfile("sRGB"), "RGB"),
    ]
    (source, before), (target, after) = reversed(sides) if back else sides
    return ImageCms.buildTransform(
        source,
        target,
        before,
        after,
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _is_srgb(icc: bytes, mode: str) -> bool:
    """Judge a profile by what it does to colours, never by the name it gives itself."""
    probe = _probe(mode)
    wanted = np.asarray(probe.convert("RGB"), np.int16)
    return mode in {"RGB", "L"} and all(_differ(one, wanted) <= TOLERANCE for one in _readings(icc, mode, probe))


def _agree(icc: bytes, mode: str) -> bool:
    """Do all readings of a profile show the same colours?"""
    first, *others = _readings(icc, mode, _probe(mode))
    return all(_differ(one, first) <= TOLERANCE for one in others)


def _tags(icc: bytes) -> list[tuple[bytes, int]]:
    """What stands in the list of tags, and where (ICC.1:2022, 7.3)."""
    end = min(len(icc) - 11, 132 + 12 * int.from_bytes(icc[128:132], "big"))
    return [(icc[at : at + 4], at) for at in range(132, end, 12)]


def _contradicted(icc: bytes) -> str:
    """What in a profile only some viewers follow, in words; empty: nothing."""
    names = [name for name, _ in _tags(icc)]
    if len(set(names)) < len(names):
        return "which holds a tag twice"
    for name, at in _tags(icc):
        start = int.from_bytes(icc[at + 4 : at + 8], "big")
        if name == b"cicp" and _code_in_words(*icc[start + 8 : start + 12].ljust(4, b"\0")) == SRGB:
            continue
        if name in OVERRIDES:
            return f"whose {name.decode()} tag says something of its own"
    return ""


def _differ(one: NDArray[np.int16], other: NDArray[np.int16]) -> int:
    return int(np.abs(one - other).max())


def _readings(icc: bytes, mode: str, probe: Image.Image) -> Iterator[NDArray[np.int16]]:
    """Colours as each part of a profile that a viewer may follow shows them: the asked way, each table, its curves.

    A profile may hold a table for each intent, as integers and as floats, and curves with colourants beside them; which
    of these is followed is up to the viewer and its settings. The others are taken out of the list of tags.
    """
    tags = dict(_tags(icc))
    tables = [tag for tag in TABLES if tag in tags]
    ways = [icc]
    for kept in (*tables, None) if CURVES & tags.keys() else tables:
        data = bytearray(icc)
        for tag in tables:
            # The table that stays gets the name under which the intent that is asked for finds it.
            name = tag[:3] + FOUND[tag[:1]] if tag == kept else tag[:1].lower() + tag[1:]
            data[tags[tag] : tags[tag] + 4] = name
        ways.append(bytes(data))
    for way in ways if tables else [icc]:
        shown = ImageCms.applyTransform(probe, _transform(way, mode))
        yield np.asarray(shown, np.int16)


@lru_cache(maxsize=4)
def _probe(mode: str) -> Image.Image:
    """All 256 levels of each channel alone, of all channels together (with black and with white), and a lattice."""
    count = len(Image.new(mode, (1, 1)).getbands())
    levels = np.arange(256, dtype=np.uint8)
    lines = [np.repeat(levels[:, None], count, 1)]
    for channel in range(count):
        for rest in (0, 255):
            line = np.full((256, count), rest, np.uint8)
            line[:, channel] = levels
            lines.append(line)
    steps = np.linspace(0, 255, LATTICE[count] if count > 1 else 2).astype(np.uint8)
    lines.append(np.stack(np.meshgrid(*[steps] * count), -1).reshape(-1, count))
    cube = np.concatenate(lines)[None]
    return Image.frombytes(mode, cube.shape[1::-1], cube.tobytes())


def _color_code(container: Container) -> str | None:
    """The H.273 code points of PNG cICP, or nclx of AVIF and HEIC, in words; None where there are none."""
    if container.format == "PNG" and (code := container.first("cICP")) is not None:
        return _code_in_words(*code[:4].ljust(4, b"\0"))
    if container.format in STREAMS:
        described = [block.data for block in container.blocks if block.kind == "colr"]
        if not described:
            return f"left to the {STREAMS[container.format]} stream"
        if all(data[:4] == b"nclx" for data in described):
            # How luma and differences become red, green, blue is for the decoder, which follows it.
            return _code_in_words(*struct.unpack_from(">HH", described[0].ljust(8, b"\0"), 4))
    return None


def _code_in_words(primaries: int, transfer: int, matrix: int = 0, full: int = 1) -> str:
    if primaries in {BT709, UNSPECIFIED} and transfer in SRGB_TRANSFERS and (matrix, full) == (0, 1):
        return SRGB
    return f"colour code {primaries}/{transfer} of ITU-T H.273" + ("" if full else ", narrow range")


def _file_color(container: Container) -> tuple[str, bool]:
    """What else a format has room for; viewers disagree on it, so it is only named."""
    if container.format == "PNG":
        return png_color(container)
    profile = next((one.data for one in container.blocks if one.data.startswith(GIF_PROFILE)), None)
    if container.format == "GIF" and profile is not None:
        return f"an ICC profile in a GIF ({sha256_of(profile)[:DIGITS]})", False
    return SRGB, True


def png_color(container: Container) -> tuple[str, bool]:
    """GAMA and cHRM where they ask for something else than sRGB; viewers disagree on them, so they are only named."""
    said = []
    gamma, primaries = container.first("gAMA"), container.first("cHRM")
    if gamma and len(gamma) == 4:  # noqa: PLR2004
        (value,) = struct.unpack(">I", gamma)
        if abs(value - GAMMA) > ROUNDING:
            said.append(f"gamma {value / 100_000:g}")
    if primaries and len(primaries) == 32:  # noqa: PLR2004
        values = struct.unpack(">8I", primaries)
        if any(abs(value - wanted) > ROUNDING for value, wanted in zip(values, PRIMARIES, strict=True)):
            said.append("primaries " + " ".join(str(value) for value in values))
    return (f"PNG {', '.join(said)}", False) if said else (SRGB, True)
