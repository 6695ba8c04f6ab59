"""What the index of likenesses costs, and how often it finds the true original.

Cost: a real repository of generated pictures, half PNG and half JPEG, written with `git fast-import`. It is indexed
anew, then again with nothing to do. Then a picture is looked for among 100,000 entries, from opening the file on.

Recall: each edit of a case list, as it is and processed, among all originals of the list, other real pictures where a
folder of them is named, and the generated ones. A third of those are shapes on white, which are most alike.

    python tests/bench/index.py ../shared/cases [--others FOLDER] [--pictures 10000] [--entries 100000] [--markdown]
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from maskproof import likeness
from maskproof.likeness import hashes, store
from maskproof.likeness.index import hashed
from maskproof.repo import Repository
from pairs import rows, upright
from tables import Table, show

if TYPE_CHECKING:
    from collections.abc import Iterator

SIDE = 256
SECOND, QUERY = 0.02, 50.0
"""targets: the second build's share of the first, and milliseconds of a query"""
RUNS = 15


@dataclass(frozen=True)
class Hit:
    """Where the true original of one query came."""

    rank: int
    distance: int
    alike: bool
    false: int
    """other pictures that were called alike"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path, help="folder with cases.csv")
    parser.add_argument("--others", type=Path, action="append", default=[], help="more real pictures, none an original")
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        repository, codes = build(Path(folder), args.pictures)
        tables = [repository, query(Path(folder), codes, args.entries)]
    show([*tables, *recall(args, codes)], markdown=args.markdown)


def generated(seed: int) -> bytes:
    """A picture file: clouds under shapes as a photograph has them, or shapes on white as a catalogue has."""
    random = np.random.default_rng(seed)
    if seed % 3 == 0:
        image = Image.new("RGB", (SIDE, SIDE), "white")
        spread = SIDE // 3
        drawn = random.integers(2, 7)
    else:
        frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
        frequency[0, 0] = np.inf
        waves = np.fft.rfft2(random.normal(size=(SIDE, SIDE))) / frequency ** random.uniform(1, 1.6)
        clouds = np.fft.irfft2(waves, (SIDE, SIDE))
        y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
        light = (clouds - clouds.min()) / np.ptp(clouds) * random.uniform(80, 220)
        light += random.normal() * 30 * x + random.normal() * 50 * y
        tint = random.uniform(0.7, 1.1, 3)
        image = Image.fromarray(np.clip(light[..., None] * tint, 0, 255).astype(np.uint8))
        spread = SIDE // 2
        drawn = random.integers(0, 6)
    draw = ImageDraw.Draw(image)
    for _ in range(drawn):
        left, top = (int(one) for one in random.integers(SIDE // 8, SIDE - SIDE // 4, 2))
        width, height = (int(one) for one in random.integers(SIDE // 12, spread, 2))
        color = tuple(int(one) for one in random.integers(0, 256, 3))
        (draw.ellipse, draw.rectangle)[random.integers(2)]((left, top, left + width, top + height), fill=color)
    out = io.BytesIO()
    image.save(out, *(("PNG",) if seed % 2 else ("JPEG",)))
    return out.getvalue()


def build(folder: Path, pictures: int) -> tuple[Table, list[bytes]]:
    """Index a repository twice; the entries are handed on."""
    git = ("git", "-C", str(folder))
    subprocess.run([*git, "init", "-q"], check=True)
    with subprocess.Popen([*git, "fast-import", "--quiet"], stdin=subprocess.PIPE) as importer, _pool() as pool:
        importer.stdin.write(b"commit refs/heads/main\ncommitter B <b@example.invalid> 0 +0000\ndata 0\n")
        size = 0
        for number, data in enumerate(pool.map(generated, range(pictures), chunksize=64)):
            name = f"{number % 100}/{number}.{'png' if number % 2 else 'jpg'}"
            importer.stdin.write(f"M 100644 inline {name}\ndata {len(data)}\n".encode() + data + b"\n")
            size += len(data)
    subprocess.run([*git, "symbolic-ref", "HEAD", "refs/heads/main"], check=True)
    subprocess.run([*git, "reset", "-q"], check=True)
    first, again = (_built(folder) for _ in range(2))
    share = again[0] / first[0]
    by_jobs = [("first build, one process", f"{_built(folder, anew=True)[0]:.1f} s", "")]
    table = Table(
        f"Building the index of {pictures} pictures ({SIDE} x {SIDE}, {size / 1e6:.0f} MB, half PNG, half JPEG)",
        ("what", "wall time", "target"),
        (
            (f"first build, {os.cpu_count()} processes", f"{first[0]:.1f} s", ""),
            *by_jobs,
            ("second build, nothing to do", f"{again[0] * 1000:.0f} ms", ""),
            ("its share of the first", f"{share * 100:.2f} %", f"under {SECOND * 100:g} %: {_met(share < SECOND)}"),
            ("the file", f"{again[1] / 1e6:.2f} MB", ""),
        ),
    )
    kept = store.open_store(folder / ".git" / "maskproof" / "likeness.sqlite").codes
    return table, [kept[at : at + store.CODE_BYTES] for at in range(0, len(kept), store.CODE_BYTES)]


def _built(folder: Path, *, anew: bool = False) -> tuple[float, int]:
    """Seconds of a build, the listing of the tree included, and the size of the file."""
    repository = Repository(folder)
    start = time.perf_counter()
    index = likeness.open_index(repository, trusted=not anew)
    index.update(repository.image_blobs(repository.index), jobs=1 if anew else None)
    took = time.perf_counter() - start
    return took, (folder / ".git" / "maskproof" / "likeness.sqlite").stat().st_size


def query(folder: Path, codes: list[bytes], entries: int) -> Table:
    """Look for one picture among many; first in a fresh process, then with everything in memory."""
    random = np.random.default_rng(0)
    made = np.frombuffer(b"".join(codes), "<u8").reshape(-1, 8)[np.arange(entries) % len(codes)].copy()
    made[len(codes) :, :4] ^= random.integers(0, 1 << 63, (max(entries - len(codes), 0), 1), np.uint64)
    file = folder / ".git" / "maskproof" / "likeness.sqlite"
    file.unlink()
    kept = store.open_store(file)
    kept.add({number.to_bytes(20, "big"): row.tobytes() for number, row in enumerate(made, 1)}, {})
    picture = np.asarray(Image.open(io.BytesIO(generated(5))).convert("RGB"))
    steps: dict[str, list[float]] = defaultdict(list)
    for _ in range(RUNS):
        start, busy = time.perf_counter(), time.process_time()
        index = likeness.open_index(Repository(folder), trusted=True)
        opened = time.perf_counter()
        index.nearest(picture)
        end = time.perf_counter()
        for name, took in (("open", opened - start), ("nearest", end - opened), ("both", end - start)):
            steps[name].append(took * 1000)
        steps["processor time of both"].append((time.process_time() - busy) * 1000)
    steps["both, the first of a process, after its imports"] = [_cold(folder) for _ in range(RUNS)]
    return Table(
        f"A query among {entries} entries, {RUNS} runs",
        ("what", "median", "best", "target, for the median"),
        tuple(
            (name, *(f"{one:.1f} ms" for one in (statistics.median(took), min(took))), _target(name, took))
            for name, took in steps.items()
        ),
    )


def _target(name: str, took: list[float]) -> str:
    return f"under {QUERY:g} ms: {_met(statistics.median(took) < QUERY)}" if name.startswith("both") else ""


COLD = """
import sys, time
from pathlib import Path
import numpy as np
from maskproof import find
from maskproof.repo import Repository
picture = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
start = time.perf_counter()
find.open_index(Repository(Path(sys.argv[1])), trusted=True).nearest(picture)
print((time.perf_counter() - start) * 1000)
"""


def _cold(folder: Path) -> float:
    done = subprocess.run([sys.executable, "-c", COLD, folder], capture_output=True, text=True, check=True)
    return float(done.stdout)


def recall(args: argparse.Namespace, codes: list[bytes]) -> Iterator[Table]:
    """Where the true original comes, by what was done to the edit; and how far strangers stay away."""
    cases = rows(args.cases / "cases.csv")
    originals = {(args.cases / row["original"]).read_bytes() for row in cases}
    others = {file.read_bytes() for folder in args.others for file in sorted(folder.rglob("*")) if file.is_file()}
    real = [one for data in chain(originals, others - originals) if isinstance(one := hashed(data), bytes)]
    entries = np.frombuffer(b"".join([*real, *codes]), "<u8").reshape(-1, 8)
    jobs = [(args.cases / row["original"], args.cases / row["edit"], entries) for row in cases]
    with _pool() as pool:
        found = list(pool.map(hits, jobs))
    yield Table(
        f"The true original of {len(cases)} real edits among {len(entries)} pictures ({len(real)} real)",
        ("the edit", "rank 1", "rank 5 or better", "called alike", "median distance", "others called alike, a query"),
        tuple(
            (
                name,
                *(f"{sum(one.rank <= rank for one in some)} of {len(some)}" for rank in (1, 5)),
                f"{sum(one.alike for one in some)}",
                f"{statistics.median(one.distance for one in some):.0f}",
                f"{sum(one.false for one in some) / len(some):.2f}",
            )
            for name in found[0]
            for some in ([one[name] for one in found],)
        ),
    )
    yield Table(
        "Edit by edit, as it is",
        ("case", "expected verdict", "rank", "distance", "alike"),
        tuple(
            (
                row["case"],
                row["expected"],
                *(str(one) for one in (hit.rank, hit.distance)),
                "yes" if hit.alike else "no",
            )
            for row, one in zip(cases, found, strict=True)
            for hit in (one["as it is"],)
        ),
    )
    yield strangers(entries)


def hits(job: tuple[Path, Path, np.ndarray]) -> dict[str, Hit]:
    """The rank of the original for each way in which the edit is processed."""
    original, edit, entries = job
    true = np.frombuffer(hashed(original.read_bytes()), "<u8")
    same = {number for number, entry in enumerate(entries) if (entry == true).all()}
    found = {}
    for name, picture in processed(upright(edit)):
        matches = hashes.closest(entries, hashes.query(np.asarray(picture)))
        ordered = sorted(matches, key=lambda match: -match.evidence)
        at = next((place for place, match in enumerate(ordered) if match.row in same), None)
        if at is None:
            found[name] = Hit(len(entries), 128, alike=False, false=0)
            continue
        false = sum(match.alike and match.row not in same for match in ordered)
        found[name] = Hit(at + 1, round(ordered[at].distance), ordered[at].alike, false)
    return found


def processed(edit: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    """The edit, and what happens to edits on their way."""
    yield "as it is", edit
    yield "as JPEG of quality 75", jpeg(edit)
    yield "at 25 %", quarter(edit)
    for share in (0.1, 0.2, 0.3):
        for place, (x, y) in CORNERS.items():
            yield f"{share * 100:.0f} % off each side's length, {place}", cropped(edit, share, x, y)
    yield "10 % cropped, at 25 %, as JPEG of quality 75", jpeg(quarter(cropped(edit, 0.1, 0.3, 0.8)))
    yield "mirrored", edit.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    yield "turned by 90 degrees", edit.transpose(Image.Transpose.ROTATE_90)
    yield "turned by 3 degrees", edit.rotate(3, Image.Resampling.BICUBIC)
    yield "with a white border of 10 %", bordered(edit)
    yield "grey", edit.convert("L").convert("RGB")
    yield "inverted", Image.eval(edit, lambda level: 255 - level)


CORNERS = {"top left kept": (0.0, 0.0), "bottom right kept": (1.0, 1.0), "middle kept": (0.5, 0.5), "odd": (0.3, 0.8)}


def jpeg(picture: Image.Image) -> Image.Image:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=75)
    return Image.open(out).convert("RGB")


def quarter(picture: Image.Image) -> Image.Image:
    return picture.resize(tuple(max(side // 4, 1) for side in picture.size), Image.Resampling.LANCZOS)


def cropped(picture: Image.Image, share: float, x: float, y: float) -> Image.Image:
    width, height = picture.size
    left, top = round(x * share * width), round(y * share * height)
    return picture.crop((left, top, left + round(width * (1 - share)), top + round(height * (1 - share))))


def bordered(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    canvas = Image.new("RGB", (round(width * 1.2), round(height * 1.2)), "white")
    canvas.paste(picture, (width // 10, height // 10))
    return canvas


def strangers(entries: np.ndarray) -> Table:
    """How near pictures come that have nothing in common."""
    asked = range(1_000_000, 1_000_300)
    with _pool() as pool:
        found = list(pool.map(nearest_strangers, ((seed, entries) for seed in asked)))
    names = ("photograph-like", "shapes on white")
    table = []
    for white in (0, 1):
        best = [one for seed, one in zip(asked, found, strict=True) if (seed % 3 == 0) == bool(white)]
        evidence = [max(match.evidence for match in some) for some in best]
        alike = sum(match.alike for some in best for match in some)
        table.append(
            (
                names[white],
                str(len(best)),
                f"{statistics.median(evidence):.2f}",
                f"{max(evidence):.2f}",
                f"{alike} of {len(best) * len(entries)} pairs",
            )
        )
    return Table(
        f"Strangers: pictures made for this, none of them among the {len(entries)}",
        ("queries", "number", "median of the best evidence", "the highest", "called alike"),
        tuple(table),
        "Evidence is 1 at the limit of likeness.",
    )


def nearest_strangers(job: tuple[int, np.ndarray]) -> list[hashes.Match]:
    seed, entries = job
    samples = np.asarray(Image.open(io.BytesIO(generated(seed))).convert("RGB"))
    return sorted(hashes.closest(entries, hashes.query(samples)), key=lambda match: -match.evidence)[:20]


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(mp_context=get_context("spawn"))


def _met(yes: bool) -> str:
    return "met" if yes else "missed"


if __name__ == "__main__":
    main()
