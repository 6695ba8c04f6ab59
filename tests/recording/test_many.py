"""`record` for many edits and in many places: each row accounted for, nothing dropped in silence, nothing recorded that
no commit would hold.
"""

from __future__ import annotations

import io
import json
import unicodedata

import pytest
from PIL import Image

from processes import MASKPROOF
from projects import HERO, MASK, SPRING, png, sha256

WITH = ("--original", HERO, "--mask", MASK, "--mask-mode", "white")
OTHER = "assets/other.png"


def record(project, *arguments, status=0, cwd=None):
    done = project.run(*MASKPROOF, "record", *arguments, ok=False, cwd=cwd)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def read(project, path):
    return json.loads((project.root / path).read_text())


def areas(project, path=f"{SPRING}.maskproof.json"):
    return {one["name"]: one["kind"] for one in read(project, path).get("areas", [])}


@pytest.fixture
def two(project):
    """Two edits that held, without records."""
    project.write(SPRING, project.pictures.held)
    project.write(OTHER, project.pictures.held_again)
    return project


class TestKeptAndChanged:
    def test_areas_go_by_their_names(self, two):
        record(two, SPRING, *WITH, "--area", "one:brand:1,1,9,9")
        said = record(two, SPRING, "--area", "two:text:20,20,9,9")
        assert areas(two) == {"one": "brand", "two": "text"}
        assert "one (brand)  (kept)" in said
        assert "two (text)  (added)" in said
        said = record(two, SPRING, "--area", "one:face:2,2,9,9", "--remove-area", "two")
        assert areas(two) == {"one": "face"}
        assert "(replaced)" in said
        assert "two (text)  (removed)" in said

    def test_an_area_that_is_not_there_cannot_be_removed(self, two):
        record(two, SPRING, *WITH, "--area", "label:brand:1,1,9,9")
        assert "did you mean 'label'?" in record(two, SPRING, "--remove-area", "labels", status=2)
        assert areas(two) == {"label": "brand"}

    def test_a_mask_is_taken_away_only_when_asked(self, two):
        record(two, SPRING, *WITH)
        assert f"{MASK} removed" in record(two, SPRING, "--remove-mask")
        assert "mask" not in read(two, f"{SPRING}.maskproof.json")

    def test_what_a_new_origin_drops_is_said(self, two):
        record(two, SPRING, *WITH, "--pad", "0,1,0,1")
        said = record(two, SPRING, "--generated")
        assert f"removed   the original {HERO} and the mask {MASK}" in said
        assert "removed   crop and padding" in said

    @pytest.mark.parametrize("crop", [("--crop", "1,2,30,40"), ("--crop=1,2,30,40",), ("--crop", "1", "2", "30", "40")])
    def test_four_numbers_with_commas_or_spaces(self, two, crop):
        record(two, SPRING, *WITH, *crop)
        assert read(two, f"{SPRING}.maskproof.json")["transform"]["crop"] == [1, 2, 30, 40]

    def test_a_schema_for_editors_is_kept(self, two):
        record(two, SPRING, *WITH)
        place = f"{SPRING}.maskproof.json"
        two.write(place, json.dumps({"$schema": "https://example.org/s.json", **read(two, place)}))
        record(two, SPRING)
        assert read(two, place)["$schema"] == "https://example.org/s.json"
        two.stage()
        assert two.check().status == 0


class TestStaged:
    def test_record_and_mask_are_staged_when_asked(self, two):
        two.write("assets/new.mask.png", two.pictures.mask)
        record(two, SPRING, "--original", HERO, "--mask", "assets/new.mask.png", "--mask-mode", "white", "--add")
        staged = two.git("diff", "--cached", "--name-only").stdout.split()
        assert staged == ["assets/new.mask.png", f"{SPRING}.maskproof.json"]

    def test_names_that_git_would_read_as_patterns(self, two):
        two.write("assets/[a]*.png", two.pictures.held)
        record(two, "assets/[a]*.png", *WITH, "--add")
        assert two.git("diff", "--cached", "--name-only").stdout.split() == ["assets/[a]*.png.maskproof.json"]

    def test_what_git_refuses_is_said(self, two):
        two.write(".gitignore", "*.json\n")
        assert "stage them by hand" in record(two, SPRING, *WITH, "--add", status=2)


