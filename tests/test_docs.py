"""What is written about maskproof is true: links, commands, rules, and the wheel that is built from it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import click
import pytest

from maskproof.cli import commands
from maskproof.policy.rules import RULES
from projects import MASKPROOF, ROOT, Scratch

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_command_stands_in_the_readme_with_options_that_exist() -> None:
    text = (ROOT / "README.md").read_text()
    table = dict(re.findall(r"^\| `maskproof ([\w-]+)([^`]*)`", text, re.MULTILINE))
    assert set(table) == set(commands.commands)
    for name, usage in table.items():
        command = commands.commands[name]
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        known = {flag for option in options for flag in (*option.opts, *option.secondary_opts)}
        assert set(re.findall(r"--[\w-]+", usage)) <= known, name


def test_the_check_on_main_runs_the_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    line = next(line for line in script.splitlines() if line.startswith("command=$("))
    done = subprocess.run(
        ["bash", "-c", f'{line}\necho "$command"'], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "-m pytest" in done.stdout
    assert done.stdout.strip() in (ROOT / "README.md").read_text()


def names_rule(node: ast.Assign) -> bool:
    return any(getattr(target, "attr", getattr(target, "id", "")) == "rule" for target in node.targets)


def test_no_code_speaks_of_a_rule_that_is_not_listed() -> None:
    spoken = set()
    for file in (ROOT / "hooks").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                place = {"Finding": 0, "finding": 0, "Metric": 3}.get(node.func.id)
                if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
                    spoken.add(node.args[place].value)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and names_rule(node):
                spoken.add(node.value.value)
    assert spoken <= set(RULES)
    assert len(spoken) > 10


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT], check=True, capture_output=True
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_package_and_the_pictures_of_the_demo(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    for file in (
        "cli/__init__.py",
        "py.typed",
        "pre-commit-hooks.yaml",
        "rules/seam.md",
        "fixtures/pass/rerendered/change/edit.png",
        "fixtures/block/redrawn/change/edit.png.maskproof.json",
    ):
        assert f"maskproof/{file}" in held
    assert not any(name.startswith(("tests/", "fixtures/")) for name in held)


def test_the_readme_in_the_wheel_leads_to_the_repository(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    text = archive.read(next(name for name in archive.namelist() if name.endswith("METADATA"))).decode()
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    assert "https://github.com/maskproof/maskproof/blob/main/docs/approvals.md#the-baseline" in links
    assert "https://raw.githubusercontent.com/maskproof/maskproof/main/docs/drift.jpg" in links


@pytest.mark.acceptance
def test_the_demo_commits_one_edit_and_blocks_the_other(scratch: Scratch) -> None:
    folder = scratch.root / "demo"
    done = scratch.run(*MASKPROOF, "demo", "--keep", str(folder))
    for page in ("README.md", "README.zh-TW.md"):
        shown = re.search(r"```\n(edit\.png: BLOCKED.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
        assert shown is not None
        assert shown[1] in done.stdout
    history = subprocess.run(
        ["git", "log", "--format=%s"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    assert history.splitlines() == ["Serve it with milk", "Add the product photograph and a mask for it"]


def test_the_demo_refuses_a_folder_that_is_not_empty(scratch: Scratch) -> None:
    scratch.write("full/file", "x")
    done = scratch.maskproof("demo", "--keep", "full")
    assert done.returncode == 2
    assert "is not empty" in done.stderr


@pytest.mark.acceptance
def test_pre_commit_itself_installs_and_runs_the_hook(scratch: Scratch) -> None:
    scratch.write("picture.txt", "no image")
    scratch.git("add", "-A")
    done = scratch.run(
        sys.executable,
        "-m",
        "pre_commit",
        "try-repo",
        str(ROOT),
        "maskproof",
        "--verbose",
        PRE_COMMIT_HOME=str(scratch.root.parent / "cache"),
    )
    assert "Passed" in done.stdout
    assert "maskproof: " not in done.stdout
