"""Commands that judge: the gate, one comparison, and why."""

from __future__ import annotations

import contextlib
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from maskproof.atomic import read_file
from maskproof.cli.base import (
    BLOCKED,
    FILE,
    INTERNAL,
    PATH,
    UNJUDGED,
    commands,
    comparison_options,
    counting,
    emit,
    folder,
    for_github,
    format_option,
    in_ci,
    named,
    policy_for,
    reader,
    report_options,
    reports_option,
    spare,
    status,
    wants_color,
    write,
)
from maskproof.errors import CouldNotJudge, UsageError
from maskproof.images import worker
from maskproof.report.text import conclusion, summary

if TYPE_CHECKING:
    from maskproof.model import Report
    from maskproof.report import Writer


@commands.command()
@click.option("--staged", is_flag=True, help="What a commit made now would change (the default).")
@click.option("--from-ref", metavar="A", help="Judge what changed since the merge base of A and B.")
@click.option("--to-ref", metavar="B", help="The commit to judge; HEAD when only A is given.")
@click.option("--all", "everything", is_flag=True, help="Every tracked image, changed or not.")
@click.option(
    "--fail-on", type=click.Choice(("block", "warn")), default="block", show_default=True, help="What exits with 1."
)
@click.option(
    "--author",
    "authors",
    multiple=True,
    metavar="[COMMIT=]NAME",
    envvar="MASKPROOF_AUTHORS",
    help="Who made the change, as the platform knows them: nobody approves a change of their own. May be repeated.",
)
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
    from dataclasses import replace

    from maskproof.repo import Repository
    from maskproof.repo.change import Selection, from_environment, is_hook, is_push, open_change

    if staged and (from_ref or to_ref or everything):
        raise UsageError("--staged cannot be combined with --from-ref, --to-ref or --all", "Choose one of them.")
    if quiet and verbose:
        raise UsageError("--quiet cannot be combined with --verbose", "Choose one of them.")
    spare((), output, *files)
    selection = Selection(from_ref, to_ref, everything, paths)
    change = open_change(Repository(Path.cwd()), selection if staged else from_environment(selection, os.environ))
    change = replace(change, in_ci=in_ci(os.environ), pushing=is_push(os.environ), authors=authors)
    if not change.concerns_nothing:
        worker.start()
    from maskproof.gate.check import check as check_change
    from maskproof.report import text
    from maskproof.report.folder import pasted, seen_from

    where, windows = folder(change.repository, os.environ), os.name == "nt"
    try:
        with counting("images judged", quiet=quiet) as progress:
            found = seen_from(check_change(change, progress=progress), where, windows=windows)
    except CouldNotJudge as error:
        error.advice = pasted(error.advice, where, windows=windows)
        raise
    for file, style in files.items():
        write(file, style.run(found).encode("utf-8", "backslashreplace"))
    ended = _ended(found, fail_on)
    spoken, hushed = writer is text and output is None, quiet and ended == 0
    if spoken and verbose:
        print(*text.passing(found, color=wants_color()), sep="\n")
    # pre-commit shows each word of a hook
    if not (spoken and (hushed or (not (found.images or found.notes) and is_hook(os.environ)))):
        emit(partial(writer.run, found), output, "" if hushed else summary(found))
        if spoken:
            for_github(found)
    if os.environ.get("MASKPROOF_TRACEBACK"):
        print("".join(image.fault for image in found.images), end="", file=sys.stderr)
    return ended


def _ended(found: Report, fail_on: str) -> int:
    """The exit status of a run."""
    from maskproof.model import Severity

    told = [finding for image in found.images for finding in image.findings if finding.accepted is None]
    warned = any(finding.severity is Severity.WARN for finding in told)
    ended = status(*found.images)
    return BLOCKED if fail_on == "warn" and warned and ended != INTERNAL else ended


@commands.command()
@click.argument("original", type=PATH)
@click.argument("edit", type=PATH)
@comparison_options
@report_options("image")
def compare(
    original: Path,
    edit: Path,
    mask: Path | None,
    mask_mode: str | None,
    policy_file: Path | None,
    level: str | None,
    writer: Writer,
    output: Path | None,
) -> int:
    """Compare one edit with its original, without Git. Without a mask everything is protected."""
    worker.start()
    from maskproof.gate.named import compare as compare_named

    files = named(edit, original, mask, mask_mode)
    found = compare_named(files, *policy_for(edit, policy_file, level))
    emit(partial(writer.image, found), output, conclusion(found))
    return status(found)


@commands.command()
@click.argument("path", type=PATH)
@format_option("explanation", "signals")
@click.option(
    "--stealth", is_flag=True, help="Only what the file says of its origin, signals hidden in its pixels included."
)
def explain(path: Path, writer: Writer, *, stealth: bool) -> int:
    """Show every step that led to the verdict on one image.

    For a file that Git does not track: what it says of its origin.
    """
    from maskproof.gate.explain import explained, marks
    from maskproof.model import Report
    from maskproof.repo import Repository
    from maskproof.report.folder import seen_from

    found = None if stealth else explained(Path.cwd(), path)
    if found is None:
        emit(partial(writer.signals, marks(read_file(path), str(path), stealth=stealth)))
    else:
        # Where the shell stands outside of the repository, paths from its top are the best there are.
        with contextlib.suppress(UsageError):
            where = folder(Repository(Path.cwd()), os.environ)
            (found,) = seen_from(Report((found,)), where, windows=os.name == "nt").images
        emit(partial(writer.explanation, found))
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
@format_option("status")
def status_(writer: Writer) -> int:
    """List every recorded picture: verdict, origin, model, day.

    Each is judged as it is staged, and told at once. The day is that of the last commit that touched the record. The
    exit status is 0 whatever the verdicts are: `maskproof check --all` is the gate.
    """
    from maskproof.gate.status import recorded
    from maskproof.repo import Repository

    worker.start()
    pictures = recorded(Repository(Path.cwd()), in_ci=in_ci(os.environ))
    for piece in writer.status(pictures, color=wants_color()):
        print(piece, end="", flush=True)
    return 0


@commands.command("inventory")
@format_option("inventory")
def inventory_(writer: Writer) -> int:
    """List every picture that AI made or changed, and its marks.

    As it is staged, picture by picture; no pixel is decoded. The exit status is 0 whatever is found: the rule
    `unmarked` is the gate.
    """
    from maskproof.gate.inventory import entries
    from maskproof.repo import Repository

    for piece in writer.inventory(entries(Repository(Path.cwd()))):
        print(piece, end="", flush=True)
    return 0


@commands.command()
@click.argument("rule", required=False)
def rules(rule: str | None) -> int:
    """List the rules, or explain one: how it is found and what to do."""
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
