"""Decoding in a process of its own, so that a hostile picture costs that process and nothing else.

Decoders are large C libraries that read what strangers wrote. A crash, endless work or memory without measure in one of
them would take every other image of a run with it, and the verdicts found so far. So decoders run in a worker: another
Python with bounds on memory and processor time where the system has them, and on time everywhere. It is started once
and kept, one for each thread that decodes at the same time, and a dead one is replaced.

On Linux those that will be needed for sure are forked while this process has one thread: a copy has all modules
loaded already, which takes another Python longer than a picture of a million pixels takes to be decoded.

Bytes go there and samples come back through shared memory where files without names can be handed on (Linux, macOS,
other Unix), so that nothing is copied twice; elsewhere through pipes.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import io
import mmap
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import maskproof
from maskproof.errors import CouldNotJudge, TooLarge, Unreadable
from maskproof.images import memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    _Process: TypeAlias = "subprocess.Popen[bytes] | _Copy"

SECONDS, SECONDS_A_MPX = 20, 1.0
"""processor time for a picture: 20 s, and 1 s for each million pixels. The slowest that decode are GIFs, whose codes
are followed in Python"""
PATIENCE = 6
"""times as long as that is waited for an answer: a busy machine gives a process a part of a processor"""
BYTES, BYTES_A_PIXEL = 512_000_000, 48
"""memory for a picture beyond what the worker takes anyway. The most that decoding takes is some 40 bytes a pixel, for
16-bit RGB with one transparent colour; threads of decoders reserve some hundred MB that they never touch"""
SHARED = hasattr(socket, "send_fds")
"""can open files be handed to another process?"""
FORKED = sys.platform == "linux"
"""may a process be copied? On macOS the libraries of the system do not survive it, and Windows cannot"""
LOOK_SECONDS = 0.002
"""from one look whether a copy has ended to the next"""
DECODER = "maskproof.images.decode"
"""what a worker runs, by its name: it stands above this module"""
CODE = (
    "import os, sys; os.environ['OPENBLAS_NUM_THREADS'] = '1'; sys.path[:] = {path}; "
    "from maskproof.images import decode, worker; worker.serve(decode.answer)"
)
"""what the worker runs: with the places of modules that this process has, but never the current folder"""


# --- what is asked for -----------------------------------------------------------------------------------------------


def ask(kind: str, data: bytes, name: str, pixels: int, *more: Any) -> Any:
    """What a decoder makes of a file.

    Args:
        kind: A row of `decode.WORK`.
        data: The whole file.
        name: How messages call it.
        pixels: How many it declares, by which its bounds are set.
        more: Further arguments, which can be pickled.

    Raises:
        CouldNotJudge: the decoder refused the file, ended, or took too long.
        OSError: the system refuses what a worker takes: processes, open files, memory to share.
    """
    return _POOL.ask((kind, name, pixels, *more), data)


def stop() -> None:
    """End what is being decoded, for whoever was interrupted: those who wait are told that the decoder ended."""
    _POOL.stop()


def start(workers: int = 1) -> None:
    """Begin workers that will be needed soon, before this process has threads and pictures."""
    for _ in range(workers):
        if FORKED and threading.active_count() == 1:
            _POOL.keep(_Worker(_fork))
        else:  # it loads its modules while this process does something else
            _POOL.keep(_Worker(_open))
            break


class _Worker:
    """One other process and the way to it."""

    def __init__(self, begin: Callable[[], tuple[_Process, _Channel]]) -> None:
        memory.keep()  # samples come back to this process, whoever began it; a copy of it keeps them as well
        self.owner = os.getpid()
        self.process, self.channel = begin()

    def ask(self, question: tuple[Any, ...], data: bytes) -> Any:
        """One question and its answer.

        Raises:
            EOFError: the worker ended.
            TimeoutError: it took too long.
            OSError: the system has no room for what is sent.
        """
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self.process.kill()

        timer = threading.Timer(PATIENCE * seconds_for(question[2]), give_up)
        timer.daemon = True
        timer.start()
        try:
            self.channel.send((question, pickle.PickleBuffer(data)))
            return self.channel.receive()
        except (EOFError, ConnectionError) as error:
            raise (TimeoutError if late.is_set() else EOFError) from error
        finally:
            timer.cancel()

    def end(self) -> int:
        """End the process and say how it ended."""
        with contextlib.suppress(OSError):
            self.channel.close()
        try:
            return self.process.wait(1)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def _open() -> tuple[_Process, _Channel]:
    """Another Python, whose own complaints nobody reads: what matters it sends."""
    package = str(Path(maskproof.__file__).parent.parent)
    path = [package, *(place for place in sys.path if place and Path(place) != Path.cwd())]
    command = [sys.executable, "-I", "-S", "-B", "-c", CODE.format(path=path)]
    # In a group of its own: Ctrl-C in a terminal is for this process, which ends the worker.
    windows = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    apart: dict[str, Any] = {"creationflags": windows} if windows else {"process_group": 0}
    apart |= {"stderr": subprocess.DEVNULL, "cwd": Path(sys.executable).parent}
    if SHARED:
        own, other = socket.socketpair()
        with other:
            return subprocess.Popen(command, stdin=other.fileno(), stdout=subprocess.DEVNULL, **apart), _Sockets(own)
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **apart)
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    return process, _Pipes(process.stdout, process.stdin)


def _fork() -> tuple[_Process, _Channel]:
    """A copy of this process, which keeps nothing open of what this one has open."""
    answer = importlib.import_module(DECODER).answer
    own, other = socket.socketpair()
    with other:
        if pid := os.fork():
            return _Copy(pid), _Sockets(own)
        try:  # nothing may leave this block: the copy would go on with what its parent does
            os.setpgid(0, 0)
            null = os.open(os.devnull, os.O_RDWR)
            for number, stream in enumerate((other.fileno(), null, null)):
                os.dup2(stream, number)
            os.closerange(3, os.sysconf("SC_OPEN_MAX"))
            os.chdir(Path(sys.executable).parent)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            serve(answer)
        finally:
            os._exit(1)


class _Copy:
    """A forked process, asked in the way of `subprocess.Popen`; threads may share it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """How it ended, in the way of `Popen.returncode`; None: it goes on."""
        with self._lock:
            return self._looked()

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, once it did.

        Raises:
            subprocess.TimeoutExpired: it goes on after so many seconds.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("", timeout or 0)
            time.sleep(LOOK_SECONDS)
        return status

    def kill(self) -> None:
        """End it, unless it ended: its number may be another process's by then."""
        with self._lock:
            if self._looked() is None:
                os.kill(self.pid, signal.SIGKILL)

    def _looked(self) -> int | None:
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if pid else None
        return self._status


