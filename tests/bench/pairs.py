"""The pairs that are judged: real edits, injected damage, benign processing. Bytes are made where they are judged."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from PIL import Image, ImageOps

from harmless import HARMLESS
from maskproof.gate.named import Named
from maskproof.model import Level
from maskproof.policy import AreaRule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Job:
    """One comparison, and what ought to come of it."""

    group: str
    """real, standard, hard, declared, harmless"""
    case: str
    kind: str
    expected: str
    """pass, block, or either"""
    root: Path
    """folder of the case list"""
    row: tuple[tuple[str, str], ...]
    """the case's line of that list"""
    size: str = ""
    """of injected damage: side over the long side of the picture"""
    areas: tuple[AreaRule, ...] = ()
    level: Level = Level.VISUAL
    process: str = ""
    """row of HARMLESS; empty: the case's own edit"""
    masked: bool = True

    @property
    def editor(self) -> str:
        """The repository that the edit comes from."""
        return dict(self.row)["case"].replace("__", "/").partition("/")[0]

    def inputs(self) -> Named:
        """The bytes to compare."""
        row = dict(self.row)
        mask = (self.root / row["mask"]).read_bytes() if self.masked else None
        mode = row["mask_mode"] if self.masked else None
        if self.process:
            original, edit = processed(self.root / row["original"], self.process)
        else:
            original, edit = ((self.root / row[key]).read_bytes() for key in ("original", "edit"))
        return Named(edit, original, mask, mode)


def real(root: Path) -> Iterator[Job]:
    """The edits of `cases.csv`."""
    for row in rows(root / "cases.csv"):
        yield Job("real", row["case"], row["expected"], row["expected"], root, tuple(row.items()))


def planted(root: Path, out: Path, seed: int, per_case: int, *, hard: bool = False) -> Iterator[Job]:
    """Damage planted by `planted.py`; of the standard ones each also with its area declared, as its kind suggests."""
    folder = out / f"{seed}-{per_case}{'-hard' if hard else ''}"
    if not (folder / "cases.csv").is_file():
        options = ["--seed", str(seed), "--per-case", str(per_case), *(["--hard"] if hard else [])]
        command = [sys.executable, str(root / "planted.py"), str(folder), *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for row in rows(folder / "cases.csv"):
        name = f"seed {seed}, {row['case']}"
        group = "hard" if hard else "standard"
        job = Job(group, name, row["kind"], row["expected"], folder, tuple(row.items()), row["size"])
        yield job
        if hard or row["kind"] not in AREAS:
            continue
        x, y, width, height = (int(value) for value in row["area"].split())
        area = AreaRule(paths=["**"], name="area", kind=AREAS[row["kind"]], box=(x, y, width, height))
        yield replace(job, group="declared", areas=(area,))


AREAS: dict[str, Literal["text", "brand"]] = {
    **dict.fromkeys(("letter", "control"), "text"),
    **dict.fromkeys(("remove", "swap", "recolor", "shift", "blur"), "brand"),
}
"""the kind of area that a careful owner would declare around planted damage"""


def harmless(root: Path) -> Iterator[Job]:
    """Every original, processed in every harmless way; without a mask and with the case's own."""
    for row in rows(root / "cases.csv"):
        for name in HARMLESS:
            for masked in (False, True):
                for level in (Level.VISUAL, Level.STRICT):
                    job = Job("harmless", row["case"], name, "pass", root, tuple(row.items()))
                    yield replace(job, process=name, masked=masked, level=level)


def rows(table: Path) -> list[dict[str, str]]:
    """The lines of a case list."""
    with table.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def upright(path: Path) -> Image.Image:
    """A picture as RGB on white, its numbers taken as sRGB."""
    with Image.open(path) as file:
        picture = ImageOps.exif_transpose(file).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


@lru_cache(maxsize=1)
def processed(path: Path, name: str) -> tuple[bytes, bytes]:
    """Original and edit of one benign processing."""
    return HARMLESS[name](upright(path))
