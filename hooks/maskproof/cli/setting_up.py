"""Commands that set a repository up: policy and hook, limits, a demonstration."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import click

from maskproof.atomic import read_file
from maskproof.cli.base import BLOCKED, FILE, FOLDER, PATH, commands, progress, reader, said, spare, tell, write
from maskproof.errors import MaskproofError, UsageError
from maskproof.report.text import safe
from maskproof.setup.ci import SERVICES

FORM = click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="How the report is written.",
)
"""of commands whose report is none of images, so that no `Writer` has it"""


@commands.command()
@click.option(
    "--ci",
    type=click.Choice((*SERVICES, "none")),
    help="Whose pull-request check to write; by default that of the service whose own file lies here, else github.",
)
@click.option("--rev", help="The version that hook and check pin; by default the commit that this was installed from.")
@click.option(
    "--owner",
    "owners",
    multiple=True,
    metavar="@NAME",
    help="Who has to review approvals and policy, as CODEOWNERS names them. May be repeated.",
)
@click.option("--advise", is_flag=True, help="For a first fortnight: write what only warns.")
def init(ci: str | None, rev: str | None, owners: tuple[str, ...], *, advise: bool) -> int:
    """Write policy, hook, CI template, owners and baseline.

    Nothing that exists is overwritten.
    """
    from maskproof.repo import Repository
    from maskproof.setup.init import platform_of, write_all

    repository, judged = Repository(Path.cwd()), partial(progress, what="pictures judged")
    for line in write_all(repository, ci or platform_of(repository), rev, owners, judged, advise=advise):
        print(*map(safe, line.split("\n")), sep="\n")
    return 0


@commands.command()
@click.argument("source")
@click.option("--to", metavar="FILE", help="Where it is to lie, from the repository's root; by default at the top.")
def preset(source: str, to: str | None) -> int:
    """Fetch a policy that several repositories share, and pin it.

    SOURCE is an https:// address, or a file: one that lies in this repository stays where it is. The copy is named with
    its digest in this repository's policy, which then begins with what it says. No check fetches one.
    """
    from maskproof.repo import Repository
    from maskproof.setup.preset import pin

    repository = Repository(Path.cwd())
    tell(pin(repository, source, to), repository)
    return 0


@commands.command()
@FORM
def doctor(form: str) -> int:
    """Say what is not enforced in this repository.

    Each gap comes with the command that mends it. Exit status 1 where there is one. Looked at are the last commit, this
    clone and this machine; nothing is fetched or asked of a server.
    """
    from maskproof.repo import Repository
    from maskproof.setup import doctor as examination

    found = examination.examined(Repository(Path.cwd()))
    print(examination.as_json(found) if form == "json" else examination.as_text(found), end="")
    return BLOCKED if any(one.severity == examination.GAP for one in found) else 0


@commands.command("range")
@click.option("--onto", metavar="BRANCH", help="The branch that the change goes to, where no known service runs this.")
@click.option("--head", default="HEAD", show_default=True, metavar="COMMIT", help="What to judge, with --onto.")
@click.option("--fetch", is_flag=True, help="Fetch what is missing; otherwise nothing talks to a server.")
def range_(onto: str | None, head: str, *, fetch: bool) -> int:
    """Print what `check` is to be asked in a CI job.

    That is the change that a pull request, a queue or a push would make. GitHub and GitLab say by their variables what
    they run a job for. What this clone lacks is said with the command that fetches it.
    """
    from maskproof.repo import Repository, platforms
    from maskproof.setup import presence

    repository = Repository(Path.cwd())
    try:
        wanted = platforms.onto(onto, head) if onto else platforms.asked(repository, os.environ, read_file)
        base, commit = presence.complete(repository, wanted, fetch=fetch, say=said)
    except MaskproofError:
        print(NO_RANGE)
        raise
    print(f"--from-ref {base} --to-ref {commit}" if base else f"--all --to-ref {commit}")
    return 0


NO_RANGE = "--from-ref=- --to-ref=-"
"""what is printed where nothing can be said: a `check` that is given it refuses, where without a word it would judge
what is staged, which in a job is nothing, and pass"""


@commands.command()
@click.option("--keep", type=FOLDER, help="Leave the scratch repository in this folder.")
def demo(keep: Path | None) -> int:
    """Show the gate at work in a scratch repository.

    A photograph, the hook, a clean edit of it that is committed, and one with drift that is blocked.
    """
    from maskproof.setup.demo import run

    status: int = run(keep, print)
    return status


@commands.command()
@click.argument("cases", metavar="CASES.csv", type=PATH)
@click.option("--policy", "policy_file", type=PATH, help="A maskproof.toml with the present limits, and areas.")
@click.option("--level", type=click.Choice(("visual", "strict")), help="The level to find limits for.")
@click.option("--plot", type=FILE, help="Draw all values into this PNG file.")
@click.option("--output", type=FILE, help="Write the proposed limits to this TOML file.")
@click.option("--jobs", type=click.IntRange(1), help="Comparisons at a time; by default at most 2.")
@FORM
def calibrate(
    cases: Path,
    policy_file: Path | None,
    level: str | None,
    plot: Path | None,
    output: Path | None,
    jobs: int | None,
    form: str,
) -> int:
    """Propose limits from your own accepted and rejected edits.

    CASES.csv has the columns original, mask, mask_mode, edit and expected (pass or block), paths relative to itself.
    Where an edit's record lies beside it, the model that it names is told apart.
    """
    from maskproof.model import Level
    from maskproof.policy import parse
    from maskproof.setup import calibrate as calibration
    from maskproof.setup.calibrate import json, text
    from maskproof.setup.calibrate import plot as drawing

    spare((cases, policy_file), plot, output)
    policy = (
        None if policy_file is None else parse(read_file(policy_file), str(policy_file), reader(policy_file.parent))
    )
    found = (str(policy_file), policy) if policy else None
    proposal = calibration.calibrate(cases, found, Level(level) if level else None, jobs, progress)
    limits = text.toml(proposal)
    files = {plot: drawing.png(proposal) if plot else b"", output: limits.encode()}
    written = [write(path, data) for path, data in files.items() if path]
    if form == "json":
        print(json.written(proposal), end="")
        return 0
    print("\n".join([text.written(proposal), *(written if output else [limits.rstrip(), *written])]))
    return 0


@commands.command()
@click.option("--clear", is_flag=True, help="Remove all of them.")
def cache(*, clear: bool) -> int:
    """Show or clear the verdicts and originals kept here.

    `maskproof check` judges nothing twice that is the same to the byte: picture, original, mask, record, policy,
    approvals, and maskproof itself. They lie in the Git directory, which no commit can write to; outside of a
    repository those of manifests are meant, in the user's own cache folder.
    """
    from maskproof import remote
    from maskproof.cli.pairs import own_folder
    from maskproof.model import counted
    from maskproof.repo import Repository
    from maskproof.shelf import MOST, ROOM, Shelf

    try:
        folder = Repository(Path.cwd()).common_dir / "maskproof"
    except UsageError:
        folder = own_folder()
    shelf, originals = Shelf(folder / "verdicts"), remote.Store(folder).shelf
    fetched = originals.held()
    if shelf.refused:
        print(safe(f"{shelf.folder} {shelf.refused}, so it is not used."))
    elif clear:
        print("Removed {:,} verdicts ({}).".format(*_amount(*shelf.clear())))
        if fetched.entries:
            count, size = _amount(*originals.clear())
            print(f"Removed {counted(count, 'fetched original')} ({size}).")
    else:
        print(safe(str(shelf.folder)))
        print("{:,} verdicts ({}); ".format(*_amount(*shelf.held())) + f"room for {MOST:,}, and {ROOM / 1e6:.0f} MB.")
        if fetched.entries:
            count, size = _amount(*fetched)
            print(safe(f"{counted(count, 'fetched original')} ({size}) in {originals.folder}"))
        print("Used by `maskproof check`; in CI only with --cache. --no-cache leaves it alone.")
    return 0


def _amount(entries: int, size: int) -> tuple[int, str]:
    """So many entries, and their bytes in words."""
    return entries, f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"  # noqa: PLR2004 - 0.1 MB
