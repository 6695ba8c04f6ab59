"""Comparisons side by side: the same function over many tasks, as many at once as the machine and memory allow.

Threads where one process reads and measures all: decoders run in workers of their own, and NumPy lets others run
meanwhile. Processes where each task has its own reader.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from maskproof.errors import UsageError
from maskproof.images import worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor, Future, ProcessPoolExecutor

WORKERS = 2
"""comparisons at a time unless asked for more: each may take some hundred MB"""

AHEAD = 4
"""tasks for each process that are handed out before the first of them is done, so that none waits for a slow one"""

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


def outcomes(function: Callable[[Task], Outcome], tasks: Iterable[Task], workers: int) -> Iterator[Outcome]:
    """What came of each task, in the order of the tasks, however many processes share them; each is asked for in time.

    Args:
        function: Of a module's top level, so that another process finds it by name.
        tasks: What it is called with, one by one; tasks and outcomes travel between processes.
        workers: Processes; 1: this one.

    Raises:
        UsageError: a process was ended from outside.
    """
    if workers == 1:
        yield from map(function, tasks)
        return
    with processes(workers, "compared", "Memory may be short: try --jobs 1.") as pool:
        yield from in_order(pool, function, ((task, 1) for task in tasks), AHEAD * workers, AHEAD * workers)


def side_by_side(
    function: Callable[[Task], Outcome], tasks: Iterable[Task], weigh: Callable[[Task], int], threads: int, room: int
) -> Iterator[Outcome]:
    """What came of each task, in the order of the tasks, which threads of this process share.

    A task is taken up, and the next one asked for, only when what is in work leaves room for it.

    Args:
        function: What is called with each.
        tasks: In turn; they are made while others are worked on.
        weigh: What a task takes while it is in work.
        threads: How many at once.
        room: What all together may take; a task that takes more is worked on alone.
    """
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(threads)
    try:
        yield from in_order(pool, function, ((task, weigh(task)) for task in tasks), threads - 1, room)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def in_order(
    pool: Executor, function: Callable[[Task], Outcome], weighed: Iterable[tuple[Task, int]], most: int, room: int
) -> Iterator[Outcome]:
    """What came of each task, in their order: at most so many wait behind the one that is told next."""
    waiting: deque[tuple[Future[Outcome], int]] = deque()
    held = 0
    for task, weight in weighed:
        while waiting and (len(waiting) > most or held + weight > room):
            done, freed = waiting.popleft()
            yield done.result()
            held -= freed
        waiting.append((pool.submit(function, task), weight))
        held += weight
    while waiting:
        yield waiting.popleft()[0].result()


@contextlib.contextmanager
def processes(workers: int, what: str, advice: str) -> Iterator[ProcessPoolExecutor]:
    """A pool of processes, ended with the block.

    Args:
        workers: How many.
        what: What they did with pictures, for a message.
        advice: What to do where one of them was ended.

    Raises:
        UsageError: a process was ended from outside.
    """
    from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
    from multiprocessing import get_context

    # Started anew instead of forked: a fork of a process with threads may hang, and it is the same on every system.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin)
    try:
        yield pool
    except BrokenProcessPool as error:
        raise UsageError(f"a process that {what} pictures was ended from outside", advice) from error
    finally:
        pool.shutdown(cancel_futures=True)


def count(jobs: int | None, tasks: int) -> int:
    """How many processes to use: as many as asked for, else as there are free processors, at most `WORKERS`."""
    return max(1, min(min(processors(), WORKERS) if jobs is None else jobs, tasks))


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begin() -> None:
    """Ctrl-C reaches every process of a terminal, and only the first one answers it. What follows decodes pictures."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # what the system refuses is told of the picture that wants it
        worker.start()
