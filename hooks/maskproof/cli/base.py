"""What every command shares: the group, its options, reading and writing files, exit statuses."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from maskproof import __version__
from maskproof.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from maskproof.model import ImageReport


Command = TypeVar("Command", bound="Callable[..., Any]")
BLOCKED, UNJUDGED, INTERNAL, INTERRUPTED = 1, 3, 70, 130
FORMATS = ("text", "json")
KINDS = ("judging", "recording", "editing", "setting_up")
"""modules of commands, in the order of a first encounter"""
MODES = ("alpha", "white", "black")


class OutputLostError(Exception):
    """Nobody takes what is printed: the reader is gone, or the disk is full."""


class Commands(click.Group):
    """Lists commands kind by kind instead of by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        kinds = [getattr(one.callback, "__module__", "").rpartition(".")[2] for one in self.commands.values()]
        return [name for kind in KINDS for name, own in zip(self.commands, kinds, strict=True) if own == kind]

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command and see its output delivered; click would end a broken pipe with 1, which means blocked."""
        try:
            status = super().invoke(ctx)
        except BrokenPipeError as error:
            raise OutputLostError from error
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
        except OSError as error:
            raise OutputLostError from error
        return status


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def commands() -> None:
    """Block AI image edits that changed what their mask protects.

    Exit status: 0 pass, 1 blocked, 2 usage or configuration, 3 could not judge, 70 internal error, 130 interrupted.
    """


def format_option(what: str) -> Callable[[Command], Command]:
    """`--format`, for a command that writes a report, a list or an explanation."""
    return click.option(
        "--format",
        "style",
        type=click.Choice(FORMATS),
        default="text",
        show_default=True,
        help=f"How the {what} is written.",
    )


def report_options(command: Any) -> Any:
    """`--format` and `--output`."""
    command = format_option("report")(command)
    return click.option(
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Write the report to this file; the last line still goes to the terminal.",
    )(command)


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Check the name.") from error


def status(*images: ImageReport) -> int:
    """1 when one image is blocked, else 3 when one could not be judged, else 0."""
    verdicts = {image.verdict.value for image in images}
    return BLOCKED if "block" in verdicts else UNJUDGED if "unjudged" in verdicts else 0


def emit(render: Any, output: Path | None, last_line: str) -> None:
    """Print a report, or write it to a file whole or not at all."""
    if output is None:
        print(render(wants_color()), end="")
        return
    write(output, render(False).encode("utf-8", "backslashreplace"))
    print(last_line)


def together(mask: Path | None, mask_mode: str | None) -> None:
    if (mask is None) != (mask_mode is None):
        raise UsageError(
            "--mask and --mask-mode go together",
            "Say with --mask-mode which part of the mask was editable: alpha (transparent), white or black.",
        )


def spare(inputs: Iterable[Path | None], *outputs: Path | None) -> None:
    """Refuse, before minutes of comparing, to write where nothing can be or where something would be lost."""
    taken = {path.resolve() for path in inputs if path}
    for path in filter(None, outputs):
        if not path.resolve().parent.is_dir():
            raise UsageError(f"{path} cannot be written: there is no such folder", "Check the folder.")
        if path.resolve() in taken:
            raise UsageError(f"{path} is named twice, and writing to it would lose the other", "Name another file.")
        taken.add(path.resolve())


def write(path: Path, data: bytes) -> str:
    """Write a file whole or not at all, and say so."""
    from maskproof.atomic import write_atomically
    from maskproof.report.text import safe

    try:
        write_atomically(path, data)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Check the folder.") from error
    return safe(f"Wrote {path}")


def progress(done: int, of: int, what: str = "edits compared") -> None:
    """One line that counts up, on a terminal only."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(f"\r{done} of {of} {what}", end="\n" if done == of else "", file=sys.stderr, flush=True)


def said(text: str) -> None:
    """How far it is: one line that is written over on a terminal (and taken away by no text), else a line each."""
    from maskproof.report.text import safe

    if sys.stderr is not None and (text or sys.stderr.isatty()):
        start, end = ("\r\x1b[K", "") if sys.stderr.isatty() else ("", "\n")
        print(f"{start}{safe(text)}", end=end, file=sys.stderr, flush=True)


def wants_color() -> bool:
    """Colour only on a terminal, and never against NO_COLOR (no-color.org)."""
    return (
        sys.stdout is not None
        and sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )
