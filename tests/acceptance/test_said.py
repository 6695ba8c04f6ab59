"""Said where it is read: what a person sees of a commit, through the hook as it ships, and what `check` says by itself.

Nothing needless is printed, and nothing that matters is left out: warnings of a commit that passes, work that was not
staged, and a policy that says something in vain.
"""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from projects import HERO, MASK, SPRING, png, sha256, texture

pytestmark = pytest.mark.acceptance

AREA = '[[areas]]\npaths = ["{}"]\nname = "logo"\nkind = "brand"\n{}\n'


def said(outcome):
    """What was printed, as one line."""
    return " ".join(outcome.text.split())


def mask_of(path, known):
    """What a record says of a mask."""
    return {"path": path, "sha256": known["sha256"], "mode": "white"}


def other_file(picture, number):
    """The same picture in another file."""
    words = PngImagePlugin.PngInfo()
    words.add_text("Title", str(number))
    return png(Image.open(io.BytesIO(picture)), pnginfo=words)


class TestNotStaged:
    """What lies beside a staged picture and was forgotten stops the commit, and is named with the command."""

    def stopped(self, project, path):
        outcome = project.try_commit()
        assert outcome.status == 1
        assert f"`git add {path}`" in said(outcome)
        assert "not staged" in said(outcome)
        project.stage(path)
        assert project.try_commit().status == 0

    def test_record(self, project):
        project.edit("held")
        project.stage(SPRING)
        self.stopped(project, f"{SPRING}.maskproof.json")

    @pytest.mark.parametrize("role", ["mask", "original"])
    def test_mask_and_original(self, project, role):
        path = f"assets/new.{role}.png"
        data = png(texture(8)) if role == "original" else project.pictures.mask + b"\n"
        known = project.original(data)
        project.write(path, data)
        project.edit("held", **{role: {"path": path, **known} if role == "original" else mask_of(path, known)})
        project.stage(SPRING, f"{SPRING}.maskproof.json")
        outcome = project.try_commit()
        assert outcome.counts == [(1, 0, 0, 1)]
        assert f"the {role} {path} is not staged" in said(outcome)
        assert f"`git add {path}`" in said(outcome)

    @pytest.mark.parametrize("name", ["maskproof.toml", "pyproject.toml"])
    def test_policy(self, project, name):
        text = "version = 1\n"
        project.write(name, text if name == "maskproof.toml" else f"[tool.maskproof]\n{text}")
        project.edit("held")
        project.stage(SPRING, f"{SPRING}.maskproof.json")
        self.stopped(project, name)

    def test_a_pyproject_of_another_tool_is_none(self, project):
        project.write("pyproject.toml", "[project]\nname = 'x'\n")
        project.edit("held")
        project.stage(SPRING, f"{SPRING}.maskproof.json")
        assert project.try_commit().status == 0

    def test_a_policy_that_is_not_staged_concerns_no_commit_without_pictures(self, project):
        project.write("maskproof.toml", "version = 1\n")
        project.write("README.md", "Changed\n")
        project.stage("README.md")
        outcome = project.try_commit()
        assert outcome.status == 0
        assert "maskproof: " not in outcome.text

    @pytest.mark.parametrize("tracked", [False, True])
    def test_check_by_itself_tells_of_it_even_where_nothing_is_staged(self, project, tracked):
        if tracked:
            project.write("maskproof.toml", "version = 1\n")
            project.commit("Policy")
        project.write("maskproof.toml", "no = 1\n")
        outcome = project.check()
        assert outcome.status == 0
        assert "maskproof.toml was read as staged" in said(outcome)

    @pytest.mark.parametrize("which", ["picture", "record", "mask", "original"])
    def test_check_by_itself_names_what_differs_in_the_working_tree(self, project, which):
        project.edit("held")
        project.stage()
        path = {"picture": SPRING, "record": f"{SPRING}.maskproof.json", "mask": MASK, "original": HERO}[which]
        project.write(path, (project.root / path).read_bytes() + b"\n")
        assert f"Note: {path} was judged as staged; the file in the working tree differs" in said(project.check())