class _Pool:
    """Workers that wait for a question."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._lock = threading.Lock()
        atexit.register(self.end)

    def keep(self, worker: _Worker) -> None:
        with self._lock:
            self._idle.append(worker)

    def _taken(self) -> _Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.owner != os.getpid():  # a fork shares no worker with its parent
                    continue
                if worker.process.poll() is None:
                    return worker
                worker.end()
        return _Worker(_open)

    def ask(self, question: tuple[Any, ...], data: bytes) -> Any:
        worker = self._taken()
        self._busy.add(worker)
        try:
            fine, answer = worker.ask(question, data)
        except (EOFError, TimeoutError) as error:
            raise _ended(question, isinstance(error, TimeoutError), worker.end()) from None
        except BaseException:  # an interrupt: the answer that is on its way is to no question any more
            worker.process.kill()
            worker.end()
            raise
        finally:
            self._busy.discard(worker)
        self.keep(worker)
        if fine:
            return answer
        raise answer

    def stop(self) -> None:
        for worker in tuple(self._busy):
            worker.process.kill()

    def end(self) -> None:
        """End all workers of this process."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            if worker.owner == os.getpid():
                worker.end()


_POOL = _Pool()


def _ended(question: tuple[Any, ...], late: bool, status: int) -> CouldNotJudge:
    """Why there is no answer, by how the worker ended."""
    _, name, pixels, *_ = question
    if late or status == -getattr(signal, "SIGXCPU", 0):
        return TooLarge(
            f"{name} takes longer to decode than a picture of its size may ({seconds_for(pixels):.0f} s)",
            "Export the picture again.",
        )
    how = f"signal {-status}" if status < 0 else f"status {status}"
    return Unreadable(
        f"the decoder of {name} ended ({how}) before it gave a picture: the file is broken, or made to break it, or "
        "memory is short",
        "Export the picture again.",
    )


def seconds_for(pixels: int) -> float:
    """Processor time that a picture may take."""
    return SECONDS + SECONDS_A_MPX * pixels / 1e6


# --- the worker ------------------------------------------------------------------------------------------------------


def serve(answer: Callable[..., Any]) -> None:
    """Answer questions until nobody asks any more; `answer` is called with the file's bytes and what was asked."""
    memory.keep()
    channel: _Channel = _Sockets(socket.socket(fileno=0)) if SHARED else _Pipes(sys.stdin.buffer, sys.stdout.buffer)
    bound = _bounds()
    with contextlib.suppress(EOFError, OSError):
        while True:
            (kind, name, pixels, *more), data = channel.receive()
            bound(pixels, len(data))
            try:
                given: tuple[bool, Any] = True, answer(kind, bytes(data), name, *more)
            except CouldNotJudge as error:
                given = False, error
            except MemoryError:
                given = (
                    False,
                    TooLarge(
                        f"{name} takes more memory to decode than a picture of its size may",
                        "Export the picture again.",
                    ),
                )
            del data
            try:
                channel.send(given)
            except OSError as error:  # no room for the samples; where nobody listens any more this fails as well
                channel.send((False, OSError(error.errno, error.strerror)))
            del given
    os._exit(0)


