"""Evidence: the signs that a file gives of having been made or changed with a generative model.

Two kinds of row. A carrier (`carriers.py`) knows where a format keeps metadata, and brings all formats into one shape:
named texts, XMP, C2PA manifests, EXIF, IPTC, bytes behind the picture. A vocabulary (`vocabularies/`) knows how one family
of tools writes there. A new tool is a module with `signs` and a row in `VOCABULARIES`, or only a row in `dialects.py`; a
new place to look is a function in `carriers.py`. `docs/evidence.md` lists both.

Marks are a trip-wire, never a proof: most edits carry none, and anybody can write one. What an edit was made from stands
in its sidecar. No pixel is decoded, nothing is fetched, and hostile metadata gives a sign of low confidence, not an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof import containers
from maskproof.evidence import carriers, vocabularies
from maskproof.evidence.vocabularies import c2pa, declared

if TYPE_CHECKING:
    from maskproof.model import Evidence, Read


def assess(data: bytes, name: str, read: Read | None = None) -> tuple[Evidence, ...]:
    """Every sign found in a file's metadata, and in the `.xmp` and `.c2pa` files beside it; no pixel is decoded.

    Args:
        data: The whole file.
        name: Its path: how messages call it, and where its neighbours are.
        read: Neighbouring files by path; None where there are none.

    Raises:
        Unreadable: the file's structure cannot be walked.
        TooLarge: the file is over a limit.
    """
    carried = carriers.carried(containers.blocks(data, name), data, name, read)
    return tuple(sign for signs in vocabularies.VOCABULARIES.values() for sign in signs(carried))


def is_ai(signs: tuple[Evidence, ...]) -> bool | None:
    """Do the signs say AI? None where there is no sign, or only signs that the file itself contradicts."""
    said = [sign.ai for sign in _telling(signs) if sign.ai is not None]
    return any(said) if said else None


def is_edit(signs: tuple[Evidence, ...]) -> bool | None:
    """Do the signs say that another picture was edited? None where no sign tells."""
    said = [sign.edit for sign in _telling(signs) if sign.edit is not None]
    return any(said) if said else None


def generator(signs: tuple[Evidence, ...]) -> str | None:
    """The tool or model that the signs name, the surest first."""
    return next((sign.generator for sign in _telling(signs) if sign.generator), None)


def parent(signs: tuple[Evidence, ...]) -> str | None:
    """The picture this one was made from, as a sign names it: a file name, or an id that `instance_ids` finds."""
    return next((sign.parent for sign in _telling(signs) if sign.parent), None)


def mask(signs: tuple[Evidence, ...]) -> str | None:
    """The mask it was made through, as a sign names it: a file name, or `its alpha` (the parent's)."""
    return next((sign.mask for sign in _telling(signs) if sign.mask), None)


def manifest(data: bytes, name: str) -> bytes | None:
    """The C2PA manifest store in a file, as its bytes stand there, put together; None where it has none.

    Raises:
        Unreadable: the file's structure cannot be walked.
        TooLarge: the file is over a limit.
    """
    return carriers.manifest(containers.blocks(data, name)) or None


def instance_ids(data: bytes, name: str) -> frozenset[str]:
    """The ids by which other files may name this one as their parent: of its XMP (`xmpMM`) and its active C2PA manifest.

    Raises:
        Unreadable: the file's structure cannot be walked.
        TooLarge: the file is over a limit.
    """
    carried = carriers.carried(containers.blocks(data, name), data, name, None)
    found = {one for packet in carried.xmp for one in declared.ids(packet)}
    return frozenset(found.union(*(c2pa.ids(store) for _, store in carried.manifests)))


def _telling(signs: tuple[Evidence, ...]) -> list[Evidence]:
    """Signs that decide something: first those that say AI and edit, then those that say AI, then the rest."""
    return sorted((one for one in signs if one.confidence != "low"), key=lambda one: (one.ai is not True, one.edit is not True))
