"""Containers: what a file's structure says, and the structures that leave room for two readings."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maskproof import content, evidence
from maskproof.errors import CouldNotJudge, TooLarge, Unreadable
from maskproof.images import containers, decode
from maskproof.images.containers import block
from pictures import SIGNATURE, box, chunk, exif, gif, header, jpeg_segment, noise, png, saved, smooth, tiff

PLAIN = noise(7, 5)
FILES = {
    "PNG": png(PLAIN),
    "JPEG": saved(smooth(7, 5), "JPEG"),
    "WEBP": saved(PLAIN, "WEBP", lossless=True),
    "AVIF": saved(smooth(7, 5), "AVIF"),
    "GIF": saved(Image.fromarray(PLAIN).quantize(16), "GIF"),
    "TIFF": tiff(PLAIN),
}


def read_whole(data: bytes) -> containers.Container:
    """A file's structure and its samples, read as strictly as before a decoder sees them."""
    found = containers.read(data, "a picture")
    containers.check_pixels(data, found, "a picture")
    return found


def images(*samples: np.ndarray) -> tuple[Image.Image, list[Image.Image]]:
    first, *others = (Image.fromarray(one) for one in samples)
    return first, others


def riff(webp: bytes, extra: bytes) -> bytes:
    """A WebP with further chunks at its end."""
    body = webp[8:] + extra
    return b"RIFF" + struct.pack("<I", len(body)) + body


def nested_boxes(levels: int) -> bytes:
    """An AVIF of boxes within boxes."""
    inner = b""
    for _ in range(levels):
        inner = box(b"meta", bytes(4) + inner)
    return box(b"ftyp", b"avif\0\0\0\0avifmif1") + inner


@pytest.mark.parametrize("kind", FILES)
def test_a_plain_file_is_one_frame_of_its_size(kind):
    found = containers.read(FILES[kind], "a picture")
    assert (found.format, found.width, found.height, found.frames, found.trailing) == (kind, 7, 5, 1, 0)


@pytest.mark.parametrize("kind", FILES)
def test_a_container_that_was_walked_before_is_not_walked_again(kind, monkeypatch):
    data, walked = FILES[kind], containers.blocks(FILES[kind], "a picture")
    readers = (evidence.manifest, evidence.writer, lambda *given: evidence.assess(given[0], given[1], None, *given[2:]))
    own = [reader(data, "a picture") for reader in readers]
    shown, (light, _) = decode.decode(data, "a picture"), decode.decode_mask(data, "a picture")
    monkeypatch.delattr(containers, "blocks")
    assert [reader(data, "a picture", walked) for reader in readers] == own
    assert np.array_equal(decode.decode(data, "a picture", walked).samples, shown.samples)
    assert np.array_equal(decode.decode_mask(data, "a picture", walked)[0], light)


@pytest.mark.parametrize("kind", FILES)
def test_the_format_is_told_by_the_bytes_and_not_by_the_name(kind):
    assert containers.format_of(FILES[kind]) == kind
    assert containers.read(FILES[kind], "picture.txt").format == kind


