"""The policy: what this repository protects, how closely, and what happens to edits without a record.

It lives in `maskproof.toml`, or in `[tool.maskproof]` of pyproject.toml. In a change under review the copy
on the base is the trusted one: the copy in the change may ask for more at once, and for less only after it
has been merged. So both are resolved for each image, and the stricter answer wins key by key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from maskproof.documents import Problems, read_toml
from maskproof.errors import PolicyError
from maskproof.model import Level, Read
from maskproof.policy.limits import LIMITS, ROWS, default_limits
from maskproof.repo.paths import POLICY_FILES

NAME, TABLE_FILE = POLICY_FILES
MAX_EDITABLE = 0.95
"""share of the picture that a mask may open; the widest honest mask among 25 real edits opens 0.86"""

Choice = Literal["off", "warn", "block"]
Paths = Annotated[list[str], Meta(min_length=1, description='a list of path patterns such as "assets/**"')]
Share = Annotated[float, Meta(ge=0, le=1, description="a number from 0 to 1")]
LimitNumber = Annotated[float, Meta(ge=0, le=1e9, description="a number of 0 or more")]
Color = Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}\Z", description='a colour such as "#12324a"')]
Keep = Literal["store", "sha256"]
Detector = Literal["text", "face"]
Detect = Annotated[list[Detector], Meta(description='a list of "text" and "face"')]
Offset = Annotated[int, Meta(ge=0, le=65535)]
Side = Annotated[int, Meta(ge=1, le=65535)]


class Defaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What holds for every image unless a rule says otherwise."""

    level: Level | None = None
    unrecorded: Choice | None = None
    new_original: Choice | None = None
    max_editable: Share | None = None
    detect: Detect | None = None
    prompt: Keep | None = None
    """whether `maskproof edit` keeps a prompt in the record, or only its digest"""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The same keys for the images that `paths` match; the last rule that matches wins, key by key."""

    paths: Paths
    level: Level | None = None
    unrecorded: Choice | None = None
    new_original: Choice | None = None
    max_editable: Share | None = None
    detect: Detect | None = None
    prompt: Keep | None = None


class AreaRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An area protected in every matching image: exactly one of box, polygon and mask."""

    paths: Paths
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    kind: Literal["brand", "text", "face", "product"]
    box: (
        Annotated[
            tuple[Offset, Offset, Side, Side],
            Meta(description="[x, y, width, height] in whole pixels of the original, none below 0"),
        ]
        | None
    ) = None
    polygon: (
        list[Annotated[tuple[Offset, Offset], Meta(description="[x, y] in whole pixels of the original")]] | None
    ) = None
    mask: str | None = None
    marks: Literal["white", "black", "transparent", "opaque"] | None = None
    """which pixels of the mask picture are the area; asked for wherever `mask` is used"""
    find: str | None = None
    """a reference picture that is located in the original: every place where it stands is the area"""
    colors: Annotated[list[Color], Meta(description='a list of colours such as "#12324a"')] = []
    """brand colours, for areas of kind brand"""


class FaceModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The YuNet network that finds faces: a file in the repository, and the digest that it must have."""

    path: str
    sha256: Annotated[
        str, Meta(pattern=r"^[0-9a-f]{64}\Z", description="a SHA-256 digest of 64 lower-case hexadecimal digits")
    ]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One policy file, version 1."""

    version: Literal[1]
    defaults: Defaults = Defaults()
    rules: list[Rule] = []
    areas: list[AreaRule] = []
    limits: dict[str, dict[str, LimitNumber]] = {}
    face_model: FaceModel | None = None


FoundPolicy = tuple[str, Policy] | None
"""a policy file's path and what it says"""


@dataclass(frozen=True)
class Settings:
    """The policy resolved for one image."""

    level: Level = Level.VISUAL
    unrecorded: Choice = "warn"
    new_original: Choice = "warn"
    max_editable: float = MAX_EDITABLE
    areas: tuple[AreaRule, ...] = ()
    detect: tuple[Detector, ...] = ()
    """what is looked for in the original and protected wherever it is found"""
    prompt: Keep = "store"
    """`sha256`: a record holds only the digest of a prompt"""
    face_model: FaceModel | None = None
    limits: dict[tuple[str, str], float | None] = field(default_factory=lambda: default_limits(Level.VISUAL))
    """limit by (kind, metric); None: measured, never blocks"""
    own_limits: frozenset[tuple[str, str]] = frozenset()
    """(kind, metric) of the limits that a policy file sets; the others are the level's defaults"""
    source: str = "the built-in defaults"
    """the file that these settings come from"""


