"""What the hook costs a commit that holds no image, beside what starting Python costs at all.

The hook runs on every commit, because a commit without an image can change a verdict. So it has to cost next to
nothing where it has nothing to do. Wall time on a shared machine wanders, hence a ratio of medians, taken in one
run and in turn.

    python tests/bench/commit_without_images.py [RUNS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tables import Table

TARGET = 3.5
RUNS = 40
COMMANDS = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "maskproof check --staged": (sys.executable, "-m", "maskproof", "check", "--staged"),
}


def main() -> int:
    """Print both medians and their ratio; exit 1 where the ratio is over the target."""
    nothing, ours = medians(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)
    for name, median in zip(COMMANDS, (nothing, ours), strict=True):
        print(f"{median * 1000:7.1f} ms  {name}")
    print(f"{ours / nothing:7.2f}     ratio; the target is at most {TARGET:g}")
    return int(ours / nothing > TARGET)


def measured(runs: int) -> Table:
    """The same as a table."""
    nothing, ours = medians(runs)
    ratio = ours / nothing
    rows = [(f"`{name}`", f"{one * 1000:.0f} ms", "") for name, one in zip(COMMANDS, (nothing, ours), strict=True)]
    rows.append(("ratio", f"{ratio:.2f}", f"at most {TARGET:g}: {'met' if ratio <= TARGET else 'missed'}"))
    return Table(f"A commit without images, medians of {runs}", ("what", "wall time", "target"), tuple(rows))


def medians(runs: int) -> list[float]:
    """Median seconds of each command."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        times: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for turn in range(runs + 2):
            for name, command in COMMANDS.items():
                took = seconds(command, folder)
                if turn >= 2:  # the first turns fill the caches of files
                    times[name].append(took)
    return [statistics.median(taken) for taken in times.values()]


def prepare(folder: Path) -> None:
    """A repository with a history, a picture in it, and a staged change of text."""

    def git(*arguments: str) -> None:
        person = ("-c", "user.name=Bench", "-c", "user.email=bench@example.invalid")
        subprocess.run(["git", *person, *arguments], cwd=folder, check=True, capture_output=True)

    git("init", "-q")
    (folder / "hero.png").write_bytes(b"never read")
    (folder / "notes.txt").write_text("one\n")
    git("add", "-A")
    git("commit", "-q", "--no-verify", "-m", "Start")
    (folder / "notes.txt").write_text("two\n")
    git("add", "-A")


def seconds(command: tuple[str, ...], folder: str) -> float:
    """Wall time of one run."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}  # as installed
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    took = time.perf_counter() - start
    if "maskproof" in command and "0 images looked at" not in done.stdout:
        raise SystemExit(f"the check did something else than expected: {done.stdout}{done.stderr}")
    return took


if __name__ == "__main__":
    sys.exit(main())
