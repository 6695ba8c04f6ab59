"""Names of programs that only generate, in fields that name the maker; and the forms of Midjourney and Grok.

Sources: files of each service; Midjourney's documentation on image metadata (prompt with its options, `Job ID`, IPTC
source type in XMP); xAI's EXIF (a signature as description, a UUID as artist).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from maskproof.evidence.vocabularies.words import GENERATORS
from maskproof.model import Evidence

if TYPE_CHECKING:
    from maskproof.evidence.carriers import Carried

MAKERS = ("Software", "software", "Source", "Author", "Artist", "Make", "Model", "Creator", "CreatorTool", "generator")
"""texts and tags that name a maker"""
MAX_NAME = 120
"""characters of a name; a prompt that speaks of a program is no maker"""
GENERATED_BY = re.compile(r"^\s*(?:generated|made|created|powered) (?:by|with|using) ", re.IGNORECASE)
DESCRIPTIONS = ("Description", "ImageDescription", "dc:description", "tiff:ImageDescription", "Comment", "comment")
JOB = re.compile(r"Job ID: [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
IMAGE_PROMPT = re.compile(r"https?://(?:cdn\.midjourney\.com|s\.mj\.run|cdn\.discordapp\.com)/\S{1,300}")
GROK = re.compile(r"^Signature: [A-Za-z0-9+/=]{40,}$")
UUID = re.compile(r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)


def signs(carried: Carried) -> list[Evidence]:
    """Makers by name, and descriptions in the form of one service."""
    found = [
        Evidence(one.source, one.text, ai=True, generator=match.group())
        for one in carried.texts
        if len(one.text) <= MAX_NAME
        and (one.key in MAKERS or (one.key in DESCRIPTIONS and GENERATED_BY.match(one.text)))
        and (match := GENERATORS.search(one.text))
    ]
    found += [
        Evidence(f"{packet.source} CreatorTool", tool, ai=True, generator=match.group())
        for packet in carried.xmp
        for tool in packet.all("xmp:CreatorTool")
        if len(tool) <= MAX_NAME and (match := GENERATORS.search(tool))
    ]
    for one in carried.of(*DESCRIPTIONS):
        if job := JOB.search(one.text):
            given = IMAGE_PROMPT.search(one.text)
            found.append(
                Evidence(
                    one.source,
                    f"a Midjourney prompt, {job.group()}",
                    ai=True,
                    generator="Midjourney",
                    parent=given.group() if given else None,
                )
            )
    artist = next((one.text for one in carried.of("Artist")), "")
    for one in carried.of("ImageDescription"):
        if GROK.match(one.text) and UUID.match(artist):
            found.append(Evidence(one.source, "a signature as Grok writes it", ai=True, generator="xAI Grok"))
    return list(dict.fromkeys(found))
