"""Regions: which pixels a mask opens, which an area protects, and what is odd about a mask."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from comparisons import PHOTO, picture
from maskproof import regions
from maskproof.drift import Frame
from maskproof.errors import CouldNotJudge
from maskproof.images import decode
from maskproof.model import Kind, Severity
from maskproof.regions import Area
from pictures import chunk, noise, packed_png, png, saved

SIZE = (8, 6)
HOLE = np.zeros((6, 8), bool)
HOLE[1:4, 2:5] = True


def light(inside: int, outside: int) -> np.ndarray:
    return np.where(HOLE, inside, outside).astype(np.uint8)


def layers(*planes: np.ndarray) -> np.ndarray:
    return np.stack(planes, -1)


def palette(table: bytes, alphas: bytes) -> bytes:
    return packed_png(HOLE.astype(np.uint8), 1, 3, chunk(b"PLTE", table) + chunk(b"tRNS", alphas))


MASKS = {
    "grey": (png(light(255, 0)), {"white": HOLE, "black": ~HOLE, "alpha": HOLE & False}),
    "1 bit": (packed_png(HOLE.astype(np.uint8), 1, 0), {"white": HOLE, "black": ~HOLE, "alpha": HOLE & False}),
    "RGBA, clear hole": (
        png(layers(*[light(0, 0)] * 3, light(0, 255))),
        {"white": HOLE & False, "black": HOLE | True, "alpha": HOLE},
    ),
    "grey with alpha": (png(layers(light(255, 0), light(0, 255))), {"white": HOLE, "black": ~HOLE, "alpha": HOLE}),
    "palette with a clear colour": (
        palette(b"\0\0\0\xff\xff\xff", b"\xff\0"),
        {"white": HOLE, "black": ~HOLE, "alpha": HOLE},
    ),
    "palette of one colour, one clear": (
        palette(b"\0\0\0\0\0\0", b"\xff\0"),
        {"white": HOLE & False, "black": HOLE | True, "alpha": HOLE},
    ),
    "grey whose white is clear": (
        png(light(255, 0), before=chunk(b"tRNS", b"\0\xff")),
        {"white": HOLE, "black": ~HOLE, "alpha": HOLE},
    ),
    "16-bit grey": (png(light(255, 0).astype(np.uint16) * 257), {"white": HOLE, "black": ~HOLE, "alpha": HOLE & False}),
    "WebP with alpha": (
        saved(layers(*[light(0, 0)] * 3, light(0, 255)), "WEBP", lossless=True, exact=True),
        {"alpha": HOLE},
    ),
    "twice the size": (png(np.kron(light(255, 0), np.ones((2, 2), np.uint8))), {"white": HOLE, "black": ~HOLE}),
    "just over half": (png(light(128, 127)), {"white": HOLE, "black": ~HOLE}),
    "red on black": (
        png(layers(light(255, 0), light(0, 0), light(0, 0))),
        {"white": HOLE & False, "black": HOLE | True},
    ),
}


@pytest.mark.parametrize(("kind", "mode"), [(kind, mode) for kind, (_, modes) in MASKS.items() for mode in modes])
def test_which_part_a_mask_opens(kind, mode):
    data, modes = MASKS[kind]
    assert np.array_equal(regions.editable(decode.decode_mask(data, "mask"), mode, SIZE), modes[mode])


def test_a_jpeg_mask_opens_what_it_shows():
    drawn = np.kron(light(255, 0), np.ones((16, 16), np.uint8))
    opened = regions.editable(decode.decode_mask(saved(drawn, "JPEG"), "mask"), "white", (128, 96))
    assert (opened != (drawn > 0)).mean() < 0.01


@pytest.mark.parametrize("size", [(8, 6), (16, 12), (24, 18), (80, 60), (800, 600)])
def test_a_mask_of_another_size_keeps_its_share_and_place(size):
    opened = regions.editable((light(255, 0), None), "white", size)
    assert opened.shape == size[::-1]
    assert opened.mean() == HOLE.mean()


WIDER = Frame(pad=(4, 0, 4, 0))
"""8 x 6 becomes 16 x 6"""


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_mask_of_the_padded_size_is_undone_and_not_stretched(times):
    drawn = np.kron(np.pad(light(255, 0), ((0, 0), (4, 4)), constant_values=255), np.ones((times, times), np.uint8))
    opened = regions.editable((drawn, None), "white", SIZE, edit=(16, 6), frame=WIDER)
    assert np.array_equal(opened, HOLE)
    assert regions.suspicions(regions.mask_facts((drawn, None), "white", opened, edit=(16, 6), frame=WIDER), 0.5) == []


def test_a_mask_of_neither_size_nor_proportions_opens_nothing():
    drawn = np.full((6, 12), 255, np.uint8)
    opened = regions.editable((drawn, None), "white", SIZE, frame=WIDER)
    assert not opened.any()
    (finding,) = regions.suspicions(regions.mask_facts((drawn, None), "white", opened, frame=WIDER), 1.0)
    assert "12 x 6 px, other proportions than the original's 8 x 6 px or the 16 x 6 px of crop" in finding.message


def test_a_mask_of_both_proportions_opens_what_it_opens_both_ways():
    around = Frame(pad=(4, 3, 4, 3))
    border = np.zeros((24, 32), np.uint8)
    border[:, :12] = 255
    opened = regions.editable((border, None), "white", SIZE, edit=(16, 12), frame=around)
    as_original = regions.editable((border, None), "white", SIZE)
    as_canvas = regions.editable((border[::2, ::2], None), "white", SIZE, edit=(16, 12), frame=around)
    assert np.array_equal(opened, as_original & as_canvas)
    assert opened.sum() < as_original.sum()


def test_without_a_mask_nothing_is_open():
    opened = regions.editable(None, None, SIZE)
    assert not opened.any()
    (region,) = regions.build(opened, (), lambda _: pytest.fail("no picture is asked for"))
    assert region.mask.all()
    assert (region.kind, region.source) == (Kind.OUTSIDE_MASK, "mask")


# --- areas --------------------------------------------------------------------------------------------------------

MARK = np.zeros((6, 8), np.uint8)
MARK[0:2, 0:3] = 255
MARKED = {
    "white": (MARK, None),
    "black": (255 - MARK, None),
    "opaque": (MARK * 0, MARK),
    "transparent": (MARK * 0, 255 - MARK),
}


def area(**how: object) -> Area:
    return Area("logo", Kind.BRAND, "maskproof.toml", **how)


def drawn(how: Area, planes: regions.Planes | None = None) -> np.ndarray:
    return regions.build(HOLE | True, (how,), lambda _: planes)[1].mask


@pytest.mark.parametrize(("x", "y", "width", "height"), [(0, 0, 8, 6), (2, 1, 3, 2), (7, 5, 1, 1), (0, 5, 8, 1)])
def test_a_box_covers_exactly_its_pixels(x, y, width, height):
    wanted = np.zeros((6, 8), bool)
    wanted[y : y + height, x : x + width] = True
    assert np.array_equal(drawn(area(box=(x, y, width, height))), wanted)


def test_a_polygon_covers_what_lies_within_it():
    found = drawn(area(polygon=((1, 1), (6, 1), (6, 4), (1, 4))))
    assert found[2:4, 2:6].all()
    assert not found[:, 7].any()
    assert not found[5].any()


@pytest.mark.parametrize("marks", MARKED)
def test_a_picture_marks_an_area(marks):
    assert np.array_equal(drawn(area(mask="m.png", marks=marks), MARKED[marks]), MARK > 0)


def test_a_marking_picture_of_another_size_is_fitted():
    large = np.kron(MARK, np.ones((5, 5), np.uint8))
    assert np.array_equal(drawn(area(mask="m.png", marks="white"), (large, None)), MARK > 0)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (area(box=(0, 0, 9, 1)), "reaches to 9, 1, outside the original of 8 x 6 px"),
        (area(box=(0, 6, 1, 1)), "reaches to 1, 7"),
        (area(box=(65535, 0, 1, 1)), "reaches to 65536"),
        (area(polygon=((0, 0), (9, 0), (3, 3))), "reaches to 9, 3"),
        (area(polygon=((0, 0), (2, 0), (2, 7))), "reaches to 2, 7"),
        (area(polygon=((20, 20), (30, 20), (30, 30))), "outside the original"),
        (area(mask="m.png", marks="white"), "covers no pixel"),
        (area(mask="m.png", marks="transparent"), "covers no pixel"),
    ],
)
def test_an_area_that_is_not_in_the_original_could_not_be_judged(how, said):
    with pytest.raises(CouldNotJudge, match=said) as caught:
        drawn(how, (MARK * 0, None))
    assert "logo" in caught.value.reason
    assert "maskproof.toml" in caught.value.advice


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 5)), max_size=4), st.integers(0, 2**48 - 1))
def test_areas_stay_protected_whatever_a_mask_opens(corners, bits):
    opened = np.array([bits >> at & 1 for at in range(48)], bool).reshape(6, 8)
    areas = tuple(area(box=(x, y, 8 - x, 6 - y)) for x, y in corners)
    outside, *declared = regions.build(opened, areas, lambda _: None)
    assert len(declared) == len(areas)
    assert np.array_equal(outside.mask, ~opened)
    _, *closed = regions.build(np.zeros_like(opened), areas, lambda _: None)
    for one, other in zip(declared, closed, strict=True):
        assert np.array_equal(one.mask, other.mask)


# --- what is odd about a mask -------------------------------------------------------------------------------------


def odd(
    light_plane: np.ndarray,
    mode: str,
    alpha: np.ndarray | None = None,
    size: tuple[int, int] | None = None,
    most: float = 0.95,
) -> list:
    planes = (light_plane, alpha)
    opened = regions.editable(planes, mode, size or light_plane.shape[::-1])
    return regions.suspicions(regions.mask_facts(planes, mode, opened), most)


WIDE = np.full((10, 100), 255, np.uint8)
SOFT = np.tile(np.linspace(0, 255, 100).astype(np.uint8), (10, 1))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (odd(light(255, 0), "white"), []),
        (odd(light(0, 0), "alpha", light(0, 255)), []),
        (odd(WIDE, "white"), [("block", "makes 100.0% of the picture editable; the policy allows 95.0%")]),
        (odd(light(255, 0), "white", most=0.1), [("block", "policy allows 10.0%")]),
        (odd(light(255, 0), "white", most=HOLE.mean()), []),
        (odd(light(255, 0), "black", most=0.5), [("block", "makes 81.2%")]),
        (odd(WIDE, "black"), [("unjudged", "makes no pixel editable in mode black")]),
        (odd(WIDE, "alpha"), [("unjudged", "no transparent pixel")]),
        (odd(WIDE, "alpha", WIDE), [("unjudged", "makes no pixel editable in mode alpha")]),
        (odd(SOFT, "white"), [("unjudged", "of the mask is grey")]),
        (odd(WIDE, "alpha", SOFT), [("unjudged", "of the mask is grey")]),
        (odd(light(250, 5), "white"), []),
        (odd(light(255, 0), "white", size=(16, 12)), []),
        (
            odd(light(255, 0), "white", size=(8, 8)),
            [("warn", "8 x 6 px, other proportions than the original's 8 x 8 px")],
        ),
        (
            odd(
                np.full((512, 853), 255, np.uint8) * (np.arange(853) < 400).astype(np.uint8), "white", size=(1150, 690)
            ),
            [],
        ),
    ],
)
def test_what_is_odd_about_a_mask_is_said(found, said):
    assert len(found) == len(said), found
    for finding, (severity, text) in zip(found, said, strict=True):
        assert finding.rule == "mask-suspect"
        assert finding.severity is Severity(severity)
        assert text in finding.message
        assert finding.advice


def test_an_over_wide_mask_gives_its_numbers():
    (finding,) = odd(light(255, 0), "white", most=0.1)
    assert finding.value == pytest.approx(HOLE.mean())
    assert (finding.limit, finding.unit) == (0.1, "share")


def test_without_a_mask_nothing_is_odd():
    assert regions.suspicions(regions.mask_facts(None, None, HOLE), 0.0) == []


def test_every_kind_of_picture_is_a_mask_or_refused():
    # What `record --mask` is handed may be anything: the same two planes come out of it.
    for data in (png(noise(8, 6)), saved(Image.fromarray(noise(8, 6)).quantize(8), "GIF"), saved(noise(8, 6), "AVIF")):
        plane, alpha = decode.decode_mask(data, "mask")
        assert plane.shape == (6, 8)
        assert alpha is None


def test_a_mask_saved_as_a_coloured_jpeg_is_only_a_mask_and_a_photograph_is_none() -> None:
    drawn = Image.new("RGB", (200, 160), "black")
    ImageDraw.Draw(drawn).ellipse((40, 30, 150, 120), fill="white")
    drawn.save(kept := io.BytesIO(), "JPEG", quality=60)
    assert regions.is_only_mask(decode.decode(kept.getvalue(), "mask"))
    tinted = np.asarray(drawn).copy()
    tinted[:40, :, 0] = 30
    assert not regions.is_only_mask(picture(tinted))
    assert not regions.is_only_mask(picture(PHOTO))
