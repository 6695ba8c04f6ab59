"""Writing what a policy asks of one picture: its areas, its level, its limits.

A row is about this picture alone, and only such rows are renamed and taken away. The file is changed as text
(`policy.rows`), read as the gate reads it before it is written, and replaced whole.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from maskproof.atomic import one_writer, write_file
from maskproof.documents import hint, read_toml
from maskproof.errors import PolicyError, UsageError
from maskproof.policy import NAME, TABLE_FILE, parse
from maskproof.policy.limits import ROWS
from maskproof.policy.rows import NEW, with_area, with_area_renamed, with_settings, without_area
from maskproof.recording.places import place_of
from maskproof.records.areas import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from maskproof.policy import AreaRule, Policy
    from maskproof.repo import Repository

LIMIT = re.compile(r"([\w-]+)\.(\w+)=(\d+(?:\.\d*)?)")
"""a limit as it is written on the command line"""


class Asked(NamedTuple):
    """What is to be written of a picture."""

    areas: Sequence[str] = ()
    """each `NAME:KIND:X,Y,W,H`; it replaces the picture's own area of this name"""
    gone: Sequence[str] = ()
    """names of areas to take away"""
    renamed: Sequence[tuple[str, str]] = ()
    """old name, new name"""
    level: str | None = None
    limits: Sequence[str] = ()
    """each `KIND.METRIC=NUMBER`"""


def pattern(path: str) -> str:
    """The pattern that means a path, and no file of its name in another folder."""
    return path if "/" in path else f"/{path}"


def own_areas(repository: Repository, path: str) -> list[AreaRule]:
    """The areas of the working tree's policy that are about one picture alone; raises PolicyError."""
    return [area for _, area in _own(*in_folder(repository), path)]


def in_folder(repository: Repository) -> tuple[str, bytes, Policy | None]:
    """The policy file of the working tree, its bytes and what it says; one that is not there asks for nothing.

    Raises:
        PolicyError: it has mistakes.
    """
    for name in (NAME, TABLE_FILE):
        data = _read(repository, name)
        policy = None if data is None else parse(data, name, lambda path: _read(repository, path))
        if data is not None and policy is not None:
            return name, data, policy
    return NAME, NEW, None


def protect(repository: Repository, image: str, asked: Asked) -> Iterator[str]:
    """Write rows about one picture into the policy of the working tree.

    Args:
        repository: It.
        image: The picture, from the current folder.
        asked: What to write.

    Yields:
        Lines that say what was written.

    Raises:
        UsageError: the picture lies elsewhere, there is nothing to write, or it cannot be written into this file.
        PolicyError: the policy has mistakes already.
    """
    path = place_of(repository, image, "edit")
    if not any(asked):
        raise UsageError(
            "there is nothing to write", "Name an area (`--area logo:brand:64,48,220,80`), a level or a limit."
        )
    with one_writer(repository.common_dir):
        file, before, _ = in_folder(repository)
        data = before
        for old, new in asked.renamed:
            data = with_area_renamed(data, file, _place(repository, file, data, path, old), new)
        for name in asked.gone:
            data = without_area(data, file, _place(repository, file, data, path, name))
        for area in map(parsed, asked.areas):
            known = {one.name for _, one in _own(file, data, _policy(repository, file, data), path)}
            if area.name in known:
                data = without_area(data, file, _place(repository, file, data, path, area.name))
            row = {"paths": [pattern(path)], "name": area.name, "kind": area.kind, "box": list(area.box or ())}
            data = with_area(data, file, row)
        if settings := _settings(asked):
            data = with_settings(data, file, pattern(path), settings)
        _policy(repository, file, data)
        write_file(repository.root / file, data, file)
    yield f"Wrote {file}: {', '.join(_said(asked))}"
    yield f"What is stricter holds once {file} is staged (`git add {file}`), what is looser once it is merged."


def limits_of(said: Sequence[str]) -> dict[tuple[str, str], float]:
    """Limits by kind and metric; raises UsageError."""
    found = {}
    for one in said:
        match = LIMIT.fullmatch(one)
        if match is None or (match[1], match[2]) not in ROWS:
            names = [f"{kind}.{metric}" for kind, metric in ROWS]
            meant = hint(one.partition("=")[0], names)
            raise UsageError(
                f"the limit {one!a} is not KIND.METRIC=NUMBER",
                f"For instance `--limit outside-mask.light=0.8`; {meant}",
            )
        found[match[1], match[2]] = float(match[3])
    return found


def _settings(asked: Asked) -> dict[str, Any]:
    limits: dict[str, dict[str, float]] = {}
    for (kind, metric), value in limits_of(asked.limits).items():
        limits.setdefault(kind, {})[metric] = value
    return ({"level": asked.level} if asked.level else {}) | ({"limits": limits} if limits else {})


def _policy(repository: Repository, file: str, data: bytes) -> Policy | None:
    """What a changed file says; raises UsageError where it would be refused."""
    try:
        return parse(data, file, lambda path: _read(repository, path))
    except PolicyError as error:
        raise UsageError(f"{file} would be wrong then: {'; '.join(error.problems)}", "Nothing was written.") from error


def _place(repository: Repository, file: str, data: bytes, path: str, name: str) -> int:
    """Which of the areas in a file is one about a picture alone; raises UsageError."""
    own = {area.name: number for number, area in _own(file, data, _policy(repository, file, data), path)}
    if name not in own:
        others = f"Areas that hold for other pictures as well are changed in {file} by hand."
        raise UsageError(
            f"{file} has no area {name!a} for {path} alone", f"Known are {', '.join(own)}." if own else others
        )
    return own[name]


def _own(file: str, data: bytes, policy: Policy | None, path: str) -> list[tuple[int, AreaRule]]:
    """The areas in a file that are about one picture alone, each with its number there."""
    if policy is None:
        return []
    tree = read_toml(data, dict, table=("tool", "maskproof") if file == TABLE_FILE else ()) or {}
    written = policy.areas[len(policy.areas) - len(tree.get("areas", [])) :]  # those of a preset come first
    return [(number, area) for number, area in enumerate(written) if area.paths == [pattern(path)]]


def _said(asked: Asked) -> Iterator[str]:
    yield from (f"area {one}" for one in asked.areas)
    yield from (f"area {old} is called {new} now" for old, new in asked.renamed)
    yield from (f"without area {one}" for one in asked.gone)
    yield from (f"level {asked.level}" for _ in range(bool(asked.level)))
    yield from (f"limit {one}" for one in asked.limits)


def _read(repository: Repository, path: str) -> bytes | None:
    """A file of the working tree; None where there is none."""
    file = repository.root / path
    return file.read_bytes() if file.is_file() else None
