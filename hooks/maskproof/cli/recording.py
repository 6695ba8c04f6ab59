"""Commands that record what an edit was made from, and find it."""

from __future__ import annotations

import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from maskproof.atomic import read_file
from maskproof.cli.base import FILE, MODE, PATH, commands, emit, folder, format_option, in_ci, progress, tell
from maskproof.errors import UsageError
from maskproof.images import worker
from maskproof.model import AREA_KINDS, counted
from maskproof.report.text import safe

if TYPE_CHECKING:
    from maskproof.recording.session import Session
    from maskproof.report import Writer


class FourNumbers(click.Command):
    """Takes `--crop 60,40,300,300` for `--crop 60 40 300 300`, as areas and boxes are written everywhere else."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        apart: list[str] = []
        for arg in args:
            name, is_joined, value = arg.partition("=")
            pieces = [name, value] if is_joined and name in {"--crop", "--pad"} else [arg]
            if (pieces[:-1] or apart[-1:]) in (["--crop"], ["--pad"]):
                pieces[-1:] = [one for one in re.split(r"[,\s]+", pieces[-1]) if one]
            apart += pieces
        return super().parse_args(ctx, apart)


@commands.command(cls=FourNumbers)
@click.argument("edits", metavar="[EDIT|FOLDER]...", nargs=-1, type=PATH)
@click.option("--from", "table", type=FILE, help="Record the rows of this table (CSV, TSV; columns as in the docs).")
@click.option("--original", help="The picture that was edited; EDIT itself means its version in the last commit.")
@click.option("--mask", help="The mask that was given to the model.")
@click.option("--mask-mode", type=MODE, help="Which part of the mask was editable.")
@click.option("--no-mask", "--remove-mask", "no_mask", is_flag=True, help="Take the mask away: all is protected.")
@click.option("--generated", is_flag=True, help="Generated without a source image: there is no original.")
@click.option(
    "--manual", is_flag=True, help="People's work or a photograph; with --original and --mask it is held to them."
)
@click.option("--derived", is_flag=True, help="An export: --original names its master, --crop the part that it shows.")
@click.option("--crop", nargs=4, type=int, metavar="X,Y,W,H", help="The part of the original that EDIT was made from.")
@click.option(
    "--pad", nargs=4, type=int, metavar="L,T,R,B", help="Pixels that were added around it (left, top, right, bottom)."
)
@click.option("--provider", help="Who ran the model, for instance openai.")
@click.option("--model", help="The model, for instance gpt-image-2.")
@click.option("--prompt", help="The prompt; kept as the policy has it.")
@click.option(
    "--area",
    "areas",
    multiple=True,
    metavar="NAME:KIND:X,Y,W,H",
    help=f"Protect this area as well (KIND: {', '.join(AREA_KINDS)}); it replaces the one of this name. Repeatable.",
)
@click.option("--remove-area", multiple=True, metavar="NAME", help="Take the area of this name away. Repeatable.")
@click.option("--parent", help="The sidecar of the edit that this edit was made from.")
@click.option("--accept", is_flag=True, help="Take what is proposed (original, mask, frame) without being asked.")
@click.option("--add", is_flag=True, help="Stage the record, and the mask (`git add`).")
@click.option("--move", is_flag=True, help="Move records, and their masks, to where the policy keeps records.")
def record(edits: tuple[Path, ...], table: Path | None, add: bool, move: bool, **given: Any) -> int:
    """Write the sidecars of edits.

    A sidecar says what an edit was made from, through which mask and by which tool. With an existing one, what is not
    given is kept: `maskproof record EDIT` alone renews the digest. Without one, original and mask are proposed from
    what the files tell, and written only when you agree. Several edits, a folder or a table are recorded each for
    itself; one that could not be is named with its line, and the exit status is 2.
    """
    from maskproof.recording.session import Session
    from maskproof.repo import Repository

    def ask(proposal: str) -> bool:
        if not (sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty()):
            return False
        print("\n".join(map(safe, proposal.splitlines())))
        return click.confirm("Record that?")

    if bool(edits) == bool(table) and not (move and not table):
        raise UsageError(
            "name the edits to record, or a table of them with --from"
            if not edits
            else "edits and --from are both given",
            "Name one EDIT, several, a folder, or `--from table.csv`.",
        )
    repository = Repository(Path.cwd())
    say = _Say(folder(repository, os.environ))
    session = Session(repository, ask, not in_ci(os.environ), partial(progress, what="pictures hashed"))
    try:
        if move:
            from maskproof.recording.moving import move as move_records

            for line in move_records(session, tuple(map(str, edits)), stage=add):
                say(line)
            return 0
        if table is None and len(edits) == 1 and not edits[0].is_dir():
            return _record_one(session, edits[0], add, given, say)
        return _record_several(session, edits, table, add, given, say)
    except UsageError as error:
        raise UsageError(error.reason, say.turned(error.advice)) from error


class _Say:
    """Prints lines whose commands are right where the shell stands."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def turned(self, text: str) -> str:
        from maskproof.report.folder import pasted

        return pasted(text, self.prefix, windows=os.name == "nt")

    def __call__(self, text: str) -> None:
        print(safe(self.turned(text)))


