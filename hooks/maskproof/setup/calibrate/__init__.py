"""Calibration: a team's own accepted and rejected edits in, limits that fit them out.

The built-in limits come from other people's pictures. A team whose edits all go through one model, or whose brand is
stricter than most, has better data: the edits that it has judged itself. They are compared with the limits as they
are, and each limit that the data gives a reason to move is proposed anew. Nothing is changed by itself: a person reads
the proposal and puts it into the policy, where a review sees it.

the table -> cases -> measured rows -> proposal -> text, JSON, TOML, plot

An edit that has its record beside it, or where the policy keeps records, is compared as the gate compares it, with the
recorded crop, border and areas; and the model that the record names tells which editor it came from.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof import parallel, policy
from maskproof.atomic import read_file
from maskproof.content import sha256_of
from maskproof.documents import MAX_PROBLEMS
from maskproof.errors import CasesError, MaskproofError, RecordError
from maskproof.gate.named import Named, compare
from maskproof.model import ImageReport, Level, Severity
from maskproof.records import sidecar
from maskproof.setup.calibrate import cases
from maskproof.setup.calibrate.editors import editor_of
from maskproof.setup.calibrate.proposal import Proposal, Row, propose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from maskproof.policy import FoundPolicy, Settings
    from maskproof.records.sidecar import Record
    from maskproof.setup.calibrate.cases import Case


class Task(Struct, frozen=True):
    """One comparison, as it is handed to a process of the pool."""

    case: Case
    name: str
    folder: str
    """where the paths of the table start"""
    settings: Settings
    areas: str
    """where the paths of the policy start"""
    record: str
    """the edit's record; empty: it has none"""


def calibrate(
    table: Path, found: FoundPolicy, level: Level | None, jobs: int | None, progress: Callable[[int, int], None]
) -> Proposal:
    """Limits that fit the judged edits of a table.

    `level` takes the place of the policy's. `jobs` comparisons run at a time; None: as many as there are processors, at
    most 2. `progress` is told after each how many of how many are done.

    Raises:
        CasesError: the table, or a picture that it names, cannot be used.
    """
    read = cases.read(read_file(table), lambda path: (table.parent / path).is_file())
    settings = [policy.resolve(found, case.edit, level) for case in read.cases]
    problems = [*read.problems, *_level_problems({one.level for one in settings})]
    tasks = _tasks(read.cases, settings, table, found)
    rows: list[Row] = []
    for done, outcome in enumerate(parallel.outcomes(measured, tasks, parallel.count(jobs, len(tasks))), 1):
        if isinstance(outcome, Row):
            rows.append(outcome)
        else:
            problems.append(outcome)
        progress(done, len(tasks))
    if problems:
        more = (f"and {len(problems) - MAX_PROBLEMS} more",) if len(problems) > MAX_PROBLEMS else ()
        raise CasesError(str(table), (*problems[:MAX_PROBLEMS], *more))
    first = settings[0]
    return propose(tuple(rows), first.limits, first.own_limits, first.level, first.source, read.skipped)


def measured(task: Task) -> Row | str:
    """One edit compared with its original; a sentence where that is not possible."""
    case, folder, areas = task.case, Path(task.folder), Path(task.areas)
    try:
        edit, original = (read_file(folder / path) for path in (case.edit, case.original))
        mask = read_file(folder / case.mask) if case.mask else None
        mode = case.mask_mode if mask is not None else None
        record = _record(Path(task.record), case.edit, edit) if task.record else None
        # What a record says of another original (the first of a chain) would be in that one's pixels.
        told = record if record and record.original and record.original.sha256 == sha256_of(original) else None
        inputs = Named(edit, original, mask, mode, case.edit, case.original, case.mask, told)
        report = compare(inputs, task.settings, lambda path: _picture(areas / path))
    except MaskproofError as error:  # such errors do not travel between processes
        return f"line {case.line}: {error.reason}"
    if report.drift is None:
        return f"line {case.line}: " + "; ".join(
            one.message for one in report.findings if one.severity is Severity.UNJUDGED
        )
    return _row(task, report, editor_of(record))


def _record(path: Path, name: str, edit: bytes) -> Record:
    """The record of an edit.

    Raises:
        RecordError: it has mistakes, or speaks of other bytes.
    """
    record = sidecar.parse(read_file(path), sidecar.path_of(name))
    if record.image.sha256 != sha256_of(edit):
        raise RecordError(sidecar.path_of(name), ("it is of another version of the picture; record this one",))
    return record


def _row(task: Task, report: ImageReport, editor: str) -> Row:
    values: dict[tuple[str, str], float] = {}
    for region in report.regions:
        for metric in region.drift.metrics:
            key = (region.drift.kind, metric.name)
            values[key] = max(values.get(key, 0.0), float(metric.value))
    # Findings about a metric name its region; the others are about the mask or the file, and know no limit.
    otherwise = {one.rule for one in report.findings if one.severity is not Severity.WARN and one.region is None}
    return Row(task.name, task.case.accepted, values, tuple(sorted(otherwise)), editor, report.notes)


def _tasks(
    found: tuple[Case, ...], settings: list[Settings], table: Path, policy_file: FoundPolicy
) -> tuple[Task, ...]:
    edits = [case.edit for case in found]
    areas = str(Path(policy_file[0]).parent) if policy_file else ""
    return tuple(
        Task(
            case,
            case.edit if edits.count(case.edit) == 1 else f"{case.edit} (line {case.line})",
            str(table.parent),
            one,
            areas,
            _record_of(table.parent / case.edit, areas, policy_file),
        )
        for case, one in zip(found, settings, strict=True)
    )


def _level_problems(levels: set[Level]) -> Iterator[str]:
    """A limit holds at every level, so one can be found only from edits that were judged at one."""
    if Level.EXACT in levels:
        yield "the policy asks for level exact, which allows nothing and has no limit to find; choose with --level"
    elif len(levels) > 1:
        named = " and ".join(sorted(levels))
        yield f"the policy judges these edits at the levels {named}, whose limits differ; choose one with --level"


def _picture(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _record_of(edit: Path, root: str, policy_file: FoundPolicy) -> str:
    """Where an edit's record lies: beside it, or in the folder that the policy keeps records in; empty: nowhere."""
    places = [edit.with_name(sidecar.path_of(edit.name))]
    if policy_file and (mirrored := policy_file[1].records.folder):
        with suppress(ValueError):  # an edit from outside of the project
            inside = edit.resolve().relative_to(Path(root).resolve()).as_posix()
            places.append(Path(root) / sidecar.path_of(inside, mirrored))
    return next((str(place) for place in places if place.is_file()), "")
