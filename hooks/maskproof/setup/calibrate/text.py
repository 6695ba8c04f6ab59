"""The proposal in words: a table of limits, what it does to which edit, and the tables for the policy file.

The order is that of the questions a reader has: what would move, what would that catch and lose, whose edits ask for
it, how far can it be trusted, and what to paste.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.gate.certainty import CERTAINTY, SHARE, Certainty
from maskproof.gate.verdict import ratio
from maskproof.model import amount, counted
from maskproof.policy.limits import ROWS
from maskproof.report.text import safe, wrap
from maskproof.setup.calibrate.editors import by_editor
from maskproof.setup.calibrate.proposal import FEW_ACCEPTED, FEW_REJECTED, MARGIN, caught, metrics_over

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from maskproof.setup.calibrate.editors import Editor, Part
    from maskproof.setup.calibrate.proposal import Key, Line, Proposal, Row

PLACES = {"outside-mask": "outside the mask", "frame": "the whole frame"}
"""kinds whose name says too little by itself"""
HEAD = (
    ("", "", "limit,", "limit,", "accepted,", "accepted,", "rejected,", "rejected,"),
    ("region", "metric", "now", "proposed", "largest", "blocked now", "caught now", "caught then"),
)
EDITOR_HEAD = (
    ("", "", "accepted,", "rejected,", "largest accepted", "", "limit it needs"),
    ("editor", "region", "edits", "edits", "over the limit", "by", "by itself"),
)
NAME = 40
"""characters of an editor's name in the table; JSON has all of them"""
UNNAMED = "(no record names it)"


def written(proposal: Proposal) -> str:
    """Everything but the tables for the policy file, with a newline at its end."""
    sections = (_opening, _table, _moves, _conflicts, _outcome, _edits, _editors, _certainty, _doubts)
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
    for note in proposal.notes:
        yield from wrap(f"Note: {note}.")
    yield ""


def _table(proposal: Proposal) -> Iterator[str]:
    """A line for each limit."""
    yield from _columns([*HEAD, *(_cells(line) for line in proposal.lines)], "llrrrrrr")
    yield ""


def _columns(rows: list[tuple[str, ...]], sides: str) -> Iterator[str]:
    """Rows as a table: each column as wide as its widest cell, to the left (`l`) or to the right (`r`)."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, sides, strict=True)
        yield "  ".join(cell.ljust(width) if side == "l" else cell.rjust(width) for cell, width, side in cells).rstrip()


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
    """Why each limit that moves does so, and for which editor."""
    moved = [line for line in proposal.lines if line.moved]
    yield "Limits that would move:" if moved else "No limit would move: the data gives no reason to."
    editors = by_editor(proposal)
    for line in moved:
        yield from _item(
            f"{_called(line)}, {amount(line.present, line.unit)} to {amount(line.proposed, line.unit)}: {_reason(line)}"
            + _binding([part for editor in editors for part in editor.parts if part.line == line])
        )
    if any(line.unit == "x" for line in moved):
        yield from wrap("A limit in x is a factor on what each picture allows itself: all pictures get that much more.")
    yield ""


def _called(line: Line) -> str:
    return f"{line.metric} ({PLACES.get(line.kind, line.kind)})"


def _reason(line: Line) -> str:
    """Why the limit moves, in a sentence without its numbers before and after."""
    shown = amount(line.largest, line.unit)
    if line.proposed < line.present:
        return (
            f"tightened, so that the rejected {line.because}, which nothing else tells from accepted edits, is caught; "
            f"accepted edits go up to {shown} ({line.against})"
        )
    said = f"loosened, because the accepted {line.because} goes up to {shown}"
    if line.against:
        margin = line.proposed / line.largest
        return f"{said}; with a margin of only {margin:.2f}, since the rejected {line.against} lies just above"
    return f"{said}; with a margin of {MARGIN}"


def _binding(parts: list[Part]) -> str:
    """Which editor's edits reach furthest, and what the others would need."""
    if len(parts) < 2:  # noqa: PLR2004 - with one editor there are no others
        return ""
    first, *others = sorted(parts, key=lambda part: -part.largest)
    needs = ", ".join(f"{part.editor or UNNAMED} {amount(part.needed, part.line.unit)}" for part in others)
    return f". The edits of {first.editor or UNNAMED} go furthest; by themselves the others would need: {needs}"


