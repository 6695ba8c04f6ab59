"""Which files maskproof looks at, by name alone."""

from __future__ import annotations

import re

SIDECAR_SUFFIX = ".maskproof.json"
"""appended to the whole image name, so that hero.png and hero.webp never share a sidecar"""
HOOKS_FILE = ".pre-commit-config.yaml"
POLICY_FILES = ("maskproof.toml", "pyproject.toml")
IMAGE = re.compile(r"\.(?:png|apng|jpe?g|jpe|jfif|webp|avif|gif|tiff?|heic|heif|jxl|bmp|mpo)$", re.IGNORECASE)
"""image names; files among them that cannot be decoded are reported as such, never skipped"""


def is_image(path: str) -> bool:
    """Is this the name of a raster image?"""
    return bool(IMAGE.search(path))


def is_sidecar(path: str) -> bool:
    """Is this the name of a record beside an image?"""
    return path.endswith(SIDECAR_SUFFIX)


def is_ours(path: str) -> bool:
    """Can a change of this file change a verdict?"""
    return is_image(path) or is_sidecar(path) or path in POLICY_FILES
