"""What judging costs where many processes share it: a manifest alone, two processes, a Dask cluster of two workers.

Pairs of 512 x 512 in a folder, ten edits of each original, judged with `check --manifest` by one process, by two, by
two Dask workers, and by two of which one is killed half way. Wall time of the whole command, in turn, the median of the
rounds; all reports have to be the same to the byte. The extra [dask] has to be installed.

    python tests/bench/many.py [--count 1000] [--rounds 3] [--markdown]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from repositories import HOOKS, machine, maskproof, spent
from tables import Table, show

if TYPE_CHECKING:
    from collections.abc import Iterator

SIDE = 512
BOX = (120, 120, 240, 240)
"""what the mask opens"""


def archive(folder: Path, count: int) -> None:
    """Pairs of pictures with a grain, every seventh edit with a patch that is not allowed, and their manifest."""
    random = np.random.default_rng(1)
    mask = Image.new("L", (SIDE, SIDE))
    mask.paste(255, BOX)
    mask.save(folder / "mask.png")
    rows = ["edit,original,mask,mask_mode"]
    for number in range(count):
        if number % 10 == 0:
            coarse = random.integers(0, 256, (9, 9, 3), np.uint8)
            smooth = np.asarray(Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.int16)
            samples = np.clip(smooth + random.normal(0, 3, smooth.shape), 0, 255).astype(np.uint8)
            Image.fromarray(samples).save(folder / f"o{number}.png", compress_level=1)
        edit = samples.copy()
        edit[140:220, 140:220] = random.integers(0, 256, 3)
        if number % 7 == 0:
            edit[300:340, 300:340] = 255 - edit[300:340, 300:340]
        Image.fromarray(edit).save(folder / f"e{number}.png", compress_level=1)
        rows.append(f"e{number}.png,o{number // 10 * 10}.png,mask.png,white")
    (folder / "pairs.csv").write_text("\n".join(rows) + "\n")


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler, and its workers, one thread each."""
    file = folder / "scheduler.json"
    base = [sys.executable, "-m"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = [*base, "distributed.cli.dask_scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard"]
    worker = [*base, "distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    where = ["--scheduler-file", str(file)]
    started = [subprocess.Popen([*scheduler, *where], **quiet)]
    started += [subprocess.Popen([*worker, *where, "--local-directory", str(folder)], **quiet) for _ in range(workers)]
    try:
        while not file.exists() or not file.read_text():
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        from distributed import Client

        with Client(address) as client:
            client.wait_for_workers(workers)
        yield address, started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


def measured(count: int, rounds: int) -> Table:
    """A row for each way."""
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as spare:
        folder = Path(name)
        archive(folder, count)
        check = ("check", "--manifest", "pairs.csv", "--no-cache", "--format", "json", "--output")
        ways = ("one process, one thread", "--jobs 2", "--scheduler, two workers")
        times: dict[str, list[float]] = {way: [] for way in ways}
        memory: dict[str, float] = dict.fromkeys(ways, 0.0)
        with cluster(Path(spare)) as (address, _):
            for _ in range(rounds):
                for way, option in zip(ways, (("--jobs", "1"), ("--jobs", "2"), ("--scheduler", address)), strict=True):
                    took = spent(maskproof(*check, f"{spare}/{ways.index(way)}.json", *option), folder)
                    times[way].append(took.wall)
                    memory[way] = max(memory[way], took.memory)
        lost = "one of the two killed half way"
        again = Path(spare) / "again"
        again.mkdir()
        with cluster(again) as (address, workers):
            began = time.perf_counter()
            run = subprocess.Popen(
                maskproof(*check, f"{spare}/3.json", "--scheduler", address), cwd=folder, stdout=subprocess.DEVNULL
            )
            time.sleep(median(times[ways[2]]) / 2)
            os.kill(workers[0].pid, signal.SIGKILL)
            run.wait()
            times[lost], memory[lost] = [time.perf_counter() - began], 0.0
        reports = {Path(f"{spare}/{number}.json").read_bytes() for number in range(4)}
    plain = median(times[ways[0]])
    rows = tuple(
        (
            way,
            f"{median(took):.1f} s",
            f"{median(took) / count * 1000:.1f} ms",
            f"{plain / median(took):.2f}",
            "" if not memory[way] else f"{memory[way]:.0f} MB",
            "yes" if len(reports) == 1 else "NO",
        )
        for way, took in times.items()
    )
    heads = ("way", "wall", "a pair", "times as fast", "largest process here", "reports equal")
    return Table(f"check --manifest, {count:,} pairs of {SIDE} x {SIDE}; {machine()}", heads, rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    os.environ["PYTHONPATH"] = str(HOOKS)  # of the workers as well
    show([measured(args.count, args.rounds)], markdown=args.markdown)


if __name__ == "__main__":
    main()
