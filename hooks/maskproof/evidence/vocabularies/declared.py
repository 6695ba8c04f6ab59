"""What XMP and IPTC metadata declare: source types, AI properties, credits, China's AIGC label, ids of other files.

Sources: IPTC Photo Metadata Standard 2025.1 (Digital Source Type, AI System Used and its siblings); GB 45438-2025,
annex E, for the AIGC label; XMP specification, part 2, for xmpMM; credits as Google, Apple and Meta write them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from maskproof.evidence.carriers import tree_of
from maskproof.evidence.vocabularies.words import AI_SOURCE_TYPES, GENERATORS, MIN_ID_CHARS, means_ai, source_type
from maskproof.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.evidence.carriers import Carried
    from maskproof.evidence.xmp import Xmp

AI_PROPERTIES = ("AISystemUsed", "AISystemVersionUsed", "AIPromptInformation", "AIPromptWriterName")
"""IPTC 2025.1: each is there only where a model was used"""
CREDIT = re.compile(
    r"^\s*(?:made|created|generated|edited|imagined) (?:with|by|using) (?:google ai|meta ai|ai)\s*$"
    r"|^\s*apple photos (?:clean ?up|generative edit)\s*$|^\s*apple image playground\s*$",
    re.IGNORECASE,
)
EDITED = re.compile(r"edited|clean ?up|generative edit", re.IGNORECASE)
IPTC_CREDITS = {"2:110": "credit", "2:115": "source", "2:80": "by-line", "2:65": "program"}
AIGC_MEANS = {"1": "AI made it", "2": "AI probably made it", "3": "suspected to be AI"}
"""values of `Label`: declared by the producer; declared by the uploader; found by the platform that spreads it"""
SUSPECTED = "3"
AIGC_NAMES = {"ContentProducer", "ProduceID", "ContentPropagator", "ServiceProvider"}
"""keys of a label without `Label`, as Tencent writes it"""
COMPANY = slice(4, 22)
"""where the code of a company stands in that of a producer: behind `001` and a digit for its kind, before five digits
for the service; GB 32100-2015 for its 18 characters"""
PRODUCERS = {
    "91110000802100433B": "Baidu",
    "91110102MACQD9K640": "Doubao (ByteDance)",
    "91440300MA5G49LC9K": "Honor",
    "9144030008867405X2": "Jimeng (ByteDance)",
    "91110108335469089C": "Kling (Kuaishou)",
    "91110105MACJ6K1C8A": "LiblibAI",
    "91440101MA9Y9T4H7A": "Qwen (Alibaba)",
    "91340100MAEB4N8H76": "RunningHub",
    "91110108MACC4D63XF": "Vidu (ShengShu)",
    "91330106MA2CFLDG4R": "Wan (Alibaba)",
    "91440300708461136T": "Yuanbao (Tencent)",
}
"""companies by their code in labels, as the service that most of their pictures come from. Source: files of these
services, collected in wiltodelta/remove-ai-watermarks `tc260_producers`, October 2026"""
PACKED = "compressed metadata"
"""the source of a sign that was not read"""
DERIVED = ("xmpMM:DerivedFrom/stRef:instanceID", "xmpMM:DerivedFrom/stRef:documentID")
OWN = ("xmpMM:InstanceID", "xmpMM:DocumentID", "xmpMM:OriginalDocumentID")


def signs(carried: Carried) -> list[Evidence]:
    """What the file declares about itself."""
    found = [sign for packet in carried.xmp for sign in _of_packet(packet)]
    if carried.packed:
        said = f"the box `brob` holds {' and '.join(dict.fromkeys(carried.packed))}, which was not read"
        found.append(Evidence(PACKED, said, ai=None, confidence="low"))
    for number, text in carried.iptc:
        if number in IPTC_CREDITS and (CREDIT.match(text) or GENERATORS.search(text)):
            source = f"IPTC {IPTC_CREDITS[number]}"
            found.append(Evidence(source, text[:200], ai=True, edit=bool(EDITED.search(text)) or None))
    for one in carried.texts:
        if one.key in {"AIGC", "TC260:AIGC"} or ('"AIGC"' in one.text and one.tree.get("AIGC")):
            found += _aigc(one.text, one.source)
    return found


def ids(packet: Xmp) -> set[str]:
    """The ids by which other files may name the one with this packet."""
    return {one for one in packet.all(*OWN) if len(one) >= MIN_ID_CHARS}


def _of_packet(packet: Xmp) -> Iterator[Evidence]:
    if packet.broken:
        yield Evidence(packet.source, f"XMP that cannot be read to its end: {packet.broken}", ai=None, confidence="low")
    said = {path.rpartition(":")[2]: value for path, value in reversed(packet.properties)}
    system = said.get("AISystemUsed")
    if used := [name for name in AI_PROPERTIES if said.get(name)]:
        yield Evidence(packet.source, f"IPTC {', '.join(used)}", ai=True, generator=system)
    for path, value in packet.properties:
        name = path.rpartition(":")[2]
        if name in {"DigitalSourceType", "DigitalSourceFileType"} and (kind := source_type(value)):
            ai = means_ai(kind)
            maker = (system or packet.first("xmp:CreatorTool", "photoshop:Credit")) if ai else None
            yield Evidence(packet.source, kind, ai=ai, edit=AI_SOURCE_TYPES.get(kind), generator=maker)
        elif path in {"photoshop:Credit", "dc:creator", "photoshop:Source"} and CREDIT.match(value):
            yield Evidence(packet.source, f"{path}: {value[:200]}", ai=True, edit=bool(EDITED.search(value)) or None)
        elif name == "ContainsAiGeneratedContent":
            # Canva writes it into every export: Yes, or No.
            yes = value.strip().casefold() == "yes"
            yield Evidence(packet.source, f"{name}: {value[:20]}", ai=yes, generator="Canva" if yes else None)
        elif path == "TC260:AIGC":
            yield from _aigc(value, packet.source)
    yield from _find_parent(packet)


def _find_parent(packet: Xmp) -> Iterator[Evidence]:
    own = set(packet.all("xmpMM:InstanceID"))
    for path in DERIVED:
        parent = packet.first(path)
        if parent and len(parent) >= MIN_ID_CHARS and parent not in own:
            yield Evidence(packet.source, f"derived from {parent[:200]!a}", ai=None, parent=parent[:200])
            return


def _aigc(text: str, source: str) -> Iterator[Evidence]:
    """The AIGC label: a JSON object, by itself or under its name, in which `Label` says how sure it is."""
    label = tree_of(text)
    if isinstance(inner := label.get("AIGC"), dict | str):
        label = tree_of(inner) if isinstance(inner, str) else inner
    value = str(label.get("Label", ""))[:2]
    if value in AIGC_MEANS:
        yield Evidence(
            source,
            f"AIGC label {value}: {AIGC_MEANS[value]}",
            ai=True,
            generator=_producer(label.get("ContentProducer")),
            confidence="low" if value == SUSPECTED else "medium",
        )
    elif "Label" not in label and (label.keys() & AIGC_NAMES or not label):
        yield Evidence(source, "an AIGC label that does not say how sure it is", ai=True)


def _producer(code: Any) -> str | None:
    """The service behind a producer's code; the code itself where it is not known, or is a name already."""
    if not isinstance(code, str) or not code:
        return None
    return PRODUCERS.get(code[COMPANY].upper(), code[:100]) if code.startswith("001") else code[:100]
