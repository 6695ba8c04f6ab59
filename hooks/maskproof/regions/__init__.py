"""Regions: which parts of the original are protected, of which kind, and who asks for it.

"Outside the mask" is one kind of region beside brand, text, face and product. Areas that are declared
subtract from every mask: a logo inside the editable part stays protected.

A new way to declare an area is a branch in `_area_mask`; a new kind of region is a member of `model.Kind`
with its limits in `limits.py`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from PIL import Image

from maskproof.drift.frame import MAX_OFF_PROPORTIONS, Frame, Size, off_proportions
from maskproof.drift.grid import grown
from maskproof.drift.uncompared import Uncompared
from maskproof.errors import CouldNotJudge
from maskproof.model import Box, Finding, Kind, Region, Severity
from maskproof.policy.cover import drawn, extent
from maskproof.policy.rules import finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from maskproof.model import Picture

HALF, OPAQUE = 128, np.uint8(255)
CLEAR_AND_SOLID = (0, 255)
SOFT_FROM, SOFT_LEVELS = np.uint8(17), 222
"""levels that are neither editable nor protected: all but 1/16 of the range at either end"""
GREY_SHARE = 0.02
"""share of the mask that may be neither and is no edge; JPEG masks of real edits have none"""
MOST_SOFT = 0.5
"""share of the mask that may be neither at all: what is soft in more than half of it has no edges any more"""
FEATHER = 0.05
"""share of the long side that a feather may be wide: every level between clear and solid has both that near to it"""
LOOKED_AT_SIDE = 1024
"""long side, in samples, at which that is looked at"""
COLORLESS = 8
"""levels of 255 that what an editor writes anew may be off: grey stays grey, and a copied pixel the original's"""
TINTED = 40
"""the same at the edges of a JPEG, whose colour is stored coarsely"""
ORIGINAL = Frame()
"""neither cropped nor padded"""
LOOK_AT_IT = "Look at the mask, and record the right one: `maskproof record EDIT --mask MASK --mask-mode MODE`."


class Area(Struct, frozen=True):
    """A declared area, before it is drawn."""

    name: str
    kind: Kind
    source: str
    box: tuple[int, int, int, int] | None = None
    """x, y, width, height in pixels of the original"""
    polygon: tuple[tuple[int, int], ...] | None = None
    """corners in pixels of the original"""
    mask: str | None = None
    """repository path of a picture whose marked pixels are the area"""
    marks: str | None = None
    """white, black, transparent or opaque: which pixels of `mask` are the area"""
    colors: tuple[tuple[int, int, int], ...] = ()
    """brand colours that the area shows, sRGB"""


Planes = tuple["NDArray[np.uint8]", "NDArray[np.uint8] | None"]
"""lightness and alpha of a mask picture, H x W each, 0 to 255"""


def editable(
    planes: Planes | None,
    mode: str | None,
    size: Size,
    alpha: NDArray[np.uint8] | None = None,
    edit: Size | None = None,
    frame: Frame = ORIGINAL,
) -> NDArray[np.bool_]:
    """Where the mask allows changes, in the original's frame.

    A mask of the original's size or proportions lies as the original does; one of the edit's size, or of the size or
    proportions that crop and padding lead to, lies as the edit does. One that may lie either way opens what it opens
    both ways, and one that can lie neither way opens nothing.

    Args:
        planes: Lightness and alpha of the mask; None: no mask, so nothing may change.
        mode: `alpha` (transparent is editable), `white` or `black`.
        size: Width and height of the original.
        alpha: Its transparency, H x W; where that is the mask, its feather belongs to the mask.
        edit: Width and height of the edit; None: there is none yet.
        frame: How the original was mapped to the edit.

    Returns:
        H x W, True where editing was allowed.
    """
    protected = np.zeros(size[::-1], np.bool_)
    if planes is None:
        return protected
    opened = _protection(planes, mode) < (OPAQUE if is_own_alpha(planes, mode, alpha) else HALF)
    ways = frame.of_mask(_size(opened), size, edit)
    found = [way.undo(opened, protected, Image.Resampling.NEAREST) for way in ways]
    return np.logical_and.reduce(found) if found else protected


