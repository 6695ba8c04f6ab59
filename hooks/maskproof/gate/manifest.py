"""A manifest: edits that lie outside of Git, each in a row with its original and mask, judged as recorded edits are.

An archive has no commits, so nothing is asked of history, approvals or a baseline: a row is compared as its record
would be, under a policy that whoever runs the check names. Rows are read one by one and never held together. What they
name has to lie in the manifest's folder; a row that cannot be understood stops the run before anything is judged, and a
picture that cannot be read leaves its own row unjudged.
"""

from __future__ import annotations

import codecs
import io
import os
import stat
import unicodedata
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import uuid4

import msgspec
from msgspec import Meta, Struct, field
from msgspec.structs import replace

from maskproof import remote
from maskproof.content import MAX_FILE_BYTES, sha256_of
from maskproof.documents import BoxNumbers, Offset, Problems, read_json, typed
from maskproof.errors import CouldNotJudge, MissingMask, MissingOriginal, RecordError, TooLarge, Unreadable, UsageError
from maskproof.gate.cache import Verdicts, engine, form
from maskproof.gate.check import apart, counted_out, judge_apart, pixels, side_by_side_of
from maskproof.gate.inspection import Inputs, Original, attempt
from maskproof.gate.notes import with_notes
from maskproof.images.files import Files, Source
from maskproof.memo import Memo
from maskproof.model import ImageReport, Report
from maskproof.policy import trust
from maskproof.records import table
from maskproof.records.areas import parsed
from maskproof.records.sidecar import (
    MAX_AREAS,
    AreaRef,
    Digest,
    ImageRef,
    MaskRef,
    OriginalRef,
    Record,
    Tool,
    Transform,
)
from maskproof.shelf import AS_IT_IS, Shelf
from maskproof.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from maskproof.gate.check import Progress, Runner
    from maskproof.gate.scene import Draws
    from maskproof.policy import FoundPolicy

