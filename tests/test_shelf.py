"""The shelf: what was put there comes back, and nothing else does, however it came to lie there."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskproof import shelf as shelf_module
from maskproof.content import sha256_of
from maskproof.shelf import LARGEST, Shelf

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY, OTHER = sha256_of(b"one"), sha256_of(b"another")
VALUE = b"a verdict\nof two lines"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="owners and modes are those of POSIX")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "maskproof" / "verdicts")


def entry(shelf: Shelf, key: str = KEY) -> Path:
    """The file of an entry, which is the only one of its folder here."""
    (found,) = (one for one in shelf.folder.rglob("*") if one.is_file() and key.endswith(one.name))
    return found


def test_what_is_put_there_comes_back(shelf: Shelf) -> None:
    assert shelf.get(KEY) is None
    shelf.put(KEY, VALUE)
    assert shelf.get(KEY) == VALUE
    assert shelf.get(OTHER) is None
    shelf.put(KEY, b"")
    assert shelf.get(KEY) == b""
    assert shelf.held().entries == 1


@given(st.data())
def test_a_damaged_entry_is_absent(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("shelf") / "verdicts")
    shelf.put(KEY, VALUE)
    whole = entry(shelf).read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    how = data.draw(st.sampled_from(("cut", "flip", "add")))
    damaged = {
        "cut": whole[:at],
        "flip": whole[:at] + bytes([whole[at] ^ 1 << data.draw(st.integers(0, 7))]) + whole[at + 1 :],
        "add": whole[:at] + b"x" + whole[at:],
    }[how]
    entry(shelf).write_bytes(damaged)
    assert shelf.get(KEY) is None


def _renamed(shelf: Shelf, file: Path) -> None:
    shelf.put(OTHER, b"pass")
    entry(shelf, OTHER).replace(file)


def _linked(_: Shelf, file: Path) -> None:
    aside = file.with_name("aside")
    file.replace(aside)
    file.symlink_to(aside)


def _piped(_: Shelf, file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _folder(_: Shelf, file: Path) -> None:
    file.unlink()
    file.mkdir()


@POSIX
@pytest.mark.parametrize(
    "spoil",
    [
        _renamed,
        _linked,
        _piped,
        _folder,
        lambda _, file: file.chmod(0o666),
        lambda _, file: file.chmod(0o620),
        lambda _, file: file.write_bytes(b"x" * (LARGEST + 1)),
        lambda _, file: file.write_bytes(b""),
    ],
)
def test_what_came_there_in_another_way_is_absent(shelf: Shelf, spoil: Callable[[Shelf, Path], None]) -> None:
    shelf.put(KEY, VALUE)
    spoil(shelf, entry(shelf))
    assert shelf.get(KEY) is None


@POSIX
def test_another_user_s_shelf_is_neither_read_nor_changed(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put(KEY, VALUE)
    before = entry(shelf).read_bytes()
    monkeypatch.setattr(shelf_module.os, "geteuid", lambda: os.getuid() + 1)
    assert shelf.refused == "belongs to another user"
    assert shelf.get(KEY) is None
    shelf.put(KEY, b"pass")
    assert shelf.clear() == (0, 0)
    assert entry(shelf).read_bytes() == before


@POSIX
def test_another_user_s_entry_on_an_own_shelf_is_absent(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put(KEY, VALUE)
    monkeypatch.setattr(Shelf, "refused", "")
    monkeypatch.setattr(shelf_module.os, "geteuid", lambda: os.getuid() + 1)
    assert shelf.get(KEY) is None


@POSIX
def test_a_link_in_place_of_the_folder_is_not_followed(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    shelf.folder.parent.mkdir()
    shelf.folder.symlink_to(tmp_path / "elsewhere")
    shelf.put(KEY, VALUE)
    assert shelf.refused == "is no folder"
    assert not [*(tmp_path / "elsewhere").iterdir()]


@POSIX
def test_only_its_owner_may_look_at_it(shelf: Shelf) -> None:
    shelf.put(KEY, VALUE)
    assert [one.stat().st_mode & 0o777 for one in (shelf.folder, entry(shelf))] == [0o700, 0o600]


@pytest.mark.parametrize(("room", "most"), [(10_000_000, 10), (10 * 200, 1000)])
def test_what_was_used_longest_ago_goes_first(tmp_path: Path, room: int, most: int) -> None:
    shelf = Shelf(tmp_path / "verdicts", room, most)
    keys = [sha256_of(str(number).encode()) for number in range(30)]
    for number, key in enumerate(keys):
        shelf.put(key, b"x" * 50)
        os.utime(entry(shelf, key), (time.time() - 10 * shelf_module.FRESH + number,) * 2)
    shelf.get(keys[0])
    shelf.trim()
    left = [key for key in keys if shelf.get(key) is not None]
    assert left == [keys[0], *keys[-len(left) + 1 :]]
    assert 5 < len(left) <= 10


def test_what_is_too_large_is_not_kept(shelf: Shelf) -> None:
    shelf.put(KEY, b"x" * LARGEST)
    assert shelf.held() == (0, 0)


def test_a_killed_writer_leaves_nothing_that_counts(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        shelf.put(KEY, VALUE)
    assert shelf.held() == (0, 0)
    left = shelf.folder / "ab" / ".1-1-x.part"
    left.parent.mkdir()
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    shelf.trim()
    assert not left.exists()


def test_a_disk_that_takes_nothing_stops_nobody(shelf: Shelf) -> None:
    shelf.folder.parent.write_bytes(b"a file in the place of a folder")
    shelf.put(KEY, VALUE)
    assert shelf.get(KEY) is None
