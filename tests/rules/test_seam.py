"""The rule `seam`: an edit should not be pasted back along a visible line."""

from __future__ import annotations

from fixture_cases import judged, meet


def test_a_hard_edge_around_the_mask_is_warned_of_and_placed() -> None:
    found = judged("pass/seam")
    finding = found.the("seam")
    assert (found.status, finding["severity"], finding["unit"]) == (0, "warn", "share")
    assert finding["value"] > 0.9
    assert meet(finding["box"], (166, 56, 150, 150))
    assert not meet(finding["box"], (184, 74, 112, 112)), "the line runs along the mask, not inside it"


def test_an_edge_that_is_feathered_inwards_is_not() -> None:
    assert judged("pass/seam-feathered").findings == []
