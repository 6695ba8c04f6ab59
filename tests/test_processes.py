"""What the tests stand on: processes whose memory is their own, that interrupts reach, and that end as any other."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import processes
from processes import UNIT, Program, start
from projects import HERO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from projects import Project

TAKES = """
import os, sys
def main():
    taken = b"x" * int(float(sys.argv[1]) * 1e6)
    print(os.getcwd(), os.environ["WORD"], len(taken))
    sys.exit(3)
"""


@pytest.fixture(params=[True, False], ids=["copied", "started"])
def takes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """A program that takes as many MB as it is told, run in each of the ways."""
    if request.param and not processes.COPIES:
        pytest.skip("interpreters are not copied on this system")
    monkeypatch.setattr(processes, "COPIES", request.param)
    program = Program(TAKES)
    yield program
    program.end()


def test_folder_environment_outputs_and_status_are_those_of_the_run(takes: Program, tmp_path: Path) -> None:
    for word in ("a", "b"):
        (tmp_path / word).mkdir()
        ran = takes.run("0", cwd=tmp_path / word, env={"WORD": word})
        assert (ran.status, ran.stdout, ran.stderr) == (3, f"{tmp_path / word} {word} 0\n", "")
    failed = takes.run("no number", env={})
    assert (failed.status, failed.stdout) == (1, "")
    assert "ValueError" in failed.stderr


@pytest.mark.skipif(not processes.COPIES, reason="a process that is started afresh counts from nothing here")
def test_memory_is_that_of_the_run_and_not_of_the_tests_that_have_grown() -> None:
    grown = b"x" * 600_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT > len(grown)
    program = Program(TAKES)
    small, large, again = (program.run(size, env={"WORD": ""}).memory for size in ("0", "300", "0"))
    program.end()
    del grown
    assert small < 100
    assert again < 100
    assert 300 < large < 400


def test_an_interrupt_reaches_what_is_started_where_interrupts_are_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        # Started without care, it would sleep on: the child would ignore what its parent ignores.
        command = [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"]
        with start(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
            assert running.stdout is not None
            running.stdout.readline()
            running.send_signal(signal.SIGINT)
        assert running.returncode == -signal.SIGINT
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_copy_of_maskproof_says_and_ends_as_one_that_is_started(project: Project) -> None:
    project.edit("drifted")
    project.stage()
    for arguments in (["check"], ["check", "--format", "json"], ["compare", HERO, "none.png"], ["--version"], ["chek"]):
        copied = project.maskproof(*arguments)
        started = project.maskproof(*arguments, PATH=os.environ["PATH"])
        assert vars(copied) == vars(started)
