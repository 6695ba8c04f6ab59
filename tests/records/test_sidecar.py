"""The sidecar: what a record may say, what it may never point at, and that writing and reading it agree."""

from __future__ import annotations

import json
import ntpath
import posixpath
import runpy

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskproof import policy
from maskproof.errors import RecordError
from maskproof.model import AREA_KINDS
from maskproof.records import sidecar
from maskproof.records.sidecar import AreaRef, ImageRef, MaskRef, OriginalRef, Record, Tool, Transform
from projects import ROOT

SCHEMAS = ROOT / "docs" / "schema"
schemas = runpy.run_path(str(SCHEMAS / "make.py"))
IMAGE, ORIGINAL, MASK = "a" * 64, "b" * 64, "c" * 64
PATH = "assets/hero.png.maskproof.json"
WHOLE = {
    "maskproof": 1,
    "origin": "edited",
    "image": {"sha256": IMAGE, "size": [64, 48]},
    "original": {"path": "assets/base.png", "sha256": ORIGINAL, "size": [64, 48]},
    "mask": {"path": "assets/hero.mask.png", "sha256": MASK, "mode": "alpha"},
    "transform": {"crop": [0, 0, 64, 48], "pad": [0, 8, 0, 8]},
    "tool": {
        "provider": "openai",
        "model": "gpt-image-2",
        "prompt": "a \u202e prompt",
        "parameters": {"n": 1, "seed": None},
    },
    "areas": [
        {"name": "label", "kind": "text", "box": [4, 4, 10, 10]},
        {"name": "logo", "kind": "brand", "polygon": [[0, 0], [9, 0], [9, 9]]},
    ],
    "parent": "assets/hero-v2.png.maskproof.json",
}


def changed(**keys: object) -> dict:
    """The whole record with keys of dotted names (`mask__mode`) set; None takes one away."""
    tree = json.loads(json.dumps(WHOLE))
    for name, value in keys.items():
        *folders, key = name.split("__")
        place = tree
        for folder in folders:
            place = place[folder]
        if value is None:
            del place[key]
        else:
            place[key] = value
    return tree


def problems(tree: object) -> tuple[str, ...]:
    with pytest.raises(RecordError) as caught:
        sidecar.parse(json.dumps(tree).encode(), PATH)
    assert PATH in caught.value.reason
    assert "maskproof record" in caught.value.advice
    return caught.value.problems


def test_names_of_sidecar_and_image_belong_together():
    assert sidecar.path_of("assets/hero.png") == PATH
    assert sidecar.image_of(PATH) == "assets/hero.png"


def test_a_whole_record_is_read():
    record = sidecar.parse(json.dumps(WHOLE).encode(), PATH)
    assert record.image.size == (64, 48)
    assert record.mask.mode == "alpha"
    assert record.transform == Transform(crop=(0, 0, 64, 48), pad=(0, 8, 0, 8))
    assert record.tool.parameters == {"n": 1, "seed": None}
    assert [area.kind for area in record.areas] == ["text", "brand"]


@pytest.mark.parametrize(
    "tree",
    [
        changed(mask=None, transform=None, tool=None, areas=None, parent=None),
        changed(origin="generated", original=None, mask=None),
        changed(original__path="assets/cafe\u0301.png"),
        changed(original__path="Ünï/日本 (1)+,&'#$!@.png"),
        changed(original__path="assets/hero.png"),
        changed(areas=[]),
    ],
)
def test_a_record_may_leave_out_what_it_does_not_know(tree):
    assert sidecar.parse(json.dumps(tree).encode(), PATH).maskproof == 1


