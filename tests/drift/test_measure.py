"""Drift: laws that hold for every picture, tables of known changes, and independent oracles for the numbers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maskproof.drift.frame import padding_that_explains
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from skimage import data
from skimage.color import deltaE_ciede2000, rgb2lab

from maskproof import drift
from maskproof.drift.ciede2000 import ciede2000, cielab
from maskproof.drift.oklab import oklab, opponent
from maskproof.drift.registration import register
from maskproof.drift.ssim import contrast_structure
from maskproof.gate import verdict
from maskproof.images import decode
from maskproof.model import ImageReport, Kind, Level, Picture, Region, Verdict
from maskproof.policy.limits import default_limits

PHOTO = Image.fromarray(data.astronaut())
CAT = Image.fromarray(data.chelsea())


def picture(image: Image.Image) -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return decode.decode(buffer.getvalue(), "test.png")


def through(image: Image.Image, kind: str, **options: object) -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return decode.decode(buffer.getvalue(), f"test.{kind.lower()}")


def regions(size: tuple[int, int], opened: np.ndarray | None = None, **areas: tuple[Kind, tuple[int, int, int, int]]):
    mask = np.zeros((size[1], size[0]), np.bool_) if opened is None else opened
    drawn = []
    for name, (kind, (x, y, width, height)) in areas.items():
        inside = np.zeros_like(mask)
        inside[y : y + height, x : x + width] = True
        drawn.append(Region(name, kind, inside, "test"))
    return mask, (Region("outside the mask", Kind.OUTSIDE_MASK, ~mask, "mask"), *drawn)


def judge(
    original: Picture,
    edit: Picture,
    level: Level = Level.VISUAL,
    frame: drift.Frame | None = None,
    opened: np.ndarray | None = None,
    **areas,
) -> ImageReport:
    mask, protected = regions(original.size, opened, **areas)
    measured = drift.measure(original, edit, mask, protected, level, frame or drift.Frame())
    return verdict.decide(ImageReport("test", Verdict.PASS), measured, default_limits(level), "")


def value(report: ImageReport, kind: str, name: str) -> float:
    return next(
        metric.value
        for one in report.regions
        if one.drift.kind == kind
        for metric in one.drift.metrics
        if metric.name == name
    )


def rules(report: ImageReport) -> set[str]:
    return {finding.rule for finding in report.findings}


def middle(size: tuple[int, int], share: float = 0.3) -> np.ndarray:
    """A mask that opens a rectangle in the middle."""
    opened = np.zeros((size[1], size[0]), np.bool_)
    height, width = round(size[1] * share), round(size[0] * share)
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    opened[top : top + height, left : left + width] = True
    return opened


@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1), st.sampled_from(list(Level)))
@settings(max_examples=25)
def test_identity_does_not_drift(width: int, height: int, seed: int, level: Level) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    same = picture(Image.fromarray(noise))
    report = judge(same, same, level)
    assert report.drift == 0
    assert report.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
    ],
)
def test_another_container_of_the_same_samples_is_exact(kind: str, options: dict[str, object]) -> None:
    report = judge(picture(PHOTO), through(PHOTO, kind, **options), Level.EXACT)
    assert report.verdict is Verdict.PASS
    assert report.drift == 0


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        *(("JPEG", {"quality": quality, "subsampling": sub}) for quality in (75, 85, 95) for sub in (0, 2)),
        *(("WEBP", {"quality": quality}) for quality in (75, 85, 95)),
        ("AVIF", {"quality": 75}),
    ],
)
@pytest.mark.parametrize("image", [PHOTO, CAT], ids=["astronaut", "chelsea"])
def test_harmless_processing_passes_by_eye_and_not_exactly(
    image: Image.Image, kind: str, options: dict[str, object]
) -> None:
    processed = through(image, kind, **options)
    assert judge(picture(image), processed).verdict is Verdict.PASS
    assert judge(picture(image), processed, Level.EXACT).verdict is Verdict.BLOCK


def test_one_sample_is_enough_at_level_exact() -> None:
    changed = PHOTO.copy()
    red, green, blue = changed.getpixel((500, 3))
    changed.putpixel((500, 3), (red, green, blue ^ 1))
    report = judge(picture(PHOTO), picture(changed), Level.EXACT)
    assert rules(report) == {"outside-mask"}
    assert value(report, "outside-mask", "changed") == 1
    assert report.findings[0].box is not None
    assert (report.findings[0].box.x, report.findings[0].box.y) == (500, 3)
    assert judge(picture(PHOTO), picture(changed)).verdict is Verdict.PASS


def test_what_happens_inside_the_mask_is_free() -> None:
    opened = middle(PHOTO.size)
    edit = Image.composite(Image.new("RGB", PHOTO.size, "lime"), PHOTO, Image.fromarray(opened))
    for level in Level:
        assert judge(picture(PHOTO), picture(edit), level, opened=opened).verdict is Verdict.PASS


@given(st.integers(40, 430), st.integers(40, 430), st.integers(24, 60), st.integers(0, 2**32 - 1))
@settings(max_examples=8)
def test_a_replaced_patch_outside_the_mask_blocks(x: int, y: int, side: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    edit = np.asarray(PHOTO).copy()
    patch = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    edit[y : y + side, x : x + side] = np.asarray(Image.fromarray(patch).resize((side, side)))
    report = judge(picture(PHOTO), picture(Image.fromarray(edit)))
    assert report.verdict is Verdict.BLOCK
    box = next(finding.box for finding in report.findings if finding.rule == "outside-mask")
    assert box is not None
    assert box.x < x + side
    assert box.x + box.width > x
    assert box.y < y + side
    assert box.y + box.height > y


@pytest.mark.parametrize(("dx", "dy"), [(7, 0), (0, -9), (-12, 5), (3, 3)])
def test_a_moved_frame_is_told_in_pixels_and_not_as_redrawn(dx: int, dy: int) -> None:
    wide = Image.fromarray(data.astronaut())
    original = wide.crop((30, 30, 480, 480))
    moved = wide.crop((30 - dx, 30 - dy, 480 - dx, 480 - dy))
    report = judge(picture(original), picture(moved))
    assert value(report, "frame", "dx") == pytest.approx(dx, abs=0.3)
    assert value(report, "frame", "dy") == pytest.approx(dy, abs=0.3)
    assert rules(report) == {"shift"}


@pytest.mark.parametrize(("scale", "angle"), [(1.01, 0), (0.985, 0), (1, 0.8), (1.008, -0.5)])
def test_registration_finds_known_warps(scale: float, angle: float) -> None:
    image = Image.fromarray(data.astronaut()).convert("L")
    size = image.width
    turn = np.radians(angle)
    forward = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    inverse = np.linalg.inv(forward)
    centre = np.array([size / 2, size / 2])
    offset = centre - inverse @ centre
    matrix = (*inverse[0], offset[0], *inverse[1], offset[1])
    warped = image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    luma = [np.asarray(one, np.float32) / np.float32(2.55) for one in (image, warped)]
    inner = np.zeros((size, size), np.bool_)
    inner[40:-40, 40:-40] = True
    motion = register(*luma, inner)
    assert motion.trusted
    assert motion.scale == pytest.approx(scale, abs=0.0015)
    assert motion.angle == pytest.approx(angle, abs=0.08)


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


def test_a_lifted_tone_is_a_finding_of_its_own() -> None:
    lifted = Image.fromarray(np.clip(np.asarray(PHOTO, np.float32) * 0.9 + 38, 0, 255).astype(np.uint8))
    report = judge(picture(PHOTO), picture(lifted))
    assert "tone" in rules(report)
    assert value(report, "frame", "tone_light") > 5


def test_transparent_protected_pixels_are_seen_although_their_samples_are_equal() -> None:
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


def test_low_bytes_of_16_bits_count_at_level_exact_only() -> None:
    deep = (np.asarray(PHOTO.convert("L").crop((0, 0, 64, 64)), np.uint16) << 8) + 7
    other = deep.copy()
    other[5, 6] += 1
    first, second = (picture(Image.fromarray(one)) for one in (deep, other))
    assert value(judge(first, second, Level.EXACT), "outside-mask", "changed") == 1
    assert judge(first, second).verdict is Verdict.PASS


def test_eight_bits_and_the_same_in_sixteen_are_equal() -> None:
    shallow = PHOTO.convert("L").crop((0, 0, 64, 64))
    deep = Image.fromarray(np.asarray(shallow, np.uint16) * 257)
    assert judge(picture(shallow), picture(deep), Level.EXACT).verdict is Verdict.PASS


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


def test_an_untouched_mask_is_a_warning() -> None:
    report = judge(picture(PHOTO), through(PHOTO, "JPEG", quality=95), opened=middle(PHOTO.size))
    assert rules(report) == {"edit-missing"}
    assert report.verdict is Verdict.PASS


def test_a_change_everywhere_but_inside_the_mask_makes_the_mask_suspect() -> None:
    opened = middle(PHOTO.size)
    other = Image.fromarray(data.coffee()).resize(PHOTO.size)
    edit = Image.composite(PHOTO, other, Image.fromarray(opened))
    assert {"mask-suspect", "outside-mask"} <= rules(judge(picture(PHOTO), picture(edit), opened=opened))


@pytest.mark.parametrize("height", [14, 20, 32, 60])
@pytest.mark.parametrize(("before", "after"), [("SALE 50%", "SALF 50%"), ("ROBERTO", "BOBERTO"), ("OPEN", "QPEN")])
def test_a_respelt_letter_blocks_when_its_area_is_declared_as_text(before: str, after: str, height: int) -> None:
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


@given(st.floats(0, 60), st.floats(0, 60), st.integers(0, 2**16))
@settings(max_examples=6)
def test_a_stronger_change_never_passes_where_a_weaker_one_blocked(one: float, other: float, seed: int) -> None:
    weak, strong = sorted((one, other))
    base = np.asarray(CAT, np.float32)
    x, y = np.random.default_rng(seed).integers(20, 200, 2)
    reports = []
    for step in (weak, strong):
        changed = base.copy()
        changed[y : y + 48, x : x + 48] += step
        reports.append(judge(picture(CAT), picture(Image.fromarray(np.clip(changed, 0, 255).astype(np.uint8)))))
    assert not (reports[0].verdict is Verdict.BLOCK and reports[1].verdict is Verdict.PASS)


def test_drift_is_the_same_every_time() -> None:
    edit = picture(PHOTO.filter(ImageFilter.GaussianBlur(2)))
    assert len({judge(picture(PHOTO), edit).drift for _ in range(3)}) == 1


# Oracles: the numbers against implementations that are not ours.


def test_structure_term_is_the_published_formula_on_8_px_windows_at_stride_4() -> None:
    first, second = (
        np.asarray(one.convert("L").resize((256, 256)), np.float32) / np.float32(2.55) for one in (PHOTO, CAT)
    )
    windows = [np.lib.stride_tricks.sliding_window_view(plane, (8, 8))[::4, ::4] for plane in (first, second)]
    centred = [one - one.mean((2, 3), keepdims=True) for one in windows]
    constant = (0.03 * 100) ** 2
    expected = (2 * (centred[0] * centred[1]).mean((2, 3)) + constant) / (
        np.square(centred[0]).mean((2, 3)) + np.square(centred[1]).mean((2, 3)) + constant
    )
    np.testing.assert_allclose(contrast_structure(first, second), expected, atol=2e-3)


SHARMA = [
    (50.0000, 2.6772, -79.7751, 50.0000, 0.0000, -82.7485, 2.0425),
    (50.0000, 3.1571, -77.2803, 50.0000, 0.0000, -82.7485, 2.8615),
    (50.0000, 2.8361, -74.0200, 50.0000, 0.0000, -82.7485, 3.4412),
    (50.0000, -1.3802, -84.2814, 50.0000, 0.0000, -82.7485, 1.0000),
    (50.0000, -1.1848, -84.8006, 50.0000, 0.0000, -82.7485, 1.0000),
    (50.0000, -0.9009, -85.5211, 50.0000, 0.0000, -82.7485, 1.0000),
    (50.0000, 0.0000, 0.0000, 50.0000, -1.0000, 2.0000, 2.3669),
    (50.0000, -1.0000, 2.0000, 50.0000, 0.0000, 0.0000, 2.3669),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0009, 7.1792),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0010, 7.1792),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0011, 7.2195),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0012, 7.2195),
    (50.0000, -0.0010, 2.4900, 50.0000, 0.0009, -2.4900, 4.8045),
    (50.0000, -0.0010, 2.4900, 50.0000, 0.0010, -2.4900, 4.8045),
    (50.0000, -0.0010, 2.4900, 50.0000, 0.0011, -2.4900, 4.7461),
    (50.0000, 2.5000, 0.0000, 50.0000, 0.0000, -2.5000, 4.3065),
    (50.0000, 2.5000, 0.0000, 73.0000, 25.0000, -18.0000, 27.1492),
    (50.0000, 2.5000, 0.0000, 61.0000, -5.0000, 29.0000, 22.8977),
    (50.0000, 2.5000, 0.0000, 56.0000, -27.0000, -3.0000, 31.9030),
    (50.0000, 2.5000, 0.0000, 58.0000, 24.0000, 15.0000, 19.4535),
    (50.0000, 2.5000, 0.0000, 50.0000, 3.1736, 0.5854, 1.0000),
    (50.0000, 2.5000, 0.0000, 50.0000, 3.2972, 0.0000, 1.0000),
    (50.0000, 2.5000, 0.0000, 50.0000, 1.8634, 0.5757, 1.0000),
    (50.0000, 2.5000, 0.0000, 50.0000, 3.2592, 0.3350, 1.0000),
    (60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644),
    (63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630),
    (61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731),
    (35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645),
    (22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373),
    (36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146),
    (90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441),
    (90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381),
    (6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377),
    (2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082),
]
"""the 34 pairs of Sharma, Wu and Dalal (2005), table 1"""


@pytest.mark.parametrize("pair", SHARMA)
def test_ciede2000_gives_the_published_differences(pair: tuple[float, ...]) -> None:
    first, second = np.array(pair[:3]), np.array(pair[3:6])
    assert float(ciede2000(first, second)) == pytest.approx(pair[6], abs=5e-5)
    assert float(ciede2000(second, first)) == pytest.approx(pair[6], abs=5e-5)


def test_ciede2000_and_cielab_agree_with_scikit_image() -> None:
    rng = np.random.default_rng(0)
    lab = rng.uniform((0, -100, -100), (100, 100, 100), (5000, 3))
    other = lab + rng.normal(0, 8, lab.shape)
    np.testing.assert_allclose(ciede2000(lab, other), deltaE_ciede2000(lab, other), atol=1e-9)
    rgb = rng.integers(0, 256, (5000, 3))
    np.testing.assert_allclose(cielab(rgb), rgb2lab(rgb / 255), atol=0.02)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 0, 0), (62.796, 22.486, 12.585)),
        ((0, 255, 0), (86.644, -23.389, 17.950)),
        ((0, 0, 255), (45.201, -3.246, -31.153)),
    ],
)
def test_oklab_gives_the_published_values(rgb: tuple[int, ...], lab: tuple[float, ...]) -> None:
    np.testing.assert_allclose(oklab(np.array(rgb, np.float32)), lab, atol=0.02)


def test_opponent_planes_are_those_of_jpeg() -> None:
    ycc = np.asarray(PHOTO.convert("YCbCr"), np.float32)
    planes = opponent(np.asarray(PHOTO))
    np.testing.assert_allclose(planes[0] * 2.55, ycc[..., 0], atol=1.01)
    np.testing.assert_allclose(planes[2] * 2.55 + 128, ycc[..., 1], atol=1.01)
    np.testing.assert_allclose(planes[1] * 2.55 + 128, ycc[..., 2], atol=1.01)
