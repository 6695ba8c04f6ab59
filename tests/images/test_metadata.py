"""What is shown: a file whose metadata leaves a choice to the viewer is refused, or named by what it says."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from maskproof.errors import SeveralFrames, Unreadable
from maskproof.images import containers, decode
from pictures import (
    BT709,
    P3,
    chunk,
    exif,
    gif,
    jpeg_segment,
    level_curve,
    level_table,
    matrix_profile,
    noise,
    packed_png,
    png,
    saved,
    smooth,
    srgb_curve,
    tiff,
)

SMALL = noise(17, 13)
LEVELS = np.arange(256)
INVERTED = 255 - LEVELS
AT_NINE = np.where(np.isin(LEVELS, np.linspace(0, 255, 9).astype(np.uint8)), LEVELS, INVERTED)
SRGB_TABLE, OTHER_TABLE = level_table(BT709, LEVELS), level_table(BT709, INVERTED)
TABLES = ("A2B0", "A2B1", "A2B2")


def profiled(profile: bytes):
    """The picture with a profile, as it is shown."""
    return decode.decode(png(SMALL, before=chunk(b"iCCP", b"p\0\0" + zlib.compress(profile))), "a picture")


def with_tables(*tables: bytes, curve: bytes | None = None) -> bytes:
    tags = {name.encode(): table for name, table in zip(TABLES, tables, strict=True)}
    return matrix_profile("sRGB", BT709, srgb_curve() if curve is None else curve, tags)


# --- profiles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [None, 0, 1, 2])
def test_a_curve_that_is_srgb_at_nine_levels_is_applied(channel):
    curves = {b"rgb"[at : at + 1] + b"TRC": level_curve(AT_NINE) for at in range(3) if channel in {None, at}}
    picture = profiled(matrix_profile("sRGB", BT709, level_curve(LEVELS), curves))
    assert picture.color.startswith("ICC profile sRGB (")
    assert picture.managed
    assert np.abs(picture.samples.astype(int) - SMALL).mean() > 5


@pytest.mark.threat("T06")
def test_a_curve_that_leaves_srgb_at_one_level_is_seen():
    once = np.where(LEVELS == 200, 80, LEVELS)
    assert profiled(matrix_profile("sRGB", BT709, level_curve(once))).color != "sRGB"


@pytest.mark.parametrize("at", range(3))
def test_tables_that_differ_by_intent_are_named(at):
    tables = [OTHER_TABLE if number == at else SRGB_TABLE for number in range(3)]
    picture = profiled(with_tables(*tables))
    assert "tables and curves show different colours" in picture.color
    assert not picture.managed


def test_curves_that_differ_from_the_tables_are_named():
    assert not profiled(with_tables(SRGB_TABLE, SRGB_TABLE, SRGB_TABLE, curve=level_curve(INVERTED))).managed


def test_tables_and_curves_that_agree_are_what_they_show():
    picture = profiled(with_tables(SRGB_TABLE, SRGB_TABLE, SRGB_TABLE))
    assert (picture.color, picture.managed) == ("sRGB", True)
    picture = profiled(with_tables(OTHER_TABLE, OTHER_TABLE, OTHER_TABLE, curve=level_curve(INVERTED)))
    assert picture.managed
    assert np.abs(picture.samples.astype(int) - (255 - SMALL.astype(int))).max() <= 2


@pytest.mark.parametrize(("codes", "color"), [((1, 13, 0, 1), "sRGB"), ((9, 16, 0, 1), "ICC profile sRGB (")])
def test_code_points_within_a_profile_count(codes, color):
    picture = profiled(matrix_profile("sRGB", BT709, srgb_curve(), {b"cicp": b"cicp\0\0\0\0" + bytes(codes)}))
    assert picture.color.startswith(color)
    assert picture.managed == (color == "sRGB")


def test_a_profile_that_holds_a_tag_twice_is_not_applied():
    assert not profiled(matrix_profile("sRGB", P3, srgb_curve()).replace(b"cprt", b"rTRC", 1)).managed


@pytest.mark.parametrize("numbers", [[(1, 1), (1, 1)], [(1, 2)], [(1, 2), (2, 3)], [(2, 2)]])
def test_pieces_of_a_profile_that_do_not_fit_together_are_refused(numbers):
    whole = matrix_profile("sRGB", P3, srgb_curve())
    pieces = [jpeg_segment(0xE2, b"ICC_PROFILE\0" + bytes(two) + whole) for two in numbers]
    plain = saved(smooth(9, 7), "JPEG")
    with pytest.raises(Unreadable, match="profile"):
        decode.decode(plain[:2] + b"".join(pieces) + plain[2:], "a picture")


def test_a_profile_in_a_gif_is_named():
    plain = saved(Image.fromarray(SMALL).quantize(4), "GIF")
    at = 13 + 3 * (2 << (plain[10] & 7))
    data = plain[:at] + b"\x21\xff\x0bICCRGBG1012\x04none\0" + plain[at:]
    picture = decode.decode(data, "a picture")
    assert picture.color.startswith("an ICC profile in a GIF")
    assert not picture.managed


def test_a_colour_code_of_narrow_range_is_not_srgb():
    picture = decode.decode(png(SMALL, before=chunk(b"cICP", bytes([1, 13, 0, 0]))), "a picture")
    assert picture.color.endswith("narrow range")


# --- what leaves a choice --------------------------------------------------------------------------------------------


def oriented(*entries: tuple[int, int]) -> bytes:
    """EXIF with entries of orientation, each of a type and with a value."""
    rows = b"".join(struct.pack(">HHI", 0x0112, kind, 1) + struct.pack(*packed(kind, value)) for kind, value in entries)
    return b"MM\0*" + struct.pack(">IH", 8, len(entries)) + rows + bytes(4)


def packed(kind: int, value: int) -> tuple:
    return (">HH", value, 0) if kind == 3 else (">I", value)


def jpeg_with(*segments: bytes, data: bytes = saved(smooth(9, 7), "JPEG")) -> bytes:
    return data[:2] + b"".join(segments) + data[2:]


def app1(orientation: int) -> bytes:
    return jpeg_segment(0xE1, b"Exif\0\0" + exif(orientation))


def webp_with(*chunks: tuple[bytes, bytes], flags: int = 0x08) -> bytes:
    plain = saved(SMALL, "WEBP", lossless=True)
    head = (
        b"VP8X"
        + struct.pack("<I", 10)
        + bytes([flags, 0, 0, 0])
        + struct.pack("<I", 16)[:3]
        + struct.pack("<I", 12)[:3]
    )
    body = head + plain[12:]
    for kind, data in chunks:
        body += kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def renamed(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new, 1)


PALETTE, KEY = chunk(b"PLTE", bytes(6)), chunk(b"tRNS", b"\0")
CONTROL = b"\x21\xf9\x04\x01\0\0\0\0"
ADOBE = b"Adobe\0\x64\0\0\0\0"
AVIF, CLEAR_AVIF = saved(smooth(24, 16), "AVIF"), saved(noise(24, 16, 4), "AVIF")
CHOICES = {
    "JPEG, two EXIF blocks": jpeg_with(app1(1), app1(3)),
    "JPEG, two EXIF blocks that agree": jpeg_with(app1(1), app1(1)),
    "JPEG, JFIF and Adobe's RGB": jpeg_with(jpeg_segment(0xEE, ADOBE + b"\0")),
    "JPEG, two Adobe markers": jpeg_with(jpeg_segment(0xEE, ADOBE + b"\1"), jpeg_segment(0xEE, ADOBE + b"\2")),
    "JPEG, channels called R, G, B": renamed(
        saved(smooth(9, 7), "JPEG"), b"\3\1\x22\0\2\x11\1\3\x11\1", b"\3R\x22\0G\x11\1B\x11\1"
    ),
    "PNG, two EXIF blocks": png(SMALL, before=chunk(b"eXIf", exif(1)), after=chunk(b"eXIf", exif(6))),
    "PNG, two orientations": png(SMALL, before=chunk(b"eXIf", oriented((3, 1), (3, 6)))),
    "PNG, a long orientation": png(SMALL, before=chunk(b"eXIf", oriented((4, 6)))),
    "PNG, colours behind the palette": packed_png(SMALL[..., 0] & 1, 1, 3, PALETTE + chunk(b"gAMA", bytes(4))),
    "PNG, transparency before the palette": packed_png(SMALL[..., 0] & 1, 1, 3, KEY + PALETTE),
    "PNG, one transparent colour beside alpha": png(noise(4, 4, 4), before=chunk(b"tRNS", bytes(6))),
    "WebP, two EXIF blocks": webp_with((b"EXIF", exif(1)), (b"EXIF", exif(6))),
    "WebP, EXIF not announced": webp_with((b"EXIF", exif(6)), flags=0),
    "WebP, a profile not announced": webp_with((b"ICCP", matrix_profile("x", P3, srgb_curve()))),
    "GIF, two transparent colours": gif([0, 1, 2, 3], (2, 2)).replace(b"\x2c", CONTROL + CONTROL + b"\x2c", 1),
    "TIFF, two orientations": renamed(tiff(SMALL, extra={274: 1, 275: 6}), b"\x13\1", b"\x12\1"),
    "AVIF, cropped": renamed(AVIF, b"pixi", b"clap"),
    "AVIF, two indexes": renamed(AVIF, b"hdlr", b"pitm"),
    "AVIF, nothing to show": renamed(AVIF, b"infe", b"free"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHOICES)
@pytest.mark.threat("T06")
def test_what_viewers_show_in_different_ways_is_refused(kind):
    with pytest.raises(Unreadable):
        decode.decode(CHOICES[kind], "a picture")


ALIKE = {
    "JPEG, one EXIF block": jpeg_with(app1(3)),
    "JPEG, Adobe's marker": jpeg_with(jpeg_segment(0xEE, ADOBE + b"\1")),
    "PNG, the same orientation": png(SMALL, before=chunk(b"eXIf", oriented((3, 6), (3, 6)))),
    "PNG, transparency behind the palette": packed_png(SMALL[..., 0] & 1, 1, 3, PALETTE + KEY),
    "WebP, EXIF": webp_with((b"EXIF", exif(6))),
    "GIF, a transparent colour": gif([0, 1, 2, 3], (2, 2)).replace(b"\x2c", CONTROL + b"\x2c", 1),
    "AVIF, alpha": CLEAR_AVIF,
}


@pytest.mark.parametrize("kind", ALIKE)
def test_what_all_viewers_show_alike_is_read(kind):
    assert decode.decode(ALIKE[kind], "a picture").samples.size


@pytest.mark.parametrize(
    "data",
    [
        tiff(SMALL, extra={330: 8}),
        renamed(CLEAR_AVIF, b"auxl", b"none"),
        saved(smooth(9, 7), "JPEG") + saved(smooth(9, 7), "JPEG"),
    ],
    ids=["TIFF, a directory below", "AVIF, a second item", "JPEG, a second one"],
)
@pytest.mark.threat("T07")
def test_a_picture_that_could_be_shown_instead_is_a_frame(data):
    with pytest.raises(SeveralFrames):
        decode.decode(data, "a picture")


@pytest.mark.parametrize(
    "broken",
    [
        lambda stream: chunk(b"IDAT", stream)[:-4] + bytes(4),
        lambda stream: chunk(b"IDAT", stream + b"junk"),
        lambda stream: chunk(b"IDAT", stream) + chunk(b"IDAT", b"junk"),
    ],
    ids=["checksum", "junk", "junk in a chunk of its own"],
)
@pytest.mark.threat("T09")
def test_image_data_of_a_png_is_whole_and_ends_with_its_stream(broken):
    stream = zlib.compress(b"\0" + bytes(3))
    whole = png(np.zeros((1, 1, 3), np.uint8))
    assert chunk(b"IDAT", stream) in whole
    with pytest.raises(Unreadable):
        decode.decode(whole.replace(chunk(b"IDAT", stream), broken(stream)), "a picture")


# --- gain maps -------------------------------------------------------------------------------------------------------

SIGN = jpeg_segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0")
MAPS = {
    "JPEG, ISO": jpeg_with(SIGN) + saved(smooth(5, 4), "JPEG"),
    "JPEG, Apple, named by the map": saved(smooth(9, 7), "JPEG")
    + jpeg_with(jpeg_segment(0xE1, b"urn:com:apple:photo:2020:aux:hdrgainmap")),
    "PNG": png(SMALL, before=chunk(b"gdAT", b"x")),
    "AVIF": CLEAR_AVIF.replace(b"auxl", b"none").replace(b"av01", b"tmap").replace(b"tmap", b"av01", 1),
}


@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.threat("T07")
def test_a_gain_map_is_known_and_told_from_another(kind):
    data = MAPS[kind]
    found = containers.blocks(data, "a picture")
    assert len(found.gain_map) == 64
    assert (found.frames, found.trailing - found.beside) == (1, 0)


def test_a_sign_without_a_map_is_none():
    assert not containers.blocks(jpeg_with(SIGN), "a picture").gain_map


def mpf(kind: int, length: int) -> bytes:
    """An index of two pictures, the second of a type and a length."""
    entry = struct.pack(">HHII", 0xB002, 7, 32, 26)
    head = b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
    return jpeg_segment(
        0xE2,
        b"MPF\0" + head + struct.pack(">IIIHH", 0x030000, 0, 0, 0, 0) + struct.pack(">IIIHH", kind, length, 0, 0, 0),
    )


@pytest.mark.parametrize(("kind", "frames"), [(0x010001, 1), (0x010002, 1), (0x020002, 2), (0, 1)])
def test_a_preview_is_no_frame_and_other_pictures_of_an_index_are(kind, frames):
    behind = saved(smooth(5, 4), "JPEG")
    found = containers.blocks(jpeg_with(mpf(kind, len(behind))) + behind, "a picture")
    assert (found.frames, found.trailing - found.beside) == (frames, 0)
