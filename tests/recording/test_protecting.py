"""`maskproof protect`: what the policy asks of one picture, written into the file of the working tree."""

from __future__ import annotations

import tomllib

import pytest

from projects import SPRING

OTHER = 'version = 1\n\n[[areas]]\npaths = ["assets/*"]\nname = "logo"\nkind = "brand"\nbox = [1, 2, 30, 40]\n'


def said(project) -> dict:
    return tomllib.loads((project.root / "maskproof.toml").read_text())


def test_an_area_that_is_written_holds_once_it_is_staged(project):
    project.edit("held")
    project.stage()
    assert project.check().status == 0
    done = project.maskproof("protect", SPRING, "--area", "badge:product:200,80,60,60")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "Wrote maskproof.toml: area badge:product:200,80,60,60"
    assert said(project) == {
        "version": 1,
        "areas": [{"paths": [SPRING], "name": "badge", "kind": "product", "box": [200, 80, 60, 60]}],
    }
    project.stage("maskproof.toml")
    assert project.check().status == 1
    project.maskproof("protect", SPRING, "--area", "badge:brand:1,2,3,4")
    assert [area["kind"] for area in said(project)["areas"]] == ["brand"]


def test_a_picture_at_the_top_is_meant_and_no_other_of_its_name(project):
    project.edit("held", "spring.png")
    project.maskproof("protect", "spring.png", "--area", "badge:product:1,2,3,4")
    assert said(project)["areas"][0]["paths"] == ["/spring.png"]
    done = project.run("git", "status", ok=True, cwd=project.root / "assets")
    assert done.returncode == 0


@pytest.mark.parametrize("option", [("--remove-area", "logo"), ("--rename-area", "logo", "x")])
def test_an_area_of_other_pictures_is_left_alone(project, option):
    project.edit("held")
    project.write("maskproof.toml", OTHER)
    done = project.maskproof("protect", SPRING, *option)
    assert done.returncode == 2
    assert f"has no area 'logo' for {SPRING} alone" in done.stderr
    assert (project.root / "maskproof.toml").read_text() == OTHER


def test_areas_of_a_preset_are_not_those_of_the_file(project):
    import hashlib

    preset = OTHER.replace("assets/*", SPRING)
    project.write("brand.maskproof.toml", preset)
    digest = hashlib.sha256(preset.encode()).hexdigest()
    project.write("maskproof.toml", f'version = 1\nextends = {{path = "brand.maskproof.toml", sha256 = "{digest}"}}\n')
    project.edit("held")
    project.maskproof("protect", SPRING, "--area", "badge:product:1,2,3,4")
    assert project.maskproof("protect", SPRING, "--rename-area", "badge", "seal").returncode == 0
    assert [area["name"] for area in said(project)["areas"]] == ["seal"]
    assert project.maskproof("protect", SPRING, "--remove-area", "logo").returncode == 2
    assert project.maskproof("protect", SPRING, "--remove-area", "seal").returncode == 0
    assert "areas" not in said(project)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ((), "there is nothing to write"),
        (("--area", "badge"), "is not NAME:KIND:X,Y,W,H"),
        (("--area", f"{'x' * 101}:brand:1,2,3,4"), "would be wrong then"),
        (("--limit", "outside-mask.lihgt=1"), "did you mean 'outside-mask.light'?"),
        (("--limit", "light"), "is not KIND.METRIC=NUMBER"),
        (("--try", "--area", "a:brand:1,2,3,4"), "--try takes a level and limits"),
    ],
)
def test_what_cannot_be_written_is_said_and_not_written(project, options, why):
    project.edit("held")
    done = project.maskproof("protect", SPRING, *options)
    assert done.returncode == 2
    assert why in done.stderr
    assert not (project.root / "maskproof.toml").exists()


def test_other_limits_are_tried_beside_those_of_policy_and_nothing_is_written(project):
    project.edit("drifted")
    project.stage()
    done = project.maskproof("protect", SPRING, "--try", "--level", "strict", "--limit", "outside-mask.contrast=100")
    assert done.returncode == 0
    first, level, *rest = done.stdout.splitlines()
    assert first == f"{SPRING}: BLOCKED by policy, BLOCKED as asked"
    assert level == "    level strict (policy has visual)"
    assert any("outside the mask, contrast" in line and "limit 100x in place of limit 1x" in line for line in rest)
    assert any("light" in line and "limit 0.7x in place of limit 1x" in line for line in rest)
    assert not (project.root / "maskproof.toml").exists()


def test_a_picture_without_drift_blocks_under_a_limit_that_is_asked_for(project):
    project.edit("held")
    project.stage()
    done = project.maskproof("protect", SPRING, "--try", "--limit", "outside-mask.light=0")
    assert "passes by policy" in done.stdout
    project.maskproof("protect", SPRING, "--level", "exact")
    assert said(project)["rules"] == [{"paths": [SPRING], "level": "exact"}]