@pytest.mark.parametrize(
    "data",
    [b"", b"\x89", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg/>", b"BM" + bytes(60), b"II+\0" + bytes(9)],
    ids=["empty", "one byte", "EPS", "SVG", "BMP", "BigTIFF"],
)
def test_other_formats_are_refused_by_name(data):
    with pytest.raises(Unreadable, match="logo") as caught:
        containers.read(data, "logo.png")
    assert caught.value.advice


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("tail", [b"x", b"PK\3\4" + bytes(50)])
def test_bytes_after_the_end_are_counted(kind, tail):
    assert containers.read(FILES[kind] + tail, "a picture").trailing == len(tail)


def test_bytes_after_the_boxes_of_an_avif_are_refused():
    with pytest.raises(Unreadable):
        containers.read(FILES["AVIF"] + b"x", "a picture")


TWO_PICTURES = saved(images(PLAIN)[0], "MPO", save_all=True, append_images=images(PLAIN, 255 - PLAIN)[1])


def stereo(data: bytes) -> bytes:
    """The same with its second picture called one of two eyes."""
    index = data.index(b"MPF\0") + 4
    (place,) = struct.unpack_from("<I", data, index + 8 + 2 + 2 * 12 + 8)  # of the third tag, the list of pictures
    at = index + place + 16
    assert data[at : at + 4] == bytes(4)
    return data[:at] + b"\2\0\2\0" + data[at + 4 :]


@pytest.mark.parametrize(
    ("data", "frames"),
    [
        (saved(images(PLAIN)[0], "PNG", save_all=True, append_images=images(PLAIN, 255 - PLAIN)[1]), 2),
        (
            saved(
                images(PLAIN)[0], "PNG", save_all=True, default_image=True, append_images=images(PLAIN, 255 - PLAIN)[1]
            ),
            2,
        ),
        (saved(images(PLAIN)[0], "WEBP", save_all=True, append_images=images(PLAIN, 255 - PLAIN)[1]), 2),
        (saved(images(PLAIN)[0].quantize(8), "GIF", save_all=True, append_images=images(PLAIN, 255 - PLAIN)[1]), 2),
        (saved(images(PLAIN)[0], "TIFF", save_all=True, append_images=images(PLAIN, PLAIN, PLAIN)[1]), 3),
        (saved(images(PLAIN)[0], "AVIF", save_all=True, append_images=images(PLAIN, 255 - PLAIN)[1]), 2),
        (stereo(TWO_PICTURES), 2),
        # Phones give their gain map no type, as Pillow does; all viewers show the first picture.
        (TWO_PICTURES, 1),
        (gif([0, 1, 2, 3], (2, 2), trailer=gif([3, 2, 1, 0], (2, 2))[25:]), 2),
    ],
    ids=[
        "APNG",
        "APNG with another picture for old viewers",
        "WebP",
        "GIF",
        "TIFF",
        "AVIF",
        "two eyes",
        "a phone's",
        "GIF by hand",
    ],
)
def test_every_frame_is_counted(data, frames):
    assert containers.read(data, "a picture").frames == frames


def test_an_animation_that_shows_only_its_default_picture_is_a_still_picture():
    control = struct.pack(">II", 1, 0)
    frame = struct.pack(">IIIIIHHBB", 0, 7, 5, 0, 0, 1, 1, 0, 0)
    assert containers.read(png(PLAIN, before=chunk(b"acTL", control) + chunk(b"fcTL", frame)), "a picture").frames == 1


@pytest.mark.parametrize(
    ("width", "height"),
    [
        (block.MAX_SIDE + 1, 1),
        (1, block.MAX_SIDE + 1),
        (9400, 9400),
        (0x7FFFFFFF, 0x7FFFFFFF),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF", "JPEG", "WEBP"])
def test_too_large_is_known_from_the_header_alone(kind, width, height):
    short = (min(width, 65535), min(height, 65535))
    webp = (
        b"VP8X"
        + struct.pack("<II", 10, 0)
        + (width - 1).to_bytes(4, "little")[:3]
        + (height - 1).to_bytes(4, "little")[:3]
    )
    data = {
        "PNG": SIGNATURE + header(width, height, 8, 2) + chunk(b"IDAT", b"") + chunk(b"IEND"),
        "GIF": b"GIF89a" + struct.pack("<HHBBB", *short, 0, 0, 0) + b";",
        "TIFF": b"II*\0"
        + struct.pack("<IH", 8, 2)
        + struct.pack("<HHII", 256, 4, 1, width)
        + struct.pack("<HHII", 257, 4, 1, height)
        + bytes(4),
        "JPEG": b"\xff\xd8" + jpeg_segment(0xC0, struct.pack(">BHHB", 8, short[1], short[0], 3)) + b"\xff\xd9",
        "WEBP": riff(b"RIFF\0\0\0\0WEBP", webp),
    }[kind]
    with pytest.raises(TooLarge, match="limits are"):
        containers.read(data, "a picture")


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_a_picture_without_area_is_refused(size):
    with pytest.raises(Unreadable, match="declares a picture of"):
        containers.read(
            SIGNATURE + header(*size, 8, 2) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND"), "a picture"
        )


def test_the_largest_picture_within_the_limits_is_read():
    raw = zlib.compress(bytes(1 + block.MAX_SIDE // 8))
    data = SIGNATURE + header(block.MAX_SIDE, 1, 1, 0) + chunk(b"IDAT", raw) + chunk(b"IEND")
    assert containers.read(data, "a picture").width == block.MAX_SIDE


def test_a_file_over_the_limit_of_bytes_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(containers, "MAX_FILE_BYTES", len(FILES["PNG"]) - 1)
    with pytest.raises(TooLarge, match="MB"):
        containers.read(FILES["PNG"], "a picture")


def test_every_picture_that_is_small_enough_in_pixels_is_so_in_bytes():
    side = int(block.MAX_PIXELS**0.5)
    assert side * (3 * side + 1) + block.MAX_METADATA < content.MAX_FILE_BYTES  # RGB that nothing can compress
    data = SIGNATURE + header(8000, 6000, 8, 2) + chunk(b"IDAT", bytes(77_000_000)) + chunk(b"IEND")
    assert containers.read(data, "a photograph").width == 8000


def test_a_gif_has_a_smaller_limit():
    with pytest.raises(TooLarge, match="the limit is 64 MB"):
        containers.read(FILES["GIF"] + bytes(64_000_000), "a picture")


def test_metadata_over_the_limit_is_refused():
    half = chunk(b"tEXt", b"Comment\0" + bytes(block.MAX_METADATA // 2))
    assert containers.read(png(PLAIN, before=half), "a picture").frames == 1
    with pytest.raises(TooLarge, match="metadata"):
        containers.read(png(PLAIN, before=half * 2), "a picture")


@pytest.mark.parametrize(("rows", "said"), [(5, None), (4, "fewer rows"), (6, "more rows"), (0, "fewer rows")])
def test_a_png_holds_exactly_the_rows_that_it_declares(rows, said):
    data = SIGNATURE + header(7, 5, 8, 2) + chunk(b"IDAT", zlib.compress(bytes(rows * 22))) + chunk(b"IEND")
    found = containers.read(data, "a picture")
    if said is None:
        containers.check_pixels(data, found, "a picture")
    else:
        with pytest.raises(Unreadable, match=said):
            containers.check_pixels(data, found, "a picture")
        with pytest.raises(Unreadable, match=said):
            decode.decode(data, "a picture")


def test_a_few_bytes_that_declare_a_huge_picture_are_refused_before_any_is_unfolded():
    data = SIGNATURE + header(6000, 6000, 8, 2) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND")
    with pytest.raises(Unreadable, match="fewer rows"):
        containers.read(data, "a picture")


def test_image_data_may_come_in_any_number_of_pieces():
    raw = zlib.compress(noise(7, 5).tobytes()[:0] + bytes(5 * 22))
    pieces = b"".join(chunk(b"IDAT", raw[at : at + 1]) + chunk(b"IDAT") for at in range(len(raw)))
    read_whole(SIGNATURE + header(7, 5, 8, 2) + pieces + chunk(b"IEND"))


@given(
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    channels=st.sampled_from([1, 2, 3, 4]),
    depth=st.sampled_from([8, 16]),
)
def test_interlaced_rows_are_counted_for_every_size(width, height, channels, depth):
    samples = noise(width, height, channels, depth=depth)
    read_whole(png(samples, interlaced=True, filters=False))


COLOR = {
    b"PLTE": bytes(6),
    b"tRNS": bytes(6),
    b"gAMA": bytes(4),
    b"cHRM": bytes(32),
    b"sRGB": b"\0",
    b"iCCP": b"x\0\0" + zlib.compress(b""),
    b"cICP": bytes([1, 13, 0, 1]),
}


@pytest.mark.parametrize("kind", COLOR)
def test_colour_chunks_stand_once_and_before_the_pixels(kind):
    one = chunk(kind, COLOR[kind])
    assert containers.read(png(PLAIN, before=one), "a picture").frames == 1
    for twice_or_late in (png(PLAIN, before=one + one), png(PLAIN, after=one), png(PLAIN, before=one, after=one)):
        with pytest.raises(Unreadable, match=kind.decode()):
            containers.read(twice_or_late, "a picture")


@pytest.mark.parametrize(
    "data",
    [
        SIGNATURE,
        SIGNATURE + chunk(b"IEND"),
        SIGNATURE + chunk(b"tEXt", b"a\0b") + header(7, 5, 8, 2) + chunk(b"IEND"),
        SIGNATURE + header(7, 5, 8, 2) * 2 + chunk(b"IDAT", zlib.compress(bytes(110))) + chunk(b"IEND"),
        SIGNATURE + header(7, 5, 8, 2) + chunk(b"IEND"),
        SIGNATURE + header(7, 5, 8, 1) + chunk(b"IDAT", zlib.compress(bytes(110))) + chunk(b"IEND"),
        SIGNATURE + header(7, 5, 3, 0) + chunk(b"IDAT", zlib.compress(bytes(110))) + chunk(b"IEND"),
        SIGNATURE + header(7, 5, 8, 2, interlace=2) + chunk(b"IDAT", zlib.compress(bytes(110))) + chunk(b"IEND"),
        SIGNATURE + header(7, 5, 8, 2) + chunk(b"IDAT", b"no zlib stream") + chunk(b"IEND"),
        SIGNATURE + header(7, 5, 8, 2) + b"\xff\xff\xff\xffIDAT",
        png(PLAIN)[:-12],
    ],
    ids=[
        "signature",
        "no header",
        "header second",
        "two headers",
        "no pixels",
        "colour type 1",
        "depth 3",
        "interlace 2",
        "no zlib",
        "length past the end",
        "no IEND",
    ],
)
def test_a_broken_png_is_refused(data):
    with pytest.raises(Unreadable):
        read_whole(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gif([0, 1, 2, 3], (2, 2)), None),
        (gif([0, 1, 2, 3], (2, 2), stop=False), None),
        (gif([0, 1, 2], (2, 2)), "3 GIF pixels where 4"),
        (gif([0, 1, 2, 3, 0], (2, 2)), "5 GIF pixels where 4"),
        (gif([], (2, 2)), "0 GIF pixels where 4"),
        (gif([0, 7, 2, 3], (2, 2)), "broken"),
        (gif([0, 1], (2, 2), (0, 0, 2, 1)), "fill its screen"),
        (gif([0, 1, 2, 3], (2, 2), (1, 0, 2, 2)), "fill its screen"),
        (gif([0, 1, 2, 3], (2, 2), trailer=b""), "cut short"),
        (gif([0, 1, 2, 3], (2, 2), trailer=b"?"), "cut short"),
        (b"GIF89a" + struct.pack("<HHBBB", 2, 2, 0, 0, 0) + b";", "no GIF picture"),
        (b"GIF89a" + struct.pack("<HHBBB", 2, 2, 0, 0, 0) + gif([0, 1, 2, 3], (2, 2))[25:], "without colours"),
        (gif([0, 1, 2, 3], (2, 2)).replace(b"\0\x02\x04", b"\0\x0c\x04"), "code size"),
    ],
    ids=[
        "plain",
        "no stop code",
        "too short",
        "too long",
        "empty",
        "code out of range",
        "frame smaller",
        "frame moved",
        "no trailer",
        "unknown block",
        "no frame",
        "no colour table",
        "code size 12",
    ],
)
def test_gif_streams_hold_exactly_their_pixels(data, said):
    if said is None:
        read_whole(data)
    else:
        with pytest.raises(Unreadable, match=said):
            read_whole(data)


@given(st.integers(1, 90), st.integers(1, 90), st.integers(2, 256), st.integers(0, 3))
def test_every_lzw_stream_that_an_encoder_writes_is_counted_right(width, height, colors, seed):
    indexes = np.random.default_rng(seed).integers(0, colors, (height, width)).astype(np.uint8)
    image = Image.fromarray(indexes)
    image.putpalette(bytes(range(256)) * 3)
    read_whole(saved(image, "GIF"))


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xe0\0\1" + bytes(9),
        b"\xff\xd8" + jpeg_segment(0xC0, struct.pack(">BHHB", 8, 5, 7, 3)) * 2 + b"\xff\xd9",
        FILES["JPEG"][:-2],
    ],
    ids=["no frame header", "length under 2", "two frame headers", "no end"],
)
def test_a_broken_jpeg_is_refused(data):
    with pytest.raises(Unreadable):
        containers.read(data, "a picture")


@pytest.mark.parametrize(
    "data",
    [
        b"II*\0" + struct.pack("<I", 4_000_000_000),
        b"II*\0" + struct.pack("<IH", 8, 60000),
        b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHII", 256, 4, 0xFFFFFFFF, 7),
        b"II*\0" + struct.pack("<IH", 8, 0) + struct.pack("<I", 8),
        b"II*\0" + struct.pack("<IH", 8, 0) + bytes(4),
    ],
    ids=["directory past the end", "too many entries", "value past the end", "directories in a circle", "no size"],
)
def test_a_broken_tiff_is_refused(data):
    with pytest.raises(Unreadable):
        containers.read(data, "a picture")


@pytest.mark.parametrize(
    "data",
    [
        box(b"ftyp", b"avif\0\0\0\0avifmif1"),
        nested_boxes(5000),
        box(b"ftyp", b"avif\0\0\0\0avifmif1") + box(b"free") * 5000,
        box(b"ftyp", b"avif\0\0\0\0avifmif1") + struct.pack(">I4sQ", 1, b"free", 3),
    ],
    ids=["no picture", "deep", "many boxes", "length under its head"],
)
def test_a_broken_avif_is_refused(data):
    with pytest.raises(Unreadable):
        containers.read(data, "a picture")


def test_blocks_keep_what_metadata_readers_need():
    data = png(PLAIN, before=chunk(b"tEXt", b"Comment\0hello"), after=chunk(b"eXIf", exif(1)))
    found = containers.read(data, "a picture")
    assert [one.kind for one in found.blocks] == ["IHDR", "tEXt", "IDAT", "eXIf"]
    assert found.first("tEXt") == b"Comment\0hello"
    assert all(data[one.offset + 4 : one.offset + 8].decode() == one.kind for one in found.blocks)


@pytest.mark.parametrize("kind", FILES)
@given(data=st.data())
def test_mangled_structure_is_read_or_refused_and_nothing_else(kind, data):
    mangled = bytearray(FILES[kind])
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(mangled) - 1), st.integers(0, 255)), max_size=4)):
        mangled[at] = value
    cut = data.draw(st.integers(0, len(mangled)))
    try:
        found = read_whole(bytes(mangled[:cut]))
    except CouldNotJudge as error:
        found = error
    if isinstance(found, CouldNotJudge):
        assert "a picture" in found.reason
    else:
        assert found.frames >= 1
        assert 1 <= found.width <= block.MAX_SIDE
