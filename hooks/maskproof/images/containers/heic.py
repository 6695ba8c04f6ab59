"""HEIC and HEIF: the boxes of AVIF around another codec. Marks are read; the picture where a reader is installed.

Sources: ISO/IEC 23008-12; Apple's auxiliary images (HEIF Image Extension of 2017 and later). The same walk as
`avif.py`, but for two things that every program which shows HEIC does alike: a picture is cropped to its `clap`, which
encoders add because they code whole blocks; and of pictures beside it (depth, mattes, gain maps) only an alpha is
shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.images.containers import avif

if TYPE_CHECKING:
    from maskproof.images.containers.block import Container

BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})
FAMILY = avif.Family(
    "HEIC",
    frozenset({b"hvc1", b"grid"}),
    avif.SIMPLE - {"av1C"} | {"hvcC", "clap"},
    alphas=(b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1"),
    gain_maps=(b"urn:com:apple:photo:2020:aux:hdrgainmap",),
)


def matches(data: bytes) -> bool:
    return avif.has_brand(data, BRANDS)


def read(data: bytes, name: str) -> Container:
    """A HEIC file; an image sequence counts as more than one frame."""
    return avif.read_family(data, name, FAMILY)
