"""The command line: the only place that prints, exits and reads the environment.

Each command is a function that opens its inputs, hands them to a stage and prints what comes back. Heavy
modules are imported inside, so that a commit without images pays for none of them. A new command is a function in the
module of its kind: `judging`, `recording`, `editing` or `setting_up`.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from maskproof.cli import editing, judging, recording, setting_up  # noqa: F401 - each registers its commands
from maskproof.cli.base import INTERNAL, INTERRUPTED, OutputLostError, commands
from maskproof.errors import CouldNotJudge, MaskproofError, UsageError
from maskproof.report.text import safe

__all__ = ["commands", "main"]


def main() -> NoReturn:
    """Run the command line and exit with the status that `commands` lists."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it was closed before the start
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        sys.exit(commands.main(standalone_mode=False) or 0)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(UsageError.exit_status)
    except (KeyboardInterrupt, click.Abort):
        print("maskproof: interrupted, nothing was changed", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except OutputLostError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python tries again at exit
        sys.exit(INTERNAL)
    except MaskproofError as error:
        _complain(error)
        sys.exit(error.exit_status)
    except Exception as error:  # noqa: BLE001 - the last resort: said in one line, and never taken for a verdict
        if os.environ.get("MASKPROOF_TRACEBACK"):
            import traceback

            traceback.print_exc()
        print(
            f"maskproof: internal error ({type(error).__name__}: {safe(str(error))}). This is a bug, and nothing was "
            f"judged; set MASKPROOF_TRACEBACK=1 to see where.",
            file=sys.stderr,
        )
        sys.exit(INTERNAL)


def _complain(error: MaskproofError) -> None:
    kind = "could not judge" if isinstance(error, CouldNotJudge) else "error"
    print(f"maskproof: {kind}: {safe(error.reason)}.", file=sys.stderr)
    if error.advice:
        print(f"    -> {safe(error.advice)}", file=sys.stderr)
