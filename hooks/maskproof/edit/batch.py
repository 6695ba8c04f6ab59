"""Many edits from one list: what is made already is left alone, a few answers are waited for at a time.

Only the waiting is done side by side. Decoding, ranking and writing stay in one thread, one job after another, as each
takes all of a processor and hundreds of MB, and strict decoding is not safe in several threads (`parallel`).

An interrupt does not throw away what is paid for: no further job is sent, answers that are under way are waited for and
their edits written. A second one leaves them.
"""

from __future__ import annotations

import queue
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from maskproof import edit
from maskproof.edit import inputs, jobs
from maskproof.edit.api import client as connection
from maskproof.edit.api import images, models
from maskproof.errors import JobsError, MaskproofError, UsageError
from maskproof.model import counted
from maskproof.repo.working import record_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from maskproof.edit import EditResult
    from maskproof.edit.api.client import Client
    from maskproof.edit.api.images import Answer, ImageRequest
    from maskproof.edit.inputs import EditOptions, PreparedEdit
    from maskproof.edit.jobs import Job
    from maskproof.repo import Repository

WORKERS = 2
"""answers that are waited for at a time unless asked for more; the account's rate limit is the other bound"""


class Batch(Struct, frozen=True):
    """A list of jobs, ready to be run."""

    repository: Repository
    client: Client
    todo: tuple[Job, ...]
    done: tuple[Job, ...]
    """made by an earlier run"""
    options: EditOptions
    budget: float | None = None
    """US dollars that all together may cost; None: nobody said"""


class JobResult(Struct, frozen=True):
    """What became of one job: an edit, or the reason why there is none."""

    job: Job
    made: EditResult | None = None
    error: MaskproofError | None = None


class Stop(Struct):
    """How far the run is, and whether an interrupt asked to stop; the one thing here that changes."""

    spent: float = 0.0
    """US dollars that what was sent is likely to cost"""
    requested: bool = False
    under_way: int = 0


def open_batch(
    repository: Repository,
    client: Client,
    listed: tuple[Job, ...],
    name: str,
    options: EditOptions,
    budget: float | None = None,
) -> Batch:
    """The jobs that are still to be made, once nothing stands in the way of any.

    `name` is how messages call the list.

    Raises:
        JobsError: with what is wrong with each job that could not be sent.
    """
    todo, finished, problems = [], [], []
    for number, job in enumerate(listed):
        try:
            sources = inputs.sources(job)
            out = repository.path_of(job.target)
            known = record_places(repository, out)
            if jobs.is_done(repository.root, out, known, jobs.digest(job, sources)):
                finished.append(job)
                continue
            inputs.check_output(repository, job, force=options.force)
            connection.accept(client, models.lookup(job.model))
            todo.append(job)
        except UsageError as error:
            problems.append(f"jobs[{number}]: {error.reason}")
    if problems:
        raise JobsError(name, tuple(problems))
    return Batch(repository, client, tuple(todo), tuple(finished), options, budget)


def costs(batch: Batch) -> Iterator[tuple[Job, float | None]]:
    """What each job that is to be made is likely to cost, in US dollars; None: nobody knows.

    Raises:
        UsageError: a job cannot be sent.
    """
    for job in batch.todo:
        model = models.lookup(job.model)
        request = edit.request(inputs.prepare(batch.repository, job, model, batch.options), model)
        yield job, edit.cost(request, connection.host(batch.client))


def run(batch: Batch, at_a_time: int, progress: Callable[[str], None]) -> Iterator[JobResult]:
    """Make what is to be made, in the order in which the answers come.

    `at_a_time` answers are waited for side by side; `progress` is told in words how far it is, from any thread.

    Yields:
        What became of each job. After an interrupt the iteration ends early.
    """
    left = iter(batch.todo)
    arrived: queue.SimpleQueue[tuple[PreparedEdit, ImageRequest, Any]] = queue.SimpleQueue()
    with _patient(progress) as stop:
        while True:
            while stop.under_way < at_a_time and not stop.requested and (job := next(left, None)) is not None:
                if (failed := _send(batch, job, arrived, progress, stop)) is not None:
                    yield failed
                else:
                    stop.under_way += 1
            if not stop.under_way:
                return
            yield _finish(batch, *arrived.get())
            stop.under_way -= 1


def _send(batch: Batch, job: Job, arrived: Any, progress: Callable[[str], None], stop: Stop) -> JobResult | None:
    """Send one job and wait for its answer in a thread; what keeps it from being sent comes back at once."""
    try:
        model = models.lookup(job.model)
        base = inputs.prepare(batch.repository, job, model, batch.options)
        request = edit.request(base, model)
        asks = edit.cost(request, connection.host(batch.client))
        edit.refuse_dear(asks, batch.budget, stop.spent)
        stop.spent += asks or 0.0
    except MaskproofError as error:
        return JobResult(job, error=error)

    def wait() -> None:
        outcome: Answer | BaseException
        try:
            outcome = images.request_edits(batch.client, request, lambda text: progress(f"{base.out}: {text}"))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for it, and raised there
            outcome = error
        arrived.put((base, request, outcome))

    # A daemon, so that a second interrupt can leave it behind.
    threading.Thread(target=wait, daemon=True).start()
    return None


def _finish(batch: Batch, base: PreparedEdit, request: ImageRequest, outcome: Answer | BaseException) -> JobResult:
    try:
        if isinstance(outcome, BaseException):
            raise outcome
        return JobResult(base.job, edit.finish(batch.repository, base, request, outcome, connection.host(batch.client)))
    except MaskproofError as error:
        return JobResult(base.job, error=error)


@contextmanager
def _patient(progress: Callable[[str], None]) -> Iterator[Stop]:
    """The first interrupt asks to stop, the second one is an interrupt as always."""
    stop = Stop()

    def interrupt(number: int, frame: Any) -> None:
        if stop.requested:
            signal.default_int_handler(number, frame)
        stop.requested = True
        if stop.under_way:
            progress(
                f"stopping after {counted(stop.under_way, 'answer')} under way, which may be "
                f"paid for already; press Ctrl-C again to leave at once"
            )

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
