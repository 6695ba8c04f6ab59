"""Comparisons without files or Git: two pictures, what is protected, and the verdict on what was measured."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from skimage import data

from maskproof import drift
from maskproof.gate import verdict
from maskproof.images import decode
from maskproof.model import Kind, Level, Metric, Picture, Region
from maskproof.policy.limits import default_limits

PHOTO = Image.fromarray(data.astronaut())
CAT = Image.fromarray(data.chelsea())

Area = tuple[Kind, tuple[int, int, int, int]]
"""a kind, and x, y, width, height"""


def picture(image: Image.Image | np.ndarray) -> Picture:
    """An image, or its samples, as decoded from a PNG file."""
    return through(image if isinstance(image, Image.Image) else Image.fromarray(image), "PNG", compress_level=1)


def through(image: Image.Image, kind: str, **options: object) -> Picture:
    """An image as decoded from a file of this format."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return decode.decode(buffer.getvalue(), f"test.{kind.lower()}")


def regions(
    size: tuple[int, int], opened: np.ndarray | None = None, **areas: Area
) -> tuple[np.ndarray, tuple[Region, ...]]:
    """Where editing was allowed, and what is protected: all outside of it, and each area."""
    mask = np.zeros((size[1], size[0]), np.bool_) if opened is None else opened
    drawn = []
    for name, (kind, (x, y, width, height)) in areas.items():
        inside = np.zeros_like(mask)
        inside[y : y + height, x : x + width] = True
        drawn.append(Region(name, kind, inside, "test"))
    return mask, (Region("outside the mask", Kind.OUTSIDE_MASK, ~mask, "mask"), *drawn)


def judge(
    original: Picture,
    edit: Picture,
    level: Level = Level.VISUAL,
    frame: drift.Frame | None = None,
    opened: np.ndarray | None = None,
    **areas: Area,
) -> verdict.Decided:
    """The verdict by the built-in limits."""
    mask, protected = regions(original.size, opened, **areas)
    measured = drift.measure(original, edit, mask, protected, level, frame or drift.Frame())
    return verdict.decide(measured, default_limits(level))


def metric(report: verdict.Decided, kind: str, name: str) -> Metric:
    """What was measured under this name in the region of this kind."""
    return next(
        metric
        for judged in report.regions
        if judged.drift.kind == kind
        for metric in judged.drift.metrics
        if metric.name == name
    )


def value(report: verdict.Decided, kind: str, name: str) -> float:
    """The number alone."""
    return metric(report, kind, name).value


def rules(report: verdict.Decided) -> set[str]:
    """The ids of the findings."""
    return {finding.rule for finding in report.findings}


def middle(size: tuple[int, int], share: float = 0.3) -> np.ndarray:
    """A mask that opens a rectangle in the middle."""
    opened = np.zeros((size[1], size[0]), np.bool_)
    height, width = round(size[1] * share), round(size[0] * share)
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    opened[top : top + height, left : left + width] = True
    return opened
