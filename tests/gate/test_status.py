"""`maskproof status`: every recorded picture as it stands, told one by one, in lines that fit a terminal."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from maskproof.gate.cache import Cache
from maskproof.gate.status import reports
from maskproof.repo import Repository
from processes import maskproof
from projects import HERO, clean_environment

if TYPE_CHECKING:
    from pathlib import Path

    from projects import Project


def listed(project: Project) -> dict:
    done = project.maskproof("status", "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_recorded_picture_has_its_verdict_origin_model_and_day(project: Project) -> None:
    project.edit("held", "assets/a.png", tool={"provider": "openai", "model": "gpt-image-2"})
    project.git("add", "-A")
    project.git("commit", "-qm", "x", "--no-verify", GIT_COMMITTER_DATE="2026-03-04T12:00:00Z")
    project.edit("drifted", "assets/b.png", tool={"provider": "flux"})
    project.write("assets/d.png", project.pictures.other)
    manual = project.record(project.pictures.other, origin="manual", original=None, mask=None)
    project.write("assets/d.png.maskproof.json", manual)
    project.write("assets/e.png", project.pictures.held_again)
    project.write("assets/e.png.maskproof.json", "{}")
    project.stage()
    found = listed(project)
    rows = {one["path"][7:8]: one for one in found["pictures"]}
    assert {name: (one["verdict"], one["origin"], one["model"], one["day"]) for name, one in rows.items()} == {
        "a": ("pass", "edited", "gpt-image-2", "2026-03-04"),
        "b": ("block", "edited", "flux", ""),
        "d": ("pass", "manual", "", ""),
        "e": ("unjudged", "", "", ""),
    }
    assert rows["b"]["found"][0] == "outside-mask"
    assert found["summary"] == {"pictures": 4, "passed": 2, "blocked": 1, "unjudged": 1}


def test_the_day_is_that_of_the_commit_whatever_came_before_and_after(project: Project) -> None:
    for month, verdict, path in (
        (1, "held", "assets/a.png"),
        (2, "drifted", "assets/b.png"),
        (3, "held", "assets/c.png"),
    ):
        project.edit(verdict, path)
        project.stage()
        project.git("commit", "-qm", "x", "--no-verify", GIT_COMMITTER_DATE=f"2026-{month:02}-17T12:00:00Z")
    days = {one["path"]: one["day"] for one in listed(project)["pictures"]}
    assert days == {"assets/a.png": "2026-01-17", "assets/b.png": "2026-02-17", "assets/c.png": "2026-03-17"}


def test_lines_fit_eighty_columns_and_say_what_was_accepted(project: Project) -> None:
    project.edit("drifted", "assets/b.png", tool={"model": "gpt-image-2"})
    project.stage()
    assert project.maskproof("approve", "assets/b.png", "--reason", "agreed").returncode == 0
    project.edit("drifted", "assets/z.png")
    project.stage()
    text = project.maskproof("status").stdout
    assert max(map(len, text.splitlines())) <= 80
    first, name, second, *_, last = text.splitlines()
    assert first.split()[0] == "passes"
    assert first.endswith("edited, gpt-image-2; approved, not reviewed yet")
    assert name == "    assets/b.png"
    assert second.startswith("BLOCKED   ")
    assert second.endswith("edited; outside-mask")
    assert last == "maskproof: 2 recorded pictures: 0 pass, 1 accepted, 1 blocked, 0 not judged."
    assert len(listed(project)["pictures"][0]["approvals"]) == 1


def test_without_records_there_is_nothing_to_list(project: Project) -> None:
    assert project.maskproof("status").stdout == "maskproof: 0 recorded pictures: 0 pass, 0 blocked, 0 not judged.\n"
    assert listed(project)["pictures"] == []


def test_memory_does_not_grow_with_what_was_told(project: Project) -> None:
    def peak() -> float:
        return maskproof().run("status", cwd=project.root, env=clean_environment()).memory

    for number in range(4):
        project.edit("held", f"assets/{number}.png")
    project.stage()
    few = peak()
    for number in range(4, 60):
        project.edit("held", f"assets/{number}.png")
    project.stage()
    assert project.maskproof("status").stdout.count(HERO) == 0
    assert peak() < few + 25


def test_it_finds_what_the_gate_has_kept_and_says_the_same_without_it(project: Project) -> None:
    project.edit("held", "assets/a.png", tool={"model": "gpt-image-2"})
    project.edit("drifted", "assets/b.png")
    project.stage()
    first = project.maskproof("status").stdout
    cache = Cache(Repository(project.root))
    again = [said for _, said in reports(Repository(project.root), in_ci=False, cache=cache)]
    assert cache.found == 2
    assert [(one.verdict.value, one.origin, one.model) for one in again] == [
        ("pass", "edited", "gpt-image-2"),
        ("block", "edited", ""),
    ]
    asked = (("--no-cache",), ("--cache",), ("--jobs", "2", "--no-cache"), ())
    assert {project.maskproof("status", *how).stdout for how in asked} == {first}
    stats = {project.maskproof("stats", "--by", "model", *how).stdout for how in asked}
    assert len(stats) == 1
    project.maskproof("cache", "--clear")
    assert project.maskproof("check", "--all").returncode == 1
    cache = Cache(Repository(project.root))
    assert len(list(reports(Repository(project.root), in_ci=False, cache=cache))) == 2
    assert cache.found == 2


STANDINGS = {
    "Passes": "pass",
    "Warning": "with a warning",
    "Accepted": "accepted",
    "Blocked": "blocked",
    "Not judged": "not judged",
}
"""what the filters of a page say, and what the line at the end says"""


def test_all_numbers_are_those_of_the_filters_and_add_up(project: Project, tmp_path: Path) -> None:
    project.write("maskproof.toml", 'version = 1\n[[derived]]\nmaster = "assets/a.png"\npaths = ["assets/row.png"]\n')
    project.edit("held", "assets/a.png")
    project.write("assets/row.png", project.pictures.held)
    project.edit("drifted", "assets/b.png")
    other = project.pictures.other
    for name, origin in (("made", "generated"), ("photo", "manual")):
        project.write(f"assets/{name}.png", other)
        without = project.record(other, origin=origin, original=None, mask=None)
        project.write(f"assets/{name}.png.maskproof.json", without)
    export = project.record(
        project.pictures.held,
        origin="derived",
        original={"path": "assets/a.png", **project.original(project.pictures.held)},
        mask=None,
    )
    project.write("assets/export.png", project.pictures.held)
    project.write("assets/export.png.maskproof.json", export)
    project.write("assets/broken.png", other)
    project.write("assets/broken.png.maskproof.json", "{}")
    trailing = project.pictures.held_again + b"\n"
    project.write("assets/warned.png", trailing)
    project.write("assets/warned.png.maskproof.json", project.record(trailing))
    project.edit("drifted", "assets/agreed.png")
    project.stage()
    assert project.maskproof("approve", "assets/agreed.png", "--reason", "agreed").returncode == 0
    project.stage()
    line = project.maskproof("status").stdout.splitlines()[-1]
    assert line == ("maskproof: 8 recorded pictures: 4 pass, 1 with a warning, 1 accepted, 1 blocked, 1 not judged.")
    assert project.maskproof("gallery", str(tmp_path / "gallery")).returncode == 0
    for page in (project.maskproof("status", "--format", "html").stdout, (tmp_path / "gallery/index.html").read_text()):
        filters = dict(re.findall(r"<span>([\w ]+) <b>(\d+)</b>", page))
        assert line.removeprefix("maskproof: ").rstrip(".") in page
        assert int(filters.pop("All")) == sum(map(int, filters.values())) == 8
        assert set(filters) == set(STANDINGS)
        assert all(f"{number} {STANDINGS[word]}" in line for word, number in filters.items())
    summary = listed(project)["summary"]
    assert summary == {"pictures": 8, "passed": 6, "blocked": 1, "unjudged": 1}
