"""Limits from judged edits: as loose as the accepted ones need, as tight as the missed ones ask, else as they are.

Each limit is looked at by itself. It is loosened when an accepted edit is over it, to `MARGIN` times the largest
accepted value. It is tightened when a rejected edit that nothing catches now stands clear of all accepted ones, with
the margin on both sides. In all other cases the data gives no reason to move it.

What one limit does never depends on how another one moved. So more accepted edits can loosen a limit or bring it back
to what it is now, and can never tighten one that accepted edits have shown before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from maskproof.gate.verdict import ratio
from maskproof.policy.limits import ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from maskproof.gate.verdict import Limits
    from maskproof.model import Level

MARGIN = 1.25
"""a loosened limit over the largest accepted value; the factor that the built-in limits keep from harmless changes"""
CLEAR = 0.2
"""share of the present limit that a missed edit must reach before a limit is tightened for it: whatever a person
rejected it for, a value below that is what a careful viewer does not see"""
DIGITS = 3
"""digits of a proposed limit; more would claim that a few dozen edits say more than they do"""
FEW_ACCEPTED, FEW_REJECTED = 10, 5

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one judged edit."""

    name: str
    accepted: bool
    values: Mapping[Key, float]
    """the worst value of the image by (kind, metric)"""
    otherwise: tuple[str, ...] = ()
    """rules that block it whatever the limits"""


@dataclass(frozen=True, slots=True)
class Line:
    """One limit: what the edits showed, and what follows from it."""

    kind: str
    metric: str
    unit: str
    present: float
    proposed: float
    accepted: tuple[float, ...]
    """values of the accepted edits, in the order of the table"""
    rejected: tuple[float, ...]
    because: str = ""
    """the edit that moves the limit: the accepted one over it, or the rejected one that is missed"""

    @property
    def key(self) -> Key:
        """Kind and metric."""
        return self.kind, self.metric

    @property
    def moved(self) -> bool:
        """Is another limit proposed than the present one?"""
        return self.proposed != self.present


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the judged edits say about the limits."""

    lines: tuple[Line, ...]
    """limits of what was measured, kind by kind"""
    rows: tuple[Row, ...]
    level: Level
    own: Mapping[Key, float]
    """the limits that the policy sets itself; they are carried along where they do not move"""
    source: str
    """where the present limits come from"""
    skipped: tuple[tuple[str, int], ...] = ()
    """values of `expected` that are neither pass nor block, and how often each was met"""

    @property
    def present(self) -> dict[Key, float]:
        """The limits as they are."""
        return {line.key: line.present for line in self.lines}

    @property
    def proposed(self) -> dict[Key, float]:
        """The limits as they would be."""
        return {line.key: line.proposed for line in self.lines}

    def judged(self, *, accepted: bool) -> tuple[Row, ...]:
        """The accepted edits, or the rejected ones."""
        return tuple(row for row in self.rows if row.accepted is accepted)


def propose(
    rows: tuple[Row, ...],
    limits: Limits,
    own: frozenset[Key],
    level: Level,
    source: str,
    skipped: tuple[tuple[str, int], ...] = (),
) -> Proposal:
    """A limit for each metric that the edits show and that can block."""
    held = {key: limit for key in ROWS if (limit := limits.get(key)) is not None and not ROWS[key].warns}
    missed = tuple(row for row in rows if not row.accepted and not caught(row, held))
    kinds = list(dict.fromkeys(kind for kind, _ in ROWS))
    shown = {key for row in rows for key in row.values}
    keys = sorted((key for key in held if key in shown), key=lambda key: kinds.index(key[0]))
    lines = tuple(_line(key, held[key], rows, missed) for key in keys)
    kept = {key: limit for key in sorted(own) if (limit := limits.get(key)) is not None}
    return Proposal(lines, rows, level, kept, source, skipped)


def proposed_limit(
    present: float, accepted: tuple[float, ...], rejected: tuple[float, ...], missed: tuple[float, ...]
) -> float:
    """The limit that one metric's values ask for.

    `missed` are those of the rejected values that no limit catches now.
    """
    if not accepted:
        return present
    largest = max(accepted)
    if largest > present:
        # Halfway, as ratios go, to the next rejected edit where that is nearer than the margin.
        above = min((value for value in rejected if value > largest), default=math.inf)
        return _rounded(min(MARGIN * largest, math.sqrt(largest) * math.sqrt(above)), ROUND_CEILING)
    clear = [value for value in missed if value >= CLEAR * present and value > MARGIN**2 * largest]
    return _rounded(min(clear) / MARGIN, ROUND_HALF_EVEN) if clear and present > 0 else present


def caught(row: Row, limits: Mapping[Key, float]) -> bool:
    """Is the edit blocked under these limits?"""
    return bool(row.otherwise or metrics_over(row, limits))


def metrics_over(row: Row, limits: Mapping[Key, float]) -> tuple[Key, ...]:
    """The metrics by which the edit is over these limits, the worst first."""
    ratios = {key: ratio(value, limits[key]) for key, value in row.values.items() if key in limits}
    return tuple(sorted((key for key, ratio in ratios.items() if ratio > 1), key=lambda key: (-ratios[key], key)))


def let_through(proposal: Proposal) -> tuple[Row, ...]:
    """Rejected edits that are caught now and would not be under the proposal."""
    return tuple(
        row
        for row in proposal.judged(accepted=False)
        if caught(row, proposal.present) and not caught(row, proposal.proposed)
    )


def _line(key: Key, present: float, rows: tuple[Row, ...], missed: tuple[Row, ...]) -> Line:
    accepted, rejected = (
        tuple(row.values[key] for row in rows if row.accepted is side and key in row.values) for side in (True, False)
    )
    unseen = tuple(row.values[key] for row in missed if key in row.values)
    limit = proposed_limit(present, accepted, rejected, unseen)
    because = ""
    if limit > present:
        because = max((row for row in rows if row.accepted and key in row.values), key=lambda row: row.values[key]).name
    elif limit < present:
        over_it = [row for row in missed if row.values.get(key, 0) > limit]
        because = min(over_it, key=lambda row: row.values[key]).name
    return Line(*key, ROWS[key].unit, present, limit, accepted, rejected, because)


def _rounded(value: float, way: str) -> float:
    exact = Decimal(value)
    return float(exact.quantize(Decimal((0, (1,), exact.adjusted() - DIGITS + 1)), way))
