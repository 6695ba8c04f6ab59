"""AVIF: ISO base media boxes. Source: AV1 Image File Format 1.1; ISO/IEC 14496-12, 23008-12.

A file holds items (pictures, parts of them, metadata) and properties (size, colours, a turn) that are handed to items
by number. What a viewer shows is the primary item with its own properties; all that could be shown in its place counts
as a further frame.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from maskproof.errors import Unreadable
from maskproof.images.containers.block import MAX_METADATA, Block, Container, cut_short, twice, unpack
from maskproof.model import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator

BRANDS = frozenset({b"avif", b"avis"})
NESTED = frozenset({"meta", "iprp", "ipco"})
PIXELS = frozenset({"mdat", "moov"})
MAX_BOXES = MAX_ITEMS = 4096
MAX_DEPTH = 4
"""levels of boxes within boxes; the deepest that is walked is meta, iprp, ipco, and a property in it"""
INDEXES = ("pitm", "iinf", "iloc", "ipma", "iref")
"""boxes that say which item is what; at most one each"""
PICTURES = frozenset({b"av01", b"grid"})
"""item types that browsers show"""
UNSHOWN = frozenset({b"Exif", b"mime", b"uri ", b"\0\0\0\0"})
"""item types that are no pictures"""
GAIN_MAP = b"tmap"
SIMPLE = frozenset(
    ("ispe", "pixi", "av1C", "colr", "irot", "imir", "auxC", "pasp", "a1lx", "clli", "mdcv", "cclv", "amve")
)
"""properties of a picture that all viewers show alike; clap (crop), lsel and a1op (layers) are not among them"""
TURNED = {
    (0, None): 1,
    (1, None): 8,
    (2, None): 3,
    (3, None): 6,
    (0, 0): 4,
    (0, 1): 2,
    (1, 0): 5,
    (1, 1): 7,
    (2, 0): 2,
    (2, 1): 4,
    (3, 0): 7,
    (3, 1): 5,
}
"""EXIF orientation by quarter turns against the clock (irot) and the axis of a mirror (imir; 0: top becomes bottom)"""


@dataclass(frozen=True, slots=True)
class _Items:
    """What the indexes say."""

    kinds: dict[int, bytes]
    mimes: dict[int, bytes]
    """behind an item's type: its name and content type"""
    places: dict[int, list[tuple[int, int]]]
    """start and length of each piece in the file; absent where it lies elsewhere"""
    links: list[tuple[bytes, int, tuple[int, ...]]]
    """kind of a reference, the item it is from, those it leads to"""


def matches(data: bytes) -> bool:
    return has_brand(data, BRANDS)


def has_brand(data: bytes, brands: frozenset[bytes]) -> bool:
    """Does the file type box name one of these brands?"""
    length = int.from_bytes(data[:4], "big")
    if data[4:8] != b"ftyp" or not 16 <= length <= 256:  # noqa: PLR2004
        return False
    return any(data[at : at + 4] in brands for at in (8, *range(16, length, 4)))


def read(data: bytes, name: str) -> Container:
    """An AVIF file; an image sequence (`moov`) counts as more than one frame."""
    found, boxes, properties = _walked(data, name)
    if found.frames > 1:
        return found
    try:
        return _shown(data, found, boxes, properties, name)
    except (struct.error, IndexError, Unreadable):
        return replace(found, doubt="has an index of pictures that is broken")


def read_metadata(data: bytes, name: str) -> Container:
    """Boxes of a file of this family, its largest picture taken for the one that is shown."""
    return _walked(data, name)[0]


def _walked(data: bytes, name: str) -> tuple[Container, list[Block], list[Block]]:
    """A file of this family, its boxes without properties, and its properties in the order of their numbers."""
    properties: list[Block] = []
    boxes = list(_boxes(data, 0, len(data), name, properties))
    sizes = [unpack(">II", box.data, 4, name) for box in properties if box.kind == "ispe"]
    if not sizes:
        raise Unreadable(f"{name} holds no AVIF picture", "Export the picture again.")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    frames = 2 if any(box.kind == "moov" for box in boxes) else 1
    return Container("AVIF", width, height, frames, (*_kept(data, boxes), *properties)), boxes, properties


