"""The command `restore`: originals and masks from Git, edits from the working tree, and back into it.

Nothing is lost, whatever goes wrong. The replaced bytes are kept as Git objects first. Then the record is written, then
the picture: between the two the record names the old picture as the one that was replaced, so the gate blocks it as a
stale record, and the next `restore` sees that one was interrupted and does the same again. Nothing is ever staged.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from maskproof import marks
from maskproof.atomic import one_writer, read_file, sweep, write_together
from maskproof.content import sha256_of
from maskproof.errors import CouldNotJudge, CouldNotRestore, RecordError, UsageError
from maskproof.gate import verdict
from maskproof.gate.check import judge
from maskproof.gate.conflict import read_record
from maskproof.gate.edited import sources_of
from maskproof.gate.gather import gather
from maskproof.gate.inspection import turned_round
from maskproof.gate.named import Named, compare
from maskproof.gate.scope import Scope
from maskproof.images.decode import decode
from maskproof.model import Verdict, counted
from maskproof.records import approval, sidecar
from maskproof.records.sidecar import ImageRef, Record
from maskproof.repo import Repository
from maskproof.repo.change import Selection, open_change
from maskproof.repo.working import record_path
from maskproof.report.folder import pasted
from maskproof.restore import (
    NOTHING,
    Options,
    Restored,
    compose,
    decode_sources,
    manifest,
    text,
    to_record,
    undo,
)
from maskproof.restore.manifest import Made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from maskproof.model import ImageReport

AGAIN = {"restored": "Record it, and restore it again.", "marked": "Mark it again.", "signed": "Sign it again."}
"""what to do where a picture was saved anew meanwhile"""


class Outcome(Struct, frozen=True):
    """What became of one picture."""

    verdict: Verdict
    """of an edit as the gate would have it now; block as well where it cannot be restored or marked, unjudged where it
    cannot be read"""
    changed: bool
    lines: tuple[str, ...]
    """what to tell, the result first"""


class Job(Struct, frozen=True):
    """One edit in the working tree."""

    path: str
    """its repository path"""
    data: bytes
    record: bytes
    beside: str
    """the record's repository path"""
    target: str
    """repository path of the file to write; `path` itself unless another one was asked for"""
    target_record: str
    """where the record of that goes"""


def in_tree(
    where: Path, edits: tuple[str, ...], options: Options, out: Path | None = None, force: bool = False
) -> Iterator[Outcome]:
    """Restore edits in the working tree, one after the other.

    `edits` are named from the current folder, `where`. With `out` one is written there instead, with a record of its
    own. With `force` files are replaced that hold work which is not staged.

    Raises:
        UsageError: before anything is changed: no such edit, no record, or unsaved work.
        PolicyError: the policy has mistakes.
    """
    if out is not None and len(edits) != 1:
        raise UsageError("--out names one file, but several edits are named", "Restore the edits one by one.")
    repository = Repository(where)
    scope = Scope(open_change(repository, Selection()))
    target = None if out is None else repository.path_of(str(out))
    jobs = [_job(scope, repository.path_of(edit), target, force=force) for edit in dict.fromkeys(edits)]
    for job in jobs:
        yield _outcome(scope, job, options)


def in_change(where: Path, named: tuple[str, ...], options: Options) -> Iterator[Outcome]:
    """Restore the recorded edits of the staged change that drifted too far; what blocks otherwise is left alone.

    `named` are further images, or folders of them, to look at.

    Raises:
        UsageError, PolicyError: as in `in_tree`.
    """
    repository = Repository(where)
    scope = Scope(open_change(repository, Selection(named=named)))
    reports = (judge(gather(scope, path), scope.files) for path in scope.targets)
    drifted = [one.path for one in reports if one.verdict is Verdict.BLOCK and (one.drift or 0) > 1]
    for job in [_job(scope, path, None, force=False) for path in drifted]:
        yield _outcome(scope, job, options)


