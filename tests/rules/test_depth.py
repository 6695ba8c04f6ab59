"""The rule `depth`: low bytes that are gone."""

from __future__ import annotations

from fixture_cases import judged


def test_an_edit_of_8_bits_of_an_original_of_16_is_warned_of() -> None:
    found = judged("pass/depth-halved")
    assert (found.status, found.the("depth")["severity"]) == (0, "warn")


def test_16_bits_on_both_sides_are_not() -> None:
    assert judged("pass/depth-kept").findings == []
