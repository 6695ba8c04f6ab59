"""How far each metric may go: one row a metric, with its limit at each level.

A policy may set its own number for a row (`[limits.brand]`, then `light = 0.8`). Nothing else decides between pass
and block. What each metric measures, and the data behind the numbers, stands in docs/metrics.md.
"""

from __future__ import annotations

from msgspec import Struct

from maskproof.model import Kind, Level


class Limit(Struct, frozen=True):
    """A metric of one kind of region, and how far it may go."""

    kind: str
    """a `Kind`, or `frame` for the picture as a whole"""
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


OUTLIERS = ("light", "color", "contrast", "blur")
"""measures of local change over the residual; 1.0 is what the picture itself allows, so a limit is a factor on that"""

LIMITS = (
    *(Limit(kind.value, metric, "x", 1.0, 0.7, None) for kind in Kind for metric in OUTLIERS),
    *(Limit(kind.value, "changed", "px", None, None, 0) for kind in Kind),
    *(Limit(kind.value, "part", "% of full scale", 10.0, 6.0, None) for kind in Kind),
    Limit("outside-mask", "spill", "% of full scale", 25.0, 15.0, None),
    Limit("outside-mask", "line", "x", 1.0, 0.7, None),
    Limit("outside-mask", "pattern", "x", 1.0, 0.7, None),
    Limit("outside-mask", "residue", "% of full scale", 7.5, 4.5, None),
    Limit("brand", "delta_e", "ΔE00", 5.0, 3.0, None),
    Limit("brand", "brand_color", "ΔE00", 5.0, 3.0, None),
    Limit("text", "stroke", "share", 0.22, 0.18, None),
    Limit("text", "characters", "share", 0, 0, None),
    Limit("face", "geometry", "px", 2.0, 1.2, None),
    Limit("face", "skin_tone", "OKLab x100", 4.0, 2.5, None),
    Limit("product", "outline", "px", 2.0, 1.2, None),
    Limit("frame", "shift", "%", 0.5, 0.1, None),
    Limit("frame", "tone", "OKLab x100", 4.0, 2.0, None),
    Limit("frame", "alpha", "share", 0.0005, 0.0001, 0),
    Limit("frame", "aspect", "%", 5.0, 0.5, 0),
    Limit("frame", "resolution", "%", None, None, 0),
    Limit("frame", "inside", "% of full scale", 1.0, 1.0, 1.0, warns=True, at_least=True),
    Limit("frame", "inverted", "share", 0.5, 0.5, 0.5, warns=True),
    Limit("frame", "seam", "share", 0.2, 0.2, 0.2, warns=True),
)

ROWS = {(row.kind, row.metric): row for row in LIMITS}
"""the rows by kind and metric"""

SEEN = {
    "light": "patches lighter or darker",
    "color": "patches of another colour",
    "contrast": "redrawn detail, letters",
    "blur": "small blurs",
    "line": "straight lines",
    "pattern": "regular patterns that fade",
    "part": "parts too small for windows",
    "spill": "the border around the mask",
    "delta_e": "colours, the middle",
    "brand_color": "named brand colours",
    "characters": "letters that read otherwise",
    "geometry": "features that moved",
    "skin_tone": "tone of skin",
    "outline": "the outline moved",
    "residue": "noise over the whole picture",
    "stroke": "strokes of letters",
    "changed": "pixels not identical",
    "shift": "the frame moved",
    "tone": "overall light and colour",
    "alpha": "transparency",
    "aspect": "proportions",
    "resolution": "size in pixels",
    "inside": "change inside the mask",
    "inverted": "change outside the mask against inside",
    "seam": "a step along the mask's edge",
}
"""what each metric sees, in as few words as fit beside it"""

GONE = frozenset(
    {("outside-mask", "area"), ("brand", "delta_e_p95")}
    | {(kind.value, metric) for kind in Kind for metric in ("spot", "loss", "local_light")}
)
"""kinds and metrics that the version before measured; a policy that limits one is read for one version more, the
limit ignored and that said"""


def default_limits(level: Level) -> dict[tuple[str, str], float | None]:
    """The limits of one level by (kind, metric)."""
    return {(row.kind, row.metric): getattr(row, level.value) for row in LIMITS}
