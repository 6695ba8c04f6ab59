"""What all pages share: one house style, one way to name verdicts, and a policy that lets nothing in.

Style and script of a page are in it, named by their digests in its Content Security Policy; every word that comes from
a file is escaped by the template engine (Jinja). A page is put together from the pieces beside this module.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskproof import __version__
from maskproof.report.standing import STANDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jinja2 import Environment

HERE = Path(__file__).parent
PIECE = 200
"""words of the template engine that are handed on at a time"""
WITHIN = "data:"
"""where a page that is one file has its pictures"""
BESIDE = "'self' file:"
"""where a page of a folder has them; of files that no server sends, not every browser takes them for its own"""


def page(
    template: str,
    scripts: Iterable[str] = ("list.js",),
    styles: Iterable[str] = (),
    pictures: str = WITHIN,
    **said: Any,
) -> Iterator[str]:
    """A page, in pieces.

    Args:
        template: The file of its own part.
        scripts: Files of scripts.
        styles: Files of its style, beside that of all pages.
        pictures: Where its pictures may come from.
        said: What the template asks for: `title`, `asks` (what it says first) and its own.
    """
    stream = (
        environment()
        .get_template(template)
        .stream(
            script="".join(map(_asset, scripts)),
            style="".join(map(_asset, ("house.css", *styles))),
            pictures=pictures,
            version=__version__,
            **said,
        )
    )
    stream.enable_buffering(PIECE)
    return stream


def badge(name: str, words: Mapping[str, tuple[str, str]] = STANDINGS) -> dict[str, str]:
    """A verdict as a page shows it."""
    word, sign = words[name]
    return {"id": name, "word": word, "sign": sign}


def kinds_of(names: list[str], words: Mapping[str, tuple[str, str]] = STANDINGS) -> list[dict[str, Any]]:
    """The kinds that the entries of a page can be narrowed to, each with its number.

    Args:
        names: The kind of each entry.
        words: All kinds, in their order.
    """
    kinds = [{"id": "all", "word": "All", "count": len(names)}]
    return kinds + [{"id": one, "word": words[one][0], "count": names.count(one)} for one in words if one in names]


@functools.cache
def environment(folder: Path = HERE) -> Environment:
    """The template engine, which escapes all that it is given; templates of a folder may use those of all pages."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # what no other format needs

    made = Environment(
        loader=FileSystemLoader((folder, HERE)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    made.filters["digest"] = _digest
    return made


@functools.cache
def _asset(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _digest(said: str) -> str:
    return base64.b64encode(hashlib.sha256(said.encode()).digest()).decode("ascii")
