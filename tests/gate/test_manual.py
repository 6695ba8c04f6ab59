"""People's work (origin `manual`): a way in for what no model made, and no way around the comparison."""

from __future__ import annotations

import json

import pytest

from projects import HERO, MASK, SPRING, Outcome, sha256

BLOCK = 'version = 1\n[defaults]\nunrecorded = "block"\n'


@pytest.fixture
def strict(project):
    """A project that asks for a record of what looks like a tracked picture."""
    project.write("maskproof.toml", BLOCK)
    project.commit("Policy")
    return project


def record(project, *arguments):
    """Run `maskproof record`, stage what it wrote, and give what it said."""
    done = project.maskproof("record", *arguments)
    assert done.returncode == 0, done.stderr
    project.stage()
    return " ".join(done.stdout.split())


def said(project, path=SPRING):
    return json.loads((project.root / f"{path}.maskproof.json").read_text())


def test_a_photograph_needs_one_word(strict):
    strict.write("assets/new.png", strict.pictures.other)
    assert "nothing is compared" in record(strict, "assets/new.png", "--manual")
    assert said(strict, "assets/new.png")["origin"] == "manual"
    outcome = strict.try_commit()
    assert outcome.status == 0
    assert "no original: nothing is compared" in strict.maskproof("explain", "assets/new.png").stdout


def test_retouching_within_its_mask_passes_through_the_hook(strict):
    strict.write(SPRING, strict.pictures.held)
    told = record(strict, SPRING, "--manual", "--original", HERO, "--mask", MASK, "--mask-mode", "white")
    assert "manual: people's work on the original" in told
    outcome = strict.try_commit()
    assert (outcome.status, outcome.counts) == (0, [(1, 1, 0, 0)])


def test_its_drift_is_measured_and_blocks_as_that_of_any_edit(strict):
    strict.write(SPRING, strict.pictures.drifted)
    record(strict, SPRING, "--manual", "--original", HERO, "--mask", MASK, "--mask-mode", "white")
    outcome = strict.try_commit()
    assert (outcome.status, outcome.counts) == (1, [(1, 1, 1, 0)])
    assert f"`maskproof record {SPRING} --mask MASK --mask-mode MODE`" in " ".join(outcome.text.split())


@pytest.mark.parametrize("flag", ["--manual", "--generated"])
@pytest.mark.parametrize(("policy", "status"), [("block", 1), ("warn", 0)])
def test_what_looks_like_a_tracked_picture_and_names_none_says_so(project, flag, policy, status):
    project.write("maskproof.toml", BLOCK.replace("block", policy))
    project.commit("Policy")
    project.write(HERO, project.pictures.drifted)
    record(project, HERO, flag)
    outcome = project.try_commit()
    text = " ".join(outcome.text.split())
    assert outcome.status == status
    assert "but it is similar to its version before" in text
    assert f"`maskproof record {HERO} --original {HERO}{' --manual' * (flag == '--manual')}`" in text


@pytest.mark.parametrize(("policy", "status"), [("block", 1), ("warn", 0)])
def test_a_file_that_says_ai_beside_a_record_that_says_people(project, policy, status):
    project.write("maskproof.toml", BLOCK.replace("block", policy))
    project.commit("Policy")
    project.write("assets/new.png", project.pictures.marked)
    project.git("rm", "-q", "--cached", HERO)
    record(project, "assets/new.png", "--manual")
    outcome = project.check()
    assert (
        outcome.status,
        "the record says that the picture is people's work, but its metadata" in " ".join(outcome.text.split()),
    ) == (status, True)


def test_retouching_of_an_ai_edit_is_held_to_the_first_original(strict):
    strict.edit("held")
    strict.commit("An AI edit")
    strict.write("assets/final.png", strict.pictures.held_again)
    record(strict, "assets/final.png", "--manual", "--original", SPRING, "--mask", MASK, "--mask-mode", "white")
    assert said(strict, "assets/final.png")["parent"] == f"{SPRING}.maskproof.json"
    assert strict.try_commit().status == 0
    strict.write("assets/last.png", strict.pictures.drifted)
    record(strict, "assets/last.png", "--original", "assets/final.png", "--mask", MASK, "--mask-mode", "white")
    assert said(strict, "assets/last.png")["parent"] == "assets/final.png.maskproof.json"
    assert strict.try_commit().status == 1


def test_it_stays_manual_when_it_is_recorded_again_and_calling_an_edit_so_is_told(strict):
    strict.write(SPRING, strict.pictures.held)
    record(strict, SPRING, "--manual", "--original", HERO, "--mask", MASK, "--mask-mode", "white")
    strict.write(SPRING, strict.pictures.held_again)
    record(strict, SPRING)
    assert said(strict)["origin"] == "manual"
    assert said(strict)["image"]["sha256"] == sha256(strict.pictures.held_again)
    strict.edit("held", "assets/edit.png")
    strict.commit("An AI edit")
    record(strict, "assets/edit.png", "--manual")
    assert said(strict, "assets/edit.png")["original"]["path"] == HERO, "what it is held to is kept"
    assert strict.findings()["assets/edit.png"] == ["record-loosened"]


def test_the_two_words_contradict_each_other(project):
    project.write(SPRING, project.pictures.held)
    outcome = Outcome.of(project.maskproof("record", SPRING, "--manual", "--generated"))
    assert (outcome.status, "contradict each other" in outcome.text) == (2, True)


class TestAdvice:
    """No finding offers a lie as the way out: what looks like a tracked picture was not made from nothing."""

    @pytest.mark.parametrize("which", ["held", "marked"])
    def test_beside_a_picture_that_it_looks_like(self, strict, which):
        strict.write(SPRING, getattr(strict.pictures, which))
        strict.stage()
        text = " ".join(strict.try_commit().text.split())
        assert "BLOCKED" in text
        assert "--generated" not in text
        assert f"`maskproof record {SPRING} --manual --original {HERO}`" in text

    def test_beside_none(self, project):
        project.write("assets/new.png", project.pictures.other)
        project.write("maskproof.toml", BLOCK.replace("block", "always"))
        project.stage()
        text = " ".join(project.check().text.split())
        assert "`maskproof record assets/new.png --generated`" in text
        assert "`maskproof record assets/new.png --manual`" in text
