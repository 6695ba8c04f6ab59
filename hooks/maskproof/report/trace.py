"""The trace that `explain` shows: every stage's sentences, written from what the stages found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.evidence import wording
from maskproof.gate import chain
from maskproof.gate.compare import BITS_READ
from maskproof.gate.inspection import Failure, Inspection, Master, Tracked
from maskproof.model import Kind, Level, counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.gate.inspection import BrandFacts, PictureFacts
    from maskproof.model import ImageReport
    from maskproof.records.sidecar import Record

STATES = {
    "A": "the picture is new",
    "M": "the picture is changed",
    "T": "the picture changed its type",
    "U": "the picture is in conflict",
}


def steps(report: ImageReport) -> tuple[tuple[str, str], ...]:
    """What each stage saw or decided and where that came from, as (stage, sentence), in the order of the stages."""
    found = report.inspection
    if not isinstance(found, Inspection):
        return ()
    return tuple((stage, said) for stage, tell in STAGES.items() for said in tell(found))


def _change(found: Inspection) -> Iterator[str]:
    change = found.inputs.change
    if change is not None:
        yield (
            f"{STATES.get(change.status, 'the picture itself is not changed')} in "
            f"{f'commit {change.head[:12]}' if change.head else 'the index'}, against "
            f"{f'commit {change.base[:12]}' if change.base else 'an empty repository'}"
        )


def _policy(found: Inspection) -> Iterator[str]:
    settings = found.inputs.settings
    yield f"{settings.describe()}; from {settings.source}"
    for kind, metric in sorted(settings.own_limits):
        yield f"limit {kind}.{metric} = {settings.limits[kind, metric]:g}, set by {settings.source}"


def _evidence(found: Inspection) -> Iterator[str]:
    if isinstance(found.signals, Failure):
        return
    signs = found.signals.evidence
    if not signs:
        yield "no AI metadata in the file"
    if (said := wording.sentence(signs)) is not None:
        yield said
    yield from map(wording.describe, signs)


def _record(found: Inspection) -> Iterator[str]:
    record: Record | Failure | None = found.inputs.record
    if isinstance(record, Failure):
        return
    if record is None:
        reference = found.inputs.reference
        if isinstance(reference, Master):
            yield f"an export of {reference.source.path}, as {reference.by} has it"
        else:
            yield "none"
        return
    yield record.origin
    if record.original:
        role = "master" if record.origin == "derived" else "original"
        yield f"{role} {record.original.path}, digest {record.original.sha256[:12]}…"
    if record.original is None:
        yield "no original: nothing is compared but brand areas that have a reference"
    elif record.origin != "derived":
        yield f"mask {record.mask.path}, mode {record.mask.mode}" if record.mask else "no mask: everything is protected"
    if record.tool and (record.tool.model or record.tool.provider):
        yield f"tool {' '.join(filter(None, (record.tool.provider, record.tool.model)))}"


def _similar(found: Inspection) -> Iterator[str]:
    reference = found.inputs.reference
    if isinstance(reference, Tracked) and (relation := reference.relation):
        yield f"it {'replaces' if relation.replaced else 'is similar to'} {relation}"


def _pixels(found: Inspection) -> Iterator[str]:
    if (pair := found.compared.pair) is not None:
        exported = isinstance(found.inputs.reference, Master)
        level = found.inputs.settings.level
        yield _picture("master, as exported" if exported else "original", pair.original, level)
        yield _picture("export" if exported else "edit", pair.edit, level)


def _picture(name: str, facts: PictureFacts, level: Level) -> str:
    """What was compared; of more than 8 bits a sample only `exact` compares all, and only where they were read."""
    deep = ""
    if facts.depth > BITS_READ:
        whole = facts.deep and level is Level.EXACT
        deep = f", {facts.depth} bits a sample, compared {'to the last one' if whole else f'by the upper {BITS_READ}'}"
    color = f"without a profile, so judged with the original's {facts.color}" if facts.assigned else facts.color
    return f"{name}: {facts.size[0]} x {facts.size[1]} px, {facts.format}, {color}{deep}"


def _regions(found: Inspection) -> Iterator[str]:
    yield from map(_brand, found.compared.brands)
    pair = found.compared.pair
    masked = pair is not None and pair.mask is not None
    if pair is not None and masked and found.compared.regions:
        feathered = ", its feather included: the original's own transparency is the mask"
        said = "" if pair.mask is None or pair.mask.feather is None else feathered
        yield f"editable: {pair.editable:.1%} of the picture, as the mask has it{said}"
    for region in found.compared.regions:
        share = f"{region.share:.1%} of the picture, because"
        if region.kind == Kind.OUTSIDE_MASK:
            shown = isinstance(found.inputs.reference, Master)
            why = "it is an export" if shown else "the mask does not open it" if masked else "there is no mask"
            yield f"protected: {share} {why}"
        else:
            yield f"protected: {region.name} ({region.kind}), {share} {region.source} names it"
    named = {region.name for region in found.compared.regions}
    for area in found.inputs.settings.areas if named else ():
        if area.find is not None and area.name not in named:
            yield f"{area.name} ({area.kind}): {area.find} is not in the original, so nothing of it is protected"


def _brand(brand: BrandFacts) -> str:
    if brand.find is not None:
        return f"{brand.name} (brand): compared with {brand.find}, found in {counted(brand.places, 'place')}"
    if brand.places:
        return f"{brand.name} (brand): compared with the version before"
    return f"{brand.name} (brand): nothing to compare it with, as there is no version before of this size"


def _chain(found: Inspection) -> Iterator[str]:
    links = chain.chain_of(found.inputs)
    first = found.first
    if isinstance(links, Failure) or isinstance(first, Failure):
        return
    record = found.inputs.record
    if len(links) == 1 and found.measured and record is not None and not isinstance(record, Failure):
        yield f"{record.parent} has no original, so this one is the first"
    if first is None:
        return
    yield (
        f"the first original is {first.steps[0].made_from}; the masks of all edits together make "
        f"{first.editable:.1%} of it editable"
    )
    for number, (step, drifted) in enumerate(zip(first.steps, chain.drifted(found), strict=True), 1):
        through = f"the mask {step.mask}" if step.mask else "no mask"
        yield (
            f"step {number}: {step.path}, made from {step.made_from} under {through}: drift {drifted.drift:.2f} "
            "against the first original"
        )


def _approvals(found: Inspection) -> Iterator[str]:
    for one in found.inputs.sign_offs:
        answered = ", ".join(dict.fromkeys(answer.rule for answer in one.approved.findings))
        standing = one.standing.how or one.standing.why or "nobody else has to approve here"
        ends = f", until {one.expires}" if one.expires else ""
        yield f"{one.file} answers {answered}{ends}; {standing}"


STAGES = {
    "change": _change,
    "policy": _policy,
    "evidence": _evidence,
    "record": _record,
    "likeness": _similar,
    "pixels": _pixels,
    "regions": _regions,
    "chain": _chain,
    "approvals": _approvals,
}
"""by the name of the stage"""
