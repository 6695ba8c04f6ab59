"""Pictures declared to be made from nothing: brand areas hold all the same where a reference exists."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image, ImageFilter

from painters import logo
from projects import png, sha256, texture

POSTER = "posters/spring.png"
FIND = """version = 1
[[areas]]
paths = ["posters/**"]
name = "logo"
kind = "brand"
find = "brand/mark.png"
"""
DRAWN = FIND.replace('find = "brand/mark.png"', "box = [44, 64, 240, 160]")


def mark() -> Image.Image:
    return logo().crop((20, 30, 300, 210))


def poster(
    seed: int = 1, at: tuple[int, int] = (40, 60), scale: float = 1.0, stamp: Image.Image | None = None
) -> Image.Image:
    """A generated scene of 640 x 480 with the mark in it."""
    scene = texture(seed).resize((640, 480), Image.Resampling.BICUBIC)
    stamp = stamp or mark()
    size = (round(stamp.width * scale), round(stamp.height * scale))
    scene.paste(stamp.resize(size, Image.Resampling.LANCZOS), at)
    return scene


def recorded(project, data: bytes, path: str = POSTER) -> None:
    """Stage a picture of 640 x 480 with the record that it was made from nothing."""
    project.write(path, data)
    image = {"sha256": sha256(data), "size": [640, 480]}
    project.write(f"{path}.maskproof.json", json.dumps({"maskproof": 1, "origin": "generated", "image": image}))
    project.stage()


@pytest.fixture
def branded(project):
    project.write("brand/mark.png", png(mark()))
    project.write("maskproof.toml", FIND)
    project.commit("Policy")
    return project


@pytest.mark.parametrize(("at", "scale"), [((40, 60), 1.0), ((200, 200), 0.7), ((10, 5), 1.4)])
def test_the_right_mark_passes(branded, at, scale):
    recorded(branded, png(poster(at=at, scale=scale)))
    status, report = branded.report()
    (image,) = report["images"]
    assert (status, image["verdict"], image["findings"]) == (0, "pass", [])
    assert image["drift"] <= 1
    assert [one["kind"] for one in image["regions"]] == ["brand"]


@pytest.mark.parametrize("scale", [0.43, 1.0])
def test_the_right_mark_passes_from_another_tool_and_as_jpeg(branded, scale):
    data = io.BytesIO()
    stamp = mark().resize((round(280 * scale), round(180 * scale)), Image.Resampling.BILINEAR)
    poster(2, at=(113, 77), stamp=stamp).save(data, "JPEG", quality=85)
    recorded(branded, data.getvalue(), "posters/spring.jpg")
    assert branded.report()[0] == 0


def test_a_recoloured_mark_blocks(branded):
    wrong = np.array(mark())
    red = np.abs(wrong.astype(int) - (200, 60, 40)).sum(-1) < 30
    wrong[red] = (40, 140, 60)
    recorded(branded, png(poster(stamp=Image.fromarray(wrong))))
    outcome = branded.try_commit()
    assert (outcome.status, outcome.counts) == (1, [(1, 1, 1, 0)])
    assert "brand in logo" in outcome.text or "x brand" in outcome.text


def test_a_redrawn_mark_blocks(branded):
    wrong = np.array(mark())
    wrong[70:110, 200:270] = (244, 239, 230)
    recorded(branded, png(poster(stamp=Image.fromarray(wrong))))
    status, report = branded.report()
    assert (status, {one["rule"] for one in report["images"][0]["findings"]}) == (1, {"brand"})


def test_a_mark_that_is_not_there_is_said(branded):
    recorded(branded, png(poster(stamp=texture(5).crop((0, 0, 280, 180)).filter(ImageFilter.GaussianBlur(6)))))
    status, report = branded.report()
    (finding,) = report["images"][0]["findings"]
    assert (status, finding["rule"], finding["severity"]) == (0, "brand", "warn")
    assert "brand/mark.png" in finding["message"]


def test_a_drawn_area_is_held_against_the_version_before(project):
    project.write("maskproof.toml", DRAWN)
    recorded(project, png(poster(1)))
    project.commit("First")
    recorded(project, png(poster(2)))
    assert project.report()[0] == 0
    wrong = np.array(poster(2))
    wrong[100:140, 100:160] = 255 - wrong[100:140, 100:160]
    recorded(project, png(Image.fromarray(wrong)))
    status, report = project.report()
    assert (status, {one["rule"] for one in report["images"][0]["findings"]}) == (1, {"brand"})


def test_without_a_reference_nothing_is_held(project):
    project.write("maskproof.toml", DRAWN)
    project.commit("Policy")
    recorded(project, png(poster(1)))
    status, report = project.report()
    assert (status, report["images"][0]["drift"]) == (0, None)
    assert "nothing to compare it with" in " ".join(project.maskproof("explain", POSTER).stdout.split())


@pytest.mark.parametrize(("verdict", "status"), [("held", 0), ("drifted", 1)])
def test_a_record_that_names_an_original_is_held_to_it_whatever_it_is_called(project, verdict, status):
    project.edit(verdict, origin="generated")
    project.stage()
    outcome = project.try_commit()
    assert (outcome.status, outcome.counts) == (status, [(1, 1, status, 0)])
