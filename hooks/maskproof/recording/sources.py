"""Learning what an edit was made from, for `maskproof record`: from the file, the repository, the index of likenesses.

The surest source speaks first, and a later one is only asked when the earlier ones are silent, since each costs more:
the input that the file names, the id of the input that it carries, the version committed before, the picture that it
looks like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof import evidence, likeness
from maskproof.errors import CouldNotJudge, UsageError
from maskproof.images.decode import thumbnail
from maskproof.records import proposal

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.gate.scope import Scope
    from maskproof.model import Evidence
    from maskproof.records.proposal import Proposal

    Progress = Callable[[int, int], None] | None


def propose_source(scope: Scope, path: str, edit: bytes, *, trusted: bool, progress: Progress = None) -> Proposal:
    """The original and mask that an edit in the working tree was probably made from.

    Args:
        scope: The change under way in its repository.
        path: The edit's path in the repository.
        edit: Its bytes.
        trusted: Whether an index of likenesses that lies there may be used; see `likeness.open_index`.
        progress: Told how many pictures are hashed of how many.
    """
    repository, signs = scope.change.repository, _signs(scope, path, edit)

    def alike() -> tuple[str, str] | None:
        if found := _by_id(scope, path, evidence.parent(signs)):
            return found
        if (seen := _compare_with_committed(scope, path, edit)) and seen.alike:
            return path, f"it takes the place of the committed version ({seen.distance} of 256 bits apart)"
        return _by_likeness(scope, path, edit, trusted, progress)

    return proposal.propose(path, signs, proposal.TreeFacts(repository.index.entries, scope.mask_mode), alike)


def mask_for(scope: Scope, path: str, original: str, edit: bytes) -> Proposal:
    """The mask that an edit of a known original was probably made through."""
    known = proposal.TreeFacts(scope.change.repository.index.entries, scope.mask_mode)
    return proposal.through(path, original, "", _signs(scope, path, edit), known)


def _signs(scope: Scope, path: str, edit: bytes) -> tuple[Evidence, ...]:
    try:
        return evidence.assess(edit, path, scope.change.head.read)
    except CouldNotJudge:
        return ()


def _by_id(scope: Scope, path: str, named: str | None) -> tuple[str, str] | None:
    """The tracked picture whose own id the edit names as its parent; pictures of the same folder are asked first."""
    if not named or ":" not in named:
        return None
    folder = path.rpartition("/")[0]
    blobs = sorted(
        scope.change.repository.image_blobs(scope.change.head),
        key=lambda blob: (blob[1].rpartition("/")[0] != folder, blob[1]),
    )
    for oid, place in blobs:
        try:
            data = scope.change.repository.objects.blob(oid, place)
            # Reading ids takes a hundred times as long as looking for the bytes.
            if place != path and named.encode() in data and named in evidence.instance_ids(data, place):
                return place, f"the file names its id {named}"
        except CouldNotJudge:
            continue
    return None


def _compare_with_committed(scope: Scope, path: str, edit: bytes) -> likeness.Likeness | None:
    """How similar an edit is to the committed version; None where there is none, or one cannot be decoded."""
    head = scope.change.repository.head
    try:
        if (before := head.read(path)) is None:
            return None
        pictures = [thumbnail(data, path, likeness.SIDE) for data in (before, edit)]
    except CouldNotJudge:
        return None
    return likeness.similarity(head.entries[path].oid, path, *pictures)


def _by_likeness(scope: Scope, path: str, edit: bytes, trusted: bool, progress: Progress) -> tuple[str, str] | None:
    repository = scope.change.repository
    try:
        found = likeness.search(
            repository, (str(repository.root / path), edit), trusted=trusted, count=1, progress=progress
        )
    except UsageError:
        return None
    for one in found.nearest:
        here = next((place for place in one.paths if place != path and place in repository.index.entries), None)
        if one.alike and here is not None:
            part = "" if one.how == "whole" else "a part of "
            return here, f"it looks like {part}that picture ({one.distance} of 256 bits apart)"
    return None
