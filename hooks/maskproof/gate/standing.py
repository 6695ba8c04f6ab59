"""Standing: what an original or a mask proves. Judged is not the same as present.

Whoever wants a change merged can bring any file into the repository: with the change itself, in a commit that is taken
back, under a name that nobody looks at, as a "generated" picture. So an original counts where it lay in the project
under an image's name and nothing is open against it there, asked under the settings of the edit that names it; or where
a record of the project names it. A mask counts where it lay there, unless it is used for something else.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from msgspec.structs import replace

from maskproof.errors import CouldNotJudge
from maskproof.gate.inspection import Unproven
from maskproof.policy.keys import KEYS
from maskproof.repo import Changed
from maskproof.repo.change import Change
from maskproof.repo.objects import FETCHED
from maskproof.repo.paths import is_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.gate.inspection import Original
    from maskproof.gate.scope import Scope
    from maskproof.images.files import Source
    from maskproof.policy import Settings
    from maskproof.records.sidecar import MaskRef, OriginalRef, Record
    from maskproof.repo import Tree

MAX_PLACES = 4
"""places of one original that are looked at"""


def doubts(scope: Scope, record: Record, reference: Original, settings: Settings) -> tuple[Unproven, ...]:
    """What of an edit's original and mask proves nothing, wherever it lies.

    Args:
        scope: The change.
        record: The record that names them.
        reference: Where their bytes are.
        settings: What holds for the edit.
    """
    used, mask, found = record.original, record.mask, []
    assert used is not None  # noqa: S101 - an edit has an original
    if used.sha256 in scope.asking:
        found.append(Unproven("original", used.path, "is an edit of this edit itself"))
    elif _asks_original(scope, used, settings) and not any(_places(scope, used, reference.original)):
        found.append(Unproven("original", used.path, absent(scope, used.path, reference.original)))
    if mask is not None and reference.mask is not None and mask.sha256 != used.sha256:
        if other := _used_otherwise(scope, mask):
            found.append(Unproven("mask", mask.path, other, misused=True))
        elif settings.new_mask != "off" and (why := _mask(scope, mask, reference.mask, settings)):
            found.append(Unproven("mask", mask.path, why))
    return tuple(found)


def to_settle(scope: Scope, record: Record, reference: Original, settings: Settings) -> tuple[tuple[Scope, str], ...]:
    """Where the original lies in the project, each with the change that brought it there.

    Against one of them nothing may be left open. None where a record of the project names it, which is enough.
    """
    used = record.original
    if used is None or used.sha256 in scope.asking or not _asks_original(scope, used, settings):
        return ()
    # What policy says of this edit's areas is in pixels of this edit; and a photograph needs no record to be edited.
    demanding = settings.new_original == "block" or settings.unrecorded == "always"
    asked = "block" if demanding else settings.unrecorded
    held = replace(settings, areas=(), detect=(), masters=(), excused=frozenset(), unrecorded=asked)
    places = islice(_places(scope, used, reference.original), MAX_PLACES)
    return tuple((entered(scope, tree, path, used.sha256, held), path) for tree, path in places)


def _asks_original(scope: Scope, used: OriginalRef, settings: Settings) -> bool:
    """Has an original to show where it comes from?"""
    return settings.new_original != "off" and not any(
        record.original and record.original.sha256 == used.sha256 and _as_strict(scope, image, "new_original", settings)
        for image, record in scope.ledger.users_of_content(used.sha256)
    )


def place_of(scope: Scope, source: Source) -> tuple[Tree, str] | None:
    """Where a picture lies under an image's name: on the head, else in a trusted tree; its own path first."""
    for tree in (scope.change.head, *scope.change.trusted):
        if tree.blob_id(source.path) == source.oid and is_image(source.path):
            return tree, source.path
        for path in tree.entries.holding(source.oid):
            if tree.blob_id(path) is not None and is_image(path):
                return tree, path
    return None


def entered(scope: Scope, tree: Tree, path: str, sha256: str, settings: Settings) -> Scope:
    """The change that brought a picture of a trusted tree into the project, judged as the tree has it now."""
    oid = tree.blob_id(path)
    assert oid is not None and tree.commit is not None  # noqa: S101, PT018 - it was found there
    before = tree.repository.before(oid, tree)
    there = Change(
        scope.change.repository,
        before,
        tree,
        {path: Changed("A", tree.entries[path].mode, oid)},
        tips=(tree,),
        in_ci=scope.change.in_ci,
    )
    return replace(scope, change=there, settled=settings, asking=scope.asking | {sha256}, outer=scope.outermost)


def _mask(scope: Scope, used: MaskRef, source: Source, settings: Settings) -> str:
    """Why a mask proves nothing; empty where it does."""
    users = scope.ledger.users_of_content(used.sha256)
    if any(
        record.mask and record.mask.sha256 == used.sha256 and _as_strict(scope, image, "new_mask", settings)
        for image, record in users
    ):
        return ""
    return "" if any(_places(scope, used, source)) else absent(scope, used.path, source)


def _used_otherwise(scope: Scope, used: MaskRef) -> str:
    """What the project uses the bytes of a mask for, where that is something else; empty where it is not."""
    others = ""
    for image, record in scope.ledger.users_of_content(used.sha256):
        if record.mask is not None and record.mask.sha256 == used.sha256:
            if record.mask.mode == used.mode:
                return ""
            others = others or f"the mask of {image} in mode {record.mask.mode}"
        else:
            others = others or f"the original of {image}"
    recorded = scope.ledger.recorded_content(used.sha256)
    return others or (f"the picture {recorded[0][0]}, which has a record itself" if recorded else "")


def _as_strict(scope: Scope, image: str, key: str, settings: Settings) -> bool:
    """Was a file that an image's record names asked for as closely there as it is here?"""
    row = next(one for one in KEYS if one.name == key)
    there, here = (getattr(one, key) for one in (scope.outermost.settings(image), settings))
    return bool(row.stricter(there, here) == there)


def _places(scope: Scope, used: OriginalRef | MaskRef, source: Source) -> Iterator[tuple[Tree, str]]:
    """Where the trusted trees hold these bytes under an image's name, the recorded path first."""
    objects = scope.change.repository.objects
    for tree in scope.change.trusted:
        own = tree.blob_id(used.path)
        if own is not None and is_image(used.path):
            try:
                if own == source.oid or objects.digest(own, used.path) == used.sha256:
                    yield tree, used.path
                    continue
            except CouldNotJudge:
                pass  # what cannot be read proves nothing, and is no reason to leave an image unjudged
        for path in tree.entries.holding(source.oid):
            if tree.blob_id(path) is not None and is_image(path):
                yield tree, path


def absent(scope: Scope, path: str, source: Source) -> str:
    """Where the bytes are instead."""
    head = scope.change.head
    named = {one: head.blob_id(one) for one in (path, source.path)}
    if source.oid in named.values() and not any(tree.blob_id(path) == source.oid for tree in scope.change.trusted):
        return "came with this change"
    if source.oid.startswith(FETCHED):
        return f"was {source.found}, and nobody judged it in this project"
    if not is_image(path):
        return "has no image's name, so nobody judged it"
    return "lies in no tree of the project, only in commits or objects beside it"
