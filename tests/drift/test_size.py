"""One size of judging: what any size is reduced to, with masks and places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskproof.drift.oklab import opponent
from maskproof.drift.size import AS_IT_IS_PX, JUDGED_SIDE_PX, NARROW_PX, SMALLEST_SIDE_PX, JudgedSize
from maskproof.model import Box

SIZES = st.tuples(st.integers(1, 3000), st.integers(1, 3000))


@pytest.mark.parametrize(
    ("size", "judged"),
    [
        ((1, 1), (1, 1)),
        ((512, 384), (512, 384)),
        ((1024, 1024), (1024, 1024)),
        ((1025, 900), (1025, 900)),
        ((1152, 900), (1152, 900)),
        ((1153, 900), (1024, 799)),
        ((1536, 1024), (1024, 683)),
        ((3840, 2160), (960, 540)),
        ((2160, 3840), (540, 960)),
        ((2048, 1366), (1024, 683)),
        ((2048, 1365), (1024, 682)),
        ((2250, 1500), (1125, 750)),
        ((20000, 20000), (1000, 1000)),
        ((3000, 24), (3000, 24)),
        ((3000, 60), (1200, 24)),
        ((2000, 5), (2000, 5)),
        ((1, 5000), (1, 5000)),
    ],
)
def test_every_size_is_judged_at_one_long_side_unless_it_is_small_or_narrow(
    size: tuple[int, int], judged: tuple[int, int]
) -> None:
    assert JudgedSize.of(size).judged == judged


@given(SIZES)
def test_no_picture_is_enlarged_and_none_becomes_narrower_than_a_window_needs(size: tuple[int, int]) -> None:
    found = JudgedSize.of(size)
    assert all(1 <= judged <= side for judged, side in zip(found.judged, size, strict=True))
    assert min(found.judged) >= min(NARROW_PX, *size)
    side = max(size) if max(size) <= AS_IT_IS_PX else JUDGED_SIDE_PX
    whole = SMALLEST_SIDE_PX <= max(found.judged) <= AS_IT_IS_PX and found.factor == found.whole
    assert whole or max(found.judged) == side or min(found.judged) == min(NARROW_PX, *size)
    assert found.factor >= 1
    assert found.whole <= found.factor


@pytest.mark.parametrize("size", [(1023, 40), (1024, 41), (1100, 41), (1700, 90), (2048, 64), (2999, 333), (5000, 80)])
def test_planes_are_as_large_as_the_picture_is_judged_and_keep_an_even_colour(size: tuple[int, int]) -> None:
    found, color = JudgedSize.of(size), np.array([200, 30, 90], np.uint8)
    planes = found.planes(np.broadcast_to(color, (size[1], size[0], 3)))
    assert planes.shape == (3, *found.judged[::-1])
    even = np.broadcast_to(opponent(color[None, None]), planes.shape)
    np.testing.assert_allclose(planes, even, atol=0.01)


@pytest.mark.parametrize("size", [(1100, 400), (1500, 1000), (2500, 900)])
def test_planes_keep_things_where_they_are(size: tuple[int, int]) -> None:
    """A ramp from left to right stays that ramp: half a sample off would show."""
    ramp = np.linspace(0, 255, size[0], dtype=np.float32).round().astype(np.uint8)
    found = JudgedSize.of(size)
    light = found.planes(np.broadcast_to(ramp[None, :, None], (size[1], size[0], 3)))[0]
    middles = (np.arange(found.judged[0]) + 0.5) * size[0] / found.judged[0] - 0.5
    wanted = np.broadcast_to(100 * middles / (size[0] - 1), light.shape)
    np.testing.assert_allclose(light[:, 4:-4], wanted[:, 4:-4], atol=0.25)


# --- masks and places ------------------------------------------------------------------------------------------------


@st.composite
def placed(draw: st.DrawFn) -> tuple[tuple[int, int], Box]:
    """A picture's size and a box in it."""
    width, height = size = draw(st.tuples(st.integers(30, 2600), st.integers(30, 2600)))
    x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    return size, Box(x, y, draw(st.integers(1, width - x)), draw(st.integers(1, height - y)))


def covers(outer: Box, inner: Box) -> bool:
    return (outer | inner) == outer


def reduced(width: int, height: int, box: Box) -> tuple[JudgedSize, np.ndarray]:
    """How a picture is reduced, and the mask of a box in it."""
    found = JudgedSize.of((width, height))
    mask = np.zeros((height, width), np.bool_)
    mask[box.y : box.y + box.height, box.x : box.x + box.width] = True
    return found, found.mask(mask)


@given(placed())
def test_a_mask_covers_every_sample_that_it_touches_and_none_beside(case: tuple[tuple[int, int], Box]) -> None:
    size, box = case
    found, small = reduced(*size, box)
    assert small.shape == found.judged[::-1]
    for axis, first, last in ((0, box.x, box.x + box.width), (1, box.y, box.y + box.height)):
        share, along = found.judged[axis] / found.size[axis], np.flatnonzero(small.any(axis))
        whole = found.whole * share
        touched = int(first * share), int(np.ceil(round(last * share, 6))) - 1
        assert along[0] <= touched[0]
        assert along[-1] >= touched[1]
        assert along[0] >= touched[0] - whole - 1
        assert along[-1] <= touched[1] + whole + 1
        assert len(along) == along[-1] - along[0] + 1


@given(placed())
def test_a_box_comes_back_around_where_it_came_from(case: tuple[tuple[int, int], Box]) -> None:
    (width, height), box = case
    found, small = reduced(width, height, box)
    rows, columns = np.flatnonzero(small.any(1)), np.flatnonzero(small.any(0))
    judged = Box(int(columns[0]), int(rows[0]), len(columns), len(rows))
    back = found.in_pixels(judged)
    assert covers(back, box)
    assert covers(Box(0, 0, width, height), back)
    assert back.x >= box.x - 3 * found.factor
    assert back.y >= box.y - 3 * found.factor
    assert back.x + back.width <= box.x + box.width + 3 * found.factor
    assert back.y + back.height <= box.y + box.height + 3 * found.factor


@given(SIZES)
def test_the_whole_judged_picture_is_the_whole_picture_and_nothing_is_nothing(size: tuple[int, int]) -> None:
    found = JudgedSize.of(size)
    assert found.in_pixels(Box(0, 0, *found.judged)) == Box(0, 0, *size)
    assert found.in_pixels(None) is None
    assert found.mask(np.ones(size[::-1], np.bool_)).all()
    assert not found.mask(np.zeros(size[::-1], np.bool_)).any()
