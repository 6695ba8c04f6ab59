"""The rule `missing-original`: the recorded original has to be where Git can find it."""

from __future__ import annotations

from fixture_cases import judged


def test_bytes_that_are_nowhere_are_found_missing_and_nothing_is_judged() -> None:
    found = judged("unjudged/missing-original")
    finding = found.the("missing-original")
    assert (found.status, finding["severity"]) == (3, "unjudged")
    assert "digest 000000000000" in finding["message"]
    assert "maskproof record edit.png --original" in finding["advice"]


def test_bytes_that_this_very_change_deletes_are_read_from_history() -> None:
    found = judged("pass/original-and-mask-deleted")
    (image,) = found.report["images"]
    assert (found.findings, found.report["summary"]["compared"]) == ([], 1)
    assert image["original"]["found"].startswith("in history")
