"""A picture without a record: what speaks for an edit, and what that does to the verdict.

A file's own marks are the first sign, but many edits carry none. So a picture that replaces a tracked one is compared
with the version before, and under `unrecorded = "block"` a new one with the tracked picture that it looks like. What is
within the limits of it is a copy, and no edit. `off` asks nothing; for the other two settings:

| marks say AI | beside a tracked picture            | warn  | block |
|--------------|-------------------------------------|-------|-------|
| yes          | new                                 | warn  | block |
| yes          | replaces it, beyond the limits      | block | block |
| yes          | replaces it, within the limits      | warn  | block |
| no           | replaces it, looks like it, beyond  | warn  | block |
| no           | new, looks like it, beyond          | -     | block |
| no           | anything else                       | -     | -     |

Likeness only ever raises a finding: no picture passes because it looks like another.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from maskproof import evidence, likeness
from maskproof.errors import CouldNotJudge
from maskproof.gate import provenance
from maskproof.gate.compare import Inputs, compare, concluded, failure
from maskproof.model import Finding, Ground, ImageReport, Severity, Verdict, sha256_of
from maskproof.records import sidecar
from maskproof.records.proposal import TreeFacts, command, propose
from maskproof.repo import REGULAR

if TYPE_CHECKING:
    from maskproof.gate.scope import Scope
    from maskproof.likeness.model import Likeness
    from maskproof.model import Evidence
    from maskproof.policy import Settings
    from maskproof.records.proposal import Proposal
    from maskproof.repo import Entry

SEVERITY = {"warn": Severity.WARN, "block": Severity.BLOCK}


@dataclass(frozen=True, slots=True)
class Relation:
    """A tracked picture that this one may have been made from."""

    path: str
    oid: str
    replaced: bool
    """True: the version before, at the same path; False: another picture that it looks like"""
    likeness: Likeness | None
    """how alike the two are; None where one of them cannot be decoded"""

    @property
    def alike(self) -> bool:
        """Does it look like the tracked picture?"""
        return self.likeness is not None and self.likeness.alike

    @property
    def whole(self) -> bool:
        """False: it looks like a part of the tracked picture, so that the two cannot be compared sample by sample."""
        return self.replaced or self.likeness is None or self.likeness.how == "whole"

    def __str__(self) -> str:
        name = "its version before" if self.replaced else self.path
        return name if self.likeness is None else f"{name} ({self.likeness.distance} of 256 bits apart)"


def judge(scope: Scope, path: str, edit: bytes, settings: Settings, report: ImageReport) -> ImageReport:
    """The verdict on a picture that has no record.

    Args:
        scope: The change that it is part of.
        path: Where it lies.
        edit: Its bytes.
        settings: The policy for it.
        report: What is known already, its marks among it.
    """
    if settings.unrecorded == "off":
        return concluded(report)
    if lost := _lost_record(scope, path):
        return concluded(report, lost)
    report = replace(report, findings=(*report.findings, *provenance.lost(scope, path, edit, None)))
    relation = _relation(scope, path, edit, settings)
    compared = _compared(scope, path, edit, settings, relation)
    if relation is not None:
        report = report.told("likeness", f"it {'replaces' if relation.replaced else 'looks like'} {relation}")
    if compared is not None:
        report = replace(
            report,
            drift=compared.drift,
            regions=compared.regions,
            original={"path": relation.path, "found": f"{relation}, blob {relation.oid[:12]}"} if relation else None,
            steps=(*report.steps, *compared.steps),
        )
    ai = bool(evidence.is_ai(report.evidence))
    report = replace(report, ground=_ground(report.evidence, relation, compared))
    severity = _severity(settings, relation, compared, ai=ai)
    if severity is None:
        return concluded(report)
    if severity is Severity.UNJUDGED and compared is not None:
        return concluded(report, *compared.findings)
    proposal = _proposal(scope, path, report.evidence, relation)
    return concluded(
        report,
        Finding(
            "unrecorded",
            severity,
            _message(report, relation, compared, ai=ai),
            advice=_advice(path, proposal, severity, ai=ai),
        ),
    )


def _ground(signs: tuple[Evidence, ...], relation: Relation | None, compared: ImageReport | None) -> Ground:
    """The surest of what speaks for an AI edit."""
    if evidence.is_ai(signs):
        return Ground.SIGNED if any(sign.ai and sign.signed for sign in signs) else Ground.UNSIGNED
    changed = compared is None or compared.verdict is not Verdict.PASS
    return Ground.LIKENESS if relation and relation.alike and changed else Ground.NONE


def _severity(
    settings: Settings, relation: Relation | None, compared: ImageReport | None, *, ai: bool
) -> Severity | None:
    """The table above; None: nothing to say."""
    asked = SEVERITY[settings.unrecorded]
    beyond = compared is not None and compared.verdict is not Verdict.PASS
    if ai:
        return Severity.BLOCK if relation and relation.replaced and beyond else asked
    if relation is None or not relation.alike:
        return None
    if not relation.whole:
        return Severity.WARN
    if not beyond:
        return None
    assert compared is not None  # noqa: S101 - only what was compared is beyond a limit
    if compared.verdict is Verdict.UNJUDGED:
        # At `warn` nobody asked for pictures without marks to be judged: one that cannot be is no reason to stop.
        return Severity.UNJUDGED if asked is Severity.BLOCK else None
    return asked


def _lost_record(scope: Scope, path: str) -> Finding | None:
    """A picture that was a recorded edit before this change, here or under another name."""
    beside = sidecar.path_of(path)
    if beside in scope.delta.base.entries:
        return Finding(
            "unrecorded",
            Severity.BLOCK,
            f"the record of this AI edit, {beside}, is deleted while the picture stays",
            advice=(
                f"Bring the record back (`git checkout HEAD -- {shlex.quote(beside)}`), or remove the picture too; "
                "a new picture that is no AI edit takes another name."
            ),
        )
    if (former := scope.ledger.images_by_blob.get(scope.delta.head.entries[path].oid)) is None:
        return None
    return Finding(
        "unrecorded",
        Severity.BLOCK,
        f"this is the AI edit {former} under another name, without its record",
        advice=f"Give it the record: `{_bring_record(scope, former, beside)}`.",
    )


def _bring_record(scope: Scope, former: str, beside: str) -> str:
    """The command that puts the record of a renamed or copied edit beside it."""
    entries = scope.delta.head.entries
    source, target = shlex.quote(sidecar.path_of(former)), shlex.quote(beside)
    if former in entries:
        return f"cp {source} {target}"
    moved = f"git mv {source} {target}"
    return moved if sidecar.path_of(former) in entries else f"git checkout HEAD -- {source} && {moved}"


def _relation(scope: Scope, path: str, edit: bytes, settings: Settings) -> Relation | None:
    """The tracked picture to hold it against: the version before, or under `block` the one that it looks like."""
    before = scope.delta.base.entries.get(path)
    if scope.ledger.is_mask(path) or _same(scope, path, before, edit):
        return None
    replaced = None
    if before is not None and before.mode in REGULAR:
        replaced = Relation(path, before.oid, True, likeness.similarity(scope.delta.repository, before.oid, path, edit))
    if settings.unrecorded != "block" or (replaced and replaced.alike):
        return replaced
    return _nearest(scope, path, edit) or replaced


def _same(scope: Scope, path: str, before: Entry | None, edit: bytes) -> bool:
    """Is it the version before to the byte? A picture that moves into Git LFS is another blob with the same content."""
    if before is None or before.mode not in REGULAR:
        return False
    try:
        return scope.delta.repository.objects.digest(before.oid, path) == sha256_of(edit)
    except CouldNotJudge:
        return False


def _nearest(scope: Scope, path: str, edit: bytes) -> Relation | None:
    """The tracked picture on the base that this one looks like most; None where it looks like none, or is one."""
    own = scope.delta.head.entries[path].oid
    if any(entry.oid == own for entry in scope.delta.base.entries.values()):
        return None
    try:
        nearest = scope.nearest(path, edit)
    except CouldNotJudge:
        return None
    return Relation(nearest.paths[0], nearest.oid, False, nearest) if nearest and nearest.alike else None


def _compared(
    scope: Scope, path: str, edit: bytes, settings: Settings, relation: Relation | None
) -> ImageReport | None:
    """The picture held against the tracked one with everything protected; None where that cannot tell anything."""
    if relation is None or not relation.whole:
        return None
    report = ImageReport(path, Verdict.PASS)
    try:
        original = scope.delta.repository.objects.blob(relation.oid, relation.path)
    except CouldNotJudge as error:
        return concluded(report, failure(error))
    inputs = Inputs(edit, original, None, None, path, str(relation))
    return compare(inputs, settings, scope.trusted, report)


def _proposal(scope: Scope, path: str, signs: tuple[Evidence, ...], relation: Relation | None) -> Proposal:
    known = TreeFacts(scope.delta.head.entries, scope.mask_mode)
    alike = (relation.path, str(relation)) if relation else None
    return propose(path, signs, known, lambda: alike)


def _message(report: ImageReport, relation: Relation | None, compared: ImageReport | None, *, ai: bool) -> str:
    """What is wrong, from the surest sign to the weakest."""
    marks = ", ".join(dict.fromkeys(f"{sign.says}, {sign.source}" for sign in report.evidence if sign.ai))
    said = f"the file says that AI made or changed it ({marks}), and it has no record" if ai else "it has no record"
    if relation is None:
        return said
    if relation.replaced:
        said += ", though it replaces a tracked picture"
    else:
        said += f", though it looks like {'' if relation.whole else 'a part of '}{relation}"
    worst = next((one for one in compared.findings if one.severity is not Severity.WARN), None) if compared else None
    if worst is None:
        return said + (", and is within the limits of it" if relation.whole else "")
    where = f", at {worst.box}" if worst.box else ""
    return f"{said}; beside that one, {worst.message}{where}"


def _advice(path: str, proposal: Proposal, severity: Severity, *, ai: bool) -> str:
    """What to do next, with the command filled in as far as anything here tells."""
    record = f"`{command(path, proposal)}`"
    nothing = f"`maskproof record {shlex.quote(path)} --generated`"
    if ai:
        return f"Record what it was made from: {record}. If it was made from nothing: {nothing}."
    if severity is Severity.WARN:
        return f"If AI changed it, record what it was made from: {record}. If not, there is nothing to do."
    return f"If AI changed it, record what it was made from: {record}. If it was made without the old one: {nothing}."
