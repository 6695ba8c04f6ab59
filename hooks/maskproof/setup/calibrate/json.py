"""The proposal for programs: every number of the text, and those for which a table has no room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maskproof.gate.certainty import CERTAINTY, Certainty
from maskproof.report.json import serialized
from maskproof.setup.calibrate.editors import by_editor
from maskproof.setup.calibrate.proposal import metrics_over
from maskproof.setup.calibrate.text import toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from maskproof.setup.calibrate.editors import Editor, Part
    from maskproof.setup.calibrate.proposal import Key, Line, Proposal, Row


def written(proposal: Proposal) -> str:
    """The whole proposal; `toml` holds the tables for the policy."""
    editors = by_editor(proposal)
    accepted, rejected = (len(proposal.judged(accepted=side)) for side in (True, False))
    return serialized(
        {
            "maskproof": 1,
            "level": proposal.level.value,
            "source": proposal.source,
            "accepted": accepted,
            "rejected": rejected,
            "skipped": dict(proposal.skipped),
            "limits": [_line(line, editors) for line in proposal.lines],
            "together": _sure(proposal.certainty),
            "editors": [
                {"editor": one.name or None, "accepted": one.accepted, "rejected": one.rejected, "few": one.few}
                for one in editors
            ],
            "edits": [_edit(row, proposal) for row in proposal.rows],
            "toml": toml(proposal),
            "notes": list(proposal.notes),
        }
    )


def _line(line: Line, editors: tuple[Editor, ...]) -> dict[str, Any]:
    parts = [part for editor in editors for part in editor.parts if part.line == line]
    return {
        "kind": line.kind,
        "metric": line.metric,
        "unit": line.unit,
        "now": line.present,
        "proposed": line.proposed,
        "largest_accepted": max(line.accepted, default=None),
        "accepted": len(line.accepted),
        "rejected": len(line.rejected),
        "because": line.because or None,
        "against": line.against or None,
        "kept_by": line.kept_by or None,
        "certainty": _sure(line.certainty),
        "editors": [_part(part) for part in parts],
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "editor": part.editor or None,
        "accepted": len(part.values),
        "largest_accepted": part.largest,
        "of_limit": part.reach,
        "needs": part.needed,
        "binds": part.binds,
        "certainty": _sure(part.certainty),
    }


def _sure(sure: Certainty) -> dict[str, float]:
    return {
        "cases": sure.cases,
        "over": sure.over,
        "expected": sure.expected,
        "at_most": sure.at_most,
        "certainty": CERTAINTY,
        "needed": sure.needed,
    }


def _edit(row: Row, proposal: Proposal) -> dict[str, Any]:
    return {
        "edit": row.name,
        "expected": "pass" if row.accepted else "block",
        "editor": row.editor or None,
        "over_now": _over(row, proposal.present),
        "over_then": _over(row, proposal.proposed),
        "otherwise": list(row.otherwise),
    }


def _over(row: Row, limits: Mapping[Key, float]) -> list[str]:
    return [f"{kind}.{metric}" for kind, metric in metrics_over(row, limits)]
