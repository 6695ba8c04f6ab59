"""Everything once: how often one check reads Git, parses sidecars, walks containers, decodes pictures, hashes."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from maskproof import model
from maskproof.gate.check import check
from maskproof.images import containers, decode
from maskproof.records import sidecar
from maskproof.repo import Repository, objects
from maskproof.repo.change import Selection, open_change
from projects import HERO, MASK, SIZE, sha256

if TYPE_CHECKING:
    from maskproof.model import Report

EDITS = 20


@dataclass(frozen=True)
class Work:
    """What a check did, by what it was done to."""

    report: Report
    blobs: Counter[str]
    """reads of each blob from Git"""
    sidecars: int
    walks: int
    pictures: int
    masks: int
    digests: int


@pytest.fixture
def counted(project):
    """Runs the gate on what is staged, and counts."""

    def run() -> Work:
        blobs: Counter[str] = Counter()
        calls: Counter[str] = Counter()

        def counting(name, real):
            def count(*given, **named):
                calls[name] += 1
                return real(*given, **named)

            return count

        real_answers = objects.Reader.answers

        def answers(reader, oids):
            blobs.update(oids)
            return real_answers(reader, oids)

        with (
            patch.object(objects.Reader, "answers", answers),
            patch.object(sidecar, "parse", counting("parse", sidecar.parse)),
            patch.object(containers, "blocks", counting("walk", containers.blocks)),
            patch.object(decode, "_decode", counting("picture", decode._decode)),
            patch.object(decode, "_mask_planes", counting("mask", decode._mask_planes)),
            patch.object(objects, "sha256_of", counting("digest", model.sha256_of)),
        ):
            report = check(open_change(Repository(project.root), Selection()))
        done = (calls[name] for name in ("parse", "walk", "picture", "mask", "digest"))
        return Work(report, blobs, *done)

    return run


def all_pass(work: Work, images: int) -> None:
    """What was counted is a check that compared every image."""
    assert [image.verdict for image in work.report.images] == ["pass"] * images
    assert work.report.compared == images
    assert set(work.blobs.values()) == {1}, "a blob was read twice"


def test_one_recorded_edit(project, counted):
    project.edit()
    project.stage()
    work = counted()
    all_pass(work, 1)
    assert (sum(work.blobs.values()), work.sidecars, work.walks) == (4, 1, 3)
    assert (work.pictures, work.masks, work.digests) == (2, 1, 3)


def test_two_edits_of_one_original_through_one_mask(project, counted):
    project.edit(path="assets/a.png")
    project.edit("held_again", path="assets/b.png")
    project.stage()
    work = counted()
    all_pass(work, 2)
    assert (sum(work.blobs.values()), work.sidecars, work.walks) == (6, 2, 4)
    assert (work.pictures, work.masks, work.digests) == (3, 1, 4)


def test_an_edit_of_an_edit(project, counted):
    first = project.edit(path="assets/a.png")
    second = project.pictures.held_again
    project.write("assets/b.png", second)
    record = project.record(
        second,
        original={"path": first, "sha256": sha256(project.pictures.held), "size": list(SIZE)},
        parent=f"{first}.maskproof.json",
    )
    project.write("assets/b.png.maskproof.json", record)
    project.stage()
    work = counted()
    all_pass(work, 2)
    assert work.report.images[1].chain, "the second edit was compared with the first original"
    assert (sum(work.blobs.values()), work.sidecars, work.walks) == (6, 2, 4)
    assert (work.pictures, work.masks, work.digests) == (3, 1, 4)


def test_a_replaced_picture_without_a_record(project, counted):
    place = "other/poster.png"  # no tracked mask goes with its name
    project.write(place, project.pictures.original)
    project.commit()
    project.write(place, project.pictures.held)
    project.stage()
    work = counted()
    assert work.report.images[0].drift is not None
    assert set(work.blobs.values()) == {1}
    assert (sum(work.blobs.values()), work.sidecars, work.walks) == (2, 0, 2)
    assert (work.pictures, work.masks, work.digests) == (2, 0, 2)


def test_many_edits_that_share_a_mask(project, counted):
    for number in range(EDITS):
        # Bytes behind the end make another file of the same picture, a hundred times as fast as another picture.
        data = project.pictures.held[:-12] + _text(f"{number}") + project.pictures.held[-12:]
        project.write(f"assets/{number}.png", data)
        project.write(f"assets/{number}.png.maskproof.json", project.record(data))
    project.stage()
    work = counted()
    all_pass(work, EDITS)
    assert work.masks == 1
    assert work.pictures == EDITS + 1
    assert work.walks == EDITS + 2
    assert work.sidecars == EDITS
    assert sum(work.blobs.values()) == 2 * EDITS + 2
    assert {MASK, HERO} <= {
        path for image in work.report.images for path in (image.mask["path"], image.original["path"])
    }


def _text(note: str) -> bytes:
    """A PNG text chunk, so that the same picture is another file."""
    import zlib

    body = b"tEXtComment\0" + note.encode()
    return (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def test_a_file_s_digest_is_that_of_its_bytes(project, counted):
    project.edit()
    project.stage()
    image = counted().report.images[0]
    assert image.original["sha256"] == hashlib.sha256(project.pictures.original).hexdigest()
