"""The frame of an edit that has other sides than its original: the crop or padding that explains it, as measured."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from maskproof.atomic import read_file
from maskproof.content import sha256_of
from maskproof.drift.placement import find_frame
from maskproof.errors import CouldNotJudge, UsageError
from maskproof.records.sidecar import Transform

if TYPE_CHECKING:
    from maskproof.model import Picture
    from maskproof.recording.session import Session
    from maskproof.records.sidecar import OriginalRef


def proposed(
    session: Session, path: str, edit: Picture, original: OriginalRef, given: dict[str, Any]
) -> tuple[Transform | None, tuple[str, ...]]:
    """The crop or padding to record, where somebody agrees to it, and else the command that records it.

    Args:
        session: The run.
        path: The edit's.
        edit: It.
        original: What it was made from.
        given: The options.
    """
    if edit.size == original.size or (before := _original(session, path, original)) is None:
        return None, ()
    frame = find_frame(before, edit)
    if frame is None:
        return None, ()
    name, numbers = ("crop", frame.crop) if frame.crop else ("pad", frame.pad)
    option = f"--{name} {','.join(map(str, numbers))}"
    what = "a cut of the original" if frame.crop else "the original with a border"
    if given["accept"] or session.ask(f"It shows {what}: {option}."):
        return Transform(crop=frame.crop, pad=frame.pad), ()
    command = f"maskproof record {shlex.quote(path)} {option}"
    return None, (f"Note: it is {what}, so record that as well: `{command}`",)


def _original(session: Session, path: str, used: OriginalRef) -> Picture | None:
    """The original's picture from the working tree or the last commit; None where neither has these bytes."""
    repository = session.repository
    try:
        data = read_file(repository.root / used.path, used.path)
        if used.path == path or sha256_of(data) != used.sha256:
            data = repository.head.read(used.path) or b""
        return session.picture(data, used.path) if sha256_of(data) == used.sha256 else None
    except (UsageError, CouldNotJudge):
        return None
