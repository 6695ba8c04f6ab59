"""One commit, one report: where several hooks of one commit call the check, the first that finds something tells it.

In a monorepo each workspace may have a hook runner of its own, and all of them run for one `git commit`. Each call
judges, and ends with its own status; what another call of the same commit printed already, to the letter, is not
printed again. Which commit it is, is told by the process of Git that all of them descend from; where the system does
not say that (Windows), each call speaks.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from maskproof.repo.change import is_hook
from maskproof.repo.running import running_commit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FILE = "maskproof-told"
"""under the Git directory of the working tree: what was printed last, and in which commit"""


def told_before(pieces: Iterable[str], git_directory: Path, environment: Mapping[str, str]) -> bool:
    """Did another call within the same commit print this text? If not, it is kept for the calls that follow."""
    commit = running_commit() if is_hook(environment) else ""
    if not commit:
        return False
    digest = hashlib.sha256(f"{commit}\0".encode())
    for piece in pieces:
        digest.update(piece.encode("utf-8", "surrogateescape"))
    told = digest.hexdigest()
    file = git_directory / FILE
    with suppress(OSError, ValueError):
        if file.read_text("ascii") == told:
            return True
    with suppress(OSError):
        file.write_text(told, "ascii")
    return False