def summary(outcomes: list[Outcome]) -> str:
    """The last line: how many edits were restored, and how many do not pass."""
    verdicts = [one.verdict for one in outcomes]
    return (
        f"maskproof: {counted(len(outcomes), 'edit')} looked at, "
        f"{sum(one.changed for one in outcomes)} restored, {verdicts.count(Verdict.BLOCK)} blocked, "
        f"{verdicts.count(Verdict.UNJUDGED)} not judged."
    )


def _job(scope: Scope, path: str, target: str | None, *, force: bool) -> Job:
    """The files of one edit, when they may be replaced."""
    repository, target = scope.change.repository, target or path
    beside, goes = (record_path(repository, one, scope.record_folder) for one in (path, target))
    data, record = (file_bytes(repository, one) for one in (path, beside))
    named = quote(repository, path)
    if data is None:
        raise UsageError(f"{path} is not a file", "Check the name.")
    if record is None:
        raise UsageError(
            f"{path} has no record, so nothing says what its original is",
            f"Record it first: `maskproof record {named} --original ORIGINAL --mask MASK --mask-mode MODE`.",
        )
    written = {target, goes}
    unstaged = [] if force else sorted(repository.unstaged(written))
    if unstaged and not _is_ours(data, record, beside):
        raise UsageError(
            f"{unstaged[0]} holds work that is not staged, and restoring would replace it",
            f"Stage it (`git add {quote(repository, unstaged[0])}`), or add --force.",
        )
    taken = [one for one in sorted(written) if target != path and (repository.root / one).exists()]
    if taken and not force:
        raise UsageError(f"{taken[0]} exists already", "Name another file, or add --force.")
    return Job(path, data, record, beside, target, goes)


def _is_ours(data: bytes, text: bytes, beside: str) -> bool:
    """Is this what an earlier `restore` wrote, whole or interrupted? Then it can be made again from what Git holds."""
    try:
        record = sidecar.parse(text, beside)
    except CouldNotJudge:
        return False
    return record.restored is not None and sha256_of(data) in {record.image.sha256, record.restored.replaced}


def attempted(path: str, do: Callable[[], Outcome], unjudged: str, refused: str) -> Outcome:
    """What came of a picture, or why nothing did.

    Args:
        path: Of the picture, in the repository.
        do: Writes it; raises CouldNotJudge or CouldNotRestore.
        unjudged: The word for the one.
        refused: The word for the other.
    """
    try:
        return do()
    except CouldNotJudge as error:
        return Outcome(Verdict.UNJUDGED, False, text.describe_failure(path, unjudged, error))
    except CouldNotRestore as error:
        return Outcome(Verdict.BLOCK, False, text.describe_failure(path, refused, error))


def summed_up(outcomes: list[Outcome], done: str, unjudged: str) -> str:
    """The last line: how many pictures were `done`, could not be, and were `unjudged`."""
    verdicts = [one.verdict for one in outcomes]
    return (
        f"maskproof: {counted(len(outcomes), 'picture')} looked at, {sum(one.changed for one in outcomes)} {done}, "
        f"{verdicts.count(Verdict.BLOCK)} cannot be {done}, {verdicts.count(Verdict.UNJUDGED)} {unjudged}."
    )


def _outcome(scope: Scope, job: Job, options: Options) -> Outcome:
    """One edit restored, or why it was not."""
    try:
        return _restore(scope, job, replace(options, target=job.target))
    except CouldNotJudge as error:
        named = quote(scope.change.repository, job.path)
        advice = pasted(error.advice, scope.change.repository.prefix)
        error.advice = advice.replace("record EDIT", f"record {named}")
        return Outcome(Verdict.UNJUDGED, False, text.describe_failure(job.path, "NOT JUDGED", error))
    except CouldNotRestore as error:
        named = quote(scope.change.repository, job.path)
        told = CouldNotRestore(error.reason, error.advice.replace("restore EDIT", f"restore {named}"))
        return Outcome(Verdict.BLOCK, False, text.describe_failure(job.path, "CANNOT BE RESTORED", told))


