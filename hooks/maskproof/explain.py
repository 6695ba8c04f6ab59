"""Explaining: every step that led to the verdict on one image, or what the marks of a plain file say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof import evidence
from maskproof.change import Selection, open_change
from maskproof.check import judge
from maskproof.errors import UsageError
from maskproof.names import is_sidecar
from maskproof.repo import Repository
from maskproof.scope import Scope
from maskproof.sidecar import image_of

if TYPE_CHECKING:
    from pathlib import Path

    from maskproof.model import Evidence, ImageReport


def explained(where: Path, path: Path) -> ImageReport | None:
    """The report on one tracked image as it is staged, with its steps; None for a file that Git does not track.

    Raises:
        UsageError: there is no such file.
        PolicyError: the policy has mistakes.
    """
    folder = path.parent if path.is_absolute() else where / path.parent
    repository = Repository(folder if folder.is_dir() else where)
    try:
        name = repository.path_of(path.name if folder.is_dir() else str(path))
    except UsageError:
        return None
    name = image_of(name) if is_sidecar(name) else name
    if name not in repository.index.entries:
        return None
    return judge(Scope(open_change(repository, Selection(named=()))), name)


def marks(data: bytes, name: str) -> tuple[Evidence, ...]:
    """What a file's own metadata says, without Git and without decoding it."""
    return evidence.assess(data, name)
