"""Annotations for GitHub Actions (docs.github.com, "Workflow commands"): lines that the runner shows in a pull request.

A step shows ten errors and ten warnings, and drops the others without a word. So the last of ten tells how many more
there are.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from maskproof.model import Verdict, counted
from maskproof.report.issues import LEVELS, asks, folded_issues
from maskproof.report.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.model import Report
    from maskproof.report.issues import Issue

SHOWN = 10
"""annotations of a kind that a step shows"""


def run(report: Report, **_: bool) -> str:
    """A whole run: errors, then warnings, then what there is to look at as a notice."""
    told, warnings = folded_issues(report)
    found = [one for one in told if not one.accepted]
    lines = [line for command in ("error", "warning") for line in _lines(command, found)]
    lines += [f"::warning title=maskproof::{_data(one)}" for one in warnings]
    return "\n".join([*lines, f"::notice title=maskproof::{_data(asks(report))}", ""])


joined = run


def outputs(report: Report) -> str:
    """What later steps of a job may ask of a run: its verdict, and how many images; nothing that a file says."""
    blocked, unjudged = report.count(Verdict.BLOCK), report.count(Verdict.UNJUDGED)
    verdict = Verdict.BLOCK if blocked else Verdict.UNJUDGED if unjudged else Verdict.PASS
    return (
        f"verdict={verdict.value}\nimages={len(report.images)}\ncompared={report.compared}\n"
        f"blocked={blocked}\nunjudged={unjudged}\n"
    )


def _lines(command: str, found: list[Issue]) -> Iterator[str]:
    """One for each image, as far as they are shown; the worst of an image speaks for it."""
    own = [one for one in found if LEVELS[one.severity] == command]
    images = [list(group) for _, group in groupby(own, key=lambda one: one.image)]
    most = SHOWN if len(images) <= SHOWN else SHOWN - 1
    for group in images[:most]:
        first, more = group[0], len(group) - 1
        said = first.whole + (f" And {counted(more, 'more finding')}." if more else "")
        yield f"::{command} file={_property(safe(first.file))},line=1,title={_property(first.rule)}::{_data(said)}"
    if left := images[most:]:
        names = ", ".join(group[0].named for group in left[:SHOWN])
        said = f"{counted(len(left), 'more image')}: {names}"
        yield f"::{command} title=maskproof::{_data(said)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