def is_own_alpha(planes: Planes | None, mode: str | None, alpha: NDArray[np.uint8] | None) -> bool:
    """Is the original's own transparency (H x W; None: it has none) the mask, as ComfyUI's mask editor saves it?"""
    return planes is not None and alpha is not None and np.array_equal(_protection(planes, mode), alpha)


def _protection(planes: Planes, mode: str | None) -> NDArray[np.uint8]:
    """How far a mask protects each of its pixels: H x W, 255 wholly, 0 not at all."""
    light, alpha = planes
    if mode == "alpha":
        return np.full_like(light, OPAQUE) if alpha is None else alpha
    return light if mode == "black" else OPAQUE - light


def plain_mode(planes: Planes) -> str | None:
    """`alpha` where a mask has both clear and solid pixels and no drawing; None where it could mean two things."""
    light, alpha = planes
    if alpha is None or (int(alpha.min()), int(alpha.max())) != CLEAR_AND_SOLID:
        return None
    shown = light[alpha > 0]
    return "alpha" if int(shown.min()) == int(shown.max()) else None


def build(
    editable: NDArray[np.bool_], areas: tuple[Area, ...], picture_of: Callable[[str], Planes]
) -> tuple[Region, ...]:
    """The regions of one image: everything outside the mask, then each declared area, also inside the mask.

    Args:
        editable: H x W, True where editing was allowed.
        areas: Declared by policy and record.
        picture_of: Decodes the mask picture at a path.

    Raises:
        CouldNotJudge: an area lies outside the original or its mask picture marks nothing.
    """
    size = (editable.shape[1], editable.shape[0])
    drawn = [
        trimmed(area.name, area.kind, _area_mask(area, size, picture_of), area.source, area.colors) for area in areas
    ]
    # An area outside the mask is judged twice, as its kind and as outside the mask, so that declaring it can only add.
    return (Region("outside the mask", Kind.OUTSIDE_MASK, ~editable, "mask"), *drawn)


