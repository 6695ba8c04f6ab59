"""Proposing a record: which original and mask an edit was probably made from, and why.

Nothing here is believed: a proposal is a command for a person to look at and run. It is drawn from what the file says
of its input, from the version before, from likeness, and from names that go together.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from maskproof import evidence
from maskproof.model import OWN_ALPHA
from maskproof.repo.paths import is_image

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from maskproof.model import Evidence

MASK_WORD = re.compile(r"[._-]mask$", re.IGNORECASE)
"""how the names of masks end, before the dot of their type: hero.mask.png, hero-mask.png, hero_mask.png"""


class TreeFacts(Struct, frozen=True):
    """What the repository knows that a proposal can be drawn from."""

    tracked: Collection[str]
    """paths of its files"""
    mode_of: Callable[[str], str | None]
    """which part of a mask is editable, as far as other records or the mask itself tell"""


class Proposal(Struct, frozen=True):
    """An original and a mask for one edit; None: nothing tells."""

    original: str | None = None
    original_why: str = ""
    mask: str | None = None
    mask_why: str = ""
    mode: str | None = None
    """which part of the mask was editable; None: it has to be asked for"""
    provider: str | None = None
    copies: tuple[str, ...] = ()
    """pictures that show the very same, so that it was not made from them"""


def propose(
    path: str,
    signs: tuple[Evidence, ...],
    known: TreeFacts,
    alike: Callable[[], tuple[str, str] | None],
) -> Proposal:
    """What one edit was probably made from.

    Args:
        path: The edit's path in the repository.
        signs: What its file says.
        known: What the repository holds.
        alike: Asked when the file names no input that is here: another picture it was probably made from, and why.
    """
    named = evidence.parent(signs)
    by_name = _by_name(named, path, known)
    source = (by_name, f"the file names {named} as its input") if by_name else alike()
    if source is None:
        return Proposal(provider=evidence.generator(signs))
    return through(path, *source, signs, known)


def through(path: str, original: str, why: str, signs: tuple[Evidence, ...], known: TreeFacts) -> Proposal:
    """The proposal for an original that is settled: the mask that goes with it."""
    found = Proposal(original, why, provider=evidence.generator(signs))
    if evidence.mask(signs) == OWN_ALPHA and original != path:
        mask_why = "the file says that the transparency of its input was the mask"
        return replace(found, mask=original, mask_why=mask_why, mode="alpha")
    mask = _by_name(evidence.mask(signs), path, known)
    if mask is not None:
        return replace(found, mask=mask, mask_why="the file names it as its mask", mode=known.mode_of(mask))
    mask = _mask_of(path, original, known)
    if mask is None:
        return found
    return replace(found, mask=mask, mask_why="its name goes with the picture's", mode=known.mode_of(mask))


def command(path: str, found: Proposal) -> str:
    """The command that records a proposal; capitals stand for what nothing tells."""
    words = ["maskproof", "record", path, "--original", found.original or "ORIGINAL"]
    words += ["--mask", found.mask or "MASK", "--mask-mode", found.mode or "MODE"]
    if found.provider:
        words += ["--provider", found.provider]
    return shlex.join(words)


def _by_name(named: str | None, path: str, known: TreeFacts) -> str | None:
    """The one tracked image of this file name; None where there is none, or more than one."""
    if not named:
        return None
    name = named.replace("\\", "/").rsplit("/", 1)[-1]
    found = [one for one in known.tracked if one.rsplit("/", 1)[-1] == name and is_image(one) and one != path]
    return found[0] if len(found) == 1 else None


def _mask_of(path: str, original: str, known: TreeFacts) -> str | None:
    """A tracked image whose name says that it is the mask of the edit, or else of its original."""
    for picture in (path, original):
        stem = picture.rsplit(".", 1)[0]
        for one in sorted(known.tracked):
            base = one.rsplit(".", 1)[0]
            if is_image(one) and MASK_WORD.search(base) and MASK_WORD.sub("", base) == stem:
                return one
    return None
