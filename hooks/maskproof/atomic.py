"""Files read and written whole or not at all, by one process at a time.

A file is written beside its place, brought to the disk, and renamed; then the folder is brought to the disk as well, or
a power failure could forget the name. An interrupt waits until all files of one step have their names.
"""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

from maskproof.content import lfs_pointer
from maskproof.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

PART = ".part"
LOCK = "maskproof.lock"
WAIT = 30.0
"""seconds that a writer waits for another one; writing takes a few"""
ABANDONED = 60
"""seconds after which a part of a file is taken for left over; writing takes a few"""


def read_file(file: Path, name: str = "") -> bytes:
    """The bytes of a file that somebody named.

    Args:
        file: Where it lies.
        name: What the reader knows it as; by default its path.

    Raises:
        UsageError: it cannot be read, and why; a Git LFS pointer in its place is no file to read either.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{name or file} cannot be read: {error.strerror}", "Check the name, and who may read the file."
        ) from error
    if lfs_pointer(data):
        import shlex  # which most commands do not need

        raise UsageError(
            f"{name or file} lies in Git LFS and its content is not on this machine",
            f"Run `git lfs pull --include={shlex.quote(name or file.as_posix())}`, then the same again.",
        )
    return data


def read_files(*files: Path) -> list[bytes]:
    """The bytes of files that somebody named.

    Raises:
        UsageError: one cannot be read; it tells of all that cannot.
    """
    read, failed = [], []
    for file in files:
        try:
            read.append(read_file(file))
        except UsageError as error:
            failed.append(error)
    if len(failed) > 1:
        raise UsageError("; ".join(error.reason for error in failed), failed[0].advice)
    if failed:
        raise failed[0]
    return read


def encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    """Pieces of a text as a file has them; what cannot be written in UTF-8 (a name's own bytes) is escaped."""
    return (one.encode("utf-8", "backslashreplace") for one in pieces)


def write_atomically(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Replace a file so that a crash leaves the old one or the new one, never a part.

    A symbolic link stays one, and its target is replaced. What is no file (/dev/stdout, a pipe) is written to.

    Raises:
        OSError: the folder cannot be written to.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            file.writelines(_pieces(data))
        return
    write_together((path, data))


def write_file(file: Path, data: bytes | Iterable[bytes], name: str = "") -> None:
    """Write a file that somebody named, whole or not at all; arguments as of `read_file`, `data` also in pieces.

    Raises:
        UsageError: it cannot be written, and why.
    """
    try:
        write_atomically(file, data)
    except OSError as error:
        raise UsageError(f"{name or file} cannot be written: {error.strerror}", "Check the folder.") from error


def write_together(*files: tuple[Path, bytes | Iterable[bytes]]) -> None:
    """Replace several files, each whole or not at all, in the order given; nothing is replaced unless all fit the disk.

    A crash between two of them leaves the earlier ones new and the later ones as they were.

    Raises:
        OSError: a folder cannot be written to.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for path, data in files:
            staged.append(_staged(path.resolve(), data))
        with _undisturbed():
            for temporary, path in staged:
                temporary.replace(path)
            for folder in dict.fromkeys(path.parent for _, path in staged):
                _sync(folder)
    except BaseException:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """Wait until no other process writes what belongs to a folder (a repository's own), and keep others waiting.

    The system takes the lock back from a process that ends, however it does.

    Raises:
        UsageError: the folder cannot be written to, or another process does not come to an end.
    """
    lock = folder / LOCK
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise UsageError(f"{lock} cannot be written: {error.strerror}", "Check who may write there.") from error
    try:
        until = time.monotonic() + WAIT
        while not _locked(handle):
            if time.monotonic() > until:
                raise UsageError("another maskproof is writing here", "Run this again when it has ended.")
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """Take the lock, where nobody has it; the handle's end gives it back."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold Ctrl-C back for a few moments. Python raises it in the main thread, whichever thread the system woke."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {one: signal.signal(one, lambda number, _: held.append(number)) for one in signals}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, signal.SIG_DFL if handler is None else handler)
    if held:
        signal.raise_signal(held[0])


def _sync(folder: Path) -> None:
    """Bring the names in a folder to the disk; some file systems know no such thing."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _staged(path: Path, data: bytes | Iterable[bytes]) -> tuple[Path, Path]:
    """A temporary file beside a file, with the bytes on the disk and the same permissions; then the file itself."""
    temporary = path.with_name(f"{_prefix(path)}{secrets.token_hex(8)}{PART}")
    old = path.stat().st_mode & 0o777 if path.exists() else None
    try:
        # Of a new file the system takes the umask off: asking for it would set it, for all threads. What takes the
        # place of a private one is private from the start.
        with open(
            temporary, "xb", opener=lambda name, flags: os.open(name, flags, 0o666 if old is None else old)
        ) as file:
            file.writelines(_pieces(data))
            file.flush()
            os.fsync(file.fileno())
        if old is not None:
            temporary.chmod(old)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary, path


def _pieces(data: bytes | Iterable[bytes]) -> Iterable[bytes]:
    return (data,) if isinstance(data, bytes) else data


def sweep(path: Path) -> None:
    """Remove what a killed `write_atomically` left beside a file; a minute old, lest one at work lose its own.

    Raises:
        OSError: the folder cannot be written to.
    """
    path = path.resolve()
    for one in path.parent.glob(f"{glob.escape(_prefix(path))}*{PART}"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - one.stat().st_mtime > ABANDONED:
                one.unlink()


def _prefix(path: Path) -> str:
    return f".{path.name[:40]}."
