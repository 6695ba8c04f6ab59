"""CBOR: JSON's values in few bytes, the form in which a C2PA manifest says what happened to a picture.

The bytes come from strangers. Each item needs a byte at least, so their number bounds time and memory; the depth is
bounded beside it. What C2PA has no use for is taken as it stands: of a tag (a date, a ratio, a big number) its bare
value, which is never computed, and of a map the entries that have a name. It is a reader of our own because the
library for it has to be compiled on some machines. Source: RFC 8949.
"""

from __future__ import annotations

import struct
from typing import Any

from maskproof.evidence.jumbf import MalformedError

MAX_CBOR = 1_000_000
"""bytes of CBOR decoded of one file: each can become an object of 64 bytes"""
MAX_DEPTH = 32
"""levels of arrays, maps and tags; C2PA's assertions have seven"""
UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
"""major types, the upper three bits of an item's first byte"""
BREAK = 0xFF
"""ends what has no length of its own"""
IN_PLACE, OPEN = 24, 31
"""of the lower five bits: below the first they are the number; at the second there is no length"""
ENDLESS = -1
"""in place of a length: a break ends it"""
FLOATS = {25: ">e", 26: ">f", 27: ">d"}
WORDS = {20: False, 21: True}
"""simple values; null, undefined and what nobody has defined yet say nothing: None"""


def decode(data: bytes, room: int = MAX_CBOR) -> Any:
    """The one item that these bytes are.

    Raises:
        MalformedError: more bytes than `room`, too deep, or no CBOR.
    """
    if len(data) > room:
        raise MalformedError(f"it holds more than {MAX_CBOR / 1e6:.0f} MB of CBOR")
    try:
        value, end = _item(data, 0, 1)
    except (IndexError, ValueError) as error:
        raise MalformedError("its CBOR is broken") from error
    if end != len(data):
        raise MalformedError("its CBOR is broken")
    return value


def _item(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    """The item that begins at an offset, and where it ends.

    Raises:
        IndexError: the bytes end within it.
        ValueError: it is none.
    """
    if depth > MAX_DEPTH:
        raise ValueError("too deep")
    kind, low = data[at] >> 5, data[at] & 31
    number, at = _number(data, at + 1, low)
    if number == ENDLESS and kind not in {BYTES, TEXT, ARRAY, MAP}:
        raise ValueError("no length where one is needed")
    if kind in {BYTES, TEXT}:
        raw, at = _string(data, at, kind, number)
        return (raw.decode() if kind == TEXT else raw), at
    if kind in {ARRAY, MAP}:
        items, at = _items(data, at, number if kind == ARRAY else 2 * number, depth + 1)
        return (items if kind == ARRAY else _named(items)), at
    if kind == TAG:
        return _item(data, at, depth + 1)
    if kind == SIMPLE:
        return (struct.unpack(FLOATS[low], data[at - (1 << low - 24) : at])[0] if low in FLOATS else WORDS.get(low)), at
    return (number if kind == UNSIGNED else -1 - number), at


def _number(data: bytes, at: int, low: int) -> tuple[int, int]:
    """What follows an item's first byte: its value, its length or `ENDLESS`; and where that ends."""
    if low < IN_PLACE:
        return low, at
    if low == OPEN:
        return ENDLESS, at
    if low > max(FLOATS):
        raise ValueError("reserved")
    raw = _taken(data, at, 1 << low - IN_PLACE)
    return int.from_bytes(raw), at + len(raw)


def _taken(data: bytes, at: int, length: int) -> bytes:
    if length > len(data) - at:
        raise ValueError("cut short")
    return data[at : at + length]


def _string(data: bytes, at: int, kind: int, length: int) -> tuple[bytes, int]:
    """A string, or the pieces of one that has no length."""
    if length != ENDLESS:
        return _taken(data, at, length), at + length
    pieces = []
    while data[at] != BREAK:
        size, start = _number(data, at + 1, data[at] & 31)
        if data[at] >> 5 != kind or size == ENDLESS:
            raise ValueError("a piece of another kind")
        pieces.append(_taken(data, start, size))
        at = start + size
    return b"".join(pieces), at + 1


def _items(data: bytes, at: int, count: int, depth: int) -> tuple[list[Any], int]:
    """As many items as are announced, or those before the break."""
    found: list[Any] = []
    while len(found) != count:
        if count < 0 and data[at] == BREAK:
            return found, at + 1
        value, at = _item(data, at, depth)
        found.append(value)
    return found, at


def _named(items: list[Any]) -> dict[str, Any]:
    """A map of keys and values in turn."""
    return {key: value for key, value in zip(items[::2], items[1::2], strict=True) if isinstance(key, str)}
