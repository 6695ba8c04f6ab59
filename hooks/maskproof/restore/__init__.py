"""Restoring: protected pixels back from the original, the edit only where its mask made the picture editable.

    both decoded -> what is protected -> brought back -> one kind of numbers -> tone -> pasted -> written

Bytes in, bytes out; Git and files are the business of `restore.command`. Every protected sample of the result is the
original's own number, whatever the way of pasting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct, field

from maskproof import marks, regions
from maskproof.content import sha256_of
from maskproof.drift.exact import pixels_changed
from maskproof.drift.frame import Aligned
from maskproof.errors import CouldNotRestore
from maskproof.evidence import carriers
from maskproof.gate.alignment import MIN_KEPT, Realigned, realign
from maskproof.gate.compare import frame_of
from maskproof.gate.crossing import crossing
from maskproof.gate.inspection import LITTLE
from maskproof.images import encode
from maskproof.images.decode import decode, decode_mask, decode_stored
from maskproof.images.encode import Carried
from maskproof.images.metadata import upright
from maskproof.policy.limits import ROWS
from maskproof.records.sidecar import RestoredRef
from maskproof.regions.areas import areas_of, mask_picture
from maskproof.restore.blend import AUTO, Layers, bands, paste
from maskproof.restore.channels import unify
from maskproof.restore.tone import match_tone

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.drift.frame import Frame
    from maskproof.drift.grid import Mask
    from maskproof.drift.registration import Motion
    from maskproof.gate.named import Named
    from maskproof.images.decode import Stored
    from maskproof.marks.credentials import Identity
    from maskproof.model import Picture, Read
    from maskproof.policy import Settings

ALONE = 0.5
"""share of an area that the mask opens, from which on it stands alone on what the model made"""
NOTHING = "none"
"""the method where nothing had to be put back"""
TEXT_CHUNKS = ("tEXt", "zTXt", "iTXt")
NOT_CARRIED = (b"XML:com.adobe.xmp", b"Raw profile type ")
"""keywords of PNG texts that are no texts: XMP, which is written anew, and metadata of other formats, which may turn"""


class Options(Struct, frozen=True):
    """How to restore."""

    method: str = AUTO
    """a row of METHODS, or `auto`: the plainest that leaves no seam"""
    feather: int | None = None
    """px over which the method `feather` fades the edit in; None: a share of the long side"""
    match_tone: bool = False
    """take light and colour of the edit to the original's before pasting"""
    anyway: Callable[[str], bool] = lambda _: False
    """asked before a scene of which little still matches is pasted; True: do it"""
    target: str = ""
    """the name of the file to write, whose ending says the format; empty: the edit's"""
    marks: dict[str, str] = field(default_factory=dict)
    """what the file is to say of AI, by property of its XMP"""
    signer: Callable[[], Identity] | None = None
    """gives who signs where policy asks for it; None: nobody said"""


class Sources(Struct, frozen=True):
    """The bytes of one comparison, with original and edit decoded once for all that looks at them."""

    inputs: Named
    original: Stored
    edit: Stored


class Restored(Struct, frozen=True):
    """An edit whose protected pixels are the original's again."""

    data: bytes
    """the file; the edit's own bytes where nothing had to be put back"""
    format: str
    method: str
    """a row of METHODS, or `none`"""
    shown: Picture
    """the file decoded again, as it was looked at before it is handed out"""
    put_back: int = 0
    """protected pixels that were not the original's"""
    seams: dict[str, float] = field(default_factory=dict)
    """share of the mask's edge that shows a step, by the method tried"""
    motion: Motion | None = None
    """what was undone, in pixels of the original"""
    kept: float = 1.0
    """share of the protected area that showed in the edit what it shows in the original"""
    dropped_manifest: str | None = None
    """SHA-256 of the C2PA manifest that the edit carried; it vouches for other pixels"""
    marks: dict[str, str] = field(default_factory=dict)
    """what the file says of AI, by property of its XMP"""
    notes: tuple[str, ...] = ()
    """what a reader should know: what a format cannot hold, what could not be done"""
    signed: str = ""
    """who signed what, or why nobody did; empty: policy does not ask"""

    @property
    def lossy(self) -> bool:
        """Does the format round, so that even protected pixels are only near the original's?"""
        return self.format in encode.LOSSY


def decode_sources(inputs: Named) -> Sources:
    """Original and edit, decoded.

    Raises:
        CouldNotJudge: one of them cannot be read.
    """
    return Sources(
        inputs,
        decode_stored(inputs.original, inputs.original_name),
        decode_stored(inputs.edit, inputs.edit_name),
    )


