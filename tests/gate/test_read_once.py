"""Everything once: the calls that cost, counted for the changes that people make most.

Each blob is read from Git once, each sidecar checked once, each container walked once, each picture and each mask
decoded once, each SHA-256 worked out once.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from typing import NamedTuple
from unittest.mock import patch

import pytest

from maskproof import evidence
from maskproof.gate.check import check
from maskproof.images import containers, worker
from maskproof.records import sidecar
from maskproof.repo import Repository, objects
from maskproof.repo.change import Selection, open_change
from projects import SPRING, png, texture

SECOND = "assets/second.png"
COUNTED = {
    "reads": (objects, "read_answer"),
    "parses": (sidecar, "parse"),
    "walks": (containers, "blocks"),
    "asked": (worker, "ask"),
    "digests": (hashlib, "sha256"),
}


class Counts(NamedTuple):
    """Calls of what costs."""

    reads: int
    """Git objects"""
    parses: int
    """sidecars checked in full"""
    walks: int
    """containers"""
    decodes: int
    """pictures, without thumbnails"""
    masks: int
    digests: int


def counted(root):
    """What checking the index of a repository calls, and the verdicts."""
    change = open_change(Repository(root), Selection())
    with ExitStack() as stack:
        calls = {
            name: stack.enter_context(patch.object(place, function, wraps=getattr(place, function)))
            for name, (place, function) in COUNTED.items()
        }
        report = check(change)
    assert {str(image.verdict) for image in report.images} == {"pass"}, report
    asked = [call.args[0] for call in calls.pop("asked").call_args_list]
    decoded = {"decodes": asked.count("picture"), "masks": asked.count("mask")}
    return Counts(**decoded, **{name: call.call_count for name, call in calls.items()})


def test_one_recorded_edit(project):
    project.edit("held")
    project.stage()
    assert counted(project.root) == Counts(reads=4, parses=1, walks=3, decodes=2, masks=1, digests=3)


@pytest.mark.parametrize("edits", [2, 20])
def test_edits_of_one_original_and_mask(project, edits):
    for number in range(edits):
        data = project.pictures.held + b"%d" % number
        project.write(f"assets/{number}.png", data)
        project.write(f"assets/{number}.png.maskproof.json", project.record(data))
    project.stage()
    once = edits + 1
    assert counted(project.root) == Counts(
        reads=2 * edits + 2, parses=edits, walks=once + 1, decodes=once, masks=1, digests=once + 1
    )


def test_an_edit_of_an_edit(project):
    project.edit("held")
    of_the_edit = {"path": SPRING, **project.original(project.pictures.held)}
    project.edit("held_again", SECOND, original=of_the_edit, parent=f"{SPRING}.maskproof.json")
    project.stage()
    assert counted(project.root) == Counts(reads=6, parses=2, walks=4, decodes=3, masks=1, digests=4)


def test_a_replaced_picture_without_a_record(project):
    project.write(SECOND, project.pictures.other)
    project.commit("A picture")
    project.write(SECOND, png(texture(7)))
    project.stage()
    assert counted(project.root) == Counts(reads=2, parses=0, walks=2, decodes=2, masks=0, digests=2)


def test_records_that_the_change_does_not_concern_are_not_checked(project):
    for number in range(30):
        data = project.pictures.held + b"%d" % number
        project.write(f"old/{number}.png", data)
        other = {"path": f"old/{number}.original.png", **project.original(b"%d" % number)}
        mask = {"path": f"old/{number}.mask.png", "sha256": "0" * 64, "mode": "white"}
        project.write(f"old/{number}.png.maskproof.json", project.record(data, original=other, mask=mask))
    project.commit("Thirty edits, past the hook")
    project.edit("held")
    project.stage()
    assert counted(project.root) == Counts(reads=34, parses=1, walks=3, decodes=2, masks=1, digests=3)


def test_what_a_file_says_of_itself_is_read_once(project):
    """Verifying a signature takes longer than decoding; the record to propose and the finding ask for the same."""
    project.write(SPRING, project.pictures.marked)
    project.stage()
    change = open_change(Repository(project.root), Selection())
    with patch.object(evidence, "assess", wraps=evidence.assess) as assess:
        (image,) = check(change).images
    assert image.evidence
    assert assess.call_count == 1
