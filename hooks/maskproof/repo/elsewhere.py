"""Files that look as if they lay in the repository and do not: no commit would hold them under that name.

A submodule and a repository inside another have commits of their own, a symbolic link is committed as a name and not as
what it leads to, and two names that look alike, one composed and one decomposed (Unicode Standard Annex #15), are two
names to Git. What a record names in such a place would never be found.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from maskproof.repo import LINKS
from maskproof.repo.paths import folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.repo import Repository, Tree


class Elsewhere(NamedTuple):
    """Why a path names no file of the repository."""

    why: str
    """the end of a sentence that begins with the path"""
    instead: str
    """the path to name in its place; empty: the file has to be copied into the repository first"""


def in_tree(tree: Tree, path: str) -> Elsewhere | None:
    """What a tree has in the place of a file; None where it has the file, or nothing that looks like it."""
    if path in tree.entries and tree.entries[path].mode not in LINKS:
        return None
    for place in _on_the_way(path):
        entry = tree.entries.get(place)
        if entry is not None and entry.mode in LINKS:
            return Elsewhere(_leads_away(path, place, LINKS[entry.mode]), "")
    wanted = folded(path)
    twin = next((one for one in tree.entries if folded(one) == wanted), None)
    if twin is None:
        return None
    alike = unicodedata.normalize("NFC", twin) == unicodedata.normalize("NFC", path)
    how = "the same name in another Unicode form" if alike else "the same name but for capitals"
    return Elsewhere(f"is not the name that Git has, which is {told(twin)}: {how}", twin)


def on_disk(repository: Repository, path: str) -> Elsewhere | None:
    """What the working tree has on the way to a file, else what the index has in its place, as `in_tree`."""
    for place in _on_the_way(path):
        file = repository.root / place
        if file.is_symlink():
            target = os.path.relpath((repository.root / path).resolve(), repository.root.resolve())
            inside = "" if target.startswith("..") else target.replace(os.sep, "/")
            return Elsewhere(_leads_away(path, place, "a symbolic link"), inside)
        if place != path and (file / ".git").exists():
            kind = "a submodule" if place in repository.index.entries else "a repository of its own"
            return Elsewhere(_leads_away(path, place, kind), "")
    return in_tree(repository.index, path)


def holding(file: Path) -> Path | None:
    """The top folder of the repository that a file outside of this one lies in; None where it lies in none."""
    return next((one for one in file.absolute().parents if (one / ".git").exists()), None)


def told(path: str) -> str:
    """A name so that a shell takes it and a reader sees how it is written."""
    if path.isascii():
        return path
    quoted = path.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + "".join(one if one.isascii() else _escaped(one) for one in quoted) + "'"


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 1 << 16 else f"\\U{number:08x}"


def _leads_away(path: str, place: str, kind: str) -> str:
    if place == path:
        return f"is {kind}"
    return f"lies {'behind' if 'link' in kind else 'in'} {place}, {kind}"


def _on_the_way(path: str) -> Iterator[str]:
    """Every folder that leads to a file, the outermost first, and the file."""
    parents = [str(one) for one in PurePosixPath(path).parents]
    yield from (*reversed(parents[:-1]), path)
