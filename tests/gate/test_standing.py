"""What an original or a mask proves: judged is not the same as present, whatever way the bytes came in."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageOps

from projects import HERO, MASK, SPRING, png, sha256, texture

SIDECAR = f"{SPRING}.maskproof.json"
STRICT = 'version = 1\n[defaults]\nlevel = "strict"\nunrecorded = "block"\nnew_original = "block"\n'
LAX = (
    '[[rules]]\npaths = ["tests/**"]\nunrecorded = "off"\nnew_original = "off"\nmax_editable = 1.0\nlevel = "visual"\n'
)
"""what a folder of test pictures is often given"""


@pytest.fixture
def story(project):
    """A project under a strict policy, with a branch for the change."""
    project.write("maskproof.toml", STRICT + LAX)
    project.edit("held")
    project.commit("Base")
    project.branch_off()
    return project


def merged(project) -> None:
    """The branch merged into main, whatever the gate says of it; the next one is cut."""
    project.git("checkout", "-q", "-f", "main")
    project.git("merge", "-q", "--no-ff", "--no-verify", "-m", "Merge", "pr")
    project.git("checkout", "-q", "-B", "pr")


def squashed(project) -> None:
    """The same in one commit without a second parent."""
    project.git("checkout", "-q", "-f", "main")
    project.git("merge", "-q", "--squash", "pr")
    project.git("commit", "-q", "--no-verify", "--allow-empty", "-m", "Squash")
    project.git("checkout", "-q", "-B", "pr")


def judged(project):
    """What the gate says of the merge of the branch, as a hosting service asks it."""
    project.git("add", "-A")
    project.git("commit", "-q", "--no-verify", "--allow-empty", "-m", "Change")
    project.git("checkout", "-q", "-f", "-B", "result", "main")
    project.git("merge", "-q", "--no-ff", "--no-verify", "-m", "Merge", "pr")
    status, report = project.report("--from-ref", "HEAD^1", "--to-ref", "HEAD")
    project.git("checkout", "-q", "-f", "pr")
    return status, {one["path"]: [f["rule"] for f in one["findings"]] for one in report["images"]}


def drifted(project) -> tuple[bytes, bytes]:
    """A drifted edit, and the same samples in other bytes: what a forger names as its original."""
    edit = project.pictures.drifted
    with Image.open(io.BytesIO(edit)) as picture:
        return edit, png(picture, compress_level=9)


def turned(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        return png(ImageOps.mirror(picture))


def named(project, path: str, data: bytes, **more) -> dict:
    return {"original": {"path": path, **project.original(data)}, **more}


def bring(project, how: str, data: bytes) -> str:
    """The forged original brought in by a first change; gives the path under which it is named."""
    if how == "reverted":
        project.write(HERO, data)
        project.commit("In")
        project.write(HERO, project.pictures.original)
        project.commit("Out")
        merged(project)
        return HERO
    if how == "new and gone":
        project.write("assets/a.png", data)
        project.commit("In")
        project.git("rm", "-q", "assets/a.png")
        project.commit("Out")
        merged(project)
        return "assets/a.png"
    if how == "another branch":
        project.git("checkout", "-q", "-b", "elsewhere")
        project.write("assets/a.png", data)
        project.commit("Elsewhere")
        project.git("checkout", "-q", "pr")
        project.git("merge", "-q", "-s", "ours", "--no-verify", "-m", "Ours", "elsewhere")
        merged(project)
        return "assets/a.png"
    path = {"lax folder": "tests/a.png", "generated": "assets/a.png", "generated in a lax folder": "tests/a.png"}.get(
        how, how
    )
    if how == "recorded in a lax folder":
        path = "tests/a.png"
        whole = png(Image.new("L", (320, 240), 255))
        project.write("tests/m.png", whole)
        mask = {"path": "tests/m.png", "sha256": sha256(whole), "mode": "white"}
        project.write(f"{path}.maskproof.json", project.record(data, mask=mask))
    if how.startswith("generated"):
        project.write(f"{path}.maskproof.json", project.record(data, origin="generated", original=None, mask=None))
    project.write(path, data)
    project.commit("In")
    squashed(project)
    return path


WAYS = [
    "reverted",
    "new and gone",
    "another branch",
    "generated",
    "generated in a lax folder",
    "lax folder",
    "recorded in a lax folder",
    "assets/a.png",
    "sources/a.webp.png",
    "docs/a.dat",
    "docs/a",
    "a.png.bak",
    "docs/a.svg",
    "tests/a.bin",
]


@pytest.mark.parametrize("at", [SPRING, "assets/new.png"])
@pytest.mark.parametrize("how", WAYS)
@pytest.mark.threat("T03")
def test_a_forged_original_proves_nothing_however_it_came_in(story, how, at):
    edit, forged = drifted(story)
    path = bring(story, how, forged)
    story.write(at, edit)
    story.write(f"{at}.maskproof.json", story.record(edit, **named(story, path, forged)))
    status, found = judged(story)
    assert status in {1, 3}
    assert {"new-original", "missing-original"} & set(found[at])


@pytest.mark.threat("T19")
def test_nor_does_a_turned_one_that_is_called_generated(story):
    edit, forged = (turned(one) for one in drifted(story))
    path = bring(story, "generated", forged)
    story.write("assets/new.png", edit)
    story.write("assets/new.png.maskproof.json", story.record(edit, **named(story, path, forged, mask=None)))
    status, found = judged(story)
    assert (status, found["assets/new.png"]) == (1, ["record-loosened", "new-original"])


@pytest.mark.parametrize("name", ["docs/a.dat", "tests/a0.png"])
def test_an_edit_in_a_lax_folder_hands_no_standing_on(story, name):
    edit, forged = drifted(story)
    story.write(name, forged)
    story.write("tests/a.png", edit)
    story.write("tests/a.png.maskproof.json", story.record(edit, **named(story, name, forged)))
    story.commit("In")
    squashed(story)
    again = Image.open(io.BytesIO(edit))
    again.paste((9, 9, 9), (200, 80, 210, 90))
    story.write("assets/new.png", png(again))
    story.write("assets/new.png.maskproof.json", story.record(png(again), **named(story, "tests/a.png", edit)))
    status, found = judged(story)
    assert status == 1
    assert "new-original" in found["assets/new.png"]


def test_a_record_in_a_lax_folder_gives_no_standing(story):
    edit, forged = drifted(story)
    story.write("tests/a.png", edit)
    story.write("tests/a.dat", forged)
    story.write("tests/a.png.maskproof.json", story.record(edit, **named(story, "tests/a.dat", forged)))
    story.commit("In")
    squashed(story)
    story.write(SPRING, edit)
    story.write(SIDECAR, story.record(edit, **named(story, "tests/a.dat", forged)))
    assert judged(story)[0] == 1


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (None, "came with this change"),
        ("reverted", "lies in no tree of the project"),
        ("docs/a.dat", "has no image's name"),
    ],
)
def test_it_is_said_where_the_bytes_are_instead(story, how, said):
    edit, forged = drifted(story)
    path = bring(story, how, forged) if how else "assets/a.png"
    if not how:
        story.write(path, forged)
    story.write("assets/new.png", edit)
    story.write("assets/new.png.maskproof.json", story.record(edit, **named(story, path, forged)))
    story.commit("Edit")
    _, report = story.report("--from-ref", "main", "--to-ref", "pr")
    (image,) = [one for one in report["images"] if one["path"] == "assets/new.png"]
    (finding,) = [one for one in image["findings"] if one["rule"] == "new-original"]
    assert said in finding["message"]


@pytest.mark.parametrize(("key", "status"), [("block", 1), ("warn", 0)])
def test_an_original_is_asked_for_a_record_where_policy_blocks_new_ones(project, key, status):
    """Whatever pictures themselves are asked for."""
    policy = (
        f'version = 1\n[defaults]\nlevel = "strict"\nunrecorded = "off"\nnew_original = "{key}"\nnew_mask = "off"\n'
    )
    project.write("maskproof.toml", policy)
    edit, forged = drifted(project)
    project.write("assets/a.png", forged)
    project.commit("A picture like another, that nobody asked about")
    project.branch_off()
    project.write("assets/new.png", edit)
    project.write("assets/new.png.maskproof.json", project.record(edit, **named(project, "assets/a.png", forged)))
    assert judged(project)[0] == status
    assert ("new-original" in judged(project)[1]["assets/new.png"]) == bool(status)


@pytest.mark.parametrize("record", ["generated", "none"])
@pytest.mark.parametrize("turn", [False, True])
def test_a_copy_that_drifted_is_stopped_when_it_comes_in(story, record, turn):
    data = drifted(story)[1]
    data = turned(data) if turn else data
    story.write("assets/a.png", data)
    if record != "none":
        story.write("assets/a.png.maskproof.json", story.record(data, origin="generated", original=None, mask=None))
    status, found = judged(story)
    assert (status, found["assets/a.png"]) == (1, ["stale-record" if record == "generated" else "unrecorded"])


def test_a_mirrored_copy_that_did_not_drift_is_a_copy(story):
    story.write("assets/rtl.png", turned(story.pictures.original))
    assert judged(story) == (0, {"assets/rtl.png": []})


@pytest.mark.threat("T43")
def test_slow_drift_through_copies_of_the_last_edit_is_stopped(story):
    """Each copy is lossless and has a picture's name; the edit of it is a new file each time."""
    now, last = Image.open(io.BytesIO(story.pictures.original)), (HERO, story.pictures.original)
    for number in range(9):
        now = now.point(lambda level: min(255, level + 4))
        edit, copy = png(now), png(now, compress_level=9)
        path = f"assets/edit{number}.png"
        story.write(path, edit)
        story.write(f"{path}.maskproof.json", story.record(edit, **named(story, *last, mask=None)))
        last = (f"assets/copy{number}.png", copy)
        story.write(*last)
        if judged(story)[0]:
            return
        merged(story)
    raise AssertionError("nine steps of 4 levels passed")