def trimmed(
    name: str, kind: Kind, mask: NDArray[np.bool_], source: str, colors: tuple[tuple[int, int, int], ...]
) -> Region:
    """A region that keeps the box around its mask (H x W of the original, something set) and no more."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    top, left = int(rows[0]), int(columns[0])
    part = mask[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1].copy()
    return Region(name, kind, part, source, colors, (left, top), (mask.shape[0], mask.shape[1]))


class MaskFacts(Struct, frozen=True):
    """What a mask says of itself beside its pixels."""

    mode: str | None
    """which part is editable"""
    size: tuple[int, int]
    """width and height in pixels"""
    original: tuple[int, int]
    """width and height of the picture that it belongs to"""
    canvas: tuple[int, int]
    """the same once that is cropped and padded"""
    fits: bool
    """it lies as the original does, or as the edit"""
    opens: bool
    """it makes something editable, if only of the padding"""
    has_alpha: bool
    grey: float
    """share that is neither editable nor protected, and not the soft edge between the two"""
    editable: float
    """share of the picture that it makes editable"""
    feather: float | None = None
    """share of the picture that is neither clear nor opaque, where the mask is the original's own alpha, so that all
    of it is editable; None: the mask is a picture of its own"""


def mask_facts(
    planes: Planes | None,
    mode: str | None,
    editable: NDArray[np.bool_],
    alpha: NDArray[np.uint8] | None = None,
    edit: Size | None = None,
    frame: Frame = ORIGINAL,
) -> MaskFacts | None:
    """What can be odd about a mask, as numbers; None where there is no mask. The arguments are those of `editable`."""
    if planes is None:
        return None
    light, own = planes
    protection, size, feather = _protection(planes, mode), _size(editable), None
    if alpha is not None and is_own_alpha(planes, mode, alpha):
        feather = share_of((alpha > 0) & (alpha < OPAQUE))
    return MaskFacts(
        mode,
        _size(light),
        size,
        frame.canvas(size),
        bool(frame.of_mask(_size(light), size, edit)),
        bool(protection.min() < (HALF if feather is None else OPAQUE)),
        own is not None,
        _grey_share(protection),
        share_of(editable),
        feather,
    )


def is_only_mask(mask: Picture) -> bool:
    """Is a picture a mask and nothing else to see: black and white, or one colour with clear and solid parts?

    Each with soft edges at the most. What shows a picture of its own is none, whatever a record calls it.
    """
    solid = _solid(mask)
    shown = mask.samples[solid > 0]
    if not shown.size:
        return True
    if _grey_share(solid) > GREY_SHARE:
        return False
    tints = np.ptp(shown, axis=1)
    colorless = int(tints.max()) <= TINTED and float((tints > COLORLESS).mean()) <= GREY_SHARE
    one_color = int(np.ptp(shown, axis=0).max()) == 0
    return one_color or (colorless and _grey_share(mask.samples[..., 1]) <= GREY_SHARE)


def is_two_toned(picture: Picture) -> bool:
    """Is a picture a drawing in two tones, as logos are: dark and light of any colours, with soft edges at the most?"""
    if is_only_mask(picture):
        return True
    tones = np.asarray(Image.fromarray(picture.samples).convert("L"))
    low, high = int(tones.min()), int(tones.max())
    spread = (tones.astype(np.float32) - low) * (OPAQUE / max(high - low, 1))
    return _grey_share(spread.astype(np.uint8)) <= GREY_SHARE


def shows_only(mask: Picture, original: Picture | None) -> bool:
    """Is a picture another one with holes of soft edges at the most, and no hole everywhere?

    Args:
        mask: The picture.
        original: The other one; None where it cannot be had.
    """
    solid = _solid(mask)
    if original is None or original.size != mask.size or not solid.any() or _grey_share(solid) > GREY_SHARE:
        return False
    step = np.abs(mask.samples.astype(np.int16) - original.samples).max(axis=2) * (solid / np.float32(OPAQUE))
    return bool(step.max() <= COLORLESS)


def _solid(mask: Picture) -> NDArray[np.uint8]:
    """How opaque each sample is, H x W."""
    return np.full(mask.samples.shape[:2], OPAQUE, np.uint8) if mask.alpha is None else mask.alpha


def suspicions(mask: MaskFacts | None, max_editable: float, uncompared: Uncompared | None = None) -> list[Finding]:
    """What is odd about a mask, said and never fixed silently.

    A mask that makes more editable than the policy allows blocks, as does all that is not compared together: it would
    leave nothing to protect. `uncompared` is None where there is no edit yet.
    """
    found = _oddities(mask)
    all_of_it = uncompared or Uncompared(0.0 if mask is None else mask.editable)
    if all_of_it.share <= max_editable:
        return found
    share = all_of_it.share
    says = f"the mask makes {share:.1%} of the picture editable; the policy allows {max_editable:.1%}"
    if all_of_it.mask != share:
        parts = (
            ("the mask opens", all_of_it.mask),
            ("its border outgrows thin openings by", all_of_it.border),
            ("the crop leaves out", all_of_it.crop),
            ("the padding adds", all_of_it.padding),
        )
        listed = ", ".join(f"{words} {part:.1%}" for words, part in parts if part)
        says = f"{share:.1%} of original and shipped picture is not compared ({listed}); the policy allows "
        says += f"{max_editable:.1%}"
    too_much = finding(
        "mask-suspect",
        says,
        severity=Severity.BLOCK,
        advice=LOOK_AT_IT,
        value=share,
        limit=max_editable,
        unit="share",
    )
    return [too_much, *found]


def _oddities(mask: MaskFacts | None) -> list[Finding]:
    """What is odd about a mask beside how much it opens."""
    if mask is None:
        return []
    suspect = partial(finding, "mask-suspect", advice=LOOK_AT_IT)
    odd, says_nothing = [], []
    if mask.mode == "alpha" and not mask.has_alpha:
        says_nothing.append(
            "the mask has no transparent pixel, so in mode alpha nothing is editable; was it drawn in white or black?"
        )
    elif not mask.opens:
        says_nothing.append(f"the mask makes no pixel editable in mode {mask.mode}; is it inverted?")
    if mask.grey > GREY_SHARE and mask.feather is None:
        says_nothing.append(
            f"{mask.grey:.1%} of the mask is grey as in a photograph, neither editable nor protected, and no soft edge"
        )
    if all(off_proportions(mask.size, size) > MAX_OFF_PROPORTIONS for size in (mask.original, mask.canvas)):
        mapped = f" or the {mask.canvas[0]} x {mask.canvas[1]} px of crop and padding"
        odd.append(
            f"the mask is {mask.size[0]} x {mask.size[1]} px, other proportions than the original's "
            f"{mask.original[0]} x {mask.original[1]} px{mapped if mask.canvas != mask.original else ''}; "
            + ("it was stretched" if mask.fits else "nothing that it opens counts as editable")
        )
    found = [suspect(message, severity=Severity.UNJUDGED) for message in says_nothing]
    return found + [suspect(message, severity=Severity.WARN) for message in odd]


def share_of(mask: NDArray[np.bool_]) -> float:
    """Share of a mask (H x W) that is set, 0 to 1; counting is ten times as fast as a mean."""
    return np.count_nonzero(mask) / mask.size


def iou(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    both = _intersection(one, other)
    return both / (one.area + other.area - both)


def overlap(one: Box, other: Box) -> float:
    """Intersection over the smaller of two boxes, 0 to 1."""
    both = _intersection(one, other)
    return both / min(one.area, other.area) if both else 0.0


def _intersection(one: Box, other: Box) -> int:
    wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    tall = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return max(wide, 0) * max(tall, 0)


def _grey_share(plane: NDArray[np.uint8]) -> float:
    """Share of a mask's plane that is neither editable nor protected, and no edge between the two."""
    soft = _soft_share(plane)
    if soft <= GREY_SHARE or soft > MOST_SOFT:
        return soft if soft > MOST_SOFT else 0.0
    small = plane[:: (step := max(1, max(plane.shape) // LOOKED_AT_SIDE)), ::step]
    wide = max(1, round(FEATHER * max(small.shape)))
    clear, solid = small < SOFT_FROM, small >= SOFT_FROM + SOFT_LEVELS
    edge = grown(clear, wide) & grown(solid, wide)
    return share_of(~clear & ~solid & ~edge)


def _soft_share(plane: NDArray[np.uint8]) -> float:
    """Share of a mask's plane that is neither editable nor protected."""
    # One comparison for two: what is under SOFT_FROM wraps round to the top of the range. A few rows at a time stay in
    # the processor's cache, which is four times as fast.
    rows = (plane[top : top + 64] for top in range(0, len(plane), 64))
    return sum(int(np.count_nonzero(some - SOFT_FROM < SOFT_LEVELS)) for some in rows) / plane.size


def _area_mask(area: Area, size: tuple[int, int], picture_of: Callable[[str], Planes]) -> NDArray[np.bool_]:
    if area.mask is not None:
        light, alpha = picture_of(area.mask)
        solid = np.full_like(light, 255) if alpha is None else alpha
        marked = {"white": light >= HALF, "black": light < HALF, "transparent": solid < HALF, "opaque": solid >= HALF}
        mask = _fit(marked[area.marks or "white"], size)
    else:
        shape = area.box, area.polygon or ()
        _, _, right, bottom = extent(shape)
        if right > size[0] or bottom > size[1]:
            raise CouldNotJudge(
                f"the area {area.name!a} ({area.source}) reaches to {right}, {bottom}, outside the "
                f"original of {size[0]} x {size[1]} px",
                f"Correct it in {area.source}.",
            )
        mask = np.array(drawn(shape, size), np.bool_)
    if not mask.any():
        raise CouldNotJudge(
            f"the area {area.name!a} ({area.source}) covers no pixel of the original", f"Correct it in {area.source}."
        )
    return mask


def _size(plane: NDArray[Any]) -> Size:
    return plane.shape[1], plane.shape[0]


def _fit(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask in another frame, without inventing in-between values."""
    if (mask.shape[1], mask.shape[0]) == size:
        return mask
    return np.array(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST), np.bool_)