@pytest.mark.parametrize(
    ("tree", "named"),
    [
        ([], ["Expected `object`"]),
        (changed(maskproof=2), ["maskproof is 2: it must be 1"]),
        (changed(maskproof=True), ["maskproof is True"]),
        (changed(maskproof=None), ["'maskproof' is missing"]),
        (changed(origin="edit"), ["origin is 'edit': it must be 'derived' or 'edited' or 'generated'"]),
        (changed(image__sha256=IMAGE.upper()), ["image.sha256"]),
        (changed(image__sha256="md5:abc"), ["image.sha256"]),
        (changed(image__sha256=IMAGE + "\n"), ["image.sha256"]),
        (changed(image__size=[0, 5]), ["image.size is [0, 5]"]),
        (changed(image__size=[5]), ["image.size is [5]"]),
        (changed(image__size=[5, 65536]), ["image.size"]),
        (changed(image__size=[5.0, 5]), ["image.size is [5.0, 5]"]),
        (changed(original=None), ['"original" is missing']),
        (changed(original__path=""), ["original.path is ''"]),
        (changed(original__path="x" * 1025), ["original.path"]),
        (changed(mask__mode="alfa"), ["mask.mode is 'alfa'"]),
        (changed(mask__mode=None), ["'mask.mode' is missing"]),
        (changed(mask__sha256=ORIGINAL, mask__mode="white"), ["mask and original are the same file"]),
        (changed(original__path="assets/hero.png", original__sha256=IMAGE), ["image and original are the same file"]),
        (changed(parent=PATH), ["parent names this sidecar itself"]),
        (changed(transform__pad=[0, -1, 0, 0]), ["transform.pad"]),
        (changed(transform__crop=[0, 0, 0, 5]), ["transform.crop"]),
        (changed(tool__parameters=[]), ["tool.parameters is []"]),
        (changed(areas=[{"name": "a", "kind": "text"}]), ["exactly one of box and polygon"]),
        (
            changed(areas=[{"name": "a", "kind": "text", "box": [0, 0, 1, 1], "polygon": [[0, 0], [1, 0], [1, 1]]}]),
            ["exactly one of box and polygon"],
        ),
        (changed(areas=[{"name": "a", "kind": "text", "polygon": [[0, 0], [1, 1]]}]), ["at least 3 points"]),
        (changed(areas=[{"name": "a", "kind": "text", "box": [60, 0, 5, 5]}]), ["outside the original of 64 x 48"]),
        (
            changed(areas=[{"name": "a", "kind": "text", "polygon": [[0, 0], [64, 0], [9, 49]]}]),
            ["outside the original"],
        ),
        (changed(areas=[{"name": "a", "kind": "logo", "box": [0, 0, 5, 5]}]), ["areas[0].kind is 'logo'"]),
        (changed(areas=[{"name": "a", "kind": "outside-mask", "box": [0, 0, 5, 5]}]), ["kind is 'outside-mask'"]),
        (changed(areas=[{"name": "", "kind": "text", "box": [0, 0, 5, 5]}]), ["areas[0].name is ''"]),
        (changed(limits={"brand": 1}), ["'limits' is unknown"]),
        (
            changed(
                mask__path="../mask.png",
                mask__mode="alfa",
                image__size=[0, 0],
                orignal={},
                areas=[{"kind": "text", "name": 3}],
            ),
            ["image.size", "mask.mode", "areas[0].name", "'orignal' is unknown: did you mean 'original'?", "mask.path"],
        ),
    ],
)
def test_every_mistake_of_a_record_is_named(tree, named):
    found = problems(tree)
    assert len(found) == len(named), found
    for wanted in named:
        assert any(wanted in said for said in found), found


# --- paths ------------------------------------------------------------------------------------------------------

GOOD = [
    "a.png",
    "a/b/c.png",
    "...a/b.png",
    "a..b.png",
    ".hidden/a.png",
    "git/x.png",
    ".github/x.png",
    "a-b.png",
    "a b.png",
    "a/-b.png",
    "cafe\u0301.png",
    "日本.png",
    "a'b.png",
    "a[1].png",
    "a{b}.png",
    "~/a.png",
    "%2e%2e/a.png",
    "$HOME/a.png",
]
BAD = [
    "/a.png",
    "../a.png",
    "a/../b.png",
    "a/..",
    "..",
    ".",
    "./a.png",
    "a/./b.png",
    "a//b.png",
    "a/",
    "/",
    "//server/share/a.png",
    "C:/a.png",
    "C:a.png",
    "C:\\a.png",
    "\\\\server\\share\\a.png",
    "a\\..\\b.png",
    "https://example.invalid/a.png",
    "file:a.png",
    "HEAD:a.png",
    ":/a.png",
    ":(glob)a.png",
    ":!a.png",
    "a:stream.png",
    ".git/config",
    ".GIT/config",
    "a/.git/a.png",
    "git~1/a.png",
    "GIT~1/a.png",
    ".git",
    ".git./a.png",
    ".git /a.png",
    ".g\u200cit/a.png",
    "-a.png",
    "--upload-pack=x.png",
    "*.png",
    "a?.png",
    "a<b.png",
    "a>b.png",
    "a|b.png",
    'a".png',
    "a.png.",
    "a.png ",
    "a./b.png",
    "a /b.png",
    "a\0.png",
    "a\n.png",
    "a\x1b[2J.png",
    "a\x7f.png",
    "a\u202egnp.exe",
    "a\u2066.png",
    "a\u200b.png",
    "a\ufeff.png",
    "a\u2028.png",
    "a\u2029.png",
    "a\u00ad.png",
    "a\U000e0041.png",
]


@pytest.mark.parametrize("path", GOOD)
def test_plain_paths_are_accepted(path):
    assert sidecar.path_problem(path) is None


@pytest.mark.parametrize("path", BAD)
@pytest.mark.parametrize("key", ["original__path", "mask__path", "parent"])
def test_paths_that_lead_elsewhere_are_refused_in_every_key(path, key):
    assert sidecar.path_problem(path)
    (said,) = problems(changed(**{key: path}))
    assert said.startswith(key.replace("__", "."))
    assert said.isascii()
    assert said.isprintable()


PIECES = st.lists(
    st.sampled_from(["..", ".", "a", "/", "\\", ":", "C:", "-", " ", "~", ".git", "\0", "//", "é", "%", "..."])
    | st.characters(),
    max_size=8,
).map("".join)


@given(PIECES)
@settings(max_examples=400)
def test_an_accepted_path_stays_inside_the_repository_on_every_system(path):
    if not path or sidecar.path_problem(path) is not None:
        return
    for system, root in ((posixpath, "/repository"), (ntpath, "C:\\repository")):
        place = system.normpath(system.join(root, path))
        assert place.startswith(root + system.sep), place
        assert ".git" not in place.lower().split(system.sep)
        assert system.normpath(path).replace(system.sep, "/") == path


# --- writing and reading ------------------------------------------------------------------------------------------

DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
SIDES = st.integers(1, 65535)
SIZES = st.tuples(SIDES, SIDES)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
PATHS = st.lists(
    st.text("abcxyzäß_-+ ", min_size=1, max_size=6).map(lambda part: f"p{part}q"), min_size=1, max_size=4
).map("/".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
BOXES = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9), st.integers(1, 9))
AREAS = st.builds(AreaRef, name=NAMES, kind=st.sampled_from(AREA_KINDS), box=BOXES) | st.builds(
    AreaRef,
    name=NAMES,
    kind=st.sampled_from(["brand", "text"]),
    polygon=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=5),
)
RECORDS = st.builds(
    Record,
    maskproof=st.just(1),
    origin=st.just("edited"),
    image=st.builds(ImageRef, sha256=DIGESTS, size=SIZES),
    original=st.builds(
        OriginalRef, path=PATHS, sha256=DIGESTS, size=st.tuples(st.integers(18, 65535), st.integers(18, 65535))
    ),
    mask=st.none() | st.builds(MaskRef, path=PATHS, sha256=DIGESTS, mode=st.sampled_from(["alpha", "white", "black"])),
    transform=st.none() | st.builds(Transform, crop=st.none() | BOXES, pad=st.tuples(*[st.integers(0, 65535)] * 4)),
    tool=st.none()
    | st.builds(
        Tool,
        provider=st.none() | NAMES,
        model=st.none() | NAMES,
        prompt=st.none() | NAMES,
        prompt_sha256=st.none() | DIGESTS,
        parameters=st.dictionaries(NAMES, VALUES, max_size=3),
    ).filter(lambda tool: tool != Tool()),  # an empty one is not written: it says nothing
    areas=st.lists(AREAS, max_size=3),
    parent=st.none() | PATHS,
).filter(lambda record: record.mask is None or record.mask.sha256 != record.original.sha256)


