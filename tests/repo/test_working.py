"""The working tree as Git would see it: what is not staged, and the repository as if it were."""

from __future__ import annotations

import pytest

from maskproof.repo import Repository
from maskproof.repo.working import as_it_lies, loose


@pytest.mark.parametrize("format_", ["sha1", "sha256"])
def test_the_repository_as_it_lies_there_is_seen_and_not_changed(tmp_path, scratch, format_):
    scratch.run("rm", "-rf", ".git")
    scratch.git("init", "-q", "-b", "main", f"--object-format={format_}")
    for name in ("a.png", "b.png", "c.png", "notes.txt"):
        scratch.write(name, name)
    scratch.write(".gitignore", "ignored.png\n")
    scratch.commit()
    scratch.write("a.png", "changed")
    scratch.write("notes.txt", "changed")
    scratch.write("ignored.png", "x")
    new = 'sub/it\'s "new"\n*.png'
    scratch.write(new, "new")
    (scratch.root / "b.png").unlink()
    (scratch.root / "link.png").symlink_to(scratch.root / "c.png")
    scratch.write("c.png", "c.png")  # written anew, and the same
    before = scratch.git("count-objects").stdout, scratch.git("ls-files", "-s", "-z").stdout
    repository = Repository(scratch.root)
    found = loose(repository)
    assert found == ("a.png", "b.png", new)
    seen = as_it_lies(repository, found, tmp_path / "room")
    assert [seen.index.read(path) for path in found] == [b"changed", None, b"new"]
    assert {path: one.status for path, one in seen.staged().items()} == {"a.png": "M", "b.png": "D", new: "A"}
    assert seen.head.read("a.png") == b"a.png"
    assert (scratch.git("count-objects").stdout, scratch.git("ls-files", "-s", "-z").stdout) == before
    assert repository.staged() == {}


def test_before_the_first_commit(tmp_path, scratch):
    scratch.write("a.png", "a")
    repository = Repository(scratch.root)
    seen = as_it_lies(repository, loose(repository), tmp_path / "room")
    assert seen.index.read("a.png") == b"a"
    assert list(seen.staged()) == ["a.png"]


def test_no_filter_of_the_repository_is_started(tmp_path, scratch):
    scratch.write(".gitattributes", "*.png filter=evil\n")
    scratch.write("a.png", "a")
    scratch.commit()
    scratch.git("config", "filter.evil.clean", f"touch {tmp_path}/ran; cat")
    scratch.write("a.png", "another")
    scratch.write("b.png", "b")
    repository = Repository(scratch.root)
    seen = as_it_lies(repository, loose(repository), tmp_path / "room")
    assert seen.index.read("a.png") == b"another"
    assert not (tmp_path / "ran").exists()
