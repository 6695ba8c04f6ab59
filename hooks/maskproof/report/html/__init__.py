"""A page for people: every image beside what it was compared with, where they differ, and what follows.

One file that needs nothing else: its style and its script are in it, named by their digests in a Content Security
Policy that lets nothing be loaded from anywhere, and every word that comes from a file is escaped by the template
engine (Jinja). The pictures are those of `shown`, so no metadata of a file travels with them.
"""

from __future__ import annotations

import base64
import re
import shlex
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from maskproof.model import Report, Verdict, amount, counted, place
from maskproof.report import issues, standing, text
from maskproof.report.folder import COMMAND
from maskproof.report.html.pages import badge, kinds_of, page
from maskproof.report.html.stats import stats
from maskproof.report.html.tables import inventory, status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from maskproof.gate.rank import Ranked
    from maskproof.gate.scene import Scene
    from maskproof.model import Evidence, Finding, ImageReport, Judged, Metric
    from maskproof.report.shown import Drawn, Place

__all__ = ["described", "draw", "explanation", "image", "inventory", "ranking", "run", "signals", "stats", "status"]

Parts = list[tuple[str, str]]
"""a sentence in pieces, each `text`, `command` (to be copied) or `code`"""
CODE = re.compile(r"`([^`]+)`")
TO_SEE = re.compile(
    r"(?:See where: `maskproof view [^`]+`|See it: the same command with [^.]*(?:\.png[^.]*)?)\. ?(?:Then )?"
)
"""advice to make what the reader has before them"""
MODES = (
    ("slider", "Slider"),
    ("side", "Side by side"),
    ("onion", "Onion skin"),
    ("blink", "Blink"),
    ("difference", "Difference"),
)
"""ways to show two pictures"""
SCALE, BEYOND = 60, 3
"""length of a scale up to the limit, and how many times that it reaches"""
MARKS = "evidence"
"""the step that has a part of the page to itself: marks, the chain of Content Credentials, its signers"""
LETTERS = 40
"""the part of a picture's long side that the name of an area is as high as"""


def draw(report: ImageReport, scene: Scene) -> Drawn | None:
    """What the page shows of one image; None: nothing. Is a `gate.scene.Draw`."""
    from maskproof.report import shown  # loads the engine

    return shown.draw(report, scene)


def run(report: Report, **_: bool) -> Iterator[str]:
    """A whole run, the gravest first."""
    ranks = [standing.rank(standing.of(one)) for one in report.images]
    order = sorted(range(len(ranks)), key=ranks.__getitem__)
    return _page("maskproof report", report, issues.asks(report), order=order)


def image(report: ImageReport, **_: bool) -> str:
    """One comparison."""
    return "".join(_page("maskproof report", Report((report,), report.notes), text.conclusion(report)))


def detail(report: ImageReport, back: str) -> str:
    """One image on a page of its own, beside the page that lists it with others, which lies at `back`."""
    return "".join(_page("maskproof gallery", Report((report,)), text.conclusion(report), back=back))


def explanation(report: ImageReport, **_: bool) -> str:
    """One image with every step; the page of a comparison has them as well."""
    return image(report)


def signals(evidence: tuple[Evidence, ...], **_: bool) -> str:
    """What a file's own metadata says: the sentences of the text report, for a file that nothing is compared with."""
    first, *more = text.signals(evidence).splitlines()
    notes = tuple(line.strip().removesuffix(".") for line in more)
    return "".join(_page("maskproof explain", Report((), notes), first))


def ranking(candidates: tuple[Ranked, ...], advice: tuple[str, ...], **_: bool) -> str:
    """Several candidates for one edit, best first."""
    reports = tuple(one.report for one in candidates)
    notes = tuple(dict.fromkeys(note for one in reports for note in one.notes))
    sentences = [advice[0], *(f"`{command}`" for command in advice[1:])] if advice else []
    count = f"{counted(len(candidates), 'candidate')}, best first"
    ranks = [one.rank for one in candidates]
    return "".join(_page("maskproof rank", Report(reports, notes), count, sentences, ranks))


def _page(
    title: str,
    report: Report,
    asks: str,
    advice: Sequence[str] = (),
    ranks: Sequence[int | None] = (),
    back: str = "",
    order: Sequence[int] | None = None,
) -> Iterator[str]:
    """A page in pieces: its images one by one, in an order of their numbers; None: as they come."""
    images = Described(report.images, range(len(report.images)) if order is None else order, ranks)
    return page(
        "page.html",
        scripts=("list.js", "page.js"),
        styles=("page.css",),
        title=title,
        back=back,
        asks=text.safe(asks),
        images=images,
        kinds=kinds_of([standing.of(one) for one in report.images]),
        advice=[_parts(one) for one in advice],
        notes=[_parts(text.full_stop(note)) for note in report.notes],
        summary=text.summary(report) if report.images else "",
    )


class Described(Struct, frozen=True):
    """The images of a page, each described anew when the template comes to it."""

    images: Sequence[ImageReport]
    order: Sequence[int]
    """their numbers, as they are shown"""
    ranks: Sequence[int | None]
    """the rank of each; empty: they have none"""

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for at in self.order:
            yield {**described(self.images[at]), "rank": self.ranks[at] if self.ranks else None}


def described(report: ImageReport) -> dict[str, Any]:
    """What the templates say and show of one image."""
    drawn: Drawn | None = report.shown.get(__name__)  # type: ignore[assignment]  # what `draw` made
    places = drawn.places if drawn else (None,) * len(report.findings)
    found = [_finding(*one) for one in zip(report.findings, places, strict=True)]
    shown = badge(standing.of(report))
    name, other = text.safe(report.path), text.safe(str((report.original or {}).get("path") or "the original"))
    worst = min(found, key=lambda one: standing.rank(one["status"]["id"]), default=None)
    said = text.capitalized(worst["sentence"]) if worst else "Nothing was found."
    steps = _steps(report)
    words = " ".join((name, shown["word"], *(f"{one['rule']} {one['sentence']}" for one in found)))
    return {
        "name": name,
        "status": shown,
        "rank": None,
        "words": words.lower(),
        "worst": said,
        "drift": "" if report.drift is None else f"Drift {report.drift:.2f}; the limit is 1.",
        "findings": found,
        "has_places": any(one["box"] for one in found),
        "nothing": "Nothing that is protected changed more than its limit allows." if report.drift is not None else "",
        "advice": [_parts(one) for one in _advice(report)],
        "commands": [(what, _parts(f"`{command}`")) for what, command in _commands(report)],
        "made": made(report),
        "approvals": approved(report),
        "regions": [_region(one) for one in report.regions],
        "says": [_parts(one) for one in steps.pop(MARKS, ())],
        "steps": [(stage, [_parts(one) for one in said]) for stage, said in steps.items()],
        "left": [_parts(one) for one in _left(report)],
        "compared_with": other,
        **_pictures(drawn),
    }


def _pictures(drawn: Drawn | None) -> dict[str, Any]:
    """What there is to see, the pictures as base64."""
    from maskproof.report import drawing

    if drawn is None:
        return {"drawn": False, "small": "", "areas": [], "size": (1, 1), "before": "", "modes": [], "panes": []}
    names = ("small", "before", "after", "shipped", "change", "protected", "edges")
    both = bool(drawn.before and drawn.after)
    modes = [*(MODES if both else MODES[:1]), *([("shipped", "As shipped")] if drawn.shipped else [])]
    return {
        "drawn": True,
        "size": drawn.size,
        "small_size": drawing.fit(drawn.size, (280, 200)),
        "areas": [(text.safe(name), box) for name, box in drawn.areas],
        "letters": max(drawn.size) // LETTERS,
        "levels": (drawing.FAINTEST, drawing.BRIGHTEST),
        "modes": modes,
        "panes": ("main", "second") if both else ("main",),
        **{name: _base64(getattr(drawn, name)) for name in names},
    }


def _finding(one: Finding, shown: Place | None) -> dict[str, Any]:
    from maskproof.policy.rules import RULES  # loads much, and the command line asks every writer what it has

    sentence = text.safe(text.sentence(one))
    return {
        "rule": one.rule,
        "title": RULES[one.rule].title.removesuffix("."),
        "status": badge(standing.of_finding(one)),
        "sentence": sentence,
        "says": _parts(text.full_stop(text.capitalized(text.sentence(one)))),
        "box": one.box,
        "accepted": text.safe(text.capitalized(text.acceptance(one.accepted))) if one.accepted else "",
        "place": {"before": _base64(shown.before), "after": _base64(shown.after)} if shown else None,
        **_scale(one.value, one.limit, at_least=one.value is not None and one.limit is not None and _under(one)),
    }


def _under(one: Finding) -> bool:
    """Was a limit not reached, which is one from below?"""
    return one.value is not None and one.limit is not None and one.value < one.limit


def _scale(value: float | None, limit: float | None, *, at_least: bool) -> dict[str, Any]:
    """Where a value stands against its limit: 1 is at the limit."""
    from maskproof.gate.verdict import ratio  # loads the engine

    if value is None or limit is None:
        return {"ratio": None, "over": False}
    times = ratio(limit, value) if at_least else ratio(value, limit)
    said = f"{times:.2g} times the limit" if times > 1 else f"{max(times, 0):.0%} of the limit"
    return {
        "ratio": times,
        "times": f"under the limit: {value:.2g} of at least {limit:.2g}" if at_least and times > 1 else said,
        "over": times > 1,
        "length": round(min(max(times, 0), BEYOND) * SCALE, 1),
    }


def _region(region: Judged) -> dict[str, Any]:
    name = "The whole frame" if region.drift.kind == "frame" else f"{region.drift.name} ({region.drift.kind})"
    rows = zip(region.drift.metrics, region.limits, strict=True)
    return {"name": text.safe(name), "rows": [_metric(region.drift.kind, *one) for one in rows]}


def _metric(kind: str, metric: Metric, limit: float | None) -> dict[str, Any]:
    from maskproof.policy.limits import ROWS

    row = ROWS.get((kind, metric.name))
    return {
        "name": metric.name,
        "value": amount(metric.value, metric.unit),
        "limit": text.limit(kind, metric, limit),
        "where": place(metric.box, metric.around),
        **_scale(metric.value, limit, at_least=bool(row and row.at_least)),
    }


def _parts(sentence: str) -> Parts:
    """A sentence, the commands in it apart."""
    pieces = CODE.split(sentence)
    kinds = (
        "command" if COMMAND.fullmatch(f"`{one}`") else "code" if at % 2 else "text" for at, one in enumerate(pieces)
    )
    return [(kind, text.safe(one)) for kind, one in zip(kinds, pieces, strict=True) if one]


def _advice(report: ImageReport) -> Iterable[str]:
    """What to do, once each; not to look at what this page shows."""
    said = (one.advice for one in report.findings if one.advice and one.accepted is None)
    return dict.fromkeys(text.capitalized(TO_SEE.sub("", one)) for one in said)


def _commands(report: ImageReport) -> Iterator[tuple[str, str]]:
    """What can be done about an edit that drifted, of which Git knows."""
    from maskproof.gate.inspection import Inspection, Original

    found = report.inspection
    if report.verdict is not Verdict.BLOCK or not isinstance(found, Inspection) or found.inputs.change is None:
        return
    reference = found.inputs.reference
    if not isinstance(reference, Original) or reference.mask is None:
        return
    mode = ["--mask-mode", reference.mask_mode] if reference.mask_mode else []
    again = ["maskproof", "edit", reference.original.path, "--mask", reference.mask.path, *mode]
    yield "Edit again", shlex.join([*again, "-o", report.path, "--force", "--prompt", "WHAT TO CHANGE"])
    accept = shlex.join(["maskproof", "approve", report.path, "--reason", "WHY"])
    if not any(f"`{accept}`" in one for one in _advice(report)):
        yield "Accept it as it is, which somebody else has to do", accept


def made(report: ImageReport) -> list[tuple[str, str]]:
    """What its record says made it, each with its name."""
    from maskproof.gate.inspection import Inspection

    found = report.inspection
    tool = found.inputs.tool if isinstance(found, Inspection) else None
    if tool is None:
        return []
    digest = f"kept as its SHA-256 digest {tool.prompt_sha256[:16]}…" if tool.prompt_sha256 else ""
    said = {"Made with": " ".join(filter(None, (tool.provider, tool.model))), "Prompt": tool.prompt or digest}
    return [(name, text.safe(" ".join(value.split()))) for name, value in said.items() if value]


def approved(report: ImageReport) -> list[str]:
    """Who approved what is found in an image, and why."""
    return [text.safe(one) for one in _approvals(report)]


def _approvals(report: ImageReport) -> Iterator[str]:
    from maskproof.gate.inspection import Inspection

    found = report.inspection
    for one in found.inputs.sign_offs if isinstance(found, Inspection) else ():
        answered = ", ".join(dict.fromkeys(answer.rule for answer in one.approved.findings))
        ends = f", until {one.expires}" if one.expires else ""
        standing = one.standing.how or one.standing.why or "nobody else has to approve here"
        yield f"{one.by or 'somebody'}, {answered}: {one.reason} ({one.file}{ends}; {standing})"


def _steps(report: ImageReport) -> dict[str, list[str]]:
    from maskproof.report import trace

    steps: dict[str, list[str]] = {}
    for stage, said in trace.steps(report):
        steps.setdefault(stage, []).append(said)
    return steps


def _left(report: ImageReport) -> Iterator[str]:
    """What was not compared, and why."""
    from maskproof.gate.inspection import Inspection

    found = report.inspection
    pair = found.compared.pair if isinstance(found, Inspection) else None
    if pair is not None:
        left = pair.uncompared
        shares = (
            (left.mask, "because the mask opens it"),
            (left.border, "the border of the mask where it outgrows what is open"),
            (left.crop, "because the recorded crop cuts it away"),
            (left.padding, "because it was padded around the original"),
        )
        for share, why in shares:
            if share > 0:
                yield f"{share:.1%} of the picture, {why}"
    if isinstance(found, Inspection) and found.comparison_failure is not None:
        yield found.comparison_failure.reason
    yield from report.notes


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
