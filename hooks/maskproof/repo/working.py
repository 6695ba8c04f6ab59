"""The working tree: what lies in it and is not part of the commit. Only seen and told, never judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.errors import TwoRecords
from maskproof.repo.paths import POLICY_FILES, PRESET_SUFFIX, SIDECAR_SUFFIX, sidecar_image

if TYPE_CHECKING:
    from collections.abc import Iterable

    from maskproof.repo import Repository

TABLE = b"[tool.maskproof"
"""begins the policy in a pyproject.toml"""


def untracked(repository: Repository, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of some paths that are files of the working tree and that Git does not know."""
    known = repository.index.entries
    return tuple(path for path in paths if path not in known and (repository.root / path).is_file())


def record_places(repository: Repository, image: str) -> tuple[str, ...]:
    """Where the working tree holds records of an image: beside it, and in the folders that mirror images' paths."""
    name = image + SIDECAR_SUFFIX
    home = repository.root / ".maskproof"
    folders = sorted(one.name for one in home.iterdir() if one.is_dir()) if home.is_dir() else []
    places = (name, *(f".maskproof/{folder}/{name}" for folder in folders))
    return tuple(one for one in places if sidecar_image(one) == image and (repository.root / one).exists())


def record_path(repository: Repository, image: str, folder: str = "") -> str:
    """Where the record of an image lies in the working tree, else where the policy has it lie.

    Raises:
        TwoRecords: it lies in two places.
    """
    found = record_places(repository, image)
    if len(found) > 1:
        raise TwoRecords(image, *found[:2])
    return found[0] if found else "/".join(filter(None, (folder, image + SIDECAR_SUFFIX)))


def policy_untracked(repository: Repository) -> str | None:
    """A policy file that Git does not know; None where there is none."""
    toml, table = POLICY_FILES
    if untracked(repository, (toml,)):
        return toml
    if untracked(repository, (table,)) and TABLE in (repository.root / table).read_bytes():
        return table
    return None


def policy_not_staged(repository: Repository) -> tuple[str, ...]:
    """Policy files that say something else in the working tree than in the commit."""
    new = policy_untracked(repository)
    presets = (path for path in repository.index.entries if path.endswith(PRESET_SUFFIX))
    unstaged = sorted(repository.unstaged((*POLICY_FILES, *presets)))
    changed = (path for path in unstaged if _says_something(repository, path))
    return (*changed, *([new] if new else []))


def _says_something(repository: Repository, path: str) -> bool:
    """May a file be a policy, as it is staged or as it lies there? Other tools write to pyproject.toml as well."""
    if path != POLICY_FILES[1]:
        return True
    file = repository.root / path
    return TABLE in (repository.index.read(path) or b"") or (file.is_file() and TABLE in file.read_bytes())
