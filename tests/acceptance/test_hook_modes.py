"""Every way in which Git and pre-commit start the gate, through the hook as it ships and is installed.

For each: a drifted edit is blocked, a held one passes, and the last line tells how many images were looked at. So no
test here can be green because the gate looked at nothing.
"""

from __future__ import annotations

import shlex
import sys

import pytest

from projects import HERO, MASK, SPRING, Outcome

pytestmark = pytest.mark.acceptance

HELD, DRIFTED = (1, 1, 0, 0), (1, 1, 1, 0)
BOTH = pytest.mark.parametrize(("verdict", "status", "counts"), [("held", 0, HELD), ("drifted", 1, DRIFTED)])
ZERO = "0" * 40


def expect(outcome: Outcome, status: int, *counts: tuple[int, ...]) -> None:
    """The exit status and, for each run of the gate, what it looked at."""
    assert (bool(outcome.status), outcome.counts) == (bool(status), list(counts)), outcome.text


def head(project):
    return project.git("rev-parse", "HEAD").stdout.strip()


class TestCommit:
    @BOTH
    def test_commit(self, project, verdict, status, counts):
        before = head(project)
        project.edit(verdict)
        project.stage()
        expect(project.try_commit(), status, counts)
        assert (head(project) == before) == bool(status)

    def test_commit_without_images_says_nothing(self, project):
        project.write("README.md", "Changed\n")
        outcome = project.try_commit("-a")
        expect(outcome, 0)
        assert "maskproof: " not in outcome.text

    def test_a_warning_is_seen_though_the_commit_passes(self, project):
        project.write(SPRING, project.pictures.marked)
        project.stage()
        outcome = project.try_commit()
        expect(outcome, 0, (1, 0, 0, 0))
        assert "unrecorded: its metadata" in outcome.text
        assert f"maskproof record {SPRING}" in " ".join(outcome.text.split())

    @BOTH
    def test_commit_all_judges_the_new_bytes(self, project, verdict, status, counts):
        # What is staged is the opposite of what `commit -a` takes from the working tree.
        project.edit("held")
        project.commit("Add the edit")
        project.edit("drifted" if verdict == "held" else "held_again")
        project.stage()
        project.edit("held_again" if verdict == "held" else "drifted")
        expect(project.try_commit("-a"), status, counts)

    @BOTH
    def test_commit_of_a_path_judges_the_bytes_of_that_path(self, project, verdict, status, counts):
        other = "assets/other.png"
        for path in (SPRING, other):
            project.edit("held", path)
        project.commit("Add two edits")
        # The other one is staged with the opposite verdict and is no part of this commit.
        project.edit("drifted" if verdict == "held" else "held_again", other)
        project.stage()
        project.edit("held_again" if verdict == "held" else "drifted")
        expect(project.try_commit("--", SPRING, f"{SPRING}.maskproof.json"), status, counts)
        staged = project.git("diff", "--cached", "--name-only").stdout.split()
        assert other in staged, "the other edit has to be left staged, or this test shows nothing"

    @BOTH
    def test_amend(self, project, verdict, status, counts):
        project.edit("held")
        project.commit("Add the edit")
        project.edit("held_again" if verdict == "held" else "drifted")
        project.stage()
        expect(project.try_commit("--amend"), status, counts)

    @BOTH
    def test_first_commit_of_a_repository(self, project, verdict, status, counts):
        project.git("update-ref", "-d", "HEAD")
        project.edit(verdict)
        project.stage()
        # Original and mask are part of the first commit and are looked at too.
        looked, compared, blocked, unjudged = counts
        expect(project.try_commit(), status, (looked + 2, compared, blocked, unjudged))

    def test_unstaged_work_is_not_judged_and_not_touched(self, project):
        project.edit("held")
        project.stage()
        project.write(SPRING, project.pictures.drifted)
        expect(project.try_commit(), 0, HELD)
        assert (project.root / SPRING).read_bytes() == project.pictures.drifted


