"""The table of cases: which edits a team accepted, which it rejected, and where their files lie.

One row an edit, as CSV with the columns `original`, `mask`, `mask_mode`, `edit` and `expected`; other columns are the
team's own and are not read. A table is used whole or not at all, because a limit that was found from half of the
cases would look like one that was found from all of them.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COLUMNS = ("original", "mask", "mask_mode", "edit", "expected")
ACCEPTED, REJECTED = "pass", "block"
MODES = ("alpha", "white", "black")


class Case(Struct, frozen=True):
    """One edit that a person has judged; paths are relative to the table."""

    line: int
    """where its row ends in the table, as an editor counts"""
    original: str
    mask: str
    """empty: everything is protected"""
    mask_mode: str
    edit: str
    accepted: bool


class Table(Struct, frozen=True):
    """What a table says, and every mistake in it."""

    cases: tuple[Case, ...] = ()
    skipped: tuple[tuple[str, int], ...] = ()
    """values of `expected` that say neither pass nor block, and how often each stands there"""
    problems: tuple[str, ...] = ()


def read(data: bytes, is_file: Callable[[str], bool]) -> Table:
    """The cases of a table.

    It is UTF-8; `is_file` says whether a path, relative to the table, leads to a file.
    """
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        return Table(problems=(f"it is not a CSV table in UTF-8 ({error})",))
    header = [cell.strip() for cell in rows[0][1]] if rows else []
    if problems := tuple(_header_problems(header)):
        return Table(problems=problems)
    return _table(header, rows[1:], is_file)


def _table(header: list[str], rows: list[tuple[int, list[str]]], is_file: Callable[[str], bool]) -> Table:
    cases: list[Case] = []
    problems: list[str] = []
    skipped: Counter[str] = Counter()
    for line, row in rows:
        if len(row) != len(header):
            problems.append(f"line {line} has {len(row)} cells, the header has {len(header)}")
            continue
        cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
        if cells["expected"] not in {ACCEPTED, REJECTED}:
            skipped[cells["expected"]] += 1
            continue
        found = [f"line {line}: {one}" for one in _row_problems(cells, is_file)]
        problems += found
        if not found:
            accepted = cells["expected"] == ACCEPTED
            cases.append(
                Case(line, cells["original"], cells["mask"], cells["mask_mode"], cells["edit"], accepted=accepted)
            )
    problems += _repeated(cases)
    if not cases and not problems:
        problems.append(f"no row has {ACCEPTED!r} or {REJECTED!r} as its expected verdict")
    return Table(tuple(cases), tuple(sorted(skipped.items())), tuple(problems))


def _header_problems(header: list[str]) -> Iterator[str]:
    """Columns that are missing, with the name that was perhaps meant; columns that stand twice."""
    others = [name for name in header if name not in COLUMNS]
    for name in COLUMNS:
        if name not in header:
            near = difflib.get_close_matches(name, others, n=1)
            yield f"the column {name!r} is missing" + (f"; is {near[0]!a} meant for it?" if near else "")
        elif header.count(name) > 1:
            yield f"the column {name!r} stands there {header.count(name)} times"


def _row_problems(cells: dict[str, str], is_file: Callable[[str], bool]) -> Iterator[str]:
    for name in ("original", "edit", "mask"):
        if not cells[name]:
            if name != "mask":
                yield f"{name} is empty"
        elif not is_file(cells[name]):
            yield f"the {name} {cells[name]!a} is not there"
    mode = cells["mask_mode"]
    if cells["mask"] and mode not in MODES:
        yield f"mask_mode is {mode!a}: it must be {', '.join(MODES[:-1])} or {MODES[-1]}; it is never guessed"
    if mode and not cells["mask"]:
        yield f"mask_mode is {mode!a}, but mask is empty"


def _repeated(cases: list[Case]) -> Iterator[str]:
    """An edit that counts twice pulls on the limits twice; one that is both accepted and rejected says nothing."""
    first: dict[tuple[str, ...], Case] = {}
    for case in cases:
        before = first.setdefault((case.original, case.mask, case.mask_mode, case.edit), case)
        if before is not case:
            said = "repeats" if before.accepted == case.accepted else "contradicts"
            yield f"line {case.line} {said} line {before.line}"
