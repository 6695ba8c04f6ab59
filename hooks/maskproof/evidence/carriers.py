"""Carriers: where each format keeps what tools write: named texts, XMP, C2PA manifests, EXIF, IPTC, bytes at the end.

Everything that a file carries is brought into one shape, `Carried`, so that a vocabulary does not ask for the format.
A new place to look is a function here and a line in `collect`. All sizes are bounded: a text unfolds to 1 MB, all texts
of a file to 8 MB together, and 20,000 texts are read.
"""

from __future__ import annotations

import binascii
import json
import re
import zlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from maskproof.errors import TooLarge
from maskproof.evidence import exif
from maskproof.evidence.xmp import Xmp, join_extended, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.images.containers import Container
    from maskproof.model import Read

MAX_TEXT = 8_000_000
"""bytes that one compressed text may unfold to; ComfyUI workflows have 10 to 300 kB, and megabytes where a node holds
a picture"""
MAX_TEXTS = 32_000_000
"""bytes that all texts of a file may unfold to together: 800 kB of chunks could hold 800 MB"""
MAX_PROSE = 1_000_000
"""characters that are read of a text that is no JSON: words say what they say at their beginning"""
BRACE_WITHIN = 100
"""characters in which a JSON object begins: some write the name of the text before it"""
MAX_COUNT = 20_000
"""texts that are read, and datasets of IPTC"""
XMP_FILES, C2PA_FILES = (".xmp", ".XMP"), (".c2pa",)
"""endings of files beside an image that speak of it"""
MAX_TRAILER = 4_000_000
"""bytes behind the picture that are looked at"""
XMP_SEGMENT = b"http://ns.adobe.com/xap/1.0/\0"
XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
XMP_KEY = "XML:com.adobe.xmp"
C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""the ISO box that holds a C2PA manifest; C2PA 2.1, section 11.3.3"""
OWN_STORE = "C2PA manifest"
"""the source of a store in the file itself; others stand beside it"""
GIF_RAMP = b"\1\xff\xfe\xfd\xfc"
"""how the bytes begin that lead readers of sub-blocks out of an XMP packet in a GIF"""
MANIFEST_BLOCKS = {
    "PNG": ("caBX", b""),
    "WEBP": ("C2PA", b""),
    "TIFF": ("52545", b""),
    "GIF": ("21FF", b"C2PA_GIF\1\0\0"),
}
"""the block that holds a manifest whole, and what stands in it first"""
PHOTOSHOP = b"Photoshop 3.0\0"
IPTC_RESOURCE = 0x0404
PACKED_NAMES = {b"Exif": "EXIF", b"xml ": "XMP", b"jumb": "a C2PA manifest"}
"""what compressed boxes hold, by their name"""
RAW_PROFILE = re.compile(r"\n\s*(\S{1,40})\n\s*(\d{1,9})\n([0-9a-fA-F\s]*)")
"""how ImageMagick keeps EXIF, XMP and IPTC in a PNG text: a name, a length, then hexadecimal digits"""


class Text(Struct, frozen=True, dict=True):
    """One text with a name."""

    source: str
    """where it stands, for a reader: "PNG text `parameters`", "EXIF UserComment" """
    key: str
    """its name there"""
    text: str

    @cached_property
    def tree(self) -> dict[str, Any]:
        """The text as a JSON object; empty where it is none. Tools write NaN: a strict reader would lose real files."""
        return tree_of(self.text)


class Carried(Struct, frozen=True):
    """What one file carries, whatever its format."""

    size: tuple[int, int] = (0, 0)
    """width and height in pixels, as stored"""
    texts: tuple[Text, ...] = ()
    xmp: tuple[Xmp, ...] = ()
    """the file's own packet first, then those of files beside it"""
    manifests: tuple[tuple[str, bytes], ...] = ()
    """(source, C2PA manifest store)"""
    iptc: tuple[tuple[str, str], ...] = ()
    """(`2:110`, text) of the IPTC-IIM record"""
    packed: tuple[str, ...] = ()
    """boxes of metadata that are compressed and were not read, by name"""
    trailer: bytes = b""
    """bytes behind the picture, or what phones keep there"""

    def of(self, *keys: str) -> list[Text]:
        """The texts with these names."""
        return [one for one in self.texts if one.key in keys]


def collect(container: Container, data: bytes, name: str, read: Read | None) -> Carried:
    """All that a file and its neighbours carry.

    Raises:
        TooLarge: a text that may be a graph unfolds to more than is read of it.
    """
    named = _png_texts(container, name)
    profiles = _raw_profiles(named)
    block = _exif(container) or profiles.get("exif", b"")
    photoshop = _photoshop(container) or profiles.get("iptc", b"")
    packets = _packets(container, named, profiles)
    packets += [parse(found, f"XMP file {beside}") for beside, found in _beside(name, read, XMP_FILES)]
    found = [_text(f"PNG text `{key[:40]}`", key, text) for key, text in named if key != XMP_KEY]
    found += [_text(f"EXIF {tag}", tag, text) for tag, text in exif.texts(container, block)]
    found += [_text(source, "comment", text) for source, text in _comments(container)]
    found += [
        _text(f"{one.source} {path}", path, value)
        for one in packets
        for path, value in one.properties
        if path in {"exif:UserComment", "dc:description", "tiff:ImageDescription"}
    ]
    end = len(data) - max(container.trailing, 0)
    stores = [(OWN_STORE, own)] if (own := manifest(container)) else []
    stores += [(f"C2PA file {beside}", one) for beside, one in _beside(name, read, C2PA_FILES)]
    return Carried(
        (container.width, container.height),
        tuple(found),
        tuple(packets),
        tuple(stores),
        tuple(_iptc(photoshop)),
        tuple(PACKED_NAMES[one.data] for one in container.blocks if one.kind == "brob"),
        container.first("sefd") or data[end : end + MAX_TRAILER],
    )


def _text(source: str, key: str, text: str) -> Text:
    """A text as far as it is read."""
    return Text(source, key, text if "{" in text[:BRACE_WITHIN] else text[:MAX_PROSE])


def manifest(container: Container) -> bytes:
    """The C2PA manifest store (JUMBF boxes); empty where there is none."""
    if container.format == "JPEG":
        return _jpeg_manifest(container)
    if container.format in {"AVIF", "HEIC"}:
        return _boxed_manifest(container)
    if container.format == "JXL":
        return next(
            (_box(one.data) for one in container.blocks if one.kind == "jumb" and b"c2pa" in one.data[:64]), b""
        )
    return next(_after(container, *MANIFEST_BLOCKS.get(container.format, ("", b""))), b"")


def _after(container: Container, kind: str, mark: bytes) -> Iterator[bytes]:
    """What follows a mark in each block of one kind that begins with it."""
    return (one.data[len(mark) :] for one in container.blocks if one.kind == kind and one.data.startswith(mark))


def tree_of(text: str) -> dict[str, Any]:
    """A JSON object; empty where the text is none."""
    text = text.strip("\0 \t\r\n")  # some end it as a C string
    if not text.startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _jpeg_manifest(container: Container) -> bytes:
    """Segments by box number, in the order they are numbered; each repeats the head of the box that it continues."""
    boxes: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for block in container.blocks:
        if block.kind == "APP11" and block.data[:2] == b"JP" and block.data[12:16] == b"jumb":
            boxes.setdefault(block.data[2:4], []).append((block.data[4:8], block.data[8:]))
    for parts in boxes.values():
        (_, first), *others = sorted(parts, key=lambda part: part[0])
        if b"c2pa" in first[8:40]:
            head = 16 if first[:4] == b"\0\0\0\1" else 8
            return first + b"".join(part[head:] for _, part in others)
    return b""


