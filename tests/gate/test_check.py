"""The gate's runs: what fails on one image is told of that image, and hides no other verdict."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from maskproof.cli.base import status
from maskproof.gate import check
from maskproof.repo import Repository
from maskproof.repo.change import Selection, open_change
from projects import SPRING

SECOND = "assets/second.png"


def judged(project, stage, error):
    """Two edits of which a stage fails on the first."""
    project.edit("drifted", SECOND)
    project.edit("held")
    project.stage()
    real = getattr(check, stage)

    def failing(*given):
        if SPRING in given or getattr(given[0], "path", "") == SPRING:
            raise error
        return real(*given)

    change = open_change(Repository(project.root), Selection())
    with patch.object(check, stage, failing):
        return {image.path: image for image in check.check(change).images}


@pytest.mark.parametrize(
    "error", [KeyError("x"), RecursionError(), AssertionError("no such case"), ImportError("no such name", path="a.py")]
)
@pytest.mark.parametrize("stage", ["gather", "judge"])
@pytest.mark.threat("T33")
def test_a_fault_of_the_program_is_told_last_by_its_status(project, stage, error):
    images = judged(project, stage, error)
    assert {path: str(image.verdict) for path, image in images.items()} == {SPRING: "unjudged", SECOND: "block"}
    (finding,) = images[SPRING].findings
    assert type(error).__name__ in finding.message
    assert "test_check.py" in images[SPRING].fault
    assert status(*images.values()) == 70


@pytest.mark.parametrize(
    "error",
    [
        OSError(24, "Too many open files"),
        MemoryError(),
        ImportError("libm.so: cannot open shared object file: Too many open files", path="_multiarray.so"),
    ],
)
def test_what_the_system_refuses_is_told_of_the_image_with_its_reason(project, error):
    images = judged(project, "gather", error)
    (finding,) = images[SPRING].findings
    assert ("out of memory" if isinstance(error, MemoryError) else "Too many open files") in finding.message
    assert status(*images.values()) == 1
    assert status(images[SPRING]) == 3


def test_of_a_change_only_what_is_asked_for_is_judged(project):
    project.edit("drifted")
    project.edit("held", "assets/autumn.png")
    project.stage()
    change = open_change(Repository(project.root), Selection())

    def judged(*only):
        seen = []
        check.check(change, lambda one, inputs: map(one, (seen.append(it.path) or it for it in inputs)), only=only)
        return seen

    assert judged() == ["assets/autumn.png", SPRING]
    assert judged(SPRING) == judged(f"{SPRING}.maskproof.json") == [SPRING]
    assert judged("maskproof.toml") == ["assets/autumn.png", SPRING]
