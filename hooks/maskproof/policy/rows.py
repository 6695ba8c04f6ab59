"""Rows put into a policy file, renamed in it and taken out of it, as text: comments and layout stay as they are.

A table of TOML may be written in many ways, and not each can be changed by adding or cutting lines. So every change is
checked: the new text has to say what the old one said, changed as asked and in nothing else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from maskproof.documents import Problems, read_toml, without_mark
from maskproof.errors import UsageError
from maskproof.policy import TABLE_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    Tree = dict[str, Any]

KEY = r"""[ \t]*(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*"""
HEADER = re.compile(rf"[ \t]*\[{{1,2}}{KEY}(?:\.{KEY})*\]{{1,2}}[ \t]*(?:#.*)?$")
"""begins a table; a line of a list begins so as well, and has a comma in it or behind it"""
ASIDE = re.compile(r"\s*(#.*)?$")
"""a line that says nothing; above a header it belongs to that"""
NAME = re.compile(r"""([ \t]*name[ \t]*=[ \t]*)("(?:[^"\\\n]|\\.)*"|'[^'\n]*')""")
"""the name of an area, as it stands on its line"""
WRITTEN = "  # by `maskproof protect`"
"""marks a row of settings that may be written anew"""
ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
NEW = b"version = 1\n"
"""a policy file that asks for nothing"""


def with_area(data: bytes, file: str, area: Mapping[str, Any]) -> bytes:
    """A policy file with one area more, at its end.

    Args:
        data: The file as it is.
        file: Its name.
        area: The keys of the row.

    Raises:
        UsageError: the file has its areas in a form to which no row can be added.
    """
    lines = [f"{key} = {_value(value)}" for key, value in area.items()]
    return _checked(
        data, _appended(data, _header(file, "areas"), lines), file, lambda tree: _rows(tree, "areas").append(dict(area))
    )


def without_area(data: bytes, file: str, number: int) -> bytes:
    """A policy file without one of its areas; arguments and errors as of `with_area`."""
    lines, spans = _spans(data, file, "areas")
    text = _joined(data, _without(lines, [spans[number]]))
    return _checked(data, text, file, lambda tree: _rows(tree, "areas").pop(number))


def with_area_renamed(data: bytes, file: str, number: int, name: str) -> bytes:
    """A policy file in which one of its areas has another name; arguments and errors as of `with_area`."""
    lines, spans = _spans(data, file, "areas")
    start, end = spans[number]
    new = [NAME.sub(lambda found: found[1] + _value(name), line, count=1) for line in lines[start:end]]
    text = _joined(data, lines[:start] + new + lines[end:])
    return _checked(data, text, file, lambda tree: _rows(tree, "areas")[number].update(name=name))


def with_settings(data: bytes, file: str, path: str, settings: Mapping[str, Any]) -> bytes:
    """A policy file whose last rule sets keys for one picture; such a rule that was written so before is part of it.

    Args:
        data: The file as it is.
        file: Its name.
        path: The pattern that means the picture alone.
        settings: Keys of the rule; limits by kind and metric.

    Raises:
        UsageError: as of `with_area`.
    """
    lines, spans = _spans(data, file, "rules")
    rules = _rows(_tree(data, file), "rules")
    mine = [n for n, (start, _) in enumerate(spans) if WRITTEN in lines[start] and rules[n].get("paths") == [path]]
    row: Tree = {"paths": [path]}
    for part in (*(rules[number] for number in mine), settings):
        limits = _together(row.get("limits", {}), part.get("limits", {}))
        row |= part
        row |= {"limits": limits} if limits else {}
    cut = _without(lines, [spans[number] for number in mine])
    said = [f"{key} = {_value(value)}" for key, value in row.items() if key != "limits"]
    said += [
        f"limits.{kind}.{metric} = {_value(value)}"
        for kind, rows in row.get("limits", {}).items()
        for metric, value in rows.items()
    ]
    text = _appended(_joined(data, cut), _header(file, "rules") + WRITTEN, said)
    return _checked(data, text, file, lambda tree: _replace(_rows(tree, "rules"), mine, row))


def _together(limits: Tree, more: Tree) -> Tree:
    return {kind: {**limits.get(kind, {}), **more.get(kind, {})} for kind in {**limits, **more}}


