"""Writing the record of an edit: from what the command is told, and what the files themselves show.

Sizes, digests and, where there is no doubt, the mask's mode are worked out. What cannot be known is asked
for: a mask drawn in black and white does not say which of the two was editable.
"""

from __future__ import annotations

import shlex
from posixpath import commonprefix
from typing import TYPE_CHECKING, Any, cast

import msgspec

from maskproof import regions, remote
from maskproof.atomic import one_writer, read_file, write_file
from maskproof.content import sha256_of
from maskproof.errors import CouldNotJudge, UsageError, as_usage
from maskproof.gate.conflict import bring_back, choice, in_conflict, read_record
from maskproof.images.decode import decode_mask
from maskproof.model import enumerated
from maskproof.recording import frames, sources
from maskproof.recording.changes import Written
from maskproof.recording.places import place_of
from maskproof.recording.session import readable
from maskproof.records import proposal, sidecar
from maskproof.records.areas import changed_areas
from maskproof.records.sidecar import ImageRef, MaskRef, OriginalRef, Record, Tool, Transform
from maskproof.repo.paths import is_sidecar
from maskproof.repo.working import record_path

if TYPE_CHECKING:
    from maskproof.recording.session import Options, Session
    from maskproof.records.proposal import Proposal
    from maskproof.regions import Planes
    from maskproof.repo import Repository

FROM_ANOTHER = ("original", "mask", "mask_mode", "crop", "pad", "parent")
"""options that only a picture made from another one has"""
OF_EDITS = ("mask", "mask_mode", "pad", "parent")
"""options that only an edit has, and no export"""
ORIGINS = ("generated", "manual", "derived")
"""options that say how a picture came to be; without one it is an edit"""


class NothingKnown(UsageError):  # noqa: N818 - what is known, not what went wrong
    """A picture without a record, of which nobody and nothing says what it was made from."""


def write(session: Session, edit: str, given: Options) -> Written:
    """Write the sidecar of an edit in the working tree.

    Args:
        session: The run.
        edit: The edited picture, from the current folder.
        given: The other options of `maskproof record`; None: keep what the old record says.

    Returns:
        What was recorded.

    Raises:
        UsageError: something is missing, contradictory or outside the repository; nothing was written then.
        PolicyError: the policy has mistakes.
    """
    _refuse_contradictions(given)
    repository = session.repository
    path = place_of(repository, edit, "edit")
    try:
        beside = record_path(repository, path, session.scope.record_folder)
    except CouldNotJudge as error:
        raise UsageError(error.reason, error.advice) from error
    if sidecar.image_of(beside) != path:
        raise UsageError(f"{path} lies in a folder of records, whose pictures are masks", "Move the picture out of it.")
    target = repository.root / beside
    old = old_record(repository, beside)
    data = read_file(repository.root / path, path)
    settled = given["derived"] or _from_no_other(given, old)
    given, notes = ({**given}, ()) if settled else _fill_in(session, path, data, given, old)
    record, more = _composed(session, path, beside, data, given, old)
    text = sidecar.render(record)
    try:
        sidecar.parse(text, beside)
    except CouldNotJudge as error:
        raise UsageError(
            f"this record would be wrong: {error.reason}", "Correct the options and record again."
        ) from error
    with one_writer(repository.common_dir):
        if old_record(repository, beside) != old:
            raise UsageError(f"{beside} was written anew meanwhile", "Look at it, and record again.")
        target.parent.mkdir(parents=True, exist_ok=True)
        write_file(target, text, beside)
    return Written(path, beside, record, old, (*notes, *more))


def _refuse_contradictions(given: Options) -> None:
    """Options that cannot both be meant; raises UsageError."""
    flags = [f"--{key}" for key in ORIGINS if given[key]]
    if len(flags) > 1:
        raise UsageError(
            f"{enumerated(flags)} contradict each other", "Say whether a model or people made it, or exporting."
        )
    for flag, says, keys in (
        ("generated", "there is no original", FROM_ANOTHER),
        ("derived", "it shows its master and nothing else", OF_EDITS),
        ("no_mask", "the mask goes", ("mask", "mask_mode")),
    ):
        if given[flag] and (named := [key for key in keys if given[key]]):
            raise UsageError(
                f"--{flag.replace('_', '-')} says that {says}, but --{named[0].replace('_', '-')} is given as well",
                "Leave one of the two out.",
            )


