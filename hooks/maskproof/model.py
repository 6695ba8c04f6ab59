"""The values that travel from stage to stage: what was seen, what was measured, what follows.

Everything here is frozen and knows nothing of Git, files or pictures' formats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from unicodedata import normalize

from msgspec import Struct, field, to_builtins

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

WIDER = 1.5
"""times the worst place's area from which on the box around all that changed is worth telling beside it"""
Read = Callable[[str], "bytes | None"]
"""A stage's only view of neighbouring files: repository path in, bytes out, None where there is no such file."""


MAX_QUOTED_LINES = 3
"""lines of text that a message quotes; the JSON report has all of them"""


class Level(StrEnum):
    """How closely the protected area has to match, in rising order of strictness."""

    VISUAL = "visual"
    STRICT = "strict"
    EXACT = "exact"


class Kind(StrEnum):
    """What a region protects; each kind has its own limits."""

    OUTSIDE_MASK = "outside-mask"
    BRAND = "brand"
    TEXT = "text"
    FACE = "face"
    PRODUCT = "product"


AREA_KINDS = tuple(kind.value for kind in Kind if kind is not Kind.OUTSIDE_MASK)
"""kinds that an area may be declared as; what lies outside the mask is no area"""
if TYPE_CHECKING:
    AreaKind = str
else:
    AreaKind = Literal[AREA_KINDS]
"""one of them, as policy and record write it"""


class Severity(StrEnum):
    """What a finding does to the verdict."""

    WARN = "warn"
    UNJUDGED = "unjudged"
    BLOCK = "block"


class Verdict(StrEnum):
    """The answer for one image."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    BLOCK = "block"
    UNJUDGED = "unjudged"


class Basis(StrEnum):
    """What speaks for a picture being an AI edit, from the surest to nothing; the surest one counts."""

    DECLARED = "declared"
    """its record says what it is"""
    SIGNED = "signed"
    """its file says so, with a signature that fits its bytes"""
    UNSIGNED = "unsigned"
    """its file says so, in a way that anybody can write or remove"""
    LIKENESS = "likeness"
    """it looks like a tracked picture and is not the same"""
    NONE = "none"


class Box(NamedTuple):
    """A rectangle in pixels of the original, upright: left, top, width, height."""

    x: int
    y: int
    width: int
    height: int

    def __str__(self) -> str:
        return f"x {self.x}, y {self.y}, {self.width} x {self.height} px"

    @property
    def area(self) -> int:
        """How many pixels it holds."""
        return self.width * self.height

    def __or__(self, other: Box) -> Box:
        """The smallest box around both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.width, other.x + other.width)
        bottom = max(self.y + self.height, other.y + other.height)
        return Box(x, y, right - x, bottom - y)


OWN_ALPHA = "its alpha"
"""how a sign names a mask that is the transparency of the input picture itself"""


class Evidence(Struct, frozen=True):
    """One sign in a file's metadata, and what it says."""

    source: str
    """where it was found, for instance `PNG tEXt parameters`"""
    says: str
    """what it says, in the words of its vocabulary"""
    ai: bool | None
    """made or changed with a generative model? None: the sign does not tell"""
    edit: bool | None = None
    """an edit of another picture? None: the sign does not tell"""
    generator: str | None = None
    """the tool or model that it names"""
    parent: str | None = None
    """the picture it was made from, as the sign names it"""
    mask: str | None = None
    """the mask it was made through, as the sign names it: a file, or `OWN_ALPHA` (the parent's)"""
    confidence: str = "medium"
    """`high` a signature was verified, or the file's own facts confirm what is written; `medium` anybody could have
    written it; `low` the file itself contradicts it, or it cannot be read: such a sign decides nothing"""
    signed: bool | None = None
    """True: a signature over the file was verified; False: there is one that does not fit; None: not looked at"""
    plain: str | None = None
    """what its generator did, in plain words that follow the generator's name: "made it from 'room.jpg'"; None: what
    the other fields say"""


