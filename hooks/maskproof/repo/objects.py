"""Git's objects: the bytes of a file by the id of its blob, each read once, Git LFS followed.

The working tree lies: filters rewrite files on checkout, and a file that is not part of the commit is there to be
read. So bytes come from `git cat-file --batch` by id, which never talks to a server.
"""

from __future__ import annotations

import os
import threading
import weakref
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from maskproof.content import MAX_FILE_BYTES, POINTER_BYTES, lfs_pointer, sha256_of
from maskproof.errors import CouldNotJudge, MissingObject, MissingOriginal, TooLarge
from maskproof.memo import Memo
from maskproof.repo import DEEPEN, REFETCH
from maskproof.repo.signatures import FIRST_BYTES, is_picture
from maskproof.repo.starting import end, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import IO

    from maskproof import remote
    from maskproof.repo import Repository, Tree
    from maskproof.repo.starting import Process

LFS = "lfs:"
"""begins the id of a Git LFS object that no blob leads to"""
FETCHED = "fetched:"
"""begins the id of an original that was fetched from an address"""
MEMO_BYTES = 96_000_000
"""bytes of blobs that are kept: the files of three pairs of 3840 x 2160, two in work and one that is taken up next"""
MEMO_COUNT = 96
"""blobs that are kept: those of some twenty pictures, with their records, originals and masks"""
KNOWN_DIGESTS = 2_000
"""blobs whose digest is kept when they are no more: an original is often that of many edits"""
DELTA_BYTES = 8_000_000
"""bytes of objects that Git keeps for the sake of others that are written as differences from them, 96 MB where it is
not told; pictures are not, records are small, and a run over thousands of pictures would fill them all"""
MAX_QUESTION = 4096
"""bytes of ids that are asked for at once. A pipe takes as many on every system without being read (PIPE_BUF), so
that this process and Git never wait for each other"""


