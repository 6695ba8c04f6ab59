"""The rule `face`: a declared face has to stay the same person's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import make
import scenes
from fixture_cases import judge_files, judged, meet

if TYPE_CHECKING:
    from projects import Scratch


def test_a_face_with_other_features_is_found() -> None:
    found = judged("block/face-changed")
    finding = found.the("face")
    assert (finding["severity"], finding["region"]) == ("block", "the face")
    assert finding["value"] > finding["limit"]
    assert meet(finding["box"], scenes.BOXES["face"])


def test_it_says_what_moved_which_way() -> None:
    message = judged("block/face-changed").the("face")["message"]
    assert re.match(r"features moved against each other by [\d.]+ px \(limit 2 px\), most 2.0 px left", message)


def test_a_face_beside_a_change_is_not() -> None:
    found = judged("pass/areas-kept")
    assert found.findings == []
    assert "the face" in [region["name"] for region in found.report["images"][0]["regions"]]


def test_a_face_that_nobody_declared_may_change_inside_the_mask(scratch: Scratch) -> None:
    assert judge_files(scratch, make.window_case(protected=False, eyes=4, mouth=5)).status == 0
