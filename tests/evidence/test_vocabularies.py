"""Vocabularies: what each family of tools writes, and what is concluded from it. A table a family."""

from __future__ import annotations

import json
from typing import Any

import pytest

from marked import (
    acted,
    c2pa,
    comment,
    described,
    exif,
    exif_block,
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
from maskproof.evidence import sizes
from maskproof.evidence.vocabularies import words
from pictures import chunk, jpeg_segment, noise, png

Answer = tuple[bool | None, bool | None, str | None, str | None, str | None]


def answer(data: bytes) -> Answer:
    """AI, edit, generator, parent, mask."""
    signs = evidence.assess(data, "a picture")
    return (
        evidence.is_ai(signs),
        evidence.is_edit(signs),
        evidence.generator(signs),
        evidence.parent(signs),
        evidence.mask(signs),
    )


def confidences(data: bytes) -> list[str]:
    return [sign.confidence for sign in evidence.assess(data, "a picture")]


# --- source types and other declarations ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "base", ["http://cv.iptc.org/newscodes/digitalsourcetype/", "digsrctype:", "", " https://x.y/"]
)
@pytest.mark.parametrize(
    ("kind", "ai", "edit"),
    [
        ("trainedAlgorithmicMedia", True, None),
        ("compositeWithTrainedAlgorithmicMedia", True, True),
        ("compositeSynthetic", True, None),
        ("algorithmicMedia", False, None),
        ("algorithmicallyEnhanced", False, None),
        ("composite", False, None),
        ("digitalCapture", False, None),
        ("screenCapture", False, None),
        ("trainedAlgorithmicMediaX", None, None),
        ("trainedalgorithmicmedia", None, None),
        ("a name that nobody knows", None, None),
    ],
)
def test_a_source_type_is_told_by_its_exact_last_part(base, kind, ai, edit):
    for data in (
        xmp("PNG", described(f'i:DigitalSourceType="{base}{kind}"')),
        xmp("PNG", described("", f"<i:DigitalSourceType>{base}{kind}</i:DigitalSourceType>")),
        xmp("PNG", described("", f'<i:DigitalSourceType rdf:resource="{base}{kind}"/>')),
        c2pa("PNG", acted({"action": "c2pa.edited", "digitalSourceType": base + kind})),
    ):
        assert answer(data)[:2] == (ai, edit)


def test_the_lists_of_source_types_do_not_overlap():
    assert not words.NOT_AI & set(words.AI_SOURCE_TYPES)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('i:AISystemUsed="A System"', (True, None, "A System", None, None)),
        ('i:AISystemVersionUsed="2"', (True, None, None, None, None)),
        ('i:AIPromptInformation="a cat"', (True, None, None, None, None)),
        ('i:AIPromptWriterName="me"', (True, None, None, None, None)),
        ('p:Credit="Made with Google AI"', (True, None, None, None, None)),
        ('p:Credit="Edited with Google AI"', (True, True, None, None, None)),
        ('p:Credit="Apple Photos Clean Up"', (True, True, None, None, None)),
        ('p:Credit="Made with love by a maker of Google AI"', (None,) * 5),
        ('p:Credit="Reuters"', (None,) * 5),
        ('Attrib:ContainsAiGeneratedContent="Yes"', (True, None, "Canva", None, None)),
        ('Attrib:ContainsAiGeneratedContent="No"', (False, None, None, None, None)),
        ('x:CreatorTool="Midjourney"', (True, None, "Midjourney", None, None)),
        ('x:CreatorTool="Adobe Photoshop 26.0"', (None,) * 5),
        ('d:rights="trainedAlgorithmicMedia"', (None,) * 5),
        (
            'i:DigitalSourceType="trainedAlgorithmicMedia" p:Credit="Made with Google AI"',
            (True, None, "Made with Google AI", None, None),
        ),
    ],
)
def test_declarations_in_xmp(attributes, expected):
    assert answer(xmp("JPEG", described(attributes))) == expected


def test_undeclared_prefixes_and_two_roots_are_read_as_they_stand():
    packet = b"""<?xml version="1.0"?><?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"??><x:xmpmeta/>
    <rdf:RDF><rdf:Description><Iptc4xmpExt:DigitalSourceType>trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>
    </rdf:Description></rdf:RDF><?xpacket end="w"?>"""
    assert answer(xmp("PNG", packet))[0] is True


LABEL = {"Label": "1", "ContentProducer": "0011911101", "ProduceID": "x"}


