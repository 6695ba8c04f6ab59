"""The ledger answers as a plain reading of every record would, and checks only the records that a question leads to."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskproof.errors import CouldNotJudge, MissingObject, RecordError
from maskproof.records import ledger, sidecar
from maskproof.records.ledger import Ledger
from maskproof.records.parents import MAX_CHAIN
from maskproof.repo.listing import Listing
from maskproof.repo.paths import is_sidecar

NAMES = ("a.png", "b.png", "é.png", 'q"uote.png', "c.png")
PLACES = (*NAMES, "mask.png", "gone.png")
DIGESTS = tuple(f"{number:064x}" for number in range(3))
CHAIN = 3
"""edits that are followed here, so that a few records are too many"""


@dataclass(frozen=True)
class Blobs:
    """What a repository's objects are asked for."""

    data: dict[str, bytes]

    def blob(self, oid, name):
        if oid not in self.data:
            raise MissingObject(f"no {oid} for {name}")
        return self.data[oid]

    def blobs(self, oids, name):
        for oid in oids:
            try:
                yield oid, self.blob(oid, name)
            except CouldNotJudge as error:
                yield oid, error

    @property
    def objects(self):
        return self


@dataclass(frozen=True, eq=False)
class Side:
    """A tree of files."""

    files: dict[str, bytes]
    absent: bytes | None = None
    """content that is not on this machine"""

    @cached_property
    def entries(self):
        return Listing(b"".join(f"100644 blob {oid(data)}\t{path}\0".encode() for path, data in self.files.items()))

    def blob_id(self, path):
        return self.entries.blob_id(path)

    @cached_property
    def records(self):
        return {sidecar.image_of(path): (path,) for path in self.files if path.endswith(".maskproof.json")}

    def record_path(self, image):
        return sidecar.path_of(image)

    @cached_property
    def repository(self):
        return Blobs({oid(data): data for data in self.files.values() if data != self.absent})


def oid(data):
    return hashlib.sha1(data).hexdigest()  # noqa: S324


def used(path, digest, **more):
    return {"path": path, "sha256": digest, **more}


@st.composite
def records(draw):
    """The bytes of a sidecar, often one with mistakes."""
    some = st.sampled_from(DIGESTS)
    parents = st.one_of(
        st.none(), st.none(), st.sampled_from([sidecar.path_of(place) for place in PLACES] + list(PLACES))
    )
    tree = {
        "maskproof": 1,
        "origin": draw(st.sampled_from(["edited", "edited", "generated"])),
        "image": {"sha256": draw(some), "size": [4, 4]},
        "original": used(draw(st.sampled_from(PLACES)), draw(some), size=[4, 4]) if draw(st.integers(0, 7)) else None,
        "mask": used(draw(st.sampled_from(PLACES)), "f" * 64, mode=draw(st.sampled_from(["white", "black"]))),
        "parent": draw(parents),
        **draw(st.sampled_from([{}] * 9 + [{"unknown": 1}, {"maskproof": 2}, {"image": 3}])),
    }
    tree = {key: value for key, value in tree.items() if value is not None}
    text = json.dumps(tree, ensure_ascii=draw(st.booleans()))
    return draw(st.sampled_from([text] * 9 + [text[:-1], "[" * 5000])).encode()


def files():
    """The files of a tree; either side of a change has its own, in an order of its own."""
    several = st.lists(st.tuples(st.sampled_from(NAMES), records()), unique_by=lambda pair: pair[0], min_size=2)
    return several.map(
        lambda pairs: {
            path: data
            for image, record in pairs
            for path, data in ((image, image.encode()), (sidecar.path_of(image), record))
        }
    )


