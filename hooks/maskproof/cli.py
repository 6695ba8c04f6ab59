"""The command line: the only place that prints, exits and reads the environment.

Each command is a function that opens its inputs, hands them to a stage and prints what comes back. Heavy
modules are imported inside, so that a commit without images pays for none of them.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from maskproof import __version__
from maskproof.errors import CouldNotJudge, MaskproofError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from maskproof.model import ImageReport

BLOCKED, UNJUDGED, INTERNAL, INTERRUPTED = 1, 3, 70, 130
FORMATS = ("text", "json")
MODES = ("alpha", "white", "black")


def main() -> NoReturn:
    """Run the command line and exit with the status that `commands` lists."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it was closed before the start
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        sys.exit(commands.main(standalone_mode=False) or 0)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(UsageError.exit_status)
    except (KeyboardInterrupt, click.Abort):
        print("maskproof: interrupted, nothing was changed", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except OutputLostError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python tries again at exit
        sys.exit(INTERNAL)
    except MaskproofError as error:
        _complain(error)
        sys.exit(error.exit_status)
    except Exception as error:  # noqa: BLE001 - the last resort: said in one line, and never taken for a verdict
        from maskproof.report.text import safe

        if os.environ.get("MASKPROOF_TRACEBACK"):
            import traceback

            traceback.print_exc()
        print(
            f"maskproof: internal error ({type(error).__name__}: {safe(str(error))}). This is a bug, and nothing was "
            f"judged; set MASKPROOF_TRACEBACK=1 to see where.",
            file=sys.stderr,
        )
        sys.exit(INTERNAL)


class OutputLostError(Exception):
    """Nobody takes what is printed: the reader is gone, or the disk is full."""


class Commands(click.Group):
    """Lists commands in the order of a first encounter instead of by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command and see its output delivered; click would end a broken pipe with 1, which means blocked."""
        try:
            status = super().invoke(ctx)
        except BrokenPipeError as error:
            raise OutputLostError from error
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
        except OSError as error:
            raise OutputLostError from error
        return status


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def commands() -> None:
    """Block AI image edits that changed what their mask protects.

    Exit status: 0 pass, 1 blocked, 2 usage or configuration, 3 could not judge, 70 internal error, 130 interrupted.
    """


def _report_options(command: Any) -> Any:
    command = click.option(
        "--format",
        "style",
        type=click.Choice(FORMATS),
        default="text",
        show_default=True,
        help="How the report is written.",
    )(command)
    return click.option(
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Write the report to this file; the last line still goes to the terminal.",
    )(command)


@commands.command()
@click.option("--staged", is_flag=True, help="What a commit made now would change (the default).")
@click.option("--from-ref", metavar="A", help="Judge what changed since the merge base of A and B.")
@click.option("--to-ref", metavar="B", help="The commit to judge; HEAD when only A is given.")
@click.option("--all", "everything", is_flag=True, help="Every tracked image, changed or not.")
@click.argument("paths", nargs=-1)
@_report_options
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

    from maskproof.change import Selection, from_environment, open_change
    from maskproof.repo import Repository

    if staged and (from_ref or to_ref or everything):
        raise UsageError("--staged cannot be combined with --from-ref, --to-ref or --all", "Choose one of them.")
    selection = Selection(from_ref, to_ref, everything, paths)
    delta = open_change(Repository(Path.cwd()), selection if staged else from_environment(selection, os.environ))
    delta = replace(delta, in_ci=bool(os.environ.get("CI")))
    from maskproof import report
    from maskproof.check import check as check_change

    found = check_change(delta)
    _emit(lambda color: report.run(found, style, color=color), output, report.summary(found))
    return _status(*found.images)


@commands.command()
@click.argument("original", type=click.Path(path_type=Path))
@click.argument("edit", type=click.Path(path_type=Path))
@click.option("--mask", type=click.Path(path_type=Path), help="The mask that was given to the model.")
@click.option("--mask-mode", type=click.Choice(MODES), help="Which part of the mask was editable; never guessed.")
@click.option(
    "--policy", "policy_file", type=click.Path(path_type=Path), help="A maskproof.toml with limits and areas."
)
@click.option("--level", type=click.Choice(("visual", "strict", "exact")), help="How closely it has to match.")
@_report_options
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
    from maskproof.compare import Inputs
    from maskproof.compare import compare as compare_pair
    from maskproof.model import ImageReport, Verdict
    from maskproof.policy import from_file

    _together(mask, mask_mode)
    settings = from_file(
        None if policy_file is None else (str(policy_file), _bytes(policy_file)), edit.as_posix(), level
    )
    folder = policy_file.parent if policy_file else Path()
    inputs = Inputs(
        _bytes(edit),
        _bytes(original),
        None if mask is None else _bytes(mask),
        mask_mode,
        str(edit),
        str(original),
        str(mask),
    )
    found = compare_pair(inputs, settings, lambda path: _bytes(folder / path), ImageReport(str(edit), Verdict.PASS))
    _emit(lambda color: report.image(found, style, color=color), output, report.conclusion(found))
    return _status(found)


@commands.command()
@click.argument("original", type=click.Path(path_type=Path))
@click.argument("candidates", metavar="CANDIDATES...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mask", type=click.Path(path_type=Path), help="The mask that was given to the model.")
@click.option("--mask-mode", type=click.Choice(MODES), help="Which part of the mask was editable; never guessed.")
@click.option(
    "--policy", "policy_file", type=click.Path(path_type=Path), help="A maskproof.toml; what it says of ORIGINAL holds."
)
@click.option("--level", type=click.Choice(("visual", "strict", "exact")), help="How closely they have to match.")
@click.option("--sheet", type=click.Path(path_type=Path, dir_okay=False), help="Draw all of them into this PNG file.")
@click.option("--jobs", type=click.IntRange(1), help="Comparisons at a time; by default at most 2.")
@_report_options
def rank(
    original: Path,
    candidates: tuple[Path, ...],
    mask: Path | None,
    mask_mode: str | None,
    policy_file: Path | None,
    level: str | None,
    sheet: Path | None,
    jobs: int | None,
    style: str,
    output: Path | None,
) -> int:
    """Order several candidates for one edit by drift, best first.

    Exit status: 0 when at least one passes, 1 when none does, 3 when none could be judged.
    """
    from maskproof import rank as ranking
    from maskproof import report
    from maskproof.model import Report
    from maskproof.policy import from_file

    _together(mask, mask_mode)
    _spare((original, *candidates, mask, policy_file), sheet, output)
    policy = None if policy_file is None else (str(policy_file), _bytes(policy_file))
    settings = from_file(policy, original.as_posix(), level)
    folder = policy_file.parent if policy_file else Path()
    before, through = _bytes(original), None if mask is None else _bytes(mask)
    given = [(str(path), _bytes(path)) for path in candidates]
    order = ranking.ranked(
        before,
        given,
        through,
        mask_mode,
        settings,
        lambda path: _bytes(folder / path),
        original_name=str(original),
        mask_name=str(mask),
        jobs=jobs,
        progress=_progress,
    )
    if sheet:
        drawn = ranking.contact_sheet(before, given, through, mask_mode, order, original_name=str(original))
        print(_write(sheet, drawn), file=sys.stderr)
    advice = ranking.advice(order, str(original), None if mask is None else str(mask), mask_mode)
    found = Report(tuple(one.report for one in order))
    _emit(lambda color: report.ranking(order, advice, style, color=color), output, report.summary(found))
    verdicts = {one.report.verdict.value for one in order}
    return 0 if "pass" in verdicts else BLOCKED if "block" in verdicts else UNJUDGED


@commands.command()
@click.argument("original", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the mask to this PNG file."
)
@click.option("--box", "boxes", multiple=True, metavar="X,Y,W,H", help="Open this box, in pixels. May be repeated.")
@click.option(
    "--ellipse", "ellipses", multiple=True, metavar="X,Y,W,H", help="Open the ellipse in this box. May be repeated."
)
@click.option(
    "--polygon", "polygons", multiple=True, metavar="'X,Y X,Y …'", help="Open within these corners. May be repeated."
)
@click.option("--from", "mask", type=click.Path(path_type=Path), help="Open what another mask opens.")
@click.option("--mask-mode", type=click.Choice(MODES), help="Which part of that mask is editable; never guessed.")
@click.option("--from-diff", "edit", type=click.Path(path_type=Path), help="Open what this edit of ORIGINAL changed.")
@click.option("--refine", is_flag=True, help="Narrow it to the object inside (GrabCut; needs maskproof[vision]).")
@click.option("--grow", type=click.IntRange(-9999, 9999), default=0, metavar="PX", help="Grow it; below 0: shrink it.")
@click.option("--invert", is_flag=True, help="After all else, open what is closed and close what is open.")
@click.option(
    "--as",
    "written_as",
    type=click.Choice(MODES),
    default="alpha",
    show_default=True,
    help="How the file says what is editable: alpha (transparent, as OpenAI wants it), white or black.",
)
@click.option(
    "--preview",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Show the mask over the picture in this PNG file.",
)
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
def mask(
    original: Path,
    output: Path | None,
    boxes: tuple[str, ...],
    ellipses: tuple[str, ...],
    polygons: tuple[str, ...],
    mask: Path | None,
    mask_mode: str | None,
    edit: Path | None,
    refine: bool,
    grow: int,
    invert: bool,
    written_as: str,
    preview: Path | None,
    force: bool,
) -> int:
    """Make a mask: say which part of ORIGINAL a model may change.

    What any of the options opens is open. It is then refined, grown and inverted, in this order. Pixels are those of
    ORIGINAL as it is shown upright.
    """
    from maskproof import masks
    from maskproof.report import preview as drawing
    from maskproof.report.text import safe

    _together(mask, mask_mode)
    if not (output or preview):
        raise UsageError("nothing says where to write", "Add `-o MASK.png`, or `--preview FILE.png` to look first.")
    _spare((original, mask, edit), output, preview)
    for path in filter(None, (output, preview)):
        if path.exists() and not force:
            raise UsageError(f"{path} exists already", "Name another file, or add --force to overwrite it.")
    kinds = {"box": boxes, "ellipse": ellipses, "polygon": polygons}
    shapes = tuple((kind, one) for kind, given in kinds.items() for one in given)
    named = [None if path is None else (str(path), _bytes(path)) for path in (mask, edit)]
    picture = masks.picture(_bytes(original), str(original))
    made = masks.make(picture, masks.Plan(shapes, named[0], mask_mode, named[1], refine, grow, invert))
    if output:
        print(_write(output, masks.encoded(made.opened, written_as)))
    if preview:
        print(_write(preview, drawing.png(str(original), picture, made.opened, f"{made}.")))
    print(f"{made}.")
    lines = [f"Note: {note}." for note in made.notes]
    lines += masks.advice(str(original), str(output), written_as, None if edit is None else str(edit)) if output else []
    for line in lines:
        print(safe(line))
    return 0


@commands.command()
@click.argument("edit", type=click.Path(path_type=Path))
@click.option("--original", help="The picture that was edited; EDIT itself means its version in the last commit.")
@click.option("--mask", help="The mask that was given to the model.")
@click.option("--mask-mode", type=click.Choice(MODES), help="Which part of the mask was editable.")
@click.option("--generated", is_flag=True, help="Made from nothing: there is no original.")
@click.option(
    "--pad", nargs=4, type=int, metavar="L T R B", help="Pixels that were added around the original for the model."
)
@click.option("--provider", help="Who ran the model, for instance openai.")
@click.option("--model", help="The model, for instance gpt-image-2.")
@click.option("--prompt", help="The prompt.")
@click.option(
    "--area",
    "areas",
    multiple=True,
    metavar="NAME:KIND:X,Y,W,H",
    help="Protect this area as well (KIND: brand, text, face or product). May be repeated.",
)
@click.option("--parent", help="The sidecar of the edit that this edit was made from.")
@click.option("--accept", is_flag=True, help="Take the original and the mask that are proposed, without being asked.")
def record(edit: Path, areas: tuple[str, ...], **given: Any) -> int:
    """Write the sidecar of an edit: what it was made from, through which mask, by which tool.

    With an existing sidecar, what is not given is kept: `maskproof record EDIT` alone renews the digest. Without one,
    original and mask are proposed from what the files tell, and written only when you agree.
    """
    from functools import partial

    from maskproof.record import write
    from maskproof.report.text import safe

    def ask(proposal: str) -> bool:
        if not (sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty()):
            return False
        print("\n".join(map(safe, proposal.splitlines())))
        return click.confirm("Record that?")

    given |= {"trusted": not os.environ.get("CI"), "progress": partial(_progress, what="pictures hashed")}
    for line in write(Path.cwd(), edit, areas, ask, **given):
        print(safe(line))
    return 0


@commands.command()
@click.argument("edit", type=click.Path(path_type=Path))
@click.option("--history", is_flag=True, help="Look at earlier versions and deleted pictures as well.")
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="How many to list at the most.")
@click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How the list is written.",
)
def find(edit: Path, history: bool, limit: int, style: str) -> int:
    """List the tracked images that are most likely the original of an edit.

    They are compared by likeness, which is a hint and proves nothing. Exits 0 also where nothing is alike.
    """
    from maskproof import report
    from maskproof.find import search
    from maskproof.repo import Repository

    found = search(
        Repository(Path.cwd()),
        (str(edit), _bytes(edit)),
        trusted=os.environ.get("CI", "").lower() in {"", "0", "false"},
        history=history,
        count=limit,
        progress=partial(_progress, what="pictures hashed"),
    )
    print(report.found(found, style), end="")
    return 0


