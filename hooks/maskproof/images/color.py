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

from maskproof.model import sha256_of

if TYPE_CHECKING:
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
FITTING = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
"""Pillow's mode by the colour space an ICC profile is for"""

COLOR_CHUNKS = ("cICP", "sRGB", "gAMA", "cHRM")


def to_srgb(image: Image.Image, icc: bytes | None, container: Container) -> tuple[Image.Image, str, bool]:
    """The picture as RGB or RGBA in sRGB.

    Returns:
        The picture; how the file describes its colours; whether that description was applied.
    """
    base, alpha = split(image)
    coded = _color_code(container)
    if coded is not None:
        color, managed, shown = coded, coded == SRGB, base.convert("RGB")
    elif icc:
        shown, color, managed = _through_profile(base, icc)
    elif base.mode in {"CMYK", "LAB"}:
        shown, color, managed = base.convert("RGB"), f"{base.mode} without a profile", False
    else:
        shown, color, managed = base.convert("RGB"), *_png_color(container)
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
    return image if image.mode in {"CMYK", "LAB"} else image.convert("RGB"), None


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
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    except OSError:
        return base.convert("RGB"), f"a broken ICC profile ({sha256_of(icc)[:8]})", False
    space = profile.profile.xcolor_space.strip()
    name = f"ICC profile {_name(profile)} ({sha256_of(icc)[:8]})"
    mode = FITTING.get(space)
    if mode == "RGB" and base.mode == "L":
        base = base.convert("RGB")
    if mode != base.mode:
        return base.convert("RGB"), f"{name}, which is for {space} and not for {base.mode}", False
    transform = _transform(icc, mode)
    if _is_srgb(transform, mode):
        return base.convert("RGB"), SRGB, True
    shown = ImageCms.applyTransform(base, transform)
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


def _is_srgb(transform: Any, mode: str) -> bool:
    """Judge a profile by what it does to a lattice of colours, never by the name it gives itself."""
    if mode not in {"RGB", "L"}:
        return False
    steps = np.linspace(0, 255, 9 if mode == "RGB" else 256).astype(np.uint8)
    if mode == "RGB":
        lattice = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(27, 27, 3)
        probe = Image.fromarray(lattice)
    else:
        probe = Image.fromarray(steps[None, :])
    shown = ImageCms.applyTransform(probe, transform)
    difference = np.asarray(shown, np.int16) - np.asarray(probe.convert("RGB"), np.int16)
    return int(np.abs(difference).max()) <= TOLERANCE


def _color_code(container: Container) -> str | None:
    """The H.273 code points of PNG cICP or AVIF nclx, in words; None where there are none."""
    if container.format == "PNG" and (code := container.first("cICP")) and len(code) >= 2:  # noqa: PLR2004
        primaries, transfer = code[0], code[1]
    elif container.format == "AVIF" and (box := container.first("colr")) and box[:4] == b"nclx":
        primaries, transfer = struct.unpack_from(">HH", box, 4)
        if any(one.kind == "colr" and one.data[:4] in {b"prof", b"rICC"} for one in container.blocks):
            return None
    else:
        return None
    if primaries in {BT709, UNSPECIFIED} and transfer in SRGB_TRANSFERS:
        return SRGB
    return f"colour code {primaries}/{transfer} of ITU-T H.273"


def _png_color(container: Container) -> tuple[str, bool]:
    """GAMA and cHRM where they ask for something else than sRGB; viewers disagree on them, so they are only named."""
    if container.format != "PNG":
        return SRGB, True
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
