"""What an edit is made from, checked by the gate's own rules before anything is sent or paid for.

Original and mask as they lie in the working tree, the policy as the gate will read it, the part that may be edited once
the protected areas are taken out of it, the request, and the record as far as it can be written already.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from msgspec import Struct

from maskproof import recording, regions
from maskproof.atomic import read_file
from maskproof.content import sha256_of
from maskproof.edit import framing, jobs
from maskproof.errors import CouldNotJudge, UsageError, as_usage
from maskproof.gate.scope import Scope
from maskproof.images import encode
from maskproof.images.decode import decode, decode_mask
from maskproof.model import Severity, enumerated
from maskproof.records import approval, sidecar
from maskproof.records.sidecar import ImageRef, MaskRef, OriginalRef, Record, Transform
from maskproof.regions.areas import areas_of, mask_picture
from maskproof.repo.change import Selection, open_change
from maskproof.repo.working import record_path, record_places

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from maskproof.edit.api.models import ImageModel
    from maskproof.edit.jobs import Job, Sources
    from maskproof.marks.credentials import Identity
    from maskproof.model import Picture, Read
    from maskproof.policy import Settings
    from maskproof.regions import Planes
    from maskproof.repo import Repository

NOT_YET = ImageRef(sha256="0" * 64, size=(1, 1))
"""stands in the record until the edit is there"""


class EditOptions(Struct, frozen=True):
    """What holds for every job of one command."""

    force: bool = False
    """an edit that is there already may be replaced"""
    store_prompt: bool | None = None
    """keep prompts in records; None: as policy says"""
    keep: Path | None = None
    """the folder that every candidate is kept in; None: only the best one is kept, restored"""
    signer: Callable[[], Identity] | None = None
    """gives who signs where policy asks for it; None: nobody said"""


class PreparedEdit(Struct, frozen=True):
    """One job, ready to be sent."""

    job: Job
    digest: str
    """what the job is known by"""
    root: Path
    """the top of the working tree"""
    out: str
    """the edit's path in the repository"""
    beside: str
    """where its record goes, from there"""
    sources: Sources
    original: Picture
    editable: NDArray[np.bool_]
    """H x W, True where editing is allowed and no area is protected"""
    record: Record
    """what can be said before the edit is there"""
    settings: Settings
    read: Read
    """where policy finds the pictures of its areas"""
    references: tuple[bytes, ...]
    """PNGs, sRGB, of the further pictures that are sent"""
    request: framing.Request
    options: EditOptions
    notes: tuple[str, ...]
    """what a reader should know before it is sent"""
    asked: str = ""
    """digest of what policy asks for the edit, as signed verdicts name it"""

    @property
    def keeps(self) -> str:
        """What the record holds of the prompt, as `prompt` in the policy."""
        asked = self.options.store_prompt
        return "sha256" if asked is False and self.settings.prompt == "store" else self.settings.prompt

    @property
    def original_name(self) -> str:
        """The original's path in the repository."""
        assert self.record.original is not None  # noqa: S101 - set by `prepare`
        return self.record.original.path

    @property
    def mask(self) -> MaskRef:
        """The mask and its mode."""
        assert self.record.mask is not None  # noqa: S101 - set by `prepare`
        return self.record.mask


def sources(job: Job) -> Sources:
    """The bytes of original and mask, and of further pictures.

    Raises:
        UsageError: one of them cannot be read.
    """
    further = tuple(read_file(Path(one)) for one in job.references)
    return jobs.Sources(read_file(Path(job.original)), read_file(Path(job.mask)), further)


def check_output(repository: Repository, job: Job, *, force: bool) -> str:
    """Where the edit goes, once it is sure that it can be written there and nothing is lost by it.

    Raises:
        UsageError: it cannot, or something would be.
    """
    out = repository.path_of(job.target)
    if out in {repository.path_of(job.original), repository.path_of(job.mask)}:
        raise UsageError(f"{out} is what the edit is made from", "Name another file with `-o`.")
    with as_usage():
        kind = encode.format_of(out)
    if kind in encode.LOSSY:
        raise UsageError(
            f"{out} would be a {kind} file, which rounds: its protected pixels could only be near the original's",
            f"Write a PNG: `-o {shlex.quote(str(Path(job.target).with_suffix('.png')))}`.",
        )
    if not (repository.root / out).parent.is_dir():
        raise UsageError(f"{out} cannot be written: there is no such folder", "Make the folder, or name another.")
    there = [name for name in (out,) if (repository.root / name).exists()] + [*record_places(repository, out)]
    if there and not force:
        raise UsageError(
            f"{enumerated(there)} {'is' if len(there) == 1 else 'are'} there already",
            "Name another file with `-o`, or replace it with `--force`.",
        )
    return out