def _boxed_manifest(container: Container) -> bytes:
    """The store in a `uuid` box: version and flags, a purpose that ends with 0, an offset, then the boxes."""
    for block in container.blocks:
        if block.kind == "uuid" and block.data.startswith(C2PA_UUID):
            purpose, _, rest = block.data[20:].partition(b"\0")
            if purpose == b"manifest":
                return rest[8:]
    return b""


def _box(content: bytes) -> bytes:
    """What a JUMBF box holds, as the box itself."""
    return (8 + len(content)).to_bytes(4, "big") + b"jumb" + content


def packet(container: Container) -> bytes:
    """The XMP packet in the file itself, as its bytes stand there; empty where there is none."""
    named = _png_texts(container, "the picture")
    return _packet(container, named, _raw_profiles(named))


def _packet(container: Container, named: list[tuple[str, str]], profiles: dict[str, bytes]) -> bytes:
    if container.format == "JPEG":
        return next(_after(container, "APP1", XMP_SEGMENT), b"")
    if container.format == "PNG":
        found = next((text.encode() for key, text in named if key == XMP_KEY), b"")
    else:
        found = container.first("700" if container.format == "TIFF" else "XMP ") or b""
        if container.format == "GIF":
            found = found.partition(GIF_RAMP)[0]
    return found or profiles.get("xmp", b"")


def _packets(container: Container, named: list[tuple[str, str]], profiles: dict[str, bytes]) -> list[Xmp]:
    own = _packet(container, named, profiles)
    packets = [parse(own, "XMP")] if own else []
    if container.format != "JPEG":
        return packets
    guid = packets[0].first("xmpNote:HasExtendedXMP") if packets else None
    if guid:
        more = join_extended(_after(container, "APP1", XMP_EXTENSION), guid)
        packets.append(
            parse(more, "extended XMP")
            if more is not None
            else Xmp("extended XMP", broken="parts of it are missing or stand in each other's place")
        )
    return packets


def _png_texts(container: Container, name: str) -> list[tuple[str, str]]:
    """tEXt, zTXt and iTXt, in file order, as (name, text)."""
    if container.format != "PNG":
        return []
    found: list[tuple[str, str]] = []
    room = MAX_TEXTS
    for block in container.blocks:
        if block.kind in {"tEXt", "zTXt", "iTXt"} and len(found) < MAX_COUNT:
            key, text, cut = _png_text(block.kind, block.data, min(room, MAX_TEXT))
            # Of prose the beginning says enough; of JSON nothing is known without its end.
            if cut and text.lstrip()[:1] in {"", "{"}:
                raise TooLarge(
                    f"{name} carries a text `{key[:40]}` that unfolds to more than can be read of it "
                    f"({MAX_TEXT // 10**6} MB, of all texts {MAX_TEXTS // 10**6}), so what it says of AI is not known",
                    "Save it without pictures in its workflow.",
                )
            found.append((key, text))
            room -= len(text)
    return found


def _png_text(kind: str, data: bytes, room: int) -> tuple[str, str, bool]:
    """Name and text of a chunk, and whether there was more of it."""
    key, _, text = data.partition(b"\0")
    packed = kind == "zTXt" or (kind == "iTXt" and text[:1] == b"\1")
    text = {"tEXt": text, "zTXt": text[1:], "iTXt": text[2:].split(b"\0", 2)[-1]}[kind]
    whole = _inflate(text, room + 1) if packed else text
    return key.decode("latin-1"), whole[:room].decode("utf-8", "replace"), len(whole) > room


def _inflate(data: bytes, room: int) -> bytes:
    """Inflated up to `room` bytes; a broken stream gives nothing."""
    try:
        return zlib.decompressobj().decompress(data, room)
    except zlib.error:
        return b""