def _bounds() -> Callable[[int, int], None]:
    """What bounds memory and processor time before each picture, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return lambda _pixels, _size: None
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    status = Path("/proc/self/statm")

    def bound(pixels: int, size: int) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _lower(resource, resource.RLIMIT_CPU, round(used.ru_utime + used.ru_stime + seconds_for(pixels)) + 1)
        if status.exists():
            taken = int(status.read_text().split()[0]) * resource.getpagesize()
            _lower(resource, resource.RLIMIT_AS, taken + BYTES + BYTES_A_PIXEL * pixels + 4 * size)

    return bound


def _lower(resource: Any, kind: int, wanted: int) -> None:
    """Set a limit of this process, under the one that it may not pass."""
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


# --- the way between the two -----------------------------------------------------------------------------------------


class _Channel:
    """Values that go to another process and come from it, large arrays beside the rest."""

    def send(self, value: Any) -> None:
        """Raises OSError where nobody is there to take it."""
        beside: list[memoryview] = []
        head = pickle.dumps(value, 5, buffer_callback=lambda buffer: beside.append(buffer.raw()))
        parts = [memoryview(head), *beside]
        self._give(struct.pack(f">I{len(parts)}Q", len(parts), *(part.nbytes for part in parts)), parts)

    def receive(self) -> Any:
        """Raises EOFError where nobody will send anything any more."""
        head, *beside = self._take()
        return pickle.loads(head, buffers=beside)  # noqa: S301 - from a process that runs with the same rights

    def close(self) -> None:
        raise NotImplementedError

    def _give(self, head: bytes, parts: Sequence[memoryview]) -> None:
        raise NotImplementedError

    def _take(self) -> list[memoryview]:
        raise NotImplementedError


class _Sockets(_Channel):
    """A socket that hands on files in memory."""

    def __init__(self, way: socket.socket) -> None:
        self._way = way

    def close(self) -> None:
        self._way.close()

    def _give(self, head: bytes, parts: Sequence[memoryview]) -> None:
        with _nameless() as file:
            for part in parts:
                rest = part
                while rest.nbytes:
                    rest = rest[file.write(rest) :]
            socket.send_fds(self._way, [struct.pack(">I", len(head)) + head], [file.fileno()])

    def _take(self) -> list[memoryview]:
        first, files, _, _ = socket.recv_fds(self._way, 4, 1)
        if not files:
            raise EOFError
        with open(files[0], "r+b", buffering=0) as file:  # noqa: PTH123 - a number, not a path
            whole = first + self._rest(4 - len(first))
            sizes = _sizes(self._rest(int.from_bytes(whole, "big")))
            held = memoryview(mmap.mmap(file.fileno(), sum(sizes)))
        return [held[sum(sizes[:at]) : sum(sizes[: at + 1])] for at in range(len(sizes))]

    def _rest(self, wanted: int) -> bytes:
        found = b""
        while len(found) < wanted:
            if not (more := self._way.recv(wanted - len(found))):
                raise EOFError
            found += more
        return found


class _Pipes(_Channel):
    """Two pipes that all goes through."""

    def __init__(self, source: Any, target: Any) -> None:
        self._source, self._target = source, target

    def close(self) -> None:
        self._target.close()
        self._source.close()

    def _give(self, head: bytes, parts: Sequence[memoryview]) -> None:
        for part in (struct.pack(">I", len(head)), head, *parts):
            self._target.write(part)
        self._target.flush()

    def _take(self) -> list[memoryview]:
        sizes = _sizes(self._read(int.from_bytes(self._read(4), "big")))
        return [memoryview(self._read(size)) for size in sizes]

    def _read(self, wanted: int) -> bytearray:
        found = bytearray(wanted)
        view, done = memoryview(found), 0
        while done < wanted:
            if not (more := self._source.readinto(view[done:])):
                raise EOFError
            done += more
        return found


def _sizes(head: bytes | bytearray) -> tuple[int, ...]:
    (count,) = struct.unpack_from(">I", head)
    return struct.unpack_from(f">{count}Q", head, 4)


def _nameless() -> Any:
    """A file without a name; in memory where the system has that."""
    if hasattr(os, "memfd_create"):
        return io.FileIO(os.memfd_create("maskproof"), "r+")
    return tempfile.TemporaryFile(buffering=0)
