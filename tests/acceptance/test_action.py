"""`action.yml`: each step's own script, run by bash as GitHub's runner does, in a job's clone with a real merge."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from processes import MASKPROOF
from projects import HERO, ROOT, SPRING, Project, clean_environment, sha256
from services import github, hosted, job, merged, pull_request, sha

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(os.name != "posix", reason="a job's shell"),
]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
TOKEN = "ghs_secret"  # noqa: S105 - the stand-in of one
MODULES = ("venv", "pip", "json", "maskproof", "sitecustomize", "numpy", "click", "encodings")
"""modules that Python would take from the current folder, where it looked there"""


@dataclass
class Runner:
    """GitHub's runner, as far as a composite action needs it."""

    temp: Path
    env: dict[str, str]
    """of the job"""
    event: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    kept: list[Mapping[str, str]] = field(default_factory=list)
    """what was asked of the action that uploads"""
    summary: str = ""

    def value(self, text: object) -> str:
        return EXPRESSION.sub(lambda found: self.context(found[1].split(".")), str(text))

    def context(self, names: list[str]) -> str:
        match names:
            case ["inputs", name]:
                return self.inputs.get(name, self.value(ACTION["inputs"][name]["default"]))
            case ["steps", step, "outputs", name]:
                return self.outputs.get(step, {}).get(name, "")
            case ["github", "event", *path]:
                value: Any = self.event
                for one in path:
                    value = value.get(one, {}) if isinstance(value, dict) else {}
                return str(value or "")
            case ["github", "server_url"]:
                return "https://github.example"
            case ["github", "token"]:
                return TOKEN
        raise AssertionError(names)

    def variables(self, step: Mapping[str, Any]) -> dict[str, str]:
        own = {key: self.value(value) for key, value in step.get("env", {}).items()}
        files = {"GITHUB_OUTPUT": str(self.temp / "output"), "GITHUB_STEP_SUMMARY": str(self.temp / "summary")}
        return {**clean_environment(), **self.env, "RUNNER_TEMP": str(self.temp), **files, "CI": "true", **own}

    def run(self, root: Path) -> int:
        """The exit status of the action: that of the first step that fails."""
        for step in ACTION["runs"]["steps"]:
            if "uses" in step:
                if "upload" in step["uses"]:
                    self.kept.append({key: self.value(value) for key, value in step["with"].items()})
                continue
            assert step["shell"] == "bash"
            Path(self.temp, "output").write_text("")
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=root / self.value(step.get("working-directory", ".")),
                env=self.variables(step),
                capture_output=True,
                text=True,
                check=False,
            )
            self.logs[step["name"]] = done.stdout + done.stderr
            lines = Path(self.temp, "output").read_text().splitlines()
            self.outputs.setdefault(step.get("id", ""), {}).update(line.split("=", 1) for line in lines)
            if done.returncode:
                return done.returncode
        if (file := self.temp / "summary").exists():
            self.summary = file.read_text()
        return 0

    def output(self, name: str) -> str:
        return self.value(ACTION["outputs"][name]["value"])


@pytest.fixture
def service(project: Project) -> Project:
    return hosted(project)


def runner(folder: Path, env: Mapping[str, str], **inputs: str) -> Runner:
    """One whose Python makes an environment in which maskproof is installed already."""
    temp = folder / "temp"
    temp.mkdir()
    program(
        folder / "bin" / "python",
        'mkdir -p "$4/bin" && cp "$0.made" "$4/bin/python" && cp "$0.tool" "$4/bin/maskproof"',
    )
    program(folder / "bin" / "python.made", f'echo "$@" >> {shlex.quote(str(folder / "installed"))}')
    program(folder / "bin" / "python.tool", f'exec {shlex.join((sys.executable, "-P", *MASKPROOF[1:]))} "$@"')
    path = os.pathsep.join((str(folder / "bin"), os.environ["PATH"]))
    more = {"PATH": path, "GITHUB_ACTION_PATH": str(ROOT), "PYTHONPATH": str(ROOT / "hooks")}
    return Runner(temp, {**env, **more}, json.loads(Path(env["GITHUB_EVENT_PATH"]).read_text()), inputs)


def program(file: Path, line: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)


