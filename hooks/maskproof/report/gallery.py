"""A gallery: a folder that shows every recorded picture beside its original, for whoever opens it in a browser.

Each picture is written as it is judged, and of it only words are kept: those of the overview, `index.html`, which is
written last. Every file is written whole or not at all. Pictures are named by their bytes and pages by their picture's
path, so that the overview of the run before leads to what is there until the new one takes its place. Only then is
removed what it no longer names: files with such names, in a folder that a gallery has marked as its own.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from maskproof.atomic import encoded, one_writer, sweep, write_file
from maskproof.content import sha256_of
from maskproof.errors import UsageError
from maskproof.report import html, shown
from maskproof.report.html import gallery
from maskproof.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from maskproof.gate.scene import Draws, Scene
    from maskproof.model import ImageReport, Recorded

MARKER = "maskproof-gallery.txt"
SAYS = """Made by `maskproof gallery`. When that is run again, it replaces index.html, and the files in pages and in
pictures that are named by a digest. It touches nothing else, and Git ignores the folder.
"""
INDEX, IGNORED = "index.html", ".gitignore"
OWN = re.compile(r"[0-9a-f]{16}\.(html|jpg)|\.[0-9a-f]{16}\.(html|jpg)\..*\.part")
"""names of files in its folders, and of what a killed run left beside them"""
FOLDERS = ("pages", "pictures")
DIGITS = 16
"""of a digest, in the name of a file"""


Beside = tuple[bytes, bytes]
"""original and edit for the overview; JPEG, empty: there is none"""


def beside(_report: ImageReport, scene: Scene) -> Beside:
    """What the overview shows of one image. Is a `gate.scene.Draw`."""
    return shown.beside(scene)


DRAWS: Draws = {html.__name__: html.draw, __name__: beside}
"""what is drawn of a picture while it is judged: for its own page, and for the overview"""


def claim(folder: Path) -> None:
    """Make a folder a gallery's own, unless something else is in it.

    Raises:
        UsageError: there is, or it cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = {one.name for one in folder.iterdir()}
    except OSError as error:
        raise UsageError(f"{folder} cannot be a gallery: {error.strerror}", "Name another folder.") from error
    if held and MARKER not in held:
        raise UsageError(
            f"{folder} is not empty, and no gallery: there is no {MARKER} in it", "Name an empty folder, or a new one."
        )
    if any((folder / one).is_symlink() for one in FOLDERS):
        raise UsageError(f"a folder in {folder} is a link that leads elsewhere", "Remove the link.")
    write_file(folder / MARKER, SAYS.encode())
    write_file(folder / IGNORED, b"*\n")
    for one in FOLDERS:
        (folder / one).mkdir(exist_ok=True)


def write(folder: Path, reports: Iterable[tuple[ImageReport, Recorded]]) -> int:
    """Write a gallery into a folder that is claimed, and say how many pictures it shows.

    Args:
        folder: Where.
        reports: Of every picture, drawn by `DRAWS`, and what a line says of it.

    Raises:
        UsageError: the folder cannot be written to, or another gallery is written into it.
    """
    with one_writer(folder):
        cards = Spool(_written(folder, *one) for one in reports)
        models = Counter(one.recorded.model for one in cards)
        write_file(folder / INDEX, encoded(gallery.overview(cards, models)))
        _tidy(folder, {name for one in cards for name in (one.page, one.before, one.after)})
    return len(cards)


def _written(folder: Path, report: ImageReport, recorded: Recorded) -> gallery.Card:
    """Write what a picture has of its own."""
    # There is none where the image failed outside of its stages.
    pair: Beside = report.shown.get(__name__, (b"", b""))  # type: ignore[assignment]  # what `beside` made
    before, after = (_picture(folder, data) for data in pair)
    key = sha256_of(report.path.encode("utf-8", "surrogateescape"))[:DIGITS]
    page = f"pages/{key}.html"
    own = html.detail(report, f"../{INDEX}#{key}")
    write_file(folder / page, encoded([own]))
    return gallery.card(report, recorded, (page, before, after))


def _picture(folder: Path, data: bytes) -> str:
    if not data:
        return ""
    name = f"pictures/{sha256_of(data)[:DIGITS]}.jpg"
    if not (folder / name).exists():
        write_file(folder / name, data)
    return name


def _tidy(folder: Path, named: set[str]) -> None:
    """Remove what an earlier run wrote and the overview no longer names."""
    for within in FOLDERS:
        for one in (folder / within).iterdir():
            if OWN.fullmatch(one.name) and f"{within}/{one.name}" not in named:
                one.unlink()
    for name in (INDEX, MARKER, IGNORED):
        sweep(folder / name)
