"""Every limit that can block has a pair that it alone blocks, or is there for what it says of an area."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from comparisons import PHOTO, Area, judge, middle, picture
from maskproof.model import Kind, Level
from maskproof.policy.limits import LIMITS, ROWS

if TYPE_CHECKING:
    from collections.abc import Callable

SIDE = 512


class Pair(NamedTuple):
    """Two pictures, where the second was allowed to differ, and an area that was declared."""

    original: Image.Image
    edit: Image.Image
    opened: np.ndarray | None = None
    area: Area | None = None


def image(samples: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(samples, 0, 255).round().astype(np.uint8))


def samples(of: Image.Image) -> np.ndarray:
    return np.asarray(of, np.float64)


def noise(sigma: float) -> np.ndarray:
    return np.random.default_rng(7).normal(0, sigma, (SIDE, SIDE, 1))


def bell(x: int, y: int, radius: int) -> np.ndarray:
    down, across = np.indices((SIDE, SIDE))
    return np.exp(-((down - y) ** 2 + (across - x) ** 2) / (2 * (radius / 2) ** 2))[..., None]


GREY = np.full((SIDE, SIDE, 3), 140.0)
RED = np.full((SIDE, SIDE, 3), (180.0, 140, 140))
SKIN = np.full((SIDE, SIDE, 3), (224.0, 172, 140))
BOX = 60, 60, 140, 140


def light() -> Pair:
    """A soft-edged patch, six levels lighter."""
    return Pair(image(GREY), image(GREY + 6 * bell(128, 128, 80)))


def color() -> Pair:
    """A soft-edged patch, twelve levels redder."""
    return Pair(image(GREY), image(GREY + 12 * bell(128, 128, 80) * np.array([1, -0.5, 0])))


def contrast() -> Pair:
    """Grain of one place, lighter and darker alike."""
    edit = GREY + noise(1)
    edit[100:112, 100:112] += 14 * np.random.default_rng(5).choice((-1, 1), (12, 12, 1))
    return Pair(image(GREY), image(edit))


def blur() -> Pair:
    """A detail of a photograph that is out of focus, under the noise of the whole."""
    edit = PHOTO.copy()
    place = 200, 330, 240, 370
    edit.paste(edit.crop(place).filter(ImageFilter.GaussianBlur(2.4)), place)
    return Pair(PHOTO, image(samples(edit) + noise(7)))


def part() -> Pair:
    """A picture four pixels high."""
    original = np.full((4, 200, 3), 200.0)
    edit = original.copy()
    edit[:, 80:100] = 120
    return Pair(image(original), image(edit))


def spill() -> Pair:
    """A bar along the mask, in the border that editors feather."""
    opened = middle((SIDE, SIDE))
    edit = GREY.copy()
    left = int(np.flatnonzero(opened.any(0))[0])
    edit[200:300, left - 6 : left - 3] = 10
    return Pair(image(GREY), image(edit), opened)


def line() -> Pair:
    """A hair, one pixel wide."""
    edit = image(GREY + noise(1))
    ImageDraw.Draw(edit).line((40, 77, 470, 77), fill=(126, 126, 126))
    return Pair(image(GREY), edit)


def pattern() -> Pair:
    """Lace that faded evenly all over."""
    down, across = np.indices((SIDE, SIDE))
    lace = 14 * (np.sin(down * 0.7) * np.sin(across * 0.7))[..., None]
    return Pair(image(GREY + lace), image(GREY + 0.6 * lace + noise(1)))


def residue() -> Pair:
    """Grain over the whole picture."""
    return Pair(image(GREY), image(GREY + noise(24)))


def shift() -> Pair:
    """The frame moved by six pixels."""
    wide = PHOTO.resize((560, 560))
    return Pair(wide.crop((20, 20, 532, 532)), wide.crop((26, 20, 538, 532)))


def tone() -> Pair:
    """The whole picture 22 levels lighter."""
    return Pair(PHOTO, image(samples(PHOTO) + 22))


def alpha() -> Pair:
    """A patch that lets a little of the page through."""
    edit = PHOTO.convert("RGBA")
    plane = edit.getchannel("A")
    plane.paste(245, (100, 100, 160, 160))
    edit.putalpha(plane)
    return Pair(PHOTO.convert("RGBA"), edit)


def aspect() -> Pair:
    """Squeezed by a sixteenth."""
    return Pair(PHOTO, PHOTO.resize((SIDE, 480)))


def delta_e() -> Pair:
    """All colours turned, less than the tone of a whole picture may, more than those of a brand."""
    return Pair(image(RED + noise(2)), image(RED + np.array([0, 14, 0]) + noise(2)), None, (Kind.BRAND, BOX))


def skin_tone() -> Pair:
    """A face that fills two fifths of the picture turned paler, and nothing else."""
    face = np.indices((SIDE, SIDE))[1][..., None] < 0.4 * SIDE
    lit = np.linspace(-25, 25, SIDE)[:, None, None]
    original = np.where(face, SKIN, 185.0) + lit
    edit = original + np.where(face, [0.0, 14, -10], 0)
    return Pair(image(original + noise(2)), image(edit + noise(2)), None, (Kind.FACE, BOX))


PAIRS: dict[tuple[str, str], Callable[[], Pair]] = {
    **{("outside-mask", made.__name__): made for made in (light, color, contrast, blur, part)},
    **{("outside-mask", made.__name__): made for made in (spill, line, pattern, residue)},
    **{("frame", made.__name__): made for made in (shift, tone, alpha, aspect)},
    ("brand", "delta_e"): delta_e,
    ("face", "skin_tone"): skin_tone,
}
SAY = {
    ("text", "stroke"),
    ("face", "geometry"),
    ("product", "outline"),
    ("brand", "brand_color"),
    ("text", "characters"),
}
"""What leads a finding in the terms of its kind: a letter, features, an edge, a colour that the policy names, the
strings that the extra `text` reads. Most of what they find moves samples as well."""


def over(pair: Pair) -> set[tuple[str, str]]:
    areas = {"area": pair.area} if pair.area else {}
    judged = judge(picture(pair.original), picture(pair.edit), Level.VISUAL, None, pair.opened, **areas)
    return {
        (region.drift.kind, metric.name)
        for region in judged.regions
        for metric, limit in zip(region.drift.metrics, region.limits, strict=True)
        if limit is not None and not ROWS[region.drift.kind, metric.name].warns and metric.value > limit
    }


@pytest.mark.parametrize(("kind", "metric"), PAIRS)
def test_a_pair_that_this_limit_alone_blocks(kind: str, metric: str) -> None:
    assert over(PAIRS[kind, metric]()) == {(kind, metric)}


def test_every_limit_that_blocks_at_the_usual_level_is_among_them() -> None:
    blocks = {(row.kind, row.metric) for row in LIMITS if row.visual is not None and not row.warns}
    anywhere = {metric for kind, metric in blocks if {(one.value, metric) for one in Kind} <= blocks}
    assert {pair for pair in blocks if pair[1] not in anywhere or pair[0] == "outside-mask"} == PAIRS.keys() | SAY


def test_twelve_numbers_are_all_that_blocks_at_the_usual_level() -> None:
    assert len({(row.unit, row.visual) for row in LIMITS if row.visual is not None and not row.warns}) == 12
