"""The way of one image, from a change in Git to a verdict: `judge`, whose lines are the stages. Read this first.

    which images (scope) -> gather (Git: ids, record, policy) -> judge (bytes in, report out)

`judge` is pure: it asks no Git, and what it takes and gives can travel to another process. What an image is compared
with depends on its origin (`origins`); every rule's logic is a row in `findings`.
"""

from __future__ import annotations

import traceback
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from maskproof.errors import CouldNotJudge, MaskproofError, refused
from maskproof.gate.carried import without_carried
from maskproof.gate.chain import chain_of, compare_with_first
from maskproof.gate.compare import cut, describe, measure, mend, protect
from maskproof.gate.contract import widen
from maskproof.gate.findings import conclude
from maskproof.gate.gather import gather
from maskproof.gate.inspection import Failure, Inspection, Master, MasterFacts, Original, Unproven, attempt
from maskproof.gate.notes import notes, refuse_forgotten_policy, refuse_lost_file, watched, with_notes
from maskproof.gate.origins import decode
from maskproof.gate.provenance import assess
from maskproof.gate.scene import scene
from maskproof.gate.scope import Scope
from maskproof.gate.verdict import decide
from maskproof.images import worker
from maskproof.images.files import Source
from maskproof.model import ImageReport, Report, Severity, Verdict
from maskproof.parallel import outcomes, processors, side_by_side
from maskproof.policy.rules import finding
from maskproof.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from typing import Any

    from maskproof.gate.cache import Cache
    from maskproof.gate.inspection import Inputs, Reference
    from maskproof.gate.scene import Draws
    from maskproof.images.files import Files
    from maskproof.model import RegionDrift
    from maskproof.repo.change import Change

    Gathered = Inputs | ImageReport
    Runner = Callable[[Callable[..., ImageReport], Iterable[Any]], Iterator[ImageReport]]
    Progress = Callable[[int, int], None]

T = TypeVar("T")
REPORT_BYTES = 10_000
"""what a kept report is counted as"""


PIXELS_AT_ONCE = 60_000_000
"""pixels of the edits that are judged at the same time; with its original one takes some 25 bytes a pixel"""


def check(
    change: Change,
    run: Runner | None = None,
    progress: Progress | None = None,
    cache: Cache | None = None,
    part: tuple[int, int] = (1, 1),
    *,
    lean: bool = False,
    draws: Draws | None = None,
    only: Collection[str] = (),
) -> Report:
    """Judge every image that a change concerns.

    Args:
        change: Both sides of the change.
        run: Calls a function with each of some inputs and gives what comes of them, in order. None: as many threads as
            there are processors share them.
        progress: Told after each image how many of all are judged.
        cache: Where verdicts are kept, for which reports are always lean.
        part: Number and count of the parts of equal size that the images are dealt out to, one after the other.
        lean: Leave out of each report what the stages found, which nobody asks for who wants the verdicts.
        draws: What the reports keep to be seen, for which nothing is kept; None: nothing.
        only: Images or their records. No other image is judged, unless the change concerns none of them.

    Raises:
        PolicyError: the policy has mistakes.
        CouldNotJudge: the policy lies in the working tree, and the commit would be judged without it; or the change
            takes away a file that its policy names.
    """
    scope = Scope(change)
    refuse_forgotten_policy(scope)
    refuse_lost_file(scope)
    number, of = part
    own = [path for path in scope.targets if not {path, *change.head.records.get(path, ())}.isdisjoint(only)]
    paths = (own or scope.targets)[number - 1 :: of]
    cache, lean = (None, False) if draws else (cache, lean or cache is not None)
    before = partial(judged, cache=cache)
    found = reports_on(scope, paths, run, cache, lean=lean, draws=draws)
    images = Spool(counted_out((without_carried(scope, one, before) for one in found), len(paths), progress))
    watch = cache is not None and part == (1, 1)
    seen = cache.seen(watched(scope)) if cache and watch else {}  # before the notes, so that none is of a later state
    report = with_notes(images, notes(scope))
    if cache and watch:
        cache.keep_run(change, report, seen)
    if cache:
        cache.close()
    return report


