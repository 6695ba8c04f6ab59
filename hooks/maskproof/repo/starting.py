"""How Git is started: by the system's own `posix_spawn` where there is one, else by `subprocess`.

A commit without images is asked about by a few commands of Git that take 2 ms each; loading `subprocess` takes 9 ms.
So whoever reads what Git prints, or asks it one thing after the other, does without. Complaints are not listened to:
Git would wait once they fill a pipe.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from typing import TypeAlias

    Process: TypeAlias = "Spawned | subprocess.Popen[bytes]"

SPAWNS = hasattr(os, "posix_spawnp")
"""can this system start a program without `subprocess`? Windows cannot"""
LOST = -1
"""how a process ended whose end somebody else took note of"""


def started(command: list[str], env: Mapping[str, str], *, asked: bool) -> Process:
    """A command under way, whose `stdout` is read and whose `stdin` is written to where it is `asked` things.

    Raises:
        OSError: there is no such program.
    """
    if SPAWNS:
        return Spawned(command, env, asked=asked)
    import subprocess

    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(command, env=env, stdin=pipe if asked else nothing, stdout=pipe, stderr=nothing)


def output(command: list[str], env: Mapping[str, str]) -> tuple[int | None, bytes]:
    """How a command ended, and all that it printed; raises OSError as `started` does."""
    process = started(command, env, asked=False)
    try:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        said = process.stdout.read()
        return process.wait(), said
    finally:
        end(process)


def end(process: Process) -> None:
    """End a command, whatever it is at."""
    process.kill()
    process.wait()
    for stream in filter(None, (process.stdin, process.stdout)):
        with suppress(OSError):  # what it was not told any more
            stream.close()


class Spawned:
    """A command under way, as `subprocess.Popen` shows it."""

    def __init__(self, command: list[str], env: Mapping[str, str], *, asked: bool) -> None:
        stdin, question = os.pipe() if asked else (os.open(os.devnull, os.O_RDONLY), None)
        answer, stdout = os.pipe()
        self.stdin: IO[bytes] | None = None if question is None else os.fdopen(question, "wb")
        self.stdout: IO[bytes] = os.fdopen(answer, "rb")
        self.returncode: int | None = None
        streams = [
            (os.POSIX_SPAWN_DUP2, stdin, 0),
            (os.POSIX_SPAWN_DUP2, stdout, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        try:
            # Python ignores that a pipe is closed; a program that inherited this would write on.
            self.pid = os.posix_spawnp(command[0], command, env, file_actions=streams, setsigdef=[signal.SIGPIPE])
        except OSError:
            for stream in filter(None, (self.stdin, self.stdout)):
                stream.close()
            raise
        finally:
            os.close(stdin)
            os.close(stdout)

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        return self._ended(os.WNOHANG)

    def wait(self) -> int | None:
        """The same, once it has ended."""
        return self._ended(0)

    def kill(self) -> None:
        """End it, where it runs."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _ended(self, how: int) -> int | None:
        if self.returncode is None:
            try:
                found, status = os.waitpid(self.pid, how)
            except ChildProcessError:
                self.returncode = LOST
            else:
                self.returncode = os.waitstatus_to_exitcode(status) if found else None
        return self.returncode
