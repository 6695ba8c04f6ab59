"""XMP: an RDF text about the picture, as a flat list of properties.

Only elements and attributes are taken. A packet is read inside of an element of our own: there no document type can
stand, and with it no entity, while packets with two roots are common. What is no XML ends the reading, and what stood
before it is kept.
Source: ISO 16684-1; XMP specification, part 3 (extended XMP in JPEG).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers import expat

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_DEPTH = 64
MAX_PROPERTIES = 20_000
"""real packets have up to 3,000, most of them in an edit history"""
MAX_BYTES = 4_000_000
PREFIXES = {
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xap/1.0/sType/ResourceRef#": "stRef",
    "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#": "stEvt",
    "http://ns.adobe.com/xmp/note/": "xmpNote",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://www.tc260.org.cn/ns/AIGC/1.0/": "TC260",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "adobe:ns:meta/": "x",
}
"""the usual prefix of each namespace; writers choose their own"""
STRUCTURE = frozenset({"rdf:RDF", "rdf:Description", "rdf:Bag", "rdf:Seq", "rdf:Alt", "rdf:li", "x:xmpmeta", "root"})
"""names that hold properties and are none"""
DECLARATION = re.compile(rb"<\?xml[^>]{0,200}\?>")


class Xmp(Struct, frozen=True):
    """What a packet says."""

    source: str
    """where it stands, for a reader"""
    properties: tuple[tuple[str, str], ...] = ()
    """(path, value): `xmpMM:DerivedFrom/stRef:instanceID` is a field of a structure; values of a list share a path"""
    broken: str | None = None
    """why it could not be read to its end"""

    def all(self, *paths: str) -> list[str]:
        """Every value of these properties."""
        return [value for path, value in self.properties if path in paths]

    def first(self, *paths: str) -> str | None:
        """The first value of these properties."""
        return next(iter(self.all(*paths)), None)


def parse(packet: bytes, source: str) -> Xmp:
    """The properties of a packet. Never raises; a packet that cannot be read to its end says so in `broken`."""
    reader = _Reader()
    text = utf8(packet[:MAX_BYTES])
    try:
        reader.parser.Parse(b"<root>" + text + b"</root>", True)
    except expat.ExpatError as error:
        reader.broken = f"it is no XML ({expat.errors.messages.get(error.code, 'unknown error')})"
    except _StopError as stop:
        reader.broken = str(stop)
    except ValueError:
        reader.broken = "its letters cannot be read"
    return Xmp(source, tuple(reader.found), reader.broken)


def join_extended(segments: Iterable[bytes], guid: str) -> bytes | None:
    """The extended packet that this digest names, put together; None where a part is missing or two overlap.

    Args:
        segments: What follows the signature in each APP1 segment: digest (32), whole length (4), offset (4), bytes.
        guid: The digest that the main packet names.
    """
    wanted = guid.encode("ascii", "replace")
    parts = sorted((int.from_bytes(one[36:40], "big"), one[40:], one[32:36]) for one in segments if one[:32] == wanted)
    if not parts or len({length for _, _, length in parts}) != 1:
        return None
    end = 0
    for offset, piece, _ in parts:
        if offset != end:
            return None
        end += len(piece)
    return b"".join(piece for _, piece, _ in parts) if end == int.from_bytes(parts[0][2], "big") else None


class _StopError(Exception):
    """Reading goes no further; the reason."""


class _Reader:
    """Collects properties while expat walks; it names them itself, so that undeclared prefixes do no harm."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self.broken: str | None = None
        self._prefixes: dict[str, str] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._prefixes |= {key[6:]: value for key, value in attributes.items() if key.startswith("xmlns")}
        self._path.append(self._qualify(name))
        self._text = []
        if len(self._path) > MAX_DEPTH:
            raise _StopError(f"its elements are nested more than {MAX_DEPTH} deep")
        for key, value in attributes.items():
            named = self._qualify(key)
            if named == "rdf:resource":
                self._add("", value)
            elif not named.startswith(("xmlns", "rdf:", "xml:", "x:")):
                self._add(named, value)

    def _end(self, _name: str) -> None:
        if (text := "".join(self._text).strip()) and len(self._path) > 1:
            self._add("", text)
        self._text = []
        self._path.pop()

    def _data(self, text: str) -> None:
        self._text.append(text)

    def _add(self, more: str, value: str) -> None:
        if len(self.found) >= MAX_PROPERTIES:
            raise _StopError(f"it has more than {MAX_PROPERTIES} properties")
        path = "/".join(name for name in (*self._path, more) if name and name not in STRUCTURE)
        self.found.append((path, value))

    def _qualify(self, name: str) -> str:
        """The name with the usual prefix of its namespace, or as it stands."""
        prefix, colon, local = name.rpartition(":")
        return f"{PREFIXES.get(self._prefixes.get(prefix, ''), prefix)}{colon}{local}"


def utf8(packet: bytes) -> bytes:
    """The packet in UTF-8, without an XML declaration (it would stand inside the added root) and without padding."""
    for mark, code in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if packet.startswith(mark):
            packet = packet.decode(code, "replace").encode()
    return DECLARATION.sub(b"", packet.removeprefix(b"\xef\xbb\xbf").rstrip(b"\0"))
