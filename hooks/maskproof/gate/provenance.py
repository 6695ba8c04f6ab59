"""Provenance: what a file says of itself, and Content Credentials that it carried before and carries no more.

Editors write a C2PA manifest; optimizers, converters and most libraries drop it without a word. What dropped it is
named where the file or the repository's own hooks show it.
"""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from maskproof import evidence
from maskproof.errors import CouldNotJudge
from maskproof.evidence.vocabularies.declared import PACKED
from maskproof.gate.compare import record_of
from maskproof.gate.inspection import Failure, Original, Signals, Tracked
from maskproof.model import Severity, sha256_of
from maskproof.policy.rules import finding
from maskproof.repo.paths import HOOKS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from maskproof.gate.inspection import ChangeFacts, Inputs, Inspection
    from maskproof.images.files import Files, Source
    from maskproof.model import Evidence, Finding

HOOK_ID = re.compile(r"^\s*(?:-\s+)?id:\s*['\"]?([\w.-]+)", re.MULTILINE)
MODEL_MADE = {"edited": "changed", "generated": "made"}
"""origins of a record that say AI, and what they say of it"""
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
    if change is None:
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
    return Signals(found, stale, lost_from, stale and _same_pixels(inputs, edit, change, files), rewritten_by)


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
    if asked == "off" or isinstance(signals, Failure) or inputs.change is None or signals.stale or record is None:
        return
    if record.origin in MODEL_MADE and evidence.is_ai(signals.evidence) is not True:
        yield finding(
            "unmarked",
            f"its record says that a model {MODEL_MADE[record.origin]} it, and nothing in the file says so",
            Severity(asked),
            advice=f"Write it into the file, no pixel changes: `maskproof mark {shlex.quote(inputs.path)}`.",
        )


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
