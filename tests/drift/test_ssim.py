"""SSIM from this project's pieces against ffmpeg's `ssim` filter and scikit-image, on equal windows.

The engine uses the contrast-structure term of SSIM only (`drift.ssim`), over 8 x 8 windows at stride 4 of luma
0..100. With the luminance term from the same means it is SSIM (Wang et al., 2004), which others compute as well.
"""

from __future__ import annotations

import io
import re
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from skimage import data
from skimage.metrics import structural_similarity

from comparisons import CAT, PHOTO, judge, metric, picture
from maskproof.drift import ssim
from maskproof.drift.grid import CELL, Float, cells, windows
from maskproof.drift.ssim import SSIM_C2, contrast_structure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SSIM_C1 = (0.01 * 100) ** 2
"""for luma 0..100, as SSIM_C2 is (0.03 x 100)^2"""
SIDE = 2 * CELL
FFMPEG_C1, FFMPEG_C2 = SSIM_C1 / 64, SSIM_C2 * 63 / 64
"""ffmpeg's constants (libavfilter/vf_ssim.c, after x264): the first for sums of 64 samples where squares of sums are
added to it, the second for variances over n - 1"""
FFMPEG_FILTER = ("-filter_complex", "[0]format=gray[a];[1]format=gray[b];[a][b]ssim", "-f", "null", "-")
FFMPEG_TOLERANCE = 5e-6
"""ffmpeg rounds its constants to integers and prints six digits"""
PAPER_TOLERANCE = 3e-3
"""what ffmpeg's other constants are worth on these pairs"""
OWN_TOLERANCE = 1e-3
"""single precision: in a bright flat window the mean square and the squared mean cancel to a few digits"""


def jpeg(picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=60)
    return Image.open(buffer).convert("L")


def noisy(picture: Image.Image) -> Image.Image:
    noise = np.random.default_rng(1).normal(0, 12, (picture.height, picture.width))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def scribbled(picture: Image.Image) -> Image.Image:
    drawn = picture.copy()
    ImageDraw.Draw(drawn).ellipse((60, 40, 180, 140), fill=230, outline=10)
    return drawn


PHOTOS = {
    "astronaut": Image.fromarray(data.astronaut()).convert("L").crop((120, 0, 320, 168)),
    "cat": Image.fromarray(data.chelsea()).convert("L").crop((70, 40, 283, 215)),
}
EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "the same": lambda picture: picture,
    "JPEG 60": jpeg,
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(2)),
    "noisy": noisy,
    "lighter": lambda picture: picture.point([min(255, value + 25) for value in range(256)]),
    "scribbled": scribbled,
}
PAIRS = [
    pytest.param(photo, edit(photo), id=f"{name}, {change}")
    for name, photo in PHOTOS.items()
    for change, edit in EDITS.items()
]


def luma(picture: Image.Image) -> Float:
    """0..100, as the engine's first plane."""
    return np.asarray(picture, np.float32) / np.float32(2.55)


def own_ssim(first: Float, second: Float, c1: float = SSIM_C1) -> Float:
    """The engine's contrast-structure term, completed with the luminance term of the same windows."""
    a, b = (windows(cells(plane), 2) / SIDE**2 for plane in (first, second))
    light = (2 * a * b + c1) / (a * a + b * b + c1)
    return light * contrast_structure(first, second)


def reference(first: Float, second: Float, side: int, stride: int, *, sample: bool) -> tuple[np.ndarray, np.ndarray]:
    """The luminance and the contrast-structure term as they are written in the paper, in double precision.

    Args:
        first: H x W, 0..100.
        second: The same of the other picture.
        side: Of a window, in samples.
        stride: Samples from one window to the next.
        sample: Divide the variances by n - 1, as scikit-image does, instead of n.
    """
    a, b = (
        np.lib.stride_tricks.sliding_window_view(plane.astype(np.float64), (side, side))[::stride, ::stride]
        for plane in (first, second)
    )
    mean_a, mean_b = a.mean((-2, -1)), b.mean((-2, -1))
    off_a, off_b = a - mean_a[..., None, None], b - mean_b[..., None, None]
    n = side * side - sample
    variance_a, variance_b, covariance = (
        (x * y).sum((-2, -1)) / n for x, y in ((off_a, off_a), (off_b, off_b), (off_a, off_b))
    )
    light = (2 * mean_a * mean_b + SSIM_C1) / (mean_a**2 + mean_b**2 + SSIM_C1)
    return light, (2 * covariance + SSIM_C2) / (variance_a + variance_b + SSIM_C2)


