"""CSV for a spreadsheet: a header, then a row a picture, written as it is made.

Spreadsheets run a cell that begins as a formula does: such cells begin with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from maskproof.report.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from maskproof.gate.inventory import Entry
    from maskproof.gate.stats import Statistics

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def inventory(found: Iterable[Entry], **_: bool) -> Iterator[str]:
    """Several values of a cell stand on lines of their own."""
    from maskproof.gate.inventory import Entry  # loads the gate

    yield _row([*Entry.__struct_fields__])
    for one in found:
        yield _row([_cell(value) for value in asdict(one).values()])


def stats(found: Statistics, **_: bool) -> str:
    """A row a group, with what it is grouped by in front."""
    columns = ("by", "name", "edits", "within", "share", "at_least", "median", "largest", "accepted", "not_compared")
    rows = [_row(list(columns))]
    for by, groups in found.tables.items():
        for one in groups:
            numbers = (one.share, one.at_least, one.median, one.largest)
            shown = ("" if number is None else f"{number:.6g}" for number in numbers)
            counts = (str(len(one.drifts)), str(one.within), *shown, str(one.accepted), str(one.uncompared))
            rows.append(_row([by, _cell(one.name), *counts]))
    return "".join(rows)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "\n".join(safe(str(one)) for one in value) if isinstance(value, tuple) else safe(str(value or ""))
    return f"'{text}" if text.startswith(FORMULA) else text


def _row(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
