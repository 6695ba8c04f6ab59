"""The index at work: hash what is missing, many at a time, and list what is nearest.

Bytes come from Git objects by id and never from the working tree, so an entry is right for as long as its blob exists,
in every worktree and on every branch.
"""

from __future__ import annotations

from collections import defaultdict, deque
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from maskproof.errors import CouldNotJudge, MissingObject
from maskproof.images.decode import thumbnail
from maskproof.likeness import hashes
from maskproof.likeness.model import Likeness
from maskproof.likeness.store import pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from maskproof.likeness.store import Store
    from maskproof.repo import Repository

BATCH = 256
"""pictures that are kept at once, and lost at the most when a build is interrupted"""
FEW = 64
"""pictures that are decoded without starting processes, which takes 0.5 s or, on a busy machine, 3 s"""
AHEAD = 4
"""pictures read ahead for each process, so that big files do not pile up in memory"""
READ_AHEAD = 128_000_000
"""bytes of files read ahead at the most"""
NAME = "it"
"""how a reason calls the file, because one blob may have several paths and gets others"""

Outcome = bytes | str
"""an entry, or why there is none"""


class Updated(Struct, frozen=True):
    """What came of an update."""

    known: int
    """blobs that had been looked at before"""
    added: int
    """blobs that were hashed now"""
    failed: dict[str, str]
    """blobs that cannot be hashed, each with the reason, found now or earlier"""
    missing: dict[str, str]
    """blobs whose content is not on this machine (Git LFS, partial clone); they are tried again next time"""


