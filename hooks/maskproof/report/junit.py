"""JUnit XML, which every CI shows: a test case for each image, failed where it is blocked.

There is no standard; this is what Jenkins' and GitLab's readers share: `testsuites`, `testsuite`, `testcase`, and in it
`failure`, `error` or `system-out`.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from maskproof.model import Severity, Verdict
from maskproof.report.issues import issues_of
from maskproof.report.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.model import ImageReport, Report
    from maskproof.report.issues import Issue

TAGS = {Severity.BLOCK: "failure", Severity.UNJUDGED: "error"}


def run(report: Report, **_: bool) -> Iterator[str]:
    """A whole run. `safe` leaves only characters that XML 1.0 allows, and what HTML escapes is what XML does."""
    images, _compared, blocked, unjudged = report.counts()
    counts = f'tests="{images}" failures="{blocked}" errors="{unjudged}"'
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="maskproof" {counts}>\n  <testsuite name="maskproof" {counts}>\n'
    for image in report.images:
        yield from (f"{line}\n" for line in _case(image, list(issues_of(image))))
    yield "  </testsuite>\n</testsuites>\n"


joined = run


def _case(image: ImageReport, found: list[Issue]) -> list[str]:
    """One image: a failure or an error as its verdict says, and what else was found as output."""
    counting = [one for one in found if one.severity in TAGS and not one.accepted]
    leading = next((one for one in counting if TAGS[one.severity] == _tag(image)), None)
    rest = [one for one in found if one is not leading]
    head = f'    <testcase classname="maskproof" name="{escape(safe(image.path))}"'
    if not found:
        return [f"{head}/>"]
    lines = [f"{head}>"]
    if leading:
        tag = TAGS[leading.severity]
        lines.append(
            f'      <{tag} type="{leading.rule}" message="{escape(leading.says)}">{escape(leading.advice)}</{tag}>'
        )
    if rest:
        said = "\n".join(f"{one.accepted or one.severity.value}: {one.says}" for one in rest)
        lines.append(f"      <system-out>{escape(said)}</system-out>")
    return [*lines, "    </testcase>"]


def _tag(image: ImageReport) -> str:
    return {Verdict.BLOCK: "failure", Verdict.UNJUDGED: "error"}.get(image.verdict, "")
