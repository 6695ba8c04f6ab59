"""What a change concerns: a verdict can turn without an image in the commit, and names can lie.

A record, a mask, an original or the policy leads back to its images; nothing outside the commit counts; and no name,
however made, reaches a terminal raw or leaves the repository.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import unicodedata

import pytest

from projects import HERO, MASK, MASKPROOF, SPRING, clean_environment

SIDECAR = f"{SPRING}.maskproof.json"
TIGHT = "version = 1\n[defaults]\nmax_editable = 0.01\n"
"""a policy that no mask of these tests satisfies"""
LOOSE = "version = 1\n[defaults]\nmax_editable = 1.0\n"
INSIDE = 'version = 1\n[[areas]]\npaths = ["assets/spring*.png"]\nname = "logo"\nkind = "brand"\n'
"""an area; where it lies follows"""
OVER_THE_EDIT = "box = [200, 80, 80, 80]\n"


@pytest.fixture
def held(project):
    """A project with an edit that held, committed."""
    project.edit("held")
    project.commit("Edit")
    return project


def verdicts(project, *arguments):
    """The exit status, and each image's verdict and rules."""
    status, report = project.report(*arguments)
    return status, {
        image["path"]: (image["verdict"], [one["rule"] for one in image["findings"]]) for image in report["images"]
    }


class TestRecords:
    def test_deleted_alone_is_blocked(self, held):
        held.git("rm", "-q", SIDECAR)
        outcome = held.try_commit()
        assert (outcome.status, outcome.counts) == (1, [(1, 0, 1, 0)])
        assert f"git checkout HEAD -- {SIDECAR}" in outcome.text

    def test_deleted_alone_and_the_picture_changed(self, held):
        held.write(SPRING, held.pictures.drifted)
        held.stage(SPRING)
        held.git("rm", "-q", SIDECAR)
        assert verdicts(held) == (1, {SPRING: ("block", ["unrecorded"])})

    @pytest.mark.parametrize("policy", ["off", "warn", "block"])
    def test_untracked_on_disk_does_not_count_and_stops_the_commit(self, project, policy):
        project.write("maskproof.toml", f'version = 1\n[defaults]\nunrecorded = "{policy}"\n')
        project.commit("Policy")
        project.write(SPRING, project.pictures.held)
        project.write(SIDECAR, project.record(project.pictures.held))
        project.stage(SPRING)
        outcome = project.try_commit()
        assert (bool(outcome.status), outcome.counts) == (True, [(1, 0, 0, 1)])
        assert f"git add {SIDECAR}" in outcome.text
        assert verdicts(project) == (3, {SPRING: ("unjudged", ["unrecorded"])})
        project.stage(SIDECAR)
        assert verdicts(project) == (0, {SPRING: ("pass", [])})

    def test_untracked_on_disk_is_nothing_to_a_commit_that_is_judged_later(self, project):
        project.write(SPRING, project.pictures.held)
        project.stage(SPRING)
        project.git("commit", "-q", "--no-verify", "-m", "Without the record")
        project.write(SIDECAR, project.record(project.pictures.held))
        assert verdicts(project, "--from-ref", "HEAD~1", "--to-ref", "HEAD") == (0, {SPRING: ("pass", [])})

    def test_staged_counts_whatever_lies_on_disk(self, project):
        project.edit("drifted")
        project.stage()
        (project.root / SIDECAR).unlink()
        (project.root / SPRING).write_bytes(project.pictures.held)
        assert verdicts(project) == (1, {SPRING: ("block", ["outside-mask"])})

    def test_stale(self, held):
        held.write(SPRING, held.pictures.held_again)
        held.stage()
        status, found = verdicts(held)
        assert (status, found[SPRING][0]) == (1, "block")
        assert "stale-record" in found[SPRING][1]

    def test_five_mistakes_are_told_at_once(self, held):
        held.write(SIDECAR, '{"maskproof": 2, "orgin": "edited", "image": {"sha256": "x", "size": [0, 1]}, "aeras": 1}')
        held.stage()
        status, report = held.report()
        (finding,) = report["images"][0]["findings"]
        assert status == 3
        for word in ("maskproof", "'orgin'", "image.sha256", "image.size", "'aeras'", "did you mean"):
            assert word in finding["message"]

    def test_of_a_picture_that_is_not_there(self, project):
        project.write(SIDECAR, project.record(project.pictures.held))
        project.stage()
        assert verdicts(project) == (3, {SPRING: ("unjudged", ["stale-record"])})

    def test_parent_record_changed(self, held):
        of_the_edit = {"path": SPRING, **held.original(held.pictures.held)}
        held.edit("held_again", "assets/second.png", original=of_the_edit, parent=SIDECAR)
        held.commit("An edit of the edit")
        held.write(SIDECAR, held.record(held.pictures.held, tool={"model": "m"}))
        held.stage()
        assert verdicts(held) == (0, {SPRING: ("pass", []), "assets/second.png": ("pass", [])})


