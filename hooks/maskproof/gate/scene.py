"""The scene of one image: the decoded pictures of its comparison, for whoever draws them.

A report keeps no samples, so what is to be seen has to be drawn while they are at hand: `judge` is given a function
that does, and the report keeps what it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from maskproof.drift.frame import align
from maskproof.errors import CouldNotJudge
from maskproof.gate.inspection import Failure
from maskproof.model import ImageReport

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from maskproof.gate.compare import Pair, Pairs, Protected
    from maskproof.images.files import Files, Source
    from maskproof.model import Picture, Region


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


Draw = Callable[[ImageReport, Scene], object]
"""what becomes of a scene; has to travel to another process, as what it returns"""
Draws = Mapping[str, Draw]
"""by the name under which the report keeps it"""


def scene(edit: Source | Failure, pairs: Pairs | Failure, protected: Protected | Failure, files: Files) -> Scene:
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
    )


def _only_scaled(pair: Pair) -> bool:
    """Does the file show the whole original and nothing beside it?"""
    frame = pair.frame.of_edit(pair.original.size, pair.edit.size)
    return frame.crop is None and not any(frame.pad)


def _alone(edit: Source | Failure, files: Files) -> Picture | None:
    try:
        return None if isinstance(edit, Failure) else files.picture(edit)
    except CouldNotJudge:
        return None
