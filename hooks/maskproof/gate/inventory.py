"""The inventory: every picture of a project that AI made or changed, and what there is to show for it.

Asked are the record, the file's own marks and the approvals, as they are staged. No pixel is decoded, and nothing of a
picture is kept once it was told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof import evidence
from maskproof.content import sha256_of
from maskproof.errors import CouldNotJudge
from maskproof.gate.provenance import MODEL_MADE, signs_of
from maskproof.gate.scope import Scope
from maskproof.images.files import Files
from maskproof.repo.change import Selection, open_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.images.files import Source
    from maskproof.model import Evidence
    from maskproof.records.sidecar import Record
    from maskproof.repo import Repository


class Entry(Struct, frozen=True):
    """One picture that AI made or changed."""

    path: str
    record: str
    """`fits`, `export` (a row of the policy holds it to its master, so it needs none), `stale` (it speaks of other
    bytes), `none`, or `broken`"""
    origin: str = ""
    """as the record says; empty without one"""
    made_with: str = ""
    """provider and model as the record says, else what the marks name"""
    marked: bool | None = None
    """does the file say AI? None: it says nothing, or could not be read"""
    marks: tuple[str, ...] = ()
    """what it says, and where"""
    signature: str = "none"
    """of Content Credentials: `fits`, `broken`, `unchecked` (without the extra `[c2pa]`), `none`"""
    approvals: tuple[str, ...] = ()
    """the approvals that name these bytes and have not ended"""
    problem: str = ""
    """what kept it from being read"""

    @property
    def fits(self) -> bool:
        """Is no record missing?"""
        return self.record in {"fits", "export"}


def entries(repository: Repository) -> Iterator[Entry]:
    """Every picture whose record or file says AI, and those that have such a record and cannot be read, by name.

    Raises:
        PolicyError: the policy has mistakes.
    """
    scope = Scope(open_change(repository, Selection(everything=True)))
    for path in sorted(scope.change.head.entries.images):
        source = scope.source(scope.change.head, path)
        if source is not None and (found := _entry(scope, source)) is not None:
            yield found


def _entry(scope: Scope, source: Source) -> Entry | None:
    record, broken = _record(scope, source.path)
    told = record is not None and record.origin in MODEL_MADE
    files = Files(scope.change.repository.objects.blob)
    signs: tuple[Evidence, ...] = ()
    digest = problem = ""
    try:
        digest = sha256_of(files.data(source))
        signs = signs_of(source, scope.neighbours(source.path), files)
    except CouldNotJudge as error:
        problem = error.reason
    ai = evidence.is_ai(signs)
    if not (told or ai or (broken and problem)):
        return None
    tool = record.tool if record else None
    known = " ".join(filter(None, (tool.provider, tool.model))) if tool else ""
    fits = record is not None and record.image.sha256 == digest
    held = scope.sign_offs.of(source.path)
    without = "export" if scope.master_of(source.path, scope.settings(source.path)) else "none"
    return Entry(
        source.path,
        "broken" if broken else without if record is None else "fits" if fits else "stale",
        record.origin if record else "",
        known or evidence.generator(signs) or "",
        ai,
        tuple(dict.fromkeys(f"{one.source}: {one.says}" for one in signs if one.ai)),
        _signature(signs),
        tuple(one.file for one in held if one.approved.sha256 == digest and not one.expired),
        problem,
    )


def _record(scope: Scope, path: str) -> tuple[Record | None, bool]:
    try:
        return scope.ledger.record(path), False
    except CouldNotJudge:
        return None, True


def _signature(signs: tuple[Evidence, ...]) -> str:
    """What is known of the signature, the worst first."""
    said = {one.signed for one in signs if one.source.startswith("C2PA")}
    return next(
        (word for value, word in ((False, "broken"), (True, "fits"), (None, "unchecked")) if value in said), "none"
    )
