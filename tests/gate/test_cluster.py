"""A Dask cluster judges as this process does: the same report to the byte, whatever becomes of its workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from maskproof.gate.cluster import of_manifest, on_cluster
from maskproof.gate.manifest import Manifest, check_manifest
from maskproof.report import json as as_json
from processes import MASKPROOF, maskproof
from projects import Project, clean_environment, draw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

distributed = pytest.importorskip("distributed", reason="the extra [dask] is not installed")
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="workers are killed as POSIX does it"),
    pytest.mark.filterwarnings("default"),  # of Dask's own sockets and loops
]


class Cluster:
    """A scheduler and its workers, processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.processes: list[subprocess.Popen[bytes]] = []
        self._start("dask_scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard")
        while not self.file.exists() or not self.file.read_text():
            time.sleep(0.05)
        self.address = json.loads(self.file.read_text())["address"]

    def worker(self, name: str, **env: str) -> subprocess.Popen[bytes]:
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(self.folder))
        return self._start("dask_worker", "--name", name, *options, **env)

    def wait_for(self, count: int) -> None:
        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count)

    def _start(self, what: str, *options: str, **env: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{what}", "--scheduler-file", str(self.file), *options]
        process = subprocess.Popen(
            command, env=clean_environment() | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.processes.append(process)
        return process


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    found = Cluster(tmp_path_factory.mktemp("cluster"))
    found.worker("one")
    found.wait_for(1)
    yield found
    for process in found.processes:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of pairs that hold, drift, are gone, and are no pictures."""
    folder, drawn = tmp_path_factory.mktemp("archive"), draw()
    for name in ("original", "mask"):
        (folder / f"{name}.png").write_bytes(getattr(drawn, name))
    for number in range(8):
        (folder / f"{number}.png").write_bytes(drawn.drifted if number % 2 else drawn.held)
    (folder / "text.png").write_text("no picture")
    edits = (*(f"{number}.png" for number in range(8)), "gone.png", "text.png")
    rows = [f"{edit},original.png,mask.png,white\n" for edit in edits]
    (folder / "pairs.csv").write_text("edit,original,mask,mask_mode\n" + "".join(rows))
    return folder / "pairs.csv"


def plain(manifest: Path) -> str:
    return "".join(as_json.run(check_manifest(Manifest(manifest), partial(map))[0]))


def check(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [*MASKPROOF, "check", *arguments, "--format", "json", "--no-cache"]
    return subprocess.Popen(command, cwd=folder, env=clean_environment(), stdout=subprocess.PIPE, text=True)


def test_a_manifest_is_judged_the_same_though_a_worker_is_killed_half_way(cluster: Cluster, archive: Path) -> None:
    """The worker that is killed has a picture under way, which the other one takes over."""
    lost = cluster.worker("two")
    cluster.wait_for(2)
    ran = check(archive.parent, "--manifest", "pairs.csv", "--scheduler", cluster.address)
    with distributed.Client(cluster.address, set_as_default=False) as client:
        until = time.monotonic() + 60
        while time.monotonic() < until and ran.poll() is None:
            at_work = client.run_on_scheduler(
                lambda dask_scheduler: [len(one.processing) for one in dask_scheduler.workers.values()]
            )
            if len(at_work) == 2 and all(at_work):
                os.kill(lost.pid, signal.SIGKILL)
                break
            time.sleep(0.01)
    told, _ = ran.communicate(timeout=120)
    assert lost.wait(10) == -signal.SIGKILL, "it was never at work"
    assert told == plain(archive)
    assert ran.returncode == 1


def test_pictures_of_git_are_judged_the_same(cluster: Cluster, project: Project) -> None:
    project.edit("held", "assets/a.png")
    project.edit("drifted", "assets/b.png")
    project.stage()
    asked = ("check", "--all", "--format", "json", "--no-cache")
    there = project.maskproof(*asked, "--scheduler", cluster.address)
    here = project.maskproof(*asked)
    assert (there.stdout, there.returncode) == (here.stdout, here.returncode) == (here.stdout, 1), there.stderr


def test_workers_that_do_not_see_the_files_are_sent_the_bytes(cluster: Cluster, archive: Path) -> None:
    manifest = Manifest(archive)
    ground = of_manifest(manifest)._replace(seen=partial(bool, 0))
    found, _ = check_manifest(manifest, on_cluster(cluster.address, ground))
    assert "".join(as_json.run(found)) == plain(archive)


def test_a_worker_with_another_environment_is_refused(cluster: Cluster, archive: Path, tmp_path: Path) -> None:
    (tmp_path / "other-1.0.dist-info").mkdir()
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH", ""))))
    other = cluster.worker("other", PYTHONPATH=path)
    cluster.wait_for(2)
    asked = ("check", "--manifest", "pairs.csv", "--scheduler", cluster.address)
    done = maskproof().run(*asked, cwd=archive.parent, env=clean_environment())
    other.kill()
    other.wait()
    assert (done.status, done.stdout) == (2, "")
    assert "has another Python or other packages" in done.stderr


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense", "tcp://host", "file:///etc/passwd"])
def test_where_no_scheduler_answers_it_says_so(archive: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskproof.gate.cluster.PATIENCE", 1)
    from maskproof.errors import UsageError

    with pytest.raises(UsageError, match="no Dask scheduler answers"):
        check_manifest(Manifest(archive), on_cluster(address, of_manifest(Manifest(archive))))


def test_jobs_and_a_scheduler_exclude_each_other(archive: Path) -> None:
    asked = ("check", "--manifest", "pairs.csv", "--scheduler", "tcp://h:1", "--jobs", "2")
    done = maskproof().run(*asked, cwd=archive.parent, env=clean_environment())
    assert done.status == 2