class TestPolicyInVain:
    def test_told_where_the_policy_changes_and_where_all_is_looked_at(self, project):
        project.write(
            "maskproof.toml",
            'version = 1\n[[rules]]\npaths = ["package/**"]\nlevel = "strict"\n'
            + AREA.format("package/**", 'find = "no.png"'),
        )
        project.stage()
        for outcome in (project.try_commit(), project.check("--all")):
            assert outcome.status == 0
            assert "the rule 1 in maskproof.toml is for no picture that is tracked: package/**" in said(outcome)
            assert "the area 'logo' in maskproof.toml is for no picture" in said(outcome)
            assert "find = 'no.png' of the area 'logo' in maskproof.toml names a file that is not tracked" in said(
                outcome
            )
        project.edit("held")
        project.stage()
        assert "Note: " not in project.try_commit().text

    @pytest.mark.parametrize("key", ["find", "mask"])
    def test_a_file_that_it_names_is_not_taken_away(self, project, key):
        file, more = {"find": (HERO, ""), "mask": (MASK, '\nforeground = "white"')}[key]
        project.write("brand.png", (project.root / file).read_bytes())
        project.write("maskproof.toml", "version = 1\n" + AREA.format("assets/*", f'{key} = "brand.png"' + more))
        project.commit("Brand")
        project.git("mv", "brand.png", "mark.png")
        moved = project.try_commit()
        assert moved.status != 0
        assert f"brand.png is gone, and maskproof.toml names it: {key} of the area 'logo'" in said(moved)
        assert f'Let maskproof.toml say {key} = "mark.png", where that file lies now.' in said(moved)
        project.git("rm", "-q", "-f", "mark.png")
        assert "Keep the file, or take the area out of maskproof.toml." in said(project.try_commit())
        project.write("maskproof.toml", "version = 1\n")
        project.stage()
        assert project.try_commit().status == 0

    def test_a_row_of_exports_that_are_yet_to_come_is_not_told(self, project):
        row = '[[derived]]\npaths = ["assets/out/{{name}}-320.webp"]\nmaster = "{}/{{name}}.png"\n'
        project.write("maskproof.toml", "version = 1\n" + row.format("assets"))
        project.stage()
        assert "names no picture" not in said(project.try_commit())
        project.write("maskproof.toml", "version = 1\n" + row.format("nowhere"))
        project.stage()
        assert "names no picture that has its master here: nowhere/{name}.png" in said(project.try_commit())

    def test_what_matches_is_not_told(self, project):
        project.write("maskproof.toml", "version = 1\n" + AREA.format("assets/*", "box = [1, 1, 9, 9]"))
        project.stage()
        outcome = project.try_commit()
        assert outcome.status == 0
        assert "Note: " not in outcome.text

    def test_notes_are_as_wide_as_the_rest(self, project):
        paths = "packages/*/a/long/way/down/" * 2 + "**"
        project.write("maskproof.toml", "version = 1\n" + AREA.format(paths, "box = [1, 1, 9, 9]"))
        project.stage()
        outcome = project.check()
        assert f"the area 'logo' in maskproof.toml is for no picture that is tracked: {paths}." in said(outcome)
        assert max(map(len, outcome.text.splitlines())) <= 110

    def test_a_policy_in_a_folder(self, project):
        project.write("assets/maskproof.toml", "no = 1\n")
        project.stage()
        for outcome in (project.try_commit(), project.check("--all")):
            assert outcome.status == 0
            assert "assets/maskproof.toml: no policy is read from a folder" in said(outcome)


