"""Reports as plain values, and back: what travels in a file of JSON and loses nothing but the facts behind it."""

from __future__ import annotations

import sys
from typing import Any

from msgspec.structs import replace

from maskproof.model import (
    Acceptance,
    Basis,
    Box,
    ChainStep,
    Evidence,
    Finding,
    ImageReport,
    Judged,
    Metric,
    RegionDrift,
    Severity,
    Verdict,
    Wording,
    plain,
)


def packed(report: ImageReport) -> dict[str, Any]:
    """A report as JSON holds it, without what led to it."""
    return plain(replace(report, inspection=None))


def unpacked(kept: dict[str, Any]) -> ImageReport:
    """The report of such values.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: they are not what `packed` gave.
    """
    return ImageReport(
        **{
            **kept,
            "verdict": Verdict(kept["verdict"]),
            "basis": Basis(kept["basis"]),
            "findings": tuple(map(_finding, kept["findings"])),
            "regions": tuple(map(_judged, kept["regions"])),
            "evidence": tuple(Evidence(**one) for one in kept["evidence"]),
            "chain": tuple(ChainStep(**one) for one in kept["chain"]),
            "notes": tuple(kept["notes"]),
        }
    )


def _finding(kept: dict[str, Any]) -> Finding:
    accepted = kept["accepted"]
    return Finding(
        **{
            **kept,
            **_places(kept),
            "severity": Severity(kept["severity"]),
            "also": tuple(kept["also"]),
            "about": tuple(kept["about"]),
            "accepted": accepted and Acceptance(**{**accepted, "by": tuple(accepted["by"])}),
        }
    )


def _judged(kept: dict[str, Any]) -> Judged:
    drift = kept["drift"]
    metrics = tuple(Metric(**{**one, **_places(one), **_words(one)}) for one in drift["metrics"])
    return Judged(RegionDrift(**{**drift, "metrics": metrics}), tuple(kept["limits"]))


def _words(kept: dict[str, Any]) -> dict[str, str]:
    """What thousands of metrics share, held once, as where the program itself says it."""
    return {name: sys.intern(kept[name]) for name in ("name", "unit", "rule", "says")}


def _places(kept: dict[str, Any]) -> dict[str, Any]:
    """The members that findings and metrics share."""
    boxes = {name: kept[name] and Box(*kept[name]) for name in ("box", "around")}
    return {**boxes, "text": kept["text"] and Wording(**kept["text"])}
