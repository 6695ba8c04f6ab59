"""A hosting service as its jobs see it: the repository, the clone of a job, and what the job is told of its event.

Payloads are written from GitHub's "Webhook events and payloads" and GitLab's "Predefined CI/CD variables reference".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from projects import Project


def hosted(project: Project) -> Project:
    """What a hosting service holds: main moved on after the branch `pr` was cut, and the merge that it made of both."""
    project.git("branch", "-M", "main")
    for key in ("allowFilter", "allowAnySHA1InWant"):
        project.git("config", f"uploadpack.{key}", "true")
    project.git("checkout", "-q", "-b", "pr")
    project.edit("drifted")
    project.commit("Drifted")
    project.write("README.md", "More\n")
    project.commit("A second commit, so that one parent alone shows no picture")
    project.git("checkout", "-q", "main")
    project.write("LICENSE", "Free\n")
    project.commit("Main moves on")
    merged(project)
    return project


def merged(project: Project) -> None:
    """Make the merge that the service makes of `main` and `pr`, where it keeps it."""
    project.git("checkout", "-q", "--detach", "main")
    project.git("merge", "-q", "--no-ff", "--no-verify", "-m", "Merge", "pr")
    project.git("update-ref", "refs/pull/7/merge", "HEAD")
    project.git("checkout", "-q", "main")


def sha(project: Project, name: str) -> str:
    return project.git("rev-parse", name).stdout.strip()


def job(service: Project, commit: str, *options: str, ref: str = "", checkout: bool = True) -> Project:
    """The clone that a job gets: one commit checked out."""
    clone = service.at(service.root.parent / "job")
    service.git("init", "-q", str(clone.root))
    clone.git("remote", "add", "origin", f"file://{service.root}")
    clone.git("fetch", "-q", *options, "origin", f"+{commit}:{ref or 'refs/remotes/pull/7/merge'}")
    if checkout:
        clone.git("checkout", "-q", commit)
    return clone


def github(service: Project, kind: str, commit: str, event: dict, ref: str = "refs/pull/7/merge") -> dict[str, str]:
    file = service.write("../event.json", json.dumps(event))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": kind,
        "GITHUB_SHA": commit,
        "GITHUB_REF": ref,
        "GITHUB_EVENT_PATH": str(file),
    }


def pull_request(service: Project, kind: str = "pull_request") -> dict[str, str]:
    event = {
        "pull_request": {
            "number": 7,
            "head": {"sha": sha(service, "pr")},
            "base": {"sha": "0" * 40},
            "user": {"login": "ana"},
        }
    }
    commit = sha(service, "refs/pull/7/merge" if kind == "pull_request" else "main")
    return github(service, kind, commit, event)


def gitlab(service: Project, kind: str, commit: str, **more: str) -> dict[str, str]:
    return {
        "GITLAB_CI": "true",
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_COMMIT_SHA": commit,
        "CI_MERGE_REQUEST_EVENT_TYPE": kind,
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": sha(service, "pr"),
        "CI_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_PROJECT_ID": "1",
        **more,
    }
