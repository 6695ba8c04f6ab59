"""`maskproof range`: base and head of pull requests, queues, pushes and forks, in clones of every kind."""

from __future__ import annotations

import hashlib
import os
import shlex
import sys

import pytest
import yaml

from maskproof.setup.ci import SERVICES
from processes import MASKPROOF
from projects import HERO, SPRING, Project, Scratch, png, texture
from services import github, gitlab, hosted, job, pull_request, sha


@pytest.fixture
def service(project):
    return hosted(project)


def told(clone: Project, env: dict[str, str], *options: str) -> tuple[int, str, str]:
    done = clone.maskproof("range", *options, **env)
    return done.returncode, done.stdout.strip(), done.stderr


def span(service: Project, base: str, head: str) -> str:
    return f"--from-ref {sha(service, base)} --to-ref {sha(service, head)}"


def test_a_pull_request_is_its_merge_since_the_target_branch(service):
    clone = job(service, sha(service, "refs/pull/7/merge"))
    status, said, _ = told(clone, pull_request(service))
    assert (status, said) == (0, span(service, "main", "refs/pull/7/merge"))
    assert clone.check(*said.split()).status == 1


def test_a_job_on_the_base_fetches_the_merge_alone(service):
    clone = job(service, sha(service, "main"), ref="refs/remotes/origin/main")
    env = pull_request(service, "pull_request_target")
    status, said, why = told(clone, env)
    assert (status, said) == (3, "--from-ref=- --to-ref=-")
    command = why.split("`")[1]
    assert command == "git fetch --no-tags origin +refs/pull/7/merge:refs/remotes/origin/pull/7/merge"
    clone.run(*shlex.split(command))
    status, said, _ = told(clone, env)
    assert (status, said) == (0, span(service, "main", "refs/pull/7/merge"))
    assert clone.check(*said.split()).status == 1
    assert not (clone.root / SPRING).exists()


def test_a_merge_of_another_state_of_the_change_is_none(service):
    clone = job(service, sha(service, "refs/pull/7/merge"))
    service.git("checkout", "-q", "pr")
    service.git("commit", "-q", "--no-verify", "--allow-empty", "-m", "Pushed since")
    status, _, why = told(clone, pull_request(service))
    assert status == 3
    assert "is no merge of" in why


@pytest.mark.threat("T38")
def test_a_pushed_merge_is_not_taken_for_the_services(service):
    service.git("checkout", "-q", "pr")
    service.git("merge", "-q", "--no-ff", "--no-verify", "-m", "Own merge", "main")
    clone = job(service, sha(service, "pr"), ref="refs/remotes/origin/pr")
    clone.git("fetch", "-q", "origin", "+main:refs/remotes/origin/main")
    for env in (gitlab(service, "detached", sha(service, "pr")), {}):
        status, said, _ = told(clone, env, *(() if "GITLAB_CI" in env else ("--onto", "origin/main")))
        assert (status, said) == (0, span(service, "main", "pr"))
        assert clone.check(*said.split()).status == 1


@pytest.mark.parametrize("rebased", [False, True])
def test_a_queue_is_judged_since_what_stood_before_it(service, rebased):
    service.git("checkout", "-q", "-b", "queue", "pr" if rebased else "main")
    service.git(*(("rebase", "-q", "main") if rebased else ("merge", "-q", "--no-ff", "--no-verify", "-m", "M", "pr")))
    event = {"merge_group": {"base_sha": sha(service, "main"), "head_sha": sha(service, "queue")}}
    clone = job(service, sha(service, "queue"))
    train = gitlab(
        service, "merge_train", sha(service, "queue"), CI_MERGE_REQUEST_TARGET_BRANCH_SHA=sha(service, "main")
    )
    for env in (github(service, "merge_group", sha(service, "queue"), event), train):
        status, said, _ = told(clone, env)
        assert (status, said) == (0, span(service, "main", "queue"))
    assert clone.check(*said.split()).status == 1


