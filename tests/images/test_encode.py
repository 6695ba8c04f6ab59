"""Encoding: what is written is read again as it was, and what a format cannot hold is refused in words."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import pictures
from maskproof.errors import CouldNotRestore
from maskproof.images import decode, encode
from maskproof.images.encode import Carried

EXIF = b"MM\0*\0\0\0\x08\0\1\1\x0e\0\2\0\0\0\4abc\0\0\0\0\0"
"""an EXIF structure with a description"""


def sample(channels: int, depth: int, size: tuple[int, int] = (31, 23)) -> Any:
    made = pictures.noise(*size, channels, depth=depth, seed=channels)
    return made[..., None] if made.ndim == 2 else made


def again(samples: Any, kind: str, **carried: Any) -> decode.Stored:
    return decode.decode_stored(encode.encode(samples, kind, Carried(**carried)), kind)


@given(
    st.sampled_from([1, 2, 3, 4]), st.sampled_from([8, 16]), st.integers(1, 90), st.integers(1, 140), st.integers(0, 99)
)
def test_a_png_holds_every_sample(channels: int, depth: int, width: int, height: int, seed: int) -> None:
    made = pictures.noise(width, height, channels, depth=depth, seed=seed)
    samples = made[..., None] if made.ndim == 2 else made
    found = again(samples, "PNG")
    # An alpha that is opaque everywhere is still alpha.
    assert found.mode == encode.MODES[channels]
    assert found.samples.dtype == samples.dtype
    assert np.array_equal(found.samples, samples)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_png_that_is_compressed_in_pieces_is_one_stream(seed: int) -> None:
    samples = pictures.smooth(1100, 900) if seed else sample(3, 16, (700, 600))
    assert samples.nbytes > 2 * encode.PIECE_BYTES
    assert np.array_equal(again(samples, "PNG").samples, samples)


@pytest.mark.parametrize("kind", ["WEBP", "TIFF"])
@pytest.mark.parametrize("channels", [3, 4])
def test_other_lossless_formats_hold_every_sample(kind: str, channels: int) -> None:
    samples = sample(channels, 8)
    if channels == 4:
        samples[:9, :, 3] = 0  # what lies under transparency is kept as well
    assert np.array_equal(again(samples, kind).samples, samples)
    assert kind not in encode.LOSSY


@pytest.mark.parametrize("channels", [1, 2])
def test_grey_in_webp_shows_the_same(channels: int) -> None:
    samples = sample(channels, 8)
    assert np.array_equal(again(samples, "WEBP").shown.samples, np.repeat(samples[..., :1], 3, axis=2))


def test_grey_of_16_bits_in_tiff() -> None:
    samples = sample(1, 16)
    assert np.array_equal(again(samples, "TIFF").samples, samples)


@pytest.mark.parametrize(
    ("kind", "channels", "depth", "says"),
    [
        ("JPEG", 4, 8, "no transparency"),
        ("JPEG", 2, 8, "no transparency"),
        ("JPEG", 3, 16, "8 bits"),
        ("WEBP", 3, 16, "8 bits"),
        ("AVIF", 3, 16, "8 bits"),
        ("TIFF", 3, 16, "grey only"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_with_a_way_out(kind: str, channels: int, depth: int, says: str) -> None:
    with pytest.raises(CouldNotRestore, match=says) as caught:
        encode.encode(sample(channels, depth), kind, Carried())
    assert "-o NAME.png" in caught.value.advice


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.PNG", "PNG"), ("a.b.jpeg", "JPEG"), ("a.tif", "TIFF"), ("a.webp", "WEBP"), ("a.avif", "AVIF")],
)
def test_the_ending_of_a_name_says_the_format(name: str, kind: str) -> None:
    assert encode.format_of(name) == kind


@pytest.mark.parametrize(("name", "says"), [("a.gif", "256 colours"), ("a.heic", ".heic"), ("a", "'a'")])
def test_other_endings_are_refused(name: str, says: str) -> None:
    with pytest.raises(CouldNotRestore, match=says):
        encode.format_of(name)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_profile_and_metadata_come_along(kind: str) -> None:
    icc = pictures.matrix_profile("P3", pictures.P3, pictures.gamma_curve(2.2))
    found = again(sample(3, 8), kind, icc=icc, exif=EXIF)
    assert found.icc == icc
    assert found.exif == EXIF


def test_a_png_names_its_colours_before_its_samples_and_only_once() -> None:
    chunks = (("sRGB", b"\0"), ("gAMA", (45455).to_bytes(4, "big")), ("tEXt", b"Comment\0made here"))
    icc = pictures.matrix_profile("P3", pictures.P3, pictures.gamma_curve(2.2))
    plain = again(sample(3, 8), "PNG", chunks=chunks).container
    assert [block.kind for block in plain.blocks] == ["IHDR", "sRGB", "gAMA", "tEXt", "IDAT"]
    managed = again(sample(3, 8), "PNG", icc=icc, chunks=chunks).container
    assert [block.kind for block in managed.blocks] == ["IHDR", "iCCP", "gAMA", "tEXt", "IDAT"]


@pytest.mark.parametrize("quality", [30, 75, 98])
def test_a_jpeg_is_never_coarser_than_its_source(quality: int) -> None:
    source = pictures.saved(pictures.smooth(64, 48), "JPEG", quality=quality)
    tables = decode.decode_stored(source, "source").tables
    data = encode.encode(sample(3, 8), "JPEG", Carried(tables=tables))
    written = Image.open(io.BytesIO(data))
    for index, table in enumerate(tables):
        assert all(new <= old for new, old in zip(written.quantization[index], table, strict=True))
    assert written.layer[0][1:3] == (1, 1), "colour is not thinned out"


def test_our_png_is_no_larger_than_pillows() -> None:
    y, x = np.mgrid[0:256, 0:256]
    drawn = np.stack([(x // 16 + y // 16) % 2 * 200, x, y], -1).astype(np.uint8)
    for samples in (drawn, pictures.smooth(256, 256), sample(3, 8, (256, 256))):
        own = encode.encode(samples, "PNG", Carried())
        assert len(own) <= 1.02 * len(pictures.saved(samples, "PNG"))
