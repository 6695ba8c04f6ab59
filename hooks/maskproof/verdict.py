"""The verdict: numbers and limits in, pass or block or could-not-judge out. Nothing else decides.

A metric blocks when it is over its limit. One blocking finding blocks the image; otherwise one thing that could
not be judged leaves it unjudged; warnings never change the answer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from maskproof.limits import ROWS
from maskproof.model import Finding, ImageReport, Judged, Metric, RegionDrift, Severity, Verdict, amount

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
    found: list[Finding] = []
    worst = 0.0
    for one in judged:
        for metric, limit in zip(one.drift.metrics, one.limits, strict=True):
            if limit is None:
                continue
            row = ROWS[one.drift.kind, metric.name]
            ratio = over(limit, metric.value) if row.at_least else over(metric.value, limit)
            if not row.warns:
                worst = max(worst, ratio)
            if ratio > 1:
                found.append(_finding(one.drift, metric, limit, row.warns, advice))
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


def _finding(drift: RegionDrift, metric: Metric, limit: float, warns: bool, advice: str) -> Finding:
    message = metric.says.replace("{value}", amount(metric.value, metric.unit)).replace(
        "{limit}", amount(limit, metric.unit)
    )
    return Finding(
        metric.rule,
        Severity.WARN if warns else Severity.BLOCK,
        message,
        drift.name,
        metric.value,
        limit,
        metric.unit,
        metric.box,
        "" if warns else advice,
    )