def _restore(scope: Scope, job: Job, options: Options) -> Outcome:
    repository = scope.change.repository
    record, was = _record(repository, job)
    settings = scope.settings(job.path)
    named = named_files(scope, job.path, job.data, record)
    sources = decode_sources(named)
    original = sources.original.shown
    before = compare(named, settings, scope.read_trusted, shown_original=original, shown_edit=sources.edit.shown)
    if verdict.is_inverted((one.drift for one in before.regions), settings.limits):
        _ask(named, options, repository.prefix)
    told = settings.prompt == "store"
    said = marks.carried(marks.of_record(record), sources.edit.container, job.data, job.path, prompts=told)
    made = compose(sources, settings, scope.read_trusted, replace(options, marks=said))
    if made.method == NOTHING:
        return Outcome(before.verdict, False, text.describe_kept(job.path, before))
    restored = replace(named, edit=made.data, edit_name=job.target)
    after = compare(restored, settings, scope.read_trusted, shown_original=original, shown_edit=made.shown)
    beside = job.target_record
    old = {one: file_bytes(repository, one) for one in (beside, job.target)}
    if job.target == job.path:
        old[beside] = was
    if record.tool is not None:
        record = msgspec.structs.replace(record, tool=sidecar.kept(record.tool, settings.prompt))
    renewed = _renewed(record, job, made, options)
    made = _signed(scope, job, made, after, Made(renewed, job.data, named.original), options)
    renewed = msgspec.structs.replace(renewed, image=_image(made.data, made.shown.size))
    undo.remember(repository, job.data)
    new = {beside: _rendered(renewed, beside), job.target: made.data}
    write(repository, job.target, new, old, {job.path: job.data, job.beside: job.record}, "restored")
    names = " ".join(quote(repository, one) for one in (job.target, beside))
    lines = (
        *text.describe_result(job.path, job.target, before, after),
        *text.describe_steps(made),
        *text.describe_next(names, quote(repository, job.target)),
    )
    return Outcome(after.verdict, True, lines)


def _ask(named: Named, options: Options, prefix: str) -> None:
    """Refuse a mask that is probably the other way round, unless somebody wants what would come of it.

    Raises:
        CouldNotRestore: nobody does.
    """
    said = "the change lies outside the mask and not inside it, so restoring would wipe the edit out"
    if not options.anyway(f"{named.edit_name}: {said}"):
        turned = turned_round(named.edit_name, named.original_name, named.mask_name, named.mask_mode)
        raise CouldNotRestore(
            said, f"{pasted(turned, prefix)} To restore all the same: `maskproof restore EDIT --anyway`."
        )


def _record(repository: Repository, job: Job) -> tuple[Record, bytes]:
    """The record, when it speaks of these bytes and of something to put back; and its text before any restoring.

    Raises:
        RecordError: it has mistakes.
        CouldNotRestore: it speaks of other bytes, or names no original.
    """
    record = read_record(repository, job.record, job.beside)
    digest, named = sha256_of(job.data), quote(repository, job.path)
    interrupted = record.restored is not None and record.restored.replaced == digest
    if digest != record.image.sha256 and not interrupted:
        raise CouldNotRestore(
            f"the record was written for other bytes ({record.image.sha256[:12]}…) than the picture has now "
            f"({digest[:12]}…)",
            f"If the new picture is meant, record it first: `maskproof record {named}`.",
        )
    if record.original is None:
        raise CouldNotRestore(
            "the record says that it was generated, so there is no original to take pixels from",
            f"If there is one, record it: `maskproof record {named} --original FILE --mask FILE --mask-mode MODE`.",
        )
    if not interrupted:
        return record, job.record
    before = msgspec.structs.replace(record, image=_image(job.data, _size(job)), restored=None)
    return before, sidecar.render(before)


