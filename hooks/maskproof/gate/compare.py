"""Comparing: an edit and what it has to be held to, as stages from pictures to numbers.

decode -> protect -> measure; what an image is compared with depends on its origin (`origins`). Nothing here decides.
"""

from __future__ import annotations

import shlex
from posixpath import splitext
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from maskproof import drift, regions
from maskproof.drift.frame import align
from maskproof.drift.uncompared import uncompared
from maskproof.errors import BadTransform, CouldNotRestore
from maskproof.gate import verdict
from maskproof.gate.alignment import realign
from maskproof.gate.crossing import Crossing, crossing
from maskproof.gate.descriptions import with_lost_profile
from maskproof.gate.inspection import (
    LITTLE,
    Compared,
    Failure,
    Mending,
    Original,
    PairFacts,
    PictureFacts,
    RegionFacts,
)
from maskproof.images.color import SRGB
from maskproof.images.containers.block import MAX_PIXELS, MAX_SIDE
from maskproof.images.encode import SUFFIXES
from maskproof.images.exported import palette_of
from maskproof.model import Level, Verdict
from maskproof.regions.areas import DETECTED, areas_of, mask_picture, readers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from maskproof.gate.inspection import BrandFacts, Inputs, Reference
    from maskproof.images.files import Files, Source
    from maskproof.model import Kind, Picture, Read, Region, RegionDrift
    from maskproof.records.sidecar import Record
    from maskproof.regions import Area


BITS_READ = 8
"""bits of a sample that a picture is read with, where its format's reader has no more"""


class Pair(Struct, frozen=True):
    """Two decoded pictures, and what of the first one has to be kept."""

    original: Picture
    edit: Picture
    editable: NDArray[np.bool_]
    """H x W of the original, True where editing was allowed"""
    mask: regions.MaskFacts | None = None
    """None: there is none"""
    frame: drift.Frame = drift.Frame()
    areas: tuple[Area, ...] | None = None
    """what is protected by name; None: what policy and record declare"""
    only: Kind | None = None
    """the kind of region that is measured; None: all of them, and the whole frame"""
    drawn: tuple[Region, ...] | None = None
    """what is protected, drawn already; None: `areas` are to be drawn"""
    cut: Mapping[str, float] = field(default_factory=dict)
    """share of a protected region that a crop cuts away, by its name, where the pair itself does not show it"""

    @classmethod
    def whole(cls, original: Picture, edit: Picture) -> Pair:
        """Two pictures with nothing editable."""
        return cls(original, edit, regions.editable(None, None, original.size))


class Pairs(Struct, frozen=True):
    """The comparisons that one image needs: none, one, or for a generated picture one for each reference."""

    pairs: tuple[Pair, ...] = ()
    brands: tuple[BrandFacts, ...] = ()


class Protected(Struct, frozen=True):
    """What is protected in each pair; first what lies outside the mask, then each declared area."""

    regions: tuple[tuple[Region, ...], ...]
    notes: tuple[str, ...]
    """what is not compared although nobody would expect it"""


def decode_recorded(inputs: Inputs, edit: Source, reference: Reference, files: Files) -> Pairs:
    """An edit beside its recorded original, its mask decoded.

    Raises:
        CouldNotJudge: one of the three cannot be decoded.
    """
    assert isinstance(reference, Original)  # noqa: S101 - what `origins` gathers for edits
    original, after = files.picture(reference.original), files.picture(edit)
    planes = None if reference.mask is None else files.mask(reference.mask)
    frame = frame_of(record_of(inputs), original)
    lies = original.alpha, after.size, frame
    editable = regions.editable(planes, reference.mask_mode, original.size, *lies)
    mask = regions.mask_facts(planes, reference.mask_mode, editable, *lies)
    if mask is not None and mask.feather is not None:
        original, after = _without_mask(original, after)
    return Pairs((Pair(original, with_lost_profile(original, after, editable, frame), editable, mask, frame),))


def _without_mask(original: Picture, edit: Picture) -> tuple[Picture, Picture]:
    """Both pictures without a transparency that is the mask: it says where to edit, and not what shows through."""
    alpha = edit.alpha
    if alpha is not None and edit.size == original.size:
        alpha = np.where(alpha == original.alpha, np.uint8(255), alpha)
    return replace(original, alpha=None), replace(edit, alpha=alpha)


