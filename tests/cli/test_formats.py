"""`--format`: every command writes every format of `report.FORMATS` that can show its thing, and refuses the others."""

from __future__ import annotations

import shutil

import click
import pytest

from maskproof import report
from maskproof.cli import commands
from projects import HERO, MASK, MASKPROOF, ROOT, SPRING

MASKED = ("--mask", MASK, "--mask-mode", "white")
PART = ".git/part.json"
COMMANDS = {
    "check": (("check", "--all"), ("run",)),
    "merge-reports": (("merge-reports", PART), ("joined",)),
    "compare": (("compare", HERO, SPRING, *MASKED), ("image",)),
    "explain": (("explain", SPRING), ("explanation", "signals")),
    "explain, a plain file": (("explain", "plain.png"), ("explanation", "signals")),
    "approvals": (("approvals",), ("approvals",)),
    "find": (("find", "plain.png"), ("matches",)),
    "areas": (("areas", SPRING), ("areas",)),
    "status": (("status",), ("status",)),
    "inventory": (("inventory",), ("inventory",)),
    "stats": (("stats",), ("stats",)),
    "rank": (("rank", HERO, SPRING, "plain.png", *MASKED), ("ranking",)),
}
"""command lines, and what each may have to show"""
THINGS = set(report.Writer.__annotations__)
WIKI = '''"""A table for a comment."""

from maskproof.report.text import safe


def image(report, *, color=False):
    return f"| {safe(report.path)} | {report.verdict.value} |\\n"
'''


@pytest.fixture
def pictures(project):
    project.edit("drifted")
    project.stage()
    project.check("--all", "--shard", "1/1", "--format", "json", "--output", PART)
    project.write("plain.png", project.pictures.held)
    return project


def test_every_command_with_a_format_and_everything_that_is_shown_is_tried_here():
    having = {
        name
        for name, one in commands.commands.items()
        # calibrate's report is of layer setup, above the formats, and has writers of its own under the same option
        if any(isinstance(own, click.Option) and own.name == "writer" and "--format" in own.opts for own in one.params)
    }
    assert {name.partition(",")[0] for name in COMMANDS} == having
    assert {thing for _, things in COMMANDS.values() for thing in things} == THINGS


@pytest.mark.parametrize("style", report.FORMATS)
@pytest.mark.parametrize("name", COMMANDS)
def test_is_written_or_refused(pictures, name, style):
    arguments, things = COMMANDS[name]
    having = report.writers(*things)
    done = pictures.maskproof(*arguments, "--format", style)
    if style in having:
        assert done.returncode in {0, 1}, done.stderr
        assert done.stdout.endswith("\n")
    else:
        assert (done.returncode, done.stdout) == (2, "")
        assert all(other in done.stderr for other in having)


def test_a_new_format_is_a_module_and_a_row(pictures, tmp_path):
    package = tmp_path / "package" / "maskproof"
    shutil.copytree(ROOT / "hooks" / "maskproof", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "report" / "wiki.py").write_text(WIKI)
    table = package / "report" / "__init__.py"
    with_row = table.read_text().replace("sarif, text\n", "sarif, text, wiki\n")
    table.write_text(with_row.replace('    "json": json,\n', '    "json": json,\n    "wiki": wiki,\n'))

    def run(*arguments):
        return pictures.run(*MASKPROOF, *arguments, "--format", "wiki", ok=False, PYTHONPATH=str(package.parent))

    done = run(*COMMANDS["compare"][0])
    assert (done.returncode, done.stdout) == (1, f"| {SPRING} | block |\n")
    assert "wiki" in pictures.run(*MASKPROOF, "compare", "--help", PYTHONPATH=str(package.parent)).stdout
    for name in COMMANDS.keys() - {"compare"}:
        done = run(*COMMANDS[name][0])
        assert (done.returncode, done.stdout) == (2, "")
        assert "'wiki' is not one of 'text', 'json'" in done.stderr


def test_one_run_writes_several_reports(pictures, tmp_path):
    files = {name: tmp_path / f"report.{name}" for name in report.writers("run")}
    asked = [word for name, file in files.items() for word in ("--report", f"{name}={file}")]
    done = pictures.maskproof("check", *asked)
    assert done.returncode == 1
    assert done.stdout == pictures.maskproof("check").stdout
    for name, file in files.items():
        assert file.read_text() == pictures.maskproof("check", "--format", name).stdout


@pytest.mark.parametrize("given", ["sarif", "sarif=", "wiki=a", "=a", "sarif=no/such/folder", "json=a.txt"])
def test_a_report_that_cannot_be_is_refused(pictures, given):
    done = pictures.maskproof("check", "--report", given, "--report", "text=a.txt", "--output", "a.txt")
    assert (done.returncode, done.stdout) == (2, "")
    assert not (pictures.root / "a.txt").exists()
