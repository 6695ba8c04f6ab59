"""The law of trust: whatever a change loosens beside its pictures, a block never becomes a pass."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from projects import HERO, MASK, SPRING, png, sha256

SIDECAR, MOVED = f"{SPRING}.maskproof.json", "assets/moved.png"
AREA = {"name": "sign", "kind": "brand", "box": [10, 10, 40, 30]}
POLICY = (
    'version = 1\n[defaults]\nlevel = "strict"\nunrecorded = "block"\nnew_original = "block"\nmax_editable = 0.5\n'
    '[[areas]]\npaths = ["**"]\nname = "logo"\nkind = "brand"\nbox = [60, 60, 40, 40]\n'
)
LAX = 'version = 1\n[defaults]\nunrecorded = "off"\nnew_original = "off"\nrecord_loosened = "off"\nmax_editable = 1.0\n'


def whole() -> bytes:
    return png(Image.new("L", (320, 240), 255))


def policy_gone(project, _):
    project.git("rm", "-q", "-f", "--ignore-unmatch", "maskproof.toml")


def policy_lax(project, _):
    project.write("maskproof.toml", LAX)


def areas_gone(_, members):
    members.pop("areas", None)


def mask_wide(project, members):
    project.write("assets/wide.png", whole())
    members["mask"] = {"path": "assets/wide.png", "sha256": sha256(whole()), "mode": "white"}


def mask_turned(project, members):
    members["mask"] = {"path": MASK, "sha256": sha256(project.pictures.mask), "mode": "black"}


def mask_photograph(project, members):
    members["mask"] = {"path": "assets/other.png", "sha256": sha256(project.pictures.other), "mode": "white"}


def original_forged(project, members):
    with Image.open(io.BytesIO(project.pictures.drifted)) as picture:
        forged = png(picture, compress_level=9)
    project.write("assets/h2.dat", forged)
    members["original"] = {"path": "assets/h2.dat", **project.original(forged)}


def original_other(project, members):
    members["original"] = {"path": "assets/other.png", **project.original(project.pictures.other)}


def called_generated(_, members):
    members.update(origin="generated", original=None, mask=None)


def padded(_, members):
    members["transform"] = {"pad": [320, 240, 0, 0]}


def cropped(_, members):
    members["transform"] = {"crop": [200, 80, 60, 45]}


def attributes(project, _):
    project.write(".gitattributes", "*.jpg ident\n")


def record_gone(_, members):
    members["gone"] = True


def baseline_written(project, _):
    rules = ["outside-mask", "brand", "unrecorded", "stale-record", "record-loosened", "new-original"]
    entry = {"sha256": sha256(project.pictures.drifted), "rules": rules}
    said = {"maskproof": 1, "pictures": {SPRING: entry, MOVED: entry}}
    project.write(".maskproof/baseline.json", json.dumps(said))


def approved_by_the_change(_, members):
    members["approve"] = True


def nobody_has_to_approve(project, members):
    project.write("maskproof.toml", POLICY + "[approvals]\nrequired = 0\n")
    members["approve"] = True


def owners_of_the_change(project, members):
    project.write("maskproof.toml", POLICY + '[approvals]\nauthority = "codeowners"\n')
    project.write("CODEOWNERS", "* @somebody\n")
    members["approve"] = True


LOOSENINGS = [
    policy_gone,
    policy_lax,
    areas_gone,
    mask_wide,
    mask_turned,
    mask_photograph,
    original_forged,
    original_other,
    called_generated,
    padded,
    cropped,
    attributes,
    record_gone,
    baseline_written,
    approved_by_the_change,
    nobody_has_to_approve,
    owners_of_the_change,
]


@given(st.lists(st.sampled_from(LOOSENINGS), min_size=1, max_size=4, unique=True), st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.threat("T46")
def test_no_loosening_turns_a_block_into_a_pass(project, loosenings, renamed):
    base = project.git("rev-parse", "--verify", "-q", "refs/tags/base", ok=False).stdout.strip()
    if not base:
        project.write("maskproof.toml", POLICY)
        project.write("assets/other.png", project.pictures.other)
        project.edit("held", areas=[AREA])
        project.commit("Base")
        project.git("tag", "base")
    project.git("checkout", "-q", "-f", "-B", "pr", "base")
    project.git("clean", "-q", "-f", "-d")
    path = MOVED if renamed else SPRING
    if renamed:
        project.git("rm", "-q", SPRING, SIDECAR)
    members = {"areas": [AREA]}
    for loosen in loosenings:
        loosen(project, members)
    gone, approve = members.pop("gone", False), members.pop("approve", False)
    project.edit("drifted", path, **members)
    if gone:
        (project.root / f"{path}.maskproof.json").unlink()
    if approve:
        project.stage()
        project.maskproof("approve", path, "--reason", "I like it", "--from-ref", "base")
    project.commit("Change")
    outcome = project.check("--from-ref", "base", "--to-ref", "pr", CI="true")
    assert outcome.status in {1, 2, 3}, (loosenings, outcome.text)


def test_without_any_it_blocks_and_the_honest_one_passes(project):
    project.write("maskproof.toml", POLICY)
    project.edit("held", areas=[AREA])
    project.commit("Base")
    project.edit("drifted", areas=[AREA])
    project.stage()
    assert project.check().status == 1
    project.edit("held_again", areas=[AREA])
    project.stage()
    assert project.check().status == 0
    assert (project.root / HERO).is_file()
