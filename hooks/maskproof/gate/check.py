"""The way of one image, from a change in Git to a verdict: `judge`, whose lines are the stages.

which images -> evidence -> sidecar -> original and mask -> (`compare`: pixels -> regions -> drift -> verdict)

A picture without a record goes to `unrecorded`, one that was made from nothing to `generated`.
"""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from maskproof import evidence
from maskproof.errors import CouldNotJudge, MissingMask, MissingOriginal, Unreadable
from maskproof.gate import chain, generated, provenance, unrecorded
from maskproof.gate.compare import Inputs, compare, concluded, failure, frame_of
from maskproof.gate.scope import Scope
from maskproof.gate.unrecorded import SEVERITY
from maskproof.images.decode import decode
from maskproof.model import Evidence, Finding, Ground, ImageReport, Report, Severity, Verdict
from maskproof.records import sidecar
from maskproof.records.parents import Link, follow
from maskproof.regions.areas import areas_of, mask_picture

if TYPE_CHECKING:
    from maskproof.policy import Settings
    from maskproof.records.sidecar import Record
    from maskproof.repo.change import Change


def check(delta: Change) -> Report:
    """Judge every image that a change concerns.

    Raises:
        PolicyError: the policy has mistakes.
    """
    scope = Scope(delta)
    images = tuple(judge(scope, path) for path in scope.targets)
    return Report(images, (*notes(scope), *dict.fromkeys(note for image in images for note in image.notes)))


def judge(scope: Scope, path: str) -> ImageReport:
    """The verdict on one image of a change; what goes wrong on the way becomes a finding."""
    settings = scope.settings(path)
    report = ImageReport(path, Verdict.PASS, findings=tuple(_about_the_change(scope, path)))
    report = report.told("change", scope.told(path)).told("policy", *_told_policy(settings))
    try:
        edit = _edit(scope, path)
        record = scope.ledger.record(path)
        report = replace(report, evidence=_evidence(scope, edit, path, settings, record))
        report = report.told("evidence", *_told_evidence(report.evidence)).told("record", *_told_record(record))
        if record is None:
            return unrecorded.judge(scope, path, edit, settings, report)
        report = replace(
            report, ground=Ground.DECLARED, findings=(*report.findings, *_stale(scope, record, edit, path))
        )
        if record.original is None:
            _followed(scope, path, record)  # made from nothing, unless its record names a parent all the same
            return generated.hold(scope, path, edit, settings, report)
        inputs, found = inputs_of(scope, path, edit, record)
        dropped = record.restored.dropped_manifest if record.restored else None
        lost = provenance.lost(scope, path, edit, (record.original.path, inputs.original), dropped)
        report = replace(
            report,
            findings=(*report.findings, *_new_on_base(scope, record, settings), *lost),
            original=found["original"],
            mask=found.get("mask"),
        )
        report = compare(inputs, settings, scope.trusted, report)
        return _against_first(scope, Link(path, record), edit, settings, report)
    except CouldNotJudge as error:
        return concluded(report, failure(error))


def _against_first(scope: Scope, last: Link, edit: bytes, settings: Settings, report: ImageReport) -> ImageReport:
    """An edit of an edit held against its first original too; what keeps it from that leaves it unjudged."""
    if last.record.parent is None or report.drift is None:
        return report
    try:
        links = _followed(scope, last.path, last.record)
        if len(links) == 1:
            return report.told("chain", f"{last.record.parent} was generated, so the original is the first")
        # Policy speaks of the last edit, in pixels of its own original; every record adds areas in pixels of its own.
        bare = replace(settings, areas=(), detect=())
        steps = [_step(scope, one, settings if one is links[-1] else bare) for one in links]
        return chain.against_first(report, steps, edit, settings, lambda path: mask_picture(scope.trusted, path))
    except CouldNotJudge as error:
        return concluded(report, failure(error))


