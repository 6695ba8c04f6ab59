"""Twelve genres of pictures: harmless processing of each must pass, damage to each must block.

    python tests/bench/genres.py [--cases ../shared/cases] [--jobs 2] [--save FOLDER] [--csv FILE] [--markdown]

Pictures are drawn by `drawn.py`, come with scikit-image, and, where the folder of real edits is given, are its
originals. In each the middle sixth is the mask, and something changed in it. The table of PROCESSES is applied to the
whole picture; `damage.py` plants KINDS outside the mask, and the edit is stored as it is or as JPEG 90.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import skimage
from PIL import Image, ImageDraw

from damage import KINDS, Planted, planted
from drawn import DRAWN
from harmless import HARMLESS, LANCZOS, saved
from maskproof.gate.named import Named, compare
from maskproof.model import Level
from maskproof.policy import Settings
from maskproof.policy.limits import default_limits
from pairs import upright
from tables import Table, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

DATA = Path(skimage.__file__).parent / "data"
"""pictures that come with scikit-image"""


class Shot(NamedTuple):
    """One picture of a genre."""

    source: str
    """a name of DRAWN, a file of DATA, or an original of the cases"""
    long: int = 0
    """the long side it is brought to, px; 0: as it is"""
    size: tuple[int, int] = (0, 0)
    """what is drawn, px"""


def drawn(source: str, width: int, height: int) -> Shot:
    """A picture drawn by script."""
    return Shot(source, size=(width, height))


GENRES: dict[str, tuple[Shot, ...]] = {
    "photo": (
        Shot("coffee.png", 720),
        Shot("motorcycle_left.png"),
        Shot("vercel-ai__lounge-flamingo/original.png"),
        Shot("naporin-gpt-image-1-mcp__room-remove-box/original.png", 1536),
    ),
    "portrait": (
        Shot("astronaut.png", 720),
        Shot("camera.png", 720),
        Shot("mflux__person-sunglasses/original.jpg"),
        Shot("omnigen2__edit8/original.png"),
    ),
    "product on white": (
        drawn("bottle on white", 768, 1024),
        drawn("watch on white", 900, 900),
        drawn("carton on white", 1400, 1200),
        Shot("naporin__shoe1/original.png"),
    ),
    "product on black": (
        drawn("bottle on black", 1050, 1400),
        drawn("watch on black", 720, 720),
        drawn("lens on black", 1024, 1024),
    ),
    "fur": (
        Shot("chelsea.png", 720),
        Shot("inpaint-anything__cat-1/original.jpg"),
        Shot("sdcpp__catsign-qwen/original.png", 768),
        Shot("ia__fill1/original.png"),
    ),
    "foliage": (
        Shot("grass.png", 720),
        Shot("brushedit__sunflower_girl/original.png"),
        Shot("rfsolver__horse/original.jpg"),
        Shot("inpaint-anything__boat-1/original.jpg", 768),
    ),
    "night": (
        Shot("rocket.jpg", 768),
        Shot("hubble_deep_field.jpg"),
        Shot("aceplus__photo-editing/original.png"),
        Shot("iopaint__unwant_text/original.jpg"),
    ),
    "line art": (
        drawn("gears", 1200, 900),
        drawn("contours", 800, 800),
        drawn("plant", 960, 1440),
        Shot("omnigen2__edit6/original.png"),
    ),
    "UI mock-up": (drawn("dashboard", 1440, 900), drawn("editor", 1280, 800), drawn("phone", 720, 1280)),
    "text page": (
        drawn("letter", 850, 1200),
        drawn("paper", 1130, 1600),
        drawn("scan", 768, 1024),
        Shot("page.png", 768),
    ),
    "pixel art": (drawn("landscape", 1280, 800), drawn("dithered", 768, 768), drawn("tiles", 1024, 1536)),
    "packaging": (
        drawn("cereal", 900, 1200),
        drawn("can", 1536, 900),
        drawn("tea", 768, 1024),
        Shot("step1x__0004-en/original.jpg"),
    ),
}


def noisy(picture: Image.Image) -> bytes:
    """The noise of another sensor gain: 2 levels of 255."""
    samples = np.asarray(picture, np.float32)
    noise = np.random.default_rng(2).normal(0, 2, samples.shape)
    return saved(Image.fromarray((samples + noise).round().clip(0, 255).astype(np.uint8)), "PNG")


def rescaled(picture: Image.Image, factor: float) -> bytes:
    """To another size and back."""
    between = [round(length * factor) for length in picture.size]
    return saved(picture.resize((between[0], between[1]), LANCZOS).resize(picture.size, LANCZOS), "PNG")


def indexed(picture: Image.Image) -> bytes:
    """As a good tool picks 256 colours. Median cut gives up rare ones: daisies lose their yellow, which is damage."""
    return saved(picture.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1), "PNG")


PROCESSES: dict[str, Callable[[Image.Image], bytes]] = {
    "1 px smaller and back": lambda picture: HARMLESS["1 px smaller and back"](picture)[1],
    "JPEG 75": lambda picture: HARMLESS["JPEG 75 4:2:0"](picture)[1],
    "WebP 80": partial(saved, kind="WEBP", quality=80),
    "256 colours": indexed,
    "x1.5 and back": partial(rescaled, factor=1.5),
    "x0.98 and back": partial(rescaled, factor=0.98),
    "AVIF 75": partial(saved, kind="AVIF", quality=75),
    "noise of 2 levels": noisy,
}
BASES: dict[str, Callable[[Image.Image], bytes]] = {
    "as it is": partial(saved, kind="PNG"),
    "JPEG 90": partial(saved, kind="JPEG", quality=90),
}
SIDES = (0.04, 0.08)
"""of damage, over the long side of the picture"""
MIDDLE = 0.4
"""of each side: the mask covers 16 % of the picture"""


@dataclass(frozen=True)
class Pair:
    """One comparison, and what ought to come of it."""

    genre: str
    shot: Shot
    root: Path | None
    what: str
    """row of PROCESSES or one of KINDS"""
    expected: str
    """pass or block"""
    side: float = 0.0
    """of damage"""
    base: str = ""
    """row of BASES; empty: `what` is a process"""

    @property
    def name(self) -> str:
        """For people and for files: picture, what, size, base."""
        size = f"{self.side:.2f}" if self.side else ""
        return ", ".join(part for part in (self.shot.source.split("/")[0], self.what, size, self.base) if part)

    def inputs(self) -> Named | None:
        """The bytes to compare; None where the picture has no place for the damage."""
        picture, original, mask = files(self.shot, self.root)
        if not self.base:
            return Named(PROCESSES[self.what](changed(picture)), original, mask, "white")
        made = damage(self.shot, self.root, self.what, self.side)
        if made is None:
            return None
        own = original if made.original is picture else saved(made.original, "PNG")
        return Named(BASES[self.base](changed(made.edit)), own, mask, "white")


@lru_cache(maxsize=1)
def files(shot: Shot, root: Path | None) -> tuple[Image.Image, bytes, bytes]:
    """The picture, the file of the original, and of the mask."""
    picture = opened(shot, root)
    return picture, saved(picture, "PNG"), middle(picture)


@lru_cache(maxsize=1)
def damage(shot: Shot, root: Path | None, kind: str, side: float) -> Planted | None:
    """The same damage at every run, whatever it is stored as."""
    picture, rng = files(shot, root)[0], random.Random(f"{shot.source} {kind} {side}")
    return planted(picture, protected(picture), kind, round(side * max(picture.size)), rng)


def opened(shot: Shot, root: Path | None) -> Image.Image:
    """The picture, RGB."""
    if shot.source in DRAWN:
        return DRAWN[shot.source](shot.size)
    folder = root if "/" in shot.source else DATA
    assert folder is not None
    picture = upright(folder / shot.source)
    if not shot.long:
        return picture
    factor = shot.long / max(picture.size)
    return picture.resize((round(picture.width * factor), round(picture.height * factor)), LANCZOS)


def box(picture: Image.Image) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the mask, px."""
    w, h = picture.size
    edge = (1 - MIDDLE) / 2
    return round(edge * w), round(edge * h), round((1 - edge) * w), round((1 - edge) * h)


