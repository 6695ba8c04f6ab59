"""The sidecar: what an edit says of itself, in `<image file>.maskproof.json` beside it or in a folder of records.

No file that image models return records its original or its mask, so this record is where they are kept.
It is a claim, not a proof: every digest in it is checked, and it may only add protection, never allow drift.
"""

from __future__ import annotations

import shlex
import unicodedata
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from maskproof.content import sha256_of
from maskproof.documents import BoxNumbers, Offset, Point, Problems, SchemaName, Side, read_json, schema_of, written
from maskproof.errors import RecordError
from maskproof.model import AreaKind  # noqa: TC001 - read at run time, by msgspec
from maskproof.remote import problem as address_problem
from maskproof.repo.paths import SIDECAR_SUFFIX, sidecar_image

Digest = Annotated[
    str,
    # The length as well, because $ matches before a newline at the end.
    Meta(
        pattern="^[0-9a-f]{64}$",
        min_length=64,
        max_length=64,
        description="a SHA-256 digest of 64 lower-case hexadecimal digits",
    ),
]
Size = Annotated[tuple[Side, Side], Meta(description="[width, height] in pixels, each 1 to 65535")]
PathText = Annotated[
    str, Meta(min_length=1, max_length=1024, description="a path from the repository's root, with / between folders")
]


MAX_AREAS, MAX_CORNERS = 100, 1000
"""areas of one record, and corners of one of them: each costs time, and a record may come from anybody"""


class ImageRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The edited file itself."""

    sha256: Digest
    size: Size


class OriginalRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The picture that was edited; it may lie in the tree, in history, in Git LFS or at an address."""

    path: PathText
    sha256: Digest
    size: Size
    url: Annotated[str, Meta(description="an address that [originals] of the policy allows")] | None = None
    """where it is fetched from, where nothing here holds it"""


class MaskRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The mask that was given to the model; `mode` says which part of it was editable."""

    path: PathText
    sha256: Digest
    mode: Literal["alpha", "white", "black"]


class Transform(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the original was mapped to the picture: cropped first, then padded; over its size, that gives the scale."""

    crop: BoxNumbers | None = None
    pad: Annotated[
        tuple[Offset, Offset, Offset, Offset],
        Meta(description="[left, top, right, bottom] pixels added around the original"),
    ] = (0, 0, 0, 0)


