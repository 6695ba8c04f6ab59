"""What a tree holds, taken apart only where it is asked."""

from __future__ import annotations

from maskproof.repo.listing import Entry, Listing

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
    assert TREE.tops == {
        "hero.PNG",
        "hero.PNG.maskproof.json",
        "art",
        "a.gitattributes",
        ".maskproof",
        "tab\tin it.webp",
    }


def test_a_path_in_conflict_has_no_mode() -> None:
    lines = b"".join(b"100644 %s %d\tx.png\0" % (ONE.encode(), stage) for stage in (1, 2, 3))
    index = Listing(lines + b"100755 %s 0\ty.png\0" % OTHER.encode(), index=True)
    assert index["x.png"].mode == "unmerged"
    assert index["y.png"] == Entry("100755", OTHER)