def protect(inputs: Inputs, pairs: Pairs, files: Files) -> Protected:
    """The protected regions of every pair.

    Raises:
        CouldNotJudge: an area cannot be drawn or located.
    """
    read = policy_reader(inputs, files)
    built: list[tuple[Region, ...]] = []
    notes: list[str] = []
    for pair in pairs.pairs:
        if pair.drawn is not None:
            built.append(pair.drawn)
            continue
        if (areas := pair.areas) is None:
            areas = areas_of(pair.original, inputs.settings, record_of(inputs), read)
        if inputs.settings.level is Level.EXACT and pair.mask is not None and pair.mask.feather:
            notes.append(
                f"{inputs.path}: the original's own transparency is the mask, so its feather, {pair.mask.feather:.1%} "
                "of the picture, is editable and not compared at level exact either"
            )
        if inputs.settings.level is Level.EXACT:
            notes += [
                f"{called} has {one.depth} bits a sample and was read with 8, which is what level exact compares"
                for called, one in ((f"the original of {inputs.path}", pair.original), (inputs.path, pair.edit))
                if one.depth > BITS_READ and one.low is None
            ]
        built.append(regions.build(pair.editable, areas, lambda path: mask_picture(read, path)))
    return Protected(tuple(built), tuple(notes))


def measure(inputs: Inputs, pairs: Pairs, protected: Protected, threads: int) -> tuple[RegionDrift, ...]:
    """The metrics of every pair; empty where there is nothing to compare."""
    return tuple(
        row
        for pair, areas in zip(pairs.pairs, protected.regions, strict=True)
        for row in drift.measure(
            pair.original, pair.edit, pair.editable, areas, inputs.settings.level, pair.frame, readers(), threads
        )
        if pair.only is None or row.kind == pair.only
    )


def mend(inputs: Inputs, pairs: Pairs, protected: Protected, measured: tuple[RegionDrift, ...]) -> Mending | None:
    """What `restore` would meet in an edit that is over its limits; None: nobody has to know."""
    pair = next((one for one in pairs.pairs if one.only is None), None)
    if pair is None or not measured or inputs.change is None or not isinstance(inputs.reference, Original):
        return None
    if verdict.decide(measured, inputs.settings.limits).verdict is Verdict.PASS:
        return None
    return meet(inputs, pair, _built(pairs, protected, pair))


def meet(inputs: Inputs, pair: Pair, areas: tuple[Region, ...]) -> Mending:
    """What `restore` would meet in an edit: each reason for which it would refuse, before its command is offered."""
    inside = ~np.logical_or.reduce([region.mask for region in areas])
    refused = _unwritable(pair.original) if inside.any() else _closed(inputs, masked=pair.mask is not None)
    if refused:
        return Mending(refused=refused)
    try:
        realigned = realign(pair.original, pair.edit, pair.frame, inside)
    except CouldNotRestore as error:
        return Mending(refused=error.reason)
    over = crossing(pair.original.samples, realigned.over(pair.original.samples), pair.editable, areas[1:])
    if realigned.kept >= LITTLE and _is_of_other_bytes(inputs):
        return Mending(
            refused="its record is of other bytes, and pixels are only put back into a picture that is recorded",
            hint=over.hint,
        )
    target = "" if _holds(inputs.path, pair) else f"{splitext(inputs.path)[0]}.png"
    return Mending(realigned.kept, "", target, over.hint)


def _closed(inputs: Inputs, *, masked: bool) -> str:
    """Why an edit in which nothing is editable would only become its original."""
    if masked:
        return "all that the mask opens is protected by name"
    if inputs.change is None:
        return "no mask was named, so all is protected; if there was one, name it with `--mask`"
    mask = f"`maskproof record {shlex.quote(inputs.path)} --mask MASK --mask-mode MODE`"
    return f"its record names no mask, so all is protected; if there was one, record it: {mask}"


def _is_of_other_bytes(inputs: Inputs) -> bool:
    """Does the record speak of another picture, and not of what an interrupted `restore` left?"""
    record, edit = record_of(inputs), inputs.edit
    if record is None or isinstance(edit, Failure) or inputs.change is None:
        return False
    replaced = None if record.restored is None else record.restored.replaced
    return edit.sha256 not in {record.image.sha256, replaced}


def _unwritable(original: Picture) -> str:
    """Why the original's pixels can be written into no file as they are; empty: they can."""
    if original.inks:
        return (
            f"its original holds {original.inks} samples, which are made for print and cannot take an edit in exactly; "
            "convert it to RGB, edit that one, and record it as the original"
        )
    if _is_worded(original) and original.format != "PNG":
        return (
            f"no file that is written here can describe the original's colours ({original.color}) as its own does; "
            "convert it to sRGB, edit that one, and record it as the original"
        )
    return ""


def _is_worded(picture: Picture) -> bool:
    """Are the colours of a picture described by its format's own words, and neither sRGB nor by a profile?"""
    return picture.color != SRGB and picture.icc is None


