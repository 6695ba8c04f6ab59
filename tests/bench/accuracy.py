"""How often the verdict is right: real edits, injected damage, benign processing, and other tools on the same pairs.

    python tests/bench/accuracy.py ../shared/cases [--seeds 1 2 3] [--per-case 5] [--jobs 2] [--others] [--markdown]

Injected damage comes from `planted.py` of that folder; each row is judged without and with its area declared, as its
kind suggests (letter: text, the others: brand). Harmless processing is applied to every original and judged without a
mask and with the case's own. Needs the third-party data, which is not part of this project.
"""

from __future__ import annotations

import argparse
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import others
import pairs
from harmless import HARMLESS
from maskproof.gate.named import compare
from maskproof.model import Level
from maskproof.policy import Settings
from maskproof.policy.limits import default_limits
from tables import Table, show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pairs import Job

SIZES = ("0.02", "0.04", "0.08")


class Outcome(NamedTuple):
    """What came of one comparison."""

    job: Job
    verdict: str
    drift: float


def outcome(job: Job) -> Outcome:
    """One comparison through the engine, with the default limits of its level."""
    settings = Settings(level=job.level, areas=job.areas, limits=default_limits(job.level))
    report = compare(job.inputs(), settings, lambda _: None)
    return Outcome(job, report.verdict.value, report.drift or 0.0)


def sets(results: list[Outcome]) -> Table:
    """Caught and falsely blocked, by set; what could not be judged counts as a false block."""
    lines = []
    for group in ("real", "planted", "declared"):
        found = [one for one in results if one.job.group == group]
        bad, good = ([one for one in found if one.job.expected == wanted] for wanted in ("block", "pass"))
        false = sum(one.verdict != "pass" for one in good)
        lines.append((NAMES[group], str(len(found)), _share(bad), f"{false} of {len(good)}", _margin(bad, good)))
    return Table("Verdicts", ("set", "pairs", "caught", "false positives", "margin"), tuple(lines), MARGIN)


NAMES = {
    "real": "real edits",
    "planted": "injected damage, no area declared",
    "declared": "injected damage, its area declared",
}
MARGIN = "Margin: the smallest drift among pairs to block over the largest among pairs to pass."


def kinds(results: list[Outcome]) -> Table:
    """Injected damage by kind and by size of the patch."""
    bad = [one for one in results if one.job.group == "planted" and one.job.expected == "block"]
    declared = [one for one in results if one.job.group == "declared" and one.job.expected == "block"]
    lines = []
    for kind in sorted({one.job.kind for one in bad}):
        mine = [one for one in bad if one.job.kind == kind]
        by_size = (_share([one for one in mine if one.job.size == size]) for size in SIZES)
        lines.append((kind, *by_size, _share(mine), _share([one for one in declared if one.job.kind == kind])))
    head = ("kind", *(f"side {float(size):.0%}" for size in SIZES), "all, no area declared", "all, area declared")
    return Table("Injected damage caught, by kind and size", head, tuple(lines))


def processing(results: list[Outcome]) -> Table:
    """Harmless processing, by level."""
    lines = []
    for name in HARMLESS:
        found = [one for one in results if one.job.process == name]
        cells = [name, str(len(found) // 2)]
        for level in (Level.VISUAL, Level.STRICT):
            mine = [one for one in found if one.job.level is level]
            cells += [str(sum(one.verdict != "pass" for one in mine)), f"{max(one.drift for one in mine):.2f}"]
        lines.append(tuple(cells))
    head = ("processing", "pairs", "blocks at visual", "worst drift", "blocks at strict", "worst drift")
    return Table("Harmless processing", head, tuple(lines))


def wrong(results: Iterable[Outcome]) -> Table:
    """Every verdict that was not the expected one, strict level aside."""
    lines = tuple(
        (NAMES.get(one.job.group, one.job.group), one.job.case, _what(one.job), one.verdict, f"{one.drift:.2f}")
        for one in results
        if one.job.level is Level.VISUAL and one.job.expected not in {"either", one.verdict}
    )
    return Table("Wrong verdicts", ("set", "case", "what", "got", "drift"), lines or (("none", "", "", "", ""),))


def _what(job: Job) -> str:
    if job.process:
        return f"{job.kind}, {'own mask' if job.masked else 'no mask'}"
    return f"{job.kind} {job.size}".strip()


def _share(found: list[Outcome]) -> str:
    caught = sum(one.verdict == "block" for one in found)
    return f"{caught} of {len(found)} ({caught / len(found):.3f})" if found else "none"


def _margin(bad: list[Outcome], good: list[Outcome]) -> str:
    worst = max((one.drift for one in good), default=0.0)
    return f"{min(one.drift for one in bad) / worst:.2f}" if bad and worst else ""


def parser() -> argparse.ArgumentParser:
    """The options, which `figures.py` shares."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("cases", type=Path, help="the folder with cases.csv and planted.py")
    made.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    made.add_argument("--per-case", type=int, default=5)
    made.add_argument("--jobs", type=int, default=2)
    made.add_argument("--planted", type=Path, help="where planted pairs are kept for the next run")
    made.add_argument("--no-harmless", action="store_true")
    made.add_argument("--others", action="store_true", help="also odiff, pixelmatch, SSIM, dHash, ImageMagick")
    made.add_argument("--node", type=Path, help="where odiff and pixelmatch are installed for the next run")
    made.add_argument("--markdown", action="store_true")
    return made


def measured(args: argparse.Namespace) -> list[Table]:
    """All tables."""
    with tempfile.TemporaryDirectory() as scratch, ProcessPoolExecutor(args.jobs) as pool:
        jobs = list(pairs.real(args.cases))
        for seed in args.seeds:
            jobs += pairs.planted(args.cases, args.planted or Path(scratch), seed, args.per_case)
        decided = list(pool.map(outcome, jobs, chunksize=4))
        tables = [sets(decided), kinds(decided), wrong(decided)]
        if not args.no_harmless:
            # A chunk is one picture in one processing, which is made once for both masks and both levels.
            passed = list(pool.map(outcome, pairs.harmless(args.cases), chunksize=4))
            tables[2:] = [processing(passed), wrong([*decided, *passed])]
        if args.others:
            tables += others.side_by_side(
                [(one.job, one.verdict) for one in decided if one.job.group != "declared"],
                args.node or Path(scratch) / "node",
                pool,
            )
    return tables


if __name__ == "__main__":
    options = parser().parse_args()
    show(measured(options), markdown=options.markdown)
