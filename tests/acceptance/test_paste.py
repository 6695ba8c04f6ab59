"""Paste works: what a message offers runs as it stands, in the folder and the shell of whoever reads it."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from maskproof.cli import commands
from maskproof.cli.examples import EXAMPLES
from maskproof.policy.rules import RULES
from maskproof.report.folder import pasted
from projects import HERO, MASK, MASKPROOF, ROOT, SPRING, Outcome, clean_environment

pytestmark = pytest.mark.acceptance

PREK = shutil.which("prek") or shutil.which("prek", path=str(Path(sys.executable).parent))


def offered(text):
    """The commands in what was printed."""
    return re.findall(r"`((?:maskproof|git) [^`]+)`", text)


@pytest.mark.parametrize("how", ["check", "commit", "a hook of the project's own"])
def test_commands_are_right_in_the_folder_that_the_shell_stands_in(project, how):
    inside = project.root / "assets"
    project.edit("drifted")
    project.stage()
    if how.startswith("a hook"):
        hook = project.write(".git/hooks/pre-commit", f"#!/bin/sh\n{shlex.join([*MASKPROOF, 'check', '--staged'])}\n")
        hook.chmod(0o755)
    done = (
        project.check(cwd=inside)
        if how == "check"
        else Outcome.of(project.run("git", "commit", "-m", "x", ok=False, cwd=inside))
    )
    found = offered(done.text)
    assert found == [
        "maskproof view spring.png",
        "maskproof restore spring.png",
        "maskproof approve spring.png --reason WHY",
    ]
    for one in found:
        assert project.run(*MASKPROOF, *shlex.split(one)[1:], cwd=inside).returncode == 0


def test_what_was_written_is_staged_by_the_printed_command(project):
    inside = project.root / "assets"
    project.edit("drifted")
    project.write("assets/brand.maskproof.toml", "version = 1\n")
    project.stage(SPRING, f"{SPRING}.maskproof.json")
    for command in (("approve", "spring.png", "--reason", "WHY"), ("preset", "brand.maskproof.toml")):
        done = project.run(*MASKPROOF, *command, cwd=inside)
        (line,) = [one for one in offered(done.stdout) if one.startswith("git add")]
        project.run(*shlex.split(line), cwd=inside)
    staged = project.git("diff", "--cached", "--name-only").stdout.split()
    assert {"maskproof.toml", "assets/brand.maskproof.toml"} <= set(staged)
    assert any(one.startswith(".maskproof/approvals/spring-png-") for one in staged)


def test_what_was_forgotten_is_staged_by_the_printed_command(project):
    inside = project.root / "assets"
    project.write("maskproof.toml", "version = 1\n")
    project.edit("held")
    project.stage(SPRING)
    for path in ("maskproof.toml", f"{SPRING}.maskproof.json"):
        (found,) = offered(project.check(cwd=inside).text)
        project.run(*shlex.split(found), cwd=inside)
        assert path in project.git("diff", "--cached", "--name-only").stdout.split()
    assert project.check(cwd=inside).status == 0


def test_record_proposes_and_names_files_from_there(project):
    inside = project.root / "assets"
    project.write(SPRING, project.pictures.held)
    done = project.run(*MASKPROOF, "record", "spring.png", ok=False, cwd=inside)
    (found,) = [one for one in offered(done.stderr) if "--original" in one]
    assert f"--original {Path(HERO).name} --mask {Path(MASK).name}" in found
    done = project.run(*MASKPROOF, *shlex.split(found.replace("MODE", "white"))[1:], cwd=inside)
    assert offered(done.stdout) == ["git add spring.png.maskproof.json"]


@pytest.mark.parametrize(
    ("text", "prefix", "windows", "said"),
    [
        ("`git add a/b.png`", "a/", False, "`git add b.png`"),
        ("`git add b.png`", "a/c/", False, "`git add ../../b.png`"),
        ("`git add 'a/b c.png'`", "a/", False, "`git add 'b c.png'`"),
        ("`git add 'a/b c.png'`", "", True, '`git add "a/b c.png"`'),
        ("`cp a.png b.png && git add b.png`", "x/", False, "`cp ../a.png ../b.png && git add ../b.png`"),
        ("`git lfs pull --include=a/b.png`", "a/", False, "`git lfs pull --include=a/b.png`"),
        ("`maskproof record a/b.png --mask MASK`", "a/", False, "`maskproof record b.png --mask MASK`"),
        (
            "`maskproof record a/b.psd a/c --original a/d.bak --provider a/b`",
            "a/",
            False,
            "`maskproof record b.psd c --original d.bak --provider a/b`",
        ),
        ("`git checkout a/b -- a/c && git mv a/c a/d`", "a/", False, "`git checkout a/b -- c && git mv c d`"),
        ("`git add --renormalize .`", "a/", False, "`git add --renormalize ..`"),
        ("`maskproof explain IMAGE`", "a/", False, "`maskproof explain IMAGE`"),
        (
            "`mkdir -p .maskproof/r/a && cp x y`",
            "a/",
            False,
            "`mkdir -p ../.maskproof/r/a && cp ../x ../y`",
        ),
        ("`git lfs fetch origin a/b`", "a/", False, "`git lfs fetch origin a/b`"),
        ("a/b.png and `*.png -text`", "a/", False, "a/b.png and `*.png -text`"),
        ("`git add 'a`", "a/", False, "`git add 'a`"),
    ],
)
def test_only_paths_in_commands_are_turned(text, prefix, windows, said):
    assert pasted(text, prefix, windows=windows) == said


@pytest.mark.parametrize("name", commands.commands)
def test_each_help_ends_with_lines_that_the_command_takes(name):
    command = commands.commands[name]
    assert EXAMPLES[name]
    for line in EXAMPLES[name]:
        program, called, *arguments = shlex.split(line)
        assert (program, called) == ("maskproof", name)
        command.make_context(name, arguments, resilient_parsing=False)
    with click.Context(command, info_name=name) as context:
        assert EXAMPLES[name][0] in command.get_help(context)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_explained_in_the_terminal(project, rule):
    done = project.maskproof("rules", rule)
    assert done.returncode == 0
    assert RULES[rule].title in done.stdout
    assert "## What to do" in done.stdout
    assert "](" not in done.stdout


def test_the_rules_are_listed_and_a_wrong_name_is_helped(project):
    listed = project.maskproof("rules").stdout
    assert all(rule in listed for rule in RULES)
    done = project.maskproof("rules", "seem")
    assert (done.returncode, "Did you mean 'seam'?" in done.stderr) == (2, True)


@pytest.mark.skipif(PREK is None, reason="prek is not installed")
@pytest.mark.parametrize(("verdict", "status"), [("held", 0), ("drifted", 1)])
def test_prek_runs_the_hook_as_it_ships(project, verdict, status):
    project.edit(verdict)
    project.stage()
    project.run(PREK, "install", "-f", PREK_HOME=str(project.cache))
    outcome = Outcome.of(project.git("commit", "-m", "x", ok=False, PREK_HOME=str(project.cache)))
    assert outcome.status == status
    assert f"  maskproof: 1 image looked at, 1 compared, {status} blocked, 0 not judged." in outcome.text  # it indents


@pytest.mark.skipif(PREK is None, reason="prek is not installed")
def test_under_prek_too_a_commit_without_images_says_nothing(project):
    project.run(PREK, "install", "-f", PREK_HOME=str(project.cache))
    project.write("README.md", "Changed\n")
    outcome = Outcome.of(project.git("commit", "-am", "x", ok=False, PREK_HOME=str(project.cache)))
    assert (outcome.status, "maskproof: " in outcome.text) == (0, False), outcome.text


def test_another_runner_calls_the_command_of_the_page(project):
    (project.root / ".git/hooks/pre-commit").write_text(f"#!/bin/sh\n{shlex.join(MASKPROOF)} check --staged\n")
    for verdict, status in (("drifted", 1), ("held", 0)):
        project.edit(verdict)
        project.stage()
        assert project.try_commit().status == status


AS_INSTALLED = "import sys; sys.argv[0] = 'maskproof'; from maskproof.hook import main; main()"


@pytest.mark.skipif(os.name != "posix", reason="Windows does not say which commit a hook belongs to")
def test_two_workspaces_that_call_it_for_one_commit_speak_once(project):
    call = f"{shlex.join([*MASKPROOF, 'check', '--staged'])} || failed=1"
    hook = f"#!/bin/sh\n(cd assets && sh -c {shlex.quote(call + '; exit $failed')}); {call}\nexit $failed\n"
    project.write(".git/hooks/pre-commit", hook).chmod(0o755)
    project.write("README", "no picture\n")
    project.stage()
    assert project.try_commit().text.count("maskproof") == 0
    project.edit("drifted")
    project.stage()
    for _ in range(2):  # another attempt is another commit, and is told all of it
        outcome = project.try_commit()
        assert outcome.status == 1
        assert outcome.text.count("BLOCKED") == 1
        assert outcome.text.count("not judged, as told above.") == 1
        assert outcome.counts == [(1, 1, 1, 0)]
    project.edit("held")
    project.stage()
    assert project.try_commit().status == 0


@pytest.mark.parametrize(("shell", "start"), [("bash", "complete"), ("zsh", "#compdef"), ("fish", "function")])
def test_a_shell_completes_commands_as_the_page_says(project, shell, start):
    assert f"{shell}_source" in (ROOT / "docs" / "runners.md").read_text()
    made = project.run(sys.executable, "-c", AS_INSTALLED, _MASKPROOF_COMPLETE=f"{shell}_source")
    assert start in made.stdout
    asked = {"_MASKPROOF_COMPLETE": f"{shell}_complete", "COMP_WORDS": "maskproof ar"}
    asked["COMP_CWORD"] = "ar" if shell == "fish" else "1"
    found = project.run(sys.executable, "-c", AS_INSTALLED, "ar", **asked)
    assert "areas" in found.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.parametrize(("columns", "widest"), [(72, 72), (20, 60), (300, 110)])
def test_lines_are_as_wide_as_the_terminal_within_bounds(project, columns, widest):
    import os
    import pty

    project.edit("drifted")
    project.stage()
    ours, theirs = pty.openpty()
    env = {**clean_environment(), "COLUMNS": str(columns)}
    subprocess.run([*MASKPROOF, "check"], cwd=project.root, env=env, stdout=theirs, check=False)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # which the end of a terminal is
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    assert widest - 15 <= longest(shown.decode()) <= widest
    assert 95 <= longest(project.check(COLUMNS=str(columns)).text) <= 110


def longest(text):
    """The length of the longest line of findings and advice, which are what is broken."""
    return max(len(line) for line in text.splitlines() if line.startswith("  "))
