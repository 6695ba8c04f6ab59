"""What every command shares: the group, its options, reading and writing files, exit statuses."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from maskproof import __version__, report
from maskproof.atomic import encoded, read_file, read_files, write_file
from maskproof.cli.examples import give_examples
from maskproof.errors import UsageError
from maskproof.report.text import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from maskproof.gate.named import Named
    from maskproof.model import ImageReport, Report
    from maskproof.policy import Settings
    from maskproof.repo import Repository


Command = TypeVar("Command", bound="Callable[..., Any]")
BLOCKED, UNJUDGED, INTERNAL, INTERRUPTED = 1, 3, 70, 130
KINDS = {
    "judging": ("check", "merge-reports", "compare", "explain", "areas", "status", "inventory", "rules"),
    "showing": ("view", "gallery", "stats", "ui"),
    "recording": ("record", "protect", "find"),
    "approving": ("approve", "approvals", "baseline"),
    "editing": ("mask", "edit", "rank", "restore", "mark", "sign", "review"),
    "setting_up": ("init", "preset", "doctor", "range", "demo", "calibrate", "cache"),
    "pulls": ("comment",),
}
"""modules of commands, in the order of a first encounter, and the commands of each: only the one asked for is loaded"""
PATH = click.Path(path_type=Path)
FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
MODE = click.Choice(("alpha", "white", "black"))


FAIL_ON = click.option(
    "--fail-on", type=click.Choice(("block", "warn")), default="block", show_default=True, help="What exits with 1."
)
JOBS = click.option(
    "--jobs", type=click.IntRange(1, 256), help="Processes that share the images; by default threads of one process do."
)
CACHED = click.option(
    "--cache/--no-cache",
    "cached",
    default=None,
    help="Judge nothing twice that is the same (the default; in CI only with --cache).",
)
MOST_PARTS = 10_000
"""parts that a run may be split in; a matrix of GitHub Actions has 256 jobs at most"""


def part(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Number and count of the parts of a run, from `I/N`; None: it has none."""
    if value is None:
        return None
    said = re.fullmatch(r"(\d{1,5})/(\d{1,5})", value)
    number, of = map(int, said.groups()) if said else (0, 0)
    if not 1 <= number <= of <= MOST_PARTS:
        raise click.BadParameter(f"{value!a} is no part: say I/N, as 3/16 for the third of sixteen.")
    return number, of


class OutputLostError(Exception):
    """Nobody takes what is printed: the reader is gone, or the disk is full."""


class Commands(click.Group):
    """Lists commands kind by kind instead of by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [name for names in KINDS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        # Of a name that there is not, the nearest of all is told.
        for kind in next(([one] for one, names in KINDS.items() if cmd_name in names), KINDS):
            self.load(kind)
        return super().get_command(ctx, cmd_name)

    def load(self, kind: str) -> None:
        """Load one module of commands, and end the help of each with its examples."""
        importlib.import_module(f"maskproof.cli.{kind}")
        for name in KINDS[kind]:
            give_examples(name, self.commands[name])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command and see its output delivered; click would end a broken pipe with 1, which means blocked."""
        report.text.WIDTH.set(width())
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


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    no_args_is_help=True,
)
@click.option("--version", is_flag=True, help="Show the version and exit.")
@click.option("--verbose", is_flag=True, help="With --version: also what pictures are read with on this machine.")
@click.pass_context
def commands(context: click.Context, version: bool, verbose: bool) -> None:
    """Block AI image edits that changed what their mask protects.

    Exit status: 0 pass, 1 blocked, 2 usage or configuration, 3 could not judge, 70 internal error, 130 interrupted.
    """
    if version:
        print(f"{context.info_name} {__version__}")
        if verbose:
            from maskproof.images.rows import ways

            print(*ways(), sep="\n")
        context.exit()
    if context.invoked_subcommand is None:
        context.fail("Missing command.")