def _holds(path: str, pair: Pair) -> bool:
    """Can the original's pixels be put back into a file of this name?"""
    kind, original = SUFFIXES.get(splitext(path)[1].lower()), pair.original
    seen_through = original.alpha is not None or pair.edit.alpha is not None
    plain = original.depth <= BITS_READ and not _is_worded(original) and not (kind == "JPEG" and seen_through)
    return kind == "PNG" or (kind is not None and plain)


def cut(inputs: Inputs, pairs: Pairs, protected: Protected) -> Crossing | None:
    """What was cut at the mask's edge of an edit that was restored blindly; None: it was not."""
    record = record_of(inputs)
    pair = next((one for one in pairs.pairs if one.only is None and one.mask is not None), None)
    if pair is None or record is None or record.restored is None or record.restored.kept is None:
        return None
    placed, areas = align(pair.original, pair.edit, pair.frame), _built(pairs, protected, pair)[1:]
    return crossing(pair.original.samples, placed.samples, pair.editable, areas, pasted=True)


def _built(pairs: Pairs, protected: Protected, pair: Pair) -> tuple[Region, ...]:
    return next(built for one, built in zip(pairs.pairs, protected.regions, strict=True) if one is pair)


def describe(pairs: Pairs | Failure, protected: Protected | Failure, level: Level) -> Compared:
    """What was compared and protected without its pixels, for the report."""
    if isinstance(pairs, Failure):
        return Compared()
    shown = next((_facts(pair, level) for pair in pairs.pairs if pair.only is None), None)
    if isinstance(protected, Failure):
        return Compared(shown, pairs.brands)
    areas = tuple(
        _region_facts(region, one)
        for one, built in zip(pairs.pairs, protected.regions, strict=True)
        for region in built
        if one.only is None
    )
    return Compared(shown, pairs.brands, areas, protected.notes)


def _facts(pair: Pair, level: Level) -> PairFacts:
    share = pair.mask.editable if pair.mask else regions.share_of(pair.editable)
    left = uncompared(pair.editable, level, pair.frame, pair.edit.size)
    return PairFacts(picture_facts(pair.original), picture_facts(pair.edit), pair.mask, share, left)


def _region_facts(region: Region, pair: Pair) -> RegionFacts:
    mask, hidden = region.mask, pair.cut.get(region.name, 0.0)
    shows = pair.frame.of_edit(pair.original.size, pair.edit.size).shows(pair.original.size)
    if shows is not None and mask.any():
        hidden = np.count_nonzero(mask & ~shows) / np.count_nonzero(mask)
    detected = region.source.startswith(DETECTED)
    return RegionFacts(region.name, region.kind, region.source, regions.share_of(mask), hidden, detected)


def picture_facts(picture: Picture) -> PictureFacts:
    """A picture without its samples."""
    # What else is managed comes from a profile of the file's own.
    assigned = picture.managed and picture.color != SRGB and picture.icc is None
    described = (
        picture.size,
        picture.format,
        picture.color,
        picture.managed,
        picture.trailing,
        picture.gain_map,
        picture.depth,
    )
    return PictureFacts(*described, picture.low is not None, assigned, palette_of(picture))


def frame_of(record: Record | None, original: Picture) -> drift.Frame:
    """How the original was mapped to the edit.

    Raises:
        BadTransform: the recorded crop reaches beyond the original, or the padding beyond what a picture may have.
    """
    if record is None or record.transform is None:
        return drift.Frame()
    crop, (width, height) = record.transform.crop, original.size
    canvas = drift.Frame(crop, record.transform.pad).canvas(original.size)
    if canvas[0] * canvas[1] > MAX_PIXELS or max(canvas) > MAX_SIDE:
        raise BadTransform(
            f"the recorded crop and padding make {canvas[0]} x {canvas[1]} px, more than a picture may have",
            "Record the right one: `maskproof record EDIT --pad LEFT,TOP,RIGHT,BOTTOM`.",
        )
    if crop is not None and (crop[0] + crop[2] > width or crop[1] + crop[3] > height):
        raise BadTransform(
            f"the recorded crop reaches to {crop[0] + crop[2]}, {crop[1] + crop[3]}, outside the original of {width} x "
            f"{height} px",
            "Record the right one: `maskproof record EDIT --crop X,Y,W,H`.",
        )
    return drift.Frame(crop, record.transform.pad)


def record_of(inputs: Inputs) -> Record | None:
    """The record, where it can be read."""
    return None if isinstance(inputs.record, Failure) else inputs.record


def policy_reader(inputs: Inputs, files: Files) -> Read:
    """Where what policy names is read: path in, bytes out, None where there is no such file."""

    def read(path: str) -> bytes | None:
        source = inputs.policy_files.get(path)
        return None if source is None else files.data(source)

    return read