class TestHonest:
    def test_a_photograph_that_was_merged_before(self, story):
        data = png(texture(21))
        story.write("assets/photo.png", data)
        assert judged(story)[0] == 0
        squashed(story)
        edit = Image.open(io.BytesIO(data))
        edit.paste((1, 2, 3), (200, 80, 240, 120))
        story.write("assets/new.png", png(edit))
        story.write("assets/new.png.maskproof.json", story.record(png(edit), **named(story, "assets/photo.png", data)))
        assert judged(story) == (0, {"assets/new.png": []})

    def test_a_picture_that_was_generated_and_merged_before(self, story):
        data = png(texture(22))
        story.write("assets/made.png", data)
        story.write("assets/made.png.maskproof.json", story.record(data, origin="generated", original=None, mask=None))
        assert judged(story)[0] == 0
        squashed(story)
        edit = Image.open(io.BytesIO(data))
        edit.paste((1, 2, 3), (200, 80, 240, 120))
        for name in ("one", "two"):
            story.write(f"assets/{name}.png", png(edit))
            story.write(
                f"assets/{name}.png.maskproof.json", story.record(png(edit), **named(story, "assets/made.png", data))
            )
            assert judged(story) == (0, {f"assets/{name}.png": []})
            squashed(story)

    def test_a_generated_picture_made_again(self, story):
        for seed, drawn in ((23, (0, 0, 0)), (23, (255, 255, 255))):
            picture = texture(seed)
            picture.paste(drawn, (10, 10, 60, 60))
            story.write("assets/made.png", png(picture))
            record = story.record(png(picture), origin="generated", original=None, mask=None)
            story.write("assets/made.png.maskproof.json", record)
            assert judged(story) == (0, {"assets/made.png": []})
            squashed(story)

    def test_an_original_that_only_a_record_of_the_base_names(self, story):
        story.git("checkout", "-q", "main")
        story.write(HERO, png(texture(30)))
        story.commit("Another hero")
        story.git("checkout", "-q", "-B", "pr")
        story.edit("held_again", "assets/new.png")
        assert judged(story)[1]["assets/new.png"] == []

    def test_an_original_that_the_change_itself_moves(self, story):
        data = png(texture(32))
        story.write("assets/photo.png", data)
        story.commit("A photograph")
        merged(story)
        story.git("mv", "assets/photo.png", "assets/moved.png")
        edit = Image.open(io.BytesIO(data))
        edit.paste((1, 2, 3), (200, 80, 240, 120))
        story.write("assets/new.png", png(edit))
        record = story.record(png(edit), **named(story, "assets/moved.png", data))
        story.write("assets/new.png.maskproof.json", record)
        assert judged(story)[1]["assets/new.png"] == []

    def test_a_mask_that_only_a_record_of_the_base_names(self, story):
        story.git("checkout", "-q", "main")
        story.write(MASK, png(Image.new("L", (320, 240), 0)))
        story.commit("Another mask")
        story.git("checkout", "-q", "-B", "pr")
        story.edit("held_again", "assets/new.png")
        assert judged(story)[1]["assets/new.png"] == []

    def test_an_original_that_came_to_the_tip_after_the_branch_was_cut(self, story):
        story.git("checkout", "-q", "main")
        data = png(texture(31))
        story.write("assets/late.png", data)
        story.commit("Late")
        story.git("checkout", "-q", "pr")
        edit = Image.open(io.BytesIO(data))
        edit.paste((1, 2, 3), (200, 80, 240, 120))
        story.write("assets/new.png", png(edit))
        record = story.record(png(edit), **named(story, "assets/late.png", data))
        story.write("assets/late.png", data)
        story.write("assets/new.png.maskproof.json", record)
        story.commit("Edit")
        status, report = story.report("--from-ref", "main", "--to-ref", "pr")
        assert status == 0, report

    def test_an_edit_of_a_recorded_edit(self, story):
        original = named(story, SPRING, story.pictures.held, parent=SIDECAR)
        story.edit("held_again", "assets/second.png", **original)
        assert judged(story) == (0, {"assets/second.png": []})


