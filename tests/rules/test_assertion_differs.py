"""The rule `assertion-differs`: a verdict that is signed into a picture is compared with what is measured."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from fixture_cases import judged
from marked import made_by
from maskproof import __version__
from maskproof.evidence import verdicts
from maskproof.marks import credentials
from pictures import repaired
from projects import SPRING, sha256

SIDECAR = f"{SPRING}.maskproof.json"
ZERO = "0" * 64
NOTHING_ASKED = sha256(b"{}")
"""the digest of what the built-in policy asks beside its defaults"""


def test_a_verdict_over_another_original_blocks() -> None:
    found = judged("block/assertion-differs")
    assert (found.status, found.the("assertion-differs")["severity"]) == (1, "block")


def test_content_credentials_without_a_verdict_are_not_asked() -> None:
    assert judged("pass/provenance-kept").findings == []


@pytest.fixture(scope="module")
def by():
    now = dt.datetime.now(dt.UTC)
    return credentials.identity(*credentials.new_test_certificate(now), now)


def signed(project, by, **others):
    """A held edit with a verdict that somebody else's program signed; `others` are its members, None: left out."""
    held = project.pictures.held
    said = {
        "maskproof": 1,
        "engine": __version__,
        "level": "visual",
        "drift": 0.0,
        "original": sha256(project.pictures.original),
        "mask": sha256(project.pictures.mask),
        "settings": NOTHING_ASKED,
        "recorded": sha256(held),
        **others,
    }
    told = {"label": verdicts.LABEL, "data": {key: value for key, value in said.items() if value is not None}}
    actions = {"label": "c2pa.actions", "data": {"actions": [made_by("compositeWithTrainedAlgorithmicMedia")]}}
    about = {"claim_generator_info": [{"name": "another program"}], "assertions": [actions, told]}
    return credentials.sign(held, SPRING, about, (), by)


def found(project, data, **record):
    project.write(SPRING, data)
    project.write(SIDECAR, project.record(data, **record))
    project.stage()
    status, report = project.report()
    image = next(one for one in report["images"] if one["path"] == SPRING)
    said = [(one["severity"], one["message"]) for one in image["findings"] if one["rule"] == "assertion-differs"]
    return status, image["drift"], said


def test_what_agrees_is_not_told(project, by):
    drift = found(project, project.pictures.held)[1]
    assert found(project, signed(project, by, drift=drift))[2] == []


@pytest.mark.parametrize(
    ("claims", "severity", "says"),
    [
        ({"original": ZERO}, "block", "another original (000000000000…)"),
        ({"original": None}, "block", "no original"),
        ({"mask": ZERO}, "block", "another mask"),
        ({"drift": 7.5}, "block", "drift 7.50 at level visual"),
        ({"drift": None}, "block", "drift none"),
        ({"level": "exact"}, "block", "at level exact"),
        ({"drift": 7.5, "settings": ZERO}, "warn", "policy changed since"),
        ({"drift": 7.5, "engine": "0.0.1"}, "warn", "maskproof (0.0.1 then) changed since"),
        ({"drift": -1.0}, "block", "cannot be read"),
        ({"drift": "0"}, "block", "cannot be read"),
        ({"approved": True}, "block", "cannot be read"),
        ({"maskproof": 2}, "block", "cannot be read"),
        ({"engine": "x" * 101}, "block", "cannot be read"),
    ],
)
def test_what_does_not_is(project, by, claims, severity, says):
    status, _, ((grave, message),) = found(project, signed(project, by, **claims))
    assert (status, grave) == (int(severity == "block"), severity)
    assert says in message


@pytest.mark.parametrize("where", ["picture", "verdict"])
def test_one_changed_byte_is_told_even_where_the_record_was_renewed(project, by, where):
    data = bytearray(signed(project, by))
    data[data.index(b"IDAT") + 40 if where == "picture" else data.index(b"visual") + 1] ^= 1
    status, _, said = found(project, repaired(bytes(data)))
    assert status in {1, 3}
    assert any("does not hold" in message for _, message in said)


def test_a_verdict_of_an_ingredient_speaks_of_that(project, by):
    first = signed(project, by, original=ZERO)
    actions = [{"action": "c2pa.opened", "parameters": {"ingredientIds": ["parentOf"]}}, {"action": "c2pa.edited"}]
    about = {
        "claim_generator_info": [{"name": "another program"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": actions}}],
    }
    data = credentials.sign(
        project.pictures.held, SPRING, about, (credentials.Ingredient("a.png", "parentOf", first),), by
    )
    assert found(project, data)[2] == []
    told = project.maskproof("explain", SPRING).stdout
    assert "a verdict of maskproof" in told
    assert "original 000000000000…" in told


def test_json_and_schema_know_the_rule(project, by):
    project.write(SPRING, data := signed(project, by, original=ZERO))
    project.write(SIDECAR, project.record(data))
    project.stage()
    report = json.loads(project.maskproof("check", "--format", "json").stdout)
    (one,) = [one for image in report["images"] for one in image["findings"]]
    assert one["rule"] == "assertion-differs"
