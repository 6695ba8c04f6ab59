"""The fixtures are the specification: each case goes through the real hook in a scratch repository.

A new case is a folder made by fixtures/make.py; nothing here has to change for it.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from projects import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from projects import Scratch

CASES = sorted(path.parent for path in (ROOT / "fixtures").glob("*/*/expected.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_case_through_the_hook(case: Path, scratch: Scratch) -> None:
    expected = json.loads((case / "expected.json").read_text())
    scratch.install()
    on_base = [file for file in case.iterdir() if file.name.startswith(("original.", "mask.", "maskproof."))]
    for file in on_base:
        shutil.copy(file, scratch.root)
    scratch.commit("what is there before the edit")
    for file in case.iterdir():
        if file not in on_base and file.name != "expected.json":
            shutil.copy(file, scratch.root)
    scratch.git("add", "-A")

    done = scratch.git("commit", "-q", "-m", "the edit", ok=False)
    report = json.loads(scratch.maskproof("check", "--staged", "--format", "json").stdout or "{}")

    said = done.stdout + done.stderr
    assert (done.returncode == 0) == (expected["exit"] == 0), said
    if expected["exit"]:
        assert f"exit code: {expected['exit']}" in said
        found = {finding["rule"] for image in report["images"] for finding in image["findings"]}
        assert found >= set(expected["rules"]), said


def test_every_case_of_the_script_is_there() -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("make", ROOT / "fixtures" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    assert {f"{case.parent.name}/{case.name}" for case in CASES} == set(make.CASES)
