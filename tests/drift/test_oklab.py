"""OKLab and opponent planes against published values and Pillow."""

from __future__ import annotations

import numpy as np
import pytest

from comparisons import PHOTO
from maskproof.drift.oklab import oklab, opponent


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 0, 0), (62.796, 22.486, 12.585)),
        ((0, 255, 0), (86.644, -23.389, 17.950)),
        ((0, 0, 255), (45.201, -3.246, -31.153)),
    ],
)
def test_oklab_gives_the_published_values(rgb: tuple[int, ...], lab: tuple[float, ...]) -> None:
    np.testing.assert_allclose(oklab(np.array(rgb, np.float32)), lab, atol=0.02)


def test_opponent_planes_are_those_of_jpeg() -> None:
    ycc = np.asarray(PHOTO.convert("YCbCr"), np.float32)
    planes = opponent(np.asarray(PHOTO))
    np.testing.assert_allclose(planes[0] * 2.55, ycc[..., 0], atol=1.01)
    np.testing.assert_allclose(planes[2] * 2.55 + 128, ycc[..., 1], atol=1.01)
    np.testing.assert_allclose(planes[1] * 2.55 + 128, ycc[..., 2], atol=1.01)
