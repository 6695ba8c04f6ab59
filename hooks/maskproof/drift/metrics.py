"""Which function measures what, and of what: the rows that `measure` goes through.

A new metric is a function that returns `Metric`, a row here, and a row in `maskproof.policy.limits`. What the
function is handed follows from what it measures: the frame and what lies outside the mask are measured on the `Pair`,
a declared area on its `View` at full size, and what is compared between regions on all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof.drift import residual
from maskproof.drift.declared import View, colors, outline, proportions, skin, strokes, view_of
from maskproof.drift.exact import changed
from maskproof.drift.frame import alpha_changed, motion_metrics, size_metrics
from maskproof.drift.inside import inside
from maskproof.drift.line import lines
from maskproof.drift.outliers import RegionWeights, near, outliers
from maskproof.drift.pair import Pair, cell_weights
from maskproof.drift.parts import parts
from maskproof.drift.pattern import patterns
from maskproof.drift.placement import Explained, explain_frame, explain_size
from maskproof.drift.seam import seam
from maskproof.drift.spill import spill
from maskproof.drift.tone import tone
from maskproof.model import Kind, Level, Metric

if TYPE_CHECKING:
    from concurrent.futures import Executor

ExtraMeasures = Mapping[Kind, Callable[[View], list[Metric]]]
"""measures that are handed in, because they need an optional part, by the kind of area that they are asked of"""
FRAME = "frame"


class OfPair(Struct, frozen=True):
    """Metrics of the frame, or of what lies outside the mask."""

    kind: str
    """FRAME, or `Kind.OUTSIDE_MASK`"""
    metrics: tuple[str, ...]
    """what is limited: each has a row in `maskproof.policy.limits`"""
    take: Callable[[Pair], Iterable[Metric]]
    details: tuple[str, ...] = ()
    """what is told beside it and has no limit"""


class OfArea(Struct, frozen=True):
    """Metrics of one kind of declared area."""

    kind: Kind
    metrics: tuple[str, ...]
    take: Callable[[View], Iterable[Metric]] | None
    """None: handed in as one of `ExtraMeasures`"""


class OfRegions(Struct, frozen=True):
    """Metrics of every region, of whatever kind; taken together, for each region in its order."""

    metrics: tuple[str, ...]
    take: Callable[[Pair, Executor], Iterable[Iterable[Metric]]]


Measure = OfPair | OfArea | OfRegions
Taken = dict[tuple[Measure, int], Iterable[Metric]]
"""what a row measured of a region, by the region's place among all; of the frame at WHOLE"""
WHOLE = -1


def _outliers(pair: Pair, pool: Executor) -> list[tuple[Metric, ...]]:
    """How far each region's most conspicuous windows exceed the residual."""
    regions = [RegionWeights(region.kind, weight) for region, weight in zip(pair.regions, pair.weights, strict=True)]
    spill = near(pair.editable, pair.islands) if pair.level is Level.VISUAL else None
    found, usual = outliers(pair.sums, pair.reference, regions[:1], spill, pool)
    if regions[1:]:
        # What a declared area shows inside the mask must not be compared with its surroundings outside of it.
        found += outliers(pair.area_sums(pool), pair.reference, regions[1:], None, pool, usual)[0]
    return [pair.in_pixels(metrics) for metrics in found]


def _lines(pair: Pair) -> tuple[Metric, ...]:
    return pair.in_pixels(lines(pair.toned[0], pair.after[0], pair.masks[0]))


def _patterns(pair: Pair) -> tuple[Metric, ...]:
    """Away from the mask's edge, where editors spill."""
    spill = near(pair.editable, pair.islands)
    outside = pair.masks[0] if spill is None else pair.masks[0] & ~spill
    width = max(pair.aligned.canvas) / max(pair.edit.size) / pair.size.factor
    return pair.in_pixels(patterns(pair.toned[0], pair.after[0], outside, width))


