"""Strict reading of JSON and TOML: every mistake at once, each with its place and what is wanted there.

Lenient readers are where records go wrong unseen: the standard library's JSON takes NaN, keeps the last of
two equal keys and dies on deep nesting. Here a document is refused whole unless it means one thing.
"""

from __future__ import annotations

import codecs
import difflib
import json
import re
import tomllib
import unicodedata
from enum import EnumType
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_origin

import msgspec
from msgspec.structs import fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from msgspec.structs import FieldInfo

T = TypeVar("T")

MAX_BYTES = 1_000_000
"""bytes of a document; sidecars have 1 to 3 kB"""
MAX_DEPTH = 64
"""levels of lists and tables in a document; a sidecar has 5 and what a tool recorded. Deeper ones end in a
RecursionError wherever they are walked or printed"""
MAX_PROBLEMS = 100
"""mistakes that are told one by one; a hostile file could hold 100 000 and fill a log with 8 MB"""
TOML_TEXT = re.compile(rb"\"(?:\\.|[^\"\\\n])*\"?|'[^'\n]*'?|#[^\n]*")
"""quoted text and comments of TOML, on one line"""
PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")
"""keys that a message repeats as they are; others could steer a terminal"""
SCHEMAS = "https://raw.githubusercontent.com/maskproof/maskproof/main/docs/schema/"
"""the folder of the schemas"""
COLUMNS = 80
"""of a line of JSON, as every formatter has it where nobody says otherwise"""
SHOWN = 60
"""characters of a wrong value that a message repeats"""
Offset = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Side = Annotated[int, msgspec.Meta(ge=1, le=65535)]
BoxNumbers = Annotated[
    tuple[Offset, Offset, Side, Side],
    msgspec.Meta(description="[x, y, width, height] in whole pixels of the original, none below 0"),
]
SchemaName = Annotated[str, msgspec.Meta(description="where the JSON Schema of this file lies; only editors read it")]
Point = Annotated[tuple[Offset, Offset], msgspec.Meta(description="[x, y] in whole pixels of the original")]


class Problems(Exception):  # noqa: N818 - it is the list of problems
    """All mistakes in one document, as sentences, and the document itself where it could be parsed."""

    def __init__(self, *problems: str, tree: Any = None) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
        self.tree = tree


def read_json(data: bytes, kind: type[T], most: int = MAX_BYTES) -> T:
    """A typed value from JSON (RFC 8259, UTF-8, no duplicate keys, no NaN) of at most so many bytes.

    Raises:
        Problems: every mistake found, each naming the key.
    """
    data = without_mark(data)
    _check_size(data, most)
    try:
        msgspec.json.decode(data)
        tree = json.loads(data.decode("utf-8"), object_pairs_hook=_unique)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise Problems(f"it is not valid JSON ({error})") from error
    except RecursionError as error:
        raise Problems("it is nested too deeply") from error
    return typed(tree, kind)


def read_toml(data: bytes, kind: type[T], *, table: tuple[str, ...] = ()) -> T | None:
    """A typed value from TOML 1.0, or from one table of it; None when that table is absent.

    Raises:
        Problems: every mistake found, each naming the key.
    """
    data = without_mark(data)
    _check_size(data)
    # tomllib takes minutes for a key of 100 000 parts, so the dots of a line are counted first.
    if any(line.count(b".") > MAX_DEPTH for line in TOML_TEXT.sub(b"", data).splitlines()):
        raise Problems("it is nested too deeply")
    try:
        tree: Any = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, ValueError) as error:
        raise Problems(f"it is not valid TOML ({error})") from error
    except RecursionError as error:
        raise Problems("it is nested too deeply") from error
    for key in table:
        if not isinstance(tree, dict) or key not in tree:
            return None
        tree = tree[key]
    return typed(tree, kind)


def written(tree: Any) -> bytes:
    """Plain values as the bytes of a JSON file that formatters leave as it is: sorted keys, a newline at the end.

    The layout is Prettier's (https://prettier.io, its `json` parser with 80 columns), which Biome and dprint share:
    tables are open, one key a line; a list stays on its line where it fits, comma included. Of longer ones, numbers
    fill their lines and anything else has a line each, as lists of pairs have.
    """
    plain = msgspec.json.decode(msgspec.json.encode(tree, order="sorted"))
    return (_laid(plain, "", 0, 0) + "\n").encode()


def _laid(value: Any, margin: str, before: int, after: int) -> str:
    """One value, its later lines behind a margin; before and after: columns that are taken on its own line."""
    inner = margin + "  "
    if isinstance(value, dict) and value:
        names = [f"{_one_line(key)}: " for key in value]
        last = len(value) - 1
        rows = [
            name + _laid(item, inner, len(inner) + _columns(name), place < last)
            for place, (name, item) in enumerate(zip(names, value.values(), strict=True))
        ]
        return f"{{\n{inner}" + f",\n{inner}".join(rows) + f"\n{margin}}}"
    if not isinstance(value, list) or not value:
        return _one_line(value)
    flat = _one_line(value)
    if not _has_table(value) and not _is_rows(value) and before + _columns(flat) + after <= COLUMNS:
        return flat
    last = len(value) - 1
    if last and all(isinstance(item, int | float) and not isinstance(item, bool) for item in value):
        words = [_one_line(item) + "," * (place < last) for place, item in enumerate(value)]
        body = f"\n{inner}".join(_filled(words, COLUMNS - len(inner)))
    else:
        rows = [_laid(item, inner, len(inner), place < last) for place, item in enumerate(value)]
        body = f",\n{inner}".join(rows)
    return f"[\n{inner}{body}\n{margin}]"


