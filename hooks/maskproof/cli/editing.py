"""Commands that make edits and fix them: masks, candidates, protected pixels, second opinions."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from maskproof.atomic import read_file
from maskproof.cli.base import (
    BLOCKED,
    FILE,
    FOLDER,
    INTERRUPTED,
    MODE,
    PATH,
    UNJUDGED,
    commands,
    comparison_options,
    emit,
    named,
    policy_for,
    progress,
    report_options,
    said,
    spare,
    status,
    together,
    wants_color,
    write,
)
from maskproof.errors import UsageError
from maskproof.model import counted
from maskproof.report import draws_of
from maskproof.report.text import safe, summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from maskproof.marks.credentials import Identity
    from maskproof.report import Writer
    from maskproof.restore.command import Outcome


@commands.command()
@click.argument("original", type=PATH)
@click.option("-o", "--output", type=FILE, help="Write the mask to this PNG file.")
@click.option(
    "--box", "boxes", multiple=True, metavar="X,Y,W,H", help="Make this box editable, in pixels. May be repeated."
)
@click.option(
    "--ellipse",
    "ellipses",
    multiple=True,
    metavar="X,Y,W,H",
    help="Make the ellipse in this box editable. May be repeated.",
)
@click.option(
    "--polygon",
    "polygons",
    multiple=True,
    metavar="'X,Y X,Y …'",
    help="Make all within these corners editable. May be repeated.",
)
@click.option("--from", "mask", type=PATH, help="Make editable what another mask does.")
@click.option("--mask-mode", type=MODE, help="Which part of that mask is editable; never guessed.")
@click.option("--from-diff", "edit", type=PATH, help="Make editable what this edit of ORIGINAL changed.")
@click.option("--refine", is_flag=True, help="Narrow it to the object inside (GrabCut; needs maskproof[vision]).")
@click.option("--grow", type=click.IntRange(-9999, 9999), default=0, metavar="PX", help="Grow it; below 0: shrink it.")
@click.option("--invert", is_flag=True, help="After all else, swap what is editable and what is protected.")
@click.option(
    "--as",
    "written_as",
    type=MODE,
    default="alpha",
    show_default=True,
    help="How the file says what is editable: alpha (transparent, as OpenAI wants it), white or black.",
)
@click.option("--preview", type=FILE, help="Show the mask over the picture in this PNG file.")
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

    All that the options name becomes editable. The mask is then refined, grown and inverted, in this order. Pixels are
    those of ORIGINAL as it is shown upright.
    """
    from maskproof import masks
    from maskproof.report import preview as drawing

    together(mask, mask_mode)
    if not (output or preview):
        raise UsageError("nothing says where to write", "Add `-o MASK.png`, or `--preview FILE.png` to look first.")
    spare((original, mask, edit), output, preview)
    for path in filter(None, (output, preview)):
        if path.exists() and not force:
            raise UsageError(f"{path} exists already", "Name another file, or add --force to overwrite it.")
    kinds = {"box": boxes, "ellipse": ellipses, "polygon": polygons}
    shapes = tuple((kind, one) for kind, given in kinds.items() for one in given)
    named = [None if path is None else (str(path), read_file(path)) for path in (mask, edit)]
    picture = masks.picture(read_file(original), str(original))
    made = masks.make(picture, masks.Plan(shapes, named[0], mask_mode, named[1], refine, grow, invert))
    if output:
        print(write(output, masks.encode(made.editable, written_as)))
    if preview:
        print(write(preview, drawing.png(str(original), picture, made.editable, f"{made}.")))
    print(f"{made}.")
    lines = [f"Note: {note}." for note in made.notes]
    lines += masks.advice(str(original), str(output), written_as, None if edit is None else str(edit)) if output else []
    for line in lines:
        print(safe(line))
    return 0


