"""The contract: what the project's own record asked of an edit, and what a change asks less of it.

A record is written by whoever makes the edit, so a new one could name another original, drop an area, or call the edit
"generated". Where the project holds a record for a path, or for the same bytes under another name, a change may add to
it. What it takes away is told and has to be signed for; a mask that opens more is shown with its place. A picture that
comes back together with the record that the project held beside it is beside the records that were there before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof import regions
from maskproof.drift.grid import bounding_box
from maskproof.errors import CouldNotJudge
from maskproof.gate.compare import record_of
from maskproof.gate.inspection import Contract, Failure, Original, Widened
from maskproof.model import Severity
from maskproof.policy.rules import finding
from maskproof.records import sidecar
from maskproof.repo.paths import is_sidecar, records_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from maskproof.gate.compare import Pair, Pairs, Protected
    from maskproof.gate.inspection import Inputs, Inspection
    from maskproof.gate.scope import Scope
    from maskproof.images.files import Files, Source
    from maskproof.model import Finding
    from maskproof.records.sidecar import MaskRef, Record

SIGN = (
    "If that is meant, have somebody approve it (`maskproof approve EDIT --reason WHY`); otherwise bring back the "
    "record that was there."
)


def contracts_of(scope: Scope, path: str, edit: Source, record: Record | None) -> tuple[Contract, ...]:
    """The records that the project holds for an edit and that its own record is no longer; the base's first.

    None where the edit has no record now, which is told otherwise.
    """
    if record is None or scope.settled is not None or scope.change.head is scope.change.base:
        return ()
    former = scope.former(path)
    own = [old for _, old in scope.ledger.before(former)]
    if own and all(old == record for old in own) and scope.change.base.blob_id(former) == edit.oid:
        return ()  # it lies in the project as it does here, where its record was judged beside all others
    if any(old != record for old in own) and (earlier := _came_back(scope, path, edit)) is not None:
        own = earlier
    held = [(former, old) for old in own]
    held += [(image, old) for image, old in scope.ledger.recorded_content(edit.sha256) if image != former]
    others = [(image, old) for image, old in held if old != record]
    kept = {sidecar.render(old): (image, old) for image, old in reversed(others)}
    return tuple(Contract(image, old, _mask(scope, old.mask)) for image, old in reversed(kept.values()))


def _came_back(scope: Scope, path: str, edit: Source) -> list[Record] | None:
    """The records before, where a commit of the project's own line held this picture with this record at this path.

    What comes back is asked what it was asked when it came in, and no more. Not nothing: where branches are merged
    commit by commit, that line also holds what a change took back again before anybody judged it.
    """
    beside = scope.change.head.record_path(path)
    wanted = edit.oid, scope.change.head.blob_id(beside)
    for tree in scope.change.trusted:
        earlier: dict[str, str] = {}
        for held in tree.repository.states(tree, (f":(top,literal){path}", *records_of(path))) if tree.commit else ():
            if (held.get(path), held.get(beside)) == wanted:
                return [old for oid, place in earlier.items() if (old := scope.ledger.written(oid, place)) is not None]
            earlier |= {oid: place for place, oid in held.items() if is_sidecar(place) and oid.strip("0")}
    return None


def _mask(scope: Scope, used: MaskRef | None) -> Source | Failure | None:
    if used is None:
        return None
    try:
        found = scope.located(used.path, used.sha256)
    except CouldNotJudge as error:
        return Failure.of(error)
    return found or Failure("missing-mask", f"the mask {used.path} that the project's record names is not to be found")


# --- what the masks open ---------------------------------------------------------------------------------------------


def widen(inputs: Inputs, pairs: Pairs, protected: Protected, files: Files) -> tuple[Widened, ...]:
    """Where the mask of an edit opens what the project's record kept closed.

    Raises:
        CouldNotJudge: the mask of the project's record cannot be read.
    """
    if inputs.change is None or not isinstance(inputs.reference, Original) or not pairs.pairs:
        return ()
    pair, found = pairs.pairs[0], []
    for contract in inputs.change.contracts:
        if not _comparable(contract.record, record_of(inputs)):
            continue
        # Decoded anew only here: the pair's own original has lost a transparency that was its mask.
        was = _opened(contract, pair, files.picture(inputs.reference.original).alpha, files)
        fresh = pair.editable & ~was
        if fresh.any():
            names = [one.name for one in protected.regions[0][1:] if (one.mask & fresh).any()]
            shares = regions.share_of(was), regions.share_of(pair.editable)
            was_asked = sidecar.digest_of(contract.record)
            found.append(Widened(contract.path, *shares, bounding_box(fresh), tuple(dict.fromkeys(names)), was_asked))
    return tuple(found)


def _comparable(old: Record, new: Record | None) -> bool:
    """Do two records name another mask for the same original?"""
    if new is None or new.mask is None or new.original is None or old.original is None:
        return False
    same = old.mask is not None and (old.mask.sha256, old.mask.mode) == (new.mask.sha256, new.mask.mode)
    return old.original.sha256 == new.original.sha256 and not same


def _opened(contract: Contract, pair: Pair, alpha: NDArray[np.uint8] | None, files: Files) -> NDArray[np.bool_]:
    """What the mask of the project's record opened, H x W of the original."""
    if isinstance(contract.mask, Failure):
        raise CouldNotJudge(contract.mask.reason, contract.mask.advice)
    planes = None if contract.mask is None else files.mask(contract.mask)
    mode = None if contract.record.mask is None else contract.record.mask.mode
    return regions.editable(planes, mode, pair.original.size, alpha, pair.edit.size, pair.frame)


