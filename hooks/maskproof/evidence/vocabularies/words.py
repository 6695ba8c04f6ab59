"""Words that vocabularies share: what digital source types mean, and names of programs that only make pictures."""

from __future__ import annotations

import re

AI_SOURCE_TYPES = {
    "trainedAlgorithmicMedia": None,
    "compositeWithTrainedAlgorithmicMedia": True,
    "compositeSynthetic": None,
}
"""IPTC digital source types that mean a trained model, and whether they say that something was edited.
Source: http://cv.iptc.org/newscodes/digitalsourcetype/ ."""
NOT_AI = frozenset(
    {
        "algorithmicMedia",
        "algorithmicallyEnhanced",
        "composite",
        "compositeCapture",
        "computationalCapture",
        "dataDrivenMedia",
        "digitalArt",
        "digitalCapture",
        "digitalCreation",
        "humanEdits",
        "minorHumanEdits",
        "negativeFilm",
        "positiveFilm",
        "print",
        "screenCapture",
        "virtualRecording",
    }
)
"""the others of that list; a name on neither says nothing"""
MIN_ID_CHARS = 16
"""characters of an id that can tell files apart; there are writers whose every file has the id `1.0`"""
SOURCE_TYPE = re.compile(r"^\s*(?:https?://[^\s]{1,80}/)?(?:[A-Za-z]{1,20}:)?([A-Za-z]{1,64})\s*$")
"""a source type is a URL, a short form (`digsrctype:…`) or a bare name; what counts is its exact last part"""
GENERATORS = re.compile(
    r"(?<![A-Za-z])(?:"
    r"adobe[ _]firefly|apple image playground|automatic1111|black forest labs|bing image creator|bria ai|chatgpt|"
    r"comfyui|dall[-\u00b7 ]?e(?![A-Za-z])|draw things|dreamina|dreamstudio|fal-ai|flux[. ]?[12]|fooocus|"
    r"google generative ai|google imagen|gpt-4o|gpt-image|grok imagine|ideogram|image creator from|imagen[- ][0-9]|"
    r"invokeai|jimeng|krea\.ai|leonardo\.ai|luma ai|mflux(?![A-Za-z])|microsoft[ _]responsible[ _]ai|midjourney|"
    r"nano banana|nightcafe|nova canvas|novelai|openai|playground ai|recraft|runway (?:ai|image)|runwayml|"
    r"seedream|stability[ .]ai|stable[ -]?diffusion|swarmui|titan image|wombo"
    r")",
    re.IGNORECASE,
)
"""programs and services that do nothing but generate: where one signs as the maker of a picture, a model made it.
Editors with some generative tools (Photoshop, Canva, Photos) are not among them"""


def means_ai(kind: str) -> bool | None:
    """Does this digital source type mean a trained model? None for a name that is not on IPTC's list."""
    return True if kind in AI_SOURCE_TYPES else False if kind in NOT_AI else None


def source_type(text: str) -> str | None:
    """The last part of a digital source type; None where the text is none."""
    match = SOURCE_TYPE.match(text[:200])
    return match.group(1) if match else None
