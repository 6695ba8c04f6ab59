"""Explaining: every step that led to the verdict on one image, or what the marks of a plain file say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from maskproof import evidence
from maskproof.errors import UsageError
from maskproof.gate.check import judge
from maskproof.gate.gather import gather
from maskproof.gate.scope import Scope
from maskproof.records.sidecar import image_of
from maskproof.repo import Repository
from maskproof.repo.change import Selection, open_change
from maskproof.repo.paths import is_sidecar

if TYPE_CHECKING:
    from maskproof.gate.scene import Draws
    from maskproof.model import Evidence, ImageReport

MAX_NEIGHBOUR = 4_000_000
"""bytes of a file beside the image"""


def explained(where: Path, path: Path, draws: Draws | None = None) -> ImageReport | None:
    """The report on one tracked image as it is staged, with its steps; None for a file that Git does not track.

    Args:
        where: The folder that the shell stands in.
        path: Of the image, or of its record.
        draws: What the report keeps to be seen; None: nothing.

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
    scope = Scope(open_change(repository, Selection(named=())))
    return judge(gather(scope, name), scope.files, draws=draws)


def marks(data: bytes, name: str, *, stealth: bool = False) -> tuple[Evidence, ...]:
    """What a file's own metadata and the files beside it say, without Git; with `stealth` also what its pixels hide.

    Raises:
        CouldNotJudge: the file cannot be read; with `stealth`, or decoded.
    """
    found = evidence.assess(data, name, _beside)
    if not stealth:
        return found
    from maskproof.images.decode import decode

    picture = decode(data, name)
    return found + evidence.hidden(picture.samples, picture.alpha)


def _beside(path: str) -> bytes | None:
    """A neighbouring file on disk; what cannot be read, or is too long to be metadata, is not there."""
    try:
        file = Path(path)
        return file.read_bytes() if file.stat().st_size <= MAX_NEIGHBOUR else None
    except (OSError, ValueError):
        return None
