"""The managed comment: one on each pull request, written over by the next run.

A report of a job that ran from a change is whatever that change wanted it to be. So its Markdown is not taken; its JSON
is read by its types, and written anew as `report.markdown` writes text of strangers. Which pull request it is for is
not asked of it either: GitHub says whose branch the finished run judged, and which pull request has that very commit.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

from maskproof.documents import Problems, read_json
from maskproof.errors import UsageError
from maskproof.model import ImageReport, Report
from maskproof.policy.rules import RULES
from maskproof.pulls.github import segment
from maskproof.report import markdown, shape
from maskproof.report.text import HOW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from maskproof.pulls.github import GitHub

FILE = "report.json"
MAX_REPORT = 8_000_000
"""bytes of a report in JSON; 500 images with findings take 2"""
NOT_UTF8 = re.compile(rb"(?<!\\ud[89ab][0-9a-f]{2})\\udc[89a-f][0-9a-f]")
"""a byte of a file name that is no UTF-8, as a report has it (Python, `surrogateescape`); half of no pair"""
EVENTS = ("pull_request", "pull_request_target")
OWN = "Told by the change's own job, which the change may have edited. The required check decides."


def write(github: GitHub, event: Mapping[str, Any], report: bytes | None, artifact: str, server: str) -> str:
    """Write the comment on the pull request of an event; say what was done.

    Args:
        github: The repository of the event.
        event: `pull_request` or `pull_request_target` of this job, or `workflow_run` of one that ended.
        report: The report of this job in JSON; None: that of the run that ended.
        artifact: Under which name that run kept it.
        server: GitHub's address, for links.

    Raises:
        UsageError: the report is none, or GitHub refuses.
    """
    run = event.get("workflow_run")
    if (run is None) == (report is None):
        raise UsageError(
            "a comment is written by the job of a pull request from a report, or by one on `workflow_run` from none",
            "See `docs/github.md`.",
        )
    if run is None:
        number, link, trusted = int(event["pull_request"]["number"]), "", True
    elif run["event"] not in EVENTS:
        return f"The run was started for {run['event']!a}, which has no pull request"
    else:
        found = _number(github, run)
        if found is None:
            return "No open pull request has the commit that the run judged"
        number, trusted = found, run["event"] == "pull_request_target"
        report = _kept(github, int(run["id"]), artifact)
        if report is None:
            return f"The run kept no artifact {artifact!a}"
        link = f"{server}/{github.name}/actions/runs/{int(run['id'])}"
    assert report is not None  # noqa: S101 - asked above
    said = read(report)
    before = _comment(github, number)
    if not said.images and before is None:
        return "No image to speak of"
    notes = [] if trusted else [OWN]
    notes += [f"[The run and its reports]({link})"] if link else []
    body = "".join(markdown.run(said)) + "".join(f"\n{one}\n" for one in notes)
    if before is None:
        github.send("POST", f"issues/{number}/comments", {"body": body})
    else:
        github.send("PATCH", f"issues/comments/{before}", {"body": body})
    return f"{'Wrote' if before is None else 'Renewed'} the comment on pull request {number}"


def read(data: bytes) -> Report:
    """A report from its JSON, as far as a comment tells it.

    Raises:
        UsageError: it is none.
    """
    try:
        run = read_json(NOT_UTF8.sub(rb"\\ufffd", data), shape.Run, MAX_REPORT)
    except Problems as error:
        raise UsageError(f"the report cannot be read: {error.problems[0]}", "Look at the run that wrote it.") from error
    found = [one for image in run["images"] for one in image["findings"]]
    if not all(one.rule in RULES and (one.accepted is None or one.accepted.how in HOW) for one in found):
        raise UsageError("the report names a rule that there is not", "Let both jobs run one version of maskproof.")
    images = (
        ImageReport(one["path"], one["verdict"], one["drift"], tuple(one["findings"]), basis=one["basis"])
        for one in run["images"]
    )
    return Report(tuple(images), tuple(run["notes"]))


def _number(github: GitHub, run: Mapping[str, Any]) -> int | None:
    """The one open pull request whose head is the commit that a run judged, in the repository that it came from."""
    source = run["head_repository"]["full_name"]
    branch = f"{source.partition('/')[0]}:{run['head_branch']}"
    found = [
        int(one["number"])
        for one in github.listed("pulls", state="open", head=branch)
        if one["head"]["sha"] == run["head_sha"] and (one["head"]["repo"] or {}).get("full_name") == source
    ]
    return found[0] if len(found) == 1 else None


def _kept(github: GitHub, run: int, artifact: str) -> bytes | None:
    """The report in the artifact of a run; None where there is none."""
    listing = github.get(f"actions/runs/{run}/artifacts", name=artifact) or {}
    found = [int(one["id"]) for one in listing.get("artifacts", ()) if not one["expired"]]
    if not found:
        return None
    data = github.downloaded(f"actions/artifacts/{segment(str(max(found)))}/zip")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(FILE) as file:
            return file.read(MAX_REPORT + 1)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise UsageError(f"the artifact holds no {FILE} that can be read", "Look at the run that wrote it.") from error


def _comment(github: GitHub, number: int) -> int | None:
    """The comment that was written before. Anybody can write its first line, but not as a program."""
    for one in github.listed(f"issues/{number}/comments"):
        if one["user"] and one["user"]["type"] == "Bot" and str(one["body"]).startswith(markdown.MARKER):
            return int(one["id"])
    return None
