"""What a machine can do to a command: full disks, folders that are gone or closed, Ctrl-C at any moment.

Nothing is left half written, and one line says the true reason.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from maskproof import atomic
from maskproof.errors import UsageError
from processes import MASKPROOF, start
from projects import HERO, SPRING, clean_environment

POSIX = pytest.mark.skipif(os.name != "posix", reason="limits and modes of POSIX")
CHILD = """
import os, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit({}, ({}, {}))
os.execv(sys.argv[1], sys.argv[1:])
"""
"""a process that bounds itself and becomes another one; a file that grows too large is an error then, and no signal"""
SIDECAR = f"{SPRING}.maskproof.json"


def limited(project, kind: str, most: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command under a limit of the system."""
    code = CHILD.format(f"resource.{kind}", most, most)
    # Python itself would keep byte code that is cut short.
    env = {**clean_environment(), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", code, *MASKPROOF, *arguments],
        cwd=project.root,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def contents(root: Path) -> dict[str, bytes]:
    """All files of a working tree."""
    files = (one for one in root.rglob("*") if one.is_file() and ".git" not in one.parts)
    return {str(one.relative_to(root)): one.read_bytes() for one in files}


def told(done: subprocess.CompletedProcess[str], status: int, reason: str) -> None:
    """One line with the reason, and what to do."""
    assert done.returncode == status, done.stderr
    assert reason in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr


MARKED = "assets/made.png"
"""a picture that a model made and that does not say so"""
WRITING = {
    "init": ("init",),
    "record": ("record", SPRING, "--original", HERO),
    "restore": ("restore", SPRING),
    "approve": ("approve", SPRING, "--reason", "a new season"),
    "mark": ("mark", MARKED),
    "baseline": ("baseline",),
    "output": ("check", "--all", "--output", "report.txt"),
}


def begun(project) -> None:
    """Work for every command that writes: an edit that drifted, one to mark, and a picture for the baseline."""
    project.write("old.png", project.pictures.marked)
    project.commit("An old picture")
    project.edit("drifted")
    project.edit("other", MARKED, origin="generated", original=None, mask=None)
    project.stage()


@pytest.fixture
def full(project, tmp_path):
    """The project on a disk that has no room left."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("nobody may mount a small disk here")
    try:
        root = disk / "project"
        shutil.copytree(project.root, root)
        with suppress(OSError), (disk / "filling").open("wb", buffering=0) as filling:
            while filling.write(bytes(1000)):
                pass
        yield project.at(root)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a disk in memory")
@pytest.mark.parametrize("name", WRITING)
@pytest.mark.threat("T34")
def test_a_full_disk_leaves_every_file_as_it_was(project, request, name):
    begun(project)
    full = request.getfixturevalue("full")
    before = contents(full.root)
    done = full.run(*MASKPROOF, *WRITING[name], ok=False)
    assert done.returncode == 2, done.stderr
    assert "No space left on device" in done.stderr.splitlines()[0]
    assert "bug" not in done.stderr
    assert contents(full.root) == before


@POSIX
@pytest.mark.parametrize("name", WRITING)
@pytest.mark.threat("T34")
def test_files_that_may_not_grow_are_told_by_the_system_s_reason(project, name):
    begun(project)
    before = contents(project.root)
    told(limited(project, "RLIMIT_FSIZE", 100, *WRITING[name]), 2, "File too large")
    assert contents(project.root) == before


@pytest.fixture
def read_only(project, tmp_path):
    """The project where nobody may write, and the reason that the system gives."""
    if os.geteuid():
        folders = [project.root, *(one for one in project.root.rglob("*") if one.is_dir())]
        for folder in folders:
            folder.chmod(0o555)
        yield project, "Permission denied"
        for folder in folders:
            folder.chmod(0o755)
        return
    disk = tmp_path / "disk"  # root may write anywhere but there
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", disk], capture_output=True, check=False).returncode:
        pytest.skip("root may write anywhere, and nobody may mount a disk here")
    try:
        shutil.copytree(project.root, disk / "project")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        yield project.at(disk / "project"), "Read-only file system"
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@POSIX
@pytest.mark.parametrize("name", WRITING)
@pytest.mark.threat("T34")
def test_a_read_only_tree_is_told_as_one(project, request, name):
    begun(project)
    there, reason = request.getfixturevalue("read_only")
    before = contents(there.root)
    told(there.run(*MASKPROOF, *WRITING[name], ok=False), 2, reason)
    assert contents(there.root) == before


def test_a_git_folder_that_cannot_be_written_to_is_told_as_one(project):
    project.edit("drifted")
    project.stage()
    lock = project.root / ".git" / atomic.LOCK
    lock.mkdir()
    before = contents(project.root)
    for name in ("record", "restore"):
        told(project.run(*MASKPROOF, *WRITING[name], ok=False), 2, f"{lock} cannot be written")
    assert contents(project.root) == before


@POSIX
@pytest.mark.parametrize("arguments", [("check",), ("check", "--all"), ("init",), ("compare", "a.png", "b.png")])
def test_a_current_folder_that_is_gone(tmp_path, arguments):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd {shlex.quote(str(gone))} && rmdir ../gone && {shlex.join([*MASKPROOF, *arguments])}"
    done = subprocess.run(["sh", "-c", script], env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    assert "gone" in done.stderr or "no such file" in done.stderr.lower()


@POSIX
@pytest.mark.parametrize("count", [5, 8, 10, 12, 14, 16, 20])
def test_few_open_files_end_in_a_verdict_or_the_reason(project, count):
    project.edit("held")
    project.stage()
    done = limited(project, "RLIMIT_NOFILE", count, "check", "--all")
    assert done.returncode in {0, 2, 3}, done.stderr
    assert "Traceback" not in done.stderr
    if done.returncode:
        assert "Too many open files" in done.stdout + done.stderr or "git" in done.stderr


# --- one writer ------------------------------------------------------------------------------------------------------


def test_a_second_writer_waits_and_gives_up_with_the_reason(project, monkeypatch):
    monkeypatch.setattr(atomic, "WAIT", 0.1)
    folder = project.root / ".git"
    with atomic.one_writer(folder), pytest.raises(UsageError, match="another maskproof"), atomic.one_writer(folder):
        pytest.fail("two at a time")
    with atomic.one_writer(folder):
        pass


@POSIX
def test_the_lock_of_a_killed_writer_is_free(project):
    folder = str(project.root / ".git")
    code = (
        "import sys, time; from pathlib import Path; from maskproof.atomic import one_writer\n"
        "with one_writer(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, folder], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "held\n"
        writer.kill()
        writer.wait()
    with atomic.one_writer(Path(folder)):
        pass


@pytest.mark.threat("T35")
def test_two_records_at_once_are_one_whole_record(project):
    project.edit("held")
    command = [*MASKPROOF, "record", SPRING, "--original", HERO]
    runs = [
        subprocess.Popen(
            [*command, "--prompt", prompt], cwd=project.root, env=clean_environment(), stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )
        for prompt in ("one", "two", "three")
    ]  # fmt: skip
    ended = {run.communicate()[1] + str(run.returncode): run.returncode for run in runs}
    assert set(ended.values()) <= {0, 2}
    assert 0 in ended.values()
    assert all("written anew meanwhile" in said for said, status in ended.items() if status)
    assert any(f'"{prompt}"' in (project.root / SIDECAR).read_text() for prompt in ("one", "two", "three"))


# --- Ctrl-C ----------------------------------------------------------------------------------------------------------


@POSIX
@pytest.mark.parametrize(
    "module", ["maskproof.repo", "maskproof.cli", "maskproof.gate.check", "numpy", "PIL", "msgspec"]
)
def test_an_interrupt_while_modules_are_loaded(project, tmp_path, module):
    """At the moment when a module is asked for: what stands first in the path raises it."""
    project.edit("held")
    project.stage()
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "class Meet:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r} and 'maskproof.hook' in sys.modules:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Meet())\n"
    )
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH", ""))))
    with start(
        [*MASKPROOF, "check"], cwd=project.root, env={**clean_environment(), "PYTHONPATH": path},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as running:  # fmt: skip
        out, err = running.communicate()
    assert (running.returncode, out) == (130, "")
    assert err.lstrip() == "maskproof: interrupted; no file is half written\n"


@POSIX
@pytest.mark.threat("T34")
def test_an_interrupt_waits_until_all_files_have_their_names(tmp_path, monkeypatch):
    files = [tmp_path / name for name in "abc"]
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        os.kill(os.getpid(), signal.SIGINT)
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins without one
    with pytest.raises(KeyboardInterrupt):
        atomic.write_together(*((file, file.name.encode()) for file in files))
    signal.signal(signal.SIGINT, before)
    assert [file.read_bytes() for file in files] == [b"a", b"b", b"c"]
    assert len(list(tmp_path.iterdir())) == 3
