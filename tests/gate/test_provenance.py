"""Content Credentials that get lost on the way, and who dropped them."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from maskproof import marks
from pictures import chunk
from projects import HERO, SPRING, png, sha256

MANIFEST = b"\0\0\0\x10jumbc2pa-store"


def signed(data: bytes) -> bytes:
    """A PNG with a C2PA manifest store behind its header."""
    return data[:33] + chunk(b"caBX", MANIFEST) + data[33:]


def resaved(data: bytes) -> bytes:
    return png(Image.open(io.BytesIO(data)), compress_level=9)


@pytest.fixture
def credentialed(project):
    """The original carries a manifest."""
    project.write(HERO, signed(project.pictures.original))
    project.commit("A signed original")
    return project


def recorded(project, edit: bytes) -> None:
    original = signed(project.pictures.original)
    project.write(SPRING, edit)
    project.write(
        f"{SPRING}.maskproof.json", project.record(edit, original={"path": HERO, **project.original(original)})
    )
    project.stage()


def findings(project, path):
    status, report = project.report()
    image = {one["path"]: one for one in report["images"]}[path]
    return status, [(one["rule"], one["severity"]) for one in image["findings"]], image


def test_an_edit_of_a_signed_original_without_credentials_is_told(credentialed):
    recorded(credentialed, credentialed.pictures.held)
    status, found, image = findings(credentialed, SPRING)
    assert (status, found) == (0, [("provenance-lost", "warn")])
    assert f"its original {HERO} carries Content Credentials" in image["findings"][0]["message"]


def test_an_edit_that_keeps_credentials_is_not(credentialed):
    recorded(credentialed, signed(credentialed.pictures.held))
    assert findings(credentialed, SPRING)[:2] == (0, [])


def test_an_edit_of_an_original_without_them_is_not(project):
    project.edit()
    project.stage()
    assert findings(project, SPRING)[:2] == (0, [])


def test_a_picture_saved_anew_without_them_is_told(credentialed):
    credentialed.write(HERO, resaved(credentialed.pictures.original))
    credentialed.stage()
    status, found, image = findings(credentialed, HERO)
    assert (status, found) == (0, [("provenance-lost", "warn")])
    assert "its version before carries Content Credentials" in image["findings"][0]["message"]


def test_a_manifest_that_was_dropped_knowingly_is_not_missed_where_the_file_says_ai_itself(project):
    recorded_before = signed(project.pictures.held)
    project.write(SPRING, recorded_before)
    project.write(f"{SPRING}.maskproof.json", project.record(recorded_before))
    project.commit("A signed edit")
    held, store = project.pictures.held, sha256(MANIFEST)
    marked, _ = marks.put(held, SPRING, {marks.SOURCE_TYPE: marks.CODES + marks.EDITED})
    restored = {"method": "plain", "from": sha256(recorded_before), "dropped_manifest": store}
    lost = [("provenance-lost", "warn")]
    cases = (
        (held, {}, lost),
        (marked, {}, lost),
        (held, {"restored": restored}, lost),
        (marked, {"restored": restored}, []),
        (held, {"restored": restored, "origin": "manual"}, []),
    )
    for edit, members, rules in cases:
        project.write(SPRING, edit)
        project.write(f"{SPRING}.maskproof.json", project.record(edit, **members))
        project.stage()
        found = findings(project, SPRING)[1]
        assert [one for one in found if one[0] == "provenance-lost"] == rules


def test_nothing_is_asked_of_pictures_without_a_record_under_off(credentialed):
    credentialed.write("maskproof.toml", 'version = 1\n[defaults]\nunrecorded = "off"\n')
    credentialed.commit("Policy")
    credentialed.write(HERO, resaved(credentialed.pictures.original))
    credentialed.stage()
    assert findings(credentialed, HERO)[:2] == (0, [])


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ("repos:\n- repo: https://example.invalid/oxipng\n  hooks:\n  - id: oxipng\n", "oxipng"),
        ("repos:\n- repo: local\n  hooks:\n  - {id: a}\n  - name: x\n    id: 'optimize-images'\n", "optimize-images"),
        ("repos:\n- repo: local\n  hooks:\n  - id: ruff\n", None),
    ],
)
def test_the_repository_s_own_optimizer_is_named(credentialed, config, named):
    credentialed.write(".pre-commit-config.yaml", config)
    recorded(credentialed, credentialed.pictures.held)
    message = findings(credentialed, SPRING)[2]["findings"][0]["message"]
    assert ("writes pictures anew" in message) == (named is not None)
    if named:
        assert f"the hook '{named}' in .pre-commit-config.yaml" in message


def test_a_record_that_an_optimizer_made_stale_says_so(project):
    project.edit()
    project.write(".pre-commit-config.yaml", "repos:\n- repo: local\n  hooks:\n  - id: oxipng\n")
    project.write(SPRING, resaved(project.pictures.held))
    project.stage()
    status, report = project.report()
    (image,) = report["images"]
    stale = next(one for one in image["findings"] if one["rule"] == "stale-record")
    assert status == 1
    assert "the hook 'oxipng' in .pre-commit-config.yaml writes pictures anew" in stale["message"]
    assert sha256(project.pictures.held)[:12] in stale["message"]
