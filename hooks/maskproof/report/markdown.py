"""Markdown for one comment on a pull request, or a job's summary (GitHub Flavored Markdown; GitLab reads it too).

What comes from a file or its name stands in text that no character of it can leave: no link, no picture, no mention,
no HTML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from maskproof.model import Verdict, counted
from maskproof.report.issues import asks, folded_issues
from maskproof.report.text import safe

if TYPE_CHECKING:
    from maskproof.model import ImageReport, Report
    from maskproof.report.issues import Issue

MARKER = "<!-- maskproof: managed comment -->"
"""by which a workflow finds the comment that it wrote before"""
MOST = 60_000
"""characters; a comment on GitHub holds 65,536"""
SPECIAL = re.compile(r"[\\`*_{}\[\]()<>#+\-.!|~@:&$^=]")
"""ASCII punctuation that may begin something (CommonMark, 2.4, and the extensions of GitHub and GitLab)"""
WORDS = {Verdict.BLOCK: "blocked", Verdict.UNJUDGED: "not judged", Verdict.PASS: "passes"}


def run(report: Report, **_: bool) -> str:
    """A whole run: what to look at first, then a row for each finding that counts, then what was accepted."""
    found, warnings = folded_issues(report)
    verdicts = {image.path: WORDS[image.verdict] for image in report.images}
    counting = [one for one in found if not one.accepted]
    rows = [_row(one, before, verdicts) for before, one in zip([None, *counting], counting, strict=False)]
    lines = [MARKER, f"**maskproof: {plain(asks(report))}**", ""]
    if rows:
        lines += ["| image | verdict | rule | what, where, how much | next |", "|---|---|---|---|---|"]
        lines += rows
    lines += [f"- {plain(one)}" for one in warnings]
    lines += [line for image in report.images for line in _card(image)]
    if accepted := [one for one in found if one.accepted]:
        lines += ["", f"{counted(len(accepted), 'finding')} that somebody accepted:", ""]
        lines += [f"- {plain(one.says)} ({one.accepted})" for one in accepted]
    lines += ["", *(f"{plain(safe(f'Note: {note}.'))}\n" for note in report.notes)]
    return _shortened(lines) + "\n"


joined = run


def _card(image: ImageReport) -> list[str]:
    """The picture of an image, where one lies for who reads this."""
    if not image.shown:
        return []
    from maskproof.report import card  # loads the engine

    drawn = image.shown.get(card.__name__)
    if not isinstance(drawn, card.Card) or not drawn.url:
        return []
    answer = ["", f"An owner accepts it by the comment {plain(drawn.answer)}"] if drawn.answer else []
    return ["", f"![{plain(drawn.says)}]({drawn.url})", *answer]


def _row(one: Issue, before: Issue | None, verdicts: dict[str, str]) -> str:
    """A finding; what the row above says of the same image is not said again."""
    same = before is not None and before.image == one.image
    image, verdict = ("", "") if same else (plain(one.named), verdicts[one.image])
    advice = "" if before is not None and same and before.advice == one.advice else plain(one.advice)
    said = plain(one.says.removeprefix(f"{one.named}: "))
    return f"| {image} | {verdict} | `{one.rule}` | {said} | {advice} |"


def plain(text: str) -> str:
    """Text as a reader sees it, whatever characters it holds; in one line."""
    return SPECIAL.sub(lambda found: f"&#{ord(found.group())};", " ".join(text.split()))


def _shortened(lines: list[str]) -> str:
    """As many lines as a comment holds, and how many it does not."""
    kept: list[str] = []
    size = 0
    for number, line in enumerate(lines):
        size += len(line) + 1
        if size > MOST:
            left = len(lines) - number
            return "\n".join([*kept, "", f"And {left} more lines; `maskproof check` prints them all."])
        kept.append(line)
    return "\n".join(kept).rstrip("\n")
