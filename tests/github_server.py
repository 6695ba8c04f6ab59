"""A server on 127.0.0.1 that answers as GitHub's REST API documents it, over what a test says there is.

`state` holds pull requests, comments, artifacts and teams; what is written is kept there. Asked without the token it
answers 401, and downloads lie on another port, where a token must not come.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME, TOKEN = "acme/site", "ghs_token"
BOT = {"login": "github-actions[bot]", "type": "Bot"}


@dataclass
class State:
    """What there is on the service."""

    pulls: list[dict[str, Any]] = field(default_factory=list)
    commits: list[dict[str, Any]] = field(default_factory=list)
    """of every pull request"""
    comments: list[dict[str, Any]] = field(default_factory=list)
    artifacts: dict[str, bytes] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    """`org/team/login`"""
    written: list[tuple[str, str, Any]] = field(default_factory=list)
    tokens_elsewhere: list[str] = field(default_factory=list)
    """what came to the other server in the header of a token"""
    storage: str = ""
    forbidden: str = ""
    """begin of a path that the token may not ask for"""


def pull(
    head: str, *, number: int = 7, author: str = "ana", repo: str | None = NAME, ref: str = "pr"
) -> dict[str, Any]:
    """As of "Get a pull request"."""
    source = None if repo is None else {"full_name": repo}
    return {
        "number": number,
        "state": "open",
        "user": {"login": author, "type": "User"},
        "head": {"sha": head, "ref": ref, "repo": source},
        "base": {"ref": "main", "repo": {"full_name": NAME}},
    }


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        state = self.server.state
        parts, query = urlsplit(self.path), parse_qs(urlsplit(self.path).query)
        if self.server.is_storage:
            state.tokens_elsewhere += [self.headers["Authorization"]] if self.headers["Authorization"] else []
            self.answered(200, state.artifacts[parts.path.strip("/")])
            return
        if self.refused(parts.path):
            return
        match parts.path.removeprefix(f"/repos/{NAME}").strip("/").split("/"):
            case ["pulls"]:
                owner, _, ref = query["head"][0].partition(":")
                found = [
                    one
                    for one in state.pulls
                    if one["head"]["ref"] == ref and (one["head"]["repo"] or {}).get("full_name", "").startswith(owner)
                ]
                self.answered(200, self.paged(found, query))
            case ["pulls", number]:
                one = next((one for one in state.pulls if str(one["number"]) == number), None)
                self.answered(200 if one else 404, one or {"message": "Not Found"})
            case ["pulls", _, "commits"]:
                self.answered(200, self.paged(state.commits, query))
            case ["issues", _, "comments"]:
                self.answered(200, self.paged(state.comments, query))
            case ["actions", "runs", _, "artifacts"]:
                named = [{"id": 5, "name": name, "expired": False} for name in state.artifacts if name in query["name"]]
                self.answered(200, {"total_count": len(named), "artifacts": named})
            case ["actions", "artifacts", "5", "zip"]:
                self.send_response(302)
                self.send_header("Location", f"{state.storage}/maskproof")
                self.end_headers()
            case ["orgs", org, "teams", team, "memberships", login]:
                known = f"{org}/{team}/{login}" in state.members
                self.answered(200 if known else 404, {"state": "active"} if known else {"message": "Not Found"})
            case _:
                self.answered(404, {"message": "Not Found"})

    def do_POST(self) -> None:
        state = self.server.state
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.refused(urlsplit(self.path).path):
            return
        state.written.append((self.command, self.path.removeprefix(f"/repos/{NAME}/"), content))
        if self.command == "POST":
            state.comments.append({"id": 100 + len(state.comments), "user": BOT, **content})
        else:
            number = int(self.path.rsplit("/", 1)[1])
            next(one for one in state.comments if one["id"] == number).update(content)
        self.answered(201, {})

    do_PATCH = do_POST  # noqa: N815 - as the server asks for it

    def refused(self, path: str) -> bool:
        forbidden = self.server.state.forbidden
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.answered(401, {"message": "Bad credentials"})
        elif forbidden and path.startswith(forbidden):
            self.answered(403, {"message": "Resource not accessible by integration"})
        else:
            return False
        return True

    def paged(self, found: list[Any], query: dict[str, list[str]]) -> list[Any]:
        size, page = (int(query[key][0]) for key in ("per_page", "page"))
        return found[(page - 1) * size : page * size]

    def answered(self, status: int, content: Any) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, state: State, *, is_storage: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state, self.is_storage = state, is_storage
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(state: State) -> Iterator[dict[str, str]]:
    """The variables of a job on this service."""
    api, storage = Server(state), Server(state, is_storage=True)
    state.storage = storage.address
    try:
        yield {
            "GITHUB_API_URL": api.address,
            "GITHUB_SERVER_URL": "https://github.example",
            "GH_TOKEN": TOKEN,
            "no_proxy": "*",
        }
    finally:
        for one in (api, storage):
            one.shutdown()
            one.server_close()
