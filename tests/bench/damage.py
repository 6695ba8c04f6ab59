"""Small damage of a known kind and size, planted where a mask protects: what a careless image model leaves behind.

    letter   a word stands in both pictures, one glyph differs
    remove   a patch gives way to what its border would continue to
    swap     a patch gives way to another part of the same picture
    recolor  hue and chroma of a patch move
    shift    a patch moves by a few pixels
    blur     a patch loses its detail

Every one is there to be seen: patches have detail to lose, and change by VISIBLE on average.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

VISIBLE = 6.0
"""levels of 255, mean over the patch: less is not planted; a patch of even skin moved by 3 px is no damage"""
DETAIL = 12.0
"""levels of 255, standard deviation of a patch's lightness, below which it has nothing to lose"""
TRIES = 600
"""random places looked at; chosen so that sparse drawings find theirs"""
WORDS = ("MARKET", "ORIGIN", "GARDEN", "BRIGHT", "NATURE", "SUPERB", "COFFEE", "QUARTZ")
TWINS = {"A": "R", "B": "E", "C": "G", "E": "F", "G": "O", "I": "T", "M": "N", "O": "Q", "P": "B", "Q": "O", "R": "P"}
"""capitals that a model mistakes for each other"""


@dataclass(frozen=True)
class Planted:
    """One damage."""

    original: Image.Image
    """as given; of `letter` with the word on it"""
    edit: Image.Image
    box: tuple[int, int, int, int]
    """x, y, width, height, px"""


def planted(picture: Image.Image, protected: np.ndarray, kind: str, side: int, rng: random.Random) -> Planted | None:
    """Damage of about `side` px where `protected` (H x W bool) is true; None where there is no place for it."""
    if kind == "letter":
        return _letter(picture, protected, side, rng)
    lightness = np.asarray(picture.convert("L"), np.float32)
    samples = np.asarray(picture, np.float32)
    for x, y in _places(protected, side, side, rng):
        at = np.s_[y : y + side, x : x + side]
        if kind != "recolor" and lightness[at].std() < DETAIL:
            continue
        made = PATCHES[kind](picture, (x, y), side, rng)
        if np.abs(made - samples[at]).mean() >= VISIBLE:
            edit = samples.copy()
            edit[at] = made
            return Planted(picture, _picture(edit), (x, y, side, side))
    return None


def _places(protected: np.ndarray, width: int, height: int, rng: random.Random) -> Iterator[tuple[int, int]]:
    rows, columns = protected.shape
    for _ in range(TRIES if width < columns and height < rows else 0):
        x, y = rng.randrange(columns - width), rng.randrange(rows - height)
        if protected[y : y + height, x : x + width].all():
            yield x, y


def _letter(picture: Image.Image, protected: np.ndarray, side: int, rng: random.Random) -> Planted | None:
    word = rng.choice(WORDS)
    at = rng.choice([number for number, glyph in enumerate(word) if glyph in TWINS])
    words = word, word[:at] + TWINS[word[at]] + word[at + 1 :]
    font, edge = ImageFont.load_default(side), side // 4
    spans = [font.getbbox(one) for one in words]
    size = int(max(span[2] for span in spans)) + 2 * edge, int(max(span[3] for span in spans)) + 2 * edge
    place = next(_places(protected, *size, rng), None)
    if place is None:
        return None
    box = (*place, *size)
    dark = np.asarray(picture.convert("L").crop((*place, place[0] + size[0], place[1] + size[1]))).mean() < 128
    ink, paper = ((30, 30, 36), (228, 224, 214)) if dark else ((236, 236, 230), (36, 58, 84))
    made = []
    for one in words:
        sign = Image.new("RGB", size, paper)
        ImageDraw.Draw(sign).text((edge, edge), one, fill=ink, font=font)
        made.append(picture.copy())
        made[-1].paste(sign, place)
    return Planted(*made, box)


def _remove(picture: Image.Image, at: tuple[int, int], side: int, _: random.Random) -> np.ndarray:
    """The four borders of the patch, carried inwards (a Coons patch, Coons 1967)."""
    patch, t = _soft(picture, at, side, side / 8), np.linspace(0, 1, side, dtype=np.float32)
    down, across = t[:, None, None], t[None, :, None]
    rows = (1 - down) * patch[:1] + down * patch[-1:]
    columns = (1 - across) * patch[:, :1] + across * patch[:, -1:]
    corners = (1 - across) * rows[:, :1] + across * rows[:, -1:]
    return rows + columns - corners


def _swap(picture: Image.Image, _: tuple[int, int], side: int, rng: random.Random) -> np.ndarray:
    x, y = (rng.randrange(length - side) for length in picture.size)
    return _patch(picture, (x, y), side)


def _recolor(picture: Image.Image, at: tuple[int, int], side: int, rng: random.Random) -> np.ndarray:
    """The chroma of YCbCr moves by 24 to 40 levels in one direction; lightness stays."""
    patch = _patch(picture.crop((*at, at[0] + side, at[1] + side)).convert("YCbCr"), (0, 0), side)
    turn = rng.uniform(0, 2 * np.pi)
    patch[..., 1:] += rng.uniform(24, 40) * np.array([np.cos(turn), np.sin(turn)], np.float32)
    made = Image.fromarray(patch.round().clip(0, 255).astype(np.uint8), "YCbCr")
    return np.asarray(made.convert("RGB"), np.float32)


def _shift(picture: Image.Image, at: tuple[int, int], side: int, rng: random.Random) -> np.ndarray:
    moved = [start + rng.choice((-1, 1)) * rng.randint(2, 6) for start in at]
    x, y = (min(max(start, 0), length - side) for start, length in zip(moved, picture.size, strict=True))
    return _patch(picture, (x, y), side)


def _blur(picture: Image.Image, at: tuple[int, int], side: int, _: random.Random) -> np.ndarray:
    return _soft(picture, at, side, max(2.0, side / 10))


def _patch(picture: Image.Image, at: tuple[int, int], side: int) -> np.ndarray:
    """Samples of a square, 0 to 255."""
    return np.array(picture.crop((*at, at[0] + side, at[1] + side)), np.float32)


def _soft(picture: Image.Image, at: tuple[int, int], side: int, radius: float) -> np.ndarray:
    """The square of the picture blurred, of which only what the blur reaches is looked at."""
    reach = round(4 * radius) + 2
    left, top = (max(start - reach, 0) for start in at)
    right, bottom = (min(start + side + reach, length) for start, length in zip(at, picture.size, strict=True))
    around = picture.crop((left, top, right, bottom)).filter(ImageFilter.GaussianBlur(radius))
    return _patch(around, (at[0] - left, at[1] - top), side)


PATCHES: dict[str, Callable[[Image.Image, tuple[int, int], int, random.Random], np.ndarray]] = {
    "remove": _remove,
    "swap": _swap,
    "recolor": _recolor,
    "shift": _shift,
    "blur": _blur,
}
KINDS = ("letter", *PATCHES)


def _picture(samples: np.ndarray) -> Image.Image:
    return Image.fromarray(samples.round().clip(0, 255).astype(np.uint8))
