"""What a check will need of a change and this machine does not hold: commits, files, and content in Git LFS.

A job's clone is often shallow, partial, or has the large files of one side alone. The check says so of each picture;
this says it of the whole change beforehand, with the commands that fetch it.
"""

from __future__ import annotations

import contextlib
import shlex
from typing import TYPE_CHECKING

from maskproof.errors import CouldNotJudge, MissingObject
from maskproof.model import counted
from maskproof.records import sidecar
from maskproof.records.ledger import Ledger
from maskproof.repo import platforms
from maskproof.repo.change import Selection, open_change
from maskproof.repo.paths import is_ours, is_policy, is_sidecar
from maskproof.repo.platforms import Lack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from maskproof.repo import Repository, Tree
    from maskproof.repo.change import Change
    from maskproof.repo.platforms import Range

REFETCH = ("fetch", "--refetch", "--no-filter", "--no-tags", "origin")
"""with the commits that it is for: a merge that a service made is on no branch, so no plain fetch brings its files"""


def complete(
    repository: Repository, wanted: Range, *, fetch: bool, say: Callable[[str], None]
) -> tuple[str | None, str]:
    """The ids of base (None: everything is judged) and head, with all that judging them needs on this machine.

    Args:
        repository: The clone.
        wanted: What is to be judged.
        fetch: Fetch what is missing.
        say: Takes a line for whoever reads the job's log.

    Raises:
        MissingObject: a commit is missing, and was not to be fetched, or did not come. Missing files are only said:
            the check answers for each picture.
        UsageError: fetching failed.
    """
    tried = set()
    while (lack := lacking(repository, wanted)) is not None and fetch and lack.command not in tried:
        tried.add(lack.command)
        say(f"git {shlex.join(lack.command)}")
        repository.fetch(lack.command)
        repository = type(repository)(repository.where)
    base = repository.known(wanted.base.name) if wanted.base else None
    head = repository.known(wanted.head.name)
    if lack is not None and (lack.commit or head is None):
        raise MissingObject(lack.reason, lack.advice)
    if lack is not None:
        say(f"maskproof: {lack.reason}. {lack.advice}")
    assert head is not None  # noqa: S101 - or something would be lacking
    return base, head


def lacking(repository: Repository, wanted: Range) -> Lack | None:
    """The first thing that judging a change needs and this clone has not: a commit, then a file, then its content."""
    if lack := platforms.lacking(repository, wanted):
        return lack
    base = repository.known(wanted.base.name) if wanted.base else None
    return _files(repository, base, repository.commit(wanted.head.name))


def _files(repository: Repository, base: str | None, head: str) -> Lack | None:
    sides = tuple(dict.fromkeys(one for one in (head, base) if one))
    try:
        change = open_change(repository, Selection(base, head, everything=base is None))
        absent, pointers = repository.objects.absent(_needed(change))
    except CouldNotJudge as error:
        return Lack(error.reason, (*REFETCH, *sides), commit=True)
    if absent:
        return Lack("this clone was made without some of the files that the check needs", (*REFETCH, *sides))
    if pointers:
        reason = f"content of Git LFS that the check needs is not here: {counted(len(pointers), 'file')}"
        return Lack(reason, ("lfs", "fetch", "origin", *sides))
    return None


def _needed(change: Change) -> Iterator[str]:
    """Blobs of both sides: what changed, all records, the policy, and what the records of changed pictures name."""
    trees = (*change.trusted, change.head)
    changed = change.head.entries if change.everything else change.changes
    paths = {path for path in changed if is_ours(path)}
    known = {path for tree in trees for path in tree.entries if is_sidecar(path) or is_policy(path)}
    yield from _blobs(trees, paths | known)
    ledger = Ledger(change.base, change.head, change.tips)
    for path in paths:
        image = sidecar.image_of(path) if is_sidecar(path) else path
        with contextlib.suppress(CouldNotJudge):
            records = [ledger.record(image), *(record for _, record in ledger.before(image))]
            used = (one for record in records if record for one in (record.original, record.mask) if one)
            yield from _blobs(trees, {one.path for one in used})


def _blobs(trees: tuple[Tree, ...], paths: set[str]) -> Iterator[str]:
    return (oid for tree in trees for path in paths if (oid := tree.blob_id(path)) is not None)
