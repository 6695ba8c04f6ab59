"""A picture without a record: what speaks for an edit, and what that does to the verdict.

A file's own marks are the first sign, but many edits carry none. So a picture that replaces a tracked one is compared
with the version before, and under `unrecorded = "block"` a new one with the tracked picture that it looks like. What is
within the limits of it is a copy, and no edit. `off` asks nothing, and `always` asks for a record of every picture but
masks; it finds what `block` finds. For the other two settings:

| marks say AI | beside a tracked picture            | warn  | block |
|--------------|-------------------------------------|-------|-------|
| yes          | new                                 | warn  | block |
| yes          | replaces it, beyond the limits      | block | block |
| yes          | replaces it, within the limits      | warn  | block |
| no           | replaces it, looks like it, beyond  | warn  | block |
| no           | new, looks like it, beyond          | -     | block |
| no           | anything else                       | -     | -     |

Similarity only ever raises a finding: no picture passes because it looks like another.
"""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from maskproof import evidence, likeness, regions
from maskproof.errors import CouldNotJudge
from maskproof.evidence import wording
from maskproof.gate import derived, verdict
from maskproof.gate.compare import Pair, Pairs
from maskproof.gate.descriptions import described
from maskproof.gate.inspection import Failure, LostRecord, Relation, Tracked
from maskproof.gate.provenance import signs_of
from maskproof.images.files import Source
from maskproof.model import Severity, Verdict, place
from maskproof.policy import DEMANDING
from maskproof.policy.rules import finding
from maskproof.records import sidecar
from maskproof.records.proposal import MASK_WORD, Proposal, TreeFacts, command, propose
from maskproof.repo.paths import MIRRORED
from maskproof.repo.working import record_places, untracked

if TYPE_CHECKING:
    from maskproof.gate.inspection import Inputs, Inspection, Reference, Signals
    from maskproof.gate.scope import Scope
    from maskproof.images.files import Files
    from maskproof.likeness.model import Likeness
    from maskproof.model import Finding, Picture
    from maskproof.policy import Settings
    from maskproof.records.sidecar import Record
    from maskproof.repo import Tree


def gather_tracked(scope: Scope, path: str, edit: Source, record: Record | None, settings: Settings) -> Tracked:
    """What the repository knows of a picture without a record.

    Raises:
        CouldNotJudge: its bytes cannot be had, or its record lies in the working tree and was not staged.
    """
    del record
    lost = _lost_record(scope, path)
    if lost is None:
        _refuse_forgotten_record(scope, path)
    if settings.unrecorded == "off":
        return Tracked()
    if lost is not None:
        return Tracked(lost)
    scope.files.data(edit)  # where it is not here, that is what is wrong, and nothing below
    if _is_mask_of_project(scope, path, edit):
        return Tracked(mask=True)
    relation = relation_of(scope, path, edit, settings)
    if _is_called_mask(scope, path, edit, relation):
        return Tracked(mask=True)
    same = next((one for one in scope.change.base.entries.holding(edit.oid) if one != path), "")
    demanded = settings.unrecorded == "always"
    return Tracked(None, relation, _proposal(scope, edit, relation), demanded, copy_of="" if relation else same)


def _is_mask_of_project(scope: Scope, path: str, edit: Source) -> bool:
    """Is it the mask of an edit to the byte, as a record of the base has it?"""
    recorded = scope.ledger.records_of_mask(path)
    return any(on_base and record.mask and record.mask.sha256 == edit.sha256 for record, on_base in recorded)


def _is_called_mask(scope: Scope, path: str, edit: Source, relation: Relation | None) -> bool:
    """Is it the mask of an edit, and no edit itself, as any record has it and by what it shows?

    A record that comes with a change would otherwise take any picture out of the check: a black and white one that is
    like a tracked drawing of two tones is that drawing redrawn, and what takes the place of one that it is like is no
    mask of it. To be like a photograph is what masks are for: they hold its outlines.
    """
    redrawn = False
    if relation is not None and relation.alike and not scope.ledger.is_mask(path):
        if relation.replaced:
            return False
        try:
            redrawn = regions.is_two_toned(scope.files.picture(relation.source))
        except CouldNotJudge:
            redrawn = True
    for record, _ in scope.ledger.records_of_mask(path):
        if record.mask is None or record.original is None:
            continue
        try:
            source = scope.located(record.original.path, record.original.sha256)
            original = None if source is None else scope.files.picture(source)
        except CouldNotJudge:
            original = None
        try:
            shown = scope.files.picture(edit)
        except CouldNotJudge:
            return False
        if regions.shows_only(shown, original) or (not redrawn and regions.is_only_mask(shown)):
            return True
    return False


