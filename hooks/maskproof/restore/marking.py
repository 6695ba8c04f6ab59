"""The command `mark`: what a record says of AI, written into the picture's own file, and no pixel changes.

It goes as `restore` does: what is replaced is kept as Git objects first, record and picture are written together,
nothing is staged. A killed run leaves at worst a record of the marked picture beside the old one, which the gate blocks
as stale; as the same marks give the same bytes, running it again ends the work.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from maskproof import evidence, marks
from maskproof.content import sha256_of
from maskproof.errors import CouldNotRestore, UsageError
from maskproof.evidence import carriers
from maskproof.images import containers
from maskproof.images.decode import decode_stored
from maskproof.model import Verdict
from maskproof.records import sidecar
from maskproof.records.sidecar import ImageRef
from maskproof.repo import Repository
from maskproof.repo.paths import is_image
from maskproof.repo.working import record_path, record_places
from maskproof.restore.command import Outcome, attempted, file_bytes, quote, summed_up, told_record, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from maskproof.images.containers import Container
    from maskproof.records.sidecar import Record


def in_tree(where: Path, named: Iterable[Path]) -> Iterator[Outcome]:
    """Mark pictures of the working tree, one after the other.

    `named` are pictures, or folders whose recorded pictures are meant, from the current folder, `where`.

    Raises:
        UsageError: a picture is none, or cannot be written.
    """
    repository = Repository(where)
    for path in dict.fromkeys(path for name in named for path in _pictures(repository, where / name)):
        yield attempted(path, partial(_mark, repository, path), "NOT READ", "CANNOT BE MARKED")


def summary(outcomes: list[Outcome]) -> str:
    """The last line."""
    return summed_up(outcomes, "marked", "not read")


def _pictures(repository: Repository, name: Path) -> list[str]:
    """A picture, or those in a folder that have a record, wherever it lies."""
    if not name.is_dir():
        return [repository.path_of(str(name))]
    files = (str(one) for one in sorted(name.rglob("*")) if is_image(one.name) and one.is_file())
    return [path for path in map(repository.path_of, files) if record_places(repository, path)]


def _mark(repository: Repository, path: str) -> Outcome:
    beside = record_path(repository, path)
    data, text = (file_bytes(repository, one) for one in (path, beside))
    if data is None:
        raise UsageError(f"{path} is not a file", "Check the name.")
    named = quote(repository, path)
    if text is None:
        raise CouldNotRestore(
            f"{path}: it has no record, so nothing says that a model had a part in it",
            f"Record it first: `maskproof record {named} --original ORIGINAL`, or with --generated.",
        )
    record = told_record(repository, path, text, beside)
    mark = marks.of_record(_maker(repository, record))
    if mark is None:
        return Outcome(Verdict.PASS, False, (f"{path}: its record ({record.origin}) names no model, nothing to say",))
    container = containers.blocks(data, path)
    if evidence.is_ai(evidence.assess(data, path, None, container)):
        return Outcome(Verdict.PASS, False, (f"{path}: the file says it already",))
    made, said, notes = _marked(path, data, container, mark)
    if record.image.sha256 not in {sha256_of(data), sha256_of(made)}:
        raise CouldNotRestore(
            f"{path}: the record was written for other bytes ({record.image.sha256[:12]}…) than the picture has",
            f"If the picture is right, record it first: `maskproof record {named}`.",
        )
    image = ImageRef(sha256=sha256_of(made), size=record.image.size)
    new = {beside: sidecar.render(msgspec.structs.replace(record, image=image)), path: made}
    seen = {path: data, beside: text}
    write(repository, path, new, {**seen}, seen, "marked")
    return Outcome(
        Verdict.PASS,
        True,
        (
            f"{path}: marked, every pixel is as it was: {marks.describe(said)}",
            *(f"  note       {note}" for note in notes),
            f"  undo       maskproof mark --undo {named}",
            f"  next       git add {named} {quote(repository, beside)}; approvals name bytes, so approve after this",
        ),
    )


def _maker(repository: Repository, record: Record) -> Record:
    """The record that says who made a picture: of an export, its master's, where that has one."""
    if record.origin != "derived" or record.original is None:
        return record
    beside = record_path(repository, record.original.path)
    text = file_bytes(repository, beside)
    return record if text is None else sidecar.parse(text, beside)


def _marked(
    path: str, data: bytes, container: Container, mark: marks.Mark
) -> tuple[bytes, dict[str, str], tuple[str, ...]]:
    """The marked file, its marks, and notes.

    Raises:
        CouldNotRestore: marks would break what the file holds, or change what it shows.
        CouldNotJudge: it cannot be read.
    """
    if carriers.manifest(container):
        raise CouldNotRestore(
            f"{path}: it carries Content Credentials that do not say AI, and any change would break their signature",
            "Have the program that signed it say so.",
        )
    said = marks.carried(mark, container, data, path, prompts=True)
    made, notes = marks.put(data, path, said, (carriers.packet(container),))
    before, after = decode_stored(data, path), decode_stored(made, path)
    same = before.shown.color == after.shown.color and before.samples.dtype == after.samples.dtype
    if not same or not np.array_equal(before.samples, after.samples):
        raise CouldNotRestore(f"{path}: it would show other pixels with marks", "Export it again.")
    return made, said, notes
