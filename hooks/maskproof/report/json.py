"""JSON for programs. Paths that are not UTF-8 are written with escapes, so that the report always is.

The functions are those of `report.Writer`; a colour means nothing here.
"""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from maskproof.model import Report, Verdict, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from maskproof.gate.held import Held
    from maskproof.gate.inventory import Entry
    from maskproof.gate.rank import Ranked
    from maskproof.gate.stats import Edits, Statistics
    from maskproof.likeness.model import Matches
    from maskproof.model import Evidence, ImageReport, Judged, Listing, Recorded
    from maskproof.report import shape


def run(report: Report, **_: bool) -> Iterator[str]:
    """A whole run."""
    whole: shape.Run = {"maskproof": 1, "summary": _summary(report), "images": [], "notes": list(report.notes)}
    lists = {"images": map(_image, report.images)}
    if report.shard is None:
        return pieces(whole, lists)
    from maskproof.gate.packed import packed  # the gate's own

    whole["shard"] = {**plain(report.shard), "own": list(report.own), "exact": []}  # type: ignore[typeddict-item]
    return pieces(whole, {**lists, "exact": map(packed, report.images)})


joined = run


def image(report: ImageReport, **_: bool) -> str:
    """One comparison."""
    return serialized(_image(report))


def _image(report: ImageReport) -> shape.Image:
    """Findings and evidence have the keys of their fields, a box is [x, y, width, height]."""
    return {
        "path": report.path,
        "verdict": report.verdict,
        "drift": None if report.drift is None else round(report.drift, 6),
        "findings": [_plain(one) for one in report.findings],
        "regions": [_region(one) for one in report.regions],
        "basis": report.basis,
        "ground": report.basis,  # its name until 0.1
        "evidence": [_plain(one) for one in report.evidence],
        "original": _plain(report.original),
        "mask": _plain(report.mask),
        "chain": [{"path": one.path, "drift": round(one.drift, 6)} for one in report.chain],
    }


def explanation(report: ImageReport, **_: bool) -> str:
    """One comparison with the steps that led to it."""
    from maskproof.report import trace  # loads the gate

    steps = [{"stage": stage, "text": said, "said": said} for stage, said in trace.steps(report)]
    return serialized({**_image(report), "steps": steps})


def signals(evidence: tuple[Evidence, ...], **_: bool) -> str:
    """What a file's own metadata says, summed up and each signal by itself."""
    from maskproof import evidence as summed

    return serialized(
        {
            "ai": summed.is_ai(evidence),
            "edit": summed.is_edit(evidence),
            "generator": summed.generator(evidence),
            "parent": summed.parent(evidence),
            "mask": summed.mask(evidence),
            "evidence": [plain(one) for one in evidence],
        }
    )


def matches(result: Matches, **_: bool) -> str:
    """The pictures that are most similar to one."""
    return serialized(
        {
            "maskproof": 1,
            "path": result.path,
            "nearest": [
                {
                    "paths": list(one.paths),
                    "blob": one.oid,
                    "in": "tree" if one.oid in result.tree else "history",
                    "distance": one.distance,
                    "of": 256,
                    "bits": one.bits,
                    "how": one.how,
                    "kept": one.kept,
                    "alike": one.alike,
                }
                for one in result.nearest
            ],
            "same": list(result.same),
            "copies": list(result.copies),
            "compared": result.looked_at,
            "unhashed": [{"path": path, "reason": reason} for path, reason in result.unhashed],
            "next": result.next_step or None,
            "notes": list(result.notes),
        }
    )


def approvals(listing: Listing, **_: bool) -> str:
    """Every approval and what has become of it, then the baseline."""
    return serialized({"maskproof": 1, **plain(listing)})


def areas(held: Held, **_: bool) -> str:
    """Everything that is protected in one picture, in the order of its preview; boxes in pixels of `in`."""
    rows = [
        {
            "name": one.region.name,
            "kind": one.region.kind,
            "source": one.source,
            "box": one.box,
            "share": round(one.share, 6),
        }
        for one in held.areas
    ]
    outside = None if held.opened is None else round(1 - float(held.opened.mean()), 6)
    return serialized(
        {
            "maskproof": 1,
            "path": held.path,
            "in": held.shown,
            "size": held.picture.size,
            "mask": held.mask or None,
            "outside_mask": outside,
            "areas": rows,
            "problems": [{"reason": reason, "advice": advice} for reason, advice in held.problems],
            "notes": list(held.notes),
        }
    )


