"""The glossary: every metric, rule and kind of region has its row, and a rule is explained in its own words."""

from __future__ import annotations

import re

import pytest

from maskproof.model import Kind
from maskproof.policy.limits import LIMITS
from maskproof.policy.rules import RULES
from projects import ROOT

SECTIONS = {
    part.partition("\n")[0]: [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in part.splitlines()
        if line.startswith("| ") and not line.startswith("| term ")
    ]
    for part in (ROOT / "docs" / "glossary.md").read_text().split("\n## ")[1:]
}
PROSE = [title for title in SECTIONS if title not in {"Metrics", "Region kinds", "Rules"}]


def names(section: str) -> list[str]:
    """The names in backticks that the section's rows explain."""
    return [re.findall(r"`([^`]+)`", row[0])[0] for row in SECTIONS[section]]


@pytest.mark.parametrize("title", SECTIONS)
def test_a_row_has_a_term_one_sentence_and_other_words(title: str) -> None:
    for row in SECTIONS[title]:
        assert len(row) == 3, row
        assert all(row), row
        assert re.fullmatch(r"[A-Z][^.]*(?:\.[^ ][^.]*)*\.", row[1]), row[1]


@pytest.mark.parametrize("title", PROSE)
def test_terms_are_found_by_their_letters(title: str) -> None:
    terms = [row[0].casefold() for row in SECTIONS[title]]
    assert terms == sorted(set(terms))


def test_every_metric_has_a_row() -> None:
    assert sorted(names("Metrics")) == sorted({row.metric for row in LIMITS})


def test_every_kind_of_region_has_a_row() -> None:
    assert sorted(names("Region kinds")) == sorted({*Kind, "frame"})


def test_every_rule_has_a_row_in_its_own_words() -> None:
    rows = {rule: row[1:] for rule, row in zip(names("Rules"), SECTIONS["Rules"], strict=True)}
    assert rows == {rule.id: [rule.title, ", ".join(rule.known_as)] for rule in RULES.values()}
