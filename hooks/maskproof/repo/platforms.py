"""What a hosting service asks to be judged: the commit that a pull request would make, and the branch it goes to.

Each service says it in its own way, and the obvious ways are wrong: a base that an event names may be long gone, the
parent of a rebased queue's last commit is a part of the queue, and a merge commit proves a base only where the service
made it, since anybody can push a merge. So the answer is worked out here for all templates. Nothing is fetched.

Sources: GitHub's "Events that trigger workflows" and webhook payloads, GitLab's "Predefined CI/CD variables reference".
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import Struct

from maskproof.errors import MissingObject, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from maskproof.repo import Repository

NOBODY = re.compile(r"0{40}|0{64}|")
"""what an event names in the place of a commit that does not exist"""


class Wanted(NamedTuple):
    """A commit, and how to get it where it is missing."""

    name: str
    """an id or a ref"""
    fetch: tuple[str, ...]
    """arguments of `git fetch`"""


class Range(Struct, frozen=True):
    """What `maskproof check` is to be asked."""

    base: Wanted | None
    """where the target branch stands, or stood before a push; None: everything is judged"""
    head: Wanted
    """the commit to judge"""
    made_from: str = ""
    """the tip of the change, where the service made `head` as a merge of it"""


def on_github(env: Mapping[str, str], event: Mapping[str, Any], repository: Repository) -> Range:
    """By the kind of event."""
    del repository
    kind, commit, ref = env.get("GITHUB_EVENT_NAME", ""), env["GITHUB_SHA"], env.get("GITHUB_REF", "")
    if request := event.get("pull_request"):
        # On pull_request_target the job's own commit is the target's, so the merge is asked for by its number.
        merge = f"refs/pull/{int(request['number'])}/merge"
        own = f"refs/remotes/origin/{merge.removeprefix('refs/')}"
        fetch = ("origin", f"+{merge}:{own}")
        head = Wanted(own, fetch) if kind == "pull_request_target" else Wanted(commit, fetch)
        return Range(Wanted(f"{head.name}^1", fetch), head, made_from=str(request["head"]["sha"]))
    if group := event.get("merge_group"):
        base, tip = (Wanted(sha, ("origin", sha)) for sha in (str(group["base_sha"]), str(group["head_sha"])))
        return Range(base, tip)
    head = Wanted(commit, ("origin", ref or commit))
    if kind != "push":
        return Range(None, head)
    return _pushed(str(event.get("before", "")), head, ref, event.get("repository", {}).get("default_branch", ""))


def on_gitlab(env: Mapping[str, str], event: Mapping[str, Any], repository: Repository) -> Range:
    """By the kind of pipeline."""
    del event
    commit = env["CI_COMMIT_SHA"]
    head = Wanted(commit, ("origin", commit))
    if target := env.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"):
        source = env.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "")
        if env.get("CI_MERGE_REQUEST_EVENT_TYPE", "detached") != "detached":
            # The service made this commit: a merge of the source, or the last of its rebased commits.
            if source and repository.known(f"{commit}^2") == source:
                return Range(Wanted(f"{commit}^1", head.fetch), head, made_from=source)
            if tip := env.get("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"):
                return Range(Wanted(tip, ("origin", tip)), head)
        home = env.get("CI_MERGE_REQUEST_PROJECT_ID") in {None, env.get("CI_PROJECT_ID")}
        remote = "origin" if home else f"{env.get('CI_MERGE_REQUEST_PROJECT_URL', '')}.git"
        name = f"refs/remotes/{'origin' if home else 'target'}/{target}"
        return Range(Wanted(name, (remote, f"+refs/heads/{target}:{name}")), head)
    if env.get("CI_PIPELINE_SOURCE") != "push":
        return Range(None, head)
    ref = f"refs/heads/{env.get('CI_COMMIT_BRANCH', '')}"
    return _pushed(env.get("CI_COMMIT_BEFORE_SHA", ""), head, ref, env.get("CI_DEFAULT_BRANCH", ""))


def _pushed(before: str, head: Wanted, ref: str, default: str) -> Range:
    """What a push brought: since what the branch was, or since the default branch where the branch is new."""
    if not NOBODY.fullmatch(before):
        return Range(Wanted(before, ("origin", before)), head)
    if not default or ref == f"refs/heads/{default}":
        return Range(None, head)
    name = f"refs/remotes/origin/{default}"
    return Range(Wanted(name, ("origin", f"+refs/heads/{default}:{name}")), head)


PLATFORMS: dict[str, Callable[[Mapping[str, str], Mapping[str, Any], Repository], Range]] = {
    "GITHUB_ACTIONS": on_github,
    "GITLAB_CI": on_gitlab,
}
"""by the variable that each service sets in its jobs"""


def asked(repository: Repository, env: Mapping[str, str], read: Callable[[Path], bytes]) -> Range:
    """What the service that runs this job asks to be judged.

    Args:
        repository: The clone; only asked which commits it has.
        env: The job's environment.
        read: Reads the file of the event.

    Raises:
        UsageError: no known service runs this, or it does not say enough.
    """
    service = next((one for key, one in PLATFORMS.items() if env.get(key)), None)
    if service is None:
        raise UsageError(
            "no service that is known here runs this job",
            "Name the branch that the change goes to: `maskproof range --onto origin/main`.",
        )
    try:
        event = msgspec.json.decode(read(Path(file))) if (file := env.get("GITHUB_EVENT_PATH")) else {}
        return service(env, event, repository)
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"the job does not say what it was started for: {_lack(error)}",
            "Name the branch that the change goes to: `maskproof range --onto origin/main`.",
        ) from error


def _lack(error: Exception) -> str:
    """What a job should have said, in words."""
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    if isinstance(error, msgspec.DecodeError | UnicodeDecodeError):
        return f"the file of its event is no JSON ({error})"
    return "its event is not as the service writes it"


def onto(branch: str, head: str) -> Range:
    """A change that goes to a branch, as `origin/main`, named by hand."""
    remote, _, name = branch.partition("/")
    known = f"refs/remotes/{remote}/{name}"
    fetch = (remote, f"+refs/heads/{name}:{known}") if name else ("origin", branch)
    return Range(Wanted(branch, fetch), Wanted(head, ("origin", head)))


class Lack(NamedTuple):
    """Something that this clone does not hold."""

    reason: str
    command: tuple[str, ...]
    """arguments of git that fetch it"""
    commit: bool = False
    """is it a commit, or one's list of files, without which nothing can be said?"""

    @property
    def advice(self) -> str:
        return f"Fetch it: `git {shlex.join(self.command)}`, or add `--fetch`."


def lacking(repository: Repository, wanted: Range) -> Lack | None:
    """The first commit that this clone has to have and has not."""
    for one in filter(None, (wanted.head, wanted.base)):
        if repository.known(one.name) is None:
            cut_off = one.name.endswith("^1") and repository.known(one.name[:-2])
            command = _deepen(repository) if cut_off else ("fetch", "--no-tags", *one.fetch)
            return Lack(f"this clone has no commit {one.name!a}", command, commit=True)
    tip = wanted.made_from
    if tip and repository.known(f"{wanted.head.name}^2") != tip:
        reason = f"{wanted.head.name} is no merge of {tip[:12]}, the commit that this job was started for"
        return Lack(reason, ("fetch", "--no-tags", *wanted.head.fetch), commit=True)
    try:
        if wanted.base is not None:
            repository.merge_base(wanted.base.name, wanted.head.name)
    except MissingObject as error:
        return Lack(error.reason, _deepen(repository), commit=True)
    return None


def _deepen(repository: Repository) -> tuple[str, ...]:
    return ("fetch", "--unshallow", "origin") if repository.shallow else ("fetch", "--no-tags", "origin")
