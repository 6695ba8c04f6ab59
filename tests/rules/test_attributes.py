"""The rule `attributes`: Git hands out the pictures as they were judged."""

from __future__ import annotations

import pytest

from fixture_cases import judged
from pull_requests import result, started

ATTRIBUTES = {
    "*.png ident": True,
    "*.png text": True,
    "*.png text eol=crlf": True,
    "*.png eol=lf": True,
    "*.png crlf": True,
    "*.png working-tree-encoding=UTF-16": True,
    "*.png filter=x": True,
    "*.png export-subst": True,
    "*.PNG ident": True,
    "[attr]shop ident\n*.png shop": True,
    "assets/* ident\nassets/*.jpg -ident": True,
    "* text=auto": False,
    "* text=auto eol=lf": False,
    "*.png binary": False,
    "*.png filter=lfs diff=lfs merge=lfs -text": False,
    "*.png ident\n*.png -ident": False,
    "*.png diff=x merge=y export-ignore linguist-generated": False,
    "*.jpg ident": False,
}


@pytest.mark.parametrize("where", ["", "assets/"])
@pytest.mark.parametrize("line", ATTRIBUTES)
@pytest.mark.threat("T13")
def test_attributes_that_rewrite_a_recorded_picture_are_told(project, line, where):
    started(project)
    text = line.removeprefix("[attr]shop ident\n").replace("shop", "ident") if where else line
    project.write(f"{where}.gitattributes", text.replace("assets/", "") if where else text)
    project.git("add", f"{where}.gitattributes")
    project.git("commit", "-q", "--no-verify", "-m", "Attributes")
    project.git("checkout", "-q", "-f", "-B", "result", "main")
    project.git("merge", "-q", "--no-ff", "--no-verify", "-m", "Merge", "pr")
    outcome = project.check("--from-ref", "HEAD^1", "--to-ref", "HEAD")
    assert (outcome.status, ".gitattributes" in outcome.text) == (int(ATTRIBUTES[line]), ATTRIBUTES[line])


CASELESS = {
    ".GITATTRIBUTES": ("*.png ident", 1),
    "ASSETS/.gitattributes": ("*.png ident", 1),
    "Assets/.GitAttributes": ("SPRING.png text", 1),
    "ASSETS/.gitAttributes": ("*.png binary", 0),
    "Other/.GITATTRIBUTES": ("*.png ident", 0),
}


@pytest.mark.parametrize("where", CASELESS)
@pytest.mark.threat("T13")
def test_attributes_are_read_as_systems_do_that_tell_no_cases_apart(project, where):
    started(project)
    line, status = CASELESS[where]
    project.write(where, line)
    assert result(project).status == status


@pytest.mark.threat("T13")
def test_of_files_that_are_one_there_each_is_read(project):
    started(project)
    for name, line in ((".GITATTRIBUTES", "*.png binary"), (".Gitattributes", "*.png ident"), (".gitattributes", "")):
        project.write(name, line)
    assert result(project).status == 1


def test_attributes_of_this_machine_are_not_asked(project):
    started(project)
    (project.root / ".git" / "info" / "attributes").write_text("*.png -ident\n")
    project.write(".gitattributes", "*.png ident\n")
    project.git("add", ".gitattributes")
    project.git("commit", "-q", "--no-verify", "-m", "Attributes")
    assert project.check("--from-ref", "main", "--to-ref", "pr").status == 1


def test_new_pictures_under_old_attributes_are_told_as_well(project):
    started(project)
    project.write(".gitattributes", "*.png ident\n")
    project.commit("Past the gate")
    project.git("branch", "-f", "main")
    project.edit("held_again", "assets/new.png")
    assert result(project).status == 1


def test_the_fixtures():
    assert judged("block/attributes").the("attributes")["severity"] == "block"
    assert judged("pass/attributes-that-keep").of("attributes") == []
