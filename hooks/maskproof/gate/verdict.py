"""The verdict: numbers and limits in, pass or block or could-not-judge out. Nothing else decides.

A metric blocks when it is over its limit. One blocking finding blocks the image; otherwise one thing that could
not be judged leaves it unjudged; warnings never change the answer.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from maskproof.model import Finding, ImageReport, Judged, Metric, RegionDrift, Severity, Verdict, amount
from maskproof.policy.limits import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable

WORST = 1e6
"""the largest ratio that is told apart; JSON has no infinity"""
Limits = dict[tuple[str, str], float | None]


def decide(report: ImageReport, measured: Iterable[RegionDrift], limits: Limits, advice: str) -> ImageReport:
    """The report with every metric held against its limit, and the verdict that follows.

    Args:
        report: What is known of the image so far, with findings that need no measuring.
        measured: Metrics by region.
        limits: The limit by (kind, metric); None or absent: shown, never a finding.
        advice: What to do about drift; a command where there is one.
    """
    judged = tuple(
        Judged(drift, tuple(limits.get((drift.kind, metric.name)) for metric in drift.metrics)) for drift in measured
    )
    rows = [
        _Held.of(one.drift, metric, limit)
        for one in judged
        for metric, limit in zip(one.drift.metrics, one.limits, strict=True)
        if limit is not None
    ]
    worst = max((row.ratio for row in rows if not row.warns), default=0.0)
    groups: dict[tuple[str, str], list[_Held]] = defaultdict(list)
    for row in rows:
        if row.ratio > 1:
            groups[row.drift.name, row.metric.rule].append(row)
    found = tuple(_finding(group, advice) for group in groups.values())
    return concluded(replace(report, regions=judged, drift=worst, findings=(*report.findings, *found)))


def concluded(report: ImageReport) -> ImageReport:
    """The report with the verdict that its findings ask for, the gravest finding first."""
    order = (Severity.BLOCK, Severity.UNJUDGED, Severity.WARN)
    findings = tuple(sorted(report.findings, key=lambda finding: order.index(finding.severity)))
    gravest = findings[0].severity if findings else None
    verdict = {Severity.BLOCK: Verdict.BLOCK, Severity.UNJUDGED: Verdict.UNJUDGED}.get(gravest, Verdict.PASS)  # type: ignore[arg-type]
    return replace(report, verdict=verdict, findings=findings)


def over(value: float, limit: float) -> float:
    """A value over its limit: 1.0 is exactly at the limit; with a limit of 0, 1 plus the value, or 0 for none."""
    if limit > 0:
        return min(value / limit, WORST)
    return min(1 + value, WORST) if value > 0 else 0.0


@dataclass(frozen=True, slots=True)
class _Held:
    """One metric held against its limit."""

    drift: RegionDrift
    metric: Metric
    limit: float
    ratio: float
    warns: bool

    @classmethod
    def of(cls, drift: RegionDrift, metric: Metric, limit: float) -> _Held:
        row = ROWS[drift.kind, metric.name]
        ratio = over(limit, metric.value) if row.at_least else over(metric.value, limit)
        return cls(drift, metric, limit, ratio, row.warns)


def _finding(group: list[_Held], advice: str) -> Finding:
    """One finding for all metrics of a region that ask for the same rule: the worst speaks, the others are named."""
    worst, *others = sorted(group, key=lambda row: (row.warns, -row.ratio))
    metric = worst.metric
    message = metric.says.replace("{value}", amount(metric.value, metric.unit))
    message = message.replace("{limit}", amount(worst.limit, metric.unit))
    severity = Severity.WARN if worst.warns else Severity.BLOCK
    advice = "" if worst.warns else advice
    return Finding(
        metric.rule,
        severity,
        message,
        worst.drift.name,
        metric.value,
        worst.limit,
        metric.unit,
        metric.box,
        advice,
        tuple(row.metric.name for row in others),
    )
