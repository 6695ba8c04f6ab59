"""The tone of the whole protected area: told as that, and never as a change of one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data

from comparisons import CAT, PHOTO, judge, middle, picture, rules, value
from maskproof.drift.residual import MEASURES
from maskproof.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable


def samples(values: np.ndarray) -> np.ndarray:
    return np.clip(values, 0, 255).round().astype(np.uint8)


def test_tone_that_was_lifted_is_a_finding_of_its_own() -> None:
    report = judge(picture(PHOTO), picture(samples(np.asarray(PHOTO, np.float32) * 0.9 + 38)))
    assert "tone" in rules(report)
    assert value(report, "frame", "tone_light") > 5


# --- gentle curves ---------------------------------------------------------------------------------------------------

CURVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "contrast 1.05": lambda values: (values - 128) * 1.05 + 128,
    "contrast 0.94": lambda values: (values - 128) * 0.94 + 128,
    "6 levels lighter": lambda values: values + 6,
    "6 levels darker": lambda values: values - 6,
    "gamma 1.1": lambda values: 255 * (values / 255) ** 1.1,
    "gamma 0.9": lambda values: 255 * (values / 255) ** 0.9,
    "warmer": lambda values: values * np.array([1.03, 1, 0.97]),
}
SCENES = {
    "astronaut": PHOTO,
    "cat": CAT,
    "coffee": Image.fromarray(data.coffee()),
    "rocket": Image.fromarray(data.rocket()),
}


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES.keys())
@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES.keys())
def test_tone_that_a_gentle_curve_changed_passes_and_is_told_as_tone(
    scene: Image.Image, curve: Callable[[np.ndarray], np.ndarray]
) -> None:
    report = judge(picture(scene), picture(samples(curve(np.asarray(scene, np.float32)))))
    assert report.verdict is Verdict.PASS
    assert value(report, "frame", "tone") > max(value(report, "outside-mask", name) for name in MEASURES)


@pytest.mark.parametrize("curve", [lambda v: 255 * (v / 255) ** 1.5, lambda v: v * 0.7, lambda v: v + 40])
def test_tone_that_a_strong_curve_changed_blocks_as_tone(curve: Callable[[np.ndarray], np.ndarray]) -> None:
    report = judge(picture(CAT), picture(samples(curve(np.asarray(CAT, np.float32)))))
    assert rules(report) >= {"tone"}
    assert next(finding.rule for finding in report.findings) == "tone"


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES.keys())
def test_damage_under_a_gentle_curve_is_found_where_it_is(curve: Callable[[np.ndarray], np.ndarray]) -> None:
    edit = np.asarray(CAT, np.float32).copy()
    edit[200:240, 60:100] += 25
    report = judge(picture(CAT), picture(samples(curve(edit))))
    (finding,) = (finding for finding in report.findings if finding.rule == "outside-mask")
    assert finding.box is not None
    assert 20 <= finding.box.x < 100
    assert 160 <= finding.box.y < 240


# --- near black ------------------------------------------------------------------------------------------------------


def night() -> np.ndarray:
    """Black with a photo in the middle, 768 x 512."""
    made = np.zeros((512, 768, 3), np.uint8)
    made[156:356, 284:484] = np.asarray(PHOTO.resize((200, 200)))
    return made


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_black_that_became_a_few_levels_lighter_passes(levels: int) -> None:
    report = judge(picture(night()), picture(samples(night().astype(np.int16) + levels)))
    assert report.verdict is Verdict.PASS
    assert value(report, "frame", "tone") < 2


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_a_band_that_became_black_passes(levels: int) -> None:
    before = night()
    before[400:480] = levels
    assert judge(picture(before), picture(night())).verdict is Verdict.PASS


def test_dark_photos_with_grain_pass() -> None:
    dark = np.asarray(PHOTO.filter(ImageFilter.GaussianBlur(1)), np.float32) * 0.1
    grain = np.random.default_rng(1).normal(0, 3, dark.shape)
    opened = middle(PHOTO.size)
    edit = samples(dark + grain)
    edit[opened] = 90
    assert judge(picture(samples(dark)), picture(edit), opened=opened).verdict is Verdict.PASS
