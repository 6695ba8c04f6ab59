"""What each editor asks of the limits: the model that an edit's record names, and how far its accepted edits go.

A policy sets limits by kind of region and for all editors alike, so the one that goes furthest binds, and the others
get more room than they need. A team sees here what that room is, and which editor it is there for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof.gate.certainty import Certainty
from maskproof.gate.verdict import ratio
from maskproof.setup.calibrate.proposal import FEW_ACCEPTED, needed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from maskproof.records.sidecar import Record
    from maskproof.setup.calibrate.proposal import Line, Proposal, Row


class Part(Struct, frozen=True):
    """One editor's accepted edits and one limit."""

    editor: str
    line: Line
    values: tuple[float, ...]
    """of its accepted edits that show the metric, 1 or more"""
    binds: bool
    """does no other editor's accepted edit go as far?"""

    @property
    def largest(self) -> float:
        """How far its accepted edits go."""
        return max(self.values)

    @property
    def certainty(self) -> Certainty:
        """What they say about further ones of this editor and the proposed limit."""
        return Certainty(len(self.values), sum(ratio(value, self.line.proposed) > 1 for value in self.values))

    @property
    def reach(self) -> float:
        """The largest accepted value over the present limit."""
        return ratio(self.largest, self.line.present)

    @property
    def needed(self) -> float:
        """The limit that this editor would need by itself, with the margin."""
        return needed(self.values)


class Editor(Struct, frozen=True):
    """All edits of one model."""

    name: str
    """empty: no record names it"""
    accepted: int
    rejected: int
    parts: tuple[Part, ...]
    """what its accepted edits show, limit by limit"""

    @property
    def few(self) -> bool:
        """Are there too few accepted edits to say much?"""
        return self.accepted < FEW_ACCEPTED


def editor_of(record: Record | None) -> str:
    """The model that a record names, else who ran it; empty where it names neither."""
    tool = record.tool if record else None
    return (tool.model or tool.provider or "").strip() if tool else ""


def by_editor(proposal: Proposal) -> tuple[Editor, ...]:
    """Each editor, in the order of the table, those that no record names last; none where no record names one."""
    names = sorted(dict.fromkeys(row.editor for row in proposal.rows), key=lambda name: not name)
    if names == [""]:
        return ()
    rows = {name: [row for row in proposal.rows if row.editor == name] for name in names}
    return tuple(
        Editor(
            name,
            sum(row.accepted for row in own),
            sum(not row.accepted for row in own),
            tuple(_parts(name, rows, proposal.lines)),
        )
        for name, own in rows.items()
    )


def _parts(name: str, rows: Mapping[str, list[Row]], lines: tuple[Line, ...]) -> Iterator[Part]:
    for line in lines:
        values = {
            editor: tuple(row.values[line.key] for row in own if row.accepted and line.key in row.values)
            for editor, own in rows.items()
        }
        if own := values.pop(name):
            yield Part(name, line, own, all(max(own) > max(others, default=-1.0) for others in values.values()))
