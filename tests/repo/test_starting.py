"""How Git is started: the same with `posix_spawn` as with `subprocess`."""

from __future__ import annotations

import os
import sys

import pytest

from maskproof.repo import starting

SPAWNS = [pytest.param(True, marks=pytest.mark.skipif(not starting.SPAWNS, reason="no posix_spawn here")), False]


@pytest.fixture(params=SPAWNS, ids=lambda spawns: "posix_spawn" if spawns else "subprocess")
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "SPAWNS", request.param)


@pytest.mark.usefixtures("_way")
class TestBothWays:
    def output(self, code: str, **env: str) -> tuple[int | None, bytes]:
        return starting.output([sys.executable, "-c", code], {**os.environ, **env})

    def test_what_it_printed_and_how_it_ended(self) -> None:
        code = "import os, sys; print(os.environ['TOLD'], sys.stdin.read()); sys.exit(3)"
        status, printed = self.output(code, TOLD="this")
        assert (status, printed.split()) == (3, [b"this"])

    def test_more_than_a_pipe_holds_and_complaints_that_nobody_reads(self) -> None:
        status, printed = self.output("import sys; print('x' * 10**6, file=sys.stderr); print('y' * 10**6)")
        assert (status, len(printed.strip())) == (0, 10**6)

    def test_a_program_that_is_not_there(self) -> None:
        with pytest.raises(FileNotFoundError):
            starting.output(["no-such-program"], dict(os.environ))

    def test_a_conversation_is_ended_at_any_time(self) -> None:
        code = "import sys\nfor line in sys.stdin: print(line.upper(), end='', flush=True)"
        process = starting.started([sys.executable, "-c", code], dict(os.environ), asked=True)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"one\n")
        process.stdin.flush()
        assert process.stdout.readline().strip() == b"ONE"
        assert process.poll() is None
        process.stdin.write(b"never asked")
        starting.end(process)
        assert process.poll() not in {None, 0}

    @pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
    def test_a_program_whose_reader_is_gone_ends(self) -> None:
        process = starting.started(["yes"], dict(os.environ), asked=False)
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait() == -13
