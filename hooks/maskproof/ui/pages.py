"""What the page shows: the overview, one picture with all that can be done about it, and the parts that are asked for.

The pictures, the viewer and the findings are those of the report (`report.html`), from the same templates.
"""

from __future__ import annotations

import functools
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskproof.errors import UsageError
from maskproof.gate.inspection import Inspection, Original, attempt
from maskproof.gate.tried import tried as judged_both_ways
from maskproof.gate.verdict import ratio
from maskproof.model import AREA_KINDS, Level, Verdict, amount, counted
from maskproof.policy.limits import ROWS
from maskproof.recording.protecting import own_areas
from maskproof.recording.sources import propose_source
from maskproof.records.sidecar import Record
from maskproof.report import html, text
from maskproof.report.html.pages import environment
from maskproof.report.standing import STANDINGS
from maskproof.report.text import safe
from maskproof.ui.actions import word
from maskproof.ui.desk import STATES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from maskproof.model import ImageReport
    from maskproof.ui.actions import Limits, Ran
    from maskproof.ui.desk import Item, View

HERE = Path(__file__).parent
SHARED = Path(html.__file__).parent
ASSETS = {
    "house.css": ("text/css; charset=utf-8", SHARED),
    "page.css": ("text/css; charset=utf-8", SHARED),
    "list.js": ("text/javascript; charset=utf-8", SHARED),
    "page.js": ("text/javascript; charset=utf-8", SHARED),
    "ui.css": ("text/css; charset=utf-8", HERE),
    "ui.js": ("text/javascript; charset=utf-8", HERE),
}
"""the files that pages load: what they are, and the folder they lie in"""
NEAREST = 5
"""limits that are shown at once: those that a picture is nearest to, or most over"""
MODES = {"alpha": "what is transparent", "white": "what is white", "black": "what is black"}
"""which part of a mask is open, in words"""


@functools.cache
def asset(name: str) -> bytes:
    """A file that pages load."""
    return (ASSETS[name][1] / name).read_bytes()


def _drawn(name: str, **given: Any) -> bytes:
    page = environment(HERE).get_template(name).render(**given)
    return page.encode("utf-8", "backslashreplace")


def index(view: View, ran: Iterable[Ran]) -> bytes:
    """The overview: every picture, to be judged one after the other, and what else is not staged."""
    count = counted(len(view.items), "picture")
    return _drawn(
        "index.html",
        up="",
        item=None,
        asks=f"{count} to look at" if view.items else "No picture has changed",
        items=[_named(one) for one in view.items],
        others=[_named(one) for one in view.others],
        kinds=[{"id": name, "word": said} for name, (said, _) in STANDINGS.items()],
        ran=ran,
    )


def card(view: View, item: Item, _: Iterable[Ran]) -> bytes:
    """One picture of the overview, judged."""
    return _drawn("card.html", one=html.described(view.report(item)), item=_named(item))


def picture(view: View, item: Item, ran: Iterable[Ran]) -> bytes:
    """One picture, and what can be done about it."""
    report, at = view.report(item), view.items.index(item)
    around = (view.items[at - 1] if at else None, view.items[at + 1] if at + 1 < len(view.items) else None)
    settings = view.scope.settings(item.path)
    return _drawn(
        "picture.html",
        up="../",
        asks="",
        one=html.described(report),
        item=_named(item),
        count=len(view.items),
        previous=around[0],
        next=around[1],
        own_areas=[(safe(area.name), area.name, area.kind, area.box) for area in _own_areas(view, item)],
        kinds=AREA_KINDS,
        levels=[(one.value, one is settings.level) for one in Level],
        limits=_limits(report),
        nearest=NEAREST,
        tracked=[safe(one) for one in view.tracked if one != item.path and _is_text(one)],
        modes=MODES.items(),
        record=_record(view, item),
        can_restore=_compared(report),
        asking=_asking(report, item),
        ran=ran,
    )


