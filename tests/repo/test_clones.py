"""Clones that hold less than everything, and repositories of another format: a verdict, or the command to fetch."""

from __future__ import annotations

import shutil

import pytest

from projects import HERO, MASK, SPRING, Project, Scratch


@pytest.fixture
def origin(project: Project) -> Project:
    """Three commits: the original, an edit that held, one that drifted."""
    project.git("branch", "-M", "main")
    project.git("config", "uploadpack.allowFilter", "true")
    for verdict in ("held", "drifted"):
        project.edit(verdict)
        project.commit(verdict)
    return project


def cloned(origin: Project, *options: str) -> Project:
    clone = origin.at(origin.root.parent / "clone")
    origin.git("clone", "-q", "--no-local", *options, f"file://{origin.root}", str(clone.root))
    return clone


@pytest.mark.parametrize("options", [("--filter=tree:0",), ("--filter=blob:none",), ("--depth=1",)])
@pytest.mark.threat("T21")
def test_what_a_clone_left_out_is_not_judged_and_the_command_to_fetch_it_is_said(origin, options):
    clone = cloned(origin, "--no-checkout", *options)
    found = clone.check("--from-ref", "HEAD~1", "--to-ref", "HEAD")
    assert found.status == 3
    assert ("git fetch --unshallow" if "--depth=1" in options else "git fetch --refetch --no-filter") in found.text


@pytest.mark.parametrize("options", [("--depth=2",), ("--sparse",), ("--bare",), ("--filter=blob:limit=50m",)])
def test_what_holds_all_that_is_needed_is_judged(origin, options):
    clone = cloned(origin, *options)
    assert clone.check("--from-ref", "HEAD~1", "--to-ref", "HEAD").status == 1


@pytest.mark.threat("T21")
def test_a_repository_with_longer_ids_is_judged_as_any_other(tmp_path, project_template):
    root = tmp_path / "sha256"
    root.mkdir()
    Scratch(root).git("init", "-q", "-b", "main", "--object-format=sha256")
    project = project_template.at(root)
    shutil.copytree(project_template.root / "assets", root / "assets")
    assert (root / MASK).is_file()
    project.commit("Base")
    project.edit("held")
    project.stage()
    assert project.check().status == 0
    project.commit("Held")
    project.edit("drifted")
    project.write(HERO, project.pictures.other)
    project.commit("Drifted, its original only in history")
    for asked in (["--from-ref", "HEAD~1", "--to-ref", "HEAD"], ["--all"]):
        assert f"{SPRING}: BLOCKED" in project.check(*asked).text
    assert "only in history" in project.maskproof("find", HERO, "--history").stdout
    assert project.maskproof("restore", SPRING).returncode == 0
