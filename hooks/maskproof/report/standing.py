"""How an image or a finding stands before a reader: its verdict, and whether there is something to say of a pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.model import Severity, Verdict

if TYPE_CHECKING:
    from maskproof.model import Finding, ImageReport

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


def of_finding(one: Finding) -> str:
    """The same of one finding."""
    return "accepted" if one.accepted else one.severity.value


def rank(name: str) -> int:
    """Its place, the gravest is 0."""
    return list(STANDINGS).index(name)


def word(name: str) -> str:
    """What a reader is told."""
    return STANDINGS[name][0]
