"""The ledger: all sidecars of the two trees of a change, looked up by path, by digest and by use.

A repository may hold thousands of records, and one commit concerns few of them. So all are read at once, an excerpt of
each says who names whom, and only the records that a question leads to are checked, each once. What cannot be read
names nobody; that is said when its own image is judged.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from maskproof.documents import MAX_BYTES, without_mark
from maskproof.errors import CouldNotJudge, RecordError, TwoRecords
from maskproof.memo import Memo
from maskproof.records import sidecar
from maskproof.records.parents import MAX_CHAIN
from maskproof.repo.paths import is_sidecar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from maskproof.records.sidecar import Record
    from maskproof.repo import Tree

    Images = defaultdict[str, list[str]]


KNOWN_RECORDS = 1_000
"""records that are kept once they were checked"""
RECORD_BYTES = 2_000_000
"""bytes of records that are kept, a thousand and more; of a larger repository those that are checked are read again"""


class Content(msgspec.Struct, frozen=True):
    """Of the picture that a sidecar speaks of."""

    sha256: str


class Used(msgspec.Struct, frozen=True):
    """An original or a mask."""

    path: str
    sha256: str


class Excerpt(msgspec.Struct, frozen=True):
    """What look-ups go by, read in a hundredth of the time of the whole record and not checked at all."""

    origin: str
    image: Content
    original: Used | None = None
    mask: Used | None = None
    parent: str | None = None


class Index:
    """The records of one side by what they name, as lists of images in the order of the tree.

    Each is made when it is asked for: one picture of a commit leads to few of them.
    """

    def __init__(self, ids: dict[str, str], excerpts: dict[str, Excerpt]) -> None:
        self.ids = ids
        """the blobs of the records, by image"""
        self.excerpts = excerpts
        """by image"""

    @cached_property
    def namers(self) -> Images:
        """By each path that their own record names."""
        every = self.excerpts.items()
        used = ((used.path, image) for image, one in every for used in (one.original, one.mask) if used is not None)
        return _lists(chain(used, ((one.parent, image) for image, one in every if one.parent is not None)))

    @cached_property
    def masked(self) -> Images:
        """By the path of their mask."""
        return _lists((one.mask.path, image) for image, one in self.excerpts.items() if one.mask is not None)

    @cached_property
    def children(self) -> Images:
        """By the image whose record is named as their parent."""
        named = ((one.parent, image) for image, one in self.excerpts.items() if one.parent is not None)
        return _lists((sidecar.image_of(parent), image) for parent, image in named)

    @cached_property
    def orphans(self) -> Images:
        """Whose record names no parent, by the digest of their original."""
        alone = ((one.original, image) for image, one in self.excerpts.items() if one.parent is None)
        return _lists((original.sha256, image) for original, image in alone if original is not None)

    @cached_property
    def edits(self) -> Images:
        """Recorded as edits, by their digest."""
        return _lists((one.image.sha256, image) for image, one in self.excerpts.items() if one.original is not None)

    @cached_property
    def used(self) -> Images:
        """By the digests of their original and of their mask."""
        pairs = ((one.original, one.mask, image) for image, one in self.excerpts.items())
        named = ((frozenset([used.sha256 for used in both if used is not None]), image) for *both, image in pairs)
        return _lists((sha256, image) for digests, image in named for sha256 in digests)

    @cached_property
    def recorded(self) -> Images:
        """By their own digest."""
        return _lists((one.image.sha256, image) for image, one in self.excerpts.items())


def _lists(pairs: Iterable[tuple[str, str]]) -> Images:
    found: Images = defaultdict(list)
    for key, image in pairs:
        found[key].append(image)
    return found


class Ledger:
    """The records of a change. Images are named by their paths."""

    def __init__(self, base: Tree, head: Tree, tips: Iterable[Tree] = (), known: Ledger | None = None) -> None:
        self.base = base
        self.head = head
        self.trusted = (base, *tips)
        self._files: Memo[str, bytes] = Memo(RECORD_BYTES) if known is None else known._files  # noqa: SLF001 - of the same kind
        """by blob id, so that few records are read once, be they checked or not"""
        self._read: dict[str, Excerpt | None] = {} if known is None else known._read  # noqa: SLF001 - of the same kind
        """by blob id, so that what several trees hold is read once; None: it is no record"""
        self._known: dict[Tree, Index] = {} if known is None else known._known  # noqa: SLF001 - of the same kind
        self._outcomes: Memo[tuple[str, str], Record | RecordError] = Memo(KNOWN_RECORDS)
        """by blob id and path, as a record may be wrong at one path and right at another"""

    def record(self, image: str) -> Record | None:
        """An image's record on the head; None where it has none.

        It has the parent that it leaves out though its original is a recorded edit itself. Otherwise leaving `parent`
        out would be the way around the comparison with the first original.

        Raises:
            RecordError: the sidecar has mistakes.
            CouldNotJudge: its bytes cannot be had.
        """
        record = self._checked(self.head, image)
        if record is None or record.parent is not None or record.original is None:
            return record
        parent = self._edit_with(record.original.sha256)
        if parent is None or parent == image:
            return record
        return msgspec.structs.replace(record, parent=self.head.record_path(parent))

    def users(self, path: str) -> set[str]:
        """Images on the head whose records, or those of the edits that led to them, name a path.

        Args:
            path: Of an original, of a mask or of a parent's sidecar.
        """
        layer = {image for image in self._on_head.namers.get(path, ()) if self._readable(self.head, image)}
        layer |= self._orphans_of(sidecar.image_of(path)) if is_sidecar(path) else set()
        found: set[str] = set()
        for _ in range(MAX_CHAIN):
            found |= layer
            layer = {edit for image in layer for edit in self._edits_of(image)} - found
        return found

    def is_mask(self, path: str) -> bool:
        """Does a record on the base use this picture as its mask?

        Of the base, so that no record that comes with a change takes a picture out of the check.
        """
        return any(self._readable(self.base, image) for image in self._on_base.masked.get(path, ()))

    def records_of_mask(self, path: str) -> Iterator[tuple[Record, bool]]:
        """The records that use a picture as their mask, each with whether it is the base's."""
        for tree, index in ((self.base, self._on_base), (self.head, self._on_head)):
            for image in index.masked.get(path, ()):
                if (record := self._readable(tree, image)) is not None:
                    yield record, tree is self.base

    def mask_mode(self, path: str) -> str | None:
        """Which part of a mask is editable, by the first record on the head that uses it."""
        records = (self._readable(self.head, image) for image in self._on_head.masked.get(path, ()))
        return next((record.mask.mode for record in records if record and record.mask), None)

    def before(self, image: str) -> tuple[tuple[Tree, Record], ...]:
        """The records that an image had in the trusted trees; what is no record there speaks of nothing."""
        found = []
        for tree in self.trusted:
            for path in tree.records.get(image, ()):
                with contextlib.suppress(CouldNotJudge):
                    if tree.blob_id(path) is not None:
                        found.append((tree, self._at(tree, path)))
        return tuple(found)

    def users_of_content(self, sha256: str) -> tuple[tuple[str, Record], ...]:
        """Images of the trusted trees with their records, which name a digest as their original or mask."""
        return self._trusted_with("used", sha256)

    def recorded_content(self, sha256: str) -> tuple[tuple[str, Record], ...]:
        """Images of the trusted trees with their records, which were written for a digest."""
        return self._trusted_with("recorded", sha256)

    def _trusted_with(self, how: str, sha256: str) -> tuple[tuple[str, Record], ...]:
        return tuple(
            (image, record)
            for tree, index in zip(self.trusted, self._indexes, strict=True)
            for image in getattr(index, how).get(sha256, ())
            if (record := self._readable(tree, image)) is not None
        )

    @cached_property
    def images(self) -> tuple[str, ...]:
        """The images that have a sidecar on the head."""
        return tuple(self.head.records)

    @cached_property
    def images_by_blob(self) -> dict[str, str]:
        """Images of either side that have a sidecar: the same bytes under another name need a record as well."""
        sides = (self.head, self.base)
        return {side.entries.oid(image): image for side in sides for image in side.records if image in side.entries}

    def _checked(self, tree: Tree, image: str) -> Record | None:
        """An image's record as it is written."""
        found = [path for path in tree.records.get(image, ()) if tree.blob_id(path) is not None]
        if len(found) > 1:
            raise TwoRecords(image, *found[:2])
        return self._at(tree, found[0]) if found else None

    def written(self, oid: str, path: str) -> Record | None:
        """A record that lay at a path once; what is none speaks of nothing."""
        with contextlib.suppress(CouldNotJudge):
            return self._parsed(self.base, oid, path)
        return None

    def _at(self, tree: Tree, path: str) -> Record:
        """The record that lies at a path."""
        oid = tree.blob_id(path)
        assert oid is not None  # noqa: S101 - asked by the callers
        return self._parsed(tree, oid, path)

    def _parsed(self, tree: Tree, oid: str, path: str) -> Record:
        outcome = self._outcomes.get((oid, path))
        if outcome is None:
            outcome = self._outcomes.keep((oid, path), _outcome(self._bytes(tree, oid, path), path), 1)
        if isinstance(outcome, RecordError):
            raise outcome.with_traceback(None)
        return outcome

    def _bytes(self, tree: Tree, oid: str, path: str) -> bytes:
        return self._files.get(oid) or tree.repository.objects.blob(oid, path)

    def _readable(self, tree: Tree, image: str) -> Record | None:
        with contextlib.suppress(CouldNotJudge):
            return self._checked(tree, image)
        return None

    def _edit_with(self, sha256: str) -> str | None:
        """The recorded edit on the head that has these bytes; of several the last."""
        edits = reversed(self._on_head.edits.get(sha256, []))
        return next((image for image in edits if self._readable(self.head, image)), None)

    def _edits_of(self, image: str) -> set[str]:
        """The images whose record names an image's as its parent, or leaves out that it is."""
        named = {edit for edit in self._on_head.children.get(image, ()) if self._readable(self.head, edit)}
        return named | self._orphans_of(image)

    def _orphans_of(self, image: str) -> set[str]:
        """The images whose record leaves out that their original is the edit at this path."""
        excerpt = self._on_head.excerpts.get(image)
        if excerpt is None or self._edit_with(excerpt.image.sha256) != image:
            return set()
        orphans = self._on_head.orphans.get(excerpt.image.sha256, ())
        return {edit for edit in orphans if edit != image and self._readable(self.head, edit)}

    @cached_property
    def _on_head(self) -> Index:
        return self._index(self.head)

    @cached_property
    def _on_base(self) -> Index:
        return self._index(self.base)

    @cached_property
    def _indexes(self) -> tuple[Index, ...]:
        """Of each trusted tree, the base first."""
        return tuple(map(self._index, self.trusted))

    def _index(self, tree: Tree) -> Index:
        """Of one tree, made once, and once for all trees that hold the same records."""
        if tree not in self._known:
            ids = {image: oid for image, paths in tree.records.items() if (oid := tree.blob_id(paths[-1])) is not None}
            same = (one for one in self._known.values() if one.ids == ids and [*one.ids] == [*ids])
            self._known[tree] = next(same, None) or Index(ids, self._excerpts(tree, ids))
        return self._known[tree]

    def _excerpts(self, tree: Tree, ids: Mapping[str, str]) -> dict[str, Excerpt]:
        """By image, in the order of the tree; without the sidecars that are certainly no records."""
        wanted = [oid for oid in ids.values() if oid not in self._read]
        for oid, data in tree.repository.objects.blobs(wanted, "a record"):
            self._read[oid] = None
            if isinstance(data, bytes) and len(data) <= MAX_BYTES:
                self._read[oid] = _excerpt(self._files.keep(oid, data, len(data)))
        found = ((image, self._read.get(oid)) for image, oid in ids.items())
        return {image: excerpt for image, excerpt in found if excerpt is not None}


def _outcome(data: bytes, path: str) -> Record | RecordError:
    try:
        return sidecar.parse(data, path)
    except RecordError as error:
        return error


def _excerpt(data: bytes) -> Excerpt | None:
    """None: whatever the strict reader may say, it is no record."""
    try:
        return DECODER.decode(without_mark(data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


DECODER = msgspec.json.Decoder(Excerpt)