def proposal(view: View, item: Item, _: Iterable[Ran]) -> bytes:
    """What a picture was probably made from, with the reasons."""
    data = view.scope.change.head.read(item.path)
    if data is None:
        raise UsageError(f"{item.path} is gone", "Bring it back first.")
    found = propose_source(view.scope, item.path, data, trusted=not view.scope.change.in_ci)
    return _drawn("proposal.html", found=found, copies=[safe(one) for one in found.copies])


def tried(view: View, item: Item, asked: Limits) -> bytes:
    """A picture judged by policy and as asked."""
    limits = {_row(name): value for name, value in asked.limits.items()}
    found = judged_both_ways(view.scope, item.path, Level(asked.level) if asked.level else None, limits)
    rows = [
        (safe(name), metric.name, amount(metric.value, metric.unit), before, after)
        for name, metric, before, after in text.other_limits(found)
    ]
    return _drawn(
        "tried.html",
        by_policy=_standing(found.by_policy),
        asked=_standing(found.asked),
        rows=rows,
        findings=[safe(text.capitalized(text.sentence(one))) for one in found.asked.findings if one.accepted is None],
    )


def command(ran: Ran) -> bytes:
    """A command that was run."""
    return _drawn("ran.html", ran=[ran])


def _named(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": safe(item.path),
        "state": STATES[item.state],
        "loose": [safe(one) for one in item.loose],
    }


def _standing(report: ImageReport) -> dict[str, str]:
    return {**html.described(report)["status"], "drift": "" if report.drift is None else f"{report.drift:.2f}"}


def _row(name: str) -> tuple[str, str]:
    kind, _, metric = name.rpartition(".")
    if (kind, metric) not in ROWS:
        raise UsageError(f"there is no limit {name!a}", "Choose one of those that are listed.")
    return kind, metric


def _limits(report: ImageReport) -> list[dict[str, Any]]:
    """The limits that can stop a picture, the ones that it is most over, or nearest to, first."""
    found: dict[str, dict[str, Any]] = {}
    for region in report.regions:
        for metric, limit in zip(region.drift.metrics, region.limits, strict=True):
            row = ROWS.get((region.drift.kind, metric.name))
            if limit is None or row is None or row.warns:
                continue
            name, share = f"{row.kind}.{row.metric}", ratio(metric.value, limit)
            if name not in found or share > found[name]["share"]:
                value = amount(metric.value, metric.unit)
                found[name] = {"name": name, "value": value, "limit": limit, "unit": metric.unit, "share": share}
    return sorted(found.values(), key=lambda row: -row["share"])


def _own_areas(view: View, item: Item) -> list[Any]:
    return [area for area in own_areas(view.scope.change.repository, item.path) if area.box]


def _record(view: View, item: Item) -> dict[str, str]:
    """What the record says already, for the fields of the form."""
    found = attempt(view.scope.ledger.record, item.path)
    if not isinstance(found, Record):
        return {"there": "", "origin": "edited", "original": "", "mask": "", "mode": ""}
    return {
        "there": "yes",
        "origin": found.origin,
        "original": found.original.path if found.original else "",
        "mask": found.mask.path if found.mask else "",
        "mode": (found.mask.mode or "") if found.mask else "",
    }


def _compared(report: ImageReport) -> bool:
    found = report.inspection
    return isinstance(found, Inspection) and isinstance(found.inputs.reference, Original)


def _asking(report: ImageReport, item: Item) -> str:
    """What to send to a colleague; empty: there is nothing to approve."""
    found = [one for one in report.findings if one.accepted is None]
    if report.verdict is not Verdict.BLOCK or not found:
        return ""
    said = [f"- {text.capitalized(text.sentence(one))}." for one in found]
    approve = shlex.join(["maskproof", "approve", word(item.path), "--reason", "WHY IT IS RIGHT"])
    lines = [
        f"Please look at {item.path}. maskproof stops it:",
        *said,
        "If it is right as it is, check out this branch and run, with your own reason:",
        f"  {approve}",
        "then commit the file that it writes. I cannot approve my own change.",
    ]
    return "\n".join(map(safe, lines))


def _is_text(path: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in path)
