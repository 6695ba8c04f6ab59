"""From candidates to one edit: mapped back, ranked by drift, the best one restored and judged again.

Bytes in, values out; files and Git stay outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from maskproof import marks
from maskproof.drift.frame import Frame
from maskproof.edit import framing
from maskproof.errors import CouldNotJudge, CouldNotRestore, NoAnswer
from maskproof.evidence import carriers
from maskproof.gate import rank
from maskproof.gate.alignment import realign
from maskproof.gate.named import Named, compare
from maskproof.images import containers
from maskproof.images.decode import decode
from maskproof.marks import Mark
from maskproof.restore import NOTHING, Options, compose, decode_sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maskproof.drift.registration import Motion
    from maskproof.edit.inputs import PreparedEdit
    from maskproof.gate.rank import Ranked
    from maskproof.model import ImageReport, Picture
    from maskproof.restore import Restored, Sources


class Candidate(Struct, frozen=True):
    """One answer of the model in the frame of the original."""

    number: int
    """its place in the answer, from 1"""
    size: tuple[int, int]
    """as it came, px"""
    format: str
    """as it came, in lower case"""
    received: bytes
    """as it came"""
    placed: bytes
    """PNG of the original's size, sRGB"""

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"candidate {self.number}"


def place(prepared: PreparedEdit, pictures: Sequence[bytes]) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """The candidates that are pictures, and notes on the others and on what had to be stretched.

    Raises:
        NoAnswer: none is a picture.
    """
    found, notes = [], []
    plan = prepared.request.plan
    for number, data in enumerate(pictures, 1):
        name = f"candidate {number}"
        try:
            picture = decode(data, name)
        except CouldNotJudge as error:
            notes.append(f"{error.reason}; it was left out")
            continue
        if told := framing.describe_stretch(picture.size, plan):
            notes.append(f"{name} {told}")
        whole = framing.png(framing.place(prepared.original, picture, plan))
        found.append(Candidate(number, picture.size, picture.format.lower(), data, whole))
    if not found:
        raise NoAnswer(f"the model's answer holds no picture that can be read: {'; '.join(notes)}", "Try again.")
    return tuple(found), tuple(notes)


def rank_candidates(prepared: PreparedEdit, candidates: Sequence[Candidate]) -> tuple[Ranked, ...]:
    """The candidates, best first."""
    named = [replace(_named(prepared, one.placed), edit_name=one.name, record=None) for one in candidates]
    return rank.ranked(named, prepared.settings, prepared.read)


def restore(
    prepared: PreparedEdit, order: Sequence[Ranked], candidates: Sequence[Candidate], maker: str
) -> tuple[Candidate, Restored]:
    """The first candidate of the order whose protected pixels can be put back, with them put back.

    `maker` is what its file is to name as the AI system.

    Raises:
        CouldNotRestore: none of them can be.
    """
    notes: tuple[str, ...] = ()
    for one in order:
        candidate = candidates[one.index]
        try:
            edit, moved = _align(prepared, candidate)
            sources = decode_sources(_named(prepared, edit))
            options = Options(anyway=lambda _: True, target=prepared.out, marks=_marks(prepared, candidate, maker))
            made = _marked(compose(sources, prepared.settings, prepared.read, options), sources, options)
        except CouldNotRestore as error:
            notes = (*notes, f"{candidate.name} was passed over: {error.reason}")
            continue
        return candidate, replace(made, motion=made.motion or moved, notes=(*notes, *made.notes))
    raise CouldNotRestore(
        f"no candidate can be restored. {'. '.join(notes)}",
        "Ask again, for more candidates with `-n` or of another `--model`; `--keep-candidates DIR` keeps what comes.",
    )


def _marks(prepared: PreparedEdit, candidate: Candidate, maker: str) -> dict[str, str]:
    """What the edit's file is to say of AI: what is known of the request, and what the answer's own file says."""
    told = prepared.keeps == "store"
    mark = Mark(system=maker, prompt=prepared.job.prompt if told else "")
    container = containers.read(candidate.received, candidate.name)
    return marks.carried(mark, container, candidate.received, candidate.name, prompts=told)


def _marked(made: Restored, sources: Sources, options: Options) -> Restored:
    """An edit that was not written anew, because nothing had to be put back, with its marks."""
    if made.method != NOTHING:
        return made
    packets = (carriers.packet(sources.original.container),)
    data, notes = marks.put(made.data, options.target, options.marks, packets, marks.UNTRUE)
    return replace(made, data=data, marks=options.marks, notes=(*made.notes, *notes))


def judge(prepared: PreparedEdit, made: Restored) -> ImageReport:
    """The finished edit, as the gate will see it; what is decoded already is not decoded again."""
    return compare(
        _named(prepared, made.data),
        prepared.settings,
        prepared.read,
        shown_original=prepared.original,
        shown_edit=made.shown,
    )


def _named(prepared: PreparedEdit, edit: bytes) -> Named:
    return Named(
        edit,
        prepared.sources.original,
        prepared.sources.mask,
        prepared.mask.mode,
        prepared.out,
        prepared.original_name,
        prepared.mask.path,
        prepared.record,
    )


def _align(prepared: PreparedEdit, candidate: Candidate) -> tuple[bytes, Motion | None]:
    """A candidate whose crop was moved back to where it was cut out, and the motion that was undone.

    Around a crop the original stands still, so that only within the crop can it be seen that the model moved its frame.
    """
    x, y, width, height = prepared.request.plan.box
    if (width, height) == prepared.original.size:
        return candidate.placed, None
    cut = np.s_[y : y + height, x : x + width]
    whole = decode(candidate.placed, candidate.name)
    realigned = realign(_part(prepared.original, cut), _part(whole, cut), Frame(), prepared.editable[cut])
    if realigned.motion is None:
        return candidate.placed, None
    planes = [framing.planes(one, with_alpha=whole.alpha is not None) for one in (prepared.original, whole)]
    moved, there = realigned.move(planes[1][cut]), realigned.valid[..., None]
    planes[1][cut] = np.where(there, moved, planes[0][cut])
    return framing.png(planes[1]), realigned.motion


def _part(picture: Picture, cut: tuple[slice, slice]) -> Picture:
    alpha = None if picture.alpha is None else picture.alpha[cut]
    return replace(picture, samples=np.ascontiguousarray(picture.samples[cut]), alpha=alpha, low=None)
