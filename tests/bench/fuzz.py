"""Fuzzing of all that reads what strangers wrote: walkers and decoders of pictures, marks, sidecars, policies.

Whole files of every format are damaged by a seeded chance (bits, numbers at their edges, pieces cut out, doubled, moved
or taken from another file) and read. Anything but an answer or one of our own refusals is wrong: another exception, a
reading that takes more than 2 s of processor time, a decoder that ended its worker. A wrong file is kept.

    python tests/bench/fuzz.py [--minutes 10] [--seed N] [--keep FOLDER] [--only decode]
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fixtures"))

import numpy as np
from PIL import Image

import scenes
from maskproof import evidence, policy
from maskproof.errors import MaskproofError
from maskproof.images import containers, decode
from maskproof.records import sidecar
from pictures import P3, exif, matrix_profile, noise, saved, smooth, srgb_curve, tiff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 2.0
"""processor time of one reading"""
EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
PROFILE = matrix_profile("fuzz", P3, srgb_curve())
FIXTURES = Path(scenes.__file__).resolve().parent


def _pictures() -> Iterator[bytes]:
    small, soft, clear = noise(9, 7), smooth(40, 24), noise(9, 7, 4)
    tag = b"Exif\0\0" + exif(6)
    for kind, options in {
        "PNG": {"exif": tag},
        "JPEG": {"exif": tag, "progressive": True},
        "WEBP": {"exif": tag},
        "AVIF": {"exif": tag},
        "TIFF": {"compression": "tiff_lzw"},
    }.items():
        yield saved(soft, kind, icc_profile=PROFILE, **options)
    yield saved(clear, "PNG")
    yield saved(clear, "WEBP", lossless=True)
    yield saved(clear, "AVIF")
    yield saved(noise(9, 7, 3, depth=16)[..., 0], "PNG")
    yield saved(Image.fromarray(small).quantize(16), "GIF")
    yield saved(Image.fromarray(small).quantize(16), "PNG")
    yield tiff(small, order=">")
    yield scenes.with_gain_map(Image.fromarray(soft))
    yield saved(Image.fromarray(small), "PNG", save_all=True, append_images=[Image.fromarray(np.flipud(small))])


def _texts(pattern: str) -> list[bytes]:
    return [file.read_bytes() for file in sorted(FIXTURES.glob(pattern))]


@dataclass(frozen=True)
class Reader:
    """One of the things that read."""

    read: Callable[[bytes], object]
    seeds: list[bytes]


PICTURES = list(_pictures())
READERS = {
    "walk": Reader(lambda data: containers.read(data, "a file"), PICTURES),
    "decode": Reader(lambda data: decode.decode(data, "a file"), PICTURES),
    "marks": Reader(lambda data: evidence.assess(data, "a file"), PICTURES),
    "record": Reader(lambda data: sidecar.parse(data, "a file"), _texts("*/*/change/*.maskproof.json")),
    "policy": Reader(
        partial(policy.parse, path="maskproof.toml", read=lambda _: None), _texts("*/*/base/maskproof.toml")
    ),
}


def damaged(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """A file with one to eight things wrong."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        at, length = chance.randrange(len(made) + 1), chance.choice((1, 2, 4, 4, 8, 64, 300))
        piece = made[at : at + length]
        match chance.randrange(7):
            case 0 if at < len(made):
                made[at] ^= 1 << chance.randrange(8)
            case 1:
                width = chance.choice((1, 2, 4))
                value = chance.choice(EDGES) & (1 << 8 * width) - 1
                made[at : at + width] = value.to_bytes(width, chance.choice(("big", "little")))
            case 2:
                del made[at : at + length]
            case 3:
                made[at:at] = piece * chance.choice((1, 1, 50))
            case 4:
                start = chance.randrange(len(other))
                made[at : at + length] = other[start : start + length]
            case 5:
                del made[at : at + length]
                made[chance.randrange(len(made) + 1) : 0] = piece
            case _:
                made[at : at + length] = chance.randbytes(len(piece))
    return bytes(made)


@dataclass
class Outcome:
    """What came of a run."""

    runs: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, str, bytes]] = field(default_factory=list)
    """reader, what happened, the file"""


def run(seed: int, rounds: int | None = None, seconds: float | None = None, only: str = "") -> Outcome:
    """Damaged files for every reader in turn, for so many rounds or so long."""
    chance, found = random.Random(seed), Outcome()
    names = [only] if only else list(READERS)
    ends = None if seconds is None else time.monotonic() + seconds
    while (rounds is None or found.runs.total() < rounds * len(names)) and (ends is None or time.monotonic() < ends):
        for name in names:
            reader = READERS[name]
            data = damaged(chance.choice(reader.seeds), chance.choice(reader.seeds), chance)
            found.runs[name] += 1
            start = time.process_time()
            try:
                reader.read(data)
            except MaskproofError as error:
                found.refused[name] += 1
                if "the decoder of" in error.reason or "takes longer" in error.reason:
                    found.wrong.append((name, error.reason, data))
            except Exception as error:  # noqa: BLE001 - what is looked for
                found.wrong.append((name, f"{type(error).__name__}: {error}", data))
            if time.process_time() - start > SECONDS:
                found.wrong.append((name, "took too long", data))
    return found


def main() -> None:
    """Print what came of it; exits 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--only", choices=list(READERS), default="")
    args = parser.parse_args()
    found = run(args.seed, seconds=60 * args.minutes, only=args.only)
    for name, count in found.runs.items():
        print(f"{name:8} {count:8} files, {found.refused[name]} refused, {count - found.refused[name]} read")
    for name, said, data in found.wrong:
        args.keep.mkdir(exist_ok=True)
        file = args.keep / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
        file.write_bytes(data)
        print(f"WRONG {name}: {said[:200]!a} ({file})")
    print(f"seed {args.seed}: {found.runs.total()} files, {len(found.wrong)} wrong")
    sys.exit(bool(found.wrong))


if __name__ == "__main__":
    main()
