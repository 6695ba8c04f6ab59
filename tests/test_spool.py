"""Values that are put down one after the other, whether they fit into memory or not."""

from __future__ import annotations

import gc
import os
import weakref
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskproof import spool
from maskproof.errors import UsageError
from maskproof.spool import Left, Spool

ROOMS = pytest.mark.parametrize("room", [1, 1_000_000], ids=["in a file", "in memory"])
VALUES = st.lists(st.one_of(st.binary(max_size=300), st.text(max_size=20), st.tuples(st.integers(), st.none())))


class Held:
    """A value that can be watched."""


@ROOMS
@given(values=VALUES)
@settings(max_examples=40)
def test_it_is_what_was_put_there(room: int, values: list[object]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "IN_MEMORY", room)
        kept = Spool(iter(values))
    assert list(kept) == list(kept) == values
    assert kept == values
    assert tuple(values) == kept
    assert kept == Spool(values)
    assert len(kept) == len(values)
    assert kept[1:-1] == values[1:-1]
    assert [kept[-one - 1] for one in range(len(values))] == values[::-1]
    assert kept != [*values, 1]
    with pytest.raises(IndexError):
        kept[len(values)]


@ROOMS
def test_two_go_through_it_at_once(room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "IN_MEMORY", room)
    kept = Spool(range(9))
    assert [(a, b) for a in kept for b in kept] == [(a, b) for a in range(9) for b in range(9)]


def test_none_of_the_values_is_held() -> None:
    there: list[weakref.ref[Held]] = []

    def made() -> object:
        one = Held()
        there.append(weakref.ref(one))
        return one

    kept = Spool(made() for _ in range(5))
    gc.collect()
    assert len(kept) == 5
    assert [one() for one in there] == [None] * 5
    assert all(isinstance(one, Held) for one in kept)


def test_its_file_has_no_name_and_is_gone_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "IN_MEMORY", 1)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    kept = Spool([b"x" * 5000])
    assert kept == [b"x" * 5000]
    if os.name != "nt":
        assert list(tmp_path.iterdir()) == []
    del kept
    gc.collect()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk without room is asked for: /dev/full")
def test_a_disk_without_room_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "SpooledTemporaryFile", lambda _: Path("/dev/full").open("wb", buffering=0))  # noqa: SIM115 - closed with the spool
    with pytest.raises(UsageError, match="cannot be written down") as told:
        Spool([1])
    assert "TMPDIR" in told.value.advice


def test_what_is_left_is_made_anew_each_time() -> None:
    left = Left(Spool(range(10)), lambda one: one * 2 if one % 3 else None)
    assert list(left) == list(left) == [2, 4, 8, 10, 14, 16]
