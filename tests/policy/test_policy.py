"""The policy: how it is read, which rule wins, and that a change under review can only make it stricter."""

from __future__ import annotations

import dataclasses
import tomllib

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskproof import policy
from maskproof.errors import PolicyError
from maskproof.model import Level
from maskproof.policy import AreaRule, Settings, matches, resolve, tighten, tighter_keys
from maskproof.policy.limits import ROWS, default_limits

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
marks = "white"
[limits.brand]
light = 0.001
changed = 7
"""


def parsed(text: str) -> policy.Policy:
    found = policy.parse(text.encode(), "maskproof.toml")
    assert found is not None
    return found


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(PolicyError) as caught:
        policy.parse(text.encode(), "maskproof.toml")
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
    found = policy.find(reader(**files))
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
        policy.find(reader(**files))
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
        (
            "version = 1\n[[areas]]\npaths = ['a']\nname = 'x'\nkind = 'brand'\nmask = 'm.png'",
            ["mask and marks go together"],
        ),
        (
            "version = 1\n[[areas]]\npaths = ['a']\nname = 'x'\nkind = 'brand'\nbox = [0, 0, 1, 1]\nmarks = 'white'",
            ["mask and marks go together"],
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
    for text in (WHOLE, "version = 1"):
        parsed(text)
        jsonschema.validate(tomllib.loads(text), policy.schema())


# --- which rule ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("a.png", ["a.png", "x/a.png", "x/y/a.png"], ["ba.png", "a.pngx", "a.png/b"]),
        ("*.png", ["a.png", ".png", "x/a.png"], ["a.gif", "a.png/b.gif"]),
        ("x/*.png", ["x/a.png"], ["x/y/a.png", "y/x/a.png", "xa.png"]),
        ("/a.png", ["a.png"], ["x/a.png"]),
        ("x/**", ["x/a", "x/y/a"], ["x", "xa", "y/x/a"]),
        ("**", ["a", "x/a", "x/y/.a"], []),
        ("**/a", ["a", "x/a", "x/y/a"], ["ba", "x/ba"]),
        ("x/**/a", ["x/a", "x/y/a", "x/y/z/a"], ["xa", "x/ya"]),
        ("x/**.png", ["x/a.png", "x/y/a.png"], ["a.png"]),
        ("a?.png", ["ab.png", "x/a1.png"], ["a.png", "a/.png", "abc.png"]),
        ("[ab].png", ["[ab].png"], ["a.png"]),
        ("a.b(c)+$.png", ["a.b(c)+$.png"], ["aXb(c)+$.png"]),
        ("é*.png", ["é1.png"], ["e1.png"]),
        ("A.png", ["A.png"], ["a.png"]),
        ("", [""], ["a"]),
        ("a\nb/*", ["a\nb/c"], ["a"]),
        ("*", ["a", "x/a", "a\nb"], []),
    ],
)
def test_patterns(pattern, yes, no):
    for path in yes:
        assert matches([pattern], path), path
        assert matches(["other", pattern], path)
    for path in no:
        assert not matches([pattern], path), path


def fits(pattern: str, path: str) -> bool:
    """The meaning of a pattern, one character at a time (for short ones only: it tries everything)."""
    if pattern.startswith("**/") and (
        fits(pattern[3:], path) or any(fits(pattern[3:], path[at + 1 :]) for at, char in enumerate(path) if char == "/")
    ):
        return True
    if pattern.startswith("**"):
        rest = pattern[2:]
        return not pattern.startswith("**/") and any(fits(rest, path[at:]) for at in range(len(path) + 1))
    if pattern.startswith("*"):
        return any(fits(pattern[1:], path[at:]) for at in range(len(path) + 1) if "/" not in path[:at])
    if not pattern or not path:
        return pattern == path
    same = path[0] != "/" if pattern[0] == "?" else path[0] == pattern[0]
    if same and pattern[0] != "/" and pattern[1:4] == "**/":  # in the middle of a part, ** is not a part of its own
        return any(fits(pattern[3:], path[at:]) for at in range(1, len(path) + 1))
    return same and fits(pattern[1:], path[1:])


@given(st.text("ab/*?", min_size=1, max_size=8), st.text("ab/", max_size=9))
@settings(max_examples=400)
def test_patterns_mean_what_trying_everything_says(pattern, path):
    anchored = pattern.removeprefix("/") if "/" in pattern else f"**/{pattern}"
    assert matches([pattern], path) == fits(anchored, path)


def test_no_pattern_is_slow_on_any_path():
    # Tried one way after the other, any of these would outlive the run.
    for pattern in ("**/" * 40 + "x", "**a" * 40 + "b", "*a" * 40 + "b", "**/*a" * 40 + "b", "x/" + "**" * 60 + "y"):
        for path in ("a/" * 300 + "a" * 300, "a" * 1000, "x/" + "a/" * 300):
            assert not matches([pattern], path)


@pytest.mark.parametrize(
    ("path", "level", "unrecorded", "new_original", "max_editable"),
    [
        ("other/a.png", "visual", "warn", "warn", policy.MAX_EDITABLE),
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


def test_without_a_policy_the_defaults_hold():
    assert resolve(None, "a.png") == Settings()
    assert policy.from_file(None, "a.png", None) == Settings()


def test_a_named_level_takes_the_place_of_the_policys():
    found = policy.from_file(("p.toml", WHOLE.encode()), "assets/a.png", "exact")
    assert found.level is Level.EXACT
    assert found.limits["text", "changed"] == 0
    assert found.limits["brand", "changed"] == 7


# --- trust: base and head ------------------------------------------------------------------------------------------

CHOICES = st.sampled_from(["off", "warn", "block"])
AREAS = st.sampled_from([AreaRule(paths=["*"], name=name, kind="brand", box=(0, 0, 1, 1)) for name in "abc"])
NUMBERS = st.sampled_from([0.0, 0.001, 0.02, 0.5, 3.0])


@st.composite
def resolved(draw) -> Settings:
    """Settings as `resolve` makes them from some policy file."""
    level = draw(st.sampled_from(list(Level)))
    own = draw(st.dictionaries(st.sampled_from(sorted(ROWS)), NUMBERS, max_size=4))
    return Settings(
        level=level,
        unrecorded=draw(CHOICES),
        new_original=draw(CHOICES),
        max_editable=draw(st.sampled_from([0.1, 0.5, 0.95])),
        areas=tuple(draw(st.lists(AREAS, unique_by=lambda area: area.name, max_size=3))),
        prompt=draw(st.sampled_from(policy.KEPT)),
        limits=default_limits(level) | own,
        own_limits=frozenset(own),
        source=draw(st.sampled_from(["base.toml", "head.toml"])),
    )


def no_looser(key: tuple[str, str], one: float, other: float) -> bool:
    return one >= other if ROWS[key].at_least else one <= other


def at_least_as_strict(one: Settings, other: Settings) -> bool:
    order = ["off", "warn", "block"]
    return (
        list(Level).index(one.level) >= list(Level).index(other.level)
        and order.index(one.unrecorded) >= order.index(other.unrecorded)
        and order.index(one.new_original) >= order.index(other.new_original)
        and one.max_editable <= other.max_editable
        and policy.KEPT.index(one.prompt) >= policy.KEPT.index(other.prompt)
        and all(area in one.areas for area in other.areas)
        and all(
            limit is None or (one.limits[key] is not None and no_looser(key, one.limits[key], limit))
            for key, limit in other.limits.items()
        )
    )


def looser_of(key: tuple[str, str], one: float, other: float) -> float:
    return min(one, other) if ROWS[key].at_least else max(one, other)


def values(one: Settings) -> tuple:
    return (
        one.level,
        one.unrecorded,
        one.new_original,
        one.max_editable,
        one.prompt,
        {area.name for area in one.areas},
        one.limits,
    )


@given(resolved(), resolved())
def test_tightened_is_never_looser_than_either_side(base, head):
    found = tighten(base, head)
    assert at_least_as_strict(found, base)
    assert at_least_as_strict(found, head)


@given(resolved(), resolved())
def test_tightening_does_not_ask_who_comes_first(base, head):
    assert values(tighten(base, head)) == values(tighten(head, base))


@given(resolved(), resolved())
def test_tightening_again_changes_nothing(base, head):
    found = tighten(base, head)
    assert tighten(base, base) == base
    assert values(tighten(found, head)) == values(found)
    assert values(tighten(found, base)) == values(found)


@given(resolved())
def test_nothing_is_tighter_than_itself(one):
    assert tighter_keys(one, one) == ()


@given(resolved(), resolved())
@settings(max_examples=100)
def test_a_looser_head_changes_nothing(base, head):
    looser = dataclasses.replace(
        head,
        level=min(base.level, head.level, key=list(Level).index),
        unrecorded=min(base.unrecorded, head.unrecorded, key=policy.CHOICES.index),
        new_original=min(base.new_original, head.new_original, key=policy.CHOICES.index),
        max_editable=max(base.max_editable, head.max_editable),
        prompt=min(base.prompt, head.prompt, key=policy.KEPT.index),
        areas=tuple(area for area in head.areas if area in base.areas),
        limits={
            key: None if limit is None or base.limits[key] is None else looser_of(key, limit, base.limits[key])
            for key, limit in head.limits.items()
        },
    )
    assert tighter_keys(base, looser) == ()
    assert tighten(base, looser) == base


@given(resolved(), resolved())
@settings(max_examples=100)
def test_keys_are_named_where_and_only_where_a_head_is_stricter(base, head):
    keys = tighter_keys(base, head)
    found = tighten(base, head)
    for name in ("level", "unrecorded", "new_original", "max_editable", "prompt"):
        assert (name in keys) == (getattr(found, name) != getattr(base, name))
    assert {key for key in keys if key.startswith("areas.")} == {
        f"areas.{area.name}" for area in head.areas if area not in base.areas
    }
    for kind, metric in base.own_limits | head.own_limits:
        changed = found.limits[kind, metric] != base.limits[kind, metric]
        assert (f"limits.{kind}.{metric}" in keys) == changed
    if not keys:
        assert found.source == base.source


def test_a_change_that_raises_the_level_and_drops_a_limit_is_seen():
    base = settings_of('version = 1\n[defaults]\nlevel = "visual"\n[limits.brand]\nlight = 0.001', "a.png")
    head = settings_of('version = 1\n[defaults]\nlevel = "strict"', "a.png")
    assert "limits.brand.light" in tighter_keys(head, base)
    assert tighten(base, head).limits["brand", "light"] == 0.001


def test_a_looser_limit_of_the_head_is_not_called_its_own():
    base, head = Settings(), settings_of("version = 1\n[limits.brand]\nlight = 90", "a.png")
    found = tighten(base, head)
    assert found.limits == base.limits
    assert found.own_limits == frozenset()
    assert found.source == base.source


@pytest.mark.parametrize("key", [key for key, row in ROWS.items() if row.at_least])
def test_a_limit_that_has_to_be_reached_is_stricter_when_it_is_larger(key):
    low, high = (settings_of(f"version = 1\n[limits.{key[0]}]\n{key[1]} = {value}", "a.png") for value in (0.25, 4))
    assert tighten(low, high).limits[key] == tighten(high, low).limits[key] == 4
    assert tighter_keys(low, high) == (f"limits.{'.'.join(key)}",)
    assert tighter_keys(high, low) == ()