@commands.command()
@click.argument("original", required=False, type=click.Path(path_type=Path))
@click.option("--mask", type=click.Path(path_type=Path), help="Which part may be edited.")
@click.option("--mask-mode", type=click.Choice(MODES), help="Which part of the mask that is; alpha where it is plain.")
@click.option("--prompt", help="What to change, in words.")
@click.option("-n", "n", type=click.IntRange(1, 10), help="Candidates to choose from; 1 unless given.")
@click.option("--model", help="The model; without it the first that docs/edit.md lists.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="The edit; by default NAME-edit.png."
)
@click.option("--size", metavar="auto|WxH", help="The size to ask for; by itself what suits the picture.")
@click.option("--quality", help="For instance low, medium or high; models differ.")
@click.option(
    "--crop/--no-crop", default=None, help="Send only the surroundings of the mask; by itself for small masks."
)
@click.option("--store-prompt/--no-store-prompt", default=None, help="Keep the prompt in the record; as policy says.")
@click.option(
    "--keep-candidates", "keep", type=click.Path(path_type=Path, file_okay=False), help="Keep all of them here."
)
@click.option("--force", is_flag=True, help="Replace an edit that is there already.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds to wait for an answer.")
@click.option("--manifest", type=click.Path(path_type=Path, dir_okay=False), help="Make all edits of this TOML list.")
@click.option("--jobs", type=click.IntRange(1, 16), default=2, show_default=True, help="Answers to wait for at a time.")
def edit(
    original: Path | None,
    manifest: Path | None,
    keep: Path | None,
    force: bool,
    store_prompt: bool | None,
    timeout: float | None,
    jobs: int,
    **given: Any,
) -> int:
    """Make an edit that holds, with the OpenAI Images API or a server that speaks it.

    Asks for candidates, takes the one that drifted least, puts the protected pixels back, writes picture and record.
    """
    from maskproof.edit.ground import Wishes
    from maskproof.repo import Repository
    from maskproof.service import client as connection

    if manifest is not None and (original or any(value is not None for value in given.values())):
        raise UsageError(
            "--manifest names everything itself",
            "Leave out ORIGINAL and what each job has of its own: mask, prompt, model and so on stand in the list.",
        )
    if manifest is None and not (original and given["mask"] and given["prompt"]):
        raise UsageError("an edit needs ORIGINAL, --mask and --prompt", "Name all three, or a list with --manifest.")
    repository, wishes = Repository(Path.cwd()), Wishes(force, store_prompt, keep)
    if manifest is not None:
        return _edit_all(repository, manifest, wishes, timeout, jobs)
    from maskproof import edit as making
    from maskproof.edit import ground, told
    from maskproof.edit import jobs as jobs_of
    from maskproof.service import images, models

    paths = {key: given.pop(key) for key in ("mask", "out")}
    job = jobs_of.named(original=str(original), **{key: str(path) for key, path in paths.items() if path}, **given)
    model = models.known(job.model)
    base = ground.gathered(repository, job, model, wishes)
    asked = making.request(base, model)
    client = connection.connect(timeout)
    connection.accept(client, model)
    server = connection.host(client)
    print(told.sending(base, server), flush=True)
    try:
        answer = images.edited(client, asked, _said)
    finally:
        _said("")
    made = making.finish(repository, base, asked, answer, server)
    print(told.made(made, color=_wants_color()), end="")
    return _status(made.report)


