"""Exports: pictures that show another one, their master, and nothing else (origin `derived`, or a row of the policy).

What ships is most often an export: smaller, cut, in another format. The master has its record and its verdict; the
export needs none of its own and has to show the master, as far as size, format, colour profile, compression and a
recorded crop let it. So it is compared with the master exported in the same way, all of it protected, and the areas of
the master with it. It shares the fate of its master: what is open against that is open against the export.

    which master (policy or record) -> the master judged, under what is asked of the export -> both compared
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from maskproof import evidence, regions
from maskproof.drift import measure
from maskproof.drift.frame import Frame
from maskproof.errors import CouldNotJudge
from maskproof.evidence import wording
from maskproof.gate.compare import Pair, Pairs, frame_of, policy_reader, record_of
from maskproof.gate.descriptions import described, with_lost_profile
from maskproof.gate.edited import sources_of
from maskproof.gate.inspection import Failure, Master, MasterFacts
from maskproof.gate.standing import absent, entered, place_of
from maskproof.gate.verdict import FULL_PALETTE, decide, for_palette
from maskproof.images.exported import as_exported, palette_of
from maskproof.model import Box, Level, Severity, Verdict
from maskproof.policy import DEMANDING, Settings
from maskproof.policy.limits import default_limits
from maskproof.policy.rules import finding
from maskproof.policy.trust import tighten
from maskproof.regions.areas import areas_of, locate, mask_picture
from maskproof.regions.areas import declared as declared_areas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from maskproof.gate.inspection import Inputs, Inspection, Reference
    from maskproof.gate.scope import Scope
    from maskproof.images.files import Files, Source
    from maskproof.model import Finding, Picture, Read, Region
    from maskproof.policy import AreaRule
    from maskproof.policy.derived import Crop
    from maskproof.records.sidecar import Record
    from maskproof.regions import Area

MAX_STEPS = 8
"""exports of exports that are followed"""
AREA_PX = 16
"""side, in pixels of the export, below which an area is not compared by itself: what its kind asks needs more of it,
and as a part of the whole it is compared all the same"""
EDGES = 10.0
"""factor on the limit for transparency, of which filters and lossy formats change the edges: at 128 px those are one
pixel in thirty. A regular `pattern` has no limit in exports: WebP of quality 80 takes 20 to 40 % of a fine one's
contrast, and what is painted over one is found by what is there instead"""
CUT = 0.01
"""share of an area that may be cut away unsaid: crops are rounded to whole pixels"""
BLOCKED = {Verdict.BLOCK: "is blocked", Verdict.UNJUDGED: "could not be judged"}
"""what became of a master, in words"""


class Held(Struct, frozen=True):
    """An export by policy, and whether all policies that hold say so."""

    master: Master
    excused: bool


# --- which master ----------------------------------------------------------------------------------------------------


def by_policy(scope: Scope, path: str, edit: Source, record: Record | None, settings: Settings) -> Held | None:
    """The master that the policy names for a picture; None: it names none, or the record names an original.

    Raises:
        CouldNotJudge: the master's bytes cannot be had, or it is an export of this picture itself.
    """
    del edit
    if record is not None and record.original is not None:
        return None
    if (held := scope.master_of(path, settings)) is None:
        return None
    candidate, tree, master = held
    _refuse_circle(scope, path, master)
    change = scope.change
    source = _digested(scope, scope.source(tree, master))
    before = change.base.blob_id(master)
    untouched = change.base.entries.get(path) == change.head.entries.get(path)
    outdated = tree is change.head and untouched and before is not None and before != source.oid
    earlier = _digested(scope, scope.source(change.base, master)) if outdated else None
    by = settings.source if scope.settled is None else "the policy"
    if tree is not change.head and source is not None and (there := place_of(scope, source)):
        master = there[1]  # its name now: the change renamed it
        source = replace(source, path=master)
    excused = candidate in settings.excused and tree is change.head
    return Held(Master(source, candidate.crop, None, _is_told(scope, master), earlier, by), excused)


def gather_master(scope: Scope, path: str, edit: Source, record: Record | None, settings: Settings) -> Master:
    """The master that a record names.

    Raises:
        MissingOriginal, MissingObject: it is in none of the places that are searched.
        CouldNotJudge: it is an export of this picture itself.
    """
    del edit, settings
    assert record is not None and record.original is not None  # noqa: S101, PT018 - what `derived` demands
    _refuse_circle(scope, path, record.original.path)
    source, _ = sources_of(scope, path, record)
    crop = None if record.transform is None else record.transform.crop
    used, held = record.original, scope.ledger.users_of_content(record.original.sha256)
    named = any(one.origin == "derived" and one.original == used for _, one in held)
    lost = "" if named or place_of(scope, source) else absent(scope, used.path, source)
    return Master(source, crop, None, _is_told(scope, source.path), unproven=lost)


def to_judge(scope: Scope, master: Master, settings: Settings) -> tuple[Scope, str, Settings] | None:
    """How the master itself is judged: in which change, where, and under what; None: it lies nowhere in the project.

    What is asked of the export is asked of its master as well, or a folder where nothing is asked would be the way
    around the one where it is.
    """
    found = place_of(scope, master.source)
    if found is None:
        return None
    tree, place = found
    own = scope.outermost.settings(place)
    of_export = replace(settings, areas=(), detect=(), masters=(), excused=own.excused, notes=())
    asked = tighten(own, of_export)
    if tree is scope.change.head and _touched(scope, place):
        return scope, place, asked
    there = tree if tree.commit is not None else scope.change.base
    return entered(scope, there, place, master.source.sha256, asked), place, asked


def as_export(settings: Settings) -> Settings:
    """What holds for an export: `exact` asks for the very pixels, which no other size and hardly a format keeps."""
    limits = settings.limits
    if settings.level is Level.EXACT:
        limits = default_limits(Level.STRICT) | {row: limits[row] for row in settings.own_limits}
    alpha = limits["frame", "alpha"]
    limits |= {("outside-mask", "pattern"): None, ("frame", "alpha"): None if alpha is None else alpha * EDGES}
    return replace(settings, level=min(settings.level, Level.STRICT, key=list(Level).index), limits=limits)


def _digested(scope: Scope, source: Source | None) -> Source:
    assert source is not None  # noqa: S101 - it was found there
    return replace(source, sha256=scope.change.repository.objects.digest(source.oid, source.path))


def _touched(scope: Scope, path: str) -> bool:
    """Does the change touch a picture or its record?"""
    base, head = scope.change.base, scope.change.head
    asked = (path, *base.records.get(path, ()), *head.records.get(path, ()))
    return any(base.entries.get(one) != head.entries.get(one) for one in asked)


def _is_told(scope: Scope, master: str) -> bool:
    """Is the master judged for itself in this run, so that what is wrong with it is told there?"""
    return scope.outer is None and master in scope.targets


def _refuse_circle(scope: Scope, path: str, master: str | None) -> None:
    """Stop where exports are masters of each other.

    Raises:
        CouldNotJudge: they are.
    """
    seen = [path]
    while master is not None and len(seen) < MAX_STEPS:
        if master in seen:
            error = CouldNotJudge(
                f"it is an export of itself ({' of '.join([*seen, master])}), so nothing would be compared",
                "Name the picture that was exported, in [[derived]] of the policy or by "
                "`maskproof record EDIT --derived --original MASTER`.",
            )
            error.rule = "derived"
            raise error
        seen.append(master)
        record = scope.ledger.record(master) if master in scope.change.head.entries else None
        if record is None or record.original is None:
            held = scope.master_of(master, scope.settings(master))
            master = None if held is None else held[2]
        else:
            master = record.original.path if record.origin == "derived" else None


# --- comparing -------------------------------------------------------------------------------------------------------


def decode_master(inputs: Inputs, edit: Source, reference: Reference, files: Files) -> Pairs:
    """The export beside its master, exported as it was.

    Raises:
        CouldNotJudge: one of them cannot be decoded, or the crop reaches beyond the master.
    """
    assert isinstance(reference, Master)  # noqa: S101 - what `by_policy` and `gather_master` give
    master, export = files.picture(reference.source), files.picture(edit)
    box = _box(reference.crop, master, export, record_of(inputs))
    shown = as_exported(master, export, box)
    pair = Pair.whole(shown, export)
    read = with_lost_profile(shown, export, pair.editable, pair.frame)
    drawn, cut = _areas(reference, master, box, export.size, files)
    whole = regions.build(pair.editable, (), lambda _: (np.zeros((1, 1), np.uint8), None))
    return Pairs((replace(pair, edit=read, drawn=(*whole, *drawn), cut=cut),))


def _box(crop: Crop | None, master: Picture, export: Picture, record: Record | None) -> Box:
    """The part of the master that the export shows."""
    width, height = master.size
    if crop is None:
        return Box(0, 0, width, height)
    if crop == "center":
        wide, tall = export.size
        share = min(width / wide, height / tall)
        across, down = min(width, round(wide * share)), min(height, round(tall * share))
        return Box((width - across) // 2, (height - down) // 2, across, down)
    frame_of(record, master)  # refuses a recorded crop that reaches beyond it
    box = Box(*crop)
    if box.x + box.width > width or box.y + box.height > height:
        raise CouldNotJudge(
            f"the crop of its row in [[derived]] reaches to {box.x + box.width}, {box.y + box.height}, outside the "
            f"master of {width} x {height} px",
            "Correct it in the policy.",
        )
    return box


def _areas(
    reference: Master, master: Picture, box: Box, size: tuple[int, int], files: Files
) -> tuple[tuple[Region, ...], dict[str, float]]:
    """The areas of the master as its export shows them, and of those that the crop cuts how much it cuts away.

    Drawn areas are in pixels of what the master was made from; reference logos are looked for in the master itself.
    """
    if (judged := reference.judged) is None:
        return (), {}
    record, read = record_of(judged), policy_reader(judged, files)
    used = None if record is None else record.original
    first = master.size if used is None else used.size
    frame = (
        Frame() if record is None or record.transform is None else Frame(record.transform.crop, record.transform.pad)
    )
    frame = frame.of_edit(first, master.size)
    settings = judged.settings
    drawn = tuple(one for one in settings.areas if one.find is None)
    placed = [(first, frame, areas_of(master, replace(settings, areas=drawn, detect=()), record, read))]
    placed += [
        (master.size, Frame(), _located(rule, settings.source, reference, read, files))
        for rule in settings.areas
        if rule.find is not None
    ]
    found, cut = [], {}
    for original, mapped, areas in placed:
        nothing = np.zeros(original[::-1], np.bool_)
        for region in regions.build(nothing, areas, lambda path: mask_picture(read, path))[1:]:
            shown, hidden = _as_shown(region.mask, mapped, master.size, box, size)
            if not shown.any():
                continue  # the crop leaves all of it out, or nothing of it is left at this size
            part = regions.trimmed(region.name, region.kind, shown, region.source, region.colors)
            if hidden:
                cut[region.name] = hidden
            if hidden or min(part.part.shape) >= AREA_PX:
                found.append(part)
    return tuple(found), cut


def _located(rule: AreaRule, source: str, reference: Master, read: Read, files: Files) -> tuple[Area, ...]:
    """Where a reference logo stands in the master; nowhere is a question of the master and not of its exports."""

    def boxes() -> tuple[Box, ...]:
        try:
            return locate(rule, source, files.picture(reference.source), read)
        except CouldNotJudge:
            return ()

    places = files.once(f"places of {rule.find}", reference.source, boxes, lambda found: 100 * (1 + len(found)))
    return tuple(declared_areas(rule, source, places))


def _as_shown(
    mask: NDArray[np.bool_], frame: Frame, master: tuple[int, int], box: Box, size: tuple[int, int]
) -> tuple[NDArray[np.bool_], float]:
    """A mask of what the master was made from as the export shows it, and the share of it that the crop cuts away.

    Args:
        mask: H x W of the master's original.
        frame: How that was mapped to the master.
        master: Width and height of the master.
        box: The part of the master that the export shows.
        size: Width and height of the export.
    """
    wide, tall = frame.canvas((mask.shape[1], mask.shape[0]))
    across, down = wide / master[0], tall / master[1]
    x, y = (frame.crop or (0, 0))[:2]
    how = (across, 0.0, x - frame.pad[0], 0.0, down, y - frame.pad[1])
    picture = Image.fromarray(mask.astype(np.uint8))
    whole = np.asarray(picture.transform(master, Image.Transform.AFFINE, how, Image.Resampling.NEAREST))
    kept = whole[box.y : box.y + box.height, box.x : box.x + box.width]
    hidden = 1 - int(np.count_nonzero(kept)) / max(int(np.count_nonzero(whole)), 1)
    shown = np.asarray(Image.fromarray(kept).resize(size, Image.Resampling.NEAREST)) > 0
    return shown, hidden if hidden > CUT else 0.0


def same_picture(one: Picture, other: Picture) -> bool:
    """Is the smaller of two pictures, or the one of fewer colours, an export of the other, by the built-in limits?"""
    colors = {id(picture): palette_of(picture) for picture in (one, other)}
    export, master = sorted(
        (one, other), key=lambda picture: (picture.size[0] * picture.size[1], not colors[id(picture)])
    )
    pair = Pair.whole(as_exported(master, export, Box(0, 0, *master.size)), export)
    whole = regions.build(pair.editable, (), lambda _: (np.zeros((1, 1), np.uint8), None))
    held = as_export(Settings())
    measured = measure(pair.original, pair.edit, pair.editable, whole, held.level, pair.frame)
    full = not colors[id(master)] and colors[id(export)] > FULL_PALETTE
    return decide(measured, for_palette(held.limits) if full else held.limits).verdict is Verdict.PASS


# --- findings --------------------------------------------------------------------------------------------------------


def shown_otherwise(inspection: Inspection) -> Iterator[Finding]:
    """Where an export does not show its master, by whatever was measured."""
    reference, facts = inspection.inputs.reference, inspection.master
    if not isinstance(reference, Master):
        return
    decided = inspection.decided
    found = described(inspection.compared.pair, decided, inspection.inputs.settings.level)
    # That colours were converted, or a gain map was left out, is what exporting does.
    told = [one for one in found if one.severity is Severity.BLOCK or one.rule == "unreadable"]
    told += [] if decided is None else [one for one in decided.findings if one.severity is Severity.BLOCK]
    outdated = facts is not None and facts.outdated
    for one in told:
        said = one.message.replace("the edit", "the export").replace("its original", "its master")
        if one.severity is Severity.WARN:
            yield replace(one, message=said)
        elif outdated:
            yield replace(
                one,
                severity=Severity.WARN,
                message=f"it shows what its master {reference.source.path} was before this change",
                value=None,
                limit=None,
                box=None,
                around=None,
                also=(),
                region=None,
                advice="Export it again.",
            )
            return
        else:
            said = said.replace("the original", "the master")
            message = f"it does not show its master {reference.source.path}: {said}"
            advice = one.advice
            if one.severity is Severity.BLOCK and inspection.lost_colors:
                message += "; it has no more colours than a palette holds, and its master has more"
                advice = f"Save it with all its colours, or as WebP. {advice}"
            yield replace(one, message=message, about=(*one.about, reference.source.sha256), advice=advice)


def of_master(inspection: Inspection) -> Iterator[Finding]:
    """A master that something is open against, or that nobody judged."""
    reference, facts = inspection.inputs.reference, inspection.master
    if not isinstance(reference, Master) or facts is None:
        return
    master, report = reference.source.path, facts.report
    plain = shlex.quote(master)
    if report is None:
        if reference.unproven:
            yield finding(
                "derived",
                f"its master {master} {reference.unproven}",
                about=(reference.source.sha256,),
                advice="Commit the master, and record the export again: `maskproof record EDIT`.",
            )
        return
    if report.verdict is Verdict.PASS:
        return
    worst = next(one for one in report.findings if one.accepted is None)
    why = "" if reference.told else f" ({worst.rule}: {worst.message})"
    yield finding(
        "derived",
        f"its master {master} {BLOCKED[report.verdict]}{why}",
        Severity(report.verdict.value),
        about=(reference.source.sha256,),
        advice="Exports pass with their master, of which all is told here."
        if reference.told
        else f"See what is open against the master: `maskproof explain {plain}`. Its exports pass with it.",
    )


def without_record(inspection: Inspection) -> Iterator[Finding]:
    """An export that says that AI made it, while no record says so of its master."""
    inputs, signals = inspection.inputs, inspection.signals
    reference, facts = inputs.reference, inspection.master
    if not isinstance(reference, Master) or isinstance(signals, Failure) or inputs.record is not None:
        return
    if inputs.settings.unrecorded == "off" or not evidence.is_ai(signals.evidence) or _is_recorded(reference, facts):
        return
    master = reference.source.path
    yield finding(
        "unrecorded",
        f"{wording.sentence(signals.evidence)}, and its master {master} has no record of that",
        Severity.BLOCK if inputs.settings.unrecorded in DEMANDING else Severity.WARN,
        about=(reference.source.sha256,),
        advice=f"Record what the master was made from: `maskproof record {shlex.quote(master)}`. "
        "Its exports need no record then.",
    )


def _is_recorded(reference: Master, facts: MasterFacts | None) -> bool:
    """Does a record say how the master came to be, and not that people made it alone; or did somebody accept it?"""
    if reference.judged is None or facts is None or facts.report is None:
        return False
    record = record_of(reference.judged)
    if record is not None:
        return record.original is not None or record.origin != "manual"
    return reference.judged.baseline is not None or any(
        one.rule == "unrecorded" and one.accepted for one in facts.report.findings
    )


def also_as_export(inspection: Inspection) -> Iterator[Finding]:
    """What is found of a picture as an export, where not every policy that holds says that it is one."""
    report = inspection.as_export
    if report is not None and isinstance(report.inspection, type(inspection)):
        for function in (shown_otherwise, of_master):
            yield from function(report.inspection)
