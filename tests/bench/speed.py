"""What measuring a pair of 3840 x 2160 PNG costs, beside what decoding it costs anyway.

Decoding is Pillow loading both files, one after the other. Measuring is all of `check.compare` but the decoding (of the
mask as well, which is counted on neither side): regions, drift, verdict, with the default limits and no extras. Both in
turn, in one run, because wall time on a shared machine wanders; medians. Memory is the peak of a fresh
`maskproof compare` process, decoding of both included.

    python tests/bench/speed.py [--runs 9] [--markdown]
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

import numpy as np
from PIL import Image

from maskproof.gate.named import Named, compare
from maskproof.images import decode
from maskproof.images import files as files_of_a_run
from maskproof.model import Level
from maskproof.policy import Settings
from maskproof.policy.limits import default_limits
from tables import Table, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

WIDTH, HEIGHT = 3840, 2160
SHARE_TARGET, MEMORY_TARGET = 0.4, 400
GRAIN = 2.4
"""standard deviation of the noise in each channel; with it a PNG of the pair takes about 13 MB, as a photograph does"""
OPENED = (slice(720, 1440), slice(1280, 2560))
"""rows and columns that the mask opens"""
NAMES = ("original", "edit", "mask")


class Spent(NamedTuple):
    """What one run took, in ms."""

    wall: float
    cpu: float
    """of all threads; wanders less than wall time when the machine has other work"""


def draw(folder: Path) -> None:
    """An original like a photograph, an edit with the residue of an editor and a redrawn middle, and the mask."""
    chance = np.random.default_rng(1)
    scene = sum(_octave(chance, cell) for cell in (960, 240, 60, 15, 5))
    original = np.clip(128 + scene + chance.normal(0, GRAIN, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)
    residue = chance.normal(0, 1, (HEIGHT, WIDTH, 1))
    edit = np.clip(original + residue, 0, 255).astype(np.uint8)
    edit[OPENED] = 255 - edit[OPENED]
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[OPENED] = 255
    for name, picture in zip(NAMES, (original, edit, mask), strict=True):
        Image.fromarray(picture).save(folder / f"{name}.png")


def _octave(chance: np.random.Generator, cell: int) -> NDArray[np.float32]:
    """Smooth noise of one size, stronger the larger it is; mostly grey, as scenes are."""
    shape = (HEIGHT // cell + 2, WIDTH // cell + 2)
    planes = chance.normal(0, 1, (1, *shape)) + 0.3 * chance.normal(0, 1, (3, *shape))
    amplitude = 2.5 * cell**0.4
    return np.stack(
        [
            np.asarray(
                Image.fromarray((plane * amplitude).astype(np.float32)).resize(
                    (WIDTH, HEIGHT), Image.Resampling.BICUBIC
                )
            )
            for plane in planes
        ],
        axis=-1,
    )


def process(folder: Path, runs: int) -> tuple[Spent, float]:
    """Median cost and peak memory in MB of `maskproof compare` on the pair."""
    names = [str(folder / f"{name}.png") for name in NAMES]
    command = [sys.executable, "-m", "maskproof", "compare", *names[:2], "--mask", names[2], "--mask-mode", "white"]
    times, peak = [], 0
    for _ in range(runs):
        start = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:
            _, status, used = os.wait4(running.pid, 0)
            running.returncode = os.waitstatus_to_exitcode(status)
        times.append(Spent((time.perf_counter() - start) * 1000, (used.ru_utime + used.ru_stime) * 1000))
        peak = max(peak, used.ru_maxrss)
        if running.returncode not in {0, 1}:
            raise SystemExit("maskproof could not judge the pair")
    median = Spent(*(statistics.median(kind) for kind in zip(*times, strict=True)))
    return median, peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def in_turn(folder: Path, runs: int) -> list[Spent]:
    """Medians of decoding both and of measuring them, after two turns that warm up."""
    files = {name: (folder / f"{name}.png").read_bytes() for name in NAMES}
    decoded = {name: decode.decode(data, name) for name, data in files.items()}
    planes = decode.decode_mask(files["mask"], "mask")
    given = Named(files["edit"], files["original"], files["mask"], "white", *("edit", "original", "mask"))
    settings = Settings(level=Level.VISUAL, limits=default_limits(Level.VISUAL))

    def load() -> None:
        for name in NAMES[:2]:
            Image.open(io.BytesIO(files[name])).load()

    def measure() -> None:
        shown = {"shown_original": decoded["original"], "shown_edit": decoded["edit"]}
        compare(given, settings, lambda _: None, **shown)

    with patch.object(files_of_a_run, "decode_mask", lambda *_: planes):
        turns = [(spent(load), spent(measure)) for _ in range(runs + 2)][2:]
    return [
        Spent(*(statistics.median(kind) for kind in zip(*column, strict=True))) for column in zip(*turns, strict=True)
    ]


def spent(work: Callable[[], None]) -> Spent:
    """The cost of one run."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000)


def measured(runs: int) -> Table:
    """All figures of one run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Drawn elsewhere: a process inherits the peak memory of the one that starts it.
        artist = multiprocessing.get_context("spawn").Process(target=draw, args=(folder,))
        artist.start()
        artist.join()
        size = " and ".join(f"{(folder / f'{one}.png').stat().st_size / 1e6:.1f}" for one in NAMES[:2])
        whole, memory = process(folder, runs)
        decoding, measuring = in_turn(folder, runs)
    share = measuring.wall / decoding.wall
    rows = (
        ("Pillow decodes both", f"{decoding.wall:.0f} ms", f"{decoding.cpu:.0f} ms", ""),
        ("measuring", f"{measuring.wall:.0f} ms", f"{measuring.cpu:.0f} ms", ""),
        (
            "measuring over decoding",
            f"{share:.2f}",
            f"{measuring.cpu / decoding.cpu:.2f}",
            _target(share, SHARE_TARGET, ""),
        ),
        ("`maskproof compare`, the whole process", f"{whole.wall:.0f} ms", f"{whole.cpu:.0f} ms", ""),
        ("its peak memory", f"{memory:.0f} MB", "", _target(memory, MEMORY_TARGET, " MB")),
    )
    title = f"Speed: a pair of {WIDTH} x {HEIGHT}, PNG of {size} MB, medians of {runs}"
    return Table(title, ("what", "wall time", "CPU time", "target"), rows)


def _target(value: float, target: float, unit: str) -> str:
    return f"at most {target:g}{unit}: {'met' if value <= target else 'missed'}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    show([measured(args.runs)], markdown=args.markdown)


if __name__ == "__main__":
    main()