def format_option(*things: str) -> Callable[[Command], Command]:
    """`--format`, for a command that shows these things; it is handed the `Writer` of the chosen format."""
    writers = report.writers(*things)
    return click.option(
        "--format",
        "writer",
        type=click.Choice(list(writers)),
        default="text",
        show_default=True,
        callback=lambda _context, _option, name: writers[name],
        help="How the report is written.",
    )


def report_options(*things: str) -> Callable[[Command], Command]:
    """`--format` and `--output`."""
    output = click.option(
        "--output",
        type=FILE,
        help="Write the report to this file; the last line still goes to the terminal.",
    )
    return lambda command: output(format_option(*things)(command))


def comparison_options(command: Command) -> Command:
    """What a comparison of plain files is told beside their names: `--mask`, `--mask-mode`, `--policy`, `--level`."""
    for option in (
        click.option("--level", type=click.Choice(("visual", "strict", "exact")), help="How closely it has to match."),
        click.option("--policy", "policy_file", type=PATH, help="A maskproof.toml with limits and areas."),
        click.option("--mask-mode", type=MODE, help="Which part of the mask was editable; never guessed."),
        click.option("--mask", type=PATH, help="The mask that was given to the model."),
    ):
        command = option(command)
    return command


def policy_for(path: Path, policy_file: Path | None, level: str | None) -> tuple[Settings, Callable[[str], bytes]]:
    """What a policy file, or none, says of a path; and how the pictures are read that the policy names."""
    from maskproof.policy import from_file

    said = None if policy_file is None else (str(policy_file), read_file(policy_file))
    beside = reader(policy_file.parent if policy_file else Path())
    return from_file(said, path.as_posix(), level, beside), beside


def reader(folder: Path) -> Callable[[str], bytes]:
    """Reads the files that a policy names, which lie from its folder on."""
    return lambda name: read_file(folder / name)


def named(edit: Path, original: Path, mask: Path | None, mask_mode: str | None) -> Named:
    """The files of one comparison.

    Raises:
        UsageError: one cannot be read, or the mask is given without its mode.
    """
    from maskproof.gate.named import Named

    together(mask, mask_mode)
    first, second, *through = read_files(original, edit, *(() if mask is None else (mask,)))
    return Named(second, first, through[0] if through else None, mask_mode, str(edit), str(original), str(mask))


def status(*images: ImageReport) -> int:
    """70 when the program itself failed on one, else 1 when one is blocked, else 3 when one was not judged, else 0."""
    return _gravest(set(map(_status, images)))


def _status(image: ImageReport) -> int:
    return INTERNAL if image.fault else {"block": BLOCKED, "unjudged": UNJUDGED}.get(image.verdict.value, 0)


def _gravest(statuses: Collection[int]) -> int:
    return next((one for one in (INTERNAL, BLOCKED, UNJUDGED) if one in statuses), 0)


def ended(found: Report, fail_on: str) -> int:
    """The exit status of a run; with `warn` a warning that nobody accepted is as good as a block."""
    statuses, warned = set(), False
    for image in found.images:
        statuses.add(_status(image))
        warned |= any(one.accepted is None and one.severity.value == "warn" for one in image.findings)
    plain = _gravest(statuses)
    return BLOCKED if fail_on == "warn" and warned and plain != INTERNAL else plain


def emit(render: Callable[..., str | Iterator[str]], output: Path | None = None, last_line: str = "") -> None:
    """Print a report, or write it to a file whole or not at all.

    Args:
        render: A function of a `Writer`, with all that it shows.
        output: The file; None: it is printed.
        last_line: What is printed where the report goes to a file.
    """
    told = render(color=output is None and wants_color())
    pieces = (told,) if isinstance(told, str) else told
    if output is None:
        for piece in pieces:
            print(piece, end="")
        return
    write(output, encoded(pieces))
    if last_line:
        print(last_line)