def _followed(scope: Scope, path: str, record: Record) -> tuple[Link, ...]:
    return follow(path, record, lambda place: scope.ledger.record(sidecar.image_of(place)))


def _step(scope: Scope, link: Link, settings: Settings) -> chain.Step:
    """One edit of a chain with the bytes of its original and mask; its own bytes are the next one's original."""
    found, _ = inputs_of(scope, link.path, b"", link.record)
    original = decode(found.original, found.original_name)
    areas, _ = areas_of(original, settings, link.record, scope.trusted)
    return chain.Step(
        link.path,
        found.original_name,
        original,
        found.mask,
        found.mask_name,
        found.mask_mode,
        frame_of(link.record),
        areas,
    )


def notes(scope: Scope) -> tuple[str, ...]:
    """What a reader should know about the run itself."""
    if scope.delta.head.commit is not None:
        return ()
    stale = sorted(set(scope.targets) & scope.delta.repository.unstaged())
    return tuple(f"{path} was judged as staged; the file in the working tree differs" for path in stale)


def _about_the_change(scope: Scope, path: str) -> list[Finding]:
    """What can be said of an image before its bytes are read."""
    found = []
    if keys := scope.loosened(path):
        found.append(
            Finding(
                "policy-loosened",
                Severity.WARN,
                f"this change loosens {', '.join(keys)}; until it is merged the stricter value holds",
                advice="Have the policy change reviewed and merged by itself first.",
            )
        )
    twins = [one for one in scope.twins.get(path, []) if one != path]
    if twins:
        found.append(
            Finding(
                "name-clash",
                Severity.UNJUDGED,
                f"{ascii(path)[1:-1]} and {', '.join(ascii(one)[1:-1] for one in twins)} are one file on "
                f"macOS and Windows, so one record could stand for the other picture",
                advice="Rename one of them.",
            )
        )
    return found


def _edit(scope: Scope, path: str) -> bytes:
    """The bytes of the image to judge.

    Raises:
        CouldNotJudge: it is not a plain file on the head, or its bytes cannot be had.
    """
    entry = scope.delta.head.entries.get(path)
    data = scope.delta.head.read(path)
    if data is not None:
        return data
    if entry is not None:
        kind = {"120000": "a symbolic link", "160000": "a submodule"}.get(entry.mode, "in conflict")
        raise Unreadable(f"{path} is {kind}, not a picture", "Commit the picture itself.")
    if sidecar.path_of(path) in scope.delta.head.entries:
        error = Unreadable(
            f"{sidecar.path_of(path)} speaks of {path}, which is not part of this commit",
            f"Add the picture (`git add {shlex.quote(path)}`) or remove the record.",
        )
        error.rule = "stale-record"
        raise error
    raise Unreadable(f"{path} is not known to Git, so no commit would hold it", f"Run `git add {shlex.quote(path)}`.")


def _evidence(scope: Scope, edit: bytes, path: str, settings: Settings, record: Record | None) -> tuple[Evidence, ...]:
    """The file's own marks. Where policy asks nothing of files without a record, a broken one is not its business."""
    try:
        return evidence.assess(edit, path, scope.delta.head.read)
    except CouldNotJudge:
        if record is None and settings.unrecorded == "off":
            return ()
        raise


def _stale(scope: Scope, record: Record, edit: bytes, path: str) -> list[Finding]:
    """A record that speaks of other bytes than those in the change."""
    digest = hashlib.sha256(edit).hexdigest()
    if digest == record.image.sha256:
        return []
    who = provenance.dropped_by(edit, path, scope.delta.head.read)
    return [
        Finding(
            "stale-record",
            Severity.BLOCK,
            f"the record was written for other bytes ({record.image.sha256[:12]}…) than the picture has "
            f"now ({digest[:12]}…)" + (f"; {who}" if who else ""),
            advice=f"If the new picture is meant, record it: `maskproof record {shlex.quote(path)}`.",
        )
    ]


