"""Servers that refuse: Azure, gateways with models of their own, several pictures, prices, keys that come back."""

from __future__ import annotations

import json
import re

import pytest

import openai_server as server_of
from maskproof.edit.api import prices
from maskproof.edit.api.images import ImageRequest
from openai_server import KEY, edits
from painters import held, untouched
from projects import HERO, MASK, SPRING

OUT = "assets/hero-edit.png"
SENT = ("edit", HERO, "--mask", MASK, "--mask-mode", "white", "--prompt", "a red ball")


@pytest.fixture
def server():
    with server_of.running() as made:
        made.answer(edits(held))
        yield made
    assert made.wrong == []


def run(project, server, *arguments, **env):
    return project.maskproof(*SENT, *arguments, **(server.environment | env))


def tool(project, out=OUT):
    return json.loads((project.root / f"{out}.maskproof.json").read_text())["tool"]


def test_azure_is_asked_by_its_deployment_and_version(project, server):
    done = project.maskproof(*SENT, "--model", "our-images", **server.azure)
    assert done.returncode == 0, done.stderr
    assert server.seen[0].path == "/openai/deployments/our-images/images/edits?api-version=2026-06-01-preview"
    assert tool(project)["model"] == "our-images"
    assert "response_format" not in server.seen[0].fields


@pytest.mark.parametrize("missing", ["OPENAI_API_VERSION", "AZURE_OPENAI_API_KEY"])
def test_what_azure_needs_is_said(project, server, missing):
    done = project.maskproof(*SENT, **(server.azure | {missing: ""}))
    assert done.returncode == 2
    assert missing in done.stderr
    assert server.seen == []


def test_two_servers_at_once_are_refused(project, server):
    done = project.maskproof(*SENT, **(server.azure | server.environment))
    assert (done.returncode, "OPENAI_BASE_URL" in done.stderr) == (2, True)


@pytest.mark.parametrize("status", [400, 422])
def test_a_parameter_that_is_refused_is_left_out_once_and_said(project, server, status):
    server.answer(server_of.without("response_format", "moderation", "quality", answer=edits(held), status=status))
    done = run(project, server, "--model", "my/flux-fill", "--moderation", "low", "--quality", "high", "-n", "2")
    assert done.returncode == 0, done.stderr
    left_out = re.search(
        r"does not take (\w+), (\w+) and (\w+), so it was asked without", " ".join(done.stdout.split())
    )
    assert set(left_out.groups()) == {"response_format", "moderation", "quality"}
    assert len(server.seen) == 4
    assert server.seen[0].fields.keys() - server.seen[-1].fields.keys() == {"response_format", "moderation", "quality"}
    assert "quality" not in tool(project)["parameters"]


def test_what_is_needed_is_never_left_out_and_no_request_goes_on_for_ever(project, server):
    server.answer(server_of.error(400, "Invalid 'prompt' or 'image' or 'model'.", "invalid_request_error", None))
    assert run(project, server).returncode == 2
    assert len(server.seen) == 1
    server.answer(server_of.error(400, "Unknown parameter: 'n'.", "invalid_request_error", None))
    assert run(project, server).returncode == 2
    assert len(server.seen) == 3


def test_further_pictures_are_sent_behind_the_one_that_is_masked(project, server):
    project.write("product.png", project.pictures.drifted)
    project.write("style.png", project.pictures.held)
    done = run(project, server, "--reference", "product.png", "--reference", "style.png")
    assert done.returncode == 0, done.stderr
    assert "), its mask and 2 further pictures to 127.0.0.1" in " ".join(done.stdout.split())
    assert [name for name in server.seen[0].files if name.startswith("image")] == ["image", "image[1]", "image[2]"]
    assert server.seen[0].picture("image").shape == server.seen[0].picture("mask")[..., :3].shape
    assert [one["name"] for one in tool(project)["parameters"]["references"]] == ["product.png", "style.png"]


def test_what_else_is_asked_for_goes_to_the_server_and_no_person_into_the_record(project, server):
    asked = {
        "output_format": "webp",
        "output_compression": "80",
        "moderation": "low",
        "user": "a1",
        "safety_identifier": "b2",
    }
    options = [part for key, value in asked.items() for part in (f"--{key.replace('_', '-')}", value)]
    assert run(project, server, *options).returncode == 0
    assert {key: server.seen[0].fields.get(key) for key in asked} == asked
    assert {"user", "safety_identifier"}.isdisjoint(tool(project)["parameters"])
    assert tool(project)["parameters"]["output_format"] == "webp"
    assert run(project, server, "--output-compression", "80", "--force").returncode == 2


