"""`maskproof doctor`: each gap is found in a real repository, with a command, and its mending ends it."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from maskproof.setup import doctor
from projects import HERO, ROOT, Project

JOB = """\
on: pull_request_target
jobs:
  maskproof:
    steps:
    - uses: actions/checkout@v4
      with: {fetch-depth: 0}
    - run: maskproof check $range   # never pre-commit, and no github.head_ref
"""
WORKFLOW = ".github/workflows/gate.yml"
HOOKS = "repos:\n- repo: https://example.invalid/a\n  rev: v1\n  hooks:\n  - id: maskproof\n"
FIRM = {
    "maskproof.toml": "version = 1\n",
    WORKFLOW: JOB,
    ".pre-commit-config.yaml": HOOKS,
    ".github/CODEOWNERS": "* @somebody\n*.md\n",
}


@pytest.fixture
def firm(project: Project) -> Project:
    """A repository in which nothing but what a server knows is open."""
    for path, text in FIRM.items():
        project.write(path, text)
    project.commit("Set up")
    return project


def diagnosed(project: Project) -> tuple[int, dict[str, dict[str, str]]]:
    done = project.maskproof("doctor", "--format", "json")
    return done.returncode, {one["id"]: one for one in reversed(json.loads(done.stdout)["diagnoses"])}


def test_of_a_firm_repository_only_what_the_service_knows_is_said(firm):
    assert diagnosed(firm)[0] == 0
    assert diagnosed(firm)[1].keys() == {"required"}
    assert "gh api" in firm.maskproof("doctor").stdout


GITLAB = "maskproof:\n  script:\n  - maskproof check $range\n"
CHANGES = {
    "policy": {"maskproof.toml": None},
    "policy, broken": {"maskproof.toml": "version = 2\n"},
    "no-job": {WORKFLOW: None},
    "no-job, named in a comment": {WORKFLOW: "on: push # maskproof\n"},
    "job-of-the-change": {WORKFLOW: JOB.replace("_target", ""), ".github/CODEOWNERS": "maskproof.toml @a\n"},
    "job-of-the-change, another service": {".gitlab-ci.yml": GITLAB, ".github/CODEOWNERS": "/.github/ @a\n"},
    "head-checked-out": {WORKFLOW: JOB + "    - run: git checkout ${{ github.event.pull_request.head.sha }}\n"},
    "job-through-pre-commit": {WORKFLOW: JOB.replace("maskproof", "pre-commit run --all-files")},
    "shallow-job": {WORKFLOW: JOB.replace("fetch-depth: 0", "lfs: true")},
    "no-hook": {".pre-commit-config.yaml": "repos: []\n"},
    "hook-changed": {".pre-commit-config.yaml": HOOKS + "    stages: [manual]\n"},
    "no-hook, but the other one": {".pre-commit-config.yaml": HOOKS.replace("maskproof", "maskproof-restore")},
    "hook-changed, in another order": {".pre-commit-config.yaml": HOOKS + '    name: x\n    entry: "true"\n'},
    "no-owner": {".github/CODEOWNERS": "* @somebody\nmaskproof.toml\n"},
    "no-owner, no file of owners": {".github/CODEOWNERS": None},
    "no-signers": {".maskproof/allowed_signers": "# nobody yet\n"},
}


@pytest.mark.parametrize("case", CHANGES)
@pytest.mark.threat("T12")
def test_a_gap_is_named_with_a_command(firm, case):
    for path, text in CHANGES[case].items():
        if text is None:
            firm.git("rm", "-q", path)
        else:
            firm.write(path, text)
    firm.commit("A gap")
    name = case.partition(",")[0]
    status, found = diagnosed(firm)
    assert name in found
    assert found[name]["command"]
    assert status == (1 if any(one["severity"] == "gap" for one in found.values()) else 0)
    assert (status == 0) == (name in {"shallow-job", "no-hook"})


@pytest.mark.parametrize("case", ["shallow", "partial", "lfs", "replace-refs", "grafts", "hook-not-installed"])
def test_what_a_clone_lacks_or_was_given(firm, case):
    clone = firm
    if case in {"shallow", "partial", "hook-not-installed"}:
        firm.git("config", "uploadpack.allowFilter", "true")
        clone = firm.at(firm.root.parent / "clone")
        how = {"shallow": ["--depth=1"], "partial": ["--filter=blob:none"]}.get(case, [])
        firm.git("clone", "-q", *how, f"file://{firm.root}", str(clone.root))
    elif case == "lfs":
        digest = hashlib.sha256(firm.pictures.original).hexdigest()
        size = len(firm.pictures.original)
        firm.write(HERO, f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {size}\n")
        firm.commit("Into Git LFS")
    elif case == "replace-refs":
        firm.git("replace", "HEAD", "HEAD~1")
    else:
        (firm.root / ".git/info").mkdir(exist_ok=True)
        (firm.root / ".git/info/grafts").write_text("")
    status, found = diagnosed(clone)
    assert case in found
    assert (status == 1) == (case in {"shallow", "lfs"})


def test_old_versions_are_named(firm, monkeypatch):
    from maskproof.repo import Repository

    monkeypatch.setattr(doctor, "MIN_GIT", (99, 0))
    monkeypatch.setattr(doctor, "PACKAGES", {"Pillow": (99, 1), "there is none of this name": (1, 0)})
    found = [one for one in doctor.examined(Repository(firm.root)) if one.id == "version"]
    assert [re.search(r"older than (\S+)", one.message)[1] for one in found] == ["99.0", "99.1"]


@pytest.mark.parametrize(
    ("pattern", "path", "covers"),
    [
        ("*", "maskproof.toml", True),
        ("/.github/", ".github/workflows/a.yml", True),
        (".github", ".github/workflows/a.yml", True),
        ("*.toml", "maskproof.toml", True),
        ("/*.yml", ".github/workflows/a.yml", False),
        ("workflows/*", ".github/workflows/a.yml", False),
        ("**/workflows/", ".github/workflows/a.yml", True),
        ("/maskproof.toml", "maskproof.toml", True),
        ("maskproof", "maskproof.toml", False),
    ],
)
def test_patterns_of_owners(pattern, path, covers):
    assert doctor._covers(pattern, path) == covers


def test_outside_a_repository(scratch):
    assert scratch.run("git", "rev-parse", "HEAD", ok=False).returncode
    assert diagnosed(scratch)[0] == 1
    done = scratch.maskproof("doctor", "--format", "json", GIT_DIR="nowhere")
    assert done.returncode == 2


def test_every_id_stands_on_its_page():
    told = set(re.findall(r'Diagnosis\(\s*"([a-z-]+)"', (ROOT / "hooks/maskproof/setup/doctor.py").read_text()))
    page = (ROOT / "docs/doctor.md").read_text()
    rows = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    assert told == {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}


def test_records_that_lfs_takes_with_their_folder(firm):
    firm.write(".gitattributes", "assets/** filter=lfs diff=lfs merge=lfs -text\n")
    firm.commit("A folder in LFS")
    found = firm.maskproof("doctor").stdout
    assert "lfs-records" in found
    command = re.search(r"-> (echo .*maskproof\.json.*)", found)[1]
    firm.run("sh", "-c", command)
    firm.commit("Records stay text")
    assert "lfs-records" not in firm.maskproof("doctor").stdout
