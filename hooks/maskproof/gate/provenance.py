"""Provenance: what a file says of itself, and Content Credentials that it carried before and carries no more.

Editors write a C2PA manifest; optimizers, converters and most libraries drop it without a word. What dropped it is
named where the file or the repository's own hooks show it.
"""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from maskproof import __version__, evidence
from maskproof.content import sha256_of
from maskproof.errors import CouldNotJudge
from maskproof.evidence.vocabularies.declared import PACKED
from maskproof.gate.compare import record_of
from maskproof.gate.inspection import Failure, Master, Original, Signals, Tracked
from maskproof.model import Severity
from maskproof.policy.rules import finding
from maskproof.records.approval import digest_of_terms
from maskproof.repo.paths import HOOKS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from maskproof.evidence.verdicts import SignedVerdict
    from maskproof.gate.inspection import ChangeFacts, Inputs, Inspection
    from maskproof.images.files import Files, Source
    from maskproof.model import Evidence, Finding

HOOK_ID = re.compile(r"^\s*(?:-\s+)?id:\s*['\"]?([\w.-]+)", re.MULTILINE)
MODEL_MADE = {"edited": "changed", "generated": "made"}
"""origins of a record that say AI, and what they say of it"""
SAME_DRIFT = 0.01
"""by which two measurements of one drift may differ: it is signed with three decimals, and machines round otherwise"""
SIGN_BYTES = 1_000
"""what a sign is counted as; its texts are cut to some hundred characters"""
OPTIMIZERS = re.compile(
    r"oxipng|optipng|pngcrush|pngquant|zopfli|jpegoptim|jpegtran|mozjpeg|squoosh|sharp|cwebp|avifenc|svgo"
    r"|exiftool|mogrify|imagemagick|image-?optim|optimi[sz]e-?image|compress-?image|strip-?(?:exif|meta)",
    re.IGNORECASE,
)
"""parts of the names of programs that write pictures anew, as hooks are named after them"""


def assess(inputs: Inputs, edit: Source, files: Files) -> Signals:
    """What an image of a change says of itself.

    Raises:
        CouldNotJudge: it cannot be read, and somebody asks.
    """
    change, record = inputs.change, record_of(inputs)
    if change is None:  # nothing is asked of it; what it says is told
        with suppress(CouldNotJudge):
            return Signals(signs_of(edit, {}, files))
        return Signals()
    try:
        found = signs_of(edit, change.neighbours, files)
    except CouldNotJudge:
        # Where policy asks nothing of files without a record, a broken one is not its business.
        if inputs.unrecorded and inputs.settings.unrecorded == "off":
            return Signals()
        raise
    stale = record is not None and record.image.sha256 != edit.sha256
    lost_from = _lost_from(inputs, edit, change, files, marked=evidence.is_ai(found) is True)
    rewritten_by = _rewritten_by(edit, change, files) if stale or lost_from else ""
    same = stale and _same_pixels(inputs, edit, change, files)
    claimed = evidence.claimed_verdict(files.data(edit), edit.path, files.container(edit))
    return Signals(found, stale, lost_from, same, rewritten_by, claimed)


def lost(inspection: Inspection) -> Iterator[Finding]:
    """The finding for a manifest that is gone."""
    signals = inspection.signals
    if not isinstance(signals, Failure) and signals.lost_from:
        yield finding(
            "provenance-lost",
            f"{signals.lost_from} carries Content Credentials (a C2PA manifest) and this file carries none"
            + (f"; {signals.rewritten_by}" if signals.rewritten_by else ""),
            advice="Export it again with its credentials and run no optimizer behind that, or let the reviewer know "
            "that they are meant to go. Where restore dropped them, restore it again: it marks the file now.",
        )


