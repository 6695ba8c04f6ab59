"""The policy: what this repository protects, how closely, and what happens to edits without a record.

It lives in `maskproof.toml`, or in `[tool.maskproof]` of pyproject.toml. Here is what such a file may hold and what it
says for one image; which copy of it is believed stands in trust.py, its keys in keys.py, its numbers in limits.py.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from maskproof.documents import BoxNumbers, Point, Problems, SchemaName, hint, read_toml, schema_of, typed
from maskproof.errors import PolicyError
from maskproof.model import AreaKind, Level, Read
from maskproof.policy.approvals import Approvals
from maskproof.policy.derived import Candidate, DerivedRule, candidates
from maskproof.policy.keys import KEYS, UNSET, Defaults, Keys
from maskproof.policy.limits import GONE, LIMITS, default_limits
from maskproof.policy.originals import Originals
from maskproof.policy.patterns import matches
from maskproof.policy.presets import Preset, merged, read_preset
from maskproof.repo import LINKS
from maskproof.repo.listing import REGULAR
from maskproof.repo.paths import POLICY_FILES, folded

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.repo import Tree

    Matches = Callable[[list[str], str], bool]

NAME, TABLE_FILE = POLICY_FILES
DEMANDING = ("block", "always")
"""values of `unrecorded` under which a new picture is looked up among the tracked ones"""

Paths = Annotated[list[str], Meta(min_length=1, description='a list of path patterns such as "assets/**"')]
LimitNumber = Annotated[float, Meta(ge=0, le=1e9, description="a number of 0 or more")]
Color = Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}\Z", description='a colour such as "#12324a"')]
Limits = dict[str, dict[str, LimitNumber]]
"""how far each metric may go, by kind of region and by metric"""
Pixels = Literal["white", "black", "transparent", "opaque"]


class Rule(Defaults, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The same keys for the images that `paths` match; the last rule that matches wins, key by key."""

    paths: Paths
    limits: Limits = msgspec.field(default_factory=dict)


class AreaRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An area protected in every matching image: exactly one of box, polygon, mask and find."""

    paths: Paths
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    kind: AreaKind
    box: BoxNumbers | None = None
    polygon: Annotated[list[Point], Meta(max_length=1000)] | None = None
    mask: str | None = None
    foreground: Pixels | None = None
    """which pixels of the mask picture are the area; asked for wherever `mask` is used"""
    marks: Annotated[Pixels | None, Meta(extra_json_schema={"deprecated": True})] = None
    """what `foreground` was called before; read for one version, and never set in a policy that was read"""
    find: str | None = None
    """a reference picture that is located in the original: every place where it stands is the area"""
    absent: Literal["ignore", "unjudged"] | None = None
    """what follows where `find` has no match; None: an original without anything like it has nothing to protect, one
    with something that may be it is not judged"""
    colors: Annotated[list[Color], Meta(description='a list of colours such as "#12324a"')] = []
    """brand colours, for areas of kind brand"""

    @property
    def files(self) -> dict[str, str]:
        """The pictures that it names, by key."""
        named = {"find": self.find, "mask": self.mask}
        return {key: path for key, path in named.items() if path is not None}


class FaceModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The YuNet network that finds faces: a file in the repository, and the digest that it must have."""

    path: str
    sha256: Annotated[
        str, Meta(pattern=r"^[0-9a-f]{64}\Z", description="a SHA-256 digest of 64 lower-case hexadecimal digits")
    ]


