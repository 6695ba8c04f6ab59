"""How families of tools say "AI": one function a family, one row in `VOCABULARIES`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from maskproof.evidence import carriers
from maskproof.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.containers import Container

AI_SOURCE_TYPES = {
    "trainedAlgorithmicMedia": None,
    "compositeWithTrainedAlgorithmicMedia": True,
    "compositeSynthetic": None,
}
"""IPTC digital source types that mean a trained model, and whether they say that something was edited.
Source: http://cv.iptc.org/newscodes/digitalsourcetype/ ; `algorithmicMedia` and others do not mean AI."""
SOURCE_TYPE = re.compile(rb"digitalsourcetype/([A-Za-z]{1,64})(?![A-Za-z])")
OLD_AI_NAMES = (b"com.adobe.generative-ai", b"c2pa.ai_generated_content")
"""what manifests of 2023 and 2024 wrote before the source types"""
STEPS, SAMPLING = re.compile(r"Steps: \d+, "), re.compile(r"(?:Sampler|CFG scale): ")
"""what A1111 and its kin write, one after the other. Two searches: one expression for both would look for the second
after every first, which takes hours in a hostile text"""


def c2pa(container: Container) -> list[Evidence]:
    """Source types in a C2PA manifest, read as text; signatures are not verified here."""
    store = carriers.manifest(container)
    if not store:
        return []
    found = _source_types(store, "C2PA manifest")
    found += [Evidence("C2PA manifest", name.decode(), ai=True) for name in OLD_AI_NAMES if name in store]
    return found or [Evidence("C2PA manifest", "a manifest without signs of AI", ai=None)]


def xmp(container: Container) -> list[Evidence]:
    """Source types in an XMP packet, and China's AIGC label (TC260)."""
    packet = carriers.xmp(container)
    found = _source_types(packet, "XMP")
    if b"TC260:AIGC" in packet:
        found.append(Evidence("XMP", "TC260:AIGC", ai=True))
    return found


def stable_diffusion(container: Container) -> list[Evidence]:
    """Generation parameters that A1111, Forge, SD.Next and ComfyUI write as text."""
    named = dict(carriers.texts(container))
    plain = named.get("parameters", "") or carriers.exif(container).replace(b"\0", b"").decode("latin-1")
    found = []
    if (steps := STEPS.search(plain)) and SAMPLING.search(plain, steps.end()):
        inpaint = "Mask blur" in plain or "Inpaint area" in plain
        found.append(
            Evidence(
                "text `parameters`",
                "generation parameters",
                ai=True,
                edit=inpaint or None,
                generator="Stable Diffusion web UI",
            )
        )
    if "class_type" in named.get("prompt", ""):
        found.append(Evidence("PNG text `prompt`", "a ComfyUI workflow", ai=True, generator="ComfyUI"))
    return found


def _source_types(data: bytes, source: str) -> list[Evidence]:
    names = dict.fromkeys(match.decode() for match in SOURCE_TYPE.findall(data))
    return [Evidence(source, name, ai=name in AI_SOURCE_TYPES, edit=AI_SOURCE_TYPES.get(name)) for name in names]


VOCABULARIES: dict[str, Callable[[Container], list[Evidence]]] = {
    "C2PA": c2pa,
    "XMP": xmp,
    "Stable Diffusion": stable_diffusion,
}
