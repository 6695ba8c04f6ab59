"""The most memory that judging large pictures takes: all processes of a run together.

`compare` of one pair of 48 million pixels in each format, and a commit of 20 recorded pairs of 3840 x 2160. Memory that
processes share is counted once (proportional set size, Linux), looked at 50 times a second; so a peak of some
milliseconds may be missed. With `--pairs 0` the commit is left out.

    python tests/bench/memory.py [--size 8000x6000] [--formats png,jpg,webp] [--pairs 20] [--markdown]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import commit_with_images
import one_pair
from repositories import HOOKS, machine, maskproof
from tables import Table, show

TARGETS = {"png": 800, "jpg": 800, "webp": 1100}
"""MB for a pair of 8000 x 6000"""
COMMIT_TARGET = 600
"""MB for 20 pairs of 3840 x 2160"""
LOOK_SECONDS = 0.02


def peak(command: list[str], folder: Path, kinds: tuple[str, ...] = ("Pss",)) -> tuple[float, int]:
    """MB of all processes of a run at once, at the most, and how it ended; `kinds` are rows of `smaps_rollup`."""
    environment = {key: value for key, value in os.environ.items() if key not in {"CI", "PYTHONDONTWRITEBYTECODE"}}
    environment |= {"PYTHONPATH": str(HOOKS)}
    null, most = subprocess.DEVNULL, 0
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=null, stderr=null) as running:
        while running.poll() is None:
            most = max(most, sum(_held(pid, kinds) for pid in _family(running.pid)))
            time.sleep(LOOK_SECONDS)
    return most / 1024, running.returncode


def _family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(one) for task in tasks for one in (task / "children").read_text().split()]
    except OSError:  # it ended meanwhile
        return []
    return [pid, *(further for child in children for further in _family(child))]


def _held(pid: int, kinds: tuple[str, ...]) -> int:
    """kB of one process, of what it shares its part."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.partition(":")[0] in kinds)


def pair(size: str, kind: str) -> tuple[str, ...]:
    """The row of one pair."""
    with tempfile.TemporaryDirectory() as name:
        one_pair.drawn(Path(name), size, kind)
        files = sum(file.stat().st_size for file in Path(name).iterdir()) / 1e6
        held, status = peak(one_pair.compared(kind), Path(name))
    return (
        f"`compare`, {size}, {kind}, files of {files:.0f} MB",
        f"{held:.0f} MB",
        f"{TARGETS[kind]} MB",
        _ended(status),
    )


def commit(pairs: int) -> tuple[str, ...]:
    """The row of the commit."""
    with tempfile.TemporaryDirectory() as name:
        artist = multiprocessing.get_context("spawn").Process(target=commit_with_images.draw, args=(Path(name), pairs))
        artist.start()
        artist.join()
        commit_with_images.repository(Path(name), pairs)
        held, status = peak(maskproof("check", "--staged", "--no-cache"), Path(name))
    return f"`check`, {pairs} pairs of 3840x2160, png", f"{held:.0f} MB", f"{COMMIT_TARGET} MB", _ended(status)


def _ended(status: int) -> str:
    return {0: "passed", 1: "blocked"}.get(status, f"not judged ({status})")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="8000x6000")
    parser.add_argument("--formats", default="png,jpg,webp")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    if sys.platform != "linux":
        raise SystemExit("memory of a whole run is known on Linux alone")
    rows = [pair(args.size, kind) for kind in filter(None, args.formats.split(","))]
    rows += [commit(args.pairs)] if args.pairs else []
    heads = ("what", "memory of all processes", "target", "judged")
    show([Table(f"Memory at its peak; {machine()}", heads, tuple(rows))], markdown=args.markdown)


if __name__ == "__main__":
    main()