def test_a_fork_is_judged_since_the_branch_of_the_project_it_goes_to(service):
    clone = job(service, sha(service, "pr"), ref="refs/remotes/origin/pr")
    clone.git("fetch", "-q", "origin", "+pr:refs/remotes/origin/main")  # the fork's own main
    service.git("clone", "-q", "--bare", str(service.root), f"{service.root}.git")
    more = {"CI_MERGE_REQUEST_PROJECT_ID": "2", "CI_MERGE_REQUEST_PROJECT_URL": f"file://{service.root}"}
    env = gitlab(service, "detached", sha(service, "pr"), **more)
    status, _, why = told(clone, env)
    assert status == 3
    assert f"git fetch --no-tags file://{service.root}.git +refs/heads/main:refs/remotes/target/main" in why
    status, said, _ = told(clone, env, "--fetch")
    assert (status, said) == (0, span(service, "main", "pr"))


def test_a_push_is_what_it_brought_and_a_first_one_everything(service):
    clone = job(service, sha(service, "pr"), ref="refs/remotes/origin/pr")
    event = {"before": sha(service, "pr~2"), "repository": {"default_branch": "main"}}
    env = github(service, "push", sha(service, "pr"), event, "refs/heads/pr")
    assert told(clone, env)[:2] == (0, span(service, "pr~2", "pr"))
    env = github(service, "push", sha(service, "pr"), event | {"before": "0" * 40}, "refs/heads/pr")
    assert "git fetch --no-tags origin +refs/heads/main:refs/remotes/origin/main" in told(clone, env)[2]
    assert told(clone, env, "--fetch")[:2] == (0, span(service, "main", "pr"))
    env = github(service, "push", sha(service, "pr"), event | {"before": "0" * 40}, "refs/heads/main")
    whole = f"--all --to-ref {sha(service, 'pr')}"
    assert told(clone, env)[:2] == (0, whole)
    assert clone.check(*whole.split()).status == 1
    assert told(clone, github(service, "schedule", sha(service, "pr"), {}, "refs/heads/main"))[1] == whole


@pytest.mark.parametrize("options", [("--depth=1",), ("--filter=tree:0",), ("--filter=blob:none",)])
def test_what_a_clone_lacks_is_named_and_fetched_only_where_that_is_asked_for(service, options):
    clone = job(service, sha(service, "refs/pull/7/merge"), *options, checkout=False)
    status, said, why = told(clone, pull_request(service))
    command = "git fetch --unshallow origin" if "--depth=1" in options else "git fetch --refetch --no-filter"
    assert command in why
    assert status == (0 if "blob:none" in options[0] else 3)
    status, said, why = told(clone, pull_request(service), "--fetch")
    assert (status, said) == (0, span(service, "main", "refs/pull/7/merge"))
    assert clone.check(*said.split()).status == 1


def test_the_content_of_both_sides_in_git_lfs_is_asked_for(service):
    service.git("checkout", "-q", "main")
    for name in (HERO, "assets/free.png"):
        data = service.pictures.original if name == HERO else png(texture(9))
        digest = hashlib.sha256(data).hexdigest()
        service.write(name, f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(data)}\n")
    service.commit("Into Git LFS")
    service.git("checkout", "-q", "-B", "pr")
    service.edit("held")
    service.commit("Held")
    clone = job(service, sha(service, "pr"), ref="refs/remotes/origin/pr")
    status, said, why = told(clone, {}, "--onto", "origin/pr~1")
    assert (status, said) == (0, span(service, "main", "pr"))
    assert f"`git lfs fetch origin {sha(service, 'pr')} {sha(service, 'main')}`" in why
    assert "not here: 1 file." in why


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"GITHUB_ACTIONS": "true"},
        {"GITHUB_ACTIONS": "true", "GITHUB_SHA": "HEAD", "GITHUB_EVENT_PATH": "README.md"},
        {"GITLAB_CI": "true"},
        {"GITLAB_CI": "true", "CI_COMMIT_SHA": "--output=x", "CI_PIPELINE_SOURCE": "web"},
    ],
)
def test_without_an_answer_the_check_that_is_asked_with_it_refuses(project, env):
    given = {key: value for key, value in env.items() if value}
    status, said, why = told(project, given)
    assert status in {2, 3}
    assert why
    assert "KeyError" not in why
    assert project.check(*said.split()).status == 2


# --- the jobs that init writes ---------------------------------------------------------------------------------------


def program(folder, name: str, line: str) -> None:
    """A program of this name on the PATH of a job."""
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)