@commands.command()
@click.argument("edit", type=click.Path(path_type=Path))
@click.option("--model", help="The vision model; without it the one that docs/review.md names.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds to wait for an answer.")
def review(edit: Path, model: str | None, timeout: float | None) -> int:
    """Ask a vision model about the places that drifted most. A second opinion: it changes no verdict.

    Crops of original and edit are sent to the server. Exit status 0 when an answer came, whatever it says.
    """
    from maskproof import review as reviewing
    from maskproof.repo import Repository
    from maskproof.report.text import safe
    from maskproof.service import client as connection
    from maskproof.service.models import REVIEWER

    repository, name = Repository(Path.cwd()), model or REVIEWER
    found = reviewing.ready(repository, repository.path_of(str(edit)))
    if not found.places:
        print(safe(f"{found.path}: no place of it drifted, so nothing was sent and nobody was asked."))
        return 0
    client = connection.connect(timeout)
    count = len(found.places)
    places = f"{count} place{'' if count == 1 else 's'} of {found.path}, before and after,"
    print(safe(f"Sending {places} to {connection.host(client)} ({name})"), flush=True)
    said, answered = reviewing.opinion(client, name, found)
    print(reviewing.told(found, said, answered, color=_wants_color()), end="")
    return 0


def _edit_all(repository: Any, manifest: Path, wishes: Any, timeout: float | None, at_a_time: int) -> int:
    """Run a list of edits; what is left after an interrupt is said, and made by the same command."""
    from maskproof.edit import batch, jobs, told
    from maskproof.report.text import safe
    from maskproof.service import client as connection

    listed = jobs.read(_bytes(manifest), str(manifest), manifest.parent)
    ready = batch.opened(repository, connection.connect(timeout), listed, str(manifest), wishes)
    outcomes: list[batch.Ended] = []
    try:
        for one in batch.run(ready, at_a_time, lambda text: print(safe(text), file=sys.stderr, flush=True)):
            outcomes.append(one)
            print(told.ended(one), flush=True)
    except KeyboardInterrupt:
        print("maskproof: left at once; answers under way are lost", file=sys.stderr)
    ended = [one.job for one in outcomes]
    left = [job for job in ready.todo if job not in ended]
    print(told.closing(ready.done, outcomes, left, str(manifest)), end="")
    errors = {one.error.exit_status for one in outcomes if one.error}
    reports = [one.made.report for one in outcomes if one.made]
    return INTERRUPTED if left else max(errors, default=0) or _status(*reports)


