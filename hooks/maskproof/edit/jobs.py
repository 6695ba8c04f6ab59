"""What is to be made: one edit as the command line names it, or many from a list in TOML.

A job is known by the digest of all that its result depends on: the bytes of original and mask, the prompt, the model
and the parameters. The digest stands in the record, so that a list can be run again and only makes what is missing.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from maskproof.content import sha256_of
from maskproof.documents import Problems, read_toml, typed
from maskproof.edit.api.models import DEFAULT
from maskproof.errors import CouldNotJudge, JobsError, UsageError
from maskproof.records import sidecar

Name = Annotated[str, Meta(min_length=1, max_length=1024, description="the path of a file, from this list's folder")]
Identifier = Annotated[str, Meta(min_length=1, max_length=128, description="a name that tells nobody who it is")]
OPTIONS = ("output_format", "output_compression", "moderation", "safety_identifier", "user")
"""keys that go to the server by their names, where they are set"""
MAX_REFERENCES = 15
"""pictures beside the one that is edited; the API takes sixteen"""
SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
MAX_CANDIDATES = 10
"""what the API makes for one request"""
MAX_PROMPT_CHARS = 32_000
"""characters; what the API takes"""


class Job(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One edit to make."""

    original: Name
    mask: Name
    prompt: Annotated[str, Meta(min_length=1, max_length=MAX_PROMPT_CHARS, description="what to change, in words")]
    mask_mode: Literal["alpha", "white", "black"] | None = None
    """None: `alpha`, where the mask leaves no doubt"""
    out: Name | None = None
    """None: beside the original, with `-edit` in its name"""
    n: Annotated[int, Meta(ge=1, le=MAX_CANDIDATES, description="a number of candidates from 1 to 10")] = 1
    model: Annotated[str, Meta(min_length=1, max_length=200, description="the name of a model")] = DEFAULT
    size: Annotated[
        str, Meta(pattern=r"^(auto|[0-9]{1,5}x[0-9]{1,5})\Z", description='"auto" or a size such as "1536x1024"')
    ] = "auto"
    quality: Annotated[str, Meta(min_length=1, max_length=20, description='a quality such as "high"')] | None = None
    crop: bool | None = None
    """send the surroundings of the mask only, or the whole picture; None: what serves better"""
    references: Annotated[list[Name], Meta(max_length=MAX_REFERENCES, description="a list of at most 15 pictures")] = []
    """further pictures that the edit is to go by: a product, a logo, a style"""
    output_format: Literal["png", "jpeg", "webp"] | None = None
    """None: png, which loses nothing"""
    output_compression: Annotated[int, Meta(ge=0, le=100, description="a number from 0 to 100")] | None = None
    moderation: Literal["auto", "low"] | None = None
    safety_identifier: Identifier | None = None
    user: Identifier | None = None

    @property
    def wanted(self) -> tuple[int, int] | None:
        """The size to ask for; None: what suits the picture."""
        found = SIZE.fullmatch(self.size)
        return None if found is None else (int(found[1]), int(found[2]))

    @property
    def options(self) -> dict[str, Any]:
        """What goes to the server as it is, by the names of the API."""
        return {key: value for key in OPTIONS if (value := getattr(self, key)) is not None}

    @property
    def target(self) -> str:
        """Where the edit goes."""
        if self.out is not None:
            return self.out
        original = Path(self.original)
        return str(original.with_name(f"{original.stem}-edit.png"))


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A list of jobs, version 1."""

    version: Literal[1]
    jobs: Annotated[list[Job], Meta(min_length=1, description="a list of at least one [[jobs]]")]


class Sources(Struct, frozen=True):
    """The bytes that a job starts from."""

    original: bytes
    mask: bytes
    references: tuple[bytes, ...] = ()


def from_options(**given: Any) -> Job:
    """The job that a command line names; what is None was not given.

    Raises:
        UsageError: with every mistake at once.
    """
    try:
        return typed({key: value for key, value in given.items() if value is not None}, Job)
    except Problems as error:
        raise UsageError("; ".join(error.problems), "See `maskproof edit --help`.") from error


def read(data: bytes, name: str, folder: Path) -> tuple[Job, ...]:
    """The jobs of a list, with paths as they are to be opened.

    They are named from `folder`; `name` is how messages call the list.

    Raises:
        JobsError: with every mistake at once.
    """
    try:
        listed = read_toml(data, Listed)
    except Problems as error:
        raise JobsError(name, error.problems) from error
    jobs = tuple(_from(job, folder) for job in listed.jobs) if listed else ()
    twice = [target for target, count in Counter(str(Path(job.target)) for job in jobs).items() if count > 1]
    if twice:
        raise JobsError(name, tuple(f"two jobs write {target!a}; give each its own `out`" for target in twice))
    return jobs


def digest(job: Job, sources: Sources) -> str:
    """What a job is known by: SHA-256 over everything that its result depends on."""
    parts = (
        sha256_of(sources.original),
        sha256_of(sources.mask),
        *(getattr(job, key) for key in ("mask_mode", "prompt", "n", "model", "size", "quality", "crop")),
    )
    # What was not there before is named only where it is set, so that what was made before stays made.
    more = {key: value for key in ("output_format", "output_compression") if (value := getattr(job, key)) is not None}
    more |= {"references": [sha256_of(one) for one in sources.references]} if sources.references else {}
    return sha256_of(msgspec.json.encode((*parts, more) if more else parts))


def is_done(root: Path, out: str, records: tuple[str, ...], wanted: str) -> bool:
    """Is this job's edit there, with the record of this very job?

    `out` and `records` are where both lie, from the top of the working tree, and `wanted` is the job's digest.
    """
    try:
        image = (root / out).read_bytes()
        (place,) = records
        record = sidecar.parse((root / place).read_bytes(), place)
    except (OSError, ValueError, CouldNotJudge):
        return False
    told = record.tool.parameters.get("job") if record.tool else None
    return told == wanted and record.image.sha256 == sha256_of(image)


def _from(job: Job, folder: Path) -> Job:
    """The job with its paths seen from the current folder."""
    named = {key: value for key in ("original", "mask", "out") if (value := getattr(job, key)) is not None}
    paths: dict[str, Any] = {key: str(folder / value) for key, value in named.items()}
    return msgspec.structs.replace(job, **paths, references=[str(folder / one) for one in job.references])
