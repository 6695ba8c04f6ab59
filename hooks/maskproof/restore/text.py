"""What the command `restore` says of each edit: the result, what was done, how to undo it and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof import marks
from maskproof.drift.frame import describe_motion
from maskproof.model import ImageReport, Severity, Verdict, amount
from maskproof.report.text import WORDS, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.errors import MaskproofError
    from maskproof.restore import Restored


SEEN = ((0.01, "hardly visible"), (0.2, "visible in places"), (1.0, "plainly visible: look at it"))
"""up to which share of the mask's edge a step is called so; 0.2 is a warning in the check, and 0.02 was seen"""


def describe_kept(path: str, report: ImageReport) -> tuple[str, ...]:
    kept = "nothing to put back, every protected pixel is the original's already"
    if report.verdict is Verdict.PASS:
        return (f"{path}: {kept}",)
    return (f"{path}: {kept}, and {WORDS[report.verdict]} all the same", *_findings(report))


def describe_result(path: str, target: str, before: ImageReport, after: ImageReport) -> Iterator[str]:
    """The result, and what is left of the findings."""
    name = path if target == path else f"{path}, as {target}"
    drift = f"drift {_drift(before)} before, {_drift(after)} now; the limit is 1"
    if after.verdict is Verdict.PASS:
        yield f"{name}: restored  ({drift})"
    else:
        yield f"{name}: restored, and {WORDS[after.verdict]} all the same  ({drift})"
        yield from _findings(after)
    if before.findings:
        yield from _row("before", f"{WORDS[before.verdict]}: {', '.join(one.rule for one in before.findings)}")


def describe_steps(made: Restored) -> Iterator[str]:
    """What was done."""
    exactly = "near the original's now" if made.lossy else "exactly the original's now"
    yield from _row("put back", f"{made.put_back:,} protected px that were not the original's; they are {exactly}")
    if made.motion is not None:
        yield from _row("undone", f"the edit's frame had moved: {describe_motion(made.motion)}")
    shares = {name: amount(share, "share") for name, share in made.seams.items()}
    others = [f"{name} {share}" for name, share in shares.items() if name != made.method]
    yield from _row(
        "pasted",
        f"{made.method}; its edge is {_seen(made.seams[made.method])}, a step along {shares[made.method]} of it"
        + (f" ({', '.join(others)})" if others else ""),
    )
    if made.dropped_manifest:
        yield from _row(
            "dropped",
            "the edit's Content Credentials (a C2PA manifest), which vouch for other pixels; the record keeps their "
            f"digest, {made.dropped_manifest[:12]}…",
        )
    if made.marks:
        yield from _row("marked", marks.describe(made.marks))
    if made.signed:
        yield from _row("signed", made.signed.removeprefix("signed "))
    for note in made.notes:
        yield from _row("note", note)


def _seen(share: float) -> str:
    """How visible a step along such a share of the mask's edge is."""
    return next(word for most, word in SEEN if share <= most)


def describe_next(files: str, target: str) -> Iterator[str]:
    yield f"  undo       maskproof restore --undo {target}"
    yield f"  next       look at it, then: git add {files}"


def describe_failure(path: str, word: str, error: MaskproofError) -> tuple[str, ...]:
    reason = error.reason.removeprefix(f"{path}: ")
    return (f"{path}: {word}: {reason}", *([f"    -> {error.advice}"] if error.advice else []))


def _findings(report: ImageReport) -> Iterator[str]:
    for one in report.findings:
        if one.severity is not Severity.WARN:
            yield f"  x {one.rule}: {one.message}"


def _row(label: str, text: str) -> list[str]:
    return wrap(text, f"  {label:<10} ")


def _drift(report: ImageReport) -> str:
    return "not measured" if report.drift is None else f"{report.drift:.2f}"
