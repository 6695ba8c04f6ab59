"""Markdown for one comment on a pull request, or a job's summary (GitHub Flavored Markdown; GitLab reads it too).

What comes from a file or its name stands in text that no character of it can leave: no link, no picture, no mention,
no HTML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from maskproof.model import Verdict, counted
from maskproof.report.issues import asks, folded_issues, issues_of
from maskproof.report.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.model import ImageReport, Report
    from maskproof.report.issues import Issue

MARKER = "<!-- maskproof: managed comment -->"
"""by which a workflow finds the comment that it wrote before"""
MOST = 60_000
"""characters; a comment on GitHub holds 65,536"""
SPECIAL = re.compile(r"[\\`*_{}\[\]()<>#+\-.!|~@:&$^=]")
"""ASCII punctuation that may begin something (CommonMark, 2.4, and the extensions of GitHub and GitLab)"""
WORDS = {Verdict.BLOCK: "blocked", Verdict.UNJUDGED: "not judged", Verdict.PASS: "passes"}


def run(report: Report, **_: bool) -> Iterator[str]:
    """A whole run: what to look at first, then a row for each finding that counts, then what was accepted."""
    yield _shortened(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    images, warnings = folded_issues(report)
    yield from (MARKER, f"**maskproof: {plain(asks(report))}**", "")
    head: tuple[str, ...] = ("| image | verdict | rule | what, where, how much | next |", "|---|---|---|---|---|")
    for row in (row for image in images for row in _rows(image)):
        yield from head
        yield row
        head = ()
    yield from (f"- {_with_commands(one)}" for one in warnings)
    yield from (line for image in report.images for line in _card(image))
    if count := sum(one.accepted is not None for image in images for one in image.findings):
        yield from ("", f"{counted(count, 'finding')} that somebody accepted:", "")
        accepted = (one for image in images for one in issues_of(image) if one.accepted)
        yield from (f"- {plain(one.says)} ({one.accepted})" for one in accepted)
    yield from ("", *(f"{_with_commands(safe(f'Note: {note}.'))}\n" for note in report.notes))


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


def _rows(image: ImageReport) -> Iterator[str]:
    """The findings of an image that count; what the row above says is not said again."""
    before: Issue | None = None
    for one in issues_of(image):
        if not one.accepted:
            named, verdict = ("", "") if before else (plain(one.named), WORDS[image.verdict])
            advice = "" if before and before.advice == one.advice else _with_commands(one.advice)
            said = _with_commands(one.says.removeprefix(f"{one.named}: "))
            yield f"| {named} | {verdict} | `{one.rule}` | {said} | {advice} |"
            before = one


def plain(text: str) -> str:
    """Text as a reader sees it, whatever characters it holds; in one line."""
    return _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    return SPECIAL.sub(lambda found: f"&#{ord(found.group())};", text)


def _with_commands(text: str) -> str:
    """The same, with what stands between two backticks as code; a name that holds one can only move where code ends."""
    pieces = " ".join(text.split()).split("`")
    if not len(pieces) % 2:
        return plain(text)
    return "".join(f"<code>{_escaped(one)}</code>" if at % 2 else _escaped(one) for at, one in enumerate(pieces))


def _shortened(lines: Iterator[str]) -> str:
    """As many lines as a comment holds, and how many it does not."""
    kept: list[str] = []
    size = 0
    for line in lines:
        size += len(line) + 1
        if size > MOST:
            left = 1 + sum(1 for _ in lines)
            return "\n".join([*kept, "", f"And {left} more lines; `maskproof check` prints them all."])
        kept.append(line)
    return "\n".join(kept).rstrip("\n")
