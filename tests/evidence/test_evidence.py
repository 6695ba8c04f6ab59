"""Evidence: what real files say, where each format keeps its marks, and what all signs say together."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from marked import (
    CONTAINERS,
    acted,
    app11,
    c2pa,
    comment,
    described,
    exif,
    exif_block,
    extended_xmp,
    iptc,
    made_by,
    manifest,
    plain,
    store,
    text,
    texts,
    with_jpeg,
    xmp,
)
from maskproof import evidence
from maskproof.errors import CouldNotJudge, TooLarge, Unreadable
from maskproof.evidence import signatures
from maskproof.evidence.exif import texts as exif_texts
from maskproof.images import containers, decode
from maskproof.model import Evidence
from pictures import SIGNATURE, chunk, header, jpeg_segment, noise, png, saved, smooth
from signing import ROOT, signed_png
from thirdparty import SHARED, rows

A1111 = "a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 16x16"
PACKET = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 i:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/{}"/></rdf:RDF></x:xmpmeta>"""
AI_PACKET = PACKET.format("trainedAlgorithmicMedia").encode()
AI_STORE = acted(made_by("trainedAlgorithmicMedia", softwareAgent="a model"))


def assess(data: bytes) -> tuple[Evidence, ...]:
    return evidence.assess(data, "a picture")


# --- other people's files -------------------------------------------------------------------------------------------

STRIPPED = "none/other"
"""the label of files in which no mark was found by any tool"""
GENERATORS = {
    "adobe": "Adobe Firefly",
    "bfl_flux": "Flux",
    "civitai": "Civitai",
    "comfyui": "ComfyUI",
    "microsoft": "Image Creator",
    "openai": "gpt-image",
    "sd_AUTOMATIC1111": "Stable Diffusion web UI",
    "sd_ComfyUI": "ComfyUI",
    "sd_Fooocus": "Fooocus",
    "sd_InvokeAI": "InvokeAI",
    "sd_NovelAI": "NovelAI",
    "sd_forge": "Forge",
    "sd_next": "SD.Next",
    "sd_swarmui": "SwarmUI",
}
"""what the label's generator is called in the file; of the others the file names a device or a code"""


@pytest.mark.parametrize("row", rows("provenance/provenance.csv"))
def test_real_files_say_what_their_labels_say(row):
    signs = assess(Path(row["path"]).read_bytes())
    marked = row["metadata"] != STRIPPED
    assert (evidence.is_ai(signs) is True) == (row["is_ai"] == "yes" and marked)
    assert (evidence.is_edit(signs) is True) == (row["is_edit"] == "yes" and marked)
    if not marked:
        assert evidence.is_ai(signs) is None
    for sign in signs:
        assert sign.source
        assert sign.says
        assert sign.confidence in {"high", "medium", "low"}


@pytest.mark.parametrize("row", rows("provenance/provenance.csv", lambda row: "SCREENSHOT" in row["note"]))
def test_a_workflow_pasted_into_a_screenshot_has_low_confidence_at_most(row):
    signs = assess(Path(row["path"]).read_bytes())
    assert signs
    assert {sign.confidence for sign in signs} == {"low"}


@pytest.mark.parametrize(
    "row",
    rows(
        "provenance/provenance.csv",
        lambda row: row["is_ai"] == "yes" and row["metadata"] != STRIPPED and row["generator"] in GENERATORS,
    ),
)
def test_the_generator_of_real_files_is_named(row):
    found = evidence.generator(assess(Path(row["path"]).read_bytes()))
    names = {"reForge", "Forge"} if row["generator"] == "sd_forge" else {GENERATORS[row["generator"]]}
    assert any(name in (found or "") for name in names)


@pytest.mark.parametrize("row", rows("provenance/provenance.csv", lambda row: row["names_parent_or_mask"] != "no"))
def test_the_parent_of_real_files_is_named(row):
    signs = assess(Path(row["path"]).read_bytes())
    wanted = row["names_parent_or_mask"]
    found = [sign.parent for sign in signs if sign.parent]
    if wanted.startswith("parent filename "):
        assert found == [wanted.split()[2]]
    else:
        assert found
    masks = [sign.mask for sign in signs if sign.mask]
    assert masks == (["its alpha"] if "its alpha" in wanted else [])


