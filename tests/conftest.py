"""Shared ground of the tests: scratch repositories, and the third-party data where it is there."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from browser import chromium  # noqa: F401 - a fixture
from maskproof.repo.objects import Objects
from projects import HERO, MASK, Pictures, Project, Scratch, draw
from thirdparty import ABSENT, SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from maskproof.repo import Repository

# The same examples on every machine and every run: a law that fails once fails for everybody.
settings.register_profile("maskproof", derandomize=True, deadline=None, print_blob=False)
settings.load_profile("maskproof")


@pytest.fixture(autouse=True)
def readers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ends the `git cat-file` of every repository that a test opened in its own process; there it would live on."""
    made: list[Objects] = []
    real = Objects.__init__

    def noted(objects: Objects, repository: Repository) -> None:
        real(objects, repository)
        made.append(objects)

    monkeypatch.setattr(Objects, "__init__", noted)
    yield
    for one in made:
        one.close()


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """An empty repository on branch main."""
    root = tmp_path / "scratch"
    root.mkdir()
    made = Scratch(root)
    made.git("init", "-q", "-b", "main")
    return made


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of third-party data; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(ABSENT.kwargs["reason"])
    return SHARED


@pytest.fixture(scope="session")
def edited() -> Pictures:
    """An original, its mask, and edits of it; drawn once."""
    return draw()


@pytest.fixture(scope="session")
def project_template(tmp_path_factory: pytest.TempPathFactory, edited: Pictures) -> Project:
    """Made once, because pre-commit and five git commands a test would be most of what the tests cost."""
    root = tmp_path_factory.mktemp("template")
    made = Project(root, edited, tmp_path_factory.mktemp("pre-commit"))
    made.git("init", "-q", "-b", "main")
    made.install()
    made.write(HERO, edited.original)
    made.write(MASK, edited.mask)
    made.write("README.md", "A project\n")
    made.commit("Start")
    return made


@pytest.fixture
def project(tmp_path: Path, project_template: Project) -> Project:
    """A repository of its own for each test."""
    root = tmp_path / "project"
    shutil.copytree(project_template.root, root, symlinks=True)
    return project_template.at(root)
