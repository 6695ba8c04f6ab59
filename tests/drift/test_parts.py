"""Parts that no window fits: what the mask spares, thin pictures, small areas. None is passed unmeasured."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from comparisons import PHOTO, judge, metric, picture, value
from maskproof.model import Box, ImageReport, Kind, Level, Verdict

BY_EYE = (Level.VISUAL, Level.STRICT)


def meet(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


# --- a line that the mask spares -------------------------------------------------------------------------------------


def label(side: int, height: int, words: str) -> Image.Image:
    """A white line of text on green, at a fifth of the long side from above."""
    made = Image.new("RGB", (side, side * 3 // 4), (90, 120, 90))
    draw, place = ImageDraw.Draw(made), spared(side, height)
    draw.rectangle((place.x, place.y, place.x + place.width - 1, place.y + height - 1), fill="white")
    font = ImageFont.load_default(height * 0.62)
    draw.text((place.x + 4, place.y + height * 0.12), words, fill="black", font=font)
    return made


def spared(side: int, height: int) -> Box:
    return Box(side // 10, side // 5, round(side * 0.383), height)


def all_but(side: int, place: Box) -> np.ndarray:
    """A mask that opens all but one place and the uppermost twelfth."""
    opened = np.ones((side * 3 // 4, side), np.bool_)
    opened[place.y : place.y + place.height, place.x : place.x + place.width] = False
    opened[: side // 12] = False
    return opened


LINES = [(512, 12), (512, 16), (512, 20), (512, 28), (1024, 14), (1024, 20), (1024, 28), (2048, 28), (2048, 56)]
"""long side and height of the line"""


@pytest.mark.parametrize(("side", "height"), LINES)
def test_part_of_text_that_the_mask_spares_blocks_when_it_is_respelt(side: int, height: int) -> None:
    words = "ACME ORIGINAL RECIPE 1887", "AGNE OBIGNAL REOPE 1837"
    before, after = (picture(label(side, height, text)) for text in words)
    place = spared(side, height)
    report = judge(before, after, opened=all_but(side, place))
    assert report.verdict is Verdict.BLOCK
    assert any(finding.around and meet(finding.around, place) for finding in report.findings)


@pytest.mark.parametrize(("side", "height"), LINES)
def test_part_of_text_that_the_mask_spares_passes_when_it_is_kept(side: int, height: int) -> None:
    before = label(side, height, "ACME ORIGINAL RECIPE 1887")
    after = Image.new("RGB", before.size, (160, 90, 60))
    place = spared(side, height)
    box = (place.x, place.y, place.x + place.width, place.y + place.height)
    after.paste(before.crop(box), box)
    after.paste(before.crop((0, 0, side, side // 12)), (0, 0))
    noise = np.random.default_rng(3).normal(0, 2, (*before.size[::-1], 3))
    noisy = np.clip(np.asarray(after) + noise, 0, 255).round().astype(np.uint8)
    assert judge(picture(before), picture(noisy), opened=all_but(side, place)).verdict is Verdict.PASS


# --- thin pictures ---------------------------------------------------------------------------------------------------

THIN = [(2000, 5), (400, 7), (400, 8), (5, 2000), (1, 600), (600, 1), (3, 1000), (4000, 3), (7, 7), (2, 2)]


def halves(size: tuple[int, int], first: str, second: str) -> Image.Image:
    made = Image.new("RGB", size, second)
    width, height = size
    made.paste(first, (0, 0, width // 2, height) if width >= height else (0, 0, width, height // 2))
    return made


@pytest.mark.parametrize("level", BY_EYE)
@pytest.mark.parametrize("size", THIN)
def test_part_is_what_a_thin_picture_is_judged_as(size: tuple[int, int], level: Level) -> None:
    before, after = picture(halves(size, "red", "blue")), picture(halves(size, "blue", "red"))
    assert judge(before, after, level).verdict is Verdict.BLOCK
    same = judge(before, before, level)
    assert (same.verdict, same.drift) == (Verdict.PASS, 0)


@pytest.mark.parametrize("level", BY_EYE)
@pytest.mark.parametrize("size", THIN)
def test_part_of_a_thin_picture_passes_with_a_decoders_noise(size: tuple[int, int], level: Level) -> None:
    before = halves(size, "#904030", "#305090")
    noise = np.random.default_rng(3).normal(0, 1, (size[1], size[0], 3))
    after = np.clip(np.asarray(before) + noise, 0, 255).round().astype(np.uint8)
    assert judge(picture(before), picture(after), level).verdict is Verdict.PASS


# --- small declared areas --------------------------------------------------------------------------------------------

BASE = np.asarray(PHOTO.resize((1024, 768)))
OPENED = np.zeros((768, 1024), np.bool_)
OPENED[250:500, 250:700] = True
NOISY = np.clip(BASE + np.random.default_rng(4).normal(0, 2, BASE.shape), 0, 255).round().astype(np.uint8)
AREAS = [(301, 4), (4, 301), (400, 2), (100, 1), (1, 1), (2, 2), (3, 3), (6, 6), (8, 8), (16, 16)]
KINDS = [kind for kind in Kind if kind is not Kind.OUTSIDE_MASK]


def painted(samples: np.ndarray, place: Box, color: tuple[int, int, int]) -> np.ndarray:
    made = samples.copy()
    made[place.y : place.y + place.height, place.x : place.x + place.width] = color
    return made


def edited(size: tuple[int, int], at: tuple[int, int], kind: Kind, color: tuple[int, int, int]) -> ImageReport:
    """The verdict on a photo with a blue area of this kind, which the edit shows in a colour; the mask was edited."""
    place = Box(*at, *size)
    after = NOISY.copy()
    after[OPENED] = (90, 160, 90)
    area = (place.x, place.y, place.width, place.height)
    before = painted(BASE, place, (40, 60, 200))
    return judge(picture(before), picture(painted(after, place, color)), opened=OPENED, area=(kind, area))


@pytest.mark.parametrize("at", [(300, 300), (31, 33)], ids=["inside the mask", "outside"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", AREAS)
def test_part_is_what_a_small_area_is_judged_as(size: tuple[int, int], kind: Kind, at: tuple[int, int]) -> None:
    changed = edited(size, at, kind, (200, 60, 40))
    assert any(finding.region == "area" and finding.severity.value == "block" for finding in changed.findings)
    assert edited(size, at, kind, (40, 60, 200)).verdict is Verdict.PASS


def test_part_is_the_difference_in_hundredths_of_full_scale_where_it_is() -> None:
    found = metric(edited((100, 2), (300, 300), Kind.TEXT, (40, 60, 226)), "text", "part")
    assert found.value == pytest.approx(26 / 2.55 * np.hypot(0.114, (1 - 0.114) / 1.772), rel=0.25)
    assert meet(found.box, Box(300, 300, 100, 2))


def test_part_is_told_only_where_no_window_fits() -> None:
    report = judge(picture(PHOTO), picture(PHOTO), area=(Kind.BRAND, (100, 100, 90, 60)))
    assert "part" not in {one.name for region in report.regions for one in region.drift.metrics}
    assert value(edited((100, 2), (300, 300), Kind.TEXT, (40, 60, 200)), "text", "part") < 0.2