@commands.command()
@click.argument("original", required=False, type=PATH)
@click.option("--mask", type=PATH, help="Which part may be edited.")
@click.option("--mask-mode", type=MODE, help="Which part of the mask that is; alpha where it is plain.")
@click.option("--prompt", help="What to change, in words.")
@click.option("-n", "n", type=click.IntRange(1, 10), help="Candidates to choose from; 1 unless given.")
@click.option("--model", help="The model; without it the first that docs/edit.md lists.")
@click.option("-o", "--out", type=FILE, help="The edit; by default NAME-edit.png.")
@click.option("--size", metavar="auto|WxH", help="The size to ask for; automatically what suits the picture.")
@click.option("--quality", help="For instance low, medium or high; models differ.")
@click.option(
    "--crop/--no-crop", default=None, help="Send only the surroundings of the mask; automatically for small masks."
)
@click.option("--store-prompt/--no-store-prompt", default=None, help="Keep the prompt in the record; as policy says.")
@click.option("--keep-candidates", "keep", type=FOLDER, help="Keep all of them here.")
@click.option("--force", is_flag=True, help="Replace an edit that is there already.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds to wait for an answer.")
@click.option("--reference", "references", multiple=True, type=PATH, help="A further picture to go by; repeatable.")
@click.option("--output-format", type=click.Choice(("png", "jpeg", "webp")), help="What comes back; png unless given.")
@click.option("--output-compression", type=click.IntRange(0, 100), help="Of jpeg and webp.")
@click.option("--moderation", type=click.Choice(("auto", "low")), help="How strictly the server looks at the content.")
@click.option("--safety-identifier", help="Names your end user to the server, as a digest. In no record.")
@click.option("--user", help="The same, as older servers have it.")
@click.option("--estimate", is_flag=True, help="Say what it is likely to cost, and send nothing.")
@click.option("--budget", type=click.FloatRange(0), metavar="USD", help="Send nothing that would cost more, together.")
@click.option("--manifest", type=FILE, help="Make all edits of this TOML list.")
@click.option("--jobs", type=click.IntRange(1, 16), default=2, show_default=True, help="Answers to wait for at a time.")
def edit(
    original: Path | None,
    manifest: Path | None,
    keep: Path | None,
    force: bool,
    store_prompt: bool | None,
    timeout: float | None,
    jobs: int,
    estimate: bool,
    budget: float | None,
    **given: Any,
) -> int:
    """Make a clean edit with the OpenAI Images API.

    Any server that speaks that API will do. Asks for candidates, takes the one with the least drift, puts the
    protected pixels back, writes picture and record.
    """
    from maskproof.edit.api import client as connection
    from maskproof.edit.inputs import EditOptions
    from maskproof.repo import Repository

    if manifest is not None and (original or any(value not in (None, ()) for value in given.values())):
        raise UsageError(
            "--manifest names everything itself",
            "Leave out ORIGINAL and what each job has of its own: mask, prompt, model and so on stand in the list.",
        )
    if manifest is None and not (original and given["mask"] and given["prompt"]):
        raise UsageError("an edit needs ORIGINAL, --mask and --prompt", "Name all three, or a list with --manifest.")
    repository, options = Repository(Path.cwd()), EditOptions(force, store_prompt, keep, _signer())
    if manifest is not None:
        client = _client(timeout)
        return _edit_all(repository, manifest, options, client, jobs, budget, estimate=estimate)
    from maskproof import edit as making
    from maskproof.edit import inputs, text
    from maskproof.edit import jobs as jobs_of
    from maskproof.edit.api import images, models

    paths = {key: given.pop(key) for key in ("mask", "out")}
    named = {key: str(path) for key, path in paths.items() if path}
    references = [str(one) for one in given.pop("references")]
    job = jobs_of.from_options(original=str(original), references=references, **named, **given)
    model = models.lookup(job.model)
    base = inputs.prepare(repository, job, model, options)
    asked = making.request(base, model)
    client = _client(timeout)
    connection.accept(client, model)
    server = connection.host(client)
    costs = making.cost(asked, server)
    if estimate:
        print(text.describe_cost([(base.out, costs)], server), end="")
        return 0
    making.refuse_dear(costs, budget)
    print(text.describe_request(base, server), flush=True)
    try:
        answer = images.request_edits(client, asked, said)
    finally:
        said("")
    made = making.finish(repository, base, asked, answer, server)
    print(text.describe_edit(made, color=wants_color()), end="")
    return max(status(made.report), int(made.unchanged))


def _client(timeout: float | None) -> Any:
    """A client for the server that the environment names: Azure OpenAI, where its endpoint is set."""
    from maskproof.edit.api import client

    named = [one for one in ("AZURE_OPENAI_ENDPOINT", "OPENAI_BASE_URL") if os.environ.get(one)]
    if len(named) > 1:
        raise UsageError(f"{' and '.join(named)} name two servers", "Unset one of the two.")
    return client.connect(timeout, azure="AZURE_OPENAI_ENDPOINT" in named)