class Tool(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What made the edit, as recorded at call time."""

    provider: str | None = None
    model: str | None = None
    prompt: str | None = None
    prompt_sha256: Digest | None = None
    parameters: dict[str, Any] = {}


class AreaRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An area that the record adds to what is protected: exactly one of box and polygon."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    kind: AreaKind
    box: BoxNumbers | None = None
    polygon: Annotated[list[Point], Meta(max_length=MAX_CORNERS)] | None = None


class RestoredRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What `maskproof restore` did to the picture: the bytes it replaced, and how."""

    method: Annotated[str, Meta(pattern="^[a-z]{1,20}$", description="a way of pasting, in small letters")]
    replaced: Digest = msgspec.field(name="from")
    """of the bytes that the picture had before"""
    tone: bool = False
    """light and colour of the edit were taken to the original's"""
    shift: tuple[float, float] | None = None
    """pixels to the right and down by which the edit had moved; with scale and angle, where that was undone"""
    scale: float | None = None
    angle: float | None = None
    """degrees, clockwise as seen"""
    kept: Annotated[float, Meta(ge=0, le=1)] | None = None
    """share of the protected area that still showed the same, where that was so little that somebody was asked"""
    dropped_manifest: Digest | None = None
    """of the C2PA manifest that the replaced bytes carried"""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One sidecar, version 1."""

    maskproof: Literal[1]
    origin: Literal["edited", "generated", "manual", "derived"]
    image: ImageRef
    original: OriginalRef | None = None
    mask: MaskRef | None = None
    transform: Transform | None = None
    tool: Tool | None = None
    areas: Annotated[list[AreaRef], Meta(max_length=MAX_AREAS)] = []
    parent: PathText | None = None
    restored: RestoredRef | None = None
    schema: SchemaName | None = msgspec.field(default=None, name="$schema")


def path_of(image: str, folder: str = "") -> str:
    """Where an image's sidecar lies: beside it, or in a folder that mirrors the paths of images."""
    return f"{folder}/{image}{SIDECAR_SUFFIX}" if folder else image + SIDECAR_SUFFIX


def image_of(sidecar: str) -> str:
    """The image that a sidecar speaks of, wherever it lies."""
    return sidecar_image(sidecar)


def kept(tool: Tool, prompt: str) -> Tool:
    """What made an edit, with as much of its prompt as policy has records keep: `store`, `sha256` or `none`."""
    if prompt == "store" or (tool.prompt is None and tool.prompt_sha256 is None):
        return tool
    digest = tool.prompt_sha256 if tool.prompt is None else sha256_of(tool.prompt.encode())
    return msgspec.structs.replace(tool, prompt=None, prompt_sha256=digest if prompt == "sha256" else None)


def parse(data: bytes, path: str) -> Record:
    """A record from a sidecar's bytes.

    Args:
        data: The file, UTF-8 JSON.
        path: The sidecar's path in the repository, for messages and to know its image.

    Raises:
        RecordError: with every mistake at once.
    """
    try:
        record = read_json(data, Record)
    except Problems as found:
        raise _mistakes(path, (*found.problems, *_path_problems(found.tree))) from found
    problems = tuple(_contradictions(record, path))
    if problems:
        raise _mistakes(path, problems)
    return record


def _mistakes(path: str, problems: tuple[str, ...]) -> RecordError:
    """An error that says how to write the record anew: over one that cannot be read nothing is written."""
    error = RecordError(path, problems)
    anew = f"git rm -f {shlex.quote(path)} && maskproof record EDIT --original ORIGINAL"
    error.advice = f"Correct it, or write it anew: `{anew}`."
    return error


def render(record: Record) -> bytes:
    """The record as the bytes of a sidecar: sorted keys, no empty members, laid out as formatters leave it."""
    return written(_plain(record))


def digest_of(record: Record) -> str:
    """The digest of what a record asks, however its file is written; sign-offs name it, so its form never changes."""
    asked = _plain(msgspec.structs.replace(record, schema=None))
    return sha256_of(msgspec.json.format(msgspec.json.encode(asked, order="sorted"), indent=2) + b"\n")


def _plain(record: Record) -> dict[str, Any]:
    tree = {key: value for key, value in msgspec.to_builtins(record).items() if value not in (None, [], {})}
    return {key: _without_none(value) for key, value in tree.items()}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a sidecar, made from the types above."""
    return schema_of(Record, "sidecar", "maskproof sidecar")


def path_problem(path: str) -> str | None:
    """Why a recorded path is refused, or None.

    Records are read on every system and their paths reach Git, so a path must mean one file inside the
    repository everywhere: no way out of it, no drive, URL or revision syntax, no invisible characters.
    """
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or "" in parts or "." in parts:
        return "it leaves the repository or is not in its shortest form"
    if any(part.lower() in {".git", "git~1"} for part in parts):
        return "it points into Git's own folder"
    if any(char in path for char in '\\:*?"<>|'):
        return r'it holds one of \ : * ? " < > |, which other systems or Git read as something else'
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in path):
        return "it holds invisible or control characters"
    if path.startswith("-") or any(part != part.rstrip(". ") for part in parts):
        return "a part begins with - or ends in a dot or a space"
    return None


def _contradictions(record: Record, path: str) -> list[str]:
    """What the types cannot say: mistakes between fields."""
    found = _path_problems(msgspec.to_builtins(record))
    if record.origin in {"edited", "derived"} and record.original is None:
        found.append(f'origin is "{record.origin}" but the key "original" is missing')
    if record.origin == "derived" and record.mask is not None:
        found.append('origin is "derived", so nothing of its master was editable, but there is a mask')
    if record.original and record.original.url is not None and (why := address_problem(record.original.url)):
        found.append(f"original.url: {why}")
    same = record.mask and record.original and record.mask.sha256 == record.original.sha256
    if same and record.mask and record.mask.mode != "alpha":
        # The transparency of an input can be its mask, as in ComfyUI; light and dark of a picture cannot.
        found.append('mask and original are the same file, which only the mode "alpha" allows')
    if record.original and record.original.path == image_of(path) and record.original.sha256 == record.image.sha256:
        found.append("image and original are the same file, so nothing would be compared")
    if record.parent is not None and image_of(record.parent) == image_of(path):
        found.append("parent names this sidecar itself")
    if record.transform and record.transform.crop and record.original:
        x, y, width, height = record.transform.crop
        if x + width > record.original.size[0] or y + height > record.original.size[1]:
            found.append(
                f"transform.crop reaches to {x + width}, {y + height}, outside the original of "
                f"{record.original.size[0]} x {record.original.size[1]}"
            )
    for index, area in enumerate(record.areas):
        found += [f"areas[{index}] ({area.name!a}): {problem}" for problem in _area_problems(area, record)]
    return found


def _path_problems(tree: Any) -> list[str]:
    """Mistakes of the paths in a record, by the key that holds them; what is no text is a mistake of its type."""
    if not isinstance(tree, dict):
        return []
    held = {f"{key}.path": tree[key].get("path") for key in ("original", "mask") if isinstance(tree.get(key), dict)}
    return [
        f"{key} is {value!a}: {problem}"
        for key, value in {**held, "parent": tree.get("parent")}.items()
        if isinstance(value, str) and value and (problem := path_problem(value))
    ]


def _area_problems(area: AreaRef, record: Record) -> list[str]:
    if (area.box is None) == (area.polygon is None):
        return ["it needs exactly one of box and polygon"]
    points = area.polygon or []
    if area.box is None and len(points) < 3:  # noqa: PLR2004 - a polygon has three corners
        return ["a polygon needs at least 3 points"]
    if record.original is None:
        return []
    width, height = record.original.size
    right, bottom = (
        (area.box[0] + area.box[2], area.box[1] + area.box[3])
        if area.box
        else (max(x for x, _ in points), max(y for _, y in points))
    )
    if right > width or bottom > height:
        return [f"it reaches to {right}, {bottom}, outside the original of {width} x {height}"]
    return []


def _without_none(value: Any) -> Any:
    """Without keys that were left out; what a tool's parameters hold is kept as it was recorded."""
    if isinstance(value, dict):
        return {
            key: item if key == "parameters" else _without_none(item) for key, item in value.items() if item is not None
        }
    return [_without_none(item) for item in value] if isinstance(value, list) else value
