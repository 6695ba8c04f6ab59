"""Commands that show pictures to the people who decide."""

from __future__ import annotations

import os
import signal
import webbrowser
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from maskproof.atomic import encoded
from maskproof.cli.base import (
    CACHED,
    FILE,
    FOLDER,
    JOBS,
    commands,
    counting,
    emit,
    folder,
    in_ci,
    report_options,
    spare,
    write,
)
from maskproof.cli.recorded import recorded
from maskproof.errors import UsageError
from maskproof.gate.stats import BY
from maskproof.images import worker
from maskproof.model import Report, counted
from maskproof.report.text import safe

if TYPE_CHECKING:
    from maskproof.report import Writer

PAGE = Path("maskproof", "view.html")
"""where the page lies in the Git directory, which no commit holds"""
ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""signals by which people and systems end a server, the closing of its terminal among them"""


@commands.command()
@click.argument("edits", nargs=-1)
@click.option("--from-ref", metavar="A", help="Show what changed since the merge base of A and B.")
@click.option("--to-ref", metavar="B", help="The commit to show; HEAD when only A is given.")
@click.option("--all", "everything", is_flag=True, help="Every tracked image, changed or not.")
@click.option("--output", type=FILE, help="Write the page to this file; by default into the Git directory.")
@click.option("--open/--no-open", "opens", default=True, help="Open it in the browser.  [default: open]")
def view(
    edits: tuple[str, ...],
    from_ref: str | None,
    to_ref: str | None,
    everything: bool,
    output: Path | None,
    opens: bool,
) -> int:
    """Show edits beside their originals as a page in the browser.

    EDITS as they are staged, or what a commit made now would change. The page is one file that can be sent to
    somebody. The exit status is 0 whatever the verdicts are: `maskproof check` is the gate.
    """
    from maskproof.gate.check import check
    from maskproof.repo import Repository
    from maskproof.repo.change import Selection, open_change
    from maskproof.report import html
    from maskproof.report.folder import seen_from
    from maskproof.report.issues import asks

    spare((), output)
    worker.start()
    repository = Repository(Path.cwd())
    change = open_change(repository, Selection(from_ref, to_ref, everything, edits))
    change = change._replace(in_ci=in_ci(os.environ))
    with counting("images judged") as told:
        found = check(change, progress=told, draws={html.__name__: html.draw}, only=change.named)
    if not found.images:
        raise UsageError(
            "there is nothing to show: no image is changed and staged",
            "Name an edit, or show every tracked image: `maskproof view --all`.",
        )
    shown = seen_from(found, folder(repository, os.environ), windows=os.name == "nt")
    page = output or repository.common_dir / PAGE
    page.parent.mkdir(exist_ok=True)
    wrote = write(page, encoded(html.run(shown)))
    print(asks(shown))
    if opens and not in_ci(os.environ) and webbrowser.open(page.resolve().as_uri()):
        print(f"{wrote} and opened it.")
    else:
        print(f"{wrote}; open it in a browser.")
    return 0


@commands.command("gallery")
@click.argument("target", metavar="FOLDER", type=FOLDER)
def gallery_(target: Path) -> int:
    """Show every recorded picture in a folder of pages.

    Open its index.html, or put the folder on a server. Each picture is judged as it is staged, and has its model,
    prompt, day, verdict and approvals with it, and a page of its own. A folder that a gallery is in already is brought
    up to date; one with anything else in it is refused. The exit status is 0 whatever the verdicts are.
    """
    from maskproof.gate.status import reports
    from maskproof.repo import Repository
    from maskproof.report import gallery
    from maskproof.report.folder import seen_from

    repository = Repository(Path.cwd())
    gallery.claim(target)
    worker.start()
    where, windows = folder(repository, os.environ), os.name == "nt"
    with counting("pictures judged") as told:
        judged = reports(repository, in_ci=in_ci(os.environ), draws=gallery.DRAWS, progress=told)
        turned = ((seen_from(Report((one,)), where, windows=windows).images[0], said) for one, said in judged)
        count = gallery.write(target, turned)
    print(
        safe(f"Wrote {counted(count, 'recorded picture')} into {target}; open {target / gallery.INDEX} in a browser.")
    )
    return 0


@commands.command("stats")
@click.option("--by", type=click.Choice(tuple(BY)), multiple=True, help="What edits are grouped by; by default all.")
@JOBS
@CACHED
@report_options("stats")
def stats_(by: tuple[str, ...], jobs: int | None, cached: bool | None, writer: Writer, output: Path | None) -> int:
    """Tell how far edits drift, by model, tool, mask and month.

    Each recorded AI edit is judged as it is staged. Groups that hold surest come first: the more edits a model has, the
    more is known of it. The exit status is 0 whatever is found.
    """
    from maskproof.gate.stats import statistics
    from maskproof.report import text

    spare((), output)
    with counting("pictures judged") as told:
        found = statistics(recorded(jobs, cached=cached, progress=told), dict.fromkeys(by) or BY)
    emit(partial(writer.stats, found), output, text.statistics(found))
    return 0


@commands.command("ui")
@click.argument("paths", nargs=-1)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Serve on this port; by default on a free one.")
@click.option("--open/--no-open", "opens", default=True, help="Open it in the browser.  [default: open]")
def ui_(paths: tuple[str, ...], port: int, opens: bool) -> int:
    """Work with pictures in the browser.

    Look, protect areas, try limits, record, restore, ask for approval, stage. Shows what changed, staged or not, as it
    lies in the folder, or PATHS. Serves on 127.0.0.1 only, to whoever has the address that is printed; ends with
    Ctrl-C, or when nobody has used it for two hours. Whatever it does is a command, which it shows.
    """
    from maskproof.repo import Repository
    from maskproof.ui.desk import Desk
    from maskproof.ui.server import Server

    desk = Desk(Repository(Path.cwd()), paths, in_ci=in_ci(os.environ))
    desk.look()  # what is wrong with policy or paths is said here
    worker.start()
    try:
        server = Server(desk, port)
    except OSError as error:
        raise UsageError(f"port {port} cannot be used: {error.strerror}", "Name another one, or none.") from error
    address = server.guard.address
    for one in ENDING:
        signal.signal(one, signal.default_int_handler)
    try:
        with server:
            if not (opens and not in_ci(os.environ) and webbrowser.open(address)):
                print("Open this address, which nobody else should get:")
            print(address, flush=True)
            print("Ctrl-C ends it.", flush=True)
            server.serve()
            print("Nobody has used it for long, so it has ended.")
    except KeyboardInterrupt:
        print("\nEnded.")
    return 0