class TestDeletedAndRenamed:
    def test_picture_with_its_record(self, held):
        held.git("rm", "-q", SPRING, SIDECAR)
        outcome = held.try_commit()
        assert (outcome.status, outcome.counts) == (0, [])

    def test_picture_alone_leaves_a_record_that_speaks_of_nothing(self, held):
        held.git("rm", "-q", SPRING)
        status, report = held.report()
        (image,) = report["images"]
        assert (status, image["verdict"]) == (3, "unjudged")
        assert "not part of this commit" in image["findings"][0]["message"]

    @pytest.mark.parametrize(("verdict", "status"), [("held", 0), ("drifted", 1)])
    def test_renamed_with_its_record(self, project, verdict, status):
        project.edit(verdict)
        project.commit("Past the hook")
        for path in (SPRING, SIDECAR):
            project.git("mv", path, path.replace("spring", "summer"))
        outcome = project.try_commit()
        assert (outcome.status, outcome.counts) == (status, [(1, 1, status, 0)])

    def test_renamed_without_its_record_left_behind(self, held):
        held.git("mv", SPRING, "assets/summer.png")
        status, found = verdicts(held)
        assert status == 1
        assert found == {"assets/summer.png": ("block", ["unrecorded"])}, "one rename is told once"

    @pytest.mark.threat("T02")
    def test_renamed_and_its_record_deleted(self, held):
        held.git("mv", SPRING, "assets/summer.png")
        held.git("rm", "-q", SIDECAR)
        outcome = held.try_commit()
        assert (outcome.status, outcome.counts) == (1, [(1, 0, 1, 0)])
        said = " ".join(outcome.text.split())
        assert f"git checkout HEAD -- {SIDECAR} && git mv {SIDECAR} assets/summer.png.maskproof.json" in said

    def test_copied_without_its_record(self, held):
        copied = held.root / "assets/summer.png"
        copied.write_bytes((held.root / SPRING).read_bytes())
        held.git("add", "-A")
        outcome = held.try_commit()
        assert (outcome.status, outcome.counts) == (1, [(1, 0, 1, 0)])
        assert f"cp {SIDECAR} assets/summer.png.maskproof.json" in " ".join(outcome.text.split())


class TestMaskAndOriginal:
    @pytest.mark.parametrize("used", [HERO, MASK])
    @pytest.mark.parametrize("how", ["changed", "deleted"])
    @pytest.mark.parametrize(("verdict", "status"), [("held", 0), ("drifted", 1)])
    def test_lead_back_to_their_image_and_are_found_in_history(self, project, used, how, verdict, status):
        project.edit(verdict)
        project.commit("Past the hook")
        if how == "deleted":
            project.git("rm", "-q", used)
        else:
            project.write(used, project.pictures.other)
            project.stage()
        code, report = project.report()
        image = {one["path"]: one for one in report["images"]}[SPRING]
        assert (code, image["drift"] is None) == (status, False)
        assert "in history" in image["original" if used == HERO else "mask"]["found"]

    def test_original_that_only_a_merged_branch_held(self, project):
        # The branch changed the original and edited that; the merge kept main's version. git log, left to
        # itself, does not walk into the branch then.
        project.git("switch", "-q", "-c", "side")
        project.write(HERO, project.pictures.other)
        project.commit("Another original")
        project.git("switch", "-q", "main")
        project.write(HERO, project.pictures.held_again)
        project.commit("Yet another original")
        project.git("merge", "-q", "--no-verify", "-X", "ours", "-m", "Merge", "side")
        project.git("checkout", "-q", "main", "--", HERO)
        original = {"path": HERO, **project.original(project.pictures.other)}
        project.write(SPRING, project.pictures.other)
        project.write(SIDECAR, project.record(project.pictures.drifted, original=original))
        project.write(SPRING, project.pictures.drifted)
        project.stage()
        status, report = project.report()
        assert report["summary"]["compared"] == 1, report
        assert status == 1

    def test_original_is_nowhere(self, project):
        project.edit("held", original={"path": HERO, **project.original(project.pictures.other)})
        project.stage()
        assert verdicts(project)[1][SPRING][1][0] == "missing-original"
        assert project.check().status == 3

    def test_mask_is_nowhere(self, project):
        project.edit("held", mask={"path": "assets/none.png", "sha256": "0" * 64, "mode": "white"})
        project.stage()
        assert verdicts(project) == (3, {SPRING: ("unjudged", ["missing-mask"])})

    @pytest.mark.parametrize(("choice", "status"), [("off", 0), ("warn", 0), ("block", 0)])
    def test_that_come_with_the_change(self, project, choice, status):
        project.write("maskproof.toml", f'version = 1\n[defaults]\nnew_original = "{choice}"\n')
        project.commit("Policy")
        project.write("assets/new.png", project.pictures.original)
        project.edit("held", original={"path": "assets/new.png", **project.original()})
        project.stage()
        code, found = verdicts(project)
        assert code == status
        # The very bytes lie on the base under another name, which a change may call otherwise.
        assert found[SPRING][1] == []

    def test_original_that_the_base_held_once_proves_nothing(self, project):
        project.git("rm", "-q", HERO)
        project.commit("The original is gone")
        project.write(HERO, project.pictures.original)
        project.edit("held")
        project.stage()
        assert verdicts(project)[1][SPRING] == ("pass", ["new-original"])

    def test_edit_saved_over_its_original(self, project):
        for verdict, status in (("held", 0), ("drifted", 1)):
            project.edit(verdict, HERO)
            project.stage()
            outcome = project.check()
            assert (outcome.status, outcome.counts) == (status, [(1, 1, status, 0)])


