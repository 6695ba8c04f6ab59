"""Local changes: each measure sees what it is for, where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from comparisons import PHOTO, judge, metric, picture, value
from maskproof.drift.grid import CELL
from maskproof.drift.outliers import LEAST, MOST
from maskproof.drift.residual import MEASURES
from maskproof.model import Box, ImageReport, Kind, Level, Verdict

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


def bluer(patch: Image.Image, levels: int) -> Image.Image:
    luma, blue, red = patch.convert("YCbCr").split()
    return Image.merge("YCbCr", (luma, blue.point(lambda sample: sample + levels), red)).convert("RGB")


def test_color_sees_a_patch_whose_colour_turned_at_equal_luma() -> None:
    sees("color", lambda patch: bluer(patch, 12))
    assert value(changed_patch(lambda patch: bluer(patch, 12)), "outside-mask", "light") < 0.5


def test_two_kinds_at_one_place_count_together_and_two_of_one_kind_do_not() -> None:
    def lighter(patch: Image.Image, eighths: int) -> Image.Image:
        """By eighths of a level in the mean."""
        levels = (np.indices((64, 64)).sum(0) % 8 + eighths) // 8
        return Image.fromarray((np.asarray(patch) + levels[..., None]).clip(0, 255).astype(np.uint8))

    def colored(patch: Image.Image) -> Image.Image:
        return lighter(bluer(patch, 3), 8)

    light = changed_patch(lambda patch: lighter(patch, 30))
    color = changed_patch(colored)
    both = changed_patch(lambda patch: lighter(colored(patch), 30))
    alone = value(light, "outside-mask", "light"), value(color, "outside-mask", "color")
    assert (light.verdict, color.verdict, both.verdict) == (Verdict.PASS, Verdict.PASS, Verdict.BLOCK)
    assert both.drift == pytest.approx(sum(one**6 for one in alone) ** (1 / 6), rel=0.05)
    assert light.drift == pytest.approx(alone[0], rel=0.02), "what one kind's measures show at once counts once"


def test_contrast_sees_a_small_mark() -> None:
    def marked(patch: Image.Image) -> Image.Image:
        red, green, blue = (value + (25 if value < 200 else -25) for value in patch.getpixel((30, 30)))
        ImageDraw.Draw(patch).ellipse((24, 24, 36, 36), fill=(red, green, blue))
        return patch

    sees("contrast", marked)


def test_blur_sees_detail_that_is_gone() -> None:
    sees("blur", lambda patch: patch.filter(ImageFilter.GaussianBlur(4)))


def test_contrast_sees_letters_that_came() -> None:
    def lettered(patch: Image.Image) -> Image.Image:
        ImageDraw.Draw(patch).text((8, 20), "SALE", font=ImageFont.load_default(22), fill=(30, 30, 30))
        return patch

    sees("contrast", lettered)


def test_blur_sees_a_patch_that_is_a_little_softer() -> None:
    sees("blur", lambda patch: patch.filter(ImageFilter.GaussianBlur(1)))


def test_a_small_region_is_judged_more_strictly_whatever_its_kind() -> None:
    """Of few windows the largest is smaller by chance, so the same change counts for more."""
    edit = np.asarray(PHOTO).copy()
    edit[70:110, 310:350] += 6
    area = (300, 60, 64, 64)
    reports = {kind: judge(picture(PHOTO), picture(edit), area=(kind, area)) for kind in Kind if kind != "outside-mask"}
    light = [value(report, kind.value, "light") for kind, report in reports.items()]
    assert len(set(light)) == 1
    assert light[0] > 1.2 * value(judge(picture(PHOTO), picture(edit)), "outside-mask", "light") > 0


# --- what a picture allows -------------------------------------------------------------------------------------------

DULL = (np.asarray(PHOTO) // 2 + 40).astype(np.uint8)
"""no sample so bright that it cannot become lighter"""
SPOTS = ((60, 60), (440, 60), (60, 440), (440, 440), (250, 380))


def with_spots(count: int, levels: int) -> ImageReport:
    """The verdict on a dull photo with so many lighter spots of 12 px, a decoder's noise over all of it."""
    edit = DULL.astype(np.float32) + np.random.default_rng(5).normal(0, 2, DULL.shape)
    for x, y in SPOTS[:count]:
        edit[y : y + 12, x : x + 12] += levels
    return judge(picture(DULL), picture(np.clip(edit, 0, 255).round().astype(np.uint8)))


@pytest.mark.parametrize("levels", [20, 40, 80])
def test_a_second_damaged_place_does_not_hide_the_first(levels: int) -> None:
    one, two = (value(with_spots(count, levels), "outside-mask", "light") for count in (1, 2))
    assert one > 1
    assert two >= 0.99 * one


def test_what_a_picture_shows_in_many_places_raises_its_limit_within_bounds() -> None:
    two, five = (value(with_spots(count, 40), "outside-mask", "light") for count in (2, 5))
    assert two * LEAST / MOST * 0.99 <= five < two
    assert five > 1, "however many places are damaged, a strong change blocks"


# --- how far it reaches ----------------------------------------------------------------------------------------------

PLACES = st.builds(Box, st.integers(0, 400), st.integers(0, 400), st.integers(16, 110), st.integers(16, 110))


