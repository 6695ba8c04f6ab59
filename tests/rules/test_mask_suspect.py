"""The rule `mask-suspect`: a mask that cannot be meant so is told, and never mended."""

from __future__ import annotations

import io
import re
import shlex
from typing import TYPE_CHECKING

import pytest
from PIL import Image

import make
import scenes
from fixture_cases import judge_files, judged
from projects import HERO, MASK, MASKPROOF, OPENED, SPRING, png

if TYPE_CHECKING:
    from projects import Project, Scratch


def test_a_mask_that_opens_everything_blocks() -> None:
    finding = judged("block/mask-opens-all").the("mask-suspect")
    assert (finding["severity"], finding["value"], finding["limit"]) == ("block", 1.0, 0.93)


def test_a_mask_that_opens_nearly_as_much_as_it_may_is_not() -> None:
    assert judged("pass/mask-opens-nearly-all").findings == []


def test_the_policy_may_allow_less(scratch: Scratch) -> None:
    policy = "version = 1\n\n[defaults]\nmax_editable = 0.5\n"
    found = judge_files(scratch, make.poster_case(None, scenes.rectangles((0, 0, 479, 297)), policy=policy))
    assert found.the("mask-suspect")["limit"] == 0.5


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (scenes.rectangles(), "no transparent pixel"),
        (Image.new("RGBA", scenes.POSTER, (0, 0, 0, 120)), "grey"),
        (scenes.mask((170, 60, 310, 200), size=(320, 320)), "proportions"),
    ],
    ids=["opens nothing", "half and half", "another shape"],
)
def test_what_is_odd_about_a_mask_is_warned_of(scratch: Scratch, shape: Image.Image, said: str) -> None:
    found = judge_files(scratch, make.poster_case(None, shape)).of("mask-suspect")
    assert any(said in finding["message"] for finding in found), found


@pytest.mark.parametrize("mode", ["black", "alpha"])
def test_a_mask_the_other_way_round_is_turned_and_nothing_is_restored_through_it(project: Project, mode: str) -> None:
    edit = Image.open(io.BytesIO(project.pictures.held)).convert("RGB")
    edit.paste("red", OPENED)
    mask = MASK
    if mode == "alpha":
        shape = Image.open(project.root / MASK).convert("L")
        mask = "assets/turned.png"
        project.write(mask, png(Image.merge("LA", (shape, shape))))
        project.commit("A mask whose solid part was editable")
    data = png(edit)
    project.write(SPRING, data)
    project.maskproof("record", SPRING, "--original", HERO, "--mask", mask, "--mask-mode", mode, "--add")
    project.git("add", SPRING)
    told = " ".join(project.check().text.split())
    assert "mask-suspect" in told
    assert "maskproof restore" not in told
    refused = project.maskproof("restore", SPRING)
    assert (refused.returncode, (project.root / SPRING).read_bytes() == data) == (1, True), refused.stdout
    for one in re.findall(r"`(maskproof [^`]+)`", told.partition("What changed is what the mask protects")[2]):
        project.run(*MASKPROOF, *shlex.split(one)[1:])
        if " --mask-mode white" in one or " --mask " in one:
            break
    project.stage()
    assert project.check().counts[-1][2] == 0
    turned = project.maskproof("restore", SPRING, "--anyway", "--force")
    assert turned.returncode == 0, turned.stdout
