"""`maskproof ui` as somebody starts it: a process of its own, and the address that it prints."""

from __future__ import annotations

import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from processes import MASKPROOF, PATIENCE, start
from projects import clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from projects import Scratch


@contextmanager
def served(scratch: Scratch, *arguments: str) -> Iterator[str]:
    """The address of a running server, which ends with an interrupt and leaves nothing to say."""
    command = [*MASKPROOF, "ui", "--no-open", *arguments]
    running = start(
        command, cwd=scratch.root, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        first, address, how = (running.stdout.readline().strip() for _ in range(3))
        assert urlsplit(address).hostname == "127.0.0.1", first
        assert how == "Ctrl-C ends it."
        yield address
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=PATIENCE)
        assert (running.returncode, said) == (0, "\nEnded.\n"), said
    finally:
        running.kill()
        running.communicate()
