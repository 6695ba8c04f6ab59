"""Words that vocabularies share: what the digital source types mean, and how programs are called that only make pictures."""

from __future__ import annotations

import re

AI_SOURCE_TYPES = {
    "trainedAlgorithmicMedia": None,
    "compositeWithTrainedAlgorithmicMedia": True,
    "compositeSynthetic": None,
}
"""IPTC digital source types that mean a trained model, and whether they say that something was edited.
Source: http://cv.iptc.org/newscodes/digitalsourcetype/ ; `algorithmicMedia` and others do not mean AI."""
SOURCE_TYPE = re.compile(r"^\s*(?:https?://[^\s]{1,80}/)?(?:[A-Za-z]{1,20}:)?([A-Za-z]{1,64})\s*$")
"""a source type is a URL, a short form (`digsrctype:…`) or a bare name; what counts is its exact last part"""
GENERATORS = re.compile(
    r"(?<![A-Za-z])(?:adobe[ _]firefly|bing image creator|image creator from|microsoft[ _]responsible[ _]ai|chatgpt|"
    r"openai|dall[-·\u00b7 ]?e(?![A-Za-z])|gpt-image|gpt-4o|midjourney|stability[ .]ai|stable[ -]?diffusion|dreamstudio|"
    r"black forest labs|flux[. ]?[12]|ideogram|leonardo\.ai|nightcafe|novelai|google generative ai|google imagen|imagen[- ][0-9]|"
    r"nano banana|grok imagine|dreamina|recraft|playground ai|krea\.ai|luma ai|runwayml|runway (?:ai|image)|bria ai|fal-ai|comfyui|invokeai|"
    r"automatic1111|fooocus|swarmui|draw things|image playground|nova canvas|titan image|seedream|jimeng|wombo)",
    re.IGNORECASE,
)
"""programs and services that do nothing but generate: where one signs as the maker of a picture, a model made it.
Editors with some generative tools (Photoshop, Canva, Photos) are not among them"""


def source_type(text: str) -> str | None:
    """The last part of a digital source type; None where the text is none."""
    match = SOURCE_TYPE.match(text[:200])
    return match.group(1) if match else None