@pytest.mark.parametrize(
    ("file", "program"),
    [
        ("openai_stripped/pip-cafe.png", "ImageMagick"),
        ("photoshop_nonai/sample1_exif.png", "ImageMagick"),
        ("photoshop_nonai/earth_apollo17.jpg", "Photoshop"),
        ("camera_exif/IMG_0003_canon.jpg", "Lightroom"),
        ("gimp_resaved/gimp.webp", "GIMP"),
        ("openai/chatgpt-imagegen_xiaohei.png", None),
        ("derived/chatgpt_pil_reencoded.webp", None),
        ("c2pa_nonai/ms_cards_expired_without_timestamp.jpg", None),
    ],
)
def test_the_program_that_wrote_a_real_file_is_named_where_it_shows(file, program):
    path = SHARED / "provenance" / file
    if not path.is_file():
        pytest.skip("the third-party data is not beside this checkout")
    assert evidence.writer(path.read_bytes(), "a picture") == program


# --- carriers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*CONTAINERS, "PNG, packed", "PNG, late", "PNG, raw profile"])
def test_xmp_is_found_in_every_format(kind):
    data = xmp(kind, AI_PACKET)
    assert evidence.is_ai(assess(data)) is True
    assert [sign.source for sign in assess(data)] == ["XMP"]


@pytest.mark.parametrize("size", [100, 1000])
def test_extended_xmp_is_put_together_from_its_parts(size):
    assert evidence.is_ai(assess(extended_xmp(AI_PACKET, size=size))) is True


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_extended_xmp_with_a_missing_part_says_so(missing):
    (sign,) = assess(extended_xmp(AI_PACKET, without=missing))
    assert (sign.ai, sign.confidence) == (None, "low")
    assert "missing" in sign.says


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_xmp_is_read_in_every_encoding(encoding):
    assert evidence.is_ai(assess(xmp("JPEG", AI_PACKET.decode().encode(encoding)))) is True


@pytest.mark.parametrize("kind", [*CONTAINERS, "PNG, late"])
def test_a_manifest_is_found_in_every_format(kind):
    data = c2pa(kind, AI_STORE)
    signs = assess(data)
    assert evidence.is_ai(signs) is True
    assert evidence.generator(signs) == "a model"
    assert evidence.manifest(data, "a picture") == AI_STORE
    assert evidence.manifest(plain(kind.split(",")[0]), "a picture") is None


@pytest.mark.parametrize("order", [1, -1])
def test_a_manifest_in_several_jpeg_segments_is_one_whatever_their_order(order):
    other = app11(AI_STORE.replace(b"c2pa", b"abcd"), 50, number=7)
    data = with_jpeg(*other, *app11(AI_STORE, 50)[::order])
    assert evidence.manifest(data, "a picture") == AI_STORE
    assert evidence.is_ai(assess(data)) is True


@pytest.mark.parametrize(
    "kind", ["PNG", "PNG, late", "PNG, raw profile", "JPEG", "WEBP", "WEBP, prefixed", "AVIF", "HEIC"]
)
@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("code", ["utf-16-be", "utf-16-le", "utf-16", "ascii"])
def test_a_user_comment_is_found_in_every_format_and_letter(kind, order, code):
    signs = assess(exif(kind, exif_block({0x9286: comment(A1111, code)}, order)))
    assert [(sign.source, sign.ai) for sign in signs] == [("EXIF UserComment", True)]


WORDS = "\u96e8: a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 16x16"


@pytest.mark.parametrize(
    "value",
    [
        WORDS.encode(),
        b"ASCII\0\0\0" + WORDS.encode(),
        b"UNICODE\0" + WORDS.encode(),
        b"UNICODE\0" + WORDS.encode() + b"\0",
        b"UTF-8\0\0\0" + WORDS.encode(),
        b"UTF8\0\0\0\0" + WORDS.encode(),
        bytes(8) + WORDS.encode(),
        b"UNICODE\0" + WORDS.encode("utf-16-le"),
        b"UNICODE\0" + WORDS.encode("utf-16-be"),
    ],
)
def test_a_user_comment_is_read_whatever_it_calls_its_letters(value):
    assert evidence.is_ai(assess(exif("JPEG", exif_block({0x9286: value})))) is True


def test_two_byte_letters_without_a_zero_are_not_taken_for_utf8():
    words = "\u7384" * 40
    block = exif_block({0x9286: b"UNICODE\0" + words.encode("utf-16-le")}, "<")
    assert exif_texts(containers.read(plain("JPEG"), "x"), block) == [("UserComment", words)]


def test_a_tiff_is_its_own_exif_block():
    data = saved(noise(16, 16), "TIFF", exif=exif_block({0x9286: comment(A1111)}), tiffinfo={305: "NovelAI"})
    assert evidence.is_ai(assess(data)) is True


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "iTXt, packed"])
@pytest.mark.parametrize("where", ["before", "after"])
def test_a_text_is_found_in_every_chunk_on_both_sides_of_the_pixels(kind, where):
    data = png(noise(16, 16), **{where: text("parameters", A1111, kind=kind)})
    assert [sign.source for sign in assess(data)] == ["PNG text `parameters`"]


def test_gif_comments_and_jpeg_comments_are_read():
    data = plain("GIF")[:-1] + b"\x21\xfe" + bytes([len(A1111)]) + A1111.encode() + b"\0;"
    assert [sign.source for sign in assess(data)] == ["GIF comment"]
    assert [sign.source for sign in assess(with_jpeg(jpeg_segment(0xFE, A1111.encode())))] == ["JPEG comment"]


@pytest.mark.parametrize(("number", "ai"), [(110, True), (115, True), (120, None)])
def test_iptc_credits_are_read_and_captions_are_not(number, ai):
    assert evidence.is_ai(assess(iptc(number, "Made with Google AI"))) is ai


@pytest.mark.parametrize(
    ("name", "beside", "source"),
    [
        ("a/hero.png", {"a/hero.png.xmp": AI_PACKET}, "XMP file a/hero.png.xmp"),
        ("a/hero.png", {"a/hero.xmp": AI_PACKET}, "XMP file a/hero.xmp"),
        ("a.b/hero", {"a.b/hero.xmp": AI_PACKET}, "XMP file a.b/hero.xmp"),
        ("a/hero.png", {"a/hero.c2pa": AI_STORE}, "C2PA file a/hero.c2pa"),
        ("a/hero.png", {"a/hero.png.c2pa": AI_STORE}, "C2PA file a/hero.png.c2pa"),
    ],
)
def test_files_beside_the_image_are_read(name, beside, source):
    signs = evidence.assess(plain("PNG"), name, beside.get)
    assert evidence.is_ai(signs) is True
    assert signs[0].source == source
    assert evidence.assess(plain("PNG"), name, {"b/hero.xmp": AI_PACKET}.get) == ()


def test_the_bytes_between_are_not_searched():
    # Names in pixels, in comments or behind the end of the picture are no marks.
    name = b"digitalsourcetype/trainedAlgorithmicMedia com.adobe.generative-ai TC260:AIGC " + A1111.encode()
    for data in (plain("PNG") + name, png(noise(4, 4), before=chunk(b"tEXt", b"Title\0" + name))):
        assert evidence.is_ai(assess(data)) is None


@pytest.mark.parametrize("kind", CONTAINERS)
def test_a_plain_picture_says_nothing(kind):
    assert assess(plain(kind)) == ()
    assert evidence.instance_ids(plain(kind), "a picture") == frozenset()


def test_heic_is_read_for_its_marks_without_a_reader():
    container = containers.blocks(plain("HEIC"), "a picture")
    assert container.format == "HEIC"
    for walked in (None, container):
        with pytest.raises(Unreadable, match=r"cannot be judged|names no picture"):
            decode.decode(plain("HEIC"), "a picture", walked)


def test_a_file_that_cannot_be_walked_is_refused_and_not_called_clean():
    with pytest.raises(Unreadable):
        assess(plain("PNG")[:-6])
    with pytest.raises(TooLarge):
        assess(SIGNATURE + header(60000, 60000, 8, 2) + chunk(b"IEND"))


def test_pixels_are_checked_where_they_are_decoded_and_not_for_marks():
    data = SIGNATURE + header(4, 4, 8, 2) + text("parameters", A1111) + chunk(b"IDAT", b"no zlib") + chunk(b"IEND")
    assert assess(data)
    with pytest.raises(Unreadable):
        decode.decode(data, "a picture")


# --- ids ------------------------------------------------------------------------------------------------------------


