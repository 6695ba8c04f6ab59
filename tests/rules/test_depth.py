"""The rule `depth`: low bytes that are gone."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from fixture_cases import judged
from maskproof.images import containers

if TYPE_CHECKING:
    from projects import Scratch


def test_an_edit_of_8_bits_of_an_original_of_16_is_warned_of() -> None:
    found = judged("pass/depth-halved")
    assert (found.status, found.the("depth")["severity"]) == (0, "warn")


def test_16_bits_on_both_sides_are_not() -> None:
    assert judged("pass/depth-kept").findings == []


def saved(picture: Image.Image, style: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, style, **options)
    return buffer.getvalue()


SIXTEEN = Image.fromarray(np.arange(96 * 64, dtype=np.uint16).reshape(64, 96) * 10)


@pytest.mark.parametrize(
    ("level", "picture", "said"),
    [
        ("visual", SIXTEEN, "16 bits a sample, compared by the upper 8"),
        ("exact", SIXTEEN, "16 bits a sample, compared to the last one"),
        ("visual", Image.linear_gradient("L"), ""),
    ],
)
def test_how_more_than_8_bits_were_compared_is_explained(
    scratch: Scratch, level: str, picture: Image.Image, said: str
) -> None:
    scratch.write("maskproof.toml", f'version = 1\n[defaults]\nlevel = "{level}"\n')
    scratch.write("o.png", saved(picture, "PNG"))
    scratch.commit("The original")
    scratch.write("e.png", saved(picture, "PNG", compress_level=0))
    assert scratch.maskproof("record", "e.png", "--original", "o.png").returncode == 0
    scratch.git("add", "-A")
    explained = " ".join(scratch.maskproof("explain", "e.png").stdout.split())
    assert explained.count(said or "bits a sample") == (2 if said else 0)


def test_an_avif_says_how_many_bits_it_has() -> None:
    data, told = saved(Image.new("RGB", (64, 64)), "AVIF"), b"pixi\0\0\0\0\3\10\10\10"
    assert data.count(told) == 1
    assert containers.blocks(data, "a.avif").depth == 8
    assert containers.blocks(data.replace(told, told[:-3] + b"\12\12\12"), "a.avif").depth == 10


@pytest.mark.parametrize(
    ("fields", "depth"), [((1,), 8), ((0, 0, 0, 0, 0), 8), ((0, 0, 0, 1, 0), 10), ((0, 0, 0, 0, 1), 12)]
)
def test_a_jpeg_xl_says_how_many_bits_it_has(fields: tuple[int, ...], depth: int) -> None:
    """All default or not, extra fields or not, floats or not, and which of 8, 10, 12 bits, the low bit first."""
    bits = at = 0
    for value, count in ((1, 1), (7, 5), (1, 3), *((one, 1) for one in fields)):
        bits, at = bits | value << at, at + count
    assert containers.blocks(b"\xff\x0a" + bits.to_bytes(8, "little"), "a.jxl").depth == depth
