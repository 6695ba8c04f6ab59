"""What a merge left undone: a picture and its record in two versions, or the markers of it in a record.

Both sides of a picture go with a record of their own, so that one side is chosen for both together. A record that
cannot be read was readable in some commit before, which is where it is brought back from.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from maskproof.errors import CouldNotJudge, RecordError, Unreadable
from maskproof.records import sidecar
from maskproof.repo.listing import CONFLICT

if TYPE_CHECKING:
    from maskproof.records.sidecar import Record
    from maskproof.repo import Repository, Tree

MARKERS = re.compile(rb"^(?:<{7}|>{7})(?: |\r?$)", re.MULTILINE)
"""the lines that Git puts around the two sides"""
SIDES = {"2": "ours", "3": "theirs"}
"""Git's stages of a path in conflict, as `git checkout` calls them"""
LOOKED_AT = 20
"""commits that are asked for a record that can be read, the newest first"""


def refuse_conflict(tree: Tree, image: str) -> None:
    """Refuse a picture that is in conflict, or whose record is.

    Raises:
        Unreadable: the picture.
        RecordError: the record.
    """
    beside = tree.record_path(image)
    if not (undone := in_conflict(tree, image, beside)):
        return
    reason = f"{' and '.join(undone)} {'are' if undone[1:] else 'is'} in conflict: the merge left both sides"
    advice = choice(tree.repository, image, undone)
    if image in undone:
        raise Unreadable(reason, advice)
    error = RecordError(beside, ("it is in conflict: the merge left both sides",))
    error.advice = advice
    raise error


def in_conflict(tree: Tree, *paths: str) -> list[str]:
    """Those of some paths that are in conflict."""
    entries = tree.entries
    return [path for path in paths if path in entries and entries[path].mode == CONFLICT]


def choice(repository: Repository, image: str, undone: list[str]) -> str:
    """How one side of a merge is chosen for a picture and its record together; `undone` are those in conflict."""
    specs = (f":(top,literal){path}" for path in undone)
    listed = os.fsdecode(repository.git("ls-files", "-u", "-z", "--full-name", "--", *specs)).split("\0")[:-1]
    stages = {(path, words.split()[2]): words.split()[1] for words, _, path in (one.partition("\t") for one in listed)}
    fitting = list(SIDES)
    if image not in undone:
        now = repository.objects.digest(oid, image) if (oid := repository.index.blob_id(image)) else ""
        fitting = [one for one in SIDES if _speaks_of(repository, stages.get((undone[0], one)), undone[0], now)]
    both = len(fitting) != 1
    chosen = [_take(undone, stages, one) for one in (list(SIDES) if both else fitting)]
    lost = "" if fitting else f" Then renew the record: `maskproof record {shlex.quote(image)}`."
    return f"Choose one side{', for picture and record together' * bool(undone[1:])}: {' or '.join(chosen)}.{lost}"


def _take(undone: list[str], stages: dict[tuple[str, str], str], side: str) -> str:
    """The command that takes one side of some paths; what that side deleted is removed."""
    there = [path for path in undone if (path, side) in stages]
    gone = [path for path in undone if path not in there]
    commands = [["git", "checkout", f"--{SIDES[side]}", "--", *there], ["git", "add", "--", *there]] if there else []
    commands += [["git", "rm", "-q", "--", *gone]] if gone else []
    return f"`{' && '.join(map(shlex.join, commands))}`"


def _speaks_of(repository: Repository, oid: str | None, beside: str, sha256: str) -> bool:
    try:
        return oid is not None and sidecar.parse(repository.objects.blob(oid, beside), beside).image.sha256 == sha256
    except CouldNotJudge:
        return False


def explained(repository: Repository, error: RecordError, data: bytes, image: str, beside: str) -> RecordError:
    """The error of a record that cannot be read, which says where one comes from that can.

    Args:
        repository: Of it.
        error: What is wrong with it, and how to write it anew.
        data: Its bytes.
        image: The picture that it belongs to.
        beside: Where it lies.
    """
    marked = bool(MARKERS.search(data))
    if marked and in_conflict(repository.index, beside):
        advice = choice(repository, image, in_conflict(repository.index, image, beside))
    elif back := bring_back(repository, image, beside):
        advice = f"Bring back the record that was there: {back}"
    else:
        known = beside in repository.index.entries
        advice = error.advice if known else f"Correct {beside}, or delete it to write it anew."
    told = RecordError(beside, ("it holds the markers of a merge conflict",)) if marked else error
    told.advice = advice
    return told


def bring_back(repository: Repository, image: str, beside: str) -> str:
    """The command that brings a record back from a commit, and what to do after; empty: none holds one.

    The one that speaks of the picture as it is staged comes first, and of those the newest.
    """
    if repository.head.commit is None:
        return ""
    log = ("log", "--full-history", f"-{LOOKED_AT}", "--format=%h", "HEAD", "--", f":(top,literal){beside}")
    now = repository.objects.digest(oid, image) if (oid := repository.index.blob_id(image)) else ""
    found = ""
    for commit in repository.git(*log).decode().split():
        try:
            held = sidecar.parse(repository.git("cat-file", "blob", f"{commit}:{beside}", allowed=(0, 128)), beside)
        except CouldNotJudge:
            continue
        take = f"`git checkout {commit} -- {shlex.quote(beside)}`"
        if held.image.sha256 == now:
            return f"{take}."
        found = found or f"{take}, then renew it: `maskproof record {shlex.quote(image)}`."
    return found


def read_record(repository: Repository, data: bytes, beside: str) -> Record:
    """A record of the working tree.

    Raises:
        RecordError: it has mistakes; where one without them comes from.
    """
    try:
        return sidecar.parse(data, beside)
    except RecordError as error:
        raise explained(repository, error, data, sidecar.image_of(beside), beside) from error
