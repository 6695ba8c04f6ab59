"""How an image or a finding stands before a reader: its verdict, and whether there is something to say of a pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.model import Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from maskproof.model import Finding, ImageReport, Recorded

STANDINGS = {
    "block": ("Blocked", "✕"),
    "unjudged": ("Not judged", "?"),
    "warn": ("Warning", "!"),
    "accepted": ("Accepted", "+"),
    "pass": ("Passes", "✓"),
}
"""the gravest first: its word and its sign, since nothing is said by colour alone"""


def of(report: ImageReport) -> str:
    """The standing of an image, as a key of `STANDINGS`."""
    if report.verdict is not Verdict.PASS:
        return report.verdict.value
    if any(one.accepted is None for one in report.findings):
        return Severity.WARN.value
    return "accepted" if report.findings else "pass"


def of_recorded(one: Recorded) -> str:
    """The same of a recorded picture, of which only a line is kept."""
    if one.verdict is not Verdict.PASS:
        return one.verdict.value
    return Severity.WARN.value if one.found else "accepted" if one.accepted else "pass"


def summary(counts: Mapping[str, int]) -> str:
    """How many pictures stand how, each counted once, so that the numbers are those of a page's filters."""
    said = [f"{counts.get('pass', 0)} pass"]
    said += [f"{number} with a warning"] if (number := counts.get("warn", 0)) else []
    said += [f"{number} accepted"] if (number := counts.get("accepted", 0)) else []
    return ", ".join([*said, f"{counts.get('block', 0)} blocked", f"{counts.get('unjudged', 0)} not judged"])


def of_finding(one: Finding) -> str:
    """The same of one finding."""
    return "accepted" if one.accepted else one.severity.value


def rank(name: str) -> int:
    """Its place, the gravest is 0."""
    return list(STANDINGS).index(name)


def word(name: str) -> str:
    """What a reader is told."""
    return STANDINGS[name][0]
