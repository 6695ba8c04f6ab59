"""The closer look: edges tell an edit of a flat mark from a stranger where hashes cannot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from maskproof.images import decode
from maskproof.likeness import edges, hashes
from projects import png, texture

THUMBNAILS = arrays(np.uint8, (32, 32), elements=st.integers(0, 255))


def mark(seed: int, shapes: int = 3) -> Image.Image:
    """Discs and bars of one colour each on a quiet ground."""
    chance = np.random.default_rng(seed)
    picture = Image.new("RGB", (320, 240), "#f4efe6")
    draw = ImageDraw.Draw(picture)
    for _ in range(shapes):
        x, y, wide, tall = (int(chance.integers(*span)) for span in ((30, 200), (30, 150), (30, 110), (30, 110)))
        shape = draw.ellipse if chance.random() < 0.5 else draw.rectangle
        shape((x, y, x + wide, y + tall), fill=tuple(int(one) for one in chance.integers(0, 200, 3)))
    return picture


def painted_over(picture: Image.Image, seed: int) -> Image.Image:
    chance = np.random.default_rng(seed)
    changed = picture.copy()
    x, y = int(chance.integers(40, 240)), int(chance.integers(40, 180))
    fill = tuple(int(one) for one in chance.integers(0, 255, 3))
    ImageDraw.Draw(changed).rectangle((x, y, x + 40, y + 30), fill=fill)
    return changed


def thumbnail(picture: Image.Image) -> np.ndarray:
    return decode.thumbnail(png(picture), "x.png", hashes.SIDE)


@pytest.mark.parametrize("seed", range(40))
def test_a_mark_with_a_patch_painted_over_is_the_same_drawing(seed):
    before = mark(seed)
    assert edges.correlation(thumbnail(before), thumbnail(painted_over(before, seed + 999))) > edges.SAME_DRAWING + 0.1


def test_no_two_of_a_hundred_marks_are_the_same_drawing():
    marks = [thumbnail(mark(seed)) for seed in range(5000, 5100)]
    most = max(edges.correlation(one, other) for index, one in enumerate(marks) for other in marks[:index])
    assert most < edges.SAME_DRAWING - 0.05


def test_textures_are_strangers_and_a_shift_by_a_sample_is_not():
    one, other = thumbnail(texture(1)), thumbnail(texture(2))
    assert edges.correlation(one, other) < 0.2
    assert edges.correlation(one[:, 1:-1][1:-1], one[:, :-2][1:-1]) > edges.SAME_DRAWING


@given(THUMBNAILS, THUMBNAILS)
def test_laws(one, other):
    assert edges.correlation(one, other) == pytest.approx(edges.correlation(other, one), abs=1e-6)
    assert -1.0001 <= edges.correlation(one, other) <= 1.0001
    assert edges.correlation(one, one) == pytest.approx(1 if np.ptp(one.astype(int)) else 0, abs=1e-3) or not np.any(
        edges._edges(one)
    )


@given(THUMBNAILS, st.floats(0.3, 1.0))
def test_neither_brightness_nor_contrast_matters(one, gain):
    lifted = (one * np.float32(gain)).astype(np.float32)
    if np.any(edges._edges(one)):
        assert edges.correlation(one, lifted) == pytest.approx(1, abs=1e-3)