class Plain:
    """The same answers by parsing everything, for one tree."""

    def __init__(self, side):
        self.written = {}
        for image in map(sidecar.image_of, filter(is_sidecar, side.entries)):
            path = sidecar.path_of(image)
            with suppress(CouldNotJudge):
                self.written[image] = sidecar.parse(side.repository.blob(side.blob_id(path), path), path)
        self.edits = {one.image.sha256: image for image, one in self.written.items() if one.original is not None}
        self.records = {image: self.with_parent(image, record) for image, record in self.written.items()}
        self.users = defaultdict(set)
        for image in self.records:
            for record in self.chain(image):
                for one in filter(None, (record.original, record.mask)):
                    self.users[one.path].add(image)
                if record.parent is not None:
                    self.users[record.parent].add(image)

    def with_parent(self, image, record):
        if record.parent is not None or record.original is None:
            return record
        parent = self.edits.get(record.original.sha256)
        return record if parent in {None, image} else msgspec.structs.replace(record, parent=sidecar.path_of(parent))

    def chain(self, image):
        seen = set()
        while image in self.records and image not in seen and len(seen) < CHAIN:
            seen.add(image)
            yield self.records[image]
            if self.records[image].parent is None:
                return
            image = sidecar.image_of(self.records[image].parent)

    def mask_modes(self):
        """Each mask's mode, by the first record that names it."""
        modes = {}
        for record in self.written.values():
            if record.mask is not None:
                modes.setdefault(record.mask.path, record.mask.mode)
        return modes


@given(files(), files(), st.data())
def test_it_answers_as_a_plain_reading_does(before, now, data):
    absent = data.draw(st.sampled_from([None, None, *before.values(), *now.values()]))
    base, head = Side(before, absent), Side(now, absent)
    plain, modes = Plain(head), Plain(base).mask_modes()
    found = Ledger(base, head)
    with patch.object(ledger, "MAX_CHAIN", CHAIN), parses() as parse:
        for path in (*PLACES, *map(sidecar.path_of, PLACES)):
            assert found.users(path) == plain.users.get(path, set()), path
            assert found.is_mask(path) == (path in modes), path
            assert found.mask_mode(path) == plain.mask_modes().get(path), path
        for image in NAMES:
            try:
                assert found.record(image) == plain.records.get(image)
            except CouldNotJudge:
                assert image not in plain.records
                assert sidecar.path_of(image) in head.entries
    calls = [call.args for call in parse.call_args_list]
    assert len(calls) == len(set(calls)), "a record was checked twice"


def parses():
    return patch.object(sidecar, "parse", wraps=sidecar.parse)


def edit(number, **more):
    """The files of an edit whose original is the edit before it."""
    tree = {
        "maskproof": 1,
        "origin": "edited",
        "image": {"sha256": f"{number:064x}", "size": [4, 4]},
        "original": used(f"{number - 1}.png", f"{number - 1:064x}", size=[4, 4]),
        **more,
    }
    return {f"{number}.png": b"%d" % number, f"{number}.png.maskproof.json": json.dumps(tree).encode()}


def test_edits_of_edits_are_followed_as_far_as_a_check_follows_them():
    head = Side({path: data for number in range(1, 21) for path, data in edit(number).items()})
    found = Ledger(Side({}), head)
    assert found.users("0.png") == {f"{number}.png" for number in range(1, MAX_CHAIN + 1)}
    assert found.record("7.png").parent == "6.png.maskproof.json"


def test_of_many_records_only_those_that_are_asked_for_are_checked():
    alone = {"original": used("o.png", "0" * 64, size=[4, 4])}
    head = Side({path: data for number in range(1, 200, 2) for path, data in edit(number, **alone).items()} | edit(4))
    found = Ledger(head, head)
    with parses() as parse:
        assert found.record("4.png").original.path == "3.png"
        assert found.users("3.png") == {"4.png"}
        assert not found.users("4.png")
        assert not found.is_mask("4.png")
    assert {call.args[1] for call in parse.call_args_list} == {"3.png.maskproof.json", "4.png.maskproof.json"}


def test_mistakes_are_told_each_time():
    found = Ledger(Side({}), Side({"a.png": b"", "a.png.maskproof.json": b"{}"}))
    for _ in range(2):
        with pytest.raises(RecordError, match="'image' is missing"):
            found.record("a.png")


def test_content_of_either_side():
    base, head = Side(edit(1) | edit(2)), Side(edit(1) | {"3.png": b"2"})
    found = Ledger(base, head)
    assert found.images == ("1.png",)
    assert found.images_by_blob == {base.blob_id("1.png"): "1.png", head.blob_id("3.png"): "2.png"}
