"""Memory of pictures: what one gave back is kept for the next.

The C library of most Linux systems hands memory of this size back to the system at once, and the system fills it with
zeros when it is asked for again, page by page: a tenth of the time of judging large pictures. See mallopt(3).
"""

from __future__ import annotations

import sys
from contextlib import suppress

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""names of two settings in malloc.h"""
PICTURE_BYTES = 32 << 20
"""up to this size memory is kept: the most that the library takes, and the samples of a picture of 11 million pixels"""
KEPT_BYTES = 96 << 20
"""more than this at the end of what is in use is handed back all the same: a decoder of 3840 x 2160 samples gives back
76 MB after each picture, its file twice, the rows and the samples"""


def keep() -> None:
    """Let this process, and those that are copied from it, use memory again."""
    if sys.platform != "linux":
        return
    import ctypes

    with suppress(OSError, AttributeError):  # other C libraries have no such settings
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(MMAP_THRESHOLD, PICTURE_BYTES)
        mallopt(TRIM_THRESHOLD, KEPT_BYTES)