class Records(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where records are kept."""

    folder: Annotated[
        str,
        Meta(
            pattern=r"^(\.maskproof/(?!approvals\Z)(?!\.{1,2}\Z)[^/\\:*?\"<>|]{1,100})?\Z",
            description='a folder in .maskproof, such as ".maskproof/records", or "" for beside each picture',
        ),
    ] = ""
    """mirrors the paths of images; every folder there is read, this one is written to"""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One policy file, version 1."""

    version: Literal[1]
    defaults: Defaults = Defaults()
    rules: list[Rule] = []
    areas: Annotated[list[AreaRule], Meta(max_length=1000)] = []
    limits: Limits = {}
    derived: Annotated[list[DerivedRule], Meta(max_length=1000)] = []
    face_model: FaceModel | None = None
    approvals: Approvals = Approvals()
    records: Records = Records()
    originals: Originals = Originals()
    extends: Preset | None = None
    """a policy that this one begins with"""
    schema: SchemaName | None = msgspec.field(default=None, name="$schema")


FOLLOWING: dict[str, Callable[[dict[str, Any]], Any]] = {
    "new_mask": lambda chosen: chosen.get("new_original", UNSET.new_original),
    "record_loosened": lambda chosen: "warn" if chosen.get("level", UNSET.level) is Level.VISUAL else "block",
}
"""keys that are as others have it where they are not set"""
BUILT_IN = "the built-in defaults"
FoundPolicy = tuple[str, Policy] | None
"""a policy file's path and what it says"""


class Settings(Keys, frozen=True):
    """The policy resolved for one image: its keys, and what the whole file says."""

    areas: tuple[AreaRule, ...] = ()
    face_model: FaceModel | None = None
    limits: dict[tuple[str, str], float | None] = field(default_factory=lambda: default_limits(Level.VISUAL))
    """limit by (kind, metric); None: measured, never blocks"""
    own_limits: frozenset[tuple[str, str]] = frozenset()
    """(kind, metric) of the limits that a policy file sets; the others are the level's defaults"""
    following: frozenset[str] = frozenset()
    """keys that the policy file does not set, and that follow from others"""
    masters: tuple[Candidate, ...] = ()
    """pictures that it may be an export of, the first that exists is its master; it has to show that one"""
    excused: frozenset[Candidate] = frozenset()
    """those of them for whose exports no record is asked"""
    notes: tuple[str, ...] = ()
    """what the policy file says that has no effect any more"""
    approvals: Approvals = Approvals()
    """what an approval needs, for this image as for every other"""
    originals: Originals = Originals()
    """where its original may be fetched from"""
    source: str = BUILT_IN
    """the file that these settings come from"""

    @property
    def named_files(self) -> tuple[str, ...]:
        """Paths of the pictures and models that the policy names for this image, each once."""
        named = [place for rule in self.areas for place in rule.files.values()]
        named += [self.face_model.path] if self.face_model and "face" in self.detect else []
        return tuple(dict.fromkeys(named))


def load(read: Read) -> FoundPolicy:
    """The policy file of one version of the repository, and what it says; None where there is none.

    Raises:
        PolicyError: it has mistakes (all of them at once), or there are two.
    """
    found = [
        (path, policy)
        for path in POLICY_FILES
        if (data := read(path)) is not None and (policy := parse(data, path, read)) is not None
    ]
    if len(found) > 1:
        raise PolicyError(NAME, (f"{TABLE_FILE} has a [tool.maskproof] table as well; keep one of the two",))
    return found[0] if found else None


def load_tree(tree: Tree) -> FoundPolicy:
    """The policy of one tree, as `load`; what could be meant for one and is none is never taken for its absence.

    Raises:
        PolicyError: as in `load`; or a policy file leads elsewhere, or has its name in another case.
    """
    for path in sorted(tree.entries.policies, key=lambda one: one.partition("/")[0]):
        entry, name = tree.entries[path], folded(path.partition("/")[0])
        if path in POLICY_FILES and entry.mode in REGULAR:
            continue
        if entry.mode in REGULAR and name == TABLE_FILE and b"maskproof" not in (tree.read(path) or b""):
            continue  # somebody else's
        if entry.mode not in REGULAR and name == TABLE_FILE and not _leads_to_a_table(tree, path):
            continue
        what = LINKS.get(entry.mode, "in conflict") if entry.mode not in REGULAR else f"not named {name}"
        raise PolicyError(path, (f"it is {what}, so it would hold for nobody; a policy is a plain file of that name",))
    return load(tree.read)


def _leads_to_a_table(tree: Tree, path: str) -> bool:
    """Does a link lead to a file of the tree that holds a policy?"""
    target = tree.repository.objects.blob(tree.entries[path].oid, path) if tree.entries[path].mode in LINKS else b""
    return b"maskproof" in (tree.read(os.path.normpath(os.fsdecode(target))) or b"")


def parse(data: bytes, path: str, read: Read) -> Policy | None:
    """A policy from the bytes of its file; None for a pyproject.toml without a [tool.maskproof] table.

    Args:
        data: The file.
        path: Its name.
        read: Where a preset that it extends lies.

    Raises:
        PolicyError: with every mistake at once.
    """
    table = ("tool", "maskproof") if path.rsplit("/", 1)[-1] == TABLE_FILE else ()
    if table and b"maskproof" not in data:
        return None
    tree = _tree(data, path, table)
    if tree is None:
        return None
    preset = _typed(tree, path).extends
    if preset is not None:
        begun = _tree(read_preset(preset, path, read), preset.path)
        if _consistent(begun, preset.path).extends is not None:
            raise PolicyError(preset.path, ("it extends another policy, which a preset cannot",))
        tree = merged(begun, tree)
    policy = _consistent(tree, path)
    return msgspec.structs.replace(policy, areas=[_renamed(area) for area in policy.areas])


def _tree(data: bytes, path: str, table: tuple[str, ...] = ()) -> Any:
    """A file as it is written, or one table of it; None where that is absent."""
    try:
        return read_toml(data, dict, table=table)
    except Problems as error:
        raise PolicyError(path, error.problems) from error


def _consistent(tree: Any, path: str) -> Policy:
    policy = _typed(tree, path)
    if problems := tuple(_contradictions(policy)):
        raise PolicyError(path, problems)
    return policy


def _typed(tree: Any, path: str) -> Policy:
    try:
        return typed(tree, Policy)
    except Problems as error:
        rules = tree.get("rules")
        tables = [tree, *(rules if isinstance(rules, list) else ())]
        limits = [problem for one in tables if isinstance(one, dict) for problem in _limit_problems(one.get("limits"))]
        raise PolicyError(path, (*error.problems, *limits)) from error


def resolve(found: FoundPolicy, path: str, level: Level | None = None, named: Matches = matches) -> Settings:
    """What the policy says for one image; the built-in defaults where there is none.

    Args:
        found: The policy file and what it says.
        path: The image, from the repository's root.
        level: Takes the place of the policy's level.
        named: Says which patterns match.
    """
    source, policy = found or (BUILT_IN, Policy(version=1))
    parts = (policy.defaults, *(rule for rule in policy.rules if named(rule.paths, path)))
    chosen: dict[str, Any] = {}
    for key in KEYS:
        for value in (getattr(part, key.name) for part in parts):
            if value is not None:
                chosen[key.name] = key.stricter(value, value)  # in the form that all its values have: a list is sorted
    if level is not None:
        chosen["level"] = level
    following = FOLLOWING.keys() - chosen.keys()
    chosen |= {name: FOLLOWING[name](chosen) for name in following}
    tables = (policy.limits, *(rule.limits for rule in policy.rules if named(rule.paths, path)))
    said: dict[tuple[str, str], float | None] = {
        (kind, metric): value for limits in tables for kind, rows in limits.items() for metric, value in rows.items()
    }
    own = {row: value for row, value in said.items() if row not in GONE}
    # For which other images an area holds is nothing that is asked of this one.
    areas = tuple(msgspec.structs.replace(area, paths=[]) for area in policy.areas if named(area.paths, path))
    masters = candidates(policy.derived, path)
    return Settings(
        **chosen,
        areas=areas,
        face_model=policy.face_model,
        approvals=policy.approvals,
        originals=policy.originals,
        limits=default_limits(chosen.get("level", Level.VISUAL)) | own,
        own_limits=frozenset(own),
        following=frozenset(following),
        masters=masters,
        excused=frozenset(masters),
        notes=tuple(
            f"the limit {kind}.{metric} in {source} is ignored, since {metric} is no longer measured; take it out, "
            "the next version refuses it"
            for kind, metric in sorted(said.keys() & GONE)
        ),
        source=source,
    )


def from_file(file: tuple[str, bytes] | None, path: str, level: str | None, read: Read) -> Settings:
    """Settings for one image from a policy file that is named on the command line.

    Args:
        file: The policy's name and bytes; None: the built-in defaults.
        path: The image.
        level: Takes the place of the policy's level.
        read: Where a preset that it extends lies.
    """
    policy = None if file is None else parse(file[1], file[0], read)
    found = (file[0], policy) if file and policy else None
    return resolve(found, path, None if level is None else Level(level))


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a policy file, made from the types above."""
    return schema_of(Policy, "maskproof", "maskproof policy")


def _contradictions(policy: Policy) -> list[str]:
    """What the types cannot say: mistakes between keys, and names of metrics that do not exist."""
    found = _area_problems(policy)
    for index, row in enumerate(policy.derived):
        found += [f"derived[{index}].{problem}" for problem in row.problems()]
    asked = [part.detect or () for part in (policy.defaults, *policy.rules)]
    if policy.face_model is None and any("face" in one for one in asked):
        found.append('detect names "face", which needs a [face_model] with path and sha256')
    for index, rule in enumerate(policy.rules):
        found += _limit_problems(rule.limits, f"rules[{index}].limits")
    return [*found, *policy.approvals.problems(), *policy.originals.problems(), *_limit_problems(policy.limits)]


def _area_problems(policy: Policy) -> list[str]:
    found = []
    for index, area in enumerate(policy.areas):
        where = f"areas[{index}] ({area.name!a})"
        if sum(value is not None for value in (area.box, area.polygon, area.mask, area.find)) != 1:
            found.append(f"{where} needs exactly one of box, polygon, mask and find")
        if area.absent is not None and area.find is None:
            found.append(f"{where}: absent belongs to areas with find")
        if area.colors and area.kind != "brand":
            found.append(f"{where}: colors belong to areas of kind brand")
        if area.foreground is not None and area.marks is not None:
            found.append(f"{where} has both foreground and marks, which is its old name; keep foreground")
        if (area.mask is None) != ((area.foreground or area.marks) is None):
            found.append(
                f"{where}: mask and foreground go together; foreground says which pixels of the mask are the area"
            )
        if area.polygon is not None and len(area.polygon) < 3:  # noqa: PLR2004 - a polygon has three corners
            found.append(f"{where}: a polygon needs at least 3 points")
    return found


def _renamed(area: AreaRule) -> AreaRule:
    """An area under its keys of today, so that renaming one is no change of what is protected."""
    return msgspec.structs.replace(area, foreground=area.foreground or area.marks, marks=None)


def _limit_problems(limits: Any, table: str = "limits") -> list[str]:
    """Kinds and metrics that do not exist; what is no table is a mistake of its type."""
    known = {row.kind: [other.metric for other in LIMITS if other.kind == row.kind] for row in LIMITS}
    found = []
    for kind, rows in limits.items() if isinstance(limits, dict) else ():
        if kind in known:
            place, names, options = f"{table}.{kind}", list(rows) if isinstance(rows, dict) else [], known[kind]
        else:
            place, names, options = table, [kind], list(known)
        found += [
            f"the key {f'{place}.{name}'!a} is unknown: {hint(name, options)}"
            for name in names
            if name not in options and (kind, name) not in GONE
        ]
    return found