def test_ids_of_xmp_and_of_the_active_manifest_lead_from_an_edit_to_its_parent():
    old = manifest({}, label="urn:uuid:another-manifest", instanceID="xmp:iid:of-another-manifest")
    parent = c2pa("PNG", store(old, manifest({})))
    assert evidence.instance_ids(parent, "p") == {"urn:uuid:a-manifest-of-a-test", "xmp:iid:the-instance-of-a-test"}
    used = {"dc:title": "p.png", "instanceID": "xmp:iid:the-instance-of-a-test", "relationship": "parentOf"}
    edit = c2pa("PNG", acted({"action": "c2pa.opened"}, {"action": "c2pa.cropped"}, ingredients=[used]))
    assert evidence.parent(assess(edit)) in evidence.instance_ids(parent, "p")
    ids = 'm:InstanceID="xmp.iid:{0}-0123456789" m:DocumentID="xmp.did:{0}-0123456789"'
    first = xmp("JPEG", described(ids.format("first")))
    second = xmp("JPEG", described(ids.format("second"), '<m:DerivedFrom s:instanceID="xmp.iid:first-0123456789"/>'))
    assert evidence.instance_ids(first, "f") == {"xmp.iid:first-0123456789", "xmp.did:first-0123456789"}
    assert evidence.parent(assess(second)) in evidence.instance_ids(first, "f")


def test_an_id_that_every_file_of_a_writer_has_is_none():
    assert evidence.instance_ids(c2pa("PNG", store(manifest({}, label="m", instanceID="1.0"))), "p") == frozenset()


# --- signatures -----------------------------------------------------------------------------------------------------


def test_an_intact_signature_makes_a_sign_sure_and_says_who_is_not_trusted():
    signs = assess(signed_png())
    assert [(sign.ai, sign.signed, sign.confidence) for sign in signs] == [(True, True, "high"), (None, True, "high")]
    assert "signature intact" in signs[1].says
    assert "not on a trust list" in signs[1].says


def test_a_trust_list_answers_the_other_question():
    found = signatures.verify(signed_png(), "PNG", anchors=ROOT)
    assert found is not None
    assert (found.intact, found.distrusted) == (True, ())


def test_a_file_changed_after_signing_is_told_from_an_untrusted_signer():
    data = signed_png()
    changed = data.replace(text("Title", "before"), text("Title", "behind"))
    assert changed != data
    signs = assess(changed)
    assert evidence.is_ai(signs) is True
    assert {sign.signed for sign in signs} == {False}
    assert {sign.confidence for sign in signs} == {"medium"}
    assert "changed after signing" in signs[1].says


@pytest.mark.parametrize(
    ("file", "intact"), [("CA.jpg", True), ("XCA.jpg", False), ("E-sig-CA.jpg", False), ("CACA.jpg", True)]
)
def test_signatures_of_real_files(file, intact):
    path = SHARED / "provenance" / "c2pa_nonai" / file
    if not path.is_file():
        pytest.skip("the third-party data is not beside this checkout")
    assert {sign.signed for sign in assess(path.read_bytes())} == {intact}


def test_an_unsigned_manifest_is_broken_and_still_says_what_it_says():
    signs = assess(c2pa("PNG", AI_STORE))
    assert evidence.is_ai(signs) is True
    assert True not in {sign.signed for sign in signs}


def test_without_the_extra_nothing_breaks_and_the_reader_is_told(monkeypatch):
    from maskproof import report

    monkeypatch.setattr(signatures, "available", lambda: False)
    signs = assess(signed_png())
    assert [(sign.ai, sign.signed, sign.confidence) for sign in signs] == [(True, None, "medium")]
    assert report.text.signals(signs).count("Signatures were not verified") == 1
    assert "Signatures" not in report.text.signals(assess(texts(("parameters", A1111))))


# --- what it costs and what it touches ------------------------------------------------------------------------------

ALONE = """
import socket, sys

def refuse(*_, **__):
    raise AssertionError("a socket was asked for")

socket.socket = socket.create_connection = socket.getaddrinfo = refuse
sys.modules["PIL"] = None  # an import of it raises
from maskproof import evidence
for line in sys.stdin:
    data = open(line.strip(), "rb").read()
    evidence.assess(data, "a picture")
    evidence.writer(data, "a picture")
    evidence.instance_ids(data, "a picture")
print(sorted({"PIL._imaging", "numpy"} & set(sys.modules)), "c2pa" in sys.modules)
"""


