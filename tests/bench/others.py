"""Other image comparers on the same pairs, each at its best threshold in hindsight.

What the mask opens, and the border around it that maskproof leaves out too, is painted grey in both pictures first; an
edit of another size is scaled to the original's. A tool's best threshold is the largest value it gives to a pair that
must pass (so it has no false block at all), and of several settings of a tool the one that catches most is taken. Both
are chosen on the pairs that are counted, for real edits and injected damage apart, which favours the tool.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from maskproof import regions
from maskproof.drift.border import BORDER
from maskproof.drift.frame import Frame, align, shown
from maskproof.drift.grid import grown
from maskproof.images import decode
from maskproof.model import Level
from tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from pairs import Job

GREY = 128
STEPS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.6)
"""differences of one pixel's colour from which odiff and pixelmatch count it; 0.1 is their default"""
COUNT_WITH_PIXELMATCH = """
import { readFileSync } from "node:fs";
import { PNG } from "pngjs";
import pixelmatch from "pixelmatch";
const [first, second] = process.argv.slice(2, 4).map((name) => PNG.sync.read(readFileSync(name)));
const count = (threshold) => pixelmatch(first.data, second.data, null, first.width, first.height, { threshold });
console.log(JSON.stringify(process.argv.slice(4).map((step) => count(Number(step)))));
"""


@dataclass(frozen=True)
class Blanked:
    """One pair with the editable area grey in both, as pictures and as files."""

    first: Image.Image
    second: Image.Image
    folder: Path
    node: Path
    names: tuple[Path, Path] = field(init=False)

    def __post_init__(self) -> None:
        names = self.folder / "first.png", self.folder / "second.png"
        for picture, name in zip((self.first, self.second), names, strict=True):
            picture.save(name, compress_level=1)
        object.__setattr__(self, "names", names)

    @cached_property
    def pixels(self) -> int:
        """Of one picture, so that counts become shares."""
        return self.first.width * self.first.height


def odiff(pair: Blanked) -> dict[str, float]:
    """Share of pixels that differ."""
    return {f"step {step:g}": _odiff(pair, step) for step in STEPS}


def _odiff(pair: Blanked, step: float) -> float:
    tool = pair.node / "node_modules" / ".bin" / "odiff"
    done = _run(tool, *pair.names, pair.folder / "odiff.png", "--parsable-stdout", "--threshold", step, ok=(0, 22))
    return float(done.stdout.split(";")[0] or 0) / pair.pixels


def pixelmatch(pair: Blanked) -> dict[str, float]:
    """Share of pixels that differ."""
    done = _run("node", pair.node / "count.mjs", *pair.names, *STEPS)
    counts = json.loads(done.stdout)
    return {f"step {step:g}": count / pair.pixels for step, count in zip(STEPS, counts, strict=True)}


def ssim(pair: Blanked) -> dict[str, float]:
    """One minus SSIM of luma: the mean over the picture, and its lowest window."""
    from skimage.metrics import structural_similarity

    first, second = (np.asarray(one.convert("L")) for one in (pair.first, pair.second))
    mean, full = structural_similarity(first, second, data_range=255, full=True)  # type: ignore[no-untyped-call]
    return {"mean": 1 - float(mean), "lowest window": 1 - float(full.min())}


def dhash(pair: Blanked) -> dict[str, float]:
    """Bits that differ, of 256."""
    import imagehash

    first, second = (imagehash.dhash(one, hash_size=16) for one in (pair.first, pair.second))
    return {"256 bits": float(first - second)}


def magick(pair: Blanked, metric: str) -> dict[str, float]:
    """ImageMagick's `compare -metric`."""
    done = _run("compare", "-metric", metric, *pair.names, "null:", ok=(0, 1))
    return {"default": float(re.split(r"[ (]", done.stderr.strip())[0])}


MEASURES: dict[str, Callable[[Blanked], dict[str, float]]] = {
    "odiff": odiff,
    "pixelmatch": pixelmatch,
    "SSIM (scikit-image)": ssim,
    "dHash": dhash,
    "ImageMagick PHASH": partial(magick, metric="PHASH"),
    "ImageMagick RMSE": partial(magick, metric="RMSE"),
}


