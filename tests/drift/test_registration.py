"""Registration: known warps are found."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data

from maskproof.drift.registration import register


@pytest.mark.parametrize(("scale", "angle"), [(1.01, 0), (0.985, 0), (1, 0.8), (1.008, -0.5)])
def test_registration_finds_known_warps(scale: float, angle: float) -> None:
    image = Image.fromarray(data.astronaut()).convert("L")
    size = image.width
    turn = np.radians(angle)
    forward = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    inverse = np.linalg.inv(forward)
    centre = np.array([size / 2, size / 2])
    offset = centre - inverse @ centre
    matrix = (*inverse[0], offset[0], *inverse[1], offset[1])
    warped = image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    luma = [np.asarray(one, np.float32) / np.float32(2.55) for one in (image, warped)]
    inner = np.zeros((size, size), np.bool_)
    inner[40:-40, 40:-40] = True
    motion = register(*luma, inner)
    assert motion.trusted
    assert motion.scale == pytest.approx(scale, abs=0.0015)
    assert motion.angle == pytest.approx(angle, abs=0.08)
