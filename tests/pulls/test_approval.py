"""`maskproof approve --from-comment`: a code owner's line becomes a commit, and nothing else of a comment does."""

from __future__ import annotations

import hashlib
import json

import pytest

from github_server import NAME, State, pull, serving
from maskproof.errors import UsageError
from maskproof.pulls.approval import parsed
from projects import SPRING
from services import hosted, job, sha

OWNERS = "* @bea\n/.maskproof/ @Olga @acme/design owner@example.com\n"
POLICY = 'version = 1\n[approvals]\nauthority = "codeowners"\n'


@pytest.fixture
def service(project):
    project.write(".github/CODEOWNERS", OWNERS)
    project.write("maskproof.toml", POLICY)
    project.commit("Owners")
    service = hosted(project)
    service.git("update-ref", "refs/pull/7/head", "pr")
    return service


def digest(service) -> str:
    return hashlib.sha256(service.pictures.drifted).hexdigest()


def line(service, path: str = SPRING, reason: str = "Agreed with the brand team") -> str:
    return f"/maskproof approve {path}@{digest(service)}: {reason}"


def event(body: str, *, login: str = "olga", kind: str = "User", association: str = "MEMBER", **more) -> dict:
    """As of "issue_comment"."""
    return {
        "action": "created",
        "issue": {"number": 7, "state": "open", "pull_request": {"url": "https://api.github.example"}},
        "comment": {
            "id": 3,
            "html_url": "https://github.example/acme/site/pull/7#issuecomment-3",
            "body": body,
            "user": {"login": login, "type": kind},
            "author_association": association,
        },
        "repository": {"full_name": NAME},
        **more,
    }


@pytest.fixture
def told(service):
    """What comes of an event: the run, what was answered on the pull request, and the branch after it."""
    clone = job(service, sha(service, "main"), ref="refs/remotes/origin/main")
    before = sha(service, "pr")

    def told(said, state=None, **env):
        on = state or State(
            pulls=[pull(before)], commits=[{"author": {"login": "ana"}, "committer": {"login": "web-flow"}}]
        )
        clone.write(".git/event.json", json.dumps(said))
        with serving(on) as own:
            done = clone.maskproof("approve", "--from-comment", ".git/event.json", **{**own, **env})
        answers = [content["body"] for _, path, content in on.written if path == "issues/7/comments"]
        return done, answers, sha(service, "pr") != before

    return told


def test_an_owners_line_becomes_a_commit_that_the_check_takes(service, told):
    before = sha(service, "pr")
    done, answers, moved = told(event(line(service)))
    assert (done.returncode, moved) == (0, True), done.stderr
    assert "olga approved assets/spring&#46;png" in answers[0]
    assert sha(service, "pr^") == before
    changed = service.git("diff", "--name-status", before, "pr").stdout.split()
    assert changed[0] == "A"
    assert changed[1].startswith(".maskproof/approvals/spring-png-")
    written = json.loads(service.git("show", f"pr:{changed[1]}").stdout)
    assert (written["reason"], written["by"]) == ("Agreed with the brand team", "olga (GitHub)")
    said = service.git("log", "-1", "--format=%an%n%B", "pr").stdout
    assert said.startswith("github-actions[bot]\nApprove assets/spring.png\n")
    assert "issuecomment-3" in said
    assert service.check("--from-ref", "main", "--to-ref", before).status == 1
    assert service.check("--from-ref", "main", "--to-ref", "pr", CI="true").status == 0


