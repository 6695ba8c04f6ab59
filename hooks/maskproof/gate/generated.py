"""A picture that its record declares to be made from nothing: it has no original, and brand areas hold all the same.

An area with a reference mark (`find`) is looked for in the picture itself, and what stands there is held against the
mark. A drawn area is held against the version before, where there is one of the same size. What has no reference cannot
be held against anything, and `explain` says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from maskproof import drift, regions
from maskproof.gate import provenance, verdict
from maskproof.images.decode import decode
from maskproof.model import Finding, Kind, Level, Severity
from maskproof.regions.areas import declared, mask_picture, readers, reference_logo
from maskproof.regions.template import match_template, rendered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.gate.scope import Scope
    from maskproof.model import ImageReport, Picture, Read, RegionDrift
    from maskproof.policy import AreaRule, Settings
    from maskproof.regions import Area
    from maskproof.regions.template import Rendered

Reference = tuple["Picture", "tuple[Area, ...]"]
"""a picture as large as the generated one that shows how areas have to look, and those areas"""
Places = list[tuple["AreaRule", "tuple[Rendered, ...]"]]
"""where the mark of each rule stands, and how it has to look there"""


def hold(scope: Scope, path: str, edit: bytes, settings: Settings, report: ImageReport) -> ImageReport:
    """The brand areas of a generated picture, each held against its reference.

    Args:
        scope: The change that it is part of.
        path: Where it lies.
        edit: Its bytes.
        settings: The policy for it.
        report: What is known already.

    Raises:
        CouldNotJudge: the picture or a reference cannot be read.
    """
    report = replace(
        report, findings=(*report.findings, *_contradicted(report), *provenance.lost(scope, path, edit, None))
    )
    rules = [rule for rule in settings.areas if rule.kind == "brand"]
    if not rules:
        return verdict.concluded(report)
    picture = decode(edit, path)
    marked = [rule for rule in rules if rule.find is not None]
    places = [(rule, _places(rule, picture, scope.trusted)) for rule in marked]
    lost = [_not_there(rule, settings.source) for rule, marks in places if not marks]
    references = [
        *_marks(picture, places, settings.source),
        *_before(scope, path, picture, [rule for rule in rules if rule.find is None], settings),
    ]
    report = replace(report, findings=(*report.findings, *lost)).told(
        "regions", *(_told(rule, places, references) for rule in rules)
    )
    rows = [row for reference in references for row in _measured(reference, picture, settings.level, scope.trusted)]
    if not rows:
        return verdict.concluded(report)
    return verdict.decide(report, rows, settings.limits, "Put the right mark into the picture, or make it again.")


def _measured(reference: Reference, picture: Picture, level: Level, read: Read) -> Iterator[RegionDrift]:
    """What the areas of one reference come to; there is no frame and no outside that could drift."""
    original, areas = reference
    opened = np.ones((original.size[1], original.size[0]), np.bool_)
    protected = regions.build(opened, areas, lambda path: mask_picture(read, path))
    for row in drift.measure(original, picture, opened, protected, level, drift.Frame(), readers()):
        if row.kind == Kind.BRAND:
            yield row


def _places(rule: AreaRule, picture: Picture, read: Read) -> tuple[Rendered, ...]:
    mark = reference_logo(rule, read)
    hits = match_template(picture.samples, mark.samples, mark.alpha)
    return tuple(rendered(picture.samples, mark.samples, mark.alpha, hit.box) for hit in hits)


def _marks(picture: Picture, places: Places, source: str) -> Iterator[Reference]:
    """The picture itself with every mark that was found in it put there as it should be."""
    areas = [area for rule, marks in places for area in declared(rule, source, tuple(one.box for one in marks))]
    if not areas:
        return
    canvas = Image.fromarray(picture.samples)
    for mark in (one for _, marks in places for one in marks):
        canvas.paste(Image.fromarray(mark.samples), (mark.box.x, mark.box.y), Image.fromarray(mark.opacity))
    yield replace(picture, samples=np.asarray(canvas)), tuple(areas)


def _before(
    scope: Scope, path: str, picture: Picture, rules: list[AreaRule], settings: Settings
) -> Iterator[Reference]:
    """The version before, for areas that are drawn; nothing where there is none, or one of another size."""
    data = scope.delta.base.read(path) if rules else None
    if data is None:
        return
    before = decode(data, f"the version before of {path}")
    if before.size == picture.size:
        yield before, tuple(area for rule in rules for area in declared(rule, settings.source))


def _not_there(rule: AreaRule, source: str) -> Finding:
    return Finding(
        "brand",
        Severity.WARN,
        f"the mark {rule.find} of the area {rule.name!a} is not to be found in this generated picture: either it was "
        "left out or it was redrawn",
        rule.name,
        advice=f"Look at the picture; where the mark does not belong, narrow the paths of the area in {source}.",
    )


def _told(rule: AreaRule, places: Places, references: list[Reference]) -> str:
    """What an area was held against."""
    if rule.find is not None:
        count = next(len(marks) for one, marks in places if one is rule)
        return f"{rule.name} (brand): held against {rule.find}, found in {count} place{'' if count == 1 else 's'}"
    if any(area.name == rule.name for _, areas in references for area in areas):
        return f"{rule.name} (brand): held against the version before"
    return f"{rule.name} (brand): nothing to hold it against, as there is no version before of this size"


def _contradicted(report: ImageReport) -> list[Finding]:
    """A file that says of itself that it is an edit, beside a record that says that it was made from nothing."""
    sign = next((one for one in report.evidence if one.edit and one.confidence != "low"), None)
    if sign is None:
        return []
    return [
        Finding(
            "stale-record",
            Severity.WARN,
            f"the record says that the picture was made from nothing, but the file says that it is an edit "
            f"({sign.says}, {sign.source})",
            advice="If it is one, record its original with `maskproof record`.",
        )
    ]
