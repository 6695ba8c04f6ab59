"""Chains: an edit of an edit is compared with its first original as well.

Each edit of a chain may stay within its limits against the picture before it, and the last one still be far from
where it all began. So the records are followed from parent to parent, and the last edit is compared once more, with
the first original: open is what any mask of the chain opened, protected is what policy or any of the records protects.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from maskproof import drift, regions
from maskproof.drift.frame import align
from maskproof.gate import verdict
from maskproof.gate.compare import frame_of, picture_facts, policy_reader
from maskproof.gate.descriptions import other_profile, with_lost_profile
from maskproof.gate.inspection import Failure, FirstFacts, Original, StepFacts
from maskproof.model import ChainStep, Region, Severity
from maskproof.policy.rules import finding
from maskproof.regions.areas import areas_of, mask_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from maskproof.gate.inspection import ChainLink, Inputs, Inspection
    from maskproof.images.files import Files, Source
    from maskproof.model import Finding, Picture, RegionDrift
    from maskproof.regions import Area, Planes

    Mask = NDArray[np.bool_]


class Step(Struct, frozen=True):
    """What the comparison needs of one edit of a chain."""

    link: ChainLink
    original: Picture
    size: tuple[int, int]
    """of the edit"""
    editable: Mask
    """H x W of its original, True where its mask allowed editing"""
    areas: tuple[Area, ...]
    """declared in pixels of its original"""

    frame: drift.Frame
    """how its original was mapped to it"""

    @property
    def mapped(self) -> bool:
        """Is there more to undo than a scale?"""
        return self.frame != drift.Frame()


def _step(link: ChainLink, original: Picture, edit: Picture, planes: Planes | None, areas: tuple[Area, ...]) -> Step:
    mode = None if link.record.mask is None else link.record.mask.mode
    frame = frame_of(link.record, original)
    editable = regions.editable(planes, mode, original.size, original.alpha, edit.size, frame)
    if regions.is_own_alpha(planes, mode, original.alpha):
        original = replace(original, alpha=None)  # it says where to edit, and not what shows through
    return Step(link, original, edit.size, editable, areas, frame.of_edit(original.size, edit.size))


def chain_of(inputs: Inputs) -> tuple[ChainLink, ...] | Failure:
    """The edits that led to an image; empty where its original is a first one."""
    return inputs.reference.chain if isinstance(inputs.reference, Original) else ()


def compare_with_first(
    inputs: Inputs,
    measured: tuple[RegionDrift, ...],
    chain: tuple[ChainLink, ...],
    edit: Source,
    files: Files,
    threads: int,
) -> FirstFacts | None:
    """The last edit of a chain beside the first original; None where there is no chain, or nothing was compared.

    Raises:
        CouldNotJudge: a picture of the chain cannot be decoded, or an area cannot be drawn.
    """
    if len(chain) < 2 or not measured:  # noqa: PLR2004 - one edit is no chain
        return None
    settings, read = inputs.settings, policy_reader(inputs, files)
    # Policy speaks of the last edit, in pixels of its own original; every record adds areas in pixels of its own.
    bare = replace(settings, areas=(), detect=())
    pictures = [*(files.picture(link.original) for link in chain), files.picture(edit)]
    steps = []
    for link, original, after in zip(chain, pictures, pictures[1:], strict=False):
        areas = areas_of(original, settings if link is chain[-1] else bare, link.record, read)
        steps.append(_step(link, original, after, None if link.mask is None else files.mask(link.mask), areas))

    def picture_of(path: str) -> Planes:
        return mask_picture(read, path)

    opened = _opened(steps)
    areas_in_first = _areas(steps, picture_of)
    facts, first, last = [], steps[0].original, pictures[-1]
    for number, (step, after) in enumerate(zip(steps, pictures[1:], strict=True), 1):
        editable = opened[number - 1]
        protected = (*regions.build(editable, (), picture_of), *areas_in_first)
        placed, frame = _brought(after, steps[:number])
        last = with_lost_profile(first, placed, editable, frame)
        row = drift.measure(first, last, editable, protected, settings.level, frame, threads=threads)
        mask = step.link.record.mask
        facts.append(StepFacts(step.link.path, step.link.original.path, "" if mask is None else mask.path, row))
    return FirstFacts(picture_facts(first), picture_facts(last), regions.share_of(opened[-1]), tuple(facts))


def drifted(inspection: Inspection) -> tuple[ChainStep, ...]:
    """The drift of each edit of a chain against the first original, the oldest first."""
    first = inspection.first
    if first is None or isinstance(first, Failure):
        return ()
    limits = inspection.inputs.settings.limits
    return tuple(ChainStep(step.path, verdict.decide(step.measured, limits).drift) for step in first.steps)


def from_first(inspection: Inspection) -> list[Finding]:
    """What the comparison with the first original found, and how much each step added to it."""
    first = inspection.first
    if first is None or isinstance(first, Failure):
        return []
    steps, name = drifted(inspection), first.steps[0].made_from
    settings = inspection.inputs.settings
    last = verdict.decide(first.steps[-1].measured, settings.limits)
    found = [
        *_suspicions(first.editable, settings.max_editable),
        *other_profile(first.original, first.edit, last),
        *(_with_steps(one, steps, name) for one in verdict.gravest_first(last.findings)),
    ]
    return [replace(one, message=f"against the first original {name}: {one.message}") for one in found]


def _opened(steps: Sequence[Step]) -> list[Mask]:
    """For each step, what the masks up to it opened, in the first original's frame."""
    found: list[Mask] = []
    for number, step in enumerate(steps):
        own = _in_first(step.editable, steps[:number])
        found.append(own | found[-1] if found else own)
    return found