@pytest.mark.parametrize(
    ("data", "ai", "sure"),
    [
        (xmp("PNG", described("", "<AIGC:AIGC>{&quot;Label&quot;:&quot;1&quot;}</AIGC:AIGC>")), True, ["medium"]),
        (xmp("PNG", described("", "<AIGC:AIGC>{&quot;Label&quot;:&quot;2&quot;}</AIGC:AIGC>")), True, ["medium"]),
        (xmp("PNG", described("", "<AIGC:AIGC>{&quot;Label&quot;:&quot;3&quot;}</AIGC:AIGC>")), None, ["low"]),
        (xmp("PNG", described("", "<AIGC:AIGC>{&quot;Label&quot;:&quot;9&quot;}</AIGC:AIGC>")), None, []),
        (xmp("PNG", described("", "<AIGC:AIGC>broken</AIGC:AIGC>")), True, ["medium"]),
        (texts(("AIGC", json.dumps(LABEL))), True, ["medium"]),
        (texts(("TC260:AIGC", json.dumps({"AIGC": LABEL}))), True, ["medium"]),
        (exif("JPEG", exif_block({0x010E: json.dumps({"AIGC": LABEL}).encode()})), True, ["medium"]),
        (exif("WEBP", exif_block({0x9286: comment(json.dumps({"AIGC": json.dumps(LABEL)}))})), True, ["medium"]),
        (texts(("AIGC", json.dumps({"ServiceProvider": "x"}))), True, ["medium"]),
        (texts(("AIGC", json.dumps({"Label": "0"}))), None, []),
        (texts(("Title", json.dumps(LABEL))), None, []),
        (texts(("Comment", '"AIGC" is a word')), None, []),
    ],
)
def test_the_label_of_china_is_read_in_all_its_places(data, ai, sure):
    assert answer(data)[0] is ai
    assert confidences(data) == sure


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("001191110102MACQD9K64010000", "Doubao (ByteDance)"),
        ("001191110102macqd9k64010000", "Doubao (ByteDance)"),
        ("001191440300708461136T1XGW3", "Yuanbao (Tencent)"),
        ("0011911101020000000000000", "0011911101020000000000000"),
        ("91110102MACQD9K640", "91110102MACQD9K640"),
        ("doubao", "doubao"),
        ("", None),
        (5, None),
    ],
)
def test_the_code_of_a_producer_is_told_as_its_service(code, name):
    data = texts(("AIGC", json.dumps({"Label": "1", "ContentProducer": code})))
    assert answer(data)[:3] == (True, None, name)


@pytest.mark.parametrize(
    ("number", "credit", "ai", "edit"),
    [
        (110, "Made with Google AI", True, None),
        (110, "Edited with Google AI", True, True),
        (80, "Midjourney", True, None),
        (110, "AP", None, None),
        (120, "A picture about Midjourney", None, None),
    ],
)
def test_declarations_in_iptc(number, credit, ai, edit):
    assert answer(iptc(number, credit))[:2] == (ai, edit)


# --- C2PA -----------------------------------------------------------------------------------------------------------

AI = "trainedAlgorithmicMedia"
COMPOSITE = "compositeWithTrainedAlgorithmicMedia"
PARENT = {"dc:title": "room.png", "instanceID": "xmp:iid:of-the-room", "relationship": "parentOf"}


def brought(label: str, **more: Any) -> dict[str, Any]:
    """An ingredient with a manifest of its own."""
    return PARENT | {"c2pa_manifest": {"url": f"self#jumbf=/c2pa/{label}"}} | more


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        # OpenAI writes the same for an edit: created, no ingredient.
        (
            acted(made_by(AI, softwareAgent={"name": "gpt-image", "version": "2.0"})),
            (True, None, "gpt-image 2.0", None),
        ),
        (acted(made_by(AI), claim_generator="Some_Tool/1.0 x/2"), (True, None, "Some Tool", None)),
        (acted(made_by(AI), claim_generator_info=[{"name": "Tool", "version": "3"}]), (True, None, "Tool 3", None)),
        (acted(made_by(AI), claim_generator_info={"name": "Tool"}), (True, None, "Tool", None)),
        (
            store(
                manifest(
                    {
                        "c2pa.actions.v2": {
                            "softwareAgents": [{"name": "A"}, {"name": "B"}],
                            "actions": [made_by(AI, softwareAgentIndex=1)],
                        }
                    }
                )
            ),
            (True, None, "B", None),
        ),
        # Generative Fill: an edit of what was opened.
        (
            acted(
                {"action": "c2pa.opened"}, made_by(COMPOSITE, "c2pa.edited", softwareAgent="A"), ingredients=[PARENT]
            ),
            (True, True, "A", "xmp:iid:of-the-room"),
        ),
        (
            acted({"action": "c2pa.opened"}, made_by(AI, "c2pa.placed", softwareAgent="A"), ingredients=[PARENT]),
            (True, True, "A", "xmp:iid:of-the-room"),
        ),
        (
            acted(
                {"action": "c2pa.opened", "parameters": {"instanceId": "xmp:iid:of-the-room"}},
                made_by(COMPOSITE, "c2pa.edited"),
                ingredients=[PARENT | {"relationship": "componentOf"}],
            ),
            (True, True, "a test", "xmp:iid:of-the-room"),
        ),
        (
            acted(
                {"action": "c2pa.opened", "parameters": {"ingredients": [{"url": "self#jumbf=a/c2pa.ingredient__0"}]}},
                {"action": "c2pa.edited", "softwareAgent": "Adobe Firefly"},
                ingredients=[{"dc:title": "room.png"}],
            ),
            (True, True, "Adobe Firefly", "room.png"),
        ),
        # Google: made, then watermarked, which is no edit.
        (
            acted(made_by(AI), made_by(AI, "c2pa.edited", description="Applied imperceptible SynthID watermark.")),
            (True, None, "a test", None),
        ),
        # ChatGPT: the parent is the picture itself, before it was converted.
        (
            store(
                manifest({"c2pa.actions": {"actions": [made_by(AI, softwareAgent="GPT-4o")]}}, label="urn:made"),
                manifest(
                    {
                        "c2pa.actions": {"actions": [{"action": "c2pa.opened"}, {"action": "c2pa.converted"}]},
                        "c2pa.ingredient": brought("urn:made"),
                    }
                ),
            ),
            (True, None, "GPT-4o", None),
        ),
        # A picture of a model in a layout is a part of it; one that only served as reference is none.
        (
            store(
                manifest({"c2pa.actions": {"actions": [made_by(COMPOSITE, "c2pa.edited")]}}, label="urn:made"),
                manifest({"c2pa.ingredient": brought("urn:made", relationship="componentOf")}),
            ),
            (True, None, "a test", "xmp:iid:of-the-room"),
        ),
        (
            store(
                manifest({"c2pa.actions": {"actions": [made_by(AI)]}}, label="urn:made"),
                manifest({"c2pa.ingredient": brought("urn:made", relationship="inputTo")}),
            ),
            (None, None, None, None),
        ),
        # Before there were source types.
        (acted({"action": "c2pa.created"}, claim_generator="Adobe_Firefly/1.0"), (True, None, "Adobe Firefly", None)),
        (acted({"action": "c2pa.created", "description": "AI Generated Image"}), (True, None, "a test", None)),
        (
            store(manifest({"com.adobe.generative-ai": {"description": "Adobe Firefly"}})),
            (True, None, "Adobe Firefly", None),
        ),
        (store(manifest({"c2pa.ai_generated_content": {"model": "Flux.2"}})), (True, None, "Flux.2", None)),
        # Not AI.
        (acted(made_by("digitalCapture")), (False, None, None, None)),
        (acted({"action": "c2pa.created"}), (None, None, None, None)),
        (store(manifest({"c2pa.training-mining": {"entries": {"c2pa.ai_training": {"use": "no"}}}})), (None,) * 4),
        (
            acted({"action": "c2pa.opened"}, {"action": "c2pa.cropped"}, ingredients=[PARENT]),
            (None, None, "a test", "xmp:iid:of-the-room"),
        ),
        (store(manifest({"stds.iptc": {"Iptc4xmpExt:DigitalSourceType": AI}})), (True, None, None, None)),
    ],
)
def test_manifests(made, expected):
    assert answer(c2pa("PNG", made))[:4] == expected