def unread(inspection: Inspection) -> Iterator[Finding]:
    """Metadata that is not unpacked, in a picture of which only its metadata could tell that AI made it.

    It stops a change as an AI mark without a record does, or packing the mark would be the way past it.
    """
    inputs, signals = inspection.inputs, inspection.signals
    if isinstance(signals, Failure) or not inputs.unrecorded or inputs.settings.unrecorded == "off":
        return
    said = [one.says for one in signals.evidence if one.source == PACKED]
    if said and evidence.is_ai(signals.evidence) is None:
        warns = inputs.settings.unrecorded == "warn"
        yield finding(
            "unreadable",
            f"{', '.join(said)}, so whether AI made it is not known",
            severity=Severity.WARN if warns else Severity.UNJUDGED,
            advice="Write the file with plain metadata (`cjxl --compress_boxes=0`), or record what it is: "
            f"`maskproof record {shlex.quote(inputs.path)} --manual` where people made it.",
        )


def unmarked(inspection: Inspection) -> Iterator[Finding]:
    """The finding for AI work whose file does not say what its record says; off unless policy asks."""
    inputs, signals, record = inspection.inputs, inspection.signals, record_of(inspection.inputs)
    asked = inputs.settings.unmarked
    if asked == "off" or isinstance(signals, Failure) or inputs.change is None or signals.stale:
        return
    if evidence.is_ai(signals.evidence) is True:
        return
    path = shlex.quote(inputs.path)
    if isinstance(inputs.reference, Master):
        if said := _said_of_master(inspection, inputs.reference):
            yield finding(
                "unmarked",
                f"{said}, and nothing in this file says so",
                Severity(asked),
                advice="Export it again with the master's metadata kept"
                + (f", or write the mark into it: `maskproof mark {path}`." if record else "."),
            )
    elif record is not None and record.origin in MODEL_MADE:
        yield finding(
            "unmarked",
            f"its record says that a model {MODEL_MADE[record.origin]} it, and nothing in the file says so",
            Severity(asked),
            advice=f"Write it into the file, no pixel changes: `maskproof mark {path}`.",
        )


def _said_of_master(inspection: Inspection, master: Master) -> str:
    """Who says that a model had a part in a master; empty: nobody, or it lacks the mark itself, which is told there."""
    report = None if inspection.master is None else inspection.master.report
    marked = report is not None and evidence.is_ai(report.evidence) is True
    record = record_of(master.judged) if master.judged else None
    if record is not None and record.origin in MODEL_MADE and (marked or not master.told):
        return f"the record of its master {master.source.path} says that a model {MODEL_MADE[record.origin]} that"
    if marked and (record is None or record.origin != "manual"):
        return f"its master {master.source.path} says itself that a model had a part in it"
    return ""


def assertion_differs(inspection: Inspection) -> Iterator[Finding]:
    """The finding for a signed verdict that is not what is measured, or whose signature is broken."""
    inputs, signals = inspection.inputs, inspection.signals
    if isinstance(signals, Failure) or signals.claimed is None:
        return
    anew = f"`maskproof sign {shlex.quote(inputs.path)}` signs what is measured."
    said = signals.claimed.verdict
    if broken := evidence.broken_signature(signals.evidence):
        yield _differs(f"its signed verdict does not hold: {broken.says.partition(';')[0]}", anew)
    elif said is None:
        yield _differs("what it carries as a signed verdict cannot be read as one", anew)
    elif signals.stale:
        return
    elif other := tuple(_other_pictures(inspection, said)):
        yield _differs(f"its signed verdict names {' and '.join(other)} than its record", anew)
    elif drift := _other_drift(inspection, said):
        whose = _since(inputs, said)
        yield _differs(f"{drift}{whose}", anew, Severity.WARN if whose else Severity.BLOCK)


def _differs(message: str, anew: str, severity: Severity = Severity.BLOCK) -> Finding:
    return finding("assertion-differs", message, severity, advice=f"Look at it again; then {anew}")


def _other_pictures(inspection: Inspection, said: SignedVerdict) -> Iterator[str]:
    """What a signed verdict was reached with, where the record names something else."""
    record = record_of(inspection.inputs)
    if record is None:
        return
    for role, claimed, own in (("original", said.original, record.original), ("mask", said.mask, record.mask)):
        if claimed != (own.sha256 if own else None):
            yield f"another {role} ({claimed[:12]}…)" if claimed else f"no {role}, otherwise"


