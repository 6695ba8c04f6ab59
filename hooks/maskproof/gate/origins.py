"""Origins: what a record says of how a picture came to be, and so what it is compared with. A new one is a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof.gate import derived, edited, generated, unrecorded
from maskproof.gate.compare import decode_recorded, record_of
from maskproof.gate.inspection import Master

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.gate.compare import Pairs
    from maskproof.gate.inspection import Inputs, Reference
    from maskproof.gate.scope import Scope
    from maskproof.images.files import Files, Source
    from maskproof.policy import Settings
    from maskproof.records.sidecar import Record


class Origin(Struct, frozen=True):
    """How one kind of picture is held to something."""

    gather: Callable[[Scope, str, Source, Record | None, Settings], Reference]
    """asks Git for what it is compared with"""
    decode: Callable[[Inputs, Source, Reference, Files], Pairs]
    """the pictures to compare"""


EDITED = Origin(edited.gather_original, decode_recorded)
DERIVED = Origin(derived.gather_master, derived.decode_master)
ORIGINS: dict[str, Origin] = {
    "edited": EDITED,
    "generated": Origin(generated.gather_before, generated.decode_references),
    "manual": Origin(generated.gather_before, generated.decode_references),
    "derived": DERIVED,
}
"""by the `origin` of a record"""
UNRECORDED = Origin(unrecorded.gather_tracked, unrecorded.decode_relation)
"""a picture of a change that has no record"""


def origin_of(record: Record | None) -> Origin:
    """The row of an image, by what its record says: one that names an original is held to it, whatever it is called."""
    if record is None:
        return UNRECORDED
    row = ORIGINS[record.origin]
    return row if record.original is None or row is DERIVED else EDITED


def decode(inputs: Inputs, edit: Source, reference: Reference, files: Files) -> Pairs:
    """The pictures to compare; raises CouldNotJudge where one of them cannot be decoded."""
    if isinstance(reference, Master):
        return DERIVED.decode(inputs, edit, reference, files)
    origin = EDITED if inputs.change is None else origin_of(record_of(inputs))
    return origin.decode(inputs, edit, reference, files)
