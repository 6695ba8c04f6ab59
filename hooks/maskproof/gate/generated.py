"""A picture generated without a source image: it has no original, and brand areas are checked all the same.

An area with a reference logo (`find`) is looked for in the picture itself, and what stands there is compared with the
logo. A drawn area is compared with the version before, where there is one of the same size. What has no reference
cannot be compared with anything, and `explain` says so.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace
from PIL import Image

from maskproof.evidence import wording
from maskproof.gate.compare import Pair, Pairs, policy_reader, record_of
from maskproof.gate.edited import follow_parents
from maskproof.gate.inspection import Before, BrandFacts, Failure
from maskproof.gate.unrecorded import relation_of
from maskproof.model import Kind, Severity
from maskproof.policy import DEMANDING
from maskproof.policy.rules import finding
from maskproof.regions.areas import declared, reference_logo
from maskproof.regions.template import match_template, rendered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.gate.inspection import Inputs, Inspection, Reference, Relation
    from maskproof.gate.scope import Scope
    from maskproof.images.files import Files, Source
    from maskproof.model import Finding, Picture, Read
    from maskproof.policy import AreaRule, Settings
    from maskproof.records.sidecar import Record
    from maskproof.regions import Area
    from maskproof.regions.template import Rendered

SAID = {
    "generated": "was generated without a source image",
    "manual": "is people's work and was made from no other picture",
}
"""what a record says of a picture without an original, by its origin"""
Places = list[tuple["AreaRule", "tuple[Rendered, ...]"]]
"""where the logo of each rule stands, and how it has to look there"""


def gather_before(scope: Scope, path: str, edit: Source, record: Record | None, settings: Settings) -> Before:
    """The version before; raises BrokenChain where the record names a parent that cannot be followed."""
    assert record is not None  # noqa: S101 - its record says that it has no original
    follow_parents(scope, path, record)
    drawn_areas = any(rule.kind == Kind.BRAND and rule.find is None for rule in settings.areas)
    version = scope.source(scope.change.base, path, f"the version before of {path}") if drawn_areas else None
    return Before(version, _resembles(scope, path, edit, record.origin, settings))


def _resembles(scope: Scope, path: str, edit: Source, origin: str, settings: Settings) -> Relation | None:
    """A tracked picture that it looks like; what was made from nothing at this path may be made so again."""
    base = scope.change.base
    again = any(
        old.origin == origin and old.original is None for tree, old in scope.ledger.before(path) if tree is base
    )
    if again or settings.unrecorded == "off":
        return None
    found = relation_of(scope, path, edit, settings)
    return found if found is not None and found.alike else None


def decode_references(inputs: Inputs, edit: Source, reference: Reference, files: Files) -> Pairs:
    """The picture beside each reference that shows how its brand areas have to look.

    Raises:
        CouldNotJudge: the picture or a reference cannot be read.
    """
    assert isinstance(reference, Before)  # noqa: S101 - what `origins` gathers for generated pictures
    rules = [rule for rule in inputs.settings.areas if rule.kind == Kind.BRAND]
    if not rules:
        return Pairs()
    read, source = policy_reader(inputs, files), inputs.settings.source
    picture = files.picture(edit)
    places = [(rule, _places(rule, picture, read)) for rule in rules if rule.find is not None]
    references = [
        *_with_logos(picture, places, source),
        *_before(picture, reference, [rule for rule in rules if rule.find is None], files, source),
    ]
    nothing = np.ones((picture.size[1], picture.size[0]), np.bool_)
    return Pairs(
        tuple(Pair(original, picture, nothing, areas=areas, only=Kind.BRAND) for original, areas in references),
        tuple(_facts(rule, places, references) for rule in rules),
    )


def contradicted(inspection: Inspection) -> Iterator[Finding]:
    """A file that says of itself that it is an edit, beside a record that says that it was generated."""
    signals = inspection.signals
    if isinstance(signals, Failure) or _origin(inspection) != "generated":
        return
    sign = next((one for one in signals.evidence if one.edit and one.confidence != "low"), None)
    if sign is not None:
        yield finding(
            "stale-record",
            "the record says that the picture was generated without a source image, but "
            f"{wording.sentence((sign,)) or f'the file says that it is an edit ({sign.says}, {sign.source})'}",
            severity=Severity.WARN,
            advice="If it is one, record its original: `maskproof record EDIT --original ORIGINAL`.",
        )


def _origin(inspection: Inspection) -> str | None:
    """What the record of a picture without an original says that it is; None where it has one, or no record."""
    record = record_of(inspection.inputs)
    return record.origin if record is not None and isinstance(inspection.inputs.reference, Before) else None


def unexplained(inspection: Inspection) -> Iterator[Finding]:
    """A picture that is said to be made from no other, and looks like one that was here before."""
    reference, settings = inspection.inputs.reference, inspection.inputs.settings
    origin = _origin(inspection)
    if origin is None or not isinstance(reference, Before) or (relation := reference.relation) is None:
        return
    flag = " --manual" if origin == "manual" else ""
    blocks = settings.unrecorded in DEMANDING and relation.whole
    yield finding(
        "stale-record",
        f"the record says that the picture {SAID[origin]}, but it is similar to "
        f"{'' if relation.whole else 'a part of '}{relation}",
        severity=Severity.BLOCK if blocks else Severity.WARN,
        region="origin",
        advice="Record that picture as its original, so that the two are compared: "
        f"`{shlex.join(['maskproof', 'record', inspection.inputs.path, '--original', relation.source.path])}{flag}`.",
    )


def without_logo(inspection: Inspection) -> list[Finding]:
    """Brand areas whose reference logo matches nowhere in a generated picture, unless policy lets it be absent."""
    ignored = {area.find for area in inspection.inputs.settings.areas if area.absent == "ignore"}
    return [
        finding(
            "brand",
            f"the reference logo {brand.find} has no template match in this picture: either it was left out or it was "
            "redrawn",
            severity=Severity.WARN,
            region=brand.name,
            advice="Look at the picture; where the logo does not belong, narrow the paths of the area in "
            f"{inspection.inputs.settings.source}.",
        )
        for brand in inspection.compared.brands
        if brand.find is not None and brand.find not in ignored and not brand.places
    ]


def _places(rule: AreaRule, picture: Picture, read: Read) -> tuple[Rendered, ...]:
    mark = reference_logo(rule, read)
    hits = match_template(picture.samples, mark.samples, mark.alpha)
    return tuple(rendered(picture.samples, mark.samples, mark.alpha, hit.box) for hit in hits)


def _with_logos(picture: Picture, places: Places, source: str) -> Iterator[tuple[Picture, tuple[Area, ...]]]:
    """The picture itself with every logo that was found in it put there as it should be."""
    areas = [area for rule, marks in places for area in declared(rule, source, tuple(one.box for one in marks))]
    if not areas:
        return
    canvas = Image.fromarray(picture.samples)
    for mark in (one for _, marks in places for one in marks):
        canvas.paste(Image.fromarray(mark.samples), (mark.box.x, mark.box.y), Image.fromarray(mark.opacity))
    yield replace(picture, samples=np.asarray(canvas)), tuple(areas)


def _before(
    picture: Picture, reference: Before, rules: list[AreaRule], files: Files, source: str
) -> Iterator[tuple[Picture, tuple[Area, ...]]]:
    """The version before, for areas that are drawn; nothing where there is none, or one of another size."""
    if reference.version is None or not rules:
        return
    before = files.picture(reference.version)
    if before.size == picture.size:
        yield before, tuple(area for rule in rules for area in declared(rule, source))


def _facts(rule: AreaRule, places: Places, references: list[tuple[Picture, tuple[Area, ...]]]) -> BrandFacts:
    """What an area was compared with."""
    if rule.find is not None:
        return BrandFacts(rule.name, rule.find, next(len(marks) for one, marks in places if one is rule))
    return BrandFacts(rule.name, None, sum(area.name == rule.name for _, areas in references for area in areas))
