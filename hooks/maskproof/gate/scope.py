"""What a change concerns: the images to judge, and the policy that holds for each of them.

A change concerns an image when it touches the image itself, its sidecar, its mask, its original, the record, mask or
original of an edit that led to it, a mask picture of the policy, or the policy in a way that asks more of that image.
"""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import suppress
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from maskproof import evidence, likeness, policy, regions
from maskproof.errors import CouldNotJudge, PolicyError
from maskproof.gate.baselined import Baselines
from maskproof.gate.signoffs import SignOffs
from maskproof.images.decode import decode_mask
from maskproof.images.files import Files, Source
from maskproof.model import counted
from maskproof.policy import trust
from maskproof.policy.patterns import matches
from maskproof.records import approval, sidecar
from maskproof.records.ledger import Ledger
from maskproof.repo.paths import (
    HOOKS_FILE,
    folded,
    is_approval,
    is_attributes,
    is_image,
    is_ours,
    is_policy,
    is_sidecar,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from maskproof.policy.derived import Candidate
    from maskproof.records.baseline import Entry
    from maskproof.records.sidecar import OriginalRef
    from maskproof.repo import Tree
    from maskproof.repo.change import Change


T = TypeVar("T")


class Scope(Struct, frozen=True, dict=True):
    """A change, with policy and records read from both of its sides."""

    change: Change
    settled: policy.Settings | None = None
    """what holds for every image, where the policy of these trees is not asked"""
    asking: frozenset[str] = frozenset()
    """digests of the pictures whose standing is being asked of: none of them proves another"""
    outer: Scope | None = None
    """the change for which this one is looked at; it holds what was read"""

    @property
    def outermost(self) -> Scope:
        """The change that is under review."""
        return self.outer or self

    @cached_property
    def policies(self) -> tuple[policy.FoundPolicy, ...]:
        """The policy of every trusted tree, the base's first, and of the head.

        Raises:
            PolicyError: one of them cannot be used. None counts as absent then, or breaking one would loosen it.
        """
        return *map(_of_project, self.change.trusted), policy.load_tree(self.change.head)

    def settings(self, path: str) -> policy.Settings:
        """The policy for one image: the strictest of the base's, the tip's and the head's."""
        if self.settled is not None:
            return self.settled
        return trust.tighten(self._held(path), trust.resolve_closely(self.policies[-1], path))

    def intended(self, path: str) -> policy.Settings:
        """What the change's own policy asks of an image."""
        return trust.resolve_closely(self.policies[-1], path)

    def terms(self, settings: policy.Settings) -> approval.Terms:
        """What is asked of an image, in the form that approvals have it."""
        digests = {}
        for path in settings.named_files:
            with suppress(CouldNotJudge):  # without it the area cannot be drawn, and that is said
                if (source := self.trusted(path)) is not None:
                    digests[path] = self.change.repository.objects.digest(source.oid, path)
        return approval.terms_of(settings, digests)

    def _held(self, path: str) -> policy.Settings:
        """What the project's own policies ask of an image."""
        return reduce(trust.tighten, (trust.resolve_closely(one, path) for one in self.policies[:-1]))

    def loosened(self, path: str) -> tuple[str, ...]:
        """Policy keys that this change loosens for an image; that holds only once the change is merged."""
        if self.settled is not None or self.policies[-1] == self.policies[0]:
            return ()
        keys = trust.tighter_keys(trust.resolve_closely(self.policies[-1], path), self._held(path))
        # A project's first policy says who may approve and where originals lie; it takes nothing back.
        return keys if any(self.policies[:-1]) else tuple(key for key in keys if key not in FIRST)

    @property
    def record_folder(self) -> str:
        """Where the change's own policy keeps records; empty: beside their images."""
        found = self.policies[-1]
        return "" if found is None else found[1].records.folder

    @cached_property
    def _patterns(self) -> tuple[str, ...]:
        """The patterns of every policy."""
        said = [one for _, one in filter(None, self.policies)]
        lists = [row.paths for one in said for rows in (one.rules, one.areas, one.derived) for row in rows]
        return tuple(dict.fromkeys(pattern for patterns in lists for pattern in patterns))

    @cached_property
    def all_loosened(self) -> tuple[str, ...]:
        """Policy keys that this change loosens anywhere, be there an image for it or not."""
        if self.policies[-1] == self.policies[0]:
            return ()
        # A number as well, which stands for `{width}` in a row of exports.
        would_be = {re.sub(r"\{\w+\}|[*?]+", "1", pattern).lstrip("/") for pattern in ("x.png", *self._patterns)}
        tracked = {path for tree in (*self.change.trusted, self.change.head) for path in tree.entries.images}
        return tuple(dict.fromkeys(key for path in sorted(would_be | tracked) for key in self.loosened(path)))

    @cached_property
    def files(self) -> Files:
        """Where the stages read this change's files."""
        return Files(self.change.repository.objects.blob) if self.outer is None else self.outer.files

    def source(self, tree: Tree, path: str, name: str = "") -> Source | None:
        """A regular file of one side by its id; None where there is no such file."""
        oid = tree.blob_id(path)
        return None if oid is None else Source(oid, path, name=name)

    def neighbours(self, path: str) -> dict[str, Source]:
        """Files of the head that may speak of an image, and the repository's hooks, by path."""
        found = {place: self.source(self.change.head, place) for place in (*evidence.neighbours(path), HOOKS_FILE)}
        return {place: source for place, source in found.items() if source is not None}

    def located(self, path: str, sha256: str) -> Source | None:
        """A file by its digest: on the head, in the path's history, or in Git LFS; None where it is in none of them.

        Raises:
            MissingObject: it may be in history that this clone does not hold.
        """
        found = self.change.repository.objects.locate(path, sha256, self.change.head)
        return None if found is None else Source(found[0], path, sha256, found[1])

    def fetched(self, path: str, used: OriginalRef) -> Source:
        """The original of an image from the address that its record names.

        Raises:
            MissingOriginal: the policy of the base does not allow the address, or the bytes are not to be had there.
        """
        assert used.url is not None  # noqa: S101 - asked by the caller
        allowed = self.outermost.settings(path).originals.allow
        oid = self.change.repository.objects.fetched(used.url, used.sha256, allowed)
        return Source(oid, used.path, used.sha256, f"fetched from {used.url}")

    def trusted(self, path: str) -> Source | None:
        """A file that policy refers to: the base's copy, or the head's where the base has none."""
        return self.source(self.change.base, path) or self.source(self.change.head, path)

    def read_trusted(self, path: str) -> bytes | None:
        """The bytes of such a file; None where neither side has it."""
        source = self.trusted(path)
        return None if source is None else self.files.data(source)

    @cached_property
    def sign_offs(self) -> SignOffs:
        """The approvals of the change that is under review."""
        return SignOffs(self.change, self.settings("").approvals) if self.outer is None else self.outer.sign_offs

    @cached_property
    def baselines(self) -> Baselines:
        """The baseline of the change that is under review."""
        return Baselines(self.change) if self.outer is None else self.outer.baselines

    def baselined(self, path: str, edit: Source) -> Entry | None:
        """The entry of the baseline that counts for a picture as it is."""
        asked = self.baselines
        if self.outer is not None:
            return asked.proves(path, edit.sha256)
        return asked.of(path, edit.sha256) or self._packed_anew(path, edit)

    def _packed_anew(self, path: str, edit: Source) -> Entry | None:
        """The project's entry for a picture that shows to the last bit what it showed, whose record is as it was."""
        held = self.baselines.held(path)
        if not held or not self.baselines.same_records(path):
            return None
        with suppress(CouldNotJudge):
            before, objects = self.before(path), self.change.repository.objects
            if before is not None and objects.digest(before.oid, path) == held[0].sha256:
                return held[0] if self.files.are_same(before, edit) else None
        return None

    def former(self, path: str) -> str:
        """The name that the base has for a picture, where the change only writes that one in another case."""
        return path if path in self.change.base.entries else self._gone.get(folded(path), path)

    @cached_property
    def _gone(self) -> dict[str, str]:
        """The paths that the change leaves empty, by their folded names."""
        return {folded(path): path for path, one in self.change.changes.items() if one.status == "D"}

    def before(self, path: str) -> Source | None:
        """What a picture without a record is to be compared with: the bytes of the baseline, else the base's.

        Raises:
            MissingObject: the former may be in history that this clone does not hold.
        """
        path = self.former(path)
        version = self.source(self.change.base, path)
        held = self.baselines.held(path)
        if not held or version is None or self.change.repository.objects.digest(version.oid, path) == held[0].sha256:
            return version
        found = self.located(path, held[0].sha256)
        return version if found is None else replace(found, name="the bytes of the baseline")

    @cached_property
    def ledger(self) -> Ledger:
        """The records of both sides."""
        outer = None if self.outer is None else self.outermost.ledger
        return Ledger(self.change.base, self.change.head, self.change.tips, outer)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The images to judge, in the order of their names."""
        starts = [*self.change.changes, *self.change.named]
        if self.change.everything:
            starts += list(self.change.head.entries)
        found = {image for path in starts if is_ours(path) for image in self._images_of(path)}
        found |= self.change.pictures | self.covered.keys()
        if any(map(is_policy, self.change.changes)):
            head = self.policies[-1]
            found |= {
                image
                for image in self.ledger.images
                if trust.tighter_keys(self._held(image), trust.resolve_closely(head, image))
            }
        if any(map(is_attributes, self.change.changes)):
            found |= {image for image in self.ledger.images if self.rewritten(image)}
        return tuple(sorted(found - self._renamed(found)))

    def _renamed(self, images: set[str]) -> set[str]:
        """Those that are gone and whose record is still there, where the same bytes lie under a new name.

        What becomes of the record is told of that one.
        """
        head, base = self.change.head, self.change.base
        left = {one for one in images if one in head.records and one not in head.entries} - {*self.change.named}
        if not left:
            return left
        new = {
            head.entries[path].oid
            for path in images
            if path in head.entries and path not in base.entries and path not in head.records
            if self.settings(path).unrecorded != "off"
        }
        return {one for one in left if one in base.entries and base.entries[one].oid in new}

    @cached_property
    def covered(self) -> dict[str, str]:
        """Links and submodules that this change puts where pictures were or are protected: what was there, in words."""
        pictures = [folded(path) for tree in self.change.trusted for path in tree.entries.images]
        patterns = [folded(re.split(r"[*?{]", one.lstrip("/"), maxsplit=1)[0]) for one in self._patterns]
        found = {}
        for path in self.change.links:
            inside = folded(path) + "/"
            count = len({one for one in pictures if one.startswith(inside)})
            if count:
                found[path] = f"where {counted(count, 'picture')} lay"
            elif any(one.startswith(inside) or (one and inside.startswith(one)) for one in patterns):
                found[path] = "where the policy protects pictures"
        return found

    def rewritten(self, path: str) -> tuple[str, ...]:
        """Attributes of the head by which Git gives a picture other bytes on checkout than were judged."""
        return self._rewritten.get(path, ())

    @cached_property
    def _rewritten(self) -> dict[str, tuple[str, ...]]:
        head = self.change.head
        paths = dict.fromkeys((*self.ledger.images, *(one for one in self.change.changes if one in head.entries)))
        asked = (*paths, *self.change.named)
        found: dict[str, tuple[str, ...]] = {}
        for said in (
            self.change.repository.attributes(head, asked, REWRITING),
            *self.change.repository.attributes_in_any_case(head, asked, REWRITING),
        ):
            for path, values in said.items():
                found[path] = tuple(dict.fromkeys((*found.get(path, ()), *_rewriting(values))))
        return found

    @cached_property
    def twins(self) -> dict[str, list[str]]:
        """Paths of the head that are one and the same file on systems that fold case or Unicode forms."""
        entries = self.change.head.entries
        paths = (*entries.images, *entries.sidecars)
        # Nearly always there are none, and ASCII folds as it is written small.
        together = "\0".join(paths)
        if together.isascii() and len(set(together.lower().split("\0"))) == len(paths):
            return {}
        groups: dict[str, list[str]] = defaultdict(list)
        for path in paths:
            groups[folded(path)].append(path)
        return {path: group for group in groups.values() if len(group) > 1 for path in group}

    def _images_of(self, path: str) -> set[str]:
        """The images that one touched or named path leads to."""
        entries = self.change.head.entries
        if is_approval(path):
            return {image for image in self.sign_offs.revoked(path) if image in entries}
        found = self.ledger.users(path) | self.exports.get(path, set())
        if is_sidecar(path):
            image = sidecar.image_of(path)
            known = image in entries or path in entries or path in self.change.named
            return found | ({image} if known else set())
        if is_image(path) and (path in entries or path in self.change.named or path in self.change.head.records):
            found.add(path)
        patterns = [
            one
            for _, rules in filter(None, self.policies)
            for area in rules.areas
            if path in area.files.values()
            for one in area.paths
        ]
        return found | {image for image in self.ledger.images if matches(patterns, image)}

    def master_of(self, path: str, settings: policy.Settings) -> tuple[Candidate, Tree, str] | None:
        """The picture that one is an export of, by policy, and the tree that holds it: the head, else a trusted one."""
        for tree in (self.change.head, *self.change.trusted) if settings.masters else ():
            for one in settings.masters:
                found = self._pictures_of(tree).get(one.path)
                if found is not None and found != path:
                    return one, tree, found
        return None

    def _pictures_of(self, tree: Tree) -> dict[str, str]:
        """The pictures of a tree by their folded names."""

        def listed() -> dict[str, str]:
            return {folded(path): path for path in tree.entries.images if tree.blob_id(path) is not None}

        return self.outermost.once(("pictures", tree.commit, tree.empty), listed)

    def once(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """What was worked out for this change before, or is now."""
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]  # type: ignore[no-any-return]  # a key says the type

    @cached_property
    def _known(self) -> dict[tuple[Any, ...], Any]:
        return {}

    @cached_property
    def exports(self) -> dict[str, set[str]]:
        """The pictures of the head that are exports by policy and have no record of their own, by their masters."""
        found: dict[str, set[str]] = defaultdict(set)
        if not any(one.derived for _, one in filter(None, self.policies)):
            return found
        head = self.change.head
        for path in head.entries.images:
            if path not in head.records and (held := self.master_of(path, self.settings(path))):
                found[held[2]].add(path)
        return found

    def nearest(self, edit: Source) -> likeness.Likeness | None:
        """The tracked picture of the base that one is most like; None where there is none at all.

        Raises:
            CouldNotJudge: it cannot be decoded.
        """
        picture = self.files.thumbnail(edit, likeness.SIDE)
        return likeness.nearest(self.change.repository, self.outermost.likenesses.of(self.change.base), picture)

    @cached_property
    def likenesses(self) -> Likenesses:
        """The index of the pictures that are looked among."""
        return Likenesses(self.change)

    def mask_mode(self, path: str) -> str | None:
        """Which part of a mask is editable, where a record on the head or the mask itself leaves no doubt."""
        if (mode := self.ledger.mask_mode(path)) is not None:
            return mode
        try:
            data = self.change.head.read(path)
            return None if data is None else regions.plain_mode(decode_mask(data, path))
        except CouldNotJudge:
            return None


FIRST = {"approvals.authority", "originals.allow"}
"""keys by which the first policy of a project loosens nothing"""


def _of_project(tree: Tree) -> policy.FoundPolicy:
    """The policy that the project held before this change."""
    try:
        return policy.load_tree(tree)
    except PolicyError as error:
        raise error.held_by(f"commit {tree.commit[:10]}" if tree.commit else "the project") from error


REWRITING = ("text", "eol", "crlf", "ident", "filter", "working-tree-encoding", "export-subst")
"""attributes that may make other bytes of a file, the last one in archives; https://git-scm.com/docs/gitattributes"""


def _rewriting(said: dict[str, str]) -> Iterator[str]:
    """Those that do it to a picture: `auto` leaves alone what holds a zero byte, Git LFS gives back what it took."""
    for name, value in said.items():
        if value == "unset" or (name, value) in {("text", "auto"), ("crlf", "auto"), ("filter", "lfs")}:
            continue
        if name == "eol" and (said.get("text") in {"auto", "unset"} or said.get("crlf") == "unset"):
            continue
        yield name if value == "set" else f"{name}={value}"


class Likenesses:
    """The index of likenesses, which speaks of one tree at a time."""

    def __init__(self, change: Change) -> None:
        self._index = likeness.open_index(change.repository, trusted=not change.in_ci)
        self._tree: Tree | None = None

    def of(self, tree: Tree) -> likeness.Index:
        """The index, speaking of the pictures of a tree."""
        if tree is not self._tree:
            self._index.update(tree.repository.image_blobs(tree))
            self._tree = tree
        return self._index
