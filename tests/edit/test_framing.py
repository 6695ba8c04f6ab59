"""What the model is shown, and the way back: laws over sizes and masks, exact numbers where nothing is scaled."""

from __future__ import annotations

import io
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maskproof.edit import framing
from maskproof.edit.api.models import MAX_PIXELS, MAX_SIDE, MIN_PIXELS, STANDARD, lookup
from maskproof.errors import UsageError
from maskproof.images import decode
from maskproof.model import Picture
from pictures import noise, smooth

FREE, FIXED = lookup("gpt-image-2"), lookup("gpt-image-1.5")


def picture(samples: np.ndarray, alpha: np.ndarray | None = None) -> Picture:
    return Picture("PNG", samples, alpha, None, "sRGB")


def editable(size: tuple[int, int], box: tuple[int, int, int, int]) -> np.ndarray:
    """H x W, True in a box of left, top, right, bottom."""
    made = np.zeros((size[1], size[0]), np.bool_)
    made[box[1] : box[3], box[0] : box[2]] = True
    return made


@st.composite
def cases(draw, low=16, high=5000):
    """A size, and a mask with one open box."""
    size = draw(st.integers(low, high)), draw(st.integers(low, high))
    left, top = draw(st.integers(0, size[0] - 1)), draw(st.integers(0, size[1] - 1))
    return size, editable(size, (left, top, draw(st.integers(left + 1, size[0])), draw(st.integers(top + 1, size[1]))))


@settings(max_examples=150)
@given(cases(), st.sampled_from([FREE, FIXED]), st.sampled_from([None, True, False]))
def test_a_plan_is_one_that_the_model_takes_and_that_leads_back(case, model, crop):
    size, mask = case
    plan = framing.plan(size, mask, model, crop=crop, wanted=None)
    x, y, width, height = plan.box
    left, top, right, bottom = plan.pad
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    assert x >= 0
    assert y >= 0
    assert x + width <= size[0]
    assert y + height <= size[1]
    assert x <= columns[0]
    assert y <= rows[0]
    assert columns[-1] < x + width
    assert rows[-1] < y + height
    assert plan.canvas == (width + left + right, height + top + bottom)
    assert min(plan.pad) >= 0
    assert plan.sent[0] * plan.canvas[1] == plan.sent[1] * plan.canvas[0], "stretched"
    if model is FREE:
        assert plan.sent[0] % 16 == plan.sent[1] % 16 == 0
        assert max(plan.sent) <= MAX_SIDE
        assert MIN_PIXELS <= prod(plan.sent) <= MAX_PIXELS
        assert max(plan.sent) <= 3 * min(plan.sent)
    else:
        assert plan.sent in STANDARD
    if crop is False:
        assert plan.crop(size) is None


@settings(max_examples=25)
@given(cases(900, 1100), st.sampled_from([True, False]))
def test_where_nothing_is_scaled_the_way_back_gives_every_pixel_back(case, crop):
    size, mask = case
    before = picture(noise(*size))
    plan = framing.plan(size, mask, FREE, crop=crop, wanted=None)
    assert plan.scale == 1
    sent = framing.request(before, mask, plan)
    shown = decode.decode(sent.image, "sent")
    assert (framing.placed(before, shown, plan) == before.samples).all()
    held = np.asarray(Image.open(io.BytesIO(sent.mask)))[..., 3]
    x, y, width, height = plan.box
    left, top, _, _ = plan.pad
    inner = held[top : top + height, left : left + width]
    assert ((inner == 0) == mask[y : y + height, x : x + width]).all()
    assert (held == 0).sum() == mask.sum(), "the padding is protected"


def test_a_picture_of_odd_size_is_padded_with_its_mirror_image():
    before = picture(noise(1500, 1001))
    mask = editable((1500, 1001), (100, 100, 1400, 900))
    plan = framing.plan((1500, 1001), mask, FREE, crop=None, wanted=None)
    assert plan == framing.Plan((0, 0, 1500, 1001), (2, 3, 2, 4), (1504, 1008))
    shown = decode.decode(framing.request(before, mask, plan).image, "sent").samples
    assert (shown[:3] == shown[3:6][::-1]).all()
    assert (shown[:, -2:] == shown[:, -4:-2][:, ::-1]).all()


def test_a_small_mask_sends_a_crop_and_a_wide_one_the_whole_picture():
    size = (3000, 2000)
    small = framing.plan(size, editable(size, (1500, 900, 1600, 1000)), FREE, crop=None, wanted=None)
    assert small.box == (1142, 542, 816, 816)
    assert small.scale == 1
    wide = framing.plan(size, editable(size, (100, 100, 2900, 1900)), FREE, crop=None, wanted=None)
    assert wide.crop(size) is None