class TestMoved:
    def test_original_and_mask_are_named_by_where_they_lie_now(self, project):
        project.edit("held")
        project.commit("An edit")
        project.git("mv", "assets", "moved")
        project.commit("Moved")
        edit = SPRING.replace("assets", "moved")
        picture = Image.open(project.root / edit)
        project.write(edit, png(picture) + b"packed anew")
        project.git("add", edit)
        record(project, edit, "--add")
        found = read(project, f"{edit}.maskproof.json")
        assert (found["original"]["path"], found["mask"]["path"]) == ("moved/hero.png", "moved/hero.mask.png")
        assert project.check().counts[-1][3] == 0

    def test_a_mask_that_is_gone_keeps_no_record_from_being_staged(self, project):
        project.edit("held")
        project.commit("An edit")
        project.git("rm", "-q", MASK)
        project.commit("Without its mask")
        record(project, SPRING, "--model", "m", "--add")
        assert project.git("diff", "--cached", "--name-only").stdout.split() == [f"{SPRING}.maskproof.json"]


def test_a_mask_that_lies_beside_the_edit_is_proposed_before_it_is_staged(project):
    project.write(SPRING, project.pictures.held)
    project.write("assets/spring.mask.png", (project.root / MASK).read_bytes())
    said = record(project, SPRING, status=2)
    assert "--mask assets/spring.mask.png" in said


class TestMany:
    def test_several_of_one_original(self, two):
        said = record(two, SPRING, OTHER, *WITH, "--add")
        assert "maskproof: 2 edits recorded, 2 files staged." in said
        two.stage()
        assert two.check().counts == [(2, 2, 0, 0)]

    def test_one_mistake_costs_none_of_the_others(self, two):
        said = record(two, SPRING, "assets/none.png", OTHER, *WITH, status=2)
        assert "assets/none.png: NOT RECORDED" in said
        assert "2 edits recorded, 1 not recorded." in said

    def test_a_folder(self, two):
        two.commit("edits without records")
        two.write(SPRING, two.pictures.marked)
        record(two, OTHER, *WITH)
        said = record(two, "assets", "--accept", "--mask-mode", "white")
        assert (two.root / f"{SPRING}.maskproof.json").exists(), said
        assert not (two.root / f"{HERO}.maskproof.json").exists()
        assert not (two.root / f"{MASK}.maskproof.json").exists()
        assert "1 edit recorded, 1 unchanged" in said

    def test_a_folder_of_pictures_of_which_nothing_is_known(self, project):
        project.write("new/a.png", project.pictures.other)
        said = record(project, "new", "--accept")
        assert "1 picture left alone" in said
        assert "Left alone, as nothing says what it was made from: new/a.png" in said

    def test_what_is_refused_in_a_folder_is_called_as_what_is_written(self, project):
        project.write("new/a.png", project.pictures.held)
        project.write("new/a.png.maskproof.json", "{}")
        assert "\nnew/a.png: NOT RECORDED" in "\n" + record(project, "new", status=2)

    TABLE = (
        f'Edit,original,Mask mode,mask,Prompt,areas\n{SPRING},{HERO},white,{MASK},"a, ""b""\nc",'
        f'"logo:brand:1,2,3,4; label:text:5,6,7,8"\n\n{OTHER},{HERO},grey,{MASK},,\n'
    )

    def test_a_table_names_bad_rows_by_their_line_and_writes_the_good_ones(self, two):
        two.write("edits.csv", self.TABLE)
        said = record(two, "--from", "edits.csv", "--model", "m", status=2)
        assert f"edits.csv:5: {OTHER}: NOT RECORDED: mask_mode is 'grey'" in said
        found = read(two, f"{SPRING}.maskproof.json")
        assert found["tool"] == {"model": "m", "prompt": 'a, "b"\nc'}
        assert areas(two) == {"logo": "brand", "label": "text"}
        assert not (two.root / f"{OTHER}.maskproof.json").exists()

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_tables_as_spreadsheets_write_them(self, two, separator, encoding):
        rows = [("edit", "original", "mask", "mask-mode", "crop"), (SPRING, HERO, MASK, "WHITE", "0 0 300 200")]
        text = "\r\n".join(separator.join(row) for row in rows) + "\r\n"
        two.write("edits.tsv", text.encode(encoding))
        record(two, "--from", "edits.tsv")
        assert read(two, f"{SPRING}.maskproof.json")["transform"]["crop"] == [0, 0, 300, 200]

    @pytest.mark.parametrize(
        ("table", "word"),
        [
            ("edit,orignal\na,b\n", "did you mean 'original'?"),
            ("original\na\n", "'edit' is missing"),
            ("edit,edit\na,b\n", "stands twice"),
            ("edit\n", "no rows"),
            ('edit\n"a\n', "line"),
            (b"edit\n\xff\n", "UTF-8"),
        ],
    )
    def test_what_is_no_table_is_refused_whole(self, two, table, word):
        two.write("edits.csv", table)
        assert word in record(two, "--from", "edits.csv", status=2)

    def test_one_edit_twice(self, two):
        two.write("edits.csv", f"edit,original\n{SPRING},{HERO}\n./{SPRING},{HERO}\n")
        assert "edits.csv:3" in record(two, "--from", "edits.csv", status=2)


