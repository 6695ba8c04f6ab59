"""The verdict: numbers and limits in, pass or block or could-not-judge out. Nothing else decides.

A metric blocks when it is over its limit. One blocking finding blocks the image; otherwise one thing that could
not be judged leaves it unjudged; warnings never change the answer. A finding speaks in the terms of its region's
kind where a measure of the kind has something to say: a brand of its colour, a text of its letters.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof.model import Finding, Judged, Kind, Metric, RegionDrift, Severity, Verdict, amount
from maskproof.policy.limits import OUTLIERS, ROWS
from maskproof.policy.rules import finding

if TYPE_CHECKING:
    from collections.abc import Iterable

WORST = 1e6
"""the largest ratio that is told apart; JSON has no infinity"""
GRAVEST = (Severity.BLOCK, Severity.UNJUDGED, Severity.WARN)
JUST_OVER = 1.1
"""times its limit up to which a value is said to be just over it"""
PALETTE = 1.5
"""times their limits that the measures of local change may go to where a picture of many colours became one of a full
palette. Of 88 such exports of eleven pictures none was over 1.4 times but those of one photograph whose fine texture
went (2.4). What was painted over a picture and drawn in its palette is at 1.6 and more; comparing with the master in
the export's palette was tried, and hides what the palette lost"""
FULL_PALETTE = 128
"""colours over which a palette is one for photographs: with fewer, pictures change so that people see it"""
PLACEHOLDER = re.compile(r"\{(value|limit|text)\}")
Limits = dict[tuple[str, str], float | None]


class Decided(Struct, frozen=True):
    """Metrics beside their limits, and what follows."""

    regions: tuple[Judged, ...]
    drift: float
    """the worst value over its limit, warnings left out; 1.0 is exactly at the limit"""
    findings: tuple[Finding, ...]
    """the one that tells `drift` first, the others by how far they are over their limits"""

    @property
    def verdict(self) -> Verdict:
        """What the metrics alone ask for."""
        return verdict_of(self.findings)


def decide(measured: Iterable[RegionDrift], limits: Limits, advice: str = "") -> Decided:
    """Every metric compared with its limit.

    Args:
        measured: Metrics by region.
        limits: The limit by (kind, metric); None or absent: shown, never a finding.
        advice: What to do about drift; a command where there is one.
    """
    judged = tuple(
        Judged(drift, tuple(limits.get((drift.kind, metric.name)) for metric in drift.metrics)) for drift in measured
    )
    rows = [
        _LimitedMetric.of(region.drift, metric, limit)
        for region in judged
        for metric, limit in zip(region.drift.metrics, region.limits, strict=True)
        if limit is not None or metric.leads
    ]
    worst = max((row.ratio for row in rows if not row.warns), default=0.0)
    groups: dict[tuple[str, str], list[_LimitedMetric]] = defaultdict(list)
    for row in rows:
        if row.over or row.metric.leads:
            groups[row.drift.name, row.metric.rule].append(row)
    # What explains where the whole frame lies comes first: until it is recorded, the rest is measured beside itself.
    advice = next((row.metric.mend for row in rows if row.over and row.metric.mend), advice)
    over = sorted((group for group in groups.values() if any(row.over for row in group)), key=_furthest, reverse=True)
    return Decided(judged, worst, tuple(_finding(group, advice) for group in over))


def is_inverted(measured: Iterable[RegionDrift], limits: Limits) -> bool:
    """Did what the mask protects change in place of what it opens, further than is allowed?"""
    return any(
        metric.name == "inverted"
        and (limit := limits.get((drift.kind, metric.name))) is not None
        and metric.value > limit
        for drift in measured
        for metric in drift.metrics
    )


def for_palette(limits: Limits) -> Limits:
    """The limits for what was saved with a full palette; protected areas keep theirs."""
    rows = ((Kind.OUTSIDE_MASK.value, metric) for metric in OUTLIERS)
    return limits | {row: limit * PALETTE for row in rows if (limit := limits.get(row)) is not None}


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """The verdict that findings ask for: the gravest one decides, those left out that somebody accepted."""
    severities = {one.severity for one in findings if one.accepted is None}
    if Severity.BLOCK in severities:
        return Verdict.BLOCK
    return Verdict.UNJUDGED if Severity.UNJUDGED in severities else Verdict.PASS


def gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The same findings, those that block before those that could not be judged before warnings; the accepted last."""
    return tuple(sorted(findings, key=lambda one: (one.accepted is not None, GRAVEST.index(one.severity))))


def headline_first(findings: Iterable[Finding], headline: Finding | None) -> tuple[Finding, ...]:
    """The same findings, the one that tells the drift of the image before all others as grave that have a number.

    What has none (a stale record, a loosened policy) keeps its place: it says whether the number means anything.
    """
    found = list(findings)
    if headline is not None:
        numbered = (one.severity is headline.severity and None not in {one.value, one.limit} for one in found)
        place, own = list(numbered).index(True), next(at for at, one in enumerate(found) if one is headline)
        found.insert(min(place, own), found.pop(own))
    return tuple(found)


def ratio(value: float, limit: float) -> float:
    """A value over its limit: 1.0 is exactly at the limit; with a limit of 0, 1 plus the value, or 0 for none."""
    if limit > 0:
        return min(value / limit, WORST)
    return min(1 + value, WORST) if value > 0 else 0.0


class _LimitedMetric(Struct, frozen=True):
    """One metric compared with its limit."""

    drift: RegionDrift
    metric: Metric
    limit: float | None
    """None where only its words count"""
    ratio: float
    warns: bool

    @classmethod
    def of(cls, drift: RegionDrift, metric: Metric, limit: float | None) -> _LimitedMetric:
        if limit is None:
            return cls(drift, metric, None, 0.0, warns=False)
        row = ROWS[drift.kind, metric.name]
        excess = ratio(limit, metric.value) if row.at_least else ratio(metric.value, limit)
        return cls(drift, metric, limit, excess, row.warns)

    @property
    def over(self) -> bool:
        """Is it past its limit? What is exactly at it is not."""
        return self.ratio > 1

    @property
    def message(self) -> str:
        """Its sentence. Filled in one go, since what was read in a picture may look like a place to fill."""
        metric = self.metric
        limit = "none" if self.limit is None else amount(self.limit, metric.unit)
        said = {"value": amount(metric.value, metric.unit), "limit": limit, "text": str(metric.text)}
        barely = self.limit and self.limit < metric.value <= JUST_OVER * self.limit
        just_over = ", just over it" if barely else ""
        return PLACEHOLDER.sub(lambda found: said[found[1]], metric.says) + just_over


def _furthest(group: Iterable[_LimitedMetric]) -> float:
    """How far the worst of some metrics is over its limit; warnings are no drift."""
    return max((row.ratio for row in group if not row.warns), default=0.0)


def _finding(group: list[_LimitedMetric], advice: str) -> Finding:
    """One finding for all metrics of a region that ask for the same rule.

    The one that leads speaks, else the worst, which is told behind it; the others over their limits are named. The
    numbers of the finding are those of the one that leads, unless that is within its limit.
    """
    worst, *_ = over = sorted((row for row in group if row.over), key=lambda row: (row.warns, -row.ratio))
    leading = [row for row in group if row.metric.leads]
    first = max(leading, key=lambda row: (row.metric.text is not None, row.ratio), default=worst)
    counts = first if first.over else worst
    metric = counts.metric
    extents = [row.metric.around for row in (first, *over) if row.metric.around]
    return finding(
        metric.rule,
        "; ".join(dict.fromkeys((first.message, worst.message))),
        severity=Severity.WARN if counts.warns else Severity.BLOCK,
        region=counts.drift.name,
        value=metric.value,
        limit=counts.limit,
        unit=metric.unit,
        box=next((row.metric.box for row in (first, *over) if row.metric.box), None),
        advice="" if counts.warns else advice,
        also=tuple(row.metric.name for row in over if row is not counts),
        around=reduce(or_, extents) if extents else None,
        text=first.metric.text,
    )
