"""The approval: what a person signed off, in a file of its own under `.maskproof/approvals/`.

It is bound to what that person had before them: the bytes of the picture, of its original and its mask, where it lies,
what its record says, what policy asks for it, and which findings are answered. What somebody else may change without
touching any of this is left out: the policy's other lines, the version of maskproof, the measured values.

One file may take many pictures, so that a rebrand is one act with one reason and one signature.
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - msgspec reads it
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from maskproof.content import sha256_of
from maskproof.documents import Problems, read_json, schema_of, written
from maskproof.errors import ApprovalError
from maskproof.policy.keys import KEYS
from maskproof.records.sidecar import AreaRef, Digest, PathText, Transform, path_problem
from maskproof.repo.paths import APPROVAL_SUFFIX, APPROVALS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from maskproof.policy import Settings
    from maskproof.records.sidecar import Record

Terms = dict[str, Any]
"""what policy asks for one picture, as plain values"""
MEANT_OTHERWISE = ("prompt", "sign")
"""keys of the policy that say nothing of how a picture is judged"""
MAX_BYTES = 8_000_000
"""bytes of an approval; one picture takes about 1 kB"""


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One finding that is answered."""

    rule: Annotated[str, Meta(pattern=r"^[a-z-]{1,40}\Z", description="the id of a rule")]
    region: str | None = None
    about: list[str] = []
    """what it spoke of beside the picture, its record and the policy: all that it may speak of later"""


class Recorded(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What the record of a picture asked."""

    origin: str
    original: Digest | None = None
    mask: Digest | None = None
    mode: str | None = None
    """which part of the mask is editable"""
    transform: Transform | None = None
    areas: list[AreaRef] = []
    parent: PathText | None = None
    earlier: list[Digest] = []
    """of an edit of an edit: originals and masks of the edits that led to it"""


class Approved(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One picture, and what was found in it."""

    path: PathText
    sha256: Digest
    findings: Annotated[list[Answer], Meta(min_length=1)]
    settings: Terms
    """what policy asked for it, without what is the default"""
    merged_settings: Terms | None = None
    """what policy will ask once the change is merged that loosens it"""
    record: Recorded | None = None
    """None: it has none"""


class Approval(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One file, version 1."""

    maskproof: Literal[1]
    reason: Annotated[str, Meta(min_length=1, max_length=4000)]
    pictures: Annotated[list[Approved], Meta(min_length=1)]
    by: str | None = None
    """who wrote it, in their own words; no proof"""
    expires: dt.date | None = None
    """the last day on which it holds, in UTC"""


def parse(data: bytes, path: str) -> Approval:
    """An approval from the bytes of its file.

    Raises:
        ApprovalError: with every mistake at once.
    """
    try:
        found = read_json(data, Approval, MAX_BYTES)
    except Problems as error:
        raise ApprovalError(path, error.problems) from error
    places = [one.path for one in found.pictures]
    problems = [f"{one!a}: {problem}" for one in places if (problem := path_problem(one))]
    problems += [f"{one!a} stands twice" for one in sorted({one for one in places if places.count(one) > 1})]
    if problems:
        raise ApprovalError(path, tuple(problems))
    return found


def render(approval: Approval) -> bytes:
    """The file: sorted keys, laid out as formatters leave it."""
    return written(_plain(approval))


def signed_form(approval: Approval) -> bytes:
    """What a signature is over, however the file is laid out: sorted keys, two spaces, a newline."""
    return msgspec.json.format(msgspec.json.encode(_plain(approval), order="sorted"), indent=2) + b"\n"


def _plain(value: Any) -> Any:
    """Plain values, without members that say nothing."""
    tree = msgspec.to_builtins(value)
    if isinstance(tree, dict):
        return {key: _plain(item) for key, item in tree.items() if item is not None}
    return [_plain(item) for item in tree] if isinstance(tree, list | tuple) else tree


def path_of(approval: Approval) -> str:
    """Where an approval lies: called after its first picture, and told from every other by its content."""
    name = re.sub(r"[^a-z0-9]+", "-", approval.pictures[0].path.rsplit("/", 1)[-1].lower()).strip("-")[:40]
    return f"{APPROVALS}{name or 'picture'}-{sha256_of(signed_form(approval))[:12]}{APPROVAL_SUFFIX}"


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of an approval, made from the types above."""
    return schema_of(Approval, "approval", "maskproof approval")


def terms_of(settings: Settings, digests: Mapping[str, str]) -> Terms:
    """What policy asks for a picture, as far as it is not the default.

    Of limits those that the policy sets: the others are the level's, and a newer maskproof may know better ones.

    Args:
        settings: The policy resolved for it.
        digests: Of the files that the policy names for it, by path.
    """
    areas = [{**msgspec.to_builtins(area), "paths": None} for area in settings.areas]
    named = {path: digests.get(path, "") for path in settings.named_files}
    limits: dict[str, dict[str, float | None]] = {}
    for kind, metric in sorted(settings.own_limits):
        limits.setdefault(kind, {})[metric] = settings.limits[kind, metric]
    said: dict[str, Any] = {
        key.name: value
        for key in KEYS
        if key.name not in MEANT_OTHERWISE and (value := getattr(settings, key.name)) != key.default
    }
    face = {"face_model": settings.face_model.sha256} if settings.face_model and "face" in settings.detect else {}
    said |= {key: value for key, value in (("areas", areas), ("files", named), ("limits", limits)) if value} | face
    plain: Terms = msgspec.json.decode(msgspec.json.encode(_plain(said)))
    return plain


def digest_of_terms(terms: Terms) -> str:
    """The digest of what policy asks for a picture, as signed verdicts name it."""
    return sha256_of(msgspec.json.encode(terms, order="sorted"))


def recorded(record: Record | None, earlier: tuple[str, ...]) -> Recorded | None:
    """What of a record an approval is bound to; names of files and what made the edit are not.

    Args:
        record: The record.
        earlier: Digests of the originals and masks of the edits that led to it.
    """
    if record is None:
        return None
    original, mask = record.original, record.mask
    return Recorded(
        origin=record.origin,
        original=None if original is None else original.sha256,
        mask=None if mask is None else mask.sha256,
        mode=None if mask is None else mask.mode,
        transform=record.transform,
        areas=record.areas,
        parent=record.parent,
        earlier=list(earlier),
    )