def left_out(node: Path) -> dict[str, str]:
    """Tools that are not to be had here, and why."""
    missing: dict[str, str] = {}
    if reason := _node(node):
        missing |= {"odiff": reason, "pixelmatch": reason}
    for name, module in (("SSIM (scikit-image)", "skimage"), ("dHash", "imagehash")):
        if importlib.util.find_spec(module) is None:
            missing[name] = f"the Python package {module} is not installed"
    if shutil.which("compare") is None:
        missing |= dict.fromkeys(("ImageMagick PHASH", "ImageMagick RMSE"), "`compare` of ImageMagick is not installed")
    return missing


def _node(folder: Path) -> str:
    """Install the npm packages into a folder of their own; the reason where that fails."""
    if shutil.which("npm") is None:
        return "npm is not installed"
    folder.mkdir(parents=True, exist_ok=True)
    if not all((folder / "node_modules" / name).is_dir() for name in ("odiff-bin", "pixelmatch", "pngjs")):
        command = ["npm", "install", "--no-audit", "--prefix", str(folder), "odiff-bin", "pixelmatch", "pngjs"]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            return "npm could not install it"
    (folder / "count.mjs").write_text(COUNT_WITH_PIXELMATCH, encoding="utf-8")
    return ""


def scores(job: Job, node: Path, names: tuple[str, ...]) -> dict[tuple[str, str], float]:
    """What each tool says of one pair, by tool and setting."""
    given = job.inputs()
    original, edit = decode.decode(given.original, "the original"), decode.decode(given.edit, "the edit")
    planes = None if given.mask is None else decode.decode_mask(given.mask, "the mask")
    opened = regions.editable(planes, given.mask_mode, original.size, original.alpha)
    opened = grown(opened, round(BORDER[Level.VISUAL] * max(opened.shape)))
    placed = align(original, edit, Frame())
    pictures = []
    for samples, alpha in ((original.samples, original.alpha), (placed.samples, placed.alpha)):
        picture = shown(samples, alpha).copy()
        picture[opened] = GREY
        pictures.append(Image.fromarray(picture))
    with tempfile.TemporaryDirectory() as folder:
        pair = Blanked(pictures[0], pictures[1], Path(folder), node)
        return {(name, setting): value for name in names for setting, value in MEASURES[name](pair).items()}


def side_by_side(judged: list[tuple[Job, str]], node: Path, pool: Executor) -> list[Table]:
    """How many each tool catches without a false block, beside maskproof's verdicts at its defaults."""
    missing = left_out(node)
    names = tuple(name for name in MEASURES if name not in missing)
    jobs = [job for job, _ in judged if job.expected != "either"]
    measured = list(pool.map(scores, jobs, [node] * len(jobs), [names] * len(jobs), chunksize=4))
    held = [found for job, found in zip(jobs, measured, strict=True) if (job.group, job.expected) == ("real", "pass")]
    lines = []
    for name in names:
        cells = [name]
        for group in ("real", "standard"):
            mine = [(job, found) for job, found in zip(jobs, measured, strict=True) if job.group == group]
            good = [found for job, found in mine if job.expected == "pass"] + (held if group == "standard" else [])
            cells.append(_best(name, [found for job, found in mine if job.expected == "block"], good))
        lines.append(tuple(cells))
    ours = ["maskproof, default limits"]
    for group in ("real", "standard"):
        bad = [verdict for job, verdict in judged if job.group == group and job.expected == "block"]
        false = sum(verdict != "pass" for job, verdict in judged if job.group == group and job.expected == "pass")
        ours.append(_told(sum(one == "block" for one in bad), len(bad), f"{false} false positives"))
    lines += [tuple(ours), *((name, f"left out: {reason}", "") for name, reason in missing.items())]
    head = ("tool", "real edits caught", "injected damage caught")
    return [Table("Side by side, others at their best threshold in hindsight (no false block)", head, tuple(lines))]


def _best(name: str, bad: list[dict[Any, float]], good: list[dict[Any, float]]) -> str:
    """The setting that catches most at the lowest threshold that blocks nothing which must pass."""
    if not bad or not good:
        return "none"
    tried = []
    for setting in (key for key in good[0] if key[0] == name):
        threshold = max(found[setting] for found in good)
        tried.append((sum(found[setting] > threshold for found in bad), setting[1], threshold))
    caught, setting, threshold = max(tried, key=lambda one: one[0])
    return _told(caught, len(bad), f"{setting}, over {threshold:.4g}")


def _told(caught: int, of: int, how: str) -> str:
    return f"{caught} of {of} ({caught / max(of, 1):.3f}); {how}"


def _run(*command: object, ok: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode not in ok:
        raise SystemExit(f"{command[0]} failed ({done.returncode}): {done.stdout}{done.stderr}")
    return done
