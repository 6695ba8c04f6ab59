"""Commands that record what an edit was made from, and find it."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from maskproof.atomic import read_file
from maskproof.cli.base import MODE, PATH, commands, emit, folder, format_option, in_ci, progress
from maskproof.errors import UsageError
from maskproof.model import AREA_KINDS
from maskproof.report.text import safe

if TYPE_CHECKING:
    from maskproof.report import Writer


@commands.command()
@click.argument("edit", type=PATH)
@click.option("--original", help="The picture that was edited; EDIT itself means its version in the last commit.")
@click.option("--mask", help="The mask that was given to the model.")
@click.option("--mask-mode", type=MODE, help="Which part of the mask was editable.")
@click.option("--generated", is_flag=True, help="Generated without a source image: there is no original.")
@click.option(
    "--manual", is_flag=True, help="People's work or a photograph; with --original and --mask it is held to them."
)
@click.option("--derived", is_flag=True, help="An export: --original names its master, --crop the part that it shows.")
@click.option("--crop", nargs=4, type=int, metavar="X Y W H", help="The part of the original that EDIT was made from.")
@click.option(
    "--pad", nargs=4, type=int, metavar="L T R B", help="Pixels that were added around it (left, top, right, bottom)."
)
@click.option("--provider", help="Who ran the model, for instance openai.")
@click.option("--model", help="The model, for instance gpt-image-2.")
@click.option("--prompt", help="The prompt.")
@click.option(
    "--area",
    "areas",
    multiple=True,
    metavar="NAME:KIND:X,Y,W,H",
    help=f"Protect this area as well (KIND: {', '.join(AREA_KINDS)}). May be repeated.",
)
@click.option("--parent", help="The sidecar of the edit that this edit was made from.")
@click.option("--accept", is_flag=True, help="Take the original and the mask that are proposed, without being asked.")
def record(edit: Path, areas: tuple[str, ...], **given: Any) -> int:
    """Write the sidecar of an edit.

    It says what the edit was made from, through which mask and by which tool. With an existing sidecar, what is not
    given is kept: `maskproof record EDIT` alone renews the digest. Without one, original and mask are proposed from
    what the files tell, and written only when you agree.
    """
    from maskproof.recording import write
    from maskproof.repo import Repository
    from maskproof.report.folder import pasted

    def ask(proposal: str) -> bool:
        if not (sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty()):
            return False
        print("\n".join(map(safe, proposal.splitlines())))
        return click.confirm("Record that?")

    given |= {"trusted": not in_ci(os.environ), "progress": partial(progress, what="pictures hashed")}
    where = folder(Repository(Path.cwd()), os.environ)
    turned = partial(pasted, prefix=where, windows=os.name == "nt")
    try:
        for line in write(Path.cwd(), edit, areas, ask, **given):
            print(safe(turned(line)))
    except UsageError as error:
        raise UsageError(error.reason, turned(error.advice)) from error
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
