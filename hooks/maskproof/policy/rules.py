"""The rules: one row for every kind of finding, and the one way to make a finding.

A row is what every report says of a rule: its id, its title, how grave it is, its page, and the words by which people
in the field search for it. docs/rules/README.md and the pages are tested against the rows. A new rule is a row here,
a page in docs/rules/, and a function that asks for `finding(id, ...)`.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from maskproof.documents import hint
from maskproof.model import Finding, Severity


class Rule(Struct, frozen=True):
    """What a finding of this rule means."""

    id: str
    title: str
    """one sentence, as in the list of rules"""
    severity: Severity
    """what it does under the default policy in the usual case; where that depends, the finding says its own"""
    known_as: tuple[str, ...]
    """what the field calls it: the words that a reader may search for, on the page under "Also known as" """

    @property
    def page(self) -> str:
        """Its page, as a path in the repository."""
        return f"docs/rules/{self.id}.md"


WARN, UNJUDGED, BLOCK = Severity.WARN, Severity.UNJUDGED, Severity.BLOCK

RULES = {
    rule.id: rule
    for rule in (
        Rule("outside-mask", "Pixels outside the mask changed.", BLOCK, ("spill", "bleed")),
        Rule("brand", "A brand area changed.", BLOCK, ("logo drift", "off-brand colour", "altered logo")),
        Rule("text", "A text area changed.", BLOCK, ("garbled text", "misspelt lettering")),
        Rule("face", "A face changed.", BLOCK, ("identity drift", "changed likeness of a person")),
        Rule("product", "A product area changed.", BLOCK, ("product fidelity", "changed silhouette")),
        Rule(
            "tone",
            "Light or colour of the whole protected area moved.",
            BLOCK,
            ("colour cast", "white balance", "exposure shift"),
        ),
        Rule("shift", "The frame moved, turned or was rescaled.", BLOCK, ("misregistration", "misalignment")),
        Rule("size", "The edit has other proportions than its original.", BLOCK, ("aspect ratio", "resolution")),
        Rule("alpha", "The transparency of protected pixels changed.", BLOCK, ("alpha channel", "opacity")),
        Rule("frames", "The file holds more than one picture.", UNJUDGED, ("animated", "multi-frame", "multi-page")),
        Rule(
            "color-profile",
            "The file describes its colours otherwise than its original.",
            WARN,
            ("ICC profile", "colour space", "gamut"),
        ),
        Rule(
            "gain-map",
            "The file carries another gain map than its original, or lost it.",
            BLOCK,
            ("HDR gain map", "Ultra HDR", "HDR highlights"),
        ),
        Rule("depth", "The edit has fewer bits a sample than its original.", WARN, ("bit depth", "banding")),
        Rule("unrecorded", "An edit without a record.", WARN, ("undeclared AI edit", "missing sidecar")),
        Rule(
            "stale-record",
            "The record does not fit the picture, or cannot be used.",
            BLOCK,
            ("digest mismatch", "checksum mismatch"),
        ),
        Rule(
            "record-loosened",
            "The change asks less than the record that the project holds.",
            BLOCK,
            ("weakened record", "swapped original", "widened mask"),
        ),
        Rule(
            "missing-original",
            "The recorded original cannot be found.",
            UNJUDGED,
            ("missing source image", "missing reference"),
        ),
        Rule(
            "missing-mask",
            "The recorded mask, or an area's mask picture, cannot be found.",
            UNJUDGED,
            ("missing inpainting mask",),
        ),
        Rule("mask-suspect", "Something about the mask is odd.", WARN, ("inverted mask", "mask coverage")),
        Rule(
            "new-original",
            "Original or mask were not judged before the change that they justify.",
            WARN,
            ("unreviewed source", "unreviewed mask"),
        ),
        Rule(
            "derived",
            "The master of an export is not in order.",
            BLOCK,
            ("derivative", "rendition", "responsive images", "thumbnail"),
        ),
        Rule(
            "approval-lapsed",
            "An approval of the picture does not hold.",
            WARN,
            ("expired waiver", "invalid sign-off", "unverified signature"),
        ),
        Rule("policy-loosened", "The change asks for a looser policy.", WARN, ("weakened configuration",)),
        Rule(
            "unreadable",
            "The file cannot be read, or not by all viewers alike.",
            UNJUDGED,
            ("corrupt file", "truncated file", "trailing data"),
        ),
        Rule(
            "too-large", "The file or its picture is over a limit.", UNJUDGED, ("decompression bomb", "file size limit")
        ),
        Rule(
            "provenance-lost",
            "Content Credentials that were there before are gone.",
            WARN,
            ("stripped metadata", "removed C2PA manifest"),
        ),
        Rule(
            "unmarked",
            "A model had a part in the picture, and its file does not say so.",
            WARN,
            ("missing AI label", "AI disclosure", "Article 50"),
        ),
        Rule(
            "assertion-differs",
            "The verdict that is signed into the file is not what is measured.",
            BLOCK,
            ("false attestation", "broken signature", "tampered Content Credentials"),
        ),
        Rule("edit-missing", "Nothing changed inside the mask.", WARN, ("no-op edit", "unchanged image")),
        Rule("seam", "The edit was pasted back with a visible edge.", WARN, ("halo", "blending artefact")),
        Rule(
            "attributes",
            "Git rewrites the picture on checkout.",
            BLOCK,
            ("line-ending conversion", "smudge filter", "keyword expansion"),
        ),
        Rule(
            "name-clash",
            "Two files have names that some systems cannot tell apart.",
            UNJUDGED,
            ("case-insensitive path collision", "Unicode normalization"),
        ),
    )
}
"""the rows by id, in the order of docs/rules/README.md"""


def finding(rule: str, message: str, severity: Severity | None = None, **said: Any) -> Finding:
    """One finding of a rule that has a row.

    Args:
        rule: The id of a row.
        message: What is so in this image, in plain English.
        severity: Where it is not that of the row.
        said: The other fields of `Finding`.

    Raises:
        ValueError: there is no such rule, a fault of the program.
    """
    if rule not in RULES:
        raise ValueError(f"there is no rule {rule!r} in maskproof.policy.rules: {hint(rule, RULES)}")
    return Finding(rule, severity or RULES[rule].severity, message, **said)
