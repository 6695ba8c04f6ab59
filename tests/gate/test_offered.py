"""`maskproof restore` is offered exactly where it does what it says: what it refuses for is asked before."""

from __future__ import annotations

import io
import re
import shlex

import pytest
from PIL import Image, PngImagePlugin

from pictures import saved
from projects import SPRING, png, sha256

OFFER = re.compile(r"`(maskproof restore [^`]+)`")


def picture(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


def inks(image):
    return saved(image.convert("CMYK"), "JPEG", quality=98)


def with_gamma(image):
    """A PNG that says with a number how light it is, which no other format can."""
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"gAMA", (60_000).to_bytes(4, "big"))
    return saved(image, "PNG", pnginfo=chunks)


def see_through(image):
    image = image.convert("RGBA")
    image.putpixel((0, 0), (0, 0, 0, 90))
    return png(image)


CASES = {
    "as ever": ("assets/original.png", png, SPRING, png, True),
    "CMYK": ("assets/original.jpg", inks, SPRING, png, False),
    "a gamma": ("assets/original.png", with_gamma, SPRING, with_gamma, True),
    "a gamma that the edit's format has no word for": (
        "assets/original.png",
        with_gamma,
        "assets/spring.webp",
        lambda image: saved(image, "WEBP", lossless=True),
        True,
    ),
    "no transparency": ("assets/original.png", png, "assets/spring.jpg", see_through, True),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_offered_works_and_what_would_be_refused_is_not_offered(project, case):
    place, before, path, after, works = CASES[case]
    project.write(place, original := before(picture(project.pictures.original)))
    project.commit("An original")
    edit = picture(project.pictures.drifted)
    project.write(path, data := after(edit))
    named = {"path": place, "sha256": sha256(original), "size": list(edit.size)}
    project.write(f"{path}.maskproof.json", project.record(data, original=named))
    project.stage()
    told = " ".join(project.maskproof("check").stdout.split())
    offered = OFFER.findall(told)
    assert bool(offered) is works, told
    done = project.maskproof(*shlex.split(offered[0] if offered else f"maskproof restore {path}")[1:])
    assert (" restored, 0 blocked, 0 not judged" in done.stdout) is works, done.stdout


def test_it_is_not_offered_for_other_bytes_than_were_recorded(project):
    project.edit("drifted")
    project.write(SPRING, project.pictures.drifted + b"\n")
    project.stage()
    told = " ".join(project.maskproof("check").stdout.split())
    assert "Edit again: its record is of other bytes" in told
    assert not OFFER.search(told)
    project.maskproof("record", SPRING)
    project.stage()
    assert OFFER.search(" ".join(project.maskproof("check").stdout.split()))


def test_it_is_not_offered_for_a_picture_without_a_record(project):
    project.write(SPRING, project.pictures.marked)
    project.commit("A picture")
    project.write(SPRING, project.pictures.drifted)
    project.stage()
    told = " ".join(project.maskproof("check").stdout.split())
    assert not OFFER.search(told)
