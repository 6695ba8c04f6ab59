"""The rule `too-large`: what is over a limit is known from the header, and never decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import make
import scenes
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch


def test_sixty_million_pixels_in_a_small_file_are_found() -> None:
    found = judged("unjudged/too-large")
    finding = found.the("too-large")
    assert (found.status, finding["severity"]) == (3, "unjudged")
    assert "10000 x 6000" in finding["message"]


def test_the_longest_side_that_is_allowed_is_not() -> None:
    found = judged("pass/longest-side")
    assert (found.findings, found.report["summary"]["compared"]) == ([], 1)


@pytest.mark.parametrize("size", [(16_385, 1), (1, 16_385), (10_001, 5_000)])
def test_one_more_than_a_limit_is_found(scratch: Scratch, size: tuple[int, int]) -> None:
    edit = scenes.header_only(size)
    assert judge_files(scratch, make.poster_case(edit, image={"sha256": make.digest(edit), "size": list(size)})).of(
        "too-large"
    )