def status(pictures: Iterable[Recorded], **_: bool) -> Iterator[str]:
    """A list that is written as it comes; its summary follows it."""
    counts = dict.fromkeys(Verdict, 0)

    def rows() -> Iterator[dict[str, Any]]:
        for one in pictures:
            counts[one.verdict] += 1
            yield _recorded(one)

    yield '{\n  "maskproof": 1,\n  "pictures": '
    yield from listed(rows(), "  ")
    summary = {
        "pictures": sum(counts.values()),
        "passed": counts[Verdict.PASS],
        "blocked": counts[Verdict.BLOCK],
        "unjudged": counts[Verdict.UNJUDGED],
    }
    yield f',\n  "summary": {textwrap.indent(serialized(summary), "  ").strip()}\n}}\n'


def stats(found: Statistics, **_: bool) -> str:
    """All edits, and the groups of each table in their order."""
    from maskproof.gate.certainty import CERTAINTY

    by = {key: [_group(one) for one in groups] for key, groups in found.tables.items()}
    total = _group(found.total)
    return serialized({"maskproof": 1, "certainty": CERTAINTY, "total": total, "by": by, "others": found.others})


def _group(one: Edits) -> dict[str, Any]:
    return {
        "name": one.name,
        "edits": len(one.drifts),
        "within": one.within,
        "share": _rounded(one.share),
        "at_least": _rounded(one.at_least),
        "median": _rounded(one.median),
        "largest": _rounded(one.largest),
        "accepted": one.accepted,
        "not_compared": one.uncompared,
        "drifts": [_rounded(drift) for drift in one.drifts],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def inventory(found: Iterable[Entry], **_: bool) -> Iterator[str]:
    """`{"maskproof": 1, "pictures": […]}`."""
    yield '{"maskproof": 1, "pictures": ['
    for number, one in enumerate(found):
        yield (",\n" if number else "\n") + json.dumps(plain(one))
    yield "\n]}\n"


def _recorded(one: Recorded) -> dict[str, Any]:
    return {**plain(one), "drift": None if one.drift is None else round(one.drift, 6)}


def ranking(candidates: tuple[Ranked, ...], advice: tuple[str, ...], **_: bool) -> str:
    """Candidates in their order; `worst` is the finding that the table shows."""
    rows = [{"rank": one.rank, "worst": one.worst and plain(one.worst), **_image(one.report)} for one in candidates]
    report = Report(tuple(one.report for one in candidates))
    notes = list(dict.fromkeys(note for one in report.images for note in one.notes))
    return serialized(
        {"maskproof": 1, "summary": _summary(report), "candidates": rows, "advice": list(advice), "notes": notes}
    )


def _plain(value: Any) -> Any:
    """A value as JSON holds it, of which `shape` has the type."""
    return plain(value) if isinstance(value, Struct) else value


def _summary(report: Report) -> shape.Summary:
    images, compared, blocked, unjudged = report.counts()
    return {"images": images, "compared": compared, "blocked": blocked, "unjudged": unjudged}


def _region(one: Judged) -> shape.MeasuredRegion:
    rows = zip(one.drift.metrics, one.limits, strict=True)
    return {
        "name": one.drift.name,
        "kind": one.drift.kind,
        "metrics": {
            metric.name: {
                "value": round(metric.value, 6),
                "unit": metric.unit,
                "limit": limit,
                "box": metric.box,
                "around": metric.around,
                "text": _plain(metric.text),
            }
            for metric, limit in rows
        },
    }


def pieces(tree: Any, lists: Mapping[str, Iterable[Any]]) -> Iterator[str]:
    """A tree as the text of a report, in pieces: its long lists member by member.

    Args:
        tree: With an empty list in the place of each.
        lists: Their members by their keys, in the order of the tree.
    """
    text = serialized(tree)
    for key, members in lists.items():
        head, text = text.split(f'"{key}": []', 1)  # nothing else reads so: a quote within a text is escaped
        yield f'{head}"{key}": '
        yield from listed(members, head[head.rfind("\n") + 1 :])
    yield text


def listed(members: Iterable[Any], indent: str = "") -> Iterator[str]:
    """A list as it stands in a report, behind so much room, member by member."""
    opened = "["
    for one in members:
        inner = serialized(one).rstrip("\n").replace("\n", f"\n{indent}  ")
        yield f"{opened}\n{indent}  {inner}"
        opened = ","
    yield "[]" if opened == "[" else f"\n{indent}]"


def serialized(tree: Any) -> str:
    """A tree as the text of a report, with nothing in it that a terminal or a CI runner would act on."""
    # ensure_ascii keeps terminal escapes and bidirectional controls out of logs; lone surrogates become \udcXX. What CI
    # runners take for a command anywhere in a line can only stand in a text, so that an escape means the same.
    text = json.dumps(tree, indent=2, ensure_ascii=True, allow_nan=False)
    return text.replace("##[", "\\u0023#[").replace("##vso[", "\\u0023#vso[") + "\n"