def test_an_assertion_that_the_claim_does_not_list_says_nothing():
    made = manifest({"c2pa.actions": {"actions": [made_by(AI)]}}, assertions=[])
    assert answer(c2pa("PNG", store(made)))[0] is None


def test_only_the_last_manifest_speaks_for_the_picture():
    old = manifest({"c2pa.actions": {"actions": [made_by(AI)]}}, label="urn:old")
    assert answer(c2pa("PNG", store(old, manifest({}))))[0] is None


def test_a_manifest_elsewhere_is_named_and_not_fetched():
    signs = evidence.assess(xmp("JPEG", described('t:provenance="https://a.b/c.c2pa"')), "a picture")
    assert [(sign.ai, "https://a.b/c.c2pa" in sign.says) for sign in signs] == [(None, True)]


# --- web UIs --------------------------------------------------------------------------------------------------------

SETTINGS = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 16x16"


@pytest.mark.parametrize(
    ("words", "edit", "generator"),
    [
        (SETTINGS, None, "Stable Diffusion web UI"),
        (f"a cat\nNegative prompt: dog\n{SETTINGS}", None, "Stable Diffusion web UI"),
        (SETTINGS + ", Version: v1.10.1", None, "Stable Diffusion web UI"),
        (SETTINGS + ", Version: f2.0.1v1.10.1-previous-664", None, "Stable Diffusion web UI Forge"),
        (SETTINGS + ", Version: f1.0.0v2-v1.10.1RC", None, "Stable Diffusion web UI reForge"),
        (SETTINGS + ", Version: neo", None, "Stable Diffusion web UI Forge Neo"),
        (SETTINGS + ", Version: ComfyUI", None, "ComfyUI"),
        (SETTINGS + ", Version: Fooocus v2.5", None, "Fooocus"),
        ("Steps: 20, Size: 16x16, Seed: 1, App: SD.Next, Version: 1", None, "SD.Next"),
        (SETTINGS + ', Civitai resources: [{"type":"checkpoint"}]', None, "Civitai"),
        (SETTINGS + ", Denoising strength: 0.7", True, "Stable Diffusion web UI"),
        (SETTINGS + ", Denoising strength: 0.7, Hires upscale: 2", None, "Stable Diffusion web UI"),
        (SETTINGS + ", Denoising strength: 0.7, First pass size: 0x0", None, "Stable Diffusion web UI"),
        (SETTINGS + ", ADetailer denoising strength: 0.4", None, "Stable Diffusion web UI"),
        (SETTINGS + ", Denoising strength: 0.7, Mask blur: 4", True, "Stable Diffusion web UI"),
        (SETTINGS + ", Inpaint area: Only masked", True, "Stable Diffusion web UI"),
    ],
)
def test_parameters(words, edit, generator):
    for data in (
        texts(("parameters", words)),
        exif("JPEG", exif_block({0x9286: comment(words)})),
        xmp("WEBP", described("", f"<e:UserComment>{words}</e:UserComment>")),
    ):
        assert answer(data)[:3] == (True, edit, generator)


@pytest.mark.parametrize(
    "words", ["Steps: 20, please", "a how-to. Steps: many, Sampler: any", "FewSteps: 20, Sampler: x", "Sampler: Euler"]
)
def test_what_only_looks_like_parameters(words):
    assert evidence.assess(texts(("parameters", words)), "a picture") == ()


def test_parameters_stand_in_their_places_only():
    assert evidence.assess(texts(("Title", SETTINGS)), "a picture") == ()


@pytest.mark.parametrize(
    ("recorded", "sure"),
    [
        ("16x16", "medium"),
        ("8x8", "medium"),
        ("512x512", "medium"),
        ("12x8", "low"),
        ("5x16", "low"),
        ("axb", "medium"),
    ],
)
def test_a_size_that_contradicts_the_file_makes_parameters_doubtful(recorded, sure):
    assert confidences(texts(("parameters", SETTINGS.replace("16x16", recorded)))) == [sure]
    assert confidences(texts(("parameters", SETTINGS.replace("16x16", recorded) + ", Mask blur: 4"))) == ["medium"]


