"""Commands for jobs that write to pull requests."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import click

from maskproof.atomic import read_file
from maskproof.cli.base import FILE, commands
from maskproof.errors import UsageError
from maskproof.report.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from maskproof.pulls.github import GitHub


@contextlib.contextmanager
def on_github(event_file: Path) -> Iterator[tuple[GitHub, Mapping[str, Any]]]:
    """The repository of an event, as the variables of the job say it, and the event.

    Raises:
        UsageError: there is no token, or the event does not hold what is asked of it.
    """
    from maskproof.pulls.github import GitHub, event_of, repository_of

    token = os.environ.get("GH_TOKEN") or os.environ.get("GITHUB_TOKEN")
    if not token:
        raise UsageError("there is no token for GitHub", "Give the step `GH_TOKEN: ${{ github.token }}`.")
    event = event_of(read_file(event_file))
    try:
        api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
        yield GitHub(api, token, repository_of(event)), event
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"the event does not say what is needed ({type(error).__name__}: {error})",
            "Run this in a job as `docs/github.md` has it.",
        ) from error


@commands.command()
@click.argument("event", type=FILE, metavar="EVENT.json")
@click.option("--report", type=FILE, help="The report of this job (JSON); by default that of the run that ended.")
@click.option("--artifact", default="maskproof", show_default=True, help="Under which name that run kept its report.")
def comment(event: Path, report: Path | None, artifact: str) -> int:
    """Write one managed comment on a pull request of GitHub.

    EVENT.json is the file that GITHUB_EVENT_PATH names: of the pull request itself with --report, or of `workflow_run`,
    after a run whose report anybody may have written.
    """
    from maskproof.pulls.comment import write

    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    with on_github(event) as (github, said):
        data = None if report is None else read_file(report)
        print(safe(write(github, said, data, artifact, server)))
    return 0
