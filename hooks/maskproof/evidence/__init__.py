"""Evidence: the signs that a file gives of having been made or changed with a generative model.

Two kinds of row. A carrier (`carriers.py`) knows where a format keeps metadata: XMP, a C2PA manifest, named
texts. A vocabulary (`vocabularies.py`) knows how one family of tools writes there. A new tool is a function and a
row in `VOCABULARIES`; a new place to look is a function in `carriers.py`.

Marks are a trip-wire, never a proof: most edits carry none, and anybody can write one. What an edit was
made from stands in its sidecar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof import containers
from maskproof.evidence.vocabularies import VOCABULARIES

if TYPE_CHECKING:
    from maskproof.model import Evidence


def assess(data: bytes, name: str) -> tuple[Evidence, ...]:
    """Every sign found in a file's metadata; no pixel is decoded.

    Args:
        data: The whole file.
        name: How messages call it.

    Raises:
        Unreadable: the file's structure cannot be walked.
        TooLarge: the file is over a limit.
    """
    container = containers.read(data, name)
    return tuple(sign for read in VOCABULARIES.values() for sign in read(container))


def is_ai(evidence: tuple[Evidence, ...]) -> bool | None:
    """Do the signs say AI? None where there is no sign, or only signs that the file itself contradicts."""
    said = [sign.ai for sign in evidence if sign.ai is not None and sign.confidence != "low"]
    return any(said) if said else None


def is_edit(evidence: tuple[Evidence, ...]) -> bool | None:
    """Do the signs say that another picture was edited? None where no sign tells."""
    said = [sign.edit for sign in evidence if sign.edit is not None and sign.confidence != "low"]
    return any(said) if said else None
