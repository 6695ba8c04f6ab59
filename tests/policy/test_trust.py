"""Trust: a change under review can only make the policy stricter, and what it asks for is named key by key."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect
from msgspec.structs import replace

from maskproof import policy
from maskproof.model import Level
from maskproof.policy import AreaRule, FaceModel, Settings
from maskproof.policy.cover import covered
from maskproof.policy.derived import Candidate
from maskproof.policy.keys import KEYS, Key
from maskproof.policy.limits import ROWS, default_limits
from maskproof.policy.trust import resolve_closely, tighten, tighter_keys

AREAS = st.sampled_from([AreaRule(paths=["*"], name=n, kind="brand", box=(i, 0, 1, 1)) for i, n in enumerate("abc")])
NUMBERS = st.sampled_from([0.0, 0.001, 0.02, 0.5, 3.0])


def values_of(key: Key) -> st.SearchStrategy:
    """Any value of a key, as `resolve` gives it."""
    return of_type(inspect.type_info(key.type)).map(lambda value: key.stricter(value, value))


def of_type(info: inspect.Type) -> st.SearchStrategy:
    if isinstance(info, inspect.Metadata):
        return of_type(info.type)
    if isinstance(info, inspect.VarTupleType):
        return st.lists(of_type(info.item_type), max_size=3).map(tuple)
    if isinstance(info, inspect.FloatType | inspect.IntType):
        return (st.floats if isinstance(info, inspect.FloatType) else st.integers)(info.ge, info.le)
    return st.booleans() if isinstance(info, inspect.BoolType) else st.sampled_from(members(info))


def members(info: inspect.EnumType | inspect.LiteralType) -> list:
    return list(info.cls if isinstance(info, inspect.EnumType) else info.values)


def settings_of(text: str, path: str) -> Settings:
    return policy.resolve(("maskproof.toml", policy.parse(text.encode(), "maskproof.toml", lambda _: None)), path)


@st.composite
def resolved(draw) -> Settings:
    """Settings as `resolve` makes them from some policy file."""
    level = draw(st.sampled_from(list(Level)))
    own = draw(st.dictionaries(st.sampled_from(sorted(ROWS)), NUMBERS, max_size=4))
    return Settings(
        **{key.name: draw(values_of(key)) for key in KEYS if key.name != "level"},
        level=level,
        areas=tuple(draw(st.lists(AREAS, unique_by=lambda area: area.name, max_size=3))),
        limits=default_limits(level) | own,
        own_limits=frozenset(own),
        source=draw(st.sampled_from(["base.toml", "head.toml"])),
    )


def no_looser(key: tuple[str, str], one: float, other: float) -> bool:
    return one >= other if ROWS[key].at_least else one <= other


def at_least_as_strict(one: Settings, other: Settings) -> bool:
    return (
        all(joined(key, one, other) == getattr(one, key.name) for key in KEYS)
        and all(area in one.areas for area in other.areas)
        and all(
            limit is None or (one.limits[key] is not None and no_looser(key, one.limits[key], limit))
            for key, limit in other.limits.items()
        )
    )


def joined(key: Key, one: Settings, other: Settings) -> object:
    return key.stricter(getattr(one, key.name), getattr(other, key.name))


def looser_of(key: tuple[str, str], one: float, other: float) -> float:
    return min(one, other) if ROWS[key].at_least else max(one, other)


def looser_value(key: Key, base: Settings, head: Settings) -> object:
    """The head's value, where it asks for nothing that the base does not ask for, or else the base's."""
    held = getattr(base, key.name)
    return getattr(head, key.name) if joined(key, base, head) == held else held


def values(one: Settings) -> tuple:
    return (*(getattr(one, key.name) for key in KEYS), {area.name for area in one.areas}, one.limits)


# --- key by key -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
@given(st.data())
@settings(max_examples=30)
def test_the_stricter_of_two_values_is_a_join(key, data):
    one, two, three = (data.draw(values_of(key)) for _ in range(3))
    both = key.stricter(one, two)
    assert both == key.stricter(two, one)
    assert key.stricter(one, one) == one
    assert key.stricter(key.stricter(one, two), three) == key.stricter(one, key.stricter(two, three))
    assert key.stricter(both, one) == key.stricter(both, two) == both  # never looser than either


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
@given(st.data())
@settings(max_examples=30)
def test_a_key_is_named_where_and_only_where_it_becomes_stricter(key, data):
    base, head = (Settings(**{key.name: data.draw(values_of(key))}) for _ in range(2))
    named = tighter_keys(base, head)
    found = tighten(base, head)
    assert bool(named) == (getattr(found, key.name) != getattr(base, key.name))
    assert all(name.split(".")[0] == key.name for name in named)
    assert tighter_keys(base, found) == named
    assert tighter_keys(found, base) == tighter_keys(found, head) == ()


# --- whole settings ---------------------------------------------------------------------------------------------


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
@pytest.mark.threat("T01")
def test_a_looser_head_changes_nothing(base, head):
    looser = replace(
        head,
        **{key.name: looser_value(key, base, head) for key in KEYS},
        areas=tuple(area for area in head.areas if area in base.areas),
        limits={
            key: None if limit is None or base.limits[key] is None else looser_of(key, limit, base.limits[key])
            for key, limit in head.limits.items()
        },
    )
    assert tighter_keys(base, looser) == ()
    assert replace(tighten(base, looser), following=base.following) == base


@given(resolved(), resolved())
@settings(max_examples=100)
def test_keys_are_named_where_and_only_where_a_head_is_stricter(base, head):
    keys = tighter_keys(base, head)
    found = tighten(base, head)
    for key in KEYS:
        named = any(name.split(".")[0] == key.name for name in keys)
        assert named == (getattr(found, key.name) != getattr(base, key.name))
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


def test_a_stricter_limit_is_its_own_where_a_policy_sets_it_and_the_levels_where_none_does():
    strict = settings_of('version = 1\n[defaults]\nlevel = "strict"', "a.png")
    assert tighten(Settings(), strict).own_limits == frozenset()
    assert tighter_keys(Settings(), strict) == ("level", "record_loosened")
    own = settings_of("version = 1\n[limits.brand]\nlight = 0.001", "a.png")
    assert tighten(Settings(), own).own_limits == tighten(own, Settings()).own_limits == {("brand", "light")}
    assert tighter_keys(Settings(), own) == ("limits.brand.light",)


def test_a_model_that_either_side_names_is_kept():
    model = FaceModel(path="f.onnx", sha256="0" * 64)
    one = replace(Settings(), face_model=model)
    assert tighten(one, Settings()).face_model == tighten(Settings(), one).face_model == model


def test_a_pattern_means_a_name_in_every_case_and_loosens_none_by_that():
    rules = 'version = 1\n[[rules]]\npaths = ["Logo.png"]\nlevel = "{}"\n'
    found = [
        ("maskproof.toml", policy.parse(rules.format(level).encode(), "maskproof.toml", lambda _: None))
        for level in Level
    ]
    for one, level in zip(found, Level, strict=True):
        assert resolve_closely(one, "Logo.png").level is level
        expected = tighten(Settings(), Settings(level=level)).level
        assert resolve_closely(one, "LOGO.PNG").level is expected


def test_taking_out_what_is_ignored_loosens_nothing_and_ends_the_note():
    old = settings_of("version = 1\n[limits.outside-mask]\narea = 0.001", "a.png")
    assert tighter_keys(Settings(), old) == tighter_keys(old, Settings()) == ()
    assert tighten(Settings(), old).notes == tighten(old, old).notes == old.notes != ()
    assert tighten(old, Settings()).notes == ()


@pytest.mark.parametrize("key", [key for key, row in ROWS.items() if row.at_least])
def test_a_limit_that_has_to_be_reached_is_stricter_when_it_is_larger(key):
    low, high = (settings_of(f"version = 1\n[limits.{key[0]}]\n{key[1]} = {value}", "a.png") for value in (0.25, 4))
    assert tighten(low, high).limits[key] == tighten(high, low).limits[key] == 4
    assert tighter_keys(low, high) == (f"limits.{'.'.join(key)}",)
    assert tighter_keys(high, low) == ()


AREA = "version = 1\n[[areas]]\npaths = ['a*']\nname = 'logo'\nkind = 'brand'\n"
BOX = f"{AREA}box = [20, 10, 40, 30]\n"
CORNERS = "[[20, 10], [60, 10], [60, 40]]"


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (BOX, BOX.replace("'a*'", "'a*', 'b/**'")),
        (BOX, BOX.replace("'logo'", "'wordmark'")),
        (BOX, BOX.replace("[20, 10, 40, 30]", "[10, 10, 50, 31]")),
        (BOX, f"{AREA}polygon = [[20, 10], [60, 10], [60, 40], [20, 40]]"),
        (BOX, BOX.replace("40, 30]", "40, 20]") + AREA.replace("version = 1", "") + "box = [0, 25, 90, 15]"),
        (BOX, BOX + "colors = ['#ff0000']"),
        (f"{AREA}polygon = {CORNERS}", f"{AREA}polygon = [[10, 8], [64, 8], [64, 48]]"),
        (f"{AREA}polygon = {CORNERS}", f"{AREA}polygon = [[60, 40], [60, 10], [20, 10]]"),
        (f"{AREA}polygon = {CORNERS}", f"{AREA}box = [20, 10, 41, 31]"),
        (f"{AREA}mask = 'm.png'\nmarks = 'white'", f"{AREA}mask = 'm.png'\nforeground = 'white'"),
        (f"{AREA}find = 'm.png'\nabsent = 'ignore'", f"{AREA}find = 'm.png'"),
        (f"{AREA}find = 'm.png'", f"{AREA}find = 'm.png'\nabsent = 'unjudged'"),
    ],
)
def test_an_area_that_protects_as_much_or_more_is_not_loosened(was, now):
    base, head = (settings_of(text, "a.png") for text in (was, now))
    assert tighter_keys(head, base) == ()
    assert not [one for one in base.areas if not covered(one, tighten(base, head).areas)]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (BOX, "version = 1"),
        (BOX, BOX.replace("'a*'", "'b*'")),
        (BOX, BOX.replace("'brand'", "'text'")),
        (BOX, BOX.replace("[20, 10, 40, 30]", "[20, 10, 40, 29]")),
        (BOX, BOX.replace("[20, 10, 40, 30]", "[21, 10, 90, 90]")),
        (BOX, f"{AREA}polygon = [[20, 10], [60, 10], [20, 40]]"),
        (BOX, f"{AREA}find = 'm.png'"),
        (BOX + "colors = ['#ff0000']", BOX),
        (f"{AREA}polygon = {CORNERS}", f"{AREA}polygon = [[20, 10], [60, 10], [58, 40]]"),
        (f"{AREA}mask = 'm.png'\nforeground = 'white'", f"{AREA}mask = 'm.png'\nforeground = 'black'"),
        (f"{AREA}mask = 'm.png'\nforeground = 'white'", f"{AREA}mask = 'n.png'\nforeground = 'white'"),
        (f"{AREA}find = 'm.png'", f"{AREA}find = 'm.png'\nabsent = 'ignore'"),
        (f"{AREA}find = 'm.png'\nabsent = 'unjudged'", f"{AREA}find = 'm.png'"),
        (f"{AREA}box = [0, 0, 65535, 65535]", f"{AREA}box = [0, 0, 65534, 65535]"),
    ],
)
def test_an_area_that_protects_less_is_loosened(was, now):
    base, head = (settings_of(text, "a.png") for text in (was, now))
    assert tighter_keys(head, base) == ("areas.logo",)
    assert set(map(str, base.areas)) <= set(map(str, tighten(base, head).areas))


def test_an_area_that_is_only_renamed_holds_once_under_its_new_name():
    base, head = (settings_of(text, "a.png") for text in (BOX, BOX.replace("'logo'", "'wordmark'")))
    assert [one.name for one in tighten(base, head).areas] == ["wordmark"]


def test_a_limit_of_a_rule_is_compared_as_every_limit():
    rule = "version = 1\n[[rules]]\npaths = ['{}']\n[rules.limits.brand]\nlight = {}"
    plain, close, wide = settings_of("version = 1", "a.png"), rule.format("a*", 0.5), rule.format("a*", 9)
    assert tighter_keys(plain, settings_of(close, "a.png")) == ("limits.brand.light",)
    assert tighter_keys(settings_of(wide, "a.png"), plain) == ("limits.brand.light",)
    assert tighten(plain, settings_of(wide, "a.png")).limits == plain.limits
    assert settings_of(close, "b.png").limits == plain.limits


def test_a_master_more_or_an_excuse_less_asks_more():
    master, plain = Candidate("a.png", None, 1), Settings()
    held = replace(plain, masters=(master,))
    assert tighter_keys(plain, held) == tighter_keys(replace(held, excused=frozenset({master})), held) == ("derived",)
    assert tighter_keys(held, plain) == tighter_keys(held, held) == ()
