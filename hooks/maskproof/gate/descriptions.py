"""What differs between two files beside their samples: how their colours are described, and what follows their end.

An edit that lost its original's colour profile holds the numbers of the original, and viewers show them in other
colours. It is read with that profile, so that only what the edit itself changed is drift, and the loss is told as such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace
from PIL import Image

from maskproof.drift.frame import align
from maskproof.drift.grid import reduced_mask
from maskproof.images.color import SRGB, assigned
from maskproof.model import Kind, Level, Severity, Verdict, counted
from maskproof.policy.rules import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.drift.frame import Frame
    from maskproof.drift.grid import Mask
    from maskproof.gate.inspection import PairFacts, PictureFacts
    from maskproof.gate.verdict import Decided
    from maskproof.model import Finding, Picture

BLOCK_PX = 8
"""side, in pixels, of the blocks whose mean colours are compared: detail that was re-rendered or moved a little
averages out in them, a profile does not"""
MAX_RATIO = 0.9
"""how far from the original an edit may be when read with its profile, over how far as it is, to have lost it. Of 55
real edits that pass, taken for Display P3 and Adobe RGB (1998): 1.07 and more where they were converted to sRGB, 0.0 to
0.81 in nine of ten where they lost the profile"""


def with_lost_profile(original: Picture, edit: Picture, editable: Mask, frame: Frame) -> Picture:
    """The edit as its original's colour profile shows it, where it lost that; else as it is.

    It did where it holds none, and what is protected is nearer to the original under that one. `editable` is H x W of
    the original, `frame` how that was mapped to the edit.
    """
    if original.icc is None or not original.managed or original.color == SRGB:
        return edit
    samples = None if edit.icc is not None or edit.color != SRGB else assigned(edit.samples, original.icc)
    protected = ~reduced_mask(editable, BLOCK_PX)
    if samples is None or not protected.any():
        return edit
    read = replace(edit, samples=samples, color=original.color)
    before, as_it_is, with_it = (
        np.asarray(Image.fromarray(one).reduce(BLOCK_PX), np.int16)[protected]
        for one in (original.samples, *(align(original, one, frame).samples for one in (edit, read)))
    )
    nearer = np.abs(with_it - before).mean() < MAX_RATIO * np.abs(as_it_is - before).mean()
    return read if nearer else edit


def described(pair: PairFacts | None, decided: Decided | None, level: Level) -> Iterator[Finding]:
    """Everything of the kind about one comparison, of which `decided` is what was measured."""
    if pair is None:
        return
    yield from other_profile(pair.original, pair.edit, decided)
    yield from other_gain_map(pair.original.gain_map, pair.edit.gain_map, level)
    if pair.original.deep and not pair.edit.deep:
        yield finding(
            "depth",
            "the edit holds 8 bits a sample, its original 16",
            advice="Where fine gradients matter, export it with 16 bits.",
        )
    if pair.edit.trailing:  # which another program may show
        yield finding(
            "unreadable",
            f"the file goes on for {counted(pair.edit.trailing, 'byte')} after the end of the picture",
            severity=Severity.WARN,
            advice="Export the picture again, unless something else is meant to be in the file.",
        )


def other_profile(original: PictureFacts, edit: PictureFacts, decided: Decided | None) -> Iterator[Finding]:
    """Colours that are described otherwise than the original's; a block where viewers show others, or disagree."""
    if edit.assigned:
        yield finding(
            "color-profile",
            f"the edit lost the original's {original.color}: {_numbers(decided)}, and without that profile viewers "
            "show them in other colours",
            severity=Severity.BLOCK,
            advice="Embed the original's profile in the edit: assign it, do not convert to it.",
        )
    elif original.color != edit.color:
        applied = original.managed and edit.managed
        yield finding(
            "color-profile",
            f"the edit's colours are described as {edit.color}, the original's as {original.color}"
            + ("" if applied else ", and viewers disagree on what that looks like"),
            severity=Severity.WARN if applied else Severity.BLOCK,
            advice="Export the edit with the original's colour profile.",
        )


def other_gain_map(before: str, after: str, level: Level) -> Iterator[Finding]:
    """A gain map that the original does not have; it is not compared, since ordinary screens do not show it."""
    if before == after:
        return
    if not before:
        said, severity = (
            "brings a gain map, which its original does not have, so HDR screens relight it",
            Severity.BLOCK,
        )
    elif not after:
        said, severity = "lost the gain map of its original, so HDR screens show it flat", Severity.WARN
    else:
        said = "has another gain map than its original, and what HDR screens show with it is not compared"
        severity = Severity.WARN if level is Level.VISUAL else Severity.BLOCK
    yield finding(
        "gain-map",
        f"the edit {said}",
        severity=severity,
        advice="Export the edit without a gain map, or with that of its original.",
    )


def _numbers(decided: Decided | None) -> str:
    """How the numbers of an edit without its profile compare with the original's."""
    if decided is None or decided.verdict is not Verdict.PASS:
        return "its numbers are nearest to the original's when read with it"
    outside = (one.drift.metrics for one in decided.regions if one.drift.kind == Kind.OUTSIDE_MASK)
    changed = sum(metric.value for metrics in outside for metric in metrics if metric.name == "changed")
    return f"what is protected holds {'as good as ' if changed else ''}the same numbers"
