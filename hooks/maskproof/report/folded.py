"""Long lists of the same: a warning that many images have is told once, with their names.

Only what is said alike of each is folded: a warning without a measured value. What blocks, what was not judged and what
was measured stands with its image.
"""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class Folded:
    """One warning of many images."""

    sentence: str
    advice: str


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


def _key(one: Finding) -> tuple[str, str | None]:
    return one.rule, one.region


def _is_alike(one: Finding) -> bool:
    return one.severity is Severity.WARN and one.value is None and one.box is None


def _told(group: list[tuple[str, Finding]]) -> Folded:
    from maskproof.policy.rules import RULES  # loads much, and only a long list needs it

    (path, first), more = group[0], len(group) - NAMED
    messages = {one.message for _, one in group}
    said = first.message if len(messages) == 1 else RULES[first.rule].title.removesuffix(".")
    names = ", ".join(name for name, _ in group[:NAMED]) + f" and {more} more"
    advice = {one.advice for _, one in group}
    where = "" if len(advice) == 1 else f"For {path}: "
    rest = "" if len(advice) == 1 else " For each of the others: `maskproof explain IMAGE`."
    return Folded(
        f"{first.rule}: {counted(len(group), 'image')}: {said}: {names}",
        f"{where}{first.advice}{rest}" if first.advice else "",
    )