# --- ComfyUI --------------------------------------------------------------------------------------------------------


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def graph(*more: tuple[str, dict[str, Any]], latent: list[Any], positive: list[Any] | None = None) -> str:
    """A graph that samples from this latent, decodes and saves."""
    nodes = {
        "1": node("CheckpointLoaderSimple", ckpt_name="a.safetensors"),
        "2": node("KSampler", model=["1", 0], latent_image=latent, positive=positive, denoise=1.0),
        "3": node("VAEDecode", samples=["2", 0], vae=["1", 2]),
        "4": node("SaveImage", images=["3", 0]),
        "20": node("LoadImage", image="room.png [input]"),
        "21": node("LoadImageMask", image="room-mask.png", channel="red"),
    }
    return json.dumps(nodes | dict(more), allow_nan=True)


EMPTY = ("9", node("EmptyLatentImage", width=16, height=16))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (graph(EMPTY, latent=["9", 0]), (True, False, None, None)),
        (graph(("9", node("VAEEncode", pixels=["20", 0])), latent=["9", 0]), (True, True, "room.png", None)),
        (
            graph(("9", node("VAEEncodeForInpaint", pixels=["20", 0], mask=["20", 1])), latent=["9", 0]),
            (True, True, "room.png", "its alpha"),
        ),
        (
            graph(
                ("9", node("VAEEncode", pixels=["20", 0])),
                ("10", node("SetLatentNoiseMask", samples=["9", 0], mask=["11", 0])),
                ("11", node("GrowMask", mask=["21", 0], expand=4)),
                latent=["10", 0],
            ),
            (True, True, "room.png", "room-mask.png"),
        ),
        (
            graph(
                ("9", node("InpaintModelConditioning", pixels=["20", 0], mask=["22", 1])),
                ("22", node("LoadImage", image="other.png")),
                latent=["9", 2],
            ),
            (True, True, "room.png", "the alpha of other.png"),
        ),
        # Kontext: an empty latent, and the picture among the conditions.
        (
            graph(
                EMPTY,
                ("10", node("ReferenceLatent", conditioning=["12", 0], latent=["11", 0])),
                ("11", node("VAEEncode", pixels=["20", 0])),
                latent=["9", 0],
                positive=["10", 0],
            ),
            (True, True, "room.png", None),
        ),
        (
            graph(EMPTY, ("10", node("TextEncodeQwenImageEdit", image=["20", 0])), latent=["9", 0], positive=["10", 0]),
            (True, True, "room.png", None),
        ),
        # The guide of a control net and an image prompt are not what is edited.
        (
            graph(EMPTY, ("10", node("ControlNetApply", image=["20", 0])), latent=["9", 0], positive=["10", 0]),
            (True, False, None, None),
        ),
        (
            graph(
                EMPTY,
                ("10", node("unCLIPConditioning", clip_vision_output=["11", 0])),
                ("11", node("CLIPVisionEncode", image=["20", 0])),
                latent=["9", 0],
                positive=["10", 0],
            ),
            (True, False, None, None),
        ),
        # A second pass over the graph's own picture.
        (
            graph(
                EMPTY,
                ("10", node("KSampler", latent_image=["11", 0])),
                ("11", node("LatentUpscale", samples=["2", 0], width=16, height=16)),
                ("12", node("VAEDecode", samples=["10", 0])),
                ("13", node("SaveImage", images=["12", 0])),
                latent=["9", 0],
            ),
            (True, False, None, None),
        ),
    ],
)
def test_graphs(made, expected):
    ai, edit, generator, parent, mask = answer(texts(("prompt", made)))
    assert (ai, edit, parent, mask) == expected
    assert generator == "ComfyUI"


@pytest.mark.parametrize("megabytes", [0, 1, 3, 7])
@pytest.mark.parametrize("kind", ["zTXt", "iTXt, packed"])
def test_a_workflow_that_holds_a_picture_is_read_to_its_end(megabytes, kind):
    graph = {
        "0": node("LoadImageBase64", image="A" * (megabytes * 1_000_000)),
        "1": node("CheckpointLoaderSimple", ckpt_name="sd.safetensors"),
        "2": node("KSampler", model=["1", 0], latent_image=["0", 0]),
        "3": node("SaveImage", images=["2", 0]),
    }
    data = png(noise(4, 4), before=text("prompt", json.dumps(graph), kind=kind))
    assert evidence.is_ai(evidence.assess(data, "a picture")) is True


ROOM, HAT = node("LoadImage", image="room.png"), node("LoadImage", image="hat.png")
HOLE = node("LoadImage", image="room-mask.png")
MODEL = node("CheckpointLoaderSimple", ckpt_name="a.safetensors")


def saved_from(*nodes: dict[str, Any]) -> str:
    """A graph that saves what the last of these gives. They are numbered from 1; room.png is 20, its mask 21."""
    numbered = {str(number): one for number, one in enumerate(nodes, 1)}
    last = node("SaveImage", images=[str(len(nodes)), 0])
    return json.dumps(numbered | {"20": ROOM, "21": HOLE, "22": HAT, "30": last})