@commands.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How the explanation is written.",
)
@click.option("--stealth", is_flag=True, help="Only what the file's marks say, those hidden in its pixels included.")
def explain(path: Path, style: str, *, stealth: bool) -> int:
    """Show every step that led to the verdict on one image; for a file outside Git, what its marks say."""
    from maskproof import report
    from maskproof.explain import explained, marks

    found = None if stealth else explained(Path.cwd(), path)
    if found is None:
        print(report.marks(marks(_bytes(path), str(path), stealth=stealth), style), end="")
    else:
        print(report.explanation(found, style, color=_wants_color()), end="")
    return 0


@commands.command()
@click.argument("edits", metavar="EDIT...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--staged", is_flag=True, help="Every edit of the staged change that drifted; what the hook runs.")
@click.option(
    "--method",
    type=click.Choice(("auto", "plain", "feather", "poisson")),
    default="auto",
    show_default=True,
    help="How the edit is pasted; auto takes the plainest that leaves no seam.",
)
@click.option("--feather", type=click.IntRange(1, 1000), metavar="PX", help="Fade the edit in over so many pixels.")
@click.option("--match-tone", is_flag=True, help="Take light and colour of the edit to the original's first.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write there, with a record, and leave EDIT alone.")
@click.option("--force", is_flag=True, help="Also replace a file with unstaged work, or an existing OUT.")
def restore(
    edits: tuple[Path, ...],
    staged: bool,
    method: str,
    feather: int | None,
    match_tone: bool,
    out: Path | None,
    force: bool,
) -> int:
    """Put the protected pixels of recorded edits back from their originals, then check again.

    The edit stays only where its mask opened the picture. Files are replaced in the working tree and nothing is staged;
    the command that undoes it is printed. With --staged it exits 1 when it changed a file, as fixers do.
    """
    from maskproof.report.text import safe
    from maskproof.restore import Options
    from maskproof.restore.command import in_change, in_tree, summary

    if not edits and not staged:
        raise UsageError("no edit is named", "Name the edits to restore, or add --staged for those of a commit.")
    if staged and (out or force):
        raise UsageError("--staged cannot be combined with --out or --force", "Leave these out.")
    if feather and method not in {"auto", "feather"}:
        raise UsageError(f"--feather cannot be combined with --method {method}", "Leave one of the two out.")
    options = Options("feather" if feather else method, feather, match_tone)
    names = tuple(map(str, edits))
    outcomes = []
    try:
        for one in in_change(Path.cwd(), names, options) if staged else in_tree(Path.cwd(), names, options, out, force):
            print("\n".join(map(safe, one.lines)), flush=True)
            outcomes.append(one)
    except KeyboardInterrupt:
        print("maskproof: interrupted; what is listed above is done, nothing else was changed", file=sys.stderr)
        return INTERRUPTED
    print(summary(outcomes))
    verdicts = {one.verdict.value for one in outcomes}
    if "block" in verdicts or (staged and any(one.changed for one in outcomes)):
        return BLOCKED
    return UNJUDGED if "unjudged" in verdicts else 0


