"""Annotations for GitHub Actions (docs.github.com, "Workflow commands"): lines that the runner shows in a pull request.

A step shows ten errors and ten warnings, and drops the others without a word. So the last of ten tells how many more
there are.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from maskproof.model import Verdict, counted
from maskproof.report.issues import LEVELS, asks, folded_issues, issues_of
from maskproof.report.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from maskproof.model import ImageReport, Report

SHOWN = 10
"""annotations of a kind that a step shows"""


def run(report: Report, **_: bool) -> Iterator[str]:
    """A whole run: errors, then warnings, then what there is to look at as a notice."""
    images, warnings = folded_issues(report)
    for command in ("error", "warning"):
        yield from (f"{line}\n" for line in _lines(command, images))
    for one in warnings:
        yield f"::warning title=maskproof::{_data(one)}\n"
    yield f"::notice title=maskproof::{_data(asks(report))}\n"


joined = run


def outputs(report: Report) -> str:
    """What later steps of a job may ask of a run: its verdict, and how many images; nothing that a file says."""
    images, compared, blocked, unjudged = report.counts()
    verdict = Verdict.BLOCK if blocked else Verdict.UNJUDGED if unjudged else Verdict.PASS
    return f"verdict={verdict.value}\nimages={images}\ncompared={compared}\nblocked={blocked}\nunjudged={unjudged}\n"


def _lines(command: str, images: Iterable[ImageReport]) -> Iterator[str]:
    """One for each image, as far as they are shown; the worst of an image speaks for it."""
    found = ([one for one in issues_of(image) if LEVELS[one.severity] == command] for image in images)
    groups = ([one for one in own if not one.accepted] for own in found)
    told = ((group[0], len(group) - 1) for group in groups if group)
    shown = list(islice(told, 2 * SHOWN))  # of those that have no line of their own, as many are named
    count = len(shown) + sum(1 for _ in told)
    most = SHOWN if count <= SHOWN else SHOWN - 1
    for first, more in shown[:most]:
        said = first.whole + (f" And {counted(more, 'more finding')}." if more else "")
        yield f"::{command} file={_property(safe(first.file))},line=1,title={_property(first.rule)}::{_data(said)}"
    if count > most:
        names = ", ".join(first.named for first, _ in shown[most : most + SHOWN])
        said = f"{counted(count - most, 'more image')}: {names}"
        yield f"::{command} title=maskproof::{_data(said)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
