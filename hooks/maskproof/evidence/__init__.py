"""Evidence: the provenance signals of a file, that a generative model made or changed it.

Two kinds of row. A carrier (`carriers.py`) knows where a format keeps metadata, and brings all formats into one shape:
named texts, XMP, C2PA manifests, EXIF, IPTC, bytes behind the picture. A vocabulary (`vocabularies/`) knows how one
family of tools writes there. A new tool is a module with `signs` and a row in `VOCABULARIES`, or only a row in
`dialects.py`; a new place to look is a function in `carriers.py`. `docs/evidence.md` lists both.

Signals are a heuristic, never a proof: most edits carry none, and anybody can write one. What an edit was made from
stands in its sidecar. No pixel is decoded, nothing is fetched, and hostile metadata gives a sign of low confidence, not
an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.evidence import carriers, signatures, verdicts, vocabularies, writers
from maskproof.evidence.vocabularies import c2pa, declared
from maskproof.images import containers
from maskproof.model import Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from maskproof.images.containers import Container
    from maskproof.model import Read


def assess(
    data: bytes, name: str, read: Read | None = None, container: Container | None = None
) -> tuple[Evidence, ...]:
    """Every sign found in a file's metadata, and in the `.xmp` and `.c2pa` files beside it; no pixel is decoded.

    `name` is its path, beside which its neighbours are read; `container` is the file as `containers.blocks` walked it.

    Raises:
        Unreadable: the file's structure cannot be walked.
        TooLarge: the file is over a limit.
    """
    container = container or containers.blocks(data, name)
    carried = carriers.collect(container, data, name, read)
    found = [sign for signs in vocabularies.VOCABULARIES.values() for sign in signs(carried)]
    if carried.manifests and signatures.available():
        found = signatures.annotate(found, carried, data, container.format)
    return tuple(found)


def neighbours(name: str) -> tuple[str, ...]:
    """Paths of the files beside an image that `assess` asks for."""
    return carriers.neighbours(name)


def hidden(samples: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> tuple[Evidence, ...]:
    """Signs in the lowest bits of the pixels; they have to be decoded, so this is done only when asked.

    Args:
        samples: H x W x 3, sRGB.
        alpha: H x W; None where the picture is opaque.
    """
    from maskproof.evidence import stealth

    if (found := stealth.read(samples, alpha)) is None:
        return ()
    where, text = found
    one = carriers.Text(f"hidden in {where}", "hidden", text)
    carried = carriers.Carried((samples.shape[1], samples.shape[0]), (one,))
    signs = [sign for read in vocabularies.VOCABULARIES.values() for sign in read(carried)]
    return tuple(signs) or (Evidence(one.source, "generation data in no known form", ai=True),)


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


def manifest(data: bytes, name: str, container: Container | None = None) -> bytes | None:
    """The C2PA manifest store in a file, as its bytes stand there, put together; None where it has none.

    `container` is the file as `containers.blocks` walked it, where that was done before.

    Raises:
        Unreadable: the file's structure cannot be walked.
        TooLarge: the file is over a limit.
    """
    return carriers.manifest(container or containers.blocks(data, name)) or None


def claimed_verdict(data: bytes, name: str, container: Container | None = None) -> verdicts.Claimed | None:
    """The verdict of maskproof that a file's own manifest claims; None where it claims none. Arguments as `manifest`.

    Raises:
        Unreadable: the file's structure cannot be walked.
        TooLarge: the file is over a limit.
    """
    return verdicts.claimed(manifest(data, name, container) or b"")


def broken_signature(signs: tuple[Evidence, ...]) -> Evidence | None:
    """The sign that says that the file's own manifest does not fit it; None: it fits, or nothing here can look."""
    own = next((one for one in signs if one.source == signatures.OWN), None)
    return None if own is None or own.signed else own


def instance_ids(data: bytes, name: str) -> frozenset[str]:
    """The ids by which other files may name this one as their parent: of its XMP and its active C2PA manifest.

    Raises:
        Unreadable: the file's structure cannot be walked.
        TooLarge: the file is over a limit.
    """
    carried = carriers.collect(containers.blocks(data, name), data, name, None)
    found = {one for packet in carried.xmp for one in declared.ids(packet)}
    return frozenset(found.union(*(c2pa.ids(store) for _, store in carried.manifests)))


def writer(data: bytes, name: str, container: Container | None = None) -> str | None:
    """The program that last wrote the file, where the file shows it; None where it does not.

    `container` is the file as `containers.blocks` walked it, where that was done before.

    Raises:
        Unreadable: the file's structure cannot be walked.
        TooLarge: the file is over a limit.
    """
    container = container or containers.blocks(data, name)
    return writers.writer(container, carriers.collect(container, data, name, None))


def _telling(signs: tuple[Evidence, ...]) -> list[Evidence]:
    """Signs that decide something: first those that say AI and edit, then those that say AI, then the rest."""
    return sorted(
        (one for one in signs if one.confidence != "low"), key=lambda one: (one.ai is not True, one.edit is not True)
    )