def _shown(data: bytes, found: Container, boxes: list[Block], properties: list[Block], name: str) -> Container:
    """The file with what is known of the picture that is shown; raises struct.error, IndexError or Unreadable."""
    index = {box.kind: box.data for box in boxes}
    items = _items(index)
    primary = int.from_bytes(index.get("pitm", b"")[4:], "big")
    own = [properties[number - 1] for number in _associated(index.get("ipma", b""), primary) if number]
    others, gain = _others(items, primary)
    doubt = twice((box.kind for box in boxes), INDEXES, "boxes") or _doubt(own)
    if items.kinds.get(primary) not in PICTURES:
        doubt = "names no picture of its own as the one to show"
    if doubt:
        return replace(found, doubt=doubt)
    ((width, height),) = (unpack(">II", box.data, 4, name) for box in own if box.kind == "ispe")
    kept = tuple(box for box in found.blocks if box not in properties)
    said = {box.kind: box.data[0] for box in own if box.kind in {"irot", "imir"}}
    turned = TURNED[said.get("irot", 0) & 3, said["imir"] & 1 if "imir" in said else None]
    gain_map = _digest(data, items, gain)
    return Container("AVIF", width, height, 1 + len(others), (*kept, *own), gain_map=gain_map, orientation=turned)


def _doubt(own: list[Block]) -> str:
    """Properties of the picture that is shown which viewers follow in different ways, or not at all."""
    kinds = [f"{box.kind} {box.data[:4].decode('latin-1')}" if box.kind == "colr" else box.kind for box in own]
    kinds = [kind.replace("rICC", "prof") for kind in kinds]
    if doubled := twice(kinds, kinds, "properties"):
        return doubled
    strange = [box.kind for box in own if box.kind not in SIMPLE]
    strange += ["pasp" for box in own if box.kind == "pasp" and box.data[:4] != box.data[4:8]]
    if strange or "ispe" not in kinds:
        return f"is not shown by all viewers as its {(strange or ['ispe'])[0]} property asks"
    if "imir" in kinds and "irot" in kinds[kinds.index("imir") :]:
        return "is mirrored before it is turned, which viewers do in another order"
    return ""


def _others(items: _Items, primary: int) -> tuple[list[int], list[int]]:
    """Items that could be shown in the place of the primary one, and those that make up a gain map."""
    maps = [item for item, kind in items.kinds.items() if kind == GAIN_MAP]
    parts = {to for kind, item, found in items.links if kind == b"dimg" and item == primary for to in found}
    of_map = {to for kind, item, found in items.links if kind == b"dimg" and item in maps for to in found} - {primary}
    of_map |= {to for kind, item, found in items.links if kind == b"dimg" and item in of_map for to in found}
    beside = {item for kind, item, found in items.links if kind in {b"auxl", b"thmb"} for _ in found}
    parts |= {to for kind, item, found in items.links if kind == b"dimg" and item in beside for to in found}
    known = {primary, *parts, *of_map, *maps, *beside}
    others = [item for item, kind in items.kinds.items() if item not in known and kind not in UNSHOWN]
    # Of two alphas one reader takes the first, another the last.
    others += [item for kind, item, found in items.links if kind == b"auxl" and primary in found][1:]
    return others, [*maps, *sorted(of_map)] if maps else []


def _digest(data: bytes, items: _Items, gain: list[int]) -> str:
    """The digest of a gain map's bytes; of all of the file where they are not to be found."""
    if not gain:
        return ""
    pieces = [data[start : start + length] for item in gain for start, length in items.places.get(item, [])]
    return sha256_of(b"".join(pieces) if all(item in items.places for item in gain) else data)


def _kept(data: bytes, boxes: list[Block]) -> list[Block]:
    """Boxes without pixels; EXIF and XMP, which lie among the pixels, as blocks named `Exif` and `XMP `."""
    kept = [box for box in boxes if box.kind not in PIXELS]
    index = {box.kind: box.data for box in boxes if box.kind in {"iinf", "iloc"}}
    try:
        items = _items(index)
    except (struct.error, Unreadable):  # a broken index, on which no pixel of other formats of the family depends
        return kept
    for item, kind in items.kinds.items():
        named = "Exif" if kind == b"Exif" else "XMP " if b"application/rdf+xml" in items.mimes[item] else ""
        places = items.places.get(item, [])
        if named and len(places) == 1:
            ((start, length),) = places
            if length <= MAX_METADATA and start + length <= len(data):
                kept.append(Block(named, start, data[start : start + length]))
    return kept


def _items(index: dict[str, bytes]) -> _Items:
    """What the boxes of the index say; raises struct.error or Unreadable where they are broken."""
    kinds, mimes = _item_kinds(index.get("iinf", b""))
    places = _item_places(index["iloc"]) if kinds and "iloc" in index else {}
    return _Items(kinds, mimes, places, _links(index.get("iref", b"")))


