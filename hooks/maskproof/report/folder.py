"""Commands in messages, as the shell takes them from the folder it stands in.

The gate names files from the top of the repository. Whoever reads a command pastes it where they stand, in the shell of
their system: so the paths in it are turned to that folder before anything is shown.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from posixpath import relpath
from typing import TYPE_CHECKING

from maskproof.repo.paths import is_ours

if TYPE_CHECKING:
    from maskproof.model import Finding, Report

COMMAND = re.compile(r"`((?:maskproof|git|cp|mkdir) [^`]+)`")
"""a command in a message"""
SPECIAL = re.compile(r"[^\w./:=@%+,-]")
"""what PowerShell or cmd would read otherwise outside quotes; a file's name holds no quote there"""
OWN = ".maskproof/"
"""the folder of approvals, their signatures and the baseline"""
JOINTS = ("&&", ">", "|")
"""words of the shell between two commands"""


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

    images = (replace(image, findings=tuple(map(turned, image.findings))) for image in report.images)
    return replace(report, images=tuple(images))


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
    folder = words[2:3] if words[:2] == ["mkdir", "-p"] else []
    turned = [relpath(one, prefix) if _is_path(one) or [one] == folder else one for one in words]
    if windows:
        return " ".join(f'"{one}"' if SPECIAL.search(one) and one not in JOINTS else one for one in turned)
    return " ".join(one if one in JOINTS else shlex.quote(one) for one in turned)


def _is_path(word: str) -> bool:
    """Is a word the path of a file? One behind an option is a pattern of Git LFS, which begins at the top."""
    return (is_ours(word) or word.startswith(OWN)) and not word.startswith(("-", "*", "../", "/"))
