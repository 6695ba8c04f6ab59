"""The table of threats: every row has a test that is marked with its id, and no test is marked with another."""

from __future__ import annotations

import re
from collections import Counter

from projects import ROOT

ROWS = re.findall(r"^\| (T\d\d) \|(.*)\|$", (ROOT / "docs" / "threat-model.md").read_text(), re.MULTILINE)
MARKED = Counter(
    name
    for file in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r'^\s*@pytest\.mark\.threat\("(\w+)"\)$', file.read_text(), re.MULTILINE)
)


def test_every_threat_has_a_test_and_no_test_is_of_another():
    assert len(ROWS) == len(dict(ROWS)) == 47
    assert MARKED.keys() == dict(ROWS).keys()


def test_every_row_says_what_is_tried_what_closes_it_and_what_remains():
    for name, cells in ROWS:
        assert [bool(cell.strip()) for cell in cells.split("|")] == [True] * 3, name