def _edit_all(
    repository: Any,
    manifest: Path,
    options: Any,
    client: Any,
    at_a_time: int,
    budget: float | None,
    *,
    estimate: bool,
) -> int:
    """Run a list of edits; what is left after an interrupt is said, and made by the same command."""
    from maskproof.edit import batch, jobs, text
    from maskproof.edit.api.client import host

    listed = jobs.read(read_file(manifest), str(manifest), manifest.parent)
    ready = batch.open_batch(repository, client, listed, str(manifest), options, budget)
    if estimate:
        print(text.describe_cost([(job.target, cost) for job, cost in batch.costs(ready)], host(client)), end="")
        return 0
    outcomes: list[batch.JobResult] = []
    try:
        for one in batch.run(ready, at_a_time, lambda text: print(safe(text), file=sys.stderr, flush=True)):
            outcomes.append(one)
            print(text.describe_job(one), flush=True)
    except KeyboardInterrupt:
        print("maskproof: left at once; answers under way are lost", file=sys.stderr)
    ended = [one.job for one in outcomes]
    left = [job for job in ready.todo if job not in ended]
    print(text.describe_batch(ready.done, outcomes, left, str(manifest)), end="")
    errors = {one.error.exit_status for one in outcomes if one.error}
    reports = [one.made.report for one in outcomes if one.made]
    unchanged = int(any(one.made.unchanged for one in outcomes if one.made))
    return INTERRUPTED if left else max(errors, default=0) or max(status(*reports), unchanged)


@commands.command()
@click.argument("original", type=PATH)
@click.argument("candidates", metavar="CANDIDATES...", nargs=-1, required=True, type=PATH)
@comparison_options
@click.option("--sheet", type=FILE, help="Draw all of them into this PNG file.")
@click.option("--take", type=PATH, help="Copy the best there, if it passes, byte for byte: its marks stay.")
@click.option("--jobs", type=click.IntRange(1), help="Comparisons at a time; by default at most 2.")
@report_options("ranking")
def rank(
    original: Path,
    candidates: tuple[Path, ...],
    mask: Path | None,
    mask_mode: str | None,
    policy_file: Path | None,
    level: str | None,
    sheet: Path | None,
    take: Path | None,
    jobs: int | None,
    writer: Writer,
    output: Path | None,
) -> int:
    """Order several candidates for one edit by drift, best first. The policy is what it says of ORIGINAL.

    Exit status: 0 when at least one passes, 1 when none does, 3 when none could be judged.
    """
    from maskproof.gate import rank as ranking
    from maskproof.gate.named import mending
    from maskproof.model import Report, Verdict
    from maskproof.report.sheet import contact_sheet

    spare((original, *candidates, mask, policy_file), sheet, output, take)
    if take is not None:
        _may_take(take, candidates)
    settings, read = policy_for(original, policy_file, level)
    first = named(candidates[0], original, mask, mask_mode)
    given = [first, *(replace(first, edit=read_file(path), edit_name=str(path)) for path in candidates[1:])]
    order = ranking.ranked(given, settings, read, jobs=jobs, progress=progress, draws=draws_of(writer))
    if sheet:
        print(write(sheet, contact_sheet(given, order)), file=sys.stderr)
    best, copy = order[0], None
    if take is not None and best.report.verdict is Verdict.PASS:
        print(write(take, given[best.index].edit), file=sys.stderr)
        copy = str(take)
    through = None if mask is None else str(mask)
    met = mending(given[best.index], settings, read) if best.report.verdict is Verdict.BLOCK else None
    advice = ranking.advice(order, str(original), through, mask_mode, copy, _brought(), met)
    found = Report(tuple(one.report for one in order))
    emit(partial(writer.ranking, order, advice), output, summary(found))
    verdicts = {one.report.verdict.value for one in order}
    return 0 if "pass" in verdicts else BLOCKED if "block" in verdicts else UNJUDGED


def _brought() -> Callable[[str], str]:
    """What a file is called in the repository that the shell stands in: one that lies outside is copied to here."""
    from maskproof.repo import Repository

    repository = Repository(Path.cwd())
    with contextlib.suppress(UsageError):
        repository.root  # noqa: B018 - raises where there is no repository, and nothing is outside of it

        def brought(name: str) -> str:
            with contextlib.suppress(UsageError):
                repository.path_of(name)
                return name
            path = Path(name)
            return path.name if not Path(path.name).exists() else f"{path.stem}-2{path.suffix}"

        return brought
    return str


def _may_take(take: Path, candidates: tuple[Path, ...]) -> None:
    """Raises UsageError where a candidate may not be copied to this file."""
    if take.exists():
        raise UsageError(f"{take} is there already", "Take the best to another name, or move that file away first.")
    if other := next((path for path in candidates if path.suffix.lower() != take.suffix.lower()), None):
        raise UsageError(
            f"{take} has another ending than {other}", "A candidate is copied as it is: give --take its ending."
        )


@commands.command()
@click.argument("edits", metavar="EDITS...", nargs=-1, type=PATH)
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
@click.option("-o", "--out", type=PATH, help="Write there, with a record, and leave EDIT alone.")
@click.option("--force", is_flag=True, help="Also replace a file with unstaged work, or an existing OUT.")
@click.option("--anyway", is_flag=True, help="Also where so little still matches that the result may be ruined.")
@click.option("--undo", is_flag=True, help="Bring back what the last restore of EDITS replaced.")
def restore(
    edits: tuple[Path, ...],
    staged: bool,
    method: str,
    feather: int | None,
    match_tone: bool,
    out: Path | None,
    force: bool,
    anyway: bool,
    undo: bool,
) -> int:
    """Put protected pixels back from the original.

    What comes out is checked again.

    Of a recorded edit only that stays which its mask made editable. Files are replaced in the working tree and
    nothing is staged; the command that undoes it is printed. With --staged it exits 1 when it changed a file, as
    fixers do.
    """
    from maskproof.restore import Options, command

    if not edits and not staged:
        raise UsageError("no edit is named", "Name the edits to restore, or add --staged for those of a commit.")
    if staged and (out or force):
        raise UsageError("--staged cannot be combined with --out or --force", "Leave these out.")
    if feather and method not in {"auto", "feather"}:
        raise UsageError(f"--feather cannot be combined with --method {method}", "Leave one of the two out.")
    if undo:
        return _undone(edits, *(staged, out, force, anyway, match_tone, feather))

    def wanted(said: str) -> bool:
        if anyway or not (sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty()):
            return anyway
        print(safe(said))
        return click.confirm("Restore it all the same?")

    how = "feather" if feather else method
    options = Options(how, feather, match_tone, wanted, signer=_signer())
    here, names = Path.cwd(), tuple(map(str, edits))
    work = command.in_change(here, names, options) if staged else command.in_tree(here, names, options, out, force)
    return _told(work, command.summary, changing_blocks=staged)


def _told(work: Iterable[Outcome], summary: Callable[[list[Outcome]], str], *, changing_blocks: bool = False) -> int:
    """Tell what became of each picture as it is done, then of all; the exit status, as of a hook that changed files."""
    outcomes = []
    try:
        for one in work:
            print("\n".join(map(safe, one.lines)), flush=True)
            outcomes.append(one)
    except KeyboardInterrupt:
        print("maskproof: interrupted; what is listed above is done, nothing else was changed", file=sys.stderr)
        return INTERRUPTED
    print(summary(outcomes))
    verdicts = {one.verdict.value for one in outcomes}
    if "block" in verdicts or (changing_blocks and any(one.changed for one in outcomes)):
        return BLOCKED
    return UNJUDGED if "unjudged" in verdicts else 0


def _undone(edits: tuple[Path, ...], *others: object) -> int:
    """Each of some edits as it was before its last restore or mark."""
    from maskproof.repo import Repository
    from maskproof.restore.undo import undo

    if any(others) or not edits:
        raise UsageError("--undo takes the edits and nothing else", "For instance `maskproof restore --undo EDIT`.")
    repository = Repository(Path.cwd())
    for edit in edits:
        print(safe(f"Brought back {', '.join(undo(repository, repository.path_of(str(edit))))}"))
    return 0


@commands.command()
@click.argument("paths", metavar="PATHS...", nargs=-1, required=True, type=PATH)
@click.option("--undo", is_flag=True, help="Bring back what the last mark or restore of PATHS replaced.")
def mark(paths: tuple[Path, ...], undo: bool) -> int:
    """Write into pictures what their records say of AI.

    PATHS are pictures, or folders of recorded ones. The mark is XMP (IPTC Digital Source Type, AI System Used); no
    pixel changes. Record and picture are written together, nothing is staged, and how to undo it is printed.
    """
    from maskproof.restore import marking

    if undo:
        return _undone(paths)
    return _told(marking.in_tree(Path.cwd(), paths), marking.summary)


