"""The rule `stale-record`: a record has to be that of the very bytes beside it."""

from __future__ import annotations

import hashlib

from fixture_cases import Case, judged


def test_a_picture_that_changed_after_its_record_was_written_is_found() -> None:
    finding = judged("block/stale-record").the("stale-record")
    now = (Case("block/stale-record").folder / "change/edit.png").read_bytes()
    assert finding["severity"] == "block"
    assert hashlib.sha256(now).hexdigest()[:12] in finding["message"]
    assert "maskproof record edit.png" in finding["advice"]


def test_a_picture_that_changed_with_its_record_is_not() -> None:
    assert judged("pass/record-renewed").findings == []


def test_a_record_with_mistakes_is_not_judged_and_all_of_them_are_told() -> None:
    found = judged("unjudged/five-mistakes")
    finding = found.the("stale-record")
    assert (found.status, finding["severity"]) == (3, "unjudged")
    for word in (
        "image.sha256",
        "mask.mode",
        "did you mean 'origin'",
        "areas[0].kind",
        "areas[0].box",
        "original.path",
    ):
        assert word in finding["message"]
