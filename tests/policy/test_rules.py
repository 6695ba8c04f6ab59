"""The rules: a finding is of a rule that has a row, and every row has its page and its line in the list."""

from __future__ import annotations

import re
from typing import get_args

import msgspec
import pytest

from maskproof.gate.origins import ORIGINS
from maskproof.model import Box, Finding, Kind, Level, Severity
from maskproof.policy.keys import KEYS, Choice
from maskproof.policy.limits import LIMITS
from maskproof.policy.rules import RULES, finding
from maskproof.records.sidecar import Record
from projects import ROOT


@pytest.mark.parametrize("rule", RULES)
def test_a_finding_is_as_grave_as_its_rule_unless_it_says_otherwise(rule):
    assert finding(rule, "so it is") == Finding(rule, RULES[rule].severity, "so it is")
    for severity in Severity:
        assert finding(rule, "so it is", severity=severity).severity is severity


def test_a_finding_keeps_all_that_it_is_given():
    box, around = Box(1, 2, 3, 4), Box(1, 2, 5, 6)
    given = {"region": "logo", "value": 2.0, "limit": 1.0, "unit": "x", "box": box, "advice": "Do.", "also": ("blur",)}
    given |= {"around": around, "text": None, "about": ("other.png",), "accepted": None, "absent": False}
    made = finding("brand", "it changed", severity=Severity.WARN, **given)
    assert msgspec.structs.asdict(made) == {"rule": "brand", "severity": "warn", "message": "it changed", **given}


@pytest.mark.parametrize(
    ("rule", "hint"), [("outside_mask", "did you mean 'outside-mask'"), ("zzzz", "known are outside-mask, brand")]
)
def test_no_finding_is_made_of_a_rule_without_a_row(rule, hint):
    with pytest.raises(ValueError, match=f"no rule '{rule}' .*{hint}"):
        finding(rule, "so it is")


def test_every_rule_has_a_page_and_no_page_is_of_another():
    assert {f"docs/rules/{page.name}" for page in (ROOT / "docs" / "rules").glob("*.md")} - {
        "docs/rules/README.md"
    } == {row.page for row in RULES.values()}


@pytest.mark.parametrize("row", RULES.values(), ids=RULES)
def test_a_page_says_what_its_row_says(row):
    title, meaning, known_as = (ROOT / row.page).read_text().split("\n\n")[:3]
    assert title == f"# {row.id}"
    assert meaning == row.title
    assert known_as.replace("\n", " ") == f"Also known as: {', '.join(row.known_as)}."


@pytest.mark.parametrize("row", RULES.values(), ids=RULES)
def test_a_page_names_only_what_there_is(row):
    """Words like `contrast` or `max_editable` on a rule's page are a metric, a key of policy or record, or a value."""
    page = (ROOT / row.page).read_text()
    metrics = {limit.metric for limit in LIMITS}
    keys = {key.name for key in KEYS} | {field.name for field in msgspec.structs.fields(Record)}
    assert set(re.findall(r"`(\w+)`", page)) <= metrics | keys | {*Level, *Kind, *get_args(Choice), *ORIGINS}


def test_the_list_of_rules_is_that_of_the_rows():
    overview = (ROOT / "docs" / "rules" / "README.md").read_text()
    lines = [line for line in overview.splitlines() if line.startswith("| [")]
    assert lines == [f"| [{row.id}]({row.id}.md) | {row.title} |" for row in RULES.values()]
