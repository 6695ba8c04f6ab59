"""Making an edit that holds: ask for candidates, take the one that drifted least, put the protected pixels back.

prepare -> request -> candidates -> mapped back -> ranked -> restored -> judged -> picture and record

That way has three parts: `inputs.prepare` and `request` before anything is sent, `api.images.request_edits` for the
answer of the server, and `finish` for all that follows. A batch does the second part of several jobs at a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from maskproof import evidence
from maskproof.atomic import sweep, write_together
from maskproof.content import sha256_of
from maskproof.edit import candidates
from maskproof.edit.api import client as connection
from maskproof.edit.api import images, prices
from maskproof.errors import CouldNotJudge, CouldNotRestore, NoAnswer, UsageError
from maskproof.images import containers
from maskproof.model import counted, enumerated
from maskproof.records import sidecar
from maskproof.records.sidecar import ImageRef, Tool
from maskproof.restore import NOTHING, manifest, to_record, undo

if TYPE_CHECKING:
    from maskproof.edit.api.images import Answer, ImageRequest
    from maskproof.edit.api.models import ImageModel
    from maskproof.edit.candidates import Candidate
    from maskproof.edit.inputs import PreparedEdit
    from maskproof.gate.rank import Ranked
    from maskproof.model import ImageReport
    from maskproof.records.sidecar import Record
    from maskproof.repo import Repository
    from maskproof.restore import Restored


class EditResult(Struct, frozen=True):
    """One edit that was written."""

    out: str
    """its path in the repository"""
    order: tuple[Ranked, ...]
    """the candidates, best first"""
    best: str
    """the name of the one that was restored"""
    how: str
    """what was done to it, in words"""
    report: ImageReport
    """the verdict on what was written"""
    notes: tuple[str, ...]
    """what a reader should know about how it was made"""
    commit: tuple[str, ...]
    """paths to commit with it"""

    @property
    def unchanged(self) -> bool:
        """Did nothing change inside the mask?"""
        return any(one.rule == "edit-missing" for one in self.report.findings)


def request(prepared: PreparedEdit, model: ImageModel) -> ImageRequest:
    """What the server is asked for.

    Raises:
        UsageError: the model does not take what the job asks for.
    """
    job, sent = prepared.job, prepared.request
    transparent = prepared.original.alpha is not None
    return images.build_request(
        model,
        sent.image,
        sent.mask,
        job.prompt,
        sent.plan.sent,
        job.n,
        job.quality,
        transparent=transparent,
        references=prepared.references,
        options=job.options,
    )


def cost(request: ImageRequest, server: str) -> float | None:
    """US dollars that a request is likely to cost; None: the price is not known, as of any server but OpenAI's."""
    return prices.estimate(request, images.partial_images(request)) if server == connection.OPENAI else None


def refuse_dear(costs: float | None, budget: float | None, spent: float = 0.0) -> None:
    """Refuse, before anything is sent, what would go over a budget, or of which nobody knows whether it does.

    Raises:
        UsageError: it would, or the price is not known.
    """
    if budget is None:
        return
    if costs is None:
        raise UsageError(
            f"a budget of ${budget:.2f} cannot be kept: the price of this model at this server is not known "
            f"(prices as of {prices.AS_OF})",
            f"Take a model whose price is known ({', '.join(prices.PRICES)}), or leave out `--budget`.",
        )
    if spent + costs > budget:
        before = f" after the ${spent:.2f} of the edits before it" if spent else ""
        raise UsageError(
            f"it would cost about ${costs:.2f}{before}, and the budget is ${budget:.2f}. Nothing was sent",
            "Ask for less (`-n`, `--quality`, `--crop`), or raise `--budget`.",
        )


def finish(
    repository: Repository, prepared: PreparedEdit, request: ImageRequest, answer: Answer, server: str
) -> EditResult:
    """From the answer of the server to the picture and its record; what came is kept where it cannot be used.

    Raises:
        NoAnswer: the answer holds no picture.
        CouldNotRestore: no candidate can be restored.
        UsageError: something cannot be written.
    """
    try:
        return _finish(repository, prepared, request, answer, server)
    except (NoAnswer, CouldNotRestore) as error:
        told = f"{error.advice} {_keep_unused(repository, prepared, answer)}"
        raise type(error)(error.reason, told.strip()) from error


