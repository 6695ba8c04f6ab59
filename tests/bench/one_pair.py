"""What comparing one pair from scratch costs, beside other tools and beside decoding it.

`maskproof compare` of a pair of PNG files as a whole process, start included; beside it Python with Pillow decoding
both, and, where npm installed them (`npm i odiff-bin @blazediff/bin`; name the folder `node_modules`), the native
programs of odiff and blazediff, with their picture and without it. In turn, medians of CPU time.

    python tests/bench/one_pair.py [--sizes 1024x1024,3840x2160] [--modules node_modules] [--runs 7] [--markdown]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from repositories import machine, maskproof, spent
from tables import Table, show

TARGET = 2.5
"""times odiff writing its picture, at 1024 x 1024"""
DECODE = "import sys; from PIL import Image; [Image.open(name).load() for name in sys.argv[1:]]"
NATIVE = {"odiff": "@odiff/*/odiff*", "blazediff": "@blazediff/bin-*/blazediff*"}


def draw(folder: Path, width: int, height: int) -> None:
    """A pair with the noise of a camera, an edit blurred a little with a redrawn middle, and its mask."""
    chance = np.random.default_rng(5)
    small = Image.fromarray(chance.integers(0, 255, (height // 60, width // 60, 3), np.uint8))
    scene = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), np.int16)
    original = np.clip(scene + chance.normal(0, 3, scene.shape), 0, 255).astype(np.uint8)
    opened = (slice(height // 3, height // 2), slice(width // 3, width // 2))
    edit = np.array(Image.fromarray(original).filter(ImageFilter.GaussianBlur(0.6)))
    edit[opened] = edit[opened][::-1]
    mask = np.zeros((height, width), np.uint8)
    mask[height // 3 - 20 : height // 2 + 20, width // 3 - 20 : width // 2 + 20] = 255
    for name, samples in (("o", original), ("e", edit), ("m", mask)):
        Image.fromarray(samples).save(folder / f"{name}.png")


def measured(size: str, modules: Path | None, runs: int) -> Table:
    """The table of one size."""
    width, height = map(int, size.split("x"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        code = f"import one_pair; from pathlib import Path; one_pair.draw(Path({name!r}), {width}, {height})"
        subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, check=True)
        work = {
            "`maskproof compare`": maskproof("compare", "o.png", "e.png", "--mask", "m.png", "--mask-mode", "white"),
            "Pillow decodes both": [sys.executable, "-c", DECODE, "o.png", "e.png"],
        }
        for tool, place in NATIVE.items() if modules else ():
            for found in sorted(modules.resolve().glob(place))[:1] if modules else ():
                work[f"{tool}, with its picture"] = [str(found), "o.png", "e.png", "out.png"]
                work[f"{tool}, without"] = [str(found), "o.png", "e.png"]
        turns = [{what: spent(command, folder, {0, 1, 22}) for what, command in work.items()} for _ in range(runs)]
    medians = {what: statistics.median(turn[what].cpu for turn in turns) for what in work}
    own = medians["`maskproof compare`"]
    rows = tuple(
        (what, f"{cpu * 1000:.0f} ms", f"{own / cpu:.1f}", f"{max(turn[what].memory for turn in turns):.0f} MB")
        for what, cpu in medians.items()
    )
    note = f"Target: at most {TARGET:g} times odiff with its picture." if size == "1024x1024" else ""
    return Table(
        f"One pair of {size}, PNG, medians of {runs}; {machine()}",
        ("what", "CPU time", "maskproof over it", "memory"),
        rows,
        note,
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1024x1024,3840x2160")
    parser.add_argument("--modules", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    show([measured(one, args.modules, args.runs) for one in args.sizes.split(",")], markdown=args.markdown)


if __name__ == "__main__":
    main()
