"""`maskproof comment`: one comment, written by us, from a report that anybody may have written."""

from __future__ import annotations

import io
import json
import zipfile
from html import unescape

import pytest

from github_server import BOT, NAME, TOKEN, State, pull, serving
from maskproof.model import Acceptance, Box, Finding, ImageReport, Report, Severity, Verdict
from maskproof.pulls.comment import read
from maskproof.report import json as writer
from maskproof.report import markdown
from projects import SPRING

HEAD = "a" * 40
MARKUP = "![x](http://e.example) @acme/all <img src=x> `b` | #1\n::error::x"


def as_json(report):
    """A report as a job writes it."""
    return "".join(writer.run(report))


def finding(**more) -> Finding:
    return Finding(
        "outside-mask", Severity.BLOCK, "a patch", "outside the mask", 2.5, 1.0, "x", Box(1, 2, 3, 4), **more
    )


def image(path=SPRING, *findings) -> ImageReport:
    return ImageReport(path, Verdict.BLOCK, 2.5, findings or (finding(),))


def zipped(data: bytes | str, name: str = "report.json") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file.getvalue()


def run(**more) -> dict:
    """As of "workflow_run"."""
    own = {
        "id": 42,
        "event": "pull_request",
        "head_sha": HEAD,
        "head_branch": "pr",
        "head_repository": {"full_name": NAME},
        "pull_requests": [],
    }
    return {"repository": {"full_name": NAME}, "workflow_run": {**own, **more}}


@pytest.fixture
def told(scratch):
    def told(state, event, *options):
        scratch.write("event.json", json.dumps(event))
        with serving(state) as env:
            return scratch.maskproof("comment", "event.json", *options, **env)

    return told


def state(report=None, **more) -> State:
    report = report or Report((image(),))
    kept = {"maskproof": zipped(report if isinstance(report, (bytes, str)) else as_json(report))}
    return State(pulls=[pull(HEAD)], artifacts=kept, **more)


def test_the_comment_is_written_once_and_then_renewed(told):
    on = state(comments=[{"id": 1, "user": {"login": "eve", "type": "User"}, "body": markdown.MARKER}])
    assert told(on, run()).stdout == "Wrote the comment on pull request 7\n"
    on.artifacts["maskproof"] = zipped(as_json(Report()))
    assert told(on, run()).stdout == "Renewed the comment on pull request 7\n"
    assert [(method, path) for method, path, _ in on.written] == [
        ("POST", "issues/7/comments"),
        ("PATCH", "issues/comments/101"),
    ]
    first, second = (unescape(content["body"]) for _, _, content in on.written)
    assert f"1 image to look at: {SPRING}" in first
    assert "nothing to look at" in second
    assert "[The run and its reports](https://github.example/acme/site/actions/runs/42)" in first
    assert "The required check decides" in first
    assert on.tokens_elsewhere == []


def test_the_comment_is_found_among_many(told):
    crowd = [{"id": number, "user": {"login": "ana", "type": "User"}, "body": "Nice"} for number in range(150)]
    on = state(comments=[*crowd, {"id": 500, "user": BOT, "body": f"{markdown.MARKER}\nold"}])
    told(on, run())
    assert on.written[0][:2] == ("PATCH", "issues/comments/500")


def test_a_job_of_the_base_comments_from_its_own_report(told, scratch):
    scratch.write("report.json", as_json(Report((image(),))))
    on = State()
    told(on, {"repository": {"full_name": NAME}, "pull_request": {"number": 7}}, "--report", "report.json")
    ((_, path, content),) = on.written
    assert path == "issues/7/comments"
    assert "The required check decides" not in content["body"]


def test_where_there_is_nothing_to_say_nothing_is_written(told):
    for on, event in (
        (state(Report()), run()),
        (state(), run(event="push")),
        (State(pulls=[pull(HEAD)]), run()),
    ):
        assert told(on, event).returncode == 0
        assert on.written == []


@pytest.mark.parametrize(
    "pulls",
    [
        [],
        [pull("b" * 40)],
        [pull(HEAD, repo="eve/site")],
        [pull(HEAD, repo=None)],
        [pull(HEAD, ref="other")],
        [pull(HEAD), pull(HEAD, number=8)],
    ],
    ids=["none", "moved on", "of a fork", "its fork is gone", "another branch", "two of one commit"],
)
def test_only_the_pull_request_that_has_the_very_commit_is_written_to(told, pulls):
    on = state()
    on.pulls = pulls
    assert "No open pull request" in told(on, run()).stdout
    assert on.written == []


