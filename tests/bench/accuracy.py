"""How often the verdict is right: real edits, planted damage, harmless processing. Prints one table.

    python tests/bench/accuracy.py ../shared/cases [--seeds 1 2 3] [--per-case 5] [--jobs 2]

Planted damage comes from `planted.py` of that folder; each row is judged without and with its area declared, as its
kind suggests (letter: text, the others: brand). Harmless processing is applied to every original and judged with an
empty mask and with the case's own. Needs the third-party data, which is not part of this project.
"""

from __future__ import annotations

import argparse
import csv
import io
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageCms

from maskproof.check import Inputs, compare
from maskproof.model import ImageReport, Level, Verdict
from maskproof.policy import AreaRule, Settings, default_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Job:
    """One comparison, and what ought to come of it."""

    group: str
    case: str
    kind: str
    expected: str
    inputs: Inputs
    areas: tuple[AreaRule, ...] = ()
    level: Level = Level.VISUAL


def outcome(job: Job) -> tuple[str, str, str, str, str, float]:
    settings = Settings(level=job.level, areas=job.areas, limits=default_limits(job.level))
    report = compare(job.inputs, settings, lambda _: None, ImageReport(job.case, Verdict.PASS))
    return job.group, job.case, job.kind, job.expected, report.verdict.value, report.drift or 0.0


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def inputs(root: Path, row: dict[str, str]) -> Inputs:
    return Inputs(
        (root / row["edit"]).read_bytes(),
        (root / row["original"]).read_bytes(),
        (root / row["mask"]).read_bytes(),
        row["mask_mode"],
    )


def cases(root: Path) -> Iterator[Job]:
    for row in rows(root / "cases.csv"):
        yield Job("real edits", row["case"], row["expected"], row["expected"], inputs(root, row))


def planted(root: Path, out: Path, seed: int, per_case: int) -> Iterator[Job]:
    folder = out / str(seed)
    subprocess.run(
        [sys.executable, root / "planted.py", folder, "--seed", str(seed), "--per-case", str(per_case)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    for row in rows(folder / "cases.csv"):
        kind = f"{row['kind']}"
        job = Job(f"planted, seed {seed}", row["case"], kind, row["expected"], inputs(folder, row))
        yield job
        x, y, width, height = (int(value) for value in row["area"].split())
        area = AreaRule(
            paths=["**"],
            name="area",
            kind="text" if kind in {"letter", "control"} else "brand",
            box=(x, y, width, height),
        )
        yield replace(job, group=f"declared, seed {seed}", areas=(area,))


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def through_p3(picture: Image.Image) -> bytes:
    """sRGB to a wide-gamut space in 8 bits and back, as a colour-managed editor would."""
    lab = ImageCms.createProfile("LAB")
    there = ImageCms.profileToProfile(picture, ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
    return saved(ImageCms.profileToProfile(there, lab, ImageCms.createProfile("sRGB"), outputMode="RGB"), "PNG")


def resized_and_back(picture: Image.Image) -> bytes:
    width, height = picture.size
    return saved(
        picture.resize((width - 1, height - 1), Image.Resampling.LANCZOS).resize(
            picture.size, Image.Resampling.LANCZOS
        ),
        "PNG",
        compress_level=1,
    )


HARMLESS: dict[str, Callable[[Image.Image], bytes]] = {
    **{
        f"JPEG {quality} {'4:2:0' if sub else '4:4:4'}": lambda picture, q=quality, s=sub: saved(
            picture, "JPEG", quality=q, subsampling=s
        )
        for quality in (75, 85, 95)
        for sub in (0, 2)
    },
    **{f"WebP {quality}": lambda picture, q=quality: saved(picture, "WEBP", quality=q) for quality in (75, 85, 95)},
    "AVIF 75": lambda picture: saved(picture, "AVIF", quality=75),
    "PNG": lambda picture: saved(picture, "PNG"),
    "1 px smaller and back": resized_and_back,
    "Lab and back": through_p3,
}


def harmless(root: Path) -> Iterator[Job]:
    for row in rows(root / "cases.csv"):
        given = inputs(root, row)
        picture = Image.open(root / row["original"])
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA")).convert(
            "RGB"
        )
        base = saved(picture, "PNG", compress_level=1)
        for name, process in HARMLESS.items():
            edit = process(picture)
            for mask, mode in ((None, None), (given.mask, given.mask_mode)):
                for level in (Level.VISUAL, Level.STRICT):
                    yield Job(
                        f"harmless, {level}", row["case"], name, "pass", Inputs(edit, base, mask, mode), level=level
                    )


def summed(results: list[tuple[str, str, str, str, str, float]]) -> None:
    groups: dict[str, list[tuple[str, str, str, str, str, float]]] = defaultdict(list)
    for result in results:
        groups[result[0]].append(result)
    print(f"{'set':24} {'pairs':>6} {'caught':>14} {'false blocks':>14}   by kind")
    for group, found in groups.items():
        bad, good = ([one for one in found if one[3] == wanted] for wanted in ("block", "pass"))
        caught, false = sum(one[4] == "block" for one in bad), sum(one[4] != "pass" for one in good)
        kinds = Counter(one[2] for one in bad), Counter(one[2] for one in bad if one[4] == "block")
        by_kind = ", ".join(f"{kind} {kinds[1][kind]}/{kinds[0][kind]}" for kind in sorted(kinds[0]))
        wrong = Counter(one[2] for one in good if one[4] != "pass")
        by_kind += "".join(f"; false: {kind} {count}" for kind, count in wrong.items())
        share = f" {caught / len(bad):.3f}" if bad else ""
        print(f"{group:24} {len(found):6} {f'{caught}/{len(bad)}{share}':>14} {f'{false}/{len(good)}':>14}   {by_kind}")
        for one in found:
            if (
                (one[3] == "block") != (one[4] == "block")
                and one[3] in {"pass", "block"}
                and not group.startswith("harmless, strict")
            ):
                print(f"    wrong: {one[1]} {one[2]} expected {one[3]}, got {one[4]}, drift {one[5]:.2f}")
    real = groups["real edits"]
    margin = min(one[5] for one in real if one[3] == "block") / max(one[5] for one in real if one[3] == "pass")
    print(f"margin of the real edits {margin:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--per-case", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-harmless", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as out, ProcessPoolExecutor(args.jobs) as pool:
        jobs = list(cases(args.cases))
        for seed in args.seeds:
            jobs += planted(args.cases, Path(out), seed, args.per_case)
        if not args.no_harmless:
            jobs += harmless(args.cases)
        summed(list(pool.map(outcome, jobs, chunksize=4)))


if __name__ == "__main__":
    main()