@pytest.mark.parametrize(
    "answer",
    [
        server_of.error(401, f"Incorrect API key provided: {KEY}.", "x", "invalid_api_key"),
        server_of.error(401, "Incorrect API key provided: sk-te**********roof.", "x", "invalid_api_key"),
        server_of.error(500, f"Authorization: Bearer {KEY}", "x", None, x_should_retry="false"),
        server_of.error(400, f"{'x' * 395}{KEY}", "x", None),
        server_of.says(f"<html>{KEY}</html>", "text/html"),
    ],
)
def test_a_key_that_comes_back_is_not_printed(project, server, answer):
    server.answer(answer)
    done = run(project, server)
    assert done.returncode in {2, 3}
    for part in (KEY, KEY[:8], "roof"):
        assert part not in done.stdout + done.stderr.replace("maskproof", "")


def test_an_edit_that_changed_nothing_does_not_end_with_0(project, server):
    server.answer(edits(untouched))
    done = run(project, server)
    assert (done.returncode, "Nothing changed inside the mask" in done.stdout) == (1, True)


def test_what_was_paid_for_is_kept_where_none_of_it_can_be_used(project, server):
    server.answer(server_of.pictures(b"no picture", b"another"))
    done = run(project, server, "-n", "2")
    assert (done.returncode, "What came is kept" in done.stderr) == (3, True)
    kept = project.root / ".git" / "maskproof" / "candidates"
    assert sorted(one.read_bytes() for one in kept.iterdir()) == [b"another", b"no picture"]


def request(model="gpt-image-2", **others):
    return ImageRequest(b"", b"", "x" * 100, model, (1024, 1024), **others)


def test_prices_rise_with_what_is_asked_for_and_unknown_ones_stay_unknown():
    known = [
        prices.estimate(one, 0)
        for one in (
            request(quality="low"),
            request(quality="medium"),
            request(quality="high"),
            request(quality="high", n=2),
            request(quality="high", n=2, references=(b"", b"")),
        )
    ]
    assert known == sorted(set(known))
    assert prices.estimate(request(), 0) == prices.estimate(request(quality="high"), 0)
    assert prices.estimate(request("gpt-image-2.6-flare"), 0) is None
    assert round(prices.estimate(request(quality="high"), 0) - prices.estimate(request(quality="low"), 0), 3) == 0.205


def test_an_estimate_sends_nothing_and_says_what_it_does_not_know(project, server):
    environment = {"OPENAI_API_KEY": KEY}
    known = project.maskproof(*SENT, "--model", "gpt-image-2", "--estimate", **environment)
    assert known.returncode == 0
    assert re.search(r"hero-edit\.png: about \$0\.\d\d\n", known.stdout)
    assert prices.AS_OF in known.stdout
    assert "not known" in run(project, server, "--estimate").stdout
    assert server.seen == []


def test_a_budget_is_kept_before_anything_is_sent(project, server):
    over = project.maskproof(*SENT, "--model", "gpt-image-2", "--budget", "0.01", OPENAI_API_KEY=KEY)
    assert (over.returncode, "the budget is $0.01" in over.stderr) == (2, True)
    unknown = run(project, server, "--budget", "5")
    assert (unknown.returncode, "is not known" in unknown.stderr) == (2, True)
    assert server.seen == []
    assert not (project.root / OUT).exists()


def test_a_list_keeps_to_its_budget_together(project):
    jobs = "".join(
        f'[[jobs]]\noriginal = "{HERO}"\nmask = "{MASK}"\nmask_mode = "white"\nprompt = "x"\nmodel = "gpt-image-2"\n'
        f'references = ["{SPRING}"]\nout = "{name}.png"\n'
        for name in ("a", "b")
    )
    project.write(SPRING, project.pictures.held)
    project.write("jobs.toml", f"version = 1\n{jobs}")
    told = project.maskproof("edit", "--manifest", "jobs.toml", "--estimate", OPENAI_API_KEY=KEY)
    assert (told.returncode, told.stdout.count("about $")) == (0, 3), told.stderr
    refused = project.maskproof("edit", "--manifest", "jobs.toml", "--budget", "0.01", OPENAI_API_KEY=KEY)
    assert refused.returncode == 2
    assert refused.stdout.count("the budget is $0.01") == 2
