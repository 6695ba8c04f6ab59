"""Pictures by their first bytes, whatever they are called: what a browser or a phone shows as a picture.

Sources: the PNG, GIF89a, JPEG (ISO/IEC 10918-1), RIFF and ISO BMFF (ISO/IEC 14496-12, brands of 23008-12 and AVIF)
specifications; of BMP the sizes of its headers, those of Windows and OS/2, since two letters say little. TIFF is left
out, because camera raw files and scientific data begin like it and no browser shows it.
"""

from __future__ import annotations

import re

FIRST_BYTES = 32
"""how many are looked at"""
PICTURE = re.compile(
    rb"\x89PNG\r\n\x1a\n"
    rb"|\xff\xd8\xff"
    rb"|GIF8[79]a"
    rb"|RIFF.{4}WEBP"
    rb"|.{4}ftyp(?:avif|avis|heic|heix|heim|heis|hevc|hevx|mif1|msf1)"
    rb"|\0\0\0\x0cJXL \r\n\x87\n"
    rb"|BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0",
    re.DOTALL,
)


def is_picture(first: bytes) -> bool:
    """Does a file with these first bytes hold a picture?"""
    return bool(PICTURE.match(first))
