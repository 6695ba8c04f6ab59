"""Commands in messages, as the shell takes them from the folder it stands in.

The gate names files from the top of the repository. Whoever reads a command pastes it where they stand, in the shell of
their system: so the paths in it are turned to that folder before anything is shown.
"""

from __future__ import annotations

import re
import shlex
from posixpath import relpath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from maskproof.repo.paths import is_ours
from maskproof.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.model import Finding, Report

COMMAND = re.compile(r"`((?:maskproof|git|cp|mkdir) [^`]+)`")
"""a command in a message"""
SPECIAL = re.compile(r"[^\w./:=@%+,-]")
"""what PowerShell or cmd would read otherwise outside quotes; a file's name holds no quote there"""
OWN = ".maskproof/"
"""the folder of approvals, their signatures and the baseline"""
JOINTS = ("&&", ">", "|")
"""words of the shell between two commands"""
WITH_FILES, GIT_WITH_FILES = ("cp", "mkdir"), ("add", "rm", "mv")
"""commands whose words are files"""
OF_FILES = ("--", "--renormalize", "-p", "-o", "--original", "--mask", "--from", "--parent", "--undo")
"""options before files"""
PLACEHOLDERS = ("EDIT", "FILE", "IMAGE", "MASK", "MASTER", "ORIGINAL", "OTHER.png", "PICTURE", "RECORD", "ID")
"""words that whoever reads it puts a name in the place of"""
BEYOND = ("*", "../", "/")
"""how a name begins that is none from the top of the repository"""


def seen_from(report: Report, prefix: str, *, windows: bool = False) -> Report:
    """A report whose commands are right in a folder.

    Args:
        report: With paths from the top of the repository.
        prefix: The folder, from there, with / at its end; empty at the top.
        windows: Quote as PowerShell and cmd both read it.
    """
    if not prefix and not windows:
        return report

    def turned(one: Finding) -> Finding:
        return replace(
            one,
            advice=pasted(one.advice, prefix, windows=windows),
            message=pasted(one.message, prefix, windows=windows),
        )

    return replace(
        report,
        images=Spool(replace(image, findings=tuple(map(turned, image.findings))) for image in report.images),
    )


def pasted(text: str, prefix: str, *, windows: bool = False) -> str:
    """A message, the commands in it turned to a folder and a shell; as in `seen_from`."""
    if not prefix and not windows:
        return text
    return COMMAND.sub(lambda found: f"`{_command(found[1], prefix, windows)}`", text)


def _command(command: str, prefix: str, windows: bool) -> str:
    try:
        words = shlex.split(command)
    except ValueError:  # no command after all
        return command
    turned = [relpath(one, prefix) if is_path else one for one, is_path in zip(words, _paths(words), strict=True)]
    if windows:
        return " ".join(f'"{one}"' if SPECIAL.search(one) and one not in JOINTS else one for one in turned)
    return " ".join(one if one in JOINTS else shlex.quote(one) for one in turned)


def _paths(words: list[str]) -> Iterator[bool]:
    """Which words of a command are paths: by their name, or by where they stand, whatever they are called.

    One behind an option of its own is a pattern of Git LFS, which begins at the top.
    """
    program, placed = "", False
    for word, before in zip(words, ["&&", *words], strict=False):
        program = word if before in JOINTS else program
        if word.startswith("-"):
            placed = word in OF_FILES
            yield False
        elif before in JOINTS or word in JOINTS:
            placed = word in WITH_FILES
            yield False
        elif before == program and before not in WITH_FILES:
            placed = before == "maskproof" or word in GIT_WITH_FILES
            yield False
        else:
            known = is_ours(word) or word.startswith(OWN)
            yield (placed or known) and word not in PLACEHOLDERS and not word.startswith(BEYOND)
