"""The shape of the package: who may import whom, and what a commit without images must not pay for."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from maskproof.repo import paths

if TYPE_CHECKING:
    from collections.abc import Collection

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "hooks" / "maskproof"

LAYERS = (
    {"__init__"},
    {"model", "errors", "content"},
    {"documents", "atomic", "memo", "spool"},
    {"shelf"},
    {"remote"},
    {"repo", "drift", "images"},
    {"parallel"},
    {"policy", "evidence", "likeness"},
    {"records"},
    {"regions", "marks"},
    {"gate", "masks"},
    {"report", "recording"},
    {"restore", "setup"},
    {"edit", "pulls"},
    {"ui"},
    {"cli"},
    {"hook"},
    {"__main__"},
)
"""from the ground up; a part imports from lower layers only, and the parts of one layer do not know each other"""
PARTS = {
    one.stem if one.suffix == ".py" else one.name
    for one in PACKAGE.iterdir()
    if one.suffix == ".py" or (one / "__init__.py").exists()
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def part_of(file: Path) -> str:
    """The part that a module belongs to: a file of the package, or a folder in it."""
    place = file.relative_to(PACKAGE).parts[0]
    return place.removesuffix(".py")


def imported(tree: ast.AST) -> set[str]:
    """The parts of the package that a module imports, anywhere in it: at the top, in functions, for types."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            dotted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            dotted = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in dotted:
            pieces = name.split(".")
            if pieces[0] == "maskproof":
                known = len(pieces) > 1 and pieces[1] in PARTS | {part for layer in LAYERS for part in layer}
                found.add(pieces[1] if known else "__init__")
    return found


def level(part: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if part in layer)


IMPORTS = {
    part: set().union(
        *(imported(ast.parse(file.read_text(encoding="utf-8"))) for file in MODULES if part_of(file) == part)
    )
    - {part}
    for part in sorted(PARTS)
}


def test_every_part_has_its_layer():
    assert {part for layer in LAYERS for part in layer} >= PARTS


@pytest.mark.parametrize("part", IMPORTS)
def test_imports_point_down(part):
    wrong = {other for other in IMPORTS[part] if level(other) >= level(part)}
    assert not wrong, f"{part} imports {', '.join(sorted(wrong))}"


def test_there_is_no_circle():
    done: set[str] = set()
    left = dict(IMPORTS)
    while left:
        free = {part for part, others in left.items() if others & PARTS <= done}
        assert free, f"these import each other: {', '.join(left)}"
        done |= free
        left = {part: others for part, others in left.items() if part not in free}


EXCEPTION = "maskproof.repo.objects", "maskproof.repo"
"""the objects of a repository are made by it, and in another process make it anew"""


