"""Areas that are found instead of drawn, and what each kind of area is asked, through the real command."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from skimage import data

import lettering
from maskproof.regions import ocr
from maskproof.regions.template import match_template

if TYPE_CHECKING:
    from pathlib import Path

    from projects import Scratch

GROUNDS = {name: Image.fromarray(getattr(data, name)()).convert("RGB") for name in ("coffee", "chelsea", "rocket")}
INK = (244, 239, 230)


def mark(kind: str) -> Image.Image:
    """A logo: opaque, on a rounded plate of its own, or one colour cut out."""
    picture = Image.new("RGBA", (240, 90), (18, 50, 74, 255) if kind == "opaque" else (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    if kind == "plate":
        draw.rounded_rectangle((0, 0, 239, 89), 20, fill=(18, 50, 74, 255))
    draw.ellipse((10, 20, 60, 70), fill=(*INK, 255))
    draw.text((150, 45), "NORTH", font=ImageFont.load_default(48), fill=(*INK, 255), anchor="mm")
    return picture


def planes(picture: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(picture.convert("RGB")), np.asarray(picture.getchannel("A"))


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("kind", ["opaque", "plate"])
@pytest.mark.parametrize("scale", [0.35, 0.8, 1.1])
def test_a_mark_is_found_where_it_stands(ground: str, kind: str, scale: float) -> None:
    scene, logo = GROUNDS[ground].copy(), mark(kind)
    small = logo.resize((round(240 * scale), round(90 * scale)), Image.Resampling.LANCZOS)
    x, y = scene.width - small.width - 31, scene.height - small.height - 17
    scene.paste(small, (x, y), small)
    hits = match_template(np.asarray(scene), *planes(logo))
    assert len(hits) == 1
    box = hits[0].box
    assert (box.x, box.y, box.width, box.height) == pytest.approx((x, y, small.width, small.height), abs=4)


def test_a_mark_of_one_colour_is_found_by_its_outline_on_a_quiet_ground() -> None:
    scene = Image.new("RGB", (640, 400), (60, 70, 80))
    logo = mark("cut out")
    scene.paste(logo, (300, 200), logo)
    (hit,) = match_template(np.asarray(scene), *planes(logo))
    assert (hit.box.x, hit.box.y) == pytest.approx((300, 200), abs=6)


def test_a_mark_that_stands_twice_is_found_twice() -> None:
    scene, logo = GROUNDS["coffee"].copy(), mark("plate")
    for place, width in (((20, 20), 160), ((380, 290), 200)):
        small = logo.resize((width, width * 90 // 240))
        scene.paste(small, place, small)
    assert {
        (round(hit.box.x, -1), round(hit.box.y, -1)) for hit in match_template(np.asarray(scene), *planes(logo))
    } == {
        (20, 20),
        (380, 290),
    }


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("kind", ["opaque", "plate", "cut out"])
def test_a_mark_that_is_not_there_is_not_found(ground: str, kind: str) -> None:
    assert match_template(np.asarray(GROUNDS[ground]), *planes(mark(kind))) == ()


def saved(folder: Path, name: str, picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    (folder / name).write_bytes(buffer.getvalue())
    return name


def compared(scratch: Scratch, original: Image.Image, edit: Image.Image, policy: str, *more: str) -> tuple[int, dict]:
    files = [saved(scratch.root, name, picture) for name, picture in (("original.png", original), ("edit.png", edit))]
    scratch.write("maskproof.toml", "version = 1\n" + policy)
    mask = saved(scratch.root, "mask.png", Image.new("L", original.size, 255))
    wide = ["--mask", mask, "--mask-mode", "white"]
    done = scratch.maskproof("compare", *files, *wide, "--policy", "maskproof.toml", "--format", "json", *more)
    return done.returncode, json.loads(done.stdout)


def blocking(report: dict) -> dict[str, list[str]]:
    return {one["rule"]: one["also"] for one in report["findings"] if one["severity"] == "block"}


def metric(report: dict, kind: str, name: str) -> float:
    return next(one["metrics"][name]["value"] for one in report["regions"] if one["kind"] == kind)


OPEN = "[defaults]\nmax_editable = 1.0\n"
FIND = OPEN + '[[areas]]\npaths = ["**"]\nname = "logo"\nkind = "brand"\nfind = "logo.png"\n'


def scene_with(color: tuple[int, int, int] = (18, 50, 74), word: str = "NORTH") -> Image.Image:
    scene = GROUNDS["coffee"].copy()
    draw = ImageDraw.Draw(scene)
    draw.rectangle((400, 20, 579, 86), fill=color)
    draw.text((490, 53), word, font=ImageFont.load_default(40), fill=INK, anchor="mm")
    return scene


def test_a_located_brand_is_protected_inside_the_mask(scratch: Scratch) -> None:
    original = scene_with()
    saved(scratch.root, "logo.png", original.crop((400, 20, 580, 87)))
    status, report = compared(scratch, original, original, FIND)
    assert (status, report["verdict"]) == (0, "pass")
    status, report = compared(scratch, original, scene_with(word="NORTN"), FIND)
    assert status == 1
    assert "brand" in blocking(report)


@pytest.mark.parametrize(
    ("logo", "absent", "status"),
    [
        ("sure", "", 0),
        ("sure", "ignore", 0),
        ("sure", "unjudged", 3),
        ("unsure", "", 3),
        ("unsure", "ignore", 0),
        ("unsure", "unjudged", 3),
    ],
)
def test_a_reference_logo_without_a_match_asks_for_what_the_policy_says(scratch, logo, absent, status):
    # A wordmark is unlike a photograph that does not hold it; that a round drawing is not there, nobody can tell.
    saved(scratch.root, "logo.png", wordmark() if logo == "sure" else mark("opaque"))
    more = f'absent = "{absent}"\n' if absent else ""
    found, report = compared(scratch, scene_with(), scene_with(), FIND + more)
    assert found == status
    if status:
        (one,) = report["findings"]
        assert "logo.png" in one["message"]
        assert all(said in one["advice"] for said in ("`box`", "`paths`", 'absent = "ignore"'))


def wordmark() -> Image.Image:
    """Letters on white, which stand nowhere in `scene_with`."""
    picture = Image.new("RGB", (220, 90), "white")
    ImageDraw.Draw(picture).text((110, 45), "ACME", font=ImageFont.load_default(70), fill=(18, 50, 74), anchor="mm")
    return picture


def test_a_reference_picture_that_is_missing_could_not_be_judged(scratch: Scratch) -> None:
    scratch.maskproof("init", "--ci", "none")
    scratch.write("maskproof.toml", "version = 1\n" + FIND)
    saved(scratch.root, "original.png", GROUNDS["chelsea"])
    scratch.commit("The original")
    saved(scratch.root, "edit.png", GROUNDS["coffee"].resize(GROUNDS["chelsea"].size))
    scratch.maskproof("record", "edit.png", "--original", "original.png")
    scratch.git("add", "-A")
    done = scratch.maskproof("check")
    assert done.returncode == 3
    assert "missing-mask: the policy names logo.png, which is not in the repository" in " ".join(done.stdout.split())


BRAND = (
    OPEN + '[[areas]]\npaths = ["**"]\nname = "logo"\nkind = "brand"\nbox = [400, 20, 180, 67]\ncolors = ["#12324a"]\n'
)


def test_a_brand_colour_is_told_in_ciede2000(scratch: Scratch) -> None:
    status, report = compared(scratch, scene_with(), scene_with((60, 20, 90)), BRAND)
    assert status == 1
    assert metric(report, "brand", "brand_color") > 15
    assert metric(report, "brand", "delta_e") == pytest.approx(metric(report, "brand", "brand_color"), rel=0.2)
    status, report = compared(scratch, scene_with(), scene_with((18, 51, 75)), BRAND)
    assert status == 0
    assert metric(report, "brand", "brand_color") < 1


def area(kind: str, box: tuple[int, int, int, int]) -> str:
    return OPEN + f'[[areas]]\npaths = ["**"]\nname = "there"\nkind = "{kind}"\nbox = {list(box)}\n'


def test_a_product_whose_outline_grew_is_told_in_pixels(scratch: Scratch) -> None:
    def bottle(width: int) -> Image.Image:
        scene = Image.new("RGB", (480, 400), (225, 222, 215))
        ImageDraw.Draw(scene).rounded_rectangle((240 - width // 2, 60, 240 + width // 2, 360), 24, fill=(40, 90, 60))
        return scene

    status, report = compared(scratch, bottle(120), bottle(136), area("product", (120, 30, 240, 350)))
    assert status == 1
    assert metric(report, "product", "outline") == pytest.approx(8, abs=1.5)


def test_a_face_whose_skin_was_tinted_is_told(scratch: Scratch) -> None:
    person = Image.fromarray(data.astronaut())
    box = (170, 60, 120, 140)
    tinted = np.asarray(person, np.float32).copy()
    x, y, width, height = box
    tinted[y : y + height, x : x + width] *= (1.0, 0.86, 0.78)
    status, report = compared(scratch, person, Image.fromarray(tinted.astype(np.uint8)), area("face", box))
    assert status == 1
    assert metric(report, "face", "skin_tone") > 4
    assert metric(report, "face", "geometry") < 1


SIGNS = [
    ("SALE 50%", "SALF 50%", '"SAL[E] 50%" became "SAL[F] 50%": 14.3 % of its characters'),
    ("NORTHWIND", "NORTHWIMD", '"NORTHWI[N]D" became "NORTHWI[M]D": 11.1 % of its characters'),
    ("限時特價", "限時特僧", '"限時特[價]" became "限時特[僧]": 25 % of its characters'),
    ("營業時間", "營業期間", '"營業[時]間" became "營業[期]間": 25 % of its characters'),
    (
        "いらっしゃいませ",
        "いらつしゃいまぜ",
        '"いら[っ]しゃいま[せ]" became "いら[つ]しゃいま[ぜ]": 25 % of its characters',
    ),
    ("本日限定セール", "本日限定セーレ", '"本日限定セー[ル]" became "本日限定セー[レ]": 14.3 % of its characters'),
]
"""Latin, Traditional Chinese, Japanese: before, after, and how a finding begins"""
needs_reader = pytest.mark.skipif(not ocr.available(), reason="the extra [text] is not installed")


@needs_reader
@pytest.mark.parametrize("size", [20, 44])
@pytest.mark.parametrize(("before", "after", "said"), SIGNS)
def test_the_strings_before_and_after_lead(scratch: Scratch, before: str, after: str, said: str, size: int) -> None:
    sign = lettering.sign(before, size)
    edit = Image.new("RGB", sign.size)
    edit.paste(lettering.sign(after, size).crop((0, 0, *sign.size)))
    box = (30, 40, sign.width - 40, size + 30)
    status, report = compared(scratch, sign, edit, area("text", box))
    assert status == 1
    finding = next(one for one in report["findings"] if one["rule"] == "text")
    assert finding["message"].startswith(said)
    assert finding["text"] == {"before": before, "after": after}
    assert finding["value"] == pytest.approx(metric(report, "text", "characters"), abs=1e-6)
    assert finding["limit"] == 0
    assert "stroke" in finding["also"]
    x, y, width, height = finding["box"]
    assert (x, y) == pytest.approx((40, 52), abs=10)
    assert (x + width, y + height) <= (sign.width, sign.height)
    (row,) = (one for one in report["regions"] if one["kind"] == "text")
    assert row["metrics"]["characters"]["text"] == finding["text"]
    assert row["metrics"]["stroke"]["text"] is None


@needs_reader
def test_what_stands_beside_a_text_area_is_no_part_of_its_text(scratch: Scratch) -> None:
    before, after = lettering.sign("SALE 50%", 28), lettering.sign("SALE 50%", 28)
    for picture, word in ((before, "FRESH"), (after, "STALE")):
        ImageDraw.Draw(picture).text((40, 84), word, font=ImageFont.load_default(28), fill=(30, 30, 40))
    status, report = compared(scratch, before, after, area("text", (30, 44, before.width - 40, 38)))
    assert status == 0
    assert metric(report, "text", "characters") == 0


@needs_reader
def test_text_that_is_detected_is_an_area_and_speaks_as_one(scratch: Scratch) -> None:
    signs = (lettering.sign(word, 48) for word in ("SALE 50%", "SALF 50%"))
    status, report = compared(scratch, *signs, OPEN + 'detect = ["text"]\n')
    assert status == 1
    (finding,) = report["findings"]
    assert finding["region"] == "text 'SALE 50%'"
    assert finding["message"].startswith('"SAL[E] 50%" became "SAL[F] 50%"')


@pytest.mark.skipif(ocr.available(), reason="the extra [text] is installed")
@pytest.mark.threat("T41")
def test_what_is_not_installed_leaves_the_image_unjudged(scratch: Scratch) -> None:
    files = [saved(scratch.root, f"{name}.png", GROUNDS["coffee"]) for name in ("a", "b")]
    scratch.write("maskproof.toml", "version = 1\n" + OPEN + 'detect = ["text"]\n')
    done = scratch.maskproof("compare", *files, "--policy", "maskproof.toml")
    assert done.returncode == 3
    assert done.stdout.count("maskproof[text]") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[defaults]\ndetect = ["text", "fase"]\n', "it must be"),
        ('[defaults]\ndetect = ["face"]\n', "needs a [face_model]"),
        (
            '[[areas]]\npaths = ["**"]\nname = "a"\nkind = "text"\nbox = [0, 0, 9, 9]\ncolors = ["#12324a"]\n',
            "kind brand",
        ),
        (
            '[[areas]]\npaths = ["**"]\nname = "a"\nkind = "brand"\nbox = [0, 0, 9, 9]\ncolors = ["blue"]\n',
            "a colour such as",
        ),
        (
            '[[areas]]\npaths = ["**"]\nname = "a"\nkind = "brand"\nbox = [0, 0, 9, 9]\nfind = "x.png"\n',
            "exactly one of",
        ),
    ],
)
def test_mistakes_in_the_policy_are_named(scratch: Scratch, text: str, said: str) -> None:
    files = [saved(scratch.root, f"{name}.png", GROUNDS["coffee"]) for name in ("a", "b")]
    scratch.write("maskproof.toml", "version = 1\n" + text)
    done = scratch.maskproof("compare", *files, "--policy", "maskproof.toml")
    assert done.returncode == 2
    assert said in done.stderr
