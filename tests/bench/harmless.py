"""Processing that a picture goes through without anyone editing it. Each makes (original, edit) from one picture."""

from __future__ import annotations

import io
import struct
from functools import partial
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

if TYPE_CHECKING:
    from collections.abc import Callable

QUALITIES = (75, 85, 95)
SUBSAMPLING = {"4:4:4": 0, "4:2:0": 2}
LANCZOS = Image.Resampling.LANCZOS
COLORANTS = {
    b"r": (0.51512, 0.24120, -0.00105),
    b"g": (0.29198, 0.69225, 0.04189),
    b"b": (0.15710, 0.06657, 0.78407),
}
"""XYZ of Display P3's primaries (SMPTE EG 432-1 with a D65 white), adapted to D50 by Bradford, as profiles hold them"""
D50 = (0.9642, 1.0, 0.8249)
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
"""g a b c d of IEC 61966-2-1, which Display P3 shares"""
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>'


def display_p3() -> bytes:
    """A matrix profile of Display P3, ICC version 4.3, written by hand."""
    tags = {
        b"desc": _text("Display P3"),
        b"cprt": _text("No copyright, use freely"),
        b"wtpt": _xyz(*D50),
        **{name + b"XYZ": _xyz(*value) for name, value in COLORANTS.items()},
    }
    curve = b"para" + struct.pack(">IHH", 0, 3, 0) + _numbers(*SRGB_CURVE)
    tags |= {name + b"TRC": curve for name in COLORANTS}
    start, index, data = 128 + 4 + 12 * len(tags), b"", b""
    for name, value in tags.items():
        index += name + struct.pack(">II", start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    body = struct.pack(">I", len(tags)) + index + data
    header = struct.pack(">I4sI4s4s4s", 128 + len(body), b"", 0x04300000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _numbers(*D50)
    return header.ljust(128, b"\0") + body


def _text(text: str) -> bytes:
    raw = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">III4sII", 0, 1, 12, b"enUS", len(raw), 28) + raw


def _xyz(*values: float) -> bytes:
    return b"XYZ " + bytes(4) + _numbers(*values)


def _numbers(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **({"compress_level": 1} if kind == "PNG" else {}) | options)
    return buffer.getvalue()


def encoded(picture: Image.Image, kind: str, **options: Any) -> tuple[bytes, bytes]:
    """Saved in another format."""
    return saved(picture, "PNG"), saved(picture, kind, **options)


def resized_and_back(picture: Image.Image) -> tuple[bytes, bytes]:
    """One pixel smaller each way, and back."""
    smaller = picture.resize((picture.width - 1, picture.height - 1), LANCZOS)
    return encoded_pair(picture, smaller.resize(picture.size, LANCZOS))


def shipped(picture: Image.Image, times: float, kind: str, quality: int) -> tuple[bytes, bytes]:
    """As large as the page shows it, and not as large as it was made."""
    size = [max(1, round(side * times)) for side in picture.size]
    return saved(picture, "PNG"), saved(picture.resize(size, LANCZOS), kind, quality=quality)


def in_p3(picture: Image.Image) -> Image.Image:
    """The same colours as 8-bit numbers of Display P3."""
    return _converted(picture, ImageCms.createProfile("sRGB"), _p3())


def p3_and_back(picture: Image.Image) -> tuple[bytes, bytes]:
    """To Display P3 in 8 bits and back to sRGB, as a colour-managed editor would."""
    return encoded_pair(picture, _converted(in_p3(picture), _p3(), ImageCms.createProfile("sRGB")))


def p3_embedded(picture: Image.Image) -> tuple[bytes, bytes]:
    """Left in Display P3, with the profile in the file."""
    return saved(picture, "PNG"), saved(in_p3(picture), "PNG", icc_profile=display_p3())


def stripped(picture: Image.Image) -> tuple[bytes, bytes]:
    """EXIF, XMP, texts, resolution and an sRGB profile in the original, nothing but pixels in the edit."""
    exif = Image.Exif()
    exif[0x0112], exif[0x0131], exif[0x010E] = 1, "an editor", "a description"
    texts = PngInfo()
    texts.add_text("Comment", "taken by somebody")
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    original = saved(picture, "PNG", exif=exif, pnginfo=texts, dpi=(300, 300), icc_profile=srgb)
    return original, saved(picture, "PNG")


def encoded_pair(first: Image.Image, second: Image.Image) -> tuple[bytes, bytes]:
    """Both as PNG."""
    return saved(first, "PNG"), saved(second, "PNG")


def _p3() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(io.BytesIO(display_p3()))


def _converted(picture: Image.Image, given: Any, wanted: Any) -> Image.Image:
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    made = ImageCms.profileToProfile(picture, given, wanted, renderingIntent=intent, outputMode="RGB")
    assert made is not None
    return made


HARMLESS: dict[str, Callable[[Image.Image], tuple[bytes, bytes]]] = {
    **{
        f"JPEG {quality} {name}": partial(encoded, kind="JPEG", quality=quality, subsampling=code)
        for quality in QUALITIES
        for name, code in SUBSAMPLING.items()
    },
    **{f"WebP {quality}": partial(encoded, kind="WEBP", quality=quality) for quality in QUALITIES},
    "AVIF 75": partial(encoded, kind="AVIF", quality=75),
    "PNG, other compression": partial(encoded, kind="PNG", compress_level=6),
    "1 px smaller and back": resized_and_back,
    "half the size, WebP 80": partial(shipped, times=0.5, kind="WEBP", quality=80),
    "three quarters, JPEG 85": partial(shipped, times=0.75, kind="JPEG", quality=85),
    "one and a half times, JPEG 90": partial(shipped, times=1.5, kind="JPEG", quality=90),
    "Display P3 and back": p3_and_back,
    "Display P3, profile embedded": p3_embedded,
    "metadata stripped": stripped,
}