def _record_one(session: Session, edit: Path, add: bool, given: dict[str, Any], say: _Say) -> int:
    from maskproof.recording import write
    from maskproof.recording.changes import described, next_step
    from maskproof.recording.staging import stage, unstaged

    done = write(session, str(edit), given)
    for line in (*described(done), *done.notes):
        say(line)
    staged = stage(session.repository, (done,)) if add else ()
    if staged:
        say(f"Staged {' and '.join(staged)}")
    if missing := [one for one in unstaged(session.repository, (done,)) if one not in staged]:
        say(next_step(missing))
    return 0


def _record_several(
    session: Session, edits: tuple[Path, ...], table: Path | None, add: bool, given: dict[str, Any], say: _Say
) -> int:
    from maskproof.recording.changes import Written, next_step, summary
    from maskproof.recording.several import LeftAlone, Refused, left_alone, record_all, rows_of
    from maskproof.recording.staging import stage, unstaged

    rows = rows_of(session, edits, table, given)
    written, refused, alone = [], 0, []
    for number, one in enumerate(record_all(session, rows, given), 1):
        progress(number, len(rows), "edits")
        if isinstance(one, LeftAlone):
            alone.append(one)
        elif isinstance(one, Refused):
            refused += 1
            where = f"{one.where}: " if one.where else ""
            say(f"{where}{one.edit or 'no edit'}: NOT RECORDED: {one.reason}")
            say(f"    -> {one.advice}")
        elif isinstance(one, Written):
            written.append(one)
            if one.record != one.old:
                say(summary(one))
            for note in one.notes:
                say(f"    {note}")
    for line in left_alone(alone):
        say(line)
    staged = stage(session.repository, written) if add else ()
    missing = [one for one in unstaged(session.repository, written) if one not in staged]
    if missing:
        say(next_step(missing))
    same = sum(one.record == one.old for one in written)
    counts = [f"{counted(len(written) - same, 'edit')} recorded"]
    counts += [f"{same} unchanged"] if same else []
    counts += [f"{counted(len(alone), 'picture')} left alone"] if alone else []
    counts += [f"{counted(len(staged), 'file')} staged"] if add else []
    counts += [f"{refused} not recorded"] if refused else []
    print(f"maskproof: {', '.join(counts)}.")
    return UsageError.exit_status if refused else 0


@commands.command()
@click.argument("image")
@click.option(
    "--area",
    "areas",
    multiple=True,
    metavar="NAME:KIND:X,Y,W,H",
    help=f"Protect this area (KIND: {', '.join(AREA_KINDS)}), in pixels of the original. Repeatable.",
)
@click.option("--remove-area", multiple=True, metavar="NAME", help="Take the area of this name away. Repeatable.")
@click.option("--rename-area", nargs=2, multiple=True, metavar="OLD NEW", help="Give an area another name. Repeatable.")
@click.option("--level", type=click.Choice(("visual", "strict", "exact")), help="How closely it has to match.")
@click.option("--limit", "limits", multiple=True, metavar="KIND.METRIC=N", help="How far a metric may go. Repeatable.")
@click.option("--try", "tries", is_flag=True, help="Judge with this level and these limits, and write nothing.")
def protect(
    image: str,
    areas: tuple[str, ...],
    remove_area: tuple[str, ...],
    rename_area: tuple[tuple[str, str], ...],
    level: str | None,
    limits: tuple[str, ...],
    *,
    tries: bool,
) -> int:
    """Write what the policy asks of one picture.

    Its areas, level and limits: the rows are put into the policy file of the working tree, whose other lines stay as
    they are. With --try the picture is judged as it is staged, by policy and as asked, and the exit status is 0
    whatever the verdicts are.
    """
    from maskproof.recording.protecting import Asked, limits_of, protect
    from maskproof.repo import Repository

    repository = Repository(Path.cwd())
    if not tries:
        tell(protect(repository, image, Asked(areas, remove_area, rename_area, level, limits)), repository)
        return 0
    if areas or remove_area or rename_area:
        raise UsageError("--try takes a level and limits", "Write the area, and judge again.")
    from maskproof.gate.scope import Scope
    from maskproof.gate.tried import tried
    from maskproof.model import Level
    from maskproof.repo.change import Selection, open_change
    from maskproof.report import text

    worker.start()
    scope = Scope(open_change(repository, Selection()))
    found = tried(scope, repository.path_of(image), Level(level) if level else None, limits_of(limits))
    print(text.tried(found), end="")
    return 0


@commands.command()
@click.argument("edit", type=PATH)
@click.option("--history", is_flag=True, help="Look at earlier versions and deleted pictures as well.")
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="How many to list at the most.")
@format_option("matches")
def find(edit: Path, history: bool, limit: int, writer: Writer) -> int:
    """List the most likely originals of an edit.

    Tracked images are compared by perceptual hash, which is a hint and proves nothing. Exits 0 also where nothing
    matches.
    """
    from maskproof.likeness import search
    from maskproof.recording.sources import copies_of
    from maskproof.repo import Repository

    repository, data = Repository(Path.cwd()), read_file(edit)
    found = search(
        repository,
        (str(edit), data),
        is_copy=copies_of(repository, data, str(edit)),
        trusted=not in_ci(os.environ),
        history=history,
        count=limit,
        progress=partial(progress, what="pictures hashed"),
    )
    emit(partial(writer.matches, found))
    return 0
