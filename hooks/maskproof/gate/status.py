"""The status of a project: every recorded picture with its verdict as it stands, one after the other.

It judges as `check --all` does, and keeps nothing of a picture once it was told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.gate.check import judged
from maskproof.gate.inspection import Failure, Inspection
from maskproof.gate.scope import Scope
from maskproof.model import Recorded
from maskproof.repo.change import Selection, open_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.gate.check import Progress
    from maskproof.gate.scene import Draws
    from maskproof.model import ImageReport
    from maskproof.repo import Repository


def recorded(repository: Repository, *, in_ci: bool, progress: Progress | None = None) -> Iterator[Recorded]:
    """Every picture that has a record, in a line; arguments as of `reports`."""
    return (told(report, day) for report, day in reports(repository, in_ci=in_ci, progress=progress))


def reports(
    repository: Repository, *, in_ci: bool, draws: Draws | None = None, progress: Progress | None = None
) -> Iterator[tuple[ImageReport, str]]:
    """Every picture that has a record as it is staged, in the order of their names, and the day of its record.

    Args:
        repository: It.
        in_ci: Whether caches may be another's.
        draws: What the reports keep to be seen; None: nothing.
        progress: Told after each picture how many of all are judged.

    Raises:
        PolicyError: the policy has mistakes.
    """
    change = open_change(repository, Selection(everything=True))._replace(in_ci=in_ci)
    scope = Scope(change)
    days = repository.days_of_sidecars()
    for number, path in enumerate(scope.ledger.images, 1):
        yield judged(scope, path, draws=draws), days.get(path, "")
        if progress:
            progress(number, len(scope.ledger.images))


def told(report: ImageReport, day: str) -> Recorded:
    """What a line says of a picture."""
    found = report.inspection
    record = found.inputs.record if isinstance(found, Inspection) else None
    sign_offs = found.inputs.sign_offs if isinstance(found, Inspection) else ()
    known = None if record is None or isinstance(record, Failure) else record
    tool = known.tool if known else None
    return Recorded(
        report.path,
        report.verdict,
        report.drift,
        known.origin if known else "",
        (tool.model or tool.provider or "") if tool else "",
        day,
        tuple(dict.fromkeys(one.rule for one in report.findings if one.accepted is None)),
        tuple(one.file for one in sign_offs),
        tuple(dict.fromkeys(one.accepted.standing for one in report.findings if one.accepted)),
        (tool.provider or "") if tool else "",
        known.mask.mode if known and known.mask else "",
    )
