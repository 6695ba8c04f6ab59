"""Strict reading: a document means one thing or is refused whole, with every mistake named at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from maskproof import documents, policy
from maskproof.documents import Problems
from maskproof.errors import PolicyError, RecordError
from maskproof.records import sidecar
from thirdparty import rows


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    width: Annotated[int, Meta(ge=1, le=10)]
    share: Annotated[float, Meta(ge=0, le=1)] = 0.5


class Outer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: str
    kind: Literal["brand", "text"] = "brand"
    inner: Inner | None = None
    many: list[Inner] = []
    table: dict[str, int] = {}
    anything: Any = None


def outcome(read: Any, data: bytes) -> Outer | Problems:
    """What a document means, or what is wrong with it; any other error fails the test."""
    try:
        return read(data, Outer)
    except Problems as error:
        return error


def problems(data: bytes | str) -> tuple[str, ...]:
    with pytest.raises(Problems) as caught:
        documents.read_json(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data, Outer)
    return caught.value.problems


@pytest.mark.parametrize(
    "row", rows("badinputs/badinputs.csv", lambda row: row["file"].endswith((".json", ".yaml", ".attack")))
)
def test_no_document_of_the_collection_is_a_record(row):
    with pytest.raises(RecordError) as caught:
        sidecar.parse(Path(row["path"]).read_bytes(), "hero.png.maskproof.json")
    assert caught.value.problems
    assert all(caught.value.problems)
    assert "hero.png.maskproof.json" in caught.value.reason
    assert caught.value.advice


@pytest.mark.parametrize("row", rows("badinputs/badinputs.csv", lambda row: row["file"].endswith(".toml")))
def test_no_document_of_the_collection_is_a_policy(row):
    with pytest.raises(PolicyError) as caught:
        policy.parse(Path(row["path"]).read_bytes(), "maskproof.toml", lambda _: None)
    assert caught.value.problems


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "{}x",
        "{}{}",
        "[1,]",
        '{"name": "a",}',
        "{'name': 'a'}",
        '{"name": "a"} // why',
        "nul",
        '{"name": NaN}',
        '{"name": Infinity}',
        '{"name": -Infinity}',
        '{"anything": 1e999, "name": "a"}',
        '{"name": "\\ud800"}',
        '{"name": "\ud800"}',
        '{"name": "a\nb"}',
        '{"name": "\\x41"}',
        '{"anything": 01, "name": "a"}',
        '{"name": "a", "name": "b"}',
        '{"name": "a", "n\\u0061me": "b"}',
        '{"name": "a", "table": {"x": 1, "x": 1}}',
        '{"name": "a", "many": [{"width": 1, "width": 1}]}',
    ],
)
@pytest.mark.threat("T27")
def test_what_is_no_single_clear_json_document_is_refused(text):
    assert len(problems(text)) == 1
    assert "not valid JSON" in problems(text)[0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_only_utf_8_is_read(encoding):
    assert "not valid JSON" in problems('{"name": "é"}'.encode(encoding))[0]


def test_line_ends_of_windows_are_fine():
    assert documents.read_json(b'{\r\n"name": "a"\r\n}\r\n', Outer).name == "a"


@pytest.mark.parametrize("depth", [documents.MAX_DEPTH + 1, 500, 950, 985, 990, 995, 1000, 5000, 100_000, 400_000])
@pytest.mark.parametrize(
    "place", ['{"name": %s}', '{"name": "a", "anything": %s}', '{"name": "a", "table": {"x": %s}}', "%s"]
)
@pytest.mark.threat("T27")
def test_depth_is_refused_wherever_it_is(depth, place):
    assert problems(place % ("[" * depth + "]" * depth)) == ("it is nested too deeply",)


def test_what_a_tool_recorded_may_be_a_few_levels_deep():
    text = '{"name": "a", "anything": ' + "[" * 50 + "]" * 50 + "}"
    assert documents.read_json(text.encode(), Outer).name == "a"


def test_a_document_over_the_limit_is_refused_by_its_size():
    assert "1000001 bytes" in problems(b" " * (documents.MAX_BYTES + 1))[0]


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({}, ["'name' is missing"]),
        ({"name": 1}, ["name is 1"]),
        ({"name": None}, ["name is None"]),
        ({"name": "a", "kind": "txt"}, ["kind is 'txt': it must be 'brand' or 'text'"]),
        ({"name": "a", "kind": ["brand"]}, ["kind is ['brand']"]),
        ({"name": "a", "inner": {}}, ["'inner.width' is missing"]),
        ({"name": "a", "inner": {"width": 0}}, ["inner.width is 0"]),
        ({"name": "a", "inner": {"width": True}}, ["inner.width is True"]),
        ({"name": "a", "inner": {"width": "1"}}, ["inner.width is '1'"]),
        ({"name": "a", "inner": {"width": 1.5}}, ["inner.width is 1.5"]),
        ({"name": "a", "inner": {"width": 10**30}}, ["inner.width is 1000"]),
        ({"name": "a", "inner": {"width": 1, "share": 1.01}}, ["inner.share is 1.01"]),
        ({"name": "a", "inner": []}, ["inner is []"]),
        ({"name": "a", "many": {}}, ["many is {}"]),
        ({"name": "a", "many": [{"width": 1}, {"width": 11}, 3]}, ["many[1].width is 11", "many[2] is 3"]),
        ({"name": "a", "table": {"x": "1", "y": 2, "z": None}}, ["table.x is '1'", "table.z is None"]),
        ({"name": "a", "kinf": "text"}, ["'kinf' is unknown: did you mean 'kind'?"]),
        ({"name": "a", "inner": {"width": 1, "shore": 1}}, ["'inner.shore' is unknown: did you mean 'share'?"]),
        ({"name": "a", "zzzzzz": 1}, ["'zzzzzz' is unknown: known are name, kind, inner"]),
        (
            {"nam": 1, "kind": 2, "inner": {"width": 0, "x": 1}, "many": [0], "table": {"q": 1.5}},
            [
                "'nam' is unknown",
                "kind is 2",
                "inner.width is 0",
                "'inner.x' is unknown",
                "many[0] is 0",
                "table.q is 1.5",
                "'name' is missing",
            ],
        ),
    ],
)
def test_every_mistake_is_named_at_once(document, named):
    found = problems(json.dumps(document))
    assert len(found) == len(named), found
    for wanted, said in zip(named, found, strict=True):
        assert wanted in said


@pytest.mark.parametrize("hostile", ["\x1b[2J", "::error::x", "a\nb", "\u202egnp", "x" * 5000])
def test_hostile_keys_and_values_are_shown_escaped_and_short(hostile):
    for document in ({"name": "a", hostile: 1}, {"name": "a", "kind": hostile}, {"name": "a", "table": {hostile: "x"}}):
        (said,) = problems(json.dumps(document))
        assert said.replace("…", "").isascii()
        assert said.isprintable()
        assert len(said) < 300


def test_a_flood_of_mistakes_is_counted_and_not_told():
    found = problems(json.dumps({"name": "a"} | {f"k{number}": 1 for number in range(500)}))
    assert len(found) == documents.MAX_PROBLEMS + 1
    assert found[-1] == "and 400 more"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.sampled_from(["name", "kind", "inner", "many"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_a_value_or_a_list_of_problems_and_nothing_else(tree):
    found = outcome(documents.read_json, json.dumps(tree).encode())
    if isinstance(found, Problems):
        assert found.problems
    else:
        assert isinstance(found, Outer)
        assert tree["name"] == found.name


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_a_list_of_problems_and_nothing_else(data):
    for read in (documents.read_json, documents.read_toml):
        found = outcome(read, data)
        assert found.problems if isinstance(found, Problems) else isinstance(found, Outer)


@pytest.mark.parametrize(
    "text",
    [
        "name = inf inf",
        "name",
        'name = "a"\nname = "b"',
        "name = '''",
        "[a]\n[a]",
        'name = "\\uD800"',
        "x = " + "9" * 5000,
    ],
)
def test_what_is_no_toml_is_refused(text):
    with pytest.raises(Problems, match="not valid TOML"):
        documents.read_toml(text.encode(), Outer)


@pytest.mark.parametrize(
    "text",
    [
        "table." + ".".join("a" * 100) + " = 1",
        "table." + ".".join("a" * 300_000) + " = 1",
        "[table." + ".".join("a" * 100_000) + "]",
        "anything = {" + ".".join('"a"' * 50_000) + " = 1}",
        "anything = " + "[" * 300 + "]" * 300,
        "anything = " + "[" * 100_000,
        '"' + "\\" * 400_000,
        '\\"' * 400_000,
    ],
)
@pytest.mark.threat("T28")
def test_deep_toml_is_refused_before_it_is_unfolded(text):
    with pytest.raises(Problems, match=r"nested too deeply|not valid TOML"):
        documents.read_toml(text.encode(), Outer)


def test_dots_in_toml_text_and_comments_are_no_depth():
    text = f"# {'.' * 200}\nname = \"{'.' * 200}\"\ntable.'{'.' * 200}' = 1\n"
    assert documents.read_toml(text.encode(), Outer).name == "." * 200


def test_what_a_type_wants_is_worked_out_once(monkeypatch):
    class Fresh(msgspec.Struct):
        name: str
        inner: Inner

    asked = []
    fields = documents.fields
    monkeypatch.setattr(documents, "fields", lambda kind: asked.append(kind) or fields(kind))
    documents._fields.cache_clear()
    for number in range(3):
        documents.read_json(b'{"name": "a", "inner": {"width": %d}}' % (number + 1), Fresh)
        with pytest.raises(Problems):
            documents.read_json(b"{}", Fresh)
    assert asked == [Fresh, Inner]


def test_one_table_of_a_toml_file_is_read_alone():
    text = b'[tool.other]\nx = 1\n[tool.mine]\nname = "a"\n'
    assert documents.read_toml(text, Outer, table=("tool", "mine")).name == "a"
    assert documents.read_toml(text, Outer, table=("tool", "absent")) is None
    assert documents.read_toml(b"tool = 3", Outer, table=("tool", "mine")) is None
