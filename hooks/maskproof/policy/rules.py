"""The rules: every finding's id, and what it means in one line. Each has a page in docs/rules/."""

from __future__ import annotations

RULES = {
    "outside-mask": "Pixels outside the mask changed.",
    "brand": "A brand area changed.",
    "text": "A text area changed.",
    "face": "A face changed.",
    "product": "A product area changed.",
    "tone": "Light or colour of the whole protected area moved.",
    "shift": "The frame moved, turned or was rescaled.",
    "size": "The edit has other proportions than its original.",
    "alpha": "The transparency of protected pixels changed.",
    "frames": "The file holds more than one picture.",
    "color-profile": "The file describes its colours otherwise than its original.",
    "unrecorded": "An edit without a record.",
    "stale-record": "The record does not fit the picture, or cannot be used.",
    "missing-original": "The recorded original cannot be found.",
    "missing-mask": "The recorded mask, or an area's mask picture, cannot be found.",
    "mask-suspect": "Something about the mask is odd.",
    "new-original": "Original or mask come with the change that they justify.",
    "policy-loosened": "The change asks for a looser policy.",
    "unreadable": "The file cannot be read, or not by all viewers alike.",
    "too-large": "The file or its picture is over a limit.",
    "provenance-lost": "Content Credentials that were there before are gone.",
    "edit-missing": "Nothing changed inside the mask.",
    "seam": "The edit was pasted back with a visible edge.",
    "name-clash": "Two files have names that some systems cannot tell apart.",
}
