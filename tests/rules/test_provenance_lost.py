"""The rule `provenance-lost`: Content Credentials that were there before should not get lost."""

from __future__ import annotations

from fixture_cases import judged


def test_an_edit_without_the_credentials_of_its_original_is_warned_of() -> None:
    found = judged("pass/provenance-lost")
    finding = found.the("provenance-lost")
    assert (found.status, finding["severity"]) == (0, "warn")
    assert "original.png" in finding["message"]


def test_an_edit_with_credentials_of_its_own_is_not() -> None:
    found = judged("pass/provenance-kept")
    assert found.findings == []
    assert any("C2PA" in sign["source"] for sign in found.report["images"][0]["evidence"])
