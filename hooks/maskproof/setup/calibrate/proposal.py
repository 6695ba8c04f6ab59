"""Limits from judged edits: as loose as the accepted ones need, as tight as the rejected ones ask, else as they are.

Each limit is looked at by itself. It is loosened when an accepted edit is over it, to `MARGIN` times the largest
accepted value. It is tightened when a rejected edit that nothing else tells from the accepted ones stands clear of all
of them, with the margin on both sides. In all other cases the data gives no reason to move it.

A rejected edit that is caught stays caught. Where every metric by which it is caught has an accepted edit that goes as
far, no limit can let one pass and block the other: such a limit is loosened only as far as the rejected edit allows,
and both edits are named. So each accepted edit passes and each rejected one is caught, or it is said that none can do
it.

A limit in `x` is a factor on what each picture allows itself, and its values are multiples of that. So they can be
compared between pictures as they are, and a proposed 1.3 gives every picture 1.3 times its own limit.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof.gate.certainty import Certainty
from maskproof.gate.verdict import ratio
from maskproof.policy.limits import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from maskproof.gate.verdict import Limits
    from maskproof.model import Level

MARGIN = 1.25
"""a proposed limit over the largest accepted value. Of 55 clean edits of many editors, 10 (20) were drawn 2,000 times:
of seven measures of local change each was over the largest of them in 8.8 % (4.9 %) of the others, over 1.25 times it
in 2.5 % (0.9 %)"""
CLEAR = 0.2
"""share of the present limit that a missed edit must reach before a limit is tightened for it: whatever a person
rejected it for, a value below that is what a careful viewer does not see"""
DIGITS = 3
"""digits of a proposed limit; more would claim that a few dozen edits say more than they do"""
MAX_DIGITS = 17
"""digits where edits lie so close that fewer do not part them: all that a float has"""
FEW_ACCEPTED, FEW_REJECTED = 10, 5
"""cases under which an answer warns: of 9 accepted edits, one in ten further ones goes over the largest"""

Key = tuple[str, str]


class Row(Struct, frozen=True):
    """What was measured of one judged edit."""

    name: str
    accepted: bool
    values: Mapping[Key, float]
    """the worst value of the image by (kind, metric)"""
    otherwise: tuple[str, ...] = ()
    """rules that block it whatever the limits"""
    editor: str = ""
    """the model that its record names; empty: none"""
    notes: tuple[str, ...] = ()
    """what a reader has to know of how it was compared"""


class Line(Struct, frozen=True):
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
    """the edit that moves the limit: an accepted one over it, or a rejected one that is missed"""
    against: str = ""
    """the edit on the other side that binds as well; empty: none is near"""
    kept_by: str = ""
    """the rejected edit that must stay blocked, for which an accepted one stays over the limit; empty: there is none"""

    @property
    def key(self) -> Key:
        """Kind and metric."""
        return self.kind, self.metric

    @property
    def moved(self) -> bool:
        """Is another limit proposed than the present one?"""
        return self.proposed != self.present

    @property
    def largest(self) -> float:
        """The largest accepted value that the proposed limit lets pass; 0 where there is none."""
        return max((value for value in self.accepted if value <= self.proposed), default=0.0)

    @property
    def certainty(self) -> Certainty:
        """What the accepted edits say about further ones and the proposed limit."""
        return Certainty(len(self.accepted), sum(ratio(value, self.proposed) > 1 for value in self.accepted))


class Proposal(Struct, frozen=True):
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

    @property
    def certainty(self) -> Certainty:
        """What the accepted edits say about further ones and all limits together; those that moved count as over."""
        accepted = self.judged(accepted=True)
        over = sum(caught(row, self.proposed) for row in accepted) + sum(line.moved for line in self.lines)
        return Certainty(len(accepted), min(over, len(accepted)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know of how the edits were compared, each once."""
        return tuple(dict.fromkeys(note for row in self.rows for note in row.notes))

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
    kinds = list(dict.fromkeys(kind for kind, _ in ROWS))
    shown = {key for row in rows for key in row.values}
    keys = sorted((key for key in held if key in shown), key=lambda key: kinds.index(key[0]))
    unheld = _unheld(rows, held)
    lines = tuple(_line(key, held[key], rows, unheld) for key in keys)
    kept = {key: limit for key in sorted(own) if (limit := limits.get(key)) is not None}
    return Proposal(lines, rows, level, kept, source, skipped)


