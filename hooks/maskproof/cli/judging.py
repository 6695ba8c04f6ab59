"""Commands that judge: the gate, one comparison, and why."""

from __future__ import annotations

import os
from pathlib import Path

import click

from maskproof.cli.base import MODES, commands, emit, format_option, read, report_options, status, together, wants_color
from maskproof.errors import UsageError


@commands.command()
@click.option("--staged", is_flag=True, help="What a commit made now would change (the default).")
@click.option("--from-ref", metavar="A", help="Judge what changed since the merge base of A and B.")
@click.option("--to-ref", metavar="B", help="The commit to judge; HEAD when only A is given.")
@click.option("--all", "everything", is_flag=True, help="Every tracked image, changed or not.")
@click.argument("paths", nargs=-1)
@report_options
def check(
    staged: bool,
    from_ref: str | None,
    to_ref: str | None,
    everything: bool,
    paths: tuple[str, ...],
    style: str,
    output: Path | None,
) -> int:
    """Judge the images of a change: the gate.

    PATHS are judged as well, as they stand in the index (or in B): images, sidecars, masks, originals or folders.
    """
    from dataclasses import replace

    from maskproof.repo import Repository
    from maskproof.repo.change import Selection, from_environment, open_change

    if staged and (from_ref or to_ref or everything):
        raise UsageError("--staged cannot be combined with --from-ref, --to-ref or --all", "Choose one of them.")
    selection = Selection(from_ref, to_ref, everything, paths)
    delta = open_change(Repository(Path.cwd()), selection if staged else from_environment(selection, os.environ))
    delta = replace(delta, in_ci=bool(os.environ.get("CI")))
    from maskproof import report
    from maskproof.gate.check import check as check_change

    found = check_change(delta)
    emit(lambda color: report.run(found, style, color=color), output, report.summary(found))
    return status(*found.images)


@commands.command()
@click.argument("original", type=click.Path(path_type=Path))
@click.argument("edit", type=click.Path(path_type=Path))
@click.option("--mask", type=click.Path(path_type=Path), help="The mask that was given to the model.")
@click.option("--mask-mode", type=click.Choice(MODES), help="Which part of the mask was editable; never guessed.")
@click.option(
    "--policy", "policy_file", type=click.Path(path_type=Path), help="A maskproof.toml with limits and areas."
)
@click.option("--level", type=click.Choice(("visual", "strict", "exact")), help="How closely it has to match.")
@report_options
def compare(
    original: Path,
    edit: Path,
    mask: Path | None,
    mask_mode: str | None,
    policy_file: Path | None,
    level: str | None,
    style: str,
    output: Path | None,
) -> int:
    """Compare one edit with its original, without Git. Without a mask everything is protected."""
    from maskproof import report
    from maskproof.gate.named import Named
    from maskproof.gate.named import compare as compare_named
    from maskproof.policy import from_file

    together(mask, mask_mode)
    settings = from_file(None if policy_file is None else (str(policy_file), read(policy_file)), edit.as_posix(), level)
    folder = policy_file.parent if policy_file else Path()
    named = Named(
        read(edit),
        read(original),
        None if mask is None else read(mask),
        mask_mode,
        str(edit),
        str(original),
        str(mask),
    )
    found = compare_named(named, settings, lambda path: read(folder / path))
    emit(lambda color: report.image(found, style, color=color), output, report.conclusion(found))
    return status(found)


@commands.command()
@click.argument("path", type=click.Path(path_type=Path))
@format_option("explanation")
@click.option("--stealth", is_flag=True, help="Only what the file's marks say, those hidden in its pixels included.")
def explain(path: Path, style: str, *, stealth: bool) -> int:
    """Show every step that led to the verdict on one image; for a file outside Git, what its marks say."""
    from maskproof import report
    from maskproof.gate.explain import explained, marks

    found = None if stealth else explained(Path.cwd(), path)
    if found is None:
        print(report.marks(marks(read(path), str(path), stealth=stealth), style), end="")
    else:
        print(report.explanation(found, style, color=wants_color()), end="")
    return 0
