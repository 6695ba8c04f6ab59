"""The layout of written JSON: what Prettier makes of it is what it was, by its rules told once more in another way."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskproof.documents import written

WIDTH = 80


def tokens(tree, indent=0, before=0, comma=""):
    """The text as Prettier's groups would break: a list of lines, the first one to be put behind what stands there."""
    pad = " " * (indent + 2)
    if isinstance(tree, dict) and tree:
        lines = ["{"]
        for number, (key, value) in enumerate(sorted(tree.items())):
            name = f"{pad}{json.dumps(key, ensure_ascii=False)}: "
            rest = "," if number < len(tree) - 1 else ""
            first, *more = tokens(value, indent + 2, columns(name), rest)
            lines += [name + first, *more]
        return [*lines, " " * indent + "}" + comma]
    flat = json.dumps(tree, ensure_ascii=False, separators=(", ", ": "))
    if not isinstance(tree, list) or not tree:
        return [flat + comma]
    is_open = "{" in re.sub(r'"(?:\\.|[^"\\])*"|\{\}', "", flat) or matrix(tree)
    if not is_open and before + columns(flat + comma) <= WIDTH:
        return [flat + comma]
    numbers = len(tree) > 1 and all(type(one) in (int, float) for one in tree)
    lines = ["["]
    for number, value in enumerate(tree):
        rest = "," if number < len(tree) - 1 else ""
        one = tokens(value, indent + 2, indent + 2, rest)
        if numbers and number and columns(lines[-1] + " " + one[0]) <= WIDTH:
            lines[-1] += " " + one[0]
        else:
            lines += [pad + one[0], *one[1:]]
    return [*lines, " " * indent + "]" + comma]


def matrix(tree):
    rows = [one for one in tree if isinstance(one, list)]
    return (len(tree) > 1 and len(rows) == len(tree) and min(map(len, rows)) > 1) or any(map(matrix, rows))


def columns(text):
    wide = {"W": 2, "F": 2}
    return sum(0 if unicodedata.combining(one) else wide.get(unicodedata.east_asian_width(one), 1) for one in text)


texts = st.text(st.sampled_from("abc 日é/.-,"), max_size=70)
numbers = st.integers(-10_000_000, 10_000_000)
leaves = st.one_of(texts, numbers, st.booleans(), st.none(), st.lists(numbers, max_size=40))
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(texts, inner, max_size=5),
        st.lists(st.lists(numbers, min_size=1, max_size=3), max_size=8),
    ),
    max_leaves=25,
)


@settings(deadline=None)
@given(st.dictionaries(texts, trees, max_size=5))
def test_two_ways_to_tell_the_rules_agree(tree):
    assert written(tree).decode() == "\n".join(tokens(tree)) + "\n"
    assert json.loads(written(tree)) == tree


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ({"size": [512, 512]}, '{\n  "size": [512, 512]\n}\n'),
        ({"polygon": [[0, 0], [9, 0]]}, '{\n  "polygon": [\n    [0, 0],\n    [9, 0]\n  ]\n}\n'),
        ({"a": [], "b": {}}, '{\n  "a": [],\n  "b": {}\n}\n'),
        ({"a": [{"b": 1}]}, '{\n  "a": [\n    {\n      "b": 1\n    }\n  ]\n}\n'),
        ({"a": [10**30] * 3}, '{{\n  "a": [\n    {0}, {0},\n    {0}\n  ]\n}}\n'.format("1" + "0" * 30)),
    ],
)  # fmt: skip
def test_as_prettier_3_10_printed_it(tree, text):
    assert written(tree).decode() == text
