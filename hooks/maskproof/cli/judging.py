"""Commands that judge: the gate, one comparison, and why."""

from __future__ import annotations

import contextlib
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from maskproof.atomic import encoded, read_file
from maskproof.cli.base import (
    CACHED,
    FAIL_ON,
    FILE,
    FOLDER,
    JOBS,
    PATH,
    UNJUDGED,
    commands,
    comparison_options,
    counting,
    emit,
    ended,
    folder,
    for_github,
    format_option,
    in_ci,
    named,
    part,
    policy_for,
    reader,
    report_options,
    reports_option,
    spare,
    status,
    uses_cache,
    wants_color,
    write,
)
from maskproof.cli.cards import card_draws, card_of, picture_options, show_card, write_cards
from maskproof.cli.once import told_before
from maskproof.cli.pairs import MANIFEST, POLICY, SCHEDULER, judged_pairs, opened
from maskproof.cli.recorded import recorded
from maskproof.errors import UsageError
from maskproof.images import worker
from maskproof.parallel import processors
from maskproof.report import draws_of
from maskproof.report.text import conclusion, summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from maskproof.gate.cache import Cache
    from maskproof.gate.scene import Draws
    from maskproof.model import Report
    from maskproof.repo.change import Change
    from maskproof.report import Writer


@commands.command()
@click.option("--staged", is_flag=True, help="What a commit made now would change (the default).")
@click.option("--from-ref", metavar="A", help="Judge what changed since the merge base of A and B.")
@click.option("--to-ref", metavar="B", help="The commit to judge; HEAD when only A is given.")
@click.option("--all", "everything", is_flag=True, help="Every tracked image, changed or not.")
@FAIL_ON
@click.option(
    "--author",
    "authors",
    multiple=True,
    metavar="[COMMIT=]NAME",
    envvar="MASKPROOF_AUTHORS",
    help="Who made the change, as the platform knows them: nobody approves a change of their own. May be repeated.",
)
@click.option(
    "--cards", type=FOLDER, help="Draw each image that has something to say into this folder: PNG, and WebP that moves."
)
@click.option("--card-url", metavar="URL", help="Where the cards will lie for who reads the Markdown report.")
@MANIFEST
@POLICY
@JOBS
@SCHEDULER
@click.option(
    "--shard",
    "share",
    callback=part,
    metavar="I/N",
    help="Judge the I-th of N parts; see merge-reports.",
)
@CACHED
@click.option("--quiet", is_flag=True, help="Say nothing unless an image is blocked or was not judged.")
@click.option("--verbose", is_flag=True, help="Also name each image that passes.")
@click.argument("paths", nargs=-1)
@reports_option
@report_options("run")
def check(
    staged: bool,
    from_ref: str | None,
    to_ref: str | None,
    everything: bool,
    fail_on: str,
    authors: tuple[str, ...],
    cards: Path | None,
    card_url: str | None,
    manifest: Path | None,
    policy_file: Path | None,
    jobs: int | None,
    scheduler: str | None,
    share: tuple[int, int] | None,
    cached: bool | None,
    quiet: bool,
    verbose: bool,
    paths: tuple[str, ...],
    files: dict[Path, Writer],
    writer: Writer,
    output: Path | None,
) -> int:
    """Judge the images of a change: the gate.

    PATHS are judged as well, as they stand in the index (or in B): images, sidecars, masks, originals or folders.
    """
    from msgspec.structs import replace

    from maskproof.gate.cache import Cache, identity
    from maskproof.model import Shard
    from maskproof.repo import Repository
    from maskproof.repo.change import Selection, from_environment, is_push, open_change

    if staged and (from_ref or to_ref or everything):
        raise UsageError("--staged cannot be combined with --from-ref, --to-ref or --all", "Choose one of them.")
    if manifest is not None and (staged or from_ref or to_ref or everything or authors or paths):
        raise UsageError("--manifest cannot be combined with what Git holds", "Leave the options of a change out.")
    if policy_file is not None and manifest is None:
        raise UsageError("--policy belongs to --manifest", "A change is held to the policies that its repository has.")
    if scheduler is not None and jobs is not None:
        raise UsageError("--scheduler cannot be combined with --jobs", "The cluster says how many workers there are.")
    if quiet and verbose:
        raise UsageError("--quiet cannot be combined with --verbose", "Choose one of them.")
    spare((), output, *files)
    if manifest is not None:
        pairs = opened(manifest, policy_file, cached=uses_cache(cached, foreign=in_ci(os.environ)))
        with counting("pairs judged", quiet=quiet) as progress:
            found = judged_pairs(
                pairs, jobs, scheduler, share, draws_of(writer, *files.values()) | card_draws(cards), progress
            )
        return _delivered(found, cards, card_url, files, writer, output, fail_on, quiet=quiet, verbose=verbose)
    selection = Selection(from_ref, to_ref, everything, paths)
    change = open_change(Repository(Path.cwd()), selection if staged else from_environment(selection, os.environ))
    change = change._replace(in_ci=in_ci(os.environ), pushing=is_push(os.environ), authors=authors)
    asked = (writer, *files.values())
    draws = draws_of(*asked) | card_draws(cards)
    kept = uses_cache(cached, foreign=change.in_ci) and not (change.concerns_nothing or draws)  # none with pictures
    cache = Cache(change.repository) if kept else None
    from maskproof.report.folder import seen_from

    judged = _checked(change, cache, jobs, scheduler, share, draws, quiet=quiet)
    found = seen_from(judged, folder(change.repository, os.environ), windows=os.name == "nt")
    if share is not None:
        found = replace(found, shard=Shard(*share, identity(change)))
    told = partial(_is_told, judged, change)
    return _delivered(found, cards, card_url, files, writer, output, fail_on, told, quiet=quiet, verbose=verbose)


