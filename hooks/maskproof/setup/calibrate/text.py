"""The proposal in words: a table of limits, what it does to which edit, and the tables for the policy file.

The order is that of the questions a reader has: what would move, what would that catch and lose, how far can it be
trusted, and what to paste.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.gate.verdict import ratio
from maskproof.model import amount, counted
from maskproof.policy.limits import ROWS
from maskproof.report.text import safe, wrap
from maskproof.setup.calibrate.proposal import FEW_ACCEPTED, FEW_REJECTED, MARGIN, caught, let_through, metrics_over

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from maskproof.setup.calibrate.proposal import Key, Line, Proposal, Row

PLACES = {"outside-mask": "outside the mask", "frame": "the whole frame"}
"""kinds whose name says too little by itself"""
HEAD = (
    ("", "", "limit,", "limit,", "accepted,", "accepted,", "rejected,", "rejected,"),
    ("region", "metric", "now", "proposed", "largest", "blocked now", "caught now", "caught then"),
)


def written(proposal: Proposal) -> str:
    """Everything but the tables for the policy file, with a newline at its end."""
    sections = (_opening, _table, _moves, _outcome, _edits, _doubts)
    return "\n".join(safe(line) for section in sections for line in section(proposal))


def toml(proposal: Proposal) -> str:
    """The limits as tables of a policy: those that move, and those that the policy sets itself."""
    limits = dict(proposal.own) | {line.key: line.proposed for line in proposal.lines if line.moved}
    said = {line.key: _reason(line) for line in proposal.lines if line.moved}
    lines = [*_toml_head(proposal, limits), "version = 1"]
    for kind in dict.fromkeys(key[0] for key in ROWS):
        own = [key for key in ROWS if key in limits and key[0] == kind]
        lines += ["", f"[limits.{kind}]"] if own else []
        for key in own:
            lines += _comment(said[key]) if key in said else []
            lines.append(f"{key[1]} = {limits[key]!r}")
    return "\n".join(lines) + "\n"


def short(unit: str) -> str:
    """The unit as far as a table has room for it; docs/metrics.md tells the rest."""
    return "%" if unit.startswith("%") else "" if unit.startswith("OKLab") else unit


def _toml_head(proposal: Proposal, limits: Mapping[Key, float]) -> list[str]:
    accepted, rejected = (len(proposal.judged(accepted=side)) for side in (True, False))
    head = _comment(
        f"Limits proposed by maskproof calibrate from {accepted} accepted and {rejected} rejected edits at level "
        f"{proposal.level}."
    )
    if not limits:
        return [*head, *_comment("The present limits fit these edits; there is nothing to change.")]
    advice = "Put these tables into your policy, in place of its own [limits] tables. A limit set in a policy holds at "
    return [*head, *_comment(f"{advice}every level, so paths under another level get these as well.")]


def _comment(text: str) -> list[str]:
    return wrap(text, "# ", "# ")


def _opening(proposal: Proposal) -> Iterator[str]:
    """What the proposal stands on."""
    accepted, rejected = (len(proposal.judged(accepted=side)) for side in (True, False))
    yield (
        f"{counted(accepted, 'accepted edit')} and {counted(rejected, 'rejected edit')} at level {proposal.level}, "
        f"compared with {proposal.source}."
    )
    if proposal.skipped:
        skipped = ", ".join(f"{count} {value or 'empty'}" for value, count in proposal.skipped)
        yield from wrap(f"Rows skipped, because they say neither pass nor block: {skipped}.")
    yield ""


def _table(proposal: Proposal) -> Iterator[str]:
    """A line for each limit: words to the left, numbers to the right."""
    rows = [*HEAD, *(_cells(line) for line in proposal.lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD[0]))]
    for row in rows:
        cells = zip(row, widths, (True, True, *[False] * (len(HEAD[0]) - 2)), strict=True)
        yield "  ".join(cell.ljust(width) if word else cell.rjust(width) for cell, width, word in cells).rstrip()
    yield ""


def _cells(line: Line) -> tuple[str, ...]:
    blocked = sum(ratio(value, line.present) > 1 for value in line.accepted)
    unit = short(line.unit)
    return (
        line.kind,
        line.metric,
        amount(line.present, unit),
        amount(line.proposed, unit) if line.moved else "stays",
        amount(max(line.accepted), unit) if line.accepted else "none",
        f"{blocked} of {len(line.accepted)}",
        catches(line, line.present),
        catches(line, line.proposed),
    )


def catches(line: Line, limit: float) -> str:
    """How many of the rejected edits a limit of this metric catches by itself."""
    return f"{sum(ratio(value, limit) > 1 for value in line.rejected)} of {len(line.rejected)}"


def _moves(proposal: Proposal) -> Iterator[str]:
    """Why each limit that moves does so."""
    moved = [line for line in proposal.lines if line.moved]
    yield "Limits that would move:" if moved else "No limit would move: the data gives no reason to."
    for line in moved:
        where = PLACES.get(line.kind, line.kind)
        yield from _item(
            f"{line.metric} ({where}), {amount(line.present, line.unit)} to {amount(line.proposed, line.unit)}: "
            f"{_reason(line)}"
        )
    yield ""


def _reason(line: Line) -> str:
    """Why the limit moves, in a sentence without its numbers before and after."""
    largest = max(line.accepted)
    shown = amount(largest, line.unit)
    if line.proposed < line.present:
        return (
            f"tightened, so that the rejected {line.because}, which nothing catches now, is caught; accepted edits go "
            f"up to {shown}"
        )
    said = f"loosened, because the accepted {line.because} goes up to {shown}"
    margin = line.proposed / largest
    if margin < MARGIN * 0.995:  # less than what rounding explains
        return f"{said}; with a margin of only {margin:.2f}, since a rejected edit lies just above"
    return f"{said}; with a margin of {MARGIN}"


def _outcome(proposal: Proposal) -> Iterator[str]:
    """What all limits do together: one line for now, one for the proposal."""
    for label, limits in (("now", proposal.present), ("as proposed", proposal.proposed)):
        accepted, rejected = (proposal.judged(accepted=side) for side in (True, False))
        positives = sum(caught(row, limits) for row in accepted)
        negatives = sum(not caught(row, limits) for row in rejected)
        yield (
            f"{label + ':':<13}{positives} of {counted(len(accepted), 'accepted edit')} blocked (false positives), "
            f"{negatives} of {counted(len(rejected), 'rejected edit')} passed (false negatives)."
        )
    yield ""


def _edits(proposal: Proposal) -> Iterator[str]:
    """The edits that a reader should look at, each list under what is the matter with them."""
    accepted, rejected = proposal.judged(accepted=True), proposal.judged(accepted=False)
    lost = let_through(proposal)
    yield from _listed(
        "ATTENTION: rejected edits that are caught now and that the proposal would LET THROUGH:", proposal, lost
    )
    if lost:
        yield from wrap(
            "By every metric that catches them now, an accepted edit goes about as far. Look at both: one of the two "
            "may be judged wrongly, or the area that matters may need to be declared.",
        )
        yield ""
    yield from _listed(
        "False positives now, accepted edits that are blocked:",
        proposal,
        [row for row in accepted if caught(row, proposal.present)],
    )
    yield from _listed(
        "False positives that stay, by rules that no limit moves:",
        proposal,
        [row for row in accepted if row.otherwise],
    )
    missed = [row for row in rejected if not caught(row, proposal.present)]
    found = [row for row in missed if caught(row, proposal.proposed)]
    yield from _listed("False negatives now that the proposal catches:", proposal, found)
    yield from _listed(
        "False negatives, now and as proposed (declare the area that matters in them):",
        proposal,
        [row for row in missed if row not in found],
    )


def _listed(title: str, proposal: Proposal, rows: list[Row] | tuple[Row, ...]) -> Iterator[str]:
    if not rows:
        return
    yield title
    for row in rows:
        yield from _item(f"{row.name}: {_measures(proposal, row)}")
    yield ""


def _measures(proposal: Proposal, row: Row) -> str:
    """By what an edit is over a limit, now or as proposed; else how near it comes."""
    if row.otherwise:
        return ", ".join(row.otherwise)
    keys = metrics_over(row, proposal.present) or metrics_over(row, proposal.proposed)
    if keys:
        return ", ".join(f"{key[1]} {amount(row.values[key], ROWS[key].unit)}" for key in keys)
    ratios = {key: ratio(row.values[key], limit) for key, limit in proposal.proposed.items() if key in row.values}
    nearest = max(ratios, key=lambda key: ratios[key])
    return f"nearest to a limit by {nearest[1]}, at {ratios[nearest]:.2f} of it"


def _doubts(proposal: Proposal) -> Iterator[str]:
    """How far the numbers can be trusted."""
    accepted, rejected = (len(proposal.judged(accepted=side)) for side in (True, False))
    if accepted < FEW_ACCEPTED:
        yield from wrap(
            f"Few data: {counted(accepted, 'accepted edit')}, fewer than {FEW_ACCEPTED}. The largest value among so "
            f"few says little about the next one: for each metric, about 1 in {accepted + 1} new accepted edits goes "
            "further. Expect false positives, and calibrate again with more."
        )
        yield ""
    if rejected < FEW_REJECTED:
        yield from wrap(_few_rejected(rejected))
        yield ""
    absent = [
        kind for kind in dict.fromkeys(key[0] for key in ROWS) if kind not in {one.kind for one in proposal.lines}
    ]
    if absent:
        yield from wrap(
            f"Not measured, so left as they are: {', '.join(absent)}. Areas come from a policy (--policy) whose paths "
            "match the edits as the table names them."
        )
        yield ""


def _few_rejected(count: int) -> str:
    said = f"Few data: {counted(count, 'rejected edit')}, fewer than {FEW_REJECTED}. "
    if not count:
        return said + "Nothing can be said about what the limits let through."
    # The exact binomial bound (Clopper and Pearson, 1934) for none of n missed, at 95 %.
    share = 1 - 0.05 ** (1 / count)
    return said + f"Even if all of them are caught, up to {share:.0%} of others like them may be false negatives."


def _item(text: str) -> list[str]:
    return wrap(text, "  ", "      ")