def test_a_picture_over_the_limit_is_reduced_unless_a_crop_is_enough():
    size = (6000, 4000)
    wide = editable(size, (10, 10, 5990, 3990))
    whole = framing.plan(size, wide, FREE, crop=None, wanted=None)
    assert whole.crop(size) is None
    assert 0.5 < whole.scale < 0.6
    half = framing.plan(size, editable(size, (1500, 1500, 3700, 2900)), FREE, crop=None, wanted=None)
    assert half.crop(size) is not None
    assert half.scale > whole.scale


def test_a_small_picture_is_enlarged_by_the_mildest_scale_that_the_model_takes():
    size = (320, 240)
    plan = framing.plan(size, editable(size, (100, 60, 200, 160)), FREE, crop=None, wanted=None)
    assert plan.box == (0, 0, 320, 240)
    assert plan.scale == 3
    assert plan.sent == (960, 720)


def test_a_banner_is_padded_to_one_to_three():
    size = (2400, 300)
    plan = framing.plan(size, editable(size, (0, 0, 2400, 300)), FREE, crop=None, wanted=None)
    assert plan.canvas == (2400, 800)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ((1000, 1000), "multiples of 16"),
        ((3856, 1600), "over 3840"),
        ((3200, 800), "1:3 to 3:1"),
        ((640, 640), "655360 to 8294400"),
        ((3840, 3840), "655360 to 8294400"),
    ],
)
def test_a_size_that_does_not_do_is_refused_with_the_reason(wanted, says):
    with pytest.raises(UsageError, match=says):
        framing.plan((900, 900), editable((900, 900), (0, 0, 9, 9)), FREE, crop=None, wanted=wanted)


def test_a_model_with_fixed_sizes_takes_no_others():
    mask = editable((900, 900), (0, 0, 90, 90))
    assert framing.plan((900, 900), mask, FIXED, crop=None, wanted=(1536, 1024)).sent == (1536, 1024)
    with pytest.raises(UsageError, match="does not make 1536x1040"):
        framing.plan((900, 900), mask, FIXED, crop=None, wanted=(1536, 1040))


def test_a_scaled_candidate_comes_back_near_the_original_and_exactly_outside_the_crop():
    size = (2000, 1500)
    before = picture(smooth(*size))
    mask = editable(size, (1200, 700, 1300, 800))
    plan = framing.plan(size, mask, FIXED, crop=True, wanted=(1024, 1024))
    shown = decode.decode(framing.request(before, mask, plan).image, "sent")
    back = framing.placed(before, shown, plan)
    assert np.abs(back.astype(int) - before.samples).max() <= 2
    x, y, width, height = plan.box
    outside = np.ones((1500, 2000), np.bool_)
    outside[y : y + height, x : x + width] = False
    assert (back == before.samples)[outside].all()


def test_a_candidate_of_another_size_is_brought_back_and_said():
    plan = framing.Plan((0, 0, 1024, 768), (0, 0, 0, 0), (1024, 768))
    before = picture(smooth(1024, 768))
    smaller = picture(np.asarray(Image.fromarray(before.samples).resize((512, 384))))
    assert np.abs(framing.placed(before, smaller, plan).astype(int) - before.samples).max() <= 3
    assert framing.describe_stretch((1024, 768), plan) == ""
    assert "scaled back" in framing.describe_stretch((512, 384), plan)
    assert "512 x 512 px instead of 1024 x 768 px and was stretched" in framing.describe_stretch((512, 512), plan)


def test_transparency_is_sent_and_comes_back():
    alpha = noise(1024, 768, 1)
    before = picture(noise(1024, 768), alpha)
    mask = editable((1024, 768), (0, 0, 900, 700))
    plan = framing.plan((1024, 768), mask, FREE, crop=None, wanted=None)
    shown = decode.decode(framing.request(before, mask, plan).image, "sent")
    assert (shown.alpha == alpha).all()
    assert (framing.placed(before, shown, plan)[..., 3] == alpha).all()
    solid = picture(shown.samples)
    assert (framing.placed(before, solid, plan)[..., 3] == 255).all()


def test_a_mask_that_does_not_fit_the_limit_is_refused():
    size = (3840, 2160)
    speckled = np.random.default_rng(0).random((2160, 3840)) < 0.5
    plan = framing.Plan((0, 0, *size), (0, 0, 0, 0), size)
    with pytest.raises(UsageError, match="the mask to send has"):
        framing.request(picture(smooth(*size)), speckled, plan)
