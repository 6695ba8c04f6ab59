"""Which run of Git this process belongs to: hooks of one commit have it in common, whoever started them."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path

MAX_ANCESTORS = 32
"""processes between Git and the hook that are looked at; npm, a shell and a runner make some ten"""
PS = ("ps", "-o", "ppid=,lstart=,comm=", "-p")
"""asks for a process where there is no /proc (macOS)"""


def running_commit() -> str:
    """The process of Git that this one descends from, by its number and its start; empty where the system says none."""
    process = os.getppid() if os.name == "posix" else 0
    for _ in range(MAX_ANCESTORS):
        if process <= 1:
            break
        parent, name, start = _known(process)
        if name == "git":
            return f"{process} {start}"
        process = parent
    return ""


def _known(process: int) -> tuple[int, str, str]:
    """Parent, name and start of a process; zero and nothing where the system does not say."""
    with suppress(OSError, ValueError, subprocess.SubprocessError):
        if Path("/proc/self/stat").exists():
            head, _, rest = Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")
            fields = rest.split()
            return int(fields[1]), head.partition("(")[2], fields[19]
        said = subprocess.run([*PS, str(process)], capture_output=True, text=True, timeout=5, check=True).stdout
        parent, *start, name = said.split(None, 6)
        return int(parent), Path(name.strip()).name, " ".join(start)
    return 0, "", ""
