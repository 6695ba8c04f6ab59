"""`maskproof areas`: what is protected in a picture, by whom, and the drawing of it."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from projects import HERO, MASK, OPENED, SIZE, SPRING

if TYPE_CHECKING:
    from projects import Project

POLICY = """\
version = 1

[[areas]]
paths = ["assets/**"]
name = "sign"
kind = "brand"
box = [10, 20, 40, 30]
[defaults]
level = "strict"
[[areas]]                       # of the hero
paths = ["assets/hero*.png", "assets/spring.png"]
name = "roof"
kind = "product"
polygon = [[100, 10], [140, 10], [140, 50]]
"""
RECORDED = {"name": "label", "kind": "text", "box": [200, 100, 40, 40]}


def listed(project: Project, *arguments: str) -> dict:
    done = project.maskproof("areas", *arguments, "--format", "json")
    assert done.stdout, done.stderr
    return {**json.loads(done.stdout), "status": done.returncode}


def sources(found: dict) -> dict[str, str]:
    return {one["name"]: one["source"] for one in found["areas"]}


@pytest.fixture
def team(project: Project) -> Project:
    project.write("maskproof.toml", POLICY)
    project.commit("The policy")
    project.edit("held", areas=[RECORDED])
    project.stage()
    return project


def test_an_edit_has_its_areas_from_policy_and_record_and_its_mask(team: Project) -> None:
    found = listed(team, SPRING)
    assert (found["status"], found["in"], found["mask"]) == (0, HERO, MASK)
    assert sources(found) == {
        "sign": "maskproof.toml, line 3",
        "roof": "maskproof.toml, line 10",
        "label": "the record",
    }
    assert found["areas"][0]["box"] == [10, 20, 40, 30]
    left, top, right, bottom = OPENED
    assert found["outside_mask"] == pytest.approx(1 - (right - left) * (bottom - top) / (SIZE[0] * SIZE[1]), abs=1e-6)


def test_a_picture_without_a_record_is_the_original_of_edits_to_come(team: Project) -> None:
    found = listed(team, HERO)
    assert (found["in"], found["mask"], found["outside_mask"]) == (HERO, None, None)
    assert list(sources(found)) == ["sign", "roof"]


def test_what_a_preset_asks_is_told_of_its_file(team: Project) -> None:
    team.write("brand.maskproof.toml", POLICY)
    own = '[[areas]]\npaths = ["*.png"]\nname = "own"\nkind = "face"\nbox = [0, 0, 9, 9]\n'
    team.write("maskproof.toml", f"version = 1\n\n{own}")
    assert team.maskproof("preset", "brand.maskproof.toml").returncode == 0
    team.stage()
    assert sources(listed(team, HERO)) == {
        "sign": "brand.maskproof.toml, line 3",
        "roof": "brand.maskproof.toml, line 10",
        "own": "maskproof.toml, line 4",
    }


def test_a_policy_that_lies_there_is_asked_without_git(team: Project) -> None:
    team.write("draft.toml", POLICY.replace("10, 20, 40, 30", "1, 2, 3, 4"))
    team.write("new.png", team.pictures.other)
    found = listed(team, "assets/hero.png", "--policy", "draft.toml")
    assert [found["areas"][0][key] for key in ("box", "source")] == [[1, 2, 3, 4], "draft.toml, line 3"]
    assert listed(team, "new.png", "--policy", "draft.toml")["areas"] == []


def test_an_area_that_cannot_be_shown_hides_no_other(team: Project) -> None:
    more = '[[areas]]\npaths = ["**"]\nname = "{}"\nkind = "brand"\n{}\n'
    beyond, gone = more.format("beyond", "box = [300, 0, 40, 9]"), more.format("gone", 'find = "none.png"')
    team.write("maskproof.toml", POLICY + beyond + gone)
    team.stage()
    done = team.maskproof("areas", SPRING)
    assert done.returncode == 3
    said = " ".join(done.stdout.split())
    assert "1 sign (brand): x 10, y 20, 40 x 30 px, 1.6% of the picture; maskproof.toml, line 3" in said
    assert "? the area 'beyond' (maskproof.toml) reaches to 340, 9, outside the original" in said
    assert "? the policy names none.png, which is not in the repository" in said
    assert team.check().status == 3


def test_a_logo_that_is_not_there_is_noted(team: Project) -> None:
    team.write("logo.png", letters())
    team.write(
        "maskproof.toml", 'version = 1\n[[areas]]\npaths = ["**"]\nname = "x"\nkind = "brand"\nfind = "logo.png"\n'
    )
    team.stage()
    assert listed(team, SPRING)["notes"] == [f"logo.png is not in {HERO}, so the area 'x' protects nothing of it"]
    assert "logo.png is not in the original" in " ".join(team.maskproof("explain", SPRING).stdout.split())


def letters() -> bytes:
    from PIL import ImageDraw, ImageFont

    picture = Image.new("RGB", (220, 90), "white")
    ImageDraw.Draw(picture).text((110, 45), "ACME", font=ImageFont.load_default(70), fill=(18, 50, 74), anchor="mm")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("mode", ["white", "black"])
def test_the_protected_side_is_the_shaded_one_and_areas_are_framed(team: Project, mode: str) -> None:
    team.edit("held", areas=[RECORDED], mask={**json.loads(team.record(b""))["mask"], "mode": mode})
    team.stage()
    done = team.maskproof("areas", SPRING, "--preview", "look.png")
    assert done.returncode == 0, done.stderr
    assert "Wrote look.png" in done.stderr
    with Image.open(team.root / "look.png") as page, Image.open(io.BytesIO(team.pictures.original)) as original:
        shown = np.asarray(page.convert("RGB")).astype(int)[-24 - SIZE[1] : -24, 24 : 24 + SIZE[0]]
        before = np.asarray(original.convert("RGB")).astype(int)
    inside = np.zeros(before.shape[:2], bool)
    inside[OPENED[1] + 2 : OPENED[3] - 2, OPENED[0] + 2 : OPENED[2] - 2] = True
    outside = np.ones(before.shape[:2], bool)
    outside[OPENED[1] : OPENED[3], OPENED[0] : OPENED[2]] = False
    named = np.zeros(before.shape[:2], bool)
    for x, y, width, height in ((10, 0, 40, 50), (100, 0, 41, 80), (200, 70, 40, 70)):
        named[y : y + height, x : x + width] = True
    differs = (shown != before).any(-1)
    shaded, plain = (outside, inside) if mode == "white" else (inside, outside)
    assert differs[shaded & ~named].mean() > 0.9
    assert not differs[plain & ~named & ~around(OPENED)].any()
    assert differs[105:135, 205:235].all()


def around(box: tuple[int, int, int, int]) -> np.ndarray:
    left, top, right, bottom = box
    edge = np.zeros(SIZE[::-1], bool)
    edge[top - 2 : bottom + 2, left - 2 : right + 2] = True
    edge[top + 2 : bottom - 2, left + 2 : right - 2] = False
    return edge


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [(("none.png",), 2, "there is no file none.png"), ((HERO, "--preview", HERO), 2, "named twice")],
)
def test_what_cannot_be_asked_is_refused(team: Project, arguments, status, said) -> None:
    done = team.maskproof("areas", *arguments)
    assert done.returncode == status
    assert said in done.stderr
