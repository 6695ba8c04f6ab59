"""One run of `maskproof record`: what is read and decoded once for all the edits that it records."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from maskproof.content import sha256_of
from maskproof.errors import CouldNotJudge, UsageError
from maskproof.gate.scope import Scope
from maskproof.images.decode import decode
from maskproof.memo import Memo
from maskproof.repo.change import Selection, open_change

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.model import Picture
    from maskproof.recording.sources import Progress
    from maskproof.repo import Repository

    Ask = Callable[[str], bool]
    Options = dict[str, Any]

KEPT_BYTES = 200_000_000
"""samples of originals that are kept for the next edit of the same one"""


class Session(Struct, frozen=True, dict=True):
    """What the edits of one run have in common."""

    repository: Repository
    ask: Ask
    """shows a proposal to whoever sits there; True: it is right"""
    trusted: bool
    """whether an index of likenesses that lies there may be used"""
    progress: Progress = None

    @cached_property
    def scope(self) -> Scope:
        """The change under way."""
        return Scope(open_change(self.repository, Selection()))

    @cached_property
    def _pictures(self) -> Memo[str, Picture]:
        return Memo(KEPT_BYTES)

    def picture(self, data: bytes, name: str) -> Picture:
        """A decoded picture; raises UsageError."""
        key = sha256_of(data)
        known = self._pictures.get(key)
        if known is not None:
            return known
        made: Picture = readable(decode, data, name)
        return self._pictures.keep(key, made, made.samples.nbytes)


def readable(decode: Any, data: bytes, name: str) -> Any:
    """What a reader makes of bytes; raises UsageError where it cannot judge them."""
    try:
        return decode(data, name)
    except CouldNotJudge as error:
        raise UsageError(error.reason, error.advice) from error
