"""`maskproof inventory`: every picture that AI made or changed, in a real repository, in each format."""

from __future__ import annotations

import csv
import io
import json

import pytest

from maskproof import marks
from projects import HERO, MASKPROOF, SPRING

MARK = {marks.SOURCE_TYPE: marks.CODES + marks.EDITED, marks.SYSTEM: "=cmd|'/c calc'!A1"}


def listed(project, style):
    done = project.run(*MASKPROOF, "inventory", "--format", style)
    return done.stdout


@pytest.fixture
def kept(project):
    """A recorded edit, a marked one without a record, a stale one, one by people, one that says AI and is broken."""
    held = project.pictures.held
    marked, _ = marks.put(held, "x", MARK)
    project.edit()
    project.write("assets/marked.png", marked)
    project.write("assets/stale.png", marked)
    project.write("assets/stale.png.maskproof.json", project.record(held))
    project.write("assets/people.png", project.pictures.drifted)
    project.write("assets/people.png.maskproof.json", project.record(project.pictures.drifted, origin="manual"))
    project.write("assets/broken.png", b"\x89PNG")
    project.write("assets/broken.png.maskproof.json", project.record(b"\x89PNG"))
    project.stage()
    return project


def test_json_has_every_ai_picture_and_no_other(kept):
    found = {one["path"]: one for one in json.loads(listed(kept, "json"))["pictures"]}
    assert list(found) == sorted(("assets/broken.png", SPRING, "assets/marked.png", "assets/stale.png"))
    assert HERO not in found
    assert (found[SPRING]["record"], found[SPRING]["marked"], found[SPRING]["origin"]) == ("fits", None, "edited")
    assert (found["assets/marked.png"]["record"], found["assets/marked.png"]["marked"]) == ("none", True)
    assert found["assets/marked.png"]["made_with"] == MARK[marks.SYSTEM]
    assert found["assets/stale.png"]["record"] == "stale"
    assert found["assets/broken.png"]["problem"]


def test_an_export_by_a_row_of_the_policy_needs_no_record(kept):
    kept.write("assets/marked-320.png", (kept.root / "assets/marked.png").read_bytes())
    row = '[[derived]]\npaths = ["assets/{name}-320.png"]\nmaster = "assets/{name}.png"\n'
    kept.write("maskproof.toml", "version = 1\n" + row)
    kept.stage()
    found = {one["path"]: one["record"] for one in json.loads(listed(kept, "json"))["pictures"]}
    assert found["assets/marked-320.png"] == "export"
    text = listed(kept, "text")
    assert "assets/marked-320.png: export" in text
    assert text.splitlines()[-1].endswith(
        "5 pictures that AI made or changed, 2 without a mark, 2 without a record that fits."
    )


def test_csv_runs_nothing_in_a_spreadsheet(kept):
    rows = list(csv.DictReader(io.StringIO(listed(kept, "csv"))))
    assert len(rows) == 4
    assert not any(value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())
    assert next(row for row in rows if row["path"] == "assets/marked.png")["made_with"] == "'" + MARK[marks.SYSTEM]


def test_text_ends_with_the_counts(kept):
    last = listed(kept, "text").splitlines()[-1]
    assert last == ("maskproof: 4 pictures that AI made or changed, 2 without a mark, 2 without a record that fits.")