class TestMerge:
    def diverged(self, project, verdict):
        """A branch with an edit, made without its hook, and another commit on main."""
        project.git("switch", "-q", "-c", "side")
        project.edit(verdict)
        project.commit("Edit")
        project.git("switch", "-q", "main")
        project.write("README.md", "More\n")
        project.commit("More")

    @BOTH
    def test_clean_merge(self, project, verdict, status, counts):
        self.diverged(project, verdict)
        expect(Outcome.of(project.git("merge", "--no-edit", "side", ok=False)), status, counts)

    @BOTH
    def test_conflict_resolved(self, project, verdict, status, counts):
        self.diverged(project, verdict)
        project.edit("other")
        project.commit("The same picture, made otherwise")
        assert project.git("merge", "--no-edit", "side", ok=False).returncode == 1
        project.edit("held_again" if verdict == "held" else "drifted")
        project.stage()
        expect(project.try_commit("--no-edit"), status, counts)

    def test_conflict_not_resolved_is_no_pass(self, project):
        self.diverged(project, "held")
        project.edit("held_again")
        project.commit("The same picture, made otherwise")
        assert project.git("merge", "--no-edit", "side", ok=False).returncode == 1
        outcome = project.check()
        assert outcome.status == 3
        assert "in conflict" in outcome.text

    def test_original_that_only_the_merged_branch_held(self, project):
        # On the branch: an original, an edit of it, then a new version of the original. The record speaks of
        # the first version, which is in the branch's history and nowhere else.
        project.git("switch", "-q", "-c", "side")
        project.write("assets/new.png", project.pictures.original)
        project.commit("An original")
        original = {"path": "assets/new.png", **project.original()}
        project.edit("held", original=original)
        project.commit("Its edit")
        project.write("assets/new.png", project.pictures.other)
        project.commit("A new version of the original")
        project.git("switch", "-q", "main")
        project.write("README.md", "More\n")
        project.commit("More")
        outcome = Outcome.of(project.git("merge", "--no-edit", "side", ok=False))
        expect(outcome, 0, (2, 1, 0, 0))


class TestCheckouts:
    @BOTH
    def test_linked_worktree(self, project, tmp_path, verdict, status, counts):
        project.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
        linked = project.at(tmp_path / "linked")
        # The main checkout has the opposite verdict staged; judging its index would show.
        project.edit("drifted" if verdict == "held" else "held")
        project.stage()
        linked.edit(verdict)
        linked.stage()
        expect(linked.try_commit(), status, counts)

    @BOTH
    def test_submodule(self, project, tmp_path, verdict, status, counts):
        outer = project.at(tmp_path / "outer")
        outer.root.mkdir()
        outer.git("init", "-q", "-b", "main")
        allow = ("-c", "protocol.file.allow=always")
        outer.git(*allow, "submodule", "add", "-q", str(project.root), "brand")
        inner = project.at(outer.root / "brand")
        inner.install()
        inner.edit(verdict)
        inner.stage()
        expect(inner.try_commit(), status, counts)

    @BOTH
    def test_from_a_folder_inside(self, project, verdict, status, counts):
        (project.root / "docs").mkdir()
        project.edit(verdict)
        project.stage()
        inside = project.root / "docs"
        expect(project.check("--staged", cwd=inside), status, counts)
        expect(project.check(f"../{SPRING}", cwd=inside), status, counts)
        expect(project.check("hero.png", cwd=project.root / "assets"), status, (2, *counts[1:]))
        done = project.run("git", "commit", "-m", "change", ok=False, cwd=inside)
        expect(Outcome.of(done), status, counts)

    def test_absolute_path_through_a_symbolic_link(self, project, tmp_path):
        project.edit("drifted")
        project.commit("Past the hook")
        (tmp_path / "link").symlink_to(project.root)
        expect(project.check(str(tmp_path / "link" / SPRING)), 1, DRIFTED)


