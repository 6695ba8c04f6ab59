"""Originals that lie elsewhere: fetched from addresses that policy allows, once, and known by their digest ever after.

An address is written by whoever writes a record, so it is read strictly and in one way only: no user names, queries or
fragments (which hold secrets, and would be printed), no `..`, no redirects. What it brings counts only where it has the
recorded digest, so neither the server nor the line can choose what an edit is compared with. S3 and Google Cloud
Storage are read through fsspec (https://filesystem-spec.readthedocs.io), with the credentials of the machine.
"""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import unquote

from maskproof.content import MAX_FILE_BYTES, sha256_of
from maskproof.errors import MissingOriginal
from maskproof.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

ADDRESS = re.compile(
    r"(?P<scheme>https?|s3|gs)://(?P<host>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[::1\])(?::\d{1,5})?/"
    r"(?P<path>(?:(?:[A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})+(?:/|\Z))*)"
)
"""an address in the one form that is read"""
HERE = {"127.0.0.1", "localhost", "[::1]"}
"""hosts that are asked without encryption: no line leads there that somebody could listen on"""
DRIVERS = {"s3": "s3fs", "gs": "gcsfs"}
"""the package that fsspec reads each kind of store with"""
MAX_ADDRESS = 1024
"""characters of an address"""
PATIENCE = 20.0
"""seconds in which a server has to say something"""
DEADLINE = 60.0
"""seconds in which a picture has to be there: 160 MB at 22 Mbit/s"""
LATE = f"it did not come in time ({DEADLINE:g} seconds)"
MAX_FAILED = 10
"""fetches of one run that may come to nothing, so that thousands of records cannot keep a check waiting for hours"""
PIECE = 1 << 16
ROOM = 4_000_000_000
"""bytes of originals that are kept; those that were asked for longest ago go first"""


def is_address(text: str) -> bool:
    """Is it meant as an address and not as a path?"""
    return "://" in text


def problem(address: str) -> str | None:
    """Why an address is refused, or None. The words never repeat it, as it may hold a password."""
    found = ADDRESS.fullmatch(address) if len(address) <= MAX_ADDRESS else None
    if found is None:
        return (
            "it is no address such as https://assets.example.com/hero.png, s3://bucket/hero.png or gs://bucket/hero.png"
            f", of at most {MAX_ADDRESS} characters, without user name, password, query, fragment or characters that "
            "have to be written as %20"
        )
    if found["scheme"] == "http" and found["host"] not in HERE:
        return "it would be fetched without encryption; write https://"
    parts = unquote(found["path"]).split("/")  # what is no UTF-8 becomes U+FFFD
    hidden = [one for one in re.findall(r"%(..)", found["path"]) if int(one, 16) in {0x25, 0x2E, 0x2F, 0x5C}]
    if hidden or {".", ".."} & {*parts} or any(ord(char) < 32 or ord(char) in {127, 0xFFFD} for char in "".join(parts)):  # noqa: PLR2004 - control characters
        return "a part of it is . or .., or hides a separator or a control character"
    return None


def prefix_problem(prefix: str) -> str | None:
    """Why the beginning of addresses is refused, or None."""
    if not prefix.endswith("/"):
        return "it has to end in /, so that it names a whole host, bucket or folder"
    return problem(prefix)


def name_of(address: str) -> str:
    """What a record calls a picture by its address: host and path, as a path of the repository is written."""
    return re.sub(r"[^\w./-]|[.](?=/|\Z)", "_", unquote(address.split("://", 1)[1])).rstrip("/")


