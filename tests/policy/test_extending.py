"""What CONTRIBUTING promises of the policy: a kind of region, or a key, is a row and nothing else.

Each is tried in a copy of the package, so that nothing is patched in place and every module reads the row itself.
"""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from projects import ROOT, Scratch

if TYPE_CHECKING:
    from pathlib import Path

POLICY = 'version = 1\n[[areas]]\npaths = ["**"]\nname = "sticker"\nkind = "label"\nbox = [0, 0, 9, 9]\n'


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package that may be changed; its folder is what PYTHONPATH names."""
    shutil.copytree(ROOT / "hooks", tmp_path / "hooks", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "hooks"


def insert(file: Path, before: str, line: str) -> None:
    text = file.read_text()
    assert text.count(before) == 1
    file.write_text(text.replace(before, line + before))


def python(scratch: Scratch, package: Path, code: str) -> object:
    return json.loads(scratch.run(sys.executable, "-c", code, PYTHONPATH=str(package)).stdout)


@pytest.fixture
def labels(package: Path) -> Path:
    """The package with one more kind of region, and one limit of it."""
    insert(package / "maskproof" / "model.py", '    PRODUCT = "product"\n', '    LABEL = "label"\n')
    rows = package / "maskproof" / "policy" / "limits.py"
    insert(rows, '    Limit("frame", "shift"', '    Limit("label", "toy", "x", 1.0, 0.7, None),\n')
    return package


def test_a_new_kind_is_read_in_a_policy(scratch: Scratch, labels: Path) -> None:
    scratch.write("maskproof.toml", POLICY + "[limits.label]\ntoy = 0.5\n")
    code = (
        "import json, pathlib; from maskproof import policy\n"
        "found = policy.load(lambda path: pathlib.Path(path).read_bytes() if path == 'maskproof.toml' else None)\n"
        "settings = policy.resolve(found, 'a.png')\n"
        "kinds = policy.schema()['$defs']['AreaRule']['properties']['kind']['enum']\n"
        "print(json.dumps([settings.areas[0].kind, settings.limits['label', 'toy'], kinds]))"
    )
    assert python(scratch, labels, code) == ["label", 0.5, ["brand", "face", "label", "product", "text"]]


def test_a_new_kind_is_recorded_and_read_in_a_sidecar(scratch: Scratch, labels: Path) -> None:
    for name in ("old.png", "new.png"):
        shutil.copy(ROOT / "fixtures" / "pass" / "rerendered" / "change" / "edit.png", scratch.root / name)
    (scratch.root / "new.png").write_bytes((scratch.root / "old.png").read_bytes() + b" ")
    command = ("record", "new.png", "--original", "old.png", "--area", "sticker:label:1,2,3,4")
    done = scratch.maskproof(*command, PYTHONPATH=str(labels))
    assert done.returncode == 0, done.stderr
    assert "sticker (label)" in done.stdout
    again = scratch.maskproof("record", "new.png", PYTHONPATH=str(labels))
    assert "sticker (label)" in again.stdout
    refused = scratch.maskproof(*command[:-1], "sticker:sky:1,2,3,4", PYTHONPATH=str(labels))
    assert refused.returncode == 2
    assert "KIND one of brand, text, face, label, product" in " ".join(refused.stderr.split())


def test_a_new_key_is_one_row(scratch: Scratch, package: Path) -> None:
    insert(
        package / "maskproof" / "policy" / "keys.py",
        "    prompt: Annotated[",
        '    spelling: Annotated[Choice, Row(ladder(*get_args(Choice)), "spelling {}")] = "off"\n',
    )
    code = (
        "import json; from maskproof import policy; from maskproof.policy import trust\n"
        "def read(text): return policy.parse(text.encode(), 'p.toml', lambda _: None)\n"
        "def settings(text): return policy.resolve(('p.toml', read(text)), 'a.png')\n"
        "base = settings('version = 1\\n[defaults]\\nspelling = \"warn\"\\n')\n"
        'head = settings(\'version = 1\\n[[rules]]\\npaths = ["*.png"]\\nspelling = "block"\\n\')\n'
        "plain = settings('version = 1')\n"
        "print(json.dumps([plain.spelling, trust.tighten(base, head).spelling, trust.tighten(head, base).spelling,"
        "trust.tighter_keys(base, head), trust.tighter_keys(head, base), head.describe().split(', ')[-1],"
        "'spelling' in policy.schema()['$defs']['Rule']['properties']]))"
    )
    assert python(scratch, package, code) == ["off", "block", "block", ["spelling"], [], "spelling block", True]
