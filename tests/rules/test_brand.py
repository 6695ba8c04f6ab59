"""The rule `brand`: a declared mark has to stay as it is, wherever the mask opens the picture."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import make
import scenes
from fixture_cases import judge_files, judged, meet

if TYPE_CHECKING:
    from projects import Scratch


@pytest.mark.parametrize("case", ["block/sign-respelt", "block/sign-recoloured", "block/sign-inside-the-mask"])
def test_a_sign_with_another_letter_or_colour_is_found(case: str) -> None:
    finding = judged(case).the("brand")
    assert (finding["severity"], finding["region"]) == ("block", "sign")
    assert meet(finding["box"], scenes.SIGN)


def test_it_says_which_colour_became_which() -> None:
    finding = judged("block/sign-recoloured").the("brand")
    assert finding["message"].startswith("#123249 became #114349, ΔE00 13, in the largest changed place; half of it ")
    assert (finding["unit"], finding["limit"]) == ("ΔE00", 5)
    assert meet(finding["box"], scenes.SIGN)


def test_one_letter_is_told_by_its_colour_and_by_what_is_over_its_limit() -> None:
    finding = judged("block/sign-inside-the-mask").the("brand")
    said, blocked = finding["message"].split("(limit 5 ΔE00); ")
    assert re.match(r"#\w{6} became #\w{6}, ΔE00 \d", said)
    assert "local change" in blocked
    assert (finding["unit"], finding["limit"]) == ("x", 1)


def test_a_sign_that_was_only_rendered_anew_is_not() -> None:
    found = judged("pass/rerendered-brand-kept")
    assert found.findings == []
    assert "sign" in [region["name"] for region in found.report["images"][0]["regions"]]


def test_a_sign_that_nobody_declared_may_change_inside_the_mask(scratch: Scratch) -> None:
    change, shape = scenes.with_sign(name="NORDWIND"), scenes.mask(scenes.CUP, (0, 0, 196, 70))
    assert judge_files(scratch, make.photo_case(change, shape)).status == 0
