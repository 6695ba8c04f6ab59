"""The command `restore` and its hook: real repositories, real files, nothing staged and nothing lost."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import time

import numpy as np
import pytest
import yaml
from PIL import Image

from maskproof import atomic
from maskproof.errors import UsageError
from maskproof.restore import Options, command
from projects import HERO, MASK, MASKPROOF, OPENED, ROOT, SIZE, SPRING, png, sha256, texture

SIDECAR = f"{SPRING}.maskproof.json"
LAST = re.compile(
    r"^maskproof: (\d+) edits? looked at, (\d+) restored, (\d+) blocked, (\d+) not judged\.$", re.MULTILINE
)


def restore(project, *arguments, cwd=None):
    """Exit status, text, and the counts of the last line."""
    done = project.run(*MASKPROOF, "restore", *arguments, ok=False, cwd=cwd)
    text = done.stdout + done.stderr
    counts = [tuple(map(int, row)) for row in LAST.findall(text)]
    return done.returncode, text, counts[-1] if counts else None


def state(project):
    """What Git has staged, to the byte."""
    return project.git("ls-files", "-s").stdout


def undo(project, text, cwd=None):
    """Run the printed command that undoes a restore."""
    program, *arguments = shlex.split(re.search(r"^  undo +(.*)$", text, re.MULTILINE).group(1))
    assert program == "maskproof"
    return project.run(*MASKPROOF, *arguments, cwd=cwd)


def pixels_of(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.fixture
def drifted(project):
    """A drifted edit, staged with its record, that the gate blocks."""
    project.edit("drifted")
    project.stage()
    return project


def of_other_bytes(project):
    """The record made to speak of another picture."""
    tree = json.loads((project.root / SIDECAR).read_text())
    tree["image"]["sha256"] = "0" * 64
    project.write(SIDECAR, json.dumps(tree))


def test_the_way_from_a_blocked_commit_to_one_that_passes(drifted):
    assert drifted.check().status == 1
    staged = state(drifted)
    status, text, counts = restore(drifted, SPRING)
    assert (status, counts) == (0, (1, 1, 0, 0))
    assert f"{SPRING}: restored  (drift " in text
    assert "exactly the original's now" in text
    assert state(drifted) == staged, "nothing is staged"
    made = (drifted.root / SPRING).read_bytes()
    found, original = pixels_of(made), pixels_of(drifted.pictures.original)
    left, top, right, bottom = OPENED
    outside = np.ones(found.shape[:2], np.bool_)
    outside[top:bottom, left:right] = False
    assert np.array_equal(found[outside], original[outside])
    assert np.array_equal(found[~outside], pixels_of(drifted.pictures.drifted)[~outside])
    record = json.loads((drifted.root / SIDECAR).read_text())
    assert record["image"]["sha256"] == sha256(made)
    assert record["restored"] == {"method": "plain", "from": sha256(drifted.pictures.drifted)}
    assert drifted.run(*shlex.split(re.search(r"then: (git add .*)", text).group(1)))
    assert drifted.try_commit().status == 0


def test_what_was_replaced_comes_back_by_the_printed_command(drifted):
    before = {path: (drifted.root / path).read_bytes() for path in (SPRING, SIDECAR)}
    _, text, _ = restore(drifted, "spring.png", cwd=drifted.root / "assets")
    assert (drifted.root / SPRING).read_bytes() != before[SPRING]
    undo(drifted, text, cwd=drifted.root / "assets")
    assert {path: (drifted.root / path).read_bytes() for path in before} == before


def test_undo_loses_no_work_and_needs_a_restore(drifted):
    done = drifted.maskproof("restore", "--undo", SPRING)
    assert (done.returncode, "no restore of" in done.stderr) == (2, True)
    restore(drifted, SPRING)
    drifted.write(SPRING, drifted.pictures.other)
    done = drifted.maskproof("restore", "--undo", SPRING)
    assert (done.returncode, "was changed since" in done.stderr) == (2, True)
    assert (drifted.root / SPRING).read_bytes() == drifted.pictures.other
    done = drifted.maskproof("restore", "--undo", SPRING, "--staged")
    assert (done.returncode, "nothing else" in done.stderr) == (2, True)


class TestASceneDrawnAnew:
    """Where nearly nothing still matches, putting the original back cuts what crosses the mask's edge."""

    @pytest.fixture
    def anew(self, project):
        project.edit("other")
        project.stage()
        return project

    def test_it_is_not_restored_unasked(self, anew):
        status, text, _ = restore(anew, SPRING)
        assert status == 1
        assert "the scene was drawn anew" in text
        assert f"maskproof restore {SPRING} --anyway" in text
        assert (anew.root / SPRING).read_bytes() == anew.pictures.other

    def test_what_was_restored_all_the_same_carries_a_warning(self, anew):
        assert restore(anew, SPRING, "--anyway")[0] == 0
        assert json.loads((anew.root / SIDECAR).read_text())["restored"]["kept"] < 0.2
        anew.stage()
        outcome = anew.try_commit()
        assert outcome.status == 0
        assert "seam: it was restored though only" in outcome.text
        assert "it was restored though only" in " ".join(anew.maskproof("explain", SPRING).stdout.split())


