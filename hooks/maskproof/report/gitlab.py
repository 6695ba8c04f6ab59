"""GitLab's Code Quality report (docs.gitlab.com, "Implement a custom tool"): findings that a merge request shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from maskproof.model import Severity
from maskproof.report.issues import issues
from maskproof.report.text import safe

if TYPE_CHECKING:
    from maskproof.model import Report

SEVERITIES = {Severity.BLOCK: "critical", Severity.UNJUDGED: "major", Severity.WARN: "minor"}


def run(report: Report, **_: bool) -> str:
    """A whole run; what somebody accepted is `info`."""
    found = [
        {
            "description": one.whole,
            "check_name": one.rule,
            "fingerprint": one.fingerprint,
            "severity": "info" if one.accepted else SEVERITIES[one.severity],
            "location": {"path": safe(one.file), "lines": {"begin": 1}},
        }
        for one in issues(report)
    ]
    return json.dumps(found, indent=2) + "\n"


joined = run
