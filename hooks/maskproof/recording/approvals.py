"""The list of what was accepted in a project: every approval and the baseline, and what has become of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.gate import accepted
from maskproof.gate.check import judge
from maskproof.gate.gather import gather
from maskproof.gate.inspection import Inspection
from maskproof.gate.scope import Scope
from maskproof.model import ListedApproval, ListedPicture, Listing, Severity
from maskproof.recording import baseline
from maskproof.records.approval import Approval
from maskproof.repo import Repository
from maskproof.repo.change import open_against

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from maskproof.gate.signoffs import SignOff
    from maskproof.model import ImageReport


def listed(where: Path, since: str | None, authors: tuple[str, ...] = ()) -> Listing:
    """All approvals as they are staged, judged anew.

    Args:
        where: The current folder, inside a Git repository.
        since: The branch that the change is to be merged into; None: as `open_against`.
        authors: Who made the change, as the platform says.

    Raises:
        UsageError, PolicyError: as of the gate.
    """
    repository = Repository(where)
    scope = Scope(open_against(repository, since)._replace(authors=authors))
    entries = baseline.known(repository)
    files = scope.sign_offs.files
    named = [one.path for whole in files.values() if isinstance(whole, Approval) for one in whole.pictures]
    here = scope.change.head.entries
    reports = {path: judge(gather(scope, path), scope.files) for path in {*named, *entries} if path in here}
    outdated = tuple(baseline.outdated(entries, reports.values()))
    return Listing(tuple(_listed(scope, file, reports) for file in files), len(entries) - len(outdated), outdated)


def _listed(scope: Scope, file: str, reports: dict[str, ImageReport]) -> ListedApproval:
    whole = scope.sign_offs.files[file]
    if not isinstance(whole, Approval):
        return ListedApproval(file, known=whole.reason)
    own = [one for picture in whole.pictures for one in scope.sign_offs.of(picture.path) if one.file == file]
    standing, first = own[0].standing, own[0]
    counts = standing.counts or scope.sign_offs.rules.required == 0
    known = standing.how or standing.why
    pictures = tuple(
        ListedPicture(
            one.approved.path,
            tuple(dict.fromkeys(answer.rule for answer in one.approved.findings)),
            "; ".join(_why(one, reports.get(one.approved.path))),
        )
        for one in own
    )
    return ListedApproval(file, whole.reason, first.by, first.expires, counts, known, pictures)


def _why(sign_off: SignOff, report: ImageReport | None) -> Iterator[str]:
    """Why an approval does nothing for a picture."""
    if report is None:
        yield "the picture is gone"
        return
    inspection = report.inspection
    assert isinstance(inspection, Inspection)  # noqa: S101 - `judge` keeps it
    if why := accepted.lapse(sign_off, inspection.inputs, report.findings):
        yield why
    elif all(one.severity is Severity.WARN for one in report.findings):
        yield "nothing stands against the picture any more"