def _composed(
    session: Session, path: str, beside: str, data: bytes, given: Options, old: Record | None
) -> tuple[Record, tuple[str, ...]]:
    """The record as the options have it, and what else is to be said."""
    old = None if old is None else _where_it_lies(session, path, old)
    original, mask, origin = None, None, cast("Any", "generated")
    notes: tuple[str, ...] = ()
    transform = _transform(given, old)
    picture = session.picture(data, path)
    if not given["generated"]:
        nothing = _from_no_other(given, old)
        origin = _origin(given, old)
        export = origin == "derived"
        original = None if nothing else _original(session, path, data, given["original"], old, export=export)
        mask = None if origin == "derived" else _mask(session.repository, given, old)
        if original is not None and transform is None and origin != "derived":
            transform, notes = frames.proposed(session, path, picture, original, given)
    tool = _tool(given, old)
    return Record(
        schema=old.schema if old else None,
        maskproof=1,
        origin=origin,
        image=ImageRef(sha256=sha256_of(data), size=picture.size),
        original=original,
        mask=mask,
        transform=None if original is None else transform,
        tool=None if tool is None else sidecar.kept(tool, session.scope.settings(path).prompt),
        areas=changed_areas(old.areas if old else [], given["areas"], given["remove_area"]),
        parent=None
        if original is None or origin == "derived"
        else _parent(session.repository, beside, original, given, old),
        restored=old.restored if old and old.image.sha256 == sha256_of(data) else None,
    ), notes


def _where_it_lies(session: Session, path: str, old: Record) -> Record:
    """A record whose original and mask are named by where they lie now, where a folder or they themselves were moved.

    What is found nowhere keeps its name, for the check to look for in the history.
    """
    original, mask = old.original, old.mask
    if original is not None and original.url is None:
        original = msgspec.structs.replace(original, path=_moved(session, path, original.path, original.sha256))
    if mask is not None:
        mask = msgspec.structs.replace(mask, path=_moved(session, path, mask.path, mask.sha256))
    return msgspec.structs.replace(old, original=original, mask=mask)


def _moved(session: Session, edit: str, place: str, sha256: str) -> str:
    repository = session.repository
    if place in repository.index.entries or (repository.root / place).exists():
        return place
    try:
        source = session.scope.located(place, sha256)
    except CouldNotJudge:
        return place
    same = [] if source is None else [one for one in repository.index.entries.holding(source.oid) if one != edit]

    def nearness(one: str) -> tuple[bool, int]:
        return one.rpartition("/")[2] == place.rpartition("/")[2], len(commonprefix([one, edit]))

    return max(same, key=nearness, default=place)


def _from_no_other(given: Options, old: Record | None) -> bool:
    """Is it people's work, and no picture named that it was made from?"""
    return bool(given["manual"] and not given["original"] and (old is None or old.original is None))


def _origin(given: Options, old: Record | None) -> Any:
    """People's work stays that until its record is deleted; what has another original or a mask now is an edit."""
    if given["derived"]:
        return "derived"
    if given["manual"] or (old is not None and old.origin == "manual"):
        return "manual"
    return old.origin if old is not None and not given["original"] and not given["mask"] else "edited"


def _fill_in(
    session: Session, path: str, data: bytes, given: Options, old: Record | None
) -> tuple[Options, tuple[str, ...]]:
    """The options with what nobody gave and the files tell, where that is agreed to; and what else was noticed."""
    wanted = given["mask"] or given["no_mask"]
    if given["generated"] or old is not None or (given["original"] and wanted):
        return given, ()
    repository, scope = session.repository, session.scope
    if given["original"] and remote.is_address(given["original"]):
        return given, ()
    if given["original"]:
        found = sources.mask_for(scope, path, place_of(repository, given["original"], "original"), data)
        if found.mask is None:
            return given, ()
    else:
        _refuse_deleted(repository, path)
        found = sources.propose_source(scope, path, data, trusted=session.trusted, progress=session.progress)
        if found.original is None and found.copies:
            raise _only_copies(path, found.copies)
        if found.original is None:
            return given, ()  # what is missing is said where it is needed
    lines = [] if given["original"] else [f"Its original may be {found.original}: {found.original_why}."]
    lines += [f"Left out, as the same picture in another size or format: {', '.join(found.copies)}."] * bool(
        found.copies
    )
    if found.mask and not wanted:
        lines.append(f"Its mask may be {found.mask}{f', mode {found.mode}' if found.mode else ''}: {found.mask_why}.")
    if given["accept"] or session.ask("\n".join(lines)):
        return given | _accept(repository, found, given), ()
    command = f"`{proposal.command(path, found)}`"
    if given["original"]:
        return given, (f"Note: {found.mask} may be its mask: {found.mask_why}. If so: {command}",)
    raise UsageError(
        f"{path} has no record yet, so its original has to be named. {' '.join(lines).removesuffix('.')}",
        f"Look at them. If that is right: {command}, or the same command with `--accept`; else name the right ones.",
    )


