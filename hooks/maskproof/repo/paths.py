"""Which files maskproof looks at by their names; others are looked at where their first bytes are a picture's."""

from __future__ import annotations

import re
import unicodedata

SIDECAR_SUFFIX = ".maskproof.json"
"""appended to the whole image name, so that hero.png and hero.webp never share a sidecar"""
MIRRORED = re.compile(r"\.maskproof/(?!approvals/)[^/]+/(?=.)")
"""how the path of a record begins that lies in a folder of its own, under the path of its image. Whatever the policy
names, every such folder is read: none can be hidden by naming another. Nothing ships from .maskproof, so no picture
there has a record beside it"""
HOOKS_FILE = ".pre-commit-config.yaml"
ATTRIBUTES = ".gitattributes"
APPROVALS = ".maskproof/approvals/"
"""the folder of approvals"""
APPROVAL_SUFFIX, SIGNATURE_SUFFIX = ".json", ".sig"
SIGNERS = ".maskproof/allowed_signers"
"""whose signatures count, as `ssh-keygen` reads it (ALLOWED SIGNERS in its manual page)"""
POLICY_FILES = ("maskproof.toml", "pyproject.toml")
PRESET_SUFFIX = ".maskproof.toml"
"""ends the name of a policy that others extend, so that a change of one is known by its name"""
IMAGE = re.compile(r"\.(?:png|apng|jpe?g|jpe|jfif|webp|avif|gif|tiff?|heic|heif|jxl|bmp|mpo)$", re.IGNORECASE)
"""image names; files among them that cannot be decoded are reported as such, never skipped"""


def folded(path: str) -> str:
    """A name as systems see it that tell neither upper from lower case nor one Unicode form from another."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def is_policy(path: str) -> bool:
    """Is this the name of a policy file or of a preset, as written or in another case?"""
    return folded(path) in POLICY_FILES or folded(path).endswith(PRESET_SUFFIX)


def is_nested_policy(path: str) -> bool:
    """Is this a policy in a folder, where it holds for nobody?"""
    folder, _, name = path.rpartition("/")
    return bool(folder) and folded(name) == POLICY_FILES[0]


def is_attributes(path: str) -> bool:
    """Is this one of Git's files that say how others are rewritten, as written or in another case?"""
    return folded(path.rsplit("/", 1)[-1]) == ATTRIBUTES


def is_image(path: str) -> bool:
    """Is this the name of a raster image?"""
    return bool(IMAGE.search(path))


def is_sidecar(path: str) -> bool:
    """Is this the name of a record?"""
    return path.endswith(SIDECAR_SUFFIX)


def sidecar_image(path: str) -> str:
    """The image that the record at a path speaks of: beside it, or in its folder under the same path."""
    image = path.removesuffix(SIDECAR_SUFFIX)
    mirrored = MIRRORED.match(image)
    return image if mirrored is None else image[mirrored.end() :]


def records_of(image: str) -> tuple[str, str]:
    """Pathspecs of Git for all places where the record of an image may lie, its name in any case."""
    plain = re.sub(r"([*?\[\\])", r"\\\1", image) + SIDECAR_SUFFIX
    return f":(top,icase,literal){image}{SIDECAR_SUFFIX}", f":(top,icase,glob).maskproof/*/{plain}"


def is_approval(path: str) -> bool:
    """Is this the name of an approval?"""
    return path.startswith(APPROVALS) and path.endswith(APPROVAL_SUFFIX)


def is_ours(path: str) -> bool:
    """Can a change of this file change a verdict?"""
    kinds = is_image, is_sidecar, is_policy, is_nested_policy, is_attributes, is_approval
    return any(is_kind(path) for is_kind in kinds)