def written(folder, ci: str) -> str:
    """What the job that `init` writes runs, as its service runs it: a line that fails ends it."""
    scratch = Scratch(folder / ci)
    scratch.root.mkdir()
    scratch.git("init", "-q")
    scratch.maskproof("init", "--ci", ci)
    text = (scratch.root / SERVICES[ci].file).read_text()
    job = None if ci == "pre-commit" else yaml.safe_load(text)
    lines = {
        "gitlab": lambda: job["maskproof"]["script"],
        "bitbucket": lambda: job["pipelines"]["pull-requests"]["**"][0]["step"]["script"],
        "azure": lambda: [f"({step['bash']})" for step in job["steps"] if "bash" in step],
        "pre-commit": lambda: [text],
    }[ci]()
    return "set -e\n" + "\n".join(lines)


def tools(folder) -> dict[str, str]:
    """The PATH of a job in which maskproof is installed."""
    program(folder / "bin", "pip", ":")
    program(folder / "bin", "python", ":")
    program(folder / "bin", "maskproof", f'exec {shlex.join((sys.executable, *MASKPROOF[1:]))} "$@"')
    program(folder / "bin", "pre-commit", f'exec {shlex.quote(sys.executable)} -m pre_commit "$@"')
    return {"PATH": os.pathsep.join((str(folder / "bin"), os.environ["PATH"]))}


@pytest.mark.skipif(os.name != "posix", reason="a job's shell")
@pytest.mark.parametrize("kind", ["merge request", "train", "bitbucket", "azure"])
def test_the_jobs_that_init_writes_judge_the_change_and_fetch_what_they_need(service, tmp_path, kind):
    service.git("checkout", "-q", "-b", "queue", "main")
    service.git("merge", "-q", "--no-ff", "--no-verify", "-m", "M", "pr")
    ci, commit, env = {
        "merge request": ("gitlab", "pr", gitlab(service, "detached", sha(service, "pr"))),
        "train": ("gitlab", "queue", gitlab(service, "merge_train", sha(service, "queue"))),
        "bitbucket": ("bitbucket", "pr", {"BITBUCKET_PR_DESTINATION_BRANCH": "main"}),
        "azure": (
            "azure",
            "queue",
            {"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main", "AGENT_TEMPDIRECTORY": str(tmp_path)},
        ),
    }[kind]
    script = written(tmp_path, ci)
    clone = job(service, sha(service, commit))
    done = clone.run("bash", "-c", script, ok=False, **env, **tools(tmp_path))
    assert done.returncode == 1, done.stderr
    assert f"{SPRING} is blocked" in done.stdout or "1 image looked at, 1 compared, 1 blocked" in done.stdout


@pytest.mark.acceptance
@pytest.mark.skipif(os.name != "posix", reason="a job's shell")
def test_and_pre_commit_does_with_the_hook_of_the_branch_that_a_change_goes_to(service, tmp_path):
    service.git("checkout", "-q", "pr")
    service.write(".pre-commit-config.yaml", "repos: []\n")
    service.commit("Without the hook")
    service.git("checkout", "-q", "main")
    script = tmp_path / "check.sh"
    script.write_text(written(tmp_path, "pre-commit"))
    env = {**tools(tmp_path), "PRE_COMMIT_HOME": str(service.cache)}
    done = service.run("sh", str(script), "main", "pr", ok=False, **env)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{SPRING}: BLOCKED" in done.stdout
    assert service.run("sh", str(script), "pr", "main", ok=False, **env).returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="a job's shell")
def test_and_the_content_of_both_sides_in_git_lfs(service, tmp_path):
    data = service.pictures.original
    pointer = f"oid sha256:{hashlib.sha256(data).hexdigest()}\nsize {len(data)}\n"
    service.git("checkout", "-q", "main")
    service.write(HERO, f"version https://git-lfs.github.com/spec/v1\n{pointer}")
    service.commit("Into Git LFS")
    service.git("checkout", "-q", "-B", "pr")
    service.edit("held")
    service.commit("Held")
    clone = job(service, sha(service, "pr"))
    path = tools(tmp_path)
    program(tmp_path / "bin", "git-lfs", f'echo "$@" >> {shlex.quote(str(tmp_path / "asked"))}')
    env = {**gitlab(service, "detached", sha(service, "pr")), **path}
    clone.run("sh", "-c", written(tmp_path, "gitlab"), ok=False, **env)
    assert f"fetch origin {sha(service, 'pr')} {sha(service, 'main')}" in (tmp_path / "asked").read_text()
