"""AVIF: ISO base media boxes. Source: AV1 Image File Format 1.1; ISO/IEC 14496-12, 23008-12.

A file holds items (pictures, parts of them, metadata) and properties (size, colours, a turn) that are handed to items
by number. What a viewer shows is the primary item with its own properties; all that could be shown in its place counts
as a further frame.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from maskproof.content import sha256_of
from maskproof.errors import Unreadable
from maskproof.images.containers.block import MAX_METADATA, Block, Container, cut_short, twice, unpack

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
CROPPED = ("clap", "irot", "imir")
"""properties that change what is shown, in the order in which all readers follow them"""
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


class Family(Struct, frozen=True):
    """What sets one format of this family of containers apart from the others."""

    format: str
    pictures: frozenset[bytes]
    """types of items that viewers show"""
    simple: frozenset[str]
    """properties of a picture that all viewers show alike"""
    alphas: tuple[bytes, ...] = ()
    """types of the auxiliary pictures that viewers show with another one; empty: any"""
    gain_maps: tuple[bytes, ...] = ()
    """types of those that are for HDR screens"""


AVIF = Family("AVIF", PICTURES, SIMPLE)


class _Items(Struct, frozen=True):
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
    return read_family(data, name, AVIF)


def read_family(data: bytes, name: str, family: Family) -> Container:
    """A file of this family of containers; an image sequence (`moov`) counts as more than one frame."""
    properties: list[Block] = []
    boxes = list(_boxes(data, 0, len(data), name, properties))
    sizes = [unpack(">II", box.data, 4, name) for box in properties if box.kind == "ispe"]
    if not sizes:
        raise Unreadable(f"{name} holds no {family.format} picture", "Export the picture again.")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    frames = 2 if any(box.kind == "moov" for box in boxes) else 1
    found = Container(family.format, width, height, frames, (*_kept(data, boxes), *properties))
    if found.frames > 1:
        return found
    try:
        return _shown(data, found, boxes, properties, family, name)
    except (struct.error, IndexError, Unreadable):
        return replace(found, doubt="has an index of pictures that is broken")


def _shown(
    data: bytes, found: Container, boxes: list[Block], properties: list[Block], family: Family, name: str
) -> Container:
    """The file with what is known of the picture that is shown; raises struct.error, IndexError or Unreadable."""
    index = {box.kind: box.data for box in boxes}
    items = _items(index)
    primary = int.from_bytes(index.get("pitm", b"")[4:], "big")

    def properties_of(item: int) -> list[Block]:
        return [properties[number - 1] for number in _associated(index.get("ipma", b""), item) if number]

    own = properties_of(primary)
    kinds = {
        item: next((box.data[4:].partition(b"\0")[0] for box in properties_of(item) if box.kind == "auxC"), b"")
        for kind, item, to in items.links
        if kind == b"auxl" and primary in to
    }
    others, gain = _others(items, primary, kinds, family)
    doubt = twice((box.kind for box in boxes), INDEXES, "boxes") or _doubt(own, family)
    if items.kinds.get(primary) not in family.pictures:
        doubt = "names no picture of its own as the one to show"
    if doubt:
        return replace(found, doubt=doubt)
    ((width, height),) = (_size(box, own, name) for box in own if box.kind == "ispe")
    kept = tuple(box for box in found.blocks if box not in properties)
    said = {box.kind: box.data[0] for box in own if box.kind in {"irot", "imir"}}
    turned = TURNED[said.get("irot", 0) & 3, said["imir"] & 1 if "imir" in said else None]
    gain_map = _digest(data, items, gain)
    depth = max((bits for box in own if box.kind == "pixi" for bits in box.data[5:]), default=8)
    return Container(
        family.format, width, height, 1 + len(others), (*kept, *own), depth, gain_map=gain_map, orientation=turned
    )


def _size(size: Block, own: list[Block], name: str) -> tuple[int, ...]:
    """Width and height of a picture, cropped to whole pixels where it is (ISO/IEC 14496-12, 12.1.4)."""
    for box in own:
        if box.kind == "clap":
            across, part, down, piece = unpack(">IIII", box.data, 0, name)
            if not part or not piece or across % part or down % piece:
                raise cut_short(name)
            return across // part, down // piece
    return unpack(">II", size.data, 4, name)


def _doubt(own: list[Block], family: Family) -> str:
    """Properties of the picture that is shown which viewers follow in different ways, or not at all."""
    kinds = [f"{box.kind} {box.data[:4].decode('latin-1')}" if box.kind == "colr" else box.kind for box in own]
    kinds = [kind.replace("rICC", "prof") for kind in kinds]
    if doubled := twice(kinds, kinds, "properties"):
        return doubled
    strange = [box.kind for box in own if box.kind not in family.simple]
    strange += ["pasp" for box in own if box.kind == "pasp" and box.data[:4] != box.data[4:8]]
    if strange or "ispe" not in kinds:
        return f"is not shown by all viewers as its {(strange or ['ispe'])[0]} property asks"
    order = [CROPPED.index(kind) for kind in kinds if kind in CROPPED]
    if order != sorted(order):
        return "is cropped, turned and mirrored in an order that viewers do not agree on"
    return ""


def _others(items: _Items, primary: int, auxiliaries: dict[int, bytes], family: Family) -> tuple[list[int], list[int]]:
    """Items that could be shown in the place of the primary one, and those that make up a gain map.

    `auxiliaries` are the types of the pictures beside the primary one, by item.
    """
    maps = [item for item, kind in items.kinds.items() if kind == GAIN_MAP]
    parts = {to for kind, item, found in items.links if kind == b"dimg" and item == primary for to in found}
    of_map = {to for kind, item, found in items.links if kind == b"dimg" and item in maps for to in found} - {primary}
    of_map |= {to for kind, item, found in items.links if kind == b"dimg" and item in of_map for to in found}
    beside = {item for kind, item, found in items.links if kind in {b"auxl", b"thmb"} for _ in found}
    parts |= {to for kind, item, found in items.links if kind == b"dimg" and item in beside for to in found}
    known = {primary, *parts, *of_map, *maps, *beside}
    others = [item for item, kind in items.kinds.items() if item not in known and kind not in UNSHOWN]
    # Of two alphas one reader takes the first, another the last.
    others += [item for item, kind in auxiliaries.items() if not family.alphas or kind in family.alphas][1:]
    beside_it = [item for item, kind in auxiliaries.items() if kind in family.gain_maps]
    return others, [*beside_it, *([*maps, *sorted(of_map)] if maps else [])]


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
