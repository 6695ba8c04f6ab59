"""How often the verdict is right: real edits, planted damage, benign processing, and other tools on the same pairs.

    python tests/bench/accuracy.py ../shared/cases [--seeds 601 602 603 604] [--per-case 2] [--jobs 2] [--others]

Planted damage comes from `planted.py` of that folder, standard and `--hard`. Limits are also set without each editor in
turn and tried on it (`transfer`). Harmless processing is applied to every original and judged without a mask and with
the case's own. Needs the third-party data, which is not part of this project.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

import others
import pairs
from harmless import HARMLESS
from maskproof.gate.named import compare
from maskproof.model import Level
from maskproof.policy import Settings
from maskproof.policy.limits import ROWS, default_limits
from regular import is_regular
from tables import Table, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pairs import Job

PLANTED = ("standard", "hard")
SIX = ("letter", "remove", "swap", "recolor", "shift", "blur")
"""damage with edges, of which every kind is to be found"""
LONG_SIDES = ((0, 700, "up to 700"), (700, 1152, "701 to 1152"), (1152, 10**6, "over 1152"))
SPARE = 1.1
"""times the largest held value that a limit of `transfer` is"""


class Outcome(NamedTuple):
    """What came of one comparison."""

    job: Job
    verdict: str
    drift: float
    over: Mapping[str, float]
    """each metric that can block: its largest value over its limit"""
    long_side: int


def outcome(job: Job) -> Outcome:
    """One comparison through the engine, with the default limits of its level."""
    settings = Settings(level=job.level, areas=job.areas, limits=default_limits(job.level))
    report = compare(job.inputs(), settings, lambda _: None)
    over: dict[str, float] = {}
    for region in report.regions:
        for metric, limit in zip(region.drift.metrics, region.limits, strict=True):
            if limit and not ROWS[region.drift.kind, metric.name].warns:
                over[metric.name] = max(over.get(metric.name, 0.0), metric.value / limit)
    with Image.open(job.root / dict(job.row)["original"]) as original:
        return Outcome(job, report.verdict.value, report.drift or 0.0, over, max(original.size))


def sets(results: list[Outcome]) -> Table:
    """Caught and falsely blocked, by set; what could not be judged counts as a false block."""
    lines = []
    for group, name in NAMES.items():
        bad, good = _parted([one for one in results if one.job.group == group])
        largest = max((one.drift for one in good if one.verdict == "pass"), default=0.0)
        none = [one for one in bad if one.drift > max((held.drift for held in good), default=0.0)]
        at_none = f"{len(none)} of {len(bad)} ({len(none) / max(len(bad), 1):.3f})"
        lines.append((name, str(len(bad) + len(good)), _share(bad), _false(good), f"{largest:.2f}", at_none))
    head = ("set", "pairs", "caught", "false blocks", "largest that passed", "caught at a limit without false blocks")
    return Table("Verdicts", head, tuple(lines))


NAMES = {
    "real": "real edits",
    "standard": "planted, no area declared",
    "hard": "planted `--hard`, no area declared",
    "declared": "planted, its area declared",
}


def kinds(results: list[Outcome]) -> Table:
    """Planted damage by kind, with the interval that the number of pairs leaves."""
    found = {group: [one for one in results if one.job.group == group] for group in NAMES}
    lines = []
    names = sorted({one.job.kind for group in PLANTED for one in found[group] if one.job.expected == "block"})
    for name, which in [("the six with edges", SIX), *((name, (name,)) for name in names)]:
        cells = [
            _share([one for one in found[group] if one.job.kind in which and one.job.expected == "block"], sure=True)
            for group in (*PLANTED, "declared")
        ]
        lines.append((name, *cells))
    head = ("kind", "standard", "hard", "standard, its area declared")
    return Table("Planted damage caught, by kind (95 % interval)", head, tuple(lines))


def small_and_faint(results: list[Outcome]) -> Table:
    """The six by the side of the patch, lines by their levels."""
    bad = [one for one in results if one.job.group in PLANTED and one.job.expected == "block"]
    six = [one for one in bad if one.job.kind in SIX]
    lines = [
        (f"side {float(side):.1%} of the long side", _share([one for one in six if one.job.size == side], sure=True))
        for side in sorted({one.job.size for one in six}, key=float)
    ]
    for levels in ("12", "24", "48", "96"):
        those = [one for one in bad if one.job.kind == "line" and _note(one).startswith(f"{levels} ")]
        lines.append((f"a line of {levels} levels", _share(those, sure=True)))
    fades = [(one, _on_regular(one.job)) for one in bad if one.job.kind == "fade"]
    for name, regular in (("a fade of a regular pattern", True), ("a fade of other texture", False)):
        lines.append((name, _share([one for one, told in fades if told is regular], sure=True)))
    return Table("Planted damage caught, by size and strength", ("damage", "caught"), tuple(lines))


def _on_regular(job: Job) -> bool:
    """Whether what was planted lies on a regular pattern (regular.py)."""
    row = dict(job.row)
    x, y, width, height = map(int, row["area"].split())
    return is_regular(str(job.root / row["original"]), (x, y, width, height))


def harmless_kinds(results: list[Outcome]) -> Table:
    """Harmless changes planted beside the damage."""
    good = [one for one in results if one.job.group in PLANTED and one.job.expected == "pass"]
    lines = [("all", *_harmless_row(good))]
    lines += [
        (kind, *_harmless_row([one for one in good if one.job.kind == kind]))
        for kind in sorted({one.job.kind for one in good})
    ]
    return Table(
        "Harmless changes planted into the same edits", ("kind", "false blocks", "largest drift"), tuple(lines)
    )


def _harmless_row(good: list[Outcome]) -> tuple[str, str]:
    return _false(good), f"{max((one.drift for one in good), default=0.0):.2f}"


def by_place(results: list[Outcome]) -> Table:
    """The same by editor and by size of the picture; planted and real edits together."""
    judged = [one for one in results if one.job.group in {"real", *PLANTED}]
    lines = [
        (f"{editor}", *_place_row([one for one in judged if one.job.editor == editor]))
        for editor in sorted({one.job.editor for one in judged})
    ]
    lines += [
        (f"long side {name} px", *_place_row([one for one in judged if low < one.long_side <= high]))
        for low, high, name in LONG_SIDES
    ]
    return Table("By editor and by size", ("pairs of", "caught", "false blocks", "largest that passed"), tuple(lines))


def _place_row(found: list[Outcome]) -> tuple[str, str, str]:
    bad, good = _parted(found)
    return _share(bad), _false(good), f"{max((one.drift for one in good if one.verdict == 'pass'), default=0.0):.2f}"


def transfer(results: list[Outcome]) -> Table:
    """Each editor judged by limits that were set on the others: SPARE times the largest that held there.

    Either one factor on all limits of local change, lines and patterns, or one a metric. What people see
    (tone, shift, size, transparency) is no fit and keeps its limit.
    """
    judged = [one for one in results if one.job.group in {"real", *PLANTED}]
    editors = sorted({one.job.editor for one in judged})
    lines = []
    for name, factors in (("one factor", _one_factor), ("one factor a metric", _factor_a_metric)):
        ratios: dict[str, list[tuple[Outcome, float]]] = defaultdict(list)
        for editor in editors:
            rest = [one for one in judged if one.job.editor != editor and one.job.expected == "pass"]
            limits = factors(rest)
            for one in judged:
                if one.job.editor == editor:
                    worst = max((value / limits.get(metric, 1.0) for metric, value in one.over.items()), default=0.0)
                    by_rule = one.verdict != "pass" and max(one.over.values(), default=0.0) <= 1
                    ratios[one.job.expected].append((one, math.inf if by_rule else worst))
        held = [value for _, value in ratios["pass"]]
        cells = [f"{sum(value > 1 for value in held)} of {len(held)}", f"{max(held):.2f}"]
        for group, which in (("real", None), ("standard", SIX), ("hard", SIX)):
            bad = [
                value > 1
                for one, value in ratios["block"]
                if one.job.group == group and (which is None or one.job.kind in which)
            ]
            cells.append(f"{sum(bad)} of {len(bad)} ({sum(bad) / max(len(bad), 1):.3f})")
        lines.append((name, *cells))
    head = ("limits", "false blocks", "largest that held", "real edits caught", "the six, standard", "the six, hard")
    return Table(f"Limits from the other editors, times {SPARE}", head, tuple(lines))


RELATIVE = ("light", "color", "contrast", "blur", "line", "pattern", "part", "spill")
"""metrics whose limits were fitted"""


def _one_factor(held: list[Outcome]) -> Mapping[str, float]:
    most = max(one.over.get(metric, 0.0) for one in held for metric in RELATIVE)
    return dict.fromkeys(RELATIVE, SPARE * most)


def _factor_a_metric(held: list[Outcome]) -> Mapping[str, float]:
    return {metric: SPARE * max(one.over.get(metric, 0.0) for one in held) for metric in RELATIVE}


def alone(results: list[Outcome]) -> Table:
    """What each metric decides that no other does."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    example: dict[str, str] = {}
    for one in results:
        over = [metric for metric, value in one.over.items() if value > 1]
        for metric in over:
            counts[metric][0] += one.job.expected == "block"
        if len(over) == 1:
            counts[over[0]][1 if one.job.expected == "block" else 2] += one.job.expected in {"block", "pass"}
            if one.job.expected == "block":
                example.setdefault(over[0], one.job.case)
    lines = [
        (f"`{metric}`", str(found), str(only), str(false), example.get(metric, ""))
        for metric, (found, only, false) in sorted(counts.items())
    ]
    head = (
        "metric",
        "damage that it finds",
        "that it alone finds",
        "held pairs that it alone blocks",
        "found by it alone",
    )
    return Table("What each metric decides", head, tuple(lines))


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
    """Every verdict that was not the expected one, strict level and planted damage that was missed aside."""
    lines = tuple(
        (NAMES.get(one.job.group, one.job.group), one.job.case, _what(one), one.verdict, f"{one.drift:.2f}")
        for one in results
        if one.job.level is Level.VISUAL
        and (one.job.expected == "pass" or one.job.group not in {*PLANTED, "declared"})
        and one.verdict not in RIGHT[one.job.expected]
    )
    return Table("Wrong verdicts", ("set", "case", "what", "got", "drift"), lines or (("none", "", "", "", ""),))


