"""CONTRIBUTING, taken at its word: its examples are done to a copy of the package, and the command line runs on it."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from maskproof.gate.findings import FINDINGS, OF_FINDINGS
from maskproof.policy.rules import RULES
from projects import HERO, MASK, MASKPROOF, ROOT, SPRING

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
POLICY = """version = 1
[[areas]]
paths = ["**"]
name = "sticker"
kind = "label"
box = [4, 4, 60, 40]
"""


def follow(package: Path) -> list[str]:
    """Do what the examples say; the files that were touched, in order."""
    text = PAGE[PAGE.index("## Three examples") : PAGE.index("## What counts as done")]
    touched: list[str] = []
    at = 0
    while (code := text.find("```python\n", at)) != -1:
        end = text.index("```", code + 10)
        said, snippet = text[at:code], text[code + 10 : end]
        named = re.findall(r"`([\w/]+\.py)`", said)
        file = package / (named[-1] if named else touched[-1])
        touched.append(named[-1] if named else touched[-1])
        if behind := re.search(r"behind `([^\n]+)`:", said):
            source = file.read_text(encoding="utf-8")
            assert source.count(f"{behind[1]}\n") == 1 or behind[1].endswith("{"), f"{behind[1]} in {file.name}"
            file.write_text(_after(source, behind[1], snippet), encoding="utf-8")
        else:
            assert not file.exists()
            file.write_text(snippet, encoding="utf-8")
        at = end + 3
    return touched


def _after(source: str, line: str, snippet: str) -> str:
    """The snippet behind a line, or behind the part of a line that opens a table."""
    place = source.index(line) + len(line)
    rest = source[place:]
    return source[:place] + "\n" + (snippet + rest.removeprefix("\n") if rest.startswith("\n") else snippet + rest)


@pytest.fixture(scope="module")
def extended(tmp_path_factory) -> Path:
    """The folder of a package that has the three examples."""
    folder = tmp_path_factory.mktemp("extended")
    shutil.copytree(ROOT / "hooks" / "maskproof", folder / "maskproof", ignore=shutil.ignore_patterns("__pycache__"))
    assert len(follow(folder / "maskproof")) == 9
    return folder


@pytest.fixture
def compare(project, extended):
    """Runs `compare` of the extended package on a drifted edit, with a label declared on it."""
    project.edit("drifted")
    project.write("maskproof.toml", POLICY)

    def run(style: str):
        masked = ("--mask", MASK, "--mask-mode", "white", "--policy", "maskproof.toml")
        command = (*MASKPROOF, "compare", HERO, SPRING, *masked, "--format", style)
        return project.run(*command, ok=False, PYTHONPATH=str(extended))

    return run


def test_the_kind_and_its_metric_are_judged(compare):
    done = compare("json")
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    region = next(region for region in report["regions"] if region["name"] == "sticker")
    assert region["kind"] == "label"
    assert region["metrics"]["shade"]["limit"] == 3.0
    assert region["metrics"]["shade"]["value"] > 3.0
    assert "label" in {finding["rule"] for finding in report["findings"] if finding["region"] == "sticker"}


def test_the_format_is_written(compare):
    assert compare("brief").stdout == f"{SPRING}: block\n"


def test_a_command_that_lacks_the_format_says_which_it_has(project, extended):
    done = project.run(*MASKPROOF, "check", "--all", "--format", "brief", ok=False, PYTHONPATH=str(extended))
    assert (done.returncode, done.stdout) == (2, "")
    assert "'brief' is not one of 'text', 'json'" in done.stderr


def test_every_place_that_is_named_exists():
    table = PAGE[PAGE.index("## Where things go") : PAGE.index("## Three examples")]
    for path in re.findall(
        r"`((?:drift|policy|gate|report|regions|evidence|images|restore|masks|edit)/[\w/.]*)`", table
    ):
        place = ROOT / "hooks" / "maskproof" / path
        module = place.with_suffix(".py") if "." not in path or place.suffix in {".FORMATS", ".METHODS"} else place
        assert place.exists() or module.exists(), path


def test_every_rule_has_its_function():
    assert {rule for rules in (*FINDINGS.values(), *OF_FINDINGS.values()) for rule in rules} == RULES.keys()
