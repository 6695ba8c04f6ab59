"""The residual: what an edit leaves everywhere is measured as it is."""

from __future__ import annotations

import numpy as np
import pytest

from comparisons import PHOTO, judge, picture, rules, value
from maskproof.policy.limits import ROWS


@pytest.mark.parametrize("sigma", [2, 8, 20])
def test_residue_is_the_rms_of_even_noise_in_hundredths_of_full_scale(sigma: int) -> None:
    grey = np.full((256, 256, 3), 128, np.uint8)
    noise = np.random.default_rng(1).normal(0, sigma, (256, 256, 1))
    edit = np.clip(grey + noise, 0, 255).round().astype(np.uint8)
    report = judge(picture(grey), picture(edit))
    assert value(report, "outside-mask", "residue") == pytest.approx(sigma / 2.55, rel=0.1)


def test_residue_over_its_limit_blocks_although_no_place_differs_from_the_others() -> None:
    noise = np.random.default_rng(1).normal(0, 25, (512, 512, 1))
    edit = np.clip(np.asarray(PHOTO) + noise, 0, 255).round().astype(np.uint8)
    report = judge(picture(PHOTO), picture(edit))
    assert value(report, "outside-mask", "residue") > ROWS["outside-mask", "residue"].visual
    assert "outside-mask" in rules(report)
