"""Mutants of what decides: does a test fail wherever a comparison, an `and`, a `not`, a number or an answer is another?

All mutants of a module are planted into one copy of the package, each asleep behind a question (`chosen`). The tests of
the module run once with all asleep, which tells what each test reaches. Then one mutant after the other is woken, and
the tests that reach it run, the quick ones first, until one fails. A mutant that none notices survives: a test is
missing, or the code says more than it needs.

    python tests/bench/mutants.py [--module gate/verdict.py] [--kind comparison]
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    "gate/verdict.py": ("gate/test_verdict.py",),
    "policy/trust.py": ("policy/test_trust.py",),
    "policy/keys.py": ("policy/test_keys.py", "policy/test_trust.py"),
    "policy/approvals.py": ("policy/test_approvals.py",),
    "policy/owners.py": ("policy/test_owners.py",),
    "records/approval.py": ("gate/test_accepted.py", "recording/test_approvals.py"),
    "gate/standing.py": (
        "gate/test_standing.py",
        "rules/test_new_original.py",
        "rules/test_mask_suspect.py",
        "gate/test_derived.py",
    ),
    "gate/contract.py": ("rules/test_record_loosened.py",),
    "gate/accepted.py": ("gate/test_accepted.py", "rules/test_approval_lapsed.py", "recording/test_baseline.py"),
    "gate/signoffs.py": ("gate/test_accepted.py", "recording/test_approvals.py"),
    "gate/baselined.py": ("recording/test_baseline.py",),
}
"""what decides, and the tests that are to hold it"""
KINDS = ("comparison", "logic", "answer", "number")
OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
"""of orders the neighbour, which differs at the boundary alone"""
QUESTION = """
import os
told = {}
def chosen(number):
    if (place := os.environ.get("REACHED")) and number not in told.setdefault(place, set()):
        told[place].add(number)
        with open(place, "a") as file:
            file.write(number + "\\n")
    return os.environ.get("MUTANT") == number