def told_record(repository: Repository, path: str, data: bytes, beside: str) -> Record:
    """The record of a picture in the working tree.

    Raises:
        RecordError: it has mistakes; the commands that it offers are those of the current folder.
    """
    try:
        return read_record(repository, data, beside)
    except RecordError as error:
        named = f"record {quote(repository, path)}"
        error.advice = pasted(error.advice, repository.prefix).replace("record EDIT", named)
        raise


def _renewed(record: Record, job: Job, made: Restored, options: Options) -> Record:
    """The record of the restored picture."""
    restored = to_record(made, sha256_of(job.data), tone=options.match_tone)
    return msgspec.structs.replace(record, image=_image(made.data, made.shown.size), restored=restored)


def _rendered(record: Record, beside: str) -> bytes:
    text = sidecar.render(record)
    sidecar.parse(text, beside)
    return text


def _signed(scope: Scope, job: Job, made: Restored, after: ImageReport, how: Made, options: Options) -> Restored:
    """The restored picture with its Content Credentials, where policy asks for them."""
    settings = scope.settings(job.path)
    asked = approval.digest_of_terms(scope.terms(settings))
    verdict = manifest.verdict_of(how.record, after.drift, settings.level, asked)
    signer = options.signer or manifest.nobody
    data, told = manifest.by_policy(made.data, job.target, how, verdict, settings.sign, signer)
    return replace(made, data=data, signed=told)


def write(
    repository: Repository,
    path: str,
    new: dict[str, bytes],
    old: dict[str, bytes | None],
    seen: dict[str, bytes],
    doing: str,
) -> None:
    """Keep what is replaced, then write the record, then the picture, by the only one who writes.

    Args:
        repository: It.
        path: Of the picture that is written, by which it is undone.
        new: What to write, by repository path and in order.
        old: What lies there now; None: nothing.
        seen: What the work was done on, by repository path: it must lie there still.
        doing: What was done with it, for a message: `restored`.

    Raises:
        UsageError: what was seen was saved anew meanwhile, or a folder cannot be written to; nothing was changed then.
    """
    with one_writer(repository.common_dir):
        undo.keep(repository, path, old, new)
        if any(file_bytes(repository, one) != data for one, data in seen.items()):
            first = next(iter(seen))
            raise UsageError(f"{first} was saved anew while it was being {doing}", AGAIN[doing])
        files = [(repository.root / one, data) for one, data in new.items()]
        try:
            for file, _ in files:
                file.parent.mkdir(parents=True, exist_ok=True)
                sweep(file)
            write_together(*files)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}", "Check the folder.") from error


def named_files(scope: Scope, path: str, edit: bytes, record: Record) -> Named:
    """The edit of the working tree beside what its record names.

    Raises:
        CouldNotJudge: original or mask cannot be had.
    """
    original, mask = sources_of(scope, path, record)
    return Named(
        edit,
        scope.files.data(original),
        None if mask is None else scope.files.data(mask),
        None if record.mask is None else record.mask.mode,
        path,
        original.path,
        "" if mask is None else mask.path,
        record,
    )


def _size(job: Job) -> tuple[int, int]:
    return decode(job.data, job.path).size


def _image(data: bytes, size: tuple[int, int]) -> ImageRef:
    return ImageRef(sha256=sha256_of(data), size=size)


def file_bytes(repository: Repository, path: str) -> bytes | None:
    """A plain file of the working tree; None where there is none."""
    file = repository.root / path
    if file.is_symlink():
        raise UsageError(f"{path} is a symbolic link", "Name the picture itself.")
    return read_file(file, path) if file.is_file() else None


def quote(repository: Repository, path: str) -> str:
    """A repository path as a shell takes it from the current folder."""
    return shlex.quote(os.path.relpath(repository.root / path, repository.where.resolve()))
