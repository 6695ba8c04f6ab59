"""The rule `name-clash`: two files must not be one file elsewhere."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest

import make
import scenes
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch

ONE_LETTER, TWO_SIGNS = (unicodedata.normalize(form, "art/\u00e9.png") for form in ("NFC", "NFD"))


def test_names_that_differ_in_case_are_found_and_neither_picture_is_judged() -> None:
    found = judged("unjudged/name-clash")
    assert found.status == 3
    assert [image["path"] for image in found.report["images"]] == ["Edit.png", "edit.png"]
    assert [finding["severity"] for finding in found.of("name-clash")] == ["unjudged", "unjudged"]


def test_names_that_differ_in_their_ending_are_not() -> None:
    found = judged("pass/names-apart")
    assert [image["path"] for image in found.report["images"]] == ["edit.png", "edit.webp"]
    assert found.findings == []


@pytest.mark.parametrize(
    ("recorded", "other", "clash"),
    [
        ("art/edit.png", "art/Edit.png", True),
        ("art/edit.png", "Art/edit.png", True),
        (ONE_LETTER, TWO_SIGNS, True),
        (ONE_LETTER, "art/e.png", False),
        ("art/edit.png", "edit.png", False),
    ],
    ids=["case", "case of a folder", "form of a letter", "another letter", "another folder"],
)
def test_a_new_picture_beside_a_recorded_one(scratch: Scratch, recorded: str, other: str, *, clash: bool) -> None:
    files = make.poster_case(name=recorded) | {f"change/{other}": scenes.png(scenes.poster("#7d2f6b"))}
    found = judge_files(scratch, files)
    assert (found.status, len(found.of("name-clash"))) == ((3, 2) if clash else (0, 0)), found.findings
