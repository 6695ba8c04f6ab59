"""Hostile metadata: bounded time and memory, a clear result, and never an error that the gate does not know."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import c2pa as library
import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marked import (
    CONTAINERS,
    XMP_MORE,
    acted,
    c2pa,
    comment,
    described,
    exif,
    exif_block,
    made_by,
    manifest,
    plain,
    store,
    superbox,
    text,
    texts,
    with_jpeg,
    with_webp,
    xmp,
)
from maskproof import evidence, report
from maskproof.errors import CouldNotJudge, TooLarge
from maskproof.evidence import carriers, signatures
from maskproof.evidence import xmp as xmp_reader
from maskproof.evidence.cbor import MAX_CBOR
from maskproof.images import containers
from maskproof.images.containers import block
from pictures import box, chunk, gif, jpeg_segment, noise, png
from processes import Program
from thirdparty import rows

if TYPE_CHECKING:
    from collections.abc import Iterator

AI = made_by("trainedAlgorithmicMedia")
MEMORY = 400
"""MB that reading the marks of any file may take; an interpreter with what it has loaded takes 40"""
SECONDS = 20
"""of processor time, however busy the machine: a bound on hanging, as what is slow by its algorithm would take hours"""

ALONE = f"""
import resource, sys
from pathlib import Path
from maskproof import evidence
from maskproof.errors import CouldNotJudge

def main():
    resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    try:
        print([sign.confidence for sign in evidence.assess(data, "a picture")][:3])
    except CouldNotJudge as error:
        print(type(error).__name__)
"""


@pytest.fixture(scope="module")
def reader() -> Iterator[Program]:
    """What reads the marks of one file in a process of its own."""
    program = Program(ALONE)
    yield program
    program.end()


def alone(reader: Program, data: bytes, folder: Path) -> tuple[str, float]:
    """What a process of its own says of this file, and its peak memory in MB."""
    (folder / "file").write_bytes(data)
    ran = reader.run(str(folder / "file"))
    assert ran.status == 0, ran.stderr or f"ended by signal {-ran.status} after {ran.cpu} s of processor time"
    return ran.stdout.strip(), ran.memory


def laughs() -> bytes:
    """An XMP packet with entities that unfold to a billion letters."""
    entities = "".join(f'<!ENTITY a{at} "{f"&a{at - 1};" * 10}">' for at in range(1, 10))
    return f'<!DOCTYPE x [<!ENTITY a0 "lol">{entities}]><x>&a9;</x>'.encode()


def circle(size: int) -> str:
    """A graph whose nodes all lead to each other."""
    return json.dumps(
        {
            str(at): {"class_type": "KSamplerSave", "inputs": {"image": [str((at + 1) % size), 0], "mask": ["0", 0]}}
            for at in range(size)
        }
    )


def overlapping_exif() -> bytes:
    """512 entries whose values all are the same four megabytes, in directories that lead to each other."""
    entry = struct.pack(">HHII", 0x9286, 7, 3_900_000, 8)
    return (
        b"MM\0*" + struct.pack(">IH", 8, 512) + entry * 511 + struct.pack(">HHII", 0x8769, 4, 1, 8) + bytes(3_900_000)
    )


def deep_store(levels: int) -> bytes:
    inner = superbox(b"c2ma", "m")
    for _ in range(levels):
        inner = superbox(b"c2ma", "m", inner)
    return superbox(b"c2pa", "c2pa", inner)


def cyclic_store() -> bytes:
    """Two manifests that are each other's ingredient."""

    def one(own: str, other: str) -> bytes:
        used = {"relationship": "parentOf", "c2pa_manifest": {"url": f"self#jumbf=/c2pa/{other}"}}
        return manifest({"c2pa.ingredient": used}, label=own)

    return store(one("urn:a", "urn:b"), one("urn:b", "urn:a"))


def claim_of(raw: bytes) -> bytes:
    """A store whose claim is these bytes."""
    claim = superbox(b"c2cl", "c2pa.claim", box(b"cbor", raw))
    return superbox(b"c2pa", "c2pa", superbox(b"c2ma", "m", claim))