RIGHT = {
    "pass": ("pass",),
    "block": ("block",),
    "not-pass": ("block", "unjudged"),
    "either": ("pass", "block", "unjudged"),
}
"""the verdicts that are right for an expected one"""


def _what(one: Outcome) -> str:
    if one.job.process:
        return f"{one.job.kind}, {'own mask' if one.job.masked else 'no mask'}"
    return f"{one.job.kind} {one.job.size} {_note(one)}".strip()


def _note(one: Outcome) -> str:
    return dict(one.job.row).get("note", "")


def _parted(found: list[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
    """To block, and to pass."""
    return [one for one in found if one.job.expected == "block"], [one for one in found if one.job.expected == "pass"]


def _false(good: list[Outcome]) -> str:
    return f"{sum(one.verdict != 'pass' for one in good)} of {len(good)}"


def _share(found: list[Outcome], *, sure: bool = False) -> str:
    if not found:
        return "none"
    caught = sum(one.verdict == "block" for one in found)
    low, high = interval(caught, len(found))
    return f"{caught} of {len(found)} ({f'{low:.2f} to {high:.2f}' if sure else f'{caught / len(found):.3f}'})"


def interval(caught: int, of: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, 1927)."""
    z = 1.96
    middle, spread = caught / of + z * z / (2 * of), z * math.sqrt(caught * (of - caught) / of**3 + z * z / (4 * of**2))
    return (middle - spread) / (1 + z * z / of), min(1.0, (middle + spread) / (1 + z * z / of))


def parser() -> argparse.ArgumentParser:
    """The options, which `figures.py` shares."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("cases", type=Path, help="the folder with cases.csv and planted.py")
    made.add_argument("--seeds", type=int, nargs="*", default=[601, 602, 603, 604])
    made.add_argument("--per-case", type=int, default=2)
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
            for hard in (False, True):
                jobs += pairs.planted(args.cases, args.planted or Path(scratch), seed, args.per_case, hard=hard)
        decided = list(pool.map(outcome, jobs, chunksize=4))
        drawn: tuple[Callable[[list[Outcome]], Table], ...] = (
            sets,
            kinds,
            small_and_faint,
            harmless_kinds,
            by_place,
            transfer,
            alone,
        )
        tables = [*(draw(decided) for draw in drawn), wrong(decided)]
        if not args.no_harmless:
            # A chunk is one picture in one processing, which is made once for both masks and both levels.
            passed = list(pool.map(outcome, pairs.harmless(args.cases), chunksize=4))
            tables[-1:] = [processing(passed), wrong([*decided, *passed])]
        if args.others:
            tables += others.side_by_side(
                [(one.job, one.verdict) for one in decided if one.job.group in {"real", "standard"}],
                args.node or Path(scratch) / "node",
                pool,
            )
    return tables


if __name__ == "__main__":
    options = parser().parse_args()
    show(measured(options), markdown=options.markdown)
