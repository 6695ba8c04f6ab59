"""`maskproof approvals`: each approval, whether it counts, and what has become of its pictures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from projects import SPRING

if TYPE_CHECKING:
    from projects import Project


def listed(project: Project, *arguments: str) -> dict[str, Any]:
    done = project.maskproof("approvals", "--format", "json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def why(project: Project) -> str:
    (approval,) = listed(project)["approvals"]
    (picture,) = approval["pictures"]
    return picture["why"]


def approved(project: Project) -> None:
    project.git("branch", "-M", "main")
    project.edit("drifted")
    project.stage()
    project.maskproof("approve", SPRING, "--reason", "A new season", "--expires", "2999-01-01")
    project.commit("Approved")


def test_what_holds_and_why_it_counts(project: Project) -> None:
    approved(project)
    (approval,) = listed(project)["approvals"]
    assert (approval["counts"], approval["known"]) == (True, "it is committed")
    assert (approval["reason"], approval["expires"]) == ("A new season", "2999-01-01")
    assert approval["pictures"] == [{"path": SPRING, "rules": ["outside-mask"], "why": ""}]
    text = project.maskproof("approvals").stdout
    assert "counts (it is committed)" in text
    assert "1 approval of 1 picture, 1 holds" in text


def test_what_ended_it(project: Project) -> None:
    approved(project)
    project.edit("held")
    project.stage()
    assert "other bytes" in why(project)
    project.git("rm", "-qf", SPRING)
    assert why(project) == "the picture is gone"


def test_another_record(project: Project) -> None:
    approved(project)
    project.edit("drifted", mask=None)
    project.stage()
    assert why(project) == "the mask is another one"


def test_one_that_comes_with_the_change_does_not_count_yet(project: Project) -> None:
    project.branch_off()
    project.edit("drifted")
    project.stage()
    project.maskproof("approve", SPRING, "--reason", "x", "--from-ref", "main")
    project.commit("With its approval")
    (approval,) = listed(project, "--from-ref", "main")["approvals"]
    assert (approval["counts"], approval["known"]) == (False, "it comes with the change and is not merged yet")


def test_nothing_is_said_so(project: Project) -> None:
    assert "0 approvals of 0 pictures" in project.maskproof("approvals").stdout


@pytest.mark.parametrize("branch", ["main", "master"])
def test_what_a_branch_goes_to_is_known_without_origins_head(project: Project, branch: str) -> None:
    project.git("update-ref", f"refs/remotes/origin/{branch}", "HEAD")
    project.git("checkout", "-q", "-b", "pr")
    project.edit("drifted")
    project.commit("Edit")
    done = project.maskproof("approve", SPRING, "--reason", "agreed", GIT_AUTHOR_NAME="Ana", GIT_AUTHOR_EMAIL="a@b.c")
    assert done.returncode == 0, done.stderr
    assert f"{SPRING}: approves outside-mask" in done.stdout
    project.stage()
    (approval,) = listed(project, "--from-ref", f"origin/{branch}")["approvals"]
    assert approval["by"] == "Ana <a@b.c>"
