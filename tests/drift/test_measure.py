"""Drift as a whole: laws that hold for every picture, and tables of known changes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from comparisons import CAT, PHOTO, judge, middle, picture, regions, through
from maskproof import drift
from maskproof.model import Kind, Level, Verdict


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


def test_what_happens_inside_the_mask_is_free() -> None:
    opened = middle(PHOTO.size)
    edit = Image.composite(Image.new("RGB", PHOTO.size, "lime"), PHOTO, Image.fromarray(opened))
    for level in Level:
        assert judge(picture(PHOTO), picture(edit), level, opened=opened).verdict is Verdict.PASS


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


def drawn(image: Image.Image) -> Image.Image:
    """A photo with a move, a new patch, a new colour, and noise: every measure has something."""
    edit = image.copy()
    edit.paste(CAT.crop((100, 60, 160, 120)), (400, 60))
    edit.paste("orange", (210, 210, 240, 240))
    moved = Image.fromarray(np.roll(np.asarray(edit), 2, axis=1))
    noise = np.random.default_rng(2).normal(0, 3, (*reversed(image.size), 3))
    return Image.fromarray(np.clip(np.asarray(moved) + noise, 0, 255).round().astype(np.uint8))


@pytest.mark.parametrize("level", list(Level))
def test_the_numbers_are_the_same_to_the_last_bit_for_any_number_of_threads(level: Level) -> None:
    areas = {kind.value: (kind, (200, 20 + 60 * place, 90, 50)) for place, kind in enumerate(list(Kind)[1:])}
    opened, protected = regions(PHOTO.size, middle(PHOTO.size), **areas)
    pair = picture(PHOTO), picture(drawn(PHOTO))
    measured = [
        drift.measure(*pair, opened, protected, level, drift.Frame(), threads=threads) for threads in (1, 2, 4, 1)
    ]
    assert measured[0] == measured[1] == measured[2] == measured[3]
    assert any(metric.value for row in measured[0] for metric in row.metrics)


def test_with_one_thread_no_other_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a thread was started")

    opened, protected = regions(PHOTO.size)
    same = picture(PHOTO)
    monkeypatch.setattr("threading.Thread.start", refuse)
    drift.measure(same, same, opened, protected, Level.VISUAL, drift.Frame(), threads=1)
    with pytest.raises(AssertionError, match="a thread was started"):
        drift.measure(same, same, opened, protected, Level.VISUAL, drift.Frame())


def test_a_comparison_without_areas_of_text_or_products_does_not_load_scipy() -> None:
    code = (
        "import sys, numpy as np; from maskproof import drift; from maskproof.model import *\n"
        "same = Picture('PNG', np.zeros((64, 64, 3), np.uint8), None, None, 'sRGB')\n"
        "areas = [Region(kind.value, kind, np.ones((64, 64), bool), '') for kind in list(Kind)[:2]]\n"
        "drift.measure(same, same, np.zeros((64, 64), bool), tuple(areas), Level.VISUAL, drift.Frame())\n"
        "print(*sorted({'scipy', 'imagehash'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
