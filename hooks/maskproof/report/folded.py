"""Long lists of the same: what many images have is told once, with their names.

Only what is said alike of each is folded: a warning without a measured value, and what blocks an image for a reason
that lies elsewhere and is all that is open against it: its master is blocked, or its file was packed anew. What was not
judged and what was measured stands with its image.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from maskproof.model import Severity, counted

if TYPE_CHECKING:
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
COMMAND_LENGTH = 4000
"""characters of a command that every shell takes"""


@dataclass(frozen=True, slots=True)
class Folded:
    """What is told of many images at once."""

    images: str
    """how many, in words"""
    said: str
    """the rule and what it found"""
    names: str
    advice: str

    @property
    def sentence(self) -> str:
        """All but the advice."""
        rule, _, said = self.said.partition(": ")
        return f"{rule}: {self.images}: {said}: {self.names}"


def folded(images: tuple[ImageReport, ...]) -> tuple[tuple[ImageReport, ...], tuple[Folded, ...]]:
    """Images without the warnings that many of them have, and these warnings; who has none left is left out."""
    groups: dict[tuple[str, str | None], list[tuple[str, Finding]]] = defaultdict(list)
    for image in images:
        for key, one in {_key(one): one for one in image.findings if _is_alike(one)}.items():
            groups[key].append((image.path, one))
    many = {key: group for key, group in groups.items() if len(group) >= MANY}
    left = [
        replace(image, findings=tuple(one for one in image.findings if not (_is_alike(one) and _key(one) in many)))
        for image in images
    ]
    kept = tuple(now for now, was in zip(left, images, strict=True) if now.findings or not was.findings)
    return kept, tuple(map(_told, many.values()))


def folded_blocks(images: tuple[ImageReport, ...]) -> tuple[tuple[ImageReport, ...], tuple[Folded, ...]]:
    """Images without those that are blocked for one reason elsewhere, and these reasons."""
    groups: dict[tuple[str, str], list[tuple[str, Finding]]] = defaultdict(list)
    for image in images:
        if (one := _blocked_elsewhere(image)) is not None:
            renewed = RENEW.fullmatch(one.advice)
            groups[one.rule, renewed["before"] if renewed else one.advice].append((image.path, one))
    many = [group for group in groups.values() if len(group) >= FEW]
    gone = {path for group in many for path, _ in group}
    return tuple(image for image in images if image.path not in gone), tuple(map(_told, many))


def _blocked_elsewhere(image: ImageReport) -> Finding | None:
    """The one finding that is open against an image, where its cause lies elsewhere."""
    if len(image.findings) != 1 or image.findings[0].accepted is not None:
        return None
    (one,) = image.findings
    return one if one.severity is Severity.BLOCK and one.rule in ELSEWHERE and one.value is None else None


def _key(one: Finding) -> tuple[str, str | None]:
    return one.rule, one.region


def _is_alike(one: Finding) -> bool:
    return one.severity is Severity.WARN and one.value is None and one.box is None


def _told(group: list[tuple[str, Finding]]) -> Folded:
    from maskproof.policy.rules import RULES  # loads much, and only a long list needs it

    (path, first), more = group[0], len(group) - NAMED
    messages = {one.message for _, one in group}
    known = COMMON.get((first.rule, first.region)) or COMMON.get((first.rule, None))
    common = known or RULES[first.rule].title.removesuffix(".")
    said = first.message if len(messages) == 1 else common
    names = ", ".join(name for name, _ in group[:NAMED]) + (f" and {more} more" if more > 0 else "")
    advice = {_for_all([one.advice for _, one in group]) or one.advice for _, one in group}
    where, rest = f"For {path}: ", " For each of the others: `maskproof explain IMAGE`."
    return Folded(
        counted(len(group), "image"),
        f"{first.rule}: {said}",
        names,
        (min(advice) if len(advice) == 1 else f"{where}{first.advice}{rest}") if first.advice else "",
    )


def _for_all(advice: list[str]) -> str:
    """One command in the place of many that are alike; empty where they are not, or where it becomes too long."""
    found = [one for one in map(RENEW.fullmatch, advice) if one]
    if len(found) < len(advice) or len({(one["before"], one["after"]) for one in found}) != 1:
        return ""
    said = f"{found[0]['before']}{' '.join(one['path'] for one in found)}{found[0]['after']}"
    return said if len(said) < COMMAND_LENGTH else ""
