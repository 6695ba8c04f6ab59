"""The policy: how it is read, and which rule wins."""

from __future__ import annotations

import tomllib

import jsonschema
import pytest
from msgspec.structs import replace

from maskproof import policy
from maskproof.errors import PolicyError
from maskproof.model import Level
from maskproof.policy import FOLLOWING, Settings, resolve
from maskproof.policy.keys import MAX_EDITABLE
from maskproof.policy.limits import GONE, ROWS

WHOLE = """
version = 1
[defaults]
level = "visual"
unrecorded = "warn"
[[rules]]
paths = ["assets/**"]
level = "strict"
max_editable = 0.5
[[rules]]
paths = ["assets/drafts/**", "*.gif"]
level = "visual"
unrecorded = "off"
[[rules]]
paths = ["assets/drafts/brand/*.png"]
unrecorded = "block"
new_original = "block"
[[areas]]
paths = ["assets/hero*.png"]
name = "logo"
kind = "brand"
box = [64, 48, 220, 80]
[[areas]]
paths = ["assets/hero-a.png"]
name = "shape"
kind = "product"
polygon = [[0, 0], [9, 0], [9, 9]]
[[areas]]
paths = ["**"]
name = "frame"
kind = "text"
mask = "brand/frame.png"
foreground = "white"
[limits.brand]
light = 0.001
changed = 7
"""
AREA = "version = 1\n[[areas]]\npaths = ['a']\nname = 'x'\nkind = 'brand'\n"


def parsed(text: str) -> policy.Policy:
    found = policy.parse(text.encode(), "maskproof.toml", lambda _: None)
    assert found is not None
    return found


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(PolicyError) as caught:
        policy.parse(text.encode(), "maskproof.toml", lambda _: None)
    assert caught.value.exit_status == 2
    return caught.value.problems


def settings_of(text: str, path: str) -> Settings:
    return resolve(("maskproof.toml", parsed(text)), path)


def reader(**files: str):
    return lambda path: files[path].encode() if path in files else None


# --- reading ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "source"),
    [
        ({}, None),
        ({"maskproof.toml": "version = 1"}, "maskproof.toml"),
        ({"pyproject.toml": "[tool.maskproof]\nversion = 1"}, "pyproject.toml"),
        ({"pyproject.toml": "[project]\nname = 'maskproof'"}, None),
        ({"pyproject.toml": "this is no TOML at all"}, None),
        ({"maskproof.toml": "version = 1", "pyproject.toml": "[tool.ruff]"}, "maskproof.toml"),
    ],
)
def test_the_policy_is_found_in_one_of_two_places(files, source):
    found = policy.load(reader(**files))
    assert (found and found[0]) == source