class TestRun:
    @BOTH
    def test_run(self, project, verdict, status, counts):
        project.edit(verdict)
        project.stage()
        expect(project.pre_commit("run"), status, counts)

    @BOTH
    def test_all_files_looks_at_every_image(self, project, verdict, status, counts):
        project.edit(verdict)
        project.commit("Past the hook")
        # The edit, its original and its mask are looked at; one of them has something to be compared with.
        expect(project.pre_commit("run", "--all-files"), status, (3, *counts[1:]))
        expect(project.check("--all"), status, (3, *counts[1:]))

    @BOTH
    @pytest.mark.parametrize("name", [SPRING, f"{SPRING}.maskproof.json", MASK, HERO])
    def test_files(self, project, name, verdict, status, counts):
        project.edit(verdict)
        project.commit("Past the hook")
        itself = 1 if name in {HERO, MASK} else 0  # a mask and an original are images too
        expect(project.pre_commit("run", "--files", name), status, (counts[0] + itself, *counts[1:]))

    @pytest.mark.parametrize("name", ["assets/new.png", "assets/new.png.maskproof.json"])
    def test_files_that_git_does_not_know(self, project, name):
        project.edit("held", "assets/new.png")
        for outcome in (project.pre_commit("run", "--files", name), project.check(name)):
            expect(outcome, 3, (1, 0, 0, 1))
            assert "not known to Git" in " ".join(outcome.text.split())
            assert "git add assets/new.png" in outcome.text

    @BOTH
    def test_folder(self, project, verdict, status, counts):
        project.edit(verdict, "art/spring/a.png")
        project.edit("held", "art/b.png")
        project.commit("Past the hook")
        expect(project.check("art"), status, (2, 2, *counts[2:]))
        expect(project.check("art/spring/"), status, counts)
        expect(project.check("."), status, (4, 2, *counts[2:]))

    def test_folder_without_a_tracked_image_is_not_green(self, project):
        project.edit("drifted", "new/a.png")
        outcome = project.check("new")
        assert outcome.status == 2
        assert "no image" in outcome.text

    def test_name_that_does_not_exist(self, project):
        outcome = project.check("assets/none.png")
        assert outcome.status == 2
        assert "none.png" in outcome.text

    def test_several_batches_of_names_are_right_each(self, project):
        # Long enough for two command lines: pre-commit splits at 128 KiB and calls the hook for each part.
        folder = "assets/" + "n" * 200
        project.edit("drifted", f"{folder}/first.png")
        project.edit("held", f"{folder}/last.png")
        plain = [f"{folder}/picture-{number:04}.png" for number in range(700)]
        for path in plain:
            project.write(path, project.pictures.mask)
        project.commit("Past the hook")
        outcome = project.pre_commit("run", "--all-files")
        assert outcome.status == 1, outcome.text
        assert len(outcome.counts) > 1, "the names fitted into one batch, so this test shows nothing"
        # Three images of every project more; each image is looked at in exactly one of the batches.
        assert [sum(column) for column in zip(*outcome.counts, strict=True)] == [704, 2, 1, 0]

    def test_a_drifted_change_shows_in_every_batch(self, project):
        # The change itself is listed by the tool, not by the names, so a batch without its name blocks as well.
        project.edit("drifted")
        project.stage()
        expect(project.check(HERO), 1, (2, 1, 1, 0))
        expect(project.check("README.md"), 1, DRIFTED)

    def test_names_that_begin_with_a_dash(self, project):
        project.edit("drifted", "-spring.png")
        project.commit("Past the hook")
        expect(project.pre_commit("run", "--all-files"), 1, (3, 1, 1, 0))


class TestRanges:
    @pytest.fixture
    def branched(self, project):
        """A branch `side` off main, and main gone on since."""

        def make(verdict):
            project.git("switch", "-q", "-c", "side")
            project.edit(verdict)
            project.commit("Edit")
            project.git("switch", "-q", "main")
            project.edit("drifted", "assets/of-main.png")
            project.commit("Main moved on, past its hook")
            return project

        return make

    @BOTH
    def test_since_the_merge_base(self, branched, verdict, status, counts):
        # main is checked out, and it brought a drifted edit of its own, which is no part of the branch's change.
        project = branched(verdict)
        expect(project.pre_commit("run", "--from-ref", "main", "--to-ref", "side"), status, counts)
        expect(project.check("--from-ref", "main", "--to-ref", "side"), status, counts)

    @BOTH
    def test_to_ref_is_head_unless_named(self, branched, verdict, status, counts):
        project = branched(verdict)
        project.git("switch", "-q", "side")
        expect(project.check("--from-ref", "main"), status, counts)

    def test_merge_commit_of_a_pull_request(self, branched):
        project = branched("drifted")
        project.git("merge", "-q", "--no-edit", "--no-verify", "side")
        expect(project.check("--from-ref", "HEAD^1", "--to-ref", "HEAD"), 1, DRIFTED)
        expect(project.check("--from-ref", "HEAD^2", "--to-ref", "HEAD"), 1, DRIFTED)

    def test_deleted_files(self, project):
        project.edit("held")
        project.commit("Edit")
        project.git("rm", "-q", f"{SPRING}.maskproof.json")
        project.commit("Without its record")
        expect(project.pre_commit("run", "--from-ref", "HEAD~1", "--to-ref", "HEAD"), 1, (1, 0, 1, 0))
        project.git("rm", "-q", SPRING)
        project.commit("And without the picture")
        expect(project.pre_commit("run", "--from-ref", "HEAD~2", "--to-ref", "HEAD"), 0)

    def test_commit_that_does_not_exist(self, project):
        for arguments in (["--from-ref", "nowhere"], ["--from-ref", "HEAD", "--to-ref", "--all"]):
            outcome = project.check(*arguments)
            assert outcome.status == 2
            assert "no commit" in outcome.text

    def test_only_a_commit_to_judge_is_no_change(self, project):
        project.edit("drifted")
        project.commit("Past the hook")
        outcome = project.check("--to-ref", "HEAD")
        assert outcome.status == 2
        assert "--from-ref" in outcome.text
        expect(project.check("--to-ref", "HEAD", "--all"), 1, (3, 1, 1, 0))
        expect(project.check("--to-ref", "HEAD", SPRING), 1, DRIFTED)

    def test_histories_that_never_met(self, project):
        project.git("switch", "-q", "--orphan", "new")
        project.write(HERO, project.pictures.original)
        project.write(MASK, project.pictures.mask)
        project.edit("drifted")
        project.commit("Another history")
        expect(project.check("--from-ref", "main", "--to-ref", "new"), 1, DRIFTED)

    @pytest.mark.parametrize("bare", [False, True])
    def test_on_a_server_without_a_working_tree(self, branched, tmp_path, bare):
        project = branched("drifted")
        done = project.git("clone", "-q", *(("--bare",) if bare else ()), str(project.root), str(tmp_path / "clone"))
        assert done.returncode == 0
        side = "side" if bare else "origin/side"
        expect(project.at(tmp_path / "clone").check("--from-ref", "main", "--to-ref", side), 1, DRIFTED)


