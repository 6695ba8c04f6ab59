"""Files read and written whole or not at all."""

from __future__ import annotations

import contextlib
import glob
import os
import tempfile
import time
from pathlib import Path

from maskproof.errors import UsageError

PART = ".part"
ABANDONED = 60
"""seconds after which a part of a file is taken for left over; writing takes a few"""


def read_file(file: Path, name: str = "") -> bytes:
    """The bytes of a file that somebody named.

    Args:
        file: Where it lies.
        name: What the reader knows it as; by default its path.

    Raises:
        UsageError: it cannot be read, and why.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{name or file} cannot be read: {error.strerror}", "Check the name, and who may read the file."
        ) from error


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file so that a crash leaves the old one or the new one, never a part.

    A symbolic link stays one, and its target is replaced. What is no file (/dev/stdout, a pipe) is written to.

    Raises:
        OSError: the folder cannot be written to.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    write_together((path, data))


def write_file(file: Path, data: bytes, name: str = "") -> None:
    """Write a file that somebody named, whole or not at all; arguments as of `read_file`.

    Raises:
        UsageError: it cannot be written, and why.
    """
    try:
        write_atomically(file, data)
    except OSError as error:
        raise UsageError(f"{name or file} cannot be written: {error.strerror}", "Check the folder.") from error


def write_together(*files: tuple[Path, bytes]) -> None:
    """Replace several files, each whole or not at all, in the order given; nothing is replaced unless all fit the disk.

    A crash between two of them leaves the earlier ones new and the later ones as they were.

    Raises:
        OSError: a folder cannot be written to.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for path, data in files:
            staged.append(_staged(path.resolve(), data))
        for temporary, path in staged:
            temporary.replace(path)
    except BaseException:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
        raise


def _staged(path: Path, data: bytes) -> tuple[Path, Path]:
    """A temporary file beside a file, with the bytes on the disk and the same permissions; then the file itself."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path), suffix=PART)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary, path


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


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
