"""The shape of the JSON report of `check`: the same types give its JSON Schema and hold the code that writes it.

Findings and evidence have the members of `model.Finding` and `model.Evidence`; a box is [x, y, width, height] in pixels
of the original. A newer version may add members, so a reader passes over those that it does not know.
"""

from typing import Any, Literal, NotRequired, TypedDict

from maskproof.documents import schema_of
from maskproof.model import Basis, Box, Evidence, Finding, Verdict, Wording


class Summary(TypedDict):
    """How many images were looked at, compared, blocked and not judged."""

    images: int
    compared: int
    blocked: int
    unjudged: int


class MeasuredMetric(TypedDict):
    """One number and its limit; null: it has none."""

    value: float
    unit: str
    limit: float | None
    box: Box | None
    around: Box | None
    text: Wording | None


class MeasuredRegion(TypedDict):
    """One protected region, or (`frame`) the whole picture, with its metrics by name."""

    name: str
    kind: str
    metrics: dict[str, MeasuredMetric]


class Step(TypedDict):
    """One picture of a chain of edits."""

    path: str
    drift: float


class Place(TypedDict, total=False):
    """The file of an original or a mask: where it lies, its digest, where it was found; of a mask its mode."""

    path: str
    sha256: str
    found: str
    mode: Literal["alpha", "white", "black"]


class Image(TypedDict):
    """The verdict on one image with all that led to it; `drift` is null where nothing was compared."""

    path: str
    verdict: Verdict
    drift: float | None
    findings: list[Finding]
    regions: list[MeasuredRegion]
    basis: Basis
    ground: Basis
    evidence: list[Evidence]
    original: Place | None
    mask: Place | None
    chain: list[Step]


class Shard(TypedDict):
    """Which part of a run it is, and what `maskproof merge-reports` joins; `exact` is read by the same version only."""

    number: int
    of: int
    run: str
    own: list[str]
    exact: list[dict[str, Any]]


class Run(TypedDict):
    """The whole report, or with `shard` that of one part."""

    maskproof: Literal[1]
    summary: Summary
    images: list[Image]
    notes: list[str]
    shard: NotRequired[Shard]


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the report, made from the types above."""
    return schema_of(Run, "report", "maskproof report")
