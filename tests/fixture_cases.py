"""The fixtures, laid out as Git sees them and judged by the command; each as fixtures/make.py drew it."""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from make import in_order
from projects import ROOT, Scratch, valid

if TYPE_CHECKING:
    from make import Files

FOLDER = ROOT / "fixtures"


Finding = dict[str, Any]
"""as the JSON report has it"""


@dataclass(frozen=True)
class Case:
    """One folder of fixtures."""

    name: str
    """`<verdict>/<case>`"""

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def expected(self) -> dict[str, Any]:
        """Its exit status and findings, and the rules that come near."""
        return json.loads((self.folder / "expected.json").read_text())

    def commit_base(self, scratch: Scratch) -> None:
        """Commit what was there before."""
        if (self.folder / "base").is_dir():
            _copy(self.folder / "base", scratch.root)
        scratch.git("add", "-A")
        scratch.git("commit", "-q", "--no-verify", "--allow-empty", "-m", "what is there before the edit")

    def stage_change(self, scratch: Scratch) -> None:
        """Put the change under review into the index."""
        if (self.folder / "change").is_dir():
            _copy(self.folder / "change", scratch.root)
        for path in self.expected.get("deleted", ()):
            (scratch.root / path).unlink()
        scratch.git("add", "-A")
        for path, twin in self.expected.get("also", {}).items():
            # Past the working tree, which on macOS holds one of the two names only.
            blob = scratch.git("rev-parse", f":{twin}").stdout.strip()
            scratch.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")


@dataclass(frozen=True)
class Judged:
    """What the command said of a staged change."""

    status: int
    report: dict[str, Any]

    @property
    def findings(self) -> list[Finding]:
        """Those of all images."""
        return [finding for image in self.report["images"] for finding in image["findings"]]

    @property
    def rules(self) -> list[dict[str, str]]:
        """Rule and severity of each finding, as expected.json holds them."""
        return in_order(self.findings)

    def of(self, rule: str) -> list[Finding]:
        """The findings of one rule."""
        return [finding for finding in self.findings if finding["rule"] == rule]

    def the(self, rule: str) -> Finding:
        """The only finding of a rule."""
        (finding,) = self.of(rule)
        return finding


def cases() -> list[Case]:
    """All of them, by name."""
    return [Case(str(file.parent.relative_to(FOLDER))) for file in sorted(FOLDER.glob("*/*/expected.json"))]


@functools.cache
def judged(name: str) -> Judged:
    """A fixture in a repository of its own, judged once however many tests ask."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Scratch(Path(folder))
        scratch.git("init", "-q", "-b", "main")
        Case(name).commit_base(scratch)
        Case(name).stage_change(scratch)
        return judge(scratch)


def judge_files(scratch: Scratch, files: Files) -> Judged:
    """A case that is no fixture, drawn by the functions of fixtures/make.py in an empty repository."""
    for side in ("base", "change"):
        for path, content in files.items():
            if path.startswith(f"{side}/"):
                scratch.write(path.removeprefix(f"{side}/"), content)
        scratch.git("add", "-A")
        if side == "base":
            scratch.git("commit", "-q", "--no-verify", "--allow-empty", "-m", "what is there before the edit")
    return judge(scratch)


def judge(scratch: Scratch) -> Judged:
    """What is staged, judged by the command."""
    done = scratch.maskproof("check", "--staged", "--format", "json")
    assert done.stdout, done.stderr
    return Judged(done.returncode, valid(json.loads(done.stdout)))


def _copy(folder: Path, root: Path) -> None:
    # Without their times: of two files of one size and one second Git would take the second for the first.
    shutil.copytree(folder, root, copy_function=shutil.copyfile, dirs_exist_ok=True)


def meet(box: list[int], area: tuple[int, int, int, int]) -> bool:
    """Do two rectangles of x, y, width, height share a pixel?"""
    (x, y, width, height), (left, top, across, down) = box, area
    return x < left + across and left < x + width and y < top + down and top < y + height
