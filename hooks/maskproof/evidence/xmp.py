"""XMP: an RDF text about the picture, as a flat list of properties.

Only elements and attributes are taken. A document type, and with it every entity, ends the reading; so does anything
that is no XML, and what stood before it is kept: packets with two roots or undeclared prefixes are common.
Source: ISO 16684-1; XMP specification, part 3 (extended XMP in JPEG).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

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


@dataclass(frozen=True, slots=True)
class Xmp:
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
    text = _utf8(packet[:MAX_BYTES])
    try:
        reader.parser.Parse(b"<root>" + text + b"</root>", True)
    except expat.ExpatError as error:
        reader.broken = f"it is no XML ({expat.errors.messages.get(error.code, 'unknown error')})"
    except _StopError as stop:
        reader.broken = str(stop)
    except ValueError:
        reader.broken = "its letters cannot be read"
    return Xmp(source, tuple((_named(path, reader.prefixes), value) for path, value in reader.found), reader.broken)


def extended(segments: Iterable[bytes], guid: str) -> bytes | None:
    """The extended packet that this digest names, put together; None where a part is missing or two overlap.

    Args:
        segments: What follows the signature in each APP1 segment: digest (32), whole length (4), offset (4), bytes.
        guid: The digest that the main packet names.
    """
    wanted = guid.encode("ascii", "replace")
    parts = sorted((int.from_bytes(one[36:40], "big"), one[40:], one[32:36]) for one in segments if one[:32] == wanted)
    if not parts or len({length for _, _, length in parts}) != 1:
        return None
    whole = b""
    for offset, piece, _ in parts:
        if offset != len(whole):
            return None
        whole += piece
    return whole if len(whole) == int.from_bytes(parts[0][2], "big") else None


class _StopError(Exception):
    """Reading goes no further; the reason."""


class _Reader:
    """Collects properties while expat walks; prefixes are resolved at the end, so that undeclared ones do no harm."""

    def __init__(self) -> None:
        self.found: list[tuple[tuple[str, ...], str]] = []
        self.prefixes: dict[str, str] = {}
        self.broken: str | None = None
        self._path: list[str] = []
        self._text: list[str] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._text = []
        if len(self._path) > MAX_DEPTH:
            raise _StopError(f"its elements are nested more than {MAX_DEPTH} deep")
        for key, value in attributes.items():
            if key.startswith("xmlns"):
                self.prefixes[key[6:]] = value
            elif key == "rdf:resource":
                self._add((), value)
            elif not key.startswith(("rdf:", "xml:", "x:")):
                self._add((key,), value)

    def _end(self, _name: str) -> None:
        if (text := "".join(self._text).strip()) and len(self._path) > 1:
            self._add((), text)
        self._text = []
        self._path.pop()

    def _data(self, text: str) -> None:
        self._text.append(text)

    def _add(self, more: tuple[str, ...], value: str) -> None:
        if len(self.found) >= MAX_PROPERTIES:
            raise _StopError(f"it has more than {MAX_PROPERTIES} properties")
        self.found.append(((*self._path, *more), value))

    @staticmethod
    def _refuse(*_: Any) -> None:
        raise _StopError("it declares a document type or entities, which XMP has none of")


def _named(path: tuple[str, ...], prefixes: dict[str, str]) -> str:
    names = []
    for name in path:
        prefix, colon, local = name.rpartition(":")
        known = PREFIXES.get(prefixes.get(prefix, ""), prefix)
        names.append(f"{known}{colon}{local}")
    return "/".join(name for name in names if name not in STRUCTURE)


def _utf8(packet: bytes) -> bytes:
    """The packet in UTF-8, without an XML declaration (it would stand inside the added root) and without padding."""
    for mark, code in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if packet.startswith(mark):
            packet = packet.decode(code, "replace").encode()
    return DECLARATION.sub(b"", packet.removeprefix(b"\xef\xbb\xbf").rstrip(b"\0"))
