"""A real browser for the tests of pages: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDE, NARROW = (1440, 900), (400, 800)
PATIENCE = 20_000  # ms; a page follows a key or its address a moment later, and on a busy machine a long one


@dataclass
class Browsing:
    """What a page said and asked for while it was looked at."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Chromium; where none is, the test is skipped, unless MASKPROOF_BROWSER says that there has to be one."""
    if CHROMIUM is None:
        assert not os.environ.get("MASKPROOF_BROWSER"), "Chromium has to be here, and is not"
        pytest.skip("there is no Chromium here; Debian's package is `chromium`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def looked_at(
    browser: Any, where: Path | str, size: tuple[int, int] = WIDE, *, beside: bool = False, **context: Any
) -> Iterator[Browsing]:
    """A page as somebody opens it; at the end it has to have kept quiet and to itself, or to what lies beside it."""
    own = browser.new_context(viewport=dict(zip(("width", "height"), size, strict=True)), **context)
    page = own.new_page()
    page.set_default_timeout(PATIENCE)
    seen = Browsing(page)
    page.on("console", lambda message: seen.said.append(message.text))
    page.on("pageerror", lambda error: seen.said.append(str(error)))
    page.on("request", lambda request: seen.asked.append(request.url))
    start = where if isinstance(where, str) else where.as_uri()
    page.goto(start, timeout=60_000)  # a page of thousands, on a machine that has others to serve
    yield seen
    assert not seen.said
    if beside:
        home = start.rpartition("/")[0] + "/"
    else:  # a file is one page; a server's pages lie in the folder of its address
        home = where.partition("?")[0] if isinstance(where, str) else page.url.partition("#")[0]
    assert [one for one in seen.asked if not one.startswith(("data:", home))] == []
    own.close()


def expect(seen: Any) -> Any:
    """Playwright's own assertions: they ask again until the page shows what is wanted, or patience is at its end."""
    from playwright.sync_api import expect as asked

    asked.set_options(timeout=PATIENCE)
    return asked(seen)


def refuse_what_lies_elsewhere(seen: Browsing) -> None:
    """A picture of another host is put into the page, and its policy keeps it out."""
    seen.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"https://e.example/x.png\">')")
    seen.page.wait_for_timeout(100)
    assert any("Content Security Policy" in one for one in seen.said)
    seen.said.clear()
    seen.asked.clear()  # of what was refused the browser tells as well


def violations(page: Any) -> list[str]:
    """What axe finds against the accessibility of a page, WCAG 2.2 AA and its best practices."""
    from axe_playwright_python.sync_playwright import Axe

    # The page's own policy lets no script in, so axe is handed to the page from outside of it.
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]
