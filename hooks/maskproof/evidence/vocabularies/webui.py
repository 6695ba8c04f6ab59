"""Generation parameters as one text: A1111's web UI, and Forge, reForge, SD.Next, Civitai and others after it.

A prompt, a negative prompt, then a line of `Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x768, …`. It
stands in the PNG text `parameters`, and in EXIF UserComment or a GIF comment otherwise. Nobody vouches for it: it is
plain text. Source: AUTOMATIC1111/stable-diffusion-webui, `modules/processing.py` (`create_infotext`),
`modules/images.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from maskproof.evidence import sizes
from maskproof.model import Evidence

if TYPE_CHECKING:
    from maskproof.evidence.carriers import Carried, Text

PLACES = ("parameters", "Parameters", "UserComment", "exif:UserComment", "ImageDescription", "comment", "hidden")
STEPS, SAMPLING = re.compile(r"(?<![A-Za-z])Steps: \d+, "), re.compile(r"(?:Sampler|CFG scale|Seed|Size): ")
"""what A1111 and its kin write, one after the other. Two searches: one expression for both would look for the second
after every first, which takes hours in a hostile text"""
MAX_SETTINGS = 20_000
"""characters of the line of settings; lists of used resources make it 5,000 long"""
GENERATORS = (
    (re.compile(r"App: SD\.Next"), "SD.Next"),
    (re.compile(r"Version: neo"), "Stable Diffusion web UI Forge Neo"),
    (re.compile(r"Version: f1\.0"), "Stable Diffusion web UI reForge"),
    (re.compile(r"Version: f\d"), "Stable Diffusion web UI Forge"),
    (re.compile(r"Version: Fooocus"), "Fooocus"),
    (re.compile(r"Version: ComfyUI"), "ComfyUI"),
    (re.compile(r"Civitai (?:resources|metadata): "), "Civitai"),
)
"""what the line of settings says about the program, the most particular first; none of them: the web UI itself"""
INPAINTING = ("Mask blur", "Inpaint area", "Masked content", "Masked area padding", "Inpainting fill", "Mask mode")
"""settings that only inpainting writes"""
ENLARGING = ("Hires upscale", "Hires upscaler", "Hires resize", "Hires steps", "First pass size", "HiRes mode")
"""with one of these, `Denoising strength` is of the second pass over the program's own picture"""
RESIZING = (*INPAINTING, *ENLARGING, "Postprocess upscale by", "SD upscale", "Outpainting", "Tiled", "Script", "Resize")
"""settings under which the recorded size is not that of the picture"""


def signs(carried: Carried) -> list[Evidence]:
    """Generation parameters in any of their places."""
    return [
        found
        for one in carried.texts
        if one.key in PLACES and (settings := _settings(one.text))
        for found in [_sign(one, settings, carried.size)]
    ]


def _settings(text: str) -> str:
    """The line of settings; empty where there is none."""
    start = STEPS.search(text)
    if not start:
        return ""
    line = text[start.start() : start.start() + MAX_SETTINGS]
    return line if SAMPLING.search(line) else ""


def _sign(one: Text, settings: str, size: sizes.Size) -> Evidence:
    pairs = dict(reversed([part.split(": ", 1) for part in re.split(r", |\n", settings) if ": " in part]))
    generator = next((name for pattern, name in GENERATORS if pattern.search(settings)), "Stable Diffusion web UI")
    inpainting = any(key in pairs for key in INPAINTING) or "inpaint" in pairs.get("Operations", "")
    repainting = "Denoising strength" in pairs and not any(key in pairs for key in ENLARGING)
    repainting |= "img2img" in pairs.get("Operations", "")
    recorded = (
        [] if any(key in settings for key in RESIZING) else sizes.size_of(*(pairs.get("Size", "") + "x").split("x")[:2])
    )
    sure = sizes.confidence(recorded, size)
    says = "inpainting parameters" if inpainting else "img2img parameters" if repainting else "generation parameters"
    return Evidence(
        one.source,
        says + (" of a picture of another size" if sure == "low" else ""),
        ai=True,
        edit=True if inpainting or repainting else None,
        generator=generator,
        confidence="low" if sure == "low" else "medium",
    )
