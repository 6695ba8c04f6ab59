"""JSON for programs. Paths that are not UTF-8 are written with escapes, so that the report always is.

The functions are those of `report.Writer`; a colour means nothing here.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from maskproof.model import Report, Verdict

if TYPE_CHECKING:
    from maskproof.gate.rank import Ranked
    from maskproof.likeness.model import Matches
    from maskproof.model import Evidence, ImageReport, Judged, Listing


def run(report: Report, **_: bool) -> str:
    """A whole run."""
    images = [_image(one) for one in report.images]
    return serialized({"maskproof": 1, "summary": _summary(report), "images": images, "notes": list(report.notes)})


def image(report: ImageReport, **_: bool) -> str:
    """One comparison."""
    return serialized(_image(report))


def _image(report: ImageReport) -> dict[str, Any]:
    """Findings and evidence have the keys of their fields, a box is [x, y, width, height]."""
    return {
        "path": report.path,
        "verdict": report.verdict.value,
        "drift": None if report.drift is None else round(report.drift, 6),
        "findings": [asdict(one) for one in report.findings],
        "regions": [_region(one) for one in report.regions],
        "basis": report.basis.value,
        "ground": report.basis.value,  # its name until 0.1
        "evidence": [asdict(one) for one in report.evidence],
        "original": report.original,
        "mask": report.mask,
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
            "evidence": [asdict(one) for one in evidence],
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
            "compared": result.looked_at,
            "unhashed": [{"path": path, "reason": reason} for path, reason in result.unhashed],
            "next": result.next_step or None,
            "notes": list(result.notes),
        }
    )


def approvals(listing: Listing, **_: bool) -> str:
    """Every approval and what has become of it, then the baseline."""
    return serialized({"maskproof": 1, **asdict(listing)})


def ranking(candidates: tuple[Ranked, ...], advice: tuple[str, ...], **_: bool) -> str:
    """Candidates in their order; `worst` is the finding that the table shows."""
    rows = [{"rank": one.rank, "worst": one.worst and asdict(one.worst), **_image(one.report)} for one in candidates]
    report = Report(tuple(one.report for one in candidates))
    notes = list(dict.fromkeys(note for one in report.images for note in one.notes))
    return serialized(
        {"maskproof": 1, "summary": _summary(report), "candidates": rows, "advice": list(advice), "notes": notes}
    )


def _summary(report: Report) -> dict[str, int]:
    return {
        "images": len(report.images),
        "compared": report.compared,
        "blocked": report.count(Verdict.BLOCK),
        "unjudged": report.count(Verdict.UNJUDGED),
    }


def _region(one: Judged) -> dict[str, Any]:
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
                "text": metric.text and asdict(metric.text),
            }
            for metric, limit in rows
        },
    }


def serialized(tree: Any) -> str:
    """A tree as the text of a report, with nothing in it that a terminal or a CI runner would act on."""
    # ensure_ascii keeps terminal escapes and bidirectional controls out of logs; lone surrogates become \udcXX. What CI
    # runners take for a command anywhere in a line can only stand in a text, so that an escape means the same.
    text = json.dumps(tree, indent=2, ensure_ascii=True, allow_nan=False)
    return text.replace("##[", "\\u0023#[").replace("##vso[", "\\u0023#vso[") + "\n"
