"""The rule `tone`: the protected area has to keep its light and colour as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageEnhance

import make
import scenes
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch


def test_a_lifted_frame_is_found_and_told_as_lighter() -> None:
    finding = judged("block/tone-lifted").the("tone")
    assert (finding["severity"], finding["region"]) == ("block", "frame")
    assert finding["value"] > finding["limit"]
    assert "lighter" in finding["message"]


def test_a_slight_cast_is_not() -> None:
    assert judged("pass/tone-a-little-warmer").findings == []


def test_a_darker_frame_is_told_as_darker(scratch: Scratch) -> None:
    found = judge_files(scratch, make.photo_as_jpeg(lambda picture: ImageEnhance.Brightness(picture).enhance(0.7)))
    assert "darker" in found.the("tone")["message"]


def test_what_drifted_furthest_is_told_before_it_and_before_an_odd_mask(scratch: Scratch) -> None:
    def change(picture: Image.Image) -> Image.Image:
        lifted = ImageEnhance.Brightness(picture).enhance(1.2)
        lifted.paste("red", (4, 4, 60, 60))
        return lifted

    policy = "version = 1\n\n[defaults]\nmax_editable = 0.01\n"
    found = judge_files(scratch, make.photo_as_jpeg(change, policy))
    drift = found.report["images"][0]["drift"]
    assert [one["rule"] for one in found.findings] == ["outside-mask", "mask-suspect", "tone"]
    assert found.findings[0]["value"] == pytest.approx(drift)
    assert 1 < found.findings[2]["value"] / found.findings[2]["limit"] < drift
    said = scratch.maskproof("check").stdout.splitlines()
    assert f"(drift {drift:.2f};" in said[0]
    assert f"local change, {drift:.3g}x" in said[1]


@pytest.mark.parametrize(("level", "status"), [("visual", 0), ("strict", 1)])
def test_a_level_asks_for_its_own_closeness(scratch: Scratch, level: str, status: int) -> None:
    def cast(picture: Image.Image) -> Image.Image:
        return scenes.warmed(scenes.warmed(picture))

    found = judge_files(scratch, make.photo_as_jpeg(cast, make.LEVEL_POLICY.format(level)))
    assert (found.status, bool(found.of("tone"))) == (status, bool(status)), found.findings
