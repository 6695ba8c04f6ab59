"""Evidence: where marks of AI are found, what counts as one, and that no mark can hurt the reader."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskproof import containers, evidence
from maskproof.errors import TooLarge, Unreadable
from maskproof.evidence import carriers
from maskproof.model import Evidence
from pictures import SIGNATURE, box, chunk, header, jpeg_segment, noise, png, saved, smooth
from thirdparty import rows

PLAIN = png(noise(4, 4))
JPEG = saved(smooth(16, 16), "JPEG")
WEBP = saved(noise(4, 4), "WEBP", lossless=True)
AVIF = saved(smooth(16, 16), "AVIF")
XMP = "<x:xmpmeta><Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/{}</x:xmpmeta>"
A1111 = "a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1"


def is_ai(data: bytes) -> bool | None:
    return evidence.is_ai(evidence.assess(data, "a picture"))


def is_edit(data: bytes) -> bool | None:
    return evidence.is_edit(evidence.assess(data, "a picture"))


def with_jpeg(*segments: bytes) -> bytes:
    return JPEG[:2] + b"".join(segments) + JPEG[2:]


def with_webp(kind: bytes, data: bytes) -> bytes:
    body = WEBP[8:] + kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def international(key: bytes, text: bytes, *, packed: bool = False) -> bytes:
    return chunk(b"iTXt", key + b"\0" + bytes([packed, 0]) + b"\0\0" + (zlib.compress(text) if packed else text))


def c2pa(kind: str, data: bytes) -> bytes:
    """A file of each format that carries these bytes as its manifest."""
    return {
        "PNG": lambda: png(noise(4, 4), before=chunk(b"caBX", data)),
        "JPEG": lambda: with_jpeg(jpeg_segment(0xEB, b"JP\0\1\0\0\0\1" + data)),
        "WEBP": lambda: with_webp(b"C2PA", data),
        "AVIF": lambda: AVIF + box(b"uuid", carriers.C2PA_UUID + data),
    }[kind]()


def xmp(kind: str, packet: bytes) -> bytes:
    """A file of each format that carries these bytes as its XMP packet."""
    return {
        "PNG": lambda: png(noise(4, 4), before=international(b"XML:com.adobe.xmp", packet)),
        "PNG, packed": lambda: png(noise(4, 4), before=international(b"XML:com.adobe.xmp", packet, packed=True)),
        "JPEG": lambda: with_jpeg(jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)),
        "WEBP": lambda: with_webp(b"XMP ", packet),
        "TIFF": lambda: saved(noise(4, 4), "TIFF", tiffinfo={700: packet}),
    }[kind]()


# --- other people's files -----------------------------------------------------------------------------------------

FOUND = {
    "adobe/composite-dst.jpg",
    "adobe/firefly-1.jpg",
    "adobe/firefly_photoshop_ocsp.jpg",
    "adobe/genai-actions-v2.jpg",
    "bfl_flux/flux-1.jpg",
    "civitai/civitai.jpeg",
    "comfyui/flux_fill_inpaint_example.png",
    "comfyui/inpain_model_cat.png",
    "openai/chatgpt-imagegen_xiaohei.png",
    "samsung/samsung_gray_1.png",
    "sd_AUTOMATIC1111/sd-webui.jpg",
    "sd_AUTOMATIC1111/sd-webui.webp",
    "sd_ComfyUI/noisy_latents_3_subjects_cropped.png",
    "sd_ComfyUI/unclip_2pass_cropped.png",
    "sd_forge/forge-neo.jpeg",
    "sd_forge/reforge.png",
    "sd_next/sd-next-en.png",
    "tc260/doubao_gray_1x1_1.png",
}
"""AI files whose marks are read so far; the others carry none, or marks of tools without a vocabulary yet"""


@pytest.mark.parametrize(
    "row", rows("provenance/provenance.csv", lambda row: row["is_ai"] == "no" and "SCREENSHOT" not in row["note"])
)
def test_no_file_of_a_camera_or_a_person_is_called_ai(row):
    assert is_ai(Path(row["path"]).read_bytes()) is not True


@pytest.mark.parametrize("row", rows("provenance/provenance.csv", lambda row: row["file"] in FOUND))
def test_what_is_found_stays_found(row):
    assert is_ai(Path(row["path"]).read_bytes()) is True


@pytest.mark.parametrize("row", rows("provenance/provenance.csv"))
def test_every_mark_names_its_place_and_its_words(row):
    for sign in evidence.assess(Path(row["path"]).read_bytes(), row["file"]):
        assert sign.source
        assert sign.says
        assert sign.confidence in {"high", "medium", "low"}


# --- carriers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "PNG, packed", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("source_type", "ai", "edit"),
    [
        ("trainedAlgorithmicMedia", True, None),
        ("compositeWithTrainedAlgorithmicMedia", True, True),
        ("compositeSynthetic", True, None),
        ("algorithmicMedia", False, None),
        ("algorithmicallyEnhanced", False, None),
        ("composite", False, None),
        ("digitalCapture", False, None),
        ("trainedAlgorithmicMediaX", False, None),
    ],
)
def test_a_source_type_in_xmp_is_told_by_its_exact_name(kind, source_type, ai, edit):
    data = xmp(kind, XMP.format(source_type).encode())
    assert (is_ai(data), is_edit(data)) == (ai, edit)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
@pytest.mark.parametrize(
    ("text", "ai"),
    [
        ("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia", True),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture", False),
        ("com.adobe.generative-ai", True),
        ("c2pa.created by a camera", None),
    ],
)
def test_a_manifest_is_found_in_every_format(kind, text, ai):
    signs = evidence.assess(c2pa(kind, b"jumb" + text.encode() + b"\xa1"), "a picture")
    assert evidence.is_ai(signs) is ai
    assert signs[0].source == "C2PA manifest"


def test_a_manifest_in_several_jpeg_segments_is_one():
    name = b"digitalsourcetype/trainedAlgorithmicMedia"
    data = with_jpeg(
        *(
            jpeg_segment(0xEB, b"JP\0\1\0\0\0" + bytes([number]) + part)
            for number, part in enumerate((b"jumb" + name[:20], name[20:] + b"\xa1"), 1)
        )
    )
    assert is_ai(data) is True


def exif_comment(text: str) -> bytes:
    """EXIF with a user comment, as web UIs write it into JPEG and WebP."""
    comment = b"UNICODE\0" + text.encode("utf-16-be")
    outer = b"MM\0*" + struct.pack(">IHHHIII", 8, 1, 0x8769, 4, 1, 26, 0)
    return outer + struct.pack(">HHHIII", 1, 0x9286, 7, len(comment), 44, 0) + comment


@pytest.mark.parametrize(
    ("data", "ai", "edit", "generator"),
    [
        (
            png(noise(4, 4), before=chunk(b"tEXt", b"parameters\0" + A1111.encode())),
            True,
            None,
            "Stable Diffusion web UI",
        ),
        (
            png(noise(4, 4), before=chunk(b"zTXt", b"parameters\0\0" + zlib.compress(A1111.encode()))),
            True,
            None,
            "Stable Diffusion web UI",
        ),
        (png(noise(4, 4), before=international(b"parameters", A1111.encode())), True, None, "Stable Diffusion web UI"),
        (
            png(noise(4, 4), after=chunk(b"tEXt", b"parameters\0" + A1111.encode())),
            True,
            None,
            "Stable Diffusion web UI",
        ),
        (
            png(noise(4, 4), before=chunk(b"tEXt", b"parameters\0" + A1111.encode() + b", Mask blur: 4")),
            True,
            True,
            "Stable Diffusion web UI",
        ),
        (png(noise(4, 4), before=chunk(b"tEXt", b'prompt\0{"3": {"class_type": "KSampler"}}')), True, None, "ComfyUI"),
        (with_jpeg(jpeg_segment(0xE1, b"Exif\0\0" + exif_comment(A1111))), True, None, "Stable Diffusion web UI"),
        (with_webp(b"EXIF", exif_comment(A1111)), True, None, "Stable Diffusion web UI"),
        (png(noise(4, 4), before=chunk(b"tEXt", b"parameters\0Steps: 20, please")), None, None, None),
        (png(noise(4, 4), before=chunk(b"tEXt", b"Comment\0" + A1111.encode())), None, None, None),
        (png(noise(4, 4), before=chunk(b"tEXt", b"prompt\0what to draw?")), None, None, None),
        (PLAIN, None, None, None),
        (JPEG, None, None, None),
        (WEBP, None, None, None),
        (AVIF, None, None, None),
    ],
)
def test_generation_parameters_are_found(data, ai, edit, generator):
    signs = evidence.assess(data, "a picture")
    assert (evidence.is_ai(signs), evidence.is_edit(signs)) == (ai, edit)
    assert next((sign.generator for sign in signs if sign.generator), None) == generator


def test_the_label_of_china_is_found():
    assert is_ai(xmp("PNG", b"<x:xmpmeta><TC260:AIGC>{}</TC260:AIGC></x:xmpmeta>")) is True


def test_the_bytes_between_are_not_searched():
    # Names in pixels, in comments or behind the end of the picture are no marks.
    name = b"digitalsourcetype/trainedAlgorithmicMedia com.adobe.generative-ai TC260:AIGC"
    for data in (
        PLAIN + name,
        with_jpeg(jpeg_segment(0xFE, name)),
        png(noise(4, 4), before=chunk(b"tEXt", b"Comment\0" + name)),
    ):
        assert is_ai(data) is None


# --- hostile files ------------------------------------------------------------------------------------------------


def test_texts_unfold_to_a_bound_each_and_together():
    bomb = zlib.compress(bytes(4 * carriers.MAX_TEXT))
    for one in (chunk(b"zTXt", b"a\0\0" + bomb), international(b"a", bytes(4 * carriers.MAX_TEXT), packed=True)):
        found = carriers.texts(containers.read(png(noise(4, 4), before=one * 40), "a picture"))
        assert len(found) == 40
        assert max(len(text) for _, text in found) == carriers.MAX_TEXT
        assert sum(len(text) for _, text in found) <= carriers.MAX_TEXTS


@pytest.mark.parametrize(
    "data", [b"", b"a", b"a\0", b"a\0\0", b"\0\0\0\0\0", b"a\0\0no zlib", b"\xff\xfe\0\1\0\0\0\xff"]
)
@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt"])
def test_broken_texts_are_empty_and_no_error(kind, data):
    assert is_ai(png(noise(4, 4), before=chunk(kind, data))) is None


@pytest.mark.parametrize(
    "text",
    [
        "Steps: 1, " * 90_000,
        "Steps: " + "1" * 900_000,
        "digitalsourcetype/" * 50_000,
        "Sampler: " * 90_000,
        "Mask blur" * 90_000,
    ],
)
def test_no_text_is_slow_to_search(text):
    # With nested repetition in the search any of these would outlive the run.
    data = png(
        noise(4, 4),
        before=chunk(b"tEXt", b"parameters\0" + text.encode()) + international(b"XML:com.adobe.xmp", text.encode()),
    )
    assert is_ai(data) is not True


@given(st.binary(max_size=80))
def test_any_metadata_is_read_without_an_error(data):
    for kind in ("PNG", "JPEG", "WEBP", "AVIF"):
        evidence.assess(c2pa(kind, data), "a picture")
    for kind in ("PNG", "JPEG", "WEBP"):
        evidence.assess(xmp(kind, data), "a picture")
    evidence.assess(with_jpeg(jpeg_segment(0xE1, b"Exif\0\0" + data)), "a picture")


def test_a_file_that_cannot_be_walked_is_refused_and_not_called_clean():
    with pytest.raises(Unreadable):
        evidence.assess(PLAIN[:-6], "a picture")
    with pytest.raises(TooLarge):
        evidence.assess(SIGNATURE + header(60000, 60000, 8, 2) + chunk(b"IEND"), "a picture")


# --- what signs say together ----------------------------------------------------------------------------------------


def sign(ai: bool | None, edit: bool | None = None, confidence: str = "medium") -> Evidence:
    return Evidence("somewhere", "something", ai=ai, edit=edit, confidence=confidence)


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
