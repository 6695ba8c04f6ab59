"""The pages of a gallery: all recorded pictures beside their originals, and one for each of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from maskproof.model import counted
from maskproof.report import html, standing, text
from maskproof.report.html.pages import BESIDE, badge, kinds_of, page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from maskproof.model import ImageReport, Recorded

AT_ONCE = 60
"""pictures that are shown before somebody asks for more: some screens of them"""
ORDERS = (("name", "by name"), ("newest", "newest first"), ("drift", "most drift first"))


class Card(Struct, frozen=True):
    """What the overview keeps of a picture: words, and the names of files."""

    recorded: Recorded
    worst: str
    """what is worst about it; empty: nothing was found"""
    made: tuple[tuple[str, str], ...]
    """what made it, each with its name"""
    accepted: tuple[tuple[str, str], ...]
    """who accepted what, or asks that it be accepted, each with its name"""
    page: str
    """its own page"""
    before: str
    """the picture of what it was compared with; empty: there is none"""
    after: str
    """its own picture; empty: it cannot be shown"""


def card(report: ImageReport, recorded: Recorded, files: tuple[str, str, str]) -> Card:
    """What the overview says of a picture; `files` are its page and both pictures, as `Card` has them."""
    worst = min(
        report.findings, key=lambda one: (one.accepted is not None, standing.rank(one.severity.value)), default=None
    )
    said = text.capitalized(text.sentence(worst)) if worst else ""
    how = dict.fromkeys(text.capitalized(text.acceptance(one.accepted)) for one in report.findings if one.accepted)
    accepted = [("Accepted", text.safe(one)) for one in how] or [("Approval", one) for one in html.approved(report)]
    return Card(recorded, text.safe(said), tuple(html.made(report)), tuple(accepted), *files)


def overview(cards: Sequence[Card], models: Counter[str]) -> Iterator[str]:
    """All pictures, in their order and in pieces; `models` says how many are of each."""
    kinds = [standing.of_recorded(one.recorded) for one in cards]
    asks = f"{counted(len(cards), 'recorded picture')}: {standing.summary(Counter(kinds))}"
    return page(
        "gallery.html",
        styles=("gallery.css",),
        pictures=BESIDE,
        title="maskproof gallery",
        asks=asks,
        kinds=kinds_of(kinds),
        models=[{"name": text.safe(name), "count": count} for name, count in sorted(models.items()) if name],
        orders=ORDERS,
        at_once=AT_ONCE,
        cards=map(_card, cards) if cards else (),
    )


def _card(one: Card) -> dict[str, Any]:
    recorded, status = one.recorded, badge(standing.of_recorded(one.recorded))
    name, day = text.safe(recorded.path), recorded.day or "staged, in no commit yet"
    facts = [("Recorded", day), *one.made, *one.accepted]
    if recorded.origin != "edited":
        facts.insert(0, ("Origin", recorded.origin or "a record that cannot be read"))
    words = " ".join((name, status["word"], one.worst, *recorded.found, *(value for _, value in facts)))
    return {
        "id": one.page.rpartition("/")[2].removesuffix(".html"),
        "name": name,
        "status": status,
        "drift": recorded.drift,
        "model": text.safe(recorded.model),
        "day": recorded.day,
        "worst": one.worst,
        "facts": facts,
        "words": words.lower(),
        "page": one.page,
        "before": one.before,
        "after": one.after,
    }
