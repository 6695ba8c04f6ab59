"""Placement: where the original lies in an edit of other proportions, and when that is not said."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from comparisons import CAT, PHOTO, picture, through
from maskproof.drift.frame import Frame
from maskproof.drift.placement import explain_size, find_frame

BORDER = CAT.resize((1200, 1200))
STRIPES = Image.fromarray(np.tile((np.arange(300) // 10 % 2 * 200).astype(np.uint8), (200, 1))).convert("RGB")


def padded(image: Image.Image, pad: tuple[int, int, int, int], scale: float = 1) -> Image.Image:
    left, top, right, bottom = pad
    canvas = BORDER.crop((0, 0, image.width + left + right, image.height + top + bottom))
    canvas.paste(image, (left, top))
    return canvas.resize((round(canvas.width * scale), round(canvas.height * scale)), Image.Resampling.LANCZOS)


def edited(image: Image.Image) -> Image.Image:
    """With a tenth of it painted over."""
    changed = image.copy()
    ImageDraw.Draw(changed).rectangle((40, 40, 200, 200), fill="navy")
    return changed


@pytest.mark.parametrize("pad", [(128, 0, 128, 0), (0, 0, 1, 77), (301, 0, 0, 0), (13, 0, 0, 200)])
@pytest.mark.parametrize("how", [picture, lambda image: through(image, "JPEG", quality=80)])
def test_a_border_is_named_to_the_pixel(pad, how):
    assert find_frame(picture(PHOTO), how(padded(edited(PHOTO), pad))) == Frame(pad=pad)


@pytest.mark.parametrize("scale", [0.5, 1.5, 2])
@pytest.mark.parametrize("pad", [(128, 0, 128, 0), (0, 64, 0, 192)])
def test_a_border_is_named_where_all_was_scaled_after_it(pad, scale):
    assert find_frame(picture(PHOTO), picture(padded(edited(PHOTO), pad, scale))) == Frame(pad=pad)


@pytest.mark.parametrize("crop", [(0, 0, 512, 300), (31, 77, 301, 412), (200, 100, 312, 120)])
def test_a_cut_is_named_to_the_pixel(crop):
    x, y, width, height = crop
    part = edited(PHOTO).crop((x, y, x + width, y + height))
    assert find_frame(picture(PHOTO), picture(part)) == Frame(crop)


@pytest.mark.parametrize(
    ("original", "edit"),
    [
        (PHOTO, CAT),
        (PHOTO, PHOTO.resize((512, 400))),
        (Image.new("RGB", (300, 200), "white"), Image.new("RGB", (500, 200), "white")),
        (STRIPES, STRIPES.crop((40, 0, 200, 200))),
        (PHOTO, padded(PHOTO.resize((700, 700)), (100, 50, 30, 20))),
        (PHOTO, BORDER.crop((0, 0, 900, 512))),
        (PHOTO, PHOTO.resize((3, 512))),
    ],
    ids=["another picture", "squeezed", "flat", "stripes", "unknown scale", "only a border", "3 px wide"],
)
def test_nothing_is_named_that_is_not_certain(original, edit):
    assert find_frame(picture(original), picture(edit)) is None


def test_it_is_looked_for_only_where_the_proportions_differ():
    wider = picture(padded(PHOTO, (128, 0, 128, 0)))
    assert "`maskproof record EDIT --pad 128,0,128,0`" in explain_size(picture(PHOTO), wider, PHOTO.size).mend
    assert explain_size(picture(PHOTO), wider, wider.size) == ("", "")