def _keep_unused(repository: Repository, prepared: PreparedEdit, answer: Answer) -> str:
    """Keep what was paid for and cannot be used, under Git's own folder, and say where."""
    folder = repository.common_dir / "maskproof" / "candidates"
    stem = Path(prepared.out).stem
    files = [
        (folder / f"{stem}-{number}-{sha256_of(data)[:8]}.{(containers.format_of(data) or 'bin').lower()}", data)
        for number, data in enumerate(answer.pictures, 1)
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_together(*files)
    except OSError as error:
        return f"What came could not be kept: {error.strerror}."
    return f"What came is kept: {', '.join(str(file) for file, _ in files)}."


def _finish(
    repository: Repository, prepared: PreparedEdit, request: ImageRequest, answer: Answer, server: str
) -> EditResult:
    found, placed = candidates.place(prepared, answer.pictures)
    kept = _keep_candidates(prepared, found)
    order = candidates.rank_candidates(prepared, found)
    maker = f"{_provider(server)} {request.model}"
    best, restored = candidates.restore(prepared, order, found, maker)
    record = msgspec.structs.replace(
        prepared.record,
        image=ImageRef(sha256=sha256_of(restored.data), size=prepared.original.size),
        tool=_tool(prepared, request, answer, server, best),
        restored=to_record(restored, sha256_of(best.received), dropped=_manifest(best.received)),
    )
    report = candidates.judge(prepared, restored)
    data, told = _signed(prepared, restored, record, report, best.received)
    record = msgspec.structs.replace(record, image=ImageRef(sha256=sha256_of(data), size=prepared.original.size))
    undo.remember(repository, best.received)
    _write(prepared, data, sidecar.render(record))
    count = len(answer.pictures)
    fewer = () if count >= request.n else (f"the server sent {count} of {request.n} candidates",)
    refused = (
        (f"{server} does not take {enumerated(answer.left_out)}, so it was asked without",) if answer.left_out else ()
    )
    notes = (*prepared.notes, *refused, *fewer, *placed, *restored.notes, *filter(None, (told,)), *kept)
    return EditResult(prepared.out, order, best.name, _how(restored), report, notes, _to_commit(repository, prepared))


def _signed(
    prepared: PreparedEdit, made: Restored, record: Record, report: ImageReport, received: bytes
) -> tuple[bytes, str]:
    """The edit with its Content Credentials, where policy asks for them, and what to tell of that."""
    settings = prepared.settings
    verdict = manifest.verdict_of(record, report.drift, settings.level, prepared.asked)
    how = manifest.Made(record, received, prepared.sources.original)
    signer = prepared.options.signer or manifest.nobody
    return manifest.by_policy(made.data, prepared.out, how, verdict, settings.sign, signer)


def _tool(prepared: PreparedEdit, request: ImageRequest, answer: Answer, server: str, best: Candidate) -> Tool:
    """What no answer repeats, written down while it is known."""
    tool = Tool(
        provider=_provider(server),
        model=request.model,
        prompt=request.prompt,
        parameters={
            **{key: value for key, value in request.parameters.items() if key not in answer.left_out},
            **({"references": _references(prepared)} if prepared.references else {}),
            "candidate": best.number,
            "job": prepared.digest,
            **({"request_id": answer.request_id} if answer.request_id else {}),
            **({"usage": answer.usage} if answer.usage else {}),
        },
    )
    return sidecar.kept(tool, prepared.keeps)


def _references(prepared: PreparedEdit) -> list[dict[str, str]]:
    """The further pictures that were sent: the name of each file, and its digest."""
    named = zip(prepared.job.references, prepared.sources.references, strict=True)
    return [{"name": Path(name).name, "sha256": sha256_of(data)} for name, data in named]


def _provider(server: str) -> str:
    return "openai" if server == connection.OPENAI else server


def _manifest(received: bytes) -> str | None:
    """The digest of the manifest that a candidate came with; it speaks of pixels that are not written."""
    try:
        found = evidence.manifest(received, "the candidate")
    except CouldNotJudge:  # the picture itself was read; what cannot be read beside it is not kept either
        return None
    return None if found is None else sha256_of(found)


def _how(restored: Restored) -> str:
    """What restoring did, in words."""
    if restored.motion is None:
        return "nothing had to be put back" if restored.method == NOTHING else restored.method
    dx, dy = restored.motion.dx, restored.motion.dy
    return (
        f"{restored.method}, after its frame's motion of {abs(dx):.1f} px across and {abs(dy):.1f} px down was undone"
    )


def _write(prepared: PreparedEdit, image: bytes, record: bytes) -> None:
    """The picture first: a crash in between leaves a picture without a record, never a record of bytes that are not."""
    target = prepared.root / prepared.out
    beside = prepared.root / prepared.beside
    try:
        beside.parent.mkdir(parents=True, exist_ok=True)
        for file in (target, beside):
            sweep(file)
        write_together((target, image), (beside, record))
    except OSError as error:
        raise UsageError(
            f"{prepared.out} cannot be written: {error.strerror}", "Check the folder and the disk."
        ) from error


def _keep_candidates(prepared: PreparedEdit, found: tuple[Candidate, ...]) -> tuple[str, ...]:
    """Every candidate as it came, and in the frame of the original where that is another picture; before all else."""
    folder = prepared.options.keep
    if folder is None:
        return ()
    files = []
    for one in found:
        # The digest in the name: a second run adds its candidates and loses none.
        name = f"{Path(prepared.out).stem}-{one.number}-{sha256_of(one.received)[:8]}"
        files.append((folder / f"{name}.{one.format}", one.received))
        if prepared.request.plan.canvas != prepared.original.size or one.size != prepared.original.size:
            files.append((folder / f"{name}.placed.png", one.placed))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_together(*files)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written to: {error.strerror}", "Check the folder and the disk."
        ) from error
    return (f"kept {len(files)} files of {counted(len(found), 'candidate')} in {folder}",)


def _to_commit(repository: Repository, prepared: PreparedEdit) -> tuple[str, ...]:
    """The edit, its record, and what they refer to, as far as the index does not hold it as it is."""
    named = (prepared.original_name, prepared.mask.path)
    changed = repository.unstaged(named)
    missing = [name for name in named if name in changed or name not in repository.index.entries]
    return (prepared.out, prepared.beside, *missing)
