"""Findings: the functions that ask an `Inspection` for every rule, and the place where a verdict is concluded.

A rule's logic is found by its name in `FINDINGS`; its words and severity stand in `policy.rules`. Rules that speak of
metrics share `drifted`, as `policy.limits` says how far each metric may go; rules that speak of what could not be done
share `not_judged`.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec.structs import replace

from maskproof import evidence, regions
from maskproof.gate import accepted, chain, contract, derived, generated, manual, provenance, unrecorded, verdict
from maskproof.gate.compare import record_of
from maskproof.gate.descriptions import described
from maskproof.gate.inspection import Failure, Master, Original, Tracked
from maskproof.model import Basis, Finding, ImageReport, Kind, Severity, Verdict
from maskproof.policy import DEMANDING
from maskproof.policy.rules import finding
from maskproof.records.proposal import command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from maskproof.gate.inspection import Inspection
    from maskproof.images.files import Source


def conclude(inspection: Inspection) -> ImageReport:
    """The report on one image: every row asked, in their order; the gravest finding decides."""
    rows = {function: [_filled_in(inspection, one) for one in function(inspection)] for function in FINDINGS}
    decided, signals, steps = inspection.decided, inspection.signals, chain.drifted(inspection)
    drift = None if decided is None else max([decided.drift, *(step.drift for step in steps[-1:])])
    tells = rows[drifted if decided is not None and decided.drift == drift else chain.from_first]
    headline = next((one for one in tells if one.rule in OF_DRIFT and one.severity is Severity.BLOCK), None)
    told = verdict.headline_first(verdict.gravest_first(one for row in rows.values() for one in row), headline)
    found = verdict.gravest_first(accepted.accept(inspection.inputs, told))
    return ImageReport(
        inspection.inputs.path,
        verdict.verdict_of(found),
        drift,
        found,
        () if decided is None else decided.regions,
        () if isinstance(signals, Failure) else signals.evidence,
        _basis(inspection),
        _original(inspection),
        _mask(inspection),
        (*inspection.inputs.settings.notes, *inspection.compared.notes),
        steps,
        inspection,
        record=inspection.inputs.record_path,
        settled=_is_settled(inspection, found),
        by_maker=any(_is_by_maker(inspection, one) for one in found),
    )


def _is_settled(inspection: Inspection, found: Iterable[Finding]) -> bool:
    """Does nothing stand in the report that failed for a reason outside of what was asked?"""
    stages = (inspection.signals, inspection.measured, inspection.first, inspection.widened)
    if any(isinstance(one, Failure) for one in stages) or any(one.severity is Severity.UNJUDGED for one in found):
        return False
    master = None if inspection.master is None else inspection.master.report
    return inspection.unsettled is None and all(one is None or one.settled for one in (master, inspection.as_export))


def _is_by_maker(inspection: Inspection, one: Finding) -> bool:
    approved = one.accepted is not None and one.accepted.how == "approval"
    return approved and not inspection.inputs.settings.approvals.needed(one.rule)


def _filled_in(inspection: Inspection, one: Finding) -> Finding:
    """A finding whose commands name the image, or, where it has no record yet, all that one needs."""
    inputs = inspection.inputs
    if inputs.change is None or "EDIT" not in one.message + one.advice:
        return one
    recorded = shlex.join(["maskproof", "record", inputs.path])
    if isinstance(inputs.reference, Tracked):
        recorded = command(inputs.path, inputs.reference.proposal)

    def named(text: str) -> str:
        text = text.replace("maskproof record EDIT", recorded)
        return text.replace("maskproof approve EDIT", shlex.join(["maskproof", "approve", inputs.path]))

    return replace(one, message=named(one.message), advice=named(one.advice))


# --- the rows --------------------------------------------------------------------------------------------------------


def policy_loosened(inspection: Inspection) -> Iterator[Finding]:
    """A change that asks for a looser policy."""
    change = inspection.inputs.change
    if change is not None and change.loosened:
        yield finding(
            "policy-loosened",
            f"this change loosens {', '.join(change.loosened)}; until it is merged the stricter value holds",
            advice="Have the policy change reviewed and merged by itself first.",
        )


def name_clash(inspection: Inspection) -> Iterator[Finding]:
    """Names that fold to one file on some systems."""
    change = inspection.inputs.change
    if change is not None and change.twins:
        own, *twins = (ascii(one)[1:-1] for one in (inspection.inputs.path, *change.twins))
        yield finding(
            "name-clash",
            f"{own} and {', '.join(twins)} are one file on macOS and Windows, so one record could stand for the other "
            "picture",
            advice="Rename one of them.",
            about=change.twins,
        )


def attributes(inspection: Inspection) -> Iterator[Finding]:
    """Attributes by which everybody who checks it out is shown another file than the one that is judged."""
    inputs = inspection.inputs
    if inputs.change is None or not inputs.change.rewritten:
        return
    if inputs.record is not None or inputs.settings.unrecorded in DEMANDING:
        names = dict.fromkeys(one.partition("=")[0] for one in inputs.change.rewritten)
        undone = " ".join(("binary", *(f"-{one}" for one in names if one not in {"text", "eol"})))
        yield finding(
            "attributes",
            f"Git hands it out with other bytes than are judged, by {', '.join(inputs.change.rewritten)} in "
            ".gitattributes",
            region="attributes",
            about=inputs.change.rewritten,
            advice=f"Undo that there, below all that says it: `{shlex.quote(inputs.path)} {undone}`.",
        )


def stale_record(inspection: Inspection) -> Iterator[Finding]:
    """A record that speaks of other bytes than those in the change."""
    inputs, signals, record = inspection.inputs, inspection.signals, record_of(inspection.inputs)
    if isinstance(signals, Failure) or isinstance(inputs.edit, Failure) or record is None or not signals.stale:
        return
    by = f"; {signals.rewritten_by}" if signals.rewritten_by else ""
    renew = f"`maskproof record {shlex.quote(inputs.path)}`"
    forgotten = inputs.change.renewed if inputs.change is not None else ""
    stage = f"Its record was written anew and not staged: `git add {shlex.quote(forgotten)}`." if forgotten else ""
    if signals.same_pixels:
        said = f"the file was packed anew after it was recorded; it shows what it showed, to the last bit{by}"
        yield finding("stale-record", said, advice=stage or f"Renew the record: {renew}.")
    else:
        was, now = record.image.sha256[:12], inputs.edit.sha256[:12]
        said = f"the record was written for other bytes ({was}…) than the picture has now ({now}…){by}"
        yield finding("stale-record", said, advice=stage or f"If the new picture is meant, record it: {renew}.")


def new_original(inspection: Inspection) -> Iterator[Finding]:
    """An original or mask that nobody judged proves nothing: it could be a drifted copy, or a wide mask."""
    reference, settings = inspection.inputs.reference, inspection.inputs.settings
    if not isinstance(reference, Original):
        return
    asked = {"original": settings.new_original, "mask": settings.new_mask}
    for one in filter(None, (*reference.unproven, inspection.unsettled)):
        if not one.misused:
            yield finding(
                "new-original",
                f"the {one.role} {one.path} {one.why}, so {PROVES_NOTHING[one.role]}",
                Severity(asked[one.role]),
                region=one.role,
                advice=BRING_FIRST[one.role],
            )


def mask_suspect(inspection: Inspection) -> list[Finding]:
    """What is odd about the mask."""
    pair, reference = inspection.compared.pair, inspection.inputs.reference
    misused = [one for one in reference.unproven if one.misused] if isinstance(reference, Original) else []
    found = [
        finding(
            "mask-suspect",
            f"the project uses {one.path} otherwise: it is {one.why}; that is no mask of this edit",
            Severity.BLOCK,
            region=one.role,
            advice="Record the mask that was given to the model, in a file of its own.",
        )
        for one in misused
    ]
    if pair is None:
        return found
    return found + regions.suspicions(pair.mask, inspection.inputs.settings.max_editable, pair.uncompared)


def restored_blind(inspection: Inspection) -> Iterator[Finding]:
    """A picture that was restored though little of it still matched: what crosses the mask's edge may be ruined."""
    record, over = record_of(inspection.inputs), inspection.crossing
    if record is not None and record.restored is not None and record.restored.kept is not None:
        where = f": look {over.where}" if over is not None and over.sides else ""
        yield finding(
            "seam",
            f"it was restored though only {record.restored.kept:.0%} of the protected area still showed the same, so "
            f"what crosses the mask's edge may be cut or doubled{where}",
            Severity.WARN,
            region="restored",
            value=record.restored.kept,
            unit="share",
            advice="Look along the mask's edge; if it is cut, edit again.",
        )


