"""What comparing one pair from scratch costs, beside other tools and beside decoding it.

`maskproof compare` of a pair as a whole process, start included; beside it Python with Pillow decoding both, and, where
npm installed them (`npm i odiff-bin @blazediff/bin`; name the folder `node_modules`), the native programs of odiff and
blazediff, with their picture and without it, and ImageMagick where it is. A tool that refuses a format has no row. In
turn, medians of CPU time; memory is that of the largest process.

    python tests/bench/one_pair.py [--sizes 1024x1024,1536x1024,3840x2160,8000x6000] [--formats png,jpg,webp]
        [--modules node_modules] [--runs 7] [--markdown]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from repositories import machine, maskproof, spent
from tables import Table, show

TARGET = 2.5
"""times odiff writing its picture, at 1024 x 1024"""
DECODE = "import sys; from PIL import Image; [Image.open(name).load() for name in sys.argv[1:]]"
ROWS = 512
"""rows that get their noise at once"""
WAYS: dict[str, dict[str, Any]] = {"png": {}, "jpg": {"quality": 92}, "webp": {"quality": 92}}
"""formats, and how they are written"""
NATIVE = {"odiff": "@odiff/*/odiff*", "blazediff": "@blazediff/bin-*/blazediff*"}


def draw(folder: Path, width: int, height: int, kind: str = "png") -> None:
    """A pair with the noise of a camera, an edit blurred a little with a redrawn middle, and its mask."""
    chance = np.random.default_rng(5)
    small = Image.fromarray(chance.integers(0, 255, (height // 60, width // 60, 3), np.uint8))
    original = np.array(small.resize((width, height), Image.Resampling.BICUBIC))
    for top in range(0, height, ROWS):  # a large picture as floats would be 1 GB
        strip = original[top : top + ROWS]
        strip[:] = np.clip(strip + chance.normal(0, 3, strip.shape), 0, 255).astype(np.uint8)
    opened = (slice(height // 3, height // 2), slice(width // 3, width // 2))
    edit = np.array(Image.fromarray(original).filter(ImageFilter.GaussianBlur(0.6)))
    edit[opened] = edit[opened][::-1]
    mask = np.zeros((height, width), np.uint8)
    mask[height // 3 - 20 : height // 2 + 20, width // 3 - 20 : width // 2 + 20] = 255
    for name, samples in ((f"o.{kind}", original), (f"e.{kind}", edit), ("m.png", mask)):
        Image.fromarray(samples).save(folder / name, **WAYS[kind])


def drawn(folder: Path, size: str, kind: str) -> None:
    """The same in a process of its own: each process inherits the peak memory of the one that starts it."""
    width, height = map(int, size.split("x"))
    code = f"import one_pair, pathlib; one_pair.draw(pathlib.Path({str(folder)!r}), {width}, {height}, {kind!r})"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, check=True)


def compared(kind: str) -> list[str]:
    """`maskproof compare` of the pair."""
    return maskproof("compare", f"o.{kind}", f"e.{kind}", "--mask", "m.png", "--mask-mode", "white")


def measured(size: str, kind: str, modules: Path | None, runs: int) -> Table:
    """The table of one size and format."""
    pair = [f"o.{kind}", f"e.{kind}"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        drawn(folder, size, kind)
        own, decode = compared(kind), [sys.executable, "-c", DECODE, *pair]
        work = {"`maskproof compare`": own, "Pillow decodes both": decode}
        for tool, place in NATIVE.items() if modules else ():
            for found in sorted(modules.resolve().glob(place))[:1] if modules else ():
                work[f"{tool}, with its picture"] = [str(found), *pair, "out.png"]
                work[f"{tool}, without"] = [str(found), *pair]
        if magick := shutil.which("magick"):
            work["ImageMagick, with its picture"] = [magick, "compare", *pair, "out.png"]
        work = {what: command for what, command in work.items() if command in (own, decode) or _works(command, folder)}
        turns = [{what: spent(command, folder, {0, 1, 22}) for what, command in work.items()} for _ in range(runs)]
    medians = {what: statistics.median(turn[what].cpu for turn in turns) for what in work}
    first = medians["`maskproof compare`"]
    rows = tuple(
        (what, f"{cpu * 1000:.0f} ms", f"{first / cpu:.1f}", f"{max(turn[what].memory for turn in turns):.0f} MB")
        for what, cpu in medians.items()
    )
    note = f"Target: at most {TARGET:g} times odiff with its picture." if (size, kind) == ("1024x1024", "png") else ""
    return Table(
        f"One pair of {size}, {kind}, medians of {runs}; {machine()}",
        ("what", "CPU time", "maskproof over it", "memory"),
        rows,
        note,
    )


def _works(command: list[str], folder: Path) -> bool:
    """Does a tool take these files? ImageMagick ends with 2 where it does not, blazediff too."""
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode in {0, 1, 22}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1024x1024,3840x2160")
    parser.add_argument("--formats", default="png")
    parser.add_argument("--modules", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    pairs = product(args.sizes.split(","), args.formats.split(","))
    show([measured(size, kind, args.modules, args.runs) for size, kind in pairs], markdown=args.markdown)


if __name__ == "__main__":
    main()
