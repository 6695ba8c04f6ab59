"""The inventory as text, CSV or JSON, written picture by picture as it is made.

CSV is opened in spreadsheets, which run a cell that begins as a formula does: such cells begin with an apostrophe.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from maskproof.gate.inventory import Entry
from maskproof.model import counted
from maskproof.report.text import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = [one.name for one in fields(Entry)]


def as_text(found: Iterable[Entry]) -> Iterator[str]:
    """Some lines a picture, and how many there are of each kind in the last one."""
    total = unmarked = unrecorded = 0
    for one in found:
        total += 1
        unmarked += one.marked is not True
        unrecorded += one.record != "fits"
        record = {"none": "NO RECORD", "stale": "STALE RECORD", "broken": "BROKEN RECORD"}.get(one.record, one.origin)
        lines = [f"{one.path}: {', '.join(filter(None, (record, one.made_with)))}"]
        lines.append(f"  marks      {'; '.join(one.marks) or ('NOT READ: ' + one.problem if one.problem else 'NONE')}")
        lines += [] if one.signature == "none" else [f"  signature  {one.signature}"]
        lines += [f"  approved   {file}" for file in one.approvals]
        yield "".join(f"{safe(line)}\n" for line in lines)
    yield (
        f"maskproof: {counted(total, 'picture')} that AI made or changed, {unmarked} without a mark, "
        f"{unrecorded} without a record that fits.\n"
    )


def as_csv(found: Iterable[Entry]) -> Iterator[str]:
    """A header, then a row a picture; several values of a cell stand on lines of their own."""
    yield _row(COLUMNS)
    for one in found:
        yield _row([_cell(value) for value in asdict(one).values()])


def as_json(found: Iterable[Entry]) -> Iterator[str]:
    """`{"maskproof": 1, "pictures": […]}`."""
    yield '{"maskproof": 1, "pictures": ['
    for number, one in enumerate(found):
        yield (",\n" if number else "\n") + json.dumps(asdict(one))
    yield "\n]}\n"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "\n".join(safe(str(one)) for one in value) if isinstance(value, tuple) else safe(str(value or ""))
    return f"'{text}" if text.startswith(FORMULA) else text


def _row(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


FORMATS: dict[str, Callable[[Iterable[Entry]], Iterator[str]]] = {"text": as_text, "csv": as_csv, "json": as_json}
"""how an inventory is written; more is a function and a row"""