"""
SECONDS = 300
"""until a test with a mutant is taken for one that never ends"""


class Mutant(NamedTuple):
    """One change."""

    place: str
    """file and line"""
    kind: str
    was: str
    now: str


class Plant(ast.NodeTransformer):
    """Puts mutants into a module, each beside what it replaces."""

    def __init__(self, name: str, kinds: set[str], found: dict[str, Mutant]) -> None:
        self.name, self.kinds, self.found = name, kinds, found

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        plain = copy.deepcopy(node)
        self.generic_visit(node)
        made: ast.expr = node
        for number, operator in enumerate(node.ops):
            other = copy.deepcopy(node)
            other.ops[number] = OPPOSITES[type(operator)]()
            told = copy.deepcopy(plain)
            told.ops[number] = OPPOSITES[type(operator)]()
            made = self.noted("comparison", made, other, plain, told)
        return made

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        plain = copy.deepcopy(node)
        self.generic_visit(node)
        operator = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        other, told = copy.deepcopy(node), copy.deepcopy(plain)
        other.op = told.op = operator
        return self.noted("logic", node, other, plain, told)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        plain = copy.deepcopy(node)
        self.generic_visit(node)
        if not isinstance(node.op, ast.Not):
            return node
        return self.noted("logic", node, copy.deepcopy(node.operand), plain, plain.operand)

    def visit_Return(self, node: ast.Return) -> ast.Return:
        plain = copy.deepcopy(node)
        self.generic_visit(node)
        if node.value is not None and plain.value is not None:
            nothing = ast.copy_location(ast.Constant(None), node)
            node.value = self.noted("answer", node.value, nothing, plain.value, nothing)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            return node
        more = ast.copy_location(ast.Constant(node.value + 1), node)
        return self.noted("number", node, more, node, more)

    def noted(self, kind: str, was: ast.expr, now: ast.expr, plain: ast.expr, told: ast.expr) -> ast.expr:
        """Both ways, one of them asleep; and how they read."""
        if kind not in self.kinds:
            return was
        number = str(len(self.found) + 1)
        self.found[number] = Mutant(f"{self.name}:{plain.lineno}", kind, ast.unparse(plain), ast.unparse(told))
        asked = ast.Call(ast.Name("_chosen", ast.Load()), [ast.Constant(number)], [])
        return ast.copy_location(ast.IfExp(asked, now, was), was)

    # What is read by its text, or once, is no place for a mutant.

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        node.value = node.value and self.visit(node.value)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.body = [self.visit(one) for one in node.body]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.body = [self.visit(one) if isinstance(one, ast.FunctionDef) else one for one in node.body]
        return node

    def visit_Module(self, node: ast.Module) -> ast.Module:
        inside = (ast.FunctionDef, ast.ClassDef)
        node.body = [self.visit(one) if isinstance(one, inside) else one for one in node.body]
        futures = [n for n, one in enumerate(node.body) if getattr(one, "module", "") == "__future__"]
        at = 1 + max(futures, default=0)  # behind those, or behind the docstring
        node.body.insert(at, ast.parse("from maskproof._mutants import chosen as _chosen").body[0])
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        return node


def planted(folder: Path, name: str, kinds: set[str]) -> dict[str, Mutant]:
    """A copy of the package with all mutants of a module asleep in it."""
    shutil.copytree(ROOT / "hooks", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "maskproof" / "_mutants.py").write_text(QUESTION)
    file, found = folder / "maskproof" / name, dict[str, Mutant]()
    tree = Plant(name, kinds, found).visit(ast.parse(file.read_text()))
    file.write_text(ast.unparse(ast.fix_missing_locations(tree)))
    return found


class Hunt:
    """Runs tests over and over in one session of pytest, which keeps what they share."""

    def __init__(self, mutants: dict[str, Mutant], folder: Path) -> None:
        self.mutants, self.folder = mutants, folder
        self.survived: list[str] = []
        self.unreached: list[str] = []
        self.broken: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        from hypothesis import Phase, settings

        settings.register_profile(
            "mutants", derandomize=True, deadline=None, database=None, phases=(Phase.explicit, Phase.generate)
        )
        settings.load_profile("mutants")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        seconds: dict[pytest.Item, float] = {}
        reached: dict[str, list[pytest.Item]] = defaultdict(list)
        for item in session.items:
            place = self.folder / f"reached-{len(seconds)}-{len(self.broken)}"
            place.write_text("")
            start = time.perf_counter()
            if self.failed(session, item, REACHED=str(place)):
                self.broken.append(item.nodeid)
                continue
            seconds[item] = time.perf_counter() - start
            for number in set(place.read_text().split()):
                reached[number].append(item)
        killers: dict[pytest.Item, int] = defaultdict(int)
        for number, mutant in self.mutants.items():
            if number not in reached:
                self.unreached.append(number)
                continue
            for item in sorted(reached[number], key=lambda one: (-killers[one] / seconds[one], seconds[one])):
                if self.failed(session, item, MUTANT=number):
                    killers[item] += 1
                    break
            else:
                self.survived.append(number)
                print(f"survived: {mutant.place} {mutant.kind}: {mutant.was}  ->  {mutant.now}", flush=True)
        return True

    def failed(self, session: pytest.Session, item: pytest.Item, **env: str) -> bool:
        from _pytest.runner import runtestprotocol

        os.environ.update(env)
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(SECONDS)
        try:
            # Everything but what the session shares is taken down after each test, as before one of another file.
            return any(report.failed for report in runtestprotocol(item, log=False, nextitem=session))  # type: ignore[arg-type]
        except TimeoutError:
            return True
        finally:
            signal.alarm(0)
            for name in env:
                del os.environ[name]


def _too_long(*_: Any) -> Iterator[None]:
    raise TimeoutError


def hunt(name: str, kinds: set[str]) -> int:
    """Look for survivors in one module; run with the copy of the package in the path."""
    folder = Path(os.environ["MUTANTS"])
    mutants = planted(folder, name, kinds)
    hunted = Hunt(mutants, folder)
    tests = [str(ROOT / "tests" / one) for one in MODULES[name]]
    with tempfile.TemporaryDirectory() as base:
        options = [
            "-q",
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            "--no-header",
            "--no-summary",
            f"--basetemp={base}/b",
        ]
        pytest.main([*options, f"--rootdir={ROOT}", *tests], plugins=[hunted])
    for number in hunted.unreached:
        one = mutants[number]
        print(f"not reached: {one.place} {one.kind}: {one.was}")
    for one in hunted.broken:
        print(f"fails without any mutant: {one}")
    left = len(hunted.survived) + len(hunted.unreached)
    print(f"{name}: {len(mutants)} mutants, {len(mutants) - left} noticed, {left} not", flush=True)
    return left + len(hunted.broken)


def main() -> None:
    """Print the survivors; exits 1 where there are any."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--module", choices=list(MODULES), help="one alone")
    parser.add_argument("--kind", choices=KINDS, action="append", help="may be repeated; by default all")
    args = parser.parse_args()
    kinds = args.kind or list(KINDS)
    if "MUTANTS" in os.environ:
        sys.exit(bool(hunt(args.module, set(kinds))))
    statuses = []
    for name in [args.module] if args.module else MODULES:
        with tempfile.TemporaryDirectory() as folder:
            env = {**os.environ, "MUTANTS": folder, "PYTHONPATH": folder}
            command = [sys.executable, __file__, "--module", name, *(f"--kind={one}" for one in kinds)]
            statuses.append(subprocess.run(command, env=env, cwd=ROOT, check=False).returncode)
    sys.exit(any(statuses))


if __name__ == "__main__":
    main()
