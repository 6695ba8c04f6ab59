"""Gathering: all that Git and the policy know of one image, as one value. The only part of the gate that asks Git.

What comes out can travel to another process: files by their ids, no bytes.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec.structs import replace

from maskproof.errors import RecordError, Unreadable
from maskproof.gate import derived
from maskproof.gate.conflict import explained, refuse_conflict
from maskproof.gate.contract import contracts_of
from maskproof.gate.derived import Held
from maskproof.gate.inspection import ChangeFacts, Failure, Inputs, Master, Original, attempt
from maskproof.gate.origins import origin_of
from maskproof.gate.standing import to_settle
from maskproof.images.files import Source
from maskproof.policy.keys import KEYS
from maskproof.records.sidecar import Record
from maskproof.repo import LINKS

if TYPE_CHECKING:
    from maskproof.gate.inspection import Reference
    from maskproof.gate.scope import Scope
    from maskproof.policy import Settings


def gather(scope: Scope, path: str, asked: Settings | None = None) -> Inputs:
    """Everything that is needed to judge one image of a change.

    Args:
        scope: The change.
        path: The image.
        asked: What holds for it; None: what policy says.
    """
    settings = asked or scope.settings(path)
    edit = attempt(_edit, scope, path)
    record = attempt(_record, scope, path)
    held = attempt(derived.by_policy, scope, path, edit, record, settings)
    if held is not None and (isinstance(held, Failure) or held.excused):
        reference: Reference | Failure = held if isinstance(held, Failure) else held.master
    else:
        reference = attempt(_reference, scope, path, edit, record, settings)
    if isinstance(reference, Original) and isinstance(record, Record) and scope.change.head is not scope.change.base:
        places = to_settle(scope, record, reference, settings)
        reference = replace(reference, entered=tuple(gather(inner, place) for inner, place in places))
    named = {place: scope.trusted(place) for place in settings.named_files}
    policy_files = {place: source for place, source in named.items() if source is not None}
    change = _change(scope, path, edit, record)
    outermost = scope.outermost
    inputs = Inputs(
        path,
        settings,
        edit,
        record,
        reference,
        policy_files,
        change,
        outermost.sign_offs.of(path),
        None if isinstance(edit, Failure) else scope.baselined(path, edit),
        outermost.terms(outermost.settings(path)),
        outermost.terms(outermost.intended(path)) if change.loosened else None,
        next(iter(scope.change.head.records.get(path, ())), ""),
    )
    if isinstance(reference, Master):
        return _as_export(scope, inputs, reference)
    return replace(inputs, as_export=_as_export(scope, inputs, held.master)) if isinstance(held, Held) else inputs


def _as_export(scope: Scope, inputs: Inputs, master: Master) -> Inputs:
    """An image that is held to its master."""
    asked = inputs.settings

    def judged() -> Inputs | None:
        how = derived.to_judge(scope, master, asked)
        return None if how is None else gather(*how)

    # Most often several exports have one master, and the same is asked of them.
    key = ("master", master.source.oid, master.source.path, *(getattr(asked, row.name) for row in KEYS))
    return replace(inputs, reference=replace(master, judged=scope.once(key, judged)), settings=derived.as_export(asked))


def _reference(scope: Scope, path: str, edit: Source, record: Record | None, settings: Settings) -> Reference:
    """What the image is compared with, as its origin has it."""
    return origin_of(record).gather(scope, path, edit, record, settings)


def _record(scope: Scope, path: str) -> Record | None:
    """The record of the image on the head.

    Raises:
        CouldNotJudge: it is in conflict, cannot be read or has mistakes.
    """
    head = scope.change.head
    if head.commit is None:
        refuse_conflict(head, path)
    try:
        return scope.ledger.record(path)
    except RecordError as error:
        beside = head.record_path(path)
        if error.path != beside:
            raise
        raise explained(head.repository, error, head.read(beside) or b"", path, beside) from error


def _edit(scope: Scope, path: str) -> Source:
    """The image to judge.

    Raises:
        CouldNotJudge: it is not a plain file on the head, or its bytes cannot be had.
    """
    head = scope.change.head
    source = scope.source(head, path)
    if source is not None:
        return replace(source, sha256=scope.change.repository.objects.digest(source.oid, path))
    entry = head.entries.get(path)
    if entry is not None:
        refuse_conflict(head, path)
        kind = LINKS[entry.mode]
        if path in scope.covered:
            raise Unreadable(
                f"{path} is {kind} now, {scope.covered[path]}; what is behind it is not part of this commit",
                "Keep the pictures themselves here.",
            )
        raise Unreadable(f"{path} is {kind}, not a picture", "Commit the picture itself.")
    if path in head.records:
        error = Unreadable(
            f"{head.record_path(path)} speaks of {path}, which is not part of this commit",
            f"Add the picture (`git add {shlex.quote(path)}`) or remove the record.",
        )
        error.rule = "stale-record"
        raise error
    if head.commit is None and not (head.repository.root / path).exists():
        raise Unreadable(f"there is no file {path}, and Git knows none", "Check the name.")
    raise Unreadable(f"{path} is not known to Git, so no commit would hold it", f"Run `git add {shlex.quote(path)}`.")


def _change(scope: Scope, path: str, edit: Source | Failure, record: Record | Failure | None) -> ChangeFacts:
    """How the change concerns the image, and what lies beside it."""
    head, base = scope.change.head, scope.change.base
    before = scope.source(base, path) if base.entries.get(path) != head.entries.get(path) else None
    return ChangeFacts(
        head.commit,
        base.commit,
        scope.change.changes[path].status if path in scope.change.changes else "",
        scope.loosened(path),
        tuple(one for one in scope.twins.get(path, []) if one != path),
        scope.neighbours(path),
        before,
        () if isinstance(edit, Failure) or isinstance(record, Failure) else contracts_of(scope, path, edit, record),
        scope.rewritten(path) if scope.settled is None else (),
        _renewed(scope, path, edit, record),
    )


def _renewed(scope: Scope, path: str, edit: Source | Failure, record: Record | Failure | None) -> str:
    """A record that its writer forgot to stage; the file on disk is only seen, and lets nothing pass."""
    change = scope.change
    if change.head is not change.repository.index or not isinstance(edit, Source) or not isinstance(record, Record):
        return ""
    if edit.sha256 == record.image.sha256:
        return ""
    beside = change.head.record_path(path)
    there = (change.repository.root / beside).is_file()
    return beside if there and change.repository.unstaged((beside,)) else ""