@pytest.mark.parametrize(
    ("made", "parent", "mask"),
    [
        # Nodes of services: by their class, a model that is named, a prompt.
        (saved_from(node("WanImageToImageApi", model="wan2.5-i2i-preview", image=["20", 0])), "room.png", None),
        (
            saved_from(
                node("FluxProFillNode", image=["20", 0], mask=["2", 0], prompt="x"),
                node("ImageToMask", image=["21", 0], channel="red"),
                node("Reroute", **{"": ["1", 0]}),
            ),
            "room.png",
            "room-mask.png",
        ),
        (saved_from(node("RecraftCrispUpscaleNode", image=["20", 0])), "room.png", None),
        (saved_from(node("SomeNewThing", prompt="x", **{"model.images.image_1": ["20", 0]})), "room.png", None),
        (saved_from(node("SomeNewThing", prompt="x", reference_images=["20", 0])), "room.png", None),
        # Repainting and upscaling: handed a model.
        (saved_from(MODEL, node("FaceDetailer", image=["20", 0], model=["1", 0])), "room.png", None),
        (
            saved_from(
                node("UpscaleModelLoader", model_name="4x.pth"),
                node("ImageUpscaleWithModel", upscale_model=["1", 0], image=["20", 0]),
            ),
            "room.png",
            None,
        ),
        (
            saved_from(
                node("SeedVR2LoadDiTModel", model="seedvr2.safetensors"),
                node("SeedVR2VideoUpscaler", dit=["1", 0], image=["20", 0]),
            ),
            "room.png",
            None,
        ),
        (
            saved_from(
                node("INPAINT_LoadInpaintModel", model_name="big-lama.pt"),
                node("INPAINT_InpaintWithModel", inpaint_model=["1", 0], image=["20", 0], mask=["20", 1]),
            ),
            "room.png",
            "its alpha",
        ),
        (
            saved_from(node("ReActorFaceSwap", swap_model="inswapper_128.onnx", input_image=["20", 0])),
            "room.png",
            None,
        ),
        # Try-on: what is worn is no parent.
        (
            saved_from(
                node("LoadCatVTONPipeline", catvton_path="zhengchong/CatVTON"),
                node("ImageToMask", image=["21", 0], channel="red"),
                node("CatVTON", pipe=["1", 0], refer_image=["22", 0], target_image=["20", 0], mask_image=["2", 0]),
            ),
            "room.png",
            "room-mask.png",
        ),
        (
            saved_from(node("KlingVirtualTryOnNode", model_name="v1", cloth_image=["22", 0], human_image=["20", 0])),
            "room.png",
            None,
        ),
        # A cut-out that is worked on and stitched back: the mask goes the same way.
        (
            saved_from(
                node("InpaintCropImproved", image=["20", 0], mask=["21", 1]),
                node("KSampler", model=["3", 0], latent_image=["4", 2]),
                MODEL,
                node("InpaintModelConditioning", pixels=["1", 1], mask=["1", 2]),
                node("VAEDecode", samples=["2", 0], vae=["3", 2]),
                node("InpaintStitchImproved", stitcher=["1", 0], inpainted_image=["5", 0]),
            ),
            "room.png",
            "the alpha of room-mask.png",
        ),
        # Pasted back by hand, through the mask that only the pasting knows.
        (
            saved_from(
                MODEL,
                node("VAEEncode", pixels=["20", 0]),
                node("KSampler", model=["1", 0], latent_image=["2", 0]),
                node("VAEDecode", samples=["3", 0], vae=["1", 2]),
                node("ImageCompositeMasked", destination=["20", 0], source=["4", 0], mask=["6", 0]),
                node("MaskFromColor+", image=["21", 0], red=255),
                node("ImageCompositeMasked", destination=["20", 0], source=["4", 0], mask=["6", 0]),
            ),
            "room.png",
            "room-mask.png",
        ),
        # A mask that a model sees in the picture, or that is worked out of it, is no file.
        (
            saved_from(
                node("GroundingDinoSAMSegment (segment anything)", image=["20", 0], prompt="hat"),
                node("SomeNewThing", prompt="x", image=["20", 0], mask=["1", 1]),
            ),
            "room.png",
            None,
        ),
        (
            saved_from(
                node("ImageToMask", image=["20", 0], channel="red"),
                node("SomeNewThing", prompt="x", image=["20", 0], mask=["1", 0]),
            ),
            "room.png",
            None,
        ),
        # A bundle of things, in which a model is.
        (
            saved_from(
                node("easy fullLoader", ckpt_name="a.safetensors"),
                node("easy preSampling", pipe=["1", 0], image_to_latent=["20", 0]),
                node("easy kSampler", pipe=["2", 0], image=["20", 0]),
            ),
            "room.png",
            None,
        ),
        (saved_from(MODEL, node("easy kSampler", model=["1", 0]), node("Context", base_ctx=["2", 0])), None, None),
    ],
)
def test_what_a_node_does_is_told_by_how_it_is_wired(made, parent, mask):
    ai, edit, generator, *names = answer(texts(("prompt", made)))
    assert (ai, edit, generator, names) == (True, True if parent else None, "ComfyUI", [parent, mask])