@pytest.mark.parametrize(
    "files",
    [
        {"maskproof.toml": "version = 1", "pyproject.toml": "[tool.maskproof]\nversion = 1"},
        {"maskproof.toml": ""},
        {"maskproof.toml": "version = 2"},
        {"pyproject.toml": "[tool]\nmaskproof = 1"},
        {"pyproject.toml": "[tool.maskproof"},
    ],
)
def test_two_policies_or_a_broken_one_are_an_error(files):
    with pytest.raises(PolicyError) as caught:
        policy.load(reader(**files))
    assert caught.value.advice


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", ["'version' is missing"]),
        ("version = true", ["version is True"]),
        (
            'version = 1\n[defaults]\nlevel = "stict"',
            ["defaults.level is 'stict': it must be 'visual' or 'strict' or 'exact'"],
        ),
        ('version = 1\n[defaults]\nlevl = "strict"', ["'defaults.levl' is unknown: did you mean 'level'?"]),
        ('version = 1\n[defaults]\nunrecorded = "error"', ["defaults.unrecorded is 'error'"]),
        (
            "version = 1\n[defaults]\nmax_editable = 1.5",
            ["defaults.max_editable is 1.5: it must be a number from 0 to 1"],
        ),
        ("version = 1\n[defaults]\nmax_editable = nan", ["defaults.max_editable is nan"]),
        ("version = 1\n[defaults]\nmax_editable = 2024-01-01", ["defaults.max_editable is"]),
        ("version = 1\n[[rules]]\nlevel = 'strict'", ["'rules[0].paths' is missing"]),
        ("version = 1\n[[rules]]\npaths = []", ["rules[0].paths is []"]),
        ("version = 1\n[[rules]]\npaths = 'a'", ["rules[0].paths is 'a'"]),
        ("version = 1\n[[rules]]\npaths = ['a']\n[rules.limits.brand]\nligt = 1", ["'rules[0].limits.brand.ligt' is"]),
        ("version = 1\n[[rules]]\npaths = ['a']\n[rules.limits.brand]\nlight = -1", ["rules[0].limits.brand.light"]),
        (AREA + "find = 'm.png'\nabsent = 'skip'", ["areas[0].absent is 'skip': it must be 'ignore' or 'unjudged'"]),
        (AREA + "box = [0, 0, 1, 1]\nabsent = 'ignore'", ["absent belongs to areas with find"]),
        ("version = 1\nextends = {path = 'brand.toml', sha256 = '0'}", ["extends.path is", "extends.sha256 is"]),
        ("version = 1\n[[rule]]\npaths = ['a']", ["'rule' is unknown: did you mean 'rules'?"]),
        ("version = 1\n[limits.brand]\nlight = inf", ["limits.brand.light is inf"]),
        ("version = 1\n[limits.brand]\nlight = nan", ["limits.brand.light is nan"]),
        (
            "version = 1\n[limits.brand]\nlight = -0.1",
            ["limits.brand.light is -0.1: it must be a number of 0 or more"],
        ),
        ("version = 1\n[limits.brand]\nlight = 1e300", ["limits.brand.light is 1e+300"]),
        ("version = 1\n[limits.brand]\nlight = " + "9" * 300, ["limits.brand.light is 999"]),
        ("version = 1\n[limits.brand]\nlight = true", ["limits.brand.light is True"]),
        ("version = 1\n[limits.brand]\nlight = '0.1'", ["limits.brand.light is '0.1'"]),
        (
            "version = 1\n[limits.brand]\nligt = 1",
            ["'limits.brand.ligt' is unknown: did you mean 'light'?"],
        ),
        ("version = 1\n[limits.band]\nlight = 1", ["'limits.band' is unknown: did you mean 'brand'?"]),
        ("version = 1\n[limits.zzz]\nchanged = 1", ["'limits.zzz' is unknown: known are outside-mask, brand"]),
        ("version = 1\n[limits]\nbrand = 1", ["limits.brand is 1"]),
        ("version = 1\nlimits = 1", ["limits is 1"]),
        (
            "version = 1\n[[areas]]\npaths = ['a']\nname = 'x'\nkind = 'brand'",
            ["exactly one of box, polygon, mask and find"],
        ),
        (AREA + "mask = 'm.png'", ["mask and foreground go together"]),
        (AREA + "box = [0, 0, 1, 1]\nforeground = 'white'", ["mask and foreground go together"]),
        (AREA + "box = [0, 0, 1, 1]\nmarks = 'white'", ["mask and foreground go together"]),
        (
            AREA + "mask = 'm.png'\nmarks = 'white'\nforeground = 'white'",
            ["areas[0] ('x') has both foreground and marks, which is its old name"],
        ),
        (
            "version = 1\n[[areas]]\npaths = ['a']\nname = 'x'\nkind = 'outside-mask'\nbox = [0, 0, 1, 1]",
            ["areas[0].kind is 'outside-mask': it must be 'brand' or 'face' or 'product' or 'text'"],
        ),
        (
            "version = 1\n[[areas]]\npaths = ['a']\nname = 'x'\nkind = 'brand'\npolygon = [[0, 0], [1, 1]]",
            ["at least 3 points"],
        ),
        (
            "version = 1\n[[areas]]\npaths = ['a']\nname = 'x'\nkind = 'logo'\nbox = [0, 0, 0, 1]",
            ["areas[0].kind is 'logo'", "areas[0].box"],
        ),
        (
            "version = 1\nx = 1\ndefaults.level = 'none'\nlimits = {brand={changd=1, light=-1}, fase={x=0}}",
            [
                "'x' is unknown",
                "defaults.level",
                "limits.brand.light is -1",
                "'limits.brand.changd' is unknown: did you mean 'changed'?",
                "'limits.fase' is unknown: did you mean 'face'?",
            ],
        ),
    ],
)
def test_every_mistake_of_a_policy_is_named_at_once(text, named):
    found = problems(text)
    assert len(found) == len(named), found
    for wanted in named:
        assert any(wanted in said for said in found), found


def test_marks_is_read_as_foreground_for_one_version():
    for value in ("white", "black", "transparent", "opaque"):
        old, new = (settings_of(f"{AREA}mask = 'm.png'\n{key} = '{value}'", "a") for key in ("marks", "foreground"))
        assert old == new
        assert [one.foreground for one in new.areas] == [value]


@pytest.mark.parametrize(
    ("kind", "metric"),
    [("outside-mask", "spot"), ("face", "loss"), ("outside-mask", "area"), ("brand", "delta_e_p95")],
)
def test_a_limit_on_what_is_no_longer_measured_is_ignored_and_said(kind, metric):
    old = settings_of(f"version = 1\n[limits.{kind}]\n{metric} = 0.25\nlight = 0.5", "a.png")
    new = settings_of(f"version = 1\n[limits.{kind}]\nlight = 0.5", "a.png")
    assert replace(old, notes=()) == new
    (said,) = old.notes
    assert f"{kind}.{metric} in maskproof.toml is ignored" in said