# --- files in a process of their own --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (png(noise(4, 4), before=text("a", "b") * 20_000), "[]"),
        (png(noise(4, 4), before=chunk(b"IDAT") * 100_000), "[]"),
        (png(noise(4, 4), before=text("parameters", "Steps: 1, Sampler: x") * 20_000), None),
        (png(noise(4, 4), before=chunk(b"prIv") * (block.MAX_BLOCKS + 1)), "TooLarge"),
        (with_jpeg(jpeg_segment(0xFE, b"") * (block.MAX_BLOCKS + 1)), "TooLarge"),
        (plain("GIF")[:-1] + b"\x21\xfe\0" * (block.MAX_BLOCKS + 1) + b";", "TooLarge"),
        (png(noise(4, 4), before=text("a", bytes(200_000_000), kind="zTXt")), "[]"),
        (png(noise(4, 4), before=text("XML:com.adobe.xmp", bytes(200_000_000), kind="iTXt, packed")), "[]"),
        (png(noise(4, 4), before=text("prompt", b"[" * 900_000)), "[]"),
        (png(noise(4, 4), before=text("prompt", b'{"a":' * 180_000)), "[]"),
        (png(noise(4, 4), before=text("parameters", b'{"a":[' + b"[]," * 300_000 + b"1]}") * 4), "[]"),
        (png(noise(4, 4), before=text("parameters", b'{"width":' + b"9" * 900_000 + b"}")), "[]"),
        (texts(("prompt", circle(10_000))), "['medium']"),
        (xmp("JPEG", laughs()), "['low']"),
        (xmp("WEBP", b"<x>" * 1_000_000), "['low']"),
        (xmp("WEBP", b"<x>" + b"<y a='1'/>" * 300_000 + b"</x>"), "['low']"),
        (xmp("WEBP", b"<x " + b" ".join(b'a%d="1"' % at for at in range(200_000)) + b"/>"), "['low']"),
        (exif("WEBP", overlapping_exif()), "[]"),
        (c2pa("WEBP", deep_store(10_000)), "['low']"),
        (c2pa("WEBP", superbox(b"c2pa", "c2pa", box(b"free") * 20_000)), "['low']"),
        (c2pa("WEBP", claim_of(b"\x81" * 900_000)), "['low']"),
        (c2pa("WEBP", claim_of(b"\x9a\x7f\xff\xff\xff")), "['low']"),
        (c2pa("WEBP", claim_of(b"\x9b" + b"\x0f" * 8)), "['low']"),
        (c2pa("WEBP", claim_of(b"\x5b" + b"\x0f" * 8 + b"abc")), "['low']"),
        (c2pa("WEBP", claim_of(b"\xa1\x61a\x9a\0\x0d\xbb\xa0" + b"\x80" * 900_000)), None),
        (c2pa("WEBP", claim_of(b"\xd8\x1c\x82\xd8\x1d\0" + b"\xd8\x1d\0")), None),
        (c2pa("WEBP", claim_of(b"\xa1\x61a\xd8\x1e\x82\x1a\x7f\xff\xff\xff\0")), None),
        (c2pa("WEBP", claim_of(b"\xa1\x61a\xc2\x5a\0\x0d\xbb\xa0" + b"\xff" * 900_000)), None),
        (c2pa("PNG", cyclic_store()), None),
        (with_webp(b"JUNK", b"x" * 8) + bytes(5_000_000), "[]"),
    ],
)
@pytest.mark.threat("T25")
def test_reading_is_bounded_in_time_and_memory(reader, data, said, tmp_path):
    found, memory = alone(reader, data, tmp_path)
    assert memory < MEMORY
    if said is not None:
        assert found == said


# --- a clear result -------------------------------------------------------------------------------------------------

WHOLE = acted(AI)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (WHOLE[:-5], "truncated"),
        (WHOLE[:40], "truncated"),
        (b"", None),
        (b"no boxes at all", "no JUMBF box|truncated"),
        (b"\0\0\0\x08free", "no JUMBF box"),
        (deep_store(20), "nested"),
        (superbox(b"c2pa", "c2pa"), "no manifest"),
        (superbox(b"c2pa", "c2pa", superbox(b"c2cm", "m")), "compressed"),
        (claim_of(b"\xff"), "CBOR"),
        (claim_of(cbor2.dumps({"a": bytes(MAX_CBOR)})), "more than 1 MB"),
        (superbox(b"c2pa", "c2pa", *(superbox(b"c2ma", "m") for _ in range(6_000))), "more than 10000 boxes"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_a_sign_of_its_own(made, why):
    signs = evidence.assess(c2pa("PNG", made), "a picture")
    if why is None:
        assert signs == ()
        return
    (sign,) = signs
    assert (sign.ai, sign.confidence, sign.source) == (None, "low", "C2PA manifest")
    assert any(one in sign.says for one in why.split("|"))
    assert evidence.is_ai(signs) is None


@pytest.mark.parametrize("value", [None, 5, "x", [], {}, [[]], {"a": {"a": {}}}, b"x", [None, 5], 2.5, True])
@pytest.mark.parametrize(
    "place", ["actions", "action", "digitalSourceType", "softwareAgent", "parameters", "url", "claim"]
)
def test_a_manifest_with_values_of_another_kind_says_less_and_does_not_break(value, place):
    action = AI | ({place: value} if place in {"action", "digitalSourceType", "softwareAgent", "parameters"} else {})
    assertions = {"c2pa.actions": value if place == "actions" else {"actions": [action, value]}}
    more = {key: value for key in ("claim_generator", "claim_generator_info", "instanceID") if place == "claim"}
    used = {"relationship": value, "dc:title": value, "instanceID": value, "c2pa_manifest": {"url": value}}
    made = store(manifest(assertions | ({"c2pa.ingredient": used} if place == "url" else {}), **more))
    evidence.assess(c2pa("PNG", made), "a picture")
    evidence.instance_ids(c2pa("PNG", made), "a picture")


def test_manifests_that_are_each_others_ingredient_are_walked_once():
    (sign,) = evidence.assess(c2pa("PNG", cyclic_store()), "a picture")[:1]
    assert sign.ai is None


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (laughs(), "no XML"),
        (b"<!DOCTYPE x SYSTEM 'http://a.b/c.dtd'><x/>", "no XML"),
        (b"<x>" * 100, "nested"),
        (b"<x><y></x>", "no XML"),
        (b"\xff\xff\xff", "no XML"),
        (b"<x a='&unknown;'/>", "no XML"),
    ],
)
def test_xmp_that_cannot_be_read_says_why(packet, why):
    (sign,) = evidence.assess(xmp("JPEG", packet), "a picture")
    assert (sign.ai, sign.confidence) == (None, "low")
    assert why in sign.says


def test_what_stands_before_the_break_still_counts():
    packet = described('i:DigitalSourceType="trainedAlgorithmicMedia"') + b"<broken"
    assert evidence.is_ai(evidence.assess(xmp("JPEG", packet), "a picture")) is True


@pytest.mark.parametrize(
    "parts",
    [
        [(100, 0, b"x" * 50)],
        [(100, 0, b"x" * 50), (100, 40, b"x" * 60)],
        [(100, 0, b"x" * 50), (99, 50, b"x" * 50)],
        [(2**32 - 1, 0, b"x" * 50)],
        [],
    ],
)
def test_parts_of_extended_xmp_that_do_not_fit_together_are_refused(parts):
    guid = "0" * 32
    segments = [guid.encode() + struct.pack(">II", whole, at) + piece for whole, at, piece in parts]
    assert xmp_reader.join_extended(segments, guid) is None
    head = b"http://ns.adobe.com/xap/1.0/\0" + described(f'n:HasExtendedXMP="{guid}"')
    data = with_jpeg(jpeg_segment(0xE1, head), *(jpeg_segment(0xE1, XMP_MORE + one) for one in segments))
    (sign,) = evidence.assess(data, "a picture")
    assert sign.confidence == "low"


def test_texts_unfold_to_a_bound_each_and_together():
    for kind in ("zTXt", "iTXt, packed"):
        one = text("a", bytes(4 * carriers.MAX_TEXT), kind=kind)
        data = png(noise(4, 4), before=one * (carriers.MAX_TEXTS // carriers.MAX_TEXT))
        found = carriers.collect(containers.blocks(data, "a picture"), data, "a picture", None).texts
        assert {len(one.text) for one in found} == {carriers.MAX_PROSE}
        with pytest.raises(TooLarge, match="unfolds to more than can be read"):
            evidence.assess(png(noise(4, 4), before=one * 40), "a picture")


def test_a_graph_that_unfolds_to_more_than_is_read_is_not_called_clean():
    for value in (b" " * 2 * carriers.MAX_TEXT, b'{"1": "' + b"x" * carriers.MAX_TEXT):
        with pytest.raises(TooLarge, match="what it says of AI is not known"):
            evidence.assess(png(noise(4, 4), before=text("prompt", value, kind="zTXt")), "a picture")


@pytest.mark.parametrize(
    "data", [b"", b"a", b"a\0", b"a\0\0", b"\0\0\0\0\0", b"a\0\0no zlib", b"\xff\xfe\0\1\0\0\0\xff"]
)
@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"eXIf"])
def test_broken_texts_are_empty_and_no_error(kind, data):
    assert evidence.assess(png(noise(4, 4), before=chunk(kind, data)), "a picture") == ()


@pytest.mark.parametrize(
    "words",
    [
        "Steps: 1, " * 90_000,
        "Steps: " + "1" * 900_000,
        "digitalsourcetype/" * 50_000,
        "Sampler: " * 90_000,
        "Mask blur" * 90_000,
        "https://s.mj.run/" * 50_000,
        "Job ID: " * 100_000,
        "\nexif\n1\n" + "a " * 400_000,
        '"' + "a" * 900_000,
        "prompt" + " " * 900_000,
        '{"AIGC":' * 100_000,
    ],
)
def test_no_text_is_slow_to_search(words):
    # With nested repetition in a search any of these would outlive the run.
    packed = zlib.compress(words.encode())
    keys = ("parameters", "Description", "Comment", "prompt", "Dream", "Raw profile type exif", "UserComment")
    data = png(noise(4, 4), before=b"".join(chunk(b"zTXt", key.encode() + b"\0\0" + packed) for key in keys))
    assert evidence.is_ai(evidence.assess(data, "a picture")) is not True


def test_blocks_are_counted_and_pieces_of_pixels_by_a_limit_of_their_own():
    assert containers.blocks(png(noise(4, 4), before=text("a", "b") * 20_000), "a picture")
    pieces = png(noise(4, 4), before=chunk(b"IDAT") * (block.MAX_BLOCKS + 1))
    assert containers.blocks(pieces, "a picture")
    with pytest.raises(TooLarge, match="blocks"):
        containers.blocks(png(noise(4, 4), before=chunk(b"IDAT") * (block.MAX_PIECES + 1)), "a picture")
    with pytest.raises(TooLarge, match="blocks"):
        containers.blocks(png(noise(4, 4), before=chunk(b"prIv") * (block.MAX_BLOCKS + 1)), "a picture")


def test_a_neighbour_that_is_no_metadata_is_left_alone():
    files = {"a.xmp": bytes(carriers.MAX_TRAILER + 1), "a.c2pa": b"", "a.png.xmp": None}
    assert evidence.assess(plain("PNG"), "a.png", files.get) == ()


@pytest.mark.parametrize("row", rows("badinputs/badinputs.csv", lambda row: not row["file"].endswith(".json")))
def test_bad_files_of_other_projects_raise_nothing_new(row):
    unharmed(Path(row["path"]).read_bytes())


# --- laws -----------------------------------------------------------------------------------------------------------

MARKED = {
    **{f"C2PA in {kind}": c2pa(kind, WHOLE) for kind in CONTAINERS},
    **{
        f"XMP in {kind}": xmp(kind, described('i:DigitalSourceType="x" m:InstanceID="a-long-enough-id"'))
        for kind in CONTAINERS
    },
    **{
        f"EXIF in {kind}": exif(kind, exif_block({0x9286: comment("Steps: 1, Seed: 1")}))
        for kind in ("PNG", "JPEG", "AVIF")
    },
    "raw profile": exif("PNG, raw profile", exif_block({0x9286: comment("Steps: 1, Seed: 1")})),
    "graph": texts(("prompt", circle(4))),
    "frames": gif([0, 1, 2, 3], (2, 2)),
}


def unharmed(data: bytes) -> None:
    """All that reads marks, on bytes that may be anything."""
    try:
        evidence.assess(data, "a/picture.png", {"a/picture.xmp": data, "a/picture.c2pa": data}.get)
        evidence.manifest(data, "a picture")
        evidence.instance_ids(data, "a picture")
        evidence.writer(data, "a picture")
    except CouldNotJudge:
        pass


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_change_of_a_marked_file_raises_anything_new(data):
    whole = bytearray(MARKED[data.draw(st.sampled_from(sorted(MARKED)))])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        how = data.draw(st.sampled_from(["flip", "cut", "double", "fill"]))
        if how == "flip":
            whole[at] ^= 1 << data.draw(st.integers(0, 7))
        elif how == "fill":
            whole[at : at + 4] = data.draw(st.sampled_from([b"\xff\xff\xff\xff", bytes(4), b"\0\0\0\1"]))
        elif how == "cut":
            del whole[at : at + data.draw(st.integers(1, 40))]
        else:
            whole[at:at] = whole[at : at + data.draw(st.integers(1, 40))]
        if not whole:
            break
    unharmed(bytes(whole))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=120))
def test_any_metadata_is_read_without_an_error(data):
    for kind in CONTAINERS:
        unharmed(c2pa(kind, data))
        unharmed(xmp(kind, data))
    for kind in ("PNG", "JPEG", "WEBP", "AVIF"):
        evidence.assess(exif(kind, data), "a picture")
    evidence.assess(with_jpeg(jpeg_segment(0xED, b"Photoshop 3.0\0" + data)), "a picture")
    evidence.assess(plain("PNG") + b"PEg_Info" + data, "a picture")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NODES = st.dictionaries(
    st.sampled_from(["1", "2", "3", "nodes", "links"]),
    st.fixed_dictionaries(
        {
            "class_type": st.sampled_from(["KSampler", "SaveImage", "LoadImage", "EmptyLatentImage", "VAEDecode", ""]),
            "inputs": st.dictionaries(
                st.sampled_from(["image", "images", "mask", "samples", "width", "height", "latent_image"]),
                JSON | st.tuples(st.sampled_from(["1", "2", "3"]), st.integers(0, 2)),
                max_size=4,
            )
            | JSON,
        }
    )
    | JSON,
    max_size=5,
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["prompt", "workflow", "parameters", "invokeai_metadata", "sd-metadata", "Comment", "AIGC"]),
    NODES
    | st.dictionaries(st.sampled_from(["sui_image_params", "AIGC", "Label", "prompt", "base_model", "image"]), JSON),
)
def test_any_json_is_read_without_an_error(key, tree):
    evidence.assess(texts((key, json.dumps(tree))), "a picture")


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(["actions", "a", "url"]), JSON | st.binary(max_size=8), max_size=3))
def test_any_assertion_is_read_without_an_error(value):
    made = manifest({"c2pa.actions": value, "c2pa.ingredient": value, "com.adobe.generative-ai": value})
    evidence.assess(c2pa("PNG", store(made)), "a picture")


@pytest.mark.parametrize("error", [library.C2paError, KeyError, ValueError, TypeError])
def test_verifying_never_raises_whatever_the_library_does(monkeypatch, error):
    def refuse(*_: object, **__: object) -> None:
        raise error("anything")

    monkeypatch.setattr(library, "Reader", refuse)
    signs = evidence.assess(c2pa("PNG", WHOLE), "a picture")
    assert [(sign.ai, sign.signed, sign.confidence) for sign in signs] == [(True, None, "medium"), (None, None, "low")]
    assert "cannot be checked" in signs[1].says
    assert "were not verified" not in report.text.signals(signs)
    assert signatures.verify(c2pa("PNG", WHOLE), "PNG") is None
