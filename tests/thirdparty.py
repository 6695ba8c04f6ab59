"""Rows of the third-party data beside the checkout, as test parameters; one skipped row where it is absent.

The data stays outside the project: other people's files under their own licences.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("MASKPROOF_SHARED", HERE.parent / "shared"))
ABSENT = pytest.mark.skip(reason="the third-party data is not beside this checkout (../shared, or MASKPROOF_SHARED)")

MISJUDGED = {
    "dngback/t2": "passes: a weave of two pixels that was smoothed away evenly is not told from an encoder's loss",
}
"""cases of `cases/cases.csv` whose verdict is known to be wrong; a test fails as soon as one is right"""


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
