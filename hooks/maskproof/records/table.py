"""A table of edits, to record or to judge: CSV or TSV as spreadsheets write it, one row an edit, columns in any order.

`edit` is the only column that has to be there. What a cell leaves empty is as the command line says, else as an older
record has it. Names of files are seen from the table's own folder, as in every list that maskproof reads; those of a
table that lies outside of the repository from the folder the shell stands in.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from maskproof.documents import hint
from maskproof.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MODES = ("alpha", "white", "black")
ORIGINS = ("edited", "generated", "manual")
MAX_TABLE = 20_000_000
"""bytes of a table; 10,000 rows with long prompts have 5 MB"""
OTHER_NAMES = {"area": "areas", "image": "edit", "mode": "mask_mode", "output": "edit"}
"""what columns are called as well"""


class Row(Struct, frozen=True):
    """One edit to record, or why its row cannot be used."""

    where: str
    """the table and the line that the row begins on"""
    edit: str
    given: dict[str, Any]
    """options that the row sets"""
    problem: str = ""
    found: bool = False
    """it was not named, but lies in a folder that was"""


def read(data: bytes, name: str, seen_from: Path) -> list[Row]:
    """The rows of a table.

    Args:
        data: Its bytes, UTF-8 or UTF-16 with a mark.
        name: How messages call it.
        seen_from: The folder that its paths begin at.

    Raises:
        UsageError: it is no table with the right columns; what is wrong with one row is said with that row.
    """
    rows = list(rows_of(io.StringIO(_text(data, name), newline=""), name, COLUMNS, seen_from))
    if not rows:
        raise UsageError(f"{name} has no rows", "Write one row an edit under the names of the columns.")
    return _once(rows)


def rows_of(
    lines: Iterable[str], name: str, known: Mapping[str, Callable[[str], Any]], seen_from: Path = Path()
) -> Iterator[Row]:
    """The rows of a table one by one, as its lines come; arguments and errors as of `read`.

    Args:
        lines: Its text.
        name: How messages call it.
        known: What reads the cells of each column.
        seen_from: The folder that its paths begin at.
    """
    left = iter(lines)
    header = next(left, "")
    delimiter = "\t" if "\t" in header else ";" if ";" in header and "," not in header else ","
    reader = csv.reader(chain((header,), left), delimiter=delimiter, strict=True)
    try:
        columns = _columns(next(reader, []), name, known)
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(f"{name}:{line}", columns, cells, known, seen_from)
            line = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(
            f"{name} is not a table that can be read: line {reader.line_num}: {error}", "Save it as CSV or TSV."
        ) from error


def _text(data: bytes, name: str) -> str:
    if len(data) > MAX_TABLE:
        raise UsageError(f"{name} has {len(data)} bytes; the limit is {MAX_TABLE}", "Take it apart.")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not a text in UTF-8", 'Save it as "CSV UTF-8".') from error


def _columns(header: list[str], name: str, known: Mapping[str, Callable[[str], Any]]) -> list[str]:
    named = [re.sub(r"[\s-]+", "_", one.strip().lower()) for one in header]
    columns = [OTHER_NAMES.get(one, one) for one in named]
    while columns and not columns[-1]:
        columns.pop()
    wrong = [f"the column {one!a} is unknown: {hint(one, known)}" for one in columns if one not in known]
    wrong += [f"the column {one!a} stands twice" for one in sorted({one for one in columns if columns.count(one) > 1})]
    if "edit" not in columns:
        wrong.append("the column 'edit' is missing")
    if wrong:
        raise UsageError(f"{name} cannot be used: {'; '.join(wrong)}", f"Columns are {', '.join(known)}.")
    return columns


def _row(
    where: str,
    columns: list[str],
    cells: list[str],
    known: Mapping[str, Callable[[str], Any]],
    seen_from: Path,
) -> Row:
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        more = (
            f"it has {len(cells)} cells for {len(columns)} columns; put quotes around a cell with the separator in it"
        )
        return Row(where, cells[columns.index("edit")].strip() if cells else "", {}, more)
    given: dict[str, Any] = {}
    edit, problems = "", []
    for column, cell in zip(columns, cells, strict=False):
        text = cell if column == "prompt" else cell.strip()
        if not text.strip():
            continue
        try:
            value = known[column](text)
        except ValueError as error:
            problems.append(f"{column} is {text!a}: {error}")
            continue
        if column in FILES and "://" not in value:
            value = os.path.normpath(seen_from / value)
        if column == "edit":
            edit = value
        elif column == "origin":
            given |= {"generated": value == "generated", "manual": value == "manual"}
        else:
            given[column] = value
    if not edit and not problems:
        problems.append("the cell of the edit is empty")
    return Row(where, edit, given, "; ".join(problems))


def _once(rows: list[Row]) -> list[Row]:
    """The rows, those that name an edit again marked as such."""
    first: dict[str, Row] = {}
    told = []
    for row in rows:
        before = first.setdefault(row.edit, row) if row.edit else row
        again = f"the edit has a row already, {before.where}" if before is not row else ""
        told.append(row if row.problem or not again else Row(row.where, row.edit, row.given, again))
    return told


def _one_of(*known: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in known:
            raise ValueError(f"it must be {', '.join(known[:-1])} or {known[-1]}")
        return text.lower()

    return read


def numbers(text: str) -> tuple[int, ...]:
    """Four whole numbers, with commas or spaces between them; raises ValueError."""
    pieces = [one for one in re.split(r"[\s,]+", text.strip()) if one]
    if len(pieces) != 4 or not all(re.fullmatch(r"\d{1,9}", one) for one in pieces):  # noqa: PLR2004 - of a box
        raise ValueError("it must be four whole numbers, none below 0, such as 60,40,300,300")
    return tuple(map(int, pieces))


def _areas(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in re.split(r"[;\n]", text) if one.strip())


FILES = ("edit", "original", "mask", "parent")
COLUMNS: dict[str, Callable[[str], Any]] = {
    "edit": str,
    "original": str,
    "mask": str,
    "mask_mode": _one_of(*MODES),
    "origin": _one_of(*ORIGINS),
    "crop": numbers,
    "pad": numbers,
    "provider": str,
    "model": str,
    "prompt": str,
    "areas": _areas,
    "parent": str,
}
"""each column with what reads its cells"""
