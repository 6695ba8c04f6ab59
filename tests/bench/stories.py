"""Stories of a repository, as many as wanted; and how many it takes until a fault planted in the gate is noticed.

What a story is, `tests/gate/test_stories.py` says. A fault is one changed line in a copy of the package; stories that
would be told with it for ever say nothing of the gate, so each has to be noticed.

    python tests/bench/stories.py [--stories 200] [--steps 8] [--number 1]
    python tests/bench/stories.py --faults [--only NAME]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "gate")]
PACKAGE = HERE.parents[1] / "hooks"


class Fault(NamedTuple):
    """A line of the gate, and what stands there instead."""

    file: str
    was: str
    now: str


FAULTS = {
    "the merge base is the change": Fault(
        "repo/change.py", "repository.merge_base(selection.from_ref, to),", "repository.commit(to),"
    ),
    "an original counts wherever it lies": Fault(
        "gate/standing.py", "elif _asks_original(scope, used, settings) and", "elif False and"
    ),
    "the project's record is no contract": Fault("gate/contract.py", "if record is None or scope", "if True or scope"),
    "the policy of the change holds alone": Fault(
        "gate/scope.py",
        "return trust.tighten(self._held(path), trust.resolve_closely(self.policies[-1], path))",
        "return trust.resolve_closely(self.policies[-1], path)",
    ),
    "the policy where main stands is not asked": Fault(
        "gate/scope.py",
        "return *map(_of_project, self.change.trusted)",
        "return *map(_of_project, self.change.trusted[:1])",
    ),
    "authors approve their own change": Fault("gate/signoffs.py", "if another is False:", "if another is ...:"),
    "an approval in the change counts as merged": Fault(
        "gate/signoffs.py", "return tree.blob_id(file) in {", "return True or tree.blob_id(file) in {"
    ),
    "a key counts that the change allows": Fault(
        "gate/signoffs.py", "[one.read(SIGNERS) for one in self.change.trusted]", "[tree.read(SIGNERS)]"
    ),
    "the change says how many have to approve": Fault(
        "policy/approvals.py", "required=max(self.required", "required=min(self.required"
    ),
    "an approval holds for other bytes": Fault("gate/accepted.py", "if now.sha256 != was.sha256:", "if False:"),
    "an approval holds under any record": Fault("gate/accepted.py", "_of_record(was.record, now.record)\n", '""\n'),
    "attributes are not looked at": Fault("gate/scope.py", "return self._rewritten.get(path, ())", "return ()"),
    "files are pictures by their names alone": Fault(
        "repo/change.py", "return self.repository.objects.pictures(unknown) if unknown else", "return"
    ),
}


def planted(fault: Fault, folder: Path) -> None:
    """A copy of the package with a fault in it."""
    shutil.copytree(PACKAGE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    file = folder / "maskproof" / fault.file
    text = file.read_text()
    if text.count(fault.was) != 1:
        raise SystemExit(f"{fault.file} holds {fault.was!r} {text.count(fault.was)} times: mend the table")
    file.write_text(text.replace(fault.was, fault.now))


def noticed(name: str, arguments: list[str]) -> bool:
    """Tell stories with a fault, and print what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        planted(FAULTS[name], Path(folder))
        env = {**os.environ, "PYTHONPATH": folder}
        done = subprocess.run(
            [sys.executable, __file__, *arguments], env=env, capture_output=True, text=True, check=False
        )
    print(f"{name}: {done.stdout.splitlines()[-1] if done.stdout else done.stderr}", flush=True)
    return done.returncode == 1


def main() -> None:
    """Print what was told; exits 1 where drift reached main or honest work was stopped, or a fault was not noticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stories", type=int, default=0, help="200; with --faults as many as the tests tell")
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--number", type=int, help="of the stories; without one, those of the tests")
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--only", choices=list(FAULTS))
    args = parser.parse_args()
    if args.faults or args.only:
        passed_on = ["--stories", str(args.stories or "-1"), "--steps", str(args.steps)]
        passed_on += [] if args.number is None else ["--number", str(args.number)]
        found = [noticed(name, passed_on) for name in ([args.only] if args.only else FAULTS)]
        sys.exit(not all(found))
    import test_stories

    from projects import draw

    stories = test_stories.STORIES if args.stories < 0 else args.stories or 200
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        ground = test_stories.Ground.of(draw(), Path(folder))
        wrong = ""
        try:
            for story in test_stories.KNOWN if args.stories < 0 else ():
                test_stories.tell_known(ground, story)
            test_stories.tell(ground, stories, args.steps or test_stories.LENGTH, args.number)
        except AssertionError as error:
            wrong = f"WRONG: {str(error).splitlines()[0][:150]}; "
            print(*getattr(error, "__notes__", ()), sep="\n")
    said = f"{ground.count} stories, {ground.judged} pull requests, {ground.stopped} of them stopped"
    print(f"{wrong}{said}, {time.perf_counter() - start:.0f} s")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
