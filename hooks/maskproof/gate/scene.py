"""The scene of one image: the decoded pictures of its comparison, for whoever draws them.

A report keeps no samples, so what is to be seen has to be drawn while they are at hand: `judge` is given a function
that does, and the report keeps what it returns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from maskproof.drift.frame import Aligned, Frame, align, as_fine, off_proportions, shown
from maskproof.drift.placement import MIN_OFF_PROPORTIONS, find_frame
from maskproof.drift.registration import motion_between
from maskproof.drift.size import JudgedSize
from maskproof.errors import CouldNotJudge
from maskproof.gate.inspection import Failure
from maskproof.model import Box, ImageReport

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from maskproof.gate.compare import Pair, Pairs, Protected
    from maskproof.images.files import Files, Source
    from maskproof.model import Picture, Region, RegionDrift


Affine = tuple[float, float, float, float, float, float]
Part = tuple[float, float, float, float]
"""x, y, width and height"""
SAME: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""a map to the same place"""
MIN_MOVED_PX = 1.0
"""px of the original by which a frame has to have moved, before its places are looked for"""


class Scene(Struct, frozen=True):
    """What there is to see of one image; boxes of its findings lie in the first picture that is there."""

    original: Picture | None
    """what it was compared with; None: with nothing, or that cannot be decoded"""
    edit: Picture | None
    """the image in the frame of what it was compared with; None: it cannot be decoded"""
    shipped: Picture | None = None
    """the image as its file shows it, where that is another frame"""
    opened: NDArray[np.bool_] | None = None
    """H x W of the original, True where editing was allowed; None: there is no mask"""
    regions: tuple[Region, ...] = ()
    """what is protected by name"""
    shows: NDArray[np.bool_] | None = None
    """H x W of the original, True where the image shows any of it; None: everywhere"""
    original_at: Affine = SAME
    """what is found at (x, y) lies at (a x + b y + c, d x + e y + f) of the original"""
    edit_at: Affine = SAME
    """and there in the edit"""

    @property
    def both(self) -> tuple[tuple[Picture | None, Affine], ...]:
        """Original and edit, each with where it shows what was found."""
        return (self.original, self.original_at), (self.edit, self.edit_at)

    def in_edit(self, box: Box) -> Box:
        """Where the edit shows what was found in a box."""
        if self.edit is None:
            return box
        x, y, width, height = put((box.x, box.y, box.width, box.height), self.edit_at, self.edit.size)
        return Box(round(x), round(y), max(1, round(width)), max(1, round(height)))


Draw = Callable[[ImageReport, Scene], object]
"""what becomes of a scene; has to travel to another process, as what it returns"""
Draws = Mapping[str, Draw]
"""by the name under which the report keeps it"""


def scene(
    edit: Source | Failure,
    pairs: Pairs | Failure,
    protected: Protected | Failure,
    measured: tuple[RegionDrift, ...] | Failure,
    files: Files,
) -> Scene:
    """What was compared, or where nothing was, the picture alone."""
    pair = None if isinstance(pairs, Failure) else next(iter(pairs.pairs), None)
    if pair is None:
        return Scene(None, _alone(edit, files))
    drawn = () if isinstance(protected, Failure) else protected.regions[0]
    placed = align(pair.original, pair.edit, pair.frame)
    return Scene(
        pair.original,
        replace(pair.edit, samples=placed.samples, alpha=placed.alpha),
        None if _only_scaled(pair) else pair.edit,
        None if pair.mask is None else pair.editable,
        tuple(one for one in drawn if one.kind != "outside-mask"),
        placed.shows,
        *_moved(pair, placed, () if isinstance(measured, Failure) else measured),
    )


def _moved(pair: Pair, placed: Aligned, measured: tuple[RegionDrift, ...]) -> tuple[Affine, Affine]:
    """Where original and edit show what was found at a place.

    Where the frame's own motion was undone, places are those of the original, and the edit shows them elsewhere. An
    edit that is a cut of its original, or that with a border, was compared as it lies, so there it is the original.
    """
    size = pair.original.size
    shift = next((one.value for row in measured for one in row.metrics if one.name == "shift"), 0.0)
    if shift / 100 * max(size) >= MIN_MOVED_PX:
        return SAME, _motion(pair, placed)
    cut = pair.frame == Frame() and off_proportions(pair.edit.size, size) >= MIN_OFF_PROPORTIONS
    found = find_frame(pair.original, pair.edit) if cut else None
    if found is None:
        return SAME, SAME
    left, top, wide, tall = found.crop or (-found.pad[0], -found.pad[1], *found.canvas(size))
    return (wide / size[0], 0.0, float(left), 0.0, tall / size[1], float(top)), SAME


def _motion(pair: Pair, placed: Aligned) -> Affine:
    """Where the edit shows what the original shows at a place, looked for as the comparison did."""
    judged = JudgedSize.of(pair.original.size)
    full = as_fine(shown(pair.original.samples, pair.original.alpha), pair.edit, placed.canvas)
    before, after = (judged.planes(one)[0] for one in (full, shown(placed.samples, placed.alpha)))
    motion = motion_between(before, after, ~judged.mask(pair.editable))
    a, b, c, d, e, f = motion.matrix
    return a, b, c * judged.factor, d, e, f * judged.factor


def put(part: Part, at: Affine, size: tuple[int, int]) -> Part:
    """A part of a picture where a map puts its middle, as large as the map makes it, within a picture of that size."""
    (left, top, wide, tall), (a, b, c, d, e, f) = part, at
    x, y = left + wide / 2, top + tall / 2
    wide, tall = min(wide * math.hypot(a, d), size[0]), min(tall * math.hypot(b, e), size[1])
    left, top = a * x + b * y + c - wide / 2, d * x + e * y + f - tall / 2
    return min(max(left, 0.0), size[0] - wide), min(max(top, 0.0), size[1] - tall), wide, tall


def _only_scaled(pair: Pair) -> bool:
    """Does the file show the whole original and nothing beside it?"""
    frame = pair.frame.of_edit(pair.original.size, pair.edit.size)
    return frame.crop is None and not any(frame.pad)


def _alone(edit: Source | Failure, files: Files) -> Picture | None:
    try:
        return None if isinstance(edit, Failure) else files.picture(edit)
    except CouldNotJudge:
        return None
