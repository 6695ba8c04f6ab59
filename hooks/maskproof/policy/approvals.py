"""The table `[approvals]` of a policy: what has to be true of an approval before it counts.

Who may approve is a question of the whole repository and not of single pictures. As with every key, the stricter answer
of the project and of the change holds.
"""

from __future__ import annotations

from collections.abc import Iterator  # noqa: TC003 - msgspec reads the annotations of the module
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from maskproof.documents import hint
from maskproof.model import Kind

AUTHORITIES = ("codeowners", "merged")
"""what makes an approval without a signature count, in rising order of strictness"""
Persons = Annotated[int, Meta(ge=0, le=9, description="a number of people from 0 to 9")]


class Approvals(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an approval needs."""

    authority: Literal["codeowners", "merged"] = "merged"
    """`merged`: it lies on the target branch; `codeowners`: or comes with the change, and the platform asks the owners
    of its folder for their review"""
    signed: bool = False
    """only signatures count"""
    required: Persons = 1
    """people who have to approve; 0: whoever makes the change may"""
    kinds: dict[str, Persons] = {}
    """the same for findings of one kind of region"""

    def needed(self, rule: str) -> int:
        """How many people have to approve a finding of a rule."""
        return self.kinds.get(rule, self.required)

    def tightened(self, other: Approvals) -> Approvals:
        """The stricter of two answers, key by key."""
        return Approvals(
            authority=max(self.authority, other.authority, key=AUTHORITIES.index),
            signed=self.signed or other.signed,
            required=max(self.required, other.required),
            kinds={kind: max(self.needed(kind), other.needed(kind)) for kind in sorted({*self.kinds, *other.kinds})},
        )

    def tighter(self, other: Approvals) -> Iterator[str]:
        """Keys in which another answer is stricter, as they are named in the policy file."""
        both = self.tightened(other)
        for key in ("authority", "signed", "required"):
            if getattr(both, key) != getattr(self, key):
                yield f"approvals.{key}"
        for kind in both.kinds:
            follows = kind not in self.kinds and both.needed(kind) == both.required
            if both.needed(kind) != self.needed(kind) and not follows:
                yield f"approvals.kinds.{kind}"

    def problems(self) -> Iterator[str]:
        """Kinds that do not exist."""
        for kind in self.kinds:
            if kind not in list(Kind):
                yield f"the key {f'approvals.kinds.{kind}'!a} is unknown: {hint(kind, map(str, Kind))}"
