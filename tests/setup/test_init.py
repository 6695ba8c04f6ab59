"""`maskproof init`: what it writes can be used as it is, and nothing that exists is lost."""

from __future__ import annotations

import itertools
import json
import re
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from maskproof import __version__, policy
from maskproof.policy.owners import owners_of
from maskproof.setup.ci import SERVICES
from projects import ROOT, png, texture

if TYPE_CHECKING:
    from projects import Project, Scratch

APPROVAL = ".maskproof/approvals/a-1.json"


def test_an_empty_repository_gets_policy_hook_and_check(scratch: Scratch) -> None:
    done = scratch.maskproof("init")
    assert done.returncode == 0
    schema = (scratch.root / "maskproof.toml").read_text().splitlines()[0].removeprefix("#:schema ")
    assert schema == policy.schema()["$id"]
    config = yaml.safe_load((scratch.root / ".pre-commit-config.yaml").read_text())
    assert config["repos"][0]["hooks"] == [{"id": "maskproof"}]
    scratch.run(sys.executable, "-m", "pre_commit", "validate-config")
    assert policy.parse((scratch.root / "maskproof.toml").read_bytes(), "maskproof.toml", lambda _: None) is not None
    workflow = yaml.safe_load((scratch.root / ".github/workflows/maskproof.yml").read_text())
    checkout, check = workflow["jobs"]["maskproof"]["steps"]
    assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False}
    assert re.fullmatch(r"actions/checkout@[0-9a-f]{40}", checkout["uses"])
    assert check == {"uses": f"maskproof/maskproof@v{__version__}"}
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["maskproof"]["permissions"] == {"contents": "read"}
    assert {"pull_request_target", "merge_group"} == workflow[True].keys()  # `on`, as YAML 1.1 reads it


@pytest.mark.parametrize(
    "before",
    [
        "repos:\n- repo: https://example.invalid/a\n  rev: v1\n  hooks:\n  - id: a\n",
        (
            "# ours\ndefault_stages: [pre-commit]\nrepos:   # all of them\n\n    # first\n    - repo: https://example.invalid/a\n"
            "      rev: v1\n      hooks:\n        - id: a\n"
        ),
        "repos:\n- repo: https://example.invalid/a\n  rev: v1\n  hooks:\n  - id: a",
        "repos:\n- repo: https://example.invalid/a\n  rev: v1\n  hooks:\n  - id: a\n# the rest\nci:\n  skip: [a]\n",
    ],
)
def test_the_hook_joins_the_others_and_keeps_the_comments(scratch: Scratch, before: str) -> None:
    scratch.write(".pre-commit-config.yaml", before)
    assert scratch.maskproof("init").returncode == 0
    after = (scratch.root / ".pre-commit-config.yaml").read_text()
    scratch.run(sys.executable, "-m", "pre_commit", "validate-config")
    assert [repo["hooks"][0]["id"] for repo in yaml.safe_load(after)["repos"]] == ["a", "maskproof"]
    assert all(line in after.splitlines() for line in before.splitlines())
    assert "# the rest" not in before or "# the rest\nci:" in after


@pytest.mark.parametrize("text", ["repos: [{repo: local, hooks: []}]\n", "- id: a\n"])
def test_a_list_in_another_form_is_left_alone_and_the_entry_is_shown(scratch: Scratch, text: str) -> None:
    scratch.write(".pre-commit-config.yaml", text)
    done = scratch.maskproof("init")
    assert (scratch.root / ".pre-commit-config.yaml").read_text() == text
    assert "\n- repo: https://github.com/maskproof/maskproof\n" in done.stdout
    assert "Next: what is left above to be done by hand, then " in done.stdout


@pytest.mark.parametrize("text", ["repos: []\n", "# ours\nrepos: [ ]  # none yet\nci:\n  skip: [a]\n", "repos: []"])
def test_an_empty_list_gets_the_hook(scratch: Scratch, text: str) -> None:
    scratch.write(".pre-commit-config.yaml", text)
    done = scratch.maskproof("init")
    assert "Next: `pre-commit install`" in done.stdout
    scratch.run(sys.executable, "-m", "pre_commit", "validate-config")
    after = (scratch.root / ".pre-commit-config.yaml").read_text()
    assert [repo["hooks"][0]["id"] for repo in yaml.safe_load(after)["repos"]] == ["maskproof"]
    assert ("skip" in after, "# ours" in after) == ("skip" in text, "# ours" in text)


