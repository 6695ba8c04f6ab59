"""The verdict: numbers and limits in, pass or block out, and its laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskproof.gate import verdict
from maskproof.model import Box, Finding, Metric, RegionDrift, Severity, Verdict
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


def test_a_warning_row_warns_and_is_no_part_of_drift() -> None:
    report = judged("frame", "inside", 0.2, 1.0)
    assert [finding.severity for finding in report.findings] == [Severity.WARN]
    assert report.verdict is Verdict.PASS
    assert report.drift == 0


def test_metrics_of_one_rule_speak_once_the_worst_of_them() -> None:
    metrics = tuple(
        Metric(name, value, "x", "outside-mask", f"{name} {{value}} of {{limit}}")
        for name, value in (("light", 2.0), ("color", 5.0), ("spot", 0.5))
    )
    limits = {("outside-mask", name): 1.0 for name in ("light", "color", "spot")}
    report = verdict.decide([RegionDrift("out", "outside-mask", metrics)], limits)
    assert [(finding.message, finding.also) for finding in report.findings] == [("color 5x of 1x", ("light",))]


def test_a_finding_lies_around_all_that_its_metrics_over_their_limits_found() -> None:
    limits = dict.fromkeys((("brand", name) for name in ("light", "spot", "blur", "delta_e")), 1.0)
    metrics = (
        Metric("light", 3.0, "x", "brand", "lighter", Box(8, 8, 4, 4), Box(4, 4, 10, 10)),
        Metric("spot", 2.0, "x", "brand", "a spot", Box(40, 8, 8, 8), Box(36, 8, 12, 8)),
        Metric("blur", 0.5, "x", "brand", "soft", Box(90, 90, 8, 8), Box(90, 90, 8, 8)),
        Metric("delta_e", 9.0, "x", "brand", "off"),
    )
    (finding,) = verdict.decide([RegionDrift("logo", "brand", metrics)], limits).findings
    assert (finding.message, finding.box, finding.around) == ("off", None, Box(4, 4, 44, 12))
    (finding,) = verdict.decide([RegionDrift("logo", "brand", metrics[:3])], limits).findings
    assert (finding.message, finding.box, finding.around) == ("lighter", Box(8, 8, 4, 4), Box(4, 4, 44, 12))
    (finding,) = verdict.decide([RegionDrift("logo", "brand", metrics[3:])], limits).findings
    assert finding.around is None
