"""An approval that a code owner gives in a comment, as a commit on the branch of the pull request.

    /maskproof approve PATH@DIGEST: reason

The comment is one line and nothing else, names the picture by its bytes, and comes from a person who owns the folder of
approvals by CODEOWNERS of the target branch and who made no commit of the pull request. What the approval then counts
for is up to the check, as if somebody had pushed it. The pull request is read as Git objects: nothing of it is checked
out, and the commit is made beside the working tree.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from maskproof.errors import MaskproofError, UsageError
from maskproof.gate.scope import Scope
from maskproof.policy.owners import owners_of
from maskproof.pulls.github import segment
from maskproof.recording.approving import counts_once, judged
from maskproof.records import approval
from maskproof.records.sidecar import path_problem
from maskproof.repo.change import Selection, open_change
from maskproof.repo.platforms import Range, Wanted
from maskproof.report.markdown import plain
from maskproof.setup import presence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import NoReturn

    from maskproof.pulls.github import GitHub
    from maskproof.repo import Repository

WORD = "/maskproof"
COMMAND = re.compile(rf"{WORD} approve (?P<path>.+?)@(?P<digest>[0-9a-f]{{32,64}}): *(?P<reason>\S.*)")
"""32 digits of a SHA-256 at least: of fewer, two pictures that begin alike can be made"""
MAX_REASON = 1000
TRUSTED = ("OWNER", "MEMBER", "COLLABORATOR")
"""who are answered; a stranger could make a program talk without end"""
BOT = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")
"""who makes the commit; whose word it is stands in the approval"""
FORM = f"Write one line and nothing else: `{WORD} approve PATH@DIGEST: reason`, as the report prints it."


class Asked(NamedTuple):
    """What a comment asks for."""

    path: str
    digest: str
    reason: str


def answer(github: GitHub, repository: Repository, event: Mapping[str, Any], say: Callable[[str], None]) -> str:
    """Do what the comment of an event asks for, and answer it there.

    Args:
        github: The repository of the event.
        repository: Its clone, with the base checked out.
        event: `issue_comment`.
        say: Takes a line for whoever reads the job's log.

    Raises:
        UsageError: it was refused; the answer says why.
    """
    comment, issue = event["comment"], event["issue"]
    if event["action"] != "created" or "pull_request" not in issue or not str(comment["body"]).startswith(WORD):
        return "The comment asks for nothing"
    if comment["user"]["type"] != "User" or comment["author_association"] not in TRUSTED:
        raise UsageError("the comment is of nobody who may approve", "A code owner of the project has to write it.")
    number = int(issue["number"])
    try:
        told = _approved(github, repository, comment, number, say)
    except MaskproofError as error:
        _reply(github, number, f"Not approved: {error.reason}. {error.advice}")
        raise
    _reply(github, number, told)
    return told


def _approved(
    github: GitHub, repository: Repository, comment: Mapping[str, Any], number: int, say: Callable[[str], None]
) -> str:
    asked, person = parsed(str(comment["body"])), str(comment["user"]["login"])
    pull = github.get(f"pulls/{number}")
    if pull is None or pull["state"] != "open":
        _refuse("the pull request is not open", "Open it first.")
    source = (pull["head"]["repo"] or {}).get("full_name")
    if source != github.name:
        _refuse(
            "its branch lies in a fork, where no job of this project may write",
            "Let the approval go first, in a change of its own, or let its author pull it from you.",
        )
    commits = list(github.listed(f"pulls/{number}/commits"))
    makers = [pull["user"], *(one[role] for one in commits for role in ("author", "committer"))]
    if person.casefold() in {str(one["login"]).casefold() for one in makers if one and one.get("login")}:
        _refuse(f"{person} made this change, and nobody approves a change of their own", "Ask another owner.")
    base, head = f"refs/remotes/origin/{pull['base']['ref']}", str(pull["head"]["sha"])
    fetched = (f"+refs/heads/{pull['base']['ref']}:{base}", f"+refs/pull/{number}/head:refs/remotes/pull/{number}")
    repository.fetch(("fetch", "--no-tags", "origin", *fetched))
    wanted = Range(Wanted(base, ("origin", fetched[0])), Wanted(head, ("origin", fetched[1])))
    tip, commit = presence.complete(type(repository)(repository.where), wanted, fetch=True, say=say)
    assert tip is not None  # noqa: S101 - the base was named
    scope = Scope(open_change(type(repository)(repository.where), Selection(tip, commit)))
    whole = _whole(scope, asked, person)
    file = approval.path_of(whole)
    owners = owners_of(scope.change.repository.tree(tip).read, file)
    if not _owns(github, person, owners):
        _refuse(
            f"{person} is no owner of {file} by CODEOWNERS of {pull['base']['ref']}",
            "Ask one of them." if owners else "Name its owners there first.",
        )
    made = _commit(scope.change.repository, commit, file, whole, str(comment.get("html_url", "")))
    branch = f"refs/heads/{pull['head']['ref']}"
    try:
        repository.fetch(("push", "--no-verify", f"--force-with-lease={branch}:{commit}", "origin", f"{made}:{branch}"))
    except UsageError as error:
        say(error.reason)
        _refuse("the branch has moved on, or this job may not write to it", "Look at its last commit, then ask again.")
    rules = ", ".join(dict.fromkeys(one.rule for one in whole.pictures[0].findings))
    return (
        f"{person} approved {asked.path} ({rules}) in {made[:12]}. It counts once {counts_once(scope, signed=False)}."
    )


def parsed(body: str) -> Asked:
    """What a comment asks for.

    Raises:
        UsageError: it is no such line.
    """
    line = body.strip()
    found = COMMAND.fullmatch(line)
    if found is None or not line.isprintable():
        _refuse("the comment is no approval", FORM)
    if problem := path_problem(found["path"]):
        _refuse(f"the path cannot be: {problem}", FORM)
    if len(found["reason"]) > MAX_REASON:
        _refuse(f"the reason has over {MAX_REASON} characters", FORM)
    return Asked(found["path"], found["digest"], found["reason"].strip())


def _whole(scope: Scope, asked: Asked, person: str) -> approval.Approval:
    if scope.change.head.blob_id(asked.path) is None:
        _refuse(f"the pull request has no file {asked.path}", "Look at the report of its last commit.")
    ((path, found),) = judged(scope, (asked.path,))
    if path != asked.path:
        _refuse(f"{asked.path} is no picture", "Name the picture.")
    if found is None:
        _refuse(f"nothing stands against {path}, so it needs no approval", "Look at the report of its last commit.")
    if not found.sha256.startswith(asked.digest):
        _refuse(f"{path} is another picture than the one that was looked at", "Look at the report of its last commit.")
    return approval.Approval(maskproof=1, reason=asked.reason, pictures=[found], by=f"{person} (GitHub)")


def _owns(github: GitHub, person: str, owners: Iterable[str]) -> bool:
    """Is somebody one of some owners? Of a team GitHub is asked; who is named by mail alone is not known."""
    for one in owners:
        team = re.fullmatch(r"@([\w.-]+)/([\w.-]+)", one)
        if team is None:
            if one.removeprefix("@").casefold() == person.casefold():
                return True
            continue
        place = f"/orgs/{segment(team[1])}/teams/{segment(team[2])}/memberships/{segment(person)}"
        try:
            if (github.get(place) or {}).get("state") == "active":
                return True
        except UsageError:  # the token may not see teams
            continue
    return False


def _commit(repository: Repository, parent: str, file: str, whole: approval.Approval, source: str) -> str:
    """A commit that adds the approval to another one; made beside the working tree and the index."""
    data = approval.render(whole)
    name, address = BOT
    who = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", name), ("EMAIL", address))
    }
    said = f"Approve {whole.pictures[0].path}\n\nApproved in a comment by {whole.by}.\n{source}\n"
    with tempfile.TemporaryDirectory() as folder:
        env = {**who, "GIT_INDEX_FILE": str(Path(folder, "index"))}

        def git(*arguments: str, given: bytes | None = None) -> str:
            return repository.git(*arguments, given=given, env=env).decode().strip()

        git("read-tree", parent)
        blob = git("hash-object", "-w", "--stdin", "--no-filters", given=data)
        # A link or a file in the place of a folder ends it.
        git("update-index", "--add", "--cacheinfo", f"100644,{blob},{file}")
        return git("commit-tree", git("write-tree"), "-p", parent, given=os.fsencode(said))


def _reply(github: GitHub, number: int, text: str) -> None:
    github.send("POST", f"issues/{number}/comments", {"body": plain(text)})


def _refuse(reason: str, advice: str) -> NoReturn:
    raise UsageError(reason, advice)
