"""Cards on the command line: the options that ask for them, and where they go."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import click
from msgspec.structs import replace

from maskproof.atomic import write_file
from maskproof.cli.base import FILE, Command, spare, write
from maskproof.errors import UsageError
from maskproof.report.text import safe
from maskproof.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

    from maskproof.gate.scene import Draw
    from maskproof.model import ImageReport, Report


def picture_options(command: Command) -> Command:
    """`--picture` and `--show`: the card of one image, without a browser."""
    for option in (
        click.option(
            "--show",
            type=click.Choice(("auto", "kitty", "iterm2", "sixel")),
            is_flag=False,
            flag_value="auto",
            metavar="[PROTOCOL]",
            help="Show it in this terminal: kitty, iterm2 or sixel; automatically what the terminal names.",
        ),
        click.option(
            "--picture", type=FILE, help="Draw it beside its original into this PNG file, or a WebP file that moves."
        ),
    ):
        command = option(command)
    return command


def card_of(picture: Path | None, show: str | None) -> dict[str, Draw]:
    """What `--picture` and `--show` need to be drawn; refused before minutes of comparing where they cannot be.

    Raises:
        UsageError: the file is no PNG or WebP, or no terminal of a known kind takes the picture.
    """
    if picture is None and show is None:
        return {}
    if picture is not None and picture.suffix.lower() not in {".png", ".webp"}:
        raise UsageError(f"--picture {str(picture)!a} is neither a .png nor a .webp", "Name one that is.")
    spare((), picture)
    if show is not None:
        _protocol(show)
    from maskproof.report import card

    return {card.__name__: card.draw}


def card_draws(folder: Path | None) -> dict[str, Draw]:
    """What `--cards` needs to be drawn; raises UsageError where the folder cannot be."""
    if folder is None:
        return {}
    spare((), folder)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--cards {str(folder)!a} is a file", "Name a folder.")
    from maskproof.report import card

    return {card.__name__: card.draw}


def write_cards(found: Report, folder: Path, url: str | None) -> Report:
    """The cards of all images that have something to say, each under its path in a folder.

    Args:
        found: What `card_draws` drew.
        folder: It is made where it is missing.
        url: Where it will lie for who reads the report; the images of the returned report know their card's.
    """
    from maskproof.report import card, standing

    def written(image: ImageReport) -> ImageReport:
        drawn = image.shown.get(card.__name__)
        if not isinstance(drawn, card.Card) or standing.of(image) == "pass":
            return image
        for suffix, data in ((".png", drawn.still), (".webp", drawn.moving)):
            file = folder / f"{image.path}{suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            write_file(file, data)
        at = f"{url.rstrip('/')}/{quote(os.fsencode(image.path))}.webp" if url else ""
        return replace(image, shown={**image.shown, card.__name__: replace(drawn, url=at)})

    return replace(found, images=Spool(map(written, found.images)))


def show_card(report: ImageReport, picture: Path | None, show: str | None) -> None:
    """Write or show the card that `card_of` asked for."""
    if picture is None and show is None:
        return
    from maskproof.report import card, terminal

    drawn = report.shown.get(card.__name__)
    if not isinstance(drawn, card.Card):
        print(safe(f"{report.path} cannot be shown."), file=sys.stderr)
        return
    if picture is not None:
        data = drawn.moving if picture.suffix.lower() == ".webp" else drawn.still
        print(write(picture, data), file=sys.stderr)
    if show is not None:
        print(terminal.PROTOCOLS[_protocol(show)](drawn.still), end="", flush=True)


def _protocol(show: str) -> str:
    from maskproof.report import terminal

    if sys.stdout is None or not sys.stdout.isatty():
        raise UsageError("--show needs a terminal, and this is none", "Write it into a file: `--picture FILE.png`.")
    named = terminal.spoken(os.environ) if show == "auto" else show
    if named is None:
        raise UsageError(
            "this terminal does not say that it shows pictures",
            "If it does, name its protocol: `--show kitty`, `--show iterm2` or `--show sixel`.",
        )
    return named