def compose(sources: Sources, settings: Settings, read: Read, options: Options) -> Restored:
    """One edit, restored.

    Raises:
        CouldNotRestore: no mask, a warp, or a format that cannot hold the result.
        CouldNotJudge: the mask cannot be read, or an area cannot be found.
    """
    inputs, original, edit = sources.inputs, sources.original, sources.edit
    name = options.target or inputs.edit_name
    kind = encode.format_of(name)
    frame = frame_of(inputs.record, original.shown)
    inside, on_new_ground = _inside(sources, frame, settings, read)
    if options.method == AUTO and kind == edit.shown.format and _is_kept(original.shown, edit.shown, inside):
        return Restored(inputs.edit, kind, NOTHING, edit.shown)
    realigned = realign(original.shown, edit.shown, frame, inside)
    over = _over_the_edge(original.shown, realigned, inside)
    _ask(inputs.edit_name, realigned.kept, over, options)
    layers, layer_notes = _layers(original, edit, realigned, inside, inputs.original_name)
    toned, tone_notes = _match_tone(layers) if options.match_tone else (layers, ())
    limit = settings.limits.get(("frame", "seam")) or ROWS["frame", "seam"].visual or 0.0
    pasted = paste(toned, options.method, options.feather, limit)
    encoded = encode.encode(pasted.samples, kind, _metadata(original, edit))
    packets = tuple(carriers.packet(one.container) for one in (original, edit))
    dropped = marks.UNTRUE if settings.prompt == "store" else (*marks.UNTRUE, marks.PROMPT)
    written, mark_notes = marks.put(encoded, name, options.marks, packets, dropped)
    shown = _verify(written, kind, original.shown, inside, name)
    notes = (
        *on_new_ground,
        *_cut_notes(realigned.kept, over),
        *layer_notes,
        *tone_notes,
        *mark_notes,
        *_list_losses(original, kind, shown, inside, layers),
    )
    changed = pixels_changed(original.shown, edit.shown, realigned.placed) & ~inside
    return Restored(
        written,
        kind,
        pasted.method,
        shown,
        int(changed.sum()),
        pasted.seams,
        realigned.motion,
        realigned.kept,
        sha256_of(manifest) if (manifest := carriers.manifest(edit.container)) else None,
        options.marks,
        notes,
    )


def _over_the_edge(original: Picture, realigned: Realigned, inside: Mask) -> str:
    """Where the model went on past the edge of what is kept of it, in words; empty: nowhere."""
    return crossing(original.samples, realigned.over(original.samples), inside).where


def _cut_notes(kept: float, over: str) -> tuple[str, ...]:
    if kept < MIN_KEPT:
        said = (
            f"only {kept:.0%} of the protected area shows in the edit what it shows in the original, so what crosses "
        )
        return (f"{said}the mask's edge may be cut or doubled: look along it{over and f', {over}'}",)
    return (f"what the model drew went on past the mask's edge {over}, and is cut there now: look",) if over else ()


def _ask(name: str, kept: float, over: str, options: Options) -> None:
    """Refuse a scene that was drawn anew, unless somebody wants what would come of it.

    Raises:
        CouldNotRestore: nobody does.
    """
    said = (
        f"only {kept:.0%} of the protected area shows in the edit what it shows in the original: the scene was drawn "
        f"anew, so restoring would cut or double what crosses the mask's edge{over and f', {over}'}"
    )
    if kept < LITTLE and not options.anyway(f"{name}: {said}"):
        raise CouldNotRestore(
            f"{name}: {said}",
            "Edit again. To see what comes of it all the same: `maskproof restore EDIT --anyway -o OTHER.png`.",
        )


def to_record(made: Restored, replaced: str, *, tone: bool = False, dropped: str | None = None) -> RestoredRef:
    """What a record says of a restored picture.

    `replaced` and `dropped` are the SHA-256 of the bytes that it was made of and of their C2PA manifest, the latter
    where `made` was given other bytes than those; `tone`: its light and colour were taken to the original's.
    """
    motion = made.motion
    moved = (
        {}
        if motion is None
        else {
            "shift": (round(motion.dx, 2), round(motion.dy, 2)),
            "scale": round(motion.scale, 5),
            "angle": round(motion.angle, 3),
        }
    )
    return RestoredRef(
        method=made.method,
        replaced=replaced,
        tone=tone,
        kept=round(made.kept, 3) if made.kept < LITTLE else None,
        dropped_manifest=made.dropped_manifest or dropped,
        **moved,  # type: ignore[arg-type]
    )


