"""Laws that hold for every picture; but for how far its own limit moves, nothing here knows what is measured."""

from __future__ import annotations

import io
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from PIL.PngImagePlugin import PngInfo
from skimage import data

from maskproof.drift.outliers import LEAST, MOST
from maskproof.gate.named import Named, compare
from maskproof.model import Level, Verdict
from maskproof.policy import Settings
from maskproof.policy.limits import default_limits
from pictures import noise, png, saved, tiff

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.model import ImageReport

LANCZOS = Image.Resampling.LANCZOS
CAT = Image.fromarray(data.chelsea()[:270, 30:350])
FALL = 0.9 * LEAST / MOST
"""of the drift of a weaker damage: what a stronger one may measure at least: the picture's own limit moves by as much
where more of it is damaged, and there is rounding to 8 bits and to windows"""
RISE = 2.2
"""of the drift with a smaller mask: what a larger one may measure at most; less is left to compare with"""
SPREAD = 2.5
"""largest over smallest drift of one edit at all sizes; from 1024 px on, where pictures are judged at one size, 1.1"""
FAINT = 0.35
"""drift far below any limit, where ratios say nothing; the same JPEG quality is another loss at another size"""


def report(original: bytes, edit: bytes, opened: np.ndarray | None = None, level: Level = Level.VISUAL) -> ImageReport:
    """The verdict on two files; `opened` is true where editing was allowed, H x W."""
    mask = None if opened is None else saved(opened.astype(np.uint8) * 255, "PNG")
    settings = Settings(level=level, areas=(), limits=default_limits(level))
    return compare(Named(edit, original, mask, None if mask is None else "white"), settings, lambda _: None)


def judged(original: Image.Image, edit: Image.Image, opened: np.ndarray | None = None) -> tuple[Verdict, float]:
    """Verdict and drift of two pictures."""
    found = report(file(original), file(edit), opened)
    return found.verdict, found.drift or 0.0


def file(image: Image.Image) -> bytes:
    return saved(image, "PNG", compress_level=1)


def image(samples: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(samples, 0, 255).round().astype(np.uint8))


def through(picture: Image.Image, kind: str, **options: Any) -> Image.Image:
    """As it comes back from a file of this format."""
    with Image.open(io.BytesIO(saved(picture, kind, **options))) as opened:
        return opened.convert("RGB")


@lru_cache
def drawing() -> Image.Image:
    """Text, lines and flat colours on white."""
    made = Image.new("RGB", (320, 270), "white")
    draw = ImageDraw.Draw(made)
    for row in range(11):
        draw.text((14, 10 + 24 * row), "small type on a white page", fill="black", font=ImageFont.load_default(14))
    draw.rectangle((230, 20, 310, 130), fill=(30, 90, 200))
    draw.ellipse((210, 160, 310, 260), outline=(200, 40, 40), width=3)
    return made


PICTURES: dict[str, Callable[[], Image.Image]] = {"photo": lambda: CAT, "drawing": drawing}


# --- identity

GREY = noise(61, 47, 1)
IDENTICAL = {
    "grey": saved(GREY, "PNG"),
    "grey and alpha": saved(Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(GREY.T.copy().T)]), "PNG"),
    "RGBA": saved(noise(61, 47, 4), "PNG"),
    "palette": saved(CAT.quantize(64), "PNG"),
    "16 bits": png(noise(61, 47, 3, depth=16)),
    "JPEG": saved(CAT, "JPEG"),
    "one sample": saved(noise(1, 1), "PNG"),
    "thin": saved(noise(3, 400), "PNG"),
    "drawing": saved(drawing(), "PNG"),
}


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("data", IDENTICAL.values(), ids=IDENTICAL.keys())
def test_a_picture_does_not_drift_from_itself(data: bytes, level: Level) -> None:
    found = report(data, data, level=level)
    assert (found.verdict, found.drift) == (Verdict.PASS, 0)


# --- container, metadata, lossless encoding


def _texts() -> PngInfo:
    made = PngInfo()
    made.add_text("parameters", "a harbour at night, steps: 30")
    made.add_itxt("Title", "Port", "fr", "Titre")
    return made


def _exif() -> Image.Exif:
    made = Image.Exif()
    made[0x010E], made[0x0131], made[0x0112] = "a description", "an editor", 1
    return made


LOSSLESS: dict[str, Callable[[Image.Image], bytes]] = {
    "PNG, other compression": lambda one: saved(one, "PNG", compress_level=9),
    "PNG, interlaced": lambda one: png(np.asarray(one), interlaced=True),
    "PNG, texts": lambda one: saved(one, "PNG", pnginfo=_texts()),
    "PNG, EXIF and resolution": lambda one: saved(one, "PNG", exif=_exif(), dpi=(300, 300)),
    "PNG, opaque alpha": lambda one: saved(one.convert("RGBA"), "PNG"),
    "PNG, 16 bits": lambda one: png(np.asarray(one).astype(np.uint16) * 257),
    "WebP": lambda one: saved(one, "WEBP", lossless=True, method=0),
    "WebP, EXIF": lambda one: saved(one, "WEBP", lossless=True, method=0, exif=_exif()),
    "TIFF": lambda one: saved(one, "TIFF"),
    "TIFF, big-endian": lambda one: tiff(np.asarray(one), order=">"),
    "TIFF, LZW": lambda one: saved(one, "TIFF", compression="tiff_lzw"),
}


@lru_cache
def _edited(name: str) -> tuple[Image.Image, Image.Image, float]:
    """A picture, its edit with residue and one damage, and the drift of both as PNG."""
    original = PICTURES[name]().crop((0, 0, 160, 120))
    edit = through(original, "JPEG", quality=85)
    edit.paste(original.crop((90, 70, 110, 90)), (40, 30))
    return original, edit, judged(original, edit)[1]


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("encode", LOSSLESS.values(), ids=LOSSLESS.keys())
def test_container_metadata_and_lossless_encoding_change_nothing(
    name: str, encode: Callable[[Image.Image], bytes]
) -> None:
    original, edit, drift = _edited(name)
    assert drift > 0
    assert report(encode(original), file(edit)).drift == drift
    assert report(file(original), encode(edit)).drift == drift


# --- more damage, more drift

STEPS = (0, 8, 16, 32, 64, 128)
"""levels of 255"""


def _light(base: np.ndarray, levels: int) -> np.ndarray:
    return base + levels * np.where(base.mean() < 128, 1, -1)


def _color(base: np.ndarray, levels: int) -> np.ndarray:
    return base + levels * np.array([0.5, -0.5, 0.25])


def _other(base: np.ndarray, levels: int) -> np.ndarray:
    """Another content, showing through more and more."""
    return base + (base[::-1, ::-1] * [1, 0.6, 0.3] - base) * levels / 128


def _blurred(base: np.ndarray, levels: int) -> np.ndarray:
    soft = np.asarray(image(base).filter(ImageFilter.GaussianBlur(levels / 16)), np.float32)
    return soft if levels else base


DAMAGE: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "light": _light,
    "color": _color,
    "other content": _other,
    "blur": _blurred,
}
PLACE = np.s_[20:60, 205:255]


@pytest.mark.parametrize("processed", [False, True], ids=["exact", "JPEG 85"])
@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.threat("T44")
def test_more_damage_is_no_less_drift_and_never_turns_block_into_pass(name: str, kind: str, processed: bool) -> None:
    original = PICTURES[name]()
    found = []
    for levels in STEPS:
        samples = np.array(original, np.float32)
        samples[PLACE] = DAMAGE[kind](samples[PLACE], levels)
        edit = image(samples)
        found.append(judged(original, through(edit, "JPEG", quality=85) if processed else edit))
    assert found[-1][0] is Verdict.BLOCK
    for weaker, stronger in pairwise(found):
        assert stronger[1] >= FALL * weaker[1], found
        assert not (weaker[0] is Verdict.BLOCK and stronger[0] is Verdict.PASS), found


@pytest.mark.parametrize("name", PICTURES)
def test_a_larger_damage_is_no_less_drift(name: str) -> None:
    original, found = PICTURES[name](), []
    for side in (0, 4, 8, 16, 32, 64):
        samples = np.array(original, np.float32)
        at = np.s_[20 : 20 + side, 205 : 205 + side]
        samples[at] = samples[at][::-1, ::-1] * 0.5
        found.append(judged(original, image(samples)))
    assert found[-1][0] is Verdict.BLOCK
    for smaller, larger in pairwise(found):
        assert larger[1] >= FALL * smaller[1], found
        assert not (smaller[0] is Verdict.BLOCK and larger[0] is Verdict.PASS), found


