"""The worker: whatever a decoder does, it costs one image one finding, and the next picture is decoded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from maskproof.errors import CouldNotJudge, TooLarge, Unreadable
from maskproof.images import decode, worker
from pictures import noise, png

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is bounded on Linux alone")
POSIX = pytest.mark.skipif(os.name != "posix", reason="this system bounds no processor time and knows no signals")
SMALL = noise(17, 13)
PICTURE = png(SMALL)


class Acting(worker._Worker):
    """A worker whose decoder does something else."""

    def __init__(self, does: str, *, pipes: bool = False) -> None:
        self.does = does
        code, shared = worker.CODE, worker.SHARED
        try:
            worker.SHARED = shared and not pipes
            used = f"worker.SHARED = {worker.SHARED}; "
            worker.CODE = code.replace("worker.serve(decode.answer)", used + f"exec({does!r}); worker.serve(act)")
            super().__init__(worker._open)
        finally:
            worker.CODE, worker.SHARED = code, shared


@pytest.fixture(autouse=True)
def pool(monkeypatch):
    own = worker._Pool()
    monkeypatch.setattr(worker, "_POOL", own)
    yield own
    own.end()


def acting(pool: worker._Pool, does: str) -> worker._Worker:
    head = "def act(kind, data, name, *more):\n    if name == 'a picture':\n        "
    acts = Acting(head + does + "\n    return decode.answer(kind, data, name, *more)")
    pool.keep(acts)
    return acts


def decodes() -> bool:
    return np.array_equal(decode.decode(PICTURE, "another").samples, SMALL)


@pytest.mark.parametrize(
    ("does", "error", "says"),
    [
        pytest.param("os.kill(os.getpid(), 11)", Unreadable, "signal 11", marks=POSIX),
        pytest.param("os.abort()", Unreadable, "the decoder of a picture ended", marks=POSIX),
        ("os._exit(7)", Unreadable, "status 7"),
        pytest.param("bytearray(3_000_000_000)", TooLarge, "more memory", marks=LINUX),
        ("raise MemoryError", TooLarge, "more memory"),
    ],
)
@pytest.mark.threat("T32")
def test_what_happens_to_a_decoder_is_told_of_its_picture_and_the_next_is_decoded(pool, does, error, says):
    acting(pool, does)
    with pytest.raises(error, match=says) as caught:
        decode.decode(PICTURE, "a picture")
    assert caught.value.advice
    assert decodes()


@POSIX
@pytest.mark.threat("T32")
def test_a_decoder_that_never_ends_is_ended_by_its_processor_time(pool, monkeypatch):
    monkeypatch.setattr(worker, "seconds_for", lambda _: 20)
    soft = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, resource.RLIM_INFINITY))"
    acting(pool, soft + "\n        while True: pass")
    with pytest.raises(TooLarge, match=r"takes longer to decode than a picture of its size may \(20 s\)"):
        decode.decode(PICTURE, "a picture")
    assert decodes()


def test_a_decoder_that_sleeps_is_ended_by_the_clock(pool, monkeypatch):
    monkeypatch.setattr(worker, "PATIENCE", 0.02)
    acting(pool, "import time; time.sleep(600)")
    with pytest.raises(TooLarge, match="takes longer"):
        decode.decode(PICTURE, "a picture")
    monkeypatch.undo()


def test_a_worker_that_was_ended_between_two_pictures_is_missed_once_at_most(pool):
    assert decodes()
    (idle,) = pool._idle
    idle.process.kill()
    idle.process.wait()
    assert decodes()


def test_an_interrupt_leaves_no_answer_for_the_next_question(pool, monkeypatch):
    held = acting(pool, "pass")

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(held.channel, "receive", interrupt)
    with pytest.raises(KeyboardInterrupt):
        decode.decode(PICTURE, "a picture")
    assert held.process.returncode is not None
    assert decodes()


def test_threads_have_a_worker_each_and_workers_are_kept(pool):
    pictures = [noise(40, 30, seed=seed) for seed in range(8)]
    started = threading.Barrier(2)

    def shown(at: int) -> np.ndarray:
        if at < 2:
            started.wait()
        return decode.decode(png(pictures[at]), f"picture {at}").samples

    with ThreadPoolExecutor(2) as threads:
        assert all(
            np.array_equal(one, wanted) for one, wanted in zip(threads.map(shown, range(8)), pictures, strict=True)
        )
    assert 1 <= len(pool._idle) <= 2


def test_where_no_file_can_be_handed_on_pipes_carry_the_same(pool):
    pool.keep(Acting("act = decode.answer", pipes=True))
    big = noise(700, 500)
    assert np.array_equal(decode.decode(png(big, filters=False), "a picture").samples, big)
    with pytest.raises(CouldNotJudge, match="checksum"):
        decode.decode(PICTURE[:60] + bytes([PICTURE[60] ^ 1]) + PICTURE[61:], "a picture")
    assert decodes()


@pytest.mark.skipif(sys.platform != "linux", reason="open files are counted in /proc")
def test_nothing_stays_open():
    assert decodes()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        assert decodes()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@LINUX
def test_a_copy_decodes_holds_nothing_open_and_says_how_it_ended(tmp_path):
    code = """
import os, sys, time
from pathlib import Path
from maskproof.images import decode, worker
data, kept = Path("p.png").read_bytes(), open("kept", "w")
print("once", end="")
worker.start(2)
copy, other = worker._POOL._idle
print("!", type(copy.process).__name__, type(other.process).__name__)
try:
    worker.ask("no such row", data, "a picture", 1, decode.containers.read(data, "a picture"))
except decode.Unreadable as error:
    print(error.reason)
os.kill(other.process.pid, 11)
taken, worker._POOL._taken = worker._POOL._taken, lambda: other  # as one that dies while it decodes
try:
    decode.decode(data, "a picture")
except decode.Unreadable as error:
    print(error.reason[:45])
worker._POOL._taken = taken
print(decode.decode(data, "a picture").samples.sum(), worker._POOL._idle == [copy])
held, until = Path(f"/proc/{copy.process.pid}/fd"), time.monotonic() + 10
while len(list(held.iterdir())) > 3 and time.monotonic() < until:  # it may still be closing what it answered from
    time.sleep(0.01)
print(os.getpgid(copy.process.pid) == copy.process.pid, len(list(held.iterdir())))
"""
    (tmp_path / "p.png").write_bytes(PICTURE)
    said = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == [
        "once! _Copy _Copy",
        "a picture cannot be decoded (KeyError: 'no such row')",
        "the decoder of a picture ended (signal 11) be",
        f"{SMALL.sum()} True",
        "True 3",
    ]


@POSIX
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_who_started_it(end):
    code = (
        "import time; from maskproof.images import worker; worker.start(); "
        "print(worker._POOL._idle[0].process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        child = int(run.stdout.readline())
        run.send_signal(end)
        run.wait()
        # Its end of the way is closed with it, so that reading there ends as well.
        assert ended(child)


def ended(child: int) -> bool:
    for _ in range(600):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().rpartition(") ")[2][0] == "Z":
            return True
        threading.Event().wait(0.1)
    return False


@pytest.mark.threat("T39")
def test_modules_that_lie_in_the_current_folder_are_not_run(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    (tmp_path / "PIL").mkdir()
    (tmp_path / "PIL" / "__init__.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert decodes()
