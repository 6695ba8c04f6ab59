"""What restoring a 3840 x 2160 PNG costs, beside what Pillow needs to decode and encode that picture once.

Pillow decodes the original and encodes it at zlib's level of our own encoder. Restoring is all of `restore.compose`:
walking, decoding and checking both files and the mask, registration, pasting, encoding, and decoding what was written
to see that it is right. Three edits: one that only has to be pasted, one whose tone has to be corrected, one whose
frame moved. The whole command is a process of its own in a scratch repository: it measures drift before and after as
well, and keeps what it replaces in Git. All in turn, in one run, since wall time on a shared machine wanders; medians.

    python tests/bench/restore.py [--runs 5] [--markdown]
"""

from __future__ import annotations

import argparse
import io
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from maskproof.gate.named import Named
from maskproof.images import encode
from maskproof.policy import from_file
from maskproof.restore import Options, Restored, compose, decode_sources
from speed import NAMES, OPENED, draw
from tables import Table, show

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from projects import MASKPROOF, Scratch

if TYPE_CHECKING:
    from collections.abc import Callable

TARGET = 2.5
"""times decoding and encoding once"""
PILLOW = "Pillow decodes and encodes once"
SETTINGS = from_file(None, "edit.png", None, lambda _: None)


class Spent(NamedTuple):
    """Seconds."""

    wall: float
    cpu: float
    """of all threads; wanders less when the machine has other work"""


def edits(folder: Path) -> dict[str, bytes]:
    """Edits of the original, as PNG."""
    original = np.asarray(Image.open(folder / "original.png"))
    chance = np.random.default_rng(2)
    residue = chance.normal(0, 1, (*original.shape[:2], 1))
    held = np.clip(original + residue, 0, 255).astype(np.uint8)
    lifted = np.clip(original * 0.95 + 20 + residue, 0, 255).astype(np.uint8)
    made = {"pasted as it is": held, "its tone corrected": lifted, "its frame moved by 9 px": np.roll(held, 9, axis=1)}
    for picture in made.values():
        middle = picture[OPENED]
        middle[200:-200, 300:-300] = 255 - middle[200:-200, 300:-300]
    return {name: _png(picture) for name, picture in made.items()}


def _png(picture: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG", compress_level=1)
    return out.getvalue()


def pillow(data: bytes) -> None:
    """Decode and encode once."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    picture.save(io.BytesIO(), "PNG", compress_level=encode.LEVEL)


def repository(folder: Path, root: Path) -> Scratch:
    """A repository with the original and the mask."""
    root.mkdir()
    project = Scratch(root)
    project.git("init", "-q", "-b", "main")
    for one in ("original", "mask"):
        project.write(f"{one}.png", (folder / f"{one}.png").read_bytes())
    project.commit("Start")
    return project


def command(project: Scratch, edit: bytes) -> Spent:
    """What `maskproof restore` takes."""
    project.write("edit.png", edit)
    mask = ("--mask", "mask.png", "--mask-mode", "white")
    project.run(*MASKPROOF, "record", "edit.png", "--original", "original.png", *mask)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = time.perf_counter()
    done = project.maskproof("restore", "edit.png", "--force")
    wall = time.perf_counter() - wall
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if "1 restored" not in done.stdout:
        raise SystemExit(done.stdout + done.stderr)
    return Spent(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def spent(work: Callable[[], object]) -> Spent:
    """What one piece of work in this process takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def measured(runs: int) -> Table:
    """All figures of one run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw(folder)
        original, _, mask = ((folder / f"{one}.png").read_bytes() for one in NAMES)
        project = repository(folder, folder / "repository")
        work: dict[str, Callable[[], Spent]] = {PILLOW: lambda: spent(lambda: pillow(original))}
        for kind, data in edits(folder).items():
            given = Named(data, original, mask, "white", "edit.png", "the original", "the mask")
            made = restored(given)
            work[f"restoring, {kind} ({made.method})"] = lambda given=given: spent(lambda: restored(given))
            work[f"the whole command, {kind}"] = lambda data=data: command(project, data)
        turns = [{name: one() for name, one in work.items()} for _ in range(runs)]
    medians = {
        name: Spent(*(statistics.median(column) for column in zip(*(turn[name] for turn in turns), strict=True)))
        for name in work
    }
    base = medians[PILLOW]
    rows = [
        (
            name,
            f"{one.wall:.2f} s",
            f"{one.cpu:.2f} s",
            f"{one.wall / base.wall:.2f}",
            f"{one.cpu / base.cpu:.2f}",
            "" if name == PILLOW else f"at most {TARGET:g}: {'met' if one.wall <= TARGET * base.wall else 'missed'}",
        )
        for name, one in medians.items()
    ]
    size = len(original) / 1e6
    title = f"Restoring a picture of 3840 x 2160, PNG of {size:.1f} MB, zlib level {encode.LEVEL}, medians of {runs}"
    return Table(title, ("what", "wall time", "CPU time", "wall / Pillow", "CPU / Pillow", "target"), tuple(rows))


def restored(given: Named) -> Restored:
    """One edit, from bytes to bytes."""
    return compose(decode_sources(given), SETTINGS, lambda _: None, Options())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    show([measured(args.runs)], markdown=args.markdown)


if __name__ == "__main__":
    main()