@given(RECORDS)
@settings(max_examples=60)
def test_what_is_written_is_read_back(record):
    data = sidecar.render(record)
    assert sidecar.parse(data, PATH) == record
    assert sidecar.render(sidecar.parse(data, PATH)) == data
    assert sidecar.parse(data.replace(b"\n", b"\r\n"), PATH) == record
    jsonschema.validate(json.loads(data), sidecar.schema())


def sorted_all_through(value: object) -> bool:
    if isinstance(value, dict):
        return list(value) == sorted(value) and all(map(sorted_all_through, value.values()))
    return all(map(sorted_all_through, value)) if isinstance(value, list) else True


@given(RECORDS)
@settings(max_examples=30)
def test_a_record_is_written_in_one_way_only(record):
    data = sidecar.render(record)
    assert sorted_all_through(json.loads(data))
    assert data.endswith(b"}\n")
    assert b"\r" not in data
    shuffled = msgspec.json.encode(dict(reversed(json.loads(data).items())))
    assert sidecar.render(sidecar.parse(shuffled, PATH)) == data


# --- schema ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", schemas["FILES"])
def test_the_published_schemas_are_up_to_date(name):
    published = (SCHEMAS / name).read_text(encoding="utf-8")
    assert published == schemas["text"](schemas["FILES"][name]()), "run `python docs/schema/make.py`"


def test_schemas_are_written_and_valid(tmp_path):
    schemas["write"](tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(schemas["FILES"])
    for one in (sidecar.schema(), policy.schema()):
        jsonschema.Draft202012Validator.check_schema(one)


@pytest.mark.parametrize(
    "tree",
    [
        [],
        changed(maskproof=2),
        changed(origin="edit"),
        changed(image=None),
        changed(image__sha256="A" * 64),
        changed(image__size=[0, 5]),
        changed(image__size=[5]),
        changed(image__size=["5", 5]),
        changed(mask__mode="alfa"),
        changed(transform__pad=[0, -1, 0, 0]),
        changed(tool__parameters=[]),
        changed(limits={}),
        changed(areas=[{"name": "a", "kind": "logo", "box": [0, 0, 5, 5]}]),
        changed(original__path=""),
    ],
)
def test_the_schema_refuses_what_the_types_refuse(tree):
    problems(tree)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tree, sidecar.schema())


def test_a_record_that_names_its_schema_is_read_and_asks_the_same():
    named = {"$schema": sidecar.schema()["$id"], **WHOLE}
    jsonschema.validate(named, sidecar.schema())
    one, other = (sidecar.parse(json.dumps(tree).encode(), "a.png.maskproof.json") for tree in (named, WHOLE))
    assert json.loads(sidecar.render(one)) == {"$schema": named["$schema"], **json.loads(sidecar.render(other))}
    assert sidecar.digest_of(one) == sidecar.digest_of(other)


@pytest.mark.parametrize("name", sorted(schemas["FILES"]))
def test_every_schema_says_where_it_is_published(name):
    assert schemas["FILES"][name]()["$id"].endswith(f"/docs/schema/{name}")


def test_the_schema_accepts_a_whole_record():
    jsonschema.validate(WHOLE, sidecar.schema())
