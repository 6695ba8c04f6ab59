"""What can be done from the page: each action is a command, shown as it is run, with what it said.

A request names a picture by its id and gives what a person typed; what it may hold is the type of its action. So no
request names a file to write, and no text of one becomes an option of a command.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from maskproof.documents import BoxNumbers  # noqa: TC001 - msgspec reads it
from maskproof.errors import UsageError
from maskproof.model import AreaKind  # noqa: TC001 - the same
from maskproof.repo.paths import is_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maskproof.ui.desk import Item, View

PATIENCE = 900
"""seconds that a command may take; a restore of the largest picture takes a minute"""
SPECIAL = frozenset("*?[\\:")
"""what Git reads as more than a letter in the name of a path"""
Name = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=r"\A[^:\r\n\t]+\Z", description="a name without a colon")
]
Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Path = Annotated[str, Meta(max_length=4000)]
Limit = Annotated[float, Meta(ge=0, le=1e9)]
LevelName = Literal["visual", "strict", "exact"]


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A request about one picture."""

    picture: str
    """its id"""

    def words(self, item: Item, view: View) -> list[str]:
        """The command; raises UsageError where there is none."""
        raise NotImplementedError


class Restore(Asked, frozen=True, kw_only=True):
    """Put the protected pixels back."""

    def words(self, item: Item, _: View) -> list[str]:
        return ["maskproof", "restore", word(item.path)]


class Undo(Asked, frozen=True, kw_only=True):
    """Bring back what the last restore replaced."""

    def words(self, item: Item, _: View) -> list[str]:
        return ["maskproof", "restore", "--undo", word(item.path)]


class Stage(Asked, frozen=True, kw_only=True):
    """Stage a picture and its record, or another file that is listed."""

    def words(self, item: Item, _: View) -> list[str]:
        if not item.loose:
            raise UsageError(f"{item.path} is staged as it lies there", "")
        literal = ["--literal-pathspecs"] if SPECIAL & set("".join(item.loose)) else []
        return ["git", *literal, "add", "--all", "--", *item.loose]


class Record(Asked, frozen=True, kw_only=True):
    """Write its record."""

    origin: Literal["edited", "manual", "generated"] = "edited"
    original: Path = ""
    mask: Path = ""
    mode: Literal["", "alpha", "white", "black"] = ""

    def words(self, item: Item, view: View) -> list[str]:
        command = ["maskproof", "record", word(item.path)]
        if self.origin == "generated":
            return [*command, "--generated"]
        command += ["--manual"] if self.origin == "manual" else []
        for option, value in (("--original", self.original), ("--mask", self.mask)):
            if value:
                command += [option, word(_known(value, view))]
        return [*command, *(["--mask-mode", self.mode] if self.mode else [])]


class Protect(Asked, frozen=True, kw_only=True):
    """Write a protected area into the policy."""

    name: Name
    kind: AreaKind
    box: BoxNumbers

    def words(self, item: Item, _: View) -> list[str]:
        box = ",".join(map(str, self.box))
        return ["maskproof", "protect", word(item.path), *_option("--area", f"{self.name}:{self.kind}:{box}")]


class Unprotect(Asked, frozen=True, kw_only=True):
    """Take an area out of the policy."""

    name: Name

    def words(self, item: Item, _: View) -> list[str]:
        return ["maskproof", "protect", word(item.path), *_option("--remove-area", self.name)]


class Rename(Asked, frozen=True, kw_only=True):
    """Give an area another name."""

    name: Name
    to: Name

    def words(self, item: Item, _: View) -> list[str]:
        if self.to.startswith("-") or self.name.startswith("-"):
            raise UsageError("a name that begins with - cannot be given here", "Choose another name.")
        return ["maskproof", "protect", word(item.path), "--rename-area", self.name, self.to]


class Limits(Asked, frozen=True, kw_only=True):
    """Write a level and limits into the policy; what is tried has the same form."""

    level: LevelName | None = None
    limits: dict[str, Limit] = {}
    """by `kind.metric`"""

    def words(self, item: Item, _: View) -> list[str]:
        level = ["--level", self.level] if self.level else []
        limits = [word for name, value in self.limits.items() for word in ("--limit", f"{name}={value:.10g}")]
        return ["maskproof", "protect", word(item.path), *level, *limits]


class Approve(Asked, frozen=True, kw_only=True):
    """Accept what is found in it."""

    reason: Text
    expires: Annotated[str, Meta(pattern=r"\A(\d{4}-\d\d-\d\d)?\Z")] = ""

    def words(self, item: Item, _: View) -> list[str]:
        until = ["--expires", self.expires] if self.expires else []
        return ["maskproof", "approve", word(item.path), *_option("--reason", self.reason), *until]


ACTIONS: dict[str, type[Asked]] = {
    "restore": Restore,
    "undo": Undo,
    "stage": Stage,
    "record": Record,
    "protect": Protect,
    "unprotect": Unprotect,
    "rename": Rename,
    "limits": Limits,
    "approve": Approve,
}
"""by the name in its address"""


class Ran(Struct, frozen=True):
    """A command that was run."""

    command: str
    """as it is pasted into a shell at the top of the repository"""
    status: int
    """exit status"""
    output: str
    """what it printed, errors as well"""


def run(words: Sequence[str], where: str) -> Ran:
    """Run a command at the top of the repository, with nobody to answer a question."""
    # Without -P a folder or file of the repository could stand in for a module of ours.
    own = [sys.executable, "-P", "-m", "maskproof"] if words[0] == "maskproof" else [words[0]]
    try:
        done = subprocess.run(
            [*own, *words[1:]],
            cwd=where,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # what asks for a passphrase would do so in the terminal, where nobody looks
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ran(shlex.join(words), 1, f"It did not end within {PATIENCE} seconds, and was ended.")
    return Ran(shlex.join(words), done.returncode, done.stdout.decode("utf-8", "replace").rstrip())


def word(path: str) -> str:
    """A path as a word of a command that no command takes for an option."""
    return f"./{path}" if path.startswith("-") else path


def _option(name: str, text: str) -> list[str]:
    """An option with what a person typed, which may begin like an option."""
    return [f"{name}={text}"] if text.startswith("-") else [name, text]


def _known(path: str, view: View) -> str:
    """A picture that Git sees; raises UsageError for every other file."""
    if not is_image(path) or path not in view.tracked:
        raise UsageError(f"there is no picture {path!a} in this repository", "Choose one of those that are proposed.")
    return path
