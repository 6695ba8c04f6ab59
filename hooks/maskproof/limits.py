"""How far each metric may go: one row a metric, with its limit at each level.

A policy may set its own number for a row (`[limits.brand]`, then `colour_area = 0.01`). Nothing else decides
between pass and block. The data behind the numbers stands in docs/limits.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskproof.model import Level


@dataclass(frozen=True, slots=True)
class Limit:
    """A metric of one kind of region, and how far it may go."""

    kind: str
    """outside-mask, brand, text, face, product, or `frame` for the picture as a whole"""
    metric: str
    unit: str
    visual: float | None
    """None: measured and shown, never blocks"""
    strict: float | None
    exact: float | None
    warns: bool = False
    """over the limit is a warning, not a block, and is no part of `drift`"""
    at_least: bool = False
    """the metric must not be under the limit"""


LIMITS = (
    Limit("outside-mask", "structure_area", "share", 0.02, 0.005, None),
    Limit("outside-mask", "colour_area", "share", 0.02, 0.005, None),
    Limit("outside-mask", "changed", "px", None, None, 0),
    Limit("brand", "structure_area", "share", 0.02, 0.01, None),
    Limit("brand", "colour_area", "share", 0.02, 0.01, None),
    Limit("brand", "changed", "px", None, None, 0),
    Limit("text", "structure_area", "share", 0.02, 0.01, None),
    Limit("text", "colour_area", "share", 0.02, 0.01, None),
    Limit("text", "changed", "px", None, None, 0),
    Limit("face", "structure_area", "share", 0.02, 0.01, None),
    Limit("face", "colour_area", "share", 0.02, 0.01, None),
    Limit("face", "changed", "px", None, None, 0),
    Limit("product", "structure_area", "share", 0.02, 0.01, None),
    Limit("product", "colour_area", "share", 0.02, 0.01, None),
    Limit("product", "changed", "px", None, None, 0),
    Limit("frame", "tone", "OKLab x100", 6.0, 2.0, None),
    Limit("frame", "alpha", "share", 0.001, 0.001, 0),
    Limit("frame", "aspect", "%", 5.0, 0.5, 0),
)


ROWS = {(row.kind, row.metric): row for row in LIMITS}
"""the rows by kind and metric"""


def default_limits(level: Level) -> dict[tuple[str, str], float | None]:
    """The limits of one level by (kind, metric)."""
    return {(row.kind, row.metric): getattr(row, level.value) for row in LIMITS}
