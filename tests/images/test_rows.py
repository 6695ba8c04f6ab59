"""PNGs in one pass: the same samples and the same refusals as the decoder and the proof beside it."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maskproof.errors import CouldNotJudge, Unreadable
from maskproof.images import containers, decode, rows
from maskproof.images.containers import png
from projects import ROOT
from thirdparty import ABSENT, SHARED

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = ROOT / "hooks" / "maskproof" / "images" / "unfilter.c"
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
BUILT = pytest.mark.skipif(rows.unfilter() is None, reason="the compiled helper is not built: no compiler was there")
COLORS = {1: 0, 3: 2, 4: 6}
"""the PNG colour type of so many bytes a pixel"""


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def file_of(raw: bytes, width: int, height: int, pixel: int, pieces: int = 1, packed: bytes | None = None) -> bytes:
    """A PNG of filtered rows, whose stream stands in some pieces."""
    stream = zlib.compress(raw, 1) if packed is None else packed
    length = -(-len(stream) // pieces) or 1
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, COLORS[pixel], 0, 0, 0))
    data = b"".join(chunk(b"IDAT", stream[at : at + length]) for at in range(0, len(stream), length))
    return b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b"")


@st.composite
def pictures(draw: st.DrawFn) -> tuple[bytes, int]:
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 12))
    pixel = draw(st.sampled_from(sorted(COLORS)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # Also of few values, in which the three predictions of Paeth are often equally good.
    highest = draw(st.sampled_from([2, 256]))
    filters = draw(st.lists(st.integers(0, 4), min_size=height, max_size=height))
    raw = b"".join(bytes([one]) + rng.integers(0, highest, width * pixel, np.uint8).tobytes() for one in filters)
    return file_of(raw, width, height, pixel, draw(st.integers(1, 9))), pixel


@BUILT
@given(pictures())
def test_the_samples_are_those_that_pillow_gives(made: tuple[bytes, int]) -> None:
    data, pixel = made
    found = rows.samples(data, containers.read(data, "it"), "it")
    assert found is not None
    assert found.shape[2] == pixel
    np.testing.assert_array_equal(found, np.atleast_3d(np.asarray(Image.open(io.BytesIO(data)))).reshape(found.shape))


RAW = b"".join(b"\1" + bytes(range(row, row + 24)) for row in range(8))
"""8 rows of 8 RGB pixels"""
WHOLE = zlib.compress(RAW)
BROKEN = {
    "a row less": file_of(RAW[:-25], 8, 8, 3),
    "a byte less": file_of(RAW[:-1], 8, 8, 3),
    "a row more": file_of(RAW + RAW[:25], 8, 8, 3),
    "a byte more": file_of(RAW + b"\0", 8, 8, 3),
    "bytes behind the stream": file_of(RAW, 8, 8, 3, packed=WHOLE + b"junk"),
    "a piece behind the stream": file_of(RAW, 8, 8, 3, packed=WHOLE + b"junk", pieces=len(WHOLE) + 4),
    "a wrong Adler-32": file_of(RAW, 8, 8, 3, packed=WHOLE[:-1] + bytes([WHOLE[-1] ^ 1])),
    "a stream that is cut": file_of(RAW, 8, 8, 3, packed=WHOLE[:-9]),
    "no stream": file_of(RAW, 8, 8, 3, packed=b"nothing"),
    "an unknown filter": file_of(b"\5" + RAW[1:], 8, 8, 3),
    "an unknown filter in the last row": file_of(RAW[:-25] + b"\xff" + RAW[-24:], 8, 8, 3),
    "a wrong CRC": file_of(RAW, 8, 8, 3, packed=WHOLE).replace(WHOLE, WHOLE[:-1] + bytes([WHOLE[-1] ^ 1])),
}


def outcome(data: bytes, kind: str = "picture") -> object:
    """What a way makes of a file: its samples and what is told of them, or the refusal."""
    try:
        found = decode.answer(kind, data, "it", containers.read(data, "it"))
    except CouldNotJudge as error:
        return type(error), str(error), error.advice
    parts = found if kind == "mask" else (found.samples, found.alpha, found.color, found.managed, found.trailing)
    return [part.tolist() if isinstance(part, np.ndarray) else part for part in parts]


@pytest.fixture(params=["helper", "zlib", "decoder", "decoder and zlib"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way that a machine may have."""
    if "decoder" in request.param:
        monkeypatch.setattr(rows, "unfilter", lambda: None)
    elif rows.unfilter() is None:
        pytest.skip("the compiled helper is not built: no compiler was there")
    if "zlib" in request.param:
        monkeypatch.setattr(png, "ISAL", None)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("fault", BROKEN)
def test_every_way_refuses_what_is_not_whole(fault: str) -> None:
    with pytest.raises(Unreadable, match=r"rows than its header|broken image data|wrong checksum|cannot be decoded"):
        decode.answer("picture", BROKEN[fault], "it", containers.read(BROKEN[fault], "it"))