def find(read: Read) -> FoundPolicy:
    """The policy file of one version of the repository, and what it says; None where there is none.

    Raises:
        PolicyError: it has mistakes (all of them at once), or there are two.
    """
    found = [
        (path, policy)
        for path in POLICY_FILES
        if (data := read(path)) is not None and (policy := parse(data, path)) is not None
    ]
    if len(found) > 1:
        raise PolicyError(NAME, (f"{TABLE_FILE} has a [tool.maskproof] table as well; keep one of the two",))
    return found[0] if found else None


def parse(data: bytes, path: str) -> Policy | None:
    """A policy from the bytes of its file; None for a pyproject.toml without a [tool.maskproof] table.

    Raises:
        PolicyError: with every mistake at once.
    """
    table = ("tool", "maskproof") if path.rsplit("/", 1)[-1] == TABLE_FILE else ()
    if table and b"maskproof" not in data:
        return None
    try:
        policy = read_toml(data, Policy, table=table)
    except Problems as error:
        tree = error.tree if isinstance(error.tree, dict) else {}
        raise PolicyError(path, (*error.problems, *_limit_problems(tree.get("limits")))) from error
    if policy is not None and (problems := tuple(_contradictions(policy))):
        raise PolicyError(path, problems)
    return policy


def resolve(found: FoundPolicy, path: str, level: Level | None = None) -> Settings:
    """What the policy says for one image; the built-in defaults where there is none.

    Args:
        found: The policy file and what it says.
        path: The image, from the repository's root.
        level: Takes the place of the policy's level.
    """
    source, policy = found or (Settings.source, Policy(version=1))
    chosen: dict[str, Any] = {}
    for part in (policy.defaults, *(rule for rule in policy.rules if matches(rule.paths, path))):
        chosen |= {
            key: value
            for key in ("level", "unrecorded", "new_original", "max_editable", "detect", "prompt")
            if (value := getattr(part, key)) is not None
        }
    if level is not None:
        chosen["level"] = level
    own: dict[tuple[str, str], float | None] = {
        (kind, metric): value for kind, rows in policy.limits.items() for metric, value in rows.items()
    }
    areas = tuple(area for area in policy.areas if matches(area.paths, path))
    chosen["detect"] = tuple(sorted(set(chosen.get("detect", ()))))
    return Settings(
        **chosen,
        areas=areas,
        face_model=policy.face_model,
        limits=default_limits(chosen.get("level", Level.VISUAL)) | own,
        own_limits=frozenset(own),
        source=source,
    )


def from_file(file: tuple[str, bytes] | None, path: str, level: str | None) -> Settings:
    """Settings for one image from a policy file that is named on the command line.

    Args:
        file: The policy's name and bytes; None: the built-in defaults.
        path: The image.
        level: Takes the place of the policy's level.
    """
    policy = None if file is None else parse(file[1], file[0])
    found = (file[0], policy) if file and policy else None
    return resolve(found, path, None if level is None else Level(level))


def tighten(base: Settings, head: Settings) -> Settings:
    """The stricter of two answers, key by key."""
    limits = {key: _stricter(key, base.limits.get(key), head.limits.get(key)) for key in {**base.limits, **head.limits}}
    return Settings(
        level=max(base.level, head.level, key=LEVELS.index),
        unrecorded=max(base.unrecorded, head.unrecorded, key=CHOICES.index),
        new_original=max(base.new_original, head.new_original, key=CHOICES.index),
        max_editable=min(base.max_editable, head.max_editable),
        areas=base.areas + tuple(area for area in head.areas if area not in base.areas),
        detect=tuple(sorted({*base.detect, *head.detect})),
        prompt=max(base.prompt, head.prompt, key=KEPT.index),
        face_model=base.face_model or head.face_model,
        limits=limits,
        own_limits=frozenset(
            key
            for key, limit in limits.items()
            if (key in base.own_limits and limit == base.limits.get(key))
            or (key in head.own_limits and limit == head.limits.get(key) != base.limits.get(key))
        ),
        source=base.source if tighter_keys(base, head) == () else head.source,
    )


