"""The rule `unreadable`: a file has to be whole, and to end where its picture ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import make
import scenes
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch


def test_a_file_that_is_cut_short_is_found_and_not_judged() -> None:
    found = judged("unjudged/cut-short")
    assert (found.status, found.the("unreadable")["severity"]) == (3, "unjudged")
    assert found.report["images"][0]["drift"] is None


def test_chunks_that_nobody_knows_are_not() -> None:
    assert judged("pass/chunks-of-its-own").findings == []


def test_bytes_behind_the_picture_are_warned_of_and_counted(scratch: Scratch) -> None:
    found = judge_files(scratch, make.poster_case(scenes.png(scenes.poster(scenes.GREEN)) + b"and so on"))
    finding = found.the("unreadable")
    assert (found.status, finding["severity"]) == (0, "warn")
    assert finding["message"] == "the file goes on for 9 bytes after the end of the picture"
