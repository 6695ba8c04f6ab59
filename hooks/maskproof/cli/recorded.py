"""Every recorded picture as it stands, for the commands that go through them all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from maskproof.cli.base import in_ci, uses_cache
from maskproof.images import worker
from maskproof.parallel import processors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from maskproof.model import Recorded


def recorded(
    jobs: int | None, *, cached: bool | None, progress: Callable[[int, int], None] | None = None
) -> Iterator[Recorded]:
    """What a line says of each picture that has a record, in the order of their names.

    Args:
        jobs: Processes that share them; None: threads of this one.
        cached: Are kept verdicts used and kept? None: outside of CI, where nobody else can have written them.
        progress: Told after each picture how many of all are judged.

    Raises:
        PolicyError: the policy has mistakes.
    """
    from maskproof.gate.cache import Cache
    from maskproof.gate.check import in_processes
    from maskproof.gate.status import reports
    from maskproof.repo import Repository

    repository, foreign = Repository(Path.cwd()), in_ci(os.environ)
    cache = Cache(repository) if uses_cache(cached, foreign=foreign) else None
    if jobs in {None, 1}:
        worker.start(jobs or processors())
    run = None if jobs is None else in_processes(jobs)
    return (said for _, said in reports(repository, in_ci=foreign, run=run, cache=cache, progress=progress))