def decode_relation(inputs: Inputs, edit: Source, reference: Reference, files: Files) -> Pairs:
    """The picture beside the tracked one with everything protected; nothing where that cannot tell anything.

    Raises:
        CouldNotJudge: one of the two cannot be decoded.
    """
    assert isinstance(reference, Tracked)  # noqa: S101 - what `origins` gathers for pictures without a record
    relation = reference.relation
    if relation is None or not relation.whole:
        return Pairs()
    del inputs
    original = files.picture(relation.source)
    return Pairs((Pair.whole(original, _laid(files.picture(edit), relation.turn)),))


def _laid(picture: Picture, turn: int) -> Picture:
    """A picture laid as the tracked one that it looks like lies."""
    if not turn:
        return picture
    samples, alpha, low = (
        None if plane is None else np.ascontiguousarray(likeness.turned(plane, turn))
        for plane in (picture.samples, picture.alpha, picture.low)
    )
    assert samples is not None  # noqa: S101 - a picture has samples
    return replace(picture, samples=samples, alpha=alpha, low=low)


def unrecorded(inspection: Inspection) -> list[Finding]:
    """The finding of a picture without a record, by the table above."""
    inputs, signals = inspection.inputs, inspection.signals
    if not inputs.unrecorded or inputs.settings.unrecorded == "off" or isinstance(signals, Failure):
        return []
    tracked = inputs.reference
    if not isinstance(tracked, Tracked) or tracked.mask:
        return []
    if tracked.lost is not None:
        return [_without_its_record(tracked.lost)]
    compared = comparison_verdict(inspection)
    ai = bool(evidence.is_ai(signals.evidence))
    asked = Severity.BLOCK if inputs.settings.unrecorded in DEMANDING else Severity.WARN
    severity = _severity(asked, tracked.relation, compared, ai=ai)
    if tracked.demanded and severity in {None, Severity.WARN}:
        severity = Severity.BLOCK
    if severity is None:
        return []
    if severity is Severity.UNJUDGED:
        return _of_the_comparison(inspection)
    message = _message(signals, tracked.relation, inspection, ai=ai)
    advice = _advice(inputs.path, tracked, severity, ai=ai, exported=_is_exported(inspection, tracked.relation))
    return [finding("unrecorded", message, severity=severity, advice=advice)]


def _is_exported(inspection: Inspection, relation: Relation | None) -> bool:
    """Does it show the tracked picture, whole, as far as the size, format and compression of an export let it?

    What was measured is asked anew under an export's limits; that names the way to record it and lets nothing pass.
    """
    measured = inspection.measured
    if relation is None or not relation.alike or relation.turn or isinstance(measured, Failure) or not measured:
        return False
    if relation.replaced and comparison_verdict(inspection) is Verdict.PASS:
        return False
    limits = derived.as_export(inspection.inputs.settings).limits
    return verdict.decide(measured, limits).verdict is Verdict.PASS


def comparison_verdict(inspection: Inspection) -> Verdict | None:
    """The verdict on the comparison with the tracked picture; None where the two were not compared."""
    if inspection.comparison_failure is None and inspection.decided is None:
        return None
    return verdict.verdict_of(_of_the_comparison(inspection))


def _of_the_comparison(inspection: Inspection) -> list[Finding]:
    """What the comparison with the tracked picture alone would say."""
    failure = inspection.comparison_failure
    return [
        *described(inspection.compared.pair, inspection.decided, inspection.inputs.settings.level),
        *(inspection.decided.findings if inspection.decided else ()),
        *(() if failure is None else (failure.finding,)),
    ]


def _severity(asked: Severity, relation: Relation | None, compared: Verdict | None, *, ai: bool) -> Severity | None:
    """The table above; None: nothing to say."""
    beyond = compared not in {None, Verdict.PASS}
    if ai:
        return Severity.BLOCK if relation and relation.replaced and beyond else asked
    if relation is None or not relation.alike:
        return None
    if not relation.whole:
        return Severity.WARN
    if not beyond:
        return None
    if compared is Verdict.UNJUDGED:
        # At `warn` nobody asked for pictures without marks to be judged: one that cannot be is no reason to stop.
        return Severity.UNJUDGED if asked is Severity.BLOCK else None
    return asked