def test_a_fork_is_found_by_its_own_branch(told):
    on = state()
    on.pulls = [pull(HEAD), pull(HEAD, number=9, repo="eve/site", ref="x&state=all")]
    told(on, run(head_repository={"full_name": "eve/site"}, head_branch="x&state=all"))
    assert [path for _, path, _ in on.written] == ["issues/9/comments"]


def test_what_a_report_says_stays_text(told):
    accepted = Acceptance("approval", MARKUP, MARKUP)
    hostile = image(
        MARKUP, finding(advice=MARKUP, accepted=accepted), finding(text=None, about=(MARKUP,), advice=MARKUP)
    )
    on = state(Report((hostile,), (MARKUP,)))
    told(on, run())
    body = on.written[0][2]["body"]
    for part in ("](http://e", "@acme", "<img", "`b`", " #1"):
        assert part not in body
    assert "\n::error" not in body


@pytest.mark.parametrize("key", ["rule", "how"])
def test_and_what_is_a_name_is_one_of_ours(told, key):
    tree = json.loads(as_json(Report((image(SPRING, finding(accepted=Acceptance("approval", "a"))),))))
    found = tree["images"][0]["findings"][0]
    (found if key == "rule" else found["accepted"])[key] = "`<img src=x>`"
    on = state(json.dumps(tree))
    done = told(on, run())
    assert (done.returncode, on.written) == (2, [])


ARTIFACTS = {
    "no zip": lambda: b"no zip",
    "out of the folder": lambda: zipped("{}", "../report.json"),
    "another file": lambda: zipped("{}", "other.json"),
    "empty": lambda: zipped("{}"),
    "no JSON": lambda: zipped("["),
    "deep": lambda: zipped("[" * 100_000),
    "a key twice": lambda: zipped('{"maskproof": 1, "maskproof": 1}'),
    "other types": lambda: zipped(json.dumps({"maskproof": 1, "summary": {}, "images": "x", "notes": []})),
    "bomb": lambda: zipped(b" " * 50_000_000),
    "cut off": lambda: zipped("{}")[:-30],
}


@pytest.mark.parametrize("kept", ARTIFACTS.values(), ids=ARTIFACTS)
def test_an_artifact_that_is_none_writes_nothing(told, kept):
    on = state()
    on.artifacts["maskproof"] = kept()
    done = told(on, run())
    assert (done.returncode, on.written) == (2, [])
    assert "Traceback" not in done.stderr


def test_a_large_report_is_cut_to_what_a_comment_holds(told):
    on = state(Report(tuple(image(f"assets/{'x' * 80}-{number}.png") for number in range(900))))
    told(on, run())
    assert 50_000 < len(on.written[0][2]["body"]) < 65_536


@pytest.mark.parametrize(
    ("event", "options"),
    [
        ({}, ()),
        ([], ()),
        ({"repository": {"full_name": "../../x"}, "workflow_run": run()["workflow_run"]}, ()),
        ({"repository": {"full_name": NAME}}, ()),
        ({"repository": {"full_name": NAME}, "pull_request": {"number": "7/../8"}}, ("--report", "event.json")),
        ({**run(), "workflow_run": {**run()["workflow_run"], "id": "42/../1"}}, ()),
        ({**run(), "workflow_run": {**run()["workflow_run"], "head_repository": None}}, ()),
    ],
)
def test_an_event_that_is_none_is_refused(told, event, options):
    on = state()
    done = told(on, event, *options)
    assert (done.returncode, on.written) == (2, [])
    assert "Traceback" not in done.stderr


def test_a_token_that_may_not_write_is_told(told):
    done = told(state(forbidden=f"/repos/{NAME}/issues/7"), run())
    assert done.returncode == 2
    assert "GitHub answered 403" in done.stderr


def test_without_a_token_nothing_is_asked(scratch):
    scratch.write("event.json", json.dumps(run()))
    done = scratch.maskproof("comment", "event.json")
    assert done.returncode == 2
    assert "GH_TOKEN" in done.stderr


@pytest.mark.parametrize("url", ["http://api.example", "file:///etc", "ftp://127.0.0.1"])
def test_nothing_is_asked_without_encryption(scratch, url):
    scratch.write("event.json", json.dumps(run()))
    done = scratch.maskproof("comment", "event.json", GITHUB_API_URL=url, GH_TOKEN=TOKEN)
    assert done.returncode == 2
    assert "without encryption" in done.stderr


def test_a_report_is_read_as_it_was_written():
    full = Report((image(SPRING, finding(accepted=Acceptance("baseline", "f", by=("ana",)))), image("bytes\udcff.png")))
    found = read(as_json(full).encode())
    assert [one.findings for one in found.images] == [one.findings for one in full.images]
    assert found.images[1].path == "bytes\ufffd.png"
    assert read(as_json(Report((image("😀.png"),))).encode()).images[0].path == "😀.png"
