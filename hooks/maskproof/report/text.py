"""Text for people: which image, what drifted, where, by how much, and what to do next."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from maskproof.model import Kind, Report, Severity, Verdict, amount, counted, in_baseline, place
from maskproof.report import standing
from maskproof.report.folded import folded, folded_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from maskproof.gate.held import Held
    from maskproof.gate.inventory import Entry
    from maskproof.gate.rank import Ranked
    from maskproof.gate.stats import Edits, Statistics
    from maskproof.gate.tried import Tried
    from maskproof.likeness.model import Likeness, Matches
    from maskproof.model import (
        Acceptance,
        Evidence,
        Finding,
        ImageReport,
        Judged,
        ListedApproval,
        Listing,
        Metric,
        Recorded,
    )
    from maskproof.policy.rules import Rule

WORDS = {Verdict.PASS: "passes", Verdict.BLOCK: "BLOCKED", Verdict.UNJUDGED: "NOT JUDGED"}
COLORS = {"BLOCKED": "31;1", "NOT JUDGED": "33;1", "passes": "32", "block": "31", "unjudged": "33", "warn": "33"}
MARKS = {Severity.BLOCK: "x", Severity.UNJUDGED: "?", Severity.WARN: "!"}
ACCEPTED = "+"
"""the mark of a finding that stops nothing, because somebody accepted it"""
STANDING = {"approval": "approved", "pending": "approved, not reviewed yet", "baseline": "as the baseline has it"}
"""what became of something that was found, by how it was accepted"""
HOW = {"approval": "approved", "baseline": "as the baseline has it"}
WIDTH: ContextVar[int] = ContextVar("WIDTH", default=110)
"""characters of a line, as far as paths and commands, which are not broken, fit it; the command line sets that of its
terminal, and files, pipes and the logs of CI have the default"""
NARROWEST = 60
"""characters below which no terminal makes a line shorter: commands and places would stand alone in theirs"""
PAGES = (Path(__file__).parents[1] / "rules", Path(__file__).parents[3] / "docs" / "rules")
"""where the pages of the rules lie: installed, and in a checkout"""
LINK = re.compile(r"\[([^]]+)\]\([^)]+\)")
NAME = 22
"""characters of a name in a table that fits 80 columns; JSON and CSV have all of them"""
NUMBERS = (7, 13, 10, 8, 9, 10)
"""characters of its other columns"""
UNRELATED = 3
"""pictures that are listed where none is similar"""
UNHASHED = 10
"""pictures that could not be compared and are listed"""
OF_MOTION = {"dx", "dy", "scale", "angle", "motion_residual"}
"""metrics that say what a motion of the frame is like"""
MOVED_PX = 0.5
"""px; a smaller motion is not told from none"""
UNBROKEN = re.compile(r"`[^`]+`|\d (?=%|px\b|x \d)|\b[xy] (?=\d)")
"""what no line is broken in: a command, a number and its unit, a place"""
RUNNER_COMMAND = re.compile(r"^\s*:|:(?=:)|#(?=#\[|#vso\[)")
"""what GitHub and Azure take for a command to the runner: `::error::` at the start of a line, `##[…]` anywhere. A colon
at the start as well, since another one may follow it in the report"""


def full_stop(sentence: str) -> str:
    """A sentence with its full stop, where it has no mark of its own at the end."""
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."


def run(report: Report, *, color: bool = False) -> Iterator[str]:
    """A whole run; images that pass without a word to say, or as the baseline has them, take no line of their own."""
    return (f"{line}\n" for line in _run(report, color))


joined = run


def _run(report: Report, color: bool) -> Iterator[str]:
    images, warnings = folded(report.images)
    images, blocks = folded_blocks(images)
    for image in images:
        if image.findings and not in_baseline(image):
            yield from _image(image, color)
    for one in blocks:
        yield f"{one.images}: {_painted(WORDS[one.verdict], COLORS[one.verdict], color)}"
        yield from _marked(Severity(one.verdict.value), f"{one.said}: {one.names}", color)
        yield from (*wrap(one.advice, "    -> "), "")
    for one in warnings:
        yield from _marked(Severity.WARN, one.sentence, color)
        yield from (*(wrap(one.advice, "    -> ") if one.advice else ()), "")
    for note in report.notes:
        yield from wrap(full_stop(f"Note: {note}"), rest=" " * 6)
    yield summary(report)


def passing(report: Report, *, color: bool = False) -> Iterator[str]:
    """A line for each image that takes none in a run."""
    return (conclusion(one, color=color) for one in report.images if not one.findings or in_baseline(one))


def image(report: ImageReport, *, color: bool = False) -> str:
    """One comparison."""
    lines = [*_image(report, color), *(safe(full_stop(f"Note: {note}")) for note in report.notes)]
    return "\n".join(lines) + "\n"


def tried(found: Tried) -> str:
    """One picture judged by policy and as asked: both verdicts, and each metric whose limit is another then."""
    same = "as policy has it" if found.level is found.settings.level else f"policy has {found.settings.level}"
    lines = [
        safe(f"{found.asked.path}: {WORDS[found.by_policy.verdict]} by policy, {WORDS[found.asked.verdict]} as asked"),
        f"    level {found.level} ({same})",
    ]
    for name, metric, by_policy, asked in other_limits(found):
        value = amount(metric.value, metric.unit)
        lines.append(safe(f"    {name}, {metric.name}: {value}, {asked} in place of {by_policy}"))
    lines += [safe(f"    {sentence(one)}") for one in found.asked.findings if one.accepted is None]
    return "\n".join(lines) + "\n"


def other_limits(found: Tried) -> Iterator[tuple[str, Metric, str, str]]:
    """The metrics that have another limit as asked: region, metric, limit by policy, limit as asked."""
    before = {
        one.drift.name: dict(zip((row.name for row in one.drift.metrics), one.limits, strict=True))
        for one in found.by_policy.regions
    }
    for region in found.asked.regions:
        for metric, asked in zip(region.drift.metrics, region.limits, strict=True):
            known = before.get(region.drift.name, {}).get(metric.name)
            if known != asked:
                kind = region.drift.kind
                yield region.drift.name, metric, limit(kind, metric, known), limit(kind, metric, asked)


def summary(report: Report, more: str = "") -> str:
    """The last line of every run: how many images were looked at, compared, blocked, not judged; and what else."""
    images, compared, blocked, unjudged = report.counts()
    return (
        f"maskproof: {counted(images, 'image')} looked at, {compared} compared, "
        f"{blocked} blocked, {unjudged} not judged{', ' * bool(more)}{more}."
    )


def conclusion(report: ImageReport, *, color: bool = False) -> str:
    """One image's verdict in a line."""
    word, passes = WORDS[report.verdict], report.verdict is Verdict.PASS
    warns = passes and any(one.accepted is None for one in report.findings)
    verdict = _painted(word, COLORS[word], color) + (f" with a {_painted('WARNING', COLORS['warn'], color)}" * warns)
    hows = dict.fromkeys(one.accepted.how for one in report.findings if one.accepted) if passes else {}
    verdict += "".join(f", {HOW[how]}" for how in hows)
    drift = "" if report.drift is None else f"  (drift {report.drift:.2f}; the limit is 1)"
    return f"{safe(report.path)}: {verdict}{drift}"


