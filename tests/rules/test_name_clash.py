"""The rule `name-clash`: two files must not be one file elsewhere."""

from __future__ import annotations

from fixture_cases import judged


def test_names_that_differ_in_case_are_found_and_neither_picture_is_judged() -> None:
    found = judged("unjudged/name-clash")
    assert found.status == 3
    assert [image["path"] for image in found.report["images"]] == ["Edit.png", "edit.png"]
    assert [finding["severity"] for finding in found.of("name-clash")] == ["unjudged", "unjudged"]


def test_names_that_differ_in_their_ending_are_not() -> None:
    found = judged("pass/names-apart")
    assert [image["path"] for image in found.report["images"]] == ["edit.png", "edit.webp"]
    assert found.findings == []
