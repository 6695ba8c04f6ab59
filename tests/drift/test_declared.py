"""Declared areas: what is asked of each kind."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from comparisons import CAT, PHOTO, judge, middle, picture, regions, rules
from maskproof.drift import Frame
from maskproof.drift.ciede2000 import ciede2000, cielab
from maskproof.drift.declared import View, colors, outline, proportions, skin, strokes
from maskproof.drift.metrics import of_kinds
from maskproof.drift.oklab import oklab
from maskproof.drift.pair import pair_up
from maskproof.images import decode
from maskproof.model import Box, Kind, Level, Metric, Verdict
from maskproof.policy.limits import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from comparisons import Area
    from maskproof.model import Picture

KIND = {colors: Kind.BRAND, strokes: Kind.TEXT, skin: Kind.FACE, proportions: Kind.FACE, outline: Kind.PRODUCT}


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


def test_the_largest_changed_place_leads_with_its_colour_before_and_after() -> None:
    edit = flat(RED)
    edit[40:56, 24:48] = ORANGE
    (found,) = colors(view(flat(RED), edit))
    assert found.value == pytest.approx(0, abs=0.01)
    assert found.leads
    assert found.says.startswith(
        f"#c81e28 became #dc5028, ΔE00 {difference(RED, ORANGE):.3g}, in the largest changed place; "
    )
    assert found.box == Box(24, 40, 24, 16)
    (found,) = colors(view(flat(RED), flat((RED[0] - 2, *RED[1:]))))
    assert not found.leads
    assert "became" not in found.says


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
    (found,) = proportions(view(face, bent))
    assert found.value > 2
    assert found.leads
    assert re.search(r"most .*px (left|right)", found.says)


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


@pytest.mark.parametrize(("moved", "verdict"), [(-5, Verdict.BLOCK), (5, Verdict.PASS)])
def test_what_a_moved_frame_pushes_out_is_gone(moved: int, verdict: Verdict) -> None:
    image = PHOTO.resize((1024, 1024))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 440, 130, 590), fill="white")
    for x in range(0, 90, 22):
        draw.rectangle((x, 460, x + 3, 560), fill=(20, 20, 20))
    edit = Image.new("RGB", image.size)
    edit.paste(
        image.crop((0, 0, 5, 1024)) if moved > 0 else image.crop((1019, 0, 1024, 1024)), (0 if moved > 0 else 1019, 0)
    )
    edit.paste(image, (moved, 0))
    report = judge(picture(image), picture(edit), bars=(Kind.PRODUCT, (0, 450, 100, 120)))
    assert report.verdict is verdict
    assert rules(report) == ({"product"} if verdict is Verdict.BLOCK else set())


def test_outline_that_is_gone_is_said_to_be() -> None:
    disc = np.full((96, 96, 3), 255, np.uint8)
    disc[24:72, 24:72] = 0
    for before, after in ((disc, flat(RED)), (flat(RED), disc)):
        (found,) = outline(view(before, after))
        assert (found.value, found.box) == (20, pytest.approx(Box(23, 23, 50, 50), abs=1))
        assert "gone or new" in found.says


@pytest.mark.parametrize("levels", [76, 104])
def test_outline_does_not_see_an_edge_that_flickers_around_the_threshold(levels: int) -> None:
    def steps(faint: int) -> np.ndarray:
        picture = flat((100, 100, 100))
        picture[:24], picture[48:] = 0, 100 + faint
        return picture

    assert taken(outline, view(steps(90), steps(levels)))["outline"] <= 1
    assert taken(outline, view(steps(90), steps(0)))["outline"] > 10


def test_outline_of_a_held_edit_has_not_moved(shared: Path) -> None:
    folder = shared / "cases" / "brushedit__olsen"
    pictures = (decode.decode((folder / name).read_bytes(), name) for name in ("original.jpeg", "edit.png"))
    (found,) = own(*pictures, {"there": (Kind.PRODUCT, (371, 211, 100, 100))})
    assert found.value <= 1


SIDES = [1, 2, 3, 5, 8, 16]


@pytest.mark.parametrize("width", SIDES)
@pytest.mark.parametrize("height", SIDES)
@pytest.mark.parametrize("measure", [colors, strokes, skin, proportions, outline])
def test_small_areas_are_measured_without_inventing_anything(
    measure: Callable[[View], list[Metric]], height: int, width: int
) -> None:
    before = np.asarray(PHOTO)[100:140, 200:240]
    black = np.zeros_like(before)
    mask = np.zeros(before.shape[:2], np.bool_)
    mask[12 : 12 + height, 12 : 12 + width] = True
    noise = np.random.default_rng(height * 20 + width).normal(0, 2, before.shape)
    edit = np.clip(before + noise, 0, 255).round().astype(np.uint8)
    for first, second in ((before, before), (before, edit), (black, black), (black, black + np.uint8(1))):
        for found in measure(View(first, second, mask, ((200, 30, 40),))):
            limit = ROWS[KIND[measure], found.name].visual
            assert limit is not None
            assert 0 <= found.value <= limit / (2 if first is second else 1)


@pytest.mark.parametrize("size", [(1, 1), (1, 64), (64, 1), (2, 3), (600, 1), (8, 8), (16, 16)])
def test_areas_of_pictures_that_are_hardly_any_are_measured(size: tuple[int, int]) -> None:
    samples = np.asarray(PHOTO.resize(size))
    for kind in (Kind.BRAND, Kind.TEXT, Kind.FACE, Kind.PRODUCT):
        area = {"all": (kind, (0, 0, *size))}
        for box in (one.box for one in own(picture(samples), picture(255 - samples), area)):
            assert box is None or (
                box.x >= 0 <= box.y and box.x + box.width <= size[0] and box.y + box.height <= size[1]
            )


def own(original: Picture, edit: Picture, area: dict[str, Area]) -> list[Metric]:
    """The measures of the area's kind alone, on a pair as the engine makes it."""
    opened, protected = regions(original.size, None, **area)
    with ThreadPoolExecutor(1) as pool:
        pair = pair_up(original, edit, opened, protected, Level.VISUAL, Frame(), pool)
    return [metric for (_, place), found in of_kinds(pair, {}).items() if place == 1 for metric in found]
