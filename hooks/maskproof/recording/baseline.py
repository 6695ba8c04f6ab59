"""The baseline of a repository: every picture that is committed and has something against it, written down once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.atomic import write_file
from maskproof.errors import ApprovalError, UsageError
from maskproof.gate.check import check
from maskproof.gate.inspection import Failure, Inspection
from maskproof.model import ListedPicture, counted
from maskproof.records import baseline
from maskproof.repo import DEEPEN, REFETCH
from maskproof.repo.change import Selection, open_change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from maskproof.model import ImageReport
    from maskproof.records.baseline import Entry
    from maskproof.repo import Repository

    Progress = Callable[[int, int], None]

NAMED = 3
"""pictures of a long list that are named"""


def write(repository: Repository, progress: Progress) -> Iterator[str]:
    """Write the baseline of what is committed into the working tree.

    Args:
        repository: It.
        progress: Told after each picture how many of all are judged.

    Yields:
        Lines that say what was written, what of an older baseline no longer applies, and what to do next.

    Raises:
        PolicyError: the policy has mistakes.
        UsageError: a picture, or what it takes to judge it, is not on this machine.
    """
    refuse_unseen(repository)
    change = open_change(repository, Selection(everything=True))
    reports = check(change, progress=progress).images
    _refuse({one.path: found.advice for one in reports for found in one.findings if found.absent})
    entries = {one.path: entry for one in reports if (entry := entry_of(one)) is not None}
    committed = {path: one for path, one in entries.items() if change.base.blob_id(path) == change.head.blob_id(path)}
    for one in outdated(known(repository), reports):
        yield f"{one.path}: its entry no longer applies, {one.why}"
    if left := sorted(entries.keys() - committed.keys()):
        yield f"Left out, since it is not committed: {', '.join(left)}"
    target = repository.root / baseline.FILE
    if not committed and not target.exists():
        yield "Nothing that is committed has anything against it, so there is no baseline to write"
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    whole = baseline.Baseline(maskproof=1, pictures=dict(sorted(committed.items())))
    write_file(target, baseline.render(whole), baseline.FILE)
    yield f"Wrote {baseline.FILE}: {counted(len(committed), 'picture')} of {len(reports)} that are tracked"
    yield f"    -> Look at what it accepts, and commit it: `git add {baseline.FILE}`."


def refuse_unseen(repository: Repository) -> None:
    """Nothing is accepted that nobody can look at; raises UsageError where the content of a picture is not here."""
    pictures = {path: oid for tree in (repository.head, repository.index) for oid, path in repository.image_blobs(tree)}
    gone, pointers = map(frozenset, repository.objects.absent(pictures.values()))
    pull, fetch = "Run `git lfs pull`, then the same again.", REFETCH if repository.partial else DEEPEN
    _refuse({path: fetch if oid in gone else pull for path, oid in pictures.items() if oid in gone | pointers})


def _refuse(absent: dict[str, str]) -> None:
    if not absent:
        return
    paths = sorted(absent)
    are = "is" if len(paths) == 1 else "are"
    named = ", ".join(paths[:NAMED]) + (f" and {len(paths) - NAMED} more" if len(paths) > NAMED else "")
    raise UsageError(
        f"{counted(len(paths), 'picture')} {are} not here, so nobody can say what would be accepted: {named}",
        " ".join(dict.fromkeys(absent.values())),
    )


def known(repository: Repository) -> dict[str, Entry]:
    """The entries that are staged, or of the last commit; none where they cannot be read."""
    data = repository.index.read(baseline.FILE)
    try:
        return {} if data is None else baseline.parse(data).pictures
    except ApprovalError:
        return {}


def entry_of(report: ImageReport) -> Entry | None:
    """What the baseline says of a picture; None where there is nothing against it that is not approved."""
    sha256 = _digest_of(report)
    own = [one for one in report.findings if one.accepted is None or one.accepted.how == "baseline"]
    rules = sorted({one.rule for one in own} - baseline.OF_THE_CHANGE)
    return baseline.Entry(sha256=sha256, rules=rules) if sha256 and rules else None


def outdated(entries: dict[str, Entry], reports: Iterable[ImageReport]) -> Iterator[ListedPicture]:
    """Entries that do nothing any more, and why."""
    now = {one.path: one for one in reports}
    for path, entry in sorted(entries.items()):
        report = now.get(path)
        if report is None:
            why = "the picture is gone"
        elif _digest_of(report) != entry.sha256:
            why = "the picture has other bytes now"
        elif not {one.rule for one in report.findings} & set(entry.rules):
            why = "nothing of it is found any more"
        else:
            continue
        yield ListedPicture(path, tuple(entry.rules), why)


def _digest_of(report: ImageReport) -> str:
    inspection = report.inspection
    if not isinstance(inspection, Inspection) or isinstance(inspection.inputs.edit, Failure):
        return ""
    return inspection.inputs.edit.sha256