def ffmpeg_ssim(folder: Path, first: Image.Image, second: Image.Image) -> float:
    """What ffmpeg's `ssim` filter says of two grey pictures: 8 x 8 windows at stride 4, as here."""
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="needs ffmpeg, from the PyPI package imageio-ffmpeg")
    for name, image in (("first", first), ("second", second)):
        image.save(folder / f"{name}.png")
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", "first.png", "-i", "second.png", *FFMPEG_FILTER],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"SSIM Y:([\d.]+)", done.stderr)
    assert found, done.stderr
    return float(found[1])


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_ssim_of_our_windows_is_that_of_ffmpeg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: Image.Image, second: Image.Image
) -> None:
    theirs = ffmpeg_ssim(tmp_path, first, second)
    assert own_ssim(luma(first), luma(second)).mean(dtype=np.float64) == pytest.approx(theirs, abs=PAPER_TOLERANCE)
    monkeypatch.setattr(ssim, "SSIM_C2", FFMPEG_C2)
    ours = own_ssim(luma(first), luma(second), FFMPEG_C1).mean(dtype=np.float64)
    assert ours == pytest.approx(theirs, abs=FFMPEG_TOLERANCE)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_our_windows_are_those_of_the_formula(first: Image.Image, second: Image.Image) -> None:
    light, contrast = reference(luma(first), luma(second), SIDE, CELL, sample=False)
    assert contrast_structure(luma(first), luma(second)) == pytest.approx(contrast, abs=OWN_TOLERANCE)
    assert own_ssim(luma(first), luma(second)) == pytest.approx(light * contrast, abs=OWN_TOLERANCE)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_the_formula_is_that_of_scikit_image(first: Image.Image, second: Image.Image) -> None:
    """On 7 x 7 windows at every sample: scikit-image takes odd sides only."""
    a, b = luma(first).astype(np.float64), luma(second).astype(np.float64)
    light, contrast = reference(a, b, 7, 1, sample=True)
    _, full = structural_similarity(a, b, win_size=7, data_range=100, full=True)
    assert light * contrast == pytest.approx(full[3:-3, 3:-3], abs=1e-6)


def test_structure_term_is_the_published_formula_on_8_px_windows_at_stride_4() -> None:
    first, second = (
        np.asarray(one.convert("L").resize((256, 256)), np.float32) / np.float32(2.55) for one in (PHOTO, CAT)
    )
    squares = [np.lib.stride_tricks.sliding_window_view(plane, (8, 8))[::4, ::4] for plane in (first, second)]
    centered = [one - one.mean((2, 3), keepdims=True) for one in squares]
    constant = (0.03 * 100) ** 2
    expected = (2 * (centered[0] * centered[1]).mean((2, 3)) + constant) / (
        np.square(centered[0]).mean((2, 3)) + np.square(centered[1]).mean((2, 3)) + constant
    )
    np.testing.assert_allclose(contrast_structure(first, second), expected, atol=2e-3)


@pytest.mark.parametrize("side", [100, 200])
def test_area_is_the_share_of_the_largest_connected_part_that_was_replaced(side: int) -> None:
    edit = np.asarray(PHOTO).copy()
    edit[40 : 40 + side, 60 : 60 + side] = np.asarray(CAT.resize((side, side)))
    edit[400:460, 400:460] = np.asarray(CAT.resize((60, 60)))
    found = metric(judge(picture(PHOTO), picture(edit)), "outside-mask", "area")
    assert found.value == pytest.approx(side**2 / 512**2, rel=0.12)
    assert found.box is not None
    assert (found.box.x, found.box.y) == pytest.approx((60, 40), abs=12)
    assert (found.box.width, found.box.height) == pytest.approx((side, side), abs=16)
