"""Learning what an edit was made from, for `maskproof record`: from the file, the repository, the index of likenesses.

The surest source speaks first, and a later one is only asked when the earlier ones are silent, since each costs more:
the input that the file names, the id of the input that it carries, the version committed before, the picture that it
looks like.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from maskproof import evidence, likeness, regions
from maskproof.atomic import read_file
from maskproof.errors import CouldNotJudge, UsageError
from maskproof.gate.derived import same_picture
from maskproof.images.decode import decode, decode_mask, thumbnail
from maskproof.records import proposal
from maskproof.records.proposal import MASK_WORD
from maskproof.repo.paths import is_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.gate.scope import Scope
    from maskproof.likeness.model import Likeness
    from maskproof.model import Evidence, Picture
    from maskproof.records.proposal import Proposal
    from maskproof.repo import Repository

    Progress = Callable[[int, int], None] | None

MAX_ASKED = 12
"""tracked pictures that are asked whether an edit was made from them"""
AS_NEAR = 12
"""bits of 256 within which two pictures are about as near: one picture in two sizes differs by up to so many"""


def propose_source(scope: Scope, path: str, edit: bytes, *, trusted: bool, progress: Progress = None) -> Proposal:
    """The original and mask that an edit in the working tree was probably made from.

    Args:
        scope: The change under way in its repository.
        path: The edit's path in the repository.
        edit: Its bytes.
        trusted: Whether an index of likenesses that lies there may be used; see `likeness.open_index`.
        progress: Told how many pictures are hashed of how many.
    """
    signs = _signs(scope, path, edit)
    copies: list[str] = []

    def alike() -> tuple[str, str] | None:
        if found := _by_id(scope, path, evidence.parent(signs)):
            return found
        if (seen := _compare_with_committed(scope, path, edit)) and seen.alike:
            return path, f"it takes the place of the committed version ({seen.distance} of 256 bits apart)"
        found, same = _by_likeness(scope, path, edit, trusted, progress)
        copies.extend(same)
        return found

    found = proposal.propose(path, signs, _known(scope, path), alike)
    return replace(found, copies=tuple(copies))


def mask_for(scope: Scope, path: str, original: str, edit: bytes) -> Proposal:
    """The mask that an edit of a known original was probably made through."""
    return proposal.through(path, original, "", _signs(scope, path, edit), _known(scope, path))


def _known(scope: Scope, path: str) -> proposal.TreeFacts:
    """What a proposal is drawn from: what Git knows, and the masks beside the edit that nobody staged yet."""
    repository = scope.change.repository
    folder = (repository.root / path).parent
    beside = (file for file in sorted(folder.glob("*mask.*")) if is_image(file.name) and MASK_WORD.search(file.stem))
    places = [file.relative_to(repository.root).as_posix() for file in beside if file.is_file()]
    fresh = [one for one in places if one not in repository.index.entries]

    def mode_of(mask: str) -> str | None:
        if mask not in fresh:
            return scope.mask_mode(mask)
        with suppress(CouldNotJudge, UsageError):
            return regions.plain_mode(decode_mask(read_file(repository.root / mask, mask), mask))
        return None

    return proposal.TreeFacts([*repository.index.entries, *fresh], mode_of)


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
        if (before := head.read(path)) is None or same_picture(decode(before, path), decode(edit, path)):
            return None  # it was made from no picture that it still is
        pictures = [thumbnail(data, path, likeness.SIDE) for data in (before, edit)]
    except CouldNotJudge:
        return None
    return likeness.similarity(head.entries[path].oid, path, *pictures)


def copies_of(repository: Repository, edit: bytes, name: str) -> Callable[[Likeness], bool]:
    """Tells of a tracked picture whether it shows the very same as a file, in another size or format or none other."""

    @cache
    def picture() -> Picture:
        return decode(edit, name)

    def is_copy(one: Likeness) -> bool:
        try:
            other = decode(repository.objects.blob(one.oid, one.paths[0]), one.paths[0])
            return same_picture(picture(), other)
        except CouldNotJudge:
            return False

    return is_copy


def _by_likeness(
    scope: Scope, path: str, edit: bytes, trusted: bool, progress: Progress
) -> tuple[tuple[str, str] | None, tuple[str, ...]]:
    """The tracked picture that an edit was probably made from, and why; and those that only show the same.

    Of several that are about as near the largest, and of those the oldest: the others were most often made from it.
    """
    repository = scope.change.repository
    file, is_copy = (str(repository.root / path), edit), copies_of(repository, edit, path)
    try:
        found = likeness.search(repository, file, trusted=trusted, count=MAX_ASKED, progress=progress, is_copy=is_copy)
    except UsageError:
        return None, ()
    alike = [one for one in found.nearest if one.alike]
    near = [one for one in alike if one.distance <= alike[0].distance + AS_NEAR]
    here = [(one, place) for one in near for place in one.paths if place != path and place in repository.index.entries]
    if not here:
        return None, found.copies
    one, place = max(here, key=lambda found: (_pixels(repository, found[0]), -_age(repository, found[1])))
    part = "" if one.how == "whole" else "a part of "
    return (place, f"it looks like {part}that picture ({one.distance} of 256 bits apart)"), found.copies


def _pixels(repository: Repository, one: Likeness) -> int:
    try:
        width, height = decode(repository.objects.blob(one.oid, one.paths[0]), one.paths[0]).size
    except CouldNotJudge:
        return 0
    return width * height


def _age(repository: Repository, path: str) -> float:
    """When a picture got its content, in seconds since 1970; what is not committed is the youngest."""
    head = repository.head
    return repository.last_touched(head, (path,)) if head.commit and path in head.entries else float("inf")