def _one_line(value: Any) -> str:
    """A value without tables in it, on one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(_one_line, value))}]"
    return msgspec.json.encode(value).decode()


def _has_table(value: Any) -> bool:
    """Is there a table with keys in a list? It is written open, and so is what it stands in."""
    return any((isinstance(one, dict) and one) or (isinstance(one, list) and _has_table(one)) for one in value)


def _is_rows(value: list[Any]) -> bool:
    """Is it a list of several lists with several items each, or has one in it? Such a table of rows is never flat."""
    several = len(value) > 1 and all(isinstance(one, list) and len(one) > 1 for one in value)
    return several or any(isinstance(one, list) and _is_rows(one) for one in value)


def _filled(words: list[str], width: int) -> Iterator[str]:
    """Words on as few lines as they fit."""
    line = ""
    for word in words:
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield line


def _columns(text: str) -> int:
    """Columns that a terminal gives a text: wide characters two, marks on others none."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )


def without_mark(data: bytes) -> bytes:
    """A text without the byte order mark that some editors on Windows put before it."""
    return data.removeprefix(codecs.BOM_UTF8)


def _check_size(data: bytes, most: int = MAX_BYTES) -> None:
    if len(data) > most:
        raise Problems(f"it has {len(data)} bytes; the limit is {most}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {_shown(key)} stands twice")
        found[key] = value
    return found


def typed(tree: Any, kind: type[T]) -> T:
    """A typed value from a document that is parsed already.

    Raises:
        Problems: every mistake found, each naming the key.
    """
    _check_depth(tree)
    problems = _problems(tree, kind, "")
    if problems:
        more = [f"and {len(problems) - MAX_PROBLEMS} more"] if len(problems) > MAX_PROBLEMS else []
        raise Problems(*problems[:MAX_PROBLEMS], *more, tree=tree)
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        raise Problems(str(error), tree=tree) from error


def schema_of(kind: Any, name: str, title: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document, made from its type; `name` is that of the schema's file."""
    start = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": schema_id(name), "title": title}
    return {**start, **msgspec.json.schema(kind)}


def schema_id(name: str) -> str:
    """Where a schema is published, by which editors find it."""
    return f"{SCHEMAS}{name}.json"


@cache
def _fields(kind: type) -> dict[str, FieldInfo]:
    """The keys of a table, worked out once: that takes ten times as long as to read a sidecar."""
    return {field.encode_name: field for field in fields(kind)}


def hint(name: str, known: Iterable[str]) -> str:
    """What may have been meant by a name that is not known."""
    near = difflib.get_close_matches(name, names := tuple(known), n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}"


def _check_depth(tree: Any) -> None:
    level = [tree]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for one in level
            if isinstance(one, dict | list)
            for item in (one.values() if isinstance(one, dict) else one)
        ]
    if level:
        raise Problems("it is nested too deeply")


def _problems(value: Any, kind: Any, place: str) -> list[str]:  # noqa: PLR0911 - one for each kind of type
    """Mistakes of a value and of all that is in it."""
    base, notes = (kind.__origin__, kind.__metadata__) if get_origin(kind) is Annotated else (kind, ())
    origin, parts = get_origin(base), get_args(base)
    if NoneType in parts:
        return [] if value is None else _problems(value, parts[0], place)
    if isinstance(value, dict) and isinstance(base, type) and issubclass(base, msgspec.Struct):
        return _struct_problems(value, base, place)
    metas = [note for note in notes if isinstance(note, msgspec.Meta)]
    wanted = next((meta.description for meta in metas if meta.description), "")
    if isinstance(value, list) and (origin is list or parts[1:] == (...,)):
        if len(value) < max((meta.min_length or 0 for meta in metas), default=0):
            return [f"{place} is {_shown(value)}: it must be {wanted or 'longer'}"]
        return [text for index, item in enumerate(value) for text in _problems(item, parts[0], f"{place}[{index}]")]
    if isinstance(value, dict) and origin is dict:
        names = {key: key if PLAIN_KEY.fullmatch(key) else _shown(key) for key in value}
        return [text for key, item in value.items() for text in _problems(item, parts[1], _join(place, names[key]))]
    if origin is Literal or isinstance(base, EnumType):
        wanted = " or ".join(map(ascii, sorted(parts) or (one.value for one in base)))
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        reason = f"it must be {wanted}" if wanted else str(error)
        return [f"{place or 'the document'} is {_shown(value)}: {reason}"]
    return []


def _struct_problems(value: dict[str, Any], kind: type, place: str) -> list[str]:
    known = _fields(kind)
    found = []
    for key, item in value.items():
        if key in known:
            found += _problems(item, known[key].type, _join(place, key))
        else:
            found.append(f"the key {_shown(_join(place, key))} is unknown: {hint(key, known)}")
    found += [
        f"the key {_shown(_join(place, key))} is missing"
        for key, field in known.items()
        if field.required and key not in value
    ]
    if not found:
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            found.append(f"{place}: {error}" if place else str(error))
    return found


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
