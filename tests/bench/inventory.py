"""What `maskproof inventory` costs beside reading the marks of the same files, which it cannot do without.

Recorded edits of 512 x 512 whose files say AI in XMP, or are signed with Content Credentials as well, and their
originals, in one commit. Beside the command a process that reads the marks of each picture and does nothing else: as it
is staged, from Git, as the inventory has to, and from the files of the working tree. CPU time of whole processes, start
and Git included, medians of runs in turn.

    python tests/bench/inventory.py [--count 1000] [--runs 5] [--markdown]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from maskproof import marks
from maskproof.content import sha256_of
from maskproof.marks import credentials
from repositories import edits, imported, machine, maskproof, spent
from tables import Table, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TARGET = 2.0
"""times reading the marks"""
SIDE = 512
SAID = {marks.SOURCE_TYPE: marks.CODES + marks.EDITED, marks.SYSTEM: "openai gpt-image-2"}
READ = """
import sys
from pathlib import Path
from maskproof import evidence
from maskproof.repo import Repository
if sys.argv[1] == "staged":
    repository = Repository(Path())
    listed = repository.git("ls-files", "--stage", "-z").decode().split("\\0")[:-1]
    named = [(one.split("\\t")[1], one.split()[1]) for one in listed if one.endswith(".png")]
    files = ((path, repository.objects.blob(oid, path)) for path, oid in named)
else:
    files = ((str(path), path.read_bytes()) for path in sorted(Path().rglob("*.png")))
for path, data in files:
    evidence.assess(data, path)
"""


def marked(data: bytes) -> bytes:
    """An edit whose file says AI."""
    return marks.put(data, "x", SAID)[0]


def signer() -> Callable[[bytes], bytes]:
    """What marks an edit and signs it, as another program would."""
    now = dt.datetime.now(dt.UTC)
    by = credentials.identity(*credentials.new_test_certificate(now), now)
    action = {"action": "c2pa.created", "digitalSourceType": marks.CODES + marks.EDITED}
    about = {
        "claim_generator_info": [{"name": "bench"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }
    return lambda data: credentials.sign(marked(data), "x", about, (), by)


def files(count: int, made: Callable[[bytes], bytes]) -> Iterator[tuple[str, bytes]]:
    """As `edits`, with what `made` makes of each edit in its place, and in its record."""
    data = b""
    for path, given in edits(count, SIDE, np.random.default_rng(1)):
        if path.endswith(".json"):
            record = json.loads(given)
            record["image"]["sha256"] = sha256_of(data)
            yield path, json.dumps(record, indent=2).encode() + b"\n"
        else:
            data = made(given) if Path(path).name.startswith("e") else given
            yield path, data


def measured(name: str, count: int, runs: int, made: Callable[[bytes], bytes]) -> tuple[float, tuple[str, ...]]:
    """How many times reading the marks the inventory costs, and the row that says so."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        imported(folder, [files(count, made)])
        subprocess.run(["git", "checkout", "-q", "--", "."], cwd=folder, check=True)
        work = {
            "inventory": maskproof("inventory", "--format", "csv"),
            "staged": [sys.executable, "-P", "-c", READ, "staged"],
            "files": [sys.executable, "-P", "-c", READ, "files"],
        }
        costs: dict[str, list[float]] = {what: [] for what in work}
        for _ in range(runs):
            for what, command in work.items():
                costs[what].append(spent(command, folder).cpu)
    held = {what: statistics.median(found) for what, found in costs.items()}
    times = held["inventory"] / held["staged"]
    cells = (f"{held[what]:.2f} s" for what in work)
    return times, (name, f"{count:,}", *cells, f"{times:.2f}")


def main() -> int:
    """Print the table; exit 1 where it costs more than the target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    kinds = {"marked": marked, "marked and signed": signer()}
    found = [measured(name, args.count, args.runs, made) for name, made in kinds.items()]
    heads = ("edits", "how many", "`inventory`", "marks as staged", "marks of the files", "times marks as staged")
    show([Table(f"inventory; {machine()}", heads, tuple(row for _, row in found))], markdown=args.markdown)
    return int(max(times for times, _ in found) > TARGET)


if __name__ == "__main__":
    raise SystemExit(main())
