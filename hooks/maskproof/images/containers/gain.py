"""Gain maps: a second picture that relights the first on HDR screens. Sources: ISO 21496-1; Ultra HDR 1.1; Apple.

A phone's JPEG carries one behind its first picture, named by a multi-picture index or by XMP; an AVIF holds it as an
item of kind `tmap`. The first picture is what all other screens show, and what is judged.
"""

from __future__ import annotations

from maskproof.content import sha256_of

SIGNS = (
    b"http://ns.adobe.com/hdr-gain-map/1.0/",
    b"urn:iso:std:iso:ts:21496:-1",
    b"urn:com:apple:photo:2020:aux:hdrgainmap",
    b"http://ns.apple.com/HDRGainMap/1.0/",
)
"""what the metadata of a gain map, or of the picture that it belongs to, holds"""


def digest_of_map(described: bytes, pictures: bytes) -> str:
    """The digest of a gain map; empty where it is none.

    Args:
        described: Metadata of the first picture.
        pictures: What follows it, or what is held beside it.
    """
    named = any(sign in described or sign in pictures for sign in SIGNS)
    return sha256_of(pictures) if named and pictures else ""
