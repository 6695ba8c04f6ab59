"""Prettier itself on what maskproof writes into a repository: it leaves records, approvals and the baseline alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import PngImagePlugin

from processes import PATIENCE
from projects import HERO, MASK, SPRING, png, texture

ROOT = Path(__file__).resolve().parents[2]
PRETTIER = Path(os.environ.get("MASKPROOF_PRETTIER", ROOT / "build" / "prettier"))
"""npm's package `prettier`, unpacked; `.ci/run` takes it from there, where npm is"""
SOMEBODY_ELSE = {
    f"GIT_{role}_{key}": "rae@example.org" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")
}
LONG = "assets/ein sehr langer Name für ein Bild, 画像, das im Frühling entstand und noch keinen besseren hat.png"


@pytest.fixture(scope="module")
def prettier():
    node, program = shutil.which("node"), next(PRETTIER.rglob("bin/prettier.cjs"), None) if PRETTIER.is_dir() else None
    if node is None or program is None:
        pytest.skip("npm's package `prettier` is not there (build/prettier, or MASKPROOF_PRETTIER)")

    def run(project, *files):
        command = [node, program, "--no-config", "--check", *files]
        return subprocess.run(command, cwd=project.root, capture_output=True, text=True, timeout=PATIENCE, check=False)

    return run


def test_it_leaves_records_approvals_and_the_baseline_alone(project, prettier):
    says = PngImagePlugin.PngInfo()
    says.add_text("parameters", "a meadow\nSteps: 20, Sampler: Euler a, Seed: 1, Size: 320x240, Model: x")
    project.write("maskproof.toml", 'version = 1\n[defaults]\nunrecorded = "block"\n')
    project.write("assets/old.png", png(texture(6), pnginfo=says))
    project.commit()
    assert project.maskproof("baseline").returncode == 0
    masked = ("--original", HERO, "--mask", MASK, "--mask-mode", "white")
    areas = ("--area", "logo:brand:10,10,40,30", "--area", "Schrift “Frühling” 画:text:100,20,60,40")
    for path in (SPRING, LONG):
        project.write(path, project.pictures.drifted)
        said = ("--prompt", 'A "spring" \\ meadow\nin two lines, 春', "--model", "m")
        assert project.maskproof("record", path, *masked, *areas, *said).returncode == 0
    project.write("assets/made.png", png(texture(5)))
    assert project.maskproof("record", "assets/made.png", "--generated").returncode == 0
    project.git("add", "-A")
    for path in (SPRING, LONG):
        done = project.maskproof("approve", path, "--reason", "So meint es die Marke: “hell”, 明るい", **SOMEBODY_ELSE)
        assert done.returncode == 0, done.stdout + done.stderr
    project.git("add", "-A")
    written = [one for one in project.git("ls-files", "-z").stdout.split("\0") if one.endswith(".json")]
    assert [sum(mark in one for one in written) for mark in (".maskproof.json", "approvals/", "baseline")] == [3, 2, 1]
    done = prettier(project, *written)
    assert done.returncode == 0, done.stdout + done.stderr
    project.write("no.json", '{"a":1}')
    assert prettier(project, "no.json").returncode == 1
