"""Long lists of the same: what many images have is told once, with their names.

Only what is said alike of each is folded: a warning without a measured value, and what blocks an image for a reason
that lies elsewhere and is all that is open against it: its master is blocked, its file was packed anew, or its content
is not on this machine. What else was not judged and what was measured stands with its image.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from maskproof.model import Severity, Verdict, counted
from maskproof.spool import Left

if TYPE_CHECKING:
    from collections.abc import Iterable

    from maskproof.model import Finding, ImageReport

MANY = 4
"""images from which on their common warning is told once"""
NAMED = 3
"""of them that are named"""
FEW = 2
"""images from which on what blocks them is told once"""
ELSEWHERE = frozenset({"derived", "stale-record"})
"""rules whose cause lies outside of the picture, and is the same for many"""
COMMON = {
    ("derived", None): "their masters are blocked",
    ("stale-record", None): "their records were written for other bytes than the pictures have now",
    ("new-original", "original"): "their originals were not judged before this change",
    ("new-original", "mask"): "their masks were not judged before this change",
}
"""what is said of many where each has a message of its own, by rule and, where that tells parts apart, region"""
RENEW = re.compile(r"(?P<before>[^`]*`maskproof record )(?P<path>[^`]+)(?P<after>`.*)", re.DOTALL)
"""advice whose command takes many pictures"""
LFS_PULL = "`git lfs pull"
"""begins the command that brings what is in Git LFS, of one picture or of all"""
COMMAND_LENGTH = 4000
"""characters of a command that every shell takes"""


class Folded(Struct, frozen=True):
    """What is told of many images at once."""

    images: str
    """how many, in words"""
    said: str
    """the rule and what it found"""
    names: str
    advice: str
    verdict: Verdict = Verdict.BLOCK
    """of each, where it is all that is open against them"""

    @property
    def sentence(self) -> str:
        """All but the advice."""
        rule, _, said = self.said.partition(": ")
        return f"{rule}: {self.images}: {said}: {self.names}"


class Alike:
    """What many images have, as it is met in one after the other: no more than is told of them is kept."""

    def __init__(self, first: Finding) -> None:
        self.first = first
        self.names: list[str] = []
        """as many as are told"""
        self.count = 0
        self.same_message = self.same_advice = True
        """does each say what the first one says?"""
        self._renewed: list[str] | None = []
        """the paths to be recorded anew; None: one asks for something else, or no command is long enough"""
        self._length = 0

    def add(self, path: str, one: Finding) -> None:
        """One more image that has it."""
        self.count += 1
        self.names += [path] if len(self.names) < NAMED else []
        self.same_message &= one.message == self.first.message
        self.same_advice &= one.advice == self.first.advice
        here, first = RENEW.fullmatch(one.advice), RENEW.fullmatch(self.first.advice)
        if self._renewed is None or here is None or first is None or _frame(here) != _frame(first):
            self._renewed = None
            return
        self._renewed.append(here["path"])
        self._length += len(here["path"]) + 1
        if self._length > COMMAND_LENGTH:
            self._renewed = None

    @property
    def for_all(self) -> str:
        """One command in the place of many that are alike; empty where they are not, or where it becomes too long."""
        first = RENEW.fullmatch(self.first.advice)
        if self._renewed is None or first is None:
            return ""
        said = f"{first['before']}{' '.join(self._renewed)}{first['after']}"
        return said if len(said) < COMMAND_LENGTH else ""


def folded(images: Iterable[ImageReport]) -> tuple[Iterable[ImageReport], tuple[Folded, ...]]:
    """Images without the warnings that many of them have, and these warnings; who has none left is left out."""
    groups: dict[tuple[str, str | None], Alike] = {}
    for image in images:
        for key, one in {_key(one): one for one in image.findings if _is_alike(one)}.items():
            groups.setdefault(key, Alike(one)).add(image.path, one)
    many = {key: group for key, group in groups.items() if group.count >= MANY}

    def without(image: ImageReport) -> ImageReport | None:
        left = tuple(one for one in image.findings if not (_is_alike(one) and _key(one) in many))
        return replace(image, findings=left) if left or not image.findings else None

    return Left(images, without), tuple(map(_told, many.values()))


def folded_blocks(images: Iterable[ImageReport]) -> tuple[Iterable[ImageReport], tuple[Folded, ...]]:
    """Images without those that are blocked for one reason elsewhere, and these reasons."""
    groups: dict[tuple[str, str], Alike] = {}
    for image in images:
        if (one := _blocked_elsewhere(image)) is not None:
            groups.setdefault(_cause(one), Alike(one)).add(image.path, one)
    many = {key: group for key, group in groups.items() if group.count >= FEW}

    def without(image: ImageReport) -> ImageReport | None:
        one = _blocked_elsewhere(image)
        return None if one is not None and _cause(one) in many else image

    return Left(images, without), tuple(map(_told, many.values()))


def _cause(one: Finding) -> tuple[str, str]:
    if one.absent:
        return one.rule, LFS_PULL if LFS_PULL in one.advice else one.advice
    renewed = RENEW.fullmatch(one.advice)
    return one.rule, renewed["before"] if renewed else one.advice


def _frame(found: re.Match[str]) -> tuple[str, str]:
    """A command but for its path."""
    return found["before"], found["after"]


def _blocked_elsewhere(image: ImageReport) -> Finding | None:
    """The one finding that is open against an image, where its cause lies elsewhere."""
    if len(image.findings) != 1 or image.findings[0].accepted is not None:
        return None
    (one,) = image.findings
    if one.absent:
        return one
    return one if one.severity is Severity.BLOCK and one.rule in ELSEWHERE and one.value is None else None


def _key(one: Finding) -> tuple[str, str | None]:
    return one.rule, one.region


def _is_alike(one: Finding) -> bool:
    return one.severity is Severity.WARN and one.value is None and one.box is None


def _told(group: Alike) -> Folded:
    from maskproof.policy.rules import RULES  # loads much, and only a long list needs it

    first, more = group.first, group.count - NAMED
    known = COMMON.get((first.rule, first.region)) or COMMON.get((first.rule, None))
    said = first.message if group.same_message else known or RULES[first.rule].title.removesuffix(".")
    names = ", ".join(group.names) + (f" and {more} more" if more > 0 else "")
    where, rest = f"For {group.names[0]}: ", " For each of the others: `maskproof explain IMAGE`."
    if first.absent:
        said = "what it takes to judge them is not on this machine"
    pulled = f"Run {LFS_PULL}`, then check again." if first.absent and LFS_PULL in first.advice else ""
    alone = pulled or group.for_all or (first.advice if group.same_advice else "")
    return Folded(
        counted(group.count, "image"),
        f"{first.rule}: {said}",
        names,
        (alone or f"{where}{first.advice}{rest}") if first.advice else "",
        Verdict.UNJUDGED if first.severity is Severity.UNJUDGED else Verdict.BLOCK,
    )
