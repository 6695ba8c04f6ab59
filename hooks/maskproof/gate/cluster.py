"""A Dask cluster that exists already judges: its workers are handed what `gather` found, and hand back reports.

`judge` is pure, so where it runs changes no verdict. Workers that see the same files read them by their ids; others are
sent the bytes. Every worker has to have the very engine that this process has, or two pictures of one report would be
judged by two programs. Dask sends the tasks of a worker that is lost to another one; a picture with which several were
lost is told as not judged. Source: https://distributed.dask.org (its interface of `concurrent.futures`).
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from maskproof import __version__
from maskproof.errors import CouldNotJudge, MaskproofError, Unreadable, UsageError
from maskproof.gate.cache import engine
from maskproof.gate.check import apart, judge_apart
from maskproof.gate.manifest import gather_row, same_manifest
from maskproof.images.files import Files, Source
from maskproof.model import ImageReport, Severity, Verdict
from maskproof.parallel import AHEAD, in_order
from maskproof.policy.rules import finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor

    from maskproof.gate.check import Runner
    from maskproof.gate.manifest import Manifest
    from maskproof.images.files import ReadBlob
    from maskproof.repo.change import Change

PATIENCE = 20
"""seconds in which the scheduler has to answer and a first worker to be there"""


class Ground(NamedTuple):
    """Where the files of a run lie."""

    seen: Callable[[], bool]
    """asked of a worker: does it see them? Travels"""
    gathered: Callable[[Any], Any]
    """what is judged of a task, its files named by their ids"""
    read: ReadBlob


def of_change(change: Change) -> Ground:
    """The files of a change, as Git holds them."""
    objects = change.repository.objects
    known = next((entry.oid for entry in change.head.entries.values() if entry.mode.startswith("100")), "")
    return Ground(partial(_holds, objects.blob, known), lambda inputs: inputs, objects.blob)


def of_manifest(manifest: Manifest) -> Ground:
    """The files of a manifest, in its folder."""
    gathered = partial(gather_row, manifest)
    return Ground(
        partial(same_manifest, manifest, manifest.beginning),
        lambda line: apart(line.row.edit, gathered, line),
        manifest.files.read,
    )


def on_cluster(address: str, ground: Ground) -> Runner:
    """The workers of a scheduler share the images, each task with one thread to measure.

    Raises, once it is asked for reports:
        UsageError: there is no such scheduler, no worker, or one with another maskproof; or the cluster was lost.
    """

    def run(one: Callable[..., ImageReport], tasks: Any) -> Iterator[ImageReport]:
        with _client(address) as client:
            from distributed.scheduler import KilledWorker

            shared = _ready(client, ground)
            pool = _Pool(client.get_executor(pure=False), KilledWorker)
            if shared:
                work, sent = partial(_judged, engine(), partial(one, threads=1)), iter(tasks)
            else:
                draws = one.keywords.get("draws") if isinstance(one, partial) else None
                work = partial(_judged, engine(), partial(_judge_bytes, draws=draws))
                sent = (_carried(ground, task) for task in tasks)
            ahead = AHEAD * max(1, sum(client.nthreads().values()))
            yield from in_order(pool, work, ((task, 1) for task in sent), ahead, ahead)  # type: ignore[arg-type]  # it submits

    return run


@contextmanager
def _client(address: str) -> Iterator[Any]:
    """A connection to a scheduler, closed with the block; raises UsageError."""
    try:
        from distributed import Client
        from distributed.comm import CommClosedError
    except ImportError as error:
        raise UsageError(
            "--scheduler needs the extra [dask], which is not installed", "Run `pip install 'maskproof[dask]'`."
        ) from error
    said = UsageError(f"no Dask scheduler answers at {address!a}", "Check the address: `--scheduler tcp://HOST:PORT`.")
    if not re.fullmatch(r"(tcp|tls|ws|wss)://[\w.:\[\]-]+:\d{1,5}", address):
        raise said
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what is lost is told here, or was made up for
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise said from error
    from concurrent.futures import CancelledError

    try:
        yield client
    except (CommClosedError, CancelledError) as error:
        raise UsageError(f"the Dask cluster at {address!a} was lost", "Look after it, and run this again.") from error
    finally:
        client.close(timeout=1)


def _ready(client: Any, ground: Ground) -> bool:
    """Do all workers see the files? Raises UsageError where one cannot judge as this process does."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        raise UsageError("the Dask cluster has no workers", "Start some: `dask worker ADDRESS`.") from error
    answers = client.run(_introduced, on_error="return")
    for worker, said in answers.items():
        if isinstance(said, Exception):
            raise UsageError(
                f"the Dask worker {worker} cannot load maskproof ({type(said).__name__})",
                f"Install maskproof {__version__} there, with the same packages as here.",
            ) from said
        _refuse_other(worker, *said)
    return all(seen is True for seen in client.run(ground.seen, on_error="return").values())


