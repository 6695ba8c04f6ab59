"""Pixels: one file, one picture. What a decoder would turn, clip, invent or leave out in silence is a test here."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from maskproof.errors import CouldNotJudge, SeveralFrames, TooLarge, Unreadable
from maskproof.images import containers, decode
from maskproof.model import Picture
from pictures import (
    BT709,
    P3,
    SIGNATURE,
    chunk,
    exif,
    gamma_curve,
    header,
    matrix_profile,
    noise,
    packed_png,
    png,
    saved,
    smooth,
    srgb_curve,
    tiff,
    turned,
)
from processes import Program
from thirdparty import JUDGED, REFUSED, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def outcome(data: bytes, name: str = "a picture") -> Picture | CouldNotJudge:
    """A file's picture, or why it has none; any other error fails the test."""
    try:
        return decode.decode(data, name)
    except CouldNotJudge as error:
        return error


# --- other people's broken and hostile files ---------------------------------------------------------------------

IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".mpo")


@pytest.mark.parametrize("row", rows("badinputs/badinputs.csv", lambda row: row["file"].endswith(IMAGES)))
def test_a_broken_or_hostile_file_gets_the_answer_its_collector_asks_for(row):
    found = outcome(Path(row["path"]).read_bytes(), row["file"])
    if isinstance(found, Picture):
        assert row["expected"] == "decode-ok" or row["file"] in JUDGED
        assert row["file"] not in REFUSED
        assert found.samples.shape == (found.size[1], found.size[0], 3)
    else:
        assert row["file"] in found.reason
        assert found.advice
        if row["expected"] == "refuse-too-large":
            assert isinstance(found, TooLarge)
        elif row["expected"] == "decode-ok" and row["file"] not in REFUSED:
            assert isinstance(found, SeveralFrames), found.reason


BOMBS = rows("badinputs/badinputs.csv", lambda row: "bomb" in row["file"] and row["file"].endswith(IMAGES))
BOUNDED = """
import resource, sys
import numpy, PIL.Image, PIL.ImageCms, PIL.GifImagePlugin, PIL.PngImagePlugin, PIL.JpegImagePlugin
from maskproof import evidence
from maskproof.errors import CouldNotJudge
from maskproof.images import containers, decode

def main():
    with open(sys.argv[1], "rb") as file, open("/proc/self/statm") as status:
        data = file.read()
        used = int(status.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 80_000_000,) * 2)
    for read in (evidence.assess, decode.decode):
        try:
            read(data, "bomb")
        except CouldNotJudge as error:
            print(type(error).__name__, error.reason)
        else:
            print("read")
"""