def counted_out(reports: Iterable[ImageReport], of: int, progress: Progress | None) -> Iterator[ImageReport]:
    """Reports as they come, `progress` told after each how many of all there are."""
    for done, one in enumerate(reports, 1):
        yield one
        if progress:
            progress(done, of)


def reports_on(
    scope: Scope,
    paths: Sequence[str],
    run: Runner | None,
    cache: Cache | None,
    *,
    lean: bool,
    draws: Draws | None = None,
) -> Iterator[ImageReport]:
    """The report on each image, in their order, each asked for when there is room for it."""
    asked: deque[str] = deque()
    """the key of each image that is in work; empty where there is nothing to keep"""

    def gathered() -> Iterator[Gathered]:
        for path in paths:
            inputs = apart(path, gather, scope, path)
            key = "" if cache is None or isinstance(inputs, ImageReport) else cache.key(inputs)
            kept = cache.image(key) if cache and key else None
            asked.append("" if kept else key)
            yield kept or inputs

    one = partial(judge_apart, files=scope.files, lean=lean, draws=draws)
    for report in (
        run(one, gathered()) if run else side_by_side_of(one, gathered(), partial(_pixels, scope), len(paths))
    ):
        if (key := asked.popleft()) and cache:
            cache.keep(key, report)
        yield report


