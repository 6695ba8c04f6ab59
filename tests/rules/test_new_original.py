"""The rule `new-original`: an original or mask that comes with the change proves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import make
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch


def test_an_original_that_comes_along_is_warned_of() -> None:
    found = judged("pass/new-original-warned")
    original, mask = found.of("new-original")
    assert (found.status, original["severity"], mask["severity"]) == (0, "warn", "warn")
    assert (original["region"], mask["region"]) == ("original", "mask")
    assert "original.png" in original["message"]
    assert "mask.png" in mask["message"]


def test_and_blocks_where_the_policy_says_so() -> None:
    assert {one["severity"] for one in judged("block/new-original").of("new-original")} == {"block"}


def test_an_original_that_was_there_before_is_not() -> None:
    assert judged("pass/record-renewed").findings == []


def test_a_policy_that_asks_nothing_hears_nothing(scratch: Scratch) -> None:
    policy = make.DEFAULT_POLICY.format("new_original", "off")
    assert judge_files(scratch, make.all_new(make.poster_case(policy=policy))).findings == []


def test_a_mask_alone_is_told_as_a_mask(scratch: Scratch) -> None:
    files = make.poster_case()
    files["change/mask.png"] = files.pop("base/mask.png")
    message = judge_files(scratch, files).the("new-original")["message"]
    assert "mask.png" in message
    assert "the original" not in message
