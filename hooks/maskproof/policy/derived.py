"""Exports of one master: which picture a row `[[derived]]` of the policy holds another one to.

A master is exported in sizes and formats under names that follow from its own: `public/{name}-{width}.webp` are exports
of `assets/{name}.png`. Who names a row says that such a picture shows its master and nothing else, which is compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator  # noqa: TC003 - msgspec reads the annotations of the module
from functools import cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from maskproof.documents import BoxNumbers
from maskproof.policy.patterns import NUMBER, expression
from maskproof.repo.paths import folded

NAME = "{name}"
PLACEHOLDER = re.compile(r"\{[^}]*\}?|\}")
NUMBERS = re.compile(r"\{(?:width|height)\}")
KNOWN = (NAME, "{width}", "{height}")
Crop = Literal["center"] | BoxNumbers


class DerivedRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Pictures that are exports of others: each shows its master, in whatever size and format."""

    master: Annotated[str, Meta(min_length=1, max_length=1024)]
    """the master's path; `{name}` stands for what the paths have in its place"""
    paths: Annotated[list[str], Meta(min_length=1, description='a list of path patterns such as "public/{name}.webp"')]
    crop: (
        Annotated[Crop, Meta(description='"center", or [x, y, width, height] in whole pixels of the master')] | None
    ) = None
    """the part of the master that they show; `center`: the largest one of their proportions"""

    def problems(self) -> Iterator[str]:
        """What its type cannot say."""
        if self.master.count(NAME) > 1 or set(self.master) & {"*", "?"}:
            yield f"master is {self.master!a}: it names one picture, with {NAME} once at the most"
        if unknown := set(PLACEHOLDER.findall(self.master)) - {NAME}:
            yield f"master is {self.master!a}: {', '.join(sorted(unknown))} is unknown, only {NAME} may stand in it"
        for pattern in self.paths:
            found = PLACEHOLDER.findall(pattern)
            if unknown := set(found) - {*KNOWN}:
                yield f"{pattern!a}: {', '.join(sorted(unknown))} is unknown: known are {', '.join(KNOWN)}"
            elif found.count(NAME) != self.master.count(NAME):
                yield f"{pattern!a}: {NAME} has to stand in it as often as in master, {self.master!a}"


class Candidate(Struct, frozen=True):
    """A picture that one may be an export of, if it exists."""

    path: str
    """the master's, folded as `repo.paths.folded`"""
    crop: Crop | None
    taken: int
    """letters that `{name}` stands for: the more, the closer the two names are"""


def candidates(rules: list[DerivedRule], path: str) -> tuple[Candidate, ...]:
    """The masters that rows name for a picture, whichever way its name is written; the longest `{name}` first."""
    asked = folded(path)
    found = [
        Candidate(folded(rule.master.lstrip("/")).replace(NAME, name), rule.crop, len(name))
        for rule in rules
        for pattern in rule.paths
        for name in _names(folded(pattern), asked)
    ]
    return by_closeness(found)


def by_closeness(found: list[Candidate]) -> tuple[Candidate, ...]:
    """Each once, the longest `{name}` first, then as the policy has them."""
    return tuple(sorted(dict.fromkeys(found), key=lambda one: -one.taken))


def _names(pattern: str, path: str) -> Iterator[str]:
    """All that `{name}` can stand for; of a pattern without one nothing, once, where it matches."""
    before, after = _halves(pattern)
    if after is None:
        if before.fullmatch(path):
            yield ""
        return
    starts = [place for place in range(len(path)) if before.fullmatch(path, 0, place)]
    ends = [place for place in range(len(path) + 1) if after.fullmatch(path, place)] if starts else []
    yield from (path[start:end] for start in starts for end in ends if start < end)


@cache
def _halves(pattern: str) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    """What stands before and after `{name}`."""
    anchored = pattern.removeprefix("/") if "/" in pattern else f"**/{pattern}"
    before, name, after = NUMBERS.sub(NUMBER, anchored).partition(NAME)
    return expression(before), expression(after) if name else None
