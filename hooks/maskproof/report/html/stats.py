"""Statistics as a page: each group of edits as a row of dots on one scale, and its numbers below."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from maskproof.model import counted
from maskproof.report import text
from maskproof.report.html.pages import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.gate.stats import Edits, Statistics

LOWEST, HIGHEST = 0.05, 200.0
"""the ends of the scale of drift, which is logarithmic; what lies beyond is drawn at the end"""
TICKS = ((0.1, "0.1"), (0.3, "0.3"), (1, "limit"), (3, "3"), (10, "10"), (30, "30"), (100, "100"))
EDGE = 2
"""% of its width between a scale's end and its first dot"""
LANES = (18, 11, 25, 14.5, 21.5, 7.5, 28.5)
"""px from the top of a row at which dots lie, the usual one first; those at one place of the scale take one each"""
GRID = 1.0
"""% of the width that a dot takes"""
HEADS = {
    "model": "By model",
    "tool": "By tool: who ran the model",
    "mask": "By mask: which part of it was editable",
    "month": "By month of the record",
}


def stats(found: Statistics, **_: bool) -> str:
    """A section for each table."""
    from maskproof.gate.certainty import CERTAINTY

    total = found.total
    whole = page(
        "stats.html",
        styles=("list.css", "stats.css"),
        title="maskproof stats",
        asks=f"{counted(len(total.drifts), 'edit')} compared, {total.within} within their limits",
        summary=text.statistics(found),
        certainty=f"{CERTAINTY:.0%}",
        ticks=[(f"{_x(value):.1f}%", word) for value, word in TICKS],
        limit=f"{_x(1):.1f}%",
        tables=[
            {"id": by, "head": HEADS[by], "rows": [_row(one) for one in groups]} for by, groups in found.tables.items()
        ],
    )
    return "".join(whole)


def _row(one: Edits) -> dict[str, Any]:
    def shown(drift: float | None) -> str:
        return "" if drift is None else f"{drift:.2f}"

    return {
        "name": text.safe(one.name),
        "edits": len(one.drifts),
        "within": "" if one.share is None else f"{one.within} ({one.share:.0%})",
        "at_least": f"{one.at_least:.0%}",
        "median": shown(one.median),
        "largest": shown(one.largest),
        "accepted": one.accepted,
        "uncompared": one.uncompared,
        "middle": "" if one.median is None else f"{_x(one.median):.1f}%",
        "dots": list(_dots(one.drifts)),
    }


def _dots(drifts: tuple[float, ...]) -> Iterator[tuple[str, float, bool]]:
    """Where each edit's dot lies, and whether that is beyond the limit; where no lane is free, a dot covers another."""
    taken: dict[int, int] = {}
    for drift in drifts:
        place = round(_x(drift) / GRID)
        lane = taken.get(place, 0)
        taken[place] = lane + 1
        if lane < len(LANES):
            yield f"{place * GRID:.0f}%", LANES[lane], drift > 1


def _x(drift: float) -> float:
    """The place of a drift on the scale, % of its width."""
    within = min(max(drift, LOWEST), HIGHEST)
    return EDGE + (100 - 2 * EDGE) * math.log(within / LOWEST) / math.log(HIGHEST / LOWEST)
