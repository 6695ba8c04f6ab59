"""Reading: distance and pairing as tables, and drawn words through the real models."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from lettering import cjk_font
from maskproof.errors import CouldNotJudge
from maskproof.model import Box
from maskproof.regions import ocr
from maskproof.regions.ocr import Line, character_error_rate, compare_lines

needs_extra = pytest.mark.skipif(not ocr.available(), reason="the extra maskproof[text] is not installed")


def drawn(text: str, size: float = 28, font: ImageFont.FreeTypeFont | None = None) -> np.ndarray:
    font = font or ImageFont.load_default(size)
    box = font.getbbox(text)
    picture = Image.new("RGB", (round(box[2]) + 40, round(box[3] - box[1]) + 40), (235, 235, 235))
    ImageDraw.Draw(picture).text((20, 20 - box[1]), text, font=font, fill=(20, 20, 20))
    return np.asarray(picture)


def strings(changes: tuple[ocr.Change, ...]) -> list[tuple[str, str]]:
    return [(one.before, one.after) for one in changes]


def line(text: str, x: int, y: int, width: int = 100, height: int = 20, confidence: float = 0.9) -> Line:
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return Line(text, Box(x, y, width, height), confidence, corners)


@pytest.mark.parametrize(
    ("before", "after", "rate"),
    [
        ("SALE 50%", "SALE 50%", 0),
        ("SALE 50%", "SALF 50%", 1 / 7),
        ("SALE50%", "S A L E\n50 %", 0),
        ("kitten", "sitting", 3 / 6),
        ("\uff33\uff21\uff2c\uff25", "SALE", 0),  # full-width letters
        ("\ufb01ne", "fine", 0),  # a ligature
        ("Sale", "sale", 1 / 4),
        ("夏季大促销", "夏李大促销", 1 / 5),
        ("", "", 0),
        ("", "NEW", 3),
        ("NEW", "", 1),
        ("a", "abcd", 3),
    ],
)
def test_character_error_rate(before: str, after: str, rate: float) -> None:
    assert character_error_rate(before, after) == pytest.approx(rate)


@given(st.text(max_size=12))
def test_a_text_has_no_distance_from_itself(text: str) -> None:
    assert character_error_rate(text, text) == 0


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_the_distance_lies_between_the_lengths(one: str, other: str) -> None:
    distance = character_error_rate(one, other) * max(len(one), 1)
    assert abs(len(one) - len(other)) - 1e-9 <= distance <= max(len(one), len(other)) + 1e-9
    assert distance == pytest.approx(character_error_rate(other, one) * max(len(other), 1))


def test_a_change_holds_both_texts() -> None:
    (change,) = compare_lines((line("SALE 50%", 10, 10),), (line("SALF 50%", 11, 10, confidence=0.7),))
    assert (change.before, change.after) == ("SALE 50%", "SALF 50%")
    assert change.rate == pytest.approx(1 / 7)
    assert change.confidence == 0.7
    assert change.box == Box(10, 10, 101, 20)


def test_lines_pair_by_place_not_by_order() -> None:
    before = (line("ONE", 0, 0), line("TWO", 0, 50), line("SIX", 200, 50))
    after = (line("SIX", 202, 51), line("TVO", 1, 50), line("ONE", 0, 1))
    assert strings(compare_lines(before, after)) == [("TWO", "TVO")]


def test_a_line_found_in_two_parts_is_no_change() -> None:
    whole = (line("SALE 50%", 0, 0, 200),)
    parts = (line("50%", 110, 2, 90), line("SALE", 0, 0, 100))
    assert compare_lines(whole, parts) == ()
    assert compare_lines(parts, whole) == ()


def test_lost_and_new_lines() -> None:
    old, new = line("OLD", 0, 0), line("NEW", 0, 100)
    assert strings(compare_lines((old,), (new,))) == [("OLD", ""), ("", "NEW")]
    assert compare_lines((), ()) == ()
    assert compare_lines((old, new), (old, new)) == ()


def test_a_missing_extra_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "available", lambda: False)
    ocr._engine.cache_clear()
    with pytest.raises(CouldNotJudge) as caught:
        ocr.read(drawn("SALE"))
    assert "pip install 'maskproof[text]'" in caught.value.advice


@needs_extra
@pytest.mark.parametrize("size", [11, 16, 28, 56])
def test_words_are_read_where_they_stand(size: float) -> None:
    (found,) = ocr.read(drawn("SALE 50%", size))
    assert character_error_rate("SALE 50%", found.text) == 0
    assert found.confidence > 0.9
    assert abs(found.box.x - 20) <= 12
    assert abs(found.box.y - 20) <= 12


@needs_extra
@pytest.mark.parametrize(("first", "second"), [("SALE 50%", "SALF 50%"), ("NOOVA", "NOQVA"), ("WORLD 17", "WORLD 77")])
def test_a_respelt_word_is_quoted(first: str, second: str) -> None:
    before, after = ocr.read(drawn(first)), ocr.read(drawn(second))
    (change,) = compare_lines(before, after)
    assert (change.before, change.after) == (first, second)
    assert change.confidence > 0.85


@needs_extra
@pytest.mark.parametrize(("first", "second"), [("夏季大促销", "夏李大促销"), ("営業時間", "営業期間")])
def test_cjk_is_read(first: str, second: str) -> None:
    before, after = (ocr.read(drawn(text, font=cjk_font(28))) for text in (first, second))
    (change,) = compare_lines(before, after)
    assert (change.before, change.after) == (first, second)


@needs_extra
def test_read_again_looks_in_the_same_places() -> None:
    before = ocr.read(drawn("SALE 50%"))
    assert compare_lines(before, ocr.read_again(drawn("SALE 50%"), before)) == ()
    after = ocr.read_again(drawn("SALF 50%"), before)
    assert [one.box for one in after] == [one.box for one in before]
    assert strings(compare_lines(before, after)) == [("SALE 50%", "SALF 50%")]
    blank = ocr.read_again(np.full((80, 240, 3), 235, np.uint8), before)
    assert strings(compare_lines(before, blank)) == [("SALE 50%", "")]


@needs_extra
@pytest.mark.parametrize("turns", [1, 3])
def test_a_line_that_runs_upwards_or_downwards(turns: int) -> None:
    (found,) = ocr.read(np.ascontiguousarray(np.rot90(drawn("SALE 50%"), turns)))
    assert character_error_rate("SALE 50%", found.text) == 0


@needs_extra
def test_a_slanted_line() -> None:
    picture = Image.fromarray(np.pad(drawn("SALE 50%"), ((60, 60), (20, 20), (0, 0)), mode="edge"))
    (found,) = ocr.read(np.asarray(picture.rotate(12, fillcolor=(235, 235, 235))))
    assert character_error_rate("SALE 50%", found.text) == 0
    assert found.corners[1][1] < found.corners[0][1]


@needs_extra
def test_a_large_picture_is_read_in_full_detail() -> None:
    large = np.full((1600, 2600, 3), 235, np.uint8)
    word = drawn("SALE 50%", 28)
    large[1200 : 1200 + word.shape[0], 1900 : 1900 + word.shape[1]] = word
    (found,) = ocr.read(large)
    assert character_error_rate("SALE 50%", found.text) == 0
    assert abs(found.box.x - 1920) <= 16


@needs_extra
@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (8, 8), (8, 900), (300, 9), (64, 64)])
def test_nothing_to_read(shape: tuple[int, int]) -> None:
    assert ocr.read(np.full((*shape, 3), 200, np.uint8)) == ()


@needs_extra
def test_no_network_no_noise_and_the_same_twice() -> None:
    script = """
import sys
def no_network(event, arguments):
    if event.startswith("socket."):
        raise AssertionError(event)
sys.addaudithook(no_network)
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from maskproof.regions import ocr
picture = Image.new("RGB", (240, 80), "white")
ImageDraw.Draw(picture).text((20, 20), "SALE 50%", font=ImageFont.load_default(28), fill="black")
samples = np.asarray(picture)
first = ocr.read(samples)
assert first and first == ocr.read(samples)
assert ocr.read(np.zeros((90, 90, 3), np.uint8)) == ()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_looking_for_the_extra_does_not_import_it() -> None:
    script = (
        "import sys; from maskproof.regions import faces, ocr; ocr.available(); faces.available(); "
        "assert not {'cv2', 'onnxruntime', 'rapidocr.main'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
