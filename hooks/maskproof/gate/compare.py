"""Comparing one edit with its original, without Git: decode, find the areas, measure, decide.

This is what `maskproof compare` runs, and what every image of a change that has an original comes to.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from maskproof import drift, regions
from maskproof.errors import CouldNotJudge
from maskproof.gate import verdict
from maskproof.images.decode import decode, decode_mask
from maskproof.model import Finding, ImageReport, Read, Severity
from maskproof.regions.areas import areas_of, mask_picture, readers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from maskproof.model import Picture, Region
    from maskproof.policy import Settings
    from maskproof.records.sidecar import Record

Decode = Callable[[bytes, str], "Picture"]


@dataclass(frozen=True, slots=True)
class Inputs:
    """The bytes of one comparison, and how messages call them."""

    edit: bytes
    original: bytes
    mask: bytes | None = None
    mask_mode: str | None = None
    edit_name: str = "the edit"
    original_name: str = "the original"
    mask_name: str = "the mask"
    record: Record | None = None
    """the sidecar, for its transform and the areas that it adds"""


def compare(
    inputs: Inputs, settings: Settings, read: Read, report: ImageReport, decode: Decode = decode
) -> ImageReport:
    """One edit against its original.

    Args:
        inputs: The bytes of both, and of the mask.
        settings: Level, limits and areas.
        read: Where policy finds the mask pictures of its areas.
        report: What is known already; findings and metrics are added to it.
        decode: Where original and edit are decoded; handed in by who has them decoded already.
    """
    try:
        original = decode(inputs.original, inputs.original_name)
        edit = decode(inputs.edit, inputs.edit_name)
        planes = None if inputs.mask is None else decode_mask(inputs.mask, inputs.mask_name)
        opened = regions.editable(planes, inputs.mask_mode, original.size)
        areas, missing = areas_of(original, settings, inputs.record, read)
        protected = regions.build(opened, areas, lambda path: mask_picture(read, path))
        found = [
            *regions.suspicions(planes, inputs.mask_mode, opened, settings.max_editable),
            *drift.descriptions(original, edit),
        ]
        report = (
            replace(report, findings=(*report.findings, *found), notes=(*report.notes, *missing))
            .told("pixels", *_told_pixels(original, edit))
            .told("regions", *_told_regions(opened, protected))
        )
        measured = drift.measure(original, edit, opened, protected, settings.level, frame_of(inputs.record), readers())
    except CouldNotJudge as error:
        return concluded(report, failure(error))
    return verdict.decide(report, measured, settings.limits, _advice(report))


def failure(error: CouldNotJudge) -> Finding:
    """An error that kept an image from being judged, as a finding."""
    return Finding(error.rule, Severity.UNJUDGED, error.reason, advice=error.advice)


def concluded(report: ImageReport, *found: Finding) -> ImageReport:
    """The report with further findings, and the verdict that follows."""
    return verdict.concluded(replace(report, findings=(*report.findings, *found)))


def frame_of(record: Record | None) -> drift.Frame:
    """How the original was mapped to what the model saw."""
    if record is None or record.transform is None:
        return drift.Frame()
    return drift.Frame(record.transform.crop, record.transform.pad)


def _advice(report: ImageReport) -> str:
    """What to do about drift. A comparison without Git has no steps to explain."""
    tracked = any(stage == "change" for stage, _ in report.steps)
    if not tracked:
        return "See where and why: the same command with `--format json`. Then edit again."
    path = shlex.quote(report.path)
    return (
        f"See where and why: `maskproof explain {path}`. Then edit again, or put the protected pixels back: "
        f"`maskproof restore {path}`."
    )


def _told_pixels(original: Picture, edit: Picture) -> list[str]:
    return [
        f"{name}: {picture.size[0]} x {picture.size[1]} px, {picture.format}, {picture.color}"
        for name, picture in (("original", original), ("edit", edit))
    ]


def _told_regions(opened: NDArray[np.bool_], protected: tuple[Region, ...]) -> list[str]:
    said = [f"the mask opens {regions.share_of(opened):.1%} of the picture"]
    return said + [
        f"{region.name} ({region.kind}): {regions.share_of(region.mask):.1%} of the picture, "
        f"asked for by {region.source}"
        for region in protected
    ]
