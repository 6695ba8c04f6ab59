"""GitHub's REST API and the event of a job, as far as a pull request needs them.

Source: docs.github.com, "REST API endpoints" (version 2022-11-28) and "Webhook events and payloads". The token goes to
the API alone: a download that leads elsewhere is followed without it.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from msgspec import Struct

from maskproof.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from http.client import HTTPResponse
    from typing import NoReturn

PATIENCE = 30
"""seconds until a server that says nothing is given up"""
MOST = 20_000_000
"""bytes of an answer"""
A_PAGE, PAGES = 100, 30
"""entries of a list that come at once, and how often more are asked for"""
HERE = ("localhost", "127.0.0.1", "::1")
"""hosts that may be asked without encryption"""
NAME = re.compile(r"[\w.-]+/[\w.-]+")


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nothing, since what follows takes the token along."""

    def redirect_request(self, *_: object) -> None:
        return None


class GitHub(Struct, frozen=True):
    """One repository on GitHub, seen with one token."""

    api: str
    """where the API lies: https://api.github.com, or that of an own server"""
    token: str
    name: str
    """owner/name"""

    def get(self, path: str, **query: str) -> Any:
        """What lies at a path of the repository; None: nothing does, or the token may not see it."""
        return self._asked("GET", f"{path}?{urlencode(query)}" if query else path)

    def listed(self, path: str, **query: str) -> Iterator[Any]:
        """All entries of a list."""
        for page in range(1, PAGES + 1):
            found = self.get(path, per_page=str(A_PAGE), page=str(page), **query)
            yield from found or ()
            if not found or len(found) < A_PAGE:
                return

    def send(self, method: str, path: str, content: Mapping[str, Any]) -> None:
        """Write something.

        Raises:
            UsageError: the token may not.
        """
        if self._asked(method, path, content) is None:
            _refuse(f"GitHub has no {path}, or the token of this job may not write there")

    def downloaded(self, path: str) -> bytes:
        """A file that the API leads to."""
        with self._opened(self._request("GET", path)) as answer:
            if answer.status not in {301, 302, 307}:
                return _read(answer)
            where = answer.headers.get("Location", "")
        with self._opened(_plain(where)) as answer:
            return _read(answer)

    def _asked(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Any:
        data = None if content is None else msgspec.json.encode(content)
        with self._opened(self._request(method, path, data)) as answer:
            if answer.status == 404:  # noqa: PLR2004 - not found
                return None
            said = _read(answer)
        return msgspec.json.decode(said) if said else {}

    def _request(self, method: str, path: str, data: bytes | None = None) -> urllib.request.Request:
        # A path from the root of the API begins with a slash; others lie in the repository.
        place = path if path.startswith("/") else f"/repos/{self.name}/{path}"
        request = _plain(self.api.rstrip("/") + place)
        request.method, request.data = method, data
        for key, value in (
            ("Authorization", f"Bearer {self.token}"),
            ("Accept", "application/vnd.github+json"),
            ("X-GitHub-Api-Version", "2022-11-28"),
            ("Content-Type", "application/json"),
            ("User-Agent", "maskproof"),
        ):
            request.add_header(key, value)
        return request

    def _opened(self, request: urllib.request.Request) -> HTTPResponse:
        try:
            answer: HTTPResponse = urllib.request.build_opener(_Stay).open(request, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            if error.code in {301, 302, 307, 404}:
                return error  # type: ignore[return-value]  # it is one, with a status
            with error:
                _refuse(f"GitHub answered {error.code} to {request.method} {urlsplit(request.full_url).path}")
        except (OSError, ValueError) as error:
            _refuse(f"GitHub cannot be asked: {getattr(error, 'reason', None) or error}")
        return answer


def _plain(url: str) -> urllib.request.Request:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in HERE):
        _refuse(f"{url[:200]!a} would be asked without encryption")
    return urllib.request.Request(url)  # noqa: S310 - the scheme was asked


def _read(answer: HTTPResponse) -> bytes:
    data: bytes = answer.read(MOST + 1)
    if len(data) > MOST:
        _refuse(f"what GitHub holds is over {MOST} bytes")
    return data


def _refuse(reason: str) -> NoReturn:
    raise UsageError(reason, "Check the permissions of the job and the variables of its step.")


def event_of(data: bytes) -> dict[str, Any]:
    """The event that a job was started for, from its file.

    Raises:
        UsageError: it is none.
    """
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise UsageError("the event of this job cannot be read", "Run this in a job of GitHub Actions.") from error


def repository_of(event: Mapping[str, Any]) -> str:
    """owner/name of the repository of an event."""
    name = str(event["repository"]["full_name"])
    if not NAME.fullmatch(name):
        _refuse("the event names no repository")
    return name


def segment(text: str) -> str:
    """Text as one part of a path."""
    return quote(text, safe="")
