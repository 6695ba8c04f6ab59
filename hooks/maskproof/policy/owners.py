"""CODEOWNERS: who has to review a change of a file, as the platform works it out. It enforces that; nobody here can.

Sources: GitHub, "About code owners"; GitLab, "Code Owners syntax". Both take the copy on the target branch, and of its
patterns the last one that matches; GitLab does so in each section, and asks nobody where a section is optional
(`^[…]`). A platform looks in one place and this does not know which platform it is, so every copy that there is has to
name an owner.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from maskproof.policy.patterns import matches

if TYPE_CHECKING:
    from maskproof.model import Read

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS", ".gitea/CODEOWNERS")
SECTION = re.compile(r"^(\^?)\[[^\]]+\](?:\[\d+\])?(.*)$")
OWNER = re.compile(r"^(?:@[\w./@-]+|[^@\s]+@[^@\s]+)$")


def owners_of(read: Read, path: str) -> tuple[str, ...]:
    """Who owns a file by all the copies of CODEOWNERS that there are; none where one of them names nobody."""
    copies = [data.decode(errors="replace") for place in PLACES if (data := read(place)) is not None]
    found = [_owners(text, path) for text in copies]
    return tuple(dict.fromkeys(one for owners in found for one in owners)) if found and all(found) else ()


def _owners(text: str, path: str) -> tuple[str, ...]:
    """Who owns a file by one copy."""
    asked: tuple[str, ...] = ()
    optional = False
    default: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    for line in text.splitlines():
        said = re.sub(r"(?:^|\s)#.*", "", line).strip()
        if section := SECTION.match(said):
            asked += () if optional else last
            optional, default, last = bool(section[1]), _valid(section[2].split()) or (), ()
            continue
        pattern, *words = said.split() or [""]
        owners = _valid(words)
        if pattern and owners is not None and _matches(pattern.removeprefix("!"), path):
            last = () if pattern.startswith("!") else owners or default
    return asked + (() if optional else last)


def _valid(words: list[str]) -> tuple[str, ...] | None:
    """The owners of a line; None where one of them is none, so that the platform skips the line."""
    return tuple(words) if all(map(OWNER.match, words)) else None


def _matches(pattern: str, path: str) -> bool:
    """As in .gitignore: anchored where it has a slash before its end, and a folder means all that is in it."""
    body = pattern.strip("/")
    anchored = f"/{body}" if pattern.startswith("/") or "/" in body else f"/**/{body}"
    within = [] if "/" in body and body.endswith("/*") else [f"{anchored}/**"]  # `docs/*`: files of that folder alone
    itself = [] if pattern.endswith("/") else [anchored]
    return matches(within + itself, path)
