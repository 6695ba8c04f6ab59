"""Reports: a module a format, one row in `FORMATS`. A new format is a module and a row.

A module need not write everything: each command offers the formats that have a function for all that it shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from maskproof.report import json, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from maskproof.gate.rank import Ranked
    from maskproof.likeness.model import Matches
    from maskproof.model import Evidence, ImageReport, Report


class Writer(Protocol):
    """What a format may have: a function for each thing that is shown, the whole text with a newline at its end."""

    def run(self, report: Report, *, color: bool = False) -> str:
        """A whole run of `check`."""
        ...

    def image(self, report: ImageReport, *, color: bool = False) -> str:
        """One comparison."""
        ...

    def explanation(self, report: ImageReport, *, color: bool = False) -> str:
        """One image with every step that led to its verdict, and all that was measured."""
        ...

    def signals(self, evidence: tuple[Evidence, ...], *, color: bool = False) -> str:
        """What a file's own metadata says of where it comes from."""
        ...

    def matches(self, result: Matches, *, color: bool = False) -> str:
        """The tracked pictures that are most similar to one, and what to do with the best of them."""
        ...

    def ranking(self, candidates: tuple[Ranked, ...], advice: tuple[str, ...], *, color: bool = False) -> str:
        """Several candidates for one edit, best first, and what to do next."""
        ...


FORMATS: Mapping[str, object] = {"text": text, "json": json}
"""for each format its module, with functions as `Writer` has them"""


def writers(*things: str) -> dict[str, Writer]:
    """The formats that can write all these things, named as the functions of `Writer`."""
    return {
        name: cast("Writer", module)
        for name, module in FORMATS.items()
        if all(hasattr(module, thing) for thing in things)
    }
