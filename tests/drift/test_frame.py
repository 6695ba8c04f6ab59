"""The frame: known moves, paddings, sizes and transparencies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
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


@pytest.mark.threat("T08")
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


# --- the frame: cropped, padded, scaled, and back ------------------------------------------------------------------

FRAMES = st.builds(
    drift.Frame,
    st.none() | st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(1, 3), st.integers(1, 2)),
    st.tuples(*[st.integers(0, 4)] * 4),
)
"""of an original of 8 x 6"""


def mapped(plane: np.ndarray, frame: drift.Frame, border: object) -> np.ndarray:
    """A plane of the original cropped and padded."""
    x, y, width, height = frame.crop or (0, 0, plane.shape[1], plane.shape[0])
    left, top, right, bottom = frame.pad
    return np.pad(plane[y : y + height, x : x + width], ((top, bottom), (left, right)), constant_values=border)


@given(FRAMES, st.integers(0, 2**48 - 1), st.integers(1, 3))
def test_what_is_mapped_and_undone_is_the_original_where_it_is_shown(frame, bits, scale):
    original = np.array([bits >> at & 1 for at in range(48)], bool).reshape(6, 8)
    there = np.kron(mapped(original, frame, border=True), np.ones((scale, scale), bool))
    assert frame.canvas((8, 6)) == (there.shape[1] // scale, there.shape[0] // scale)
    back, shows = frame.undo(there, ~original, Image.Resampling.NEAREST), frame.shows((8, 6))
    shows = np.ones_like(original) if shows is None else shows
    assert np.array_equal(back[shows], original[shows])
    assert np.array_equal(back[~shows], ~original[~shows])


WIDER = drift.Frame(pad=(128, 0, 128, 0))
AROUND = drift.Frame(pad=(128, 96, 128, 96))
"""a border that keeps the proportions"""


@pytest.mark.parametrize(
    ("frame", "mask", "edit", "ways"),
    [
        (drift.Frame(), (512, 384), None, 1),
        (drift.Frame(), (256, 192), (512, 384), 1),
        (drift.Frame(), (512, 300), (512, 384), 0),
        (drift.Frame(), (512, 300), (512, 300), 1),
        (WIDER, (512, 384), (768, 384), "original"),
        (WIDER, (1024, 768), (768, 384), "original"),
        (WIDER, (768, 384), (768, 384), "edit"),
        (WIDER, (768, 384), (1536, 768), "edit"),
        (WIDER, (1536, 768), (1536, 768), "edit"),
        (WIDER, (384, 192), (768, 384), "edit"),
        (WIDER, (640, 384), (768, 384), 0),
        (WIDER, (768, 384), (512, 384), "edit"),
        (AROUND, (512, 384), (768, 576), "original"),
        (AROUND, (768, 576), (768, 576), "edit"),
        (AROUND, (1024, 768), (768, 576), 2),
        (drift.Frame(pad=(0, 8, 0, 8)), (256, 200), (512, 400), "edit"),
    ],
)
def test_how_a_mask_may_lie(frame, mask, edit, ways):
    found = frame.of_mask(mask, (512, 384), edit)
    if isinstance(ways, int):
        assert len(found) == ways
    else:
        assert found == ((drift.Frame(),) if ways == "original" else (frame,))


def test_an_edit_of_the_originals_size_was_mapped_back_already() -> None:
    frame = drift.Frame((0, 0, 256, 256))
    assert judge(picture(PHOTO), picture(PHOTO), Level.EXACT, frame).verdict is Verdict.PASS


def test_what_a_crop_left_out_does_not_count_as_kept() -> None:
    part = picture(PHOTO.crop((256, 256, 512, 512)))
    report = judge(picture(PHOTO), part, Level.EXACT, drift.Frame((256, 256, 256, 256)))
    assert report.verdict is Verdict.PASS
    moved = picture(PHOTO.crop((252, 256, 508, 512)))
    assert "shift" in rules(judge(picture(PHOTO), moved, frame=drift.Frame((256, 256, 256, 256))))
