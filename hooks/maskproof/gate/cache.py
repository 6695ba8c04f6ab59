"""The verdict cache: what was judged before is not judged again, as long as all that led to the verdict is the same.

`judge` is pure, so its verdict is kept by the digest of all that it is handed: every input that `gather` found, files
by the ids of their content, and the engine: this package's own code and every other package that is installed. What
`gather` asks of history, approvals, the base or the calendar lies in its inputs, so it is asked anew each time.

A whole run is kept as well, by the ids of the trees that it lay between, so that the same commit again loads nothing
heavy. Of what such a run read beside them it is kept what files of the working tree it looked at, and on which day. A
run that asked for more than that (who signed an approval, an object that this clone lacks) is not kept.

What somebody has to act on by getting something first is never kept: a picture that could not be judged is looked at
again. The cache lies in the Git directory, which no commit can write to; a job of CI uses it only when told to.
"""

from __future__ import annotations

import json
import os
import sys
import time
from enum import Enum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import maskproof
from maskproof.content import sha256_of
from maskproof.errors import MaskproofError
from maskproof.gate.packed import packed, unpacked
from maskproof.images.readers import READERS
from maskproof.model import ImageReport, Report
from maskproof.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from maskproof.gate.inspection import Inputs
    from maskproof.repo import Repository
    from maskproof.repo.change import Change

T = TypeVar("T")
FOLDER = ("maskproof", "verdicts")
"""where it lies, from the folder that all worktrees share"""
MOST_IMAGES = 500
"""images of a run that is kept whole; those of a larger one are found one by one"""


class Verdicts:
    """Verdicts on single images, by all that led to them.

    Args:
        shelf: Where they lie.
    """

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.found = 0
        """verdicts that were there"""
        self._added = False

    def key(self, inputs: Inputs) -> str:
        """What a verdict is kept by; empty where nothing tells what an input holds, so that it is not kept."""
        try:
            return sha256_of(form(("image", engine(), inputs)))
        except TypeError:
            return ""

    def image(self, key: str) -> ImageReport | None:
        """The verdict on these very inputs; None where it is not kept."""
        found = _read(self.shelf.get(key), unpacked)
        self.found += found is not None
        return found

    def keep(self, key: str, report: ImageReport) -> None:
        """Keep a verdict, where all that led to it will be the same next time."""
        if report.settled:
            self._put(key, packed(report))

    def close(self) -> None:
        """Make room, where something was added."""
        if self._added:
            self.shelf.trim()

    def _put(self, key: str, value: dict[str, Any]) -> None:
        try:
            data = json.dumps(value, allow_nan=False).encode()
        except (TypeError, ValueError):  # a number that JSON would not give back as it is
            return
        self.shelf.put(key, data)
        self._added = True


class Cache(Verdicts):
    """The verdicts that a repository keeps, on images and on whole runs.

    Args:
        repository: It.
        shelf: Where they lie; None: in its Git directory.
    """

    def __init__(self, repository: Repository, shelf: Shelf | None = None) -> None:
        super().__init__(shelf or Shelf(repository.common_dir.joinpath(*FOLDER)))
        self.repository = repository

    def run(self, change: Change) -> Report | None:
        """The report of a whole run between the same trees; None where it is not kept, or something changed since."""
        return _read(self.shelf.get(self._of_run(change)), self._unchanged)

    def keep_run(self, change: Change, report: Report, watched: Mapping[str, list[int]]) -> None:
        """Keep a report, where nothing was asked for it that its key and the files of the working tree do not tell.

        Args:
            change: What was judged.
            report: What came of it.
            watched: The files of the working tree that were looked at, as `seen` says.
        """
        if len(report.images) > MOST_IMAGES or change.authors or self.repository.objects.lacked:
            return
        if any(_is_signed_for(one) or not one.settled for one in report.images):
            return
        images = [packed(one) for one in report.images]
        self._put(self._of_run(change), {"images": images, "notes": report.notes, "watched": watched})

    def seen(self, paths: Iterable[str]) -> dict[str, list[int]]:
        """What tells whether files of the working tree are as they were: nothing for one that is not there."""
        return {path: _state(self.repository.root / path) for path in paths}  # a bare repository has none of either

    def _of_run(self, change: Change) -> str:
        days = time.strftime("%Y-%m-%d", time.gmtime()), time.strftime("%Y-%m-%d")
        return sha256_of(form(("run", identity(change), days, self._cut_off)))

    @property
    def _cut_off(self) -> bytes:
        """Where history ends, in a clone without all of it."""
        file = self.repository.common_dir / "shallow"
        return file.read_bytes() if file.is_file() else b""

    def _unchanged(self, kept: Any) -> Report:
        """A report from its entry.

        Raises:
            ValueError: a file of the working tree is not as it was.
        """
        if self.seen(kept["watched"]) != kept["watched"]:
            raise ValueError
        return Report(tuple(map(unpacked, kept["images"])), tuple(kept["notes"]))


def identity(change: Change) -> str:
    """The digest of what is judged and with what: both sides of a change, what is asked of it, and the engine."""
    head, base = change.head, change.base
    index = "" if head.commit or head.empty else sha256_of(head.listing)
    sides = base.commit, head.commit, index, tuple(tip.commit for tip in change.tips)
    asked = dict(change.changes), change.named, change.everything, change.in_ci, change.pushing, change.authors
    return sha256_of(form(("change", engine(), sides, asked)))


@cache
def engine() -> str:
    """The digest of whatever else a verdict depends on: this package's code, its helper, Python, installed packages."""
    package = Path(maskproof.__file__).parent
    code = [one for one in package.rglob("*") if one.suffix in {".py", ".c", ".built", ".npz", ".json"}]
    own = [(one.relative_to(package).as_posix(), sha256_of(one.read_bytes())) for one in sorted(code)]
    packages = {name for place in sys.path for name in _listed(place or ".") if name.endswith(INSTALLED)}
    found = [one for one in OPTIONAL if find_spec(one)]  # also what lies on the path and no package lists
    return sha256_of(form((own, sorted(packages), found, sys.version, sys.platform)))


OPTIONAL = ("c2pa", "cv2", "isal", "onnxruntime", "rapidocr", *(one.module for row in READERS.values() for one in row))
"""modules with which more is judged, or otherwise"""
INSTALLED = (".dist-info", ".egg-info", ".egg-link")
"""ends the name of what tells a package and its version"""


def _listed(place: str) -> list[str]:
    try:
        return [one.name for one in os.scandir(place)]
    except OSError:
        return []


def _state(file: Path) -> list[int]:
    try:
        found = file.lstat()
    except OSError:
        return []
    return [found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _is_signed_for(image: ImageReport) -> bool:
    """Does an approval name an image? Whether it counts is asked of clocks and of ssh-keygen as well."""
    told = (one.accepted for one in image.findings)
    approved = any(one is not None and one.how == "approval" for one in told)
    return approved or any(one.rule == "approval-lapsed" for one in image.findings)


def _read(data: bytes | None, opened: Callable[[Any], T]) -> T | None:
    """What an entry says; None where there is none, or it says something else than this module writes."""
    if data is None:
        return None
    try:
        return opened(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OSError, MaskproofError):
        return None


# --- one form for every value ----------------------------------------------------------------------------------------


def form(value: Any) -> bytes:
    """A value as bytes, so that two of them are the same exactly where the values are, in this process or another.

    What of a value is only told (its `ONLY_TOLD`) is left out.

    Each piece tells its kind and its length, so that no two values run into each other.

    Raises:
        TypeError: a value whose content cannot be told.
    """
    for kinds, told in FORMS:
        if isinstance(value, kinds):
            return _piece(value, told(value))
    told_only = getattr(value, "ONLY_TOLD", ())
    names = [name for name in getattr(value, "__struct_fields__", ()) if name not in told_only]
    if not names:
        raise TypeError(f"nothing tells what a {type(value).__name__} holds")
    return _piece(value, _joined(getattr(value, name) for name in names))


def _piece(value: Any, content: bytes) -> bytes:
    return f"{type(value).__name__}:{len(content)}:".encode() + content


def _joined(values: Iterable[Any]) -> bytes:
    return b"".join(map(form, values))


FORMS: tuple[tuple[type | tuple[type, ...], Callable[[Any], bytes]], ...] = (
    (Enum, lambda one: str(one.value).encode()),
    ((type(None), bool, int, float), lambda one: repr(one).encode()),
    (str, lambda one: one.encode("utf-8", "surrogatepass")),
    (bytes, lambda one: one),
    (dict, lambda one: _joined(part for pair in one.items() for part in pair)),
    ((tuple, list), _joined),
    ((set, frozenset), lambda one: b"".join(sorted(map(form, one)))),
)
"""what the content of a value is, by the first kind that it is of; an enumeration may be a text as well"""
