"""Finding an original: which tracked pictures are most like this one?

A designer hands over an edit and nobody remembers what it was made from. Every tracked picture has a small hash in an
index; the edit is held against all of them. Likeness is a hint: two pictures with one hash can differ in every
letter, so nothing is ever passed because of it. It only says where to look.

    blobs (repo) -> thumbnails (images) -> hashes -> index, kept by store -> nearest
"""

from __future__ import annotations

import os
import shlex
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

from maskproof.content import sha256_of
from maskproof.errors import CouldNotJudge, UsageError, as_usage
from maskproof.images.decode import thumbnail
from maskproof.likeness import edges, hashes
from maskproof.likeness.hashes import LIKE, LIKE_CROPPED, SIDE
from maskproof.likeness.index import Index, Updated, likeness_of
from maskproof.likeness.model import Likeness, Matches
from maskproof.likeness.store import open_store
from maskproof.repo.paths import SIDECAR_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from maskproof.repo import Repository

__all__ = [
    "LIKE",
    "LIKE_CROPPED",
    "SIDE",
    "Index",
    "Likeness",
    "Updated",
    "nearest",
    "open_index",
    "search",
    "similarity",
    "turned",
]

TURNS = range(1, 8)
"""the ways to lay a picture beside upright"""
FILE = ("maskproof", "likeness.sqlite")
"""where the index lies, from the folder that holds the objects"""


def open_index(repository: Repository, *, trusted: bool) -> Index:
    """The index of a repository, shared by its worktrees.

    Args:
        repository: Any worktree of it.
        trusted: Whether an index found there may be used. In CI it may not: it could come out of a cache that another
            pull request wrote, with the one entry left out that matters. Then a private one is built for this run.

    Returns:
        An open index; `Index.note` says when it was broken and made anew, or cannot be kept.
    """
    return Index(repository, open_store(repository.common_dir.joinpath(*FILE) if trusted else None))


def nearest(repository: Repository, index: Index, picture: NDArray[np.uint8]) -> Likeness | None:
    """The indexed picture that is most like another; None where the index is empty.

    `index` is up to date with the pictures to look among; `picture` is the other's thumbnail, SIDE x SIDE luma.
    """
    upright = next(iter(_closely(repository, picture, index.nearest(picture, edges.SHORTLIST))), None)
    if upright is None or upright.alike:
        return upright
    for turn in TURNS:
        laid = turned(picture, turn)
        looked_at = (_look_closer(repository, laid, one) for one in index.nearest(laid, 1) if one.near)
        for one in looked_at:
            if one.alike:
                return replace(one, turn=turn)
    return upright


def turned(samples: NDArray[Any], turn: int) -> NDArray[Any]:
    """Samples (H x W, or H x W x 3) as `Likeness.turn` lays them."""
    return np.rot90(samples[:, ::-1] if turn & 4 else samples, turn & 3)


def similarity(oid: str, path: str, tracked: NDArray[np.uint8], picture: NDArray[np.uint8]) -> Likeness:
    """How similar a picture is to a tracked one.

    `oid` and `path` are the tracked one's; both thumbnails are SIDE x SIDE luma.
    """
    asked = hashes.query(picture)
    (match,) = hashes.closest(hashes.codes(hashes.of(tracked)), asked)
    return _by_edges(likeness_of(match, asked, oid, (path,)), picture, tracked)


def search(
    repository: Repository,
    edit: tuple[str, bytes],
    *,
    trusted: bool,
    history: bool = False,
    count: int = 10,
    progress: Callable[[int, int], None] | None = None,
    is_copy: Callable[[Likeness], bool] = lambda _: False,
) -> Matches:
    """The tracked pictures that are most like a file: those staged or committed, and with `history` all before them.

    `progress` is told how many pictures are hashed of how many; `trusted` is as in `open_index`; `is_copy` says of one
    that is alike whether it shows the very same.

    Raises:
        UsageError: the file cannot be decoded.
    """
    name, data = edit
    with as_usage():
        picture = thumbnail(data, name, SIDE)
    index = open_index(repository, trusted=trusted)
    tree = {blob for one in (repository.index, repository.head) for blob in repository.image_blobs(one)}
    blobs = tree | set(repository.image_blobs(repository.index, history=True)) if history else tree
    updated = index.update(sorted(blobs), progress=progress)
    nearest = _closely(repository, picture, index.nearest(picture, len(blobs)))
    same = {one.oid for one in nearest if not one.distance and _is(repository, one, data)}
    own = _own_path(repository, name)
    asked = (one for one in nearest[: edges.SHORTLIST] if one.alike and one.how == "whole" and own not in one.paths)
    copies = {one.oid: one.paths for one in asked if one.oid not in same and is_copy(one)}
    others = tuple(one for one in nearest if one.oid not in {*same, *copies})[:count]
    recorded = bool(own) and (repository.root / f"{own}{SIDECAR_SUFFIX}").exists()
    open_to = own and not recorded
    shown = sorted(path for paths in copies.values() for path in paths)
    step = _next_step(repository, name, own, others[0]) if open_to and others and others[0].alike else ""
    if open_to and shown and own not in repository.head.entries and shown[0] in repository.index.entries:
        step = _as_export(repository, name, shown[0])
    without = updated.failed | updated.missing
    return Matches(
        name,
        others,
        tuple(sorted(path for oid, path in blobs if oid in same and path != own)),
        frozenset(oid for oid, _ in tree),
        len({oid for oid, _ in blobs} - set(without)),
        tuple(sorted((path, without[oid]) for oid, path in blobs if oid in without)),
        step,
        (
            *_notes(repository, index.note, history=history),
            *([f"it has a record, which says what it was made from: {own}{SIDECAR_SUFFIX}"] if recorded else ()),
        ),
        tuple(shown),
    )


