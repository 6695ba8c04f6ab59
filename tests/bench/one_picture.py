"""What one changed picture costs in a large repository, beside a small one.

One recorded edit of 1024 x 1024 is staged in repositories with 100, 1,000 and 10,000 other records, with 100,000 files,
and with 20,000 commits; `maskproof check --staged --no-cache`. In turn, medians of CPU time; and the same commit again,
from the cache.

    python tests/bench/one_picture.py [--runs 5] [--markdown]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from repositories import edits, imported, machine, maskproof, spent
from tables import Table, show

if TYPE_CHECKING:
    from collections.abc import Callable

TARGET = 1.3
SIDE = 1024


def records(count: int) -> list[list[tuple[str, bytes]]]:
    """Other edits with their records; small pictures, since nobody looks at them."""
    return [list(edits(count, 32, np.random.default_rng(1)))]


def files(count: int) -> list[list[tuple[str, bytes]]]:
    """Other files, a thousand a folder."""
    return [[(f"src/{number // 1000}/{number}.txt", b"%d\n" % number) for number in range(count)]]


def commits(count: int) -> list[list[tuple[str, bytes]]]:
    """A long history of one file."""
    return [[("log.txt", b"%d\n" % number)] for number in range(count)]


REPOSITORIES: dict[str, Callable[[], list[list[tuple[str, bytes]]]]] = {
    "no other file": lambda: [[("README.md", b"Small\n")]],
    "100 records": lambda: records(100),
    "1,000 records": lambda: records(1000),
    "10,000 records": lambda: records(10_000),
    "100,000 files": lambda: files(100_000),
    "20,000 commits": lambda: commits(20_000),
}


def prepared(folder: Path, others: list[list[tuple[str, bytes]]]) -> None:
    """The repository, one picture staged in it."""
    chosen = {f"new/{path}": data for path, data in edits(1, SIDE, np.random.default_rng(7))}
    places = (b'"p0/', b'"new/p0/'), (b'"m.png"', b'"new/m.png"')
    new = {path: reduce(lambda data, place: data.replace(*place), places, data) for path, data in chosen.items()}
    new = {path: data for path, data in new.items() if "/e0." in path}
    imported(folder, [*others, [(path, data) for path, data in chosen.items() if path not in new]])
    for path, data in new.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    subprocess.run(["git", "add", "--", *new], cwd=folder, check=True)


def measured(runs: int) -> Table:
    """A row for each repository."""
    with tempfile.TemporaryDirectory() as name:
        folders = {what: Path(name) / str(number) for number, what in enumerate(REPOSITORIES)}
        for what, folder in folders.items():
            prepared(folder, REPOSITORIES[what]())
            spent(maskproof("check", "--staged"), folder)
        plain, again = maskproof("check", "--staged", "--no-cache"), maskproof("check", "--staged")
        turns = [{what: (spent(plain, one), spent(again, one)) for what, one in folders.items()} for _ in range(runs)]
    base = statistics.median(turn["no other file"][0].cpu for turn in turns)
    rows = []
    for what in REPOSITORIES:
        cpu, cached = (statistics.median(turn[what][which].cpu for turn in turns) for which in (0, 1))
        memory = max(turn[what][0].memory for turn in turns)
        met = "" if what == "no other file" else f"at most {TARGET}: {'met' if cpu <= TARGET * base else 'missed'}"
        rows.append((what, f"{cpu:.2f} s", f"{cpu / base:.2f}", met, f"{memory:.0f} MB", f"{cached:.2f} s"))
    title = f"One staged edit of {SIDE} x {SIDE}, medians of {runs}; {machine()}"
    return Table(title, ("beside it", "CPU time", "over the small one", "target", "memory", "again"), tuple(rows))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    show([measured(args.runs)], markdown=args.markdown)


if __name__ == "__main__":
    main()