def with_chunks(*said: tuple[bytes, bytes], behind: bool = False) -> bytes:
    whole = file_of(RAW, 8, 8, 3)
    at = whole.index(b"IEND") - 4 if behind else whole.index(b"IDAT") - 4
    return whole[:at] + b"".join(chunk(*one) for one in said) + whole[at:]


EXIF_TURNED = b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"
RGBA = b"".join(b"\4" + bytes((row * 31 + at * 7) % 256 for at in range(32)) for row in range(8))
LAYOUTS = {
    "RGB": file_of(RAW, 8, 8, 3),
    "grey": file_of(b"".join(b"\2" + bytes(range(8)) for _ in range(8)), 8, 8, 1),
    "RGBA": file_of(RGBA, 8, 8, 4),
    "RGBA, opaque": file_of(b"".join(b"\0" + b"\7\x20\x90\xff" * 8 for _ in range(8)), 8, 8, 4),
    "text": with_chunks((b"tEXt", b"Comment\0made by hand")),
    "sRGB": with_chunks((b"sRGB", b"\0")),
    "a gamma": with_chunks((b"gAMA", struct.pack(">I", 100000))),
    "one colour transparent": with_chunks((b"tRNS", struct.pack(">3H", *RAW[1:4]))),
    "turned": with_chunks((b"eXIf", EXIF_TURNED)),
    "turned behind the pixels": with_chunks((b"eXIf", EXIF_TURNED), behind=True),
    "turned by text": with_chunks((b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n 4\n00000000"))),
    "text with a wrong CRC": with_chunks((b"tEXt", b"Comment\0made")).replace(b"Comment\0made", b"Comment\0mode"),
    "another picture format": b"",
}


@pytest.mark.parametrize("kind", ["picture", "mask"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_way_shows_the_same(layout: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = LAYOUTS[layout]
    if not data:
        Image.new("RGB", (8, 8), "red").save(kept := io.BytesIO(), "BMP")
        data = kept.getvalue()
    first = outcome(data, kind)
    monkeypatch.setattr(rows, "unfilter", lambda: None)
    monkeypatch.setattr(png, "ISAL", None)
    assert outcome(data, kind) == first


CORPUS = sorted(SHARED.rglob("*.png")) if SHARED.is_dir() else []


@BUILT
@pytest.mark.parametrize(
    "folder",
    ["badinputs", "cases", "provenance", "reports"] if CORPUS else [pytest.param("", marks=ABSENT, id="absent")],
)
def test_both_ways_agree_on_files_of_others(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [one for one in CORPUS if one.relative_to(SHARED).parts[0] == folder and one.stat().st_size < 3_000_000]
    found = [_brief(file) for file in files]
    monkeypatch.setattr(rows, "unfilter", lambda: None)
    monkeypatch.setattr(png, "ISAL", None)
    assert [_brief(file) for file in files] == found


def _brief(file: Path) -> object:
    data = file.read_bytes()
    try:
        container = containers.read(data, file.name)
        found = decode.answer("picture", data, file.name, container)
    except CouldNotJudge as error:
        return file.name, str(error)
    alpha = b"" if found.alpha is None else found.alpha.tobytes()
    return file.name, zlib.crc32(found.samples.tobytes()), zlib.crc32(alpha), found.color, found.trailing


def test_a_library_of_another_machine_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / rows.HELPER).write_bytes(b"\x7fELF of another machine")
    monkeypatch.setattr(rows, "__file__", str(tmp_path / "rows.py"))
    assert rows.unfilter.__wrapped__() is None


HARNESS = """
#include <stdio.h>
#include <stdlib.h>
#include <stdint.h>
size_t maskproof_unfilter(const uint8_t *, uint8_t *, size_t, size_t, size_t);
int main(void) {
    unsigned seed = 1;
    for (int turn = 0; turn < 20000; turn++) {
        size_t pixels[] = {1, 3, 4}, pixel = pixels[turn % 3], width = turn % 23 + 1, height = turn % 7 + 1;
        size_t size = width * pixel, all = height * (size + 1);
        uint8_t *rows = malloc(all), *out = malloc(height * size);
        for (size_t at = 0; at < all; at++) rows[at] = (uint8_t)((seed = seed * 1103515245u + 12345u) >> 16);
        for (size_t row = 0; row < height; row++) rows[row * (size + 1)] %= turn % 5 ? 5 : 7;
        maskproof_unfilter(rows, out, height, size, pixel);
        free(rows);
        free(out);
    }
    return 0;
}
"""


@pytest.mark.skipif(COMPILER is None, reason="there is no compiler")
def test_the_helper_stays_within_its_rows(tmp_path: Path) -> None:
    """Built with the sanitizers of addresses and of undefined behaviour, each buffer exactly as large as said."""
    main, program = tmp_path / "main.c", tmp_path / "main"
    main.write_text(HARNESS)
    sanitizers = [
        "-g",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
    ]
    built = subprocess.run(
        [COMPILER, *sanitizers, str(main), str(SOURCE), "-o", str(program)], capture_output=True, text=True, check=False
    )
    if "cannot find" in built.stderr:
        pytest.skip("this compiler comes without sanitizers")
    assert built.returncode == 0, built.stderr
    ran = subprocess.run([program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