class TestPrompts:
    @pytest.mark.parametrize(
        ("keep", "kept"),
        [("store", {"prompt": "hush"}), ("sha256", {"prompt_sha256": sha256(b"hush")}), ("none", None)],
    )
    def test_every_writer_keeps_what_the_policy_has_kept(self, two, keep, kept):
        two.write("maskproof.toml", f'version = 1\n[defaults]\nprompt = "{keep}"\n')
        two.write("edits.csv", f"edit,original,prompt\n{OTHER},{HERO},hush\n")
        two.stage()
        record(two, SPRING, *WITH, "--prompt", "hush")
        record(two, "--from", "edits.csv")
        for path in (SPRING, OTHER):
            assert read(two, f"{path}.maskproof.json").get("tool") in (kept, kept or {})

    def test_a_record_that_is_written_again_is_held_to_it(self, two):
        record(two, SPRING, *WITH, "--prompt", "hush")
        two.write("maskproof.toml", 'version = 1\n[defaults]\nprompt = "sha256"\n')
        two.stage()
        assert "removed   the prompt" in record(two, SPRING)
        assert read(two, f"{SPRING}.maskproof.json")["tool"] == {"prompt_sha256": sha256(b"hush")}


class TestElsewhere:
    """Files that no commit of this repository holds under the name that would be recorded."""

    def refused(self, project, original, *words):
        said = record(project, SPRING, "--original", original, status=2)
        assert not (project.root / f"{SPRING}.maskproof.json").exists()
        for word in words:
            assert word in said, said

    def test_a_submodule(self, two):
        two.git("init", "-q", "lib")
        two.write("lib/o.png", two.pictures.original)
        inside = {"cwd": two.root / "lib"}
        two.run("git", "add", ".", **inside)
        two.run("git", "commit", "-qm", "o", **inside)
        self.refused(two, "lib/o.png", "lib, a repository of its own", "cp lib/o.png o.png")
        two.git("-c", "protocol.file.allow=always", "add", "lib")
        self.refused(two, "lib/o.png", "lib, a submodule")
        two.write(f"{SPRING}.maskproof.json", two.record(two.pictures.held, original=at("lib/o.png")))
        two.stage()
        assert "lies in lib, a submodule" in two.check().text

    def test_a_repository_outside(self, two):
        two.git("init", "-q", "../else")
        two.write("../else/o.png", two.pictures.original)
        self.refused(two, "../else/o.png", "in the repository", "Copy it")

    def test_links(self, two):
        (two.root / "assets/link.png").symlink_to("hero.png")
        (two.root / "way").symlink_to("assets")
        self.refused(two, "assets/link.png", "is a symbolic link", f"--original {HERO}")
        self.refused(two, "way/hero.png", "behind way, a symbolic link", f"--original {HERO}")

    def test_another_unicode_form(self, two):
        composed, apart = "\u00e9t\u00e9.png", unicodedata.normalize("NFD", "\u00e9t\u00e9.png")
        two.write(composed, two.pictures.original)
        two.git("add", composed)
        two.git("commit", "-qm", "a name")
        (two.root / composed).rename(two.root / apart)
        self.refused(two, apart, "another Unicode form", "$'\\u00e9t\\u00e9.png'")
        two.write(f"{SPRING}.maskproof.json", two.record(two.pictures.held, original=at(apart)))
        two.git("add", SPRING, f"{SPRING}.maskproof.json")
        assert "another Unicode form" in " ".join(two.check().text.split())


def at(path):
    """An original at a path, with bytes that no commit holds."""
    return {"path": path, "sha256": "9" * 64, "size": [320, 240]}


class TestFrames:
    def test_a_cut_is_named_and_taken_when_agreed(self, two):
        file = io.BytesIO(two.pictures.held)
        two.write(SPRING, png(Image.open(file).crop((20, 15, 276, 207))))  # of the original's proportions
        said = record(two, SPRING, *WITH)
        assert f"`maskproof record {SPRING} --crop 20,15,256,192`" in said
        (two.root / f"{SPRING}.maskproof.json").unlink()
        record(two, SPRING, *WITH, "--accept")
        two.stage()
        assert two.check().status == 0

    def test_a_picture_that_was_only_scaled_is_no_cut(self, two):
        file = io.BytesIO(two.pictures.held)
        two.write(SPRING, png(Image.open(file).resize((256, 192), Image.Resampling.LANCZOS)))
        assert "--crop" not in record(two, SPRING, *WITH)


FOLDER = ".maskproof/records"
APART = f"{FOLDER}/{SPRING}.maskproof.json"