def _refuse_deleted(repository: Repository, path: str) -> None:
    """A record that the last commit holds is not made up anew by guessing; raises UsageError."""
    for beside in repository.head.records.get(path, ()):
        if undone := in_conflict(repository.index, path, beside):
            said = f"{path} is in conflict, and its record is gone from the working tree: {beside}"
            raise UsageError(said, choice(repository, path, undone))
        if back := bring_back(repository, path, beside):
            raise UsageError(
                f"{path} has no record in the working tree, while the last commit holds it: {beside}",
                f"Bring it back: {back} If another one is meant, add `--original FILE`.",
            )


def _only_copies(path: str, copies: tuple[str, ...]) -> UsageError:
    """What is wrong where nothing is like a picture but what shows the very same."""
    plain, first = shlex.quote(path), shlex.quote(copies[0])
    return UsageError(
        f"{path} has no record yet, so its original has to be named. The same picture in another size or format is no "
        f"original: {', '.join(copies)}",
        f"If it was edited, name what it was made from: `maskproof record {plain} --original FILE`. If it is an export "
        f"of that one: `maskproof record {plain} --derived --original {first}`.",
    )


def _accept(repository: Repository, found: Proposal, given: Options) -> Options:
    """A proposal as options; what was given stays."""
    taken: Options = {}
    if not given["original"]:
        taken["original"] = str(repository.root / (found.original or ""))
    if not given["mask"] and not given["no_mask"] and found.mask:
        taken |= {"mask": str(repository.root / found.mask), "mask_mode": given["mask_mode"] or found.mode}
    if not given["provider"] and found.provider:
        taken["provider"] = found.provider
    return taken


def old_record(repository: Repository, path: str) -> Record | None:
    """The record that lies in the working tree already; None where there is none.

    Raises:
        UsageError: it has mistakes or cannot be read.
    """
    file = repository.root / path
    if not file.exists():
        return None
    try:
        return read_record(repository, read_file(file, path), path)
    except CouldNotJudge as error:
        image = shlex.quote(sidecar.image_of(path))
        raise UsageError(error.reason, error.advice.replace("record EDIT", f"record {image}")) from error


def _original(
    session: Session, path: str, edit: bytes, given: str | None, old: Record | None, *, export: bool
) -> OriginalRef | None:
    if given is None:
        if old is None:
            raise NothingKnown(
                f"{path} has no record yet, so its original has to be named",
                "Add `--original FILE` (the picture before the edit). Where there is none: `--generated` if a model "
                "made it, `--manual` if people did.",
            )
        return old.original
    if remote.is_address(given):
        return _original_at(session, path, given)
    repository = session.repository
    place = place_of(repository, given, "original")
    data = _read_committed(repository, place) if place == path else read_file(repository.root / place, place)
    if data == edit and (not export or place == path):  # an export may be a copy
        raise UsageError(f"{place} has the same bytes as the edit", "Name the picture as it was before the edit.")
    return OriginalRef(path=place, sha256=sha256_of(data), size=session.picture(data, place).size)


def _original_at(session: Session, path: str, address: str) -> OriginalRef:
    """An original that lies elsewhere, where the policy allows the address; it is kept, so that no check fetches it."""
    with as_usage():
        data = remote.read(address, session.scope.settings(path).originals.allow)
        session.repository.objects.store.shelf.put(sha256_of(data), data)
        place = remote.name_of(address)
        size = session.picture(data, place).size
    return OriginalRef(path=place, sha256=sha256_of(data), size=size, url=address)


