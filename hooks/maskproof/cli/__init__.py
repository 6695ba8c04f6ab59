"""The command line: the only place that prints, exits and reads the environment.

Each command is a function that opens its inputs, hands them to a stage and prints what comes back. Heavy
modules are imported inside, so that a commit without images pays for none of them. A new command is a function in the
module of its kind and a name in `base.KINDS`; the module of the command that was asked for is the only one loaded.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import click

from maskproof.cli import base
from maskproof.cli.base import INTERNAL, OutputLostError
from maskproof.errors import CouldNotJudge, DocumentError, MaskproofError, UsageError, refused
from maskproof.report.text import full_stop, safe

__all__ = ["commands", "main"]


def __getattr__(name: str) -> click.Group:
    """`commands`, with all of them loaded, for whoever looks at more than one."""
    if name != "commands":
        raise AttributeError(name)
    for kind in base.KINDS:
        base.commands.load(kind)
    return base.commands


def main() -> NoReturn:
    """Run the command line and exit with the status that `commands` lists."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it was closed before the start
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        sys.exit(base.commands.main(standalone_mode=False) or 0)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(UsageError.exit_status)
    except click.Abort as error:
        raise KeyboardInterrupt from error
    except OutputLostError as error:
        sys.exit(_lost(error.__cause__))
    except MaskproofError as error:
        _complain(error)
        sys.exit(error.exit_status)
    except Exception as error:  # noqa: BLE001 - the last resort: said in one line, and never taken for a verdict
        if refused(error):
            _complain(UsageError(f"the system refused: {_reason(error)}", "Free what is short, then run this again."))
            sys.exit(UsageError.exit_status)
        if os.environ.get("MASKPROOF_TRACEBACK"):
            import traceback

            traceback.print_exc()
        print(
            f"maskproof: internal error ({type(error).__name__}: {safe(str(error))}). This is a bug, and nothing was "
            f"judged; set MASKPROOF_TRACEBACK=1 to see where.",
            file=sys.stderr,
        )
        sys.exit(INTERNAL)


def _lost(cause: BaseException | None) -> int:
    """The status where nobody takes what is printed, and why, unless whoever read it has gone and wants no word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python tries again at exit
    if isinstance(cause, BrokenPipeError):
        return INTERNAL
    _complain(UsageError(f"the report cannot be printed: {_reason(cause)}", "Check the disk."))
    return UsageError.exit_status


def _reason(error: BaseException | None) -> str:
    """What the system says, and of which file."""
    if isinstance(error, FileNotFoundError) and not os.path.exists(os.curdir):  # noqa: PTH110 - pathlib asks for its name
        return "the current folder is gone"
    return refused(error)


def _complain(error: MaskproofError) -> None:
    kind = "could not judge" if isinstance(error, CouldNotJudge) else "error"
    reason, advice = _turned(error)
    print(f"maskproof: {kind}: {safe(full_stop(reason))}", file=sys.stderr)
    if advice:
        print(f"    -> {safe(advice)}", file=sys.stderr)


def _turned(error: MaskproofError) -> tuple[str, str]:
    """Reason and advice as they are pasted: what the gate says names files from the top of the repository."""
    said = error.reason, error.advice
    if isinstance(error, (CouldNotJudge, DocumentError)) and "`" in "".join(said):
        from maskproof.repo import Repository
        from maskproof.report.folder import pasted

        with suppress(UsageError):  # outside of a repository there is no top
            where = base.folder(Repository(Path.cwd()), os.environ)
            said = pasted(said[0], where, windows=os.name == "nt"), pasted(said[1], where, windows=os.name == "nt")
    return said
