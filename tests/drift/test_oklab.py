"""OKLab and opponent planes against published values and Pillow, and what the viewing flare does near black."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparisons import PHOTO
from maskproof.drift import oklab as module
from maskproof.drift.oklab import oklab, opponent

Rgb = tuple[int, int, int]


PUBLISHED = [
    ((255, 255, 255), (100.0, 0.0, 0.0)),
    ((0, 0, 0), (0.0, 0.0, 0.0)),
    ((255, 0, 0), (62.796, 22.486, 12.585)),
    ((0, 255, 0), (86.644, -23.389, 17.950)),
    ((0, 0, 255), (45.201, -3.246, -31.153)),
]
"""sRGB and OKLab x100 by B. Ottosson's reference, without flare"""


def lab(*rgb: float) -> np.ndarray:
    return oklab(np.array(rgb, np.float32))


def distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """What a finding tells as the difference of two colours."""
    return float(np.linalg.norm(lab(*one) - lab(*other)))


@pytest.mark.parametrize(("rgb", "published"), PUBLISHED)
def test_without_the_flare_oklab_gives_the_published_values(
    rgb: tuple[int, ...], published: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLARE", np.float32(0))
    np.testing.assert_allclose(lab(*rgb), published, atol=0.02)


def test_black_stays_black_and_greys_have_no_colour() -> None:
    assert lab(0, 0, 0).tolist() == [0, 0, 0]
    greys = oklab(np.arange(256, dtype=np.float32)[:, None].repeat(3, 1))
    assert np.abs(greys[:, 1:]).max() < 0.02
    assert (np.diff(greys[:, 0]) > 0).all(), "more light is more lightness"


def test_one_level_on_black_is_hardly_a_difference() -> None:
    assert 0 < distance((0, 0, 0), (1, 1, 1)) < 0.4
    assert distance((0, 0, 0), (3, 3, 3)) < 1.2


@given(st.tuples(*[st.integers(64, 191)] * 3), st.tuples(*[st.integers(64, 191)] * 3))
def test_differences_of_middle_tones_are_the_published_ones_to_a_tenth(one: Rgb, other: Rgb) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FLARE", np.float32(0))
        published = distance(one, other)
    assert distance(one, other) == pytest.approx(published, rel=0.1, abs=0.01)


def test_opponent_planes_are_those_of_jpeg() -> None:
    ycc = np.asarray(PHOTO.convert("YCbCr"), np.float32)
    planes = opponent(np.asarray(PHOTO))
    np.testing.assert_allclose(planes[0] * 2.55, ycc[..., 0], atol=1.01)
    np.testing.assert_allclose(planes[2] * 2.55 + 128, ycc[..., 1], atol=1.01)
    np.testing.assert_allclose(planes[1] * 2.55 + 128, ycc[..., 2], atol=1.01)