@as_usage()
def prepare(repository: Repository, job: Job, model: ImageModel, options: EditOptions) -> PreparedEdit:
    """A job ready to be sent.

    Raises:
        UsageError: something is missing, contradictory, unreadable or would be lost, or the gate would not accept it.
        PolicyError: the policy has mistakes.
    """
    given = sources(job)
    out = check_output(repository, job, force=options.force)
    names = repository.path_of(job.original), repository.path_of(job.mask)
    original = decode(given.original, names[0])
    planes = decode_mask(given.mask, names[1])
    scope = Scope(open_change(repository, Selection()))
    settings = scope.settings(out)
    if options.store_prompt and settings.prompt != "store":
        raise UsageError(
            f"the policy ({settings.source}) keeps {'only the digest' if settings.prompt == 'sha256' else 'nothing'} "
            "of prompts",
            "Leave out `--store-prompt`.",
        )
    beside = record_path(repository, out, scope.record_folder)
    draft = _draft(repository, beside, names, given, original.size, recording.mode_of(job.mask_mode, planes, names[1]))
    editable, notes = _find_editable(original, planes, draft, settings, scope.read_trusted)
    plan = framing.plan(original.size, editable, model, crop=job.crop, wanted=job.wanted)
    transform = Transform(crop=plan.crop(original.size), pad=plan.pad)
    return PreparedEdit(
        job,
        jobs.digest(job, given),
        repository.root,
        out,
        beside,
        given,
        original,
        editable,
        _check_record(draft, transform, beside),
        settings,
        scope.read_trusted,
        tuple(_reference(data, name) for data, name in zip(given.references, job.references, strict=True)),
        framing.request(original, editable, plan),
        options,
        notes,
        approval.digest_of_terms(scope.terms(settings)),
    )


def _reference(data: bytes, name: str) -> bytes:
    """A further picture as it is sent: sRGB, without the metadata of its file."""
    shown = decode(data, name)
    return framing.png(framing.planes(shown, with_alpha=shown.alpha is not None))


def _find_editable(
    original: Picture, planes: Planes, draft: Record, settings: Settings, read: Read
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Where the model may edit: what the mask leaves editable, without the protected areas in it.

    Raises:
        UsageError: nothing is left, or the gate would block such a mask.
    """
    assert draft.mask is not None  # noqa: S101 - a draft has one
    editable = regions.editable(planes, draft.mask.mode, original.size, original.alpha)
    facts = regions.mask_facts(planes, draft.mask.mode, editable, original.alpha)
    suspect = regions.suspicions(facts, settings.max_editable)
    if wrong := [finding for finding in suspect if finding.severity is Severity.BLOCK]:
        raise UsageError(f"{wrong[0].message}, so the edit would be blocked", "Draw a smaller mask.")
    areas = areas_of(original, settings, draft, read)
    declared = regions.build(editable, areas, lambda path: mask_picture(read, path))[1:]
    left = editable & ~np.logical_or.reduce([region.mask for region in declared], initial=False, axis=0)
    if not left.any():
        what = "all that it makes editable is a protected area" if editable.any() else "it makes no pixel editable"
        what = what if facts is None or facts.fits else "its proportions are not the original's"
        raise UsageError(
            f"the mask {draft.mask.path} leaves nothing to edit: {what} (mode {draft.mask.mode})",
            "Look at the mask and its mode, and at the areas that the policy protects.",
        )
    inside = [region.name for region in declared if (region.mask & editable).any()]
    notes = [f"the protected area {name!a} inside the mask was excluded from the mask that is sent" for name in inside]
    return left, (*(finding.message for finding in suspect), *notes)


def _draft(  # what a record says before there is an edit
    repository: Repository, beside: str, names: tuple[str, str], given: Sources, size: tuple[int, int], mode: Any
) -> Record:
    original = OriginalRef(path=names[0], sha256=sha256_of(given.original), size=size)
    before = recording.old_record(repository, beside)
    same = before is not None and before.original is not None and before.original.sha256 == original.sha256
    return Record(
        maskproof=1,
        origin="edited",
        image=NOT_YET,
        original=original,
        mask=MaskRef(path=names[1], sha256=sha256_of(given.mask), mode=mode),
        areas=before.areas if before is not None and same else [],
        parent=recording.parent_of(repository, original),
    )


def _check_record(draft: Record, transform: Transform, beside: str) -> Record:
    """The draft with its transform, once a reader would take it: paths in it may be refused."""
    whole = msgspec.structs.replace(draft, transform=None if transform == Transform() else transform)
    try:
        return sidecar.parse(sidecar.render(whole), beside)
    except CouldNotJudge as error:
        raise UsageError(
            f"its record would be wrong: {error.reason}", "Rename what it names, and try again."
        ) from error
