"""Marks: what a picture's own file says of AI, so that it is still said where no record goes.

Whoever opens the file elsewhere (a platform, an archive, a reader with a metadata viewer) has no Git and no record. The
law of the European Union asks for a mark that machines can read (AI Act, Article 50), and the press has one: IPTC's
Digital Source Type, and since 2025 properties that name the AI system. They are XMP, which every format here holds.

One rule where original and edit both say something: **whose picture it is, the original's file says; how AI was used,
the edit's file and its record say.** So the original's packet is kept, and the properties below are set in it.
Sources: IPTC Photo Metadata Standard 2025.1; IPTC NewsCodes, Digital Source Type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof import evidence
from maskproof.evidence import carriers, xmp
from maskproof.evidence.vocabularies.declared import CREDIT, IPTC_CREDITS
from maskproof.evidence.vocabularies.words import source_type
from maskproof.marks import insertion, packet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maskproof.images.containers import Container
    from maskproof.records.sidecar import Record

CODES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
EDITED, GENERATED = "compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia"
"""a picture that a model changed a part of, and one that it made"""
IPTC = "Iptc4xmpExt:"
SOURCE_TYPE, SYSTEM, PROMPT = f"{IPTC}DigitalSourceType", f"{IPTC}AISystemUsed", f"{IPTC}AIPromptInformation"
CREDIT_LINE, LABEL = "photoshop:Credit", "TC260:AIGC"
CARRIED = (SYSTEM, f"{IPTC}AISystemVersionUsed", PROMPT, f"{IPTC}AIPromptWriterName", LABEL)
"""what an edit's file says of a model, and the file that is made of it says too"""
UNTRUE = ("tiff:Orientation", "xmpNote:HasExtendedXMP")
"""what of a packet is untrue in a file that is written anew: it is upright, and has no second packet"""
MAX_TEXT = 500
LONGEST = {PROMPT: 8_000, LABEL: 4_000}
"""letters that are written of a property, where not MAX_TEXT; a JPEG has room for 65,504 bytes in all"""
MAKER = {"edited": EDITED, "generated": GENERATED}
"""what is said of a record's origin; of people's work and of exports nothing is"""


class Mark(Struct, frozen=True):
    """That a model had a part in a picture."""

    made: str = EDITED
    """a code of IPTC's Digital Source Type"""
    system: str = ""
    """the model, as its record or the edit's file names it"""
    prompt: str = ""


def of_record(record: Record) -> Mark | None:
    """What the file of a recorded picture is to say; None: that nothing is known of a model.

    A prompt is told where the record keeps it, so not under the policy `prompt = "sha256"`.
    """
    if record.origin not in MAKER:
        return None
    tool = record.tool
    if tool is None:
        return Mark(MAKER[record.origin])
    system = " ".join(filter(None, (tool.provider, tool.model)))
    return Mark(MAKER[record.origin], system, tool.prompt or "")


def carried(mark: Mark | None, edit: Container, data: bytes, name: str, *, prompts: bool) -> dict[str, str]:
    """The properties of a mark, and with them what an edit's file says of a model itself; empty: nothing speaks of one.

    `data` are the bytes of `edit`, `name` is what messages call it; `prompts`: those that the file tells may be told.
    """
    signs = evidence.assess(data, name, None, edit)
    if mark is None and not evidence.is_ai(signs):
        return {}
    mark = mark or Mark()
    held = carriers.collect(edit, data, name, None)
    said = {key: value for key in CARRIED for one in held.xmp if (value := one.first(key))}
    labels = [one.text for one in held.of("AIGC")]
    lines = [value for one in held.xmp for value in one.all(CREDIT_LINE)]
    lines += [value for number, value in held.iptc if number in IPTC_CREDITS]
    said |= {LABEL: labels[0]} if labels and LABEL not in said else {}
    if line := next(filter(CREDIT.match, lines), ""):
        said[CREDIT_LINE] = line
    if not prompts:
        said.pop(PROMPT, None)
    system = mark.system or said.get(SYSTEM) or evidence.generator(signs)
    said |= {SYSTEM: system} if system else {}
    said |= {PROMPT: mark.prompt} if mark.prompt else {}
    said = {key: value[: LONGEST.get(key, MAX_TEXT)] for key, value in said.items()}
    return packet.clean({SOURCE_TYPE: CODES + mark.made, **said})


def describe(properties: dict[str, str]) -> str:
    """What a file says of AI now, in words."""
    system = f", by {properties[SYSTEM]!a}" if SYSTEM in properties else ""
    made = "all of it" if properties[SOURCE_TYPE] == CODES + GENERATED else "a part of it"
    return f"its own metadata says that AI made {made}{system} (IPTC {properties[SOURCE_TYPE].removeprefix(CODES)})"


def put(
    data: bytes, name: str, properties: dict[str, str], packets: Sequence[bytes] = (), dropped: Sequence[str] = ()
) -> tuple[bytes, tuple[str, ...]]:
    """A file with these properties in its XMP, and notes on what could not be kept; no pixel is touched.

    Args:
        data: The file.
        name: What messages call it.
        properties: By their names with the usual prefixes; none: the packet is carried as it is.
        packets: Those to set them in, the first that there is; without one a new packet is written.
        dropped: Names that are taken out.

    Raises:
        CouldNotRestore: the format has no place for XMP, or this file has none.
        CouldNotJudge: the file cannot be read.
    """
    kind = insertion.kind_of(data, name)
    old = next((one for one in packets if one), b"")
    if not old and not properties:
        return data, ()
    made = packet.set_in(old, _unless_said(properties, old), dropped) if old else packet.new(properties)
    if made is not None and len(made) <= insertion.room(kind):
        return insertion.put(data, made, name), ()
    why = "cannot be read to its end" if made is None else f"leaves no room for marks in a {kind}"
    note = f"the XMP that was there {why}, so it was left out" + (" and a new one written" if properties else "")
    if not properties:
        return data, (note,)
    return insertion.put(data, packet.new(properties), name), (note,)


def _unless_said(properties: dict[str, str], old: bytes) -> dict[str, str]:
    """Without what the packet says better: whose picture it is, and that all of it is a model's."""
    read = xmp.parse(old, "")
    all_made = any(source_type(value) == GENERATED for value in read.all(SOURCE_TYPE))
    left = {name for name in (CREDIT_LINE,) if read.first(name)} | ({SOURCE_TYPE} if all_made else set())
    return {name: value for name, value in properties.items() if name not in left}
