"""The way of one image, from a change in Git to a verdict: `judge`, whose lines are the stages. Read this first.

    which images (scope) -> gather (Git: ids, record, policy) -> judge (bytes in, report out)

`judge` is pure: it asks no Git, and what it takes and gives can travel to another process. What an image is compared
with depends on its origin (`origins`); every rule's logic is a row in `findings`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from maskproof.gate.chain import chain_of, compare_with_first
from maskproof.gate.compare import describe, measure, protect
from maskproof.gate.contract import widen
from maskproof.gate.findings import conclude
from maskproof.gate.gather import gather
from maskproof.gate.inspection import Inspection, Original, Unproven, attempt
from maskproof.gate.origins import decode
from maskproof.gate.provenance import assess
from maskproof.gate.scope import Scope
from maskproof.model import Report, Verdict
from maskproof.repo.paths import is_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from maskproof.gate.inspection import Failure, Inputs, Reference
    from maskproof.images.files import Files
    from maskproof.model import ImageReport
    from maskproof.repo.change import Change

    Runner = Callable[[Callable[[Inputs], ImageReport], Iterable[Inputs]], Iterator[ImageReport]]


def check(change: Change, run: Runner = map) -> Report:
    """Judge every image that a change concerns.

    Args:
        change: Both sides of the change.
        run: Calls a function with each of some inputs and gives what comes of them, in order.

    Raises:
        PolicyError: the policy has mistakes.
    """
    scope = Scope(change)
    inputs = (gather(scope, path) for path in scope.targets)
    images = tuple(run(partial(judge, files=scope.files), inputs))
    return Report(images, (*notes(scope), *dict.fromkeys(note for image in images for note in image.notes)))


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
    told = [*_loosened(scope)]
    if scope.change.head.commit is not None:
        return tuple(told)
    stale = sorted(scope.change.repository.unstaged(scope.targets))
    told += [f"{path} was judged as staged; the file in the working tree differs" for path in stale]
    return tuple(told)


def _loosened(scope: Scope) -> Iterator[str]:
    """What the change loosens in the policy, where no image says so itself."""
    asked = any(map(is_policy, scope.change.changes)) and not any(map(scope.loosened, scope.targets))
    if asked and (keys := scope.all_loosened):
        yield f"policy-loosened: this change loosens {', '.join(keys)}; until it is merged the stricter value holds"