class TestWarnings:
    def marked(self, project, *paths):
        for path in paths:
            project.write(path, project.pictures.marked)
        project.stage()

    def test_many_alike_are_one_line(self, project):
        self.marked(project, *(f"assets/{number}.png" for number in range(12)))
        outcome = project.try_commit()
        assert outcome.status == 0
        assert "unrecorded: 12 images: " in said(outcome)
        assert "assets/0.png, assets/1.png, assets/10.png and 9 more" in said(outcome)
        assert len([line for line in outcome.text.splitlines() if "unrecorded" in line]) == 1

    @pytest.mark.parametrize("new", [("mask",), ("original",), ("mask", "original")])
    def test_what_is_new_of_many_edits_is_said_and_nothing_else(self, project, new):
        for number in range(4):
            members = {}
            for role in new:
                path, data = f"assets/{role}-{number}.png", other_file(getattr(project.pictures, role), number)
                project.write(path, data)
                members[role] = {"path": path, "sha256": sha256(data)}
                members[role] |= {"mode": "white"} if role == "mask" else {"size": [320, 240]}
            project.edit("held", f"assets/{number}.png", **members)
        project.stage()
        told = " ".join(project.check().text.split())
        for role in ("mask", "original"):
            assert (f"4 images: their {role}s were not judged before this change: " in told) is (role in new)
        assert told.count("not judged before") == len(new)

    def test_a_few_are_told_by_a_sentence_that_names_its_part_once(self, project):
        data = other_file(project.pictures.mask, 1)
        project.write("assets/other.mask.png", data)
        project.edit("held", mask={"path": "assets/other.mask.png", "sha256": sha256(data), "mode": "white"})
        project.stage()
        assert " what the model was allowed to change -> " in said(project.check())

    def test_few_stand_each_with_its_image(self, project):
        self.marked(project, "assets/0.png", "assets/1.png")
        assert project.try_commit().text.count("! unrecorded") == 2

    def test_what_blocks_stands_by_itself_beside_what_is_folded(self, project):
        self.marked(project, *(f"assets/{number}.png" for number in range(5)))
        project.edit("drifted")
        project.stage()
        outcome = project.try_commit()
        assert outcome.status == 1
        assert f"{SPRING}: BLOCKED" in outcome.text
        assert outcome.counts == [(6, 1, 1, 0)]

    def test_fail_on_warn(self, project):
        self.marked(project, SPRING)
        assert project.check("--fail-on", "warn").status == 1
        assert project.check().status == 0

    def test_what_an_earlier_commit_carried_is_not_said_again(self, project):
        # An edit that changed nothing is warned of; the next commit touches its original, and nothing of the edit.
        again = png(texture(1), compress_level=9)
        project.write(SPRING, again)
        project.write(f"{SPRING}.maskproof.json", project.record(again))
        project.stage()
        first = project.try_commit()
        assert first.status == 0, first.text
        assert "edit-missing" in first.text
        project.write(HERO, project.pictures.other)
        project.stage()
        second = project.try_commit()
        assert second.status == 0, second.text
        assert second.counts
        assert "edit-missing" not in second.text
        assert "edit-missing" in project.check(SPRING).text, "who asks for it by name is told"


class TestPackedAnew:
    """An optimizer that ran over recorded pictures: one paragraph, and one command that mends all of it."""

    def edits(self, project, *names):
        for name in names:
            project.edit("held", f"assets/{name}.png")
        project.commit("Edits")

    def packed(self, project, name, **options):
        path = project.root / f"assets/{name}.png"
        with Image.open(path) as image:
            image.save(path, compress_level=9, **options)

    def test_one_paragraph_and_one_command(self, project):
        self.edits(project, "a", "b", "c", "d")
        for name in "abcd":
            self.packed(project, name)
        project.stage()
        outcome = project.try_commit()
        assert (outcome.status, outcome.counts) == (1, [(4, 4, 4, 0)])
        told = said(outcome)
        assert "4 images: BLOCKED x stale-record: the file was packed anew after it was recorded" in told
        assert told.count("BLOCKED") == 1
        (command,) = re.findall(r"`(maskproof record [^`]+)`", told)
        assert command == "maskproof record assets/a.png assets/b.png assets/c.png assets/d.png"
        assert project.maskproof(*command.split()[1:]).returncode == 0
        project.stage()
        assert project.try_commit().status == 0

    def test_what_shows_something_else_now_is_told_apart(self, project):
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        self.edits(project, "a", "b", "c")
        self.packed(project, "a")
        self.packed(project, "b", icc_profile=profile)
        project.write("assets/c.png", project.pictures.held_again)
        project.stage()
        told = said(project.try_commit())
        assert "assets/a.png: BLOCKED (drift 0.00; the limit is 1) x stale-record: the file was packed anew" in told
        assert told.count("the file was packed anew") == 1
        assert "2 images: BLOCKED x stale-record: their records were written for other bytes" in told

    def test_what_is_open_besides_stands_with_its_image(self, project):
        self.edits(project, "a", "b")
        for name in "ab":
            project.write(f"assets/{name}.png", project.pictures.drifted)
        project.stage()
        told = said(project.try_commit())
        assert (told.count("BLOCKED"), told.count("stale-record"), told.count("outside-mask")) == (2, 2, 2)


