"""GitLab's Code Quality report (docs.gitlab.com, "Implement a custom tool"): findings that a merge request shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maskproof.model import Severity
from maskproof.report.issues import issues
from maskproof.report.json import listed
from maskproof.report.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.model import Report
    from maskproof.report.issues import Issue

SEVERITIES = {Severity.BLOCK: "critical", Severity.UNJUDGED: "major", Severity.WARN: "minor"}


def run(report: Report, **_: bool) -> Iterator[str]:
    """A whole run; what somebody accepted is `info`."""
    yield from listed(map(_row, issues(report)))
    yield "\n"


def _row(one: Issue) -> dict[str, Any]:
    return {
        "description": one.whole,
        "check_name": one.rule,
        "fingerprint": one.fingerprint,
        "severity": "info" if one.accepted else SEVERITIES[one.severity],
        "location": {"path": safe(one.file), "lines": {"begin": 1}},
    }


joined = run