def middle(picture: Image.Image) -> bytes:
    """The mask's file: white where editing is allowed."""
    mask = Image.new("L", picture.size, 0)
    mask.paste(255, box(picture))
    return saved(mask, "PNG")


def protected(picture: Image.Image) -> np.ndarray:
    """Where damage may lie, H x W: away from the mask by what one sees as beside it."""
    left, top, right, bottom = box(picture)
    reach = max(8, max(picture.size) // 40)
    free = np.ones((picture.height, picture.width), bool)
    free[max(top - reach, 0) : bottom + reach, max(left - reach, 0) : right + reach] = False
    return free


def changed(picture: Image.Image) -> Image.Image:
    """With a ball in the middle of the mask, clear of its edge."""
    left, top, right, bottom = box(picture)
    reach = min(right - left, bottom - top) // 8
    ball = (left + reach, top + reach, right - reach, bottom - reach)
    made = picture.copy()
    draw = ImageDraw.Draw(made)
    draw.ellipse(ball, fill=(200, 60, 40))
    draw.ellipse((ball[0] + reach, ball[1] + reach, ball[0] + 2 * reach, ball[1] + 2 * reach), fill=(255, 214, 200))
    return made


def every(root: Path | None) -> Iterator[Pair]:
    """All pairs; without `root` those of our own pictures and scikit-image's."""
    for genre, shots in GENRES.items():
        for shot in shots:
            if "/" in shot.source and root is None:
                continue
            pair = partial(Pair, genre, shot, root)
            for name in PROCESSES:
                yield pair(name, "pass")
            for kind in KINDS:
                for side in SIDES:
                    for base in BASES:
                        yield pair(kind, "block", side, base)


def written(pair: Pair, folder: Path) -> dict[str, str] | None:
    """The files of a pair, and its line in a case list."""
    named = pair.inputs()
    if named is None:
        return None
    stem = "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in f"{pair.genre}--{pair.name}")
    own = pair.what if pair.what == "letter" else ""
    common = "".join(letter if letter.isalnum() else "_" for letter in f"{pair.shot.source.split('.')[0]}")
    names = {
        "original": f"{stem if own else common}--original.png",
        "mask": f"{common}--mask.png",
        "edit": f"{stem}--edit.{suffix(named.edit)}",
    }
    assert named.mask is not None
    for name, data in zip(names.values(), (named.original, named.mask, named.edit), strict=True):
        (folder / name).write_bytes(data)
    return {
        "case": f"{pair.genre}: {pair.name}",
        **names,
        "mask_mode": "white",
        "expected": pair.expected,
        "kind": pair.what,
        "size": str(pair.side or ""),
        "base": pair.base,
        "genre": pair.genre,
    }


def suffix(data: bytes) -> str:
    """What a file of these bytes is called."""
    with Image.open(io.BytesIO(data)) as file:
        return (file.format or "").lower()


def write_list(pairs: Iterable[Pair], table: Path, pool: ProcessPoolExecutor) -> None:
    """Every pair as files beside `table`, a case list."""
    table.parent.mkdir(parents=True, exist_ok=True)
    rows = [row for row in pool.map(partial(written, folder=table.parent), pairs, chunksize=CHUNK) if row]
    with table.open("w", encoding="utf-8", newline="") as file:
        lines = csv.DictWriter(file, rows[0])
        lines.writeheader()
        lines.writerows(rows)


ALL = "all"
CHUNK = len(PROCESSES) + len(KINDS) * len(SIDES) * len(BASES)
"""pairs of one picture, which is made once for them"""


class Outcome(NamedTuple):
    """What came of one comparison."""

    pair: Pair
    verdict: str
    drift: float

    @property
    def wrong(self) -> bool:
        """Another verdict than the expected one; what could not be judged is wrong as well."""
        return self.pair.expected != self.verdict


def outcome(pair: Pair, save: Path | None) -> Outcome | None:
    """One comparison at the visual level; None where the picture has no place for the damage."""
    named = pair.inputs()
    if named is None:
        return None
    settings = Settings(level=Level.VISUAL, areas=(), limits=default_limits(Level.VISUAL))
    report = compare(named, settings, lambda _: None)
    found = Outcome(pair, report.verdict.value, report.drift or 0.0)
    if save is not None and found.wrong:
        save.mkdir(parents=True, exist_ok=True)
        written(pair, save)
    return found


def processing(found: list[Outcome]) -> Table:
    """Harmless processing, by genre."""
    lines = []
    for genre in (*GENRES, ALL):
        cells = [genre]
        for name in PROCESSES:
            mine = [one for one in found if one.pair.what == name and genre in {one.pair.genre, ALL}]
            cells.append(f"{max(one.drift for one in mine):.2f}, {sum(one.wrong for one in mine)}/{len(mine)}")
        lines.append(tuple(cells))
    return Table("Harmless processing", ("genre", *PROCESSES), tuple(lines), "Worst drift, and blocks of pairs.")


def damaged(found: list[Outcome]) -> Table:
    """Planted damage, by genre and by kind, size and what it was stored as."""
    bad = [one for one in found if one.pair.base]
    lines = [(genre, *_caught([one for one in bad if one.pair.genre == genre])) for genre in GENRES]
    lines += [(ALL, *_caught(bad))]
    head = ("genre", *KINDS, *(f"side {side:.0%}" for side in SIDES), *BASES, "all")
    return Table("Planted damage", head, tuple(lines), "Caught of pairs, and the lowest drift.")


def _caught(bad: list[Outcome]) -> Iterator[str]:
    groups = [[one for one in bad if one.pair.what == kind] for kind in KINDS]
    groups += [[one for one in bad if one.pair.side == side] for side in SIDES]
    groups += [[one for one in bad if one.pair.base == base] for base in BASES]
    for mine in (*groups, bad):
        caught = sum(not one.wrong for one in mine)
        yield f"{caught}/{len(mine)}, {min(one.drift for one in mine):.2f}" if mine else "none"


def wrong(found: list[Outcome]) -> Table:
    """Every pair whose verdict was not the expected one."""
    lines = tuple((one.pair.genre, one.pair.name, one.verdict, f"{one.drift:.2f}") for one in found if one.wrong)
    return Table(f"Wrong verdicts: {len(lines)}", ("genre", "pair", "got", "drift"), lines or (("none", "", "", ""),))


def main() -> None:
    """Judge and print, or write a case list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, help="the folder of real edits, for its originals")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--save", type=Path, help="where the files of wrong pairs go")
    parser.add_argument("--csv", type=Path, help="judge nothing: write all pairs beside this case list")
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    with ProcessPoolExecutor(args.jobs) as pool:
        if args.csv:
            write_list(every(args.cases), args.csv, pool)
            return
        show(measured(args.cases, pool, args.save), markdown=args.markdown)


def measured(root: Path | None, pool: ProcessPoolExecutor, save: Path | None = None) -> list[Table]:
    """All tables; `save`: where the files of wrong pairs go."""
    found = [one for one in pool.map(partial(outcome, save=save), every(root), chunksize=CHUNK) if one]
    return [processing(found), damaged(found), wrong(found)]


if __name__ == "__main__":
    main()
