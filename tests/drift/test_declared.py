"""Declared areas: what is asked of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from comparisons import CAT, PHOTO, judge, middle, picture, rules
from maskproof.drift.ciede2000 import ciede2000, cielab
from maskproof.drift.declared import View, colors, outline, proportions, skin
from maskproof.drift.oklab import oklab
from maskproof.model import Kind, Metric, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("height", [14, 20, 32, 60])
@pytest.mark.parametrize(("before", "after"), [("SALE 50%", "SALF 50%"), ("ROBERTO", "BOBERTO"), ("OPEN", "QPEN")])
def test_stroke_of_a_respelt_letter_blocks_in_an_area_of_text(before: str, after: str, height: int) -> None:
    def sign(word: str) -> Image.Image:
        image = CAT.copy()
        draw = ImageDraw.Draw(image)
        draw.rectangle((20, 20, 20 + 8 * height, 24 + 2 * height), fill=(235, 235, 235))
        draw.text((30, 24 + height // 3), word, font=ImageFont.load_default(height), fill=(20, 20, 20))
        return image

    noise = np.random.default_rng(3).normal(0, 2, (*reversed(CAT.size), 3))
    edits = [
        Image.fromarray(np.clip(np.asarray(sign(word)) + noise, 0, 255).astype(np.uint8)) for word in (before, after)
    ]
    area = {"words": (Kind.TEXT, (20, 20, min(8 * height, 420), 4 + 2 * height))}
    assert judge(picture(sign(before)), picture(edits[0]), **area).verdict is Verdict.PASS
    assert "text" in rules(judge(picture(sign(before)), picture(edits[1]), **area))


def test_a_brand_area_inside_the_mask_stays_protected() -> None:
    opened = middle(PHOTO.size, 0.6)
    edit = PHOTO.copy()
    ImageDraw.Draw(edit).rectangle((220, 220, 260, 240), fill="red")
    assert judge(picture(PHOTO), picture(edit), opened=opened).verdict is Verdict.PASS
    report = judge(picture(PHOTO), picture(edit), opened=opened, logo=(Kind.BRAND, (210, 210, 80, 50)))
    assert rules(report) == {"brand"}


def view(before: np.ndarray, after: np.ndarray, *named: tuple[int, int, int]) -> View:
    return View(before, after, np.ones(before.shape[:2], np.bool_), named)


def flat(color: tuple[int, int, int]) -> np.ndarray:
    return np.full((96, 96, 3), color, np.uint8)


def taken(measure: Callable[[View], list[Metric]], seen: View) -> dict[str, float]:
    return {metric.name: metric.value for metric in measure(seen)}


def difference(first: tuple[int, int, int], second: tuple[int, int, int]) -> float:
    return float(ciede2000(cielab(np.array(first)), cielab(np.array(second))))


RED, ORANGE = (200, 30, 40), (220, 80, 40)


def test_delta_e_is_the_difference_of_what_most_of_the_area_shows() -> None:
    edit = flat(ORANGE)
    edit[:24] = RED
    assert taken(colors, view(flat(RED), edit))["delta_e"] == pytest.approx(difference(RED, ORANGE), abs=0.01)


def test_delta_e_p95_sees_a_part_of_the_area_that_the_middle_does_not() -> None:
    edit = flat(RED)
    edit[:16] = ORANGE
    found = taken(colors, view(flat(RED), edit))
    assert found["delta_e"] == pytest.approx(0, abs=0.01)
    assert found["delta_e_p95"] == pytest.approx(difference(RED, ORANGE), abs=0.01)


def test_brand_color_asks_only_of_cells_that_showed_the_named_colour() -> None:
    before, after = flat((255, 255, 255)), flat((255, 255, 255))
    before[:32], after[:32] = RED, ORANGE
    found = taken(colors, view(before, after, RED, (0, 0, 255)))
    assert found["delta_e"] == pytest.approx(0, abs=0.01)
    assert found["brand_color"] == pytest.approx(difference(RED, ORANGE), abs=0.01)
    assert "brand_color" not in taken(colors, view(before, after, (0, 0, 255)))


def test_geometry_sees_features_that_moved_against_each_other_and_not_a_move_of_all() -> None:
    wide = np.asarray(PHOTO.crop((160, 40, 340, 220)))
    face, moved, bent = wide[10:170, 10:170], wide[10:170, 14:174], wide[10:170, 10:170].copy()
    bent[90:] = wide[100:170, 14:174]
    assert taken(proportions, view(face, moved))["geometry"] < 1
    assert taken(proportions, view(face, bent))["geometry"] > 2


def test_skin_tone_is_the_oklab_difference_of_cells_that_have_the_hue_of_skin() -> None:
    skin_before, skin_after = (224, 172, 140), (230, 180, 120)
    before, after = flat((40, 60, 200)), flat((200, 60, 40))
    before[:48], after[:48] = skin_before, skin_after
    expected = np.linalg.norm(np.subtract(*(oklab(np.array(one, np.float32)) for one in (skin_before, skin_after))))
    assert taken(skin, view(before, after))["skin_tone"] == pytest.approx(float(expected), abs=0.05)
    assert taken(skin, view(flat((40, 60, 200)), after)) == {}


@pytest.mark.parametrize("grown", [0, 4, 8])
def test_outline_is_how_far_the_edge_moved_in_pixels(grown: int) -> None:
    def disc(radius: int) -> np.ndarray:
        image = Image.new("RGB", (160, 160), "white")
        ImageDraw.Draw(image).ellipse((80 - radius, 80 - radius, 80 + radius, 80 + radius), fill="black")
        return np.asarray(image)

    assert taken(outline, view(disc(40), disc(40 + grown)))["outline"] == pytest.approx(grown, abs=0.7)
    assert taken(outline, view(flat(RED), flat(RED))) == {}
