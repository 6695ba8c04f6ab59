"""The command `sign`: Content Credentials for recorded AI work, with the verdict in them; no pixel changes.

    the record fits -> compared once more -> marked -> the model's file found -> signed -> picture and record written

It goes as `mark` does, but the picture is written first: a signature is another one each time, so only the signed file
itself can say of which recorded bytes it was made. It does, and the next run ends the work of a killed one.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from maskproof import evidence, marks
from maskproof.atomic import read_file, write_file
from maskproof.content import sha256_of
from maskproof.errors import CouldNotJudge, CouldNotRestore, UsageError
from maskproof.evidence import carriers
from maskproof.gate.named import compare
from maskproof.gate.scope import Scope
from maskproof.images import containers
from maskproof.marks import credentials
from maskproof.model import Verdict
from maskproof.records import approval, sidecar
from maskproof.records.sidecar import ImageRef
from maskproof.repo import Repository
from maskproof.repo.change import Selection, open_change
from maskproof.repo.working import record_path
from maskproof.restore import manifest, undo
from maskproof.restore.command import Outcome, attempted, file_bytes, named_files, quote, summed_up, told_record, write

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from maskproof.evidence.verdicts import SignedVerdict
    from maskproof.marks.credentials import Identity
    from maskproof.records.sidecar import Record

PEM = "-----BEGIN"
"""begins a certificate or a key that stands in an environment variable itself, as secrets of CI systems do"""
CHAIN_FILE, KEY_FILE = "chain.pem", "key.pem"
"""what a certificate for trying is written as"""
RENEWED = (
    "its record was written for the file before it was signed; it is renewed now, and the signature is left as it is"
)


class _Job(Struct, frozen=True):
    """One picture that is to be signed."""

    path: str
    data: bytes
    record: Record
    text: bytes
    """the record, as it lies there"""
    beside: str
    """where"""


def in_tree(where: Path, named: Iterable[Path], by: Identity, parent: Path | None = None) -> Iterator[Outcome]:
    """Sign pictures of the working tree, one after the other.

    Args:
        where: The current folder.
        named: The pictures, from there.
        by: Who signs.
        parent: The file that the model sent; None: it is looked for by the digest in the record.

    Raises:
        UsageError: a picture is none, or cannot be written.
        PolicyError: the policy has mistakes.
    """
    repository = Repository(where)
    scope = Scope(open_change(repository, Selection()))
    paths = list(dict.fromkeys(repository.path_of(str(one)) for one in named))
    if parent is not None and len(paths) != 1:
        raise UsageError("--parent names the file of one edit, but several are named", "Sign them one by one.")
    for path in paths:
        yield attempted(path, partial(_sign, scope, path, by, parent), "NOT JUDGED", "CANNOT BE SIGNED")


def summary(outcomes: list[Outcome]) -> str:
    """The last line."""
    return summed_up(outcomes, "signed", "not judged")


def identity(certificate: str, key: str, where: Path, now: dt.datetime, time_server: str | None = None) -> Identity:
    """Who signs: certificate and key are paths, or the PEM text itself.

    Args:
        certificate: The signer's chain.
        key: Its private key.
        where: The current folder; a key within the repository that it lies in is refused.
        now: The time, with its zone.
        time_server: The address of a time server.

    Raises:
        UsageError: one cannot be read or used, or the key lies where it would be shared.
    """
    if not key.startswith(PEM):
        _refuse_shared(Path(key), where)
    chain, private = (
        one.encode() if one.startswith(PEM) else read_file(where / Path(one).expanduser()) for one in (certificate, key)
    )
    return credentials.identity(chain, private, now, time_server)


def new_test_certificate(folder: Path, where: Path, now: dt.datetime) -> tuple[Path, Path]:
    """Write a certificate for trying and its key, which only its owner can read; gives their places.

    Raises:
        UsageError: they are there already, cannot be written, or would lie in the repository.
    """
    _refuse_shared(folder / KEY_FILE, where)
    chain, key = credentials.new_test_certificate(now)
    places = where / folder / CHAIN_FILE, where / folder / KEY_FILE
    if taken := [one for one in places if one.exists()]:
        raise UsageError(f"{taken[0]} exists already", "Name another folder.")
    try:
        places[0].parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(places[1], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key)
    except OSError as error:
        raise UsageError(f"{places[1]} cannot be written: {error.strerror}", "Check the folder.") from error
    write_file(places[0], chain)
    return places


def _refuse_shared(key: Path, where: Path) -> None:
    """Refuse a private key in the repository, where one `git add` shares it, be it by a link in it or to it."""
    try:
        root = Repository(where).root.resolve()
    except UsageError:
        return
    place = where / key.expanduser()
    if any(one.resolve().is_relative_to(root) for one in (place, place.parent)):
        raise UsageError(
            f"the key {key} would lie inside the repository, where whoever commits all files shares it",
            "Keep it outside, or in the environment variable MASKPROOF_KEY.",
        )


def _job(repository: Repository, path: str) -> _Job:
    """A picture and its record, which has to say that a model had a part in it."""
    beside = record_path(repository, path)
    data, text = (file_bytes(repository, one) for one in (path, beside))
    if data is None:
        raise UsageError(f"{path} is not a file", "Check the name.")
    if text is None:
        raise CouldNotRestore(
            f"{path}: it has no record, so nothing says what it was made from",
            f"Record it first: `maskproof record {quote(repository, path)} --original ORIGINAL`, or with --generated.",
        )
    record = told_record(repository, path, text, beside)
    if marks.of_record(record) is None:
        raise CouldNotRestore(f"{path}: its record ({record.origin}) names no model; only AI work is signed")
    return _Job(path, data, record, text, beside)


def _sign(scope: Scope, path: str, by: Identity, parent: Path | None) -> Outcome:
    repository = scope.change.repository
    job = _job(repository, path)
    record = job.record
    claim = evidence.claimed_verdict(job.data, job.path)
    before = claim.verdict if claim and not evidence.broken_signature(evidence.assess(job.data, job.path)) else None
    if record.image.sha256 != sha256_of(job.data):
        if before is not None and before.recorded == record.image.sha256:
            _write(repository, job, job.data)
            return Outcome(Verdict.PASS, True, (f"{job.path}: {RENEWED}", *_next(repository, job)))
        raise CouldNotRestore(
            f"{job.path}: the record was written for other bytes ({record.image.sha256[:12]}…) than the picture has",
            f"If the picture is right, record it first: `maskproof record {quote(repository, job.path)}`.",
        )
    verdict, original = _measure(scope, job)
    if before is not None and msgspec.structs.replace(before, recorded=verdict.recorded) == verdict:
        return Outcome(Verdict.PASS, False, (f"{job.path}: it is signed, and says what is measured",))
    made = manifest.Made(record, _model_file(repository, job, parent), original)
    marked, notes = _marked(scope, job)
    _write(repository, job, manifest.signed(marked, job.path, made, verdict, by))
    said = f"{job.path}: signed, every pixel is as it was: {manifest.describe(verdict, by, made)}"
    return Outcome(Verdict.PASS, True, (said, *(f"  note       {one}" for one in notes), *_next(repository, job)))


def _measure(scope: Scope, job: _Job) -> tuple[SignedVerdict, bytes | None]:
    """The verdict on a picture as it lies there, and its original.

    Raises:
        CouldNotJudge: there is an original, and the two cannot be compared.
    """
    settings = scope.settings(job.path)
    asked = approval.digest_of_terms(scope.terms(settings))
    if job.record.original is None:
        return manifest.verdict_of(job.record, None, settings.level, asked), None
    named = named_files(scope, job.path, job.data, job.record)
    report = compare(named, settings, scope.read_trusted)
    if report.verdict is Verdict.UNJUDGED or report.drift is None:
        first = next(iter(report.findings), None)
        raise CouldNotJudge(
            f"{job.path}: {first.message if first else 'nothing was measured'}", first.advice if first else ""
        )
    return manifest.verdict_of(job.record, report.drift, settings.level, asked), named.original


def _model_file(repository: Repository, job: _Job, parent: Path | None) -> bytes | None:
    """What the model sent: the picture itself, or, where pixels were put back since, what `restore` or `edit` kept.

    Raises:
        UsageError: the file that is named is another one.
        CouldNotRestore: it is not at hand, and its Content Credentials would get lost.
    """
    restored = job.record.restored
    wanted = sha256_of(job.data) if restored is None else restored.replaced
    if parent is not None:
        data = read_file(parent)
        if restored is not None and sha256_of(data) != wanted:
            raise UsageError(f"{parent} is not the file that was restored ({wanted[:12]}…)", "Name that one.")
        return data
    found = job.data if restored is None else undo.recall(repository, wanted)
    if found is None and restored is not None and restored.dropped_manifest is not None:
        raise CouldNotRestore(
            f"{job.path}: the model's file ({wanted[:12]}…) carried Content Credentials and is not at hand any more, "
            "so they cannot be carried on",
            f"Name it: `maskproof sign {quote(repository, job.path)} --parent FILE`.",
        )
    return found


def _marked(scope: Scope, job: _Job) -> tuple[bytes, tuple[str, ...]]:
    """The file with the mark that everybody reads, where it lacks one; what it cannot hold is told."""
    container = containers.blocks(job.data, job.path)
    if any(one.ai and one.source == "XMP" for one in evidence.assess(job.data, job.path, None, container)):
        return job.data, ()
    told = scope.settings(job.path).prompt == "store"
    said = marks.carried(marks.of_record(job.record), container, job.data, job.path, prompts=told)
    try:
        return marks.put(job.data, job.path, said, (carriers.packet(container),))
    except CouldNotRestore as error:
        return job.data, (f"not marked beside it: {error.reason}",)


def _write(repository: Repository, job: _Job, data: bytes) -> None:
    """The picture, then the record that names it."""
    image = ImageRef(sha256=sha256_of(data), size=job.record.image.size)
    new = {job.path: data, job.beside: sidecar.render(msgspec.structs.replace(job.record, image=image))}
    old: dict[str, bytes | None] = {job.path: job.data, job.beside: job.text}
    write(repository, job.path, new, old, {job.path: job.data, job.beside: job.text}, "signed")


def _next(repository: Repository, job: _Job) -> tuple[str, str]:
    named, beside = (quote(repository, one) for one in (job.path, job.beside))
    return (
        f"  undo       maskproof sign --undo {named}",
        f"  next       git add {named} {beside}; approvals name bytes, so approve after this",
    )
