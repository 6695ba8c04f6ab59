"""Every pixel that ships is compared, or counts as open: masks, their borders, crops and paddings add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskproof.drift.border import outside
from maskproof.drift.frame import Frame
from maskproof.drift.uncompared import uncompared
from maskproof.model import Level

WIDE, TALL = 640, 480


def opened(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros((TALL, WIDE), np.bool_)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = True
    return mask


def every(step: int, size: int = 1) -> np.ndarray:
    rows, columns = np.arange(TALL)[:, None] % step < size, np.arange(WIDE)[None] % step < size
    return rows & columns


def shares(mask, level=Level.VISUAL, frame=None, edit=None):
    frame = frame or Frame()
    return uncompared(mask, level, frame, edit or frame.canvas((WIDE, TALL)))


@pytest.mark.parametrize("level", Level)
def test_nothing_open_is_all_compared(level):
    assert shares(opened(), level).share == 0


@pytest.mark.parametrize("level", Level)
def test_an_ordinary_mask_counts_what_it_opens_and_no_border(level):
    found = shares(opened((100, 100, 300, 250), (400, 50, 460, 110)), level)
    assert (found.mask, found.border) == (found.share, 0)
    assert found.share == pytest.approx((200 * 150 + 60 * 60) / (WIDE * TALL))


@pytest.mark.parametrize("level", [Level.VISUAL, Level.STRICT])
@pytest.mark.parametrize(
    "mask",
    [
        pytest.param(every(4), id="dots close by"),
        pytest.param(every(7, 2), id="dots of two pixels"),
        pytest.param(np.arange(TALL)[:, None] % 7 + np.zeros((1, WIDE)) < 1, id="hairlines"),
        pytest.param((np.arange(TALL)[:, None] % 7 < 1) | (np.arange(WIDE)[None] % 7 < 1), id="a grid"),
        pytest.param(np.add.outer(np.arange(TALL), np.arange(WIDE)) % 7 < 1, id="slanted lines"),
    ],
)
@pytest.mark.threat("T45")
def test_a_fine_mask_that_leaves_nothing_to_compare_says_so(mask, level):
    judged, _ = outside(mask, level)
    found = shares(mask, level)
    # Whatever the border takes here is counted, so nothing is excused that is not open.
    assert found.mask + found.border + judged.mean() == pytest.approx(1, abs=0.02)


def test_a_big_opening_does_not_pay_for_dots_elsewhere():
    mask = every(4)
    mask[:, : WIDE // 2] = True
    found = shares(mask, Level.VISUAL)
    assert found.mask < 0.54
    assert found.border > 0.4


def test_at_level_exact_there_is_no_border():
    assert shares(every(4), Level.EXACT).border == 0


class TestFrames:
    def test_padding_counts(self):
        found = shares(opened(), frame=Frame(pad=(0, 0, 0, 720)))
        assert (found.padding, found.share) == (pytest.approx(0.6), pytest.approx(0.6))

    def test_what_a_crop_leaves_out_counts_and_an_opening_in_it_once(self):
        mask = opened((0, 0, 640, 120))
        found = shares(mask, frame=Frame(crop=(0, 240, 640, 240)))
        assert found.mask == pytest.approx(0.25)
        assert found.crop == pytest.approx(0.25)
        assert found.share == pytest.approx(0.5)

    def test_a_crop_of_what_is_open_leaves_nothing(self):
        mask = opened((400, 100, 500, 200))
        assert shares(mask, frame=Frame(crop=(400, 100, 100, 100))).share == pytest.approx(1)

    @pytest.mark.parametrize("scale", [1, 2, 0.5])
    def test_how_large_it_ships_is_nothing_to_it(self, scale):
        frame = Frame(crop=(100, 100, 320, 240), pad=(40, 0, 40, 0))
        size = tuple(int(side * scale) for side in frame.canvas((WIDE, TALL)))
        assert shares(opened((150, 150, 200, 200)), frame=frame, edit=size) == shares(
            opened((150, 150, 200, 200)), frame=frame
        )

    def test_an_edit_of_the_originals_size_was_mapped_back(self):
        frame = Frame(pad=(0, 80, 0, 80))
        assert shares(opened(), frame=frame, edit=(WIDE, TALL)).share == 0


BOXES = st.tuples(st.integers(0, 600), st.integers(0, 440), st.integers(1, 640), st.integers(1, 480))


@given(st.lists(BOXES, max_size=4), BOXES, st.sampled_from(Level), st.tuples(*[st.integers(0, 300)] * 4))
@settings(max_examples=40, deadline=None)
def test_the_parts_are_shares_and_opening_more_never_counts_less(boxes, more, level, pad):
    frame = Frame(pad=pad)
    one, other = opened(*boxes), opened(*boxes, more)
    for found in (shares(one, level, frame), shares(other, level, frame)):
        assert all(0 <= part <= 1 for part in (found.mask, found.border, found.crop, found.padding))
        assert found.share <= 1 + 1e-9
    assert shares(other, level, frame).mask >= shares(one, level, frame).mask
    assert shares(one, level, frame).padding == shares(other, level, frame).padding