class TestPolicy:
    def policy(self, project, text, *, commit=False, name="maskproof.toml"):
        project.write(name, text)
        project.stage()
        if commit:
            project.commit("Policy")

    def test_tightened_judges_recorded_images_again(self, held):
        held.edit("held", "other/edit.png")
        held.commit("Another")
        self.policy(held, TIGHT)
        code, found = verdicts(held)
        assert (code, set(found)) == (1, {SPRING, "other/edit.png"})

    def test_tightened_for_some_paths_judges_only_those(self, held):
        held.edit("held", "other/edit.png")
        held.commit("Another")
        self.policy(held, 'version = 1\n[[rules]]\npaths = ["other/**"]\nmax_editable = 0.01\n')
        assert verdicts(held) == (1, {"other/edit.png": ("block", ["mask-suspect"])})

    def test_new_area(self, held):
        self.policy(held, INSIDE + OVER_THE_EDIT)
        assert verdicts(held) == (1, {SPRING: ("block", ["brand"])})

    def test_table_in_pyproject(self, held):
        text = TIGHT.replace("version", "[tool.maskproof]\nversion").replace("[defaults]", "[tool.maskproof.defaults]")
        self.policy(held, text, name="pyproject.toml")
        assert verdicts(held)[0] == 1
        self.policy(held, LOOSE)
        outcome = held.check()
        assert outcome.status == 2
        assert "keep one of the two" in outcome.text

    def test_pyproject_that_says_nothing_of_it(self, held):
        self.policy(held, '[project]\nname = "maskproof-demo"\n', name="pyproject.toml")
        assert verdicts(held) == (0, {})

    def test_limit_on_what_is_no_longer_measured_is_said_once_and_stops_nothing(self, project):
        self.policy(project, "version = 1\n[limits.outside-mask]\narea = 0.01\n", commit=True)
        project.edit("held")
        project.edit("held", "assets/again.png")
        project.stage()
        status, report = project.report()
        assert (status, len(report["images"])) == (0, 2)
        (said,) = report["notes"]
        assert said.startswith("the limit outside-mask.area in maskproof.toml is ignored")
        assert project.check().text.count("Note: the limit outside-mask.area") == 1

    def test_loosened_alone_judges_nothing_again(self, held):
        self.policy(held, TIGHT, commit=True)
        self.policy(held, LOOSE)
        assert verdicts(held) == (0, {})

    @pytest.mark.parametrize("how", ["loosened", "deleted"])
    def test_loosened_in_the_same_change_does_not_help(self, project, how):
        self.policy(project, TIGHT, commit=True)
        project.edit("held")
        self.policy(project, LOOSE)
        if how == "deleted":
            project.git("rm", "-qf", "maskproof.toml")
        code, report = project.report()
        (image,) = report["images"]
        rules = {one["rule"]: one for one in image["findings"]}
        assert (code, set(rules)) == (1, {"mask-suspect", "policy-loosened"})
        assert "max_editable" in rules["policy-loosened"]["message"]
        # Once it is merged, it holds.
        project.commit("Past the hook")
        assert project.check(SPRING).status == 0

    def test_only_on_the_base_holds(self, project):
        self.policy(project, TIGHT, commit=True)
        project.git("switch", "-q", "--orphan", "other")
        project.write(HERO, project.pictures.original)
        project.write(MASK, project.pictures.mask)
        project.edit("held")
        project.commit("Past the hook, without a policy")
        assert verdicts(project, "--from-ref", "main", "--to-ref", "other")[0] == 1

    def test_broken_on_the_head_tells_every_mistake(self, held):
        self.policy(held, 'version = 2\nleve = "x"\n[defaults]\nunrecorded = "stop"\n[limits.brand]\ncolor_area = 1\n')
        outcome = held.try_commit()
        assert outcome.status == 1  # Git's own; the gate's is below
        for word in ("version", "'leve'", "defaults.unrecorded"):
            assert word in outcome.text
        assert held.check().status == 2

    def test_broken_names_of_metrics_tell_the_nearest(self, held):
        self.policy(held, "version = 1\n[limits.brnd]\nx = 1\n[limits.text]\nchangd = 1\n")
        outcome = held.check()
        assert outcome.status == 2
        assert "'brand'" in outcome.text
        assert "'changed'" in outcome.text

    def test_broken_on_the_base_is_mended_past_the_gate(self, held):
        self.policy(held, "version = nonsense", commit=True)
        assert held.check(SPRING).status == 2
        self.policy(held, LOOSE)
        outcome = held.check()
        assert outcome.status == 2
        assert "maskproof.toml, as commit " in outcome.text
        assert "git commit --no-verify" in outcome.text
        held.git("commit", "-q", "--no-verify", "-m", "Mended")
        assert held.check("--all").status == 0

    def test_mask_picture_of_an_area_changed(self, held):
        area = INSIDE + 'mask = "brand/area.png"\nforeground = "white"\n'
        held.write("brand/area.png", held.pictures.mask)
        self.policy(held, area, commit=True)
        held.write("brand/area.png", held.pictures.other)
        held.stage()
        # The base's picture of the area is the one that holds: it lies over what the edit changed.
        assert verdicts(held)[1][SPRING] == ("block", ["brand"])

    def test_mask_picture_of_an_area_is_missing(self, held):
        self.policy(held, INSIDE + 'mask = "brand/none.png"\nforeground = "white"\n')
        assert verdicts(held) == (3, {SPRING: ("unjudged", ["missing-mask"])})


