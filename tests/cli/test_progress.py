"""How far a command is, and how much it says: `--quiet`, `--verbose`, and the line that counts on a terminal."""

from __future__ import annotations

import io
from contextlib import redirect_stderr

import pytest

from maskproof.cli import base
from projects import SPRING


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class LostError(Exception):
    pass


class Clock:
    """A timer that rings when it is told to, in the place of the one that waits."""

    def __init__(self, _seconds, ring):
        self.ring, self.cancelled = ring, False
        Clock.last = self

    def start(self):
        pass

    def cancel(self):
        self.cancelled = True


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr("threading.Timer", Clock)
    return Clock


def test_a_run_of_over_a_second_is_counted_and_the_line_taken_away(clock):
    with redirect_stderr(Terminal()) as terminal, base.counting("images judged") as count:
        count(1, 3)
        assert terminal.getvalue() == ""
        clock.last.ring()
        count(2, 3)
    assert terminal.getvalue() == "\r\x1b[K1 of 3 images judged\r\x1b[K2 of 3 images judged\r\x1b[K"
    assert clock.last.cancelled


def test_a_shorter_one_is_not(clock):
    with redirect_stderr(Terminal()) as terminal, base.counting("images judged") as count:
        count(1, 1)
    assert (terminal.getvalue(), clock.last.cancelled) == ("", True)


def test_the_line_goes_when_the_run_fails_too(clock):
    def run():
        with base.counting("images judged"):
            clock.last.ring()
            raise LostError

    with redirect_stderr(Terminal()) as terminal, pytest.raises(LostError):
        run()
    assert terminal.getvalue() == "\r\x1b[Kimages judged ...\r\x1b[K"


@pytest.mark.parametrize("quiet", [True, False])
def test_nobody_is_told_who_sees_nothing(clock, quiet):
    clock.last = None
    errors = redirect_stderr(Terminal() if quiet else io.StringIO())
    with errors as shown, base.counting("images judged", quiet=quiet) as count:
        count(1, 1)
    assert (clock.last, shown.getvalue()) == (None, "")


@pytest.mark.parametrize(
    ("command", "what"), [(("view", "--no-open"), "images judged"), (("gallery", "out"), "pictures judged")]
)
@pytest.mark.parametrize("lasts", [True, False])
def test_what_shows_pictures_counts_as_the_check_does(project, clock, monkeypatch, command, what, lasts):
    monkeypatch.chdir(project.root)
    monkeypatch.setattr(clock, "start", lambda timer: timer.ring() if lasts else None)
    project.edit("held")
    project.edit("drifted", "assets/autumn.png")
    project.stage()
    with redirect_stderr(Terminal()) as terminal:
        base.commands.main(list(command), standalone_mode=False)
    line = "".join(f"\r\x1b[K{said}{what}{end}" for said, end in (("", " ..."), ("1 of 2 ", ""), ("2 of 2 ", "")))
    assert terminal.getvalue() == (f"{line}\r\x1b[K" if lasts else "")


@pytest.mark.parametrize("verdict", ["held", "drifted"])
def test_quiet_says_nothing_of_what_passes_and_all_of_what_does_not(project, tmp_path, verdict):
    project.edit(verdict)
    project.stage()
    plain, quiet = project.maskproof("check"), project.maskproof("check", "--quiet")
    assert quiet.returncode == plain.returncode
    assert quiet.stdout == ("" if verdict == "held" else plain.stdout)
    filed = project.maskproof("check", "--quiet", "--output", str(tmp_path / "report.txt"))
    assert bool(filed.stdout) == (verdict == "drifted")
    assert (tmp_path / "report.txt").read_text() == plain.stdout
    as_json = project.maskproof("check", "--quiet", "--format", "json")
    assert as_json.stdout == project.maskproof("check", "--format", "json").stdout


def test_verbose_names_what_passes(project):
    project.edit("held")
    project.stage()
    plain, verbose = project.maskproof("check"), project.maskproof("check", "--verbose")
    assert SPRING not in plain.stdout
    first, rest = verbose.stdout.split("\n", 1)
    assert first.startswith(f"{SPRING}: passes  (drift ")
    assert rest == plain.stdout


def test_both_are_refused(scratch):
    done = scratch.maskproof("check", "--quiet", "--verbose")
    assert (done.returncode, done.stdout) == (2, "")