def tighter_keys(base: Settings, head: Settings) -> tuple[str, ...]:
    """Keys in which `head` is stricter than `base`, named as in the policy file."""
    keys = [
        name
        for name, order in (
            ("level", LEVELS),
            ("unrecorded", CHOICES),
            ("new_original", CHOICES),
            ("prompt", KEPT),
        )
        if order.index(getattr(head, name)) > order.index(getattr(base, name))
    ]
    if head.max_editable < base.max_editable:
        keys.append("max_editable")
    keys += [f"areas.{area.name}" for area in head.areas if area not in base.areas]
    keys += [f"detect.{name}" for name in head.detect if name not in base.detect]
    # A level brings its own limits, so between two levels only those that a policy file sets count by themselves.
    own = base.own_limits | head.own_limits
    keys += [
        f"limits.{'.'.join(key)}"
        for key, value in head.limits.items()
        if (head.level is base.level or key in own)
        and _stricter(key, value, base.limits.get(key)) != base.limits.get(key)
    ]
    return tuple(keys)


def matches(patterns: list[str], path: str) -> bool:
    """Does one pattern match?

    `*` stays in a folder, `**` crosses folders; a pattern without / matches a name in any folder.
    """
    return any(_expression(pattern).fullmatch(path) for pattern in patterns)


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a policy file, made from the types above."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "maskproof policy",
        **msgspec.json.schema(Policy),
    }


LEVELS = tuple(Level)
CHOICES: tuple[Choice, ...] = ("off", "warn", "block")
KEPT: tuple[Keep, ...] = ("store", "sha256")
CROSSING = re.compile(r"((?<![^/])\*\*/|\*\*)")
"""the wildcards that cross folders; `**/` at the start of a part may also stand for nothing"""


def _expression(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression that never goes back over what it matched between two wildcards.

    The first place where the piece after a wildcard fits is as good as any later one, since the next wildcard takes
    what lies between. Without these atomic groups a pattern with many wildcards would keep a check busy for ever.
    """
    anchored = pattern if "/" in pattern else f"**/{pattern}"
    first, *rest = CROSSING.split(anchored.removeprefix("/"))
    text = _within(first)
    for number, (wildcard, piece) in enumerate(zip(rest[::2], rest[1::2], strict=True), 1):
        gap = "(?:.*?/)??" if wildcard == "**/" else ".*?"
        text += f"{gap}{_within(piece)}" if 2 * number == len(rest) else f"(?>{gap}{_within(piece)})"
    return re.compile(text, re.DOTALL)


def _within(piece: str) -> str:
    """The part of a pattern between two `**`."""
    first, *rest = ("".join("[^/]" if char == "?" else re.escape(char) for char in one) for one in piece.split("*"))
    inner = "".join(f"(?>[^/]*?{one})" for one in rest[:-1])
    return first + inner + "".join(f"[^/]*?{one}" for one in rest[-1:])


def _stricter(key: tuple[str, str], one: float | None, other: float | None) -> float | None:
    """The limit that lets less through; no limit lets everything through."""
    held = [value for value in (one, other) if value is not None]
    if key in ROWS and ROWS[key].at_least:
        return max(held, default=None)
    return min(held, default=None)


def _contradictions(policy: Policy) -> list[str]:
    """What the types cannot say: mistakes between keys, and names of metrics that do not exist."""
    found = []
    for index, area in enumerate(policy.areas):
        where = f"areas[{index}] ({area.name!a})"
        if sum(value is not None for value in (area.box, area.polygon, area.mask, area.find)) != 1:
            found.append(f"{where} needs exactly one of box, polygon, mask and find")
        if area.colors and area.kind != "brand":
            found.append(f"{where}: colors belong to areas of kind brand")
        if (area.mask is None) != (area.marks is None):
            found.append(f"{where}: mask and marks go together; marks says which pixels of the mask are the area")
        if area.polygon is not None and len(area.polygon) < 3:  # noqa: PLR2004 - a polygon has three corners
            found.append(f"{where}: a polygon needs at least 3 points")
    asked = [policy.defaults.detect, *(rule.detect for rule in policy.rules)]
    if policy.face_model is None and any("face" in one for one in asked if one):
        found.append('detect names "face", which needs a [face_model] with path and sha256')
    return found + _limit_problems(policy.limits)


def _limit_problems(limits: Any) -> list[str]:
    """Kinds and metrics that do not exist; what is no table is a mistake of its type."""
    import difflib

    known = {row.kind: [other.metric for other in LIMITS if other.kind == row.kind] for row in LIMITS}
    found = []
    for kind, rows in limits.items() if isinstance(limits, dict) else ():
        if kind in known:
            place, names, options = f"limits.{kind}", list(rows) if isinstance(rows, dict) else [], known[kind]
        else:
            place, names, options = "limits", [kind], list(known)
        for name in names:
            if name not in options:
                near = difflib.get_close_matches(name, options, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(options)}"
                found.append(f"the key {f'{place}.{name}'!a} is unknown: {hint}")
    return found