MAX_LINE = 1_000_000
"""bytes of a line; one with a long prompt has 5,000"""
MEMO_BYTES = 128_000_000
"""bytes of files that a process keeps, as of blobs"""
MEMO_COUNT = 96
"""such files"""
KNOWN_FILES = 10_000
"""files whose digest a process keeps: an original is often that of many rows"""
ADDRESS = "address"
"""begins the id of an original that was fetched"""
JSON_LINES = (".jsonl", ".ndjson")
CORRECT = "Correct the row, and run this again; nothing was judged."
MISSING = {"edit": Unreadable, "original": MissingOriginal, "mask": MissingMask, "policy": Unreadable}
"""what a file that cannot be had is told as"""


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One edit of a manifest; the keys are those of a table that `record` reads, and digests."""

    edit: Annotated[str, Meta(min_length=1, max_length=1024)]
    original: Annotated[str, Meta(min_length=1, max_length=2048)]
    mask: Annotated[str, Meta(min_length=1, max_length=1024)] | None = None
    mask_mode: Literal["alpha", "white", "black"] | None = None
    crop: BoxNumbers | None = None
    pad: Annotated[
        tuple[Offset, Offset, Offset, Offset], Meta(description="[left, top, right, bottom] pixels around the original")
    ] = (0, 0, 0, 0)
    areas: Annotated[list[AreaRef], Meta(max_length=MAX_AREAS)] = []
    provider: str | None = None
    model: str | None = None
    prompt: str | None = None
    edit_sha256: Digest | None = None
    original_sha256: Digest | None = None
    mask_sha256: Digest | None = None


class Line(msgspec.Struct, frozen=True):
    """A row and where it stands, as a task."""

    where: str
    row: Row


COLUMNS: dict[str, Callable[[str], Any]] = {
    name: table.COLUMNS.get(name, str) for name in Row.__struct_fields__ if name != "areas"
} | {"areas": lambda text: [_area(one) for one in table.COLUMNS["areas"](text)]}
"""each column of a table with what reads its cells"""


class Manifest(Struct, frozen=True):
    """A manifest, and what its rows are held to."""

    file: Path
    policy: FoundPolicy = None
    """None: the built-in defaults"""
    policy_folder: Path = Path()
    """where the pictures lie that the policy names"""
    shelf: Path | None = None
    """the folder of verdicts that are kept; None: none are"""
    originals: Path = Path()
    """the folder in which originals are kept that were fetched"""
    name: str = ""
    """how messages call it; empty: by its path"""
    run: str = field(default_factory=lambda: uuid4().hex)
    """names this run, so that a process that outlives it reads files anew for the next one"""

    @property
    def files(self) -> Files:
        """Where the stages read its files, in this process."""
        allowed = () if self.policy is None else self.policy[1].originals.allow
        return _files(str(self.file.parent), str(self.policy_folder), self.run, allowed, str(self.originals))

    @property
    def beginning(self) -> tuple[int, bytes]:
        """What tells this manifest from another one of its name: its size and its first bytes."""
        with self.file.open("rb") as opened:
            return os.fstat(opened.fileno()).st_size, opened.read(4096)

    def rows(self) -> Iterator[Line]:
        """Its rows, one by one.

        Raises:
            UsageError: it cannot be read, or a row cannot be understood: the first of them, with its line.
        """
        name, seen = self.name or str(self.file), set()
        lines = _json_rows if self.file.suffix.lower() in JSON_LINES else _table_rows
        for where, tree in lines(self.file, name):
            row = _row(where, tree)
            if (key := hash(row.edit)) in seen:  # names themselves would take more room than all else
                raise UsageError(f"{where}: the edit {row.edit!a} has a row already", CORRECT)
            seen.add(key)
            yield Line(where, row)
        if not seen:
            raise UsageError(f"{name} has no rows", "Write one row an edit.")

    def identity(self) -> tuple[int, str]:
        """How many rows there are, each of them read, and the digest of what is judged and with what.

        Raises:
            UsageError: as in `rows`.
        """
        count, told = 0, sha256_of(form(("manifest", engine(), self.policy)))
        for line in self.rows():
            count, told = count + 1, sha256_of(told.encode() + form(line.row))
        return count, told


def check_manifest(
    manifest: Manifest,
    run: Runner | None = None,
    progress: Progress | None = None,
    part: tuple[int, int] = (1, 1),
    draws: Draws | None = None,
) -> tuple[Report, str]:
    """The report on the rows of a manifest, in their order, and the digest of the run; arguments as of `check.check`.

    Raises:
        UsageError: the manifest cannot be used.
    """
    count, identity = manifest.identity()
    number, of = part
    count = len(range(number - 1, count, of))
    lines = (line for at, line in enumerate(manifest.rows()) if at % of == number - 1)
    one = partial(judge_row, manifest=replace(manifest, shelf=None) if draws else manifest, draws=draws)
    weigh = partial(_pixels, manifest)
    found = run(one, lines) if run else side_by_side_of(one, lines, weigh, count)
    images = Spool(counted_out(found, count, progress))
    if manifest.shelf is not None:
        Shelf(manifest.shelf).trim()
    return with_notes(images, ()), identity


def judge_row(line: Line, manifest: Manifest, threads: int = 2, draws: Draws | None = None) -> ImageReport:
    """The report on one row: its files read and hashed where it is judged, so that rows can be judged anywhere."""
    inputs = apart(line.row.edit, gather_row, manifest, line)
    kept = None if manifest.shelf is None or isinstance(inputs, ImageReport) else _verdicts(manifest.shelf)
    key = kept.key(inputs) if kept and isinstance(inputs, Inputs) else ""
    if kept and key and (known := kept.image(key)) is not None:
        return known
    report = judge_apart(inputs, manifest.files, threads, draws, lean=True)
    if kept and key:
        kept.keep(key, report)
    return report


def gather_row(manifest: Manifest, line: Line) -> Inputs:
    """All that is known of one row, its files by their digests."""
    row, files = line.row, manifest.files
    folder = files.read
    assert isinstance(folder, Folder)  # noqa: S101 - what `_files` made it with
    settings = trust.resolve_closely(manifest.policy, row.edit)
    edit = attempt(folder.source, "edit", row.edit, row.edit_sha256)
    original = attempt(folder.source, "original", row.original, row.original_sha256)
    mask = None if row.mask is None else attempt(folder.source, "mask", row.mask, row.mask_sha256)
    reference = attempt(Original, original, mask, row.mask_mode)
    policy_files = {}
    for place in settings.named_files:
        found = attempt(folder.source, "policy", place, None)
        if isinstance(found, Source):  # else the area cannot be drawn, and that is said
            policy_files[place] = found
    record = attempt(_record, row, files, edit, reference)
    return Inputs(row.edit, settings, edit, record, reference, policy_files, row=line.where)


def same_manifest(manifest: Manifest, beginning: tuple[int, bytes]) -> bool:
    """Does this machine see the same manifest?"""
    try:
        return manifest.beginning == beginning
    except OSError:
        return False


def _record(row: Row, files: Files, edit: Source, reference: Original) -> Record:
    """What the sidecar of such an edit would say; raises CouldNotJudge where a picture has no size."""
    sizes = []
    for source in (edit, reference.original):
        container = files.container(source)
        sizes.append((container.width, container.height))
    mask = None
    if reference.mask is not None and row.mask_mode is not None:
        mask = MaskRef(path=reference.mask.path, sha256=reference.mask.sha256, mode=row.mask_mode)
    tool = Tool(provider=row.provider, model=row.model, prompt=row.prompt)
    return Record(
        maskproof=1,
        origin="edited",
        image=ImageRef(sha256=edit.sha256, size=sizes[0]),
        original=OriginalRef(path=reference.original.path, sha256=reference.original.sha256, size=sizes[1]),
        mask=mask,
        transform=Transform(crop=row.crop, pad=row.pad) if row.crop or any(row.pad) else None,
        tool=None if tool == Tool() else tool,
        areas=row.areas,
    )


def _pixels(manifest: Manifest, line: Line) -> int:
    """Pixels of an edit, as its header says; 0 where there is none to read."""
    files = manifest.files
    assert isinstance(files.read, Folder)  # noqa: S101 - what `_files` made it with
    try:
        return pixels(files, files.read.source("edit", line.row.edit, None))
    except (CouldNotJudge, OSError, MemoryError):  # told where it is judged
        return 0


# --- rows ------------------------------------------------------------------------------------------------------------


def _lines(file: Path, name: str) -> Iterator[str]:
    """The lines of a text in UTF-8, or in UTF-16 with a mark."""
    try:
        with file.open("rb") as opened:
            wide = opened.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
            opened.seek(0)
            text = io.TextIOWrapper(opened, "utf-16" if wide else "utf-8-sig", newline="")
            while line := text.readline(MAX_LINE + 1):
                if len(line) > MAX_LINE:
                    raise UsageError(f"{name} has a line of more than {MAX_LINE:,} characters", "Take it apart.")
                yield line
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not a text in UTF-8", 'Save it as "CSV UTF-8".') from error
    except OSError as error:
        raise UsageError(
            f"{name} cannot be read: {error.strerror}", "Check the name, and who may read the file."
        ) from error


def _json_rows(file: Path, name: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(_lines(file, name), 1):
        if line.strip():
            try:
                yield f"{name}:{number}", read_json(line.encode(), dict, 4 * MAX_LINE)
            except Problems as error:
                raise UsageError(f"{name}:{number}: {error}", CORRECT) from error


def _table_rows(file: Path, name: str) -> Iterator[tuple[str, Any]]:
    for row in table.rows_of(_lines(file, name), name, COLUMNS):
        if row.problem:
            raise UsageError(f"{row.where}: {row.problem}", CORRECT)
        yield row.where, {"edit": row.edit, **row.given}


def _row(where: str, tree: Any) -> Row:
    """A row as it is meant; raises UsageError with every mistake in it."""
    try:
        row = typed(tree, Row)
    except Problems as error:
        raise UsageError(f"{where}: {'; '.join(error.problems)}", CORRECT) from error
    remotely = remote.is_address(row.original)
    named = (("edit", row.edit), ("original", None if remotely else row.original), ("mask", row.mask))
    problems = [f"{key} {why}" for key, path in named if path is not None and (why := _path_problem(path))]
    if remotely and (why := remote.problem(row.original)):
        problems.append(f"original: {why}")
    elif remotely and row.original_sha256 is None:
        problems.append("an original at an address needs its digest in original_sha256")
    if (row.mask is None) != (row.mask_mode is None):
        problems.append("mask and mask_mode go together; mask_mode says which part of the mask was editable")
    problems += [
        f"the area {one.name!a} needs exactly one of box and polygon, with at least 3 corners"
        for one in row.areas
        if (one.box is None) == (one.polygon is None) or len(one.polygon or "abc") < 3  # noqa: PLR2004 - of a polygon
    ]
    if row.original == row.edit:
        problems.append("edit and original are the same file, so nothing would be compared")
    if problems:
        raise UsageError(f"{where}: {'; '.join(problems)}", CORRECT)
    return row


def _path_problem(path: str) -> str | None:
    """Why a path is refused, or None: it has to mean one file in the manifest's folder, on every system."""
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        return "leaves the manifest's folder or is not in its shortest form"
    if "\\" in path or ":" in parts[0] or any(unicodedata.category(one) in {"Cc", "Cs"} for one in path):
        return "holds a drive, an address, a backslash or control characters"
    return None


