"""The pages that are more than text: commands that run as they stand, pictures that a script draws, a site of all."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageChops

from projects import ROOT, clean_environment

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = re.compile(r"<!-- run: exit (\d)(.*?) -->\n```sh\n(.*?)```", re.DOTALL)
PAGE = (ROOT / "docs" / "first-ten-minutes.md").read_text(encoding="utf-8")


def module(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.acceptance
@pytest.mark.skipif(os.name != "posix", reason="the page is written for a shell")
def test_every_command_of_the_first_ten_minutes_says_what_stands_there(tmp_path: Path) -> None:
    assert PAGE.count("```sh\n") == len(BLOCK.findall(PAGE)) > 8
    for name, words in {"maskproof": ("-m", "maskproof"), "python": ()}.items():
        file = tmp_path / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f'#!/bin/sh\nexec {shlex.join((sys.executable, *words))} "$@"\n')
        file.chmod(0o755)
    path = os.pathsep.join((str(tmp_path / "bin"), os.environ["PATH"]))
    env = {**clean_environment(), "PATH": path, "PRE_COMMIT_HOME": str(tmp_path / "cache")}
    where = tmp_path
    for status, said, commands in BLOCK.findall(PAGE):
        script = f"trap 'pwd > {shlex.quote(str(tmp_path / 'where'))}' EXIT\nset -e\n{commands}"
        done = subprocess.run(["bash", "-c", script], cwd=where, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == int(status), commands + done.stdout + done.stderr
        for words in filter(None, (one.strip() for one in said.split(";"))):
            assert words in done.stdout + done.stderr, commands
        where = type(tmp_path)((tmp_path / "where").read_text().strip())


@pytest.mark.acceptance
def test_the_pictures_are_what_the_program_draws(tmp_path: Path) -> None:
    picture = module("picture")
    drawn = {picture.PICTURE: picture.sheet(tmp_path), picture.PROTECTED: picture.protected(tmp_path)}
    for kept, new in drawn.items():
        before, after = Image.open(kept).convert("L"), Image.open(new).convert("L")
        assert before.size == after.size
        differences = ImageChops.difference(before, after).resize((64, 64), Image.Resampling.BOX)
        assert differences.getextrema()[1] < 24, "run `python docs/picture.py`"


def test_the_site_is_built_and_no_link_of_it_leads_nowhere(tmp_path: Path) -> None:
    if importlib.util.find_spec("zensical") is None:
        pytest.skip("zensical is not installed: it comes with the extra `docs`")
    site = module("site").build(tmp_path / "docs")
    sources = {file.relative_to(ROOT / "docs") for file in (ROOT / "docs").rglob("*.md")}
    made = {file.relative_to(site) for file in site.rglob("*.html")}
    assert len(made) >= len(sources)
    for file in made:
        text = (site / file).read_text(encoding="utf-8")
        for target in re.findall(r'href="([^"#?]+)["#?]', text):
            if "://" not in target and not target.startswith(("mailto:", "/")):
                assert ((site / file).parent / target).exists(), (file, target)
    assert "<!-- run:" not in (site / "first-ten-minutes.html").read_text()
