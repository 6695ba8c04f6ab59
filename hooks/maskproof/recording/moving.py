"""Moving records, with the masks that only they need, between the places where a policy may keep them.

Beside the pictures, or in a folder that mirrors their paths: the check reads both. What is moved says the same as
before, so that a change which only moves asks nothing less.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from maskproof.atomic import one_writer, read_file, write_together
from maskproof.errors import UsageError
from maskproof.model import counted
from maskproof.recording import old_record, staging
from maskproof.records import sidecar
from maskproof.repo.paths import MIRRORED, SIDECAR_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from maskproof.recording.session import Session
    from maskproof.records.sidecar import Record
    from maskproof.repo import Repository


class Plan(Struct, frozen=True):
    """What goes where, by repository path."""

    records: dict[str, str]
    masks: dict[str, str]
    texts: dict[str, bytes] = field(default_factory=dict)
    """what is written of every record that moves or names what does"""

    @property
    def touched(self) -> list[str]:
        """Every path that is there no more, or new."""
        pairs = {**self.records, **self.masks}
        return list(dict.fromkeys((*pairs, *pairs.values(), *self.texts)))


def move(session: Session, edits: tuple[str, ...], *, stage: bool) -> Iterator[str]:
    """Move records and masks to where the policy keeps records.

    Args:
        session: The run.
        edits: The pictures whose records move, or folders of them; none: all.
        stage: Stage it as well.

    Yields:
        What was done.

    Raises:
        UsageError: a record has mistakes, or something lies at its place already; nothing was moved then.
    """
    repository, home = session.repository, session.scope.record_folder or "their pictures"
    plan = _planned(session, [repository.path_of(edit) for edit in edits])
    if not plan.records and not plan.masks:
        yield f"Nothing to move: the records lie {_where(home)} already"
        return
    with one_writer(repository.common_dir):
        _carry_out(repository, plan)
    what = f"{counted(len(plan.records), 'record')} and {counted(len(plan.masks), 'mask')}"
    yield f"Moved {what}: they lie {_where(home)} now"
    if stage:
        tracked = repository.index.entries
        there = [path for path in plan.touched if path in tracked or (repository.root / path).exists()]
        staging.add(repository, there, "-A")
        yield f"Staged {counted(len(there), 'path')}"
    else:
        new = " ".join(sorted({path.split("/", 1)[0] for path in (*plan.texts, *plan.masks.values())}))
        yield f"Stage what went and what came: `git add -u && git add {new}`"


def _where(home: str) -> str:
    return f"in {home}" if home.startswith(".maskproof") else f"beside {home}"


def _planned(session: Session, wanted: list[str]) -> Plan:
    repository, folder = session.repository, session.scope.record_folder
    found = {place: record for place in _records(repository) if (record := _read(repository, place)) is not None}
    chosen = {place for place in found if not wanted or _is_meant(sidecar.image_of(place), wanted)}
    goes = {place: sidecar.path_of(sidecar.image_of(place), folder) for place in chosen}
    records = {old: new for old, new in goes.items() if old != new}
    masks = dict(_masks(session, found, chosen))
    pairs = {**records, **masks}
    taken = [new for new in pairs.values() if (repository.root / new).exists()]
    if taken or len(set(pairs.values())) < len(pairs):
        raise UsageError(f"{(taken or ['a place'])[0]} is taken already", "Look at both files, and delete one of them.")
    texts = {}
    for place, record in found.items():
        mask = record.mask
        if mask is not None and mask.path in masks:
            mask = msgspec.structs.replace(mask, path=masks[mask.path])
        parent = None if record.parent is None else records.get(record.parent, record.parent)
        now = msgspec.structs.replace(record, mask=mask, parent=parent)
        if place in records or now != record:
            target = records.get(place, place)
            texts[target] = sidecar.render(now)
            sidecar.parse(texts[target], target)
    return Plan(records, masks, texts)


def _records(repository: Repository) -> list[str]:
    """Where records lie in the working tree, tracked or not."""
    asked = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--full-name")
    listed = os.fsdecode(repository.git(*asked, f":(top,glob)**/*{SIDECAR_SUFFIX}")).split("\0")
    return [path for path in dict.fromkeys(listed) if path and (repository.root / path).is_file()]


def _read(repository: Repository, place: str) -> Record | None:
    return old_record(repository, place)


def _is_meant(image: str, wanted: list[str]) -> bool:
    return any(one in {".", image} or image.startswith(f"{one}/") for one in wanted)


def _masks(session: Session, found: dict[str, Record], chosen: Collection[str]) -> Iterator[tuple[str, str]]:
    """The masks that move: those of records that were chosen, which nothing else uses."""
    scope, root, folder = session.scope, session.repository.root, session.scope.record_folder
    policies = (one for _, one in filter(None, scope.policies))
    used = {path for policy in policies for area in policy.areas for path in area.files.values()}
    used |= {record.original.path for record in found.values() if record.original}
    used |= {sidecar.image_of(place) for place in found}
    for mask in sorted({record.mask.path for place, record in found.items() if place in chosen and record.mask}):
        bare = MIRRORED.sub("", mask, count=1) if MIRRORED.match(mask) else mask
        new = f"{folder}/{bare}" if folder else bare
        file = root / mask
        if mask not in used and mask != new and file.is_file() and not file.is_symlink():
            yield mask, new


def _carry_out(repository: Repository, plan: Plan) -> None:
    """What is new is written before what is old goes, so that a crash in between loses nothing."""
    root = repository.root
    new = [(root / goes, read_file(root / mask, mask)) for mask, goes in plan.masks.items()]
    new += [(root / place, text) for place, text in plan.texts.items()]
    try:
        for file, _ in new:
            file.parent.mkdir(parents=True, exist_ok=True)
        write_together(*new)
        for old in (*plan.records, *plan.masks):
            (root / old).unlink()
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be moved: {error.strerror}", "Check the folder.") from error
