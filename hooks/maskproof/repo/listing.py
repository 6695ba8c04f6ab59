"""What a tree holds: every file by its path, as Git lists it.

A large tree has 100,000 files, of which a commit asks about a few. So no more is taken apart than where each line has
its path; mode and id are read where they are asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from maskproof.repo.paths import APPROVALS, ATTRIBUTES, IMAGE, SIDECAR_SUFFIX, is_approval, is_attributes

CONFLICT = "unmerged"
"""the mode of a path in conflict"""


class Entry(NamedTuple):
    """One file of a tree."""

    mode: str
    """Git's file mode; `unmerged` for a path in conflict"""
    oid: str


class Listing(Mapping[str, Entry]):
    """Every file by its path.

    Args:
        listed: By `git ls-tree -r -z`, or by `git ls-files -s -z`, which lists a path in conflict up to three times.
        index: By the latter.
    """

    def __init__(self, listed: bytes = b"", *, index: bool = False) -> None:
        self._index = index
        lines = os.fsdecode(listed).split("\0")
        self._words = {path: words for words, _, path in [line.partition("\t") for line in lines[:-1]]}

    def __getitem__(self, path: str) -> Entry:
        mode, *words = self._words[path].split(" ")
        if self._index:
            oid, stage = words
            return Entry(mode if stage == "0" else CONFLICT, oid)
        return Entry(mode, words[1])

    def __contains__(self, path: object) -> bool:
        return path in self._words

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)

    def holding(self, oid: str) -> list[str]:
        """The paths of one blob."""
        near = [path for path, words in self._words.items() if oid in words]
        return [path for path in near if self[path].oid == oid]

    @cached_property
    def images(self) -> tuple[str, ...]:
        """Those with an image's name."""
        return tuple(filter(IMAGE.search, self._words))

    @cached_property
    def sidecars(self) -> tuple[str, ...]:
        """Those with a record's name."""
        return tuple([path for path in self._words if path.endswith(SIDECAR_SUFFIX)])

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """Those by which Git rewrites others, in any case."""
        dot = ATTRIBUTES[0]  # folds to itself alone, and few names begin with it
        hidden = [path for path in self._words if f"/{dot}" in path or path.startswith(dot)]
        return tuple(filter(is_attributes, hidden))

    @cached_property
    def approvals(self) -> tuple[str, ...]:
        """Those with an approval's name."""
        return tuple(filter(is_approval, self.under(APPROVALS)))

    @cached_property
    def tops(self) -> frozenset[str]:
        """The names of what lies at the top, files and folders."""
        return frozenset([path.partition("/")[0] for path in self._words])

    def under(self, folder: str) -> list[str]:
        """Those in a folder, whose name ends in a slash."""
        return [path for path in self._words if path.startswith(folder)]
