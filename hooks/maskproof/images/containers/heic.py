"""HEIC and HEIF: the boxes of AVIF around another codec. Marks are read; pictures cannot be judged.

Source: ISO/IEC 23008-12; the same walk as `avif.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from maskproof.images.containers import avif

if TYPE_CHECKING:
    from maskproof.images.containers.block import Container

BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})


def matches(data: bytes) -> bool:
    return avif.has_brand(data, BRANDS)


def read(data: bytes, name: str) -> Container:
    """Boxes of a HEIC file."""
    return replace(avif.read_metadata(data, name), format="HEIC")