def _other_drift(inspection: Inspection, said: SignedVerdict) -> str:
    """How a signed verdict differs from what is measured; empty: it does not, or nothing was measured."""
    decided, level = inspection.decided, inspection.inputs.settings.level
    if decided is None or not isinstance(inspection.inputs.reference, Original):
        return ""
    told = "none" if said.drift is None else f"{said.drift:.2f}"
    if said.level == level and said.drift is not None and abs(said.drift - decided.drift) <= SAME_DRIFT:
        return ""
    return (
        f"its signed verdict is drift {told} at level {said.level}, and measured is drift {decided.drift:.2f} at level "
        f"{level}"
    )


def _since(inputs: Inputs, said: SignedVerdict) -> str:
    """Why an honest verdict may be another one by now; empty: nothing that it rests on has changed."""
    changed = ["policy"] if said.settings != digest_of_terms(inputs.terms) else []
    changed += [f"maskproof ({said.engine[:20]} then)"] if said.engine != __version__ else []
    return f"; {' and '.join(changed)} changed since it was signed" if changed else ""


def signs_of(edit: Source, neighbours: Mapping[str, Source], files: Files) -> tuple[Evidence, ...]:
    """What a file and those beside it say, read once: verifying a signature costs more than all else of it."""

    def beside(path: str) -> bytes | None:
        source = neighbours.get(path)
        return None if source is None else files.data(source)

    def read() -> tuple[Evidence, ...]:
        return evidence.assess(files.data(edit), edit.path, beside, files.container(edit))

    return files.once(f"signs beside {edit.path}", edit, read, lambda signs: SIGN_BYTES * len(signs))


def _lost_from(inputs: Inputs, edit: Source, change: ChangeFacts, files: Files, *, marked: bool) -> str:
    """Which earlier picture carries a manifest while this one carries none; empty: none does.

    A manifest that the record says was dropped knowingly, since it vouches for other pixels, does not count where the
    file still says AI by a mark of its own, or where the record says that people made it.
    """
    reference, record = inputs.reference, record_of(inputs)
    asked = not isinstance(reference, Tracked) or (inputs.settings.unrecorded != "off" and reference.lost is None)
    if not asked or _manifest(edit, files) is not None:
        return ""
    knowingly = record is not None and (marked or record.origin == "manual")
    dropped = record.restored.dropped_manifest if knowingly and record and record.restored else None
    held = ((name, _manifest(source, files)) for name, source in _earlier(inputs, change))
    return next((name for name, store in held if store is not None and sha256_of(store) != dropped), "")


def _same_pixels(inputs: Inputs, edit: Source, change: ChangeFacts, files: Files) -> bool:
    """Was a file only packed anew: does it show to the last bit what its recorded version before shows?"""
    record, before = record_of(inputs), change.before
    if record is None or before is None:
        return False
    with suppress(CouldNotJudge):
        if sha256_of(files.data(before)) == record.image.sha256:
            return files.are_same(before, edit)
    return False


def _rewritten_by(edit: Source, change: ChangeFacts, files: Files) -> str:
    """What wrote a picture anew, in words, as far as anything shows it; empty where nothing does."""
    writer = evidence.writer(files.data(edit), edit.path, files.container(edit))
    if writer is not None:
        return f"the file was last written by {writer}"
    config = change.neighbours.get(HOOKS_FILE)
    hooks = HOOK_ID.findall(files.data(config).decode("utf-8", "replace")) if config else []
    named = [hook for hook in hooks if OPTIMIZERS.search(hook)]
    return f"the hook {named[0]!a} in {HOOKS_FILE} writes pictures anew" if named else ""


def _earlier(inputs: Inputs, change: ChangeFacts) -> Iterator[tuple[str, Source]]:
    if isinstance(inputs.reference, Original):
        yield f"its original {inputs.reference.original.path}", inputs.reference.original
    if change.before is not None:
        yield "its version before", change.before


def _manifest(source: Source, files: Files) -> bytes | None:
    try:
        return evidence.manifest(files.data(source), source.called, files.container(source))
    except CouldNotJudge:
        return None