def test_only_what_was_measured_before_is_ignored():
    assert not GONE & set(ROWS)
    assert settings_of(WHOLE, "a.png").notes == ()
    text = "version = 1\n[limits.brand]\narea = 0.25\n[limits.outside-mask]\ndelta_e_p95 = 1\n[limits.frame]\nspot = 1"
    assert len(problems(text)) == 3
    assert problems("version = 1\n[limits.brand]\nspot = -1") == (
        "limits.brand.spot is -1: it must be a number of 0 or more",
    )


@pytest.mark.parametrize("row", ROWS)
def test_every_row_of_limits_can_be_set(row):
    kind, metric = row
    assert settings_of(f"version = 1\n[limits.{kind}]\n{metric} = 0.25", "a.png").limits[row] == 0.25


@pytest.mark.parametrize(
    "text",
    [
        "version = 2",
        "version = 1\nx = 1",
        'version = 1\n[defaults]\nlevel = "none"',
        "version = 1\n[[rules]]\npaths = []",
        "version = 1\n[limits.brand]\nchanged = -1",
        "version = 1\n[defaults]\nmax_editable = 2",
        "version = 1\n[[areas]]\npaths = ['a']\nname = ''\nkind = 'brand'\nbox = [0, 0, 1, 1]",
    ],
)
def test_the_schema_refuses_what_the_types_refuse(text):
    problems(text)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), policy.schema())


def test_the_schema_accepts_what_is_read():
    for text in (WHOLE, "version = 1", '"$schema" = "x.json"\nversion = 1'):
        parsed(text)
        jsonschema.validate(tomllib.loads(text), policy.schema())


# --- which rule ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "level", "unrecorded", "new_original", "max_editable"),
    [
        ("other/a.png", "visual", "warn", "warn", MAX_EDITABLE),
        ("assets/a.png", "strict", "warn", "warn", 0.5),
        ("assets/drafts/a.png", "visual", "off", "warn", 0.5),
        ("assets/drafts/brand/a.png", "visual", "block", "block", 0.5),
        ("assets/drafts/brand/a.gif", "visual", "off", "warn", 0.5),
        ("assets/a.gif", "visual", "off", "warn", 0.5),
    ],
)
def test_the_last_rule_that_matches_wins_key_by_key(path, level, unrecorded, new_original, max_editable):
    found = settings_of(WHOLE, path)
    assert (found.level, found.unrecorded, found.new_original, found.max_editable) == (
        level,
        unrecorded,
        new_original,
        max_editable,
    )


def test_areas_and_limits_are_resolved_for_each_image():
    found = settings_of(WHOLE, "assets/hero-a.png")
    assert [area.name for area in found.areas] == ["logo", "shape", "frame"]
    assert [area.name for area in settings_of(WHOLE, "b.png").areas] == ["frame"]
    assert found.limits["brand", "light"] == 0.001
    assert found.limits["text", "light"] == ROWS["text", "light"].strict
    assert found.own_limits == {("brand", "light"), ("brand", "changed")}
    assert found.source == "maskproof.toml"


def test_the_last_limit_for_a_path_wins():
    text = """
version = 1
[limits.brand]
light = 3
delta_e = 4
[[rules]]
paths = ["*.png"]
limits = {brand = {light = 2}}
[[rules]]
paths = ["a.*"]
limits = {brand = {light = 5, spot = 1}, text = {stroke = 0.1}}
"""
    rows = ("brand", "light"), ("brand", "delta_e"), ("text", "stroke")
    usual = ROWS["text", "stroke"].visual
    for path, *wanted in (("a.png", 5, 4, 0.1), ("b.png", 2, 4, usual), ("b.gif", 3, 4, usual)):
        assert [settings_of(text, path).limits[row] for row in rows] == wanted
    assert "the limit brand.spot in maskproof.toml is ignored" in settings_of(text, "a.png").notes[0]


def test_without_a_policy_the_defaults_hold():
    assert resolve(None, "a.png") == replace(Settings(), following=frozenset(FOLLOWING))
    assert policy.from_file(None, "a.png", None, lambda _: None) == resolve(None, "a.png")


def test_a_named_level_takes_the_place_of_the_policys():
    found = policy.from_file(("p.toml", WHOLE.encode()), "assets/a.png", "exact", lambda _: None)
    assert found.level is Level.EXACT
    assert found.limits["text", "changed"] == 0
    assert found.limits["brand", "changed"] == 7
