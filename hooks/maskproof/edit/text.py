"""What is printed about an edit: what was sent, how the candidates fared, what was written, what to do next."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from maskproof.edit.api import prices
from maskproof.model import Verdict, counted
from maskproof.report.text import image, ranking, safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maskproof.edit import EditResult
    from maskproof.edit.batch import JobResult
    from maskproof.edit.inputs import PreparedEdit
    from maskproof.edit.jobs import Job


def describe_request(prepared: PreparedEdit, server: str) -> str:
    """What goes to which server, before it does."""
    part = prepared.request.plan.describe(prepared.original.size)
    further = counted(len(prepared.references), "further picture")
    beside = f", its mask and {further}" if prepared.references else " and its mask"
    return safe(f"Sending {prepared.original_name} ({part}){beside} to {server}")


def describe_cost(named: Sequence[tuple[str, float | None]], server: str) -> str:
    """What edits are likely to cost, each and together; which of them nobody knows."""
    known = [cost for _, cost in named if cost is not None]
    lines = [f"{name}: {'not known' if cost is None else f'about ${cost:.2f}'}" for name, cost in named]
    unknown = len(named) - len(known)
    of = f", and {counted(unknown, 'edit')} of unknown price" if unknown else ""
    lines.append(f"Together about ${sum(known):.2f}{of}, at {server}; prices as of {prices.AS_OF}. Nothing was sent.")
    return "".join(safe(line) + "\n" for line in lines)


def describe_edit(one: EditResult, *, color: bool) -> str:
    """One edit: its candidates, what was done to the best of them, and the verdict on what was written."""
    lines = [ranking(one.order, (), color=color).rpartition("\n\n")[0]]
    lines += [safe(f"Note: {note}.") for note in dict.fromkeys(one.notes)]
    best = next(row.report for row in one.order if row.report.path == one.best)
    before = "not judged" if best.drift is None else f"{best.drift:.2f}"
    after = "not judged" if one.report.drift is None else f"{one.report.drift:.2f}"
    lines += ["", safe(f"Restored {one.best} ({one.how}): drift {before} before, {after} after (the limit is 1)."), ""]
    lines.append(image(one.report, color=color).rstrip())
    lines += ["", safe(f"Wrote {one.out} and its record")]
    lines.append(safe(f"    -> git add {shlex.join(one.commit)}"))
    if one.unchanged:
        lines.append("Nothing changed inside the mask, so the exit status is 1.")
    return "\n".join(lines) + "\n"


def describe_job(one: JobResult) -> str:
    """One job of a list in a line or two."""
    name = one.job.target
    if one.made is not None:
        drift = "" if one.made.report.drift is None else f", drift {one.made.report.drift:.2f}"
        passes = "passes" if one.made.report.verdict is Verdict.PASS else "does not pass"
        word = "nothing changed inside the mask" if one.made.unchanged else passes
        return safe(f"{name}: made, {word}{drift}") + "".join(f"\n    {safe(note)}" for note in one.made.notes)
    assert one.error is not None  # noqa: S101 - one of the two is set
    return safe(f"{name}: not made: {one.error.reason}") + (
        f"\n    -> {safe(one.error.advice)}" if one.error.advice else ""
    )


def describe_batch(done: Sequence[Job], outcomes: Sequence[JobResult], left: Sequence[Job], name: str) -> str:
    """The last lines of a list: how many were made, what to commit, what is left to do."""
    good = [one.made for one in outcomes if one.made is not None]
    counts = [
        f"{len(good)} made",
        f"{len(done)} made before",
        f"{len(outcomes) - len(good)} not made",
        f"{len(left)} left",
    ]
    lines = []
    if good:
        files = dict.fromkeys(path for one in good for path in one.commit)
        lines.append(safe(f"    -> git add {shlex.join(files)}"))
    if left or len(good) < len(outcomes):
        lines.append(safe(f"    -> for the rest: maskproof edit --manifest {shlex.quote(name)}"))
    return "\n".join([*lines, f"maskproof: {', '.join(counts)}."]) + "\n"
