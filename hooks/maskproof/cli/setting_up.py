"""Commands that set a repository up: policy and hook, limits, a demonstration."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from maskproof import __version__
from maskproof.atomic import read_file
from maskproof.cli.base import FILE, FOLDER, PATH, commands, progress, spare, write
from maskproof.report.text import safe


@commands.command()
@click.option(
    "--ci",
    type=click.Choice(("github", "gitlab", "none")),
    default="github",
    show_default=True,
    help="Whose pull-request check to write a template for.",
)
@click.option("--rev", default=f"v{__version__}", show_default=True, help="The version that the hook entry pins.")
@click.option(
    "--owner",
    "owners",
    multiple=True,
    metavar="@NAME",
    help="Who has to review approvals and policy, as CODEOWNERS names them. May be repeated.",
)
@click.option("--advise", is_flag=True, help="For a first fortnight: write what only warns.")
def init(ci: str, rev: str, owners: tuple[str, ...], *, advise: bool) -> int:
    """Write policy, hook, CI template, owners and baseline.

    Nothing that exists is overwritten.
    """
    from maskproof.repo import Repository
    from maskproof.setup.init import write_all

    judged = partial(progress, what="pictures judged")
    for line in write_all(Repository(Path.cwd()), ci, rev, owners, judged, advise=advise):
        print(safe(line))
    return 0


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
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="How the report is written.",
)
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
    policy = None if policy_file is None else parse(read_file(policy_file), str(policy_file))
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