def not_shown(inspection: Inspection) -> Iterator[Finding]:
    """Areas that the shipped file cuts away, so that nothing of them was compared."""
    for one in inspection.compared.regions:
        if one.kind != Kind.OUTSIDE_MASK and one.hidden:
            yield finding(
                one.kind,
                f"the crop cuts {one.hidden:.0%} of the area away, which {one.source} names",
                Severity.WARN if one.found else Severity.BLOCK,
                region=one.name,
                value=one.hidden,
                limit=0.0,
                unit="share",
                advice="Crop the picture so that all of the area is shown, or have its loss reviewed.",
            )


def descriptions(inspection: Inspection) -> Iterable[Finding]:
    """How the colours of the two files are described, and what follows the end of the edit."""
    if inspection.inputs.unrecorded or isinstance(inspection.inputs.reference, Master):
        return ()
    return described(inspection.compared.pair, inspection.decided, inspection.inputs.settings.level)


def drifted(inspection: Inspection) -> tuple[Finding, ...]:
    """Metrics over their limits; of an export `derived` tells them."""
    decided, inputs = inspection.decided, inspection.inputs
    told = decided is None or inputs.unrecorded or isinstance(inputs.reference, Master)
    return () if decided is None or told else decided.findings


def not_judged(inspection: Inspection) -> Iterator[Finding]:
    """What first kept the image from being judged."""
    if (failure := inspection.failure) is not None:
        yield failure.finding


