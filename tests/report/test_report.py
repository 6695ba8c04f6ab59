"""Reports: what a reader is told, that a program can parse it, and that nothing from a file reaches the output raw."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from maskproof import report
from maskproof.gate.inspection import (
    BrandFacts,
    ChangeFacts,
    Compared,
    Failure,
    FirstFacts,
    Inputs,
    Inspection,
    PairFacts,
    PictureFacts,
    RegionFacts,
    Signals,
    StepFacts,
)
from maskproof.gate.rank import Ranked
from maskproof.likeness.model import Likeness, Matches
from maskproof.model import (
    Acceptance,
    Box,
    Evidence,
    Finding,
    ImageReport,
    Judged,
    Metric,
    RegionDrift,
    Report,
    Severity,
    Verdict,
)
from maskproof.policy import Settings
from maskproof.policy.limits import LIMITS, SEEN
from maskproof.records.sidecar import ImageRef, MaskRef, OriginalRef, Record, Tool
from maskproof.report import json as as_json
from maskproof.report import text as as_text
from maskproof.report.text import safe


def inspection(text: str) -> Inspection:
    """What the stages found of an edit of an edit, with this text wherever a file, a record or a policy has one."""
    facts = PictureFacts((4, 4), text, text, managed=True, trailing=0, gain_map=text, depth=8, deep=False)
    record = Record(
        maskproof=1,
        origin="edited",
        image=ImageRef(sha256="a" * 64, size=(4, 4)),
        original=OriginalRef(path=text, sha256="b" * 64, size=(4, 4)),
        mask=MaskRef(path=text, sha256="c" * 64, mode="alpha"),
        tool=Tool(provider=text, model=text),
    )
    return Inspection(
        Inputs(
            text, Settings(source=text), Failure("unreadable", text), record, Failure("unreadable", text), {},
            ChangeFacts(None, None, "A", (), (), {}, None),
        ),
        Signals((Evidence(text, text, ai=True),)),
        Compared(
            PairFacts(facts, facts, None, 0.5), (BrandFacts(text, text, 2),), (RegionFacts(text, "brand", text, 0.5),)
        ),
        (),
        FirstFacts(facts, facts, 0.5, (StepFacts(text, text, text, ()),)),
    )  # fmt: skip


METRIC = Metric(
    "structure_area", 0.0731, "share", "brand", "an area of {value} changed (limit {limit})", Box(1, 2, 30, 40)
)
BLOCKED = ImageReport(
    "assets/hero.png",
    Verdict.BLOCK,
    drift=3.655,
    findings=(
        Finding(
            "brand",
            Severity.BLOCK,
            "an area of 7.31 % changed (limit 2 %)",
            "logo",
            0.0731,
            0.02,
            "share",
            Box(1, 2, 30, 40),
            "See where and why: `maskproof explain assets/hero.png`.",
            around=Box(0, 0, 40, 44),
        ),
        Finding(
            "tone",
            Severity.WARN,
            "the frame is lighter by 2.5 OKLab x100",
            "frame",
            2.5,
            2.0,
            "OKLab x100",
            None,
            "Look at it.",
        ),
    ),
    regions=(
        Judged(RegionDrift("frame", "frame", (Metric("tone", 2.5, "OKLab x100", "tone", "lighter"),)), (None,)),
        Judged(
            RegionDrift("logo", "brand", (METRIC, Metric("changed", 12.0, "px", "brand", "{value} changed"))),
            (0.02, None),
        ),
    ),
    evidence=(Evidence("C2PA manifest", "trainedAlgorithmicMedia", ai=True, generator="a model"),),
    original={"path": "assets/base.png", "sha256": "b" * 64, "found": "in the tree"},
    mask={"path": "m.png", "sha256": "c" * 64, "mode": "alpha"},
    inspection=inspection("assets/base.png"),
)
UNJUDGED = ImageReport(
    "b.png",
    Verdict.UNJUDGED,
    findings=(
        Finding(
            "missing-original", Severity.UNJUDGED, "the original is not to be found", advice="Commit the original."
        ),
    ),
)
PASSED = ImageReport("c.png", Verdict.PASS, drift=0.25)
WARNED = ImageReport("d.png", Verdict.PASS, findings=(Finding("unrecorded", Severity.WARN, "it has no record"),))
RUN = Report((BLOCKED, UNJUDGED, PASSED, WARNED), ("b.png was judged as staged",))


def renderings(one: ImageReport, *, color: bool = False) -> dict[str, str]:
    """Everything that a report is ever written as."""
    whole = Report((one,), (one.path,))
    near = Likeness("a" * 40, (one.path,), 3, 256, "whole", 1.0, alike=True)
    found = Matches(one.path, (near,), (one.path,), frozenset(), 1, ((one.path, one.path),), one.path, (one.path,))
    ranked = Ranked(1, 0, one, one.findings[0] if one.findings else None)
    shown = {
        "run": (whole,),
        "image": (one,),
        "explanation": (one,),
        "signals": (one.evidence,),
        "matches": (found,),
        "ranking": ((ranked,), (one.path,)),
    }
    return {
        f"{thing}, {name}": "".join(getattr(writer, thing)(*values, color=color))
        for thing, values in shown.items()
        for name, writer in report.writers(thing).items()
    } | {"summary": as_text.summary(whole), "conclusion": as_text.conclusion(one)}


# --- text ---------------------------------------------------------------------------------------------------------


def test_the_text_of_a_run():
    assert (
        "".join(as_text.run(RUN))
        == """\