class TestApart:
    """Records in a folder of their own."""

    @pytest.fixture
    def apart(self, two):
        two.write("maskproof.toml", f'version = 1\n[records]\nfolder = "{FOLDER}"\n')
        two.git("add", "maskproof.toml")
        record(two, SPRING, *WITH)
        two.stage(SPRING, APART, "maskproof.toml")
        return two

    def test_every_reader_finds_it(self, apart):
        assert apart.check().counts == [(1, 1, 0, 0)]
        assert "mask" in apart.maskproof("explain", SPRING).stdout
        assert apart.maskproof("restore", SPRING).returncode == 0
        apart.commit("an edit")
        assert apart.check("--all").counts[0][1] == 1
        apart.write(SPRING, apart.pictures.drifted)
        assert f"Wrote {APART}" in record(apart, SPRING)
        apart.stage()
        assert apart.check().counts == [(1, 1, 1, 0)]
        assert apart.maskproof("restore", SPRING).returncode == 0, "which renews the record where it lies"
        apart.stage()
        assert apart.check().status == 0
        assert not (apart.root / f"{SPRING}.maskproof.json").exists()

    def test_both_places_at_once(self, apart):
        apart.write(f"{SPRING}.maskproof.json", (apart.root / APART).read_bytes())
        assert "in two places" in record(apart, SPRING, status=2)
        apart.stage()
        outcome = apart.check()
        assert outcome.status == 3
        assert "in two places" in " ".join(outcome.text.split())

    @pytest.mark.parametrize("folder", [".maskproof/other", ""])
    def test_another_folder_hides_no_record(self, apart, folder):
        apart.commit("an edit")
        apart.write("maskproof.toml", f'version = 1\n[records]\nfolder = "{folder}"\n')
        apart.write(SPRING, apart.pictures.drifted)
        apart.stage()
        assert "stale-record" in apart.findings()[SPRING]
        apart.git("rm", "-q", "--cached", APART)
        assert apart.findings()[SPRING] == ["unrecorded"]

    @pytest.mark.parametrize("folder", ["public", ".maskproof", ".maskproof/approvals", ".maskproof/..", "/x", "a/b/c"])
    def test_folders_that_could_mean_two_things_are_refused(self, two, folder):
        two.write("maskproof.toml", f'version = 1\n[records]\nfolder = "{folder}"\n')
        two.stage()
        assert "records.folder" in two.check().text

    def test_moving_there_and_back_asks_nothing_less(self, two):
        record(two, SPRING, OTHER, *WITH)
        two.commit("edits")
        two.branch_off()
        two.write("maskproof.toml", f'version = 1\n[records]\nfolder = "{FOLDER}"\n')
        two.git("add", "maskproof.toml")
        assert f"Moved 2 records and 1 mask: they lie in {FOLDER} now" in record(two, "--move", "--add")
        assert not [path for path in two.git("ls-files", "assets").stdout.split() if "mask" in path]
        two.git("commit", "-qm", "move")
        assert two.check("--from-ref", "main", "--to-ref", "HEAD").status == 0
        assert "Nothing to move" in record(two, "--move")
        two.git("rm", "-q", "maskproof.toml")
        record(two, "--move", "--add")
        assert two.git("diff", "--cached", "--name-only", "main").stdout == ""

    def test_a_renamed_edit_is_told_once_with_a_command_that_works(self, apart):
        apart.commit("an edit")
        (apart.root / "moved").mkdir()
        apart.git("mv", SPRING, "moved/spring.png")
        outcome = apart.report()[1]["images"]
        assert [one["path"] for one in outcome] == ["moved/spring.png"]
        command = outcome[0]["findings"][0]["advice"].split("`")[1]
        apart.run("sh", "-c", command)
        apart.stage()
        assert apart.check().status == 0


class TestMasks:
    """A mask that comes with its record is no picture without one; a picture is none because a record says so."""

    def committed(self, project):
        project.write("maskproof.toml", 'version = 1\n[defaults]\nunrecorded = "block"\nnew_mask = "off"\n')
        project.commit("a policy")

    def with_hole(self, project):
        mask = Image.open(io.BytesIO(project.pictures.original)).convert("RGBA")
        mask.paste((0, 0, 0, 0), (180, 60, 300, 180))
        return mask

    def findings(self, project, mask):
        project.write("assets/hole.png", mask)
        project.write(SPRING, project.pictures.held)
        record(project, SPRING, "--original", HERO, "--mask", "assets/hole.png", "--mask-mode", "alpha")
        project.stage()
        return project.findings()

    def test_the_original_with_a_hole(self, project):
        self.committed(project)
        assert "assets/hole.png" not in {
            path for path, found in self.findings(project, png(self.with_hole(project))).items() if found
        }

    def test_a_picture_of_its_own_is_blocked(self, project):
        self.committed(project)
        mask = self.with_hole(project)
        mask.paste((200, 30, 30, 255), (10, 10, 90, 60))
        assert "unrecorded" in self.findings(project, png(mask))["assets/hole.png"]
