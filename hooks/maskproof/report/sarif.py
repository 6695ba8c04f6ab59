"""SARIF 2.1.0 (OASIS), which code scanning reads: a result for each finding, a rule with its help for each kind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from maskproof import __version__
from maskproof.report.issues import LEVELS, issues
from maskproof.report.json import pieces
from maskproof.report.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.model import Report
    from maskproof.report.issues import Issue

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOME = "https://github.com/maskproof/maskproof"
NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def run(report: Report, **_: bool) -> Iterator[str]:
    """A whole run; what somebody accepted is a suppressed result."""
    from maskproof.policy.rules import RULES  # loads much, and the command line asks every writer what it has

    rules = sorted({one.rule for image in report.images for one in image.findings})
    described = [_rule(RULES[rule]) for rule in rules]
    tool = {"name": "maskproof", "version": __version__, "informationUri": HOME, "rules": described}
    whole = {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": tool}, "results": []}]}
    return pieces(whole, {"results": (_result(one, rules.index(one.rule)) for one in issues(report))})


joined = run


def _rule(rule: Any) -> dict[str, Any]:
    page = f"{HOME}/blob/main/{rule.page}"
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "help": {"text": f"{rule.title} Also known as: {', '.join(rule.known_as)}. See {page}"},
        "helpUri": page,
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
    }


def _result(one: Issue, index: int) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": _uri(one.file), "uriBaseId": "%SRCROOT%"}, "region": {"startLine": 1}}
    result: dict[str, Any] = {
        "ruleId": one.rule,
        "ruleIndex": index,
        "level": LEVELS[one.severity],
        "message": {"text": _literal(one.whole)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"maskproof/v1": one.fingerprint},
    }
    if one.accepted:
        status = "underReview" if one.accepted == "pending" else "accepted"
        result["suppressions"] = [{"kind": "external", "status": status, "justification": one.accepted}]
    return result


def _literal(text: str) -> str:
    """Text in which nothing is a link or a place for an argument (SARIF 2.1.0, 3.11.5 and 3.11.6)."""
    for special, written in (("\\", "\\\\"), ("[", "\\["), ("]", "\\]"), ("{", "{{"), ("}", "}}")):
        text = text.replace(special, written)
    return text


def _uri(path: str) -> str:
    """A path as a relative reference (RFC 3986), its bytes escaped where a reference may not hold them."""
    # What no file name holds, half of a pair that stands for no byte, is written as text shows it.
    held = safe(path) if NO_BYTE.search(path) else path
    return quote(held.encode("utf-8", "surrogateescape"), safe="/")