@commands.command()
@click.argument("cases", metavar="CASES.csv", type=click.Path(path_type=Path))
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path),
    help="A maskproof.toml with the present limits, and areas.",
)
@click.option("--level", type=click.Choice(("visual", "strict")), help="The level to find limits for.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw all values into this PNG file.")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the proposed limits to this TOML file."
)
@click.option("--jobs", type=click.IntRange(1), help="Comparisons at a time; by default at most 2.")
def calibrate(
    cases: Path, policy_file: Path | None, level: str | None, plot: Path | None, output: Path | None, jobs: int | None
) -> int:
    """Propose limits from your own accepted and rejected edits.

    CASES.csv has the columns original, mask, mask_mode, edit and expected (pass or block), paths relative to itself.
    """
    from maskproof import calibrate as calibration
    from maskproof.calibrate import plot as drawing
    from maskproof.calibrate import text
    from maskproof.model import Level
    from maskproof.policy import parse

    _spare((cases, policy_file), plot, output)
    policy = None if policy_file is None else parse(_bytes(policy_file), str(policy_file))
    found = (str(policy_file), policy) if policy else None
    proposal = calibration.calibrate(cases, found, Level(level) if level else None, jobs, _progress)
    limits = text.toml(proposal)
    files = {plot: drawing.png(proposal) if plot else b"", output: limits.encode()}
    written = [_write(path, data) for path, data in files.items() if path]
    print("\n".join([text.written(proposal), *(written if output else [limits.rstrip(), *written])]))
    return 0


