"""The seam: what was pasted with a hard edge is told, what blends or only touches the edge is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from comparisons import PHOTO, judge, picture, rules
from maskproof.drift.oklab import opponent
from maskproof.drift.seam import seam
from maskproof.model import Level, Severity, Verdict

if TYPE_CHECKING:
    from maskproof.gate.verdict import Decided

BOX = (150, 150, 360, 360)


def opening(size: tuple[int, int], box: tuple[int, int, int, int] = BOX) -> Image.Image:
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).rectangle(box, fill=255)
    return mask


def through(original: Image.Image, edit: Image.Image, mask: Image.Image, level: Level = Level.VISUAL) -> Decided:
    """The verdict on an edit that was made through a mask."""
    return judge(picture(original), picture(edit), level, opened=np.asarray(mask) > 127)


def share(original: np.ndarray, edit: np.ndarray, opened: np.ndarray) -> float:
    (metric,) = seam(opponent(original), opponent(edit), opened, ~opened)
    return metric.value


def lighter(image: Image.Image, step: int) -> Image.Image:
    return image.point(lambda value: value + step)


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("factor", [1, 4])
def test_a_lighter_patch_pasted_with_a_hard_edge_is_a_warning(level: Level, factor: int) -> None:
    photo = PHOTO.resize((512 * factor, 512 * factor), Image.Resampling.BICUBIC)
    # One sample off the grid on which large pictures are reduced.
    mask = opening(photo.size, tuple(value * factor + 1 for value in BOX))
    report = through(photo, Image.composite(lighter(photo, 16), photo, mask), mask, level)
    assert rules(report) == {"seam"}
    assert report.verdict is Verdict.PASS
    (finding,) = report.findings
    assert finding.severity is Severity.WARN
    assert finding.value is not None
    assert finding.value > 0.4
    assert "of the mask's edge" in finding.message
    assert finding.box is not None
    left, top, right, bottom = (value * factor + 1 for value in BOX)
    nearest = (
        min(abs(finding.box.x - left), abs(finding.box.x - right)),
        min(abs(finding.box.y - top), abs(finding.box.y - bottom)),
    )
    assert min(nearest) < 16 * factor


def test_the_same_patch_with_a_soft_edge_is_not() -> None:
    mask = opening(PHOTO.size)
    soft = opening(PHOTO.size, (158, 158, 352, 352)).filter(ImageFilter.GaussianBlur(3))
    assert rules(through(PHOTO, Image.composite(lighter(PHOTO, 16), PHOTO, soft), mask)) == set()


def test_an_object_that_is_cut_off_at_the_edge_in_one_place_is_not() -> None:
    mask, edit = opening(PHOTO.size), PHOTO.copy()
    ImageDraw.Draw(edit).ellipse((330, 200, 390, 260), fill="lime")
    assert "seam" not in rules(through(PHOTO, Image.composite(edit, PHOTO, mask), mask))


def test_an_edit_that_lifted_the_whole_frame_has_no_seam() -> None:
    assert "seam" not in rules(through(PHOTO, lighter(PHOTO, 16), opening(PHOTO.size)))


def test_a_new_background_up_to_the_contour_of_what_was_kept_has_no_seam() -> None:
    """The mask follows a contour that the original has as well."""
    kept = Image.new("L", (256, 256))
    ImageDraw.Draw(kept).ellipse((60, 40, 200, 220), fill=255)
    opened = np.asarray(kept) < 128
    original, edit = (
        np.asarray(Image.composite(Image.new("RGB", kept.size, "white"), Image.new("RGB", kept.size, ground), kept))
        for ground in ("gray", "darkblue")
    )
    assert share(original, edit, opened) == 0


@pytest.mark.parametrize("part", [0.0, 0.25, 0.5, 1.0])
def test_the_share_is_that_of_the_edge_s_length(part: float) -> None:
    original = np.full((256, 256, 3), 120, np.uint8)
    opened = np.zeros((256, 256), np.bool_)
    opened[64:192, 120:136] = True
    edit = original.copy()
    edit[64 : 64 + round(128 * part), 120:136] += 12
    # The long sides are cut at `part`; the two short ones are 16 of 288 samples of the edge.
    assert share(original, edit, opened) == pytest.approx(part, abs=0.08)


@given(st.integers(0, 2**32 - 1), st.integers(0, 40))
@settings(max_examples=20)
def test_seam_is_a_share_and_the_same_when_the_picture_is_laid_on_its_side(seed: int, step: int) -> None:
    rng = np.random.default_rng(seed)
    original = np.asarray(PHOTO.resize((96, 96)))
    opened = np.zeros((96, 96), np.bool_)
    x, y, wide, tall = rng.integers(8, 40, 4)
    opened[y : y + tall, x : x + wide] = True
    edit = np.where(opened[..., None], np.clip(original.astype(int) + step, 0, 255), original).astype(np.uint8)
    turned = share(original.swapaxes(0, 1), edit.swapaxes(0, 1), opened.T)
    assert 0 <= share(original, edit, opened) <= 1
    assert share(original, edit, opened) == pytest.approx(turned, abs=1e-6)
    assert share(original, original, opened) == 0


@pytest.mark.parametrize("opened", [np.zeros((40, 40), np.bool_), np.ones((40, 40), np.bool_), np.eye(40) > 0])
def test_nothing_is_said_where_the_mask_has_no_edge_to_look_along(opened: np.ndarray) -> None:
    planes = opponent(np.asarray(PHOTO.resize((40, 40))))
    assert seam(planes, planes, opened, ~opened) == ()


def test_a_mask_of_very_many_holes_is_looked_at_in_part() -> None:
    holes = np.kron(np.indices((100, 100)).sum(0) % 2, np.ones((8, 8))) > 0
    original = np.full((800, 800, 3), 120, np.uint8)
    edit = np.where(holes[..., None], original + 20, original).astype(np.uint8)
    assert share(original, edit, holes) == 1