def alone(*files: Path) -> str:
    names = "\n".join(map(str, files))
    done = subprocess.run([sys.executable, "-c", ALONE], input=names, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_marks_are_read_without_a_socket_and_without_a_decoder(tmp_path):
    files = {kind: c2pa(kind, AI_STORE) for kind in CONTAINERS} | {
        "XMP": xmp("JPEG", AI_PACKET),
        "signed": signed_png(),
    }
    files["remote"] = xmp("JPEG", described('t:provenance="https://example.com/manifest.c2pa"'))
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert alone(*(tmp_path / name for name in files)) == "[] True"


def test_a_picture_without_a_manifest_does_not_load_what_verifies_manifests(tmp_path):
    (tmp_path / "a").write_bytes(texts(("parameters", A1111)))
    assert alone(tmp_path / "a") == "[] False"


@pytest.mark.parametrize("row", rows("provenance/provenance.csv", lambda row: row["file"] == "c2pa_nonai/CA.jpg"))
def test_real_files_need_no_socket_either(row):
    folder = Path(row["path"]).parent.parent
    assert alone(*sorted(folder.glob("*/*.*"))) == "[] True"


# --- one file, through the command line -----------------------------------------------------------------------------


def explained(*arguments: str, cwd: Path) -> str:
    command = [sys.executable, "-m", "maskproof", "explain", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_explain_prints_what_marks_and_neighbours_say(tmp_path):
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "room.png"}},
        "2": {"class_type": "VAEEncodeForInpaint", "inputs": {"pixels": ["1", 0], "mask": ["1", 1]}},
        "3": {"class_type": "KSampler", "inputs": {"latent_image": ["2", 0]}},
        "4": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0]}},
        "5": {"class_type": "SaveImage", "inputs": {"images": ["4", 0]}},
    }
    (tmp_path / "a.png").write_bytes(texts(("prompt", json.dumps(graph))))
    (tmp_path / "a.xmp").write_bytes(PACKET.format("compositeWithTrainedAlgorithmicMedia").encode())
    found = json.loads(explained("a.png", "--format", "json", cwd=tmp_path))
    assert {key: found[key] for key in ("ai", "edit", "generator", "parent", "mask")} == {
        "ai": True,
        "edit": True,
        "generator": "ComfyUI",
        "parent": "room.png",
        "mask": "its alpha",
    }
    assert [one["source"] for one in found["evidence"]] == ["XMP file a.xmp", "PNG text `prompt`"]
    said = explained("a.png", cwd=tmp_path)
    assert said.startswith(
        "Its metadata says that ComfyUI made it from 'room.png', through the mask in its alpha (PNG text `prompt`).\n"
    )


def hidden_bits(samples, payload: bytes, *, plane: slice):
    """The picture with these bytes in its lowest bits, column after column."""
    import numpy as np

    bits = np.unpackbits(np.frombuffer(payload, np.uint8))
    turned = samples.transpose(1, 0, 2).copy()
    flat = turned[..., plane].reshape(-1).copy()
    flat[: len(bits)] = flat[: len(bits)] & 254 | bits
    turned[..., plane] = flat.reshape(turned[..., plane].shape)
    return turned.transpose(1, 0, 2)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(("where", "plane"), [("png", slice(3, 4)), ("rgb", slice(0, 3))])
def test_marks_hidden_in_pixels_are_found_when_asked(tmp_path, where, plane, packed):
    import gzip

    import numpy as np

    words = json.dumps({"Software": "NovelAI", "Comment": json.dumps({"prompt": "x", "noise_schedule": "karras"})})
    body = gzip.compress(words.encode()) if packed else words.encode()
    length = (8 * len(body)).to_bytes(4, "big")
    payload = f"stealth_{where}{'comp' if packed else 'info'}".encode() + length + body
    samples = np.dstack([noise(40, 56), np.full((56, 40), 254, np.uint8)])
    (tmp_path / "a.png").write_bytes(png(hidden_bits(samples, payload, plane=plane)))
    assert json.loads(explained("a.png", "--format", "json", cwd=tmp_path))["ai"] is None
    found = json.loads(explained("a.png", "--stealth", "--format", "json", cwd=tmp_path))
    assert (found["ai"], found["generator"]) == (True, "NovelAI")


def test_nothing_is_found_in_pixels_that_hide_nothing():
    import numpy as np

    assert evidence.hidden(noise(64, 64), np.full((64, 64), 254, np.uint8)) == ()
    assert evidence.hidden(noise(1, 1), None) == ()


