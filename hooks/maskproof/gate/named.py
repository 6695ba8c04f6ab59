"""Comparing files that a person named, without Git: the same stages, with nothing asked of a change.

This is what `maskproof compare`, `rank`, `calibrate`, `restore` and `edit` run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof.gate.check import judge
from maskproof.gate.compare import meet, protect
from maskproof.gate.inspection import Failure, Inputs, Original, attempt
from maskproof.gate.origins import decode
from maskproof.images.files import Files, Source

if TYPE_CHECKING:
    from maskproof.gate.inspection import Mending
    from maskproof.gate.scene import Draws
    from maskproof.model import ImageReport, Picture, Read
    from maskproof.policy import Settings
    from maskproof.records.sidecar import Record


class Named(Struct, frozen=True):
    """The bytes of one comparison, and how messages call them."""

    edit: bytes
    original: bytes
    mask: bytes | None = None
    mask_mode: str | None = None
    edit_name: str = "the edit"
    original_name: str = "the original"
    mask_name: str = "the mask"
    record: Record | None = None
    """the sidecar, for its transform and the areas that it adds"""


def compare(
    named: Named,
    settings: Settings,
    read: Read,
    *,
    shown_original: Picture | None = None,
    shown_edit: Picture | None = None,
    draws: Draws | None = None,
) -> ImageReport:
    """One edit against its original.

    Args:
        named: The bytes of both, and of the mask.
        settings: Level, limits and areas.
        read: Where policy finds the pictures of its areas.
        shown_original: The original as it was decoded already.
        shown_edit: The edit as it was decoded already.
        draws: What the report keeps to be seen; None: nothing.
    """
    inputs, files = _gathered(named, settings, read, shown_original, shown_edit)
    return judge(inputs, files, draws=draws)


def mending(named: Named, settings: Settings, read: Read) -> Mending | None:
    """What `restore` would meet in an edit, once it is recorded as it is named; None: nothing can be compared."""
    inputs, files = _gathered(named, settings, read)
    pairs = attempt(decode, inputs, inputs.edit, inputs.reference, files)
    protected = attempt(protect, inputs, pairs, files)
    if isinstance(pairs, Failure) or isinstance(protected, Failure):
        return None
    return meet(inputs, pairs.pairs[0], protected.regions[0])


def _gathered(
    named: Named,
    settings: Settings,
    read: Read,
    shown_original: Picture | None = None,
    shown_edit: Picture | None = None,
) -> tuple[Inputs, Files]:
    """The inputs of one comparison, and where their bytes are."""
    edit, original, mask = (
        Source(role, role, name=name)
        for role, name in (("edit", named.edit_name), ("original", named.original_name), ("mask", named.mask_name))
    )
    contents = {"edit": named.edit, "original": named.original}
    if named.mask is not None:
        contents["mask"] = named.mask
    policy_files = {}
    for path in settings.named_files:
        if (data := read(path)) is not None:
            policy_files[path] = Source(f"policy: {path}", path)
            contents[policy_files[path].oid] = data
    files = Files(lambda oid, _: contents[oid])
    for source, picture in ((original, shown_original), (edit, shown_edit)):
        if picture is not None:
            files.know(source, picture)
    reference = Original(original, None if named.mask is None else mask, named.mask_mode)
    return Inputs(named.edit_name, settings, edit, named.record, reference, policy_files), files