def inputs_of(scope: Scope, path: str, edit: bytes, record: Record) -> tuple[Inputs, dict[str, dict[str, Any]]]:
    """All bytes of the comparison, and where original and mask were found.

    Raises:
        MissingOriginal, MissingMask: they are in none of the places that are searched.
        MissingObject: they may be in history or LFS that this clone does not hold.
    """
    repository, head = scope.delta.repository, scope.delta.head
    assert record.original is not None  # noqa: S101 - asked by `judge`
    original = repository.objects.by_digest(record.original.path, record.original.sha256, head)
    if original is None:
        raise MissingOriginal(
            f"the original {record.original.path} with digest {record.original.sha256[:12]}… is neither in the tree, "
            f"nor in the history of that path, nor in Git LFS",
            f"Commit the original, or record another one: `maskproof record {shlex.quote(path)} --original FILE`.",
        )
    found = {"original": {"path": record.original.path, "sha256": record.original.sha256, "found": original[1]}}
    if record.mask is None:
        return Inputs(edit, original[0], None, None, path, record.original.path, "", record), found
    mask = repository.objects.by_digest(record.mask.path, record.mask.sha256, head)
    if mask is None:
        raise MissingMask(
            f"the mask {record.mask.path} with digest {record.mask.sha256[:12]}… is neither in the tree, nor in the "
            f"history of that path, nor in Git LFS",
            "Commit the mask, or record another one: "
            f"`maskproof record {shlex.quote(path)} --mask FILE --mask-mode MODE`.",
        )
    found["mask"] = {"path": record.mask.path, "sha256": record.mask.sha256, "mode": record.mask.mode, "found": mask[1]}
    return Inputs(
        edit, original[0], mask[0], record.mask.mode, path, record.original.path, record.mask.path, record
    ), found


def _new_on_base(scope: Scope, record: Record, settings: Settings) -> list[Finding]:
    """An original or mask that the change brings along proves nothing: it could be a drifted copy, or a wide mask."""
    if settings.new_original == "off" or scope.delta.head is scope.delta.base:
        return []
    used = {"original": record.original, "mask": record.mask}
    new = {name: one.path for name, one in used.items() if one and not scope.on_base(one.path, one.sha256)}
    if not new:
        return []
    named = " and the ".join(f"{name} {path}" for name, path in new.items())
    if "original" in new:
        said = f"the {named} came with this change, so the record agrees only with itself"
        advice = "Have someone compare the original with where it comes from, or commit it before the edit."
    else:
        said, advice = f"the {named} is new in this change: whoever reviews the edit reviews its mask as well", ""
    return [Finding("new-original", SEVERITY[settings.new_original], said, advice=advice)]


def _told_policy(settings: Settings) -> list[str]:
    said = (
        f"level {settings.level}, without a record: {settings.unrecorded}, new original or mask: "
        f"{settings.new_original}, a mask may open at most {settings.max_editable:.0%}; from {settings.source}"
    )
    return [said] + [
        f"limit {kind}.{metric} = {settings.limits[kind, metric]:g}, set by {settings.source}"
        for kind, metric in sorted(settings.own_limits)
    ]


def _told_evidence(signs: tuple[Evidence, ...]) -> list[str]:
    return [f"{sign.source}: {sign.says} ({sign.confidence} confidence)" for sign in signs] or ["no marks in the file"]


def _told_record(record: Record | None) -> list[str]:
    if record is None:
        return ["none"]
    said: list[str] = [record.origin]
    if record.original:
        said.append(f"original {record.original.path}, digest {record.original.sha256[:12]}…")
    said.append(
        f"mask {record.mask.path}, mode {record.mask.mode}" if record.mask else "no mask: everything is protected"
    )
    if record.tool and (record.tool.model or record.tool.provider):
        said.append(f"tool {' '.join(filter(None, (record.tool.provider, record.tool.model)))}")
    return said
