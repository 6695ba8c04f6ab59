"""Stealth marks: generation data in the lowest bits of the pixels, as NovelAI and some web UIs write them.

The bits run down each column, from left to right: of alpha alone, or of red, green and blue in turn. First comes a
signature of 15 letters, then the number of bits that follow (32 bits), then text, or text packed with gzip. Such marks
survive where metadata is stripped, but finding them costs a decode, so they are looked for only when asked.
Source: NovelAI/novelai-image-metadata; neggles/sd-webui-stealth-pnginfo.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIGNATURES = {
    b"stealth_pnginfo": ("alpha", False),
    b"stealth_pngcomp": ("alpha", True),
    b"stealth_rgbinfo": ("red, green and blue", False),
    b"stealth_rgbcomp": ("red, green and blue", True),
}
"""what stands first: where it is hidden, and whether it is packed"""
SIGNATURE, LENGTH = 15, 4
"""bytes of the signature and of the length"""
MAX_TEXT = 1_000_000
GZIP = 31
"""zlib's window bits for a gzip stream"""


def read(samples: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> tuple[str, str] | None:
    """Where the text is hidden, and the text; None where there is none.

    Args:
        samples: H x W x 3, as stored, not colour-managed.
        alpha: H x W; None where the picture is opaque.
    """
    for plane in (alpha, samples):
        if plane is None:
            continue
        cube = plane if plane.ndim == 3 else plane[..., None]  # noqa: PLR2004
        if found := _unpack(cube):
            return found
    return None


def _unpack(plane: NDArray[np.uint8]) -> tuple[str, str] | None:
    head = _bytes(plane, 0, SIGNATURE + LENGTH)
    if head[:SIGNATURE] not in SIGNATURES:
        return None
    where, packed = SIGNATURES[head[:SIGNATURE]]
    count = int.from_bytes(head[SIGNATURE:], "big") // 8
    body = _bytes(plane, SIGNATURE + LENGTH, min(count, 8 * MAX_TEXT))
    try:
        text = zlib.decompressobj(GZIP).decompress(body, MAX_TEXT) if packed else body[:MAX_TEXT]
    except zlib.error:
        text = b""
    return where, text.decode("utf-8", "replace")


def _bytes(plane: NDArray[np.uint8], start: int, count: int) -> bytes:
    """Bytes made of the lowest bits, column after column, the first bit the highest."""
    import numpy as np

    height, width, channels = plane.shape
    columns = min(width, -(-8 * (start + count) // (height * channels)))
    bits = (plane[:, :columns] & 1).transpose(1, 0, 2).ravel()[8 * start : 8 * (start + count)]
    return np.packbits(bits).tobytes()
