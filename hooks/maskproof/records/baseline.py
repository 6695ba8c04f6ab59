"""The baseline: the state in which an old repository was when it began to be checked, in `.maskproof/baseline.json`.

An entry says that a picture had these bytes and that this was found in it. It lets nothing new in: it counts only for
bytes that the project holds already, so nobody has to sign it. One file, because it is written once and then only read:
a change of a picture leaves it alone, and an entry that no longer fits does nothing.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from maskproof.documents import Problems, read_json, schema_of, written
from maskproof.errors import ApprovalError
from maskproof.records.sidecar import Digest  # noqa: TC001 - msgspec reads it

FILE = ".maskproof/baseline.json"
MAX_BYTES = 40_000_000
"""bytes of a baseline; a picture takes about 200"""
OF_THE_CHANGE = frozenset({"policy-loosened", "record-loosened", "new-original", "attributes", "approval-lapsed"})
"""rules that speak of what a change does, so that no state of the project holds them"""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One picture."""

    sha256: Digest
    rules: Annotated[list[str], Meta(min_length=1, description="a list of rules such as unrecorded")]


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file, version 1."""

    maskproof: Literal[1]
    pictures: dict[str, Entry]


def parse(data: bytes) -> Baseline:
    """A baseline from the bytes of its file.

    Raises:
        ApprovalError: with every mistake at once.
    """
    try:
        return read_json(data, Baseline, MAX_BYTES)
    except Problems as error:
        raise ApprovalError(FILE, error.problems) from error


def render(baseline: Baseline) -> bytes:
    """The file: sorted keys, laid out as formatters leave it."""
    return written(msgspec.to_builtins(baseline))


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a baseline, made from the types above."""
    return schema_of(Baseline, "baseline", "maskproof baseline")