def _inside(sources: Sources, frame: Frame, settings: Settings, read: Read) -> tuple[Mask, tuple[str, ...]]:
    """Where the edit is to stay: made editable by the mask, and in no area that policy or record protects.

    And the areas among what the mask opens, which are pasted onto what the model made around them.
    """
    inputs, original, edit = sources.inputs, sources.original.shown, sources.edit.shown
    planes = None if inputs.mask is None else decode_mask(inputs.mask, inputs.mask_name)
    editable = regions.editable(planes, inputs.mask_mode, original.size, original.alpha, edit.size, frame)
    areas = areas_of(original, settings, inputs.record, read)
    protected = regions.build(editable, areas, lambda path: mask_picture(read, path))
    inside: Mask = ~np.logical_or.reduce([region.mask for region in protected])
    alone = [one.name for one in protected[1:] if np.count_nonzero(one.mask & editable) > ALONE * one.mask.sum()]
    if not inside.any():
        why = "there is no mask"
        if planes is not None:
            why = "all of the original that the mask makes editable is protected by name"
            why = why if editable.any() else "the mask makes nothing of the original editable"
        raise CouldNotRestore(
            f"{inputs.edit_name}: {why}, so restoring would give the original back",
            "Record the mask that the model was given: `maskproof record EDIT --mask FILE --mask-mode MODE`.",
        )
    return inside, tuple(
        f"{name} is the original's own piece, put back onto ground that the model made anew: look at its edge"
        for name in alone
    )


def _is_kept(original: Picture, edit: Picture, inside: Mask) -> bool:
    """Is every protected pixel the original's already, under the same colour description?"""
    if edit.size != original.size or edit.color != original.color or edit.trailing:
        return False
    return not (pixels_changed(original, edit, _as_it_is(edit)) & ~inside).any()


def _layers(
    original: Stored, edit: Stored, realigned: Realigned, inside: Mask, name: str
) -> tuple[Layers, tuple[str, ...]]:
    """Both pictures in one frame and one kind of numbers, and notes on what the edit lost by it."""
    before, after, notes = unify(original, edit, realigned.placed, inside, name)
    layers = Layers(before, realigned.move(after), inside, realigned.valid, 1 if original.mode in {"L", "LA"} else 3)
    beyond = int((inside & ~layers.valid).sum())
    if beyond:
        notes = (*notes, f"{beyond} px inside the mask lay beyond the edit's border and stay the original's")
    return layers, notes


def _match_tone(layers: Layers) -> tuple[Layers, tuple[str, ...]]:
    """The edit's tone taken to the original's, by what both show outside the mask."""
    color = np.s_[..., : layers.color_channels]
    line = match_tone(layers.before[color], layers.after[color], ~layers.inside & layers.valid)
    if line is None:
        return layers, ("the tone was not matched: too little of the protected area shows the same",)
    gain, offset = line
    full = np.iinfo(layers.before.dtype).max
    after = layers.after.copy()
    for rows in bands(len(after)):
        moved = after[rows][color] * gain + offset
        after[rows][color] = np.clip(np.rint(moved), 0, full).astype(after.dtype)
    lines = ", ".join(f"{g:.2f} x {o * 255 / full:+.1f}" for g, o in zip(gain, offset, strict=True))
    toned = Layers(layers.before, after, layers.inside, layers.valid, layers.color_channels)
    return toned, (f"the edit's tone was matched, a line a channel in levels of 255: {lines}",)


def _metadata(original: Stored, edit: Stored) -> Carried:
    """Colours as the original describes them, its EXIF, and the texts of the edit's file; the edit's EXIF without one.

    XMP is put in afterwards (`marks`).
    """
    texts = tuple(
        (block.kind, block.data)
        for block in edit.container.blocks
        if block.kind in TEXT_CHUNKS and not block.data.startswith(NOT_CARRIED)
    )
    tables = (*original.tables, *edit.tables)
    return Carried(original.icc, (*original.chunks, *texts), upright(original.exif or edit.exif), tables)


def _verify(written: bytes, kind: str, original: Picture, inside: Mask, name: str) -> Picture:
    """The written file, decoded as the gate will: nothing is handed out that was not looked at.

    Raises:
        CouldNotRestore: this format does not show what was meant.
    """
    shown = decode(written, name)
    changed = pixels_changed(original, shown, _as_it_is(shown)) & ~inside
    if shown.color != original.color or (changed.any() and kind not in encode.LOSSY):
        raise CouldNotRestore(
            f"{name}: {kind} cannot describe the original's colours ({original.color}) as its own file does",
            encode.USE_PNG,
        )
    return shown


def _list_losses(original: Stored, kind: str, shown: Picture, inside: Mask, layers: Layers) -> list[str]:
    """What the file does not hold as the original's does."""
    found = []
    if original.widened:
        samples = f"{layers.before.shape[2]} channels of {8 * layers.before.dtype.itemsize} bits"
        found.append(f"the original's file holds {original.widened}; written were {samples}, which show the same")
    if kind in encode.LOSSY:
        off = np.abs(shown.samples.astype(np.int16) - original.shown.samples)[~inside]
        found.append(
            f"{kind} rounds, so protected pixels are off by {off.mean():.2f} levels of 255 on average and "
            f"{off.max()} at most, and level exact cannot pass; for exact pixels write a PNG: `-o NAME.png`"
        )
    return found


def _as_it_is(picture: Picture) -> Aligned:
    """The picture in its own frame."""
    return Aligned(picture.samples, picture.alpha, picture.size, resampled=False)
