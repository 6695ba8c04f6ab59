"""Lists as pages, in a real browser: the inventory and the status of a project."""

from __future__ import annotations

import re

import pytest

from browser import NARROW, WIDE, expect, looked_at, violations
from maskproof import marks
from projects import SPRING

HOSTILE = "assets/<img src=x onerror=alert(1)>\"'&lt;.png"
MARK = {marks.SOURCE_TYPE: marks.CODES + marks.EDITED, marks.SYSTEM: "<script>alert(2)</script>"}


@pytest.fixture(params=["inventory", "status"])
def page(request, project):
    """A recorded edit that is blocked, one that passes, and one whose name, model and marks would be markup."""
    project.edit("drifted")
    project.edit("held", "assets/autumn.png")
    marked, _ = marks.put(project.pictures.held, "x", MARK)
    project.write(HOSTILE, marked)
    project.write(f"{HOSTILE}.maskproof.json", project.record(marked, tool={"model": "<script>alert(2)</script>"}))
    project.stage()
    done = project.maskproof(request.param, "--format", "html")
    assert done.returncode == 0, done.stderr
    file = project.root / "list.html"
    file.write_text(done.stdout)
    return request.param, file


def test_rows_are_narrowed_by_kind_and_words(page, chromium):
    command, file = page
    with looked_at(chromium, file) as seen:
        asks = {
            "inventory": "3 pictures that AI made or changed: 2 without a mark, 0 without a record that fits",
            "status": "3 recorded pictures: 2 pass, 1 blocked, 0 not judged",
        }
        expect(seen.page.get_by_role("heading", level=1)).to_have_text(asks[command])
        rows = seen.page.locator("tbody tr:visible")
        expect(rows).to_have_count(3)
        kind, name = {"inventory": ("Record and mark 1", "onerror"), "status": ("Blocked 1", SPRING)}[command]
        seen.page.get_by_role("radio", name=kind).check()
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text(name, use_inner_text=True)
        seen.page.get_by_role("radio", name="All 3").check()
        seen.page.get_by_role("searchbox").fill("autumn")
        expect(rows).to_have_count(1)
        expect(seen.page.get_by_role("status")).to_have_text("1 of 3 pictures")


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it_and_names_stay_text(page, chromium, size, scheme):
    _, file = page
    with looked_at(chromium, file, size, color_scheme=scheme, bypass_csp=True) as seen:
        assert not violations(seen.page)
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        row = seen.page.get_by_role("row", name=re.compile("onerror"))
        expect(row).to_contain_text(HOSTILE, use_inner_text=True)
        expect(row).to_contain_text("<script>alert(2)</script>", use_inner_text=True)
    assert not re.search("<img|<script>alert", file.read_text())