class Index:
    """The likenesses of a repository's pictures. Not for several threads at once."""

    def __init__(self, repository: Repository, store: Store) -> None:
        self._repository = repository
        self._store = store
        self._paths: dict[str, tuple[str, ...]] = {}
        self._oids = store.oids
        self._width = store.width
        self._asked: NDArray[np.intp] | None = None
        self._codes: NDArray[np.uint64] = hashes.codes(store.codes)

    @cached_property
    def _rows(self) -> dict[bytes, int]:
        """Row by blob id; not needed to look something up, and slow to make of a hundred thousand."""
        return {oid: row for row, oid in enumerate(pieces(self._oids, self._width))}

    @property
    def note(self) -> str:
        """What a reader should know: that the file was broken, or could not be kept; empty where all is well."""
        return self._store.note

    def update(
        self,
        blobs: Iterable[tuple[str, str]],
        jobs: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Updated:
        """Hash what is not in the index yet; from now on `nearest` speaks of these blobs only.

        `blobs` are ids and paths as of `Repository.image_blobs`. `jobs` processes decode; None: as many as there are
        free processors. `progress` is told how many are done of how many.
        """
        paths: dict[str, set[str]] = defaultdict(set)
        for oid, path in blobs:
            paths[oid].add(path)
        self._paths = {oid: tuple(sorted(some)) for oid, some in paths.items()}
        wanted = [oid for oid in self._paths if not self._knows(oid)]
        entries: dict[bytes, bytes] = {}
        refused: dict[bytes, str] = {}
        missing: dict[str, str] = {}
        added = 0
        for done, (oid, outcome) in enumerate(self._hash(wanted, jobs, missing), 1):
            if isinstance(outcome, bytes):
                entries[bytes.fromhex(oid)] = outcome
            else:
                refused[bytes.fromhex(oid)] = outcome
            if len(entries) + len(refused) == BATCH:
                added += self._keep(entries, refused)
                entries, refused = {}, {}
            if progress:
                progress(done + len(missing), len(wanted))
        added += self._keep(entries, refused)
        asked = [bytes.fromhex(oid) for oid in self._paths]
        rows = [row for oid in asked if (row := self._rows.get(oid)) is not None]
        self._asked = np.array(rows, np.intp) if len(rows) < len(self._codes) else None
        failed = {oid.hex(): self._store.refused[oid] for oid in asked if oid in self._store.refused}
        return Updated(len(self._paths) - len(wanted), added, failed, missing)

    def nearest(self, samples: NDArray[np.uint8], count: int = 10) -> tuple[Likeness, ...]:
        """The pictures that are most like one, nearest first, ties in the order of their paths.

        `samples` are H x W luma or H x W x 3 sRGB, 0 to 255, upright.
        """
        asked = hashes.query(samples)
        rows = self._asked
        codes = self._codes if rows is None else self._codes[rows]
        matches = hashes.closest(codes, asked)
        named = [(match, self._oid(match.row if rows is None else int(rows[match.row]))) for match in matches]
        named.sort(key=lambda pair: (-pair[0].evidence, self._paths.get(pair[1], ()), pair[1]))
        return tuple(likeness_of(match, asked, oid, self._paths.get(oid, ())) for match, oid in named[:count])

    def _oid(self, row: int) -> str:
        return self._oids[row * self._width : (row + 1) * self._width].hex()

    def _knows(self, oid: str) -> bool:
        raw = bytes.fromhex(oid)
        return raw in self._rows or raw in self._store.refused

    def _keep(self, entries: dict[bytes, bytes], refused: dict[bytes, str]) -> int:
        """Take a batch into the file and into this index; the number of new entries."""
        if not entries and not refused:
            return 0
        self._store.add(entries, refused)
        self._store.refused.update(refused)
        self._rows.update((oid, row) for row, oid in enumerate(entries, len(self._codes)))
        self._width = self._width or len(next(iter(entries), b""))
        self._oids += b"".join(entries)
        new = hashes.codes(b"".join(entries.values()))
        self._codes = np.concatenate([self._codes, new])
        return len(entries)

    def _hash(self, oids: list[str], jobs: int | None, missing: dict[str, str]) -> Iterator[tuple[str, Outcome]]:
        """What came of each blob whose content is here; the others go to `missing`."""
        contents = self._contents(oids, missing)
        from maskproof import parallel  # loads what processes need, which looking something up does not

        workers = min(jobs or parallel.processors(), len(oids))
        if workers <= 1 or len(oids) <= FEW:
            yield from ((oid, data if isinstance(data, str) else hash_file(data)) for oid, data in contents)
            return
        # No threads: a decoder's warnings become errors, and Python can ask for that only for all threads at once.
        pending: deque[tuple[str, int, Future[Outcome]]] = deque()
        advice = "Memory may be short. What was hashed so far is kept: run the same again."
        with parallel.processes(workers, "decoded", advice) as pool:
            for oid, data in contents:
                if isinstance(data, str):
                    yield oid, data
                    continue
                pending.append((oid, len(data), pool.submit(hash_file, data)))
                while len(pending) > AHEAD * workers or sum(size for _, size, _ in pending) > READ_AHEAD:
                    first, _, future = pending.popleft()
                    yield first, future.result()
            yield from ((oid, future.result()) for oid, _, future in pending)

    def _contents(self, oids: list[str], missing: dict[str, str]) -> Iterator[tuple[str, bytes | str]]:
        """The bytes of each blob, or why they cannot be decoded."""
        for oid, data in self._repository.objects.blobs(oids, NAME):
            if isinstance(data, MissingObject):
                missing[oid] = data.reason
            else:
                yield oid, data.reason if isinstance(data, CouldNotJudge) else data


def likeness_of(match: hashes.Match, asked: hashes.Query, oid: str, paths: tuple[str, ...]) -> Likeness:
    """What one entry's best place says of its picture."""
    return Likeness(
        oid,
        paths,
        round(match.distance),
        match.bits,
        "cropped" if match.place else "whole",
        round(asked.kept[match.place], 4),
        match.alike,
        near=match.near,
        doubt=match.doubt,
        place=match.place,
    )


def hash_file(data: bytes) -> Outcome:
    """The entry of one file, or why it has none."""
    try:
        return hashes.of(thumbnail(data, NAME, hashes.SIDE))
    except CouldNotJudge as error:
        return error.reason