def side_by_side_of(
    one: Callable[..., ImageReport], inputs: Iterable[T], weigh: Callable[[T], int], count: int
) -> Iterator[ImageReport]:
    """The reports on so many images, which threads of this process share; `weigh` tells the pixels of each."""
    threads = processors()
    alone = count <= 1 or threads == 1
    measuring = 2 if alone else max(1, threads // count)
    one = partial(one, threads=measuring)
    if alone:
        yield from map(one, inputs)
        return
    try:
        yield from side_by_side(one, inputs, weigh, threads, PIXELS_AT_ONCE)
    except KeyboardInterrupt:
        worker.stop()  # else this process would end only when what others decode is done
        raise


def in_processes(jobs: int) -> Runner:
    """So many processes that share the images, each with one thread to measure; 1: this one."""
    return lambda one, inputs: outcomes(partial(one, threads=1), inputs, jobs)


def _pixels(scope: Scope, inputs: Gathered) -> int:
    """Pixels of an edit, as its header says; 0 where there is none to read."""
    if isinstance(inputs, ImageReport) or not isinstance(inputs.edit, Source):
        return 0
    try:
        return pixels(scope.files, inputs.edit)
    except (CouldNotJudge, OSError, MemoryError):  # told where it is judged
        return 0


def pixels(files: Files, source: Source) -> int:
    """Pixels of a picture, as its header says; raises CouldNotJudge."""
    container = files.container(source)
    return container.width * container.height


def judged(scope: Scope, path: str, cache: Cache | None = None, draws: Draws | None = None) -> ImageReport:
    """The report on one image of a change; what fails is told in it."""
    (report,) = reports_on(scope, (path,), map, cache, lean=cache is not None, draws=draws)
    return report


def judge_apart(
    inputs: Gathered, files: Files, threads: int = 2, draws: Draws | None = None, *, lean: bool = False
) -> ImageReport:
    """As `judge`, but what fails outside its stages is told of this image, and leaves the others alone.

    With `lean` the report holds nothing of what the stages found, so that thousands can be held.
    """
    if isinstance(inputs, ImageReport):
        return inputs
    report = apart(inputs.path, judge, inputs, files, threads, draws)
    return replace(report, inspection=None) if lean else report


def apart(path: str, stage: Callable[..., T], *given: Any) -> T | ImageReport:
    """What comes of a stage; else a report that says why this image was not judged."""
    fault = ""
    try:
        return stage(*given)
    except MaskproofError:  # of the whole run: policy, or a part that is not installed
        raise
    except Exception as error:  # noqa: BLE001 - a fault of the program in one image must not hide the other verdicts
        if reason := refused(error):
            said = f"the system refused what it takes to judge {path} ({reason})"
            advice = "Free what is short, then run the same command again."
        else:
            fault = "".join(traceback.format_exception(error))
            said = f"maskproof itself failed on {path} ({type(error).__name__}: {error}), so nothing is known of it"
            advice = "This is a bug: set MASKPROOF_TRACEBACK=1 to see where, and report it."
    found = finding("unreadable", said, severity=Severity.UNJUDGED, advice=advice)
    return ImageReport(path, Verdict.UNJUDGED, findings=(found,), fault=fault)


def judge(inputs: Inputs, files: Files, threads: int = 2, draws: Draws | None = None) -> ImageReport:
    """The verdict on one image; what goes wrong in a stage becomes a finding, and what is known stays known.

    Args:
        inputs: All that Git and policy know of it.
        files: Where the bytes are read, and what was decoded of them before.
        threads: Threads that measuring may use.
        draws: What the report keeps to be seen; None: nothing.
    """
    signals = attempt(assess, inputs, inputs.edit, files)
    pairs = attempt(decode, inputs, inputs.edit, inputs.reference, files)
    regions = attempt(protect, inputs, pairs, files)
    measured = attempt(measure, inputs, pairs, regions, threads)
    first = attempt(compare_with_first, inputs, measured, chain_of(inputs), inputs.edit, files, threads)
    widened = attempt(widen, inputs, pairs, regions, files)
    unsettled = settle(inputs.reference, files, threads)
    compared = describe(pairs, regions, inputs.settings.level)
    mending = attempt(mend, inputs, pairs, regions, measured)
    met = None if isinstance(mending, Failure) else mending
    lost = attempt(cut, inputs, pairs, regions)
    over = None if isinstance(lost, Failure) else lost
    master = judge_master(inputs, measured, files, threads)
    export = None if inputs.as_export is None else judge(inputs.as_export, files, threads)
    facts = first, widened, unsettled, met, over, master, export
    report = conclude(Inspection(inputs, signals, compared, measured, *facts))
    if not draws:
        return report
    seen = scene(inputs.edit, pairs, regions, measured, files)
    return replace(report, shown={name: draw(report, seen) for name, draw in draws.items()})


def settle(reference: Reference | Failure, files: Files, threads: int) -> Unproven | None:
    """The original of an edit, where something is open against it in every place of the project that holds it."""
    if not isinstance(reference, Original) or not reference.entered:
        return None
    reports = [judge(one, files, threads) for one in reference.entered]
    if any(report.verdict is Verdict.PASS for report in reports):
        return None
    worst = reports[0].findings[0]
    why = f"lies in the project with something open against it ({worst.rule}: {worst.message})"
    return Unproven("original", reference.original.path, why)


def judge_master(
    inputs: Inputs, measured: tuple[RegionDrift, ...] | Failure, files: Files, threads: int
) -> MasterFacts | None:
    """What became of the master of an export, judged once for all of its exports; None: it is no export."""
    master = inputs.reference
    if not isinstance(master, Master):
        return None
    report = None
    if (asked := master.judged) is not None:
        how = f"judged under {asked.settings}"
        report = files.once(how, master.source, lambda: judge(asked, files, threads), lambda _: REPORT_BYTES)
    return MasterFacts(report, master.earlier is not None and _shows(master.earlier, inputs, measured, files, threads))


def _shows(
    earlier: Source, inputs: Inputs, measured: tuple[RegionDrift, ...] | Failure, files: Files, threads: int
) -> bool:
    """Does an export that does not show its master show what that was before?"""
    if isinstance(measured, Failure) or decide(measured, inputs.settings.limits).verdict is Verdict.PASS:
        return False
    assert isinstance(inputs.reference, Master)  # noqa: S101 - asked by the caller
    before = replace(inputs.reference, source=earlier, earlier=None, judged=None)
    report = judge(replace(inputs, reference=before), files, threads)
    return (
        isinstance(report.inspection, Inspection)
        and (decided := report.inspection.decided) is not None
        and (decided.verdict is Verdict.PASS)
    )
