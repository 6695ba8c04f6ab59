"""BMP: a header and rows of samples, as Windows programs write it. Source: Microsoft, BITMAPINFOHEADER and its heirs.

Only plain samples are taken: in a compressed file rows may be left out, and every reader fills them otherwise.
"""

from __future__ import annotations

from maskproof.images.containers.block import Container, cut_short, unpack

INFO, V4, V5 = 40, 108, 124
"""bytes of the headers that are known"""
PLAIN = {0, 3}
"""ways of storing samples: as they are, and as they are with masks that say which bits are which colour"""
SRGB = {b"BGRs", b" niW"}
"""colour spaces that mean sRGB: `sRGB` and `Win `, stored backwards"""


def matches(data: bytes) -> bool:
    return data[:2] == b"BM" and data[14:18] in {size.to_bytes(4, "little") for size in (INFO, V4, V5)}


def read(data: bytes, name: str) -> Container:
    """The header; a BMP holds no metadata."""
    (start,) = unpack("<I", data, 10, name)
    size, width, height, planes, bits, how = unpack("<IiiHHI", data, 14, name)
    end = start + (width * bits + 31) // 32 * 4 * abs(height)
    doubt = ""
    if how not in PLAIN or planes != 1:
        doubt = "holds compressed samples, which readers fill in otherwise where rows are left out"
    elif size > INFO and data[70:74] not in SRGB:
        doubt = "describes colours of its own, which few viewers follow"
    elif end > len(data) or start < 14 + size:
        raise cut_short(name)
    return Container("BMP", width, abs(height), 1, (), trailing=max(len(data) - end, 0), doubt=doubt)
