"""The rule `text`: one respelt letter in a declared text is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import make
from fixture_cases import judge_files, judged
from maskproof.regions import ocr

if TYPE_CHECKING:
    from projects import Scratch


def test_a_respelt_letter_is_found() -> None:
    found = judged("block/text-respelt")
    finding = found.the("text")
    assert (finding["severity"], finding["region"]) == ("block", "the text")
    assert finding["value"] > finding["limit"]


@pytest.mark.skipif(not ocr.available(), reason="the extra [text] is not installed")
def test_it_says_what_it_read_and_what_it_reads_now() -> None:
    finding = judged("block/text-respelt").the("text")
    assert finding["message"].startswith('"FRESH EVER[Y] DAY" became "FRESH EVER[V] DAY": 7.69 % of its characters')
    assert finding["text"] == {"before": "FRESH EVERY DAY", "after": "FRESH EVERV DAY"}


def test_a_text_beside_a_change_is_not() -> None:
    found = judged("pass/areas-kept")
    assert found.findings == []
    assert "the text" in [region["name"] for region in found.report["images"][0]["regions"]]


def test_a_text_that_nobody_declared_may_change_inside_the_mask(scratch: Scratch) -> None:
    assert judge_files(scratch, make.window_case(protected=False, words="FRESH EVERV DAY")).status == 0
