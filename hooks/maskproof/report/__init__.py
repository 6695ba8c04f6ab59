"""Reports: a module a format, one row in `FORMATS`. A new format is a module and a row.

A module need not write everything: each command offers the formats that have a function for all that it shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from maskproof.report import csv, github, gitlab, html, json, junit, markdown, sarif, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from maskproof.gate.scene import Draw


class Writer(Protocol):
    """What a format may have: a function for each thing that is shown, the whole text with a newline at its end.

    Each takes what it shows, and `color`: whether colours may be used. What may be long comes in pieces.
    """

    run: Callable[..., Iterator[str]]
    """a whole run of `check`: a `Report`, whose images are gone through one by one"""
    joined: Callable[..., Iterator[str]]
    """the same put together from its parts, without pictures, which no part hands on: a `Report`"""
    image: Callable[..., str]
    """one comparison: an `ImageReport`"""
    explanation: Callable[..., str]
    """one image with every step that led to its verdict, and all that was measured: an `ImageReport`"""
    signals: Callable[..., str]
    """what a file's own metadata says of where it comes from: each `Evidence`"""
    matches: Callable[..., str]
    """the tracked pictures that are most similar to one, and what to do with the best of them: `Matches`"""
    approvals: Callable[..., str]
    """all that was accepted in a project, and what has become of it: a `Listing`"""
    areas: Callable[..., str]
    """all that is protected in one picture: a `Held`"""
    status: Callable[..., Iterator[str]]
    """every recorded picture as it stands, in pieces as they come: an iterable of `Recorded`"""
    stats: Callable[..., str]
    """how far edits drift, by what made them: a `Statistics`"""
    inventory: Callable[..., Iterator[str]]
    """every picture that AI made or changed, in pieces as they come: an iterable of `Entry`"""
    ranking: Callable[..., str]
    """several candidates for one edit, best first, and what to do next: each `Ranked`, and lines of advice"""


FORMATS: Mapping[str, object] = {
    "text": text,
    "json": json,
    "csv": csv,
    "html": html,
    "markdown": markdown,
    "github": github,
    "gitlab": gitlab,
    "sarif": sarif,
    "junit": junit,
}
"""for each format its module, with functions as `Writer` has them"""


def draws_of(*writers: Writer) -> dict[str, Draw]:
    """How formats draw each image while that is judged, their functions `draw`; most show none."""
    return {one.__name__: one.draw for one in writers if hasattr(one, "draw")}  # type: ignore[attr-defined]  # modules


def writers(*things: str) -> dict[str, Writer]:
    """The formats that can write all these things, named as the functions of `Writer`."""
    return {
        name: cast("Writer", module)
        for name, module in FORMATS.items()
        if all(hasattr(module, thing) for thing in things)
    }