@pytest.mark.parametrize(
    ("login", "members"), [("olga", ()), ("OLGA", ()), ("dora", ("acme/design/dora",))], ids=["named", "case", "team"]
)
def test_who_owns_the_folder_may(service, told, login, members):
    on = State(pulls=[pull(sha(service, "pr"))], members=set(members))
    done, _, moved = told(event(line(service), login=login), on)
    assert (done.returncode, moved) == (0, True), done.stderr


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"login": "bea"}, "is no owner"),
        ({"login": "owner"}, "is no owner"),
        ({"login": "acme/design"}, "is no owner"),
        ({"login": "dora"}, "is no owner"),
        ({"login": "ana"}, "nobody approves a change of their own"),
        ({"login": "Ana"}, "nobody approves a change of their own"),
        ({"login": "olga", "commits": ["olga"]}, "nobody approves a change of their own"),
        ({"login": "dora", "forbidden": "/orgs"}, "is no owner"),
    ],
)
def test_nobody_else_may(service, told, more, says):
    commits = [{"author": {"login": one}, "committer": None} for one in more.pop("commits", ())]
    on = State(pulls=[pull(sha(service, "pr"))], commits=commits, forbidden=more.pop("forbidden", ""))
    done, answers, moved = told(event(line(service), **more), on)
    assert (done.returncode, moved) == (2, False)
    assert says in answers[0]


@pytest.mark.parametrize(
    "more", [{"kind": "Bot"}, {"association": "NONE"}, {"association": "CONTRIBUTOR"}, {"association": "FIRST_TIMER"}]
)
def test_programs_and_strangers_are_not_even_answered(service, told, more):
    done, answers, moved = told(event(line(service), **more))
    assert (done.returncode, answers, moved) == (2, [], False)


@pytest.mark.parametrize(
    "said",
    [
        event("Nice work"),
        event("Please write `/maskproof approve …`"),
        {**event("/maskproof approve a@b: c"), "action": "edited"},
        {**event("/maskproof approve a@b: c"), "action": "deleted"},
        {**event("/maskproof approve a@b: c"), "issue": {"number": 7}},
    ],
)
def test_other_comments_ask_for_nothing(told, said):
    done, answers, moved = told(said)
    assert (done.returncode, answers, moved) == (0, [], False)


D = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "body",
    [
        f"/maskproof approve {SPRING}",
        f"/maskproof approve {SPRING}@{D}",
        f"/maskproof approve {SPRING}@{D}:",
        f"/maskproof approve {SPRING}@{D}:   ",
        f"/maskproof approve {SPRING}@{D[:31]}: short",
        f"/maskproof approve {SPRING}@{D}f: long",
        f"/maskproof approve {SPRING}@{D.upper()}: upper",
        f"/maskproof approve ../{SPRING}@{D}: up",
        f"/maskproof approve /etc/passwd@{D}: root",
        f"/maskproof approve .git/config@{D}: git",
        f"/maskproof approve a/../{SPRING}@{D}: up",
        f"/maskproof approve --all@{D}: option",
        f"/maskproof approve $(touch x).png:x@{D}: shell",
        f"/maskproof approve a\\b@{D}: other systems",
        f"/maskproof approve {SPRING}@{D}: one\n/maskproof approve {SPRING}@{D}: two",
        f"/maskproof approve {SPRING}@{D}: one\n\n> quoted",
        f"/maskproof approve {SPRING}@{D}: one\rtwo",
        f"/maskproof approve {SPRING}@{D}: one\u2028two",
        f"/maskproof approve {SPRING}@{D}: \u202etxet",
        f"/maskproof approve {SPRING}@{D}: \x1b[31mred",
        f"/maskproof approve {SPRING}\u200b@{D}: hidden",
        f"/maskproof approve {SPRING}@{D}: {'x' * 1001}",
        f"/maskproofapprove {SPRING}@{D}: x",
        f"/maskproof  approve {SPRING}@{D}: x",
        f"/maskproof reject {SPRING}@{D}: x",
    ],
)
def test_a_line_that_is_no_approval_is_refused(body):
    with pytest.raises(UsageError):
        parsed(body)


