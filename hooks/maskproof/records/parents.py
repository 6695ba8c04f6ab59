"""Parents: the records of an edit of an edit, followed back to the first original."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof.errors import BrokenChain, RecordError
from maskproof.records import sidecar
from maskproof.repo.paths import is_sidecar

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.records.sidecar import Record

MAX_CHAIN = 16
"""edits of a chain that are followed; each is measured, so a longer one would keep a commit waiting"""
RENEW = "Record the edit again: `maskproof record EDIT --original PICTURE` works the parent out."


class Link(Struct, frozen=True):
    """One edit of a chain."""

    path: str
    """the picture"""
    record: Record


def follow(path: str, record: Record, record_of: Callable[[str], Record | None]) -> tuple[Link, ...]:
    """The edits that led to a picture, the oldest first and the picture itself last.

    Args:
        path: The picture.
        record: Its record.
        record_of: The record at the path of a sidecar; None where there is none.

    Raises:
        BrokenChain: a record on the way is missing, broken or contradicts the next, or the way has no end.
    """
    links = [Link(path, record)]
    seen = {path}
    while (parent := links[0].record.parent) is not None:
        image = sidecar.image_of(parent)
        if image in seen:
            raise BrokenChain(
                f"the parents of {path} run in a circle: the record of {links[0].path} leads back to {parent}",
                "Correct `parent` in the record of the edit that was made first.",
            )
        if len(links) == MAX_CHAIN:
            raise BrokenChain(
                f"{path} is the last of more than {MAX_CHAIN} edits of edits, which are not followed to their end",
                "Make the edit again from a picture nearer to the first original.",
            )
        seen.add(image)
        links.insert(0, Link(image, _parent(links[0], parent, record_of)))
    # A first picture that was made from no other is an original itself: there is nothing it could have drifted from.
    return tuple(links[1:] if links[0].record.original is None else links)


def _parent(child: Link, parent: str, record_of: Callable[[str], Record | None]) -> Record:
    """The record of the edit that another was made from."""
    beside = f"the record of {child.path}"
    if not is_sidecar(parent):
        raise BrokenChain(f"{beside} names the parent {parent}, which is not the name of a record", RENEW)
    try:
        record = record_of(parent)
    except RecordError as error:
        raise BrokenChain(f"{child.path} was made from an edit whose record is broken: {error.reason}") from error
    if record is None:
        raise BrokenChain(
            f"{beside} names the parent {parent}, which is gone: there is no such record in this commit, so the first "
            f"original of {child.path} is not known",
            f"Bring {parent} back, or name the record that took its place: `maskproof record EDIT --parent RECORD`.",
        )
    original = child.record.original
    if original is None or record.image.sha256 != original.sha256:
        named = "none" if original is None else f"{original.path}, {original.sha256[:12]}…"
        raise BrokenChain(
            f"{beside} contradicts its parent: the original that it names ({named}) is not the picture that "
            f"{parent} was written for ({record.image.sha256[:12]}…)",
            RENEW,
        )
    return record
