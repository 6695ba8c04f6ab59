"""What the project keeps about itself: its own hooks, its spelling, its citation, and an index of its pages."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml

from maskproof import __version__
from projects import ROOT, clean_environment

HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]


def run(*command: str) -> str:
    """What a module of this environment says, run at the root of the project."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_hooks_of_the_project_are_valid_and_the_ones_it_ships_too() -> None:
    run("pre_commit", "validate-config", ".pre-commit-config.yaml")
    run("pre_commit", "validate-manifest", ".pre-commit-hooks.yaml")


def test_the_hooks_of_the_project_check_all_that_ci_checks_and_need_nothing_but_python() -> None:
    entries = [hook["entry"] for hook in HOOKS]
    for command in re.findall(r"^\.venv/bin/(.*)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE):
        wanted = command.replace(" --check .", "").removesuffix(" .")
        assert any(wanted in entry for entry in entries), command
    for hook in HOOKS:
        assert hook["language"] in {"python", "system"}
        assert hook["language"] == "python" or hook["entry"].startswith("python -m ")


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_the_tools_of_the_hooks_are_those_of_the_tests(hook: dict[str, object]) -> None:
    pyproject = (ROOT / "pyproject.toml").read_text()
    for requirement in hook.get("additional_dependencies", ()):
        assert f'"{requirement}"' in pyproject


def test_words_are_spelt_as_they_are_spelt() -> None:
    run("codespell_lib")


def test_the_citation_names_this_version_and_who_made_it() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= cited.keys()
    assert (cited["title"], str(cited["version"])) == ("maskproof", __version__)
    assert cited["authors"] == [{"name": "maskproof contributors"}]


def test_every_page_is_linked_from_the_index_and_the_index_from_the_readme() -> None:
    def linked(page: str) -> set[str]:
        targets = re.findall(r"\]\(([^)#\s]+)", (ROOT / page).read_text())
        return {
            str((ROOT / page).parent.joinpath(one).resolve().relative_to(ROOT)) for one in targets if "://" not in one
        }

    pages = {str(file.relative_to(ROOT)) for file in (ROOT / "docs").rglob("*.md")}
    assert pages - {"docs/README.md"} <= linked("docs/README.md") | linked("docs/rules/README.md")
    assert {"docs/README.md", "SECURITY.md", "CONTRIBUTING.md"} <= linked("README.md") | linked("docs/README.md")
    assert "docs/README.md" in linked("README.md")


def test_the_changelog_sorts_what_changed() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    for release in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^### (\w+)$", release, re.MULTILINE)
        order = [kind for kind in ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security") if kind in kinds]
        assert kinds == order, release.split("\n")[0]