def explanation(report: ImageReport, *, color: bool = False) -> str:
    """One image with every step that led to its verdict, and all that was measured."""
    from maskproof.report import trace  # loads the gate

    lines, last = [conclusion(report, color=color), ""], ""
    for stage, said in trace.steps(report):
        label = stage if stage != last else ""
        lines += wrap(said, f"  {label:<10}")
        last = stage
    for one in report.regions:
        name = "the whole frame" if one.drift.kind == "frame" else f"{safe(one.drift.name)} ({one.drift.kind})"
        lines += ["", f"  {name}", *_metrics(one)]
    return "\n".join([*lines, "", *_image(report, color)[1:]])


def _metrics(region: Judged) -> Iterator[str]:
    """A line for each metric: its name, how much it is, how much it may be, what it sees, where it is most."""
    from maskproof.policy.limits import SEEN  # loads much, as in `limit`

    rows = [
        (metric.name, amount(metric.value, metric.unit), limit(region.drift.kind, metric, most))
        for metric, most in zip(region.drift.metrics, region.limits, strict=True)
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    measured = {metric.name: metric.value for metric in region.drift.metrics}
    # A motion that fits some of a redrawn scene by chance would read as the frame's own.
    chance = measured.get("shift") == 0 and max(abs(measured["dx"]), abs(measured["dy"])) >= MOVED_PX
    for metric, most, (name, value, allowed) in zip(region.drift.metrics, region.limits, rows, strict=True):
        if chance and name in OF_MOTION:
            continue
        # What has no limit is never a finding: a sentence without its number is a note, and stands here.
        note = metric.says if most is None and "{value}" not in metric.says else ""
        where = ", ".join(filter(None, (SEEN.get(name), place(metric.box, metric.around) or note)))
        where = "no motion is believed that the whole frame shares" if chance and name == "shift" else where
        yield f"    {name:<{widths[0]}}  {value:>{widths[1]}}   {allowed:<{widths[2]}}  {where}".rstrip()


def limit(kind: str, metric: Metric, most: float | None) -> str:
    """How far a metric of a kind of region may go, in words; `most` in its unit, None: it has no limit."""
    from maskproof.policy.limits import ROWS  # loads much, and the command line asks every writer what it has

    if most is None:
        return "no limit"
    row = ROWS.get((kind, metric.name))
    word = "at least" if row and row.at_least else "limit"
    return f"{word} {amount(most, metric.unit)}" + (", else a warning" if row and row.warns else "")


def ranking(candidates: tuple[Ranked, ...], advice: tuple[str, ...], *, color: bool = False) -> str:
    """Several candidates for one edit, best first: a row each, and what is worst about it; then what to do next."""
    lines = [f"{'rank':>4}  {'drift':>7}  {'verdict':<10}  candidate"]
    for one in candidates:
        word = WORDS[one.report.verdict]
        rank, drift = one.rank or "-", "-" if one.report.drift is None else f"{one.report.drift:.2f}"
        verdict = _painted(f"{word:<10}", COLORS[word], color)
        lines.append(f"{rank:>4}  {drift:>7}  {verdict}  {safe(one.report.path)}")
        if one.worst:
            lines += wrap(f"{one.worst.rule}: {sentence(one.worst)}", " " * 27)
    report = Report(tuple(one.report for one in candidates))
    lines += [safe(f"Note: {note}.") for note in dict.fromkeys(note for one in report.images for note in one.notes)]
    lines += [f"{'  -> ' if not place else '       '}{safe(one)}" for place, one in enumerate(advice)]
    return "\n".join([*lines, "", summary(report)]) + "\n"


def areas(held: Held, *, color: bool = False) -> str:
    """Everything that is protected in one picture, numbered as in its preview."""
    width, height = held.picture.size
    of = "" if held.shown == held.path else f", in its original {held.shown}"
    lines = [safe(f"{held.path}{of} ({width} x {height} px):")]
    if held.opened is not None:
        share = f"{1 - held.opened.mean():.1%} of the picture"
        why = f"{held.mask} does not open it" if held.mask else "there is no mask"
        lines += wrap(f"outside the mask: {share}, because {why}", "  -  ", " " * 5)
    for number, one in enumerate(held.areas, 1):
        said = f"{one.region.name} ({one.region.kind}): {one.box}, {one.share:.1%} of the picture; {one.source}"
        lines += wrap(said, f"{number:>3}  ", " " * 5)
    for reason, advice in held.problems:
        lines += [*_marked(Severity.UNJUDGED, reason, color), *(wrap(advice, "    -> ") if advice else ())]
    lines += [line for note in held.notes for line in wrap(f"Note: {note}.")]
    lines += [] if held.areas else ["No area is protected by name."]
    return "\n".join(lines) + "\n"


def status(pictures: Iterable[Recorded], *, color: bool = False) -> Iterator[str]:
    """Two lines for each picture as it comes, the verdict in front; then how many there are of each."""
    counts: Counter[str] = Counter()
    for one in pictures:
        counts[standing.of_recorded(one)] += 1
        word = WORDS[one.verdict]
        drift = "-" if one.drift is None else f"{one.drift:.2f}"
        made = f"{one.origin or 'a record that cannot be read'}{f', {one.model}' if one.model else ''}"
        said = [made, *(STANDING[how] for how in one.accepted)]
        said += [", ".join(one.found)] if one.found and one.verdict is not Verdict.PASS else []
        verdict = _painted(f"{word:<10}", COLORS[word], color)
        yield f"{verdict}  {drift:>7}  {one.day or 'staged':<10}  {safe('; '.join(said))}\n    {safe(one.path)}\n"
    yield f"maskproof: {counted(counts.total(), 'recorded picture')}: {standing.summary(counts)}.\n"


def stats(found: Statistics, **_: bool) -> str:
    """A table for each of what was asked for, and what its columns say."""
    from maskproof.gate.certainty import CERTAINTY

    lines = [line for by, groups in found.tables.items() for line in _stats(by, groups)]
    lines += wrap(
        f"Within: drift at most 1, the limit. At least: with {CERTAINTY:.0%} certainty so many of further edits like "
        "these will be; from a few edits little is known, whatever their share."
    )
    return "\n".join([*lines, statistics(found)]) + "\n"


def statistics(found: Statistics) -> str:
    """All edits in a line."""
    total = found.total
    others = f"; {counted(found.others, 'recorded picture')} of other origins" if found.others else ""
    return (
        f"maskproof: {counted(len(total.drifts), 'edit')} compared, {total.within} within their limits, "
        f"{total.accepted} accepted; {total.uncompared} not compared{others}."
    )


def _stats(by: str, groups: tuple[Edits, ...]) -> Iterator[str]:
    """Two lines of heading, then one for each group; of a name that is too long, its beginning."""
    rows: list[tuple[str, ...]] = [("", "", "", "further:", "median", "largest", "")]
    rows += [(f"by {by}", "edits", "within", "at least", "drift", "drift", "accepted")]
    for one in groups:
        name, share = safe(one.name), "-" if one.share is None else f"{one.within} ({one.share:.0%})"
        drifts = ("-" if drift is None else f"{drift:.2f}" for drift in (one.median, one.largest))
        name = name if len(name) <= NAME else f"{name[: NAME - 1]}…"
        rows += [(name, str(len(one.drifts)), share, f"{one.at_least:.0%}", *drifts, str(one.accepted))]
    for first, *others in rows:
        cells = "".join(f"{cell:>{wide}}" for cell, wide in zip(others, NUMBERS, strict=True))
        yield f"{first:<{NAME}}{cells}".rstrip()
    yield ""


TOLD_RECORDS = {"none": "NO RECORD", "export": "export", "stale": "STALE RECORD", "broken": "BROKEN RECORD"}


def inventory(found: Iterable[Entry], **_: bool) -> Iterator[str]:
    """Some lines a picture, and how many there are of each kind in the last one."""
    total = unmarked = unrecorded = 0
    for one in found:
        total += 1
        unmarked += one.marked is not True
        unrecorded += not one.fits
        record = TOLD_RECORDS.get(one.record, one.origin)
        lines = [f"{one.path}: {', '.join(filter(None, (record, one.made_with)))}"]
        lines.append(f"  marks      {'; '.join(one.marks) or ('NOT READ: ' + one.problem if one.problem else 'NONE')}")
        lines += [] if one.signature == "none" else [f"  signature  {one.signature}"]
        lines += [f"  approved   {file}" for file in one.approvals]
        yield "".join(f"{safe(line)}\n" for line in lines)
    yield (
        f"maskproof: {counted(total, 'picture')} that AI made or changed, {unmarked} without a mark, "
        f"{unrecorded} without a record that fits.\n"
    )


def approvals(listing: Listing, *, color: bool = False) -> str:
    """Every approval and what has become of it, then the baseline."""
    lines = [line for one in listing.approvals for line in _approval(one, color)]
    for entry in listing.outdated:
        lines += wrap(f"the entry of {entry.path} in the baseline no longer applies: {entry.why}", "  ! ", " " * 6)
    pictures = [one for whole in listing.approvals for one in whole.pictures]
    holding = sum(not one.why for one in pictures)
    count = f"{counted(len(listing.approvals), 'approval')} of {counted(len(pictures), 'picture')}"
    last = f"{count}, {holding} {'holds' if holding == 1 else 'hold'}"
    kept = f"; {counted(listing.baselined, 'picture')} as the baseline has them"
    return "\n".join([*lines, f"maskproof: {last}{kept}."]) + "\n"


def _approval(one: ListedApproval, color: bool) -> Iterator[str]:
    said = "counts" if one.counts else "DOES NOT COUNT"
    ends = f", until {one.expires}" if one.expires else ""
    by = f", by {one.by}" if one.by else ""
    painted = _painted(said, COLORS["passes" if one.counts else "warn"], color)
    yield f"{safe(one.file)}: {painted}{safe(f' ({one.known}){by}{ends}')}"
    yield from wrap(one.reason, "    ") if one.reason else ()
    for picture in one.pictures:
        what = f"{picture.path}: {', '.join(picture.rules)}"
        yield from wrap(f"{what}; {picture.why}" if picture.why else what, f"  {'!' if picture.why else '+'} ", " " * 6)
    yield ""


def listed_rules(rules: Iterable[Rule]) -> str:
    """Every rule in a line."""
    rows = list(rules)
    width = max(len(one.id) for one in rows)
    lines = [line for one in rows for line in wrap(one.title, f"{one.id:<{width}}  ")]
    return "\n".join([*lines, "", "How one is found and what to do: `maskproof rules ID`.", ""])


def rule_page(rule: Rule) -> str:
    """A rule's page for a terminal: links as their text."""
    for folder in PAGES:
        file = folder / f"{rule.id}.md"
        if file.is_file():
            return LINK.sub(r"\1", file.read_text(encoding="utf-8"))
    return f"{rule.id}\n\n{rule.title}\n\nAlso known as: {', '.join(rule.known_as)}.\n"


def capitalized(said: str) -> str:
    """A sentence as it begins."""
    return said[:1].upper() + said[1:]


def sentence(finding: Finding) -> str:
    """What was found, in which region, and where; not yet safe to print."""
    region, said = "", finding.message
    # Elsewhere a region is a part of the record, and the sentence itself says which.
    if finding.rule in set(Kind) and finding.region not in {None, "outside the mask"}:
        # A change of its light or detail says least of what matters there, so that follows.
        lost = finding.unit == "x" and finding.text is None
        said = f"{finding.region} no longer shows what the original shows: {said}" if lost else said
        region = "" if lost else f"in {finding.region}"
    return ", ".join(filter(None, (said, region, place(finding.box, finding.around))))


def signals(evidence: tuple[Evidence, ...], **_: bool) -> str:
    """What a file's own metadata says, summed up and each signal by itself."""
    from maskproof import evidence as summed
    from maskproof.evidence import wording

    said = wording.sentence(evidence)
    answer = "says that no AI made it" if summed.is_ai(evidence) is False else "does not say"
    lines = [safe(f"{said[0].upper()}{said[1:]}.") if said else f"The file {answer}."]
    if (parent := summed.parent(evidence)) and (wording.file_name(parent) or "") not in (said or ""):
        # An id is no name, and yet what finds the file.
        lines.append(safe(f"It was made from {wording.file_name(parent) or f'the picture with the id {parent}'}."))
    lines += [safe(f"  {wording.describe(one)}") for one in evidence]
    read = [one for one in evidence if one.source.startswith("C2PA") and one.confidence != "low"]
    if read and all(one.signed is None for one in read) and not any("signature" in one.source for one in evidence):
        lines.append('Signatures were not verified; `pip install "maskproof[c2pa]"` adds that.')
    return "\n".join(lines) + "\n"


def matches(result: Matches, **_: bool) -> str:
    """The pictures that are most similar to one, and what to do with the best of them."""
    name, among = safe(result.path), f"{counted(result.looked_at, 'picture')} tracked here"
    alike = [one for one in result.nearest if one.alike]
    lines = [safe(f"{result.path} is tracked with the same bytes at {path}") for path in result.same]
    if result.copies:
        lines += [safe(f"The same picture in another size or format: {', '.join(result.copies)}")]
    if alike:
        lines += [f"Similar to {name} by perceptual hash, among {among}, nearest first:"]
        lines += [_likeness(one, result) for one in alike]
        lines += ["Similarity is a hint and proves nothing: look at both."]
    else:
        lines += [f"No {'other ' if result.same or result.copies else ''}match for {name} among {among}."]
        if result.nearest:
            lines += ["The nearest, which may well be unrelated:"]
            lines += [_likeness(one, result) for one in result.nearest[:UNRELATED]]
    lines += [f"    -> {safe(result.next_step)}"] if result.next_step else []
    if result.unhashed:
        lines += [f"{counted(len(result.unhashed), 'picture')} could not be compared:"]
        lines += [safe(f"  {path}: {reason}") for path, reason in result.unhashed[:UNHASHED]]
        rest = len(result.unhashed) - UNHASHED
        lines += [f"  and {rest} more; `--format json` lists them all"] if rest > 0 else []
    return "\n".join([*lines, *(safe(f"Note: {note}.") for note in result.notes)]) + "\n"


def _likeness(one: Likeness, result: Matches) -> str:
    how = "whole" if one.how == "whole" else f"cropped, shows {one.kept * 100:.0f} % of it"
    where = "" if one.oid in result.tree else f"  (only in history, blob {one.oid[:12]})"
    return safe(f"  {one.distance:>3} of 256 bits differ  {how:<25}  {', '.join(one.paths)}{where}")


def safe(text: str) -> str:
    """Text from a file or a file name, with everything escaped that could steer a terminal or a CI runner, or hide."""
    shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    return RUNNER_COMMAND.sub(lambda found: found.group().replace(":", r"\x3a").replace("#", r"\x23"), shown)


def wrap(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """Text in lines of the width that holds that are safe to print.

    Args:
        text: One paragraph.
        first: What its first line starts with.
        rest: What every other line starts with; None: room as wide as `first`.
    """
    whole = UNBROKEN.sub(lambda found: found.group().replace(" ", "\u00a0"), safe(text))
    lines = textwrap.wrap(
        whole,
        WIDTH.get(),
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\u00a0", " ") for line in lines]


def _image(report: ImageReport, color: bool) -> list[str]:
    lines = [conclusion(report, color=color)]
    advice: list[str] = []
    accepted = Counter(one.rule for one in report.findings if one.accepted)
    for finding in report.findings:
        if finding.accepted is None:
            lines += _finding(finding, color)
            if finding.advice and finding.advice not in advice:
                advice.append(finding.advice)
        elif alike := accepted.pop(finding.rule, 0):  # what somebody accepted is told once a rule
            lines += _finding(finding, color, f"; and {alike - 1} more of these" if alike > 1 else "")
    for one in dict.fromkeys(filter(None, (finding.accepted for finding in report.findings))):
        lines += wrap(acceptance(one), f"  {ACCEPTED} ", " " * 6)
    for told in advice:
        lines += wrap(told, "    -> ")
    return [*lines, ""]


def acceptance(one: Acceptance) -> str:
    """Who accepted something, why, and where that is written; not yet safe to print."""
    who = f" by {'; '.join(one.by)}" if one.by else ""
    known = f" ({one.known})" if one.known else ""
    return f"{HOW[one.how]}{who} in {one.file}{known}" + (f": {one.reason}" if one.reason else "")


def _finding(finding: Finding, color: bool, more: str = "") -> list[str]:
    also = f"; also over their limits: {', '.join(finding.also)}" if finding.also else ""
    said = f"{finding.rule}: {sentence(finding)}{also}{more}"
    return _marked(None if finding.accepted else finding.severity, said, color)


def _marked(severity: Severity | None, said: str, color: bool) -> list[str]:
    """A sentence behind the sign of how grave it is; None: somebody accepted it."""
    sign, code = (ACCEPTED, COLORS["passes"]) if severity is None else (MARKS[severity], COLORS[severity.value])
    first, *more = wrap(said, f"  {sign} ", " " * 6)
    return [first.replace(sign, _painted(sign, code, color), 1), *more]


def _painted(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text
