"""Settings of a clone that somebody else prepared: they start no program, and show no other objects than there are."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from projects import HERO, ROOT, SPRING, clean_environment

PROGRAMS = {
    "core.fsmonitor": "",
    "core.pager": "",
    "core.hooksPath": "",
    "diff.external": "",
    "gpg.program": "",
    "filter.x.clean": "*.png filter=x\n",
    "filter.x.smudge": "*.png filter=x\n",
    "filter.x.process": "*.png filter=x\n",
    "diff.x.textconv": "*.png diff=x\n",
    "diff.x.command": "*.png diff=x\n",
    "merge.x.driver": "*.png merge=x\n",
}
"""settings that name a program, and the attributes that ask for it"""


@pytest.mark.parametrize("key", PROGRAMS)
@pytest.mark.threat("T22")
def test_no_program_of_the_configuration_is_started(project, key):
    project.edit("held")
    project.write(".gitattributes", PROGRAMS[key])
    project.commit("Edit")
    marker, trap = project.root.parent / "started", project.root.parent / "trap.sh"
    trap.write_text(f'#!/bin/sh\necho run >> "{marker}"\nexit 1\n')
    trap.chmod(0o755)
    project.git("config", key, str(trap))
    project.git("config", "log.showSignature", "true")
    os.utime(project.root / HERO)
    project.edit("held_again")
    project.run("git", "-c", f"{key}=", "-c", "core.fsmonitor=false", "add", SPRING, f"{SPRING}.maskproof.json")
    marker.unlink(missing_ok=True)
    for asked in (["--staged"], ["--all"], ["--from-ref", "HEAD~1", "--to-ref", "HEAD"], [HERO]):
        project.check(*asked)
    assert not marker.exists()


@pytest.mark.threat("T23")
def test_a_replaced_object_is_read_as_it_is(project):
    project.edit("held")
    project.commit("Held")
    project.edit("drifted")
    project.commit("Drifted")
    project.git("replace", *(project.git("rev-parse", f"{at}:{SPRING}").stdout.strip() for at in ("HEAD", "HEAD~1")))
    assert project.check("--from-ref", "HEAD~1", "--to-ref", "HEAD").status == 1


def test_a_replaced_commit_is_no_other_base(project):
    project.edit("held")
    project.commit("Held")
    base = project.git("rev-parse", "HEAD").stdout.strip()
    project.edit("drifted")
    project.commit("Drifted")
    project.git("replace", base, "HEAD")
    assert project.check("--from-ref", base, "--to-ref", "HEAD").status == 1


@pytest.mark.threat("T23")
def test_grafts_make_no_other_base(project):
    project.git("checkout", "-q", "-b", "change")
    project.edit("drifted")
    project.commit("Drifted")
    project.git("checkout", "-q", "-")
    project.git("merge", "-q", "--no-ff", "--no-verify", "-m", "Merge", "change")
    merge, second = (project.git("rev-parse", at).stdout.strip() for at in ("HEAD", "HEAD^2"))
    grafts = project.root / ".git" / "info" / "grafts"
    grafts.parent.mkdir(exist_ok=True)
    grafts.write_text(f"{merge} {second}\n")
    assert project.check("--from-ref", "HEAD^1", "--to-ref", "HEAD").status == 1


@pytest.mark.parametrize("module", ["json", "click", "PIL/__init__", "numpy/__init__", "msgspec/__init__"])
@pytest.mark.threat("T39")
def test_the_module_imports_nothing_from_the_repository(project, module):
    project.edit("drifted")
    project.write(f"{module}.py", "import sys\nprint('run from the head')\nsys.exit(0)\n")
    project.stage()
    done = subprocess.run(
        [sys.executable, "-m", "maskproof", "check"],
        cwd=project.root,
        env=clean_environment() | {"PYTHONPATH": str(ROOT / "hooks")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "run from the head" not in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize("how", ["changed", "gone", "linked", "as it is", "other line ends"])
def test_what_is_not_staged_is_told_without_git_looking_at_the_file(project, how):
    project.edit("held")
    project.commit("Edit")
    project.edit("held_again")
    project.stage()
    file = project.root / SPRING
    if how == "changed":
        file.write_bytes(project.pictures.drifted)
    elif how == "gone":
        file.unlink()
    elif how == "linked":
        file.rename(file.with_suffix(".moved"))
        file.symlink_to(file.with_suffix(".moved").name)
    elif how == "other line ends":
        record = project.root / f"{SPRING}.maskproof.json"
        record.write_bytes(record.read_bytes().replace(b"\n", b"\r\n"))
    told = "was judged as staged" in project.check().text
    assert told == (how in {"changed", "gone", "linked"})