@commands.command()
@click.argument("edits", metavar="EDITS...", nargs=-1, type=PATH)
@click.option("--certificate", type=PATH, help="The signer's chain (PEM); by default $MASKPROOF_CERTIFICATE.")
@click.option("--key", type=PATH, help="Its private key (PEM), outside the repository; by default $MASKPROOF_KEY.")
@click.option("--parent", type=PATH, help="The file that the model sent, where it is not at hand any more.")
@click.option("--timestamp", metavar="URL", help="Have a time server (RFC 3161) confirm the time; by default none.")
@click.option("--new-test-certificate", "trial", type=FOLDER, help="Write a certificate for trying there, and end.")
@click.option("--undo", is_flag=True, help="Bring back what the last sign, mark or restore of EDITS replaced.")
def sign(
    edits: tuple[Path, ...],
    certificate: Path | None,
    key: Path | None,
    parent: Path | None,
    timestamp: str | None,
    trial: Path | None,
    undo: bool,
) -> int:
    """Sign Content Credentials into recorded AI work.

    They say what it was made from (the model's file, with its own credentials), what was done, and what maskproof
    measures. No pixel changes; record and picture are written, nothing is staged, and how to undo it is printed.
    """
    from maskproof.restore import signing

    if undo:
        return _undone(edits, certificate, key, parent, timestamp, trial)
    if trial is not None:
        if any((edits, certificate, key, parent, timestamp)):
            raise UsageError("--new-test-certificate takes a folder and nothing else", "Sign with it afterwards.")
        chain, own = signing.new_test_certificate(trial, Path.cwd(), now())
        print(safe(f"Wrote {chain} and {own}: for trying. It proves that nothing was changed since, and not by whom."))
        print(safe(f"maskproof sign EDIT --certificate {shlex.quote(str(chain))} --key {shlex.quote(str(own))}"))
        return 0
    if not edits:
        raise UsageError("no edit is named", "Name the recorded edits to sign.")
    by = _signer(certificate, key, timestamp)()
    return _told(signing.in_tree(Path.cwd(), edits, by, parent), signing.summary)


def _signer(
    certificate: Path | None = None, key: Path | None = None, timestamp: str | None = None
) -> Callable[[], Identity]:
    """Gives who signs, as options or environment variables say; each variable may hold the PEM text itself."""
    named = [
        str(given) if given else os.environ.get(variable, "")
        for given, variable in ((certificate, "MASKPROOF_CERTIFICATE"), (key, "MASKPROOF_KEY"))
    ]

    def identity() -> Identity:
        from maskproof.restore import manifest, signing

        if not all(named):
            return manifest.nobody()
        return signing.identity(named[0], named[1], Path.cwd(), now(), timestamp)

    return identity


def now() -> dt.datetime:
    """The time, with its zone."""
    return dt.datetime.now(dt.UTC)


@commands.command()
@click.argument("edit", type=PATH)
@click.option("--model", help="The vision model; without it the one that docs/review.md names.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds to wait for an answer.")
def review(edit: Path, model: str | None, timeout: float | None) -> int:
    """Ask a vision model about the places that drifted most. A second opinion: it changes no verdict.

    Crops of original and edit are sent to the server. Exit status 0 when an answer came, whatever it says.
    """
    from maskproof.edit import review as reviewing
    from maskproof.edit.api import client as connection
    from maskproof.edit.api.models import REVIEWER
    from maskproof.repo import Repository

    repository, name = Repository(Path.cwd()), model or REVIEWER
    found = reviewing.ready(repository, repository.path_of(str(edit)))
    if not found.places:
        print(safe(f"{found.path}: no place of it drifted, so nothing was sent and nobody was asked."))
        return 0
    client = _client(timeout)
    places = f"{counted(len(found.places), 'place')} of {found.path}, before and after,"
    print(safe(f"Sending {places} to {connection.host(client)} ({name})"), flush=True)
    said, answered = reviewing.opinion(client, name, found)
    print(reviewing.describe(found, said, answered, color=wants_color()), end="")
    return 0
