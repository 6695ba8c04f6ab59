"""The status of a project: every recorded picture with its verdict as it stands, one after the other.

It judges as `check --all` does, finds what that has kept, and keeps nothing of a picture in memory once it was told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.gate.check import counted_out, reports_on
from maskproof.gate.inspection import Failure, attempt
from maskproof.gate.scope import Scope
from maskproof.model import Recorded
from maskproof.repo.change import Selection, open_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.gate.cache import Cache
    from maskproof.gate.check import Progress, Runner
    from maskproof.gate.scene import Draws
    from maskproof.model import ImageReport
    from maskproof.repo import Repository


def reports(
    repository: Repository,
    *,
    in_ci: bool,
    run: Runner | None = None,
    cache: Cache | None = None,
    draws: Draws | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[ImageReport, Recorded]]:
    """Every picture that has a record as it is staged, in the order of their names, and what a line says of it.

    Args:
        repository: It.
        in_ci: Whether caches may be another's.
        run: As `check` takes it.
        cache: Where verdicts are kept; reports have no inspection then.
        draws: What the reports keep to be seen, for which nothing is kept; None: nothing.
        progress: Told after each picture how many of all are judged.

    Raises:
        PolicyError: the policy has mistakes.
    """
    scope = Scope(open_change(repository, Selection(everything=True))._replace(in_ci=in_ci))
    paths, days = scope.ledger.images, repository.days_of_sidecars()
    found = reports_on(scope, paths, run, cache, lean=draws is None, draws=draws)
    for report in counted_out(found, len(paths), progress):
        yield report, _told(scope, report, days.get(report.path, ""))
    if cache:
        cache.close()


def _told(scope: Scope, report: ImageReport, day: str) -> Recorded:
    record = attempt(scope.ledger.record, report.path)
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
        tuple(one.file for one in scope.sign_offs.of(report.path)),
        tuple(dict.fromkeys(one.accepted.standing for one in report.findings if one.accepted)),
        (tool.provider or "") if tool else "",
        known.mask.mode if known and known.mask else "",
    )