def _introduced() -> tuple[str, str]:
    """Version and engine of a worker."""
    return __version__, engine()


def _refuse_other(worker: str, version: str, digest: str) -> None:
    if digest != engine():
        told = f"maskproof {version}" if version != __version__ else "another Python or other packages"
        raise UsageError(
            f"the Dask worker {worker} has {told}, so it may judge otherwise than this process with its {__version__}",
            "Give the workers the environment that this command has: the same image, or `pip install -r` of one list.",
        )


def _judged(digest: str, one: Callable[..., ImageReport], task: Any) -> ImageReport:
    """The report on one image, in a worker; one that came later may be another than those that were asked."""
    if engine() != digest:
        raise UsageError(
            f"a Dask worker that came during the run has another maskproof, {__version__}, or other packages",
            "Give all workers the environment that this command has.",
        )
    return one(task)


class _Pool:
    """An executor whose tasks never fail for the loss of workers: what they were to judge is told as not judged."""

    def __init__(self, executor: Executor, lost: type[Exception]) -> None:
        self._executor, self._lost = executor, lost

    def submit(self, function: Callable[[Any], ImageReport], task: Any) -> _Outcome:
        return _Outcome(self._executor.submit(function, task), _path_of(task), self._lost)


class _Outcome(NamedTuple):
    future: Any
    path: str
    lost: type[Exception]

    def result(self) -> ImageReport:
        try:
            report: ImageReport = self.future.result()
        except self.lost:
            return _gone(self.path)
        return report


def _gone(path: str) -> ImageReport:
    said = f"every worker of the Dask cluster that was judging {path} was lost"
    advice = "Give the workers more memory, or judge it here: the same command without --scheduler."
    found = finding("unreadable", said, severity=Severity.UNJUDGED, advice=advice)
    return ImageReport(path, Verdict.UNJUDGED, findings=(found,))


def _path_of(task: Any) -> str:
    """The image that a task is about."""
    if isinstance(task, tuple):
        task = task[0]
    return task.row.edit if hasattr(task, "where") else task.path  # type: ignore[no-any-return]  # a line, inputs or a report


# --- bytes, where workers do not see the files -----------------------------------------------------------------------


def _carried(ground: Ground, task: Any) -> tuple[Any, dict[str, bytes | CouldNotJudge]]:
    """What is judged of a task, and the bytes of every file that it names."""
    inputs = ground.gathered(task)
    contents: dict[str, bytes | CouldNotJudge] = {}
    for source in _sources(inputs):
        if source.oid not in contents:
            try:
                contents[source.oid] = ground.read(source.oid, source.path)
            except CouldNotJudge as error:
                contents[source.oid] = error
    return inputs, contents


def _sources(value: Any) -> Iterator[Source]:
    """Every file that a value names, however deep."""
    if isinstance(value, Source):
        yield value
    elif isinstance(value, ImageReport):
        return
    elif isinstance(value, dict):
        for one in value.values():
            yield from _sources(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _sources(one)
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _sources(getattr(value, name))


def _judge_bytes(task: tuple[Any, dict[str, bytes | CouldNotJudge]], draws: Any = None) -> ImageReport:
    inputs, contents = task

    def read(oid: str, path: str) -> bytes:
        found = contents.get(oid, Unreadable(f"{path} did not come with its task", "This is a bug: report it."))
        if isinstance(found, CouldNotJudge):
            raise found
        return found

    return judge_apart(inputs, Files(read), 1, draws, lean=True)


def _holds(read: ReadBlob, oid: str) -> bool:
    """Does a worker see the repository?"""
    try:
        read(oid, oid)
    except (MaskproofError, OSError):
        return False
    return True
