"""Masks: which part of a picture a model may change, made from shapes, from other masks, or from a finished edit.

A mask is an array of the original's size, upright, True where editing is allowed. Everything here takes such arrays
and gives them; what is written at the end is hard-edged, editable or protected and nothing in between, since image
models and the gate split a mask at half anyway.

shapes, another mask, a difference -> joined -> refined -> grown -> inverted -> looked at -> a file
"""

from __future__ import annotations

import io
import shlex
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from PIL import Image

from maskproof import regions
from maskproof.drift.grid import bounding_box
from maskproof.errors import UsageError, as_usage
from maskproof.images.decode import decode, decode_mask
from maskproof.masks.morphology import count_pieces, grow
from maskproof.masks.shapes import draw
from maskproof.policy.keys import MAX_EDITABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.masks.morphology import Mask
    from maskproof.model import Picture

MAX_MASK_BYTES = 4_000_000
"""bytes; OpenAI's Images API takes masks of less than 4 MB"""


class Plan(Struct, frozen=True):
    """What to make a mask of. All sources are joined: what any of them makes editable is editable."""

    shapes: tuple[tuple[str, str], ...] = ()
    """kind (`box`, `polygon`, `ellipse`) and how it was written"""
    mask: tuple[str, bytes] | None = None
    """name and bytes of another mask"""
    mask_mode: str | None = None
    """which part of that mask is editable: `alpha` (transparent), `white` or `black`"""
    edit: tuple[str, bytes] | None = None
    """name and bytes of an edit; what it changed is editable"""
    refine: bool = False
    """narrow what is editable to the object inside it"""
    grow: int = 0
    """pixels by which what is editable is grown, below 0 shrunk"""
    invert: bool = False
    """swap editable and protected, after all else"""


class MaskResult(Struct, frozen=True):
    """A mask, and what a person should know about it."""

    editable: Mask
    """H x W of the original, True where editing is allowed"""
    notes: tuple[str, ...]

    @property
    def share(self) -> float:
        """How much of the picture is editable, 0 to 1."""
        return float(self.editable.mean())

    def __str__(self) -> str:
        box = bounding_box(self.editable)
        count = count_pieces(self.editable)
        pieces = f"{count} piece{'' if count == 1 else 's'}"
        return f"{percent(self.share)} of the picture is editable, in {pieces} within {box}"


def make(original: Picture, plan: Plan) -> MaskResult:
    """A mask for an original.

    Raises:
        UsageError: a source cannot be used, or the mask would make nothing or everything editable.
    """
    if not (plan.shapes or plan.mask or plan.edit):
        raise UsageError(
            "nothing says what the mask should make editable",
            "Add --box, --polygon, --ellipse, --from with --mask-mode, or --from-diff.",
        )
    notes: list[str] = []
    editable = np.zeros(original.samples.shape[:2], np.bool_)
    for source in _sources(original, plan, notes):
        editable |= source
    if plan.refine:
        from maskproof.masks.outline import refine

        editable = refine(original.samples, editable)
    editable = grow(editable, plan.grow)
    editable = ~editable if plan.invert else editable
    _refuse(editable, plan)
    if (share := float(editable.mean())) > MAX_EDITABLE:
        notes.append(
            f"the gate blocks edits whose mask makes more than {MAX_EDITABLE:.0%} of the picture editable unless the "
            f"policy's max_editable says otherwise; this one makes {percent(share)} editable"
        )
    return MaskResult(editable, tuple(notes))


def encode(editable: Mask, mode: str) -> bytes:
    """A mask as a PNG file, hard-edged.

    Args:
        editable: H x W, True where editing is allowed.
        mode: How to say so: `alpha`: RGBA, transparent where editable, as OpenAI's models want it; `white` or `black`:
            grey, 255 or 0 where editable.

    Raises:
        UsageError: the file would be larger than image models take.
    """
    closed = np.where(editable, np.uint8(0), np.uint8(255))
    if mode == "alpha":
        black = Image.new("L", editable.shape[::-1])
        image = Image.merge("RGBA", (black, black, black, Image.fromarray(closed)))
    else:
        image = Image.fromarray(closed if mode == "black" else ~closed)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    if out.tell() >= MAX_MASK_BYTES:
        raise UsageError(
            f"the mask takes {out.tell() / 1e6:.1f} MB; image models take less than {MAX_MASK_BYTES / 1e6:.0f} MB",
            "Make it simpler: its edge has too much fine detail.",
        )
    return out.getvalue()


def advice(original: str, mask: str, mode: str, edit: str | None) -> tuple[str, ...]:
    """How to go on with a mask that was written: commands to paste; names are those of the files."""
    record = ["maskproof", "record", edit or "EDIT", "--original", original, "--mask", mask, "--mask-mode", mode]
    if edit is not None:
        return (f"Record the edit:  {shlex.join(record)}",)
    elsewhere = f"Or edit through it elsewhere, and record the edit:  {shlex.join(record)}"
    if mode != "alpha":
        return (elsewhere[3].upper() + elsewhere[4:],)
    here = shlex.join(["maskproof", "edit", original, "--mask", mask, "--prompt", "what to change"])
    return f"Edit through it:  {here}", elsewhere


def picture(data: bytes, name: str) -> Picture:
    """A picture that a mask is made for or from.

    Raises:
        UsageError: it cannot be decoded.
    """
    with as_usage():
        return decode(data, name)


def percent(share: float) -> str:
    """A share of the picture for a reader; never 0 or 100 % for what is neither."""
    if share in {0, 1}:
        return f"{share:.0%}"
    return "less than 0.1 %" if share < 0.001 else "more than 99.9 %" if share > 0.999 else f"{share * 100:.1f} %"  # noqa: PLR2004


def _sources(original: Picture, plan: Plan, notes: list[str]) -> Iterator[Mask]:
    """What each source makes editable; what is odd about one is added to the notes."""
    for kind, written in plan.shapes:
        yield draw(kind, written, original.size)
    if plan.mask is not None:
        name, data = plan.mask
        with as_usage():
            planes = decode_mask(data, name)
        lies = original.alpha, planes[0].shape[::-1]  # whatever its size, it is stretched, and that is said
        editable = regions.editable(planes, plan.mask_mode, original.size, *lies)
        facts = regions.mask_facts(planes, plan.mask_mode, editable, *lies)
        notes += [f"{name}: {one.message}" for one in regions.suspicions(facts, 1.0)]
        yield editable
    if plan.edit is not None:
        from maskproof.masks.difference import find_changes

        name, data = plan.edit
        editable = find_changes(original, picture(data, name))
        if not editable.any():
            raise UsageError(
                f"{name} shows no change beyond its noise floor, so its difference gives no mask",
                "Check that both names are right and that the edit is not a copy of the original.",
            )
        notes.append(
            f"the difference to {name} makes editable whatever that edit changed, {percent(float(editable.mean()))} of "
            f"the picture, meant or not; look at the preview before you judge the edit through it"
        )
        yield editable


def _refuse(editable: Mask, plan: Plan) -> None:
    """Raise for a mask that protects everything, or nothing."""
    if editable.any() and not editable.all():
        return
    what = "everything editable, and nothing would be protected" if editable.any() else "nothing editable"
    by = [f"--grow {plan.grow}"] if plan.grow else []
    by += ["--invert"] if plan.invert else []
    by += ["--mask-mode"] if plan.mask else []
    raise UsageError(f"this mask would make {what}", f"Check {' and '.join(by)}." if by else "Draw a smaller area.")
