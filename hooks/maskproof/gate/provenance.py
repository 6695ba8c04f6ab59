"""Lost provenance: a picture that carried Content Credentials before, and carries none now.

Editors write a C2PA manifest; optimizers, converters and most libraries drop it without a word. What dropped it is
named where the file or the repository's own hooks show it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from maskproof import evidence
from maskproof.errors import CouldNotJudge
from maskproof.model import Finding, Severity, sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.gate.scope import Scope
    from maskproof.model import Read

HOOKS_FILE = ".pre-commit-config.yaml"
HOOK_ID = re.compile(r"^\s*(?:-\s+)?id:\s*['\"]?([\w.-]+)", re.MULTILINE)
OPTIMIZERS = re.compile(
    r"oxipng|optipng|pngcrush|pngquant|zopfli|jpegoptim|jpegtran|mozjpeg|squoosh|sharp|cwebp|avifenc|svgo"
    r"|exiftool|mogrify|imagemagick|image-?optim|optimi[sz]e-?image|compress-?image|strip-?(?:exif|meta)",
    re.IGNORECASE,
)
"""parts of the names of programs that write pictures anew, as hooks are named after them"""


def lost(
    scope: Scope, path: str, edit: bytes, original: tuple[str, bytes] | None, dropped: str | None = None
) -> list[Finding]:
    """The finding for a manifest that is gone.

    Args:
        scope: The change that the picture is part of.
        path: Where it lies.
        edit: Its bytes.
        original: The name and the bytes of its recorded original; None where it has none.
        dropped: SHA-256 of a manifest that its record says was dropped knowingly.
    """
    if _manifest(edit, path) is not None:
        return []
    held = ((name, _manifest(data, name)) for name, data in _earlier(scope, path, original))
    earlier = next((name for name, store in held if store is not None and sha256_of(store) != dropped), None)
    if earlier is None:
        return []
    who = dropped_by(edit, path, scope.delta.head.read)
    return [
        Finding(
            "provenance-lost",
            Severity.WARN,
            f"{earlier} carries Content Credentials (a C2PA manifest) and this file carries none"
            + (f"; {who}" if who else ""),
            advice="Export it again with its credentials and run no optimizer behind that, or let the reviewer know "
            "that they are meant to go.",
        )
    ]


def dropped_by(data: bytes, path: str, read: Read) -> str:
    """What wrote a picture anew, in words, as far as anything shows it; empty where nothing does."""
    if (writer := evidence.writer(data, path)) is not None:
        return f"the file was last written by {writer}"
    config = read(HOOKS_FILE)
    hooks = HOOK_ID.findall(config.decode("utf-8", "replace")) if config else []
    named = [hook for hook in hooks if OPTIMIZERS.search(hook)]
    return f"the hook {named[0]!a} in {HOOKS_FILE} writes pictures anew" if named else ""


def _earlier(scope: Scope, path: str, original: tuple[str, bytes] | None) -> Iterator[tuple[str, bytes]]:
    if original is not None:
        yield f"its original {original[0]}", original[1]
    before, now = scope.delta.base.entries.get(path), scope.delta.head.entries.get(path)
    if before is not None and before != now:
        try:
            data = scope.delta.base.read(path)
        except CouldNotJudge:
            return
        if data is not None:
            yield "its version before", data


def _manifest(data: bytes, name: str) -> bytes | None:
    try:
        return evidence.manifest(data, name)
    except CouldNotJudge:
        return None