class Store:
    """The originals that are kept here, each fetched once. Threads and processes may share it.

    Args:
        folder: A folder of the user's own, which no commit can write to.
    """

    def __init__(self, folder: Path) -> None:
        self.shelf = Shelf(folder / "originals", ROOM, largest=MAX_FILE_BYTES + PIECE)
        self._failed = 0

    def fetched(self, address: str, sha256: str, allowed: Iterable[str]) -> bytes:
        """The bytes of an original: as they are kept here, or from its address.

        Args:
            address: Where it lies.
            sha256: The digest that it has to have.
            allowed: What addresses may begin with.

        Raises:
            MissingOriginal: the address is refused or not allowed, nothing comes from it in time, or something else;
                or so many came to nothing that no more are asked.
        """
        _refuse(address, allowed)
        data = self.shelf.get(sha256)
        if data is not None and sha256_of(data) == sha256:
            return data
        if self._failed >= MAX_FAILED:
            _missing(address, f"{MAX_FAILED} others came to nothing, so no more were asked in this run")
        self._failed += 1
        data = read(address, allowed)
        if (digest := sha256_of(data)) != sha256:
            raise MissingOriginal(
                f"what lies at {address} has the digest {digest[:12]}…, and not {sha256[:12]}… as recorded",
                "Bring the original back to where it was, or record the one that is meant.",
            )
        self._failed -= 1
        self.shelf.put(sha256, data)
        return data


def read(address: str, allowed: Iterable[str]) -> bytes:
    """What lies at an address, whatever that is; arguments and errors as of `Store.fetched`.

    A thread asks, as neither servers that say a byte a minute nor drivers of stores can be timed.
    """
    _refuse(address, allowed)
    said: list[bytes | BaseException] = []
    way = _over_http if address.startswith("http") else _from_store

    def ask() -> None:
        try:
            said.append(way(address))
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            said.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(DEADLINE)
    if not said:
        _missing(address, LATE)
    if isinstance(said[0], MissingOriginal):
        raise said[0]
    if isinstance(said[0], BaseException):
        _missing(address, _reason(said[0]))
    if len(said[0]) > MAX_FILE_BYTES:
        _missing(address, f"it has more than {MAX_FILE_BYTES / 1e6:.0f} MB")
    return said[0]


def _refuse(address: str, allowed: Iterable[str]) -> None:
    if (why := problem(address)) is not None:
        raise MissingOriginal(f"the address of the original cannot be used: {why}", "Record the right one.")
    if not any(address.startswith(one) for one in allowed):
        raise MissingOriginal(
            f"the original lies at {address}, and the policy that holds here allows no originals from there",
            "Add where it lies to `allow` in [originals] of maskproof.toml, in a change that is merged first; or "
            "commit the original.",
        )


def _missing(address: str, why: str) -> NoReturn:
    raise MissingOriginal(
        f"the original at {address} cannot be fetched: {why}", "Check the address and the connection."
    )


def _reason(error: BaseException) -> str:
    """What went wrong, in words that hold no secret: drivers of stores repeat what they were configured with."""
    from urllib.error import HTTPError, URLError

    if isinstance(error, HTTPError):
        error.close()  # it holds the connection
        moved = " (redirects are not followed)" if error.code in range(300, 400) else ""
        return f"the server answered {error.code}{moved}"
    if isinstance(error, URLError):
        return str(error.reason)
    return LATE if isinstance(error, TimeoutError) else type(error).__name__


def _over_http(address: str) -> bytes:
    from urllib.request import HTTPRedirectHandler, Request, build_opener  # 40 ms, which no check without one pays

    class StayHere(HTTPRedirectHandler):
        """A redirect is an answer: where it leads nobody allowed."""

        def redirect_request(self, *_: object) -> None:
            return None

    opener = build_opener(StayHere)
    asked = Request(address, headers={"User-Agent": "maskproof"})  # noqa: S310 - the scheme was asked
    with opener.open(asked, timeout=PATIENCE) as answer:
        return _all_of(answer.read1)


def _from_store(address: str) -> bytes:
    scheme, _, place = address.partition("://")
    try:
        import fsspec

        store = fsspec.filesystem(scheme)
    except ImportError as error:
        raise MissingOriginal(
            f"originals at {scheme}:// need the extra [remote] and {DRIVERS[scheme]}, which are not installed",
            f"Run `pip install 'maskproof[remote]' {DRIVERS[scheme]}`.",
        ) from error
    with store.open(unquote(place), "rb") as file:
        return _all_of(file.read)


def _all_of(read: Callable[[int], bytes]) -> bytes:
    """All that is to be read, up to a byte more than a picture may have."""
    until, data = time.monotonic() + DEADLINE, bytearray()
    while len(data) <= MAX_FILE_BYTES and time.monotonic() < until and (piece := read(PIECE)):
        data += piece
    if time.monotonic() >= until:
        raise TimeoutError
    return bytes(data)
