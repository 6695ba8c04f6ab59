"""Patterns of paths: which images a rule or an area of the policy is about."""

from __future__ import annotations

import re

from maskproof.repo.paths import folded

CROSSING = re.compile(r"((?<![^/])\*\*/|\*\*)")
"""the wildcards that cross folders; `**/` at the start of a part may also stand for nothing"""
NUMBER = "\0"
"""stands for a number in the patterns of exports (derived.py); no path holds it"""


def matches(patterns: list[str], path: str) -> bool:
    """Does one pattern match?

    `*` stays in a folder, `**` crosses folders; a pattern without / matches a name in any folder.
    """
    return any(expression(pattern if "/" in pattern else f"**/{pattern}").fullmatch(path) for pattern in patterns)


def matches_folded(patterns: list[str], path: str) -> bool:
    """The same for names as systems see them that tell neither case nor Unicode forms apart."""
    return matches([folded(pattern) for pattern in patterns], folded(path))


def expression(pattern: str) -> re.Pattern[str]:
    """A pattern of a whole path as a regular expression; it never goes back over what it matched between two wildcards.

    The first place where the piece after a wildcard fits is as good as any later one, since the next wildcard takes
    what lies between. Without these atomic groups a pattern with many wildcards would keep a check busy for ever.
    """
    first, *rest = CROSSING.split(pattern.removeprefix("/"))
    text = _within(first)
    for number, (wildcard, piece) in enumerate(zip(rest[::2], rest[1::2], strict=True), 1):
        gap = "(?:.*?/)??" if wildcard == "**/" else ".*?"
        text += f"{gap}{_within(piece)}" if 2 * number == len(rest) else f"(?>{gap}{_within(piece)})"
    return re.compile(text, re.DOTALL)


def _within(piece: str) -> str:
    """The part of a pattern between two `**`."""
    first, *rest = ("".join(map(_one, one)) for one in piece.split("*"))
    inner = "".join(f"(?>[^/]*?{one})" for one in rest[:-1])
    return first + inner + "".join(f"[^/]*?{one}" for one in rest[-1:])


def _one(char: str) -> str:
    """One letter of a pattern, or what it stands for."""
    return {"?": "[^/]", NUMBER: "[0-9]++"}.get(char) or re.escape(char)
