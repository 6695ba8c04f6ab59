"""Many edits from one list: what is made already is left alone, a few answers are waited for at a time.

Only the waiting is done side by side. Decoding, ranking and writing stay in one thread, one job after another, as each
takes all of a processor and hundreds of MB, and strict decoding is not safe in several threads (`workers`).

An interrupt does not throw away what is paid for: no further job is sent, answers that are under way are waited for and
their edits written. A second one leaves them.
"""

from __future__ import annotations

import queue
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from maskproof import edit
from maskproof.edit import inputs, jobs
from maskproof.edit.api import client as connection
from maskproof.edit.api import images, models
from maskproof.errors import JobsError, MaskproofError, UsageError
from maskproof.report.text import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from maskproof.edit import Made
    from maskproof.edit.api.client import Client
    from maskproof.edit.api.images import Answer, Asked
    from maskproof.edit.inputs import Ground, Wishes
    from maskproof.edit.jobs import Job
    from maskproof.repo import Repository

WORKERS = 2
"""answers that are waited for at a time unless asked for more; the account's rate limit is the other bound"""


@dataclass(frozen=True, slots=True)
class Batch:
    """A list of jobs, ready to be run."""

    repository: Repository
    client: Client
    todo: tuple[Job, ...]
    done: tuple[Job, ...]
    """made by an earlier run"""
    wishes: Wishes


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one job: an edit, or the reason why there is none."""

    job: Job
    made: Made | None = None
    error: MaskproofError | None = None


@dataclass(slots=True)
class Stop:
    """Whether an interrupt asked to stop; the one thing here that a signal changes."""

    asked: bool = False
    under_way: int = field(default=0)


def opened(repository: Repository, client: Client, listed: tuple[Job, ...], name: str, wishes: Wishes) -> Batch:
    """The jobs that are still to be made, once nothing stands in the way of any.

    Args:
        repository: Where everything lies.
        client: The connection.
        listed: All jobs.
        name: How messages call the list.
        wishes: What holds for every job.

    Raises:
        JobsError: with what is wrong with each job that could not be sent.
    """
    todo, finished, problems = [], [], []
    for number, job in enumerate(listed):
        try:
            sources = inputs.sources(job)
            out = repository.path_of(job.target)
            if jobs.done(repository.root / out, out, jobs.digest(job, sources)):
                finished.append(job)
                continue
            inputs.spared(repository, job, force=wishes.force)
            connection.accept(client, models.known(job.model))
            todo.append(job)
        except UsageError as error:
            problems.append(f"jobs[{number}]: {error.reason}")
    if problems:
        raise JobsError(name, tuple(problems))
    return Batch(repository, client, tuple(todo), tuple(finished), wishes)


def run(batch: Batch, at_a_time: int, progress: Callable[[str], None]) -> Iterator[Ended]:
    """Make what is to be made, in the order in which the answers come.

    Args:
        batch: The jobs.
        at_a_time: Answers that are waited for side by side.
        progress: Told in words how far it is, from any thread.

    Yields:
        What became of each job. After an interrupt the iteration ends early.
    """
    left = iter(batch.todo)
    arrived: queue.SimpleQueue[tuple[Ground, Asked, Any]] = queue.SimpleQueue()
    with _patient(progress) as stop:
        while True:
            while stop.under_way < at_a_time and not stop.asked and (job := next(left, None)) is not None:
                if (failed := _sent(batch, job, arrived, progress)) is not None:
                    yield failed
                else:
                    stop.under_way += 1
            if not stop.under_way:
                return
            yield _finished(batch, *arrived.get())
            stop.under_way -= 1


def _sent(batch: Batch, job: Job, arrived: Any, progress: Callable[[str], None]) -> Ended | None:
    """Send one job and wait for its answer in a thread; what keeps it from being sent comes back at once."""
    try:
        model = models.known(job.model)
        base = inputs.gathered(batch.repository, job, model, batch.wishes)
        asked = edit.request(base, model)
    except MaskproofError as error:
        return Ended(job, error=error)

    def wait() -> None:
        outcome: Answer | BaseException
        try:
            outcome = images.edited(batch.client, asked, lambda text: progress(f"{base.out}: {text}"))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for it, and raised there
            outcome = error
        arrived.put((base, asked, outcome))

    # A daemon, so that a second interrupt can leave it behind.
    threading.Thread(target=wait, daemon=True).start()
    return None


def _finished(batch: Batch, base: Ground, asked: Asked, outcome: Answer | BaseException) -> Ended:
    try:
        if isinstance(outcome, BaseException):
            raise outcome
        return Ended(base.job, edit.finish(batch.repository, base, asked, outcome, connection.host(batch.client)))
    except MaskproofError as error:
        return Ended(base.job, error=error)


@contextmanager
def _patient(progress: Callable[[str], None]) -> Iterator[Stop]:
    """The first interrupt asks to stop, the second one is an interrupt as always."""
    stop = Stop()

    def asked(number: int, frame: Any) -> None:
        if stop.asked:
            signal.default_int_handler(number, frame)
        stop.asked = True
        if stop.under_way:
            progress(
                f"stopping after {counted(stop.under_way, 'answer')} under way, which may be "
                f"paid for already; press Ctrl-C again to leave at once"
            )

    before = signal.signal(signal.SIGINT, asked)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
