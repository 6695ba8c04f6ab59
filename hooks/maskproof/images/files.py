"""The files of a run: each blob read once, each container walked once, each picture and mask decoded once.

A commit often holds several edits of one original under one mask, and an edit of an edit needs the same pictures again
for its first original. Decoding costs most of a check, so what was decoded last is kept, bounded by bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from msgspec import Struct

from maskproof.images import containers
from maskproof.images.decode import decode, decode_mask, thumbnail
from maskproof.memo import Memo

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maskproof.images.containers import Container
    from maskproof.model import Picture

ReadBlob = Callable[[str, str], bytes]
"""blob id and path in, bytes out; raises CouldNotJudge where they cannot be had"""
T = TypeVar("T")
KEPT_BYTES = 64_000_000
"""decoded samples that are kept: two pictures of 3840 x 2160 beside those in work, which are held anyway; the last one,
of whatever size, is always kept"""
KEPT_COUNT = 192
"""what is kept of files in all, decoded or not: most have three such values"""
WALKED_BYTES = 100_000
"""what a walked container is counted as: its metadata, most often less"""


class Source(Struct, frozen=True):
    """A file by its id: what travels to where its bytes are read."""

    oid: str
    """blob id in Git, or the name that a reader of other files knows it by"""
    path: str
    """where it lies, from the repository's root"""
    sha256: str = ""
    """of its content; empty where nobody asks"""
    found: str = ""
    """where it was found, in words"""
    name: str = ""
    """how messages call it; empty: by its path"""

    @property
    def called(self) -> str:
        """How messages call it."""
        return self.name or self.path


class Files:
    """What one process has read, walked and decoded; it travels to another one empty, which keeps it for what follows.

    Args:
        read: Where bytes come from; picklable where the value has to travel.
    """

    def __init__(self, read: ReadBlob) -> None:
        self.read = read
        self._kept: Memo[tuple[str, str], object] = Memo(KEPT_BYTES, KEPT_COUNT)
        self._lock = Lock()
        self._made: dict[tuple[str, str], tuple[Lock, int]] = {}
        """what is being made, and how many threads want it"""

    def __reduce__(self) -> tuple[Callable[[ReadBlob], Files], tuple[ReadBlob]]:
        return _files, (self.read,)

    def data(self, source: Source) -> bytes:
        """The bytes of a file; raises CouldNotJudge where they cannot be had."""
        return self.read(source.oid, source.path)

    def container(self, source: Source) -> Container:
        """The blocks of a file; raises Unreadable or TooLarge."""
        return self.once(
            "walked", source, lambda: containers.blocks(self.data(source), source.called), lambda _: WALKED_BYTES
        )

    def picture(self, source: Source) -> Picture:
        """A picture, upright and in sRGB; raises CouldNotJudge as `decode` does."""
        return self.once(
            "decoded",
            source,
            lambda: decode(self.data(source), source.called, self.container(source)),
            lambda picture: picture.samples.nbytes,
        )

    def mask(self, source: Source) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
        """The planes of a mask, as `decode_mask` gives them; raises what it raises."""
        return self.once(
            "mask",
            source,
            lambda: decode_mask(self.data(source), source.called, self.container(source)),
            lambda planes: planes[0].nbytes,
        )

    def thumbnail(self, source: Source, side: int) -> NDArray[np.uint8]:
        """A picture as a small grey square for likeness; raises CouldNotJudge as `decode.thumbnail` does."""
        return self.once(
            f"thumbnail {side}",
            source,
            lambda: thumbnail(self.data(source), source.called, side, self.container(source)),
            lambda picture: picture.nbytes,
        )

    def are_same(self, one: Source, other: Source) -> bool:
        """Do two files show the very same: equal samples, and the same colours meant? Raises as `picture` does."""
        first, second = self.picture(one), self.picture(other)
        planes = ((first.samples, second.samples), (first.alpha, second.alpha), (first.low, second.low))
        equal = (a is b if a is None or b is None else np.array_equal(a, b) for a, b in planes)
        meant, too = ((it.color, it.managed, it.icc, it.gain_map, it.trailing) for it in (first, second))
        return meant == too and all(equal)

    def know(self, source: Source, picture: Picture) -> None:
        """Keep what was decoded elsewhere from the same bytes."""
        self._kept.keep(("decoded", source.oid), picture, picture.samples.nbytes)

    def once(self, how: str, source: Source, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """What is made of a file, made once: `how` says what, `size` how many bytes it takes."""
        key = (how, source.oid)
        with self._making(key):  # one thread makes it, others wait for that
            known = self._kept.get(key)
            if known is None:
                made = make()
                return self._kept.keep(key, made, size(made))  # type: ignore[return-value]  # a key says the type
            return known  # type: ignore[return-value]

    @contextmanager
    def _making(self, key: tuple[str, str]) -> Iterator[None]:
        with self._lock:
            lock, users = self._made.get(key, (Lock(), 0))
            self._made[key] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, users = self._made.pop(key)
                if users > 1:
                    self._made[key] = lock, users - 1


@lru_cache(1)
def _files(read: ReadBlob) -> Files:
    """The files of this process, for as long as they are read in the same way."""
    return Files(read)
