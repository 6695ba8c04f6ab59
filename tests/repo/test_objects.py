"""Where bytes come from: Git objects, Git LFS, history; and what is said when they cannot be had.

Never from the working tree, never from a network, and a check leaves no trace in the repository.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import pytest

from maskproof.errors import MissingObject, TooLarge
from maskproof.repo import Repository, objects
from projects import HERO, MASK, MASKPROOF, SPRING, sha256

SIDECAR = f"{SPRING}.maskproof.json"
BOTH = pytest.mark.parametrize(("verdict", "status"), [("held", 0), ("drifted", 1)])


def pointer(data, digest=None, size=None):
    """A Git LFS pointer as git-lfs writes it."""
    return (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest or sha256(data)}\n"
        f"size {len(data) if size is None else size}\n"
    ).encode()


def store(project, data, digest=None):
    """Put content where git-lfs keeps it."""
    digest = digest or sha256(data)
    place = project.root / ".git" / "lfs" / "objects" / digest[:2] / digest[2:4] / digest
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


def only(report):
    (image,) = report["images"]
    return image


class TestLfs:
    @BOTH
    def test_pointers_are_followed(self, project, verdict, status):
        data = project.edit(verdict) and getattr(project.pictures, verdict)
        for path, content in ((SPRING, data), (HERO, project.pictures.original), (MASK, project.pictures.mask)):
            store(project, content)
            project.write(path, pointer(content))
        project.stage()
        outcome = project.check()
        assert (outcome.status, outcome.counts) == (status, [(3, 1, status, 0)])

    @BOTH
    def test_from_a_linked_worktree(self, project, tmp_path, verdict, status):
        project.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
        linked = project.at(tmp_path / "linked")
        linked.edit(verdict)
        data = getattr(project.pictures, verdict)
        store(project, data)
        linked.write(SPRING, pointer(data))
        linked.stage()
        assert linked.check().status == status

    def test_missing_object_of_the_edit(self, project):
        path = project.edit("held", "assets/an edit.png")
        project.write(path, pointer(project.pictures.held))
        project.stage()
        status, report = project.report()
        (finding,) = only(report)["findings"]
        assert (status, finding["severity"]) == (3, "unjudged")
        assert "git lfs pull --include='assets/an edit.png'" in finding["advice"]

    @pytest.mark.parametrize("damage", ["other bytes", "cut short", "a folder", "another size"])
    @pytest.mark.threat("T14")
    def test_object_that_is_not_what_the_pointer_names(self, project, damage):
        data = project.pictures.held
        project.edit("held")
        project.write(SPRING, pointer(data, size=len(data) + 1 if damage == "another size" else None))
        if damage == "a folder":
            store(project, b"").unlink(missing_ok=True)
            (project.root / ".git/lfs/objects" / sha256(data)[:2] / sha256(data)[2:4] / sha256(data)).mkdir(
                parents=True, exist_ok=True
            )
        else:
            content = {"other bytes": project.pictures.drifted, "cut short": data[:-1], "another size": data}[damage]
            store(project, content, sha256(data))
        project.stage()
        status, report = project.report()
        assert (status, only(report)["verdict"]) == (3, "unjudged")
        assert "git lfs pull" in only(report)["findings"][0]["advice"]

    @pytest.mark.parametrize("used", [HERO, MASK])
    def test_missing_object_of_original_or_mask(self, project, used):
        content = project.pictures.original if used == HERO else project.pictures.mask
        project.write(used, pointer(content))
        # Out of history as well, or it would be found there.
        project.git("update-ref", "-d", "HEAD")
        project.commit("Start in LFS")
        project.edit("held")
        project.stage()
        status, report = project.report()
        assert (status, only(report)["verdict"]) == (3, "unjudged")
        assert f"git lfs pull --include={used}" in only(report)["findings"][0]["advice"]

    @pytest.mark.parametrize("remote", ["origin", "upstream"])
    def test_missing_object_of_the_version_before_is_fetched_by_its_commit(self, project, remote):
        # An edit that was saved over its original: what is pulled is the edit.
        project.git("remote", "add", remote, "https://example.invalid/repository")
        project.write(SPRING, pointer(project.pictures.original))
        project.commit("The original, in LFS")
        had = project.git("rev-parse", "HEAD").stdout.strip()
        store(project, project.pictures.held)
        project.write(SPRING, pointer(project.pictures.held))
        record = json.loads(project.record(project.pictures.held))
        record["original"] |= {"path": SPRING, "sha256": sha256(project.pictures.original)}
        project.write(f"{SPRING}.maskproof.json", json.dumps(record))
        project.stage()
        status, report = project.report()
        assert (status, only(report)["verdict"]) == (3, "unjudged")
        assert f"`git lfs fetch {remote} {had}`" in only(report)["findings"][0]["advice"]

    def test_other_versions_need_no_object(self, project):
        # A clone fetches the objects of what it checks out. The base's version of the original is another one, and
        # its object is not here; the recorded one is.
        project.git("update-ref", "-d", "HEAD")
        project.write(HERO, pointer(project.pictures.other))
        project.commit("An original whose object is not here")
        store(project, project.pictures.original)
        project.write(HERO, pointer(project.pictures.original))
        project.edit("held")
        project.stage()
        outcome = project.check(SPRING)
        assert (outcome.status, outcome.counts[-1][1]) == (0, 1), outcome.text

    def test_original_that_lies_only_in_lfs(self, project):
        store(project, project.pictures.other)
        project.edit("held", original={"path": "assets/gone.png", **project.original(project.pictures.other)})
        project.stage()
        status, report = project.report()
        assert (status, only(report)["original"]["found"]) == (1, "in Git LFS")

    @pytest.mark.threat("T14")
    def test_malformed_pointers_are_never_a_pass(self, project, shared):
        folder = shared / "badinputs" / "git-lfs"
        names = sorted(path.name for path in folder.iterdir())
        assert names
        for name in names:
            project.write(f"assets/{name}", (folder / name).read_bytes())
            project.write(f"assets/{name}.maskproof.json", project.record(project.pictures.held))
        project.stage()
        status, report = project.report()
        assert status in {1, 3}
        assert {Path(one["path"]).name for one in report["images"]} == set(names)
        assert not [one["path"] for one in report["images"] if one["verdict"] == "pass"]


class TestClones:
    def clone(self, project, tmp_path, *how):
        project.git("config", "uploadpack.allowFilter", "true")
        project.git("config", "uploadpack.allowAnySHA1InWant", "true")
        project.git("clone", "-q", *how, f"file://{project.root}", str(tmp_path / "clone"))
        return project.at(tmp_path / "clone")

    @pytest.fixture
    def two_commits(self, project):
        project.edit("drifted")
        project.commit("Edit")
        project.write("README.md", "More\n")
        project.commit("More")
        return project

    @pytest.mark.parametrize("base", ["HEAD~1", "origin/other", "main~2"])
    def test_shallow_clone_has_no_base(self, two_commits, tmp_path, base):
        shallow = self.clone(two_commits, tmp_path, "--depth", "1")
        outcome = shallow.check("--from-ref", base, "--to-ref", "HEAD")
        assert outcome.status == 3
        assert "fetch-depth: 0" in outcome.text

    def test_shallow_clone_that_cuts_off_the_merge_base(self, two_commits, tmp_path):
        two_commits.git("switch", "-q", "-c", "side", "HEAD~1")
        two_commits.write("README.md", "Side\n")
        two_commits.commit("Side")
        two_commits.git("switch", "-q", "main")
        shallow = self.clone(two_commits, tmp_path, "--depth", "1", "--no-single-branch")
        outcome = shallow.check("--from-ref", "origin/main", "--to-ref", "origin/side")
        assert outcome.status == 3
        assert "fetch-depth: 0" in outcome.text

    def test_shallow_clone_judges_what_it_holds(self, two_commits, tmp_path):
        shallow = self.clone(two_commits, tmp_path, "--depth", "1")
        outcome = shallow.check("--all")
        assert (outcome.status, outcome.counts) == (1, [(3, 1, 1, 0)])

    def test_shallow_clone_lacks_the_original(self, two_commits, tmp_path):
        two_commits.git("rm", "-q", HERO)
        two_commits.commit("The original is gone")
        shallow = self.clone(two_commits, tmp_path, "--depth", "1")
        status, report = shallow.report(SPRING)
        assert (status, only(report)["verdict"]) == (3, "unjudged")
        assert "fetch-depth: 0" in only(report)["findings"][0]["advice"]

    @pytest.mark.threat("T40")
    def test_partial_clone_uses_no_network(self, two_commits, tmp_path):
        # Without a checkout no blob is here, and Git would fetch each one that is asked for.
        partial = self.clone(two_commits, tmp_path, "--filter=blob:none", "--no-checkout")
        count = "rev-list", "--objects", "--all", "--missing=print"
        missing = [line for line in partial.git(*count).stdout.split() if line.startswith("?")]
        assert missing, "nothing is missing, so this test shows nothing"
        status, report = partial.report("--to-ref", "HEAD", "--all")
        assert status == 3
        assert {one["verdict"] for one in report["images"]} == {"unjudged"}
        assert "partial clone" in report["images"][0]["findings"][0]["advice"]
        assert [line for line in partial.git(*count).stdout.split() if line.startswith("?")] == missing

    def test_partial_clone_whose_old_versions_are_not_here(self, two_commits, tmp_path):
        # The recorded original is checked out; older versions of it are not here and are not needed.
        two_commits.write(HERO, two_commits.pictures.other)
        two_commits.commit("Another original")
        two_commits.write(HERO, two_commits.pictures.original)
        two_commits.commit("The first one again")
        two_commits.edit("held")
        two_commits.commit("Edit")
        partial = self.clone(two_commits, tmp_path, "--filter=blob:none")
        outcome = partial.check("--all")
        assert (outcome.status, outcome.counts) == (0, [(3, 1, 0, 0)])

    def test_partial_clone_whose_recorded_original_is_not_here(self, two_commits, tmp_path):
        two_commits.write(HERO, two_commits.pictures.other)
        two_commits.commit("Another original")
        partial = self.clone(two_commits, tmp_path, "--filter=blob:none")
        status, report = partial.report(SPRING)
        assert (status, only(report)["verdict"]) == (3, "unjudged")
        assert "partial clone" in only(report)["findings"][0]["advice"]


class TestWorkingTree:
    @pytest.fixture
    def filtered(self, project):
        """A filter that rewrites pictures on checkout and back: the file differs from the blob."""
        for name, how in (("smudge", "reversed(d)"), ("clean", "reversed(d)")):
            code = f"import sys; d = sys.stdin.buffer.read(); sys.stdout.buffer.write(bytes({how}))"
            project.write(f"../{name}.py", code)
            project.git("config", f"filter.turn.{name}", f'"{sys.executable}" "{project.root.parent}/{name}.py"')
        return project

    @BOTH
    def test_a_filter_does_not_change_the_verdict(self, filtered, verdict, status):
        filtered.edit(verdict)
        filtered.stage()
        filtered.git("commit", "-q", "--no-verify", "-m", "Edit")
        filtered.write(".gitattributes", "*.png filter=turn\n")
        for path in (SPRING, HERO, MASK):
            (filtered.root / path).unlink()
        filtered.git("checkout", "-q", "--", ".")
        assert (filtered.root / SPRING).read_bytes() != getattr(filtered.pictures, verdict)
        outcome = filtered.check("--all")
        assert (outcome.status, outcome.counts) == (status, [(3, 1, status, 0)])

    @BOTH
    @pytest.mark.threat("T20")
    def test_what_lies_on_disk_does_not_change_the_verdict(self, project, verdict, status):
        project.edit(verdict)
        project.stage()
        for path in (SPRING, HERO, MASK):
            project.write(path, b"scribbled over")
        outcome = project.check()
        assert (outcome.status, outcome.counts) == (status, [(1, 1, status, 0)])
        assert "judged as staged" in outcome.text

    @BOTH
    def test_an_unusual_configuration_does_not_change_the_verdict(self, project, verdict, status):
        project.edit(verdict)
        project.git("rm", "-q", "--cached", HERO)
        project.stage(SPRING, SIDECAR)
        for key, value in {
            "diff.renames": "copies", "diff.relative": "true", "diff.noprefix": "true", "diff.external": "false",
            "log.follow": "true", "log.showSignature": "true", "log.diffMerges": "off", "core.quotePath": "true",
            "color.ui": "always", "core.abbrev": "4", "status.renames": "true",
        }.items():  # fmt: skip
            project.git("config", key, value)
        (project.root / "docs").mkdir()
        env = {
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_PAGER": "false",
            "LC_ALL": "de_DE.UTF-8",
            "GIT_EXTERNAL_DIFF": "false",
        }
        outcome = project.check(cwd=project.root / "docs", **env)
        assert (outcome.status, outcome.counts) == (status, [(1, 1, status, 0)]), outcome.text

    @pytest.mark.parametrize("how", ["--staged", "--all", "range", "blocked", "not judged"])
    def test_a_check_writes_nothing(self, project, how):
        project.edit("drifted" if how == "blocked" else "held")
        if how == "not judged":
            project.write(SPRING, b"no picture")
        project.stage()
        if how == "range":
            project.commit("Edit")
        arguments = {"range": ["--from-ref", "HEAD~1"], "--all": ["--all"]}.get(how, [])
        os.utime(project.root / HERO, (1, 1))  # a stale time makes Git want to refresh its index
        before = listing(project.root)
        assert project.check(*arguments, "--no-cache").status == {"blocked": 1, "not judged": 3}.get(how, 0)
        assert listing(project.root) == before


def listing(root):
    """Every file and folder with its size, time and content."""
    return {
        str(path.relative_to(root)): (
            path.lstat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in root.rglob("*")
    }


class TestTooLarge:
    """One byte over the limit; of zeros, so that it costs nothing on disk."""

    def big(self, project, path):
        file = project.root / path
        file.write_bytes(b"")
        os.truncate(file, objects.MAX_FILE_BYTES + 1)

    def test_an_edit(self, project):
        project.edit("held")
        self.big(project, SPRING)
        project.edit("drifted", "assets/z.png")
        project.stage()
        status, report = project.report()
        found = {one["path"]: one for one in report["images"]}
        assert found[SPRING]["findings"][0]["rule"] == "too-large"
        # What follows is judged as if nothing had been.
        assert found["assets/z.png"]["verdict"] == "block"
        assert status == 1

    def test_an_older_version_of_the_original_is_not_in_the_way(self, project):
        self.big(project, HERO)
        project.commit("Far too large")
        project.write(HERO, project.pictures.other)
        project.edit("held")
        project.stage()
        outcome = project.check(SPRING)
        assert (outcome.status, outcome.counts[-1]) == (0, (2, 1, 0, 0)), outcome.text


class TestNoRepository:
    @pytest.mark.parametrize("arguments", [[], ["--staged"], ["--all"], ["--from-ref", "main"], ["x.png"]])
    def test_outside_a_repository(self, tmp_path, project, arguments):
        outside = tmp_path / "outside"
        outside.mkdir()
        outcome = project.at(outside).check(*arguments, GIT_CEILING_DIRECTORIES=str(tmp_path))
        assert outcome.status == 2
        assert "not in a Git repository" in outcome.text
        assert "maskproof compare" in outcome.text

    @pytest.mark.parametrize("arguments", [["check"], ["check", "--all"], ["record", "x.png"]])
    def test_git_is_not_on_the_path(self, project, tmp_path, arguments):
        (tmp_path / "empty").mkdir()
        done = project.run(*MASKPROOF, *arguments, ok=False, PATH=str(tmp_path / "empty"))
        assert done.returncode == 2
        assert "git is not installed" in done.stderr

    def test_repository_of_somebody_else(self, project):
        # Git refuses to work there; that is said, and is no pass.
        if os.geteuid() != 0 or not shutil.which("chown"):
            pytest.skip("only root can give a folder away")
        shutil.chown(project.root / ".git", 65534)
        shutil.chown(project.root, 65534)
        project.edit("drifted")
        outcome = project.check()
        assert outcome.status == 2
        assert "dubious ownership" in outcome.text or "not owned" in outcome.text

    def test_damaged_object(self, project):
        project.edit("drifted")
        project.commit("Edit")
        oid = project.git("rev-parse", f"HEAD:{SPRING}").stdout.strip()
        file = project.root / ".git" / "objects" / oid[:2] / oid[2:]
        file.chmod(0o644)
        file.write_bytes(b"damaged")
        project.edit("held", "assets/a.png")
        project.stage("assets/a.png", "assets/a.png.maskproof.json")
        status, report = project.report(SPRING, "assets/a.png")
        found = {one["path"]: one["verdict"] for one in report["images"]}
        assert (status, found) == (3, {SPRING: "unjudged", "assets/a.png": "pass"})

    def test_first_image_is_damaged(self, project):
        # Whatever Git's reader does at a damaged object, the images after it are judged.
        project.edit("held", "assets/a.png")
        project.commit("Edit")
        oid = project.git("rev-parse", "HEAD:assets/a.png").stdout.strip()
        file = project.root / ".git" / "objects" / oid[:2] / oid[2:]
        file.chmod(0o644)
        file.write_bytes(b"damaged")
        project.edit("drifted", "assets/b.png")
        project.stage("assets/b.png", "assets/b.png.maskproof.json")
        status, report = project.report("assets/a.png", "assets/b.png")
        found = {one["path"]: one["verdict"] for one in report["images"]}
        assert (status, found) == (1, {"assets/a.png": "unjudged", "assets/b.png": "block"})


# --- in one process --------------------------------------------------------------------------------------------------

FILES = {f"{number}.txt": b"%d" % number * (number % 40) for number in range(300)}
"""more than one question to Git holds, and an empty one among them"""


@pytest.fixture
def stored(scratch):
    """A repository with those files, and their blob ids by path."""
    for path, data in FILES.items():
        scratch.write(path, data)
    scratch.commit("Files")
    repository = Repository(scratch.root)
    return repository, {path: repository.head.blob_id(path) for path in FILES}


def reads():
    return patch.object(objects, "read_answer", wraps=objects.read_answer)


def test_a_blob_is_read_once(stored):
    repository, ids = stored
    with reads() as read:
        for _ in range(3):
            assert repository.objects.blob(ids["7.txt"], "7.txt") == FILES["7.txt"]
            assert repository.objects.digest(ids["7.txt"], "7.txt") == sha256(FILES["7.txt"])
            assert dict(repository.objects.blobs([ids["7.txt"]], "it")) == {ids["7.txt"]: FILES["7.txt"]}
    assert read.call_count == 1


def test_what_was_asked_for_longest_ago_goes_first(stored, monkeypatch):
    repository, ids = stored
    monkeypatch.setattr(objects, "MEMO_BYTES", 150)
    first, second, third = ("30.txt", "31.txt", "139.txt")  # 60, 62 and 57 bytes
    for path in (first, second, first, third):
        repository.objects.blob(ids[path], path)
    monkeypatch.setattr(objects, "MAX_FILE_BYTES", 1)  # whatever is read from here on is refused
    for path in (first, third):
        assert repository.objects.blob(ids[path], path) == FILES[path]
    with pytest.raises(TooLarge):
        repository.objects.blob(ids[second], second)


def test_thousands_at_a_time_among_them_what_cannot_be_had(stored, scratch, monkeypatch):
    repository, ids = stored
    tree = scratch.git("rev-parse", "HEAD^{tree}").stdout.strip()
    monkeypatch.setattr(objects, "MAX_FILE_BYTES", 110)
    wanted = [*ids.values(), tree, "0" * 40]
    wanted = wanted[::2] + wanted[1::2]  # so that they stand in the middle
    found = dict(repository.objects.blobs(wanted, "a file"))
    assert set(found) == set(wanted)
    for path, oid in ids.items():
        if len(FILES[path]) > 110:
            assert isinstance(found[oid], TooLarge), path
        else:
            assert found[oid] == FILES[path]
    assert isinstance(found[tree], TooLarge | MissingObject)
    assert "Git has no object" in found["0" * 40].reason


def test_others_may_be_asked_for_in_between(stored):
    repository, ids = stored
    for path, (oid, data) in zip(FILES, repository.objects.blobs(ids.values(), "a file"), strict=False):
        assert FILES[next(other for other, one in ids.items() if one == oid)] == data
        assert repository.objects.blob(ids[path], path) == FILES[path]


def test_threads_share_it(stored):
    repository, ids = stored
    several = {path: ids[path] for path in list(ids)[40:80]}
    with reads() as read, ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda path: repository.objects.blob(several[path], path), list(several) * 4))
    assert found == [FILES[path] for path in several] * 4
    assert read.call_count == len(several)


def test_it_travels_to_another_process_as_a_path(stored):
    repository, ids = stored
    repository.objects.blob(ids["7.txt"], "7.txt")
    sent = pickle.dumps(repository.objects)
    assert len(sent) < 1000
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).blob(sys.argv[1], 'it').decode())"
    done = subprocess.run([sys.executable, "-c", code, ids["7.txt"]], input=sent, capture_output=True, check=True)
    assert done.stdout.strip() == FILES["7.txt"]


def test_a_process_that_was_ended_is_started_again(stored):
    repository, ids = stored
    with patch.object(objects, "started", wraps=objects.started) as started:
        repository.objects.blob(ids["1.txt"], "1.txt")
        repository.objects.close()
        assert repository.objects.blob(ids["2.txt"], "2.txt") == FILES["2.txt"]
    assert started.call_count == 2


def test_an_interrupted_answer_is_not_taken_for_the_next(stored):
    repository, ids = stored
    with patch.object(objects, "read_answer", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        repository.objects.blob(ids["1.txt"], "1.txt")
    assert repository.objects.blob(ids["2.txt"], "2.txt") == FILES["2.txt"]


def test_many_damaged_objects_do_not_hold_it_up(stored, scratch):
    # Git complains of each at length; a pipe that nobody empties would be full.
    _, ids = stored
    for oid in ids.values():
        file = scratch.root / ".git" / "objects" / oid[:2] / oid[2:]
        file.chmod(0o644)
        file.write_bytes(b"damaged")
    code = """
import sys
from pathlib import Path
from maskproof.errors import MissingObject
from maskproof.repo import Repository
objects, missing = Repository(Path(sys.argv[1])).objects, 0
for oid in sys.argv[2:] * 5:
    try:
        objects.blob(oid, "a file")
    except MissingObject:
        missing += 1
print(missing)
"""
    command = [sys.executable, "-c", code, str(scratch.root), *ids.values()]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    assert int(done.stdout) == 5 * len(FILES)