def for_github(found: Report) -> None:
    """In a job of GitHub Actions: annotations behind the text, the job's summary and the step's outputs."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    from maskproof.report import github, markdown

    print(*github.run(found), sep="", end="")
    for key, text in (("GITHUB_STEP_SUMMARY", markdown.run(found)), ("GITHUB_OUTPUT", [github.outputs(found)])):
        if name := os.environ.get(key):
            with contextlib.suppress(OSError), Path(name).open("a", encoding="utf-8", errors="backslashreplace") as own:
                own.writelines(text)


def reports_option(command: Command) -> Command:
    """`--report FORMAT=FILE`, as often as wanted; the command is handed a file and a `Writer` for each."""
    writers = report.writers("run")

    def parsed(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[Path, report.Writer]:
        files = {}
        for one in given:
            name, _, file = one.partition("=")
            if name not in writers or not file:
                raise click.BadParameter(f"{one!r} is no FORMAT=FILE with a format of {', '.join(writers)}.")
            files[Path(file)] = writers[name]
        return files

    return click.option(
        "--report",
        "files",
        multiple=True,
        metavar="FORMAT=FILE",
        callback=parsed,
        help="Also write the report in this format into this file. May be repeated.",
    )(command)


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


def write(path: Path, data: bytes | Iterable[bytes]) -> str:
    """Write a file whole or not at all, and say so."""
    write_file(path, data)
    return safe(f"Wrote {path}")


def progress(done: int, of: int, what: str = "edits compared") -> None:
    """One line that counts up, on a terminal only."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(f"\r{done} of {of} {what}", end="\n" if done == of else "", file=sys.stderr, flush=True)


PATIENCE = 1.0
"""seconds from which on somebody at a terminal is told how far a command is"""


@contextlib.contextmanager
def counting(what: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """How far a command is, on a terminal and from its second second on; the line is taken away at the end."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield lambda _done, _of: None
        return
    from threading import Lock, Timer

    line, shown, lock = [f"{what} ..."], [False], Lock()

    def show() -> None:
        with lock:
            shown[0] = True
            said(line[0])

    def count(done: int, of: int) -> None:
        line[0] = f"{done} of {of} {what}"
        if shown[0]:
            show()

    timer = Timer(PATIENCE, show)
    timer.daemon = True
    timer.start()
    try:
        yield count
    finally:
        timer.cancel()
        with lock:
            if shown[0]:
                said("")


def said(text: str) -> None:
    """How far it is: one line that is written over on a terminal (and taken away by no text), else a line each."""
    if sys.stderr is not None and (text or sys.stderr.isatty()):
        start, end = ("\r\x1b[K", "") if sys.stderr.isatty() else ("", "\n")
        print(f"{start}{safe(text)}", end=end, file=sys.stderr, flush=True)


def uses_cache(cached: bool | None, *, foreign: bool) -> bool:
    """Are kept verdicts used? In a job of CI (`foreign`) somebody else may have written them: when asked for."""
    return not foreign if cached is None else cached


def folder(repository: Repository, environ: Mapping[str, str]) -> str:
    """The folder that the shell stands in, from the top of the repository.

    Git starts hooks and aliases at the top, whoever wrote them, and says it.
    """
    said = environ.get("GIT_PREFIX", "")
    return repository.prefix or (said if said and (repository.root / said).is_dir() else "")


def tell(lines: Iterable[str], repository: Repository) -> None:
    """Print lines, the commands in them as the shell takes them from the folder that it stands in."""
    from maskproof.report.folder import pasted

    for line in lines:
        print(safe(pasted(line, folder(repository, os.environ), windows=os.name == "nt")))


def in_ci(environ: Mapping[str, str]) -> bool:
    """Does an automated check run this, whose caches somebody else may have written? `CI=false` says no."""
    return environ.get("CI", "").lower() not in {"", "0", "false"}


def width() -> int:
    """Characters of a line: those of the terminal, COLUMNS above it, within bounds; where there is none, as ever."""
    usual = report.text.WIDTH.get()
    if sys.stdout is None or not sys.stdout.isatty():
        return usual
    return min(max(shutil.get_terminal_size((usual, 24)).columns, report.text.NARROWEST), usual)


def wants_color() -> bool:
    """Colour only on a terminal, and never against NO_COLOR (no-color.org)."""
    return (
        sys.stdout is not None
        and sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )
