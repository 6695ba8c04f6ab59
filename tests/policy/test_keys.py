"""The keys: each row can be written, has its line in the documentation, and knows which of two values is stricter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, get_args, get_origin

import msgspec
import pytest

from maskproof import policy
from maskproof.policy import Rule, Settings, trust
from maskproof.policy.keys import KEYS, Defaults
from projects import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

EXAMPLES = {
    "level": ("visual", "strict", "exact"),
    "unrecorded": ("off", "warn", "block", "always"),
    "new_original": ("off", "warn", "block"),
    "new_mask": ("off", "warn", "block"),
    "record_loosened": ("off", "warn", "block"),
    "unmarked": ("off", "warn", "block"),
    "max_editable": (1.0, 0.95, 0.5, 0.0),
    "detect": ([], ["text"], ["text", "face"]),
    "prompt": ("store", "sha256"),
    "sign": ("off", "on"),
}
"""values of each key, each stricter than those before it"""
PAIRS = [
    pytest.param(key, looser, stricter, id=f"{key.name}-{looser}-{stricter}")
    for key in KEYS
    for place, stricter in enumerate(EXAMPLES[key.name])
    for looser in EXAMPLES[key.name][:place]
]


def settings_of(name: str, value: object, in_rule: object = None) -> Settings:
    face = f'[face_model]\npath = "f"\nsha256 = "{"0" * 64}"\n'
    text = f"version = 1\n[defaults]\n{name} = {json.dumps(value)}\n{face}"
    if in_rule is not None:
        text += f'[[rules]]\npaths = ["a.png"]\n{name} = {json.dumps(in_rule)}\n'
    found = policy.parse(text.encode(), "maskproof.toml", lambda _: None)
    return policy.resolve(("maskproof.toml", found), "a.png")


def documented(key) -> str:
    """The first three columns of a key's line: its name, what it may hold, its default."""
    wanted, (bounds, *_) = key.type.__origin__, key.type.__metadata__
    if wanted is float:
        values, default = f"{bounds.ge} to {bounds.le}", f"{key.default}"
    elif get_origin(wanted) is tuple:
        values, default = f"list of {quoted(get_args(get_args(wanted)[0]))}", quoted(key.default) or "none"
    else:
        values, default = quoted(get_args(wanted) or wanted), quoted([key.default])
    return f"| `{key.name}` | {values} | {default} |"


def quoted(values: Iterable[str]) -> str:
    return ", ".join(f"`{one}`" for one in values)


def test_the_table_of_the_documentation_is_that_of_the_rows():
    text = (ROOT / "docs" / "policy.md").read_text()
    lines = text[text.index("| key, in") :].split("\n\n")[0].splitlines()[2:]
    assert len(lines) == len(KEYS)
    for key, line in zip(KEYS, lines, strict=True):
        assert line.startswith(documented(key))


def test_the_keys_of_a_rule_and_of_the_settings_are_the_rows():
    names = [key.name for key in KEYS]
    assert [field.name for field in msgspec.structs.fields(Defaults)] == names
    assert {field.name for field in msgspec.structs.fields(Rule)} == {*names, "paths", "limits"}
    assert [*Settings.__struct_fields__[: len(names)]] == names
    for key in KEYS:
        assert getattr(Settings(), key.name) == key.default


@pytest.mark.parametrize(("key", "looser", "stricter"), PAIRS)
def test_a_key_is_set_by_the_last_that_names_it(key, looser, stricter):
    wanted = getattr(settings_of(key.name, stricter), key.name)
    assert wanted == (tuple(sorted(stricter)) if isinstance(stricter, list) else stricter)
    assert getattr(settings_of(key.name, looser, in_rule=stricter), key.name) == wanted
    assert getattr(settings_of(key.name, stricter, in_rule=looser), key.name) != wanted


@pytest.mark.parametrize(("key", "looser", "stricter"), PAIRS)
def test_the_stricter_value_holds_and_is_named(key, looser, stricter):
    low, high = (settings_of(key.name, value) for value in (looser, stricter))
    wanted = getattr(high, key.name)
    assert getattr(trust.tighten(low, high), key.name) == getattr(trust.tighten(high, low), key.name) == wanted
    new = [f"{key.name}.{one}" for one in wanted if one not in looser] if isinstance(stricter, list) else [key.name]
    assert [one for one in trust.tighter_keys(low, high) if not one.startswith("limits.")] == new
    assert [one for one in trust.tighter_keys(high, low) if not one.startswith("limits.")] == []


def test_settings_are_told_in_one_sentence():
    assert Settings().describe() == (
        "level visual, without a record: warn, new original: warn, new mask: warn, wider mask than recorded: warn, "
        "AI work without a mark: off, a mask may open at most 93%"
    )