@pytest.mark.parametrize(
    "hook",
    [
        "id: maskproof",
        "{id: maskproof, name: m, entry: maskproof check --, language: system}",
        '"id": "maskproof"',
        "name: pictures\n    id: 'maskproof'  # ours",
        "id: pictures\n    entry: python -m maskproof check --",
        'id: pictures\n    entry: "maskproof" "check"',
    ],
)
def test_a_hook_of_ours_that_is_there_gets_no_second_one(scratch: Scratch, hook: str) -> None:
    before = f"repos:\n- repo: local\n  hooks:\n  - {hook}\n"
    scratch.write(".pre-commit-config.yaml", before)
    assert ".pre-commit-config.yaml names maskproof already" in scratch.maskproof("init").stdout
    assert (scratch.root / ".pre-commit-config.yaml").read_text() == before


@pytest.mark.parametrize("hook", ["id: maskproof-restore", "id: other\n    # id: maskproof"])
def test_another_hook_is_no_hook_of_ours(scratch: Scratch, hook: str) -> None:
    scratch.write(".pre-commit-config.yaml", f"repos:\n- repo: local\n  hooks:\n  - {hook}\n")
    assert "Added maskproof to" in scratch.maskproof("init").stdout


@pytest.mark.parametrize("owner", [(), ("--owner", "@acme/design")])
def test_its_own_commit_passes_without_a_word(project: Project, owner: tuple[str, ...]) -> None:
    project.maskproof("init", *owner)
    project.stage()
    assert project.try_commit().counts == []
    said = project.root / "maskproof.toml"
    said.write_text(said.read_text().replace("[approvals]\n", "[approvals]\nrequired = 0\n"))
    project.stage()
    assert "this change loosens approvals.required" in " ".join(project.try_commit().text.split())


@pytest.mark.parametrize(
    "broken",
    [("--rev", "a\nb"), ("--rev", "a b"), ("--rev", ""), ("--rev", "v1 # x"), ("--owner", "a b"), ("--owner", "a\nb")],
)
def test_what_would_break_a_file_is_refused_and_nothing_is_written(scratch: Scratch, broken: tuple[str, str]) -> None:
    done = scratch.maskproof("init", *broken)
    assert (done.returncode, broken[0] in done.stderr) == (2, True), done.stdout + done.stderr
    assert [one.name for one in scratch.root.iterdir()] == [".git"]


@pytest.mark.parametrize("rev", ["v1.2.0", "0123456", "1.0", "123e4567", "release/2-x", "9f" * 20])
def test_a_version_stays_what_it_is_and_is_told_by_the_next_run(scratch: Scratch, rev: str) -> None:
    scratch.maskproof("init", "--rev", rev)
    config = yaml.safe_load((scratch.root / ".pre-commit-config.yaml").read_text())
    assert config["repos"][0]["rev"] == rev
    said = scratch.maskproof("init").stdout
    assert said.count(f"it pins {rev}") == 2
    assert f"v{__version__}" not in said.replace(rev, "")


@pytest.mark.parametrize("ci", [name for name in SERVICES if name != "pre-commit"])
@pytest.mark.parametrize("advise", [(), ("--advise",)])
def test_what_is_written_is_laid_out_as_formatters_do(scratch: Scratch, ci: str, advise: tuple[str, ...]) -> None:
    """Lists one step under their key, one space before a comment, double quotes: as Prettier has them."""
    scratch.write(".gitattributes", "*.png filter=lfs\n")
    scratch.git("add", "-A")
    scratch.maskproof("init", "--ci", ci, *advise)
    for file in (one for one in scratch.root.rglob("*") if one.suffix in {".yml", ".yaml"}):
        lines = file.read_text().split("\n")
        assert yaml.safe_load(file.read_text())
        for before, line in itertools.pairwise(lines):
            indent = len(line) - len(line.lstrip(" "))
            assert not re.search(r"\S {2,}# |^ *'", line) or "AGENT_TEMPDIRECTORY" in line, line
            if line.lstrip().startswith("- ") and before.rstrip().endswith(":"):
                assert indent == len(before) - len(before.lstrip(" -")) + 2, line