def test_there_is_no_circle_of_modules_either():
    files = {".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts): file for file in MODULES}
    known = {name.removesuffix(".__init__"): file for name, file in files.items()}
    left = {name: _modules(file, known.keys()) - {name} for name, file in known.items()}
    assert EXCEPTION[1] in left[EXCEPTION[0]], "the exception is not needed any more"
    left[EXCEPTION[0]] = left[EXCEPTION[0]] - {EXCEPTION[1]}
    while left:
        free = {name for name, others in left.items() if not others & left.keys()}
        assert free, f"these import each other: {', '.join(sorted(left))}"
        left = {name: others for name, others in left.items() if name not in free}


def _modules(file: Path, known: Collection[str]) -> set[str]:
    """The modules that one imports, anywhere in it; of a package only itself, where a name of it is not a module."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("maskproof"):
            dotted = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {name if name in known else node.module for name in dotted}
    return {name for name in found if name in known}


@pytest.mark.parametrize(
    ("library", "users"),
    [
        ("subprocess", {"repo", "setup", "images", "ui"}),
        ("click", {"cli"}),
        ("tomllib", {"documents"}),
        ("json", {"documents", "report", "setup", "evidence", "gate"}),
        ("c2pa", {"evidence", "marks"}),
        ("cryptography", {"marks"}),
        ("xml", {"evidence", "marks"}),
        (
            "PIL",
            {"drift", "edit", "gate", "images", "likeness", "masks", "policy", "regions", "report", "restore", "setup"},
        ),
        ("scipy", {"drift", "masks", "restore"}),
        ("csv", {"setup", "records", "report"}),
        ("concurrent", {"parallel", "likeness", "images", "drift", "gate"}),
        ("distributed", {"gate"}),
        ("fsspec", {"remote"}),
        ("git", {"repo"}),
        ("sqlite3", {"likeness"}),
        ("imagehash", {"likeness"}),
        ("openai", {"edit"}),
    ],
)
def test_each_library_has_its_place(library, users):
    found = set()
    for file in MODULES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == library for alias in node.names)) or (
                isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == library
            ):
                found.add(part_of(file))
    assert found <= users


DISTRIBUTIONS = {
    "PIL": "pillow",
    "git": "gitpython",
    "c2pa": "c2pa-python",
    "cv2": "opencv-python-headless",
    "yaml": "pre-commit",
}
"""what installs a module, where that has another name"""


EXTRAS = ("c2pa", "dask", "demo", "openai", "remote", "sixel", "text", "vision")


def test_whatever_is_imported_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = (project["optional-dependencies"][one] for one in EXTRAS)
    asked = {
        re.split(r"[^\w-]", one)[0] for one in (*project["dependencies"], *(one for extra in extras for one in extra))
    }
    used = set()
    for file in MODULES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            used |= {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"maskproof"}
    assert len(used) > 5
    assert {DISTRIBUTIONS.get(name, name) for name in used} <= asked


@pytest.mark.parametrize("call", ["print", "exit", "input", "environ", "argv"])
def test_only_the_command_line_prints_exits_and_reads_the_environment(call):
    allowed = {"cli", "hook"} | {"environ": {"repo", "setup"}}.get(call, set())
    found = set()
    for file in MODULES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            used = (
                isinstance(node, ast.Attribute)
                and node.attr == call
                and isinstance(node.value, ast.Name)
                and node.value.id in {"sys", "os"}
            )
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == call
            if used or called:
                found.add(part_of(file))
    assert found <= allowed


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_every_module_opens_with_its_concept(file):
    assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_values_are_of_one_kind(file):
    # A dataclass takes 0.6 ms to make where a `msgspec.Struct` takes 0.03, and every command that judges makes 120.
    assert "dataclass" not in file.read_text(encoding="utf-8")


HEAVY = ("numpy", "PIL", "git", "imagehash", "scipy", "openai", "c2pa")


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("maskproof.cli", (*HEAVY, "dataclasses")),
        *(
            (module, (*HEAVY, "dataclasses", "msgspec"))
            for module in ("maskproof", "maskproof.repo", "maskproof.repo.change")
        ),
    ],
)
def test_a_commit_without_images_loads_nothing_heavy(module, heavy):
    code = f"import sys, {module}; print(*sorted(set({heavy!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


# --- the hook manifest ----------------------------------------------------------------------------------------------

HOOK, FIXER = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "name",
    [
        "a.png",
        "a/b.PNG",
        "a.jpg",
        "a.JPEG",
        "a.jpe",
        "a.jfif",
        "a.webp",
        "a.avif",
        "a.gif",
        "a.tif",
        "a.TIFF",
        "a.heic",
        "a.heif",
        "a.jxl",
        "a.bmp",
        "a.apng",
        "a.mpo",
        "a.b.png",
        ".png",
        "ä ö.png",
        "a.png.maskproof.json",
        "x/.maskproof.json",
        "maskproof.toml",
        "pyproject.toml",
        "MASKPROOF.toml",
        "sub/maskproof.toml",
        ".gitattributes",
        "a/.gitattributes",
        "x.gitattributes",
        "a.svg",
        "a.txt",
        "apng",
        "a.png.txt",
        "a.pngx",
        "a.png/b",
        "a.json",
        "maskproof.json",
        "a.maskproof.jsonx",
        "xmaskproof.toml",
        "maskproof.toml.bak",
        "pyproject.tom",
        "a.psd",
        "README.md",
        "",
        "png",
    ],
)
def test_the_manifest_passes_the_names_that_the_tool_looks_at(name):
    assert bool(re.search(HOOK["files"], name)) == paths.is_ours(name)


@pytest.mark.parametrize("name", ["sub/pyproject.toml", "a.png.MASKPROOF.json"])
def test_names_that_the_manifest_passes_for_nothing(name):
    # A name too many costs nothing; one too few would be judged by nobody.
    assert re.search(HOOK["files"], name)
    assert not paths.is_ours(name)


@pytest.mark.parametrize("kind", re.findall(r"[a-z]+", paths.IMAGE.pattern.replace("?:", "").replace("?", "")))
def test_no_image_is_left_out_by_the_manifest(kind):
    assert re.search(HOOK["files"], f"x/y.{kind}")


def test_the_manifest_runs_on_every_commit_once():
    assert HOOK["id"] == "maskproof"
    assert HOOK["always_run"]
    assert HOOK["pass_filenames"]
    assert HOOK["require_serial"]
    assert HOOK["verbose"], "pre-commit hides what a passing hook says"
    assert set(HOOK["stages"]) == {"pre-commit", "pre-merge-commit", "pre-push", "manual"}
    assert HOOK["minimum_pre_commit_version"] == "3.2.0"


def test_the_fixer_runs_only_when_it_is_asked_for():
    assert FIXER["id"] == "maskproof-restore"
    assert FIXER["stages"] == ["manual"]
    assert FIXER["entry"] == "maskproof restore --staged"
    alike = (
        "args",
        "always_run",
        "pass_filenames",
        "require_serial",
        "files",
        "language",
        "minimum_pre_commit_version",
    )
    assert {key: FIXER[key] for key in alike} == {key: HOOK[key] for key in alike}
