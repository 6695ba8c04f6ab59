"""Formats for other programs: against their schemas and readers, with names and texts that would break out of them."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import unquote

import jsonschema
import pytest
from junitparser import JUnitXml

from maskproof.model import Acceptance, Box, Finding, ImageReport, Report, Severity, Verdict
from maskproof.report import github, gitlab, junit, markdown, sarif
from projects import SPRING
from thirdparty import schema

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "![x](http://e.example) @all `c` <b>|.png"
EVIL = "a\n::error::owned\r\n\x1b[31m\u202ename](http://e.example){0}\\"


def found(rule: str = "outside-mask", severity: Severity = Severity.BLOCK, message: str = "a patch", **more) -> Finding:
    return Finding(rule, severity, message, "outside the mask", 2.5, 1.0, "x", Box(1, 2, 3, 4), "Edit again.", **more)


def image(path: str, *findings: Finding, verdict: Verdict = Verdict.BLOCK) -> ImageReport:
    return ImageReport(path, verdict, 2.5, findings, record=f"{path}.maskproof.json")


MIXED = Report(
    (
        image("hero.png", found(), found("new-original", Severity.WARN)),
        image(HOSTILE, found(message=EVIL)),
        image("broken.png", found("unreadable", Severity.UNJUDGED), verdict=Verdict.UNJUDGED),
        image("fine.png", verdict=Verdict.PASS),
        image("signed.png", found(accepted=Acceptance("approval", "ok")), verdict=Verdict.PASS),
        image("bytes\udcff.png", found("seam", Severity.WARN), verdict=Verdict.PASS),
    ),
    (EVIL,),
)


def many(count: int, severity: Severity = Severity.BLOCK) -> Report:
    return Report(tuple(image(f"{number}.png", found(severity=severity), found()) for number in range(count)))


# --- SARIF -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("report", [Report(), MIXED], ids=["nothing", "mixed"])
def test_sarif_holds_to_its_schema(report: Report) -> None:
    jsonschema.validate(json.loads("".join(sarif.run(report))), schema("sarif-2.1.0-rtm.5.json"))


def test_sarif_names_the_rule_the_record_and_who_accepted() -> None:
    (run,) = json.loads("".join(sarif.run(MIXED)))["runs"]
    rules = run["tool"]["driver"]["rules"]
    results = run["results"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in results)
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results]
    assert places[0] == "hero.png.maskproof.json"
    assert unquote(places[2]) == f"{HOSTILE}.maskproof.json"
    assert [one["ruleId"] for one in results if "suppressions" in one] == ["outside-mask"]


@pytest.mark.parametrize(("pending", "status"), [(True, "underReview"), (False, "accepted")])
def test_sarif_tells_an_approval_without_its_review_from_one_that_counts(pending: bool, status: str) -> None:
    report = Report((image("signed.png", found(accepted=Acceptance("approval", "it", pending=pending))),))
    (result,) = json.loads("".join(sarif.run(report)))["runs"][0]["results"]
    assert result["suppressions"][0]["status"] == status


def test_sarif_text_holds_no_link_and_no_place_for_an_argument() -> None:
    texts = [one["message"]["text"] for one in json.loads("".join(sarif.run(MIXED)))["runs"][0]["results"]]
    evil = texts[2]
    assert not re.search(r"(?<!\\)[\[\]]", evil)
    assert not re.search(r"(?<!\{)\{(?!\{)", evil)


def test_fingerprints_stay_when_what_was_measured_moves_and_differ_between_findings() -> None:
    def fingerprints(value: float) -> list[str]:
        moved = Finding("brand", Severity.BLOCK, f"it moved by {value}", "logo", value, 1.0, "x", Box(1, 1, 9, 9))
        report = Report((image("a.png", moved, found()), image("b.png", found())))
        return [one["fingerprint"] for one in json.loads("".join(gitlab.run(report)))]

    assert fingerprints(2.0) == fingerprints(3.0)
    assert len(set(fingerprints(2.0))) == 3


# --- GitLab, JUnit ---------------------------------------------------------------------------------------------------


def test_gitlab_has_what_its_page_asks_for() -> None:
    rows = json.loads("".join(gitlab.run(MIXED)))
    for row in rows:
        assert row.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
        assert row["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert row["location"]["lines"] == {"begin": 1}
    assert [row["severity"] for row in rows] == ["critical", "minor", "critical", "major", "info", "minor"]
    assert len({row["fingerprint"] for row in rows}) == len(rows)


def test_junit_is_read_by_another_reader(tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    file.write_text("".join(junit.run(MIXED)), encoding="utf-8")
    (suite,) = JUnitXml.fromfile(str(file))
    assert (suite.tests, suite.failures, suite.errors) == (6, 2, 1)
    kinds = [[type(one).__name__ for one in case.result] for case in suite]
    assert kinds == [["Failure"], ["Failure"], ["Error"], [], [], []]
    assert [case.name for case in suite][1] == HOSTILE


# --- annotations -----------------------------------------------------------------------------------------------------


COMMAND = re.compile(r"^::(error|warning|notice) (?:file=([^,]*),line=1,)?title=([^:]+)::(.*)$")


def test_github_says_each_image_once_and_nothing_in_it_is_a_command() -> None:
    lines = "".join(github.run(MIXED)).splitlines()
    told = [COMMAND.match(line) for line in lines]
    assert all(told)
    assert [one[1] for one in told if one] == ["error", "error", "error", "warning", "warning", "notice"]
    assert "signed.png" not in "".join(github.run(MIXED))


@pytest.mark.parametrize(("count", "told"), [(1, 1), (10, 10), (11, 10), (40, 10)])
def test_github_stays_under_the_number_that_a_step_shows_and_says_how_many_more(count: int, told: int) -> None:
    errors = [line for line in "".join(github.run(many(count))).splitlines() if line.startswith("::error")]
    assert len(errors) == told
    if count > told:
        assert f"{count - told + 1} more images" in errors[-1]


# --- Markdown --------------------------------------------------------------------------------------------------------


def test_markdown_says_first_what_to_look_at_and_holds_no_markup_of_others() -> None:
    text = "".join(markdown.run(MIXED))
    marker, first, *_ = text.splitlines()
    assert marker == markdown.MARKER
    assert unescape(first).startswith("**maskproof: 2 images to look at: hero.png, ![x]")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 6 for row in rows)
    body = text.replace(marker, "")
    assert not re.search(r"[\[\]<>@!]|http:|\x1b|\u202e", body)
    assert "::error" not in body


def test_markdown_shows_commands_as_code_and_what_is_in_them_as_text() -> None:
    advice = "Restore it: `maskproof restore 'a|b <i>.png'`, or edit again."
    text = "".join(markdown.run(Report((image("a.png", Finding("brand", Severity.BLOCK, "x", advice=advice)),))))
    code = re.search(r"Restore it&#58; <code>([^<]*)</code>, or edit again", text)
    assert code is not None
    assert unescape(code[1]) == "maskproof restore 'a|b <i>.png'"
    odd = Finding("brand", Severity.BLOCK, "x", advice="a name with one ` in it")
    assert "<code>" not in "".join(markdown.run(Report((image("a.png", odd),))))


def test_markdown_fits_a_comment_and_says_what_is_left_out() -> None:
    text = "".join(markdown.run(many(3000)))
    assert len(text) < 65_536
    assert re.search(r"And \d+ more lines", text)


@pytest.mark.parametrize("writer", [github, markdown])
def test_a_warning_of_many_images_is_told_once(writer) -> None:
    loosened = Finding("policy-loosened", Severity.WARN, "this change loosens level", advice="Have it merged first.")
    report = Report(tuple(image(f"{number}.png", loosened, verdict=Verdict.PASS) for number in range(30)))
    text = unescape("".join(writer.run(report)))
    assert text.count("loosens level") == 1
    assert "30 images" in text


@pytest.mark.parametrize("writer", [github, gitlab, junit, markdown, sarif])
def test_nothing_found_is_said_as_well(writer) -> None:
    assert "".join(writer.run(Report())).endswith("\n")


# --- in a job of GitHub ----------------------------------------------------------------------------------------------


def test_a_job_of_github_gets_annotations_and_a_summary_by_itself(project, tmp_path: Path) -> None:
    project.edit("drifted")
    project.stage()
    summary, outputs = tmp_path / "summary.md", tmp_path / "outputs"
    job = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(outputs)}
    done = project.maskproof("check", **job)
    assert done.returncode == 1
    assert f"::error file={SPRING}.maskproof.json,line=1,title=outside-mask::" in done.stdout
    assert "1 image to look at" in unescape(summary.read_text())
    assert outputs.read_text().split() == ["verdict=block", "images=1", "compared=1", "blocked=1", "unjudged=0"]
    assert "::" not in project.maskproof("check", "--format", "json", **job).stdout
    assert "::error" not in project.maskproof("check").stdout
