"""What the baseline holds of a picture, as far as it counts.

An entry of the change itself counts for bytes that the merge base holds at that path, with the record that lies there:
then nothing about the picture is the change's doing. So does the project's entry for bytes that are only given another
name, one that nothing had, or that were only packed anew: the picture shows to the last bit what it showed. What an
original proves is another question: there only an entry of the project counts, or whoever wants a picture to prove
something would write it one.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from maskproof.errors import ApprovalError, CouldNotJudge
from maskproof.records import baseline

if TYPE_CHECKING:
    from maskproof.records.baseline import Entry
    from maskproof.repo import Tree
    from maskproof.repo.change import Change


class Baselines:
    """The baseline of each tree of a change."""

    def __init__(self, change: Change) -> None:
        self.change = change

    @cached_property
    def problem(self) -> ApprovalError | None:
        """Why the baseline of the change cannot be used."""
        return next((one for one in (self._mine, *self._project) if isinstance(one, ApprovalError)), None)

    @cached_property
    def _mine(self) -> dict[str, Entry] | ApprovalError:
        return self._by_blob[self.change.head.blob_id(baseline.FILE)]

    @cached_property
    def _project(self) -> tuple[dict[str, Entry] | ApprovalError, ...]:
        return tuple(self._by_blob[tree.blob_id(baseline.FILE)] for tree in self.change.trusted)

    @cached_property
    def _by_blob(self) -> dict[str | None, dict[str, Entry] | ApprovalError]:
        """What each version of the file holds; most often there is one."""
        trees = {tree.blob_id(baseline.FILE): tree for tree in (*self.change.trusted, self.change.head)}
        return {oid: _entries(tree) for oid, tree in trees.items()}

    def held(self, path: str) -> tuple[Entry, ...]:
        """The entries that the project has for a picture, whatever bytes it has now."""
        found = [one.get(path) for one in self._project if not isinstance(one, ApprovalError)]
        return tuple(entry for entry in found if entry is not None)

    def of(self, path: str, sha256: str) -> Entry | None:
        """The entry that counts for a picture of the change as it is now."""
        mine = () if isinstance(self._mine, ApprovalError) else filter(None, (self._mine.get(path),))
        fitting = [entry for entry in (*mine, *self.held(path)) if entry.sha256 == sha256]
        return fitting[0] if fitting and self._untouched(path, sha256) else self._moved(path, sha256)

    @cached_property
    def _gone(self) -> dict[str, list[tuple[str, Entry]]]:
        """The project's entries for paths that the change leaves empty, by the bytes that lay there."""
        found: dict[str, list[tuple[str, Entry]]] = defaultdict(list)
        for entries in self._project:
            for path, entry in () if isinstance(entries, ApprovalError) else entries.items():
                if self.change.head.blob_id(path) is None:
                    found[entry.sha256].append((path, entry))
        return found

    def _moved(self, path: str, sha256: str) -> Entry | None:
        """The entry of a picture that the change only gave another name: to a path that was empty, with no record."""
        base, head = self.change.base, self.change.head
        if base.blob_id(path) is not None or head.records.get(path):
            return None
        own = head.blob_id(path)
        return next(
            (
                entry
                for former, entry in self._gone.get(sha256, ())
                if base.blob_id(former) == own and not base.records.get(former)
            ),
            None,
        )

    def proves(self, path: str, sha256: str) -> Entry | None:
        """The entry of the project for a picture that lies in it."""
        return next((entry for entry in self.held(path) if entry.sha256 == sha256), None)

    def same_records(self, path: str) -> bool:
        """Does the merge base hold the record that lies beside a picture, or both none?"""
        held, holds = (
            [tree.entries[one] for one in tree.records.get(path, ())] for tree in (self.change.base, self.change.head)
        )
        return held == holds

    def _untouched(self, path: str, sha256: str) -> bool:
        """Does the merge base hold these bytes there, with the record that lies beside them?"""
        base, head = self.change.base, self.change.head
        own = base.blob_id(path)
        if own is None or not self.same_records(path):
            return False
        try:
            return own == head.blob_id(path) or base.repository.objects.digest(own, path) == sha256
        except CouldNotJudge:
            return False


def _entries(tree: Tree) -> dict[str, Entry] | ApprovalError:
    try:
        data = tree.read(baseline.FILE)
        return {} if data is None else baseline.parse(data).pictures
    except ApprovalError as error:
        return error.with_traceback(None)
    except CouldNotJudge as error:
        return ApprovalError(baseline.FILE, (error.reason,))
