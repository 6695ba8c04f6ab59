"""The rule `frames`: only a still picture can be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import make
import scenes
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch


def test_an_animation_is_found_and_not_judged() -> None:
    found = judged("unjudged/animated")
    assert found.the("frames")["severity"] == "unjudged"
    assert found.report["images"][0]["drift"] is None


def test_a_single_frame_in_a_format_for_animations_is_not() -> None:
    found = judged("pass/one-frame")
    assert (found.findings, found.report["summary"]["compared"]) == ([], 1)


@pytest.mark.parametrize(("kind", "name"), [("GIF", "edit.gif"), ("PNG", "edit.png"), ("TIFF", "edit.tiff")])
def test_every_format_that_can_move_or_turn_pages(scratch: Scratch, kind: str, name: str) -> None:
    edit = scenes.saved(scenes.poster(scenes.GREEN), kind, save_all=True, append_images=[scenes.poster("#7d2f6b")])
    found = judge_files(scratch, make.poster_case(edit, name=name))
    assert (found.status, [one["rule"] for one in found.findings]) == (3, ["frames"])
