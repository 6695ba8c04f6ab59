"""The hook's short way: a commit that concerns no image ends here, before the command line is loaded.

The hook runs on every commit, and most commits hold no image. Whether one does is asked of the same functions that
the gate itself uses, so that there is one answer to it; only what is not needed for that answer is left unloaded.
It is the outermost layer of the command line, and prints and exits as `cli` does.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

NOTHING = "maskproof: 0 images looked at, 0 compared, 0 blocked, 0 not judged."
STAGED = ["check", "--staged"]
PLAIN = (STAGED, ["check"], ["check", "--"])
"""the command lines that ask for the staged change and nothing else, in text"""


def main() -> NoReturn:
    """Run `maskproof`: the short way where it is enough, else the command line."""
    # NumPy's BLAS would start threads that wait by turning; here it solves for six unknowns.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        # All that is loaded is loaded here, where an interrupt is met.
        if sys.argv[1:] in PLAIN and _ended():
            # What was said is written out, and taking all modules down would take a tenth as long as all of this.
            os._exit(0)
        from maskproof import cli

        cli.main()
    except KeyboardInterrupt:
        print("maskproof: interrupted; no file is half written", file=sys.stderr)
        sys.exit(130)


def _ended() -> bool:
    """Was there nothing to judge, and was that said? A hook has no word to say then: pre-commit shows each one."""
    from pathlib import Path

    from maskproof.repo import Repository
    from maskproof.repo.change import Selection, from_environment, is_hook, nothing_staged, open_change

    try:
        asked = Selection() if sys.argv[1:] == STAGED else from_environment(Selection(), os.environ)
        repository = Repository(Path.cwd())
        staged = asked == Selection()
        if not (nothing_staged(repository) if staged else open_change(repository, asked).concerns_nothing):
            return False
        if not is_hook(os.environ):
            from maskproof.repo.working import policy_not_staged

            if policy_not_staged(repository):
                return False  # which is said
            print(NOTHING, flush=True)
    except Exception:  # noqa: BLE001 - the command line meets the same error, and says it well
        return False
    return True
