"""What a tree holds, taken apart only where it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from maskproof.repo import Repository
from maskproof.repo.listing import Entry, Listing

if TYPE_CHECKING:
    from projects import Project

ONE, OTHER = "a" * 40, "b" * 40
TREE = Listing(
    b"".join(
        f"100644 blob {oid}\t{path}\0".encode()
        for path, oid in (
            ("hero.PNG", ONE),
            ("hero.PNG.maskproof.json", OTHER),
            ("art/.GitAttributes", ONE),
            ("a.gitattributes", ONE),
            (".maskproof/approvals/x.json", OTHER),
            ("tab\tin it.webp", OTHER),
        )
    )
)


def test_each_path_has_its_mode_and_id() -> None:
    assert TREE["hero.PNG"] == Entry("100644", ONE)
    assert TREE.get("tab\tin it.webp") == Entry("100644", OTHER)
    assert (len(TREE), TREE.get("hero.png"), "hero.PNG" in TREE) == (6, None, True)


def test_a_blob_is_found_by_its_whole_id_alone() -> None:
    assert TREE.holding(OTHER) == ["hero.PNG.maskproof.json", ".maskproof/approvals/x.json", "tab\tin it.webp"]
    assert TREE.holding("") == TREE.holding("100644") == TREE.holding("c" * 40) == []


def test_names_tell_the_kinds() -> None:
    assert TREE.images == ("hero.PNG", "tab\tin it.webp")
    assert TREE.sidecars == ("hero.PNG.maskproof.json",)
    assert TREE.attributes == ("art/.GitAttributes",)
    assert TREE.approvals == (".maskproof/approvals/x.json",)


POLICIES = Listing(b"".join(b"100644 blob %s\t%s\0" % (ONE.encode(), path) for path in (b"a/x", b"MaskProof.toml/x")))


def test_policy_files_are_told_by_the_name_at_the_top() -> None:
    assert (TREE.policies, POLICIES.policies) == ((), ("MaskProof.toml/x",))


def test_a_path_in_conflict_has_no_mode() -> None:
    lines = b"".join(b"100644 %s %d\tx.png\0" % (ONE.encode(), stage) for stage in (1, 2, 3))
    index = Listing(lines + b"100755 %s 0\ty.png\0" % OTHER.encode(), index=True)
    assert index["x.png"].mode == "unmerged"
    assert index["y.png"] == Entry("100755", OTHER)


def _changed(project: Project, *, conflict: bool) -> None:
    """Commits and an index that differ in every way there is."""
    root = project.root
    for path in ("a.png", "gone.png", "old/b.png", "kind.txt", "d", "maskproof.toml"):
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(path)
    (root / "a.png.maskproof.json").write_text("{}")
    project.git("add", "-A")
    project.git("commit", "-qm", "one", "--no-verify")
    (root / "old").rename(root / "new")
    (root / "gone.png").unlink()
    (root / "kind.txt").unlink()
    (root / "kind.txt").symlink_to("a.png")
    (root / "d").unlink()
    (root / "d").mkdir()
    for path in ("d/.gitattributes", "d/c.png.maskproof.json", "Ätna.PNG", ".maskproof/approvals/x.json", "z.txt"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    (root / "a.png").chmod(0o755)
    project.git("add", "-A")
    project.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    (root / "later.png").write_text("")
    project.git("add", "-N", "later.png")
    if conflict:
        blob = Repository(root).head.blob_id("old/b.png")
        lines = "".join(f"100644 {blob} {stage}\tboth.png\n" for stage in (1, 2, 3))
        Repository(root).git("update-index", "--index-info", given=lines.encode())


@pytest.mark.parametrize("conflict", [False, True])
def test_a_tree_beside_another_is_as_if_it_were_listed_alone(project: Project, *, conflict: bool) -> None:
    before = Repository(project.root).head.commit
    _changed(project, conflict=conflict)
    kinds = ("images", "sidecars", "records", "presets", "attributes", "approvals", "policies")
    trees = [
        lambda repository: repository.index,
        lambda repository: repository.head,
        lambda repository: repository.tree(before),
        lambda repository: repository.head,
    ]
    together = Repository(project.root)
    for tree in trees:
        alone, beside = tree(Repository(project.root)).entries, tree(together).entries
        assert [*beside.items()] == [*alone.items()]
        assert [(getattr(beside, kind), [*getattr(beside, kind)]) for kind in kinds] == [
            (getattr(alone, kind), [*getattr(alone, kind)]) for kind in kinds
        ]
        assert [(beside.blob_id(path), beside.oid(path)) for path in beside] == [
            (alone.blob_id(path), alone.oid(path)) for path in alone
        ]
