"""Drift: how far each protected area moved from the original, in which way, in which unit (first version)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from maskproof.model import Box, Finding, Kind, Level, Metric, Picture, Region, RegionDrift, Severity

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONG_SIDE = 1024
MARGIN = 0.01


@dataclass(frozen=True, slots=True)
class Frame:
    """How the original was mapped to what the model saw: cropped first, then padded."""

    crop: tuple[int, int, int, int] | None = None
    """x, y, width, height in pixels of the original"""
    pad: tuple[int, int, int, int] = (0, 0, 0, 0)
    """pixels added left, top, right, bottom"""


def descriptions(original: Picture, edit: Picture) -> list[Finding]:
    """What differs between two files besides their samples: colour description, bytes after the end."""
    found = []
    if original.colour != edit.colour:
        applied = original.managed and edit.managed
        found.append(
            Finding(
                "color-profile",
                Severity.WARN if applied else Severity.BLOCK,
                f"the edit's colours are described as {edit.colour}, the original's as {original.colour}"
                + ("" if applied else "; viewers disagree on what that looks like"),
                advice="Export the edit with the original's colour profile.",
            )
        )
    if edit.trailing:
        found.append(
            Finding(
                "unreadable",
                Severity.WARN,
                f"{edit.trailing} bytes follow the end of the picture",
                advice="Export the picture again, unless something else is meant to be in the file.",
            )
        )
    return found


def measure(
    original: Picture,
    edit: Picture,
    opened: NDArray[np.bool_],
    protected: tuple[Region, ...],
    level: Level,
    frame: Frame,
) -> tuple[RegionDrift, ...]:
    """All metrics of one comparison (placeholder engine)."""
    size = original.size
    a = Image.fromarray(original.samples)
    b = Image.fromarray(edit.samples)
    aspect = abs((b.width / b.height) / (a.width / a.height) - 1) * 100
    whole = [Metric("aspect", aspect, "%", "size", f"{b.width} x {b.height} px instead of {a.width} x {a.height} px")]
    b = b.resize(a.size, Image.Resampling.LANCZOS) if b.size != a.size else b
    changed = np.any(np.asarray(b) != original.samples, -1)
    scale = min(1.0, LONG_SIDE / max(size))
    small = (round(size[0] * scale), round(size[1] * scale))
    la, lb = (np.asarray(one.resize(small, Image.Resampling.LANCZOS).convert("LAB"), np.float32) for one in (a, b))
    rows = []
    from scipy import ndimage

    margin = 2 * max(2, round(MARGIN * max(small))) + 1
    grown = (
        np.asarray(
            Image.fromarray(opened)
            .convert("L")
            .resize(small, Image.Resampling.BOX)
            .filter(ImageFilter.MaxFilter(margin))
        )
        > 0
    )
    for region in protected:
        keep = np.asarray(Image.fromarray(region.mask).convert("L").resize(small, Image.Resampling.BOX)) == 255
        if region.kind is Kind.OUTSIDE_MASK:
            keep &= ~grown
        d = ndimage.uniform_filter(np.abs(la - lb).mean(-1), 4) > 12
        d &= keep
        labels, n = ndimage.label(d)
        sizes = np.bincount(labels.ravel())[1:] if n else np.array([0])
        area = float(sizes.max() / max(keep.sum(), 1))
        box = None
        if sizes.max():
            ys, xs = np.nonzero(labels == sizes.argmax() + 1)
            box = Box(
                int(xs.min() / scale),
                int(ys.min() / scale),
                int((np.ptp(xs) + 1) / scale),
                int((np.ptp(ys) + 1) / scale),
            )
        rows.append(
            RegionDrift(
                region.name,
                region.kind.value,
                (
                    Metric(
                        "structure_area",
                        area,
                        "share",
                        region.kind.value,
                        "an area of {value} changed (limit {limit})",
                        box,
                    ),
                    Metric(
                        "changed",
                        float((changed & region.mask).sum()),
                        "px",
                        region.kind.value,
                        "{value} changed (limit {limit})",
                    ),
                ),
            )
        )
    return (RegionDrift("frame", "frame", tuple(whole)), *rows)
