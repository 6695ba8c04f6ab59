"""PNG samples in one pass: the bytes that prove that a file holds the rows it declares are the rows themselves.

Decoders invent missing rows and ignore surplus ones, so beside a decoder every PNG is inflated twice: once for its
picture and once for the proof. For the layouts that nearly all have, 8 bits of grey, RGB or RGBA that are not
interlaced, one inflating does for both where the compiled helper is there (`unfilter.c`, built with the package
where a compiler is): what is left is to take the rows' filters off. Everything else, and every machine without the
helper, goes through the decoder and the proof beside it; samples and verdicts are the same.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL

from maskproof.images.containers import png

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from maskproof.images.containers import Container

HELPER = "unfilter.built"
"""the compiled helper, beside this module; of no ending by which Python would take it for a module of its own"""
BYTES_A_PIXEL = {0: 1, 2: 3, 6: 4}
"""of 8-bit samples, by colour type: grey, RGB, RGBA"""


def samples(data: bytes, container: Container, name: str) -> NDArray[np.uint8] | None:
    """What a PNG holds, as its file has it, and the proof that it is all there.

    Args:
        data: The whole file.
        container: Its blocks, as `containers.read` walked them.
        name: How messages call it.

    Returns:
        H x W x 1, 3 or 4; None where the file has another layout, or the helper is not there.

    Raises:
        Unreadable: more or fewer rows than the header declares, a broken stream or checksum.
    """
    if container.format != "PNG" or (helper := unfilter()) is None:
        return None
    header = png.header_of(container, name)
    pixel = BYTES_A_PIXEL.get(header.color)
    if pixel is None or header.depth != 8 or header.interlace:  # noqa: PLR2004
        return None
    size = header.width * pixel
    rows = png.inflated(png.image_data(data, name), header.height * (1 + size), name)
    found = np.empty((header.height, header.width, pixel), np.uint8)
    if helper(rows, found.ctypes.data, header.height, size, pixel):
        raise png.unknown_filter(name)
    return found


@cache
def unfilter() -> Callable[[bytes, int, int, int, int], int] | None:
    """The helper: rows, where the samples go, rows, bytes of a row, bytes of a pixel; None where it is not built."""
    file = Path(__file__).with_name(HELPER)
    if not file.is_file():
        return None
    import ctypes

    try:
        found: Any = ctypes.CDLL(str(file)).maskproof_unfilter
    except (OSError, AttributeError):  # built for another machine
        return None
    found.restype = ctypes.c_size_t
    found.argtypes = (ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_size_t)
    return found  # type: ignore[no-any-return]


def ways() -> tuple[str, ...]:
    """What pictures are read with on this machine, in words."""
    inflating = "ISA-L" if png.ISAL else "zlib"
    if unfilter():
        way = f"PNG: inflated once by {inflating}, its filters taken off by the compiled helper"
    else:
        way = f"PNG: decoded by Pillow, its rows proved by {inflating} beside it (the compiled helper is not built)"
    return way, f"Pillow {PIL.__version__}, NumPy {np.__version__}"