class TestNames:
    def test_symbolic_link_in_place_of_an_image(self, held):
        (held.root / SPRING).unlink()
        (held.root / SPRING).symlink_to("hero.png")
        held.stage()
        status, report = held.report()
        assert status == 3
        assert "symbolic link" in report["images"][0]["findings"][0]["message"]

    def test_symbolic_link_in_place_of_an_original(self, held):
        (held.root / HERO).unlink()
        (held.root / HERO).symlink_to("spring.png")
        held.stage()
        status, report = held.report()
        image = {one["path"]: one for one in report["images"]}[SPRING]
        assert "in history" in image["original"]["found"], "the link was followed"
        assert status == 3  # the link itself has an image's name and is no picture

    @pytest.mark.parametrize(
        "place",
        [
            "../outside.png",
            "/etc/hero.png",
            "a/../../b.png",
            ".git/hero.png",
            "a//b.png",
            "C:/hero.png",
            "a\\b.png",
            "-x.png",
            "HEAD:assets/hero.png",
            "a\nb.png",
            "a\x1b[2Jb.png",
            "a\u202eb.png",
            "./hero.png",
            "assets/",
            "",
        ],
    )
    @pytest.mark.parametrize("key", ["original", "mask", "parent"])
    def test_recorded_paths_that_leave_the_repository(self, project, key, place):
        if key == "parent":
            members = {"parent": place}
        elif key == "mask":
            members = {"mask": {"path": place, "sha256": "0" * 64, "mode": "white"}}
        else:
            members = {"original": {"path": place, **project.original()}}
        from maskproof.errors import RecordError
        from maskproof.records.sidecar import parse

        text = project.record(project.pictures.held, **members)
        with pytest.raises(RecordError, match=key):
            parse(text.encode(), SIDECAR)

    @pytest.mark.threat("T29")
    def test_recorded_path_that_leaves_the_repository_is_not_judged(self, project, tmp_path):
        (tmp_path / "outside.png").write_bytes(project.pictures.original)
        project.edit("held", original={"path": "../outside.png", **project.original()})
        project.stage()
        status, report = project.report()
        assert status == 3
        assert "leaves the repository" in report["images"][0]["findings"][0]["message"]


