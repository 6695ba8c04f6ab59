"""Staging what was recorded, where somebody asks for it: the record and its mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from maskproof.recording.changes import Written
    from maskproof.repo import Repository


def unstaged(repository: Repository, written: Iterable[Written]) -> list[str]:
    """What lies there otherwise than Git holds it: the records, and the masks and originals that they name."""
    named: dict[str, None] = {}
    for one in written:
        used = (one.record.mask, one.record.original)
        named |= dict.fromkeys((one.beside, *(ref.path for ref in used if ref is not None and ref.path != one.path)))
    changed, known = repository.unstaged(named), repository.index.entries
    there = [path for path in named if (repository.root / path).is_file()]
    return [path for path in there if path in changed or path not in known]


def stage(repository: Repository, written: Iterable[Written]) -> list[str]:
    """Stage the records and their masks, as far as they are not.

    Raises:
        UsageError: Git refuses, as it does what `.gitignore` names.
    """
    written = list(written)
    own = {path for one in written for path in (one.beside, one.record.mask.path if one.record.mask else one.beside)}
    files = [path for path in unstaged(repository, written) if path in own]
    if files:
        add(repository, files)
    return files


def add(repository: Repository, files: Iterable[str], *options: str) -> None:
    """`git add` of files by their paths from the top, whatever characters they have.

    Raises:
        UsageError: Git refuses.
    """
    given = b"".join(f":(top,literal){path}".encode("utf-8", "surrogateescape") + b"\0" for path in files)
    try:
        repository.git("add", *options, "--pathspec-from-file=-", "--pathspec-file-nul", given=given)
    except UsageError as error:
        raise UsageError(
            f"what was recorded could not be staged: {error.reason}", "The records are written; stage them by hand."
        ) from error
