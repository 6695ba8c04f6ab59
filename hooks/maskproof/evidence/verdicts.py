"""Signed verdicts: what maskproof measured, as an assertion in a picture's C2PA manifest.

The assertion travels with the picture: which original and which mask it was compared with, under what settings, how far
it drifted. It is a claim of whoever signed it. Anybody can write one, so the check compares it with what it measures
itself (rule `assertion-differs`), and never takes it for a proof. Of approvals it says nothing: those name the signed
bytes. Source: C2PA technical specification 2.2, chapter 18 (assertions that others define).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from maskproof.evidence.jumbf import MalformedError
from maskproof.evidence.vocabularies import c2pa

if TYPE_CHECKING:
    from typing import Any

LABEL = c2pa.VERDICT
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]
Name = Annotated[str, Meta(max_length=100)]


class SignedVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """The assertion `org.maskproof.verdict`, version 1."""

    maskproof: Literal[1]
    engine: Name
    """the version of maskproof that measured"""
    level: Name
    settings: Digest
    """of what policy asked for the picture"""
    recorded: Digest
    """of the file as its record named it before it was signed"""
    drift: Annotated[float, Meta(ge=0)] | None = None
    """the worst value over its limit; None: generated, so that there is nothing to compare it with"""
    original: Digest | None = None
    mask: Digest | None = None


class Claimed(Struct, frozen=True):
    """What a file's own manifest claims to be maskproof's verdict."""

    verdict: SignedVerdict | None
    """None: it is no verdict that can be read"""


def assertion(verdict: SignedVerdict) -> dict[str, Any]:
    """The assertion, as a manifest has it."""
    tree: dict[str, Any] = msgspec.to_builtins(verdict)
    return {"label": LABEL, "data": tree}


def claimed(store: bytes) -> Claimed | None:
    """The verdict in the active manifest of a store; None where there is none.

    One that came with an ingredient speaks of that, and not of this picture.
    """
    if LABEL.encode() not in store:
        return None
    try:
        said = c2pa.manifests_of(store)[-1].verdicts
    except MalformedError:
        return Claimed(None)
    if not said:
        return None
    try:
        return Claimed(msgspec.convert(said[0], SignedVerdict) if len(said) == 1 else None)
    except msgspec.ValidationError:
        return Claimed(None)