def _lost_record(scope: Scope, path: str) -> LostRecord | None:
    """A picture that was a recorded edit before this change, here or under another name."""
    base = scope.change.base
    if path in base.records:
        at = "HEAD" if scope.change.head.commit is None or base.commit is None else base.commit[:12]
        return LostRecord(path, "", base.record_path(path), at)
    former: str | None = scope.former(path)
    if former not in base.records:
        former = scope.ledger.images_by_blob.get(scope.change.head.entries[path].oid)
    if former is None:
        return None
    beside = sidecar.path_of(path, scope.record_folder)
    return LostRecord(former, _bring_record(scope, former, beside), beside)


def _refuse_forgotten_record(scope: Scope, path: str) -> None:
    """A record that its writer forgot to stage; the file on disk is only seen, never read, and lets nothing pass."""
    repository = scope.change.repository
    if scope.change.head.commit is not None:
        return
    for beside in untracked(repository, record_places(repository, path)):
        error = CouldNotJudge(
            f"its record {beside} is not staged, so the commit would hold the picture without it",
            f"Stage it: `git add {shlex.quote(beside)}`.",
        )
        error.rule = "unrecorded"
        raise error


def _bring_record(scope: Scope, former: str, beside: str) -> str:
    """The command that puts the record of a renamed or copied edit beside it."""
    head, base = scope.change.head, scope.change.base
    here = former in head.records
    source, target = shlex.quote((head if here else base).record_path(former)), shlex.quote(beside)
    if former in head.entries:
        return f"{_in_folder(head, beside)}cp {source} {target}"
    moved = f"git mv {source} {target}"
    moved = moved if here else f"git checkout HEAD -- {source} && {moved}"
    return _in_folder(head, beside) + moved


def _in_folder(head: Tree, beside: str) -> str:
    """What makes the folder of a record first, where records lie apart from their pictures."""
    folder = beside.rpartition("/")[0]
    there = not MIRRORED.match(beside) or any(path.startswith(f"{folder}/") for path in head.entries)
    return "" if there else f"mkdir -p {shlex.quote(folder)} && "


def _without_its_record(lost: LostRecord) -> Finding:
    if lost.bring:
        return finding(
            "unrecorded",
            f"this is the AI edit {lost.former} under another name, without its record",
            severity=Severity.BLOCK,
            advice=f"Give it the record: `{lost.bring}`.",
        )
    beside = lost.beside
    return finding(
        "unrecorded",
        f"the record of this AI edit, {beside}, is deleted while the picture stays",
        severity=Severity.BLOCK,
        advice=(
            f"Bring the record back (`git checkout {lost.at} -- {shlex.quote(beside)}`), or remove the picture too; "
            "a new picture that is no AI edit takes another name."
        ),
    )


def relation_of(scope: Scope, path: str, edit: Source, settings: Settings) -> Relation | None:
    """The tracked picture to compare it with: the version before, or under `block` the one that it looks like."""
    before = scope.before(path)
    if _same(scope, before, edit):
        return None
    replaced = None
    if before is not None:
        similar = _similarity(scope, before, edit)
        replaced = Relation(replace(before, name=_named(before.name or "its version before", similar)), True, similar)
    if settings.unrecorded not in DEMANDING or (replaced and replaced.alike):
        return replaced
    return _nearest(scope, edit) or replaced


def _similarity(scope: Scope, before: Source, edit: Source) -> Likeness | None:
    """How similar a picture is to its version before; None where one of them cannot be decoded."""
    try:
        pictures = [scope.files.thumbnail(source, likeness.SIDE) for source in (before, edit)]
    except CouldNotJudge:
        return None
    return likeness.similarity(before.oid, before.path, *pictures)


def _same(scope: Scope, before: Source | None, edit: Source) -> bool:
    """Is it the version before to the byte? A picture that moves into Git LFS is another blob with the same content."""
    if before is None:
        return False
    try:
        return scope.change.repository.objects.digest(before.oid, before.path) == edit.sha256
    except CouldNotJudge:
        return False


