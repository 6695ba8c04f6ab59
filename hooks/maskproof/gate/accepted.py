"""Acceptance: which findings a person signed off, and why an approval that names a picture does not hold for it.

An approval holds for a picture while all that it is bound to is as it was, and while nothing that would stop the
picture is found that it does not name. What it names then stays told and stops nothing.
"""

from __future__ import annotations

import shlex
from itertools import islice
from typing import TYPE_CHECKING

from msgspec.structs import replace

from maskproof.gate.compare import record_of
from maskproof.gate.inspection import Failure, Original
from maskproof.gate.signoffs import people
from maskproof.model import Acceptance, Severity
from maskproof.policy.rules import finding
from maskproof.records import approval, baseline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from maskproof.gate.inspection import Inputs
    from maskproof.gate.signoffs import SignOff
    from maskproof.model import Finding
    from maskproof.records.approval import Approved, Recorded

MAX_TOLD = 3
"""approvals of one picture of which is told why they do not hold; earlier edits at its path have theirs"""
PARTS = {
    "original": "the original is another one",
    "mask": "the mask is another one",
    "mode": "the mask has another mode",
    "origin": "the record has another origin",
    "transform": "crop and padding are others",
    "areas": "the record's areas are others",
    "parent": "the edit that led to it is another one",
    "earlier": "an edit that led to it has another original or mask",
}
"""what of a record can be another than was approved"""


def accept(inputs: Inputs, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings of a picture, those marked that its approvals answer; and what keeps an approval from doing so."""
    lapsed = {sign_off.file: lapse(sign_off, inputs, found) for sign_off in inputs.sign_offs}
    holding = [sign_off for sign_off in inputs.sign_offs if not lapsed[sign_off.file]]
    marked = tuple(one if one.absent else _baselined(_marked(one, holding, inputs), inputs) for one in found)
    if not any(_stops(one) for one in marked):
        return marked
    return (*marked, *islice(_told(inputs, lapsed), MAX_TOLD))


def approved_of(inputs: Inputs, found: Iterable[Finding]) -> approval.Approved | None:
    """What an approval of this picture as it is now would hold; None where there are no bytes to approve."""
    if isinstance(inputs.edit, Failure) or isinstance(inputs.record, Failure):
        return None
    answers = {(one.rule, one.region, tuple(sorted(one.about))) for one in found}
    return approval.Approved(
        path=inputs.path,
        sha256=inputs.edit.sha256,
        findings=[
            approval.Answer(rule=rule, region=region, about=list(about))
            for rule, region, about in sorted(answers, key=lambda one: (one[0], one[1] or "", one[2]))
        ],
        settings=inputs.terms,
        merged_settings=inputs.merged_terms,
        record=_recorded(inputs),
    )


def lapse(sign_off: SignOff, inputs: Inputs, found: Iterable[Finding]) -> str:
    """Why an approval does not hold for a picture, whoever stands behind it; empty where it does."""
    was, now = sign_off.approved, approved_of(inputs, ())
    if now is None:
        return "the picture or its record cannot be read"
    if now.sha256 != was.sha256:
        return f"the picture has other bytes now ({now.sha256[:12]}…, which were {was.sha256[:12]}…)"
    return (
        _of_record(was.record, now.record)
        or _of_settings(was, now)
        or (f"it held until {sign_off.expires}" if sign_off.expired else "")
        or _unnamed(was, found)
    )


def _of_record(was: Recorded | None, now: Recorded | None) -> str:
    if was is None or now is None:
        return "" if was is now else f"the picture has {'a' if now else 'no'} record now"
    return next((said for part, said in PARTS.items() if getattr(was, part) != getattr(now, part)), "")


def _of_settings(was: Approved, now: Approved) -> str:
    """What policy asks otherwise; as it was, or as it was to be once the approved change was merged."""
    if now.settings == was.settings and now.merged_settings in (None, was.merged_settings):
        return ""
    if now.merged_settings is None and now.settings == was.merged_settings:
        return ""
    before, after = was.settings, now.settings
    if before == after:
        before, after = was.merged_settings or {}, now.merged_settings or {}
    names = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
    return f"the policy asks something else of it now: {', '.join(names)}"


def _unnamed(was: Approved, found: Iterable[Finding]) -> str:
    fresh = [one for one in found if one.severity is not Severity.WARN and not _names(was, one)]
    return f"it does not name {fresh[0].rule}, which is found now" if fresh else ""


def _names(approved: Approved, one: Finding) -> bool:
    """Does an approval answer a finding, and speak of all that this speaks of?"""
    return any(
        (answer.rule, answer.region) == (one.rule, one.region) and set(one.about) <= set(answer.about)
        for answer in approved.findings
    )


def _marked(one: Finding, holding: list[SignOff], inputs: Inputs) -> Finding:
    """A finding, with who approved it where enough did."""
    naming = [sign_off for sign_off in holding if _names(sign_off.approved, one)]
    counting = [sign_off for sign_off in naming if sign_off.standing.counts]
    if not naming:
        return one
    if people(sign_off.standing for sign_off in naming) >= inputs.settings.approvals.needed(one.rule):
        shown = counting or naming
        how = [sign_off.standing.how or "nobody else has to approve here" for sign_off in shown]
        return replace(one, accepted=_acceptance(shown, how))
    if naming[0].local:
        return replace(one, accepted=_acceptance(naming, ["it needs a review before it counts"], pending=True))
    return one


def _baselined(one: Finding, inputs: Inputs) -> Finding:
    """A finding, marked where the baseline holds it."""
    entry = inputs.baseline
    if one.accepted or entry is None or one.rule not in entry.rules or one.rule in baseline.OF_THE_CHANGE:
        return one
    return replace(one, accepted=Acceptance("baseline", baseline.FILE))


def _acceptance(sign_offs: list[SignOff], how: list[str], *, pending: bool = False) -> Acceptance:
    first = sign_offs[0]
    by = tuple(dict.fromkeys(one.by for one in sign_offs if one.by))
    return Acceptance("approval", first.file, first.reason, by, "; ".join(dict.fromkeys(how)), pending)


def _stops(one: Finding) -> bool:
    return one.accepted is None and one.severity is not Severity.WARN


def _told(inputs: Inputs, lapsed: dict[str, str]) -> Iterator[Finding]:
    """The approvals that name a picture and do not help it, those for these very bytes first."""
    for sign_off in sorted(inputs.sign_offs, key=lambda one: "other bytes" in lapsed[one.file]):
        why = lapsed[sign_off.file] or sign_off.standing.why or _too_few(inputs)
        yield finding(
            "approval-lapsed",
            f"the approval {sign_off.file} does not hold: {why}",
            advice="Where the picture is meant so, approve it anew: "
            f"`maskproof approve {shlex.quote(inputs.path)} --reason WHY`."
            if lapsed[sign_off.file]
            else "See who has to approve, in docs/approvals.md of maskproof.",
        )


def _too_few(inputs: Inputs) -> str:
    return f"more people have to approve ({inputs.settings.approvals.required} at least)"


def _recorded(inputs: Inputs) -> Recorded | None:
    reference = inputs.reference
    links = reference.chain if isinstance(reference, Original) and not isinstance(reference.chain, Failure) else ()
    used = [source for link in links[:-1] for source in (link.original, link.mask) if source is not None]
    return approval.recorded(record_of(inputs), tuple(source.sha256 for source in used))
