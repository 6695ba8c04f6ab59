"""Local changes: each measure sees what it is for, where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from comparisons import PHOTO, judge, metric, picture, value
from maskproof.drift.residual import MEASURES
from maskproof.model import ImageReport, Kind, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable


@given(st.integers(40, 430), st.integers(40, 430), st.integers(24, 60), st.integers(0, 2**32 - 1))
@settings(max_examples=8)
def test_a_replaced_patch_outside_the_mask_blocks(x: int, y: int, side: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    edit = np.asarray(PHOTO).copy()
    patch = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    edit[y : y + side, x : x + side] = np.asarray(Image.fromarray(patch).resize((side, side)))
    report = judge(picture(PHOTO), picture(Image.fromarray(edit)))
    assert report.verdict is Verdict.BLOCK
    box = next(finding.box for finding in report.findings if finding.rule == "outside-mask")
    assert box is not None
    assert box.x < x + side
    assert box.x + box.width > x
    assert box.y < y + side
    assert box.y + box.height > y


PATCH = (300, 60, 364, 124)
"""left, top, right, bottom of the place that changes in the tests below"""


def changed_patch(change: Callable[[Image.Image], Image.Image]) -> ImageReport:
    """The verdict on a photo whose patch was changed, with the noise of a decoder over all of it."""
    edit = PHOTO.copy()
    edit.paste(change(PHOTO.crop(PATCH)), PATCH[:2])
    noise = np.random.default_rng(5).normal(0, 2, (512, 512, 3))
    return judge(picture(PHOTO), picture(np.clip(np.asarray(edit) + noise, 0, 255).round().astype(np.uint8)))


def sees(name: str, change: Callable[[Image.Image], Image.Image]) -> None:
    """The measure is over its limit, at the patch."""
    found = metric(changed_patch(change), "outside-mask", name)
    assert found.value > 1
    assert found.box is not None
    left, top, right, bottom = PATCH
    assert found.box.x < right
    assert found.box.y < bottom
    assert found.box.x + found.box.width > left
    assert found.box.y + found.box.height > top


def test_the_noise_of_a_decoder_alone_is_far_below_the_limits_of_all() -> None:
    report = changed_patch(lambda patch: patch)
    assert max(value(report, "outside-mask", name) for name in MEASURES) < 0.5


def test_light_sees_a_patch_that_became_lighter() -> None:
    sees("light", lambda patch: patch.point(lambda sample: sample + 8))


def test_color_sees_a_patch_whose_colour_turned_at_equal_luma() -> None:
    def bluer(patch: Image.Image) -> Image.Image:
        luma, blue, red = patch.convert("YCbCr").split()
        return Image.merge("YCbCr", (luma, blue.point(lambda sample: sample + 12), red)).convert("RGB")

    sees("color", bluer)
    assert value(changed_patch(bluer), "outside-mask", "light") < 0.5


def test_spot_sees_a_small_mark() -> None:
    def marked(patch: Image.Image) -> Image.Image:
        red, green, blue = (value + (25 if value < 200 else -25) for value in patch.getpixel((30, 30)))
        ImageDraw.Draw(patch).ellipse((24, 24, 36, 36), fill=(red, green, blue))
        return patch

    sees("spot", marked)


def test_loss_sees_detail_that_is_gone() -> None:
    sees("loss", lambda patch: patch.filter(ImageFilter.GaussianBlur(4)))


def test_contrast_sees_letters_that_came() -> None:
    def lettered(patch: Image.Image) -> Image.Image:
        ImageDraw.Draw(patch).text((8, 20), "SALE", font=ImageFont.load_default(22), fill=(30, 30, 30))
        return patch

    sees("contrast", lettered)


def test_blur_sees_a_patch_that_is_a_little_softer() -> None:
    sees("blur", lambda patch: patch.filter(ImageFilter.GaussianBlur(1)))


def test_a_small_region_is_judged_more_strictly_whatever_its_kind() -> None:
    """Of few windows the largest is smaller by chance, so the same change counts for more; text alone is excepted."""
    edit = np.asarray(PHOTO).copy()
    edit[70:110, 310:350] += 6
    area = (300, 60, 64, 64)
    reports = {kind: judge(picture(PHOTO), picture(edit), area=(kind, area)) for kind in Kind if kind != "outside-mask"}
    light = {kind: value(report, kind.value, "light") for kind, report in reports.items()}
    assert light[Kind.BRAND] == light[Kind.FACE] == light[Kind.PRODUCT]
    assert light[Kind.BRAND] > 1.5 * light[Kind.TEXT] > 0