def _replace(rules: list[Tree], gone: list[int], row: Tree) -> None:
    rules[:] = [one for number, one in enumerate(rules) if number not in gone] + [row]


def _header(file: str, rows: str) -> str:
    return f"[[tool.maskproof.{rows}]]" if file == TABLE_FILE else f"[[{rows}]]"


def _rows(tree: Tree, name: str) -> list[Tree]:
    found: list[Tree] = tree.setdefault(name, [])
    return found


def _tree(data: bytes, file: str) -> Tree:
    """What a file says; raises UsageError where it is no TOML."""
    try:
        tree = read_toml(data, dict, table=("tool", "maskproof") if file == TABLE_FILE else ())
    except Problems as error:
        raise UsageError(f"{file} has mistakes: {error}", "Mend it first.") from error
    return tree or {}


def _text(data: bytes) -> str:
    return without_mark(data).decode("utf-8")


def _joined(data: bytes, lines: list[str]) -> bytes:
    """Lines as a file again, with the mark at its start that it had."""
    return data[: len(data) - len(without_mark(data))] + "".join(lines).encode()


def _spans(data: bytes, file: str, rows: str) -> tuple[list[str], list[tuple[int, int]]]:
    """The lines of a file, and where in them each row of an array of tables begins and ends.

    Raises:
        UsageError: the rows are not written as such tables.
    """
    tree = _tree(data, file)
    lines = _text(data).splitlines(keepends=True)
    header = re.escape(_header(file, rows)[2:-2]).replace(r"\.", r"[ \t]*\.[ \t]*")
    first = re.compile(rf"[ \t]*\[\[[ \t]*{header}[ \t]*\]\]")
    inner = re.compile(rf"[ \t]*\[{{1,2}}[ \t]*{header}[ \t]*\.")
    starts = [at for at, line in enumerate(lines) if first.match(line)]
    if len(starts) != len(tree.get(rows, [])):
        raise UsageError(f"{file} has {rows} that are not written as tables of their own", "Change it by hand.")
    spans = []
    for start in starts:
        end = start + 1
        while end < len(lines) and (not HEADER.match(lines[end]) or inner.match(lines[end])):
            end += 1
        while end < len(lines) and ASIDE.match(lines[end - 1]) and end > start + 1:
            end -= 1
        spans.append((start, end))
    return lines, spans


def _without(lines: list[str], spans: list[tuple[int, int]]) -> list[str]:
    """Lines without some spans; of the empty lines around one only those on one side stay."""
    for start, end in reversed(spans):
        first = start
        while first and not lines[first - 1].strip() and (end == len(lines) or not lines[end].strip()):
            first -= 1
        lines = lines[:first] + lines[end:]
    return lines


def _appended(data: bytes, header: str, lines: list[str]) -> bytes:
    """A file with a table more at its end, apart from what stands before it, in its own line ends."""
    text = _text(data)
    end = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text else end if text.endswith("\n") else 2 * end
    return _joined(data, [text, gap, *(f"{line}{end}" for line in (header, *lines))])


def _checked(data: bytes, new: bytes, file: str, change: Any) -> bytes:
    """The new file, which has to say what the old one said and what was asked for.

    Raises:
        UsageError: it does not.
    """
    wanted = _tree(data, file)
    change(wanted)
    hint = "Write the row by hand; docs/policy.md shows how it is written."
    try:
        found = _tree(new, file)
    except UsageError as error:
        raise UsageError(f"{file} is written in a way to which no row can be added", hint) from error
    if {key: value for key, value in wanted.items() if value != []} != found:
        raise UsageError(f"{file} is written in a way in which this row cannot be changed alone", hint)
    return new


def _value(value: Any) -> str:
    """A value of TOML; raises UsageError for text that no TOML file can hold."""
    if isinstance(value, str):
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise UsageError(f"the name {value!a} is no text that a policy can hold", "Rename the file.")
        return '"' + "".join(ESCAPED.get(char) or _plain(char) for char in value) + '"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _plain(char: str) -> str:
    return char if char.isprintable() or char == " " else f"\\U{ord(char):08x}"