class TestPush:
    @pytest.fixture(autouse=True)
    def remote(self, project, tmp_path):
        project.git("init", "-q", "--bare", str(tmp_path / "remote.git"))
        project.git("remote", "add", "origin", str(tmp_path / "remote.git"))
        return tmp_path / "remote.git"

    def push(self, project, *refs):
        return Outcome.of(project.git("push", "origin", *refs, ok=False))

    def holds(self, project, remote, ref):
        return bool(project.git("ls-remote", str(remote), ref).stdout)

    @BOTH
    def test_new_commits(self, project, verdict, status, counts):
        self.push(project, "--no-verify", "main")
        project.edit(verdict)
        project.commit("Past the hook")
        expect(self.push(project, "main"), status, counts)

    @BOTH
    def test_new_branch(self, project, remote, verdict, status, counts):
        self.push(project, "--no-verify", "main")
        project.git("switch", "-q", "-c", "side")
        project.edit(verdict)
        project.commit("Past the hook")
        project.git("switch", "-q", "main")
        expect(self.push(project, "side"), status, counts)
        assert self.holds(project, remote, "side") == (not status)

    @BOTH
    def test_new_repository_with_its_first_commit(self, project, remote, verdict, status, counts):
        project.edit(verdict)
        project.commit("Past the hook")
        expect(self.push(project, "main"), status, (3, *counts[1:]))
        assert self.holds(project, remote, "main") == (not status)

    @BOTH
    def test_new_repository_judges_the_branch_and_not_what_is_checked_out(self, project, verdict, status, counts):
        project.git("switch", "-q", "-c", "side")
        project.edit(verdict)
        project.commit("Past the hook")
        project.git("switch", "-q", "main")
        # The branch that is checked out has the opposite verdict, and a picture that the pushed one does not know.
        project.edit("drifted" if verdict == "held" else "held")
        project.edit("drifted" if verdict == "held" else "held", "assets/only-here.png")
        project.commit("Past the hook")
        expect(self.push(project, "side"), status, (3, *counts[1:]))

    def test_deleting_a_remote_branch(self, project, remote):
        self.push(project, "--no-verify", "main", "main:old")
        assert self.push(project, "--delete", "old").status == 0
        assert not self.holds(project, remote, "old")

    @BOTH
    def test_rewritten_history(self, project, verdict, status, counts):
        project.edit("held")
        project.commit("Edit")
        self.push(project, "--no-verify", "main")
        project.edit("held_again" if verdict == "held" else "drifted")
        project.stage()
        project.git("commit", "-q", "--amend", "--no-verify", "-m", "Edit, again")
        expect(self.push(project, "--force", "main"), status, counts)


def test_manual_stage(project):
    project.edit("drifted")
    project.stage()
    expect(project.pre_commit("run", "--hook-stage", "manual"), 1, DRIFTED)


def test_skip_is_a_bypass_by_design(project):
    # pre-commit honours SKIP and Git honours --no-verify; the check on the server is what gates.
    project.edit("drifted")
    project.stage()
    done = project.git("commit", "-m", "change", ok=False, SKIP="maskproof")
    assert done.returncode == 0
    assert "Skipped" in done.stderr


def test_the_hook_is_what_ships(project):
    config = (project.root / ".pre-commit-config.yaml").read_text()
    assert shlex.quote(sys.executable) in config
    assert "always_run: true" in config
