"""The verdict: numbers and limits in, pass or block out, and its laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskproof.gate import verdict
from maskproof.model import Acceptance, Box, Finding, Metric, RegionDrift, Severity, Verdict, Wording, amount
from maskproof.policy.limits import LIMITS

ROWS = st.sampled_from([row for row in LIMITS if not row.warns])
NUMBERS = st.floats(0, 1e6, allow_nan=False)


def judged(kind: str, metric: str, value: float, limit: float | None) -> verdict.Decided:
    drift = RegionDrift("there", kind, (Metric(metric, value, "px", "brand", "{value} over {limit}"),))
    return verdict.decide([drift], {(kind, metric): limit}, "mend it")


@pytest.mark.parametrize(
    ("value", "limit", "ratio", "answer"),
    [
        (0, 0, 0, "pass"),
        (1, 0, 2, "block"),
        (3, 0, 4, "block"),
        (1, 1, 1, "pass"),
        (1.0001, 1, 1.0001, "block"),
        (5, 2, 2.5, "block"),
        (1e9, 0, 1e6, "block"),
        (7, None, 0, "pass"),
    ],
)
def test_a_value_over_its_limit_blocks(value: float, limit: float | None, ratio: float, answer: str) -> None:
    report = judged("frame", "tone", value, limit)
    assert report.drift == pytest.approx(ratio)
    assert report.verdict.value == answer


@given(ROWS, NUMBERS, NUMBERS, NUMBERS)
def test_a_larger_limit_never_turns_pass_into_block(row, value, one, other):
    tight, loose = sorted((one, other))
    before, after = (judged(row.kind, row.metric, value, limit) for limit in (tight, loose))
    assert not (before.verdict is Verdict.PASS and after.verdict is Verdict.BLOCK)
    # A limit of 0 has no ratio of its own: there drift counts what is there, so that less is still less.
    assert tight == 0 or after.drift <= before.drift


@given(ROWS, NUMBERS, NUMBERS, NUMBERS)
def test_more_drift_never_turns_block_into_pass(row, limit, one, other):
    less, more = sorted((one, other))
    before, after = (judged(row.kind, row.metric, value, limit) for value in (less, more))
    assert not (before.verdict is Verdict.BLOCK and after.verdict is Verdict.PASS)


@pytest.mark.parametrize(
    ("severities", "answer"),
    [
        ((), "pass"),
        (("warn",), "pass"),
        (("warn", "unjudged"), "unjudged"),
        (("unjudged", "block", "warn"), "block"),
    ],
)
def test_the_gravest_finding_decides_and_stands_first(severities: tuple[str, ...], answer: str) -> None:
    found = tuple(Finding("brand", Severity(one), one) for one in severities)
    assert verdict.verdict_of(found).value == answer
    order = [finding.severity.value for finding in verdict.gravest_first(found)]
    assert order == sorted(order, key=["block", "unjudged", "warn"].index)


def test_what_is_accepted_decides_nothing_and_stands_last() -> None:
    said = Finding("text", Severity.BLOCK, "signed", accepted=Acceptance("approval", "a.json"))
    found = (said, Finding("tone", Severity.WARN, "a little"))
    assert verdict.verdict_of(found) is Verdict.PASS
    assert [one.rule for one in verdict.gravest_first(found)] == ["tone", "text"]


def test_a_warning_row_warns_and_is_no_part_of_drift() -> None:
    report = judged("frame", "inside", 0.2, 1.0)
    assert [finding.severity for finding in report.findings] == [Severity.WARN]
    assert report.verdict is Verdict.PASS
    assert report.drift == 0


def test_metrics_of_one_rule_speak_once_the_worst_of_them() -> None:
    metrics = tuple(
        Metric(name, value, "x", "outside-mask", f"{name} {{value}} of {{limit}}")
        for name, value in (("light", 2.0), ("color", 5.0), ("contrast", 0.5))
    )
    limits = {("outside-mask", name): 1.0 for name in ("light", "color", "contrast")}
    report = verdict.decide([RegionDrift("out", "outside-mask", metrics)], limits)
    assert [(finding.message, finding.also) for finding in report.findings] == [("color 5x of 1x", ("light",))]


def test_a_finding_lies_around_all_that_its_metrics_over_their_limits_found() -> None:
    limits = dict.fromkeys((("brand", name) for name in ("light", "contrast", "blur", "delta_e")), 1.0)
    metrics = (
        Metric("light", 3.0, "x", "brand", "lighter", Box(8, 8, 4, 4), Box(4, 4, 10, 10)),
        Metric("contrast", 2.0, "x", "brand", "drawn", Box(40, 8, 8, 8), Box(36, 8, 12, 8)),
        Metric("blur", 0.5, "x", "brand", "soft", Box(90, 90, 8, 8), Box(90, 90, 8, 8)),
        Metric("delta_e", 9.0, "x", "brand", "off"),
    )
    (finding,) = verdict.decide([RegionDrift("logo", "brand", metrics)], limits).findings
    assert (finding.message, finding.box, finding.around) == ("off", Box(8, 8, 4, 4), Box(4, 4, 44, 12))
    (finding,) = verdict.decide([RegionDrift("logo", "brand", metrics[:3])], limits).findings
    assert (finding.message, finding.box, finding.around) == ("lighter", Box(8, 8, 4, 4), Box(4, 4, 44, 12))
    (finding,) = verdict.decide([RegionDrift("logo", "brand", metrics[3:])], limits).findings
    assert finding.around is None


def test_what_is_furthest_over_its_limit_is_told_first() -> None:
    frame = RegionDrift("frame", "frame", (Metric("tone", 5.0, "", "tone", "lighter"),))
    inside = RegionDrift("frame", "frame", (Metric("seam", 0.9, "", "seam", "a step"),))
    out = RegionDrift("out", "outside-mask", (Metric("light", 3.0, "x", "outside-mask", "a patch"),))
    limits = {("frame", "tone"): 4.0, ("frame", "seam"): 0.2, ("outside-mask", "light"): 1.0}
    found = verdict.decide([frame, inside, out], limits).findings
    assert [one.message for one in found] == ["a patch", "lighter", "a step"]


@pytest.mark.parametrize(
    ("off", "message", "value", "also"),
    [
        (20.0, "20 off", 20.0, ("light",)),
        (9.0, "9 off; 3x lighter", 9.0, ("light",)),
        (4.0, "4 off; 3x lighter", 3.0, ()),
        (1.0, "3x lighter", 3.0, ()),
    ],
)
def test_a_kinds_own_measure_leads_if_it_has_something_to_say(off, message, value, also):
    metrics = (
        Metric("light", 3.0, "x", "brand", "{value} lighter", Box(8, 8, 4, 4)),
        Metric("delta_e", off, "", "brand", "{value} off", Box(1, 1, 2, 2), leads=off > 3),
    )
    decided = verdict.decide([RegionDrift("logo", "brand", metrics)], {("brand", "light"): 1, ("brand", "delta_e"): 5})
    (finding,) = decided.findings
    assert (finding.message, finding.value, finding.also) == (message, value, also)
    assert finding.box == (Box(8, 8, 4, 4) if off < 3 else Box(1, 1, 2, 2))
    assert decided.drift == max(3, off / 5)


@pytest.mark.parametrize("limit", [0, None])
def test_strings_that_differ_lead_even_where_they_decide_nothing(limit):
    metrics = (
        Metric("stroke", 0.9, "share", "text", "a letter changed by {value}", leads=True),
        Metric("characters", 0, "share", "text", "perhaps {text}", text=Wording("SALE", "SALF"), leads=True),
    )
    limits = {("text", "stroke"): 0.2, ("text", "characters"): limit}
    (finding,) = verdict.decide([RegionDrift("line", "text", metrics)], limits).findings
    assert finding.message == 'perhaps "SAL[E]" became "SAL[F]"; a letter changed by 90 %'
    assert (finding.text, finding.value, finding.limit) == (Wording("SALE", "SALF"), 0.9, 0.2)
    words = verdict.decide([RegionDrift("line", "text", metrics[1:])], limits)
    assert (words.findings, words.drift) == ((), 0)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("SALE 50%", "SALF 50%", '"SAL[E] 50%" became "SAL[F] 50%"'),
        ("SALE", "SALES", '"SALE" became "SALE[S]"'),
        ("SALE50%", "SALF 50%", '"SAL[E]50%" became "SAL[F ]50%"'),
        ("SALE 50%", "SALE50 %", '"SALE 50%" became "SALE50 %"'),
        ("\uff33\uff21\uff2c\uff25", "SALF", '"\uff33\uff21\uff2c[\uff25]" became "SAL[F]"'),
        ("NEW", "", '"NEW" is gone'),
        ("", "NEW", '"NEW" appeared'),
        ("{value} A", "{value} B", '"{value} [A]" became "{value} [B]"'),
        ('A" became "[B]', "A", r'"A[\" became \"\[B\]]" became "A"'),
        ("A\\", "B\\", r'"[A]\\" became "[B]\\"'),
        (
            "A\nB\nC\nD\nE",
            "1\n2\n3\n4\n5",
            '"[A]" became "[1]"; "[B]" became "[2]"; "[C]" became "[3]"; and 2 more lines',
        ),
    ],
)
def test_words_are_quoted_with_what_changed_in_brackets_whatever_they_are(before, after, said):
    metric = Metric("characters", 0.5, "share", "text", "{text}: {value}", text=Wording(before, after), leads=True)
    (finding,) = verdict.decide([RegionDrift("t", "text", (metric,))], {("text", "characters"): 0}).findings
    assert finding.message == f"{said}: 50 %"


def test_what_explains_the_frame_is_what_is_done_about_all_that_follows_from_it():
    cut = Metric("shift", 10, "%", "shift", "moved", mend="record the cut")
    drifted = Metric("light", 3, "times", "outside-mask", "differs")
    regions = [RegionDrift("out", "outside-mask", (drifted,)), RegionDrift("frame", "frame", (cut,))]

    def advice(shift: float) -> set[str]:
        limits = {("outside-mask", "light"): 1.0, ("frame", "shift"): shift}
        return {one.advice for one in verdict.decide(regions, limits, "put it back").findings}

    assert advice(0.5) == {"record the cut"}
    assert advice(20) == {"put it back"}, "a frame within its limit explains nothing"


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (-0.0017, "px", "0 px"),
        (0.5, "px", "0.5 px"),
        (12.0, "px", "12 px"),
        (1.0, "times", "1x"),
        (1.0021, "times", "1.0021x"),
    ],
)
def test_a_motion_is_told_in_numbers_that_somebody_can_see(value, unit, said):
    assert amount(value, unit) == said
