"""The way of one image, from a change in Git to a verdict: `judge`, whose lines are the stages. Read this first.

    which images (scope) -> gather (Git: ids, record, policy) -> judge (bytes in, report out)

`judge` is pure: it asks no Git, and what it takes and gives can travel to another process. What an image is compared
with depends on its origin (`origins`); every rule's logic is a row in `findings`.
"""

from __future__ import annotations

import traceback
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from maskproof.errors import ApprovalError, MaskproofError
from maskproof.gate.chain import chain_of, compare_with_first
from maskproof.gate.compare import describe, measure, protect
from maskproof.gate.contract import widen
from maskproof.gate.findings import conclude
from maskproof.gate.gather import gather
from maskproof.gate.inspection import Inspection, Original, Unproven, attempt
from maskproof.gate.origins import decode
from maskproof.gate.provenance import assess
from maskproof.gate.scope import Scope
from maskproof.model import ImageReport, Report, Severity, Verdict, counted, in_baseline
from maskproof.policy.rules import finding
from maskproof.repo.paths import is_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from maskproof.gate.inspection import Failure, Inputs, Reference
    from maskproof.images.files import Files
    from maskproof.model import Finding
    from maskproof.repo.change import Change

    Gathered = Inputs | ImageReport
    Runner = Callable[[Callable[[Gathered], ImageReport], Iterable[Gathered]], Iterator[ImageReport]]

T = TypeVar("T")


def check(change: Change, run: Runner = map) -> Report:
    """Judge every image that a change concerns.

    Args:
        change: Both sides of the change.
        run: Calls a function with each of some inputs and gives what comes of them, in order.

    Raises:
        PolicyError: the policy has mistakes.
    """
    scope = Scope(change)
    inputs = (_apart(path, gather, scope, path) for path in scope.targets)
    images = tuple(run(partial(judge_apart, files=scope.files), inputs))
    return Report(
        images,
        (*notes(scope), *accepted_notes(images), *dict.fromkeys(note for image in images for note in image.notes)),
    )


def judge_apart(inputs: Inputs | ImageReport, files: Files) -> ImageReport:
    """As `judge`, but what fails outside its stages is told of this image, and leaves the others alone."""
    return inputs if isinstance(inputs, ImageReport) else _apart(inputs.path, judge, inputs, files)


def _apart(path: str, stage: Callable[..., T], *given: Any) -> T | ImageReport:
    """What comes of a stage; else a report that says why this image was not judged."""
    fault = ""
    try:
        return stage(*given)
    except MaskproofError:  # of the whole run: policy, or a part that is not installed
        raise
    except (OSError, MemoryError) as error:
        said = f"the system refused what it takes to judge {path} ({getattr(error, 'strerror', '') or 'out of memory'})"
        advice = "Free what is short, then run the same command again."
    except Exception as error:  # noqa: BLE001 - a fault of the program in one image must not hide the other verdicts
        fault = "".join(traceback.format_exception(error))
        said = f"maskproof itself failed on {path} ({type(error).__name__}: {error}), so nothing is known of it"
        advice = "This is a bug: set MASKPROOF_TRACEBACK=1 to see where, and report it."
    found = finding("unreadable", said, severity=Severity.UNJUDGED, advice=advice)
    return ImageReport(path, Verdict.UNJUDGED, findings=(found,), fault=fault)


def judge(inputs: Inputs, files: Files, threads: int = 2) -> ImageReport:
    """The verdict on one image; what goes wrong in a stage becomes a finding, and what is known stays known.

    Args:
        inputs: All that Git and policy know of it.
        files: Where the bytes are read, and what was decoded of them before.
        threads: Threads that measuring may use.
    """
    signals = attempt(assess, inputs, inputs.edit, files)
    pairs = attempt(decode, inputs, inputs.edit, inputs.reference, files)
    regions = attempt(protect, inputs, pairs, files)
    measured = attempt(measure, inputs, pairs, regions, threads)
    first = attempt(compare_with_first, inputs, measured, chain_of(inputs), inputs.edit, files, threads)
    widened = attempt(widen, inputs, pairs, regions, files)
    unsettled = settle(inputs.reference, files, threads)
    return conclude(
        Inspection(
            inputs, signals, describe(pairs, regions, inputs.settings.level), measured, first, widened, unsettled
        )
    )


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


def notes(scope: Scope) -> tuple[str, ...]:
    """What a reader should know about the run itself."""
    told = [*_loosened(scope), *_unusable(scope)]
    if scope.change.head.commit is not None:
        return tuple(told)
    stale = sorted(scope.change.repository.unstaged(scope.targets))
    told += [f"{path} was judged as staged; the file in the working tree differs" for path in stale]
    return tuple(told)


def _unusable(scope: Scope) -> Iterator[str]:
    """Approvals that cannot be read, where an image is judged that one of them may have been for."""
    if scope.targets:
        broken = (*scope.sign_offs.files.values(), scope.baselines.problem)
        yield from (one.reason for one in broken if isinstance(one, ApprovalError))


def accepted_notes(images: Iterable[ImageReport]) -> Iterator[str]:
    """What passes only because somebody accepts it, and what is left to do about that."""
    passing = [one for one in images if one.verdict is Verdict.PASS]
    pending = sum(any(one.accepted and one.accepted.pending for one in image.findings) for image in passing)
    if pending:
        yield (
            f"{counted(pending, 'image')} {'passes' if pending == 1 else 'pass'} here for an approval that nobody has "
            "reviewed yet; the check on the server decides"
        )
    held = sum(bool(one.findings) and in_baseline(one) for one in passing)
    if held:
        yield f"{counted(held, 'image')} with findings that the baseline has of {'it' if held == 1 else 'them'} already"
    alone = any(
        isinstance(one.inspection, Inspection) and _by_nobody_else(one.inspection, one.findings) for one in passing
    )
    if alone:
        yield "an approval by whoever made the change counts here, as the policy sets `required = 0` in [approvals]"


def _by_nobody_else(inspection: Inspection, found: tuple[Finding, ...]) -> bool:
    rules = inspection.inputs.settings.approvals
    return any(one.accepted and one.accepted.how == "approval" and not rules.needed(one.rule) for one in found)


def _loosened(scope: Scope) -> Iterator[str]:
    """What the change loosens in the policy, where no image says so itself."""
    asked = any(map(is_policy, scope.change.changes)) and not any(map(scope.loosened, scope.targets))
    if asked and (keys := scope.all_loosened):
        yield f"policy-loosened: this change loosens {', '.join(keys)}; until it is merged the stricter value holds"