def test_a_mark_that_stands_alone_on_new_ground_is_told(project):
    left, top, _, _ = OPENED
    project.edit("held", areas=[{"name": "badge", "kind": "brand", "box": [left + 30, top + 30, 40, 30]}])
    project.stage()
    _, text, _ = restore(project, SPRING)
    told = " ".join(text.split())
    assert "badge is the original's own piece, put back onto ground that the model made anew: look at its edge" in told
    assert re.search(
        r"pasted \w+; its edge is (hardly visible|visible in places|plainly visible: look at it), a step", told
    )


def test_names_that_a_shell_or_a_terminal_would_take_otherwise(project):
    path = "assets/a 'b' $(c) \x1b[31m;é.png"
    project.edit("drifted", path)
    status, text, _ = restore(project, path)
    assert status == 0
    assert "\x1b" not in text
    assert r"\x1b[31m" in text
    plain = "assets/it's $(me) & more.png"
    project.edit("drifted", plain)
    _, text, _ = restore(project, plain)
    undo(project, text)
    assert (project.root / plain).read_bytes() == project.pictures.drifted


def test_a_second_run_has_nothing_to_do(drifted):
    restore(drifted, SPRING)
    before = {path: (drifted.root / path).stat().st_mtime_ns for path in (SPRING, SIDECAR)}
    status, text, counts = restore(drifted, SPRING)
    assert (status, counts) == (0, (1, 0, 0, 0))
    assert "nothing to put back" in text
    assert {path: (drifted.root / path).stat().st_mtime_ns for path in before} == before


def test_an_edit_that_git_does_not_know_yet_is_restored_and_can_be_brought_back(project):
    project.edit("drifted")
    status, text, _ = restore(project, SPRING)
    assert status == 0
    undo(project, text)
    assert (project.root / SPRING).read_bytes() == project.pictures.drifted


@pytest.mark.parametrize("path", [SPRING, SIDECAR])
def test_work_that_is_not_staged_is_left_alone_unless_told(drifted, path):
    file = drifted.root / path
    if path == SPRING:
        image = Image.open(file)
        image.putpixel((0, 0), (1, 2, 3))
        image.save(file)
        drifted.run(*MASKPROOF, "record", SPRING)
    else:
        file.write_text(file.read_text() + "\n")
    before = {one: (drifted.root / one).read_bytes() for one in (SPRING, SIDECAR)}
    status, text, _ = restore(drifted, SPRING)
    assert status == 2
    assert "holds work that is not staged" in text
    assert "--force" in text
    assert {one: (drifted.root / one).read_bytes() for one in before} == before
    status, text, _ = restore(drifted, SPRING, "--force")
    assert status == 0
    undo(drifted, text)
    assert {one: (drifted.root / one).read_bytes() for one in before} == before