def lighter(*places: tuple[Box, int]) -> np.ndarray:
    """The dull photo, lighter by so many levels at each place."""
    edit = DULL.copy()
    for box, levels in places:
        edit[box.y : box.y + box.height, box.x : box.x + box.width] += np.uint8(levels)
    return edit


def within(inner: Box, outer: Box, margin: int = 0) -> bool:
    """Whether one box lies in another, or over its edge by no more than the margin."""
    return (
        outer.x - margin <= inner.x
        and outer.y - margin <= inner.y
        and inner.x + inner.width <= outer.x + outer.width + margin
        and inner.y + inner.height <= outer.y + outer.height + margin
    )


@given(PLACES)
@settings(max_examples=12)
def test_a_finding_tells_how_far_a_change_reaches(place: Box) -> None:
    (found,) = judge(picture(DULL), picture(lighter((place, 60)))).findings
    assert within(place, found.around, CELL - 1)
    assert within(found.around, place, 64), "by the largest window at the most"


@given(PLACES)
@settings(max_examples=12)
def test_the_light_of_a_patch_reaches_over_it_by_no_more_than_its_worst_window(place: Box) -> None:
    found = metric(judge(picture(DULL), picture(lighter((place, 60)))), "outside-mask", "light")
    assert within(found.around, place, found.box.width)
    assert within(place, found.around, CELL - 1), "part of a cell may be missed"


@given(st.integers(0, 150), st.integers(0, 150), st.integers(330, 450), st.integers(330, 450), st.booleans())
@settings(max_examples=8)
def test_two_places_lie_within_one_box_and_the_worse_is_told(x: int, y: int, right: int, low: int, first: bool) -> None:
    one, other = Box(x, y, 40, 40), Box(right, low, 40, 40)
    worse = one if first else other
    report = judge(picture(DULL), picture(lighter((one, 70 if first else 20), (other, 20 if first else 70))))
    found = metric(report, "outside-mask", "light")
    for around in (found.around, report.findings[0].around):
        assert within(one | other, around, CELL - 1)
        assert within(around, one | other, 64)
    assert within(found.box, worse, 64)


@given(st.integers(0, 2**32 - 1), st.sampled_from(Level))
@settings(max_examples=8)
def test_the_worst_place_is_part_of_all_that_changed(seed: int, level: Level) -> None:
    chance = np.random.default_rng(seed)
    edit = DULL + chance.normal(0, chance.uniform(0, 6), DULL.shape) * (chance.random((512, 1, 1)) < chance.random())
    report = judge(picture(DULL), picture(edit.round().astype(np.uint8)), level, area=(Kind.BRAND, (99, 99, 80, 50)))
    told = [one for region in report.regions for one in region.drift.metrics if one.box]
    assert told
    for one in [*told, *(finding for finding in report.findings if finding.box)]:
        assert within(one.box, one.around)
        assert 0 <= one.around.x < one.around.x + one.around.width <= 512
        assert 0 <= one.around.y < one.around.y + one.around.height <= 512


def test_where_nothing_is_over_the_noise_floor_only_the_most_conspicuous_place_is_told() -> None:
    found = metric(changed_patch(lambda patch: patch), "outside-mask", "light")
    assert found.value < 1
    assert found.around == found.box is not None


def test_places_are_told_in_pixels_of_the_original_however_large_it_is() -> None:
    wide = Image.fromarray(DULL).resize((3000, 512))
    edit = np.asarray(wide).copy()
    place = Box(1000, 100, 600, 200)
    edit[100:300, 1000:1600] += 60
    (found,) = judge(picture(wide), picture(edit)).findings
    assert within(place, found.around, 2 * CELL - 1)
    assert within(found.around, place, 128)


def with_soft_colour(levels: int) -> np.ndarray:
    """The photo with a patch of a twelfth of it that turns redder, without an edge."""
    y, x = np.mgrid[:512, :512]
    bump = np.exp(-(((x - 330) / 22) ** 2 + ((y - 90) / 22) ** 2) / 2)
    tint = np.array([1, -0.5, -0.5]) * levels * bump[..., None]
    return np.clip(np.asarray(PHOTO) + tint, 0, 255).round().astype(np.uint8)


def test_a_soft_change_of_colour_cannot_hide_in_a_composite() -> None:
    report = judge(picture(PHOTO), picture(with_soft_colour(9)))
    assert report.verdict is Verdict.BLOCK
    found = metric(report, "outside-mask", "color")
    assert found.box is not None
    assert abs(found.box.x + found.box.width / 2 - 330) < 32
    noise = np.random.default_rng(5).normal(0, 2, (512, 512, 3))
    noisy = np.clip(with_soft_colour(9) + noise, 0, 255).round().astype(np.uint8)
    assert value(judge(picture(PHOTO), picture(noisy)), "outside-mask", "color") < found.value / 2


@pytest.mark.parametrize("levels", [1, 2])
def test_rounding_in_a_composite_is_no_change_of_colour(levels: int) -> None:
    edit = np.asarray(PHOTO).copy()
    edit[100:300, 100:300, 0] = np.minimum(edit[100:300, 100:300, 0].astype(int) + levels, 255)
    assert judge(picture(PHOTO), picture(edit)).verdict is Verdict.PASS