@pytest.fixture(scope="module")
def bounded() -> Iterator[Callable[[Path], list[str]]]:
    """What the marks and the pixels of a file are in a process that may take 80 MB more than it has."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("the size of a process is read from /proc")
    program = Program(BOUNDED)

    def read(file: Path) -> list[str]:
        ran = program.run(str(file))
        assert ran.status == 0, ran.stderr
        return ran.stdout.splitlines()

    yield read
    program.end()


@pytest.mark.parametrize("row", BOMBS)
@pytest.mark.threat("T24")
def test_a_bomb_is_refused_or_left_packed(row, bounded):
    _, answer = bounded(Path(row["path"]))
    assert "MemoryError" not in answer
    left_packed = "read" if row["file"] in JUDGED else "Unreadable"
    assert answer.split()[0] == ("TooLarge" if row["expected"] == "refuse-too-large" else left_packed)


@cache
def zeros(count: int) -> bytes:
    """Many zeros, compressed piece by piece."""
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(count >> 20)) + packer.flush()


OWN_BOMBS = {
    "more rows than declared": (
        SIGNATURE + header(4, 4, 8, 2) + chunk(b"IDAT", zeros(1 << 28)) + chunk(b"IEND"),
        "Unreadable",
    ),
    "88 Mpx, under Pillow's own bound": (
        SIGNATURE + header(9400, 9400, 8, 2) + chunk(b"IDAT", zeros(1 << 28)) + chunk(b"IEND"),
        "TooLarge",
    ),
    "one text of 256 MB": (png(noise(4, 4), before=chunk(b"zTXt", b"a\0\0" + zeros(1 << 28))), "read"),
    "700 texts of 1 MB": (png(noise(4, 4), before=chunk(b"zTXt", b"a\0\0" + zeros(1 << 20)) * 700), "read"),
    "a profile of 256 MB": (png(noise(4, 4), before=chunk(b"iCCP", b"a\0\0" + zeros(1 << 28))), "Unreadable"),
}


@pytest.mark.parametrize("name", OWN_BOMBS)
def test_what_unfolds_beyond_measure_is_refused_or_left_packed(name, tmp_path, bounded):
    data, wanted = OWN_BOMBS[name]
    (tmp_path / "bomb.png").write_bytes(data)
    _, answer = bounded(tmp_path / "bomb.png")
    assert "MemoryError" not in answer
    assert answer.split()[0] == wanted


# --- laws ---------------------------------------------------------------------------------------------------------

SMALL = noise(17, 13)
FILES = {
    "PNG": png(SMALL),
    "PNG, interlaced": png(SMALL, interlaced=True),
    "PNG, 16 bits": png(noise(9, 7, depth=16)),
    "PNG, palette": saved(Image.fromarray(SMALL).quantize(64), "PNG"),
    "JPEG": saved(smooth(40, 24), "JPEG"),
    "JPEG, progressive": saved(smooth(40, 24), "JPEG", progressive=True),
    "JPEG, CMYK": saved(Image.fromarray(smooth(40, 24)).convert("CMYK"), "JPEG"),
    "WebP": saved(smooth(40, 24), "WEBP"),
    "WebP, lossless with alpha": saved(noise(9, 9, 4), "WEBP", lossless=True, exact=True),
    "GIF": saved(Image.fromarray(SMALL).quantize(64), "GIF"),
    "AVIF": saved(smooth(40, 24), "AVIF"),
    "TIFF": tiff(SMALL),
    "TIFF, directory last": tiff(SMALL, directory_last=True),
    "TIFF, 16 bits": tiff(noise(9, 7, depth=16), order=">"),
    "TIFF, LZW": saved(SMALL, "TIFF", compression="tiff_lzw"),
    "TIFF, deflate": saved(SMALL, "TIFF", compression="tiff_adobe_deflate"),
    "TIFF, JPEG": saved(smooth(40, 24), "TIFF", compression="jpeg"),
}


@pytest.mark.parametrize("kind", FILES)
@given(data=st.data())
@settings(max_examples=60)
@pytest.mark.threat("T09")
def test_a_file_that_was_cut_never_decodes(kind, data):
    whole = FILES[kind]
    cut = data.draw(st.one_of(st.integers(0, len(whole) - 1), st.integers(len(whole) - 40, len(whole) - 1)))
    with pytest.raises(CouldNotJudge):
        decode.decode(whole[:cut], "a picture")


def test_a_tiff_may_lose_only_bytes_that_nothing_in_it_refers_to():
    padded = tiff(SMALL, directory_last=True) + b"padding"
    assert np.array_equal(decode.decode(padded, "a picture").samples, SMALL)
    assert np.array_equal(decode.decode(padded[:-3], "a picture").samples, SMALL)


@pytest.mark.parametrize("kind", FILES)
@given(data=st.data())
@settings(max_examples=60)
def test_a_mangled_file_is_a_picture_or_could_not_be_judged_and_nothing_else(kind, data):
    mangled = bytearray(FILES[kind])
    for at, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(mangled) - 1), st.integers(0, 255)), min_size=1, max_size=5)
    ):
        mangled[at] = value
    start, length = data.draw(st.integers(0, len(mangled))), data.draw(st.sampled_from([0, 0, 0, 1, 4, 30]))
    del mangled[start : start + length]
    found = outcome(bytes(mangled))
    if isinstance(found, Picture):
        assert found.samples.dtype == np.uint8
    else:
        assert "a picture" in found.reason
        assert found.advice


@given(width=st.integers(1, 33), height=st.integers(1, 33), seed=st.integers(0, 9), with_alpha=st.booleans())
@settings(max_examples=40)
def test_the_same_picture_has_the_same_samples_in_every_lossless_container(width, height, seed, with_alpha):
    shown = noise(width, height, 4 if with_alpha else 3, seed=seed)
    files = {
        "PNG": png(shown),
        "interlaced PNG": png(shown, interlaced=True),
        "Pillow's PNG": saved(shown, "PNG"),
        "WebP": saved(shown, "WEBP", lossless=True, exact=True),
        "TIFF": tiff(shown, alpha=2 if with_alpha else None),
        "TIFF of the other byte order": tiff(shown, order=">", alpha=2 if with_alpha else None),
        "TIFF with LZW": saved(shown, "TIFF", compression="tiff_lzw"),
    }
    for kind, data in files.items():
        picture = decode.decode(data, kind)
        assert np.array_equal(picture.samples, shown[..., :3]), kind
        assert picture.color == "sRGB"
        assert picture.managed
        assert picture.low is None
        if with_alpha and shown[..., 3].min() < 255:
            assert np.array_equal(picture.alpha, shown[..., 3]), kind
        else:
            assert picture.alpha is None, kind


@given(width=st.integers(1, 33), height=st.integers(1, 33), colors=st.integers(2, 256), seed=st.integers(0, 9))
@settings(max_examples=40)
def test_a_palette_is_shown_and_not_its_numbers(width, height, colors, seed):
    table = noise(256, 1, seed=seed)[0]
    indexes = np.random.default_rng(seed).integers(0, colors, (height, width)).astype(np.uint8)
    image = Image.fromarray(indexes)
    image.putpalette(table.tobytes())
    for kind in ("PNG", "GIF", "TIFF"):
        assert np.array_equal(decode.decode(saved(image, kind), kind).samples, table[indexes]), kind
    # The same numbers with another palette are another picture.
    image.putpalette((255 - table).tobytes())
    assert np.array_equal(decode.decode(saved(image, "PNG"), "a picture").samples, 255 - table[indexes])


# --- orientation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "kind", ["JPEG", "PNG", "late PNG", "WEBP", "AVIF", "TIFF", "LZW TIFF", "16-bit PNG", "16-bit TIFF"]
)
def test_pictures_are_shown_upright(kind, orientation):
    lossy = kind in {"JPEG", "AVIF"}
    deep = kind.startswith("16")
    stored = smooth(24, 16) if lossy else noise(7, 5, depth=16 if deep else 8)
    tag = Image.Exif()
    tag[0x0112] = orientation
    data = {
        "JPEG": lambda: saved(stored, "JPEG", exif=tag, quality=95, subsampling=0),
        "PNG": lambda: png(stored, before=chunk(b"eXIf", exif(orientation))),
        "late PNG": lambda: png(stored, after=chunk(b"eXIf", exif(orientation))),
        "WEBP": lambda: saved(stored, "WEBP", lossless=True, exif=tag),
        "AVIF": lambda: saved(stored, "AVIF", exif=tag, quality=95, subsampling="4:4:4"),
        "TIFF": lambda: tiff(stored, extra={274: orientation}),
        "LZW TIFF": lambda: saved(stored, "TIFF", compression="tiff_lzw", tiffinfo={274: orientation}),
        "16-bit PNG": lambda: png(stored, before=chunk(b"eXIf", exif(orientation))),
        "16-bit TIFF": lambda: tiff(stored, extra={274: orientation}),
    }[kind]()
    picture = decode.decode(data, "a picture")
    wanted = turned(stored, orientation)
    assert picture.size == (wanted.shape[1], wanted.shape[0])
    if deep:
        assert np.array_equal(picture.samples, wanted >> 8)
        assert np.array_equal(picture.low, wanted & 255)
    else:
        assert np.abs(picture.samples.astype(int) - wanted).max() <= (8 if lossy else 0)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_none(orientation):
    data = png(SMALL, before=chunk(b"eXIf", exif(orientation)))
    assert np.array_equal(decode.decode(data, "a picture").samples, SMALL)


def xmp(orientation: int) -> bytes:
    packet = f'<x:xmpmeta><rdf:Description tiff:Orientation="{orientation}"/></x:xmpmeta>'
    return chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet.encode())


@pytest.mark.parametrize(
    ("chunks", "wanted"),
    [
        (xmp(1), 1),
        (xmp(6), None),
        (xmp(6) + chunk(b"eXIf", exif(6)), 6),
        (xmp(1) + chunk(b"eXIf", exif(6)), 6),
        (xmp(8) + chunk(b"eXIf", exif(6)), 6),
        (chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 26\n" + exif(6).hex().encode() + b"\n"), None),
    ],
    ids=["upright in XMP", "XMP alone", "both agree", "XMP upright", "XMP contradicts", "ImageMagick's text alone"],
)
def test_only_exif_turns_a_picture_and_who_turns_it_elsewhere_is_refused(chunks, wanted):
    data = png(SMALL, before=chunks)
    if wanted is None:
        with pytest.raises(Unreadable, match="turned by some viewers"):
            decode.decode(data, "a picture")
    else:
        assert np.array_equal(decode.decode(data, "a picture").samples, turned(SMALL, wanted))


PLAIN_XMP = b"XML:com.adobe.xmp\0\0\0\0\0"


@pytest.mark.parametrize(
    ("kind", "text", "decisive"),
    [
        (b"iTXt", PLAIN_XMP + b"<x:xmpmeta/>", False),
        (b"iTXt", PLAIN_XMP + b"<r tiff:OrientatioN='6'/>", True),
        (b"iTXt", PLAIN_XMP.replace(b"\0\0\0\0\0", b"\0\1\0\0\0") + zlib.compress(b"<x/>"), True),
        (b"iTXt", PLAIN_XMP + "<x/>".encode("utf-16-le"), True),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0", True),
        (b"tEXt", b"XML:com.adobe.xmp\0<x/>", True),
        (b"tEXt", b"Raw profile type exif\0\nexif\n 0\n\n", True),
        (b"tEXt", b"Title\0Orientation", False),
    ],
)
def test_text_is_asked_for_an_orientation_only_where_it_may_hold_one(kind, text, decisive):
    data = png(SMALL, before=chunk(kind, text))
    container = containers.read(data, "a picture")
    assert (decode._plain(data, container, "a picture") is None) == decisive
    if not decisive:
        assert np.array_equal(decode.decode(data, "a picture").samples, SMALL)


# --- depth, transparency, modes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (9, 6), (16, 11)])
def test_16_bits_of_a_png_are_kept_to_the_last(channels, interlaced, size):
    stored = noise(*size, channels, depth=16)
    picture = decode.decode(png(stored, interlaced=interlaced), "a picture")
    cube = stored if stored.ndim == 3 else stored[..., None]
    assert np.array_equal(picture.low, cube & 255)
    assert np.array_equal(
        picture.samples,
        np.broadcast_to(cube[..., :1] >> 8, (*cube.shape[:2], 3)) if channels < 3 else cube[..., :3] >> 8,
    )
    if channels in {2, 4}:
        assert np.array_equal(picture.alpha, cube[..., -1] >> 8)


@pytest.mark.parametrize(
    ("channels", "order"), [(1, "<"), (1, ">"), (3, "<"), (3, ">"), (4, "<"), (4, ">"), (1, "LZW")]
)
def test_16_bits_of_a_tiff_are_kept_to_the_last(channels, order):
    stored = noise(9, 6, channels, depth=16)
    data = (
        saved(stored, "TIFF", compression="tiff_lzw")
        if order == "LZW"
        else tiff(stored, order=order, alpha=2 if channels == 4 else None)
    )
    picture = decode.decode(data, "a picture")
    cube = stored if stored.ndim == 3 else stored[..., None]
    assert np.array_equal(picture.low, cube & 255)
    assert np.array_equal(picture.samples[..., 0], cube[..., 0] >> 8)


def test_a_change_of_the_low_byte_alone_is_seen():
    stored = noise(9, 6, depth=16)
    other = stored.copy()
    other[2, 3, 1] ^= 1
    one, two = (decode.decode(png(each), "a picture") for each in (stored, other))
    assert np.array_equal(one.samples, two.samples)
    assert not np.array_equal(one.low, two.low)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_the_transparent_grey_is_compared_as_it_is_stored(depth):
    stored = np.arange(1 << depth, dtype=np.uint8)[None, :]
    for key in range(1 << depth):
        picture = decode.decode(packed_png(stored, depth, 0, chunk(b"tRNS", struct.pack(">H", key))), "a picture")
        assert np.array_equal(picture.alpha, np.where(stored == key, 0, 255))
        assert np.array_equal(picture.samples[..., 0], stored * (255 // ((1 << depth) - 1)))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("depth", [8, 16])
def test_the_transparent_colour_is_compared_to_the_last_bit(channels, depth):
    stored = noise(5, 4, channels, depth=depth)
    key = stored[1, 1].copy()
    stored[2, 2] = key
    stored[3, 3] = key ^ 1  # as near as can be, and opaque
    chunks = chunk(b"tRNS", struct.pack(f">{channels}H", *np.atleast_1d(key).astype(int)))
    picture = decode.decode(png(stored, before=chunks), "a picture")
    same = stored == key if channels == 1 else (stored == key).all(-1)
    assert np.array_equal(picture.alpha, np.where(same, 0, 255))
    assert picture.alpha[3, 3] == 255
    assert np.array_equal(picture.samples[..., 0], (stored if channels == 1 else stored[..., 0]) >> (depth - 8))


@pytest.mark.parametrize("alphas", [b"\0", b"\x80", b"\xff\0\x40", b"\x10\x20\x30\x40"])
def test_a_palette_has_its_own_alphas(alphas):
    stored = np.arange(4, dtype=np.uint8)[None, :]
    table = noise(4, 1)[0]
    data = packed_png(stored, 2, 3, chunk(b"PLTE", table.tobytes()) + chunk(b"tRNS", alphas))
    picture = decode.decode(data, "a picture")
    assert picture.alpha[0].tolist() == list(alphas + b"\xff" * (4 - len(alphas)))
    assert np.array_equal(picture.samples[0], table)


def test_colours_under_full_transparency_are_kept():
    stored = noise(6, 5, 4)
    stored[..., 3] = 0
    for data in (png(stored), saved(stored, "WEBP", lossless=True, exact=True)):
        assert np.array_equal(decode.decode(data, "a picture").samples, stored[..., :3])


def test_black_and_white_and_grey_are_shown_as_colours():
    bits = (noise(11, 7, 1) & 1).astype(np.uint8)
    grey = noise(11, 7, 2)
    assert np.array_equal(decode.decode(packed_png(bits, 1, 0), "a picture").samples[..., 2], bits * 255)
    assert np.array_equal(
        decode.decode(saved(Image.fromarray(bits * 255).convert("1"), "TIFF"), "a").samples[..., 1], bits * 255
    )
    picture = decode.decode(png(grey), "a picture")
    assert np.array_equal(picture.samples, np.repeat(grey[..., :1], 3, -1))
    assert np.array_equal(picture.alpha, grey[..., 1])


@pytest.mark.parametrize("width", range(1, 10))
@pytest.mark.parametrize("height", [1, 2, 3, 5, 8, 9])
def test_interlaced_pictures_of_odd_sizes(width, height):
    stored = noise(width, height)
    assert np.array_equal(decode.decode(png(stored, interlaced=True), "a picture").samples, stored)


def test_cmyk_is_shown_and_named():
    for kind in ("JPEG", "TIFF"):
        picture = decode.decode(saved(Image.fromarray(smooth(24, 16)).convert("CMYK"), kind), "a picture")
        assert picture.samples.shape == (16, 24, 3)
        assert picture.color == "CMYK without a profile"
        assert not picture.managed


@pytest.mark.parametrize(
    "data",
    [
        saved(Image.new("F", (4, 3), 0.5), "TIFF"),
        saved(Image.new("I", (4, 3), 70_000), "TIFF"),
        tiff(noise(4, 3, 1, depth=16), extra={262: 0}),
        tiff(noise(4, 3, 2, depth=16), alpha=2),
    ],
    ids=["floats", "32-bit integers", "16 bits with 0 as white", "16-bit grey with alpha"],
)
def test_samples_that_cannot_be_shown_in_full_are_refused(data):
    with pytest.raises(Unreadable, match="samples") as caught:
        decode.decode(data, "a picture")
    assert "0x" not in caught.value.reason


def test_grey_with_0_as_white_is_shown_inverted():
    stored = noise(4, 3, 1)
    assert np.array_equal(decode.decode(tiff(stored, extra={262: 0}), "a picture").samples[..., 0], 255 - stored)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "TIFF", "AVIF"])
def test_more_than_one_picture_in_a_file_is_refused(kind):
    first, second = (Image.fromarray(one) for one in (SMALL, 255 - SMALL))
    data = saved(first, kind, save_all=True, append_images=[second])
    with pytest.raises(SeveralFrames, match="2 frames") as caught:
        decode.decode(data, "a picture")
    assert caught.value.rule == "frames"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WebP", "GIF"])
def test_bytes_after_the_end_are_counted_and_change_nothing(kind):
    alone, followed = (decode.decode(FILES[kind] + tail, "a picture") for tail in (b"", b"PK\3\4"))
    assert (alone.trailing, followed.trailing) == (0, 4)
    assert np.array_equal(alone.samples, followed.samples)


# --- colour ---------------------------------------------------------------------------------------------------------


def iccp(profile: bytes) -> bytes:
    return chunk(b"iCCP", b"profile\0\0" + zlib.compress(profile))


def to_srgb(samples: np.ndarray, colourants: tuple, gamma: float) -> np.ndarray:
    """The colours of a matrix profile in sRGB, by the formulas of ICC.1 and IEC 61966-2-1."""
    linear = (samples / 255.0) ** gamma @ np.array(colourants) @ np.linalg.inv(np.array(BT709))
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(("colourants", "gamma"), [(P3, 2.2), (P3, 1.8), (BT709, 1.8), (BT709, 2.6)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_a_profile_is_applied(kind, colourants, gamma):
    profile = matrix_profile("wide", colourants, gamma_curve(gamma))
    lossy = kind in {"JPEG", "AVIF"}
    # Away from the dark end, where lcms and the formula round apart and a lossy codec's own error is widened.
    stored = np.clip(smooth(32, 32), *((100, 160) if lossy else (40, 215)))
    options = {
        "JPEG": {"quality": 100, "subsampling": 0},
        "WEBP": {"lossless": True},
        "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    }.get(kind, {})
    data = saved(stored, kind, icc_profile=profile, **options)
    picture = decode.decode(data, "a picture")
    assert picture.color.startswith("ICC profile wide (")
    assert picture.managed
    assert np.abs(picture.samples - to_srgb(stored, colourants, gamma)).max() <= (6 if lossy else 2)
    # Stripping the profile leaves the numbers and changes the picture.
    stripped = decode.decode(saved(stored, kind, icc_profile=None, **options), "a picture")
    assert stripped.color == "sRGB"
    assert np.abs(picture.samples.astype(int) - stripped.samples).max() > 10


@pytest.mark.parametrize(
    "profile",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        matrix_profile("Display P3", BT709, srgb_curve()),
    ],
    ids=["Pillow's", "under a false name"],
)
def test_a_profile_that_is_srgb_in_effect_is_srgb(profile):
    picture = decode.decode(png(SMALL, before=iccp(profile)), "a picture")
    assert (picture.color, picture.managed) == ("sRGB", True)
    assert np.array_equal(picture.samples, SMALL)


def test_a_profile_that_only_calls_itself_srgb_is_applied():
    picture = decode.decode(png(SMALL, before=iccp(matrix_profile("sRGB IEC61966-2.1", P3, srgb_curve()))), "a picture")
    assert picture.color.startswith("ICC profile sRGB IEC61966-2.1 (")
    assert not np.array_equal(picture.samples, SMALL)


@pytest.mark.parametrize(
    ("samples", "profile", "said"),
    [
        (SMALL, b"no profile at all", "broken ICC profile"),
        (noise(4, 4, 1), ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(), "for Lab and not for L"),
        (SMALL, ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes(), "for XYZ and not for RGB"),
    ],
)
def test_a_profile_that_cannot_be_applied_is_named(samples, profile, said):
    picture = decode.decode(png(samples, before=iccp(profile)), "a picture")
    assert said in picture.color
    assert not picture.managed


def test_a_grey_picture_may_have_a_colour_profile():
    grey = np.clip(noise(9, 9, 1), 40, 215)
    picture = decode.decode(png(grey, before=iccp(matrix_profile("wide", BT709, gamma_curve(1.8)))), "a picture")
    assert picture.managed
    assert np.abs(picture.samples - to_srgb(np.repeat(grey[..., None], 3, -1), BT709, 1.8)).max() <= 2


def test_the_name_of_a_profile_cannot_steer_a_terminal():
    picture = decode.decode(
        png(SMALL, before=iccp(matrix_profile("\x1b[2Jx\n::error::", P3, gamma_curve(2.2)))), "a picture"
    )
    assert picture.color.isprintable()


def test_a_profile_leaves_alpha_alone():
    stored = noise(9, 9, 4)
    picture = decode.decode(png(stored, before=iccp(matrix_profile("wide", P3, gamma_curve(2.2)))), "a picture")
    assert np.array_equal(picture.alpha, stored[..., 3])


CHRM = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


@pytest.mark.parametrize(
    ("chunks", "color"),
    [
        (chunk(b"gAMA", struct.pack(">I", 45455)), "sRGB"),
        (chunk(b"gAMA", struct.pack(">I", 45450)), "sRGB"),
        (chunk(b"gAMA", struct.pack(">I", 100_000)), "PNG gamma 1"),
        (chunk(b"gAMA", struct.pack(">I", 200_000)), "PNG gamma 2"),
        (chunk(b"gAMA", struct.pack(">I", 0)), "PNG gamma 0"),
        (chunk(b"cHRM", struct.pack(">8I", *CHRM)), "sRGB"),
        (chunk(b"cHRM", struct.pack(">8I", *CHRM[:2], *CHRM[4:6], *CHRM[2:4], *CHRM[6:])), "PNG primaries 31270"),
        (chunk(b"cICP", bytes([1, 13, 0, 1])), "sRGB"),
        (chunk(b"cICP", bytes([9, 16, 0, 1])), "colour code 9/16"),
        (chunk(b"cICP", bytes([12, 13, 0, 1])), "colour code 12/13"),
        (chunk(b"cICP", bytes([9, 16, 0, 1])) + iccp(matrix_profile("x", BT709, srgb_curve())), "colour code 9/16"),
        (chunk(b"gAMA", struct.pack(">I", 100_000)) + iccp(matrix_profile("x", BT709, srgb_curve())), "sRGB"),
        (chunk(b"sRGB", b"\0"), "sRGB"),
    ],
)
def test_what_a_png_says_of_its_colours_is_named_and_not_applied(chunks, color):
    picture = decode.decode(png(SMALL, before=chunks), "a picture")
    assert picture.color.startswith(color)
    assert picture.managed == (color == "sRGB")
    assert np.array_equal(picture.samples, SMALL)


@pytest.mark.parametrize(
    ("codes", "color"),
    [((1, 13), "sRGB"), ((2, 2), "sRGB"), ((9, 16), "colour code 9/16"), ((12, 13), "colour code 12/13")],
)
def test_the_colour_code_of_an_avif_is_named(codes, color):
    data = saved(smooth(24, 16), "AVIF")
    at = data.index(b"colrnclx") + 8
    picture = decode.decode(data[:at] + struct.pack(">HH", *codes) + data[at + 4 :], "a picture")
    assert picture.color.startswith(color)
    assert picture.managed == (color == "sRGB")


# --- masks -----------------------------------------------------------------------------------------------------------


def test_a_mask_is_lightness_and_alpha():
    drawn = np.zeros((4, 6, 4), np.uint8)
    drawn[:2] = (255, 255, 255, 0)
    light, alpha = decode.decode_mask(png(drawn), "a mask")
    assert light[:2].min() == 255
    assert light[2:].max() == 0
    assert np.array_equal(alpha, drawn[..., 3])
    light, alpha = decode.decode_mask(png(drawn[..., 0]), "a mask")
    assert np.array_equal(light, drawn[..., 0])
    assert alpha is None


def test_the_mask_of_a_palette_with_transparency_is_not_its_numbers():
    stored = np.array([[0, 1, 1, 0]], np.uint8)
    data = packed_png(stored, 1, 3, chunk(b"PLTE", b"\xff\xff\xff\0\0\0") + chunk(b"tRNS", b"\0\xff"))
    light, alpha = decode.decode_mask(data, "a mask")
    assert light.tolist() == [[255, 0, 0, 255]]
    assert alpha.tolist() == [[0, 255, 255, 0]]
