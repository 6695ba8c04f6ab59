"""The frame: known moves, paddings, sizes and transparencies."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw, ImageFont
from skimage import data

from comparisons import PHOTO, judge, picture, rules, value
from maskproof import drift
from maskproof.drift.frame import padding_that_explains
from maskproof.model import Level, Picture, Verdict


@pytest.mark.parametrize(("dx", "dy"), [(7, 0), (0, -9), (-12, 5), (3, 3)])
def test_shift_is_told_in_pixels_and_not_as_redrawn(dx: int, dy: int) -> None:
    wide = Image.fromarray(data.astronaut())
    original = wide.crop((30, 30, 480, 480))
    moved = wide.crop((30 - dx, 30 - dy, 480 - dx, 480 - dy))
    report = judge(picture(original), picture(moved))
    assert value(report, "frame", "dx") == pytest.approx(dx, abs=0.3)
    assert value(report, "frame", "dy") == pytest.approx(dy, abs=0.3)
    assert rules(report) == {"shift"}


@pytest.mark.parametrize(
    ("dx", "dy", "scale", "size", "said"),
    [
        (0, 4, 1, (1024, 680), "multiples of 16 (1024 x 688 px)"),
        (8, 4, 1, (1000, 680), "multiples of 16 (1008 x 688 px)"),
        (0, 12, 1, (640, 500), "multiples of 16 (640 x 512 px)"),
        (7, 3, 1, (1024, 1024), ""),
        (0, 0, (1000 / 1024 * 700 / 704) ** 0.5, (1000, 700), "and scaling back"),
        (0, 0, 0.95, (1024, 1024), ""),
        (0, 0, 1, (1000, 700), ""),
    ],
)
def test_a_move_that_padding_explains_is_named(dx, dy, scale, size, said) -> None:
    text = padding_that_explains(dx, dy, scale, size)
    assert said in text
    assert bool(said) == bool(text)


def test_alpha_of_protected_pixels_is_seen_although_their_samples_are_equal() -> None:
    hidden = PHOTO.convert("RGBA")
    alpha = Image.new("L", PHOTO.size, 255)
    ImageDraw.Draw(alpha).rectangle((300, 300, 400, 400), fill=0)
    hidden.putalpha(alpha)
    assert "alpha" in rules(judge(picture(PHOTO), picture(hidden)))


@pytest.mark.parametrize("stored", ["white", "black"])
def test_a_mark_that_lives_in_the_alpha_channel_is_judged(stored: str) -> None:
    def mark(word: str) -> Picture:
        alpha = Image.new("L", (320, 96), 0)
        ImageDraw.Draw(alpha).text((12, 12), word, fill=255, font=ImageFont.load_default(60))
        image = Image.new("RGBA", alpha.size, stored)
        image.putalpha(alpha)
        return picture(image)

    assert judge(mark("NORTH"), mark("NORTH")).drift == 0
    assert judge(mark("NORTH"), mark("NOBTH")).verdict is Verdict.BLOCK


def test_other_proportions_block_and_another_size_does_not() -> None:
    half = PHOTO.resize((256, 256), Image.Resampling.LANCZOS)
    narrow = PHOTO.resize((400, 512), Image.Resampling.LANCZOS)
    assert judge(picture(PHOTO), picture(half)).verdict is Verdict.PASS
    assert "size" in rules(judge(picture(PHOTO), picture(narrow)))
    assert "size" in rules(judge(picture(PHOTO), picture(half), Level.EXACT))


def test_recorded_padding_maps_the_edit_back_exactly() -> None:
    padded = Image.new("RGB", (PHOTO.width + 16, PHOTO.height + 48), "gray")
    padded.paste(PHOTO, (0, 8))
    frame = drift.Frame(pad=(0, 8, 16, 40))
    assert judge(picture(PHOTO), picture(padded), Level.EXACT, frame).verdict is Verdict.PASS
    assert judge(picture(PHOTO), picture(padded), Level.EXACT).verdict is Verdict.BLOCK


def test_aspect_is_how_far_the_proportions_differ() -> None:
    narrow = PHOTO.resize((480, 512), Image.Resampling.LANCZOS)
    assert value(judge(picture(PHOTO), picture(narrow)), "frame", "aspect") == pytest.approx(100 * 32 / 512)


def test_resolution_is_how_far_the_size_differs_and_counts_at_level_exact_only() -> None:
    half = PHOTO.resize((256, 256), Image.Resampling.LANCZOS)
    for level in Level:
        report = judge(picture(PHOTO), picture(half), level)
        assert value(report, "frame", "resolution") == 50
        assert ("size" in rules(report)) == (level is Level.EXACT)
