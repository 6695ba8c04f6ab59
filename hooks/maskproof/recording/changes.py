"""What a record says now, and how that differs from what it said: nothing is kept, changed or dropped in silence."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof.model import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from maskproof.records.sidecar import Record

MANY = 12
"""names that a command to copy has room for"""


SAID = {"manual": "people's work on the original", "derived": "an export, which shows its master and nothing else"}
"""what an origin means where there is an original"""


class Written(Struct, frozen=True):
    """One record that was written."""

    path: str
    """the picture"""
    beside: str
    """its record"""
    record: Record
    old: Record | None
    """what it said before"""
    notes: tuple[str, ...] = ()
    """what else was noticed"""


def described(written: Written) -> Iterator[str]:
    """What was recorded, line by line; what an older record said and this one does not."""
    record, old = written.record, written.old
    yield f"Wrote {written.beside}"
    if record.original is None:
        yield f"  origin    {record.origin}, without an original: nothing is compared but brand areas with a reference"
    elif record.origin in SAID:
        yield f"  origin    {record.origin}: {SAID[record.origin]}"
    if record.original:
        width, height = record.original.size
        size = f"{width} x {height} px"
        role = "master  " if record.origin == "derived" else "original"
        yield f"  {role}  {record.original.path}  {record.original.sha256[:12]}…  {size}{_how(written, 'original')}"
    if record.mask:
        mode = f"mode {record.mask.mode}{_how(written, 'mask')}"
        yield f"  mask      {record.mask.path}  {record.mask.sha256[:12]}…  {mode}"
    elif record.original and record.origin != "derived":
        yield f"  mask      none: everything is protected{_gone(old, 'mask')}"
    if record.transform is not None:
        yield f"  frame     {_frame(record)}{_how(written, 'transform')}"
    if record.parent:
        yield f"  parent    {record.parent}: the original is an edit itself; the first original counts as well"
    yield from _areas(record, old)
    yield from _dropped(record, old)


def summary(written: Written) -> str:
    """The same in one line, where many are recorded."""
    record = written.record
    made = f"from {record.original.path}" if record.original else record.origin
    mask = f", mask {record.mask.path} ({record.mask.mode})" if record.mask else ""
    changes = [line.strip() for line in _dropped(record, written.old)]
    areas = len(record.areas)
    parts = [f"Wrote {written.beside}: {made}{mask}", *([f"areas: {areas}"] if areas else []), *changes]
    return "; ".join(parts)


def next_step(missing: Sequence[str]) -> str:
    """The command that stages what a commit needs; `missing` are files that Git does not hold as they are."""
    if len(missing) > MANY:
        return (
            f"Commit {counted(len(missing), 'file')} with the pictures: run this again with `--add`, or `git add` them"
        )
    return f"Commit it with the picture: `git add {' '.join(map(shlex.quote, missing))}`"


def _how(written: Written, key: str) -> str:
    """Whether a part of the record is as before; nothing of a new record."""
    if written.old is None:
        return ""
    now, before = getattr(written.record, key), getattr(written.old, key)
    if now == before:
        return "  (kept)"
    if before is None:
        return "  (new)"
    return (
        f"  (in the place of {before.path})" if hasattr(before, "path") and before.path != now.path else "  (changed)"
    )


def _gone(old: Record | None, key: str) -> str:
    before = None if old is None else getattr(old, key)
    return "" if before is None else f"  ({before.path} removed)"


def _frame(record: Record) -> str:
    assert record.transform is not None  # noqa: S101 - asked by the caller
    crop, pad = record.transform.crop, record.transform.pad
    parts = [f"crop {','.join(map(str, crop))}"] if crop else []
    parts += [f"pad {','.join(map(str, pad))}"] if any(pad) else []
    return ", ".join(parts) or "the whole original"


def _areas(record: Record, old: Record | None) -> Iterator[str]:
    before = {area.name: area for area in old.areas} if old else {}
    for area in record.areas:
        was = before.get(area.name)
        how = "" if old is None else "  (added)" if was is None else "  (kept)" if was == area else "  (replaced)"
        yield f"  area      {area.name} ({area.kind}){how}"
    for name in before.keys() - {area.name for area in record.areas}:
        yield f"  area      {name} ({before[name].kind})  (removed)"


def _dropped(record: Record, old: Record | None) -> Iterator[str]:
    """What an older record said of how the picture was made, and this one does not."""
    if old is None:
        return
    if old.original is not None and record.original is None:
        yield f"  removed   the original {old.original.path}" + (f" and the mask {old.mask.path}" if old.mask else "")
    if old.transform is not None and record.transform is None:
        yield "  removed   crop and padding, which belonged to the original"
    if old.tool is not None and old.tool.prompt is not None and (record.tool is None or record.tool.prompt is None):
        yield "  removed   the prompt, as the policy has it"
    if old.restored is not None and record.restored is None:
        yield "  removed   what `maskproof restore` had done, which was to other bytes"