def _item_kinds(iinf: bytes) -> tuple[dict[int, bytes], dict[int, bytes]]:
    """Type of each item, and the names behind it (ISO/IEC 14496-12, 8.11.6)."""
    wide = bool(iinf) and iinf[0] > 0
    offset = 8 if wide else 6
    kinds, mimes = {}, {}
    for _ in range(MAX_ITEMS):
        if offset + 20 > len(iinf):
            break
        length, kind, version = struct.unpack_from(">I4sB", iinf, offset)
        number = ">H" if version == 2 else ">I"  # noqa: PLR2004 - versions 0 and 1 have no item types
        if length < 20 or kind != b"infe" or version < 2:  # noqa: PLR2004
            break
        (item,) = struct.unpack_from(number, iinf, offset + 12)
        named = iinf[offset + 12 + struct.calcsize(number) + 2 : offset + length]
        kinds[item], mimes[item] = named[:4], named[4:] if named.startswith(b"mime") else b""
        offset += length
    return kinds, mimes


def _item_places(iloc: bytes) -> dict[int, list[tuple[int, int]]]:
    """Where items lie in the file, piece by piece (ISO/IEC 14496-12, 8.11.3)."""
    version, _, sizes, more = struct.unpack_from(">B3sBB", iloc)
    offset_size, length_size, base_size = sizes >> 4, sizes & 15, more >> 4
    index_size = more & 15 if version else 0
    short = version < 2  # noqa: PLR2004
    (count,) = struct.unpack_from(">H" if short else ">I", iloc, 6)
    at = 8 if short else 10
    found: dict[int, list[tuple[int, int]]] = {}

    def number(size: int) -> int:
        nonlocal at
        at += size
        if at > len(iloc):
            raise cut_short("")
        return int.from_bytes(iloc[at - size : at], "big")

    for _ in range(min(count, MAX_ITEMS)):
        item = number(2 if short else 4)
        in_file = (number(2) & 15) == 0 if version else True
        number(2)
        base, extents = number(base_size), number(2)
        for _ in range(min(extents, MAX_ITEMS)):
            number(index_size)
            start, length = number(offset_size), number(length_size)
            if in_file:
                found.setdefault(item, []).append((base + start, length))
    return found


def _links(iref: bytes) -> list[tuple[bytes, int, tuple[int, ...]]]:
    """References between items (ISO/IEC 14496-12, 8.11.12)."""
    wide, offset = ("I" if iref[:1] == b"\1" else "H"), 4
    found = []
    while offset + 8 <= len(iref):
        length, kind = struct.unpack_from(">I4s", iref, offset)
        item, count = struct.unpack_from(f">{wide}H", iref, offset + 8)
        start = offset + 8 + struct.calcsize(f">{wide}H")
        found.append((kind, item, struct.unpack_from(f">{count}{wide}", iref, start)))
        offset += max(length, 8)
    return found


def _associated(ipma: bytes, wanted: int) -> list[int]:
    """Numbers of the properties of an item (ISO/IEC 23008-12, 9.3)."""
    wide, long = ipma[0] >= 1, ipma[3] & 1
    (entries,) = struct.unpack_from(">I", ipma, 4)
    offset, found = 8, []
    for _ in range(min(entries, MAX_ITEMS)):
        item, count = struct.unpack_from(">IB" if wide else ">HB", ipma, offset)
        offset += 5 if wide else 3
        numbers = struct.unpack_from(f">{count}{'H' if long else 'B'}", ipma, offset)
        offset += count * (2 if long else 1)
        found += [number & (0x7FFF if long else 0x7F) for number in numbers if item == wanted]
    return found


def _boxes(
    data: bytes, start: int, end: int, name: str, properties: list[Block], parent: str = "", depth: int = 1
) -> Iterator[Block]:
    """Boxes in file order; those that are properties go to a list of their own."""
    offset = start
    count = 0
    while offset + 8 <= end:
        (length,) = unpack(">I", data, offset, name)
        kind = data[offset + 4 : offset + 8].decode("latin-1")
        head = 8
        if length == 1:
            (length,) = unpack(">Q", data, offset + 8, name)
            head = 16
        length = length or end - offset
        count += 1
        if length < head or offset + length > end or count > MAX_BOXES or depth > MAX_DEPTH:
            raise cut_short(name)
        inside = offset + head + (4 if kind == "meta" else 0)
        if kind in NESTED:
            yield from _boxes(data, inside, offset + length, name, properties, kind, depth + 1)
        else:
            block = Block(kind, offset, b"" if kind in PIXELS else data[inside : offset + length])
            if parent == "ipco":
                properties.append(block)
            else:
                yield block
        offset += length
    if offset != end:
        raise cut_short(name)
