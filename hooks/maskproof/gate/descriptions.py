"""What differs between two files beside their samples: how their colours are described, and what follows their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.model import Severity
from maskproof.policy.rules import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.gate.inspection import PairFacts, PictureFacts
    from maskproof.model import Finding


def described(pair: PairFacts | None) -> Iterator[Finding]:
    """Everything of the kind about one comparison."""
    if pair is None:
        return
    yield from other_profile(pair.original, pair.edit)
    if pair.edit.trailing:  # which another program may show
        yield finding(
            "unreadable",
            f"{pair.edit.trailing} bytes follow the end of the picture",
            severity=Severity.WARN,
            advice="Export the picture again, unless something else is meant to be in the file.",
        )


def other_profile(original: PictureFacts, edit: PictureFacts) -> Iterator[Finding]:
    """Colours that are described otherwise than the original's; a block where the description cannot be applied."""
    if original.color != edit.color:
        applied = original.managed and edit.managed
        yield finding(
            "color-profile",
            f"the edit's colours are described as {edit.color}, the original's as {original.color}"
            + ("" if applied else ", and viewers disagree on what that looks like"),
            severity=Severity.WARN if applied else Severity.BLOCK,
            advice="Export the edit with the original's colour profile.",
        )
