"""Joining the reports of the parts of a run: what comes out is the report that the whole run would have had.

A part's JSON report carries what its other members round or leave out, so that every format can be written anew.
"""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from maskproof.errors import UsageError
from maskproof.gate.notes import with_notes
from maskproof.gate.packed import unpacked
from maskproof.model import Shard
from maskproof.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterable

    from maskproof.model import ImageReport, Report

AGAIN = "Judge all parts with one maskproof, of one change: `maskproof check --shard I/N --format json --output FILE`."


def merged(files: Iterable[tuple[str, bytes]]) -> Report:
    """The report of a whole run.

    Args:
        files: The JSON report of each of its parts, with the name of its file, in any order.

    Raises:
        UsageError: one is no report of a part, one is missing or twice there, or they are of several runs.
    """
    parts: dict[int, tuple[str, Shard, Spool[ImageReport], tuple[str, ...]]] = {}
    for name, data in files:
        shard, own, images = _part(name, data)
        if shard.number in parts:
            raise UsageError(f"{name} is the same part as {parts[shard.number][0]}", "Name each part once.")
        first = next(iter(parts.values()), None)
        if first is not None and (shard.of, shard.run) != (first[1].of, first[1].run):
            raise UsageError(f"{name} is a part of another run than {first[0]}", AGAIN)
        parts[shard.number] = name, shard, images, own
    if not parts:
        raise UsageError("there is no report to merge", "Name the JSON report of each part.")
    _, shard, _, own = next(iter(parts.values()))
    if missing := [str(number) for number in range(1, shard.of + 1) if number not in parts]:
        raise UsageError(
            f"of {shard.of} parts these are missing: {', '.join(missing)}", "Name the report of each part."
        )
    dealt = zip_longest(*(parts[number][2] for number in sorted(parts)))  # as the parts were, one after the other
    return with_notes(Spool(one for row in dealt for one in row if one is not None), own)


def _part(name: str, data: bytes) -> tuple[Shard, tuple[str, ...], Spool[ImageReport]]:
    try:
        said: dict[str, Any] = json.loads(data)["shard"]
        shard = Shard(int(said["number"]), int(said["of"]), str(said["run"]))
        return shard, tuple(map(str, said["own"])), Spool(map(unpacked, said["exact"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UsageError(f"{name} is no JSON report of a part of a run, by this version of maskproof", AGAIN) from error