def _delivered(
    found: Report,
    cards: Path | None,
    card_url: str | None,
    files: dict[Path, Writer],
    writer: Writer,
    output: Path | None,
    fail_on: str,
    told: Callable[[], bool] = lambda: False,
    *,
    quiet: bool,
    verbose: bool,
) -> int:
    """Write all that is asked of a report, and give the exit status; `told`: was it told already?"""
    from maskproof.report import text

    if cards is not None:
        found = write_cards(found, cards, card_url)
    for file, style in files.items():
        write(file, encoded(style.run(found)))
    if writer is text and output is None:
        if verbose:
            for line in text.passing(found, color=wants_color()):
                print(line)
        if (quiet and ended(found, fail_on) == 0) or told():
            return ended(found, fail_on)
    return _told(found, writer, writer.run, output, fail_on, quiet=quiet)


def _is_told(judged: Report, change: Change) -> bool:
    """Does a hook have nothing to tell, or did another one of the same commit tell it?"""
    from maskproof.repo.change import is_hook
    from maskproof.report import text

    if is_hook(os.environ) and not (judged.images or judged.notes):  # each word of a hook is shown
        return True
    before = told_before(text.run(judged), change.repository.git_dir, os.environ)
    if before:
        print(summary(judged, "as told above"))
    return before


def _told(
    found: Report,
    writer: Writer,
    run: Callable[..., Iterator[str]],
    output: Path | None,
    fail_on: str,
    *,
    quiet: bool = False,
) -> int:
    """Write a report, and give the exit status."""
    from maskproof.report import text

    given = ended(found, fail_on)
    emit(partial(run, found), output, "" if quiet and given == 0 else summary(found))
    if writer is text and output is None:
        for_github(found)
    if os.environ.get("MASKPROOF_TRACEBACK"):
        print(*(image.fault for image in found.images), sep="", end="", file=sys.stderr)
    return given


def _checked(
    change: Change,
    cache: Cache | None,
    jobs: int | None,
    scheduler: str | None,
    share: tuple[int, int] | None,
    draws: Draws,
    *,
    quiet: bool,
) -> Report:
    """The report on a change, or on one part of it: as it was kept, or judged."""
    if cache and share is None and (kept := cache.run(change)) is not None:
        return kept
    if not change.concerns_nothing and jobs in {None, 1} and scheduler is None:
        worker.start(jobs or processors())
    from maskproof.gate.check import check as check_change
    from maskproof.gate.check import in_processes

    run = None if jobs is None else in_processes(jobs)
    if scheduler is not None and not change.concerns_nothing:
        from maskproof.gate.cluster import of_change, on_cluster

        run = on_cluster(scheduler, of_change(change))
    with counting("images judged", quiet=quiet) as progress:
        return check_change(change, run, progress, cache, share or (1, 1), lean=True, draws=draws)


@commands.command("merge-reports")
@FAIL_ON
@click.argument("reports", type=FILE, nargs=-1, required=True)
@report_options("joined")
def merge_reports(reports: tuple[Path, ...], fail_on: str, writer: Writer, output: Path | None) -> int:
    """Join the reports of all parts of a run.

    REPORTS are what `check --shard I/N --format json` wrote for each part. What comes out equals the report of the
    run without parts to the byte, in every format, and so does the exit status.
    """
    from maskproof.report.merged import merged

    found = merged((str(one), read_file(one)) for one in reports)
    return _told(found, writer, writer.joined, output, fail_on)


@commands.command()
@click.argument("original", type=PATH)
@click.argument("edit", type=PATH)
@comparison_options
@picture_options
@report_options("image")
def compare(
    original: Path,
    edit: Path,
    mask: Path | None,
    mask_mode: str | None,
    policy_file: Path | None,
    level: str | None,
    picture: Path | None,
    show: str | None,
    writer: Writer,
    output: Path | None,
) -> int:
    """Compare one edit with its original, without Git. Without a mask everything is protected."""
    draws = draws_of(writer) | card_of(picture, show)
    worker.start()
    from maskproof.gate.named import compare as compare_named

    files = named(edit, original, mask, mask_mode)
    found = compare_named(files, *policy_for(edit, policy_file, level), draws=draws)
    emit(partial(writer.image, found), output, conclusion(found))
    show_card(found, picture, show)
    return status(found)


