"""What judging every picture of a repository costs as it grows, kept verdicts, processes and parts beside it.

Recorded edits of 512 x 512, ten of each original, all in one commit; `check --all --to-ref HEAD` over them without the
cache, again with the cache filled, and with two processes beside one. CPU time and memory, because wall time on a
shared machine wanders; wall time is told where processes share the work. Memory is that of all processes together at
its peak, without what Git maps of its packs, which is the file itself (Linux). `--counts 100,1000,10000` takes an hour;
`--growth` asks for time and memory of one process alone, and takes a quarter of it.

    python tests/bench/scale.py [--counts 100,1000] [--growth] [--markdown]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from memory import peak
from repositories import edits, imported, machine, maskproof, spent
from tables import Table, show

if TYPE_CHECKING:
    from collections.abc import Iterator

SIDE = 512
OWN = ("Pss_Anon", "Pss_Shmem")
"""memory that no file is behind"""
ALL = ("check", "--all", "--to-ref", "HEAD", "--format", "json")


@contextmanager
def repository(count: int) -> Iterator[Path]:
    """The folder of so many edits, as long as they are needed."""
    with tempfile.TemporaryDirectory() as name:
        imported(Path(name), [edits(count, SIDE, np.random.default_rng(1))])
        yield Path(name)


def growth(counts: list[int]) -> Table:
    """A row for each count: CPU time a picture and memory of one run, with one process."""
    rows = []
    for count in counts:
        with repository(count) as folder:
            before = os.times()
            held, _ = peak(maskproof(*ALL, "--no-cache", "--jobs", "1"), folder, OWN)
            after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        rows.append((f"{count:,}", f"{cpu / count * 1000:.1f} ms", f"{held:.0f} MB"))
    heads = ("pictures", "CPU a picture", "memory")
    return Table(f"check --all --jobs 1 over edits of {SIDE} x {SIDE}; {machine()}", heads, tuple(rows))


def measured(counts: list[int]) -> Table:
    """A row for each count."""
    rows = []
    for count in counts:
        with repository(count) as folder:
            one = spent(maskproof(*ALL, "--no-cache", "--jobs", "1"), folder)
            two = spent(maskproof(*ALL, "--no-cache", "--jobs", "2"), folder)
            first = spent(maskproof(*ALL), folder)
            again = spent(maskproof(*ALL), folder)
            held, _ = peak(maskproof(*ALL, "--no-cache", "--jobs", "1"), folder, OWN)
            part = spent(maskproof(*ALL, "--no-cache", "--jobs", "1", "--shard", "1/4"), folder)
        rows.append(
            (
                f"{count:,}",
                f"{one.cpu / count * 1000:.1f} ms",
                f"{held:.0f} MB",
                f"{first.cpu / count * 1000:.1f} ms",
                f"{again.cpu / first.cpu:.1%}",
                f"{again.cpu / count * 1000:.2f} ms",
                f"{one.wall / two.wall:.2f}",
                f"{part.cpu / one.cpu:.2f}",
            )
        )
    heads = (
        "pictures",
        "CPU a picture, --jobs 1",
        "its memory",
        "CPU a picture, default",
        "again",
        "a picture again",
        "--jobs 2: times as fast",
        "--shard 1/4: share of CPU",
    )
    return Table(f"check --all over edits of {SIDE} x {SIDE}; {machine()}", heads, tuple(rows))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", default="100,1000")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    table = growth if args.growth else measured
    show([table([int(one) for one in args.counts.split(",")])], markdown=args.markdown)


if __name__ == "__main__":
    main()
