"""Several edits at once: named one by one, as a folder, or by the rows of a table.

Each is recorded for itself, so that a mistake in one costs none of the others; what could not be recorded is told with
the line that asked for it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from maskproof import evidence
from maskproof.atomic import read_file
from maskproof.errors import CouldNotJudge, UsageError
from maskproof.recording import NothingKnown, write
from maskproof.recording.changes import MANY, Written
from maskproof.records.proposal import MASK_WORD
from maskproof.records.table import Row, read
from maskproof.repo.paths import is_image
from maskproof.repo.working import record_places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from maskproof.recording.session import Options, Session
    from maskproof.repo import Repository

NOT_OURS = {".git", ".maskproof"}
"""folders without edits"""


class LeftAlone(Struct, frozen=True):
    """A picture in a folder of which nothing says what it was made from, or which others were made from."""

    edit: str
    used: bool = False
    """others were made from it, or through it"""


class Refused(Struct, frozen=True):
    """An edit that was not recorded."""

    where: str
    """the row that asked for it; empty: it was named or found"""
    edit: str
    reason: str
    advice: str


Outcome = Written | Refused | LeftAlone


def record_all(session: Session, rows: Iterable[Row], given: Options) -> Iterator[Outcome]:
    """Record edits one after the other.

    Args:
        session: The run.
        rows: The edits.
        given: Options for those that say nothing else themselves.

    Raises:
        PolicyError: the policy has mistakes.
    """
    used: set[str] = set()
    for row in rows:
        if row.problem:
            yield Refused(row.where, row.edit, row.problem, "Correct the row, and run this again.")
            continue
        # As all that is written is named; what somebody named is called as they did.
        called = session.repository.path_of(row.edit) if row.found else row.edit
        if row.found and called in used:
            yield LeftAlone(called, used=True)
            continue
        try:
            done = write(session, row.edit, _options(given, row.given))
        except NothingKnown as error:
            yield LeftAlone(called) if row.found else Refused(row.where, called, error.reason, error.advice)
        except UsageError as error:
            yield Refused(row.where, called, error.reason, error.advice)
        else:
            used |= {one.path for one in (done.record.original, done.record.mask) if one is not None}
            yield done


def left_alone(pictures: Sequence[LeftAlone]) -> Iterator[str]:
    """The pictures of a folder that were not recorded, by why."""
    for used, why in ((False, "nothing says what it was made from"), (True, "others were made from it")):
        names = [one.edit for one in pictures if one.used is used]
        more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
        if names:
            yield f"Left alone, as {why}: {', '.join(names[:MANY])}{more}"


def rows_of(session: Session, edits: Iterable[Path], table: Path | None, given: Options) -> list[Row]:
    """The edits that a command line means: those of a table, or files and what is in folders.

    Raises:
        UsageError: there is no such folder, or the table cannot be used.
    """
    repository = session.repository
    if table is not None:
        folder = table.parent
        inside = folder.resolve().is_relative_to(repository.root.resolve())
        return read(read_file(table), str(table), folder if inside else Path())
    rows: dict[str, Row] = {}
    for edit in edits:
        for row in found_in(session, str(edit), given) if edit.is_dir() else [Row("", str(edit), {})]:
            rows.setdefault(repository.path_of(row.edit), row)
    return list(rows.values())


def _options(given: Options, own: dict[str, Any]) -> Options:
    """What a row says before what the command line says."""
    if own.get("generated") or own.get("manual"):
        given = {**given, "generated": False, "manual": False}
    if own.get("generated"):
        given = {**given, **dict.fromkeys(("original", "mask", "mask_mode", "crop", "pad", "parent"))}
    if own.get("mask"):
        given = {**given, "no_mask": False}
    return {**given, **own}


def found_in(session: Session, folder: str, given: Options) -> Iterator[Row]:
    """The edits of a folder and of the folders in it.

    Those that have a record; and of the others, masks and what is named as their original apart, those of which the
    command line says what they are, or else those that the commit under way brings or that say that AI made them.
    """
    repository = session.repository
    top = repository.path_of(folder)
    apart = {repository.path_of(given[key]) for key in ("original", "mask") if given[key]}
    told = given["original"] or given["generated"] or given["manual"]
    for path in _pictures(repository, repository.root / top):
        if path in apart:
            continue
        known = record_places(repository, path)
        if known or (not _is_mask(session, path) and (told or _may_be_edit(session, path))):
            yield Row("", str(repository.root / path), {}, found=True)


def _pictures(repository: Repository, folder: Path) -> Iterator[str]:
    """The pictures in the working tree, by their repository path; not those of repositories inside this one."""
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(one for one in folders if one not in NOT_OURS and not (here / one / ".git").exists())
        for file in (here / name for name in sorted(names) if is_image(name)):
            if not file.is_symlink():
                yield file.relative_to(repository.root).as_posix()


def _is_mask(session: Session, path: str) -> bool:
    return bool(MASK_WORD.search(path.rsplit(".", 1)[0])) or session.scope.ledger.mask_mode(path) is not None


def _may_be_edit(session: Session, path: str) -> bool:
    """Is it new or changed since the last commit, or do its marks speak of AI?"""
    repository = session.repository
    if session.scope.ledger.users(path):
        return False
    if repository.head.blob_id(path) is None or path in session.scope.change.changes or repository.unstaged((path,)):
        return True
    try:
        return bool(
            evidence.is_ai(evidence.assess(read_file(repository.root / path, path), path, repository.head.read))
        )
    except CouldNotJudge:
        return False
