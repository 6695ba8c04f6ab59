"""The rule `policy-loosened`: a change is judged by the policy that holds without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import make
import scenes
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch

EXACT, VISUAL = (make.LEVEL_POLICY.format(level) for level in ("exact", "visual"))


def test_a_looser_level_is_told_and_the_stricter_one_holds() -> None:
    found = judged("block/policy-loosened")
    finding = found.the("policy-loosened")
    assert (found.status, finding["severity"]) == (1, "warn")
    assert "level" in finding["message"]
    assert found.the("outside-mask")["limit"] == 0


def test_a_stricter_level_is_not() -> None:
    assert judged("pass/policy-tightened").findings == []


def test_once_it_is_merged_it_holds(scratch: Scratch) -> None:
    edit = scenes.one_sample(scenes.poster(scenes.GREEN))
    assert judge_files(scratch, make.poster_case(edit, policy=VISUAL)).findings == []


@pytest.mark.parametrize(
    ("before", "key"),
    [
        (make.DEFAULT_POLICY.format("unrecorded", "block"), "unrecorded"),
        (make.DEFAULT_POLICY.format("new_original", "block"), "new_original"),
        ("version = 1\n\n[defaults]\nmax_editable = 0.5\n", "max_editable"),
        ("version = 1\n\n[limits.frame]\nshift = 0.2\n", "limits.frame.shift"),
        (make.BRAND_POLICY, "areas.sign"),
    ],
)
def test_every_kind_of_key_is_named(scratch: Scratch, before: str, key: str) -> None:
    found = judge_files(scratch, make.policy_changed(make.poster_case(), before, "version = 1\n"))
    assert f"loosens {key};" in found.the("policy-loosened")["message"]
