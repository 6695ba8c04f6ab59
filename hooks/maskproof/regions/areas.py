"""Areas: what policy and record protect by name, drawn or found.

An area is drawn (a box, a polygon, a mask picture), located (a reference logo that stands somewhere in the
original) or detected (lines of text, faces). Located and detected areas become boxes here, so that whatever follows
sees areas of one form. Where policy asks for what needs an optional part, and that is not installed, the image is not
judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from maskproof.errors import CouldNotJudge, MissingMask
from maskproof.images.decode import decode, decode_mask
from maskproof.model import Box, Kind, Metric, Picture, Read, Wording
from maskproof.regions import Area, faces, ocr
from maskproof.regions.template import search

if TYPE_CHECKING:
    from maskproof import drift, regions
    from maskproof.policy import AreaRule, Settings
    from maskproof.records.sidecar import Record


DETECTED = "detected"
"""how the source of an area begins that nobody drew"""


def areas_of(original: Picture, settings: Settings, record: Record | None, read: Read) -> tuple[Area, ...]:
    """Every area of one image.

    Args:
        original: Where logos, text and faces are looked for.
        settings: The policy for the image.
        record: Its sidecar, for the areas that it adds.
        read: Where reference pictures and the face model lie.

    Raises:
        CouldNotJudge: a reference logo has no match and may or has to stand there, a picture that policy names is
            missing or broken, or what policy wants to be detected needs a part that is not installed.
    """
    areas = [
        one
        for rule in settings.areas
        for one in declared(rule, settings.source, locate(rule, settings.source, original, read))
    ]
    areas += [
        Area(area.name, Kind(area.kind), "the record", area.box, _corners(area.polygon))
        for area in (record.areas if record else ())
    ]
    return (*areas, *_detect(original, settings, read))


def readers() -> drift.ExtraMeasures:
    """Measures that optional parts add: the strings of a text area, where the reader is installed."""
    return {Kind.TEXT: words} if ocr.available() else {}


def words(view: drift.View) -> list[Metric]:
    """How many characters surely read otherwise than before, and both strings, those read with less confidence too."""
    before = ocr.read(view.original)
    # Beside the area anything may change, and is no part of what the area says.
    edit = np.where(view.mask[..., None], view.edit, view.original)
    changes = [one for one in ocr.compare_lines(before, ocr.read_again(edit, before)) if one.confidence >= ocr.LEGIBLE]
    if not changes:
        return [Metric("characters", 0.0, "share", "text", "")]
    sure = [one for one in changes if one.confidence >= ocr.SURE]
    changes = sorted(sure or changes, key=lambda one: -one.rate)
    wording = Wording("\n".join(one.before for one in changes), "\n".join(one.after for one in changes))
    share = min(1.0, sum(one.rate for one in sure))
    says = "{text}: {value} of its characters (limit {limit})" if sure else "as far as it can be read, {text}"
    return [Metric("characters", share, "share", "text", says, changes[0].box, text=wording, leads=True)]


def mask_picture(read: Read, path: str) -> regions.Planes:
    """A mask picture that policy names.

    Raises:
        MissingMask: it is not in the repository.
    """
    return decode_mask(_file(read, path), path)


def reference_logo(rule: AreaRule, read: Read) -> Picture:
    """The reference picture of an area that is located.

    Raises:
        CouldNotJudge: it is missing or broken.
    """
    assert rule.find is not None  # noqa: S101 - asked by the callers
    return decode(_file(read, rule.find), rule.find)


def declared(rule: AreaRule, source: str, places: tuple[Box, ...] = ()) -> list[Area]:
    """The areas of one rule: one as drawn, or one for each match of its reference logo."""
    colors = tuple((int(one[1:3], 16), int(one[3:5], 16), int(one[5:7], 16)) for one in rule.colors)
    area = Area(
        rule.name, Kind(rule.kind), source, rule.box, _corners(rule.polygon), rule.mask, rule.foreground, colors
    )
    if rule.find is None:
        return [area]
    return [
        replace(area, name=rule.name if not index else f"{rule.name} {index + 1}", box=box)
        for index, box in enumerate(places)
    ]


def locate(rule: AreaRule, source: str, original: Picture, read: Read) -> tuple[Box, ...]:
    """The matches of an area's reference logo in the original; nothing where the area is drawn.

    Raises:
        CouldNotJudge: there is none, or the logo is missing or broken.
    """
    if rule.find is None:
        return ()
    logo = reference_logo(rule, read)
    matches, doubt = search(original.samples, logo.samples, logo.alpha)
    if not matches and (rule.absent == "unjudged" or (rule.absent is None and doubt)):
        has = "has no sure template match" if doubt else "has no template match"
        error = CouldNotJudge(
            f"the reference logo {rule.find} of the area {rule.name!a} {has} in the original",
            f"If it is there, draw the area with `box` in {source}, or name a picture that shows the logo as it is "
            f'there; if it is not, narrow the area\'s `paths`, or set `absent = "ignore"`.',
        )
        error.rule = rule.kind
        raise error
    return tuple(match.box for match in matches)


def _detect(original: Picture, settings: Settings, read: Read) -> list[Area]:
    """Text and faces that policy wants protected wherever they are."""
    found: list[Area] = []
    source = f"{DETECTED} ({settings.source})"
    if "text" in settings.detect:
        lines = [line for line in ocr.read(original.samples) if line.confidence >= ocr.SURE]
        found += [
            Area(f"text {line.text!r}", Kind.TEXT, source, line.box) for line in lines if len(line.text.strip()) > 1
        ]
    if "face" in settings.detect and settings.face_model is not None:
        model = settings.face_model
        seen = faces.detect(original.samples, _file(read, model.path), model.sha256)
        found += [Area(f"face {index + 1}", Kind.FACE, source, polygon=one.features) for index, one in enumerate(seen)]
    return found


def _file(read: Read, path: str) -> bytes:
    data = read(path)
    if data is None:
        raise MissingMask(
            f"the policy names {path}, which is not in the repository", "Commit that file, or correct the policy."
        )
    return data


def _corners(points: list[tuple[int, int]] | None) -> tuple[tuple[int, int], ...] | None:
    return None if points is None else tuple(points)