class Objects:
    """The blobs of a repository. Threads may share it; another process gets one that reads for itself."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self._reader = Reader(repository)
        self._lock = threading.Lock()
        self._memo: Memo[str, bytes] = Memo(MEMO_BYTES, MEMO_COUNT)
        self._digests: Memo[str, str] = Memo(KNOWN_DIGESTS)
        self.lacked = False
        """was an object asked for that is not on this machine?"""

    def __reduce__(self) -> tuple[object, ...]:
        return _objects_in, (self.repository.where, self.repository.env)

    def blob(self, oid: str, name: str) -> bytes:
        """The bytes of a blob; a Git LFS pointer is followed to its object.

        Args:
            oid: The blob's id, or what `locate` gave.
            name: How a message calls the file.

        Raises:
            MissingObject: the bytes are not on this machine.
            TooLarge: there are more of them than are read into memory.
        """
        if oid.startswith(FETCHED):
            digest = oid.removeprefix(FETCHED)
            data = self._memo.get(digest) or self.store.shelf.get(digest)
            if data is None or sha256_of(data) != digest:
                raise MissingObject(
                    f"{name} was fetched and could not be kept", f"Make room in {self.store.shelf.folder}."
                )
            return self._memo.keep(digest, data, len(data))
        if not oid.startswith(LFS):
            return _follow(self._object(oid, name), name, self.lfs_object, lambda: self._way_to(oid, name))
        if (data := self.lfs_object(oid.removeprefix(LFS))) is None:
            raise MissingObject(f"{name} is no more in Git LFS on this machine", "Run `git lfs fetch`.")
        return data

    def blobs(self, oids: Iterable[str], name: str) -> Iterator[tuple[str, bytes | CouldNotJudge]]:
        """Many blobs, or why one cannot be had, in no order; Git is asked for some hundred at a time.

        They are not kept for the next one who asks, lest thousands push out what is needed again.
        """
        unknown = []
        for oid in dict.fromkeys(oids):
            if (data := self._memo.get(oid)) is None:
                unknown.append(oid)
            else:
                yield oid, self._outcome(name, data)
        if not unknown:
            return
        # A reader of its own: what is asked for between two blobs would get their answer.
        reader = Reader(self.repository)
        try:
            for oid, answer in zip(unknown, reader.answers(unknown), strict=True):
                yield oid, self._outcome(name, answer, oid)
        finally:
            reader.close()

    def pictures(self, blobs: Mapping[str, str]) -> frozenset[str]:
        """Those of some paths whose blob begins as a picture does; `blobs` are ids by path. Git LFS is followed."""
        found = {oid for oid, first in self._beginnings(dict.fromkeys(blobs.values())) if is_picture(first)}
        return frozenset(path for path, oid in blobs.items() if oid in found)

    def _beginnings(self, oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        asked, reader = list(oids), Reader(self.repository)
        try:
            for oid, answer in zip(asked, reader.answers(asked) if asked else (), strict=True):
                pointer = lfs_pointer(answer.data)
                yield oid, answer.data[:FIRST_BYTES] if pointer is None else self._beginning_of_lfs(pointer[0])
        finally:
            reader.close()

    def _beginning_of_lfs(self, digest: str) -> bytes:
        stored = self._lfs / "objects" / digest[:2] / digest[2:4] / digest
        try:
            with stored.open("rb") as file:
                return file.read(FIRST_BYTES)
        except OSError:
            self.lacked = True
            return b""

    def digest(self, oid: str, name: str) -> str:
        """The SHA-256 of a blob's content; of a Git LFS pointer that is its id, so its object need not be here.

        Raises:
            MissingObject, TooLarge: as in `blob`.
        """
        if (known := self._digests.get(oid)) is not None:
            return known
        data = self._object(oid, name)
        return self._digests.keep(oid, pointer[0] if (pointer := lfs_pointer(data)) else sha256_of(data), 1)

    def absent(self, oids: Iterable[str]) -> tuple[list[str], list[str]]:
        """Those of some blobs that are not here, and those that are Git LFS pointers to content that is not."""
        asked = list(dict.fromkeys(oids))
        given = "".join(f"{oid}\n" for oid in asked).encode()
        # In a partial clone git ends at the first that it may not fetch; those behind it are taken for absent as well.
        listed = self.repository.git("cat-file", "--batch-check=%(objectsize)", given=given, allowed=(0, 128))
        said = listed.decode().split("\n")
        sizes = {oid: line for oid, line in zip(asked, said, strict=False) if line.isdigit()}
        small = [oid for oid, size in sizes.items() if int(size) < POINTER_BYTES]
        read = ((oid, answer) for oid, answer in self.blobs(small, "a file"))
        return [oid for oid in asked if oid not in sizes], [oid for oid, one in read if isinstance(one, MissingObject)]

    def is_pointer_to(self, oid: str, name: str, data: bytes) -> bool:
        """Is a blob the Git LFS pointer of this content?"""
        try:
            pointer = lfs_pointer(self._object(oid, name))
        except CouldNotJudge:
            return False
        return pointer is not None and pointer[0] == sha256_of(data)

    def locate(self, path: str, sha256: str, tree: Tree) -> tuple[str, str] | None:
        """Where bytes are by their SHA-256: at a path, in the path's history, or as a Git LFS object.

        Returns:
            The id that `blob` takes, and where it was, in words; None where they are in none of these places.

        Raises:
            MissingObject: they may be in history that this clone does not hold.
        """
        unread: CouldNotJudge | None = None
        for oid, place in self.held(path, tree):
            try:
                if self.digest(oid, path) == sha256 and self.blob(oid, path) is not None:
                    return oid, f"{place}, blob {oid[:12]}"
            except (MissingObject, TooLarge) as error:
                # Another version may be the recorded one; the error is told only if none is.
                unread = unread or error
        if self.lfs_object(sha256) is not None:
            return f"{LFS}{sha256}", "in Git LFS"
        if unread is not None:
            raise unread
        if self.repository.shallow:
            raise MissingObject(
                f"{path} with digest {sha256[:12]}… is not in this clone, whose history is cut off", DEEPEN
            )
        return None

    def held(self, path: str, tree: Tree) -> Iterator[tuple[str, str]]:
        """Blob ids that a path has in a tree and had in its history, newest first, and where, in words."""
        if (oid := tree.blob_id(path)) is not None:
            yield oid, "in the tree"
        yield from ((oid, "in history") for oid in self.repository.versions(path, tree))

    def keep(self, data: bytes) -> str:
        """Store bytes as an object that no file or commit names, and give its id: `git cat-file blob ID` prints them.

        Git removes it after two weeks (gc.pruneExpire). It is written through to the disk, which Git does not do by
        itself, because the only other copy may be replaced next.
        """
        safely = ("-c", "core.fsync=loose-object", "-c", "core.fsyncMethod=fsync", "-c", "core.looseCompression=1")
        stored = self.repository.git(*safely, "hash-object", "-w", "--stdin", "--no-filters", given=data)
        return stored.decode().strip()

    def lfs_object(self, digest: str) -> bytes | None:
        """The bytes of a Git LFS object, checked against its id; None where it is not on this machine."""
        if (known := self._memo.get(digest)) is not None:
            return known
        data = self._stored(digest)
        return None if data is None else self._memo.keep(digest, data, len(data))

    def fetched(self, address: str, sha256: str, allowed: Iterable[str]) -> str:
        """The id of an original that lies at an address; raises MissingOriginal as `remote.Store.fetched` does."""
        try:
            data = self.store.fetched(address, sha256, allowed)
        except MissingOriginal:
            self.lacked = True
            raise
        self._memo.keep(sha256, data, len(data))
        return f"{FETCHED}{sha256}"

    @cached_property
    def store(self) -> remote.Store:
        """Where originals are kept that were fetched, which no commit can write to."""
        from maskproof import remote  # hashes and random numbers, which a commit without images does not need

        return remote.Store(self.repository.common_dir / "maskproof")

    def close(self) -> None:
        """End the process of Git; the next question starts another."""
        self._reader.close()

    def _stored(self, digest: str) -> bytes | None:
        stored = self._lfs / "objects" / digest[:2] / digest[2:4] / digest
        data = stored.read_bytes() if stored.is_file() and stored.stat().st_size <= MAX_FILE_BYTES else b""
        if sha256_of(data) == digest:
            return data
        self.lacked = True
        return None

    @cached_property
    def _lfs(self) -> Path:
        """Where Git LFS keeps its objects: `lfs.storage`, taken from the folder with the objects."""
        set_to = os.fsdecode(self.repository.git("config", "--get", "lfs.storage", allowed=(0, 1)).rstrip(b"\n"))
        return self.repository.common_dir / (set_to or "lfs")

    def _object(self, oid: str, name: str) -> bytes:
        if (known := self._memo.get(oid)) is not None:  # without waiting for what another thread has Git read
            return known
        with self._lock:
            if (known := self._memo.get(oid)) is not None:
                return known
            (answer,) = self._reader.answers((oid,))
            data = self._content(answer, oid, name)
            return self._memo.keep(oid, data, len(data))

    def _outcome(self, name: str, said: Answer | bytes, oid: str = "") -> bytes | CouldNotJudge:
        try:
            data = said if isinstance(said, bytes) else self._content(said, oid, name)
            return _follow(data, name, self._stored, lambda: self._way_to(oid, name))
        except CouldNotJudge as error:
            return error

    def _way_to(self, oid: str, name: str) -> str:
        """The command that brings what a pointer names: only what is checked out is pulled, older versions are not."""
        import shlex

        git = self.repository.git
        entries = git("ls-files", "--stage", "-z").decode("utf-8", "replace").split("\0")
        if not oid or any(entry.split(" ", 2)[1:2] == [oid] for entry in entries):
            return f"git lfs pull --include={shlex.quote(name)}"
        commits = git("log", "--all", "--no-show-signature", "--no-renames", "--format=%H", f"--find-object={oid}")
        if not (found := commits.decode().split()):
            return "git lfs fetch --all"
        remotes = git("remote").decode("utf-8", "replace").split()
        remote = "origin" if "origin" in remotes or not remotes else remotes[0]
        return shlex.join(["git", "lfs", "fetch", remote, found[-1]])  # the last is the first that had it

    def _content(self, answer: Answer, oid: str, name: str) -> bytes:
        if not answer.kind:
            self.lacked = True
            advice = (
                REFETCH
                if self.repository.partial
                else DEEPEN
                if self.repository.shallow
                else "Check the repository with `git fsck`."
            )
            raise MissingObject(f"Git has no object {oid[:12]} for {name}", advice)
        if answer.size > MAX_FILE_BYTES:
            raise TooLarge(
                f"{name} has {answer.size / 1e6:.0f} MB; the limit is {MAX_FILE_BYTES / 1e6:.0f} MB",
                "Save it with stronger compression or smaller.",
            )
        if answer.kind != "blob":
            raise MissingObject(f"{name} is not a file in Git", "Record a file.")
        return answer.data


class Answer(NamedTuple):
    """What Git says of one object."""

    kind: str = ""
    """`blob`, `tree`, `commit` or `tag`; empty where it is missing or damaged"""
    size: int = 0
    data: bytes = b""
    """empty where there is more of it than `MAX_FILE_BYTES`"""


class Reader:
    """A conversation with one `git cat-file --batch`, which the first question starts; for one thread at a time."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._end: weakref.finalize[[Process], Reader] | None = None
        self._process: Process | None = None

    def answers(self, oids: Sequence[str]) -> Iterator[Answer]:
        """What Git says of each of some objects, one at least, in their order."""
        at_once = MAX_QUESTION // max(len(oid) + 1 for oid in oids)
        for start in range(0, len(oids), at_once):
            left = oids[start : start + at_once]
            while left:
                heard = 0
                for answer in self._conversation(left):
                    heard += 1
                    yield answer
                left = left[heard:]

    def _conversation(self, oids: Sequence[str]) -> Iterator[Answer]:
        """At least one answer; the others as far as one process gives them: what it breaks off at is the last."""
        stdin, stdout = self._streams()
        try:
            stdin.write("".join(f"{oid}\n" for oid in oids).encode())
            stdin.flush()
        except OSError:
            self.close()
            yield Answer()
            return
        try:
            for _ in oids:
                answer = read_answer(stdout)
                if answer is None or answer.size > MAX_FILE_BYTES:
                    self.close()  # instead of listening to all of it
                    yield answer or Answer()
                    return
                yield answer
        except BaseException:  # an interrupt: what is left of this answer must not be taken for the next one
            self.close()
            raise

    def _streams(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            command = self._repository.command("-c", f"core.deltaBaseCacheLimit={DELTA_BYTES}", "cat-file", "--batch")
            self._process = started(command, self._repository.surroundings, asked=True)
            self._end = weakref.finalize(self, end, self._process)
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        assert self._process.stdout is not None  # noqa: S101
        return self._process.stdin, self._process.stdout

    def close(self) -> None:
        """End the process; the next question starts another."""
        if self._end is not None:
            self._end()
        self._end = self._process = None


def read_answer(stream: IO[bytes]) -> Answer | None:
    """The next answer of `git cat-file --batch`, data over `MAX_FILE_BYTES` left unread; None at its end."""
    head = stream.readline().split()
    if len(head) != 3:  # noqa: PLR2004 - id, kind, size
        return Answer() if head else None
    kind, size = head[1].decode(), int(head[2])
    if size > MAX_FILE_BYTES:
        return Answer(kind, size)
    data = stream.read(size)
    return Answer(kind, size, data) if len(data) == size and stream.read(1) else None


@lru_cache(1)
def _objects_in(where: Path, env: tuple[tuple[str, str], ...]) -> Objects:
    """What this process reads for another one, with one conversation for all that it is handed."""
    from maskproof.repo import Repository

    return Repository(where, env).objects


def _follow(data: bytes, name: str, lfs_object: Callable[[str], bytes | None], way: Callable[[], str]) -> bytes:
    """The content that a pointer names; anything else is content itself. `way` tells the command that brings it."""
    if (pointer := lfs_pointer(data)) is None:
        return data
    digest, size = pointer
    content = lfs_object(digest)
    if content is None or len(content) != size:
        raise MissingObject(
            f"{name} lies in Git LFS and its content is not on this machine",
            f"Run `{way()}`, then check again.",
        )
    return content
