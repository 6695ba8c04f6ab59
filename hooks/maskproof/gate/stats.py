"""Statistics: how far the edits of a project drift, by what made them.

Asked is every picture that its record calls an AI edit, as it stands. One is within its limits where its drift is at
most 1, whether or not somebody accepted it otherwise: the question is what a model does, not what was let through. What
a few edits say of further ones like them is a bound (`certainty`), by which groups are ordered, so that one edit that
went well does not come before a hundred of which ninety-nine did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof.gate.certainty import Certainty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from maskproof.model import Recorded

BY: Mapping[str, tuple[Callable[[Recorded], str], str]] = {
    "model": (lambda one: one.model, "no model recorded"),
    "tool": (lambda one: one.provider, "no provider recorded"),
    "mask": (lambda one: one.mask_mode, "no mask"),
    "month": (lambda one: one.day[:7], "staged"),
}
"""what edits are grouped by: how an edit is asked for it, and the name of those that do not say"""


class Edits(Struct, frozen=True):
    """Edits that have something in common."""

    name: str
    drifts: tuple[float, ...] = ()
    """of those that were compared, the smallest first"""
    accepted: int = 0
    """edits in which something was accepted by approval or baseline"""
    uncompared: int = 0
    """edits that could not be compared, which no other number counts"""

    @property
    def within(self) -> int:
        """Edits within their limits."""
        return sum(one <= 1 for one in self.drifts)

    @property
    def share(self) -> float | None:
        """Share of those compared that are, 0 to 1; None: none was compared."""
        return self.within / len(self.drifts) if self.drifts else None

    @property
    def at_least(self) -> float:
        """Share of further edits like these that will be, with `certainty.CERTAINTY`, 0 to 1."""
        return 1 - Certainty(len(self.drifts), len(self.drifts) - self.within).at_most

    @property
    def median(self) -> float | None:
        """The drift in the middle, of an even number the mean of two; None: none was compared."""
        count = len(self.drifts)
        return (self.drifts[(count - 1) // 2] + self.drifts[count // 2]) / 2 if count else None

    @property
    def largest(self) -> float | None:
        """The largest drift; None: none was compared."""
        return self.drifts[-1] if self.drifts else None


class Statistics(Struct, frozen=True):
    """What there is to say of all edits of a project."""

    total: Edits
    tables: Mapping[str, tuple[Edits, ...]]
    """by each of what was asked for: months in their order, else those first that hold surest"""
    others: int
    """recorded pictures that are no AI edits"""


def statistics(pictures: Iterable[Recorded], by: Iterable[str]) -> Statistics:
    """The statistics of recorded pictures, of which no more than this line each is kept.

    Args:
        pictures: As they come.
        by: Keys of `BY`.
    """
    groups: dict[str, dict[str, list[Recorded]]] = {key: {} for key in ("", *by)}
    others = 0
    for one in pictures:
        if one.origin != "edited":
            others += 1
            continue
        for key, found in groups.items():
            found.setdefault(BY[key][0](one) if key else "", []).append(one)
    total = groups.pop("").get("", [])
    tables = {
        key: tuple(sorted((_edits(name or BY[key][1], own) for name, own in found.items()), key=_order(key)))
        for key, found in groups.items()
    }
    return Statistics(_edits("all", total), tables, others)


def _edits(name: str, own: list[Recorded]) -> Edits:
    drifts = [one.drift for one in own if one.drift is not None]
    return Edits(name, tuple(sorted(drifts)), sum(bool(one.accepted) for one in own), len(own) - len(drifts))


def _order(key: str) -> Callable[[Edits], tuple[float, float, str]]:
    """Months in their order, then what is in no commit yet, as letters follow digits; all others the surest first."""
    if key == "month":
        return lambda one: (0, 0, one.name)
    return lambda one: (-one.at_least, -(one.share or 0), one.name)
