"""What lies on the desk: the pictures of a change as they lie in the folder, each judged when somebody looks at it.

The gate judges what is staged. Whoever works wants to see what it would say of the files as they are now, so they are
looked at in an index of their own (`repo.working.as_it_lies`), which is thrown away.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from maskproof.gate.check import judged
from maskproof.gate.scope import Scope
from maskproof.repo import Repository
from maskproof.repo.change import Selection, open_change
from maskproof.repo.paths import SIDECAR_SUFFIX, is_image, is_sidecar, sidecar_image
from maskproof.repo.working import as_it_lies, loose
from maskproof.report import html

if TYPE_CHECKING:
    from collections.abc import Collection

    from maskproof.model import ImageReport

STATES = {
    "new": "new, not staged",
    "changed": "changed, not staged",
    "gone": "gone",
    "staged": "staged",
    "": "unchanged",
}
"""how a file stands to Git, in words"""


class Item(Struct, frozen=True):
    """One picture."""

    id: str
    """stands for its path in addresses: a path is never taken from a request"""
    path: str
    state: str
    """a key of `STATES`"""
    loose: tuple[str, ...]
    """the files of it that are not staged as they lie there: itself, its record, its mask"""


class View(Struct, frozen=True, weakref=True):
    """What lay there at one moment."""

    key: str
    """changes with whatever could change a verdict"""
    scope: Scope
    items: tuple[Item, ...]
    others: tuple[Item, ...]
    """files beside the pictures that are not staged as they lie there: policy, approvals, records of other pictures"""
    tracked: tuple[str, ...]
    """every picture"""
    reports: dict[str, ImageReport] = field(default_factory=dict)
    """what was judged, by path"""
    judging: threading.Lock = field(default_factory=threading.Lock)

    def item(self, number: str) -> Item | None:
        """The picture of an id; None where there is none."""
        return next((one for one in self.items if one.id == number), None)

    def file(self, number: str) -> Item | None:
        """The picture or other file of an id; None where there is none."""
        return self.item(number) or next((one for one in self.others if one.id == number), None)

    def report(self, item: Item) -> ImageReport:
        """The report on one picture, drawn."""
        with self.judging:
            if item.path not in self.reports:
                self.reports[item.path] = judged(self.scope, item.path, draws={html.__name__: html.draw})
            return self.reports[item.path]


class Desk:
    """A repository that somebody works in. Threads may share it."""

    def __init__(self, repository: Repository, paths: tuple[str, ...] = (), *, in_ci: bool = False) -> None:
        self.repository, self.paths, self.in_ci = repository, paths, in_ci
        self._lock = threading.Lock()
        self._view: View | None = None

    def look(self) -> View:
        """What lies there now.

        Raises:
            UsageError: a path that was asked for does not exist any more.
            PolicyError: the policy has mistakes.
        """
        with self._lock:
            repository = Repository(self.repository.where, self.repository.env)  # forgets what its index held
            lying = loose(repository)
            key = _key(repository, lying)
            if self._view is None or self._view.key != key:
                self._view = self._looked(repository, lying, key)
            return self._view

    def _looked(self, repository: Repository, lying: tuple[str, ...], key: str) -> View:
        room = Path(tempfile.mkdtemp(prefix="maskproof-ui-"))
        seen = as_it_lies(repository, lying, room)
        change = open_change(seen, Selection(named=self.paths))._replace(in_ci=self.in_ci)
        scope = Scope(change)
        staged = repository.staged()
        asked = [
            path
            for path in scope.targets
            if not self.paths or {path, *change.head.records.get(path, ())} & {*change.named}
        ]
        items = tuple(_item(scope, path, lying, staged.keys()) for path in asked)
        taken = {path for item in items for path in item.loose}
        others = tuple(
            Item(_id(one), one, "changed", (one,)) for one in lying if one not in taken and not is_image(one)
        )
        view = View(key, scope, items, others, change.head.entries.images)
        weakref.finalize(view, shutil.rmtree, room, ignore_errors=True)
        return view


def _item(scope: Scope, path: str, lying: tuple[str, ...], staged: Collection[str]) -> Item:
    head, root = scope.change.head, scope.change.repository.root
    before = scope.change.repository.head
    own = [path, *head.records.get(path, (path + SIDECAR_SUFFIX,))]
    own += [one for one in lying if is_sidecar(one) and sidecar_image(one) == path and one not in own]
    if path in lying:
        state = "gone" if not (root / path).is_file() else "changed" if path in before.entries else "new"
    else:
        state = "staged" if path in staged else ""
    return Item(_id(path), path, state, tuple(one for one in own if one in lying))


def _id(path: str) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _key(repository: Repository, lying: tuple[str, ...]) -> str:
    """The state of all that a verdict may hang on: the last commit, the index, and each file that differs from it."""
    listed = repository.git("ls-files", "--full-name", "-s", "-z", ":/")
    said = [repository.head.commit or "", hashlib.sha256(listed).hexdigest()]
    for path in lying:
        try:
            found = (repository.root / path).lstat()
            said.append(f"{path}\0{found.st_mtime_ns}\0{found.st_size}\0{found.st_ino}")
        except OSError:
            said.append(path)
    return hashlib.sha256("\0\0".join(said).encode("utf-8", "surrogateescape")).hexdigest()
