"""Every pixel counts at level exact, and its low bytes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from comparisons import PHOTO, judge, picture, regions, rules, value
from maskproof.drift import Frame, measure
from maskproof.model import Kind, Level, Verdict
from maskproof.regions import trimmed


def test_changed_counts_one_sample_at_level_exact() -> None:
    changed = PHOTO.copy()
    red, green, blue = changed.getpixel((500, 3))
    changed.putpixel((500, 3), (red, green, blue ^ 1))
    report = judge(picture(PHOTO), picture(changed), Level.EXACT)
    assert rules(report) == {"outside-mask"}
    assert value(report, "outside-mask", "changed") == 1
    assert report.findings[0].box is not None
    assert (report.findings[0].box.x, report.findings[0].box.y) == (500, 3)
    assert judge(picture(PHOTO), picture(changed)).verdict is Verdict.PASS


@pytest.mark.parametrize("box", [(480, 0, 40, 3), (499, 2, 2, 2), (0, 0, 501, 40), (500, 3, 1, 1), (501, 3, 9, 9)])
def test_an_area_counts_what_is_in_its_box(box) -> None:
    changed = np.array(PHOTO)
    changed[3, 500] ^= 1
    changed[2, 499] ^= 1
    x, y, width, height = box
    inside = [(x <= column < x + width and y <= row < y + height) for row, column in ((3, 500), (2, 499))]
    mask, (outside,) = regions(PHOTO.size)
    drawn = np.zeros_like(mask)
    drawn[y : y + height, x : x + width] = True
    both = outside, trimmed("a", Kind.BRAND, drawn, "test", ())
    measured = measure(picture(PHOTO), picture(changed), mask, both, Level.EXACT, Frame())
    (found,) = [one for row in measured if row.name == "a" for one in row.metrics if one.name == "changed"]
    assert found.value == sum(inside)
    assert (found.box is None) == (not any(inside))


def test_changed_counts_low_bytes_of_16_bits_at_level_exact_only() -> None:
    deep = (np.asarray(PHOTO.convert("L").crop((0, 0, 64, 64)), np.uint16) << 8) + 7
    other = deep.copy()
    other[5, 6] += 1
    first, second = (picture(Image.fromarray(one)) for one in (deep, other))
    assert value(judge(first, second, Level.EXACT), "outside-mask", "changed") == 1
    assert judge(first, second).verdict is Verdict.PASS


def test_eight_bits_and_the_same_in_sixteen_are_equal() -> None:
    shallow = PHOTO.convert("L").crop((0, 0, 64, 64))
    deep = Image.fromarray(np.asarray(shallow, np.uint16) * 257)
    assert judge(picture(shallow), picture(deep), Level.EXACT).verdict is Verdict.PASS
