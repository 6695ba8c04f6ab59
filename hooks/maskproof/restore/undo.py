"""Undoing a restore: what it replaced lies as objects in Git, and a note under the Git directory says which.

A command and no line for the shell, so that it works in every shell and from every folder. Git removes objects that no
commit names after two weeks; that is how long it works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from maskproof.atomic import one_writer, read_file, write_file, write_together
from maskproof.content import sha256_of
from maskproof.errors import CouldNotJudge, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from maskproof.repo import Repository


class Replaced(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file that was written."""

    path: str
    old: str | None
    """id of the object that holds what lay there; None: nothing did"""
    new: str
    """SHA-256 of what was written"""


def keep(repository: Repository, target: str, old: dict[str, bytes | None], new: dict[str, bytes]) -> None:
    """Keep what is about to be replaced; `old` and `new` are the bytes of each file by its repository path."""
    files = [
        Replaced(path, None if data is None else repository.objects.keep(data), sha256_of(new[path]))
        for path, data in old.items()
    ]
    note = _note(repository, target)
    note.parent.mkdir(parents=True, exist_ok=True)
    write_file(note, msgspec.json.encode(files), str(note))


def remember(repository: Repository, data: bytes) -> None:
    """Keep what a model sent, so that it can be found by its digest; it is the parent of what is made of it."""
    note = _kept(repository, sha256_of(data))
    note.parent.mkdir(parents=True, exist_ok=True)
    write_file(note, repository.objects.keep(data).encode(), str(note))


def recall(repository: Repository, sha256: str) -> bytes | None:
    """What `remember` kept; None where it did not, or where Git has it no longer."""
    try:
        data = repository.objects.blob(_kept(repository, sha256).read_text(), "the model's file")
    except (OSError, CouldNotJudge):
        return None
    return data if sha256_of(data) == sha256 else None


def _kept(repository: Repository, sha256: str) -> Path:
    return repository.common_dir / "maskproof" / "models" / sha256


def undo(repository: Repository, target: str) -> tuple[str, ...]:
    """Bring back what the last restore of a picture replaced; gives the paths.

    Raises:
        UsageError: it was not restored here, worked on since, or what it replaced is gone.
    """
    note = _note(repository, target)
    with one_writer(repository.common_dir):
        try:
            files = msgspec.json.decode(note.read_bytes(), type=list[Replaced])
        except (OSError, msgspec.DecodeError) as error:
            raise UsageError(f"no restore of {target} is known here", "Bring it back from Git: `git log`.") from error
        back = []
        for one in files:
            file = repository.root / one.path
            try:
                old = None if one.old is None else repository.objects.blob(one.old, one.path)
            except CouldNotJudge as error:
                raise UsageError(
                    f"Git no longer holds what lay at {one.path}", "It keeps that for two weeks."
                ) from error
            now = read_file(file, one.path) if file.is_file() else None
            if now != old and (now is None or sha256_of(now) != one.new):
                raise UsageError(
                    f"{one.path} was changed since it was restored, and undoing would lose that", "Move it away first."
                )
            back.append((file, old))
        write_together(*((file, data) for file, data in back if data is not None))
        for file, data in back:
            if data is None:
                file.unlink(missing_ok=True)
        note.unlink()
    return tuple(one.path for one in files)


def _note(repository: Repository, target: str) -> Path:
    """Where it is written; by the file's full name, as worktrees share the folder."""
    name = sha256_of(str(repository.root / target).encode(errors="surrogateescape"))
    return repository.common_dir / "maskproof" / "undo" / f"{name}.json"
