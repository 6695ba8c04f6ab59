"""Commands by which people answer for pictures that the gate would stop."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from maskproof.cli.base import FILE, commands, emit, format_option, progress, said, tell
from maskproof.cli.pulls import on_github
from maskproof.errors import UsageError
from maskproof.report.text import safe

if TYPE_CHECKING:
    import datetime as dt

    from maskproof.report import Writer

AGAINST = click.option(
    "--from-ref",
    "since",
    metavar="A",
    help="The branch that the change is to be merged into; by default origin/HEAD, origin/main or origin/master, "
    "else the last commit.",
)


@commands.command()
@click.argument("edits", nargs=-1)
@click.option("--reason", help="Why what is found in them is right.")
@click.option(
    "--expires",
    type=click.DateTime(("%Y-%m-%d",)),
    metavar="YYYY-MM-DD",
    help="The last day on which the approval holds (UTC).",
)
@AGAINST
@click.option("--sign/--no-sign", default=None, help="Sign it; by default where the project lists signers.")
@click.option("--key", metavar="FILE", help="The SSH key to sign with, in place of Git's user.signingKey.")
@click.option(
    "--from-comment",
    "event",
    type=FILE,
    metavar="EVENT.json",
    help="In a job of GitHub: do what the comment of this event asks for, as a commit on its pull request.",
)
def approve(
    edits: tuple[str, ...],
    reason: str | None,
    expires: dt.datetime | None,
    since: str | None,
    sign: bool | None,
    key: str | None,
    event: Path | None,
) -> int:
    """Accept what is found in these pictures, as they are staged.

    The approval is bound to their bytes, originals, masks, records and settings, and lapses when one of them changes.
    """
    from maskproof.recording.approving import approve as write
    from maskproof.repo import Repository

    if event is not None:
        if edits or reason or expires or since or sign is not None or key:
            raise UsageError("--from-comment goes alone", "The comment says the rest.")
        from maskproof.pulls.approval import answer

        with on_github(event) as (github, told):
            print(safe(answer(github, Repository(Path.cwd()), told, said)))
        return 0
    if not edits or reason is None:
        raise UsageError("an approval needs pictures and a reason", "`maskproof approve EDIT --reason TEXT`.")
    ends = expires.date() if expires else None
    tell(write(Path.cwd(), edits, reason, ends, since, key, sign=sign), Repository(Path.cwd()))
    return 0


@commands.command()
@AGAINST
@click.option("--author", "authors", multiple=True, metavar="[COMMIT=]NAME", help="As of `maskproof check`.")
@format_option("approvals")
def approvals(since: str | None, authors: tuple[str, ...], writer: Writer) -> int:
    """List all approvals, and why one no longer holds."""
    from maskproof.recording.approvals import listed

    emit(partial(writer.approvals, listed(Path.cwd(), since, authors)))
    return 0


@commands.command()
def baseline() -> int:
    """Accept the present state of an old repository.

    Every picture that is committed and has something against it gets an entry, bound to its bytes. Another run renews
    all of them.
    """
    from maskproof.recording.baseline import write
    from maskproof.repo import Repository

    repository = Repository(Path.cwd())
    tell(write(repository, partial(progress, what="pictures judged")), repository)
    return 0
