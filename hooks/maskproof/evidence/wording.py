"""Wording: what signs say, as a sentence that a designer reads, and each by itself with its source and how sure it is.

The sentence names who made the picture, and from which file, as the surest sign tells it: "its Content Credentials say
that Adobe Firefly made it from 'room.jpg'". Where a sign stands is told last, and an id is told to nobody.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskproof.model import Evidence


def sentence(signs: tuple[Evidence, ...]) -> str | None:
    """What a file says of its maker, to stand in a sentence or be one; None where no sign that counts says AI."""
    telling = [one for one in signs if one.ai and one.confidence != "low"]
    if not telling:
        return None
    # What says how it was made comes first, and what says who made it.
    first = min(telling, key=lambda one: (one.edit is not True, one.generator is None))
    maker = first.generator or next((one.generator for one in telling if one.generator), None) or "an AI model"
    said = f"{maker} {first.plain or _made(first)}"
    if first.source.startswith("C2PA"):
        return f"its Content Credentials say that {said}"
    return f"its metadata says that {said} ({first.source})"


def describe(sign: Evidence) -> str:
    """One sign: where it stands, what it says, whom and what it names, how sure it is."""
    named = (
        ("by", sign.generator),
        ("from", sign.parent),
        ("through the mask", sign.mask),
    )
    said = ", ".join([sign.says, *(f"{word} {name}" for word, name in named if name)])
    return f"{sign.source}: {said} ({sign.confidence} confidence)"


def file_name(parent: str | None) -> str | None:
    """A parent as a person knows it: the name of a file, without its folders; None for an id."""
    name = re.split(r"[/\\]", parent or "")[-1]
    return name if "." in name and ":" not in name else None


def _made(sign: Evidence) -> str:
    name = file_name(sign.parent)
    if name is None:
        return {True: "changed it", False: "made it", None: "made or changed it"}[sign.edit]
    through = ""
    if sign.mask:
        through = f", through the mask in {sign.mask}" if "alpha" in sign.mask else f", through the mask {sign.mask!a}"
    return f"made it from {name!a}{through}"
