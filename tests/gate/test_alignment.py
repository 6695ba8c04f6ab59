"""Alignment: the check offers to put pixels back where `restore` does, and nowhere else."""

from __future__ import annotations

import io
import re
import shlex

import numpy as np
import pytest
from PIL import Image, ImageChops

from projects import HERO, MASK, MASKPROOF, SPRING, png, texture

MASKED = ("--mask", MASK, "--mask-mode", "white")


def moved(picture: Image.Image) -> Image.Image:
    """The frame a little to the right and down."""
    return ImageChops.offset(picture, 9, 6)


def torn(picture: Image.Image) -> Image.Image:
    """The left half up and the right half down."""
    samples = np.asarray(picture).copy()
    half = samples.shape[1] // 2
    samples[:, half:] = np.roll(samples[:, half:], 6, axis=0)
    samples[:, :half] = np.roll(samples[:, :half], -6, axis=0)
    return Image.fromarray(samples)


def redrawn(picture: Image.Image) -> Image.Image:
    """Its left part moved, all else another picture."""
    new = texture(5)
    new.paste(moved(picture).crop((0, 0, 90, 240)), (0, 0))
    return new


def thumbnail(picture: Image.Image) -> Image.Image:
    return picture.resize((96, 72), Image.Resampling.LANCZOS)


CASES = {
    "drifted": (lambda one: one, SPRING, MASKED, ""),
    "moved": (moved, SPRING, MASKED, ""),
    "shipped far smaller": (thumbnail, SPRING, MASKED, ""),
    "in a format without loss that edits are not written in": (lambda one: one, "assets/spring.bmp", MASKED, ""),
    "moved and drawn anew": (redrawn, SPRING, MASKED, "the scene was drawn anew"),
    "torn": (torn, SPRING, MASKED, "the edit is warped"),
    "without a mask": (lambda one: one, SPRING, (), "its record names no mask"),
    "with all that the mask opens protected": (
        lambda one: one,
        SPRING,
        (*MASKED, "--area", "all:brand:0,0,320,240"),
        "all that the mask opens is protected by name",
    ),
}


@pytest.mark.parametrize(
    ("case", "origin"),
    [*((case, "edited") for case in CASES), ("drifted", "manual"), ("moved and drawn anew", "manual")],
)
def test_it_is_offered_where_it_is_done(project, case, origin):
    change, path, recorded, why = CASES[case]
    file = io.BytesIO()
    change(Image.open(io.BytesIO(project.pictures.drifted)).convert("RGB")).save(file, path[-3:])
    project.write(path, file.getvalue())
    by_hand = ("--manual",) if origin == "manual" else ()
    assert project.maskproof("record", path, "--original", HERO, *recorded, *by_hand).returncode == 0
    project.stage()
    told = " ".join(project.check().text.split())
    offered = re.findall(r"`(maskproof restore [^`]+)`", told)
    assert len(offered) == (not why), told
    if origin == "edited":
        assert why in told
    command = offered[0] if offered else f"maskproof restore {path}"
    done = project.run(*MASKPROOF, *shlex.split(command)[1:], ok=False)
    assert ("1 restored" in done.stdout) is (not why), done.stdout


def test_a_smaller_edit_is_not_called_drawn_anew_for_its_size(project):
    coarse = np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8)
    original = Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC)
    project.write("assets/fine.png", png(original))
    project.commit("A picture of fine detail")
    edit = original.copy()
    edit.paste("red", (10, 10, 40, 40))
    project.write(SPRING, png(thumbnail(edit)))
    assert project.maskproof("record", SPRING, "--original", "assets/fine.png", *MASKED).returncode == 0
    done = project.maskproof("restore", SPRING)
    assert ("1 restored" in done.stdout, "only" in done.stdout) == (True, False), done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["16 bits", "transparent"])
def test_a_file_that_cannot_hold_the_original_is_not_written_over(project, kind):
    original = Image.open(io.BytesIO(project.pictures.original)).convert("RGBA" if kind == "transparent" else "RGB")
    data = png(original)
    if kind == "transparent":
        original.putalpha(Image.linear_gradient("L").resize(original.size))
        data = png(original)
    else:
        grey = np.asarray(original.convert("L"), np.uint16) * 257
        data = png(Image.fromarray(grey))
    project.write("assets/deep.png", data)
    project.commit("An original")
    edit = Image.open(io.BytesIO(data))
    edit = Image.fromarray((np.asarray(edit) >> 8).astype(np.uint8)) if edit.mode.startswith("I") else edit
    edit = edit.convert("RGB")
    edit.paste("red", (10, 10, 60, 60))
    file = io.BytesIO()
    edit.save(file, "JPEG", quality=95)
    project.write("assets/spring.jpg", file.getvalue())
    assert project.maskproof("record", "assets/spring.jpg", "--original", "assets/deep.png", *MASKED).returncode == 0
    project.stage()
    (offered,) = re.findall(r"`(maskproof restore [^`]+)`", " ".join(project.check().text.split()))
    assert offered.endswith(" -o assets/spring.png")
    done = project.run(*MASKPROOF, *shlex.split(offered)[1:], "--force", ok=False)
    assert "1 restored" in done.stdout, done.stdout + done.stderr
