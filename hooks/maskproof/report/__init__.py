"""Reports: one function a format, one row in `FORMATS`. A new format is a module and a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.report import json, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.gate.rank import Ranked
    from maskproof.likeness.model import Matches
    from maskproof.model import Evidence, ImageReport, Report

FORMATS: dict[str, tuple[Callable[..., str], Callable[..., str]]] = {
    "text": (text.run, text.image),
    "json": (json.run, json.image),
}
"""for each format: how a run of `check` and how one comparison is written; both take `color` by keyword"""


def run(report: Report, style: str, *, color: bool = False) -> str:
    """A whole run in one format, with a newline at its end."""
    return FORMATS[style][0](report, color=color)


def image(report: ImageReport, style: str, *, color: bool = False) -> str:
    """One comparison in one format, with a newline at its end."""
    return FORMATS[style][1](report, color=color)


def explanation(report: ImageReport, style: str, *, color: bool = False) -> str:
    """One image with every step that led to its verdict."""
    return json.explanation(report) if style == "json" else text.explanation(report, color=color)


def marks(evidence: tuple[Evidence, ...], style: str) -> str:
    """What the marks of a plain file say."""
    return json.marks(evidence) if style == "json" else text.marks(evidence)


def found(result: Matches, style: str) -> str:
    """The pictures that are most like one."""
    return json.found(result) if style == "json" else text.found(result)


def ranking(candidates: tuple[Ranked, ...], advice: tuple[str, ...], style: str, *, color: bool = False) -> str:
    """The table of several candidates for one edit and what to do next, with a newline at its end."""
    return json.ranking(candidates, advice) if style == "json" else text.ranking(candidates, advice, color=color)


def summary(report: Report) -> str:
    """The line that ends every run of `check`."""
    return text.summary(report)


def conclusion(report: ImageReport) -> str:
    """The line that sums up one comparison."""
    return text.conclusion(report, color=False)
