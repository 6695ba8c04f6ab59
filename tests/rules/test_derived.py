"""The rule `derived`: an export shares the fate of its master."""

from __future__ import annotations

from fixture_cases import judged


def test_an_export_of_a_master_that_is_in_order_is_none() -> None:
    found = judged("pass/exported")
    assert (found.status, found.findings) == (0, [])
    assert found.report["images"][0]["drift"] < 1, "it was compared with its master"
    assert found.report["images"][0]["original"]["path"] == "original.png"


def test_what_is_open_against_the_master_is_said_of_its_export() -> None:
    found = judged("block/derived")
    finding = found.the("derived")
    assert (found.status, finding["severity"]) == (1, "block")
    assert "its master original.png is blocked (unrecorded: " in finding["message"]
    assert "`maskproof explain original.png`" in finding["advice"]
