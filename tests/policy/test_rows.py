"""Rows in a policy file: what was there stays byte for byte, and what cannot be changed so is refused."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskproof.errors import UsageError
from maskproof.policy.rows import NEW, with_area, with_area_renamed, with_settings, without_area

FILE = "maskproof.toml"
LOGO = {"paths": ["a/x.png"], "name": "logo", "kind": "brand", "box": [1, 2, 3, 4]}
KEPT = """# Ours, agreed in May.
version = 1

[defaults]
level = "strict" # not visual

# The sky.
[[areas]] # first
paths = ["*.png"]
name = 'sky' # blue
kind = "product"
polygon = [
  [1, 2],
  [30, 2],
  [3, 40],
]

# Brand limits.
[limits.brand]
light = 0.8
"""
FILES = {
    "new": NEW,
    "commented": KEPT.encode(),
    "without a last newline": KEPT.rstrip().encode(),
    "from Windows": KEPT.replace("\n", "\r\n").encode(),
    "with a mark": b"\xef\xbb\xbf" + KEPT.encode(),
    "with a text that looks like rows": b'version = 1\n# [[areas]]\n[defaults]\nlevel = "visual" # [[areas]]\n',
}


@pytest.mark.parametrize("name", FILES)
def test_a_row_is_put_behind_what_stands_there_and_taken_away_again(name):
    before = FILES[name]
    more = with_area(before, FILE, LOGO)
    assert more.startswith(before)
    said = tomllib.loads(more.decode("utf-8-sig"))
    count = len(said["areas"])
    assert said["areas"][-1] == LOGO
    assert (b"\r\n" in more) == (b"\r\n" in before)
    assert without_area(more, FILE, count - 1).rstrip() == before.rstrip()


def test_a_name_is_changed_where_it_stands():
    text = with_area_renamed(KEPT.encode(), FILE, 0, 'a "b"').decode()
    assert text == KEPT.replace("'sky' # blue", '"a \\"b\\"" # blue')


def test_what_stands_above_the_next_table_is_no_part_of_a_row():
    text = without_area(KEPT.encode(), FILE, 0).decode()
    assert "# Brand limits.\n[limits.brand]" in text
    assert "sky'" not in text
    assert "# The sky." in text  # a comment is people's


def test_settings_of_one_picture_are_one_rule_that_is_the_last():
    once = with_settings(KEPT.encode(), FILE, "a/x.png", {"level": "exact", "limits": {"brand": {"light": 0.5}}})
    rule = '[[rules]]\npaths = ["a/**"]\nlevel = "visual"\n'
    other = once + b"\n" + rule.encode()
    twice = with_settings(other, FILE, "a/x.png", {"limits": {"brand": {"blur": 2.0}, "frame": {"tone": 1.5}}})
    assert tomllib.loads(twice.decode())["rules"] == [
        {"paths": ["a/**"], "level": "visual"},
        {
            "paths": ["a/x.png"],
            "level": "exact",
            "limits": {"brand": {"light": 0.5, "blur": 2.0}, "frame": {"tone": 1.5}},
        },
    ]
    assert twice.decode().startswith(KEPT)


def test_a_table_of_another_tool_stays_as_it_is():
    project = b'[project]\nname = "x"\n\n[tool.maskproof]\nversion = 1\n\n[tool.ruff]\nline-length = 100\n'
    text = with_area(project, "pyproject.toml", LOGO)
    assert text.startswith(project)
    said = tomllib.loads(text.decode())
    assert said["tool"]["maskproof"]["areas"] == [LOGO]
    assert said["tool"]["ruff"] == {"line-length": 100}
    assert without_area(text, "pyproject.toml", 0) == project


@pytest.mark.parametrize(
    "text",
    [
        b'version = 1\nareas = [{paths = ["x"], name = "a", kind = "brand", box = [1, 2, 3, 4]}]\n',
        b"version = 1\nareas = []\n",
        b"version = 1\n[[areas]\n",
    ],
)
def test_a_file_that_is_written_in_another_way_is_refused(text):
    with pytest.raises(UsageError):
        with_area(text, FILE, LOGO)
    with pytest.raises(UsageError):
        without_area(text, FILE, 0) if b"name" in text else with_area(text, FILE, LOGO)


def test_a_row_that_only_looks_like_one_is_refused():
    text = 'version = 1\n[[areas]]\npaths = ["x"]\nname = """\n[[areas]]\n"""\nkind = "brand"\nbox = [1, 2, 3, 4]\n'
    with pytest.raises(UsageError, match="not written as tables"):
        without_area(text.encode(), FILE, 0)


def test_a_name_that_no_toml_can_hold_is_refused():
    with pytest.raises(UsageError, match="no text"):
        with_area(NEW, FILE, {**LOGO, "paths": ["a\udcff.png"]})


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), st.sampled_from([*FILES]))
def test_every_name_comes_back_as_it_was_given(name, file):
    before = FILES[file]
    more = with_area(before, FILE, {**LOGO, "name": name, "paths": [name]})
    area = tomllib.loads(more.decode("utf-8-sig"))["areas"][-1]
    assert (area["name"], area["paths"]) == (name, [name])
    number = len(tomllib.loads(more.decode("utf-8-sig"))["areas"]) - 1
    other = with_area_renamed(with_area(before, FILE, LOGO), FILE, number, name)
    assert tomllib.loads(other.decode("utf-8-sig"))["areas"][-1] == {**LOGO, "name": name}
