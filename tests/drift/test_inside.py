"""What happened inside the mask, or did not."""

from __future__ import annotations

from PIL import Image
from skimage import data

from comparisons import PHOTO, judge, middle, picture, rules, through
from maskproof.model import Verdict


def test_inside_an_untouched_mask_is_a_warning() -> None:
    report = judge(picture(PHOTO), through(PHOTO, "JPEG", quality=95), opened=middle(PHOTO.size))
    assert rules(report) == {"edit-missing"}
    assert report.verdict is Verdict.PASS


def test_inverted_change_makes_the_mask_suspect() -> None:
    opened = middle(PHOTO.size)
    other = Image.fromarray(data.coffee()).resize(PHOTO.size)
    edit = Image.composite(PHOTO, other, Image.fromarray(opened))
    assert {"mask-suspect", "outside-mask"} <= rules(judge(picture(PHOTO), picture(edit), opened=opened))