@pytest.mark.parametrize(
    "made",
    [
        saved_from(ROOM),
        saved_from(node("ImageScale", image=["20", 0], width=16, height=16)),
        saved_from(node("ImageAddNoise", image=["20", 0], seed=5, strength=0.5)),
        # A model that only looks: for a mask, or to cut out.
        saved_from(
            node("SAMLoader", model_name="sam_vit_b.pth"),
            node("SAMDetectorCombined", sam_model=["1", 0], image=["20", 0]),
            node("ImageCompositeMasked", destination=["20", 0], source=["22", 0], mask=["2", 0]),
        ),
        saved_from(
            node("LoadRembgByBiRefNetModel", model="General.safetensors"),
            node("RembgByBiRefNet", model=["1", 0], images=["20", 0]),
        ),
        saved_from(node("LayerMask: SegmentAnythingUltra V2", image=["20", 0], sam_model="sam_hq", prompt="hat")),
        # Files that are no models.
        saved_from(node("LoadLUT", lut_name="warm.cube"), node("ApplyLUT", image=["20", 0], lut=["1", 0])),
        saved_from(node("LoadVideo", file="a.mp4"), node("GetVideoComponents", video=["1", 0])),
        saved_from(node("Text Load Line", path="a.txt"), node("AddText", image=["20", 0], text=["1", 0])),
        json.dumps({"1": ROOM, "2": node("Image Saver (metadata)", images=["1", 0], positive="x", model_name="y")}),
    ],
)
def test_a_graph_without_a_model_is_no_sign_of_ai(made):
    assert answer(texts(("prompt", made)))[0] is None


@pytest.mark.parametrize(
    "resizing",
    [
        node("ImagePadForOutpaint", image=["20", 0], left=256),
        node("ImageScaleBy", image=["20", 0], scale_by=1.5),
        node("ImageCrop", image=["20", 0]),
    ],
    ids=lambda one: one["class_type"],
)
def test_a_graph_whose_size_stands_nowhere_in_it_is_not_of_another_size(resizing):
    made = saved_from(
        resizing,
        node("VAEEncodeForInpaint", pixels=["1", 0], mask=["1", 1]),
        node("KSampler", model=["4", 0], latent_image=["2", 0]),
        MODEL,
        node("VAEDecode", samples=["3", 0], vae=["4", 2]),
    )
    data = texts(("prompt", made), samples=noise(601, 16))
    assert confidences(data) == ["medium"]
    assert answer(data)[:2] == (True, True)


RUN = graph(EMPTY, latent=["9", 0])
DRAWN = {"nodes": [{"type": "EmptyLatentImage", "widgets_values": [16, 16, 1]}], "links": [], "version": 0.4}


@pytest.mark.parametrize(
    "data",
    [
        texts(("prompt", RUN), ("workflow", json.dumps(DRAWN))),
        texts(("prompt", RUN.replace('"denoise": 1.0', '"is_changed": [NaN]'))),
        exif(
            "WEBP", exif_block({0x010F: b"workflow:" + json.dumps(DRAWN).encode(), 0x0110: b"prompt:" + RUN.encode()})
        ),
        exif(
            "JPEG", exif_block({0x010E: b"Workflow:" + json.dumps(DRAWN).encode(), 0x010F: b"Prompt:" + RUN.encode()})
        ),
        exif("JPEG", exif_block({0x9286: comment(json.dumps({"prompt": json.loads(RUN), "workflow": DRAWN}))})),
        exif("WEBP", exif_block({0x9286: comment(json.dumps({"prompt": RUN, "workflow": "{}"}), "ascii")})),
        exif("AVIF", exif_block({0x9286: comment(RUN)})),
        xmp("PNG", described("", "<e:UserComment>" + RUN.replace('"', "&quot;") + "</e:UserComment>")),
    ],
)
def test_a_graph_is_found_in_all_its_places(data):
    assert answer(data)[:3] == (True, False, "ComfyUI")
    assert confidences(data) == ["high"]


@pytest.mark.parametrize(
    ("size", "sure"),
    [((16, 16), "high"), ((8, 8), "medium"), ((32, 32), "medium"), ((24, 16), "low"), ((600, 16), "low")],
)
def test_a_graph_of_a_picture_of_another_size_has_low_confidence(size, sure):
    data = texts(("prompt", RUN), samples=noise(*size))
    assert confidences(data) == [sure]


@pytest.mark.parametrize(("size", "sure"), [((600, 16), "medium"), ((601, 16), "low"), ((301, 16), "medium")])
def test_what_comes_from_a_decoder_has_sides_of_whole_blocks(size, sure):
    made = graph(("9", node("VAEEncode", pixels=["20", 0])), latent=["9", 0])
    assert confidences(texts(("prompt", made), samples=noise(*size))) == [sure]


@pytest.mark.parametrize(("values", "sure"), [([16, 16, 1], "medium"), ([512, 512, 1], "low"), ([], "low")])
def test_a_drawing_that_was_not_run_counts_where_its_size_is_the_files(values, sure):
    tree = {"nodes": [{"type": "EmptyLatentImage", "widgets_values": values}], "links": []}
    assert confidences(texts(("workflow", json.dumps(tree)))) == [sure]


@pytest.mark.parametrize(
    "words", ["what to draw?", "{", "[]", "{}", '{"1": {"class_type": 5}}', '{"nodes": []}', "null"]
)
@pytest.mark.parametrize("key", ["prompt", "workflow"])
def test_what_is_no_graph_says_nothing(words, key):
    assert evidence.assess(texts((key, words)), "a picture") == ()


# --- JSON of generators ---------------------------------------------------------------------------------------------

NOVELAI = {"prompt": "x", "noise_schedule": "karras", "uc": "y", "scale": 5, "sampler": "k", "width": 16, "height": 16}
SWARM = {"prompt": "x", "model": "m", "width": 16, "height": 16, "swarm_version": "0.9"}
INVOKE = {"positive_prompt": "x", "generation_mode": "txt2img", "width": 16, "height": 16}
OLD_INVOKE = {"type": "txt2img", "sampler": "k", "steps": 5, "width": 16, "height": 16}
FOOOCUS = {"prompt": "x", "base_model": "m", "styles": "[]", "resolution": "(16, 16)"}
MFLUX = {"mflux_version": "0.16.5", "prompt": "x", "model": "m", "base_model": "None", "width": 16, "height": 16}
MFLUX |= {"image_path": None, "image_paths": None, "masked_image_path": None, "controlnet_image_path": None}
DRAW = {"c": "x", "uc": "", "sampler": "DDIM", "steps": 8, "strength": 1, "size": "16x16", "model": "m"}
EASY = {"prompt": "x", "use_stable_diffusion_model": "m", "width": 16, "height": 16}