@commands.command()
@click.option(
    "--ci",
    type=click.Choice(("github", "gitlab", "none")),
    default="github",
    show_default=True,
    help="Whose pull-request check to write a template for.",
)
@click.option("--rev", default=f"v{__version__}", show_default=True, help="The version that the hook entry pins.")
def init(ci: str, rev: str) -> int:
    """Write a policy, the hook entry and a CI template for this repository. Nothing that exists is overwritten."""
    from maskproof.init import write_all
    from maskproof.repo import Repository

    for line in write_all(Repository(Path.cwd()).root, ci, rev):
        print(line)
    return 0


@commands.command()
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), help="Leave the scratch repository in this folder."
)
def demo(keep: Path | None) -> int:
    """Show the gate at work: a scratch repository, the hook, an edit that held and one that spilled."""
    from maskproof.demo import run

    status: int = run(keep, print)
    return status


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Check the name.") from error


def _status(*images: ImageReport) -> int:
    """1 when one image is blocked, else 3 when one could not be judged, else 0."""
    verdicts = {image.verdict.value for image in images}
    return BLOCKED if "block" in verdicts else UNJUDGED if "unjudged" in verdicts else 0


def _emit(render: Any, output: Path | None, last_line: str) -> None:
    """Print a report, or write it to a file whole or not at all."""
    if output is None:
        print(render(_wants_color()), end="")
        return
    _write(output, render(False).encode("utf-8", "backslashreplace"))
    print(last_line)


