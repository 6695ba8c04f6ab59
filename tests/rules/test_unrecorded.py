"""The rule `unrecorded`: an edit has to have a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import make
import scenes
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch


def test_a_file_that_says_ai_is_warned_of() -> None:
    found = judged("pass/unrecorded-warned")
    finding = found.the("unrecorded")
    assert (found.status, finding["severity"]) == (0, "warn")
    assert "maskproof record poster.png" in finding["advice"]


def test_and_blocks_where_the_policy_asks_for_records() -> None:
    assert judged("block/unrecorded").the("unrecorded")["severity"] == "block"


def test_a_picture_that_nothing_speaks_against_is_not_found_under_the_same_policy() -> None:
    assert judged("pass/no-ai-no-record").findings == []


def test_a_record_that_is_deleted_while_the_picture_stays_blocks() -> None:
    finding = judged("block/record-deleted").the("unrecorded")
    assert finding["severity"] == "block"
    assert "git checkout HEAD -- edit.png.maskproof.json" in finding["advice"]


def test_a_policy_that_asks_nothing_hears_nothing(scratch: Scratch) -> None:
    marked = scenes.with_chunks(scenes.png(scenes.poster()), scenes.AI_MARK)
    assert judge_files(scratch, make.alone(marked, make.DEFAULT_POLICY.format("unrecorded", "off"))).findings == []