def proposed_limit(
    present: float,
    accepted: tuple[float, ...],
    rejected: tuple[float, ...],
    missed: tuple[float, ...] = (),
    contested: tuple[float, ...] = (),
) -> float:
    """The limit that one metric's values ask for.

    Args:
        present: The limit now.
        accepted: Values of the accepted edits.
        rejected: Values of the rejected edits.
        missed: Those of the rejected values whose edits must be caught by a tighter limit, if they can.
        contested: Those of the rejected values whose edits are caught by nothing that accepted edits do not reach.
    """
    if not accepted:
        return present
    ceiling = min((value for value in contested if value > present), default=math.inf)
    largest = max((value for value in accepted if value < ceiling), default=0.0)
    if largest > present:
        # Halfway, as ratios go, to the next rejected edit where that is nearer than the margin.
        above = min((value for value in rejected if value > largest), default=math.inf)
        return _between(largest, min(MARGIN * largest, math.sqrt(largest) * math.sqrt(above)), above)
    clear = [value for value in missed if _is_clear(value, present, max(accepted))]
    return _rounded(min(clear) / MARGIN, ROUND_HALF_EVEN) if clear else present


def needed(accepted: tuple[float, ...]) -> float:
    """The limit that accepted values need by themselves, with the margin."""
    return _rounded(MARGIN * max(accepted), ROUND_CEILING)


def caught(row: Row, limits: Mapping[Key, float]) -> bool:
    """Is the edit blocked under these limits?"""
    return bool(row.otherwise or metrics_over(row, limits))


def metrics_over(row: Row, limits: Mapping[Key, float]) -> tuple[Key, ...]:
    """The metrics by which the edit is over these limits, the worst first."""
    ratios = {key: ratio(value, limits[key]) for key, value in row.values.items() if key in limits}
    return tuple(sorted((key for key, ratio in ratios.items() if ratio > 1), key=lambda key: (-ratios[key], key)))


class _Unheld(Struct, frozen=True):
    """The rejected edits that are over no limit beyond all accepted ones."""

    missed: tuple[Row, ...]
    """those that nothing catches, or that stand clear by another metric"""
    contested: tuple[Row, ...]
    """those that are caught now, and by nothing else could be"""


def _unheld(rows: tuple[Row, ...], held: Mapping[Key, float]) -> _Unheld:
    largest = {key: max(row.values[key] for row in _showing(rows, key)) for key in held if _showing(rows, key)}

    def any_metric(row: Row, test: Callable[[Key, float], bool]) -> bool:
        return any(test(key, value) for key, value in row.values.items() if key in held)

    unheld = [
        row
        for row in rows
        if not (row.accepted or row.otherwise)
        and not any_metric(row, lambda key, value: value > max(held[key], largest.get(key, 0.0)))
    ]
    stuck = [
        row
        for row in unheld
        if caught(row, held)
        and not any_metric(row, lambda key, value: key in largest and _is_clear(value, held[key], largest[key]))
    ]
    return _Unheld(tuple(row for row in unheld if row not in stuck), tuple(stuck))


def _is_clear(value: float, present: float, largest: float) -> bool:
    """Does a rejected value leave room for a tighter limit, with the margin on both sides?"""
    return present > 0 and value >= CLEAR * present and MARGIN**2 * largest < value <= present


def _showing(rows: tuple[Row, ...], key: Key, *, accepted: bool = True) -> tuple[Row, ...]:
    return tuple(row for row in rows if row.accepted is accepted and key in row.values)


def _line(key: Key, present: float, rows: tuple[Row, ...], unheld: _Unheld) -> Line:
    accepted, rejected = (_showing(rows, key, accepted=side) for side in (True, False))
    missed, contested = (_showing(side, key, accepted=False) for side in (unheld.missed, unheld.contested))
    values = [tuple(row.values[key] for row in side) for side in (accepted, rejected, missed, contested)]
    limit = proposed_limit(present, *values)

    def first(side: tuple[Row, ...], *, over: float) -> str:
        """The edit of these that lies nearest above."""
        beyond = (row for row in side if row.values[key] > over)
        return min(beyond, key=lambda row: row.values[key], default=NOBODY).name

    within = [row for row in accepted if row.values[key] <= limit]
    most = max(within, key=lambda row: row.values[key], default=NOBODY)
    because, against = "", ""
    if limit > present:
        because = most.name
        against = first(rejected, over=limit) if limit < needed((most.values[key],)) else ""
    elif limit < present:
        because, against = first(missed, over=limit), most.name
    kept_by = first(contested, over=limit) if len(within) < len(accepted) else ""
    return Line(*key, ROWS[key].unit, present, limit, values[0], values[1], because, against, kept_by)


NOBODY = Row("", accepted=False, values={})
"""stands where no edit does"""


def _between(largest: float, target: float, above: float) -> float:
    """The target in as few digits as leave the largest accepted value within and the next rejected one over it."""
    for digits in range(DIGITS, MAX_DIGITS + 1):
        limit = _rounded(target, ROUND_CEILING, digits)
        if largest <= limit < above:
            return limit
    return largest


def _rounded(value: float, way: str, digits: int = DIGITS) -> float:
    exact = Decimal(value)
    return float(exact.quantize(Decimal((0, (1,), exact.adjusted() - digits + 1)), way))