def test_several_edits_each_with_its_own_result(project):
    good, bare, held = project.edit("drifted"), project.edit("drifted", "assets/b.png", mask=None), "assets/c.png"
    project.edit("held", held)
    status, text, counts = restore(project, good, bare, held)
    assert (status, counts) == (1, (3, 1, 1, 0))
    assert f"{good}: restored" in text
    assert f"{bare}: CANNOT BE RESTORED: there is no mask" in text
    assert f"{held}: nothing to put back" in text
    assert (project.root / bare).read_bytes() == project.pictures.drifted


class TestRefusals:
    @pytest.mark.parametrize("arguments", [(), ("--staged", "-o", "a.png"), (SPRING, "--method=plain", "--feather=3")])
    def test_a_command_that_makes_no_sense(self, drifted, arguments):
        assert restore(drifted, *arguments)[0] == 2

    def test_without_a_record(self, drifted):
        (drifted.root / SIDECAR).unlink()
        status, text, _ = restore(drifted, SPRING, "--force")
        assert status == 2
        assert f"maskproof record {SPRING} --original" in text

    def test_nothing_is_changed_where_one_of_several_is_refused_beforehand(self, drifted):
        status, _, _ = restore(drifted, SPRING, "assets/nowhere.png")
        assert status == 2
        assert (drifted.root / SPRING).read_bytes() == drifted.pictures.drifted

    def test_a_record_of_other_bytes(self, project):
        project.edit("drifted")
        of_other_bytes(project)
        status, text, _ = restore(project, SPRING)
        assert status == 1
        assert "other bytes" in text
        assert f"maskproof record {SPRING}" in text

    def test_a_picture_made_from_nothing(self, project):
        project.edit("drifted", origin="generated", original=None, mask=None)
        status, text, _ = restore(project, SPRING)
        assert status == 1
        assert "generated" in text

    def test_an_original_that_is_nowhere(self, project):
        project.edit("drifted", original={"path": "assets/gone.png", "sha256": "1" * 64, "size": list(SIZE)})
        status, text, counts = restore(project, SPRING)
        assert (status, counts) == (3, (1, 0, 0, 1))
        assert "NOT JUDGED: the original assets/gone.png" in text

    def test_a_record_with_mistakes(self, project):
        project.edit("drifted", colour="blue")
        status, text, _ = restore(project, SPRING)
        assert status == 3
        assert "the key 'colour' is unknown" in text

    def test_a_symbolic_link(self, drifted):
        (drifted.root / "assets/link.png").symlink_to("spring.png")
        assert restore(drifted, "assets/link.png")[0] == 2

    def test_an_animation_is_not_judged(self, project):
        data = io.BytesIO()
        frames = [Image.new("RGB", SIZE, (shade, 0, 0)) for shade in (0, 200)]
        frames[0].save(data, "PNG", save_all=True, append_images=frames[1:])
        project.write(SPRING, data.getvalue())
        project.write(SIDECAR, project.record(data.getvalue()))
        assert restore(project, SPRING)[0] == 3


