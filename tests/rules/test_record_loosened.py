"""The rule `record-loosened`: the record that the project holds is the contract, and a change may only add to it."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from fixture_cases import judged
from projects import HERO, OPENED, SPRING, png, sha256

SIDECAR = f"{SPRING}.maskproof.json"
AREA = {"name": "sign", "kind": "brand", "box": [10, 10, 40, 30]}
STRICT = 'version = 1\n[defaults]\nlevel = "strict"\nnew_mask = "off"\n'
GENERATED = {"origin": "generated", "original": None, "mask": None}


@pytest.fixture
def held(project):
    """A project with a recorded edit under a strict policy, and another picture."""
    project.write("maskproof.toml", STRICT)
    project.write("assets/other.png", project.pictures.other)
    project.edit("held", areas=[AREA])
    project.commit("Base")
    return project


def found(project, path=SPRING, *arguments):
    """The exit status, and (severity, part) of each finding of the rule."""
    project.stage()
    status, report = project.report(*arguments)
    (image,) = [one for one in report["images"] if one["path"] == path]
    findings = [one for one in image["findings"] if one["rule"] == "record-loosened"]
    return status, sorted((one["severity"], one["region"]) for one in findings), findings


def masked(project, box, mode="white") -> dict:
    """A mask that opens one box, written under a name of its own."""
    opened, kept = (255, 0) if mode == "white" else (0, 255)
    mask = Image.new("L", (320, 240), kept)
    mask.paste(opened, box)
    project.write("assets/m.png", png(mask))
    return {"mask": {"path": "assets/m.png", "sha256": sha256(png(mask)), "mode": mode}}


LOOSER = {
    "origin": ({**GENERATED, "areas": [AREA]}, ["origin", "original"]),
    "area": ({}, ["areas"]),
    "another area": ({"areas": [AREA | {"box": [10, 10, 40, 29]}]}, ["areas"]),
    "another kind": ({"areas": [AREA | {"kind": "text"}]}, ["areas"]),
    "padding": ({"areas": [AREA], "transform": {"pad": [0, 0, 0, 0], "crop": [0, 0, 320, 240]}}, ["transform"]),
}


@pytest.mark.parametrize("how", LOOSER)
@pytest.mark.parametrize("renamed", [False, True])
@pytest.mark.threat("T05")
def test_what_asks_less_blocks(held, how, renamed):
    members, parts = LOOSER[how]
    path = "assets/renamed.png" if renamed else SPRING
    if renamed:
        held.git("mv", SPRING, path)
        held.git("rm", "-q", SIDECAR)
    held.edit("held", path, **members)
    status, told, _ = found(held, path)
    assert (status, told) == (1, [("block", part) for part in parts])


@pytest.mark.parametrize("path", [SPRING, "assets/renamed.png"])
def test_another_picture_s_record_is_named_and_its_own_is_not(held, path):
    held.edit("held", path)
    (finding,) = found(held, path)[2]
    assert finding["message"].endswith("the project's record" + ("" if path == SPRING else f" of {SPRING}"))


@pytest.mark.parametrize(("members", "parts"), [({}, [("block", "parent")]), (GENERATED, [])])
def test_the_edit_that_led_to_one_stays_named_where_it_has_an_original(held, members, parts):
    of_the_edit = {"path": SPRING, **held.original(held.pictures.held)}
    again = {"original": of_the_edit, **members}
    held.edit("held_again", "assets/second.png", parent=SIDECAR, **again)
    held.commit("An edit of the edit")
    held.git("rm", "-q", SPRING, SIDECAR)  # with its record there the parent would be known all the same
    held.edit("held_again", "assets/second.png", **again)
    assert found(held, "assets/second.png")[1] == parts


@pytest.mark.parametrize("level", ["visual", "strict", "exact"])
def test_another_original_blocks_at_every_level_and_is_named(held, level):
    held.write("maskproof.toml", STRICT.replace("strict", level) + "# at this level\n")
    held.commit("Level")
    other = {"path": "assets/other.png", **held.original(held.pictures.other)}
    held.write(SPRING, png(Image.open(io.BytesIO(held.pictures.other)), compress_level=9))
    held.write(SIDECAR, held.record((held.root / SPRING).read_bytes(), original=other, mask=None, areas=[AREA]))
    status, told, (finding,) = found(held)
    assert (status, told) == (1, [("block", "original")])
    for word in ("assets/other.png", HERO, sha256(held.pictures.other)[:12], sha256(held.pictures.original)[:12]):
        assert word in finding["message"]


TIGHTER = {
    "the same": {"areas": [AREA]},
    "an area more": {"areas": [AREA, AREA | {"name": "more", "box": [0, 0, 9, 9]}]},
    "an area renamed": {"areas": [AREA | {"name": "logo"}]},
    "what made it": {"areas": [AREA], "tool": {"model": "m"}},
    "no mask": {"areas": [AREA], "mask": None},
}


@pytest.mark.parametrize("how", TIGHTER)
def test_what_asks_as_much_or_more_does_not(held, how):
    held.edit("held_again", **TIGHTER[how])
    assert found(held)[1] == []


@pytest.mark.parametrize("mode", ["white", "black"])
@pytest.mark.parametrize("by", [0, 12])
def test_a_mask_of_another_file_that_opens_less_does_not(held, mode, by):
    left, top, right, bottom = OPENED
    held.edit("held_again", areas=[AREA], **masked(held, (left + by, top + by, right - by, bottom - by), mode))
    assert found(held)[1] == []


WIDER = (OPENED[0] - 20, *OPENED[1:])
ASIDE = (OPENED[0] + 60, 200, OPENED[0] + 70, 210)
ON_THE_AREA = (0, 0, 20, 20)


@pytest.mark.parametrize("box", [WIDER, ASIDE])
@pytest.mark.parametrize(
    ("policy", "severity"),
    [
        ('level = "visual"', "warn"),
        ('level = "strict"', "block"),
        ('level = "exact"', "block"),
        ('level = "visual"\nrecord_loosened = "block"', "block"),
        ('level = "strict"\nrecord_loosened = "warn"', "warn"),
        ('level = "strict"\nrecord_loosened = "off"', None),
    ],
)
@pytest.mark.threat("T04")
def test_a_wider_mask_is_shown_with_both_shares_and_its_place(held, box, policy, severity):
    held.write("maskproof.toml", f'version = 1\n[defaults]\nnew_mask = "off"\n{policy}\n')
    held.commit("Policy")
    held.edit("held_again", areas=[AREA], **masked(held, box))
    _, told, findings = found(held)
    assert told == ([(severity, "mask")] if severity else [])
    for finding in findings:
        left, top, right, bottom = box
        fresh = [left, top, min(right, OPENED[0]) - left, bottom - top] if box is WIDER else [left, top, 10, 10]
        assert finding["box"] == fresh
        assert finding["limit"] == pytest.approx(120 * 120 / (320 * 240))
        assert finding["value"] == pytest.approx((right - left) * (bottom - top) / (320 * 240))


@pytest.mark.parametrize("key", ["off", "warn", "block"])
@pytest.mark.parametrize("by", ["record", "policy"])
def test_a_mask_that_reaches_an_area_blocks(held, key, by):
    area = "" if by == "record" else f'[[areas]]\npaths = ["**"]\nname = "sign"\nkind = "brand"\nbox = {AREA["box"]}\n'
    held.write("maskproof.toml", f'version = 1\n[defaults]\nnew_mask = "off"\nrecord_loosened = "{key}"\n{area}')
    held.edit("held", areas=[AREA] if by == "record" else None)
    held.commit("Policy")
    held.edit("held_again", areas=[AREA] if by == "record" else None, **masked(held, ON_THE_AREA))
    status, told, (finding,) = found(held)
    assert (status, told) == (1, [("block", "mask")])
    assert "sign" in finding["message"]


def test_a_mask_where_there_was_none_is_wider(held):
    held.edit("held", areas=[AREA], mask=None)
    held.commit("Without a mask")
    held.edit("held_again", areas=[AREA])
    assert found(held)[1] == [("block", "mask")]


def test_the_mask_of_the_record_that_is_gone_is_no_reason_to_pass(held):
    held.edit("held", areas=[AREA], mask={"path": "assets/gone.png", "sha256": "0" * 64, "mode": "white"})
    held.commit("Past the hook")
    held.edit("held_again", areas=[AREA])
    status, told, _ = found(held)
    assert (status, told) == (1, [("block", "mask")])


class TestReverts:
    def test_a_picture_that_comes_back_with_its_record_loosens_nothing(self, held):
        held.edit("held_again", areas=[AREA, AREA | {"name": "more", "box": [60, 10, 9, 9]}])
        held.commit("Tighter")
        held.git("checkout", "HEAD~1", "--", SPRING, SIDECAR)
        status, told, _ = found(held)
        assert (status, told) == (0, [])

    @pytest.mark.parametrize("what", [SPRING, SIDECAR])
    def test_half_of_it_is_no_revert(self, held, what):
        held.edit("held_again")
        held.commit("Looser, past the hook")
        held.edit("drifted", areas=[AREA])
        held.commit("As before, another picture")
        held.git("checkout", "HEAD~1", "--", what)
        if what == SIDECAR:
            assert found(held)[1] == [("block", "areas")]
        else:
            assert found(held)[1] == []

    @pytest.mark.parametrize("place", [SIDECAR, f".maskproof/other/{SIDECAR}"])
    @pytest.mark.threat("T03")
    def test_what_came_in_and_was_taken_back_is_asked_what_it_was_asked_then(self, held, place):
        """As a branch leaves it that is merged commit by commit: that line held it, and nobody judged it."""
        held.edit("held_again")
        if place != SIDECAR:
            held.write(place, (held.root / SIDECAR).read_bytes())
            (held.root / SIDECAR).unlink()
        held.commit("Looser")
        held.git("checkout", "HEAD~1", "--", SPRING, SIDECAR)
        if place != SIDECAR:
            held.git("rm", "-q", place)
        held.commit("Back")
        held.git("checkout", "HEAD~1", "--", SPRING, place)
        if place != SIDECAR:
            held.git("rm", "-q", SIDECAR)
        assert found(held)[:2] == (1, [("block", "areas")])

    def test_what_was_approved_when_it_came_in_still_is_when_it_comes_back(self, held):
        held.edit("held_again")
        held.stage()
        held.maskproof("approve", SPRING, "--reason", "A new sign")
        held.commit("Looser, approved")
        held.edit("held", areas=[AREA | {"name": "more", "box": [60, 10, 9, 9]}])
        held.commit("Tighter")
        held.git("checkout", "HEAD~1", "--", SPRING, SIDECAR)
        held.stage()
        _, report = held.report()
        (one,) = [one for one in report["images"] if one["path"] == SPRING]
        assert [(found["rule"], bool(found["accepted"])) for found in one["findings"]] == [("record-loosened", True)]

    def test_what_only_a_branch_held_is_no_revert(self, held):
        held.git("checkout", "-q", "-b", "pr")
        held.edit("held_again")
        held.commit("Looser")
        loose = held.git("rev-parse", "HEAD").stdout.strip()
        held.edit("held", areas=[AREA])
        held.commit("Back")
        held.git("checkout", "-q", "-")
        held.git("merge", "-q", "--no-ff", "--no-verify", "-m", "Merge", "pr")
        held.git("checkout", loose, "--", SPRING, SIDECAR)
        assert found(held)[1] == [("block", "areas")]


@pytest.mark.parametrize("name", ["assets/SPRING.PNG", "Assets/spring.png"])
@pytest.mark.threat("T17")
def test_a_name_in_another_case_leaves_the_contract(held, name):
    (held.root / SPRING).unlink()
    (held.root / SIDECAR).unlink()
    held.edit("held_again", name)
    assert found(held, name)[:2] == (1, [("block", "areas")])
    held.edit("held_again", name, areas=[AREA])
    assert found(held, name)[:2] == (0, [])
    (held.root / f"{name}.maskproof.json").unlink()
    held.stage()
    assert f"git checkout HEAD -- {SIDECAR}" in held.check().text


def test_the_record_at_the_tip_counts_as_well(held):
    held.git("branch", "-M", "main")
    held.edit("held")
    held.commit("Without the area")
    held.git("checkout", "-q", "-b", "pr")
    held.edit("held_again")
    held.commit("Change")
    held.git("checkout", "-q", "main")
    held.edit("held", areas=[AREA])
    held.commit("The area is back")
    held.git("checkout", "-q", "pr")
    assert found(held, SPRING, "--from-ref", "main", "--to-ref", "pr")[1] == [("block", "areas")]


def test_the_fixtures():
    assert judged("block/record-loosened").the("record-loosened")["region"] == "origin"
    assert judged("pass/record-tightened").of("record-loosened") == []
