"""The check does not run from the change: of its files only Git objects are read, and nothing of them is executed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from projects import ROOT, SPRING, clean_environment

WATCHED = """
import os, sys
told = os.open(os.environ["TOLD"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def note(event, arguments):
    if event in {"open", "os.listdir", "os.scandir", "exec", "import", "subprocess.Popen", "os.exec", "os.posix_spawn"}:
        if event == "exec":
            arguments = (getattr(arguments[0], "co_filename", ""),)
        if event == "import":
            arguments = arguments[1:2]
        os.write(told, f"{event}\\t{arguments[0]}\\n".encode("utf-8", "surrogateescape"))
sys.addaudithook(note)
del sys.path[:1]
from maskproof.hook import main
main()
"""
"""maskproof, with every file that Python opens and every program that it starts noted"""
TRAP = "import pathlib\npathlib.Path({marker!r}).touch()\n"
TRAPS = (
    *(f"{one}.py" for one in ("json", "click", "sitecustomize", "usercustomize", "conftest", "maskproof", "tomllib")),
    *(f"{one}/__init__.py" for one in ("PIL", "numpy", "msgspec", "git", "maskproof")),
    "setup.py",
    ".git_hooks/post-checkout",
)


@pytest.mark.parametrize("where", ["on the base", "without a working tree"])
@pytest.mark.threat("T38")
def test_of_the_head_nothing_but_objects_is_read(project, where):
    project.branch_off()
    project.edit("drifted")
    marker = project.root.parent / "executed"
    for name in TRAPS:
        project.write(name, TRAP.format(marker=str(marker)))
    project.write("pyproject.toml", "[tool.maskproof]\nversion = 1\n[build-system]\nrequires = []\n")
    project.write(".gitattributes", "*.png filter=x diff=x\n")
    project.write(".pre-commit-config.yaml", "repos: []\n")
    project.commit("Everything that may run")
    project.git("checkout", "-q", "main")
    project.git("checkout", "-q", "--detach")
    project.git("merge", "-q", "--no-ff", "--no-verify", "-m", "Merge", "pr")
    project.git("update-ref", "refs/pull/1/merge", "HEAD")
    project.git("checkout", "-q", "main")
    job = project.root.parent / "job"
    project.git("clone", "-q", *(() if where == "on the base" else ("--bare",)), f"file://{project.root}", str(job))
    project.at(job).git("fetch", "-q", "origin", "+refs/pull/1/merge:refs/pull/1/merge")
    before = sorted(job.rglob("*")) if where == "on the base" else []
    told = project.root.parent / "told"
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, "check", "--from-ref", "refs/pull/1/merge^1", "--to-ref", "refs/pull/1/merge"],
        cwd=job,
        env=clean_environment() | {"PYTHONPATH": str(ROOT / "hooks"), "TOLD": str(told)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{SPRING}: BLOCKED" in done.stdout
    assert not marker.exists()
    events = [line.split("\t", 1) for line in told.read_text(errors="surrogateescape").splitlines() if "\t" in line]
    assert len(events) > 100
    store = job / ".git" if where == "on the base" else job
    names = {name for event, name in events if event not in {"import", "subprocess.Popen"}}
    files = {os.path.join(job, name) for name in names if not name.isdigit() and not name.startswith("<")}  # noqa: PTH118
    assert not [
        one
        for one in files
        if one.startswith(f"{job}{os.sep}") and not one.startswith(str(store)) and Path(one).exists()
    ]
    # The worker that decodes is this Python, told by its own command line what to run.
    assert {name for event, name in events if event == "subprocess.Popen"} <= {"git", sys.executable}
    assert [one for one in sorted(job.rglob("*")) if one not in before and store not in one.parents] == [] or not before