def _size(pair: Pair) -> tuple[Metric, ...]:
    canvas = pair.aligned.canvas
    return size_metrics(pair.original, pair.edit, canvas, *explain_size(pair.original, pair.edit, canvas))


def _motion(pair: Pair) -> tuple[Metric, ...]:
    """Only a frame that moved is worth the search for a cut, or a border, that explains it."""
    moved = pair.motion.trusted and pair.aligned.canvas == pair.original.size
    explained = explain_frame(pair.original, pair.edit) if moved else Explained()
    return motion_metrics(pair.motion, pair.size.factor, pair.original.size, *explained)


def _seam(pair: Pair) -> tuple[Metric, ...]:
    """Right up to the mask's edge, so the border that is not judged by eye is not left out here."""
    return pair.in_pixels(seam(pair.before, pair.after, pair.editable, pair.valid & ~pair.editable))


METRICS: tuple[Measure, ...] = (
    OfPair(FRAME, ("aspect", "resolution"), _size),
    OfPair(FRAME, ("alpha",), lambda pair: alpha_changed(pair.original, pair.aligned, pair.regions)),
    OfPair(
        FRAME,
        ("shift",),
        _motion,
        details=("dx", "dy", "scale", "angle", "motion_residual"),
    ),
    OfPair(
        FRAME,
        ("tone",),
        lambda pair: tone(*pair.means, pair.weights[0]),
        details=("tone_light", "tone_gain", "tone_hue"),
    ),
    OfPair(
        FRAME,
        ("inside", "inverted"),
        lambda pair: inside(*pair.means, cell_weights(pair.editable), pair.weights[0]),
    ),
    OfPair(FRAME, ("seam",), _seam),
    OfRegions(residual.MEASURES, _outliers),
    OfRegions(("part",), lambda pair, _: parts(pair)),
    OfPair(Kind.OUTSIDE_MASK, ("spill",), lambda pair: pair.in_pixels(spill(pair))),
    OfPair(Kind.OUTSIDE_MASK, ("line",), _lines),
    OfPair(Kind.OUTSIDE_MASK, ("pattern",), _patterns),
    OfPair(Kind.OUTSIDE_MASK, ("residue",), lambda pair: residual.residual_level(pair.sums, pair.weights[0])),
    OfArea(Kind.BRAND, ("delta_e", "brand_color"), colors),
    OfArea(Kind.TEXT, ("stroke",), strokes),
    OfArea(Kind.TEXT, ("characters",), None),
    OfArea(Kind.FACE, ("geometry",), proportions),
    OfArea(Kind.FACE, ("skin_tone",), skin),
    OfArea(Kind.PRODUCT, ("outline",), outline),
    OfRegions(("changed",), lambda pair, _: changed(pair.original, pair.edit, pair.aligned, pair.regions)),
)
"""in the order in which a report gives them"""


def of_frame(pair: Pair) -> Taken:
    """What the rows say of the whole frame."""
    return {(row, WHOLE): row.take(pair) for row in METRICS if isinstance(row, OfPair) and row.kind == FRAME}


def of_regions(pair: Pair, pool: Executor) -> Taken:
    """What is taken of all regions together."""
    return {
        (row, place): metrics
        for row in METRICS
        if isinstance(row, OfRegions)
        for place, metrics in enumerate(row.take(pair, pool))
    }


def of_kinds(pair: Pair, extra: ExtraMeasures) -> Taken:
    """What is asked of each region for its kind; in turn, since measures that are handed in may share a model."""
    taken: Taken = {}
    for place, region in enumerate(pair.regions):
        rows = [row for row in METRICS if not isinstance(row, OfRegions) and row.kind == region.kind]
        view = view_of(pair, region) if any(isinstance(row, OfArea) for row in rows) else None
        for row in rows:
            if isinstance(row, OfPair):
                taken[row, place] = row.take(pair)
            elif view and (take := row.take or extra.get(region.kind)):
                taken[row, place] = view.in_pixels(take(view))
    return taken
