"""Chains: an edit of an edit is held against its first original as well.

Each edit of a chain may stay within its limits against the picture before it, and the last one still be far from
where it all began. So the records are followed from parent to parent, and the last edit is compared once more, with
the first original: open is what any mask of the chain opened, protected is what policy or any of the records protects.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from maskproof import drift, regions
from maskproof.drift.frame import align
from maskproof.errors import BrokenChain, RecordError
from maskproof.gate import verdict
from maskproof.images.decode import decode, decode_mask
from maskproof.model import ChainStep, Finding, ImageReport, Region, Severity, Verdict
from maskproof.records import sidecar
from maskproof.repo.paths import is_sidecar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from maskproof.model import Picture
    from maskproof.policy import Settings
    from maskproof.records.sidecar import Record
    from maskproof.regions import Area, Planes

    Mask = NDArray[np.bool_]

LONGEST = 16
"""edits of a chain that are followed; each is measured, so a longer one would keep a commit waiting"""


@dataclass(frozen=True, slots=True)
class Link:
    """One edit of a chain."""

    path: str
    """the picture"""
    record: Record


@dataclass(frozen=True, slots=True)
class Step:
    """What the comparison needs of one edit of a chain."""

    path: str
    original_name: str
    original: Picture
    mask: bytes | None
    mask_name: str
    mask_mode: str | None
    frame: drift.Frame
    """how its original was mapped to what the model saw"""
    areas: tuple[Area, ...]
    """declared in pixels of its original"""


def follow(path: str, record: Record, record_of: Callable[[str], Record | None]) -> tuple[Link, ...]:
    """The edits that led to a picture, the oldest first and the picture itself last.

    Args:
        path: The picture.
        record: Its record.
        record_of: The record at the path of a sidecar; None where there is none.

    Raises:
        BrokenChain: a record on the way is missing, broken or contradicts the next, or the way has no end.
    """
    links = [Link(path, record)]
    seen = {sidecar.path_of(path)}
    while (parent := links[0].record.parent) is not None:
        if parent in seen:
            raise BrokenChain(
                f"the parents of {path} run in a circle: {sidecar.path_of(links[0].path)} leads back to {parent}",
                "Correct `parent` in the record of the edit that was made first.",
            )
        if len(links) == LONGEST:
            raise BrokenChain(
                f"{path} is the last of more than {LONGEST} edits of edits, which are not followed to their end",
                "Make the edit again from a picture nearer to the first original.",
            )
        seen.add(parent)
        links.insert(0, Link(sidecar.image_of(parent), _parent(links[0], parent, record_of)))
    # A first picture that was generated is an original itself: there is nothing that it could have drifted from.
    return tuple(links[1:] if links[0].record.original is None else links)


def against_first(
    report: ImageReport,
    steps: Sequence[Step],
    edit: bytes,
    settings: Settings,
    picture_of: Callable[[str], Planes],
) -> ImageReport:
    """The report with the comparison of the last edit with the first original added to it.

    Args:
        report: The last edit, compared with its own original.
        steps: The chain, the oldest edit first; at least two.
        edit: The last edit.
        settings: Its level and limits.
        picture_of: Decodes the mask picture at a path.

    Raises:
        CouldNotJudge: a picture of the chain cannot be decoded, or an area cannot be drawn.
    """
    pictures = [*(step.original for step in steps), decode(edit, report.path)]
    places = tuple(
        _Place(before, after.size, step.frame)
        for step, before, after in zip(steps, pictures, pictures[1:], strict=False)
    )
    opened = _opened(steps, places)
    areas = _areas(steps, places, picture_of)
    held = [
        _held(picture, places[:number], (*regions.build(opened[number - 1], (), picture_of), *areas), settings)
        for number, picture in enumerate(pictures[1:], 1)
    ]
    drifted = tuple(ChainStep(step.path, one.drift or 0.0) for step, one in zip(steps, held, strict=True))
    share = regions.share_of(opened[-1])
    found = [
        *_suspicions(share, settings.max_editable),
        *(one for one in drift.descriptions(pictures[0], pictures[-1]) if one.rule == "color-profile"),
        *(_with_steps(one, drifted, steps[0].original_name) for one in held[-1].findings),
    ]
    return _added(report, steps[0].original_name, drifted, found).told("chain", *_told(steps, drifted, share))


def _held(edit: Picture, places: Sequence[_Place], protected: Sequence[Region], settings: Settings) -> ImageReport:
    """One edit of the chain held against the first original; the first region is what lies outside the masks."""
    placed, frame = _brought(edit, places)
    opened = ~protected[0].mask
    measured = drift.measure(places[0].original, placed, opened, tuple(protected), settings.level, frame)
    return verdict.decide(ImageReport("", Verdict.PASS), measured, settings.limits, "")


def _added(report: ImageReport, first: str, drifted: tuple[ChainStep, ...], found: Sequence[Finding]) -> ImageReport:
    """The report with the second comparison; its drift is the worse of both."""
    told = [replace(one, message=f"against the first original {first}: {one.message}") for one in found]
    worst = max(report.drift or 0.0, drifted[-1].drift)
    return verdict.concluded(replace(report, drift=worst, chain=drifted, findings=(*report.findings, *told)))


@dataclass(frozen=True, slots=True)
class _Place:
    """How one edit lies in its original."""

    original: Picture
    size: tuple[int, int]
    """of the edit"""
    recorded: drift.Frame

    @property
    def frame(self) -> drift.Frame:
        """An edit of its original's own size was mapped back already, as in `drift.frame.align`."""
        return drift.Frame() if self.size == self.original.size else self.recorded

    @property
    def mapped(self) -> bool:
        """Is there more to undo than a scale?"""
        return self.frame != drift.Frame()


