"""The rule `outside-mask`: what the mask does not open has to stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import make
import scenes
from fixture_cases import judge_files, judged, meet

if TYPE_CHECKING:
    from projects import Scratch


def test_a_redrawn_scene_is_found_where_it_was_redrawn() -> None:
    finding = judged("block/redrawn").the("outside-mask")
    assert finding["severity"] == "block"
    assert meet(finding["box"], (280, 84, 140, 196))
    assert finding["value"] > finding["limit"]


def test_the_noise_of_a_model_all_over_the_picture_is_not() -> None:
    assert judged("pass/rerendered").findings == []


def test_one_sample_counts_at_level_exact() -> None:
    finding = judged("block/exact-one-sample").the("outside-mask")
    assert (finding["value"], finding["unit"], finding["box"]) == (1, "px", [400, 14, 1, 1])


@pytest.mark.parametrize("level", ["visual", "strict"])
def test_one_sample_by_one_level_does_not_count_at_the_others(scratch: Scratch, level: str) -> None:
    edit = scenes.one_sample(scenes.poster(scenes.GREEN))
    found = judge_files(scratch, make.poster_case(edit, policy=make.LEVEL_POLICY.format(level)))
    assert (found.status, found.findings) == (0, [])
