"""An edit with a record: where Git holds the original and the mask that it names, and the edits that led to it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec.structs import replace

from maskproof.errors import CouldNotJudge, MissingMask, MissingObject, MissingOriginal
from maskproof.gate.inspection import ChainLink, Failure, Original
from maskproof.gate.standing import doubts
from maskproof.records import sidecar
from maskproof.records.parents import Link, follow
from maskproof.records.sidecar import OriginalRef
from maskproof.repo.elsewhere import in_tree, told
from maskproof.repo.working import untracked

if TYPE_CHECKING:
    from maskproof.gate.scope import Scope
    from maskproof.images.files import Source
    from maskproof.policy import Settings
    from maskproof.records.sidecar import MaskRef, Record


def gather_original(scope: Scope, path: str, edit: Source, record: Record | None, settings: Settings) -> Original:
    """What an edit is compared with.

    Raises:
        MissingOriginal, MissingMask: they are in none of the places that are searched.
        MissingObject: they may be in history or LFS that this clone does not hold.
    """
    del edit
    assert record is not None  # noqa: S101 - an edit has a record
    original, mask = sources_of(scope, path, record)
    mode = None if record.mask is None else record.mask.mode
    reference = Original(original, mask, mode, chain=_chain(scope, path, record))
    if scope.change.head is scope.change.base:
        return reference
    return replace(reference, unproven=doubts(scope, record, reference, settings))


def sources_of(scope: Scope, path: str, record: Record) -> tuple[Source, Source | None]:
    """The original and the mask that a record names.

    Raises:
        MissingOriginal, MissingMask, MissingObject: as in `gather_original`.
    """
    assert record.original is not None  # noqa: S101 - asked by the callers
    original = _source(scope, path, record.original, "original", "--original FILE", MissingOriginal)
    if record.mask is None:
        return original, None
    return original, _source(scope, path, record.mask, "mask", "--mask FILE --mask-mode MODE", MissingMask)


def _source(
    scope: Scope, path: str, used: OriginalRef | MaskRef, role: str, options: str, missing: type[CouldNotJudge]
) -> Source:
    address = used.url if isinstance(used, OriginalRef) else None
    try:
        found = scope.located(used.path, used.sha256)
    except MissingObject:
        if address is None:
            raise
        found = None
    if found is None and isinstance(used, OriginalRef) and address is not None:
        return scope.fetched(path, used)
    if found is None and (other := in_tree(scope.change.head, used.path)) is not None:
        again = f"maskproof record {shlex.quote(path)}"
        raise missing(
            f"the {role} {used.path} {other.why}; no commit of this repository holds it under that name",
            f"Record that file: `{again} --{role} {told(other.instead)}`."
            if other.instead
            else f"Copy it into this repository, and record it again: `{again} {options}`.",
        )
    if found is None and scope.change.head.commit is None and untracked(scope.change.repository, (used.path,)):
        raise missing(
            f"the {role} {used.path} is not staged, so the commit would not hold it",
            f"Stage it: `git add {shlex.quote(used.path)}`.",
        )
    if found is None:
        raise missing(
            f"the {role} {used.path} with digest {used.sha256[:12]}… is neither in the tree, nor in the history of "
            f"that path, nor in Git LFS",
            f"Commit the {role}, or record another one: `maskproof record {shlex.quote(path)} {options}`.",
        )
    return found


def _chain(scope: Scope, path: str, record: Record) -> tuple[ChainLink, ...] | Failure:
    """The edits that led to this one; what keeps them from being followed keeps it from being judged."""
    if record.parent is None:
        return ()
    try:
        links = follow_parents(scope, path, record)
        return tuple(ChainLink(link.path, link.record, *sources_of(scope, link.path, link.record)) for link in links)
    except CouldNotJudge as error:
        return Failure.of(error)


def follow_parents(scope: Scope, path: str, record: Record) -> tuple[Link, ...]:
    """The edits that led to a picture, the oldest first; raises BrokenChain."""
    return follow(path, record, lambda place: scope.ledger.record(sidecar.image_of(place)))