def _parent(child: Link, parent: str, record_of: Callable[[str], Record | None]) -> Record:
    """The record of the edit that another was made from."""
    beside = sidecar.path_of(child.path)
    if not is_sidecar(parent):
        raise BrokenChain(f"{beside} names the parent {parent}, which is not the name of a record", RENEW)
    try:
        record = record_of(parent)
    except RecordError as error:
        raise BrokenChain(f"{child.path} was made from an edit whose record is broken: {error.reason}") from error
    if record is None:
        raise BrokenChain(
            f"{beside} names the parent {parent}, which is gone: there is no such record in this commit, so the first "
            f"original of {child.path} is not known",
            f"Bring {parent} back, or name the record that took its place with `maskproof record --parent`.",
        )
    original = child.record.original
    if original is None or record.image.sha256 != original.sha256:
        named = "none" if original is None else f"{original.path}, {original.sha256[:12]}…"
        raise BrokenChain(
            f"{beside} contradicts its parent: the original that it names ({named}) is not the picture that "
            f"{parent} was written for ({record.image.sha256[:12]}…)",
            RENEW,
        )
    return record


RENEW = "Record the edit again: `maskproof record EDIT --original PICTURE` works the parent out."


def _opened(steps: Sequence[Step], places: Sequence[_Place]) -> list[Mask]:
    """For each step, what the masks up to it opened, in the first original's frame."""
    found: list[Mask] = []
    for number, (step, lies) in enumerate(zip(steps, places, strict=True)):
        planes = None if step.mask is None else decode_mask(step.mask, step.mask_name)
        own = _in_first(regions.editable(planes, step.mask_mode, lies.original.size), places[:number])
        found.append(own | found[-1] if found else own)
    return found


def _areas(steps: Sequence[Step], places: Sequence[_Place], picture_of: Callable[[str], Planes]) -> tuple[Region, ...]:
    """All areas that are declared along the chain, in the first original's frame, each once.

    One that lies in a padding has no counterpart in the first original; it is held against its own original only.
    """
    found: list[Region] = []
    for number, (step, lies) in enumerate(zip(steps, places, strict=True)):
        nothing = np.zeros(lies.original.samples.shape[:2], np.bool_)
        for region in regions.build(nothing, step.areas, picture_of)[1:]:
            mask = _in_first(region.mask, places[:number])
            if mask.any() and not any(_alike(one, region, mask) for one in found):
                found.append(replace(region, mask=mask))
    return tuple(found)


def _alike(one: Region, other: Region, mask: Mask) -> bool:
    named = (one.name, one.kind, one.colors) == (other.name, other.kind, other.colors)
    return named and np.array_equal(one.mask, mask)


def _in_first(mask: Mask, places: Sequence[_Place]) -> Mask:
    """A mask of the last place's edit in the frame of the first place's original."""
    for lies in reversed(places):
        if lies.size == lies.original.size:
            continue
        canvas = lies.frame.canvas(lies.original.size)
        left, top, right, bottom = lies.frame.pad
        inner = _resized(mask, canvas)[top : canvas[1] - bottom, left : canvas[0] - right]
        mask = np.zeros(lies.original.samples.shape[:2], np.bool_)
        x, y, width, height = lies.frame.crop or (0, 0, *lies.original.size)
        mask[y : y + height, x : x + width] = inner
    return mask


def _brought(edit: Picture, places: Sequence[_Place]) -> tuple[Picture, drift.Frame]:
    """An edit with all paddings and crops undone but the first, which the measuring itself undoes.

    Scales are left to the measuring as well: resampling once for each step would soften what is compared.
    """
    for lies in reversed(places):
        if lies.mapped and edit.size != lies.size:
            edit = _at_size(edit, lies.size)
        if lies.mapped and lies is not places[0]:
            put = align(lies.original, edit, lies.frame)
            edit = replace(edit, samples=put.samples, alpha=put.alpha, low=None)
    return edit, places[0].frame


def _at_size(picture: Picture, size: tuple[int, int]) -> Picture:
    samples, alpha = (
        None if plane is None else np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS))
        for plane in (picture.samples, picture.alpha)
    )
    assert samples is not None  # noqa: S101 - a picture has samples
    return replace(picture, samples=samples, alpha=alpha, low=None)


def _resized(mask: Mask, size: tuple[int, int]) -> Mask:
    return np.array(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST), np.bool_)


def _suspicions(share: float, allowed: float) -> list[Finding]:
    """Masks that each open what policy allows may together leave nothing to hold the last edit to."""
    if share <= allowed:
        return []
    said = f"the masks of all its edits together open {share:.1%} of it; the policy allows one mask {allowed:.1%}"
    return [
        Finding(
            "mask-suspect",
            Severity.WARN,
            said,
            value=share,
            limit=allowed,
            unit="share",
            advice="Compare the two by eye: hardly anything is left that the edit could be held to.",
        )
    ]


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


def _told(steps: Sequence[Step], drifted: Sequence[ChainStep], share: float) -> list[str]:
    said = [f"the first original is {steps[0].original_name}; the masks up to the last edit open {share:.1%} of it"]
    return said + [
        f"step {number}: {step.path}, made from {step.original_name} under "
        f"{f'the mask {step.mask_name}' if step.mask is not None else 'no mask'}: drift {one.drift:.2f} against the "
        f"first original"
        for number, (step, one) in enumerate(zip(steps, drifted, strict=True), 1)
    ]
