"""What a commit with many large images costs, beside what decoding them costs anyway.

A commit of recorded edits of 3840 x 2160 is checked as the hook does it, the decoding worker on; beside it Pillow loads
the same files in a pool of two threads, and, where npm installed them, other tools compare the same pairs, two at a
time, without a picture of the difference. All in turn, in one run, because wall time on a shared machine wanders;
medians. The same commit again is answered from the verdict cache. Then the commit without the compiled helper, and the
largest memory of a process.

    python tests/bench/commit_with_images.py [--pairs 20] [--runs 5] [--markdown]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from maskproof.images import rows as png_rows
from tables import Table, show

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH, HEIGHT = 3840, 2160
DECODE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from PIL import Image
def load(name):
    Image.open(name).load()
with ThreadPoolExecutor(2) as pool:
    list(pool.map(load, sys.argv[1:]))
"""
PAIRS = """
import subprocess, sys
from concurrent.futures import ThreadPoolExecutor
def compare(pair):
    subprocess.run([sys.argv[1], *pair.split(":"), *sys.argv[2].split()], stdout=subprocess.DEVNULL)
with ThreadPoolExecutor(2) as pool:
    list(pool.map(compare, sys.argv[3:]))
"""
TOOLS = {"odiff": "--parsable-stdout", "blazediff": ""}
"""programs of other tools, looked for on the PATH, and what they are told beside the two pictures"""


class Spent(NamedTuple):
    """What one run took."""

    wall: float
    """seconds"""
    cpu: float
    """seconds of the process and all that it started"""
    memory: float
    """MB, of its largest process"""


def draw(folder: Path, pairs: int) -> None:
    """Originals with the noise of a camera, edits with a blur over all and a redrawn middle, one mask; recorded."""
    chance = np.random.default_rng(5)
    for number in range(pairs):
        scene = Image.fromarray(chance.integers(0, 255, (HEIGHT // 60, WIDTH // 60, 3), np.uint8))
        scene = np.asarray(scene.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.int16)
        original = np.clip(scene + chance.normal(0, 3, scene.shape), 0, 255).astype(np.uint8)
        Image.fromarray(original).save(folder / f"o{number}.png")
        edit = np.array(Image.fromarray(original).filter(ImageFilter.GaussianBlur(0.6)))
        edit[800:1200, 1000:1600] = edit[800:1200, 1000:1600][::-1]
        Image.fromarray(edit).save(folder / f"e{number}.png")
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[780:1220, 980:1620] = 255
    Image.fromarray(mask).save(folder / "m.png")


def repository(folder: Path, pairs: int) -> None:
    """Originals and mask committed, edits recorded and staged."""

    def run(*command: str) -> None:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)

    run("git", "init", "-q")
    run("git", "add", "m.png", *(f"o{number}.png" for number in range(pairs)))
    run("git", "-c", "user.name=bench", "-c", "user.email=bench@example.invalid", "commit", "-q", "-m", "Originals")
    for number in range(pairs):
        record = ("record", f"e{number}.png", "--original", f"o{number}.png", "--mask", "m.png", "--mask-mode", "white")
        run(sys.executable, "-m", "maskproof", *record)
    run("git", "add", "-A")


def spent(command: list[str], folder: Path) -> Spent:
    """The cost of one run."""
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Spent(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / unit)


def measured(pairs: int, runs: int) -> Table:
    """All figures of one run."""
    again = [sys.executable, "-m", "maskproof", "check", "--staged", "--cache"]
    check = [*again[:-1], "--no-cache"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Drawn elsewhere: a process inherits the peak memory of the one that starts it.
        artist = multiprocessing.get_context("spawn").Process(target=draw, args=(folder, pairs))
        artist.start()
        artist.join()
        repository(folder, pairs)
        files = [f"{kind}{number}.png" for number in range(pairs) for kind in "oe"]
        sides = [f"o{number}.png:e{number}.png" for number in range(pairs)]
        tools = {tool: found for tool in TOOLS if (found := shutil.which(tool))}
        work: dict[str, Callable[[], Spent]] = {
            "Pillow decodes all": lambda: spent([sys.executable, "-c", DECODE, *files, "m.png"], folder),
            "maskproof check": lambda: spent(check, folder),
            "the same commit again": lambda: spent(again, folder),
            **{
                tool: lambda tool=tool, found=found: spent(  # type: ignore[misc]
                    [sys.executable, "-c", PAIRS, found, TOOLS[tool], *sides], folder
                )
                for tool, found in tools.items()
            },
        }
        spent(again, folder)
        turns = [{what: one() for what, one in work.items()} for _ in range(runs)]
        slow = without_helper(lambda: spent(check, folder), runs)
    found = {what: [turn[what] for turn in turns] for what in work} | slow
    base = found["Pillow decodes all"]
    rows = [_row(what, times, base) for what, times in found.items()]
    title = f"A commit of {pairs} pairs of {WIDTH} x {HEIGHT}, PNG; medians of {runs}; {png_rows.ways()[0]}"
    return Table(title, ("what", "wall time", "CPU time", "over decoding: wall", "CPU", "largest process"), rows)


def without_helper(work: Callable[[], Spent], runs: int) -> dict[str, list[Spent]]:
    """The same where nothing was compiled."""
    helper = Path(png_rows.__file__).with_name(png_rows.HELPER)
    if not helper.is_file():
        return {}
    aside = helper.with_suffix(".aside")
    helper.rename(aside)
    try:
        return {"maskproof check, without the helper": [work() for _ in range(runs)]}
    finally:
        aside.rename(helper)


def _row(what: str, times: list[Spent], base: list[Spent]) -> tuple[str, ...]:
    wall, cpu = (statistics.median(getattr(one, kind) for one in times) for kind in ("wall", "cpu"))
    over = [statistics.median(getattr(one, kind) for one in base) for kind in ("wall", "cpu")]
    memory = max(one.memory for one in times)
    return what, f"{wall:.2f} s", f"{cpu:.2f} s", f"{wall / over[0]:.2f}", f"{cpu / over[1]:.2f}", f"{memory:.0f} MB"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    show([measured(args.pairs, args.runs)], markdown=args.markdown)


if __name__ == "__main__":
    main()