def parent_of(repository: Repository, original: OriginalRef) -> str | None:
    """The record that makes an original an edit itself; None where it has none.

    Raises:
        UsageError: it was written for other bytes.
    """
    return _parent(repository, "", original, {"parent": None, "original": original.path}, None)


def _parent(repository: Repository, own: str, original: OriginalRef, given: Options, old: Record | None) -> str | None:
    """The record of the edit that this one was made from: named, kept, or found where the original's record lies.

    `own` is where the edit's own record lies.
    """
    if given["parent"]:
        return _named_parent(repository, original, repository.path_of(given["parent"]))
    same = old is not None and old.original is not None and old.original.sha256 == original.sha256
    kept = old.parent if old is not None and same else None
    try:
        beside = record_path(repository, original.path)
    except CouldNotJudge as error:
        raise UsageError(error.reason, error.advice) from error
    for place in filter(None, (kept, beside)):
        # Beside an edit that was saved over its original lies its own record.
        record = None if place == own else old_record(repository, place)
        if record is not None and record.image.sha256 == original.sha256:
            return place
        if record is not None and given["original"] and place == beside:
            raise _other_bytes(beside, record, original, "Renew that record first, or delete it.")
    return kept  # what is wrong with it is for the check to say


def _named_parent(repository: Repository, original: OriginalRef, place: str) -> str:
    if not is_sidecar(place):
        raise UsageError(f"--parent names {place}, which is not a record", f"Name {record_path(repository, place)}.")
    record = old_record(repository, place)
    if record is None:
        raise UsageError(
            f"--parent names {place}, but there is no such record", "Check the name, or record that edit first."
        )
    if record.image.sha256 != original.sha256:
        raise _other_bytes(place, record, original, "Name the record of the picture that this edit was made from.")
    return place


def _other_bytes(place: str, record: Record, original: OriginalRef, advice: str) -> UsageError:
    return UsageError(
        f"{place} was written for other bytes ({record.image.sha256[:12]}…) than the original {original.path} has "
        f"({original.sha256[:12]}…)",
        advice,
    )


def _read_committed(repository: Repository, path: str) -> bytes:
    """The last committed version, for an edit that was saved over its original."""
    data = repository.head.read(path)
    if data is None:
        raise UsageError(
            f"{path} is named as its own original, but the last commit does not hold it",
            "Name the file that the edit was made from.",
        )
    return data


def _mask(repository: Repository, given: Options, old: Record | None) -> MaskRef | None:
    named, mode = given["mask"], given["mask_mode"]
    if given["no_mask"]:
        return None
    if named is None:
        if old and old.mask and mode:
            return msgspec.structs.replace(old.mask, mode=mode)
        if mode:
            raise UsageError("--mask-mode speaks of a mask, but none is named", "Add `--mask FILE`.")
        return old.mask if old else None
    place = place_of(repository, named, "mask")
    data = read_file(repository.root / place, place)
    planes = readable(decode_mask, data, place)
    return MaskRef(path=place, sha256=sha256_of(data), mode=mode_of(mode, planes, place))  # type: ignore[arg-type]


def mode_of(given: str | None, planes: Planes, place: str) -> str:
    """Which part of a mask is editable: as given, or `alpha` where it has both clear and solid pixels and no drawing.

    Raises:
        UsageError: nothing is given, and the mask could mean two things.
    """
    if mode := given or regions.plain_mode(planes):
        return mode
    kind = "has transparency and a drawing" if planes[1] is not None else "has no transparency"
    raise UsageError(
        f"the mask {place} {kind}, so it does not say which part was editable",
        "Add `--mask-mode white`, `black` or `alpha` (transparent), whichever part the model was allowed to change.",
    )


def _transform(given: Options, old: Record | None) -> Transform | None:
    named = {key: given[key] for key in ("crop", "pad") if given[key]}
    before = old.transform if old else None
    return msgspec.structs.replace(before or Transform(), **named) if named else before


def _tool(given: Options, old: Record | None) -> Tool | None:
    named = {key: given[key] for key in ("provider", "model", "prompt") if given[key] is not None}
    if not named:
        return old.tool if old else None
    before = old.tool if old and old.tool else Tool()
    if "prompt" in named:
        named["prompt_sha256"] = None  # of another prompt
    return msgspec.structs.replace(before, **named)
