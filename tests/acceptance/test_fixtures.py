"""The fixtures are the specification: every finding of every case, and every rule on either side.

A new case is a folder made by fixtures/make.py; nothing here has to change for it.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

import make
from fixture_cases import FOLDER, Case, cases, judged
from maskproof.policy.rules import RULES
from projects import ROOT, Outcome, Scratch

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [case.name for case in cases()]
EXPECTED = {case.name: case.expected for case in cases()}
FINDING = re.compile(r"^  ([x?!]) ([a-z-]+): ", re.MULTILINE)
"""a finding in the text report, by its mark"""
SEVERITY = {"x": "block", "?": "unjudged", "!": "warn"}
THROUGH_PRE_COMMIT = {
    "pass": "pass/rerendered",
    "warn": "pass/seam",
    "block": "block/redrawn",
    "unjudged": "unjudged/cut-short",
    "policy": "block/policy-loosened",
}


@pytest.mark.parametrize("name", NAMES)
def test_every_finding_of_a_case_is_as_expected(name: str) -> None:
    found = judged(name)
    assert (found.status, found.rules) == (EXPECTED[name]["exit"], EXPECTED[name]["findings"]), found.findings


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the hook installed, made once."""
    made = Scratch(tmp_path_factory.mktemp("hooked"))
    made.git("init", "-q", "-b", "main")
    made.install()
    return made.root


@pytest.mark.acceptance
@pytest.mark.parametrize("name", THROUGH_PRE_COMMIT.values(), ids=THROUGH_PRE_COMMIT)
def test_the_hook_itself_says_the_same(name: str, hooked: Path, tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "scratch")
    shutil.copytree(hooked, scratch.root, symlinks=True)
    Case(name).commit_base(scratch)
    Case(name).stage_change(scratch)

    done = scratch.git("commit", "-q", "-m", "the edit", ok=False, PRE_COMMIT_HOME=str(tmp_path / "cache"))

    outcome, expected = Outcome.of(done), EXPECTED[name]
    assert bool(outcome.status) == bool(expected["exit"]), outcome.text
    assert f"exit code: {expected['exit']}" in outcome.text or not expected["exit"]
    found = [{"rule": rule, "severity": SEVERITY[mark]} for mark, rule in FINDING.findall(outcome.text)]
    assert make.in_order(found) == expected["findings"], outcome.text
    assert len(outcome.counts) == 1, outcome.text


def test_every_rule_has_a_case_that_finds_it_and_one_beside_it_a_page_and_tests_of_its_name() -> None:
    lacking = {rule: missing for rule in RULES if (missing := _missing(rule))}
    assert not lacking


def _missing(rule: str) -> list[str]:
    """What a rule lacks, in words."""
    finding, near = _finding(rule), _near(rule)
    tests = ROOT / "tests" / "rules" / f"test_{rule.replace('-', '_')}.py"
    named = set(re.findall(r'"((?:pass|block|unjudged)/[\w-]+)"', tests.read_text())) if tests.exists() else set()
    present = {
        "a fixture that finds it": finding,
        "a fixture that is near": near,
        "a page": (ROOT / RULES[rule].page).exists(),
        f"{tests.name} with a fixture that finds it": named & finding,
        f"{tests.name} with a fixture that is near": named & near,
    }
    return [what for what, there in present.items() if not there]


def _finding(rule: str) -> set[str]:
    return {name for name, case in EXPECTED.items() if any(one["rule"] == rule for one in case["findings"])}


def _near(rule: str) -> set[str]:
    """Cases beside the rule; one counts only where nothing at all keeps the change from passing."""
    near = {name for name, case in EXPECTED.items() if rule in case.get("near", ()) and case["exit"] == 0}
    return near - _finding(rule)


def test_cases_are_near_to_rules_that_exist() -> None:
    assert {rule for case in EXPECTED.values() for rule in case.get("near", ())} <= set(RULES)


def test_tests_of_rules_are_of_rules_that_exist() -> None:
    files = {file.stem for file in (ROOT / "tests" / "rules").glob("test_*.py")}
    assert files == {f"test_{rule.replace('-', '_')}" for rule in RULES}


def test_the_script_writes_what_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for pictures: fonts and encoders differ between versions of what draws them, and digests with them."""
    monkeypatch.setattr(make, "HERE", tmp_path)
    make.main()
    written, stored = _texts(tmp_path), _texts(FOLDER)
    assert set(written) == set(stored)
    assert [path for path in stored if written[path] != stored[path]] == []


def _texts(folder: Path) -> dict[str, str]:
    """The files of all cases by path: their text without digests, of pictures nothing."""
    return {
        str(file.relative_to(folder)): re.sub(r"[0-9a-fA-F]{64}", "…", file.read_text())
        if file.suffix in {".json", ".toml"}
        else ""
        for verdict in make.EXIT
        for file in (folder / verdict).rglob("*")
        if file.is_file()
    }
