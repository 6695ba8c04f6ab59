"""The verdict cache: what is the same is not judged again, all else is, and no stranger's entry is a verdict."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from maskproof.gate import cache as cache_module
from maskproof.gate import check as check_module
from maskproof.gate.cache import Cache, form
from maskproof.gate.check import check, judge
from maskproof.gate.gather import gather
from maskproof.gate.packed import packed, unpacked
from maskproof.gate.scope import Scope
from maskproof.model import Verdict
from maskproof.repo import Repository
from maskproof.repo.change import Selection, open_change
from projects import HERO, MASK, SPRING, Project, png, texture

if TYPE_CHECKING:
    from pathlib import Path

    from maskproof.model import Report

AGAIN = "assets/again.png"


@pytest.fixture
def staged(project: Project) -> Project:
    """One edit that held and one that drifted."""
    project.edit()
    project.edit("drifted", AGAIN)
    project.stage()
    return project


def run(project: Project) -> tuple[Report, int]:
    """What the gate says of the index, and how many of its verdicts were kept."""
    repository = Repository(project.root)
    cache = Cache(repository)
    report = check(open_change(repository, Selection()), cache=cache)
    return report, cache.found


def entries(project: Project) -> list[Path]:
    return sorted(one for one in (project.root / ".git" / "maskproof").rglob("*") if one.is_file())


def test_the_same_again_is_judged_by_nobody_and_reported_alike(
    staged: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository(staged.root)
    plain = check(open_change(repository, Selection()), lean=True)
    first = run(staged)
    monkeypatch.setattr(check_module, "judge", lambda *_: pytest.fail("it was judged again"))
    assert (first, run(staged)) == ((plain, 0), (plain, 2))
    assert {one.verdict for one in plain.images} == {Verdict.PASS, Verdict.BLOCK}


def test_the_same_commit_again_loads_nothing_heavy(staged: Project) -> None:
    first = staged.check()
    command = (sys.executable, "-X", "importtime", "-m", "maskproof", "check")
    second = staged.run(*command, ok=False)
    assert (second.returncode, second.stdout) == (first.status, first.text)
    loaded = {line.rpartition("|")[2].strip() for line in second.stderr.splitlines()}
    assert "maskproof.gate.cache" in loaded
    assert not loaded & {"numpy", "PIL", "PIL.Image", "scipy", "maskproof.gate.check"}


CHANGES = {
    "the picture": lambda project: project.edit("held_again"),
    "the record": lambda project: project.edit(tool={"provider": "x"}),
    "the mode of its mask": lambda project: project.edit(
        mask={"path": MASK, "sha256": json.loads(project.record(b""))["mask"]["sha256"], "mode": "black"}
    ),
    "the policy": lambda project: project.write("maskproof.toml", 'version = 1\n[defaults]\nlevel = "exact"\n'),
    "the original": lambda project: (
        project.write(HERO, project.pictures.other),
        project.edit(original={"path": HERO, **project.original(project.pictures.other)}),
    ),
    "a file beside it": lambda project: project.write(f"{SPRING.removesuffix('.png')}.xmp", "<x/>"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_it_depends_on_changes_it_is_judged_anew(staged: Project, what: str) -> None:
    run(staged)
    CHANGES[what](staged)
    staged.stage()
    cached, _ = run(staged)
    plain = check(open_change(Repository(staged.root), Selection()), lean=True)
    assert cached == plain


def test_an_approval_that_is_given_and_expires_is_seen(staged: Project) -> None:
    before = staged.report()
    tomorrow = (dt.datetime.now(dt.UTC) + dt.timedelta(2)).date().isoformat()
    staged.maskproof("approve", AGAIN, "--reason", "It is meant so", "--expires", tomorrow)
    staged.stage()
    approved = staged.report()
    assert (before[0], approved[0]) == (1, 0)
    (file,) = (staged.root / ".maskproof" / "approvals").glob("*.json")
    tree = json.loads(file.read_text())
    file.write_text(json.dumps(tree | {"expires": "2020-01-01"}))
    staged.stage()
    status, report = staged.report()
    assert status == 1
    rules = [one["rule"] for image in report["images"] for one in image["findings"]]
    assert "approval-lapsed" in rules
    assert staged.report("--no-cache") == (status, report)


def test_another_engine_judges_anew(staged: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    run(staged)
    monkeypatch.setattr(cache_module, "engine", lambda: "another")
    assert run(staged)[1] == 0


def test_the_engine_is_code_and_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = cache_module.engine.__wrapped__
    before = engine()
    assert engine() == before
    (tmp_path / "extra-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with_extra = engine()
    package = tmp_path / "copy"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(cache_module.maskproof, "__file__", str(package / "__init__.py"))
    other = engine()
    (package / "unfilter.built").write_bytes(b"compiled")
    assert len({before, with_extra, other, engine()}) == 4


def test_a_record_and_an_approval_that_are_not_staged_are_told_whatever_was_kept(project: Project) -> None:
    project.write("maskproof.toml", 'version = 1\n[defaults]\nunrecorded = "block"\n')
    project.commit("Policy")
    project.edit("drifted")
    record = f"{SPRING}.maskproof.json"
    (written := project.root / record).rename(project.root / "aside")
    project.git("add", "-A", ":!aside")
    blocked = project.check()
    assert blocked.status == 1
    (project.root / "aside").rename(written)
    forgotten = project.check()
    assert forgotten.status == 3
    assert f"git add {record}" in forgotten.text
    project.git("add", record)
    assert project.check().status == 1
    assert project.maskproof("approve", SPRING, "--reason", "agreed").returncode == 0
    told = " ".join(project.check().text.split())
    assert "not staged, so nothing is accepted by it yet: `git add .maskproof/approvals`" in told
    project.git("add", "-A")
    assert "not staged" not in project.check().text


def test_a_record_that_was_renewed_and_not_staged_is_to_be_staged(project: Project) -> None:
    project.edit("held")
    project.stage()
    project.check()
    project.write(SPRING, project.pictures.held_again)
    project.git("add", SPRING)
    assert "maskproof record" in project.check().text
    project.maskproof("record", SPRING)
    told = project.check().text
    assert f"Its record was written anew and not staged: `git add {SPRING}.maskproof.json`." in " ".join(told.split())
    project.git("add", "-A")
    assert project.check().status == 0


def test_what_was_done_to_the_working_tree_since_is_said(staged: Project) -> None:
    assert "judged as staged" not in staged.check().text
    staged.write(SPRING, png(texture(9)))
    assert "judged as staged" in staged.check().text
    staged.git("checkout", "--", SPRING)
    assert "judged as staged" not in staged.check().text
    staged.write("maskproof.toml", "version = 1\n")
    assert staged.check().status == 3, "a policy that was forgotten"


def test_what_could_not_be_judged_is_looked_at_again(project: Project) -> None:
    data = project.pictures.held[:-400]
    project.write(SPRING, data)
    project.write(f"{SPRING}.maskproof.json", project.record(data))
    project.stage()
    assert project.check().status == 3
    assert not entries(project)


def spoiled(data: bytes) -> dict[str, bytes]:
    """An entry in all the ways in which it may be wrong."""
    head, _, value = data.rpartition(b"\n")
    swapped = head + b"\n" + value.replace(b'"block"', b'"pass"')
    return {"cut": data[:-1], "empty": b"", "poisoned": swapped, "foreign": b"\x89PNG" + data, "large": data * 2000}


@pytest.mark.parametrize("how", ["cut", "empty", "poisoned", "foreign", "large"])
def test_a_spoiled_entry_is_no_verdict(staged: Project, how: str) -> None:
    first = staged.report()
    found = entries(staged)
    assert len(found) == 3, "two images and the run"
    for file in found:
        file.write_bytes(spoiled(file.read_bytes())[how])
    assert staged.report() == first
    assert run(staged)[1] == 2, "they were written anew"


def test_an_entry_of_another_layout_is_no_verdict(staged: Project) -> None:
    """Its checksum may fit: an older version of this program wrote it, by the same key."""
    report, _ = run(staged)
    repository = Repository(staged.root)
    shelf = Cache(repository).shelf
    keys = [file.parent.name + file.name for file in entries(staged)]
    for value in (b"[]", b"{}", b"null", b'{"verdict": "maybe"}', b"not JSON", b"[" * 100_000, b"\xff"):
        for key in keys:
            shelf.put(key, value)
        assert run(staged) == (report, 0)


@pytest.mark.threat("T37")
def test_in_ci_nothing_is_read_or_written_unless_asked(staged: Project) -> None:
    told = staged.check(CI="true").status
    assert not (staged.root / ".git" / "maskproof" / "verdicts").exists()
    staged.check("--no-cache")
    assert not (staged.root / ".git" / "maskproof" / "verdicts").exists()
    assert staged.check("--cache", CI="true").status == told == 1
    assert entries(staged)


def test_the_command_shows_and_clears(staged: Project) -> None:
    assert "\n0 verdicts (0.0 kB); " in staged.maskproof("cache").stdout
    staged.check()
    assert "\n3 verdicts (" in staged.maskproof("cache").stdout
    assert staged.maskproof("cache", "--clear").stdout.startswith("Removed 3 verdicts (")
    assert not entries(staged)


def test_a_run_that_was_interrupted_goes_on_where_it_ended(staged: Project) -> None:
    def interrupted(one: Any, inputs: Any) -> Any:
        for number, task in enumerate(inputs):
            if number:
                raise KeyboardInterrupt
            yield one(task)

    repository = Repository(staged.root)
    change = open_change(repository, Selection(everything=True))
    with pytest.raises(KeyboardInterrupt):
        check(change, interrupted, cache=Cache(repository))
    again = Cache(repository)
    assert check(change, cache=again) == check(change, lean=True)
    assert again.found == 1


def test_another_commit_that_touches_none_of_it_judges_nothing_anew(staged: Project) -> None:
    repository = Repository(staged.root)

    def everything() -> int:
        cache = Cache(repository)
        named = repository.known("HEAD")
        change = open_change(repository, Selection(to_ref=named, everything=True))
        assert check(change, cache=cache) == check(change, lean=True)
        return cache.found

    staged.commit()
    first = everything()
    staged.write("README.md", "More\n")
    staged.commit()
    assert (first, everything()) == (0, len(staged.report("--all")[1]["images"]))


def test_no_verdict_depends_on_what_is_only_told(staged: Project) -> None:
    scope = Scope(open_change(Repository(staged.root), Selection()))
    for path in scope.targets:
        inputs = gather(scope, path)
        assert inputs.change is not None
        other = replace(inputs, change=replace(inputs.change, head="1" * 40, base="2" * 40))
        assert form(other) == form(inputs)
        reports = [replace(judge(one, scope.files), inspection=None) for one in (inputs, other)]
        assert reports[0] == reports[1]


def test_reports_lose_nothing(staged: Project) -> None:
    staged.write(
        "maskproof.toml", 'version = 1\n[[areas]]\npaths = ["**"]\nname = "l"\nkind = "brand"\nbox = [0,0,60,60]\n'
    )
    staged.stage()
    report, _ = run(staged)
    for one in report.images:
        assert unpacked(json.loads(json.dumps(packed(one)))) == replace(one, inspection=None)


# --- keys ---


class Colour(StrEnum):
    RED = "red"


class Point(msgspec.Struct, frozen=True):
    x: Any
    y: Any = None


class Row(msgspec.Struct, frozen=True):
    x: Any


PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
VALUES = st.recursive(
    PLAIN | st.just(Colour.RED),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.builds(Point, inner, inner)
        | st.builds(Row, inner)
    ),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_two_values_have_one_form_exactly_where_they_are_the_same(one: Any, other: Any) -> None:
    assert (form(one) == form(other)) == (repr(one) == repr(other))


def test_sets_have_one_form_in_every_process() -> None:
    code = "from maskproof.gate.cache import form; print(form(frozenset('abcdefgh')).hex())"
    done = [
        subprocess.check_output([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed})
        for seed in ("1", "2")
    ]
    assert done[0] == done[1] != b""


def test_what_nothing_tells_is_not_taken_for_the_same() -> None:
    with pytest.raises(TypeError):
        form(Point(object()))
