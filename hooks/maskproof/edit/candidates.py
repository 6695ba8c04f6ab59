"""From candidates to one edit: mapped back, ranked by drift, the best one restored and judged again.

Bytes in, values out; files and Git stay outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from maskproof import pixels, rank
from maskproof.compare import Inputs, compare
from maskproof.edit import prepare
from maskproof.errors import CouldNotJudge, NoAnswer
from maskproof.model import ImageReport, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maskproof.edit.ground import Ground
    from maskproof.model import Ranked


@dataclass(frozen=True, slots=True)
class Candidate:
    """One answer of the model in the frame of the original."""

    number: int
    """its place in the answer, from 1"""
    size: tuple[int, int]
    """as it came, px"""
    format: str
    """as it came, in lower case"""
    received: bytes
    """as it came"""
    placed: bytes
    """PNG of the original's size, sRGB"""

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"candidate {self.number}"


def placed(ground: Ground, pictures: Sequence[bytes]) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """The candidates that are pictures, and notes on the others and on what had to be stretched.

    Raises:
        NoAnswer: none is a picture.
    """
    found, notes = [], []
    plan = ground.request.plan
    for number, data in enumerate(pictures, 1):
        name = f"candidate {number}"
        try:
            picture = pixels.decode(data, name)
        except CouldNotJudge as error:
            notes.append(f"{error.reason}; it was left out")
            continue
        if told := prepare.stretched(picture.size, plan):
            notes.append(f"{name} {told}")
        whole = prepare.png(prepare.placed(ground.original, picture, plan))
        found.append(Candidate(number, picture.size, picture.format.lower(), data, whole))
    if not found:
        raise NoAnswer(f"the model's answer holds no picture that can be read: {'; '.join(notes)}", "Try again.")
    return tuple(found), tuple(notes)


def ranked(ground: Ground, candidates: Sequence[Candidate]) -> tuple[Ranked, ...]:
    """The candidates, best first."""
    return rank.ranked(
        ground.sources.original,
        [(one.name, one.placed) for one in candidates],
        ground.sources.mask,
        ground.mask.mode,
        ground.settings,
        ground.read,
        original_name=ground.original_name,
        mask_name=ground.mask.path,
    )


def judged(ground: Ground, edit: bytes) -> ImageReport:
    """The finished edit, as the gate will see it."""
    inputs = Inputs(
        edit,
        ground.sources.original,
        ground.sources.mask,
        ground.mask.mode,
        ground.out,
        ground.original_name,
        ground.mask.path,
        ground.record,
    )
    return compare(inputs, ground.settings, ground.read, ImageReport(ground.out, Verdict.PASS))