def _areas(steps: Sequence[Step], picture_of: Callable[[str], Planes]) -> tuple[Region, ...]:
    """All areas that are declared along the chain, in the first original's frame, each once.

    One that lies in a padding has no counterpart in the first original; it is compared with its own original only.
    """
    found: list[Region] = []
    for number, step in enumerate(steps):
        nothing = np.zeros(step.original.samples.shape[:2], np.bool_)
        for region in regions.build(nothing, step.areas, picture_of)[1:]:
            mask = _in_first(region.mask, steps[:number])
            if not mask.any():
                continue
            placed = regions.trimmed(region.name, region.kind, mask, region.source, region.colors)
            if not any(_alike(one, placed) for one in found):
                found.append(placed)
    return tuple(found)


def _alike(one: Region, other: Region) -> bool:
    same = (one.name, one.kind, one.colors, one.corner) == (other.name, other.kind, other.colors, other.corner)
    return same and np.array_equal(one.part, other.part)


def _in_first(mask: Mask, steps: Sequence[Step]) -> Mask:
    """A mask of the last step's edit in the frame of the first step's original."""
    for step in reversed(steps):
        outside = np.zeros(step.original.samples.shape[:2], np.bool_)
        mask = step.frame.undo(mask, outside, Image.Resampling.NEAREST)
    return mask


def _brought(edit: Picture, steps: Sequence[Step]) -> tuple[Picture, drift.Frame]:
    """An edit with all paddings and crops undone but the first, which the measuring itself undoes.

    Scales are left to the measuring as well: resampling once for each step would soften what is compared.
    """
    for step in reversed(steps):
        if step.mapped and edit.size != step.size:
            edit = _at_size(edit, step.size)
        if step.mapped and step is not steps[0]:
            put = align(step.original, edit, step.frame)
            edit = replace(edit, samples=put.samples, alpha=put.alpha, low=None)
    return edit, steps[0].frame


def _at_size(picture: Picture, size: tuple[int, int]) -> Picture:
    samples, alpha = (
        None if plane is None else np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS))
        for plane in (picture.samples, picture.alpha)
    )
    assert samples is not None  # noqa: S101 - a picture has samples
    return replace(picture, samples=samples, alpha=alpha, low=None)


def _suspicions(share: float, allowed: float) -> Iterator[Finding]:
    """Masks that each open what policy allows may together leave nothing to hold the last edit to."""
    if share > allowed:
        yield finding(
            "mask-suspect",
            f"the masks of all its edits together open {share:.1%} of it; the policy allows one mask {allowed:.1%}",
            value=share,
            limit=allowed,
            unit="share",
            advice="Compare the two by eye: hardly anything is left that the edit could be held to.",
        )


def _with_steps(finding: Finding, drifted: Sequence[ChainStep], first: str) -> Finding:
    """What was measured, with how much each step added to it."""
    message = f"{finding.message}; {_by_step(drifted)}"
    if finding.severity is Severity.WARN:
        return replace(finding, message=message)
    advice = f"Make the edit that added most again, or edit {first} itself instead of an edit of it."
    return replace(finding, message=message, advice=advice)


def _by_step(drifted: Sequence[ChainStep]) -> str:
    """How much each step added; pictures of one name in two folders are told by their whole paths."""
    names = Counter(one.path.rsplit("/", 1)[-1] for one in drifted)
    short = {one.path: name if names[name := one.path.rsplit("/", 1)[-1]] == 1 else one.path for one in drifted}
    return "drift by step: " + ", ".join(f"{short[one.path]} {one.drift:.2f}" for one in drifted)