def queued(service: Project) -> tuple[str, dict[str, str]]:
    event = {"merge_group": {"base_sha": sha(service, "main"), "head_sha": sha(service, "refs/pull/7/merge")}}
    return "refs/pull/7/merge", github(service, "merge_group", sha(service, "refs/pull/7/merge"), event)


def pushed(service: Project) -> tuple[str, dict[str, str]]:
    event = {"before": sha(service, "main"), "repository": {"default_branch": "main"}}
    return "refs/pull/7/merge", github(service, "push", sha(service, "refs/pull/7/merge"), event, "refs/heads/main")


EVENTS = {
    "pull_request": lambda service: ("refs/pull/7/merge", pull_request(service)),
    "pull_request_target": lambda service: ("main", pull_request(service, "pull_request_target")),
    "merge_group": queued,
    "push": pushed,
}
CLONES = {"whole": (), "shallow": ("--depth=1",), "partial": ("--filter=blob:none",)}


@pytest.mark.parametrize("clone", CLONES)
@pytest.mark.parametrize("kind", EVENTS)
def test_a_change_with_drift_fails_and_says_so_everywhere(
    service: Project, tmp_path: Path, kind: str, clone: str
) -> None:
    commit, env = EVENTS[kind](service)
    here = job(service, sha(service, commit), *CLONES[clone])
    ran = runner(tmp_path, env)
    assert ran.run(here.root) == 1, ran.logs
    said = {name: ran.output(name) for name in ("status", "verdict", "images", "compared", "blocked", "unjudged")}
    assert said == {"status": "1", "verdict": "block", "images": "1", "compared": "1", "blocked": "1", "unjudged": "0"}
    assert f"::error file={SPRING}.maskproof.json,line=1,title=outside-mask::" in ran.logs["Check"]
    assert (here.root / SPRING).exists() == (kind != "pull_request_target")
    (kept,) = ran.kept
    reports = Path(ran.output("reports"))
    assert kept["path"] == str(reports)
    assert json.loads((reports / "report.json").read_text())["summary"]["blocked"] == 1
    assert json.loads((reports / "maskproof.sarif").read_text())["version"] == "2.1.0"
    assert "<testsuite" in (reports / "junit.xml").read_text()
    assert (reports / "report.md").read_text() == (ran.temp / "summary").read_text()


def test_a_change_that_holds_passes(service: Project, tmp_path: Path) -> None:
    service.git("checkout", "-q", "-B", "pr", "main")
    service.edit("held")
    service.commit("Held")
    merged(service)
    here = job(service, sha(service, "refs/pull/7/merge"))
    ran = runner(tmp_path, pull_request(service))
    assert ran.run(here.root) == 0, ran.logs
    assert (ran.output("status"), ran.output("verdict"), ran.output("compared")) == ("0", "pass", "1")


@pytest.mark.skipif(not shutil.which("git-lfs"), reason="git-lfs is not installed")
@pytest.mark.parametrize("kind", ["pull_request", "pull_request_target"])
def test_the_content_of_both_sides_comes_from_git_lfs(service: Project, tmp_path: Path, kind: str) -> None:
    def into_lfs(path: str, data: bytes) -> None:
        digest = sha256(data)
        held = service.root / ".git" / "lfs" / "objects" / digest[:2] / digest[2:4] / digest
        held.parent.mkdir(parents=True)
        held.write_bytes(data)
        service.write(path, f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(data)}\n")

    into_lfs(HERO, service.pictures.original)
    service.commit("The original lies in Git LFS")
    service.git("checkout", "-q", "-B", "pr")
    service.edit("drifted")
    into_lfs(SPRING, service.pictures.drifted)
    service.commit("And so does the edit")
    merged(service)
    here = job(service, sha(service, "refs/pull/7/merge" if kind == "pull_request" else "main"))
    ran = runner(tmp_path, pull_request(service, kind))
    assert ran.run(here.root) == 1, ran.logs
    assert (ran.output("compared"), ran.output("blocked")) == ("1", "1"), ran.logs


