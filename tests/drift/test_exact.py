"""Every pixel counts at level exact, and its low bytes."""

from __future__ import annotations

import numpy as np
from PIL import Image

from comparisons import PHOTO, judge, picture, rules, value
from maskproof.model import Level, Verdict


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