def _raw_profiles(named: list[tuple[str, str]]) -> dict[str, bytes]:
    """EXIF, XMP and IPTC that ImageMagick keeps as hexadecimal digits in PNG texts."""
    found: dict[str, bytes] = {}
    for key, text in named:
        if key.startswith("Raw profile type ") and (match := RAW_PROFILE.match(text)):
            try:
                raw = binascii.unhexlify("".join(match.group(3).split()))
            except binascii.Error:
                continue
            if raw.startswith(XMP_SEGMENT):
                found["xmp"] = raw[len(XMP_SEGMENT) :]
            elif key.endswith((" exif", " APP1")):
                found["exif"] = _tiff_of(raw)
            else:
                found[key.removeprefix("Raw profile type ")] = raw
    return found


def _exif(container: Container) -> bytes:
    if container.format == "JPEG":
        own = (one.data for one in container.blocks if one.kind == "APP1" and one.data.startswith(b"Exif\0"))
        return _tiff_of(next(own, b""))
    if container.format == "TIFF":
        return b""
    return _tiff_of(container.first({"PNG": "eXIf", "WEBP": "EXIF"}.get(container.format, "Exif")) or b"")


def _tiff_of(block: bytes) -> bytes:
    """The TIFF structure in an EXIF block; formats put up to ten bytes before it."""
    starts = [at for mark in (b"II*\0", b"MM\0*") if (at := block[:32].find(mark)) >= 0]
    return block[min(starts) :] if starts else b""


def _comments(container: Container) -> Iterator[tuple[str, str]]:
    for block in container.blocks:
        if block.kind in {"COM", "21FE"}:  # of a JPEG, of a GIF
            yield f"{container.format} comment", block.data[:MAX_TEXT].decode("utf-8", "replace").strip("\0 \r\n")


def _photoshop(container: Container) -> bytes:
    """The Photoshop resources (8BIM) of a JPEG or a TIFF, or a bare IPTC record in a TIFF."""
    resources = b"".join(_after(container, "APP13", PHOTOSHOP))
    return resources or container.first("34377") or container.first("33723") or b""


def _iptc(data: bytes) -> Iterator[tuple[str, str]]:
    """Datasets of IPTC-IIM as (`record:number`, text). Source: IPTC-NAA IIM 4.2, chapter 1; Photoshop file formats."""
    record = data if data[:1] == b"\x1c" else b""
    offset = 0
    while data[offset : offset + 4] == b"8BIM":
        number, name = int.from_bytes(data[offset + 4 : offset + 6], "big"), data[offset + 6 : offset + 7]
        start = offset + 6 + (1 + (name[0] if name else 0) + 1 & ~1)
        length = int.from_bytes(data[start : start + 4], "big")
        if number == IPTC_RESOURCE:
            record = data[start + 4 : start + 4 + length]
        offset = start + 4 + (length + 1 & ~1)
    at = 0
    for _ in range(MAX_COUNT):
        if record[at : at + 1] != b"\x1c" or at + 5 > len(record):
            break
        length = int.from_bytes(record[at + 3 : at + 5], "big")
        yield f"{record[at + 1]}:{record[at + 2]}", record[at + 5 : at + 5 + length].decode("utf-8", "replace")
        at += 5 + length


def neighbours(name: str) -> tuple[str, ...]:
    """Paths of the files beside an image that may speak of it."""
    return tuple(path for endings in (XMP_FILES, C2PA_FILES) for path in _paths_beside(name, endings))


def _paths_beside(name: str, endings: tuple[str, ...]) -> list[str]:
    stem = name.rpartition(".")[0] if "." in name.rpartition("/")[2] else name
    return list(dict.fromkeys(base + ending for base in (name, stem) for ending in endings))


def _beside(name: str, read: Read | None, endings: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Files beside the image: `hero.png.xmp`, then `hero.xmp`."""
    if read is None:
        return
    for path in _paths_beside(name, endings):
        found = read(path)
        if found and len(found) <= MAX_TRAILER:
            yield path, found