def test_a_second_run_changes_nothing(scratch: Scratch) -> None:
    scratch.maskproof("init")
    files = {path: path.read_bytes() for path in scratch.root.rglob("*") if path.is_file() and ".git/" not in str(path)}
    done = scratch.maskproof("init")
    assert done.stdout.count("left alone") == 4
    assert files == {path: path.read_bytes() for path in files}


def test_it_stops_what_nobody_recorded_or_judged_and_warns_of_masks(scratch: Scratch) -> None:
    scratch.maskproof("init")
    said = policy.parse((scratch.root / "maskproof.toml").read_bytes(), "maskproof.toml", lambda _: None)
    assert said is not None
    assert (said.defaults.unrecorded, said.defaults.new_original, said.defaults.new_mask) == ("block", "block", "warn")
    assert said.approvals.authority == "merged"
    assert owners_of(lambda path: _read(scratch, path), APPROVAL) == ()


def test_owners_review_what_decides(scratch: Scratch) -> None:
    scratch.write(".github/CODEOWNERS", "* @everybody\n*.json @others")
    scratch.maskproof("init", "--owner", "@acme/design", "--owner", "@acme/brand")
    said = policy.parse((scratch.root / "maskproof.toml").read_bytes(), "maskproof.toml", lambda _: None)
    assert said is not None
    assert said.approvals.authority == "codeowners"
    for path in (APPROVAL, "maskproof.toml", ".github/CODEOWNERS", ".github/workflows/maskproof.yml"):
        assert owners_of(lambda place: _read(scratch, place), path) == ("@acme/design", "@acme/brand")
    assert (scratch.root / ".github/CODEOWNERS").read_text().startswith("* @everybody\n*.json @others\n")


FILES = {name: one.file for name, one in SERVICES.items()}


@pytest.mark.parametrize("ci", SERVICES)
def test_advice_only_warns_and_stops_nobody(scratch: Scratch, ci: str) -> None:
    scratch.maskproof("init", "--advise", "--ci", ci)
    said = policy.parse((scratch.root / "maskproof.toml").read_bytes(), "maskproof.toml", lambda _: None)
    assert said is not None
    assert (said.defaults.unrecorded, said.defaults.new_original) == ("warn", "warn")
    text = (scratch.root / FILES[ci]).read_text()
    (line,) = (one for one in text.splitlines() if "for the first fortnight" in one)
    assert (
        line.partition(" #")[0]
        .rstrip()
        .endswith(("continue-on-error: true", "allow_failure: true", "|| true", "Error: true"))
    )
    assert ci == "pre-commit" or yaml.safe_load(text)
    scratch.maskproof("init", "--ci", ci)
    assert (scratch.root / FILES[ci]).read_text() == text


@pytest.mark.parametrize("ci", SERVICES)
def test_owners_review_the_job_of_each_service(scratch: Scratch, ci: str) -> None:
    scratch.maskproof("init", "--ci", ci, "--owner", "@acme/design")
    for path in (FILES[ci], "maskproof.toml", APPROVAL, ".pre-commit-config.yaml"):
        assert owners_of(lambda place: _read(scratch, place), path) == ("@acme/design",), path


@pytest.mark.parametrize(("file", "ci"), [(one.sign, name) for name, one in SERVICES.items() if one.sign])
def test_a_service_is_known_by_its_own_file_which_is_left_alone(scratch: Scratch, file: str, ci: str) -> None:
    scratch.write(file, "a: b\n")
    done = scratch.maskproof("init")
    assert (scratch.root / file).read_text() == "a: b\n"
    assert (scratch.root / FILES[ci]).exists()
    assert not (scratch.root / ".github/workflows").exists()
    assert FILES[ci] != file or 'pip install "maskproof @ git+' in done.stdout


