"""The registries keep their promise: a row that has no page, no fixture or no test of its own is named here.

Rules and their fixtures are held by tests/acceptance/test_fixtures.py, metrics by tests/drift/test_metrics.py, policy
keys by tests/policy, report formats by tests/cli/test_formats.py; the others follow.
"""

from __future__ import annotations

import json
import re

import pytest

from maskproof import errors
from maskproof.evidence.vocabularies import VOCABULARIES
from maskproof.evidence.vocabularies.dialects import DIALECTS
from maskproof.gate.origins import ORIGINS
from maskproof.images.containers import FORMATS, WALKED
from maskproof.images.encode import FORMATS as WRITTEN
from maskproof.masks.shapes import DRAW
from maskproof.model import AREA_KINDS, Kind
from maskproof.policy.rules import RULES
from maskproof.restore.blend import METHODS
from projects import ROOT

TESTS = {
    path: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path.name != __file__
}
READERS = {
    "XMP and IPTC": ("IPTC source type", "DigitalSourceType"),
    "JSON of generators": ("a generator that writes JSON", "def test_dialects"),
    "names of programs": ("names", "names of programs"),
    "a Hugging Face space": ("Hugging Face spaces", "a Hugging Face space"),
}
"""what stands on the page and in the tests, where it is not the row's own name"""
SIDECARS = [json.loads(path.read_text()) for path in (ROOT / "fixtures").rglob("*.maskproof.json")]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def named_in_tests(words: str, folder: str) -> bool:
    """Do tests of a folder name it?"""
    return any(words in text for path, text in TESTS.items() if f"/tests/{folder}" in path.as_posix())


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_of_region_has_a_rule_with_a_page_and_a_fixture(kind):
    assert kind in RULES
    assert page(f"rules/{kind}.md")
    if kind.value in AREA_KINDS:
        policies = [path.read_text() for path in (ROOT / "fixtures").rglob("maskproof.toml")]
        declared = {area["kind"] for sidecar in SIDECARS for area in sidecar.get("areas", ())}
        assert kind.value in declared or any(f'kind = "{kind}"' in policy for policy in policies)


@pytest.mark.parametrize("origin", ORIGINS)
def test_an_origin_has_a_line_on_its_page_and_a_fixture(origin):
    assert f"`{origin}`" in page("sidecar.md")
    assert origin in {sidecar["origin"] for sidecar in SIDECARS if "origin" in sidecar}


@pytest.mark.parametrize("name", WALKED)
def test_a_file_format_stands_on_the_page_and_in_the_tests(name):
    spelt = {"WEBP": "WebP"}.get(name, name)
    assert re.search(rf"^\| [^|]*\b{spelt}\b", page("evidence.md"), re.MULTILINE)
    assert named_in_tests(f'"{name}"', "images/" if name in FORMATS else "evidence/")


@pytest.mark.parametrize("name", WRITTEN)
def test_a_format_that_is_written_stands_on_the_page_and_in_the_tests(name):
    assert {"WEBP": "WebP"}.get(name, name) in page("restore.md")
    assert named_in_tests(f'"{name}"', "images/")


@pytest.mark.parametrize("name", [*VOCABULARIES, *sorted({dialect.generator for dialect in DIALECTS})])
def test_a_reader_of_ai_metadata_stands_on_the_page_and_in_the_tests(name):
    on_page, in_tests = READERS.get(name, (name, name))
    assert on_page in page("evidence.md")
    assert named_in_tests(in_tests, "evidence/")


@pytest.mark.parametrize("name", METHODS)
def test_a_way_of_pasting_stands_on_its_page(name):
    assert f"`{name}`" in page("restore.md")


@pytest.mark.parametrize("name", DRAW)
def test_a_shape_of_masks_stands_on_its_page_and_in_the_tests(name):
    assert f"--{name}" in page("mask.md")
    assert named_in_tests(f"--{name}", "masks/")


def all_errors(error: type[errors.CouldNotJudge]) -> set[type[errors.CouldNotJudge]]:
    return {error}.union(*(all_errors(one) for one in error.__subclasses__()))


@pytest.mark.parametrize("error", sorted(all_errors(errors.CouldNotJudge), key=lambda one: one.__name__))
def test_an_error_that_keeps_an_image_from_being_judged_is_a_finding_of_a_rule(error):
    assert error.rule in RULES