def _together(mask: Path | None, mask_mode: str | None) -> None:
    if (mask is None) != (mask_mode is None):
        raise UsageError(
            "--mask and --mask-mode go together",
            "Say with --mask-mode which part of the mask was editable: alpha (transparent), white or black.",
        )


def _spare(inputs: Iterable[Path | None], *outputs: Path | None) -> None:
    """Refuse, before minutes of comparing, to write where nothing can be or where something would be lost."""
    taken = {path.resolve() for path in inputs if path}
    for path in filter(None, outputs):
        if not path.resolve().parent.is_dir():
            raise UsageError(f"{path} cannot be written: there is no such folder", "Check the folder.")
        if path.resolve() in taken:
            raise UsageError(f"{path} is named twice, and writing to it would lose the other", "Name another file.")
        taken.add(path.resolve())


def _write(path: Path, data: bytes) -> str:
    """Write a file whole or not at all, and say so."""
    from maskproof.files import write_atomically
    from maskproof.report.text import safe

    try:
        write_atomically(path, data)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Check the folder.") from error
    return safe(f"Wrote {path}")


def _progress(done: int, of: int, what: str = "edits compared") -> None:
    """One line that counts up, on a terminal only."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(f"\r{done} of {of} {what}", end="\n" if done == of else "", file=sys.stderr, flush=True)


def _said(text: str) -> None:
    """How far it is: one line that is written over on a terminal (and taken away by no text), else a line each."""
    from maskproof.report.text import safe

    if sys.stderr is not None and (text or sys.stderr.isatty()):
        start, end = ("\r\x1b[K", "") if sys.stderr.isatty() else ("", "\n")
        print(f"{start}{safe(text)}", end=end, file=sys.stderr, flush=True)


def _wants_color() -> bool:
    """Colour only on a terminal, and never against NO_COLOR (no-color.org)."""
    return (
        sys.stdout is not None
        and sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


def _complain(error: MaskproofError) -> None:
    from maskproof.report.text import safe

    kind = "could not judge" if isinstance(error, CouldNotJudge) else "error"
    print(f"maskproof: {kind}: {safe(error.reason)}.", file=sys.stderr)
    if error.advice:
        print(f"    -> {safe(error.advice)}", file=sys.stderr)