def test_nobody_is_called_the_author_who_only_started_the_pipeline(scratch: Scratch) -> None:
    scratch.maskproof("init", "--ci", "gitlab")
    job = (scratch.root / ".gitlab/maskproof.yml").read_text()
    assert "maskproof check" in job
    assert not any(name in job for name in ("AUTHOR", "GITLAB_USER"))


def test_what_is_there_is_accepted(project: Project) -> None:
    project.write("old.png", project.pictures.marked)
    project.commit("An old picture")
    assert "1 picture of 3" in project.maskproof("init").stdout
    project.commit("Set up")
    assert project.maskproof("check", "--all").returncode == 0


def _read(scratch: Scratch, path: str) -> bytes | None:
    file = scratch.root / path
    return file.read_bytes() if file.exists() else None


def test_gitlab_gets_its_own_template_and_what_includes_it(scratch: Scratch) -> None:
    scratch.maskproof("init", "--ci", "gitlab", "--rev", "v9")
    text = (scratch.root / ".gitlab/maskproof.yml").read_text()
    assert "@v9" in yaml.safe_load(text)["maskproof"]["script"][0]
    assert not (scratch.root / ".github").exists()
    assert yaml.safe_load((scratch.root / ".gitlab-ci.yml").read_text()) == {
        "include": [{"local": ".gitlab/maskproof.yml"}]
    }


def test_where_gitlab_has_jobs_its_check_is_written_and_how_to_include_it_said(scratch: Scratch) -> None:
    before = "test:\n  script: [make]\n"
    scratch.write(".gitlab-ci.yml", before)
    done = scratch.maskproof("init")
    assert (scratch.root / ".gitlab/maskproof.yml").exists()
    assert not (scratch.root / ".github").exists()
    assert (scratch.root / ".gitlab-ci.yml").read_text() == before
    assert "once it says:\ninclude:\n  - local: .gitlab/maskproof.yml\n" in done.stdout
    scratch.write(".gitlab-ci.yml", before + "include:\n- local: .gitlab/maskproof.yml\n")
    assert "once it says" not in scratch.maskproof("init").stdout


@pytest.mark.parametrize("attributes", [None, "*.png filter=lfs diff=lfs merge=lfs -text\n"])
def test_gitlab_s_image_gets_git_lfs_where_pictures_lie_there(scratch: Scratch, attributes: str | None) -> None:
    if attributes:
        scratch.write("assets/.gitattributes", attributes)
        scratch.git("add", "-A")
    scratch.maskproof("init", "--ci", "gitlab")
    script = yaml.safe_load((scratch.root / ".gitlab/maskproof.yml").read_text())["maskproof"]["script"]
    assert any("install git-lfs" in line for line in script) == bool(attributes)


def test_what_is_pinned_is_what_was_installed_or_is_said_to_need_publishing(scratch, tmp_path):
    scratch.write("a.png", png(texture(1)))
    scratch.commit()
    done = scratch.maskproof("init", "--ci", "none")
    assert "Hook and check pin v" in done.stdout
    assert "--rev COMMIT" in done.stdout
    commit = "0123456789abcdef0123456789abcdef01234567"
    noted = tmp_path / "site" / "maskproof-0.1.0.dist-info"
    noted.mkdir(parents=True)
    (noted / "METADATA").write_text("Metadata-Version: 2.1\nName: maskproof\nVersion: 0.1.0\n")
    (noted / "direct_url.json").write_text(
        json.dumps({"url": "https://x.example/m", "vcs_info": {"vcs": "git", "commit_id": commit}})
    )
    (scratch.root / ".pre-commit-config.yaml").unlink()
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from maskproof.hook import main; main()"
    done = scratch.run(
        sys.executable, "-P", "-c", code, str(noted.parent), "init", "--ci", "none", PYTHONPATH=str(ROOT / "hooks")
    )
    assert f"rev: {commit}" in (scratch.root / ".pre-commit-config.yaml").read_text()
    assert "has to be published" not in done.stdout