class TestInCI:
    """A job that names no change is judged by what the change itself brings, and that is said."""

    SAID = "no change was named, so the change's own policy and records were used: in CI this is no gate"

    def test_without_both_sides_it_is_no_gate(self, project):
        project.edit("held")
        project.commit()
        assert self.SAID in said(project.check("--all", CI="true"))
        assert self.SAID in said(project.pre_commit_in_ci("run", "--all-files"))
        assert self.SAID not in said(project.check("--all"))

    def test_with_both_sides_it_is_one(self, project):
        project.branch_off()
        project.edit("held")
        project.commit()
        assert self.SAID not in said(project.check("--from-ref", "main", "--to-ref", "HEAD", CI="true"))
        assert self.SAID not in said(project.check("--all", "--to-ref", "HEAD", CI="true"))


class TestAdvice:
    """What a blocked edit is told to do: never what would ruin it, and last that a person may accept it."""

    APPROVE = f"If it is meant so, somebody else can accept it: `maskproof approve {SPRING} --reason WHY`."

    def test_where_much_still_matches_restoring_is_offered(self, project):
        project.edit("drifted")
        project.stage()
        told = said(project.check())
        assert f"put the protected pixels back: `maskproof restore {SPRING}`. {self.APPROVE}" in told

    def test_where_the_scene_was_drawn_anew_it_is_not(self, project):
        project.write(SPRING, project.pictures.other)
        project.write(f"{SPRING}.maskproof.json", project.record(project.pictures.other))
        project.stage()
        told = said(project.check())
        assert "Edit again: only" in told
        assert "so the scene was drawn anew" in told
        assert "maskproof restore" not in told
        assert self.APPROVE in told

    def test_an_approval_says_against_what_was_judged_where_nobody_said_it(self, project):
        project.edit("drifted")
        project.commit("Past the hook")
        project.edit("drifted", "assets/other.png")
        project.stage()
        line = (
            "Judged against the last commit, as nothing says where the change goes; for a branch: `--from-ref BRANCH`"
        )
        assert line in project.maskproof("approve", "assets/other.png", "--reason", "agreed").stdout
        done = project.maskproof("approve", "assets/other.png", "--reason", "agreed", "--from-ref", "HEAD~1")
        assert done.returncode == 0, done.stderr
        assert line not in done.stdout


class TestAPictureUnderAnotherName:
    """What is a picture by its bytes and not by its name is judged where it changes, and told."""

    @pytest.mark.parametrize("names", [["a.psd"], ["notes", "b.bak"]])
    def test_it_is_told(self, project, names):
        for number, name in enumerate(names):
            project.write(name, png(texture(70 + number)))
        project.stage(*names)
        outcome = project.try_commit()
        assert outcome.status == 0
        assert f"{', '.join(sorted(names))}: " in said(outcome)
        assert "first bytes, judged as such" in said(outcome)
        assert "the ending of an image" in said(outcome)

    def test_other_files_are_not(self, project):
        project.write("a.psd", b"8BPS\0\1 a picture of its own kind")
        project.stage("a.psd")
        assert "first bytes" not in said(project.try_commit())


def test_all_files_that_are_missing_are_named_at_once(project):
    done = project.maskproof("compare", "a.png", "b.png", "--mask", "c.png", "--mask-mode", "white")
    assert done.returncode == 2
    for name in ("a.png", "b.png", "c.png"):
        assert f"{name} cannot be read" in done.stderr