assets/hero.png: BLOCKED  (drift 3.65; the limit is 1)
  x brand: an area of 7.31 % changed (limit 2 %), in logo, at x 1, y 2, 30 x 40 px
  ! tone: the frame is lighter by 2.5 OKLab x100
    -> See where and why: `maskproof explain assets/hero.png`.
    -> Look at it.

b.png: NOT JUDGED
  ? missing-original: the original is not to be found
    -> Commit the original.

d.png: passes with a WARNING
  ! unrecorded: it has no record

Note: b.png was judged as staged.
maskproof: 4 images looked at, 2 compared, 1 blocked, 1 not judged.
"""
    )


@pytest.mark.parametrize(
    ("images", "line"),
    [
        ((), "maskproof: 0 images looked at, 0 compared, 0 blocked, 0 not judged."),
        ((PASSED,), "maskproof: 1 image looked at, 1 compared, 0 blocked, 0 not judged."),
        ((PASSED, UNJUDGED), "maskproof: 2 images looked at, 1 compared, 0 blocked, 1 not judged."),
    ],
)
def test_the_last_line_counts(images, line):
    assert "".join(as_text.run(Report(images))).splitlines()[-1] == line == as_text.summary(Report(images))


def test_the_line_of_no_image_is_the_one_the_command_prints_by_itself():
    from maskproof.hook import NOTHING

    assert as_text.summary(Report()) == NOTHING


def test_an_explanation_holds_every_step_and_every_number():
    text = as_text.explanation(BLOCKED)
    for said in (
        "change    the picture is new",
        "record    edited",
        "original assets/base.png",
        "logo (brand)",
        "the whole frame",
        "7.31 %",
        "limit 2 %",
        "12 px",
        "no limit",
        "at x 1, y 2, 30 x 40 px",
    ):
        assert said in text


def test_what_a_limited_metric_sees_is_said_in_words():
    assert {row.metric for row in LIMITS} == SEEN.keys()
    logo = RegionDrift("logo", "brand", (Metric("light", 2.0, "x", "brand", "x", Box(1, 2, 30, 40)),))
    said = as_text.explanation(replace(PASSED, regions=(Judged(logo, (1.0,)),)))
    assert "light  2x   limit 1x  patches lighter or darker, at x 1, y 2, 30 x 40 px\n" in said


def test_a_metric_says_how_its_limit_holds():
    frame = RegionDrift(
        "frame", "frame", (Metric("inside", 0.2, "% of full scale", "x", "x"), Metric("seam", 0.3, "share", "x", "x"))
    )
    said = as_text.explanation(replace(PASSED, regions=(Judged(frame, (1.0, 0.2)),)))
    assert "inside  0.2 % of full scale   at least 1 % of full scale, else a warning  change inside the mask\n" in said
    assert "seam                   30 %   limit 20 %, else a warning " in said


def test_what_a_metric_without_a_limit_has_to_say_stands_beside_it():
    frame = RegionDrift(
        "frame", "frame", (Metric("dx", 0.0, "px", "shift", "cannot be told"), Metric("dy", 4.0, "px", "shift", ""))
    )
    said = as_text.explanation(replace(PASSED, regions=(Judged(frame, (None, None)),)))
    assert "dx  0 px   no limit  cannot be told\n" in said
    assert "dy  4 px   no limit\n" in said


@pytest.mark.parametrize(("dx", "believed"), [(-16.5, False), (0.2, True)])
def test_a_motion_that_is_not_believed_is_not_listed_as_the_frames(dx, believed):
    rows = (Metric("shift", 0.0, "%", "shift", "{value}"), Metric("dx", dx, "px", "shift", ""))
    frame = RegionDrift("frame", "frame", (*rows, Metric("dy", 0.0, "px", "shift", "")))
    said = as_text.explanation(replace(PASSED, regions=(Judged(frame, (0.5, None, None)),)))
    assert (f"{dx:g} px" in said) == believed
    assert ("no motion is believed that the whole frame shares" in said) != believed


def test_a_warning_stands_beside_passes_for_those_who_read_no_further():
    over = replace(WARNED, drift=8.11)
    assert as_text.conclusion(over) == "d.png: passes with a WARNING  (drift 8.11; the limit is 1)"
    assert "passes\x1b[0m with a \x1b[33mWARNING" in as_text.conclusion(over, color=True)
    assert "WARNING" not in as_text.conclusion(PASSED)
    assert "WARNING" not in as_text.conclusion(BLOCKED)


@pytest.mark.parametrize(
    ("most", "within", "said"),
    [
        (Box(248, 48, 64, 64), Box(20, 20, 300, 100), ", changed within x 20, y 20, 300 x 100 px; most at x 248, y 48"),
        (Box(248, 48, 64, 64), Box(248, 48, 64, 64), ", at x 248, y 48, 64 x 64 px"),
        (Box(248, 48, 64, 64), Box(244, 48, 72, 64), ", at x 248, y 48, 64 x 64 px"),
        (Box(248, 48, 64, 64), None, ", at x 248, y 48, 64 x 64 px"),
        (None, Box(20, 20, 300, 100), ", changed within x 20, y 20, 300 x 100 px"),
        (None, None, ""),
    ],
)
def test_a_sentence_tells_all_that_changed_and_the_worst_of_it_where_these_differ(most, within, said):
    found = Finding("brand", Severity.BLOCK, "it changed", "logo", box=most, around=within)
    assert as_text.sentence(found) == f"it changed, in logo{said}"


def test_a_change_of_light_or_detail_in_an_area_is_told_as_what_it_means():
    found = Finding("brand", Severity.BLOCK, "a patch became lighter", "logo", 2.0, 1.0, "x", Box(1, 2, 3, 4))
    assert as_text.sentence(found) == (
        "logo no longer shows what the original shows: a patch became lighter, at x 1, y 2, 3 x 4 px"
    )


@given(st.lists(st.sampled_from(["`git add a b`", "144 x 200 px", "x 276, y 80", "25.9 %", "word", "longer-word"])))
def test_no_line_ends_in_a_command_or_between_a_number_and_its_unit(words):
    text = " ".join(words)
    lines = as_text.wrap(text, "    -> ")
    assert " ".join(line[7:] for line in lines) == text
    for whole in ("`git add a b`", "144 x 200 px", "25.9 %"):
        assert sum(line.count(whole) for line in lines) == text.count(whole)
    assert all(len(line) <= as_text.WIDTH.get() for line in lines)


@pytest.mark.parametrize(
    ("signs", "said"),
    [
        ((), "The file does not say."),
        ((Evidence("XMP", "digitalCapture", ai=False),), "says that no AI made it"),
        (BLOCKED.evidence, "Its Content Credentials say that a model made or changed it."),
    ],
)
def test_what_the_marks_say(signs, said):
    assert said in as_text.signals(signs)


def test_advice_is_given_once():
    twice = replace(BLOCKED, findings=(BLOCKED.findings[0],) * 2)
    assert as_text.image(twice).count("maskproof explain") == 1


def test_colour_only_where_it_is_asked_for():
    assert not any("\x1b" in text for text in renderings(BLOCKED).values())
    coloured = as_text.image(BLOCKED, color=True)
    assert "\x1b[31;1mBLOCKED\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == as_text.image(BLOCKED)
    assert "\x1b" not in as_json.image(BLOCKED, color=True)
    assert "\x1b" not in as_text.conclusion(BLOCKED)


# --- JSON ---------------------------------------------------------------------------------------------------------

IMAGE_KEYS = {"path", "verdict", "drift", "findings", "regions", "evidence", "original", "mask"}


def test_the_json_of_a_run_has_the_keys_of_the_contract():
    tree = json.loads("".join(as_json.run(RUN)))
    assert tree["maskproof"] == 1
    assert tree["summary"] == {"images": 4, "compared": 2, "blocked": 1, "unjudged": 1}
    assert [one["verdict"] for one in tree["images"]] == ["block", "unjudged", "pass", "pass"]
    for one in tree["images"]:
        assert one.keys() >= IMAGE_KEYS
        for finding in one["findings"]:
            assert finding.keys() >= {"rule", "severity", "region", "value", "limit", "unit", "message", "box"}


def test_the_json_of_a_comparison():
    tree = json.loads(as_json.image(BLOCKED))
    assert tree.keys() >= IMAGE_KEYS
    assert tree["drift"] == 3.655
    assert tree["findings"][0]["box"] == [1, 2, 30, 40]
    assert tree["findings"][0]["around"] == [0, 0, 40, 44]
    assert tree["regions"][1]["name"] == "logo"
    assert tree["regions"][1]["metrics"]["structure_area"] == {
        "value": 0.0731,
        "unit": "share",
        "limit": 0.02,
        "box": [1, 2, 30, 40],
        "around": None,
        "text": None,
    }
    assert tree["original"]["path"] == "assets/base.png"
    assert json.loads(as_json.image(UNJUDGED))["drift"] is None


def test_the_json_of_an_explanation_and_of_marks():
    assert json.loads(as_json.explanation(BLOCKED))["steps"][0] == {
        "stage": "change",
        "text": "the picture is new in the index, against an empty repository",
        "said": "the picture is new in the index, against an empty repository",
    }
    tree = json.loads(as_json.signals(BLOCKED.evidence))
    assert tree.keys() == {"ai", "edit", "generator", "parent", "mask", "evidence"}
    assert (tree["ai"], tree["edit"], tree["generator"], tree["parent"]) == (True, None, "a model", None)
    assert json.loads(as_json.signals(()))["ai"] is None


# --- hostile text ---------------------------------------------------------------------------------------------------

HOSTILE = [
    "\x1b[2J\x1b[31mgone",
    "\x9b31m",
    "a\nb",
    "a\rb",
    "::error::x",
    " ::set-output name=x::y",
    "a\n::warning::b",
    "##[error]x",
    "##vso[task.complete]x",
    "\u202egnp.exe",
    "\u2066x\u2069",
    "\u200b",
    "\u2028x",
    "\u2029x",
    "\udcff",
    "\ud800",
    "\x00",
    "\x7f",
    "\x85",
    "\ufeff",
    "\U000e0041",
    "\ue000",
    "\a\b\t",
    "x" * 300 + " ::error::wrapped to the start of a line",
]


def hostile_report(text: str) -> ImageReport:
    """A report in which a file, a record and a policy say this wherever they can."""
    return ImageReport(
        text,
        Verdict.BLOCK,
        drift=2.0,
        findings=(
            Finding(
                "brand", Severity.BLOCK, f"{text} changed", text, 1.0, 0.5, "share", Box(0, 0, 1, 1), f"Look at {text}"
            ),
            Finding("stale-record", Severity.UNJUDGED, text, advice=text),
        ),
        regions=(Judged(RegionDrift(text, "brand", (METRIC,)), (0.02,)),),
        evidence=(Evidence(text, text, ai=True, generator=text, parent=text),),
        original={"path": text, "sha256": "b" * 64, "found": text},
        mask={"path": text, "mode": "alpha"},
        inspection=inspection(text),
    )


def check_harmless(name: str, text: str) -> None:
    assert all(char == "\n" or char.isprintable() for char in text), name
    text.encode("utf-8")
    for line in text.splitlines():
        if name.endswith("github"):  # each line is a command, and what it says holds none
            assert re.match(r"::(error|warning|notice) [^:]*::", line), (name, line)
            line = line.split("::", 2)[2]  # noqa: PLW2901
        assert not line.lstrip().startswith("::"), (name, line)
        assert "##[" not in line, (name, line)
        assert "##vso[" not in line, (name, line)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.threat("T36")
def test_hostile_text_never_reaches_the_output_raw(text):
    for name, output in renderings(hostile_report(text)).items():
        check_harmless(name, output)


@given(st.text(max_size=120) | st.lists(st.sampled_from([*HOSTILE, ":", "#", "[", " ", "\n"]), max_size=6).map("".join))
def test_no_text_at_all_reaches_the_output_raw(text):
    for name, output in renderings(hostile_report(text)).items():
        check_harmless(name, output)


@pytest.mark.parametrize("text", HOSTILE)
def test_json_keeps_hostile_text_to_the_letter(text):
    tree = json.loads(as_json.image(hostile_report(text)))
    assert tree["path"] == text
    assert tree["original"]["found"] == text


@pytest.mark.parametrize(
    "text", ["plain", "Ünï çøðé 日本 🙂", 'it\'s 100 % "quoted" `code` <b> & C:\\x', "12:30, a: b", "#1 [x]"]
)
def test_plain_text_stays_as_it_is(text):
    assert safe(text) == text


def test_what_somebody_accepted_is_told_once_a_rule() -> None:
    accepted = Acceptance("approval", "approvals/a.json", by=("ana",), reason="agreed")
    found = tuple(
        Finding(rule, Severity.BLOCK, f"{rule} {number}", advice="Edit again.", accepted=accepted)
        for rule, count in (("brand", 3), ("shift", 1))
        for number in range(count)
    )
    told = "".join(as_text.run(Report((ImageReport("a.png", Verdict.PASS, drift=2.0, findings=found),))))
    assert [line for line in told.splitlines() if line.startswith("  +")] == [
        "  + brand: brand 0; and 2 more of these",
        "  + shift: shift 0",
        "  + approved by ana in approvals/a.json: agreed",
    ]
    assert "Edit again" not in told