class TestMasks:
    @pytest.mark.parametrize(("key", "status"), [("", 1), ('new_mask = "warn"\n', 0), ('new_mask = "off"\n', 0)])
    def test_one_that_comes_along_has_a_key_of_its_own(self, project, key, status):
        project.write("maskproof.toml", STRICT + key)
        project.edit("held_again", "assets/first.png")
        project.commit("Policy, and a record that uses the mask")
        mask = Image.open(io.BytesIO(project.pictures.mask))
        mask.paste(255, (0, 0, 8, 8))
        project.write("assets/m.png", png(mask))
        project.edit("held", mask={"path": "assets/m.png", "sha256": sha256(png(mask)), "mode": "white"})
        project.stage()
        got, report = project.report()
        (found,) = [one["findings"] for one in report["images"] if one["path"] == SPRING]
        assert got == status
        assert [(one["rule"], one["region"]) for one in found] == ([] if "off" in key else [("new-original", "mask")])

    @pytest.mark.parametrize(
        ("used", "mode"), [("original", "white"), ("original", "black"), ("edit", "white"), ("mask", "black")]
    )
    @pytest.mark.threat("T04")
    def test_what_the_project_uses_otherwise_is_no_mask(self, story, used, mode):
        path, data = {
            "original": (HERO, story.pictures.original),
            "edit": (SPRING, story.pictures.held),
            "mask": (MASK, story.pictures.mask),
        }[used]
        other = story.pictures.other
        story.write("assets/other.png", other)
        story.commit("Another picture")
        merged(story)
        mask = {"path": path, "sha256": sha256(data), "mode": mode}
        story.edit("other", "assets/new.png", **named(story, "assets/other.png", other), mask=mask)
        story.write("assets/new.png", png(Image.open(io.BytesIO(other)), compress_level=9))
        fresh = (story.root / "assets/new.png").read_bytes()
        record = story.record(fresh, **named(story, "assets/other.png", other), mask=mask)
        story.write("assets/new.png.maskproof.json", record)
        status, found = judged(story)
        assert status == 1
        assert "mask-suspect" in found["assets/new.png"]

    @pytest.mark.parametrize("mode", ["white", "black"])
    def test_a_photograph_is_none(self, story, mode):
        data = png(texture(40))
        story.write("assets/photo.png", data)
        story.commit("A photograph")
        merged(story)
        story.edit("held", "assets/new.png", mask={"path": "assets/photo.png", "sha256": sha256(data), "mode": mode})
        status, found = judged(story)
        assert status in {1, 3}
        assert "mask-suspect" in found["assets/new.png"]