@commands.command()
@click.argument("path", type=PATH)
@picture_options
@report_options("explanation", "signals")
@click.option(
    "--stealth", is_flag=True, help="Only what the file says of its origin, signals hidden in its pixels included."
)
def explain(
    path: Path, picture: Path | None, show: str | None, writer: Writer, output: Path | None, *, stealth: bool
) -> int:
    """Show every step that led to the verdict on one image.

    For a file that Git does not track: what it says of its origin.
    """
    from maskproof.gate.explain import explained, marks
    from maskproof.model import Report
    from maskproof.repo import Repository
    from maskproof.report.folder import seen_from

    spare((path,), output)
    draws = draws_of(writer) | card_of(picture, show)
    found = None if stealth else explained(Path.cwd(), path, draws)
    if found is None:
        if picture is not None or show is not None:
            raise UsageError(
                f"{str(path)!a} is compared with nothing, so there is nothing to draw",
                "Compare two files: `maskproof compare ORIGINAL EDIT --picture FILE.png`.",
            )
        emit(partial(writer.signals, marks(read_file(path), str(path), stealth=stealth)), output)
    else:
        # Where the shell stands outside of the repository, paths from its top are the best there are.
        with contextlib.suppress(UsageError):
            where = folder(Repository(Path.cwd()), os.environ)
            (found,) = seen_from(Report((found,)), where, windows=os.name == "nt").images
        emit(partial(writer.explanation, found), output, conclusion(found))
        show_card(found, picture, show)
    return 0


@commands.command()
@click.argument("image", type=PATH)
@click.option("--policy", "policy_file", type=PATH, help="Ask this policy alone, as it lies there, and no Git.")
@click.option("--preview", type=FILE, help="Draw the picture with all of it into this PNG file.")
@format_option("areas")
def areas(image: Path, policy_file: Path | None, preview: Path | None, writer: Writer) -> int:
    """List and draw all that is protected in one picture.

    Each area has its name, its kind, its place and who asks for it: a line of the policy, the record, or what was
    detected. Of an edit they lie in its original, with the side that its mask protects. The picture and the policy are
    read as they are staged. Exit status 3 where an area cannot be shown.
    """
    from maskproof.gate.held import held, held_by
    from maskproof.images.decode import decode
    from maskproof.policy import parse
    from maskproof.repo import Repository
    from maskproof.report import preview as drawing

    spare((image, policy_file), preview)
    worker.start()
    if policy_file is None:
        found = held(Repository(Path.cwd()), str(image))
    else:
        own, name = read_file(policy_file), str(policy_file)
        beside = reader(policy_file.parent)
        policy = parse(own, name, beside)
        asked = None if policy is None else (name, policy)
        picture = decode(read_file(image), str(image))
        found = held_by(asked, image.as_posix(), picture, lambda path: own if path == name else beside(path))
    emit(partial(writer.areas, found))
    if preview is not None:
        shown = [(f"{one.region.name} ({one.region.kind})", one.region.mask) for one in found.areas]
        print(write(preview, drawing.png(found.shown, found.picture, found.opened, "", shown)), file=sys.stderr)
    return UNJUDGED if found.problems else 0


@commands.command("status")
@JOBS
@CACHED
@report_options("status")
def status_(jobs: int | None, cached: bool | None, writer: Writer, output: Path | None) -> int:
    """List every recorded picture: verdict, origin, model, day.

    Each is judged as it is staged, and told at once. The day is that of the last commit that touched the record. The
    exit status is 0 whatever the verdicts are: `maskproof check --all` is the gate.
    """
    spare((), output)
    _tell(partial(writer.status, recorded(jobs, cached=cached)), output)
    return 0


def _tell(render: Callable[..., Iterator[str]], output: Path | None) -> None:
    """Print a report piece by piece, as it is made; into a file whole."""
    if output is not None:
        emit(render, output)
        return
    for piece in render(color=wants_color()):
        print(piece, end="", flush=True)


@commands.command("inventory")
@report_options("inventory")
def inventory_(writer: Writer, output: Path | None) -> int:
    """List every picture that AI made or changed, and its marks.

    As it is staged, picture by picture; no pixel is decoded. The exit status is 0 whatever is found: the rule
    `unmarked` is the gate.
    """
    from maskproof.gate.inventory import entries
    from maskproof.repo import Repository

    spare((), output)
    _tell(partial(writer.inventory, entries(Repository(Path.cwd()))), output)
    return 0


@commands.command()
@click.argument("rule", required=False)
def rules(rule: str | None) -> int:
    """List the rules, or explain one.

    How it is found, and what to do.
    """
    from maskproof.documents import hint
    from maskproof.policy.rules import RULES
    from maskproof.report.text import listed_rules, rule_page

    if rule is None:
        print(listed_rules(RULES.values()), end="")
    elif rule in RULES:
        print(rule_page(RULES[rule]), end="")
    else:
        raise UsageError(f"there is no rule {rule!a}", f"{hint(rule, RULES)}".capitalize())
    return 0