PROVES_NOTHING = {
    "original": "the record agrees only with itself",
    "mask": "it says by itself what the model was allowed to change",
}
BRING_FIRST = {
    "original": "Have someone compare the original with where it comes from, and merge it by itself before the edit.",
    "mask": "Have someone look at the mask, and merge it by itself before the edit.",
}
MEASURED = (*(kind.value for kind in Kind), "tone", "shift", "size", "alpha", "edit-missing", "seam", "mask-suspect")
"""rules that speak of metrics"""
OF_DRIFT = frozenset(MEASURED) - {"mask-suspect"}
"""rules whose findings tell by how much something drifted"""
UNREAD = ("unreadable", "frames", "too-large", "missing-original", "missing-mask")
"""rules that speak of files which could not be had or read"""
FINDINGS: dict[Callable[[Inspection], Iterable[Finding]], tuple[str, ...]] = {
    policy_loosened: ("policy-loosened",),
    name_clash: ("name-clash",),
    attributes: ("attributes",),
    stale_record: ("stale-record",),
    generated.contradicted: ("stale-record",),
    generated.unexplained: ("stale-record",),
    manual.contradicted: ("stale-record",),
    contract.record_loosened: ("record-loosened",),
    new_original: ("new-original",),
    provenance.lost: ("provenance-lost",),
    provenance.unread: ("unreadable",),
    provenance.unmarked: ("unmarked",),
    provenance.assertion_differs: ("assertion-differs",),
    mask_suspect: ("mask-suspect",),
    not_shown: tuple(kind.value for kind in Kind if kind is not Kind.OUTSIDE_MASK),
    descriptions: ("color-profile", "gain-map", "depth", "unreadable"),
    generated.without_logo: ("brand",),
    restored_blind: ("seam",),
    drifted: MEASURED,
    derived.shown_otherwise: (*MEASURED, "color-profile", "gain-map", "unreadable"),
    derived.of_master: ("derived",),
    derived.without_record: ("unrecorded",),
    derived.also_as_export: (*MEASURED, "color-profile", "gain-map", "unreadable", "derived"),
    unrecorded.unrecorded: ("unrecorded",),
    chain.from_first: (*MEASURED, "color-profile"),
    not_judged: (
        "derived",
        "stale-record",
        "unrecorded",
        "unreadable",
        "frames",
        "too-large",
        "missing-original",
        "missing-mask",
    ),
}
"""each function with the rules that it may find, in the order in which findings of one severity are told"""
OF_FINDINGS = {accepted.accept: ("approval-lapsed",)}
"""the one that asks the findings themselves"""


# --- the rest of a report --------------------------------------------------------------------------------------------


def _basis(inspection: Inspection) -> Basis:
    """The surest of what speaks for an AI edit."""
    inputs, signals = inspection.inputs, inspection.signals
    if inputs.change is None or isinstance(inputs.record, Failure):
        return Basis.NONE
    if inputs.record is not None:
        return Basis.DECLARED
    reference = inputs.reference
    if isinstance(signals, Failure) or not isinstance(reference, Tracked | Master):
        return Basis.NONE
    if inputs.settings.unrecorded == "off" or (isinstance(reference, Tracked) and reference.lost is not None):
        return Basis.NONE
    if evidence.is_ai(signals.evidence):
        return Basis.SIGNED if any(sign.ai and sign.signed for sign in signals.evidence) else Basis.UNSIGNED
    relation = reference.relation if isinstance(reference, Tracked) else None
    changed = unrecorded.comparison_verdict(inspection) is not Verdict.PASS
    return Basis.LIKENESS if relation and relation.alike and changed else Basis.NONE


def _original(inspection: Inspection) -> dict[str, Any] | None:
    """What the image was compared with."""
    reference = inspection.inputs.reference
    if inspection.inputs.change is None and not inspection.inputs.row:
        return None
    if isinstance(reference, Original):
        return _place(reference.original)
    if isinstance(reference, Master):
        return _place(reference.source)
    if isinstance(reference, Tracked) and reference.relation and reference.relation.whole:
        source = reference.relation.source
        return {"path": source.path, "found": f"{source.called}, blob {source.oid[:12]}"}
    return None


def _mask(inspection: Inspection) -> dict[str, Any] | None:
    reference = inspection.inputs.reference
    asked = inspection.inputs.change is not None or inspection.inputs.row
    if not asked or not isinstance(reference, Original) or reference.mask is None:
        return None
    return {**_place(reference.mask), "mode": reference.mask_mode}


def _place(source: Source) -> dict[str, Any]:
    return {"path": source.path, "sha256": source.sha256, "found": source.found}