def _closely(repository: Repository, picture: NDArray[np.uint8], nearest: tuple[Likeness, ...]) -> tuple[Likeness, ...]:
    """The same, those among the first that show the same drawing moved up to the alike ones."""
    looked_at = [_look_closer(repository, picture, one) for one in nearest[: edges.SHORTLIST]]
    return (*sorted(looked_at, key=lambda one: not one.alike), *nearest[edges.SHORTLIST :])


def _look_closer(repository: Repository, picture: NDArray[np.uint8], one: Likeness) -> Likeness:
    try:
        other = thumbnail(repository.objects.blob(one.oid, one.paths[0]), one.paths[0], SIDE)
    except CouldNotJudge:
        return replace(one, alike=False)
    return _by_edges(one, picture, other)


def _by_edges(one: Likeness, picture: NDArray[np.uint8], other: NDArray[np.uint8]) -> Likeness:
    """The same, alike where the hash is near and edges agree, or as a whole where both show the same drawing."""
    if one.near and edges.confirmed(picture, hashes.shown(other, one.place), one.doubt):
        return replace(one, alike=True)
    same = edges.correlation(picture, other) >= edges.SAME_DRAWING
    return replace(one, how="whole", kept=1.0, place=0, alike=True) if same else replace(one, alike=False)


def _is(repository: Repository, one: Likeness, data: bytes) -> bool:
    """Is this the very file that was asked about?"""
    try:
        return repository.objects.digest(one.oid, one.paths[0]) == sha256_of(data)
    except CouldNotJudge:
        return False


def _own_path(repository: Repository, name: str) -> str:
    """Where in the repository a file lies; empty outside of it."""
    try:
        return repository.path_of(name)
    except UsageError:
        return ""


def _next_step(repository: Repository, name: str, own: str, best: Likeness) -> str:
    """The command that records the best likeness as the original, once somebody has looked at both."""
    staged, committed = (tree.entries.get for tree in (repository.index, repository.head))
    here = [path for path in best.paths if path != own and (entry := staged(path)) and entry.oid == best.oid]
    fetch = ""
    if here:
        original = _argument(os.path.relpath(here[0], repository.prefix or "."))
    elif own in best.paths and (entry := committed(own)) and entry.oid == best.oid:
        original = _argument(name)  # an edit saved over its original: `record` takes the committed version
    else:
        file, suffix = PurePath(name), PurePath(best.paths[0]).suffix
        original = _argument(str(file.with_name(f"{file.stem}-original-{best.oid[:7]}{suffix}")))
        fetch = f"git cat-file --filters --path={shlex.quote(best.paths[0])} {best.oid} > {original} && "
    command = f"{fetch}maskproof record {_argument(name)} --original {original}"
    return command if command.isprintable() else ""


def _as_export(repository: Repository, name: str, master: str) -> str:
    """The command that records a file as an export of a tracked picture that it shows."""
    original = _argument(os.path.relpath(master, repository.prefix or "."))
    command = f"maskproof record {_argument(name)} --derived --original {original} --add"
    return command if command.isprintable() else ""


def _argument(path: str) -> str:
    """A path as an argument of a shell command, never as an option."""
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def _notes(repository: Repository, note: str, *, history: bool) -> Iterator[str]:
    if note:
        yield note
    if history and repository.shallow:
        yield "the history of this clone is cut off, so what lies before was not looked at"
