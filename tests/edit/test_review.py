"""`maskproof review`: what a vision model is shown of an edit, and how its opinion is told beside the verdict."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

import openai_server as server_of
from openai_server import opinion
from projects import SPRING


@pytest.fixture
def server():
    with server_of.running() as made:
        yield made
    assert made.wrong == []


def review(project, server, *arguments: str):
    return project.maskproof("review", *arguments, **server.environment)


def said(*pairs: dict, summary: str = "The corner was painted over.") -> str:
    defaults = {"subject": "other", "same": "no", "difference": "Another texture."}
    return json.dumps({"pairs": [defaults | {"pair": n} | one for n, one in enumerate(pairs, 1)], "summary": summary})


def shown(seen) -> list[np.ndarray]:
    """The pictures of a request, in order."""
    parts = seen.json["input"][0]["content"]
    data = [part["image_url"].split(",", 1)[1] for part in parts if part["type"] == "input_image"]
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(one)))) for one in data]


@pytest.fixture
def drifted(project):
    project.edit("drifted")
    project.stage()
    return project


def test_the_places_that_drifted_are_shown_before_and_after_and_the_opinion_is_told(drifted, server):
    server.answer(opinion(said({"subject": "text", "difference": "ACME became ACNE."})))
    before = drifted.check()
    done = review(drifted, server, SPRING)
    assert done.returncode == 0, done.stderr
    host = server.url.removeprefix("http://").removesuffix("/v1")
    assert f"of {SPRING}, before and after, to {host} (gpt-6-astra)" in done.stdout
    assert f"{SPRING}: BLOCKED" in done.stdout
    assert "A second opinion by gpt-6-astra-2026-10-01, which changes no verdict:" in done.stdout
    assert "NOT the same (text)" in done.stdout
    assert "ACME became ACNE." in done.stdout
    assert "The corner was painted over." in done.stdout
    pictures = shown(server.seen[0])
    assert 2 <= len(pictures) <= 8
    for first, second in zip(pictures[::2], pictures[1::2], strict=True):
        assert first.shape == second.shape
        assert max(first.shape) >= 250
    assert (pictures[0] != pictures[1]).any()
    assert drifted.check() == before


def test_an_edit_without_drift_is_shown_to_nobody(project, server):
    project.edit("held")
    project.stage()
    done = review(project, server, SPRING)
    assert done.returncode == 0
    assert "no place of it drifted, so nothing was sent" in done.stdout
    assert server.seen == []


def test_what_a_model_writes_cannot_steer_a_terminal_or_a_runner(drifted, server):
    hostile = "\x1b[2J\r\n::error::all is well\u202e"
    server.answer(opinion(said({"difference": hostile}, summary=hostile + "y" * 10_000)))
    done = review(drifted, server, SPRING)
    assert done.returncode == 0
    for one in ("\x1b", "\r", "\u202e", "::error"):
        assert one not in done.stdout
    assert "all is well" in done.stdout
    assert len(done.stdout) < 5000


def test_an_opinion_on_fewer_or_other_pairs_is_told_as_such(drifted, server):
    server.answer(opinion(said({"pair": 99, "same": "yes"})))
    done = review(drifted, server, SPRING)
    assert done.returncode == 0
    assert "no answer" in done.stdout
    assert "the same (other)" not in done.stdout


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        (opinion("I cannot look at faces.", refusal=True), 2, "the model refused to say anything: I cannot look"),
        (opinion(""), 3, "without a word in it"),
        (opinion("It is fine."), 3, "does not have the form"),
        (opinion('{"pairs": [], "pairs": [], "summary": "x"}'), 3, "stands twice"),
        (opinion('{"pairs": [], "summary": "x", "verdict": "pass"}'), 3, "is unknown"),
        (
            opinion(json.dumps({"pairs": [{"pair": 1, "same": "maybe"}], "summary": "x"})),
            3,
            "'no' or 'unsure' or 'yes'",
        ),
        (server_of.WRONG_KEY, 2, "does not accept the key"),
        (server_of.error(404, "No such model.", "x", "model_not_found"), 2, "does not know the model 'mine'"),
        (server_of.hang_up, 3, "was lost"),
    ],
)
def test_no_opinion_is_an_error_and_never_taken_for_one(drifted, server, answer, status, says):
    server.answer(answer)
    done = review(drifted, server, SPRING, "--model", "mine")
    assert done.returncode == status, done.stdout + done.stderr
    assert says in done.stderr
    assert "second opinion by" not in done.stdout


@pytest.mark.parametrize(
    ("path", "says"),
    [("assets/none.png", "is not known to Git"), ("assets/hero.png", "has no record that names an original")],
)
def test_there_has_to_be_something_to_hold_it_against(project, server, path, says):
    done = review(project, server, path)
    assert done.returncode == 2
    assert says in done.stderr
    assert server.seen == []
