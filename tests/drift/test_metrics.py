"""The rows of metrics: complete, limited, documented, tested; and a kind that has none of its own."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from comparisons import PHOTO, middle, picture, regions
from maskproof import drift
from maskproof.drift.metrics import FRAME, OfArea, OfPair, OfRegions
from maskproof.model import Kind, Level, Metric, Region
from maskproof.policy.limits import LIMITS, ROWS, default_limits

TESTS = Path(__file__).resolve().parent
PAGE = TESTS.parent.parent / "docs" / "metrics.md"


def kinds_of(row: OfPair | OfArea | OfRegions) -> list[str]:
    """What a row is measured of: the frame, one kind of region, or every kind."""
    return [kind.value for kind in Kind] if isinstance(row, OfRegions) else [str(row.kind)]


MEASURED = [(kind, name) for row in drift.METRICS for kind in kinds_of(row) for name in row.metrics]
DETAILS = {name for row in drift.METRICS if isinstance(row, OfPair) for name in row.details}


def test_each_metric_has_limits_and_each_limit_a_metric() -> None:
    assert sorted(MEASURED) == sorted(ROWS)
    assert len(LIMITS) == len(ROWS)


def shop() -> tuple[Image.Image, dict[str, tuple[Kind, tuple[int, int, int, int]]]]:
    """A photo with something to measure for every kind of area."""
    image = PHOTO.copy()
    draw = ImageDraw.Draw(image)
    draw.rectangle((20, 400, 180, 440), fill="white")
    draw.text((30, 405), "NOOVA", font=ImageFont.load_default(28), fill="black")
    draw.rectangle((20, 20, 100, 60), fill=(200, 30, 40))
    return image, {
        "logo": (Kind.BRAND, (20, 20, 80, 40)),
        "words": (Kind.TEXT, (20, 400, 160, 40)),
        "face": (Kind.FACE, (170, 60, 120, 150)),
        "helmet": (Kind.PRODUCT, (330, 200, 150, 200)),
    }


def test_what_is_measured_are_the_rows_and_their_details_in_the_units_of_the_limits() -> None:
    image, areas = shop()
    opened, protected = regions(image.size, middle(image.size, 0.1), **areas)
    named = tuple(
        Region(region.name, region.kind, region.mask, region.source, ((200, 30, 40),)) for region in protected
    )
    read = [Metric("characters", 0.0, "share", "text", "")]
    edit = Image.fromarray(np.asarray(image) ^ 1)
    measured = drift.measure(
        picture(image), picture(edit), opened, named, Level.VISUAL, drift.Frame(), {Kind.TEXT: lambda _: read}
    )
    found = [(row.kind, metric.name) for row in measured for metric in row.metrics if metric.name not in DETAILS]
    assert sorted(found) == sorted(pair for pair in MEASURED if pair[1] != "part"), "no part is too small for windows"
    assert {metric.name for metric in measured[0].metrics} >= DETAILS
    assert {metric.unit for row in measured for metric in row.metrics if metric.name in DETAILS} >= {"px", "degrees"}
    for row in measured:
        for metric in row.metrics:
            if metric.name not in DETAILS:
                assert metric.unit == ROWS[row.kind, metric.name].unit, metric.name


def test_in_every_kind_a_region_too_small_for_windows_is_measured_in_the_unit_of_its_limit() -> None:
    spots = {kind.value: (kind, (5 * place, 0, 4, 5)) for place, kind in enumerate(Kind) if kind != Kind.OUTSIDE_MASK}
    image = Image.new("RGB", (5 * len(Kind), 5), "white")
    opened, protected = regions(image.size, **spots)
    black = picture(Image.new("RGB", image.size))
    measured = drift.measure(picture(image), black, opened, protected, Level.VISUAL, drift.Frame())
    found = [(row.kind, metric.unit) for row in measured for metric in row.metrics if metric.name == "part"]
    assert found == [(region.kind, ROWS[region.kind, "part"].unit) for region in protected]


def test_characters_are_measured_only_where_the_reader_is_handed_in() -> None:
    image, areas = shop()
    opened, protected = regions(image.size, **areas)
    same = picture(image)
    measured = drift.measure(same, same, opened, protected, Level.VISUAL, drift.Frame())
    assert "characters" not in {metric.name for row in measured for metric in row.metrics}


def test_the_table_of_the_page_is_the_table_of_limits() -> None:
    table = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    told = {}
    for region, names, unit, numbers in table:
        if "`" not in names or "metric" in names:
            continue
        visual, strict, exact = (float(cell) if cell.strip() else None for cell in numbers.split("|"))
        for kind in [kind.value for kind in Kind] if region == "every region" else [region]:
            for name in re.findall(r"`([a-z_0-9]+)`", names):
                assert (kind, name) not in told
                told[kind, name] = (unit, visual, strict, exact, "a warning" in names, "at least" in names)
    assert told == {
        (row.kind, row.metric): (row.unit, row.visual, row.strict, row.exact, row.warns, row.at_least) for row in LIMITS
    }


def test_the_page_of_the_rule_names_what_is_measured_outside_the_mask() -> None:
    page = (PAGE.parent / "rules" / "outside-mask.md").read_text(encoding="utf-8")
    told = {name for names in re.findall(r"\((`[^)]*)\)", page) for name in re.findall(r"`([a-z_]+)`", names)}
    assert told == {name for kind, name in MEASURED if kind == Kind.OUTSIDE_MASK}


@pytest.mark.parametrize("name", sorted({name for _, name in MEASURED}))
def test_each_metric_has_a_test_of_its_name(name: str) -> None:
    tests = "".join(file.read_text(encoding="utf-8") for file in TESTS.glob("test_*.py"))
    assert re.search(rf"^def test_{name}_(?!p95)", tests, re.MULTILINE)


def test_a_new_kind_of_region_is_measured_and_limited_without_more_than_its_name() -> None:
    label = str.__new__(Kind, "label")
    label._name_, label._value_ = "LABEL", "label"
    opened, (outside, area) = regions(PHOTO.size, label=(label, (100, 100, 80, 80)))
    edit = np.asarray(PHOTO).copy()
    edit[120:150, 120:150] = (255, 0, 255)
    measured = drift.measure(
        picture(PHOTO), picture(edit), opened, (outside, area), Level.VISUAL, drift.Frame(), {Kind.TEXT: lambda _: []}
    )
    assert measured[-1].kind == "label"
    every = [name for row in drift.METRICS if isinstance(row, OfRegions) for name in row.metrics]
    assert [metric.name for metric in measured[-1].metrics] == [name for name in every if name != "part"]
    assert all(metric.value > 1 for metric in measured[-1].metrics if metric.name in {"light", "color", "contrast"})
    assert {name for kind, name in default_limits(Level.VISUAL) if kind == Kind.PRODUCT} >= set(every)


def test_every_row_is_of_the_frame_or_of_a_kind() -> None:
    assert {kind for row in drift.METRICS for kind in kinds_of(row)} == {FRAME, *(kind.value for kind in Kind)}
