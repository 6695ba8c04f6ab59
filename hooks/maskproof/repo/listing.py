"""What a tree holds: every file by its path, as Git lists it.

A large tree has 100,000 files, of which a commit asks about a few. So no more is taken apart than where each line has
its path; mode and id are read where they are asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from maskproof.repo.paths import (
    IMAGE,
    POLICY_FILES,
    PRESET_SUFFIX,
    SIDECAR_SUFFIX,
    folded,
    is_approval,
    is_attributes,
    sidecar_image,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

REGULAR = frozenset({"100644", "100755"})
"""modes of plain files"""
CONFLICT = "unmerged"
"""the mode of a path in conflict"""


class Entry(NamedTuple):
    """One file of a tree."""

    mode: str
    """Git's file mode; `unmerged` for a path in conflict"""
    oid: str


class Listing(Mapping[str, Entry]):
    """Every file by its path, in the order of the bytes of the paths.

    Args:
        listed: By `git ls-tree -r -z`, or by `git ls-files -s -z`, which lists a path in conflict up to three times.
        index: By the latter.
    """

    def __init__(self, listed: bytes = b"", *, index: bool = False) -> None:
        self._index = index
        self._words = _words_by_path(os.fsdecode(listed))
        self._near: Listing | None = None
        self._new: tuple[str, ...] = ()

    def but(self, changes: Mapping[str, Entry | None]) -> Listing:
        """The listing of another tree, by the files that differ there; None: it has no such file."""
        there = Listing(index=self._index)
        there._near, there._new = self, tuple(path for path, one in changes.items() if one and path not in self)
        words = self._words.copy()
        for path, one in changes.items():
            if one is None:
                words.pop(path, None)
            else:
                words[path] = f"{one.mode} {one.oid} 0" if self._index else f"{one.mode} blob {one.oid}"
        there._words = {path: words[path] for path in sorted(words, key=os.fsencode)} if there._new else words
        return there

    def __getitem__(self, path: str) -> Entry:
        mode, *words = self._words[path].split(" ")
        if self._index:
            oid, stage = words
            return Entry(mode if stage == "0" else CONFLICT, oid)
        return Entry(mode, words[1])

    def blob_id(self, path: str) -> str | None:
        """The blob of a plain file; None where there is none of this name."""
        words = self._words.get(path)  # asked of every record there is, so not by way of an entry
        if words is None or words[:6] not in REGULAR:
            return None
        if not self._index:
            return words[12:]
        return words[7:-2] if words[-1] == "0" else None

    def oid(self, path: str) -> str:
        """The id of what lies at a path, whatever that is."""
        return self._words[path].split(" ")[1 if self._index else 2]

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
        return self._filtered("images", lambda paths: filter(IMAGE.search, paths))

    @cached_property
    def sidecars(self) -> tuple[str, ...]:
        """Those with a record's name."""
        return tuple([path for path in self._written if path.endswith(SIDECAR_SUFFIX)])

    @cached_property
    def records(self) -> dict[str, tuple[str, ...]]:
        """Where the records of images lie, by image; more than one is a mistake, which is said when it is read."""
        if self._near is not None and self.sidecars == self._near.sidecars:
            return self._near.records
        found: dict[str, tuple[str, ...]] = {}
        for path in self.sidecars:
            image = sidecar_image(path)
            found[image] = (*found.get(image, ()), path)
        return found

    @cached_property
    def presets(self) -> tuple[str, ...]:
        """Those with the name of a policy that others extend."""
        return tuple([path for path in self._written if path.endswith(PRESET_SUFFIX)])

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """Those by which Git rewrites others, in any case."""
        return tuple(filter(is_attributes, self._hidden))

    @cached_property
    def approvals(self) -> tuple[str, ...]:
        """Those with an approval's name."""
        return tuple(filter(is_approval, self._hidden))

    @cached_property
    def policies(self) -> tuple[str, ...]:
        """The policy files at the top, in any case, and what lies in folders of their names."""
        return self._filtered("policies", _policies)

    @cached_property
    def _written(self) -> tuple[str, ...]:
        """Those that end as a record or a preset does."""
        ends = (SIDECAR_SUFFIX, PRESET_SUFFIX)
        return self._filtered("_written", lambda paths: [path for path in paths if path.endswith(ends)])

    @cached_property
    def _hidden(self) -> tuple[str, ...]:
        """Those of which a file or a folder begins with a dot, which folds to itself alone."""
        return self._filtered("_hidden", lambda paths: [path for path in paths if "/." in path or path[:1] == "."])

    def _filtered(self, name: str, those: Callable[[Iterable[str]], Iterable[str]]) -> tuple[str, ...]:
        """Some of the paths; where those of a tree near by are known, only what differs is looked at."""
        if self._near is None:
            return tuple(those(self._words))
        kept = [path for path in getattr(self._near, name) if path in self._words]
        new = tuple(those(self._new))
        return tuple(sorted((*kept, *new), key=os.fsencode) if new else kept)


def _words_by_path(listed: str) -> dict[str, str]:
    """What stands before each path of a listing."""
    if listed.count("\t") == listed.count("\0"):
        parts = listed.replace("\t", "\0").split("\0")  # a third of the time of taking each line apart
        return dict(zip(parts[1::2], parts[::2], strict=False))
    return {path: words for words, _, path in [line.partition("\t") for line in listed.split("\0")[:-1]]}


def _policies(paths: Iterable[str]) -> Iterable[str]:
    # No other letters fold to the first ones of these names.
    tops = {path.partition("/")[0] for path in paths if path[0] in "mMpP"}
    named = {top for top in tops if folded(top) in POLICY_FILES}
    return [path for path in paths if path.partition("/")[0] in named] if named else ()