def _nearest(scope: Scope, edit: Source) -> Relation | None:
    """The tracked picture on the base that this one looks like most; None where it looks like none, or is one."""
    if scope.change.base.entries.holding(edit.oid):
        return None
    try:
        nearest = scope.nearest(edit)
    except CouldNotJudge:
        return None
    if nearest is None or not nearest.alike:
        return None
    path = nearest.paths[0]
    source = Source(nearest.oid, path, name=_named(path, nearest))
    if scope.ledger.is_mask(path) or _is_stencil(scope, source):
        return None  # what looks like a mask is one, or has its outlines
    return Relation(source, False, nearest)


def _is_stencil(scope: Scope, source: Source) -> bool:
    """Is a tracked picture a mask by its name and by all that it shows, though no record of the base names it?"""
    if not MASK_WORD.search(PurePosixPath(source.path).stem):
        return False
    try:
        return regions.is_only_mask(scope.files.picture(source))
    except CouldNotJudge:
        return False


def _named(picture: str, similar: Likeness | None) -> str:
    return picture if similar is None else f"{picture} ({similar.distance} of 256 bits apart)"


def _proposal(scope: Scope, edit: Source, relation: Relation | None) -> Proposal:
    """The record that it may need; asked of the tree only where something speaks for an edit."""
    try:
        signs = signs_of(edit, scope.neighbours(edit.path), scope.files)
    except CouldNotJudge:
        return Proposal()
    if not (evidence.is_ai(signs) or (relation and relation.alike)):
        return Proposal()
    alike = (relation.source.path, str(relation)) if relation else None
    return propose(edit.path, signs, TreeFacts(scope.change.head.entries, scope.mask_mode), lambda: alike)


def _message(signals: Signals, relation: Relation | None, inspection: Inspection, *, ai: bool) -> str:
    """What is wrong, from the surest sign to the weakest."""
    said = f"{wording.sentence(signals.evidence)}, and it has no record" if ai else "it has no record"
    if relation is None:
        tracked = inspection.inputs.reference
        copy_of = tracked.copy_of if isinstance(tracked, Tracked) else ""
        return f"{said}; it is {copy_of} byte for byte" if copy_of else said
    if _is_exported(inspection, relation):
        here = "its version before" if relation.replaced else str(relation)
        return f"{said}, and shows {here} in another size, format or compression"
    if relation.replaced:
        said += ", though it replaces a tracked picture"
    else:
        said += f", though it is similar to {'' if relation.whole else 'a part of '}{relation}"
    compared = verdict.gravest_first(_of_the_comparison(inspection)) if relation.whole else ()
    worst = next((one for one in compared if one.severity is not Severity.WARN), None)
    if worst is None:
        return said + (", and is within the limits of it" if relation.whole else "")
    where = place(worst.box, worst.around)
    where += "" if relation.replaced or not where else f" of {relation.source.path}"
    return f"{said}; compared with that one, {', '.join(filter(None, (worst.message, where)))}"


def _advice(path: str, tracked: Tracked, severity: Severity, *, ai: bool, exported: bool) -> str:
    """What to do next, with the command filled in as far as anything here tells; never one that says what is not so.

    What looks like a tracked picture was made from it, or is an update of it: `--generated` is no way out there.
    """
    record, plain = command(path, tracked.proposal), shlex.quote(path)
    if not ai and severity is Severity.WARN:
        return f"If AI changed it, record what it was made from: `{record}`. If not, there is nothing to do."
    relation = tracked.relation
    master = tracked.copy_of or (relation.source.path if exported and relation and not relation.replaced else "")
    if master:
        export = shlex.join(["maskproof", "record", path, "--derived", "--original", master, "--add"])
        else_changed = "" if tracked.copy_of else f" If AI changed it, record what it was made from: `{record}`."
        return (
            f"Record it as an export: `{export}`, or name all such in a `[[derived]]` row of the policy.{else_changed}"
        )
    if exported:
        approve = shlex.join(["maskproof", "approve", path, "--reason"])
        return (
            "If it was only saved anew, save it with less compression, or have it accepted: "
            f"`{approve} 'saved smaller'`. If AI changed it, record what it was made from: `{record}`."
        )
    made_from = "Record what it was made from" if ai else "If AI changed it, record what it was made from"
    if relation is not None and relation.alike:
        by_hand = shlex.join(["maskproof", "record", path, "--manual", "--original", relation.source.path])
        return f"{made_from}: `{record}`. If a person changed it: `{by_hand}`."
    generated = f"If it was generated without a picture of yours: `maskproof record {plain} --generated`."
    people = "" if ai else f" If people made it: `maskproof record {plain} --manual`."
    return f"{made_from}: `{record}`. {generated}{people}"