class TestAnotherFile:
    def test_it_gets_a_record_of_its_own_and_the_edit_stays(self, drifted):
        status, text, _ = restore(drifted, SPRING, "-o", "assets/mended.png")
        assert status == 0
        assert f"{SPRING}, as assets/mended.png: restored" in text
        assert (drifted.root / SPRING).read_bytes() == drifted.pictures.drifted
        drifted.git("rm", "-q", "--cached", SPRING, SIDECAR)
        drifted.git("add", "assets/mended.png", "assets/mended.png.maskproof.json")
        assert drifted.check().status == 0
        undo(drifted, text)
        assert not (drifted.root / "assets/mended.png").exists()
        assert not (drifted.root / "assets/mended.png.maskproof.json").exists()

    def test_one_that_exists_is_not_replaced_unless_told(self, drifted):
        status, text, _ = restore(drifted, SPRING, "-o", HERO)
        assert status == 2
        assert "exists already" in text
        _, text, _ = restore(drifted, SPRING, "-o", HERO, "--force")
        assert (drifted.root / HERO).read_bytes() != drifted.pictures.original
        undo(drifted, text)
        assert (drifted.root / HERO).read_bytes() == drifted.pictures.original

    def test_a_name_of_another_format_says_what_is_written(self, drifted):
        assert restore(drifted, SPRING, "-o", "assets/mended.webp")[0] == 0
        assert (drifted.root / "assets/mended.webp").read_bytes()[8:12] == b"WEBP"
        status, text, _ = restore(drifted, SPRING, "-o", "assets/mended.gif")
        assert status == 1
        assert "256 colours" in text


class TestJpeg:
    @pytest.fixture
    def photo(self, project):
        data = io.BytesIO()
        Image.open(io.BytesIO(project.pictures.drifted)).save(data, "JPEG", quality=85)
        project.write("assets/photo.jpg", data.getvalue())
        project.write("assets/photo.jpg.maskproof.json", project.record(data.getvalue()))
        return project

    def test_it_passes_by_eye_and_says_what_it_cannot_hold(self, photo):
        status, text, _ = restore(photo, "assets/photo.jpg")
        assert status == 0
        assert "near the original's" in text
        assert "JPEG rounds" in text
        assert "-o NAME.png" in text

    def test_it_stays_blocked_where_every_pixel_counts(self, photo):
        photo.write("maskproof.toml", 'version = 1\n[defaults]\nlevel = "exact"\n')
        photo.commit("Policy")
        status, text, counts = restore(photo, "assets/photo.jpg")
        assert (status, counts) == (1, (1, 1, 1, 0))
        assert "restored, and BLOCKED all the same" in text
        status, text, _ = restore(photo, "assets/photo.jpg", "--force", "-o", "assets/photo.png")
        assert status == 0


class TestInterrupted:
    def test_between_record_and_picture_the_gate_blocks_and_the_next_run_ends_the_work(self, drifted):
        before = (drifted.root / SPRING).read_bytes()
        old_record = (drifted.root / SIDECAR).read_bytes()
        restore(drifted, SPRING)
        after = {path: (drifted.root / path).read_bytes() for path in (SPRING, SIDECAR)}
        drifted.write(SPRING, before)  # as if killed after the record was written
        status, text, _ = restore(drifted, SPRING)
        assert status == 0
        assert {path: (drifted.root / path).read_bytes() for path in after} == after
        undo(drifted, text)
        assert (drifted.root / SPRING).read_bytes() == before
        assert json.loads((drifted.root / SIDECAR).read_bytes()) == json.loads(old_record)
        drifted.write(SIDECAR, after[SIDECAR])
        drifted.stage()
        assert drifted.findings()[SPRING] == ["stale-record", "outside-mask"]

    def test_a_picture_that_cannot_be_written_leaves_the_record_as_it_was(self, drifted, monkeypatch):
        before = {path: (drifted.root / path).read_bytes() for path in (SPRING, SIDECAR)}

        real = atomic._staged

        def fails(path, data):
            if path.name == "spring.png":
                raise OSError(28, "No space left on device")
            return real(path, data)

        monkeypatch.setattr(atomic, "_staged", fails)
        with pytest.raises(UsageError, match="No space left"):
            list(command.in_tree(drifted.root, (SPRING,), Options()))
        assert {path: (drifted.root / path).read_bytes() for path in before} == before

    def test_an_edit_that_was_saved_meanwhile_is_not_replaced(self, drifted, monkeypatch):
        real = command.compose

        def slow(*arguments):
            made = real(*arguments)
            drifted.write(SPRING, drifted.pictures.held)
            return made

        monkeypatch.setattr(command, "compose", slow)
        with pytest.raises(UsageError, match="saved anew"):
            list(command.in_tree(drifted.root, (SPRING,), Options()))
        assert (drifted.root / SPRING).read_bytes() == drifted.pictures.held

    def test_what_a_killed_run_left_is_swept_once_it_is_old(self, tmp_path):
        for name in (".a [1].png.x.part", ".a [1].png.y.part", ".a [2].png.x.part", "a [1].png"):
            (tmp_path / name).write_bytes(b"")
        old = time.time() - 3600
        for name in (".a [1].png.x.part", ".a [2].png.x.part"):
            os.utime(tmp_path / name, (old, old))
        atomic.sweep(tmp_path / "a [1].png")
        assert sorted(one.name for one in tmp_path.iterdir()) == [".a [1].png.y.part", ".a [2].png.x.part", "a [1].png"]


