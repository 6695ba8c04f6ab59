"""What reading the marks of a file costs, file by file, beside what walking its blocks costs anyway.

No pixel is decoded, so the size of the picture must not matter. Medians over runs of one process, in turn; the first
reading of each file, which loads what it needs, is left out. Signatures are verified by c2pa-python where a file has a
manifest, and are timed apart.

    python tests/bench/marks.py ../shared/provenance [--runs 15] [--markdown]
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

from maskproof import evidence
from maskproof.evidence import signatures
from maskproof.images import containers
from tables import Table, show

if TYPE_CHECKING:
    from collections.abc import Callable

TARGET = 3.0
"""ms that reading the marks of a file may take, at the median of all files"""
SLOWEST = 8
"""files that are listed by name"""


class Cost(NamedTuple):
    """What one file took, in ms."""

    file: str
    kilobytes: float
    blocks: float
    """walking its blocks"""
    marks: float
    """that, and reading the marks in them"""
    signed: float
    """that, and verifying signatures"""


def main() -> int:
    """Print medians; exit 1 where reading takes longer than the target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder with provenance.csv and its files")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    costs = measured(given.folder, given.runs)
    show(tables(costs), markdown=given.markdown)
    return int(statistics.median(cost.marks for cost in costs) > TARGET)


def measured(folder: Path, runs: int) -> list[Cost]:
    """Every file of the table, the slowest first."""
    with (folder / "provenance.csv").open(newline="", encoding="utf-8") as lines:
        files = [row["file"] for row in csv.DictReader(lines)]
    return sorted((cost(folder / file, file, runs) for file in files), key=lambda one: -one.marks)


def cost(path: Path, file: str, runs: int) -> Cost:
    """Medians for one file."""
    data = path.read_bytes()
    with patch.object(signatures, "available", lambda: False):
        blocks = median(lambda: containers.blocks(data, file), runs)
        marks = median(lambda: evidence.assess(data, file), runs)
    return Cost(file, len(data) / 1000, blocks, marks, median(lambda: evidence.assess(data, file), runs))


def median(work: Callable[[], object], runs: int) -> float:
    """Median time in ms, after one run that does not count."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def tables(costs: list[Cost]) -> list[Table]:
    """The whole set, and the slowest files."""
    columns = {"walking the blocks": "blocks", "reading the marks": "marks", "verifying signatures too": "signed"}
    whole = []
    for name, column in columns.items():
        values = sorted(getattr(one, column) for one in costs)
        whole.append(
            (name, f"{statistics.median(values):.2f}", f"{values[len(values) * 9 // 10]:.2f}", f"{values[-1]:.2f}")
        )
    slow = [
        (one.file, f"{one.kilobytes:.0f}", f"{one.blocks:.2f}", f"{one.marks:.2f}", f"{one.signed:.2f}")
        for one in costs[:SLOWEST]
    ]
    return [
        Table(f"Time of {len(costs)} files, in ms a file", ("what", "median", "90 %", "slowest"), tuple(whole)),
        Table("The slowest files, in ms", ("file", "kB", "blocks", "marks", "and signatures"), tuple(slow)),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
