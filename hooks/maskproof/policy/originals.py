"""The table `[originals]` of a policy: where originals may be fetched from that no tree of the repository holds.

Which addresses a check asks is the project's to say, and never that of the change under review: an address counts where
the policies of both sides allow it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from maskproof.remote import prefix_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PREFIXES = 100
"""beginnings of addresses in one policy"""


class Originals(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where originals may be fetched from."""

    allow: Annotated[
        tuple[str, ...], Meta(max_length=MAX_PREFIXES, description="a list of addresses that end in /")
    ] = ()
    """what addresses may begin with; nothing: none is fetched"""

    def tightened(self, other: Originals) -> Originals:
        """What both allow: of two beginnings the longer one, where that begins with the shorter."""
        both = {one for one in self.allow if one.startswith(other.allow)}
        return Originals(allow=tuple(sorted(both | {one for one in other.allow if one.startswith(self.allow)})))

    def tighter(self, other: Originals) -> Iterator[str]:
        """Keys in which another answer is stricter, as they are named in the policy file."""
        both = self.tightened(other)
        if not all(one.startswith(both.allow) for one in self.allow):
            yield "originals.allow"

    def problems(self) -> Iterator[str]:
        """Beginnings that are none; which is told by its place, since it may hold a password."""
        for number, one in enumerate(self.allow):
            if (why := prefix_problem(one)) is not None:
                yield f"originals.allow[{number}]: {why}"
