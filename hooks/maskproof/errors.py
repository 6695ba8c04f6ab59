"""Everything that can go wrong, as one tree; each error names the file, the reason and the next step.

MaskproofError                  exit 70   (never raised itself)
├── UsageError                  exit 2    the command line, or where it was run
├── DocumentError               exit 2    (never raised itself)
│   ├── PolicyError             maskproof.toml has mistakes
│   ├── ApprovalError           an approval or a baseline has mistakes
│   ├── CasesError              the table of judged edits has mistakes
│   └── JobsError               the list of edits to make has mistakes
├── NoAnswer                    exit 3    a server made nothing; the same command may succeed later
├── CouldNotRestore             exit 1    an edit's protected pixels cannot be put back, or not into this format
└── CouldNotJudge               exit 3    one image cannot be judged; never a pass
    ├── RecordError             the sidecar has mistakes; a DocumentError as well
    │   └── TwoRecords          an image has a sidecar beside it and another one elsewhere
    ├── BadTransform            the recorded crop is not in the original
    ├── BrokenChain             an edit of an edit whose first original cannot be found from its parents' records
    ├── Unreadable              a picture cannot be decoded the same way everywhere
    ├── TooLarge                a picture is over a limit: by its header, or by what decoding it takes
    ├── SeveralFrames           more than one frame: the eye may be shown another one than the check
    ├── MissingOriginal         the recorded original is not to be found
    ├── MissingMask             the recorded mask is not to be found
    └── MissingObject           Git knows the object but does not hold it (LFS, shallow or partial clone)
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class MaskproofError(Exception):
    """Base of all errors that are shown to a user in one piece of text.

    Args:
        reason: What is wrong, in plain English, naming the file.
        advice: What to do next; a command where there is one.
    """

    exit_status = 70

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice


class UsageError(MaskproofError):
    """The command cannot be carried out as it was given, or not here."""

    exit_status = 2


class DocumentError(MaskproofError):
    """A document cannot be used; `problems` lists every mistake found. Each kind says what to do about them."""

    exit_status = 2
    correct = "Correct {path}."

    def __init__(self, path: str, problems: tuple[str, ...]) -> None:
        super().__init__(f"{path} cannot be used: " + "; ".join(problems), self.correct.format(path=path))
        self.path, self.problems = path, problems


class PolicyError(DocumentError):
    """The policy has mistakes."""

    def held_by(self, whose: str) -> PolicyError:
        """The same, where the project itself holds it: a change cannot be checked before it is mended there."""
        told = PolicyError(f"{self.path}, as {whose} holds it,", self.problems)
        told.advice = (
            "No check can tell what was allowed there. Correct it in a commit of its own, past this check "
            "(`git commit --no-verify`), with the review that a change of policy has."
        )
        return told


class ApprovalError(DocumentError):
    """An approval or a baseline has mistakes, so it lets nothing pass."""

    correct = "Take it away and approve anew."


class CasesError(DocumentError):
    """A table of judged edits has mistakes."""

    correct = "Correct these rows; nothing was written."


class JobsError(DocumentError):
    """A list of edits to make has mistakes."""

    correct = "Correct {path}; nothing was sent."


class NoAnswer(MaskproofError):  # noqa: N818 - what came of it, as CouldNotJudge is
    """A server made no picture and gave no opinion: time-out, rate limit, lost connection, its own failure."""

    exit_status = 3


class CouldNotRestore(MaskproofError):  # noqa: N818 - a result with a reason, as CouldNotJudge
    """One edit's protected pixels cannot be put back; nothing of it was changed."""

    exit_status = 1


class CouldNotJudge(MaskproofError):  # noqa: N818 - a result with a reason, not only an error
    """One image cannot be judged; `rule` is the finding it becomes."""

    exit_status = 3
    rule = "unreadable"
    absent = False
    """is it that the bytes are not on this machine? Then nobody has seen what would be accepted"""


class RecordError(CouldNotJudge, DocumentError):
    """A sidecar has mistakes."""

    rule = "stale-record"
    correct = "Correct it."


class TwoRecords(RecordError):  # noqa: N818 - it is what it says
    """An image has a record in two places, and which of them is meant nobody can tell."""

    def __init__(self, image: str, one: str, other: str) -> None:
        super().__init__(f"the record of {image}", (f"it lies in two places, {one} and {other}",))
        import shlex  # which a commit without images does not need

        keep = " or ".join(f"`git rm -f {shlex.quote(path)}`" for path in (one, other))
        self.advice = f"Look at both and keep one: {keep}."


class BadTransform(CouldNotJudge):
    """A record whose crop is not in its original."""

    rule = "stale-record"


class BrokenChain(CouldNotJudge):
    """An edit of an edit whose parents' records do not lead to a first original."""

    rule = "stale-record"


class Unreadable(CouldNotJudge):
    """A file that two decoders could show differently, or none can."""


class TooLarge(CouldNotJudge):
    """A picture over one of the limits in `containers`."""

    rule = "too-large"


class SeveralFrames(CouldNotJudge):
    """An animation or multi-page file."""

    rule = "frames"


class MissingOriginal(CouldNotJudge):
    """No bytes with the recorded digest at the recorded path or in its history."""

    rule = "missing-original"


class MissingMask(CouldNotJudge):
    """No bytes with the recorded digest of the mask."""

    rule = "missing-mask"


class MissingObject(CouldNotJudge):
    """The object is named but its bytes are not on this machine."""

    absent = True


def refused(error: BaseException | None) -> str:
    """What the system refused and of which file, in its words; empty where the error is no refusal.

    A library that cannot be opened or mapped, for want of files or memory, is an ImportError to Python.
    """
    if isinstance(error, MemoryError):
        return "out of memory"
    if isinstance(error, ImportError) and error.path and not error.path.endswith(".py"):
        return str(error)
    if isinstance(error, OSError):
        return (
            ": ".join(filter(None, map(str, (error.filename or "", error.strerror or error)))) or type(error).__name__
        )
    return ""


@contextmanager
def as_usage() -> Iterator[None]:
    """What keeps a picture from being judged or written, where it is one that the command line names: a UsageError."""
    try:
        yield
    except (CouldNotJudge, CouldNotRestore) as error:
        raise UsageError(error.reason, error.advice) from error
