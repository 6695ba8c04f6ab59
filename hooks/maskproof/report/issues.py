"""What a run found, one by one, as formats for other programs list it: where, which rule, how grave, in a sentence.

A finding is anchored where a reviewer can open it: at the record of its picture, a text file whose change they see, and
where there is none at the picture. Its fingerprint says the same in every run as long as the same is found in the
same picture, whatever was measured, so that a platform knows it again.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from maskproof.model import Severity, Verdict, counted
from maskproof.report.folded import NAMED, folded
from maskproof.report.text import safe, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from maskproof.model import Finding, ImageReport, Report


LEVELS = {Severity.BLOCK: "error", Severity.UNJUDGED: "error", Severity.WARN: "warning"}
"""how grave a finding is, in the words of SARIF and of GitHub"""


class Issue(NamedTuple):
    """One finding of one image; texts are safe to print, paths are not."""

    image: str
    """the path of the picture"""
    named: str
    """the same, safe to print"""
    file: str
    """the path that it is anchored at"""
    rule: str
    severity: Severity
    says: str
    """which image, what, where, how much"""
    advice: str
    fingerprint: str
    """64 hexadecimal digits"""
    accepted: str
    """how somebody accepted it: `approval`, `pending`, `baseline`; empty: nobody did"""

    @property
    def whole(self) -> str:
        """What was found, and what to do next."""
        return f"{self.says}. {self.advice}".strip()


def issues(report: Report) -> Iterator[Issue]:
    """Every finding of a run, in its order."""
    return (one for image in report.images for one in issues_of(image))


def issues_of(image: ImageReport) -> Iterator[Issue]:
    """Every finding of an image, in its order."""
    named = safe(image.path)
    for one in image.findings:
        yield Issue(
            image.path,
            named,
            image.record or image.path,
            one.rule,
            one.severity,
            f"{named}: {safe(sentence(one))}",
            safe(one.advice),
            _fingerprint(image.path, one),
            one.accepted.standing if one.accepted else "",
        )


def folded_issues(report: Report) -> tuple[Iterable[ImageReport], list[str]]:
    """The images of a run without the warnings that many of them have, and a sentence for each of these."""
    images, warnings = folded(report.images)
    return images, [safe(f"{one.sentence}. {one.advice}".strip()) for one in warnings]


def asks(report: Report) -> str:
    """The first line for a reviewer: what somebody has to look at."""
    counts, names, warned = dict.fromkeys(Verdict, 0), {verdict: list[str]() for verdict in Verdict}, 0
    for image in report.images:
        counts[image.verdict] += 1
        names[image.verdict] += [safe(image.path)] if len(names[image.verdict]) < NAMED else []
        warned += image.verdict is Verdict.PASS and any(not one.accepted for one in image.findings)

    def told(verdict: Verdict, what: str) -> str:
        count, more = counts[verdict], counts[verdict] - NAMED
        listed = ", ".join(names[verdict]) + (f" and {more} more" if more > 0 else "")
        return f"{counted(count, 'image')} {what}: {listed}" if count else ""

    said = [
        told(Verdict.BLOCK, "to look at"),
        told(Verdict.UNJUDGED, "not judged"),
        f"{counted(warned, 'image')} with warnings" if warned else "",
    ]
    return "; ".join(filter(None, said)) or f"nothing to look at: {counted(len(report.images), 'image')} passed"


def _fingerprint(path: str, one: Finding) -> str:
    said = "\0".join((path, one.rule, one.region or "", *one.about))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
