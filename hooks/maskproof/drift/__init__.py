"""Drift: how far each protected area moved from the original, in which way, in which unit.

Did anything change more than this edit changes everything (`residual`, `outliers`)? Did a straight line come or go
(`line`), did a regular pattern fade (`pattern`), and what is there where no window fits (`parts`)? Beside them: did
the frame move (`registration`), did the tone move (`tone`), did size or transparency change (`frame`)? Declared areas
are asked the first question by themselves, with limits for their size, and what their kind asks (`declared`). At
level exact every sample counts (`exact`). Both pictures are brought onto one grid first (`pair`), at one size
(`size`); which function measures what is a row in `metrics`.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from maskproof.drift.declared import View
from maskproof.drift.frame import Frame
from maskproof.drift.metrics import FRAME, METRICS, WHOLE, ExtraMeasures, Taken, of_frame, of_kinds, of_regions
from maskproof.drift.pair import pair_up
from maskproof.model import Level, Metric, Picture, Region, RegionDrift

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.drift.grid import Mask

__all__ = ["METRICS", "ExtraMeasures", "Frame", "View", "measure"]


def measure(
    original: Picture,
    edit: Picture,
    editable: Mask,
    protected: tuple[Region, ...],
    level: Level,
    frame: Frame,
    extra: ExtraMeasures | None = None,
    threads: int = 2,
) -> tuple[RegionDrift, ...]:
    """All metrics of one comparison.

    Args:
        original: The picture before the edit.
        edit: The edit, of any size.
        editable: H x W of the original, True where the mask allowed editing.
        protected: What is protected; first what lies outside the mask, then each declared area.
        level: Sets how wide a border around the mask is left out.
        frame: How the original was mapped to the edit.
        extra: Measures that need an optional part, by the kind of area that they are asked of.
        threads: How many work beside the calling one, since numpy and Pillow let others run meanwhile; 1: none do,
            all is done in turn. The numbers are the same to the last bit.

    Returns:
        The whole frame, then each region in the order given.
    """
    with ThreadPoolExecutor(threads) if threads > 1 else _InTurn() as pool:
        pair = pair_up(original, edit, editable, protected, level, frame, pool)
        started = pool.submit(of_frame, pair), pool.submit(of_kinds, pair, extra or {})
        taken = of_regions(pair, pool)
        for part in started:
            taken |= part.result()
    return (
        RegionDrift(FRAME, FRAME, _metrics(taken, WHOLE)),
        *(
            RegionDrift(region.name, region.kind.value, _metrics(taken, place))
            for place, region in enumerate(protected)
        ),
    )


def _metrics(taken: Taken, place: int) -> tuple[Metric, ...]:
    """The metrics of one region, or of the frame, in the order of their rows."""
    return tuple(metric for row in METRICS for metric in taken.get((row, place), ()))


class _InTurn(Executor):
    """Does at once, on the calling thread, what it is handed."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(function(*args, **kwargs))
        return done