class Picture(Struct, frozen=True):
    """A decoded picture: upright, in sRGB, samples as they would be shown."""

    format: str
    """PNG, JPEG, WEBP, AVIF, GIF or TIFF"""
    samples: NDArray[np.uint8]
    """H x W x 3, sRGB; of 16-bit files the high bytes"""
    alpha: NDArray[np.uint8] | None
    """H x W, 0 transparent; None where every pixel is opaque"""
    low: NDArray[np.uint8] | None
    """H x W x channels, the low bytes of 16-bit samples as stored; None for files of 8 bits or fewer"""
    color: str
    """how the file describes its colours, in words; `sRGB` where it says nothing else"""
    managed: bool = True
    """True: `samples` were converted from `color`; False: the description could not be applied"""
    trailing: int = 0
    """bytes after the end of the picture in the file that do not belong to it"""
    icc: bytes | None = None
    """the ICC profile that the file holds"""
    gain_map: str = ""
    """digest of the gain map that the file carries for HDR screens; empty: none"""
    depth: int = 8
    """bits of a sample in the file"""
    inks: str = ""
    """CMYK or LAB, where the file holds such samples, which are made for print; empty: grey or RGB"""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, upright."""
        return self.samples.shape[1], self.samples.shape[0]


class Region(Struct, frozen=True):
    """A part of the original where nothing may change, or only within the limits of its kind."""

    name: str
    kind: Kind
    part: NDArray[np.bool_]
    """h x w, True where protected: the original, or a box of it, so that many small areas take little memory"""
    source: str
    """who asks for it: `mask`, `record`, or the policy file"""
    colors: tuple[tuple[int, int, int], ...] = ()
    """brand colours that are named for it, sRGB"""
    corner: tuple[int, int] = (0, 0)
    """x and y of the box"""
    shape: tuple[int, int] | None = None
    """H and W of the original; None: those of `part`"""

    @property
    def mask(self) -> NDArray[np.bool_]:
        """H x W of the original, True where protected; drawn anew each time that a box is asked."""
        if self.shape is None:
            return self.part
        (x, y), (height, width) = self.corner, self.part.shape
        before = (y, self.shape[0] - y - height), (x, self.shape[1] - x - width)
        return _padded(self.part, before)


def _padded(part: NDArray[np.bool_], around: tuple[tuple[int, int], tuple[int, int]]) -> NDArray[np.bool_]:
    import numpy as np  # which a commit without images does not load

    return np.pad(part, around)


class Wording(Struct, frozen=True):
    """What stands at one place before and after, as it was read; a line of text a line, as many on either side."""

    before: str
    """an empty line: text appeared there"""
    after: str
    """an empty line: the text is gone"""

    def __str__(self) -> str:
        """The first lines that differ, quoted, the letters that changed in brackets."""
        pairs = list(zip(self.before.split("\n"), self.after.split("\n"), strict=True))
        shown = "; ".join(_became(*pair) for pair in pairs[:MAX_QUOTED_LINES])
        return shown + (f"; and {counted(more, 'more line')}" if (more := len(pairs) - MAX_QUOTED_LINES) > 0 else "")


def _became(before: str, after: str) -> str:
    """One line before and after."""
    if not before or not after:
        return f'"{_quoted(after)}" appeared' if after else f'"{_quoted(before)}" is gone'
    from difflib import SequenceMatcher  # only where text changed

    old, new = ([normalize("NFKC", char) for char in text] for text in (before, after))
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    was = "".join(_marked(before[start:end], step != "equal") for step, start, end, _, _ in steps)
    now = "".join(_marked(after[start:end], step != "equal") for step, _, _, start, end in steps)
    return f'"{was}" became "{now}"'


def _marked(part: str, changed: bool) -> str:
    """Brackets around letters that changed; where a reader sees blanks is a guess."""
    return f"[{_quoted(part)}]" if changed and part.strip() else _quoted(part)


def _quoted(text: str) -> str:
    """Part of a text that a picture holds, so that it cannot end its own quotation or feign a bracket."""
    return "".join(f"\\{char}" if char in '\\"[]' else char for char in text)


class Metric(Struct, frozen=True):
    """One measured number with its name and unit; never converted into another metric."""

    name: str
    value: float
    unit: str
    rule: str
    """the finding that it becomes when it is over its limit"""
    says: str
    """the sentence for a reader; `{value}` and `{limit}` stand for the numbers with their unit, `{text}` for what reads
    otherwise"""
    box: Box | None = None
    """where it is worst"""
    around: Box | None = None
    """around all of the region that changed by this metric, `box` included; None: it does not tell"""
    text: Wording | None = None
    """what reads otherwise than before; None: nothing does, or it was not read"""
    leads: bool = False
    """its sentence leads a finding of its region, whichever metric is worst: it says in the terms of the region's kind
    what changed"""
    mend: str = ""
    """what to do where it is over its limit; empty: what is done about any drift"""


class RegionDrift(Struct, frozen=True):
    """What was measured in one region, or (`frame`) over the whole picture."""

    name: str
    kind: str
    metrics: tuple[Metric, ...]


class Acceptance(Struct, frozen=True):
    """Why a finding no longer blocks although it stands: a person approved it, or the baseline holds it."""

    how: str
    """`approval` or `baseline`"""
    file: str
    """where that is written"""
    reason: str = ""
    """in the words of whoever approved"""
    by: tuple[str, ...] = ()
    """who say that they did"""
    known: str = ""
    """what stands behind that"""
    pending: bool = False
    """True: it still needs the review that makes it count"""

    @property
    def standing(self) -> str:
        """`approval`, `pending` (one without its review) or `baseline`."""
        return "pending" if self.pending else self.how


class Finding(Struct, frozen=True):
    """One thing a reader has to know, and the rule that says so."""

    rule: str
    severity: Severity
    message: str
    """what is so in this image, in plain English"""
    region: str | None = None
    """the one that it is about"""
    value: float | None = None
    """what was measured, in `unit`"""
    limit: float | None = None
    """how far it might have gone, in `unit`"""
    unit: str | None = None
    box: Box | None = None
    """where it is worst"""
    advice: str = ""
    """what to do next; a command where there is one"""
    also: tuple[str, ...] = ()
    """other metrics of the region over their limits, by name, the worst first"""
    around: Box | None = None
    """around all of the region that changed by any of these metrics"""
    text: Wording | None = None
    """what reads otherwise than before, in a text area"""
    about: tuple[str, ...] = ()
    """what it speaks of beside the picture, its record and the policy, as names or digests; an approval names it too"""
    accepted: Acceptance | None = None
    """why it does not count in the verdict; None: it does"""
    absent: bool = False
    """bytes that it takes to judge the picture are not on this machine, which nobody can accept"""


class Judged(Struct, frozen=True):
    """A region's metrics beside the limits they were held against (None: measured, not limited)."""

    drift: RegionDrift
    limits: tuple[float | None, ...]