@pytest.mark.parametrize(
    "reason", ["$(touch x); `id`", '"; rm -rf / #', "${{ github.token }}", "理由:夏季活動", "@all ::error::"]
)
def test_a_reason_is_text_whatever_it_says(reason):
    assert parsed(f"/maskproof approve a b@c.png@{D[:32]}: {reason}\r\n") == ("a b@c.png", D[:32], reason)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (f"/maskproof approve {SPRING}@{D}: x", "is another picture"),
        (f"/maskproof approve assets/none.png@{D}: x", "has no file"),
        (f"/maskproof approve README.md@{D}: x", "is another picture"),
        (f"/maskproof approve {SPRING}.maskproof.json@{D}: x", "is no picture"),
        (f"/maskproof approve assets/hero.png@{D}: x", "needs no approval"),
        ("/maskproof approve", "is no approval"),
    ],
)
def test_what_does_not_fit_the_pull_request_is_answered_and_not_done(told, body, says):
    done, answers, moved = told(event(body))
    assert (done.returncode, moved) == (2, False), done.stdout
    assert says in answers[0]


def test_a_hostile_reason_is_in_the_file_and_nowhere_else(service, told, tmp_path):
    reason = f'$(touch {tmp_path}/owned) "; touch {tmp_path}/owned # ](http://e.example) @all'
    done, answers, moved = told(event(line(service, reason=reason)))
    assert (done.returncode, moved) == (0, True), done.stderr
    assert not (tmp_path / "owned").exists()
    assert "e.example" not in answers[0]
    assert "@all" not in service.git("log", "-1", "--format=%B", "pr").stdout
    file = service.git("diff", "--name-only", "pr^", "pr").stdout.strip()
    assert json.loads(service.git("show", f"pr:{file}").stdout)["reason"] == reason


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"repo": "eve/site"}, "lies in a fork"),
        ({"repo": None}, "lies in a fork"),
        ({"head": "0" * 40}, "has no commit"),
    ],
)
def test_a_branch_that_cannot_be_written_to_is_told(service, told, change, says):
    on = State(pulls=[pull(**{"head": sha(service, "pr"), **change})])
    done, answers, moved = told(event(line(service)), on)
    assert done.returncode != 0
    assert not moved
    assert says in answers[0]


def test_a_branch_that_moved_on_is_left_alone(service, told):
    looked_at = sha(service, "pr")
    service.git("checkout", "-q", "pr")
    service.git("commit", "-q", "--no-verify", "--allow-empty", "-m", "Pushed since")
    service.git("checkout", "-q", "main")
    moved = sha(service, "pr")
    done, answers, _ = told(event(line(service)), State(pulls=[pull(looked_at)]))
    assert done.returncode == 2
    assert "Not approved&#58; the branch has moved on" in answers[0]
    assert sha(service, "pr") == moved


@pytest.mark.parametrize("what", ["link", "file"])
def test_what_lies_in_the_place_of_the_folder_gets_nothing(service, told, tmp_path, what):
    service.git("checkout", "-q", "pr")
    place = service.root / ".maskproof"
    if what == "link":
        place.symlink_to(tmp_path)
    else:
        place.write_text("x")
    service.commit("In the way")
    service.git("update-ref", "refs/pull/7/head", "pr")
    service.git("checkout", "-q", "main")
    before = sha(service, "pr")
    done, _, _ = told(event(line(service)), State(pulls=[pull(before)]))
    assert done.returncode == 2
    assert sha(service, "pr") == before
    assert not (tmp_path / "approvals").exists()


def test_owners_are_those_of_the_target_branch(service, told):
    service.git("checkout", "-q", "pr")
    service.write(".github/CODEOWNERS", "* @mallory\n")
    service.commit("Owned")
    service.git("update-ref", "refs/pull/7/head", "pr")
    service.git("checkout", "-q", "main")
    done, answers, _ = told(event(line(service), login="mallory"), State(pulls=[pull(sha(service, "pr"))]))
    assert done.returncode == 2
    assert "is no owner" in answers[0]


def test_it_goes_alone(scratch):
    scratch.write("event.json", "{}")
    done = scratch.maskproof("approve", "--from-comment", "event.json", "--reason", "x")
    assert (done.returncode, "goes alone" in done.stderr) == (2, True)
    assert scratch.maskproof("approve").returncode == 2
    assert "pictures and a reason" in scratch.maskproof("approve", "a.png").stderr