def test_hidden_data_that_is_cut_short_is_still_a_sign():
    import numpy as np

    samples = np.dstack([noise(8, 40), np.full((40, 8), 254, np.uint8)])
    made = hidden_bits(samples, b"stealth_pngcomp" + b"\xff\xff\xff\xff" + b"no gzip", plane=slice(3, 4))
    (sign,) = evidence.hidden(made[..., :3], made[..., 3])
    assert sign.ai is True


# --- the program that wrote a file ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "program"),
    [
        (texts(("Software", "Adobe ImageReady")), "Adobe ImageReady"),
        (texts(("Software", "www.inkscape.org")), "www.inkscape"),
        (texts(("date:create", "2026-01-01"), ("date:modify", "2026-01-01")), "ImageMagick"),
        (texts(("date:create", "2026"), ("date:modify", "2026"), ("Software", "GIMP 3")), "ImageMagick"),
        (texts(("Comment", "Created with GIMP")), "GIMP"),
        (texts(("Comment", "a figma of a canva, photoshop style")), None),
        (texts(("Comment", "photoshop")), None),
        (with_jpeg(jpeg_segment(0xFE, b"CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 90")), "GD"),
        (with_jpeg(jpeg_segment(0xFE, b"Lavc58.91.100")), "FFmpeg"),
        (exif("WEBP", exif_block({0x0131: b"GIMP 3.0.6"})), "GIMP"),
        (exif("JPEG", exif_block({0x0131: b"17.3"})), None),
        (exif("JPEG", exif_block({0x0131: b"Adobe Photoshop 26.0 (Windows)"})), "Photoshop"),
        (png(noise(4, 4), before=chunk(b"iDOT", bytes(28))), "Apple ImageIO"),
        (saved(smooth(16, 16), "JPEG", quality=75), None),
        (saved(smooth(16, 16), "JPEG", quality=75, progressive=True), None),
        (plain("WEBP"), None),
    ],
)
def test_the_writer_is_named_only_where_the_file_shows_it(data, program):
    assert evidence.writer(data, "a picture") == program


@pytest.mark.parametrize("quality", [30, 50, 75, 85])
def test_mozjpeg_is_known_by_its_one_table(quality):
    from maskproof.evidence.writers import ROBIDOUX

    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    table = [min(max((one * scale + 50) // 100, 1), 255) for row in ROBIDOUX for one in row]
    assert evidence.writer(saved(smooth(16, 16), "JPEG", qtables=[table, table]), "a") == "mozjpeg"
    other = saved(smooth(16, 16), "JPEG", qtables=[table, [one // 2 + 1 for one in table]])
    assert evidence.writer(other, "a") is None


# --- what signs say together ----------------------------------------------------------------------------------------


def sign(ai: bool | None, edit: bool | None = None, confidence: str = "medium", **more: str) -> Evidence:
    return Evidence("somewhere", "something", ai=ai, edit=edit, confidence=confidence, **more)


@pytest.mark.parametrize(
    ("signs", "ai"),
    [
        ((), None),
        ((sign(None),), None),
        ((sign(False),), False),
        ((sign(True),), True),
        ((sign(False), sign(True)), True),
        ((sign(None), sign(False)), False),
        ((sign(True, confidence="low"),), None),
        ((sign(True, confidence="low"), sign(False)), False),
    ],
)
def test_one_sign_of_ai_is_enough_and_contradicted_ones_do_not_count(signs, ai):
    assert evidence.is_ai(signs) is ai
    assert evidence.is_edit(tuple(sign(None, one.ai, one.confidence) for one in signs)) is ai


def test_names_come_from_the_signs_that_say_most():
    signs = (
        sign(None, generator="a camera", parent="its document"),
        sign(True, generator="low", parent="low", mask="low", confidence="low"),
        sign(True, generator="a model"),
        sign(True, True, parent="room.png", mask="its alpha"),
    )
    assert (evidence.generator(signs), evidence.parent(signs), evidence.mask(signs)) == (
        "a model",
        "room.png",
        "its alpha",
    )
    assert evidence.generator(()) is evidence.parent(()) is evidence.mask(()) is None


def test_every_error_of_a_file_is_one_that_the_gate_knows():
    for data in (b"", b"\x89PNG", plain("JPEG")[:40], plain("AVIF")[:60]):
        with pytest.raises(CouldNotJudge):
            assess(data)
