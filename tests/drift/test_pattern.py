"""Regular patterns: told when they are lost, in one place or everywhere; grain that was drawn anew is none."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from comparisons import PHOTO, judge, metric, picture, through, value
from maskproof.model import Verdict

SIDE = 512
Y, X = np.mgrid[:SIDE, :SIDE].astype(np.float32)
GROUND = np.stack([120 + 30 * np.sin(X / 97), 110 + 25 * np.cos(Y / 83), 100 + 20 * np.sin((X + Y) / 140)], -1)
"""soft light, as on cloth"""
PLACE = np.s_[120:400, 120:400]


def _lace(period: int = 14) -> np.ndarray:
    across, down = (X % period) / period * 2 - 1, ((Y + X // period % 2 * period / 2) % period) / period * 2 - 1
    return 30 * (1 - np.abs(np.hypot(across, down) - 0.6) * 3).clip(-0.5, 1)


PATTERNS = {
    "weave": 22 * np.sin(2 * np.pi * X / 8) * np.sin(2 * np.pi * Y / 8),
    "fine weave": 22 * np.sin(2 * np.pi * X / 6) * np.sin(2 * np.pi * Y / 6),
    "lace": _lace(),
    "knit": 25 * np.sin(2 * np.pi * (X + 3.5 * np.sin(2 * np.pi * Y / 10)) / 10),
}
"""levels to the ground's"""
every_pattern = pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS.keys())


def drawn(pattern: np.ndarray, noise: float = 0.0) -> np.ndarray:
    """The ground with a pattern on it, and the noise of a decoder."""
    grain = np.random.default_rng(7).normal(0, noise, GROUND.shape)
    return np.clip(GROUND + pattern[..., None] + grain, 0, 255).round().astype(np.uint8)


def faded(pattern: np.ndarray, gain: float, place: tuple[slice, slice]) -> np.ndarray:
    made = pattern.copy()
    made[place] *= gain
    return made


def in_place(pattern: np.ndarray) -> np.ndarray:
    """A cloth in a picture that has none elsewhere."""
    made = np.zeros_like(pattern)
    made[PLACE] = pattern[PLACE]
    return made


@every_pattern
@pytest.mark.parametrize("gain", [0.6, 0.3, 0])
def test_pattern_that_faded_in_one_place_is_found_there(pattern: np.ndarray, gain: float) -> None:
    report = judge(picture(drawn(pattern)), picture(drawn(faded(pattern, gain, PLACE), 1)))
    assert report.verdict is Verdict.BLOCK
    found = metric(report, "outside-mask", "pattern")
    assert found.value > 1
    assert 100 <= found.box.x <= 400
    assert 100 <= found.box.y <= 400


@every_pattern
@pytest.mark.parametrize("gain", [0.6, 0.3, 0])
def test_pattern_of_a_cloth_that_faded_is_found(pattern: np.ndarray, gain: float) -> None:
    cloth = in_place(pattern)
    report = judge(picture(drawn(cloth)), picture(drawn(cloth * gain, 1)))
    assert value(report, "outside-mask", "pattern") > 1


@every_pattern
@pytest.mark.parametrize("gain", [0.3, 0])
def test_pattern_that_faded_evenly_over_the_whole_picture_is_found(pattern: np.ndarray, gain: float) -> None:
    report = judge(picture(drawn(pattern)), picture(drawn(pattern * gain, 1)))
    assert value(report, "outside-mask", "pattern") > 1


@every_pattern
@pytest.mark.parametrize("whole", [True, False], ids=["everywhere", "on a cloth"])
@pytest.mark.parametrize("gain", [0.94, 0.88])
def test_pattern_that_is_a_little_weaker_passes(pattern: np.ndarray, gain: float, whole: bool) -> None:
    cloth = pattern if whole else in_place(pattern)
    report = judge(picture(drawn(cloth)), picture(drawn(cloth * gain, 1)))
    assert value(report, "outside-mask", "pattern") < 1


@every_pattern
@pytest.mark.parametrize("quality", [60, 85])
def test_pattern_that_an_encoder_kept_passes(pattern: np.ndarray, quality: int) -> None:
    before = Image.fromarray(drawn(pattern))
    report = judge(picture(before), through(before, "JPEG", quality=quality))
    assert report.verdict is Verdict.PASS
    assert value(report, "outside-mask", "pattern") < 0.6


@every_pattern
def test_pattern_in_noise_alone_passes(pattern: np.ndarray) -> None:
    assert value(judge(picture(drawn(pattern)), picture(drawn(pattern, 3))), "outside-mask", "pattern") < 0.6


@every_pattern
def test_pattern_of_a_picture_to_itself_is_nothing(pattern: np.ndarray) -> None:
    same = picture(drawn(pattern))
    assert value(judge(same, same), "outside-mask", "pattern") == 0


def grain(seed: int, coarse: float, strength: float) -> np.ndarray:
    made = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 1, (SIDE, SIDE)), coarse)
    return made / made.std() * strength


@pytest.mark.parametrize("coarse", [0, 0.8, 1.3, 2, 3])
@pytest.mark.parametrize("strength", [2, 4])
def test_pattern_is_not_what_grain_has_that_was_drawn_anew(coarse: float, strength: float) -> None:
    one, other = (drawn(grain(seed, coarse, strength)) for seed in (1, 2))
    assert value(judge(picture(one), picture(other)), "outside-mask", "pattern") < 1


def test_pattern_is_not_what_a_photo_loses_that_became_softer() -> None:
    soft = ndimage.gaussian_filter(np.asarray(PHOTO, np.float32), (1, 1, 0)).round().astype(np.uint8)
    assert value(judge(picture(PHOTO), picture(soft)), "outside-mask", "pattern") < 1


@every_pattern
def test_pattern_inside_the_mask_is_free(pattern: np.ndarray) -> None:
    opened = np.zeros((SIDE, SIDE), np.bool_)
    opened[PLACE] = True
    report = judge(picture(drawn(pattern)), picture(drawn(faded(pattern, 0, PLACE), 1)), opened=opened)
    assert value(report, "outside-mask", "pattern") < 1


@every_pattern
def test_pattern_loses_nothing_in_a_composite_unless_something_was_done_to_it(pattern: np.ndarray) -> None:
    edit = picture(drawn(faded(pattern, 0.81, PLACE)))
    assert value(judge(picture(drawn(pattern)), edit), "outside-mask", "pattern") > 1


@pytest.mark.parametrize(
    "pattern", [22 * np.sin(2 * np.pi * X / 12) * np.sin(2 * np.pi * Y / 12), _lace()], ids=["weave", "lace"]
)
def test_pattern_that_a_file_of_half_the_size_still_shows_is_told_when_it_fades(pattern: np.ndarray) -> None:
    kept, lost = (
        judge(picture(drawn(pattern)), picture(Image.fromarray(drawn(one, 3)).resize((SIDE // 2, SIDE // 2))))
        for one in (pattern, faded(pattern, 0.6, PLACE))
    )
    assert value(kept, "outside-mask", "pattern") < 1 < value(lost, "outside-mask", "pattern")