# --- the rule --------------------------------------------------------------------------------------------------------


def record_loosened(inspection: Inspection) -> Iterator[Finding]:
    """What a change takes away from the project's own record."""
    inputs = inspection.inputs
    record = inputs.record
    if inputs.change is None or record is None or isinstance(record, Failure):
        return
    for contract in inputs.change.contracts:
        whose = "the project's record" if contract.path == inputs.path else f"the project's record of {contract.path}"
        for part, said in _taken_away(contract.record, record):
            was = (sidecar.digest_of(contract.record),)
            yield finding("record-loosened", f"{said} than in {whose}", region=part, advice=SIGN, about=was)
    yield from _wider(inspection)


def _taken_away(old: Record, new: Record) -> Iterator[tuple[str, str]]:
    """What a record asks less of than another: which part, and how it differs, as the start of a sentence."""
    if old.origin != new.origin:
        yield "origin", f"the origin is another one: {new.origin!a}, which was {old.origin!a},"
    before, after = old.original, new.original
    if before is not None and (after is None or after.sha256 != before.sha256):
        now = "none" if after is None else f"{after.path} ({after.sha256[:12]}…)"
        yield "original", f"the original is another one: {now}, which was {before.path} ({before.sha256[:12]}…),"
    elif before is not None and old.transform != new.transform:
        yield "transform", "crop and padding are others"
    if old.parent is not None and new.parent is None and before is not None:
        yield "parent", f"the edit that led to it, {old.parent}, is named no more, other"
    kept = {(area.kind, area.box, None if area.polygon is None else tuple(area.polygon)) for area in new.areas}
    gone = [
        f"{area.name!a} ({area.kind})"
        for area in old.areas
        if (area.kind, area.box, None if area.polygon is None else tuple(area.polygon)) not in kept
    ]
    if gone:
        yield "areas", f"fewer areas are protected, {', '.join(gone)} being gone,"


def _wider(inspection: Inspection) -> Iterator[Finding]:
    """Masks that open more; a block on a declared area, else what policy says."""
    settings = inspection.inputs.settings
    if isinstance(inspection.widened, Failure):
        if not isinstance(inspection.measured, Failure):
            yield finding("record-loosened", inspection.widened.reason, region="mask", advice=inspection.widened.advice)
        return
    for one in inspection.widened:
        if settings.record_loosened == "off" and not one.areas:
            continue
        blocks = one.areas or settings.record_loosened == "block"
        on = f", on {', '.join(map(ascii, one.areas))}" if one.areas else ""
        yield finding(
            "record-loosened",
            f"the mask opens {one.now:.1%} of the picture{on}, where that of the project's record opened {one.was:.1%}",
            Severity.BLOCK if blocks else Severity.WARN,
            region="mask",
            value=one.now,
            limit=one.was,
            unit="share",
            box=one.box,
            about=(one.contract,),
            advice=SIGN if blocks else "Look at what is open now.",
        )