@pytest.mark.parametrize("kind", ["pull_request", "pull_request_target"])
def test_nothing_of_the_change_is_executed(service: Project, tmp_path: Path, kind: str) -> None:
    owned = tmp_path / "owned"
    service.git("checkout", "-q", "pr")
    for name in MODULES:
        service.write(f"{name}.py", f"open({str(owned)!r}, 'w')\n")
    service.write(".gitattributes", "*.png filter=own\n")
    service.write(
        "pyproject.toml", "[build-system]\nrequires = []\nbuild-backend = 'maskproof'\nbackend-path = ['.']\n"
    )
    service.commit("Owned")
    merged(service)
    here = job(service, sha(service, "refs/pull/7/merge" if kind == "pull_request" else "main"))
    here.git("config", "filter.own.smudge", f"touch {owned}; cat")
    here.git("config", "filter.own.clean", f"touch {owned}; cat")
    ran = runner(tmp_path, pull_request(service, kind))
    assert ran.run(here.root) == 1, ran.logs
    assert ran.output("blocked") != "0"
    assert not owned.exists()


def test_the_installation_is_that_of_the_actions_own_checkout(service: Project, tmp_path: Path) -> None:
    _, env = EVENTS["push"](service)
    here = job(service, sha(service, "main"))
    ran = runner(tmp_path, env, extras="text,vision")
    ran.run(here.root)
    assert (tmp_path / "installed").read_text().endswith(f" {ROOT}[text,vision]\n")
    assert "-I -m pip" in (tmp_path / "installed").read_text()


def test_a_real_python_installs_it_and_takes_nothing_from_the_checkout(service: Project, tmp_path: Path) -> None:
    owned = tmp_path / "owned"
    commit, env = EVENTS["pull_request"](service)
    here = job(service, sha(service, commit))
    for name in MODULES:
        here.write(f"{name}.py", f"open({str(owned)!r}, 'w')\n")
    ran = runner(tmp_path, env)
    (tmp_path / "bin" / "python").unlink()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    del ran.env["PYTHONPATH"]
    assert ran.run(here.root) == 1, ran.logs
    assert ran.output("blocked") == "1"
    assert not owned.exists()


@pytest.mark.parametrize(
    ("inputs", "status", "says"),
    [
        ({"extras": "text]; touch x"}, 2, "extras may hold"),
        ({"fail-on": "--all"}, 2, "is not one of 'block', 'warn'"),
    ],
)
def test_an_input_that_is_none_fails(service: Project, tmp_path: Path, inputs, status, says) -> None:
    commit, env = EVENTS["pull_request"](service)
    ran = runner(tmp_path, env, **inputs)
    assert ran.run(job(service, sha(service, commit)).root) == status
    assert says in "".join(ran.logs.values())


def test_a_job_that_does_not_say_what_it_is_for_fails(service: Project, tmp_path: Path) -> None:
    commit, env = EVENTS["pull_request"](service)
    Path(env["GITHUB_EVENT_PATH"]).write_text('{"pull_request": {"number": "7; touch x"}}')
    ran = runner(tmp_path, env)
    assert ran.run(job(service, sha(service, commit)).root) == 2
    assert "does not say what it was started for" in ran.logs["Find out what is judged, and fetch it"]


def test_the_token_goes_to_the_server_of_the_repository_alone(service: Project, tmp_path: Path) -> None:
    _, env = EVENTS["push"](service)
    ran = runner(tmp_path, env)
    (step,) = (one for one in ACTION["runs"]["steps"] if "TOKEN" in one.get("env", {}))
    assert all(TOKEN not in ran.variables(one).values() for one in ACTION["runs"]["steps"] if one is not step)

    def filled(host: str) -> str:
        asked = f"protocol=https\nhost={host}\n\n"
        own = {**ran.variables(step), "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "HOME": str(tmp_path)}
        done = subprocess.run(
            ["git", "credential", "fill"], input=asked, env=own, capture_output=True, text=True, check=False
        )
        return done.stdout

    assert f"password={TOKEN}" in filled("github.example")
    assert TOKEN not in filled("lfs.evil.example")


def test_the_check_is_told_who_made_the_change(service: Project, tmp_path: Path) -> None:
    _, env = EVENTS["pull_request"](service)
    ran = runner(tmp_path, env)
    (step,) = (one for one in ACTION["runs"]["steps"] if one.get("id") == "check")
    assert ran.variables(step)["MASKPROOF_AUTHORS"] == "ana"


def test_actions_are_pinned_and_asked_for_nothing_that_writes() -> None:
    uses = [step["uses"] for step in ACTION["runs"]["steps"] if "uses" in step]
    assert uses
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one) for one in uses)
    assert all("${{" not in step.get("run", "") for step in ACTION["runs"]["steps"])