@pytest.mark.parametrize(
    ("key", "tree", "expected"),
    [
        ("invokeai_metadata", INVOKE, (True, False, "InvokeAI", None, None)),
        (
            "invokeai_metadata",
            INVOKE | {"generation_mode": "sdxl_inpaint", "init_image": {"image_name": "r.png"}, "mask": "m.png"},
            (True, True, "InvokeAI", "r.png", "m.png"),
        ),
        ("sd-metadata", {"model": "m", "image": OLD_INVOKE}, (True, False, "InvokeAI", None, None)),
        (
            "sd-metadata",
            {"image": OLD_INVOKE | {"type": "img2img", "init_image_path": "r.png"}},
            (True, True, "InvokeAI", "r.png", None),
        ),
        ("parameters", {"sui_image_params": SWARM}, (True, None, "SwarmUI", None, None)),
        (
            "parameters",
            {
                "sui_image_params": SWARM | {"initimagecreativity": 0.6},
                "sui_extra_data": {"initimage_filename": "r.png", "maskimage_filename": "m.png"},
            },
            (True, True, "SwarmUI", "r.png", "m.png"),
        ),
        ("parameters", {"sui_image_params": SWARM | {"initimage": "data:x"}}, (True, True, "SwarmUI", None, None)),
        ("Comment", NOVELAI, (True, None, "NovelAI", None, None)),
        ("Comment", NOVELAI | {"request_type": "PromptGenerateRequest"}, (True, False, "NovelAI", None, None)),
        ("Comment", NOVELAI | {"request_type": "VibeTransfer+Img2ImgRequest"}, (True, True, "NovelAI", None, None)),
        ("Comment", NOVELAI | {"request_type": "NativeInfillingRequest"}, (True, True, "NovelAI", None, None)),
        ("parameters", FOOOCUS, (True, None, "Fooocus", None, None)),
        ("UserComment", MFLUX, (True, False, "mflux", None, None)),
        ("UserComment", MFLUX | {"image_path": "/home/x/in/r.png"}, (True, True, "mflux", "r.png", None)),
        ("UserComment", MFLUX | {"image_paths": ["C:\\in\\r.png", "s.png"]}, (True, True, "mflux", "r.png", None)),
        (
            "UserComment",
            MFLUX | {"image_path": "in/r.png", "masked_image_path": "in/m.png"},
            (True, True, "mflux", "r.png", "m.png"),
        ),
        ("UserComment", MFLUX | {"controlnet_image_path": "edges.png"}, (True, False, "mflux", None, None)),
        ("exif:UserComment", DRAW, (True, None, "Draw Things", None, None)),
        ("exif:UserComment", DRAW | {"strength": 0.5}, (True, True, "Draw Things", None, None)),
        ("parameters", EASY, (True, None, "Easy Diffusion", None, None)),
        ("parameters", {"Prompt": "x", "Stable Diffusion model": "m"}, (True, None, "Easy Diffusion", None, None)),
        ("parameters", EASY | {"init_image": "r.png"}, (True, True, "Easy Diffusion", None, None)),
        ("generation_data", {"prompt": "x", "baseModel": {}}, (True, None, "TensorArt", None, None)),
        ("parameters-json", {"PositivePrompt": "x", "Steps": 20}, (True, None, "Stability Matrix", None, None)),
        (
            "parameters",
            {"Model": "m", "resolution": "16 x 16", "prompt": "x"},
            (True, None, "a Hugging Face space", None, None),
        ),
        (
            "parameters",
            {"Prompt": "x", "software": "RuinedFooocus", "base_model_name": "m"},
            (True, None, "RuinedFooocus", None, None),
        ),
        ("Title", NOVELAI, (None,) * 5),
        ("parameters", {"prompt": "x"}, (None,) * 5),
        ("parameters", {"sui_image_params": "x"}, (None,) * 5),
    ],
)
def test_dialects(key, tree, expected):
    words = json.dumps(tree)
    if key == "exif:UserComment":
        data = xmp("PNG", described("", "<e:UserComment>" + words.replace('"', "&quot;") + "</e:UserComment>"))
    else:
        data = texts((key, words))
    assert answer(data) == expected
    if expected[0]:
        sure = (
            "high"
            if {"width", "size", "resolution"}
            & (tree | tree.get("sui_image_params", {}) | tree.get("image", {})).keys()
            else "medium"
        )
        assert confidences(data) == [sure]


@pytest.mark.parametrize("tree", [{"sui_image_params": SWARM}, FOOOCUS, EASY, {"Comment": json.dumps(NOVELAI)}])
def test_dialects_in_a_user_comment(tree):
    assert answer(exif("JPEG", exif_block({0x9286: comment(json.dumps(tree))})))[0] is True
    assert answer(exif("WEBP", exif_block({0x9286: comment(json.dumps(tree), "ascii")})))[0] is True


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ('"a cat" -s 50 -S 1 -W 512 -H 768 -C 5 -A k_lms', (True, None, "InvokeAI", None, None)),
        ('"a cat" -s 50 -S 1 -I room.png -M mask.png', (True, True, "InvokeAI", "room.png", "mask.png")),
        ("I have a dream", (None,) * 5),
    ],
)
def test_the_command_line_of_old_invokeai(words, expected):
    assert answer(texts(("Dream", words))) == expected


