"""The seam between Git and judging: what is gathered travels, and judging it is the same anywhere, without Git."""

from __future__ import annotations

import pickle
import subprocess
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import pytest

from maskproof.gate.check import check, judge
from maskproof.gate.gather import gather
from maskproof.gate.inspection import Failure, attempt
from maskproof.gate.scope import Scope
from maskproof.images.files import Files, Source
from maskproof.repo import Repository, objects, starting
from maskproof.repo.change import Selection, open_change
from projects import SPRING, png, sha256, texture

REPORT_BYTES = 10_000


def _given(contents: dict[str, bytes], oid: str, path: str) -> bytes:
    del path
    return contents[oid]


def reader(contents: dict[str, bytes]) -> partial[bytes]:
    """Reads files whose bytes are at hand."""
    return partial(_given, contents)


@pytest.fixture
def scope(project) -> Scope:
    """A change with a recorded edit that drifted, and a replaced picture without a record."""
    project.edit("drifted")
    project.write("assets/other.png", project.pictures.other)
    project.commit()
    project.write(SPRING, project.pictures.drifted)
    project.write("assets/other.png", png(texture(9)))
    project.write("README.md", "More\n")
    project.edit("drifted", "assets/again.png")
    project.stage()
    return Scope(open_change(Repository(project.root), Selection()))


def test_inputs_and_reports_travel_and_are_small(scope):
    for path in scope.targets:
        inputs = gather(scope, path)
        again = pickle.loads(pickle.dumps(inputs))
        assert again == inputs
        report = judge(again, scope.files)
        assert pickle.loads(pickle.dumps(report)) == report
        assert len(pickle.dumps(report)) < REPORT_BYTES


def test_another_process_gives_the_same_reports(scope):
    here = check(scope.change)
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        there = check(scope.change, pool.map)
    assert there == here
    assert [image.path for image in here.images] == ["assets/again.png", "assets/other.png"]


def test_judging_asks_no_git(scope, monkeypatch):
    inputs = [gather(scope, path) for path in scope.targets]
    blobs: dict[str, bytes] = {}

    def noted(oid: str, path: str) -> bytes:
        return blobs.setdefault(oid, scope.change.repository.objects.blob(oid, path))

    before = [judge(one, Files(noted)) for one in inputs]

    def refused(*given, **_):
        raise AssertionError(f"started {given}")

    monkeypatch.setattr(subprocess, "Popen", refused)
    monkeypatch.setattr(starting, "started", refused)
    monkeypatch.setattr(objects, "started", refused)
    assert [judge(one, Files(reader(blobs))) for one in inputs] == before


def test_the_number_of_threads_changes_nothing(scope):
    inputs = gather(scope, "assets/again.png")
    first, *others = (judge(inputs, Files(scope.change.repository.objects.blob), threads) for threads in (1, 2, 3))
    assert first.drift > 1
    assert others == [first, first]


def test_a_failure_is_handed_on_and_later_stages_are_not_called():
    failure = Failure("unreadable", "it is broken", "Export it again.")
    assert attempt(lambda *_: pytest.fail("it was called"), "a value", failure) is failure
    assert failure.finding.rule == "unreadable"


def test_what_is_known_stays_known_when_a_later_stage_fails(project):
    project.edit("drifted", original={"path": "assets/gone.png", "sha256": "0" * 64, "size": [320, 240]})
    project.write(SPRING, project.pictures.marked)
    project.stage()
    scope = Scope(open_change(Repository(project.root), Selection()))
    report = judge(gather(scope, SPRING), scope.files)
    assert [one.rule for one in report.findings] == ["stale-record", "missing-original"]
    assert report.evidence, "its own metadata was read all the same"


class TestFiles:
    """What one run keeps of what it decoded."""

    def source(self, number: int) -> tuple[Source, bytes]:
        data = png(texture(number))
        return Source(sha256(data), f"{number}.png"), data

    def test_each_is_decoded_once_and_the_last_is_always_kept(self, monkeypatch):
        from maskproof.images import files as module

        pictures = dict(self.source(number) for number in range(3))
        read = reader({source.oid: data for source, data in pictures.items()})
        first, *_, last = pictures
        kept = Files(read)
        assert kept.picture(first) is kept.picture(first)
        monkeypatch.setattr(module, "KEPT_BYTES", 1)
        kept = Files(read)
        for source in pictures:
            picture = kept.picture(source)
        assert kept.picture(last) is picture
        assert kept.picture(first) is not picture

    def test_it_travels_empty(self):
        source, data = self.source(1)
        kept = Files(reader({source.oid: data}))
        picture = kept.picture(source)
        again = pickle.loads(pickle.dumps(kept))
        assert again.picture(source) is not picture
        assert (again.picture(source).samples == picture.samples).all()

    def test_what_was_decoded_elsewhere_is_not_decoded_again(self):
        source, data = self.source(1)
        picture = Files(reader({source.oid: data})).picture(source)
        kept = Files(reader({}))
        kept.know(source, picture)
        assert kept.picture(source) is picture
