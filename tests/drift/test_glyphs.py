"""Strokes: laws, and drawn words against harmless residue; the full table stands in docs/metrics-text.md."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from maskproof.drift.glyphs import stroke_difference, stroke_width
from maskproof.policy.limits import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Samples = NDArray[np.uint8]

LIMIT = ROWS["text", "stroke"].visual

GROUNDS = {"light": ((235, 235, 235), (20, 20, 20)), "dark": ((25, 40, 90), (240, 240, 240))}
SIZES = (16, 22, 28, 40, 56)
"""font sizes whose capitals are 12, 16, 20, 28 and 40 px high"""
PAIRS = ("OQ", "CG", "EF", "PR", "BR", "38", "17", "56", "MN", "VY")


def word(text: str, size: float, ground: str = "light", width_of: str | None = None) -> Samples:
    paper, ink = GROUNDS[ground]
    font = ImageFont.load_default(size)
    margin = round(size / 4)
    box = font.getbbox(width_of or text)
    picture = Image.new("RGB", (round(box[2]) + 2 * margin, round(box[3] - box[1]) + 2 * margin), paper)
    ImageDraw.Draw(picture).text((margin, margin - box[1]), text, font=font, fill=ink)
    return np.asarray(picture)


def changed(*pictures: NDArray[Any]) -> float:
    """The share alone, without its place."""
    return stroke_difference(*pictures)[0]


def everywhere(samples: Samples) -> NDArray[np.bool_]:
    return np.ones(samples.shape[:2], np.bool_)


def coded(samples: Samples, form: str, **how: int) -> Samples:
    file = io.BytesIO()
    Image.fromarray(samples).save(file, form, **how)
    return np.asarray(Image.open(file).convert("RGB"))


def noisy(samples: Samples) -> Samples:
    noise = np.random.default_rng(7).normal(0, 1, samples.shape)
    soft = ndimage.gaussian_filter(noise, (1, 1, 0))
    return np.clip(samples + 6 * soft / soft.std(), 0, 255).round().astype(np.uint8)


def moved(samples: Samples) -> Samples:
    half = ndimage.shift(samples.astype(np.float32), (0.5, 0.5, 0), order=1, mode="nearest")
    return np.clip(half, 0, 255).round().astype(np.uint8)


RESIDUES: dict[str, Callable[[Samples], Samples]] = {
    "jpeg": lambda a: coded(a, "JPEG", quality=75, subsampling=2),
    "webp": lambda a: coded(a, "WEBP", quality=75),
    "noise": noisy,
    "half a pixel": moved,
    "all": lambda a: coded(moved(noisy(a)), "JPEG", quality=75, subsampling=2),
    "toned": lambda a: np.clip(a * 0.9 + 12, 0, 255).round().astype(np.uint8),
}


def test_identity_is_zero() -> None:
    picture = word("NOOVA", 22)
    assert changed(picture, picture.copy(), everywhere(picture)) == 0.0


def test_an_empty_mask_has_nothing_to_differ() -> None:
    picture = word("NOOVA", 22)
    assert changed(picture, 255 - picture, ~everywhere(picture)) == 0.0


@pytest.mark.parametrize("residue", RESIDUES)
@pytest.mark.parametrize("size", SIZES)
def test_harmless_residue_stays_under_the_limit(size: int, residue: str) -> None:
    for ground in GROUNDS:
        picture = word("NOOVA 38", size, ground)
        assert changed(picture, RESIDUES[residue](picture), everywhere(picture)) < LIMIT


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("size", SIZES)
def test_one_letter_is_seen_through_heavy_residue(size: int, pair: str) -> None:
    for ground in GROUNDS:
        first, second = (f"NOVA{letter}" for letter in pair)
        original = word(first, size, ground)
        edit = RESIDUES["all"](word(second, size, ground, width_of=first))
        assert changed(original, edit, everywhere(original)) > LIMIT


def test_a_text_that_is_gone_or_all_different_is_more_than_a_letter() -> None:
    original = word("NOOVA", 28)
    gone = np.full_like(original, 235)
    other = word("SALE", 28, width_of="NOOVA")
    assert changed(original, gone, everywhere(original)) > 2 * LIMIT
    assert changed(original, other, everywhere(original)) > 2 * LIMIT


def test_what_lies_outside_the_mask_does_not_count() -> None:
    original = word("NOOVA", 28)
    mask = everywhere(original)
    mask[:, original.shape[1] // 2 :] = False
    edit = original.copy()
    edit[:, original.shape[1] // 2 :] = 0
    assert changed(original, edit, mask) == 0.0
    edit[0, 0] ^= 1
    assert changed(original, edit, mask) < LIMIT / 10


def test_flat_areas_are_judged_too() -> None:
    flat = np.full((30, 60, 3), 120, np.uint8)
    written = flat.copy()
    written[10:20, 20:24] = 250
    assert changed(flat, flat + np.uint8(9), everywhere(flat)) < 1e-3
    assert changed(flat, written, everywhere(flat)) > LIMIT


@pytest.mark.parametrize("width", [2, 4, 7])
@pytest.mark.parametrize("ink", [0.0, 255.0])
def test_stroke_width_of_bars(width: int, ink: float) -> None:
    luma = np.full((60, 90), 255.0 - ink, np.float32)
    for x in range(8, 80, 6 * width):
        luma[:, x : x + width] = ink
    assert stroke_width(luma, np.ones(luma.shape, np.bool_)) == pytest.approx(width * 1.1, rel=0.05)
