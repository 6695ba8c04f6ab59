"""Who may ask: the person that the address was shown to, from the page itself; nobody else on this machine or the web.

A page of another site can make a browser send requests to 127.0.0.1, and a name that its owner points there (DNS
rebinding) makes them look like its own. So the server believes nothing but: its own name as `Host`, its own page as
`Origin`, a cookie that no other site's request carries (SameSite=Strict) and no script can read, and a path that has to
be known, which keeps that cookie from other servers on this machine: cookies are shared by all ports.
"""

from __future__ import annotations

import hmac
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from email.message import Message

HOME = "127.0.0.1"
"""the only address that is served on"""
COOKIE = "maskproof"
SECRET_BYTES = 24
"""random bytes of each secret: 192 bits"""
MAX_BODY = 64_000
"""bytes of a request; the longest that the page sends are some thousand"""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""what every answer says: nothing is loaded from elsewhere, shown within another page, or kept"""


class Guard(Struct, frozen=True):
    """The secrets of one run."""

    port: int
    place: str = field(default_factory=lambda: secrets.token_urlsafe(SECRET_BYTES))
    """the folder of all its addresses"""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(SECRET_BYTES))
    """stands in the address that is shown, and is exchanged for the cookie"""
    session: str = field(default_factory=lambda: secrets.token_urlsafe(SECRET_BYTES))
    """the cookie"""

    @property
    def origin(self) -> str:
        return f"http://{HOME}:{self.port}"

    @property
    def root(self) -> str:
        """The path that every address begins with."""
        return f"/{self.place}/"

    @property
    def address(self) -> str:
        """What is opened first."""
        return f"{self.origin}{self.root}?token={self.token}"

    @property
    def cookie(self) -> str:
        return f"{COOKIE}={self.session}; Path={self.root}; HttpOnly; SameSite=Strict"

    def enters(self, token: str) -> bool:
        """Is this the token of the address?"""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def refusal(self, method: str, headers: Message[str, str], *, entering: bool = False) -> str:
        """Why a request is refused; empty: it is not.

        Args:
            method: Of HTTP.
            headers: Of the request.
            entering: It carries the token of the address, and has no cookie yet.
        """
        if headers.get("Host") != f"{HOME}:{self.port}":
            return "it is not addressed to this server"
        if headers.get("Origin", self.origin) != self.origin:
            return "it comes from another page"
        if entering:
            return ""
        if headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            return "it comes from another page"
        if not self._knows(headers.get("Cookie", "")):
            return "it has no key; open the address that the terminal shows"
        return self._of_action(headers) if method == "POST" else ""

    def _knows(self, said: str) -> bool:
        try:
            found = SimpleCookie(said).get(COOKIE)
        except CookieError:
            return False
        return found is not None and hmac.compare_digest(found.value.encode(), self.session.encode())

    def _of_action(self, headers: Message[str, str]) -> str:
        if "Origin" not in headers:
            return "it does not say which page it comes from"
        if headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
            return "it is not JSON"
        length = headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()) or "Transfer-Encoding" in headers:
            return "it does not say how long it is"
        return "it is too long" if int(length) > MAX_BODY else ""