class ChainStep(Struct, frozen=True):
    """One picture of a chain of edits."""

    path: str
    drift: float
    """its drift against the first original, under the masks up to it"""


class ImageReport(Struct, frozen=True):
    """The verdict on one image with all that led to it."""

    path: str
    verdict: Verdict
    drift: float | None = None
    """the worst value over its limit; 1.0 is exactly at the limit; None: nothing was compared. Of an edit of an edit
    the worse of two comparisons, with its own original and with the first"""
    findings: tuple[Finding, ...] = ()
    regions: tuple[Judged, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    basis: Basis = Basis.NONE
    """the surest of what speaks for an AI edit"""
    original: dict[str, Any] | None = None
    mask: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()
    """what a reader should know about how this image was judged"""
    chain: tuple[ChainStep, ...] = ()
    """for an edit of an edit: the edits that led to it, the oldest first, itself last"""
    inspection: object = None
    """what the stages found (`gate.inspection.Inspection`), for who explains the verdict; None: it was not kept"""
    record: str = ""
    """where its record lies; empty: nowhere"""
    fault: str = ""
    """where the program itself failed on this image; empty: nowhere"""
    settled: bool = False
    """the same inputs lead to the same verdict again; False: something failed that another run may find in order"""
    by_maker: bool = False
    """an approval counts in it that nobody but whoever made the change has to stand behind"""
    shown: Mapping[str, object] = field(default_factory=dict)
    """what was drawn of it while its pictures were at hand, by the name of what asked for that"""


def in_baseline(image: ImageReport) -> bool:
    """Is all that is found in an image what the baseline has of it?"""
    return all(one.accepted is not None and one.accepted.how == "baseline" for one in image.findings)


class ListedPicture(Struct, frozen=True):
    """One picture of an approval, as it stands now."""

    path: str
    rules: tuple[str, ...]
    """what is answered"""
    why: str = ""
    """why the approval does not hold for it; empty: it does"""


class ListedApproval(Struct, frozen=True):
    """One approval, and what has become of it."""

    file: str
    reason: str = ""
    by: str = ""
    expires: str = ""
    counts: bool = False
    """somebody with the authority to stands behind it"""
    known: str = ""
    """who that is and how it is known; or why nobody is"""
    pictures: tuple[ListedPicture, ...] = ()


class Listing(Struct, frozen=True):
    """All that somebody accepted in a project."""

    approvals: tuple[ListedApproval, ...] = ()
    baselined: int = 0
    """pictures of the baseline that are as it has them"""
    outdated: tuple[ListedPicture, ...] = ()
    """entries of the baseline that no longer apply"""


class Recorded(Struct, frozen=True):
    """One recorded picture as it stands."""

    path: str
    verdict: Verdict
    drift: float | None
    """None: nothing was compared"""
    origin: str
    """as its record has it; empty: that cannot be read"""
    model: str
    """which model made it, or who ran it; empty: the record does not say"""
    day: str
    """of the last commit that touched its record, YYYY-MM-DD; empty: none did"""
    found: tuple[str, ...] = ()
    """rules of what was found in it and nobody accepted, the gravest first"""
    approvals: tuple[str, ...] = ()
    """files of the approvals that name it"""
    accepted: tuple[str, ...] = ()
    """how something of it was accepted: `approval`, `pending` (one without its review) or `baseline`"""
    provider: str = ""
    """who ran the model; empty: the record does not say"""
    mask_mode: str = ""
    """which part of its mask was editable; empty: it has no mask"""


class Shard(Struct, frozen=True):
    """Which part of a run a report is of."""

    number: int
    """from 1"""
    of: int
    run: str
    """digest of what was judged, and with what: the same for all parts of a run"""


class Counts(NamedTuple):
    """Images of a run."""

    images: int
    compared: int
    """whose pixels were measured against an original"""
    blocked: int
    unjudged: int


class Report(Struct, frozen=True):
    """All images of one run, or of one part of it."""

    images: Sequence[ImageReport] = ()
    """of many they lie in a `Spool`, so whoever goes through them has one at a time"""
    notes: tuple[str, ...] = field(default=())
    """what a reader should know about the run itself"""
    own: tuple[str, ...] = ()
    """those of the notes that no image tells"""
    shard: Shard | None = None
    """None: it is whole"""

    def counts(self) -> Counts:
        """How many images there are, and what became of them."""
        compared, verdicts = 0, dict.fromkeys(Verdict, 0)
        for image in self.images:
            compared += image.drift is not None
            verdicts[image.verdict] += 1
        return Counts(len(self.images), compared, verdicts[Verdict.BLOCK], verdicts[Verdict.UNJUDGED])


def plain(value: Struct) -> dict[str, Any]:
    """A value and all that it holds as JSON has it: numbers that come from arrays are numbers like others."""
    return to_builtins(value, enc_hook=lambda number: number.item())  # type: ignore[no-any-return]  # of a Struct


def counted(count: int, what: str) -> str:
    """So many of something, in words: `1 edit`, `2 edits`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def enumerated(words: Iterable[str]) -> str:
    """A list in words: `one`, `one and two`, `one, two and three`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def amount(value: float, unit: str | None) -> str:
    """A number with its unit, as a reader would say it: shares as percent, pixels whole where they are."""
    if unit == "share":
        return f"{value * 100:.3g} %"
    if unit == "x":
        return f"{value:.3g}x"
    if unit == "times":
        return f"{value:.5g}x"
    if unit == "px":  # nobody sees a hundredth of one
        value = round(value, 2) + 0.0
        return f"{value:.0f} px" if float(value).is_integer() else f"{value:.3g} px"
    return f"{value:.3g}" + (f" {unit}" if unit else "")


def place(most: Box | None, within: Box | None) -> str:
    """Where a change is, in one box if a second adds next to nothing; empty where nobody knows.

    Args:
        most: The box where it is worst.
        within: A box around all of it.
    """
    if most and (within is None or within.area < WIDER * most.area):
        return f"at {most}"
    if within is None:
        return ""
    return f"changed within {within}" + (f"; most at x {most.x}, y {most.y}" if most else "")
