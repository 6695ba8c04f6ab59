"""Ranking: several candidates for one edit, the one that kept most of its original first.

A model that is asked for four pictures gives four different drifts, and the eye likes the prettiest. Every candidate is
judged exactly as an edit would be, so the first one that passes is one that the gate would let in. What could not be
judged comes last, with the reason.

candidates -> compare, side by side -> order (`report` makes the table and the contact sheet of it)
"""

from __future__ import annotations

import shlex
from functools import partial
from posixpath import splitext
from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof import parallel
from maskproof.errors import CouldNotJudge
from maskproof.gate.inspection import OTHER_MODE, Inspection, Mending
from maskproof.gate.named import Named, compare
from maskproof.gate.verdict import GRAVEST, ratio
from maskproof.images import containers
from maskproof.model import Finding, ImageReport, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from maskproof.gate.scene import Draws
    from maskproof.model import Read
    from maskproof.policy import Settings

ORDER = (Verdict.PASS, Verdict.BLOCK, Verdict.UNJUDGED)
WORTH_A_PROCESS = 16_000_000
"""pixels of all candidates together from which on a second process is started: that takes about 0.7 s of a processor,
comparing a million pixels 0.13 to 0.25 s"""


class Ranked(Struct, frozen=True):
    """One of several candidates for the same edit, and its place among them."""

    rank: int | None
    """1 is the best; None: it could not be judged"""
    index: int
    """its place among the candidates as they were given, from 0"""
    report: ImageReport
    """the verdict on it; `report.path` is its name"""
    worst: Finding | None
    """what a reader needs first; None: nothing was found"""


def ranked(
    named: Sequence[Named],
    settings: Settings,
    read: Read,
    *,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    draws: Draws | None = None,
) -> tuple[Ranked, ...]:
    """The candidates, best first: what passes before what is blocked, less drift before more, then by name.

    A candidate that changed nothing inside the mask drifted least of all and is no edit, so it follows those of its
    verdict that are one.

    Args:
        named: Each candidate beside the original and the mask, which are the same for all of them.
        settings: Level, limits and areas; the same for all of them.
        read: Where policy finds the pictures of its areas.
        jobs: Comparisons at a time; None: 1 where little is to do, else as many as there are processors, at most 2.
        progress: Told after each comparison how many of how many are done.
        draws: What the reports keep to be seen; None: nothing.

    Returns:
        One for each candidate; what could not be judged is last and has no rank.
    """
    files = {place: read(place) for place in settings.named_files}  # another process cannot ask for them
    judged = partial(compare, settings=settings, read=files.get, draws=draws)
    reports: list[ImageReport] = []
    for report in parallel.outcomes(judged, named, _processes(jobs, named)):
        reports.append(report)
        if progress:
            progress(len(reports), len(named))
    return in_order(reports)


def in_order(reports: Sequence[ImageReport]) -> tuple[Ranked, ...]:
    """Reports on candidates of one original, best first."""

    def place(given: tuple[int, ImageReport]) -> tuple[int, bool, float, str]:
        report = given[1]
        untouched = any(one.rule == "edit-missing" for one in report.findings)
        return ORDER.index(report.verdict), untouched, report.drift or 0.0, report.path

    return tuple(
        Ranked(None if report.verdict is Verdict.UNJUDGED else rank, index, report, worst(report))
        for rank, (index, report) in enumerate(sorted(enumerate(reports), key=place), 1)
    )


def worst(report: ImageReport) -> Finding | None:
    """The finding that a reader needs first: of the gravest ones, the one furthest over its limit."""
    return min(report.findings, key=lambda one: (GRAVEST.index(one.severity), -excess(one)), default=None)


def advice(
    order: Sequence[Ranked],
    original: str,
    mask: str | None,
    mode: str | None,
    taken: str | None = None,
    brought: Callable[[str], str] = lambda path: path,
    met: Mending | None = None,
) -> tuple[str, ...]:
    """What to do with the best of them: a sentence, then commands; names are those of the files.

    Args:
        order: The candidates, best first.
        original: What they were made from.
        mask: Its mask, if there is one.
        mode: How the mask is read.
        taken: Where the best was copied to; None: it was not.
        brought: What a file is called once it lies in the repository; itself, where it does.
        met: What putting back the protected pixels of the best would meet; None: nothing that is known.
    """
    best = next((one.report for one in order if one.rank), None)
    if best is None:
        return ()
    files = [taken or best.path, original, *([mask] if mask is not None and mode is not None else [])]
    edit, source, *through = map(brought, files)
    copies = [
        shlex.join(["cp", *pair]) for pair in zip(files, (edit, source, *through), strict=True) if len({*pair}) > 1
    ]
    masked = ["--mask", through[0], "--mask-mode", mode or ""] if through else []
    record = " && ".join([*copies, shlex.join(["maskproof", "record", edit, "--original", source, *masked])])
    if best.verdict is Verdict.PASS:
        copied = f" {taken} is a copy of it." if taken else ""
        return f"{best.path} is the best, and it passes.{copied} Record what it was made from:", record
    found, other = best.inspection, OTHER_MODE.get(mode or "")
    if other and isinstance(found, Inspection) and found.is_inverted:  # where restore would refuse
        turned = f"If its {other} part was editable, rank with that: `--mask-mode {other}`."
        return (f"None passes; what changed is what the mask protects. {turned}",)
    met = met or Mending()
    if met.why_not:
        return (f"None passes; {best.path} is the nearest. Edit again: {met.why_not}.",)
    elsewhere = ["-o", splitext(edit)[0] + splitext(met.target)[1]] if met.target else []
    restore = shlex.join(["maskproof", "restore", edit, *elsewhere])
    return f"None passes; {best.path} is the nearest. Edit again, or put its protected pixels back:", record, restore


def _processes(jobs: int | None, named: Sequence[Named]) -> int:
    try:
        container = containers.read(named[0].original, "the original")
    except CouldNotJudge:
        return 1
    little = container.width * container.height * len(named) < WORTH_A_PROCESS
    return parallel.count(1 if jobs is None and little else jobs, len(named))


def excess(finding: Finding) -> float:
    """How far a finding is over its limit, or under one that has to be reached."""
    if finding.value is None or finding.limit is None:
        return 0.0
    return max(ratio(finding.value, finding.limit), ratio(finding.limit, finding.value))