def _conflicts(proposal: Proposal) -> Iterator[str]:
    """Where no limit can let the accepted edits pass and catch the rejected ones, and by which edits."""
    stuck = [line for line in proposal.lines if line.kept_by]
    if not stuck:
        return
    yield from wrap(
        "NO LIMIT CAN DO BOTH: accepted edits stay blocked here, because rejected ones that nothing else catches go no "
        "further. Look at both: one may be judged wrongly, or the area that matters may need to be declared.",
    )
    for line in stuck:
        over = max(line.accepted)
        name = next(row.name for row in proposal.judged(accepted=True) if row.values.get(line.key) == over)
        kept = next(row for row in proposal.judged(accepted=False) if row.name == line.kept_by)
        yield from _item(
            f"{_called(line)}, {amount(line.proposed, line.unit)}: the accepted {name} is at "
            f"{amount(over, line.unit)}, the rejected {kept.name} at {amount(kept.values[line.key], line.unit)}"
        )
    yield ""


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
    said = f"nearest to a limit by {nearest[1]}, at {ratios[nearest]:.2f} of it"
    showing = [other for other in proposal.judged(accepted=True) if nearest in other.values]
    if row.accepted or not showing:
        return said
    most = max(showing, key=lambda other: other.values[nearest])
    return f"{said}; the accepted {most.name} goes to {ratio(most.values[nearest], proposal.proposed[nearest]):.2f}"


def _editors(proposal: Proposal) -> Iterator[str]:
    """A line for each editor and kind of region: how near its accepted edits come, by what, and what they need."""
    editors = by_editor(proposal)
    if not editors:
        yield from wrap("No record beside these edits names a model, so nothing is told by editor.")
        yield ""
        return
    yield "By editor, as the records beside the edits name the model. A policy sets no limits by editor:"
    rows = [row for editor in editors for row in _editor_rows(editor)]
    yield from _columns([*EDITOR_HEAD, *rows], "llrrrlr")
    few = [f"{editor.name or UNNAMED} ({editor.accepted})" for editor in editors if editor.few]
    if few:
        yield from wrap(
            f"Few data: under {FEW_ACCEPTED} accepted edits by {', '.join(few)}. What such an editor needs may be more "
            "than stands here."
        )
    yield ""


def _editor_rows(editor: Editor) -> Iterator[tuple[str, ...]]:
    name = safe(editor.name or UNNAMED)
    name = name if len(name) <= NAME else name[: NAME - 1] + "…"
    counts = (str(editor.accepted), str(editor.rejected))
    if not editor.parts:
        yield (name, "", *counts, "none", "", "")
    for kind in dict.fromkeys(part.line.kind for part in editor.parts):
        most = max((part for part in editor.parts if part.line.kind == kind), key=lambda part: part.reach)
        needs = amount(most.needed, short(most.line.unit))
        binds = " (binds)" if most.binds and most.line.moved else ""
        yield (name, kind, *counts, f"{most.reach:.2f}", most.line.metric, needs + binds)


def _certainty(proposal: Proposal) -> Iterator[str]:
    """What so many accepted edits say about further ones."""
    if not any(line.accepted for line in proposal.lines):
        return
    yield "How sure that makes it, for further edits of the same kind, by the same editors:"
    groups: dict[Certainty, list[Line]] = {}
    for line in proposal.lines:
        if line.accepted:
            groups.setdefault(line.certainty, []).append(line)
    most = max(groups.values(), key=len)
    for sure, lines in groups.items():
        where = "each other limit" if lines is most else ", ".join(_called(line) for line in lines)
        over = f", {sure.over} of them over it" if sure.over else ""
        what = "it as well" if sure.over else "a limit at the largest of them"
        yield from _item(
            f"{'each limit' if len(groups) == 1 else where}, {counted(sure.cases, 'accepted edit')}{over}: about "
            f"{_one_in(sure.expected)} further ones would go over {what}. {_at_most(sure)}"
        )
    whole = proposal.certainty
    yield from _item(f"all limits together, where each that moves counts like an edit over it. {_at_most(whole)}")
    yield ""


def _one_in(share: float) -> str:
    return f"1 in {1 / share:.3g}"


def _at_most(sure: Certainty) -> str:
    """The bound, and what would bring it to 1 in 20."""
    return (
        f"With {CERTAINTY * 100:.0f} % certainty at most {sure.at_most * 100:.1f} % would be blocked as proposed; for "
        f"{_one_in(SHARE)} it takes at least {sure.needed} edits"
    )


def _doubts(proposal: Proposal) -> Iterator[str]:
    """How far the numbers can be trusted."""
    accepted, rejected = (len(proposal.judged(accepted=side)) for side in (True, False))
    if accepted < FEW_ACCEPTED:
        yield from wrap(
            f"Few data: {counted(accepted, 'accepted edit')}, fewer than {FEW_ACCEPTED}. Expect false positives, and "
            "calibrate again with more."
        )
        yield ""
    missed = sum(not caught(row, proposal.proposed) for row in proposal.judged(accepted=False))
    if rejected < FEW_REJECTED:
        yield from wrap(_few_rejected(Certainty(rejected, missed)))
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


def _few_rejected(sure: Certainty) -> str:
    said = f"Few data: {counted(sure.cases, 'rejected edit')}, fewer than {FEW_REJECTED}. "
    if not sure.cases:
        return said + "Nothing can be said about what the limits let through."
    return said + (
        f"With {sure.cases - sure.over} of them caught, up to {sure.at_most:.0%} of others like them may be false "
        "negatives."
    )


def _item(text: str) -> list[str]:
    return wrap(text, "  ", "      ")
