"""Large repositories, made in seconds: `git fast-import` takes files and commits as one stream."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

HOOKS = Path(__file__).resolve().parents[2] / "hooks"
PERSON = "bench <bench@example.invalid> 1700000000 +0000"
MASK = "m.png"


class Spent(NamedTuple):
    """What one run took."""

    wall: float
    """seconds"""
    cpu: float
    """seconds of the process and all that it started"""
    memory: float
    """MB, of its largest process"""


def spent(command: list[str], folder: Path, ends: Collection[int] = (0, 1)) -> Spent:
    """The cost of one run that ends as it may, outside of CI, with byte code kept as in an installation."""
    environment = {key: value for key, value in os.environ.items() if key not in {"CI", "PYTHONDONTWRITEBYTECODE"}}
    environment |= {"PYTHONPATH": str(HOOKS)}
    start = time.perf_counter()
    null = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=null, stderr=null) as running:
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode not in ends:
        raise SystemExit(f"{command} ended with {running.returncode}")
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Spent(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / unit)


def maskproof(*arguments: str) -> list[str]:
    """The command line, as it is run here."""
    return [sys.executable, "-P", "-m", "maskproof", *arguments]


def imported(folder: Path, commits: Iterable[Iterable[tuple[str, bytes]]]) -> None:
    """A repository with these commits, each with the files that it adds or replaces, and its index."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, check=True)
    with subprocess.Popen(["git", "fast-import", "--quiet"], cwd=folder, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for piece in _stream(commits):
            process.stdin.write(piece)
        process.stdin.close()
        if process.wait():
            raise SystemExit("git fast-import failed")
    subprocess.run(["git", "read-tree", "HEAD"], cwd=folder, check=True)


def _stream(commits: Iterable[Iterable[tuple[str, bytes]]]) -> Iterator[bytes]:
    for files in commits:
        yield f"commit refs/heads/main\ncommitter {PERSON}\ndata 1\n.\n".encode()
        for path, data in files:
            yield f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"


def edits(count: int, side: int, chance: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """Originals, one mask, and recorded edits of them, each another one: what the mask opens is drawn anew."""
    mask = np.zeros((side, side), np.uint8)
    opened = slice(side // 4, side // 2)
    mask[opened, opened] = 255
    drawn = png(mask)
    yield MASK, drawn
    scene, original = np.zeros((side, side, 3), np.uint8), b""
    for number in range(count):
        folder = f"p{number // 100}"
        if number % 10 == 0:
            small = Image.fromarray(chance.integers(0, 255, (side // 32, side // 32, 3), np.uint8))
            scene = np.asarray(small.resize((side, side), Image.Resampling.BICUBIC))
            scene = np.clip(scene + chance.integers(-2, 3, scene.shape), 0, 255).astype(np.uint8)
            original = png(scene)
            source = f"{folder}/o{number}.png"
            yield source, original
        edit = scene.copy()
        edit[side // 4 + 8 : side // 2 - 8, side // 4 + 8 : side // 2 - 8] = chance.integers(0, 255, 3, np.uint8)
        shown, path = png(edit), f"{folder}/e{number}.png"
        yield path, shown
        yield f"{path}.maskproof.json", record(shown, source, original, drawn, side)


def record(edit: bytes, path: str, original: bytes, mask: bytes, side: int) -> bytes:
    """The record of such an edit."""
    size = [side, side]
    tree = {
        "maskproof": 1,
        "origin": "edited",
        "image": {"sha256": hashlib.sha256(edit).hexdigest(), "size": size},
        "original": {"path": path, "sha256": hashlib.sha256(original).hexdigest(), "size": size},
        "mask": {"path": MASK, "sha256": hashlib.sha256(mask).hexdigest(), "mode": "white"},
    }
    return json.dumps(tree, indent=2).encode() + b"\n"


def png(samples: np.ndarray) -> bytes:
    """A picture as the bytes of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(samples).save(file, "PNG", compress_level=1)
    return file.getvalue()


def machine() -> str:
    """The machine that figures are of."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} x {model or sys.platform}{load}"
