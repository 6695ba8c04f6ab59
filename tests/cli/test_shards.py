"""A run in parts, and in processes: what comes out is what the whole run in one process says, to the byte."""

from __future__ import annotations

import json

import pytest

from maskproof.report import FORMATS
from projects import MASK, Project, png, texture, valid

COUNT = 5


@pytest.fixture
def crowd(project: Project) -> Project:
    """Edits that held and drifted, one that cannot be judged, one without a record, and a note on the policy."""
    for number in range(COUNT):
        project.edit("drifted" if number % 2 else "held", f"assets/edit{number}.png")
    project.edit(path="assets/gone.png", original={"path": "assets/no.png", "sha256": "0" * 64, "size": [320, 240]})
    project.write("assets/unknown.png", png(texture(9)))
    project.write("maskproof.toml", 'version = 1\n[[rules]]\npaths = ["nowhere/**"]\nlevel = "exact"\n')
    project.maskproof("approve", "assets/edit1.png", "--reason", "It is meant so")
    project.stage()
    return project


def parts(project: Project, of: int) -> list[str]:
    """The reports of all parts, the last one first."""
    names = []
    for number in range(of, 0, -1):
        name = f".git/part{number}.json"
        project.check("--all", "--shard", f"{number}/{of}", "--format", "json", "--output", name)
        valid(json.loads((project.root / name).read_text()))
        names.append(name)
    return names


@pytest.mark.parametrize("of", [1, 3, 12])
def test_merged_parts_equal_the_whole(crowd: Project, of: int) -> None:
    names = parts(crowd, of)
    for name in FORMATS if of == 3 else ("json",):
        if not hasattr(FORMATS[name], "joined"):
            continue
        whole = crowd.maskproof("check", "--all", "--format", name)
        merged = crowd.maskproof("merge-reports", *names, "--format", name)
        assert (merged.stdout, merged.returncode) == (whole.stdout, whole.returncode)
    assert json.loads(crowd.maskproof("merge-reports", *names, "--format", "json").stdout)["notes"]


def test_each_image_is_in_one_part_and_the_parts_are_of_one_size(crowd: Project) -> None:
    counts = [len(json.loads((crowd.root / name).read_text())["images"]) for name in parts(crowd, 3)]
    assert max(counts) - min(counts) <= 1
    assert sum(counts) == len(crowd.report("--all")[1]["images"])


def test_fail_on_warn_holds_for_the_merged_report_as_well(project: Project) -> None:
    project.write("assets/unknown.png", project.pictures.marked)
    project.stage()
    names = parts(project, 2)
    told = [project.check("--all", "--fail-on", how).status for how in ("block", "warn")]
    merged = [project.maskproof("merge-reports", *names, "--fail-on", how).returncode for how in ("block", "warn")]
    assert merged == told == [0, 1]


def test_what_is_no_whole_run_is_refused(crowd: Project) -> None:
    first, second = parts(crowd, 2)
    other = crowd.root / ".git" / "other.json"
    other.write_text((crowd.root / second).read_text())
    crowd.check("--all", "--format", "json", "--output", ".git/whole.json")
    (crowd.root / ".git" / "broken.json").write_text("{")

    def said(*names: str) -> str:
        done = crowd.maskproof("merge-reports", *names)
        assert (done.returncode, done.stdout) == (2, "")
        return done.stderr

    assert "of 2 parts these are missing: 1" in said(first)
    assert "is the same part as" in said(first, second, ".git/other.json")
    assert "is no JSON report of a part" in said(first, ".git/whole.json")
    assert "is no JSON report of a part" in said(".git/broken.json")
    tree = json.loads(other.read_text())
    for spoil in ({"exact": [{}]}, {"number": None}, {"own": 1}):
        other.write_text(json.dumps(tree | {"shard": tree["shard"] | spoil}))
        assert "is no JSON report of a part" in said(first, ".git/other.json")
    crowd.edit("drifted", "assets/edit0.png")
    crowd.stage()
    crowd.check("--all", "--shard", "1/2", "--format", "json", "--output", ".git/other.json")
    assert "is a part of another run" in said(first, ".git/other.json")


@pytest.mark.parametrize("said", ["0/2", "3/2", "1", "a/b", "1/2/3", "-1/2", "1/0", "1/99999"])
def test_a_part_that_is_none_is_refused(project: Project, said: str) -> None:
    done = project.maskproof("check", "--shard", said)
    assert done.returncode == 2
    assert "say I/N" in done.stderr


def test_processes_give_the_same_report(crowd: Project) -> None:
    asked = ("check", "--all", "--format", "json", "--no-cache")
    whole, *others = (crowd.maskproof(*asked, *jobs) for jobs in ((), ("--jobs", "1"), ("--jobs", "2")))
    assert [(one.stdout, one.returncode) for one in others] == [(whole.stdout, whole.returncode)] * 2


def test_parts_and_the_whole_share_what_was_judged(crowd: Project) -> None:
    """A part that was judged before is not judged again: what it takes is there."""
    parts(crowd, 2)
    shelf = crowd.root / ".git" / "maskproof" / "verdicts"
    before = {one.name for one in shelf.rglob("*") if one.is_file()}
    whole = crowd.maskproof("check", "--all", "--format", "json")
    assert whole.stdout == crowd.maskproof("check", "--all", "--format", "json", "--no-cache").stdout
    assert {one.name for one in shelf.rglob("*") if one.is_file()} == before, "the run itself asked for approvals"
    assert MASK in whole.stdout