def test_a_name_of_a_text_that_only_one_generator_writes():
    assert answer(texts(("use_stable_diffusion_model", "m")))[:3] == (True, None, "Easy Diffusion")
    assert answer(texts(("smproj", "{}")))[:3] == (True, None, "Stability Matrix")


# --- names of programs ----------------------------------------------------------------------------------------------

JOB = "a cat --v 6.0 Job ID: 01234567-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize(
    ("data", "ai", "generator"),
    [
        (texts(("Software", "NovelAI")), True, "NovelAI"),
        (texts(("Source", "Stable Diffusion XL C1E1DE52")), True, "Stable Diffusion"),
        (texts(("Source", "Luma AI")), True, "Luma AI"),
        (texts(("Comment", "Generated by Luma AI's model")), True, "Luma AI"),
        (texts(("Comment", "a poster in the look of Midjourney")), None, None),
        (texts(("Author", "a person who writes about many things, Midjourney among them, " + "x" * 100)), None, None),
        (texts(("Description", JOB)), True, "Midjourney"),
        (texts(("Description", "https://s.mj.run/abc " + JOB)), True, "Midjourney"),
        (xmp("PNG", described("", f"<d:description>{JOB}</d:description>")), True, "Midjourney"),
        (exif("JPEG", exif_block({0x010E: JOB.encode()})), True, "Midjourney"),
        (exif("JPEG", exif_block({0x0131: b"Adobe Firefly"})), True, "Adobe Firefly"),
        (exif("JPEG", exif_block({0x0131: b"Adobe Photoshop 26.0"})), None, None),
        (exif("JPEG", exif_block({0x0131: b"Editor de imagen"})), None, None),
        (
            exif(
                "JPEG",
                exif_block({0x010E: b"Signature: " + b"A" * 64, 0x013B: b"01234567-89ab-cdef-0123-456789abcdef"}),
            ),
            True,
            "xAI Grok",
        ),
        (exif("JPEG", exif_block({0x010E: b"Signature: " + b"A" * 64, 0x013B: b"a painter"})), None, None),
    ],
)
def test_programs(data, ai, generator):
    assert (answer(data)[0], answer(data)[2]) == (ai, generator)


def test_the_picture_that_a_midjourney_prompt_begins_with_is_its_parent():
    assert answer(texts(("Description", "https://s.mj.run/abc a cat " + JOB)))[3] == "https://s.mj.run/abc"


# --- Samsung --------------------------------------------------------------------------------------------------------


def sef(name: str, body: str) -> bytes:
    return b"\0\0\x91\x0d" + len(name).to_bytes(4, "little") + name.encode() + body.encode() + b"SEFHk\0\0\0SEFT"


@pytest.mark.parametrize(
    ("block", "ai"),
    [
        (sef("PEg_Info", '{"genImageVersion":"v1","genAIType":8}'), True),
        (sef("PhotoEditor_Re_Edit_Data", '{"x":"{}","genAIType" : "3"}'), True),
        (sef("PhotoEditor_Re_Edit_Data", '{"genAIType":0}'), None),
        (sef("PhotoEditor_Re_Edit_Data", '{"isScaleAI":false}'), None),
        (sef("Image_UTC_Data", '{"genAIType":8}'), None),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_what_the_gallery_of_a_galaxy_leaves_behind_the_picture(kind, block, ai):
    assert answer(plain(kind) + block)[:2] == (ai, ai)


# --- sizes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recorded", "actual", "sure"),
    [
        ([], (5, 5), "medium"),
        ([(512, 512)], (512, 512), "high"),
        ([(512, 512), (64, 64)], (64, 64), "high"),
        ([(512, 768)], (1, 1), "medium"),
        ([(512, 768)], (512, 500), "medium"),
        ([(512, 768)], (1024, 1536), "medium"),
        ([(512, 512)], (1024, 512), "medium"),
        ([(512, 768)], (1000, 1500), "medium"),
        ([(512, 512)], (2153, 788), "low"),
        ([(512, 768)], (768, 512), "low"),
    ],
)
def test_a_size_confirms_contradicts_or_leaves_open(recorded, actual, sure):
    assert sizes.confidence(recorded, actual) == sure


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        (512, 768, [(512, 768)]),
        ("512", "768", [(512, 768)]),
        (512.0, 768.0, [(512, 768)]),
        (float("nan"), 5, []),
        (float("inf"), 5, []),
        (0, 5, []),
        (-5, 5, []),
        (10**400, 5, []),
        (["9", 0], 5, []),
        ("9" * 50, "5", []),
        (None, None, []),
        ("", "x", []),
    ],
)
def test_recorded_sizes_are_numbers_or_nothing(width, height, size):
    assert sizes.size_of(width, height) == size


# --- none of it anywhere else ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        with_jpeg(jpeg_segment(0xFE, b"trainedAlgorithmicMedia TC260:AIGC com.adobe.generative-ai genAIType")),
        png(noise(4, 4), before=chunk(b"prIv", SETTINGS.encode())),
        texts(("Title", "made with Midjourney and ComfyUI"), ("Copyright", "OpenAI")),
        png(noise(4, 4), before=text("Warning", "This picture was not made with AI")),
    ],
)
def test_words_outside_of_their_places_say_nothing(data):
    assert evidence.assess(data, "a picture") == ()
