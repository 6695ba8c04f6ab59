"""Lists as pages: a row a picture, which is a card where there is no room for a table."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from maskproof.model import counted
from maskproof.report import standing, text
from maskproof.report.html.pages import badge, kinds_of, page
from maskproof.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from maskproof.gate.inventory import Entry
    from maskproof.model import Recorded

HELD = {
    "block": ("No record that fits", "✕"),
    "unjudged": ("Not read", "?"),
    "warn": ("No mark", "!"),
    "pass": ("Record and mark", "✓"),
}
"""what there is to show for a picture that AI made or changed, the gravest first: its word and its sign"""
RECORDS = {
    "fits": "fits",
    "export": "of its master, by the policy",
    "stale": "stale: it speaks of other bytes",
    "none": "none",
    "broken": "broken: it cannot be read",
}
SIGNATURES = {"fits": "fits", "broken": "broken", "unchecked": "not verified", "none": "none"}


class _Row(Struct, frozen=True):
    kind: str
    name: str
    cells: tuple[tuple[str, ...], ...]
    """lines of each column but the first"""


def inventory(found: Iterable[Entry], **_: bool) -> Iterator[str]:
    """Every picture that AI made or changed, as `report.text` lists them."""
    columns = ("Record", "Made with", "Its file says", "Signature", "Approvals")
    entries = Spool(found)
    bare = sum(one.marked is not True for one in entries)
    unrecorded = sum(not one.fits for one in entries)
    asks = (
        f"{counted(len(entries), 'picture')} that AI made or changed: {bare} without a mark, "
        f"{unrecorded} without a record that fits"
    )
    yield from _listing("maskproof inventory", asks, columns, Spool(map(_held, entries)), HELD)


def _held(one: Entry) -> _Row:
    kind = "unjudged" if one.problem else "block" if not one.fits else "warn" if one.marked is not True else "pass"
    says = one.marks or ("that no AI made it" if one.marked is False else "nothing of AI",)
    cells = (
        (one.origin, RECORDS[one.record]),
        (one.made_with,),
        (f"not read: {one.problem}",) if one.problem else says,
        (SIGNATURES[one.signature],),
        one.approvals,
    )
    return _Row(kind, one.path, cells)


def status(pictures: Iterable[Recorded], **_: bool) -> Iterator[str]:
    """Every recorded picture as it stands."""
    columns = ("Drift", "Origin", "Model", "Day", "Found", "Approvals")
    found = Spool(pictures)
    counts = Counter(map(standing.of_recorded, found))
    asks = f"{counted(len(found), 'recorded picture')}: {standing.summary(counts)}"
    yield from _listing("maskproof status", asks, columns, Spool(map(_standing, found)), standing.STANDINGS)


def _standing(one: Recorded) -> _Row:
    cells = (
        ("" if one.drift is None else f"{one.drift:.2f}",),
        (one.origin or "a record that cannot be read",),
        (one.model,),
        (one.day or "staged",),
        one.found,
        (*(text.capitalized(text.STANDING[how]) for how in one.accepted), *one.approvals),
    )
    return _Row(standing.of_recorded(one), one.path, cells)


def _listing(
    title: str, asks: str, columns: tuple[str, ...], rows: Spool[_Row], words: Mapping[str, tuple[str, str]]
) -> Iterator[str]:
    given = (_row(one, words) for one in rows) if rows else ()
    return page(
        "list.html",
        styles=("list.css",),
        title=title,
        asks=asks,
        kinds=kinds_of([one.kind for one in rows], words),
        columns=columns,
        rows=given,
    )


def _row(one: _Row, words: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    cells = [[text.safe(line) for line in lines if line] for lines in one.cells]
    name, status = text.safe(one.name), badge(one.kind, words)
    said = " ".join((name, status["word"], *(line for lines in cells for line in lines)))
    return {"name": name, "status": status, "cells": cells, "words": said.lower()}
