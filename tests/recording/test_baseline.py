"""`maskproof baseline`: what an old repository holds is accepted once, and nothing new comes in with it."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from projects import SPRING, png, sha256

if TYPE_CHECKING:
    from projects import Project

BLOCKS = "version = 1\n[defaults]\nunrecorded = 'block'\nnew_original = 'block'\nnew_mask = 'off'\n"
FILE = ".maskproof/baseline.json"
OLD = "assets/old.png"
RANGE = ("--from-ref", "main", "--to-ref", "pr")


@pytest.fixture
def old(project: Project) -> Project:
    """A repository with a drifted edit and an AI picture without a record, accepted; on a branch `pr`."""
    project.write("maskproof.toml", BLOCKS)
    project.write(OLD, project.pictures.marked)
    project.edit("drifted")
    project.commit("As it always was")
    assert project.maskproof("baseline").returncode == 0
    project.commit("Baseline")
    project.branch_off()
    return project


def entries(project: Project) -> dict[str, Any]:
    return json.loads((project.root / FILE).read_text())["pictures"]


def image(project: Project, path: str, *arguments: str) -> dict[str, Any]:
    project.stage()
    (found,) = [one for one in project.report(*arguments, CI="true")[1]["images"] if one["path"] == path]
    return found


def test_every_picture_with_something_against_it_has_an_entry(old: Project) -> None:
    assert {path: entry["rules"] for path, entry in entries(old).items()} == {
        OLD: ["unrecorded"],
        SPRING: ["outside-mask"],
    }
    done = old.check("--all", CI="true")
    assert done.status == 0
    assert OLD not in done.text
    assert "2 images with findings that the baseline has" in done.text


def test_a_changed_picture_is_judged(old: Project) -> None:
    old.write(OLD, old.pictures.marked + b"\0")
    assert image(old, OLD)["verdict"] == "block"


def test_a_picture_that_was_only_packed_anew_keeps_its_entry(old: Project) -> None:
    picture = Image.open(io.BytesIO(old.pictures.marked))
    picture.load()
    says = PngImagePlugin.PngInfo()
    says.add_text("parameters", picture.info["parameters"])
    old.write(OLD, png(picture, pnginfo=says, compress_level=9))
    assert image(old, OLD)["verdict"] == "pass"
    old.commit("Packed anew")
    assert old.check("--all", CI="true").status == 0
    samples = np.array(picture)
    samples[0, 0, 0] ^= 1
    old.write(OLD, png(Image.fromarray(samples), pnginfo=says))
    assert image(old, OLD)["verdict"] == "block"


def test_a_picture_that_only_gets_another_name_keeps_its_entry(old: Project) -> None:
    old.git("mv", OLD, "assets/new name.png")
    found = image(old, "assets/new name.png")
    assert (found["verdict"], [one["accepted"]["how"] for one in found["findings"]]) == ("pass", ["baseline"])
    assert old.try_commit().status == 0
    assert image(old, "assets/new name.png", *RANGE)["verdict"] == "pass"


@pytest.mark.parametrize("how", ["a copy", "in the place of another", "other bytes"])
def test_and_nothing_else_does(old: Project, how: str) -> None:
    target = "assets/hero.png" if how == "in the place of another" else "assets/new.png"
    old.write(target, old.pictures.marked + (b"\0" if how == "other bytes" else b""))
    if how != "a copy":
        old.git("rm", "-q", OLD)
    assert image(old, target)["verdict"] == "block"


def test_another_record_beside_the_same_picture_is_judged(old: Project) -> None:
    old.edit("drifted", mask=None)
    assert image(old, SPRING)["verdict"] == "block"


def test_an_entry_for_bytes_that_only_the_change_has_does_not_count(old: Project) -> None:
    data = old.pictures.marked + b"\0"
    old.write("assets/new.png", data)
    old.write(OLD, data)
    entry = {"rules": ["unrecorded"], "sha256": sha256(data)}
    tree = {"maskproof": 1, "pictures": {**entries(old), OLD: entry, "assets/new.png": entry}}
    old.write(FILE, json.dumps(tree))
    old.commit("Accepting myself")
    assert image(old, OLD, *RANGE)["verdict"] == "block"
    assert image(old, "assets/new.png", *RANGE)["verdict"] == "block"


def test_the_command_leaves_out_what_is_only_staged(old: Project) -> None:
    old.write("assets/new.png", old.pictures.marked + b"\0")
    old.stage()
    done = old.maskproof("baseline")
    assert "Left out, since it is not committed: assets/new.png" in done.stdout
    assert "assets/new.png" not in entries(old)


def test_an_entry_of_the_change_counts_for_bytes_of_the_merge_base(project: Project) -> None:
    project.write("maskproof.toml", BLOCKS)
    project.write(OLD, project.pictures.marked)
    project.commit("As it always was")
    project.branch_off()
    project.maskproof("baseline")
    project.commit("Baseline")
    assert image(project, OLD, *RANGE, OLD)["verdict"] == "pass"


def test_a_change_of_the_project_is_no_state_of_it(old: Project) -> None:
    tree = {
        "maskproof": 1,
        "pictures": {SPRING: {"rules": ["outside-mask", "attributes"], "sha256": sha256(old.pictures.drifted)}},
    }
    old.write(FILE, json.dumps(tree))
    old.write(".gitattributes", "*.png ident\n")
    found = image(old, SPRING)
    assert {one["rule"]: bool(one["accepted"]) for one in found["findings"]} == {
        "outside-mask": True,
        "attributes": False,
    }
    assert found["verdict"] == "block"


def test_many_small_changes_are_compared_with_the_bytes_of_the_baseline(old: Project) -> None:
    """Beside the version before, the last step of many is small."""
    old.write(OLD, old.pictures.drifted)
    old.commit("A step past the hook")
    old.write(OLD, old.pictures.drifted + b"\0")
    found = image(old, OLD)
    assert found["verdict"] == "block"
    assert "baseline" in str(found["original"])


def test_a_baselined_picture_is_an_original_once_its_entry_is_merged(old: Project) -> None:
    record = {"original": {"path": OLD, **old.original(old.pictures.marked)}}
    old.edit("held", "assets/next.png", **record)
    assert "new-original" not in [one["rule"] for one in image(old, "assets/next.png")["findings"]]


def test_but_not_while_only_the_change_says_so(project: Project) -> None:
    project.write("maskproof.toml", BLOCKS)
    project.write(OLD, project.pictures.marked)
    project.commit("Past the hook")
    project.branch_off()
    project.maskproof("baseline")
    project.edit("held", "assets/next.png", original={"path": OLD, **project.original(project.pictures.marked)})
    project.commit("An edit of it")
    found = image(project, "assets/next.png", *RANGE)
    assert "new-original" in [one["rule"] for one in found["findings"]]
    assert found["verdict"] == "block"


def test_entries_that_no_longer_apply_are_told_and_taken_out(old: Project) -> None:
    old.write(OLD, old.pictures.other)
    old.edit("held")
    old.git("rm", "-q", "--cached", "README.md")
    old.commit("Mended")
    listed = old.maskproof("approvals").stdout
    assert f"{OLD} in the baseline no longer applies: the picture has other bytes now" in " ".join(listed.split())
    done = old.maskproof("baseline")
    assert f"{SPRING}: its entry no longer applies" in done.stdout
    assert SPRING not in entries(old)


def test_a_broken_baseline_accepts_nothing_and_is_told(old: Project) -> None:
    old.write(FILE, '{"maskproof": 1, "pictures": {"a.png": {"sha": 1}}}')
    old.commit("Broken")
    done = old.check("--all", CI="true")
    assert done.status == 1
    assert "baseline.json cannot be used" in done.text


class TestUnseen:
    """A clone without the content of Git LFS: nothing of it is accepted, and what was accepted so does not hold."""

    @pytest.fixture
    def bare_of_content(self, project: Project) -> Project:
        project.write("maskproof.toml", BLOCKS)
        for number in range(5):
            pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{number:064}\nsize 12345\n"
            project.write(f"assets/{number}.png", pointer.encode())
        project.commit("Pictures in Git LFS")
        return project

    def test_nothing_is_written_nor_approved(self, bare_of_content: Project) -> None:
        (bare_of_content.root / "maskproof.toml").unlink()
        for command in (("init",), ("baseline",), ("approve", "assets/0.png", "--reason", "fine")):
            done = bare_of_content.maskproof(*command)
            assert done.returncode == 2, done.stdout
            assert "`git lfs pull" in done.stderr
        assert "5 pictures are not here" in bare_of_content.maskproof("init").stderr
        assert not (bare_of_content.root / ".maskproof").exists()
        assert not (bare_of_content.root / "maskproof.toml").exists()

    def test_an_entry_made_unseen_holds_nothing_and_the_list_is_folded(self, bare_of_content: Project) -> None:
        held = {f"assets/{one}.png": {"sha256": f"{one:064}", "rules": ["unreadable"]} for one in range(5)}
        bare_of_content.write(FILE, json.dumps({"maskproof": 1, "pictures": held}).encode())
        bare_of_content.commit("Baseline")
        done = bare_of_content.check("--all", CI="true")
        said = " ".join(done.text.split())
        assert done.status == 3
        assert (
            "5 images: NOT JUDGED ? unreadable: what it takes to judge them is not on this machine: assets/0.png"
            in said
        )
        assert said.count("git lfs pull") == 1

    @pytest.mark.parametrize("command", [("record", "{}", "--generated"), ("find", "{}"), ("compare", "{}", "{}")])
    def test_whoever_is_handed_a_pointer_says_so(self, bare_of_content: Project, command: tuple[str, ...]) -> None:
        done = bare_of_content.maskproof(*(one.format("assets/0.png") for one in command))
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode == 2, said
        assert "its content is not on this machine" in said
        assert "git lfs pull" in said
