"""A shelf: small values on disk by key, kept for later runs as far as there is room.

Nothing on it is believed for lying there. An entry counts only where this very user wrote it, where nobody else may,
where its checksum fits, and where it names the key that it is asked by; any other one is as good as absent. So no write
has to reach the disk before a run goes on: what a crash leaves half there is not believed either.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from maskproof.atomic import ABANDONED, PART
from maskproof.content import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM = 100_000_000
"""bytes of all entries"""
MOST = 25_000
"""entries; on most disks each takes 4 kB at the least"""
LARGEST = 4_000_000
"""bytes of one entry"""
LEFT = 0.9
"""share of the room that is filled after entries had to go, so that not every run has to look for more"""
OFTEN = 1_000
"""entries put there between two looks at the room"""
FRESH = 86_400
"""seconds in which an entry that was asked for counts as just used"""
OTHERS = stat.S_IWGRP | stat.S_IWOTH
AS_IT_IS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""no link is followed, nothing waits for the other end of a pipe, and line ends stay"""
MAGIC = b"maskproof shelf 1\n"


class Held(NamedTuple):
    """What lies on a shelf."""

    entries: int
    size: int
    """bytes"""


class Shelf:
    """The entries in one folder, which is made when the first one is put there. Threads and processes may share it.

    Args:
        folder: Where they lie.
        room: Bytes of all of them.
        most: How many there may be.
        largest: Bytes of one entry.
    """

    def __init__(self, folder: Path, room: int = ROOM, most: int = MOST, largest: int = LARGEST) -> None:
        self.folder = folder
        self._largest = largest
        self._room, self._most = room, most
        self._put = itertools.count(1)

    @property
    def refused(self) -> str:
        """Why the folder is not used, as the end of a sentence; empty where it is, or where there is none yet."""
        for place in (self.folder.parent, self.folder):
            try:
                found = place.lstat()
            except FileNotFoundError:
                return ""
            except OSError as error:
                return f"cannot be looked at ({error.strerror})"
            if not stat.S_ISDIR(found.st_mode):
                return "is no folder"
            if not _own(found):
                return "belongs to another user"
        return ""

    def get(self, key: str) -> bytes | None:
        """What was put there by a key; None where that is not known for sure."""
        if self.refused:
            return None
        file = self._file(key)
        try:
            with os.fdopen(os.open(file, os.O_RDONLY | AS_IT_IS), "rb") as opened:
                about = os.fstat(opened.fileno())
                data = opened.read(self._largest + 1) if _trusted(about, self._largest) else b""
        except OSError:
            return None
        value = None if len(data) > self._largest else _opened(key, data)
        if value is not None and time.time() - about.st_mtime > FRESH:
            with contextlib.suppress(OSError):
                os.utime(file)
        return value

    def put(self, key: str, value: bytes) -> None:
        """Put a value there, whole or not at all; where the disk or its size does not allow it, it is not kept."""
        data = _closed(key, value)
        if self.refused or len(data) > self._largest:
            return
        file = self._file(key)
        number = next(self._put)
        part = file.with_name(f".{os.getpid()}-{number}-{file.name[:8]}{PART}")
        try:
            for folder in (self.folder.parent, self.folder, file.parent):
                folder.mkdir(mode=0o700, exist_ok=True)
            try:
                with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | AS_IT_IS, 0o600), "wb") as opened:
                    opened.write(data)
                part.replace(file)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        except OSError:
            return
        if number % OFTEN == 0:
            self.trim()

    def trim(self) -> None:
        """Remove what was used longest ago, where there is more than there is room for."""
        if self.refused:
            return
        now, kept = time.time(), []
        for file, about in self._files():
            if file.name.endswith(PART):
                if now - about.st_mtime > ABANDONED:
                    _remove(file)
                continue
            kept.append((about.st_mtime, about.st_size, file))
        count, size = len(kept), sum(one for _, one, _ in kept)
        if count <= self._most and size <= self._room:
            return
        for _, one, file in sorted(kept, key=lambda row: row[0]):
            if count <= self._most * LEFT and size <= self._room * LEFT:
                return
            _remove(file)
            count, size = count - 1, size - one

    def held(self) -> Held:
        """How much lies there."""
        sizes = [about.st_size for _, about in self._files()]
        return Held(len(sizes), sum(sizes))

    def clear(self) -> Held:
        """Remove all of it, and say how much that was; nothing in a folder that is not this user's."""
        held = Held(0, 0)
        if self.refused:
            return held
        for file, about in self._files():
            if _remove(file):
                held = Held(held.entries + 1, held.size + about.st_size)
        return held

    def _file(self, key: str) -> Path:
        return self.folder / key[:2] / key[2:]

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Every file of the shelf; one that goes meanwhile is passed over."""
        try:
            folders = [one.path for one in os.scandir(self.folder) if one.is_dir(follow_symlinks=False)]
        except OSError:
            return
        for folder in folders:
            with contextlib.suppress(OSError):
                for one in os.scandir(folder):
                    with contextlib.suppress(OSError):
                        if one.is_file(follow_symlinks=False):
                            yield Path(one.path), one.stat(follow_symlinks=False)


def _closed(key: str, value: bytes) -> bytes:
    """An entry: what it is, the checksum of the rest, its key, its value."""
    named = key.encode() + b"\n" + value
    return MAGIC + sha256_of(named).encode() + b"\n" + named


def _opened(key: str, data: bytes) -> bytes | None:
    """The value of an entry; None where it is no entry, damaged, or another key's."""
    head = len(MAGIC) + 65
    if not data.startswith(MAGIC) or data[head - 1 : head] != b"\n":
        return None
    named = data[head:]
    asked = key.encode() + b"\n"
    if data[len(MAGIC) : head - 1] != sha256_of(named).encode() or not named.startswith(asked):
        return None
    return named[len(asked) :]


def _own(found: os.stat_result) -> bool:
    """Is a file this user's? Windows does not say it in this way; there Git itself refuses a repository of another."""
    return not hasattr(os, "geteuid") or found.st_uid == os.geteuid()


def _trusted(found: os.stat_result, largest: int) -> bool:
    """Could nobody but this user have written a file?"""
    alone = os.name == "nt" or not found.st_mode & OTHERS
    return stat.S_ISREG(found.st_mode) and _own(found) and alone and found.st_size <= largest


def _remove(file: Path) -> bool:
    try:
        file.unlink()
    except OSError:
        return False
    return True
