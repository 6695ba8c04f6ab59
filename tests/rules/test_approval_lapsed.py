"""The rule `approval-lapsed`: an approval that names a picture and does not hold for it says why."""

from __future__ import annotations

from fixture_cases import judged


def test_other_bytes_than_were_approved_are_told() -> None:
    found = judged("block/approval-lapsed")
    assert found.status == 1
    message = found.the("approval-lapsed")["message"]
    assert ".maskproof/approvals/edit.json" in message
    assert "other bytes" in message


def test_what_was_approved_stays_told_and_stops_nothing() -> None:
    found = judged("pass/approved")
    assert (found.status, found.of("approval-lapsed")) == (0, [])
    accepted = found.the("outside-mask")["accepted"]
    assert (accepted["how"], accepted["pending"]) == ("approval", True)
    assert accepted["reason"] == "The table belongs to the season."
    assert accepted["file"] == ".maskproof/approvals/edit.json"
