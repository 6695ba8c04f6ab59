"""Registration: a motion is told where the protected area shows it, exactly, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from skimage import data

from maskproof.drift.frame import describe_motion, motion_metrics
from maskproof.drift.registration import NO_MOTION, Motion, motion_between, undone

WIDTH, HEIGHT, MARGIN = 480, 360, 40
Y, X = np.mgrid[-MARGIN : HEIGHT + MARGIN, -MARGIN : WIDTH + MARGIN] + 0.5
PHOTO = np.asarray(Image.fromarray(data.astronaut()).convert("L").resize(X.shape[::-1], Image.Resampling.BICUBIC))
PROTECTED = np.ones((HEIGHT, WIDTH), np.bool_)
PROTECTED[140:220, 190:290] = False


def soft(levels: np.ndarray, radius: float) -> np.ndarray:
    return np.asarray(Image.fromarray(levels.astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius)))


HORIZON = soft(np.where(Y < 150, 170, 90), 1.5)
POST = soft(np.where(X < 200, 170, 90), 1.5)
STRIPES = 128 + 60 * np.sin(2 * np.pi * X / 20)
CHECKER = soft(128 + 60 * np.sign(np.sin(2 * np.pi * X / 40) * np.sin(2 * np.pi * Y / 40)), 1)
GRADIENT = 75 + 0.12 * X + 0.08 * Y
WALL = 150 - 60 * ((X - 150) / WIDTH) ** 2 - 40 * ((Y - 240) / HEIGHT) ** 2


def seen(
    levels: np.ndarray, dx: float = 0.0, dy: float = 0.0, scale: float = 1.0, angle: float = 0.0, noise: float = 0.0
) -> np.ndarray:
    """Luma of a scene in 8 bits, moved around its middle."""
    turn = np.radians(angle)
    inverse = np.linalg.inv(scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]))
    middle = np.array([WIDTH / 2, HEIGHT / 2])
    offset = middle - inverse @ (middle + np.array([dx, dy])) + MARGIN
    matrix = (*inverse[0], offset[0], *inverse[1], offset[1])
    canvas = Image.fromarray(levels.astype(np.float32))
    moved = np.asarray(canvas.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC))
    grain = np.random.default_rng(1).normal(0, noise, moved.shape)
    return np.clip(np.rint(moved + grain), 0, 255).astype(np.float32) * np.float32(100 / 255)


def told(levels: np.ndarray, **move: float) -> Motion:
    return motion_between(seen(levels), seen(levels, **move), PROTECTED)


@pytest.mark.parametrize(("scale", "angle"), [(1.01, 0), (0.985, 0), (1, 0.8), (1.008, -0.5)])
@pytest.mark.parametrize("noise", [0, 3])
def test_known_scales_and_turns_are_found(scale: float, angle: float, noise: float) -> None:
    motion = told(PHOTO, scale=scale, angle=angle, noise=noise)
    assert motion.trusted
    assert motion.scale == pytest.approx(scale, abs=0.0015)
    assert motion.angle == pytest.approx(angle, abs=0.08)
    assert not motion.untold


@pytest.mark.parametrize("levels", [PHOTO, CHECKER], ids=["photo", "checker"])
@pytest.mark.parametrize(("dx", "dy"), [(0.5, 0.3), (1, 0), (2, 1), (2.5, 1.5), (-6, 4), (3.5, -7.25)])
def test_shifts_are_found_fractions_kept_and_whole_ones_exact(levels: np.ndarray, dx: float, dy: float) -> None:
    motion = told(levels, dx=dx, dy=dy, noise=1)
    assert motion.trusted
    assert (motion.dx, motion.dy) == pytest.approx((dx, dy), abs=0.06)
    assert (motion.scale, motion.angle) == (1, 0)
    if (dx, dy) == (int(dx), int(dy)):
        assert (motion.dx, motion.dy) == pytest.approx((dx, dy), abs=1e-6)


@settings(deadline=None, max_examples=15)
@given(dx=st.floats(-20, 20), dy=st.floats(-20, 20), noise=st.floats(0, 3))
def test_a_moved_picture_with_texture_is_told_as_such(dx: float, dy: float, noise: float) -> None:
    motion = told(PHOTO, dx=dx, dy=dy, noise=noise)
    assert (motion.dx, motion.dy) == pytest.approx((dx, dy), abs=0.35)
    assert motion.scale == pytest.approx(1, abs=5e-4)


@settings(deadline=None, max_examples=15)
@given(dx=st.floats(-20, 20), dy=st.floats(-20, 20), scale=st.floats(0.98, 1.02), noise=st.floats(0, 4))
@pytest.mark.parametrize("levels", [GRADIENT, WALL], ids=["gradient", "wall"])
def test_what_has_no_texture_never_moves(levels: np.ndarray, dx: float, dy: float, scale: float, noise: float) -> None:
    motion = told(levels, dx=dx, dy=dy, scale=scale, noise=noise)
    assert not motion.trusted
    assert motion.matrix == NO_MOTION.matrix


@pytest.mark.parametrize("levels", [PHOTO, CHECKER, STRIPES, HORIZON], ids=["photo", "checker", "stripes", "horizon"])
@pytest.mark.parametrize("noise", [1, 4, 12])
def test_grain_is_no_motion(levels: np.ndarray, noise: float) -> None:
    assert not told(levels, noise=noise).trusted


def test_a_thing_that_grew_is_no_motion_of_the_frame() -> None:
    before, after = (seen(np.where(np.abs(X - 300) < half, 90, 220)) for half in (60, 68))
    assert not motion_between(before, after, PROTECTED).trusted


def test_a_place_that_was_moved_by_itself_is_no_motion_of_the_frame() -> None:
    before = seen(PHOTO)
    after = before.copy()
    after[230:330, 40:200] = before[230:330, 44:204]
    assert not motion_between(before, after, PROTECTED).trusted


@pytest.mark.parametrize(
    ("levels", "found", "way"),
    [
        (HORIZON, (0, 4), "from side to side"),
        (POST, (3, 0), "up and down"),
        (STRIPES, (3, 0), "up and down"),
    ],
    ids=["horizon", "post", "stripes"],
)
@pytest.mark.parametrize("noise", [0, 2])
def test_along_lines_no_motion_is_told_and_that_is_said(
    levels: np.ndarray, found: tuple[float, float], way: str, noise: float
) -> None:
    motion = told(levels, dx=3, dy=4, noise=noise)
    assert (motion.dx, motion.dy) == pytest.approx(found, abs=0.1)
    assert (motion.scale, motion.angle) == (1, 0)
    assert motion.untold == way
    assert describe_motion(motion).endswith(f"a motion {way} cannot be told")
    sentences = {metric.name: metric.says for metric in motion_metrics(motion, 1, (WIDTH, HEIGHT))}
    assert sentences["dx"] == f"a motion {way} cannot be told"


def test_of_motions_that_show_the_same_the_shorter_is_told() -> None:
    assert not told(STRIPES, dx=20).trusted
    assert told(STRIPES, dx=17).dx == pytest.approx(-3, abs=0.1)
    assert np.hypot(*[getattr(told(CHECKER, dx=38, dy=1), side) for side in ("dx", "dy")]) < 6


@pytest.mark.parametrize(("dx", "dy"), [(0.4, -0.3), (2, 1), (2.5, -1.5), (-3, 7)])
def test_what_was_moved_is_undone(dx: float, dy: float) -> None:
    before, after = seen(PHOTO), seen(PHOTO, dx=dx, dy=dy)
    motion = motion_between(before, after, PROTECTED)
    first, second, valid = undone(before[None], after[None], motion)
    known = valid.copy()
    known[:2] = known[-2:] = known[:, :2] = known[:, -2:] = False
    assert valid.mean() == pytest.approx((1 - abs(round(dx)) / WIDTH) * (1 - abs(round(dy)) / HEIGHT), abs=0.01)
    assert np.abs(first - second)[0][known].mean() < 0.3
    assert np.abs(after - before)[known].mean() > 0.6
    whole = (dx, dy) == (int(dx), int(dy))
    assert np.array_equal(first[0], before) == whole
    assert np.array_equal(second[0][known], before[known]) == whole


def test_pictures_too_small_to_tell_have_no_motion() -> None:
    assert (
        motion_between(np.zeros((12, 400), np.float32), np.ones((12, 400), np.float32), np.ones((12, 400), np.bool_))
        == NO_MOTION
    )
