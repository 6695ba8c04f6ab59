"""What the hook costs a commit that holds no image, beside what starting Python costs at all.

The hook runs on every commit, because a commit without an image can change a verdict. So it has to cost next to
nothing where it has nothing to do. Wall time on a shared machine wanders, hence a ratio of medians, taken in one
run and in turn. Then the same through pre-commit: the hook as the manifest has it, beside one with the same manifest
that does nothing, both run by the Python that is there, as pre-commit would from an environment of its own.

    python tests/bench/commit_without_images.py [RUNS]
"""

from __future__ import annotations

import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from repositories import HOOKS
from tables import Table

MANIFEST = HOOKS.parent / ".pre-commit-hooks.yaml"
TARGET = 3.5
RUNS = 40
COMMANDS = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "maskproof check --staged": (sys.executable, "-m", "maskproof", "check", "--staged"),
}
HOOKED = {
    "pre-commit, a hook that does nothing": (sys.executable, "-c", "pass"),
    "pre-commit, maskproof": (sys.executable, "-m", "maskproof", "check"),
}
"""what a hook of the manifest runs"""


def main() -> int:
    """Print both medians and their ratio; exit 1 where the ratio is over the target."""
    found = medians(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)
    for name, median in found.items():
        print(f"{median * 1000:7.1f} ms  {name}")
    ratio, hooked = (_ratio(found, names) for names in (COMMANDS, HOOKED))
    print(f"{ratio:7.2f}     ratio; the target is at most {TARGET:g}")
    print(f"{hooked:7.2f}     ratio through pre-commit")
    return int(ratio > TARGET)


def measured(runs: int) -> Table:
    """The same as a table."""
    found = medians(runs)
    ratio = _ratio(found, COMMANDS)
    rows = [(f"`{name}`", f"{one * 1000:.0f} ms", "") for name, one in found.items()]
    rows.append(("ratio", f"{ratio:.2f}", f"at most {TARGET:g}: {'met' if ratio <= TARGET else 'missed'}"))
    rows.append(("ratio through pre-commit", f"{_ratio(found, HOOKED):.2f}", ""))
    return Table(f"A commit without images, medians of {runs}", ("what", "wall time", "target"), tuple(rows))


def _ratio(found: dict[str, float], names: dict[str, tuple[str, ...]]) -> float:
    nothing, ours = (found[name] for name in names)
    return ours / nothing


def medians(runs: int) -> dict[str, float]:
    """Median seconds of each command."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        commands = COMMANDS | {name: _through_pre_commit(Path(folder), *what) for name, what in HOOKED.items()}
        times: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(runs + 2):
            for name, command in commands.items():
                took = seconds(command, folder)
                if turn >= 2:  # the first turns fill the caches of files
                    times[name].append(took)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _through_pre_commit(folder: Path, *entry: str) -> tuple[str, ...]:
    """The command that runs a hook of the shipped manifest, but for what it runs."""
    (hook,) = (one for one in yaml.safe_load(MANIFEST.read_text()) if one["id"] == "maskproof")
    hook |= {"language": "system", "entry": shlex.join(entry)}
    hook.pop("minimum_pre_commit_version")
    config = folder / ".git" / f"{len(entry)}.yaml"
    config.write_text(json.dumps({"repos": [{"repo": "local", "hooks": [hook]}]}))
    return (sys.executable, "-m", "pre_commit", "run", "--config", str(config))


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
    environment |= {"PYTHONPATH": str(HOOKS)}
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    took = time.perf_counter() - start
    if command == COMMANDS["maskproof check --staged"] and "0 images looked at" not in done.stdout:
        raise SystemExit(f"the check did something else than expected: {done.stdout}{done.stderr}")
    return took


if __name__ == "__main__":
    sys.exit(main())