def _area(text: str) -> dict[str, Any]:
    """An area of a cell, as JSON has it; raises ValueError."""
    try:
        area = parsed(text)
    except UsageError as error:
        raise ValueError(error.reason) from error
    return {"name": area.name, "kind": area.kind, "box": area.box}


# --- files -----------------------------------------------------------------------------------------------------------


class Folder:
    """The files of a manifest. Threads may share it; another process gets one that reads for itself.

    Args:
        root: The manifest's folder.
        policy: The folder of what the policy names.
        run: What tells this run from others.
        allowed: What the addresses of originals may begin with.
        originals: The folder in which they are kept.
    """

    def __init__(self, root: str, policy: str, run: str, allowed: tuple[str, ...], originals: str) -> None:
        self._given = root, policy, run, allowed, originals
        self._allowed, self._kept = allowed, remote.Store(Path(originals))
        self._roots = {"policy": policy, "": root}
        self._memo: Memo[str, bytes] = Memo(MEMO_BYTES, MEMO_COUNT)
        self._known: Memo[tuple[str, str], str] = Memo(KNOWN_FILES)

    def __reduce__(self) -> tuple[Any, ...]:
        return _folder, self._given

    def __call__(self, oid: str, path: str) -> bytes:
        """The bytes of a file that `source` found; raises CouldNotJudge where they are not what they were."""
        role, _, digest = oid.rpartition(":")
        if (data := self._memo.get(digest)) is not None:
            return data
        data = self._fetched(path, digest) if role == ADDRESS else self._read(role, path)
        if sha256_of(data) != digest:
            raise Unreadable(f"{path} changed while it was judged", "Check again when nobody writes to it.")
        return self._memo.keep(digest, data, len(data))

    def source(self, role: str, path: str, sha256: str | None) -> Source:
        """A file by its digest.

        Args:
            role: What it is in its row: `edit`, `original`, `mask`, or `policy`.
            path: Where it lies.
            sha256: The digest that it has to have; None: nobody says.

        Raises:
            CouldNotJudge: it cannot be had, or is another file.
        """
        if role == "original" and sha256 is not None and remote.is_address(path):
            data = self._memo.get(sha256) or self._fetched(path, sha256)
            self._memo.keep(sha256, data, len(data))
            return Source(f"{ADDRESS}:{sha256}", path, sha256, "fetched from its address")
        place = "policy" if role == "policy" else ""
        if (digest := self._known.get((place, path))) is None:
            try:
                data = self._read(place, path)
            except CouldNotJudge as error:
                raise MISSING[role](error.reason, error.advice) if type(error) is Unreadable else error from error
            digest = self._known.keep((place, path), sha256_of(data), 1)
            self._memo.keep(digest, data, len(data))
        if sha256 not in {None, digest}:
            said = f"the {role} {path} has the digest {digest[:12]}…, and its row says {sha256[:12]}…"
            if role == "edit":
                raise RecordError(f"the row of {path}", (said,))
            raise MISSING[role](said, "Correct the row, or bring the file that is meant.")
        return Source(f"{place}:{digest}", path, digest, "in the folder of the manifest")

    def _fetched(self, address: str, sha256: str) -> bytes:
        return self._kept.fetched(address, sha256, self._allowed)

    def _read(self, place: str, path: str) -> bytes:
        """The bytes of a file, which no link leads out of its folder to; raises Unreadable or TooLarge."""
        root = os.path.realpath(self._roots[place])
        try:
            real = os.path.realpath(Path(root, path), strict=True)
            if os.path.commonpath([root, real]) != root:
                raise Unreadable(f"{path} leads out of the folder {root}", "Put the file itself there.")
            with os.fdopen(os.open(real, os.O_RDONLY | AS_IT_IS), "rb") as opened:
                about = os.fstat(opened.fileno())
                if not stat.S_ISREG(about.st_mode):
                    raise Unreadable(f"{path} is no plain file", "Put the picture itself there.")
                data = opened.read(MAX_FILE_BYTES + 1)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise Unreadable(f"{path} cannot be read: {why}", "Check the name, and who may read the file.") from error
        if len(data) > MAX_FILE_BYTES:
            raise TooLarge(f"{path} has more than {MAX_FILE_BYTES / 1e6:.0f} MB", "Save it smaller.")
        return data


@lru_cache(1)
def _folder(root: str, policy: str, run: str, allowed: tuple[str, ...], originals: str) -> Folder:
    return Folder(root, policy, run, allowed, originals)


@lru_cache(1)
def _files(root: str, policy: str, run: str, allowed: tuple[str, ...], originals: str) -> Files:
    return Files(_folder(root, policy, run, allowed, originals))


@lru_cache(1)
def _verdicts(folder: Path) -> Verdicts:
    return Verdicts(Shelf(folder))
