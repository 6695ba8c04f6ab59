"""`maskproof stats`: how far edits drift by what made them, as numbers, as a table and as a page."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser import NARROW, WIDE, expect, looked_at, violations
from maskproof.gate.certainty import Certainty
from maskproof.gate.stats import BY, statistics
from maskproof.model import Recorded, Verdict
from maskproof.report import FORMATS, text

HOSTILE = "=<script>alert(1)</script>"


def edit(drift, model="a", **more):
    values = {"origin": "edited", "day": "", **more}
    return Recorded("x.png", Verdict.PASS, drift, values.pop("origin"), model, values.pop("day"), **values)


MANY = (
    *(edit(0.5, "often", provider="openai", mask_mode="alpha", day="2026-02-03") for _ in range(99)),
    edit(2.0, "often", provider="openai", mask_mode="alpha", day="2026-01-03", accepted=("approval",)),
    edit(0.1, "once", mask_mode="white"),
    edit(None, "never", day="2026-02-01"),
    edit(1.0, HOSTILE),
    edit(1.5, HOSTILE),
    edit(9.0, origin="manual"),
    edit(None, origin="generated"),
)


def test_groups_have_their_numbers_and_the_surest_comes_first():
    found = statistics(MANY, BY)
    models = {one.name: one for one in found.tables["model"]}
    assert list(models) == ["often", "once", HOSTILE, "never"]
    often = models["often"]
    assert (len(often.drifts), often.within, often.share) == (100, 99, 0.99)
    assert (often.median, often.largest, often.accepted) == (0.5, 2.0, 1)
    assert often.at_least == 1 - Certainty(100, 1).at_most
    assert models["once"].at_least == pytest.approx(0.05)
    assert (models["never"].share, models["never"].median, models["never"].uncompared) == (None, None, 1)
    assert (models[HOSTILE].within, models[HOSTILE].median) == (1, 1.25)
    assert (len(found.total.drifts), found.total.within, found.others) == (103, 101, 2)
    assert [one.name for one in found.tables["tool"]] == ["openai", "no provider recorded"]
    assert {one.name for one in found.tables["mask"]} == {"alpha", "white", "no mask"}
    assert [one.name for one in found.tables["month"]] == ["2026-01", "2026-02", "staged"]


@given(st.lists(st.floats(0, 30), min_size=1, max_size=30), st.integers(2, 4))
def test_the_same_edits_again_make_it_surer_and_nothing_else_different(drifts, times):
    few, many = (statistics([edit(one) for one in drifts] * count, ()).total for count in (1, times))
    assert (many.share, many.largest) == (few.share, few.largest)
    assert many.median == pytest.approx(few.median)
    assert many.at_least >= few.at_least or few.within == 0
    assert few.at_least <= few.share


def test_a_table_fits_a_terminal():
    said = text.stats(statistics((*MANY, edit(1234.5, "m" * 60)), BY))
    rows = said.split("\n\n")[:-1]
    assert len(rows) == len(BY)
    assert max(len(line) for row in rows for line in row.splitlines()) <= 80
    assert re.search(r"^often +100 +99 \(99%\) +95% +0\.50 +2\.00 +1$", said, re.MULTILINE)
    last = "maskproof: 104 edits compared, 101 within their limits, 1 accepted; 1 not compared; "
    assert said.splitlines()[-1] == f"{last}2 recorded pictures of other origins."


def test_csv_runs_nothing_in_a_spreadsheet():
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"].stats(statistics(MANY, BY)))))
    assert {one["name"] for one in rows if one["by"] == "model"} == {"often", "once", "'" + HOSTILE, "never"}
    assert rows[0]["edits"] == "100"


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_the_page(chromium, tmp_path, size, scheme):
    file = tmp_path / "stats.html"
    file.write_text(FORMATS["html"].stats(statistics(MANY, BY)))
    with looked_at(chromium, file, size, color_scheme=scheme, bypass_csp=True) as seen:
        assert not violations(seen.page)
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        plot = seen.page.get_by_role("img", name=f"{HOSTILE}: 2 edits, median drift 1.25, largest 1.50")
        limit = plot.locator(".limit").bounding_box()["x"]
        dots = {one.get_attribute("class"): one.bounding_box() for one in plot.locator("circle").all()}
        assert dots["over"]["x"] > limit
        assert dots["within"]["x"] < limit
        expect(plot.locator(".median")).to_have_count(1)
        tick = seen.page.locator(".axis text", has_text="limit").first.bounding_box()
        assert tick["x"] < limit < tick["x"] + tick["width"]
        expect(seen.page.get_by_role("row", name=re.compile("often"))).to_contain_text("99 (99%)", use_inner_text=True)
        assert HOSTILE in seen.page.inner_text("main")


def test_the_command_asks_every_recorded_edit(project):
    project.edit("drifted", tool={"model": "gpt-image-2", "provider": "openai"})
    project.edit("held", "assets/a.png", tool={"model": "gpt-image-2"})
    project.edit("held", "assets/b.png")
    project.stage()
    done = project.maskproof("stats", "--by", "model", "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found["by"]) == ["model"]
    rows = {one["name"]: (one["edits"], one["within"]) for one in found["by"]["model"]}
    assert rows == {"gpt-image-2": (2, 1), "no model recorded": (1, 1)}
    assert found["total"]["largest"] > 1
    done = project.maskproof("stats", "--format", "html", "--output", "stats.html")
    assert done.stdout == "maskproof: 3 edits compared, 2 within their limits, 0 accepted; 0 not compared.\n"
    assert "gpt-image-2: 2 edits" in (project.root / "stats.html").read_text()


def test_a_project_without_edits_says_so(project):
    assert project.maskproof("stats").stdout.splitlines()[-1].startswith("maskproof: 0 edits compared")
    assert "the record of an AI edit yet" in project.maskproof("stats", "--format", "html").stdout
