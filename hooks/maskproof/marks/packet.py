"""An XMP packet with properties set in it: all else of it stays as it stands, to the byte.

A packet is read as `evidence.xmp` reads it, inside of an element of our own: no document type, no entities, bounded in
depth and bytes. What cannot be read to its end, or has no place for properties, is not mended: the caller writes a new
packet and says so. Source: ISO 16684-1:2019, clause 7 (RDF/XML of XMP: several `rdf:Description` about one thing).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from msgspec import Struct, field

from maskproof.evidence import xmp

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
SPACES = {prefix: uri for uri, prefix in xmp.PREFIXES.items()}
"""the namespace of each usual prefix"""
ROOT = b"<root>"
ATTRIBUTE = re.compile(rb"\s+([^\s=/>]+)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
TAG = re.compile(rb"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")
"""a start tag: a > may stand within its quotes"""
PADDING = re.compile(rb"\s*(<\?xpacket end=)")
"""white space that writers leave for later changes; up to 4 kB of it"""
NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""what no XML 1.0 text may hold"""
HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'.encode()
END = b'</x:xmpmeta>\n<?xpacket end="w"?>'


def new(properties: Mapping[str, str]) -> bytes:
    """A packet that says this and nothing else; the names have the usual prefixes."""
    inner = b'<rdf:RDF xmlns:rdf="' + RDF.encode() + b'">\n' + _described(properties, "") + b"</rdf:RDF>"
    return HEAD + inner + END


def set_in(packet: bytes, properties: Mapping[str, str], dropped: Collection[str] = ()) -> bytes | None:
    """A packet with properties set, in the place of those of the same names, and others dropped.

    Returns:
        UTF-8 without padding; None where the packet cannot be read to its end or has no room for properties.
    """
    text = xmp.utf8(packet)
    if len(text) > xmp.MAX_BYTES:
        return None
    places = _find(text, {*properties, *dropped})
    if places is None or places.end < 0:
        return None
    cuts = [*places.cuts, (places.end, places.end)]
    pieces, at = [], 0
    for start, end in sorted(cuts):
        pieces += [text[at:start]] if start >= at else []
        pieces += [_described(properties, places.about)] if (start, end) == cuts[-1] else []
        at = max(at, end)
    made = PADDING.sub(rb"\n\1", b"".join([*pieces, text[at:]]))
    read = xmp.parse(made, "")
    held = all(read.all(name) == [value] for name, value in clean(properties).items())
    left = read.all(*set(dropped).difference(properties))
    return made if held and not read.broken and not left else None


def clean(properties: Mapping[str, str]) -> dict[str, str]:
    """The values as XML can hold them, without white space around them."""
    return {
        name: found
        for name, value in properties.items()
        if (found := NO_XML.sub("", value.replace("\r\n", "\n").replace("\r", "\n")).strip())
    }


def _described(properties: Mapping[str, str], about: str) -> bytes:
    said = clean(properties)
    used = sorted({name.partition(":")[0] for name in said})
    spaces = "".join(f" xmlns:{prefix}={quoteattr(SPACES[prefix])}" for prefix in ("rdf", *used))
    lines = "".join(f"  <{name}>{escape(value)}</{name}>\n" for name, value in said.items())
    return f"<rdf:Description rdf:about={quoteattr(about)}{spaces}>\n{lines}</rdf:Description>\n".encode()


class _Places(Struct):
    """Byte ranges in a packet."""

    cuts: list[tuple[int, int]] = field(default_factory=list)
    """what is to go"""
    end: int = -1
    """where the RDF ends"""
    about: str = ""
    """what the packet calls the thing that it is about"""


def _find(text: bytes, names: Collection[str]) -> _Places | None:
    """Where these properties stand at the top of a packet, and where it ends; None where it is no XML."""
    wanted = {f"{SPACES[prefix]} {local}" for prefix, _, local in (name.partition(":") for name in names)}
    places = _Places()
    path: list[str] = []
    starts: list[int] = []
    parser = expat.ParserCreate("utf-8", " ")
    parser.namespace_prefixes = True

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(path) > xmp.MAX_DEPTH:
            raise ValueError
        at = parser.CurrentByteIndex - len(ROOT)
        starts.append(at)
        path.append(" ".join(name.split(" ")[:2]))
        if path[-2:] == [f"{RDF} RDF", f"{RDF} Description"]:
            plain = {" ".join(key.split(" ")[:2]): value for key, value in attributes.items()}
            places.about = places.about or plain.get(f"{RDF} about", "")
            if wanted & plain.keys():
                places.cuts.extend(_attributes(text, at, attributes, wanted))

    def end(_name: str) -> None:
        at, began = parser.CurrentByteIndex - len(ROOT), starts.pop()
        own = path.pop()
        if own == f"{RDF} RDF" and places.end < 0 and text[at : at + 2] == b"</":
            places.end = at
        if own in wanted and path[-2:] == [f"{RDF} RDF", f"{RDF} Description"]:
            closing = text.find(b">", at) + 1 if text[at : at + 2] == b"</" else at
            places.cuts.append((began, closing))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(ROOT + text + b"</root>", True)
    except (expat.ExpatError, ValueError):
        return None
    return places


def _attributes(text: bytes, at: int, attributes: Mapping[str, str], wanted: set[str]) -> list[tuple[int, int]]:
    """Where the attributes that are to go stand in the start tag at a place."""
    split = (key.split(" ") for key in attributes)
    raw = {f"{one[2]}:{one[1]}".encode() for one in split if len(one) > 2 and " ".join(one[:2]) in wanted}  # noqa: PLR2004
    if (tag := TAG.match(text, at)) is None:
        return []
    return [one.span() for one in ATTRIBUTE.finditer(text, at, tag.end()) if one.group(1) in raw]
