"""The values of the gate: what is asked about one image (`Inputs`), and what the stages found (`Inspection`).

Git is asked first and once (`gather`), and all that it answered travels as one value. The stages of `check.judge` turn
it into facts, each kept whatever becomes of the later ones; pixels are not among them, so that a report stays
small. Only `findings.conclude` makes a verdict of it.
"""

from __future__ import annotations

import shlex
from functools import cached_property
from posixpath import splitext
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from msgspec import Struct, field

from maskproof.drift.uncompared import Uncompared
from maskproof.errors import CouldNotJudge
from maskproof.gate import verdict
from maskproof.model import Severity
from maskproof.policy.rules import finding
from maskproof.records.proposal import Proposal
from maskproof.records.sidecar import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from maskproof.evidence.verdicts import Claimed
    from maskproof.gate.crossing import Crossing
    from maskproof.gate.signoffs import SignOff
    from maskproof.images.files import Source
    from maskproof.likeness.model import Likeness
    from maskproof.model import Box, Evidence, Finding, ImageReport, RegionDrift
    from maskproof.policy import Settings
    from maskproof.policy.derived import Crop
    from maskproof.records.approval import Terms
    from maskproof.records.baseline import Entry
    from maskproof.records.sidecar import Record, Tool
    from maskproof.regions import MaskFacts

T = TypeVar("T")
LITTLE = 0.2
"""share of the protected area that still matches, under which restoring ruins: at 0.01 a duck was cut in half"""
OTHER_MODE = {"white": "black", "black": "white"}


class Failure(Struct, frozen=True):
    """Why something about an image could not be done."""

    rule: str
    """the finding that it becomes"""
    reason: str
    advice: str = ""
    absent: bool = False
    """bytes are not on this machine"""

    @classmethod
    def of(cls, error: CouldNotJudge) -> Failure:
        """The error of a stage as a value."""
        return cls(error.rule, error.reason, error.advice, error.absent)

    @property
    def finding(self) -> Finding:
        """What a reader has to know of it."""
        return finding(self.rule, self.reason, severity=Severity.UNJUDGED, advice=self.advice, absent=self.absent)


def attempt(stage: Callable[..., T], *given: Any) -> T | Failure:
    """What a stage makes of the results of others, or why it could not; a failure among them is handed on."""
    failed = next((value for value in given if isinstance(value, Failure)), None)
    if failed is not None:
        return failed
    try:
        return stage(*given)
    except CouldNotJudge as error:
        return Failure.of(error)


# --- what is asked ---------------------------------------------------------------------------------------------------


class Contract(Struct, frozen=True):
    """A record that the project holds for an edit, and that its own is no longer."""

    path: str
    """the picture beside which it lies"""
    record: Record
    mask: Source | Failure | None


class ChangeFacts(Struct, frozen=True):
    """What Git knows of an image and its change before its bytes are read."""

    ONLY_TOLD: ClassVar[frozenset[str]] = frozenset({"head", "base"})
    """what `explain` tells and no verdict depends on: kept verdicts hold in the next commit as well"""
    head: str | None
    """the commit that is judged; None: the index"""
    base: str | None
    """the commit on the trusted side; None: an empty repository"""
    status: str
    """Git's letter for the image; empty where the change does not touch it"""
    loosened: tuple[str, ...]
    """policy keys that the change loosens for it"""
    twins: tuple[str, ...]
    """other paths that fold to its name on some systems"""
    neighbours: Mapping[str, Source]
    """files beside it that may speak of it, and the repository's hooks, by path"""
    before: Source | None
    """its version on the base, where it is another one"""
    contracts: tuple[Contract, ...] = ()
    """the records that it had in the project, where its record is another one now"""
    rewritten: tuple[str, ...] = ()
    """attributes by which a checkout gives it other bytes"""
    renewed: str = ""
    """its record, where that speaks of other bytes as it is staged and was written anew since"""


class ChainLink(Struct, frozen=True):
    """One edit of a chain: what it was made from, and what is protected in that."""

    path: str
    record: Record
    original: Source
    mask: Source | None


class Unproven(Struct, frozen=True):
    """An original or a mask that nobody judged before this change."""

    role: str
    """`original` or `mask`"""
    path: str
    why: str
    """what keeps it from proving anything, as the end of a sentence"""
    misused: bool = False
    """a mask that the project uses for something else, which is what `why` names"""


class Original(Struct, frozen=True):
    """The recorded original of an edit, and its mask."""

    original: Source
    mask: Source | None = None
    mask_mode: str | None = None
    """which part of the mask is editable"""
    unproven: tuple[Unproven, ...] = ()
    """what of the two proves nothing, wherever it lies"""
    entered: tuple[Inputs, ...] = ()
    """the original as it came into the project, in each of the places where it lies; one of them has to be settled"""
    chain: tuple[ChainLink, ...] | Failure = ()
    """for an edit of an edit: the edits that led to it, the oldest first, itself last"""


class Before(Struct, frozen=True):
    """What a picture generated without a source image has to be compared with: its version on the base."""

    version: Source | None
    relation: Relation | None = None
    """a tracked picture that it looks like, so that it may have been made from it after all"""


class LostRecord(Struct, frozen=True):
    """A recorded edit that has its record no more."""

    former: str
    """the name that it had"""
    bring: str
    """the command that brings the record; empty: it was deleted where it stood"""
    beside: str
    """where the record is missing"""
    at: str = "HEAD"
    """what still holds it, as Git names it"""


class Relation(Struct, frozen=True):
    """A tracked picture that one without a record may have been made from."""

    source: Source
    replaced: bool
    """True: the version before, at the same path; False: another picture that it looks like"""
    likeness: Likeness | None
    """how similar the two are; None where one of them cannot be decoded"""

    @property
    def alike(self) -> bool:
        """Is it similar to the tracked picture?"""
        return self.likeness is not None and self.likeness.alike

    @property
    def turn(self) -> int:
        """How it has to be laid to look like the tracked picture, as `Likeness.turn`."""
        return 0 if self.likeness is None else self.likeness.turn

    @property
    def whole(self) -> bool:
        """False: it shows a part of the tracked picture, so that the two cannot be compared sample by sample."""
        return self.replaced or self.likeness is None or self.likeness.how == "whole"

    def __str__(self) -> str:
        return self.source.called


class Tracked(Struct, frozen=True):
    """What the repository knows of a picture without a record."""

    lost: LostRecord | None = None
    relation: Relation | None = None
    proposal: Proposal = field(default_factory=Proposal)
    """the record that it may need"""
    demanded: bool = False
    """policy asks for a record of every picture"""
    mask: bool = False
    """it is the mask of an edit, so that none is asked for"""
    copy_of: str = ""
    """another tracked picture that is the same to the byte"""


class Master(Struct, frozen=True):
    """The picture that an export has to show."""

    source: Source
    crop: Crop | None
    """the part of it that the export shows; None: all"""
    judged: Inputs | None
    """the master itself, under what is asked of the export; None: it is not in the project any more"""
    told: bool = False
    """the run tells what is wrong with the master"""
    earlier: Source | None = None
    """what the master was before this change, where the export is as it was"""
    by: str = ""
    """who says that it is the master: a policy file; empty: the record"""
    unproven: str = ""
    """why nobody judged it, as the end of a sentence; empty: somebody did"""


Reference = Original | Before | Tracked | Master
"""what an image is compared with; which one, its origin says"""


class Inputs(Struct, frozen=True):
    """All that is needed to judge one image; files by their ids."""

    ONLY_TOLD: ClassVar[frozenset[str]] = frozenset({"row"})
    """as in `ChangeFacts`"""
    path: str
    settings: Settings
    edit: Source | Failure
    record: Record | Failure | None
    reference: Reference | Failure
    policy_files: Mapping[str, Source]
    """pictures and models that the policy names, by path"""
    change: ChangeFacts | None = None
    """None: files that were named one by one, so that nothing but the comparison is asked"""
    sign_offs: tuple[SignOff, ...] = ()
    """approvals that name it"""
    baseline: Entry | None = None
    """what the baseline holds of it, where that counts"""
    terms: Terms = field(default_factory=dict)
    """what policy asks for it, as approvals hold it"""
    merged_terms: Terms | None = None
    """what it will ask once the change is merged, where that is less"""
    record_path: str = ""
    """where its record lies; empty: nowhere"""
    as_export: Inputs | None = None
    """the same as an export, where not all of the policies that hold say that it is one: it has to pass both ways"""
    row: str = ""
    """the line of the manifest that names it; empty: none does"""

    @property
    def tool(self) -> Tool | None:
        """What made it as its record says, with as much of the prompt as policy has records keep."""
        record = self.record
        if record is None or isinstance(record, Failure) or record.tool is None:
            return None
        return kept(record.tool, self.settings.prompt)

    @property
    def unrecorded(self) -> bool:
        """Is it an image of a change that has no record, and no export?"""
        return self.record is None and self.change is not None and not isinstance(self.reference, Master)


# --- what was found --------------------------------------------------------------------------------------------------


class Signals(Struct, frozen=True):
    """What a file says of itself, and what it no longer says."""

    evidence: tuple[Evidence, ...] = ()
    stale: bool = False
    """the record was written for other bytes"""
    lost_from: str = ""
    """which earlier picture carries the C2PA manifest that this one lacks"""
    same_pixels: bool = False
    """the record was written for the version before, and this one shows the very same"""
    rewritten_by: str = ""
    """what wrote the file anew, in words, as far as anything shows it"""
    claimed: Claimed | None = None
    """the verdict of maskproof that its own manifest claims"""


class PictureFacts(Struct, frozen=True):
    """A decoded picture without its samples."""

    size: tuple[int, int]
    format: str
    color: str
    managed: bool
    trailing: int
    gain_map: str
    """digest of the gain map that it carries; empty: none"""
    depth: int
    """bits of a sample in the file"""
    deep: bool
    """its samples have 16 bits, of which `exact` compares all"""
    assigned: bool = False
    """the file has no profile, and `color` is the original's, with which it was judged"""
    palette: int = 0
    """colours that it shows, where its format has palettes and one holds them; 0: more"""


class RegionFacts(Struct, frozen=True):
    """A protected region without its pixels."""

    name: str
    kind: str
    source: str
    share: float
    """of the picture"""
    hidden: float = 0.0
    """share of the region that the shipped file does not show"""
    found: bool = False
    """it was detected, and nobody drew it"""


class BrandFacts(Struct, frozen=True):
    """What one brand area of a generated picture was compared with."""

    name: str
    find: str | None
    """its reference logo; None: the area is drawn"""
    places: int
    """where it was compared"""


class PairFacts(Struct, frozen=True):
    """What was compared, without samples."""

    original: PictureFacts
    edit: PictureFacts
    mask: MaskFacts | None
    editable: float
    """share of the picture that the mask opens"""
    uncompared: Uncompared = Uncompared()
    """what is not compared"""


class StepFacts(Struct, frozen=True):
    """One edit of a chain, compared with the first original."""

    path: str
    made_from: str
    mask: str
    """path of its mask; empty: it had none"""
    measured: tuple[RegionDrift, ...]


class FirstFacts(Struct, frozen=True):
    """An edit of an edit compared with its first original."""

    original: PictureFacts
    edit: PictureFacts
    editable: float
    """share of the first original that the masks of all steps open together"""
    steps: tuple[StepFacts, ...]


class Compared(Struct, frozen=True):
    """What was compared and what was protected in it, as far as the stages came."""

    pair: PairFacts | None = None
    """None: there was nothing to compare, or a reference that is no picture of its own"""
    brands: tuple[BrandFacts, ...] = ()
    regions: tuple[RegionFacts, ...] = ()
    notes: tuple[str, ...] = ()
    """what could not be looked for, and what is not compared"""


class Widened(Struct, frozen=True):
    """A mask that opens what the one of the project's record kept closed."""

    path: str
    """the picture beside which that record lies"""
    was: float
    """share of the original that it opened"""
    now: float
    """share that the edit's own mask opens"""
    box: Box
    """around what is open now and was not"""
    areas: tuple[str, ...]
    """names of the declared areas that it reaches"""
    contract: str
    """digest of that record"""


class MasterFacts(Struct, frozen=True):
    """What became of the master of an export."""

    report: ImageReport | None
    """the verdict on it, under what is asked of the export; None: it is not in the project any more"""
    outdated: bool = False
    """the export shows what its master was before this change, as it did before"""


def turned_round(edit: str, original: str, mask: str, mode: str | None) -> str:
    """What to do about a mask that is the other way round, each by its path: how its part is named that was edited."""
    record = ["maskproof", "record", edit]
    if mode in OTHER_MODE:
        return (
            f"What changed is what the mask protects. If its {OTHER_MODE[mode]} part was editable, record that: "
            f"`{shlex.join([*record, '--mask-mode', OTHER_MODE[mode]])}`."
        )
    new = f"{splitext(mask)[0]}-inverted.png"
    make = shlex.join(["maskproof", "mask", original, "--from", mask, "--mask-mode", "alpha", "--invert", "-o", new])
    return (
        f"What changed is what the mask protects. If its solid part was editable, turn it round and record that: "
        f"`{make}`, then `{shlex.join([*record, '--mask', new, '--mask-mode', 'alpha'])}`."
    )


class Mending(Struct, frozen=True):
    """What putting an edit's protected pixels back would meet."""

    kept: float = 1.0
    """share of what is protected that still shows the same, the frame's own motion undone"""
    refused: str = ""
    """why `restore` would not do it; empty: it would, or would ask first"""
    target: str = ""
    """the file that it has to be written to, as edits are not written in this one's format; empty: this one"""
    hint: str = ""
    """sentences on what reaches over the mask's edge"""

    @property
    def why_not(self) -> str:
        """Why nothing should be put back; empty: it can be."""
        if self.refused or self.kept >= LITTLE:
            return self.refused
        return (
            f"only {self.kept:.0%} of what is protected still shows the same, so the scene was drawn anew, and "
            "putting pixels back would cut or double what crosses the mask's edge"
        )


class Inspection(Struct, frozen=True, dict=True):
    """Everything that was found about one image."""

    inputs: Inputs
    signals: Signals | Failure
    compared: Compared
    measured: tuple[RegionDrift, ...] | Failure
    first: FirstFacts | Failure | None
    widened: tuple[Widened, ...] | Failure = ()
    unsettled: Unproven | None = None
    """the original, where something is open against it in the project"""
    mending: Mending | None = None
    """what putting back would meet, of an edit that drifted; None: not asked"""
    crossing: Crossing | None = None
    """what was cut at the mask's edge, of one that was restored blindly"""
    master: MasterFacts | None = None
    """of an export"""
    as_export: ImageReport | None = None
    """the report on it as an export, as `Inputs.as_export`"""

    @cached_property
    def decided(self) -> verdict.Decided | None:
        """The metrics beside their limits; None: nothing was measured."""
        if isinstance(self.measured, Failure) or not self.measured:
            return None
        limits = self.inputs.settings.limits
        if self.lost_colors > verdict.FULL_PALETTE:
            limits = verdict.for_palette(limits)
        return verdict.decide(self.measured, limits, self._advice)

    @property
    def lost_colors(self) -> int:
        """Colours of an export with a palette, whose master has more than one holds; 0: it is no such export."""
        pair = self.compared.pair
        if not isinstance(self.inputs.reference, Master) or pair is None or pair.original.palette:
            return 0
        return pair.edit.palette

    @property
    def _advice(self) -> str:  # noqa: PLR0911 - one a kind of picture
        """What to do about drift."""
        reference = self.inputs.reference
        turned = reference if isinstance(reference, Original) and self.is_inverted else None
        if self.inputs.change is None:
            drawn = "--cards FOLDER" if self.inputs.row else "--picture FILE.png"
            if turned and (other := OTHER_MODE.get(turned.mask_mode or "")):
                return f"If the {other} part of the mask was editable, compare with that: `--mask-mode {other}`."
            return f"See it: the same command with `{drawn}` or `--format html`. Then edit again."
        path = shlex.quote(self.inputs.path)
        if turned and turned.mask:
            return turned_round(self.inputs.path, turned.original.path, turned.mask.path, turned.mask_mode)
        if isinstance(self.inputs.reference, Master):
            master = shlex.quote(self.inputs.reference.source.path)
            return (
                f"Export it from {master} again. If it is meant to differ, it is an edit: "
                f"`maskproof record {path} --original {master}`."
            )
        accept = f" If it is meant so, somebody else can accept it: `maskproof approve {path} --reason WHY`."
        if isinstance(self.inputs.reference, Before):
            return f"Put the right logo into the picture, or make it again.{accept}"
        record, mending = self.inputs.record, self.mending or Mending()
        by_hand = record is not None and not isinstance(record, Failure) and record.origin == "manual"
        if mending.why_not and not by_hand:
            return f"Edit again: {mending.why_not}.{mending.hint} See where: `maskproof view {path}`.{accept}"
        elsewhere = f" -o {shlex.quote(mending.target)}" if mending.target else ""
        restore = "" if mending.why_not else f"`maskproof restore {path}{elsewhere}`"
        see = f"See where: `maskproof view {path}`.{mending.hint} Then"
        if by_hand:
            mask = f"`maskproof record {path} --mask MASK --mask-mode MODE`"
            rest = restore and f", or put the rest back: {restore}"
            return f"{see} record the mask of what was meant to change: {mask}{rest}.{accept}"
        return f"{see} edit again, or put the protected pixels back: {restore}.{accept}"

    @property
    def is_inverted(self) -> bool:
        """Is the mask probably the other way round?"""
        if isinstance(self.measured, Failure):
            return False
        return verdict.is_inverted(self.measured, self.inputs.settings.limits)

    @property
    def failure(self) -> Failure | None:
        """What first kept the image from being judged, in the order of the stages."""
        inputs = self.inputs
        stages: tuple[object, ...] = (inputs.edit, inputs.record, self.signals, inputs.reference)
        # A picture without a record need not be comparable; `unrecorded` says when it has to.
        stages += () if inputs.unrecorded else (self.measured, self.first)
        return next((result for result in stages if isinstance(result, Failure)), None)

    @property
    def comparison_failure(self) -> Failure | None:
        """What kept it from being compared: measuring comes last, and hands on what went wrong before."""
        return self.measured if isinstance(self.measured, Failure) else None