# --- one size of judging

SIZES = (512, 1024, 2048, 4096)
"""long side, px"""


@lru_cache
def scene(long: int = SIZES[-1]) -> Image.Image:
    """Texture of every scale, as nature has it, shapes with edges, and words; 4096 x 768, or brought down from it."""
    if long < SIZES[-1]:
        return brought_down(scene(), long)
    height, rng = long * 3 // 16, np.random.default_rng(4)
    tone = np.zeros((height, long), np.float32)
    for step in (256, 128, 64, 32, 16, 8, 4, 2):
        grid = rng.integers(0, 256, (height // step, long // step)).astype(np.uint8)
        grown = Image.fromarray(grid).resize((long, height), Image.Resampling.BICUBIC)
        tone += (np.asarray(grown, np.float32) - 127.5) * step**0.6 / 130
    made = image(np.stack([118 + tone, 122 + 0.9 * tone, 112 + 0.7 * tone], -1))
    draw = ImageDraw.Draw(made)
    for at in range(9):
        x, ink = 90 + 440 * at, tuple(int(value) for value in rng.integers(20, 236, 3))
        draw.ellipse((x, 60, x + 300, 360), fill=ink)
        draw.text((x, 470), "harbour", fill="white" if at % 2 else "black", font=ImageFont.load_default(60 + 8 * at))
    return made


def brought_down(picture: Image.Image, long: int) -> Image.Image:
    return picture.resize((long, long * 3 // 16), LANCZOS)


@lru_cache
def scene_file(long: int) -> bytes:
    return file(scene(long))


SIDE = 164
"""px of 4096: 0.04 of the long side"""


@lru_cache(maxsize=1)
def _patch(kind: str) -> Image.Image:
    """The scene with one square damaged."""
    edit = scene().copy()
    x, y = {"remove": (90, 430), "blur": (540, 450), "shift": (980, 450)}.get(kind, (330, 440))
    box = (x, y, x + SIDE, y + SIDE)
    if kind == "remove":
        edit.paste(edit.crop(box).resize((2, 2)).resize((SIDE, SIDE), Image.Resampling.BICUBIC), box)
    elif kind == "blur":
        edit.paste(edit.crop(box).filter(ImageFilter.GaussianBlur(16)), box)
    elif kind == "swap":
        edit.paste(edit.crop((3100, 90, 3100 + SIDE, 90 + SIDE)), box)
    elif kind == "recolor":
        edit.paste(image(np.asarray(edit.crop(box), np.float32) + np.array([26, -10, -24])), box)
    elif kind == "shift":
        edit.paste(edit.crop((x + 24, y + 24, x + 24 + SIDE, y + 24 + SIDE)), box)
    return edit


def _noisy(picture: Image.Image) -> Image.Image:
    light = np.random.default_rng(7).standard_normal((picture.height, picture.width, 1), np.float32)
    return image(np.asarray(picture, np.float32) + 2 * light)


def _jpeg(picture: Image.Image) -> Image.Image:
    return through(picture, "JPEG", quality=85)


EDITS: dict[str, tuple[str, Callable[[Image.Image], Image.Image] | None, Verdict]] = {
    "remove": ("remove", None, Verdict.BLOCK),
    "blur": ("blur", None, Verdict.BLOCK),
    "shift": ("shift", None, Verdict.BLOCK),
    "swap, JPEG 85": ("swap", _jpeg, Verdict.BLOCK),
    "recolor, JPEG 85": ("recolor", _jpeg, Verdict.BLOCK),
    "JPEG 85": ("none", _jpeg, Verdict.PASS),
    "noise": ("none", _noisy, Verdict.PASS),
}


@pytest.mark.parametrize("name", EDITS)
def test_the_same_edit_is_judged_the_same_at_every_size(name: str) -> None:
    kind, process, expected = EDITS[name]
    found = []
    for long in SIZES:
        edit = _patch(kind) if long == SIZES[-1] else brought_down(_patch(kind), long)
        one = report(scene_file(long), file(process(edit) if process else edit))
        found.append((one.verdict, one.drift or 0.0))
    assert [one[0] for one in found] == [expected] * len(SIZES), found
    drifts = [max(one[1], FAINT) for one in found]
    assert max(drifts) <= SPREAD * min(drifts), found


# --- a file as large as the page shows it


SHIPPED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half, WebP 80": lambda one: through(_scaled(one, 0.5), "WEBP", quality=80),
    "three quarters, JPEG 85": lambda one: through(_scaled(one, 0.75), "JPEG", quality=85),
    "half, bicubic": lambda one: _scaled(one, 0.5, Image.Resampling.BICUBIC),
    "half, box": lambda one: _scaled(one, 0.5, Image.Resampling.BOX),
    "a third": lambda one: _scaled(one, 1 / 3),
    "once and a half": lambda one: _scaled(one, 1.5),
}


def _scaled(picture: Image.Image, times: float, how: Image.Resampling = LANCZOS) -> Image.Image:
    return picture.resize((round(picture.width * times), round(picture.height * times)), how)


@pytest.mark.parametrize("ship", SHIPPED.values(), ids=SHIPPED.keys())
@pytest.mark.parametrize("name", PICTURES)
def test_what_a_smaller_file_has_no_room_for_is_no_drift(name: str, ship: Callable[[Image.Image], Image.Image]) -> None:
    original = PICTURES[name]()
    verdict, drift = judged(original, ship(original))
    assert verdict is Verdict.PASS, drift


@pytest.mark.parametrize("kind", ["remove", "blur", "shift", "swap", "recolor"])
def test_damage_shows_in_a_file_of_half_the_size(kind: str) -> None:
    verdict, drift = judged(scene(1024), brought_down(_patch(kind), 512))
    assert verdict is Verdict.BLOCK, drift


# --- which of the two came first


def _resized(picture: Image.Image, width: int, height: int) -> Image.Image:
    """To another size and back."""
    return picture.resize((width, height), LANCZOS).resize(picture.size, LANCZOS)


HELD: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG 75": lambda one: through(one, "JPEG", quality=75),
    "JPEG 95": lambda one: through(one, "JPEG", quality=95),
    "WebP 80": lambda one: through(one, "WEBP", quality=80),
    "1 px smaller and back": lambda one: _resized(one, one.width - 1, one.height - 1),
    "x1.5 and back": lambda one: _resized(one, one.width * 3 // 2, one.height * 3 // 2),
    "noise": _noisy,
    "256 colours": lambda one: one.quantize(256).convert("RGB"),
}


@pytest.mark.parametrize("process", HELD.values(), ids=HELD.keys())
@pytest.mark.parametrize("name", PICTURES)
def test_original_and_edit_of_a_held_pair_can_change_places(
    name: str, process: Callable[[Image.Image], Image.Image]
) -> None:
    original = PICTURES[name]()
    edit = process(original)
    there, back = judged(original, edit), judged(edit, original)
    assert there[0] is back[0] is Verdict.PASS, (there, back)


# --- a larger mask


MASKED = [
    f"{name}, {process}, {state}"
    for name in PICTURES
    for process in ("JPEG 75", "noise", "1 px smaller and back")
    for state in ("held", "damaged")
]


@pytest.mark.parametrize("case", MASKED)
def test_a_larger_mask_is_no_more_drift(case: str) -> None:
    name, process, state = case.split(", ")
    original = PICTURES[name]()
    edit = HELD[process](original)
    if state == "damaged":
        edit.paste(original.crop((20, 200, 60, 240)), (250, 30))
    found = []
    for reach in (20, 45, 70, 95, 110):
        opened = np.zeros((original.height, original.width), bool)
        opened[130 - reach : 150 + reach, 110 - reach : 130 + reach] = True
        found.append(judged(original, edit, opened)[1])
    for smaller, larger in pairwise(found):
        assert max(larger, FAINT) <= RISE * max(smaller, FAINT), found


# --- no picture is too thin

SQUARE = tuple(f"{side}x{side}" for side in range(1, 9))
NARROW = tuple(f"{width}x40" for width in range(1, 9))
THIN = (*SQUARE, *NARROW, "1x600", "3x1000", "5x2000", "2000x5", "400x7", "400x8")


@pytest.mark.parametrize("size", THIN)
def test_damage_to_a_thin_picture_never_passes(size: str) -> None:
    width, height = (int(side) for side in size.split("x"))
    original = noise(width, height, seed=2) // 3 + np.uint8(40)
    edit = original.copy()
    edit[: (height + 2) // 3, : max(width // 3, min(width, 8))] += np.uint8(120)
    assert judged(image(original), image(edit))[0] is not Verdict.PASS
