"""Wording: the sentence about a file's maker, and each sign by itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from marked import c2pa, made_by, manifest, store, texts
from maskproof import evidence
from maskproof.evidence import wording
from maskproof.model import Evidence

AI, COMPOSITE = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"


def sign(source: str = "XMP", **fields: Any) -> Evidence:
    return Evidence(source, "made by a model", **({"ai": True, "generator": "Model"} | fields))


@pytest.mark.parametrize(
    ("signs", "said"),
    [
        ([sign()], "its metadata says that Model made or changed it (XMP)"),
        ([sign(edit=False)], "its metadata says that Model made it (XMP)"),
        ([sign(edit=True)], "its metadata says that Model changed it (XMP)"),
        ([sign(generator=None)], "its metadata says that an AI model made or changed it (XMP)"),
        ([sign(parent="in/room.png")], "its metadata says that Model made it from 'room.png' (XMP)"),
        ([sign(parent="C:\\in\\room.png")], "its metadata says that Model made it from 'room.png' (XMP)"),
        ([sign(edit=True, parent="xmp:iid:0123.4")], "its metadata says that Model changed it (XMP)"),
        ([sign(edit=True, parent="605F385A877D")], "its metadata says that Model changed it (XMP)"),
        (
            [sign(parent="room.png", mask="its alpha")],
            "its metadata says that Model made it from 'room.png', through the mask in its alpha (XMP)",
        ),
        (
            [sign(parent="room.png", mask="hole.png")],
            "its metadata says that Model made it from 'room.png', through the mask 'hole.png' (XMP)",
        ),
        ([sign("C2PA manifest")], "its Content Credentials say that Model made or changed it"),
        ([sign("C2PA manifest", plain="changed it")], "its Content Credentials say that Model changed it"),
        # What says how it was made comes first, then who made it; what is doubtful or says no AI is not asked.
        ([sign(), sign("EXIF Model", edit=True)], "its metadata says that Model changed it (EXIF Model)"),
        ([sign(generator=None), sign(generator="Other")], "its metadata says that Other made or changed it (XMP)"),
        (
            [sign(ai=None, generator="Photoshop"), sign(generator=None)],
            "its metadata says that an AI model made or changed it (XMP)",
        ),
        ([sign(confidence="low")], None),
        ([sign(ai=False)], None),
        ([], None),
    ],
)
def test_a_sentence_says_who_made_a_picture_and_from_which_file(signs, said):
    assert wording.sentence(tuple(signs)) == said


def credentials(*manifests: bytes) -> str | None:
    return wording.sentence(evidence.assess(c2pa("PNG", store(*manifests)), "a picture"))


def parent(**more: Any) -> dict[str, Any]:
    return {"dc:title": "image.png", "instanceID": "xmp:iid:0123456789abcdef", "relationship": "parentOf"} | more


MADE = manifest({"c2pa.actions": {"actions": [made_by(AI, softwareAgent="GPT-4o")]}}, label="urn:made")
BROUGHT = {"activeManifest": {"url": "self#jumbf=/c2pa/urn:made"}}
EDITED = {"action": "c2pa.edited", "digitalSourceType": COMPOSITE, "softwareAgent": "GPT-4o"}


@pytest.mark.parametrize(
    ("manifests", "said"),
    [
        ([MADE], "GPT-4o made it"),
        (
            [manifest({"c2pa.actions": {"actions": [EDITED]}, "c2pa.ingredient": parent()}, label="urn:last")],
            "GPT-4o made it from 'image.png'",
        ),
        (
            [
                manifest(
                    {"c2pa.actions": {"actions": [EDITED]}, "c2pa.ingredient": parent(**{"dc:title": ""})},
                    label="urn:last",
                )
            ],
            "GPT-4o changed it",
        ),
        (
            [
                MADE,
                manifest(
                    {
                        "c2pa.actions": {"actions": [{"action": "c2pa.opened"}, {"action": "c2pa.converted"}]},
                        "c2pa.ingredient": parent(**BROUGHT),
                    },
                    label="urn:last",
                ),
            ],
            "GPT-4o made it, under the name 'image.png'",
        ),
        (
            [
                MADE,
                manifest({"c2pa.ingredient": parent(relationship="componentOf", **BROUGHT)}, label="urn:last"),
            ],
            "GPT-4o made a part of it ('image.png')",
        ),
    ],
    ids=["made", "edited", "edited, no name", "saved anew", "a part"],
)
def test_content_credentials_in_plain_words(manifests, said):
    assert credentials(*manifests) == f"its Content Credentials say that {said}"


def test_a_graph_tells_its_parent_and_mask():
    made = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "room.png"}},
        "2": {"class_type": "LoadImage", "inputs": {"image": "room-mask.png"}},
        "3": {"class_type": "ImageToMask", "inputs": {"image": ["2", 0], "channel": "red"}},
        "4": {"class_type": "WanImageToImageApi", "inputs": {"image": ["1", 0], "mask": ["3", 0]}},
        "5": {"class_type": "SaveImage", "inputs": {"images": ["4", 0]}},
    }
    (one,) = signs = evidence.assess(texts(("prompt", json.dumps(made))), "a picture")
    assert wording.sentence(signs) == (
        "its metadata says that ComfyUI made it from 'room.png', through the mask 'room-mask.png' (PNG text `prompt`)"
    )
    assert wording.describe(one) == (
        "PNG text `prompt`: a ComfyUI graph that was run, by ComfyUI, from room.png, through the mask room-mask.png "
        "(medium confidence)"
    )
