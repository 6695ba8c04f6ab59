"""The image service: what the real client sends to a local server, and how answers and failures are told."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import openai
import pytest

import openai_server as server_of
from maskproof.edit import framing
from maskproof.edit.api import answers, client, images, models
from maskproof.errors import MaskproofError, NoAnswer, UsageError
from maskproof.model import Picture
from openai_server import edits
from painters import held, redrawn, rerendered, shifted, smaller
from pictures import noise
from projects import ROOT


@pytest.fixture
def server():
    with server_of.running() as made:
        yield made
    assert made.wrong == []


@pytest.fixture
def connection(server, monkeypatch):
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    with client.connect(60) as made:  # five pictures are encoded before the answer comes, on a busy machine slowly
        yield made


@pytest.fixture(scope="module")
def sent():
    """A request for a picture of 1024 x 688 px whose mask opens a part in the middle."""
    picture = Picture("PNG", noise(1024, 688), None, None, "sRGB")
    opened = np.zeros((688, 1024), np.bool_)
    opened[200:400, 300:600] = True
    plan = framing.plan(picture.size, opened, models.lookup("gpt-image-2"), crop=False, wanted=None)
    return framing.request(picture, opened, plan)


def asked(sent, n=1, model="gpt-image-2", quality=None):
    return images.build_request(
        models.lookup(model), sent.image, sent.mask, "a red ball", sent.plan.sent, n, quality, transparent=False
    )


def test_one_candidate_is_streamed_and_tells_how_far_it_is(server, connection, sent):
    server.answer(edits(held))
    said: list[str] = []
    answer = images.request_edits(connection, asked(sent), said.append)
    assert len(answer.pictures) == 1
    assert answer.request_id == server_of.REQUEST_ID
    assert answer.usage == {"input_tokens": 1820, "output_tokens": 4160, "total_tokens": 5980}
    assert said == ["waiting for gpt-image-2", "half-finished picture 1 of 2", "half-finished picture 2 of 2"]
    fields = server.seen[0].fields
    assert (fields["stream"], fields["partial_images"], fields["model"]) == ("true", "2", "gpt-image-2")
    assert (fields["prompt"], fields["size"], fields["background"]) == ("a red ball", "1024x688", "opaque")


def test_several_candidates_come_in_one_plain_answer_in_their_order(server, connection, sent):
    server.answer(edits(held, rerendered, shifted, redrawn, smaller))
    answer = images.request_edits(connection, asked(sent, n=5), lambda _: None)
    assert len(set(answer.pictures)) == 5
    assert "stream" not in server.seen[0].fields
    assert server.seen[0].fields["n"] == "5"


def test_what_arrives_is_what_was_prepared(server, connection, sent):
    server.answer(edits(held))
    images.request_edits(connection, asked(sent), lambda _: None)
    seen = server.seen[0]
    assert seen.files["image"] == ("image/png", sent.image)
    assert seen.files["mask"] == ("image/png", sent.mask)
    assert (seen.picture("mask")[..., 3] == 0).sum() == 200 * 300


@pytest.mark.parametrize("answer", [(edits(held, streams=False),), (server_of.NO_STREAM, edits(held))])
def test_a_server_that_does_not_stream_is_taken_as_it_is(server, connection, sent, answer):
    server.answer(*answer)
    assert len(images.request_edits(connection, asked(sent), lambda _: None).pictures) == 1
    assert len(server.seen) == len(answer)


def test_the_client_waits_and_asks_again_when_the_server_is_busy(server, connection, sent):
    server.answer(server_of.BUSY, edits(held))
    assert len(images.request_edits(connection, asked(sent), lambda _: None).pictures) == 1
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("answer", "kind", "says", "advice"),
    [
        (server_of.REFUSED, UsageError, "refused the picture or the prompt", "Reword the prompt"),
        (server_of.NO_CREDIT, UsageError, "no credit left", "billing"),
        (server_of.HARD_LIMIT, UsageError, "has reached its limit", "billing"),
        (server_of.NO_MODEL, UsageError, "does not know the model 'gpt-image-2'", "--model gpt-image-"),
        (server_of.WRONG_KEY, UsageError, "does not accept the key", "OPENAI_API_KEY"),
        (server_of.error(403, "Not verified.", "x", None), UsageError, "does not let this key use", "verified"),
        (server_of.error(400, "Bad prompt.", "x", None), UsageError, "did not take the request: Bad prompt", "Change"),
        (server_of.BUSY, NoAnswer, "too many requests", "again"),
        (server_of.BROKEN, NoAnswer, "had an internal error", "later"),
        (server_of.hang_up, NoAnswer, "was lost or could not be made", "network"),
        (edits(held, cut=True), NoAnswer, "was lost or could not be made", "network"),
        (server_of.ends_early, NoAnswer, "ended the answer before the picture was complete", "again"),
        (server_of.says("no JSON at all", "text/plain"), NoAnswer, "an answer", "again"),
        (server_of.says('{"data": [', "application/json"), NoAnswer, "an answer that cannot be read", "again"),
        (server_of.says("<html></html>", "text/html"), NoAnswer, "an answer that cannot be read", "ends with /v1"),
        (server_of.says('{"data": []}', "application/json"), NoAnswer, "without a picture", "again"),
        (server_of.says('{"data": [{"b64_json": "&"}]}', "application/json"), NoAnswer, "not base64", "again"),
        (server_of.says('{"data": [{"url": "http://x"}]}', "application/json"), UsageError, "links", "b64_json"),
        (server_of.says("data: {broken\n\n", "text/event-stream"), NoAnswer, "cannot be read", "again"),
        (server_of.says('data: {"type": "other"}\n\n', "text/event-stream"), NoAnswer, "before the picture", "again"),
    ],
)
def test_every_failure_says_what_happened_and_what_to_do_next(server, connection, sent, answer, kind, says, advice):
    server.answer(answer)
    with pytest.raises(MaskproofError) as caught:
        images.request_edits(connection, asked(sent), lambda _: None)
    assert type(caught.value) is kind
    assert says in caught.value.reason
    assert "Nothing was written" in caught.value.reason
    assert advice in caught.value.advice


def test_a_failure_in_the_stream_is_told_like_any_other(server, connection, sent):
    body = {"type": "error", "error": {"code": "moderation_blocked", "message": "Blocked.", "param": None}}
    server.answer(server_of.events(("error", body)))
    with pytest.raises(UsageError, match="refused the picture"):
        images.request_edits(connection, asked(sent), lambda _: None)


def test_no_answer_in_time(server, monkeypatch, sent):
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    server.answer(server_of.silence)
    with client.connect(0.2).with_options(max_retries=0) as impatient, pytest.raises(NoAnswer) as caught:
        images.request_edits(impatient, asked(sent), lambda _: None)
    assert "did not answer in time" in caught.value.reason
    assert "--timeout" in caught.value.advice


def test_a_key_is_asked_for(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_ADMIN_KEY", raising=False)
    with pytest.raises(UsageError) as caught:
        client.connect(None)
    assert "OPENAI_API_KEY" in caught.value.advice


def test_a_missing_package_is_said_with_the_way_to_install_it():
    code = (
        "import sys; sys.modules['openai'] = None\n"
        "from maskproof.edit.api import client\n"
        "try: client.connect(None)\n"
        "except Exception as error: print(type(error).__name__, error.reason, error.advice)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("UsageError ")
    assert "pip install 'maskproof[openai]'" in done.stdout


def test_a_retired_model_is_refused_at_openai_and_nowhere_else(connection, monkeypatch):
    client.accept(connection, models.lookup("dall-e-3"))  # a server of one's own may still have it
    monkeypatch.setenv("OPENAI_BASE_URL", "https://api.openai.com/v1")
    with openai.OpenAI(api_key="x") as real, pytest.raises(UsageError, match="shut the model gpt-image-1 down on 2026"):
        client.accept(real, models.lookup("gpt-image-1"))


def test_another_servers_model_is_asked_for_pictures_instead_of_links(server, connection, sent):
    server.answer(edits(held))
    images.request_edits(connection, asked(sent, model="flux-of-mine"), lambda _: None)
    assert server.seen[0].fields["response_format"] == "b64_json"
    assert "output_format" not in server.seen[0].fields


@pytest.mark.parametrize(("model", "fidelity"), [("gpt-image-1.5", "high"), ("gpt-image-1-mini", "low"), ("x", None)])
def test_fidelity_is_asked_for_where_a_model_takes_it(sent, model, fidelity):
    assert asked(sent, model=model).parameters.get("input_fidelity") == fidelity


def test_a_quality_that_a_model_does_not_know_is_refused_before_anything_is_sent(sent):
    assert asked(sent, model="gpt-image-2.5-flare", quality="max").parameters["quality"] == "max"
    with pytest.raises(UsageError, match="does not know the quality 'max'"):
        asked(sent, quality="max")


def test_the_list_of_models_is_that_of_the_package():
    from typing import get_args

    from openai.types import ImageModel

    assert {model.name for model in models.MODELS} == set(get_args(ImageModel))
    assert models.DEFAULT in models.list_served()
    assert models.nearest("gpt-image2") == "gpt-image-2"
    assert models.nearest("gpt-image-2") != "gpt-image-2"


def test_the_page_of_edits_names_every_model_and_the_day_of_the_list():
    page = (ROOT / "docs" / "edit.md").read_text()
    for model in models.MODELS:
        name, _, day = model.name.partition("-2026")
        assert f"`{name}`" in page
        assert not day or f"2026{day}" in page
        assert model.retired is None or model.retired in page
    assert f"As of {models.AS_OF}" in page
    assert f"The default is `{models.DEFAULT}`" in page
    assert f"({models.REVIEWER})" in (ROOT / "docs" / "review.md").read_text()


def test_the_package_is_loaded_only_to_talk_to_a_server():
    code = (
        "import sys, maskproof.gate.check, maskproof.edit.batch, maskproof.edit.text, maskproof.edit.review\n"
        "import maskproof.edit.api.answers, maskproof.edit.api.images\n"
        "print('openai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_hostile_server_is_not_believed_the_length_of_its_words(server, connection, sent):
    server.answer(server_of.error(400, "\x1b[31m" + "x" * 10_000, "x", None))
    with pytest.raises(UsageError) as caught:
        images.request_edits(connection, asked(sent), lambda _: None)
    assert len(caught.value.reason) < 1000


def test_strict_schemas_close_every_object():
    from maskproof.edit.review import Opinion

    assert server_of._closed(answers.schema(Opinion))
    assert answers.schema(Opinion)["type"] == "object"