HOSTILE = [
    b"new\nline.png",
    b"\x1b[31mred\x1b[0m.png",
    b"tab\tbell\x07.png",
    b"quo'te\"s.png",
    b"back\\slash.png",
    b"$(touch pwned) `x`.png",
    b"-dash.png",
    b"--all.png",
    b":(top)magic*[x]?.png",
    b"latin-\xe9.png",
    "right-\u202e-left-\u200b.png".encode(),
    "c1-\u009b31m.png".encode(),
    b"::error file=x::y.png",
    b" space .png",
    b"%0Aname%s{value}.png",
]


class TestHostileNames:
    def run(self, project, *arguments):
        """Raw bytes, as a terminal would get them."""
        return subprocess.run(
            [*MASKPROOF, *arguments], cwd=project.root, env=clean_environment(), capture_output=True, check=False
        )

    def no_raw_control(self, *outputs):
        """Nothing that could steer a terminal or hide: no control byte but the newline, no C1, no format character."""
        for data in outputs:
            text = data.decode("utf-8")
            hidden = [char for char in text if char != "\n" and unicodedata.category(char) in {"Cc", "Cf", "Cs"}]
            assert not hidden, text

    @pytest.fixture
    def hostile(self, project):
        """Every such name at once: the drifted edit of each is to be blocked."""
        root = os.fsencode(project.root)
        for name in HOSTILE:
            text = project.record(project.pictures.drifted)
            for path, data in ((name, project.pictures.drifted), (name + b".maskproof.json", text.encode())):
                with open(os.path.join(root, path), "wb") as file:  # noqa: PTH118, PTH123 - names that are not text
                    file.write(data)
        project.stage()
        return project

    @pytest.mark.threat("T16")
    def test_text_and_json(self, hostile):
        text = self.run(hostile, "check")
        assert text.returncode == 1
        self.no_raw_control(text.stdout, text.stderr)
        lines = text.stdout.decode().splitlines()
        count = len(HOSTILE)
        assert lines[-1] == f"maskproof: {count} images looked at, {count} compared, {count} blocked, 0 not judged."
        # One heading for each image: no name can draw a line of its own.
        assert sum(bool(re.search(r": BLOCKED  \(drift", line)) for line in lines) == count
        data = self.run(hostile, "check", "--format", "json")
        self.no_raw_control(data.stdout, data.stderr)
        paths = {one["path"] for one in json.loads(data.stdout)["images"]}
        assert paths == {os.fsdecode(name) for name in HOSTILE}

    def test_named_after_a_commit(self, hostile):
        hostile.commit("Past the hook")
        done = self.run(hostile, "check", "--", *HOSTILE)
        assert done.returncode == 1
        assert f"{len(HOSTILE)} images looked at".encode() in done.stdout
        self.no_raw_control(done.stdout, done.stderr)

    @pytest.mark.parametrize("name", [b"\x1b[31mred\x1b[0m.png", b"latin-\xe9.png", b"new\nline.png"])
    def test_other_commands(self, hostile, name):
        for command in ("explain", "record"):
            done = self.run(hostile, command, "--", name)
            assert done.returncode in {0, 2}, done.stderr
            self.no_raw_control(done.stdout, done.stderr)
            assert done.stdout + done.stderr

    @pytest.mark.parametrize("name", [b"\x1b[31mnone.png", b"none-\xe9.png", b"-\x1b[31mnone.png"])
    def test_names_that_are_not_there(self, project, name):
        for command in (["check"], ["explain"], ["compare", "x.png"], ["record"], ["check", "--format"]):
            done = self.run(project, *command, name)
            assert done.returncode == 2, done.stderr
            self.no_raw_control(done.stdout, done.stderr)

    def test_in_errors_and_notes(self, hostile):
        for name in HOSTILE:
            os.unlink(os.path.join(os.fsencode(hostile.root), name))  # noqa: PTH108, PTH118 - names that are not text
        text = self.run(hostile, "check")
        assert b"judged as staged" in text.stdout
        self.no_raw_control(text.stdout, text.stderr)
        hostile.git("add", "-u")
        text = self.run(hostile, "check")
        assert f"{len(HOSTILE)} not judged.".encode() in text.stdout, "their records speak of nothing now"
        self.no_raw_control(text.stdout, text.stderr)
