"""Readers that the user installed: HEIC and JPEG XL are judged where a plug-in of Pillow for them is at hand.

The libraries behind them are under copyleft licences (LGPL, GPL), so maskproof depends on none of them. One that is
installed beside it is loaded by the decoder's worker, when the first picture of its format is asked for. It has to
agree with the container on size, frames, turn and profile, as every decoder has. A new reader is a row.
"""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache

from msgspec import Struct


class Reader(Struct, frozen=True):
    """A plug-in of Pillow for one format."""

    module: str
    """what is imported"""
    package: str
    """what is installed"""
    name: str
    """the format, as the plug-in tells it to Pillow"""
    register: str = ""
    """the function of the module that registers it; empty: importing does"""
    options: str = ""
    """its module of settings, of which one says how many threads decode; a worker has one, as memory is bounded"""


READERS = {
    "HEIC": (
        Reader("pillow_heif", "pillow-heif", "HEIF", "register_heif_opener", "pillow_heif.options"),
        Reader("pi_heif", "pi-heif", "HEIF", "register_heif_opener", "pi_heif.options"),
    ),
    "JXL": (Reader("pillow_jxl", "pillow-jxl-plugin", "JXL", options="pillow_jxl.JpegXLImagePlugin"),),
}
"""by format, the one that is preferred first"""
THREADS = "DECODE_THREADS"
"""what the settings of all of them call the number of threads"""


@cache
def reader_for(kind: str) -> Reader | None:
    """The plug-in for a format that is installed; None: there is none. Nothing is loaded."""
    return next((one for one in READERS.get(kind, ()) if importlib.util.find_spec(one.module)), None)


@cache
def pillow_name(kind: str) -> str:
    """What Pillow calls a format; its plug-in is loaded where it has one.

    Raises:
        Exception: whatever the plug-in fails with.
    """
    reader = reader_for(kind)
    if reader is None:
        return kind
    module = importlib.import_module(reader.module)
    if reader.register:
        getattr(module, reader.register)()
    if reader.options:
        setattr(importlib.import_module(reader.options), THREADS, 1)
    return reader.name


def how_to_judge(kind: str) -> str:
    """What to install for a format; empty where no reader is known."""
    known = READERS.get(kind, ())
    return f"install a reader for it beside maskproof (`pip install {known[0].package}`)" if known else ""