class TestHook:
    @pytest.fixture
    def hooked(self, drifted):
        """The fixer as the manifest ships it, run from this checkout."""
        fixer = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())[1]
        fixer |= {"language": "system", "entry": fixer["entry"].replace("maskproof", shlex.join(MASKPROOF), 1)}
        config = yaml.safe_load((drifted.root / ".pre-commit-config.yaml").read_text())
        config["repos"][0]["hooks"].append(fixer | {"verbose": True})
        drifted.write(".pre-commit-config.yaml", yaml.safe_dump(config))
        drifted.git("add", ".pre-commit-config.yaml")
        return drifted

    def run(self, project, *arguments):
        return project.pre_commit("run", "--hook-stage", "manual", "maskproof-restore", *arguments)

    def test_it_restores_what_is_blocked_and_fails_without_staging(self, hooked):
        staged = state(hooked)
        done = self.run(hooked)
        assert done.status == 1
        assert "files were modified by this hook" in done.text
        assert f"{SPRING}: restored" in done.text
        assert state(hooked) == staged
        hooked.stage()
        assert self.run(hooked).status == 0
        assert hooked.try_commit().status == 0

    def test_it_runs_only_when_asked_for(self, hooked):
        assert "maskproof restore (protected pixels back" not in hooked.try_commit().text, "the hook's own name"
        assert (hooked.root / SPRING).read_bytes() == hooked.pictures.drifted

    def test_all_files_are_looked_at_when_they_are_named(self, hooked):
        hooked.git("commit", "-q", "-m", "Past the gate", "--no-verify")
        assert self.run(hooked).status == 0
        done = self.run(hooked, "--all-files")
        assert done.status == 1
        assert f"{SPRING}: restored" in done.text

    def test_what_it_cannot_mend_it_leaves_to_the_gate(self, hooked):
        hooked.edit("held")
        of_other_bytes(hooked)
        hooked.stage()
        assert hooked.findings()[SPRING] == ["stale-record"]
        assert self.run(hooked).status == 0


def test_recording_again_keeps_how_it_was_restored_only_for_the_same_bytes(drifted):
    restore(drifted, SPRING)
    drifted.run(*MASKPROOF, "record", SPRING, "--model", "x")
    assert "restored" in json.loads((drifted.root / SIDECAR).read_text())
    drifted.write(SPRING, png(texture(7)))
    drifted.run(*MASKPROOF, "record", SPRING)
    assert "restored" not in json.loads((drifted.root / SIDECAR).read_text())


def test_the_mask_and_the_original_come_from_git(drifted):
    """What lies in the working tree under their names is not asked."""
    drifted.write(MASK, png(Image.new("L", SIZE, 255)))
    drifted.write(HERO, png(texture(8)))
    assert restore(drifted, SPRING)[0] == 0
    found, original = (pixels_of(data) for data in ((drifted.root / SPRING).read_bytes(), drifted.pictures.original))
    assert np.array_equal(found[: OPENED[1]], original[: OPENED[1]])
