"""The index on disk: one SQLite file under the Git directory, which all worktrees of a repository share.

It holds nothing that cannot be worked out again, so whatever is wrong with it is answered by starting anew: a broken
file, another layout, a folder that cannot be written to. Entries lie in packs of some thousands as plain arrays: a
hundred thousand rows of their own would take longer to read than to compare.
"""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LAYOUT = 1
"""the layout below and the meaning of a hash; whoever changes either counts on"""
CODE_BYTES = 64
"""bytes of an entry; see `hashes.of`"""
OID_BYTES = (20, 32)
"""SHA-1 and SHA-256 repositories"""
PACK = 4096
"""entries of a pack; the last one grows until it is full"""
PATIENCE = 10.0
"""seconds to wait for another process that writes"""
TABLES = """
CREATE TABLE packs (id INTEGER PRIMARY KEY, oids BLOB NOT NULL, codes BLOB NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE refused (oid BLOB PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;
"""
PRIMARY = 0xFF
"""the part of an SQLite error code that names its kind"""
OUTSIDE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
}
"""errors that do not come from what the file holds; all others do"""
PRIVATE = "the index of likenesses could not be kept ({}), so it was made for this run only"
ANEW = "the index of likenesses was broken ({}) and was made anew"


class BrokenStoreError(Exception):
    """The file holds something else than this module writes."""


class Store:
    """What an index file holds, and the way to add to it; without a file nothing outlives the process.

    The file is open only while it is read or written, so that no process stands in another's way.

    Raises:
        BrokenStoreError, sqlite3.Error: the file is damaged or cannot be read.
    """

    def __init__(self, file: Path | None, note: str = "") -> None:
        self._file = file
        self.note = note
        """what a reader should know about this index; empty where all is as it should be"""
        self.width = 0
        """bytes of a blob id; 0 where there are no entries"""
        self.oids = b""
        """blob ids of the entries as they were when it was opened, in one piece"""
        self.codes = b""
        """their codes of 64 bytes, in one piece"""
        self.refused: dict[bytes, str] = {}
        """blobs that cannot be hashed, each with the reason"""
        if file is not None:
            with _connected(file) as connection:
                self._load(connection)

    def _load(self, connection: sqlite3.Connection) -> None:
        packs = connection.execute("SELECT oids, codes, checksum FROM packs ORDER BY id").fetchall()
        widths = {_width(*pack) for pack in packs}
        if len(widths) > 1:
            raise BrokenStoreError("blob ids of several lengths")
        self.width = widths.pop() if widths else 0
        self.oids, self.codes = (b"".join(pack[side] for pack in packs) for side in (0, 1))
        self.refused = dict(connection.execute("SELECT oid, reason FROM refused"))
        if not all(isinstance(oid, bytes) and isinstance(reason, str) for oid, reason in self.refused.items()):
            raise BrokenStoreError("an entry of another kind")

    def add(self, entries: dict[bytes, bytes], refused: dict[bytes, str]) -> None:
        """Keep one batch, whole or not at all; where the file cannot take it, the note says so and no more is tried."""
        if self._file is None:
            return
        try:
            with _connected(self._file) as connection, _transaction(connection):
                _append(connection, entries)
                connection.executemany("INSERT OR REPLACE INTO refused VALUES (?, ?)", refused.items())
        except (sqlite3.Error, BrokenStoreError) as error:
            self._file, self.note = None, PRIVATE.format(error)


def open_store(file: Path | None) -> Store:
    """The index in a file; one of this process alone where there is no file or it cannot be used."""
    if file is None:
        return Store(None)
    try:
        file.parent.mkdir(exist_ok=True)
        try:
            return Store(file)
        except (sqlite3.Error, BrokenStoreError) as error:
            if getattr(error, "sqlite_errorcode", 0) & PRIMARY in OUTSIDE:
                raise
            for one in (file, file.with_name(f"{file.name}-journal")):
                one.unlink(missing_ok=True)
            return Store(file, ANEW.format(error))
    except (OSError, sqlite3.Error, BrokenStoreError) as error:
        return Store(None, PRIVATE.format(error))


def _append(connection: sqlite3.Connection, entries: dict[bytes, bytes]) -> None:
    last = connection.execute("SELECT * FROM packs ORDER BY id DESC LIMIT 1").fetchone()
    number = last[0] + 1 if last else 1
    if last and len(last[2]) < PACK * CODE_BYTES:
        number, oids, codes, checksum = last
        held = zip(pieces(oids, _width(oids, codes, checksum)), pieces(codes, CODE_BYTES), strict=True)
        entries = dict(held) | entries
    rows = list(entries.items())
    for start in range(0, len(rows), PACK):
        some = rows[start : start + PACK]
        oids, codes = (b"".join(row[side] for row in some) for side in (0, 1))
        connection.execute(
            "INSERT OR REPLACE INTO packs VALUES (?, ?, ?, ?)",
            (number + start // PACK, oids, codes, zlib.crc32(codes, zlib.crc32(oids))),
        )


@contextlib.contextmanager
def _connected(file: Path) -> Iterator[sqlite3.Connection]:
    """An open file with empty tables at the least, closed in the end."""
    connection = sqlite3.connect(file, timeout=PATIENCE, isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        if connection.execute("PRAGMA user_version").fetchone() != (LAYOUT,):
            _prepare(connection)
        yield connection
    finally:
        connection.close()


def _prepare(connection: sqlite3.Connection) -> None:
    """Empty tables of this layout, unless another process has just made them."""
    with _transaction(connection):
        if connection.execute("PRAGMA user_version").fetchone() == (LAYOUT,):
            return
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            connection.execute('DROP TABLE "{}"'.format(table.replace('"', '""')))
        for statement in TABLES.strip().splitlines():
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {LAYOUT}")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Several statements, whole or not at all; other processes wait."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _width(oids: bytes, codes: bytes, checksum: int) -> int:
    """Bytes of a blob id in a pack that is as it was written."""
    if not isinstance(oids, bytes) or not isinstance(codes, bytes) or zlib.crc32(codes, zlib.crc32(oids)) != checksum:
        raise BrokenStoreError("a checksum does not fit")
    count = len(codes) // CODE_BYTES
    if not count or len(codes) % CODE_BYTES or len(oids) % count or len(oids) // count not in OID_BYTES:
        raise BrokenStoreError("a pack of another shape")
    return len(oids) // count


def pieces(data: bytes, width: int) -> list[bytes]:
    """Bytes cut into pieces of one width."""
    return [data[at : at + width] for at in range(0, len(data), width or 1)]
