"""Serving the page on this machine, to the one who started it, until they end it or forget it."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from maskproof.documents import Problems, read_json
from maskproof.errors import MaskproofError
from maskproof.report.text import safe
from maskproof.ui import pages
from maskproof.ui.actions import ACTIONS, Asked, Limits, Ran, run
from maskproof.ui.guard import HEADERS, HOME, MAX_BODY, Guard

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.ui.desk import Desk

IDLE = 2 * 60 * 60
"""seconds without a request after which the server ends: a page that was forgotten"""
SLOWEST = 30
"""seconds that a request may take to arrive"""
KEPT = 50
"""commands that are shown"""
HTML, TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"
GONE = "This picture is not among those that changed any more."


class Refused(Exception):  # noqa: N818 - what became of a request
    """A request that is not answered, and why."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Server(ThreadingHTTPServer):
    """One run. It handles requests until it was idle for long."""

    daemon_threads = True
    allow_reuse_address = sys.platform != "win32"  # where it lets another program take the port over
    timeout = 1.0
    """seconds between two looks at the clock"""

    def __init__(self, desk: Desk, port: int) -> None:
        super().__init__((HOME, port), Handler)
        self.desk, self.guard = desk, Guard(self.server_address[1])
        self.ran: deque[Ran] = deque(maxlen=KEPT)
        self.acting = threading.Lock()
        self.asked = time.monotonic()

    def serve(self, idle: float = IDLE) -> None:
        """Answer until nobody has asked for so many seconds."""
        while time.monotonic() - self.asked < idle:
            self.handle_request()

    def handle_error(self, *_: Any) -> None:
        """A browser that does not wait for an answer is nothing to tell; what fails is told in the answer."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    timeout = SLOWEST
    taken = False
    """whether its body was read"""
    server_version, sys_version = "maskproof", ""

    def do_GET(self) -> None:
        """A page, or a part of one."""
        self._answered(self._page)

    def do_POST(self) -> None:
        """An action."""
        self._answered(self._action)

    def log_message(self, *_: Any) -> None:
        """The terminal is told nothing of requests."""

    def _answered(self, answer: Callable[[str], tuple[str, bytes]]) -> None:
        guard = self.server.guard
        try:
            place, entering = self._let_in(guard)
            self.server.asked = time.monotonic()
            if entering:
                self._send(HTTPStatus.SEE_OTHER, HTML, b"", {"Set-Cookie": guard.cookie, "Location": guard.root})
                return
            kind, body = answer(place)
        except Refused as refused:
            self._take()
            self._send(refused.status, TEXT, refused.reason.encode("utf-8", "replace"))
        except MaskproofError as error:
            said = f"{safe(error.reason)}.\n{safe(error.advice)}"
            self._send(HTTPStatus.CONFLICT, TEXT, said.encode("utf-8", "replace"))
        else:
            self._send(HTTPStatus.OK, kind, body)

    def _take(self) -> None:
        """Take a request's body that nobody reads; else the answer would be lost with the connection."""
        length = self.headers.get("Content-Length", "")
        if self.command == "POST" and not self.taken and length.isdecimal() and int(length) <= MAX_BODY:
            self.rfile.read(int(length))

    def _let_in(self, guard: Guard) -> tuple[str, bool]:
        """What is asked for below the root, and whether it is asked with the token of the address; raises Refused."""
        address = urlsplit(self.path)
        token = parse_qs(address.query).get("token", [""])[0]
        entering = self.command == "GET" and address.path == guard.root and guard.enters(token)
        if why := guard.refusal(self.command, self.headers, entering=entering):
            raise Refused(HTTPStatus.FORBIDDEN, f"This request is refused: {why}.")
        if not address.path.startswith(guard.root):
            raise Refused(HTTPStatus.NOT_FOUND, "There is nothing here.")
        return address.path.removeprefix(guard.root), entering

    def _send(self, status: HTTPStatus, kind: str, body: bytes, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, **(more or {}), "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _page(self, place: str) -> tuple[str, bytes]:
        name, _, number = place.partition("/")
        if place in pages.ASSETS:
            return pages.ASSETS[place][0], pages.asset(place)
        view = self.server.desk.look()
        if not place:
            return HTML, pages.index(view, self.server.ran)
        shown = {"picture": pages.picture, "card": pages.card, "proposal": pages.proposal}.get(name)
        if shown is None:
            raise Refused(HTTPStatus.NOT_FOUND, "There is nothing here.")
        if (item := view.item(number)) is None:
            raise Refused(HTTPStatus.NOT_FOUND, GONE)
        return HTML, shown(view, item, self.server.ran)

    def _action(self, place: str) -> tuple[str, bytes]:
        name = place.removeprefix("do/")
        kind = Limits if place == "try" else ACTIONS.get(name) if place != name else None
        if kind is None:
            raise Refused(HTTPStatus.NOT_FOUND, "There is no such action.")
        body, self.taken = self.rfile.read(int(self.headers["Content-Length"])), True
        try:
            asked: Asked = read_json(body, kind, MAX_BODY)
        except Problems as error:
            raise Refused(HTTPStatus.BAD_REQUEST, f"This cannot be done: {error}.") from error
        with self.server.acting:  # one after the other, each on what the one before it left
            view = self.server.desk.look()
            item = view.file(asked.picture) if name == "stage" else view.item(asked.picture)
            if item is None:
                raise Refused(HTTPStatus.NOT_FOUND, GONE)
            if isinstance(asked, Limits) and place == "try":
                return HTML, pages.tried(view, item, asked)
            done = run(asked.words(item, view), str(view.scope.change.repository.root))
            self.server.ran.appendleft(done)
        return HTML, pages.command(done)
