"""Presets: a policy that several repositories share, kept in each of them and pinned by its digest.

A repository's own policy names it (`extends`) and begins with what it says: its lists come first, and of all
else the own value holds. The check reads it as it reads every policy, from the same tree and never over the network.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from maskproof.content import sha256_of
from maskproof.errors import PolicyError

if TYPE_CHECKING:
    from maskproof.model import Read

LISTS = ("rules", "areas", "derived")
"""tables of which those of the preset and the own hold"""
SHOWN = 12
"""digits of a digest that a message shows"""


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The policy that another one begins with: a file of the same commit, and the digest that it must have."""

    path: Annotated[
        str,
        Meta(
            pattern=r"\.maskproof\.toml\Z",
            description="a path from the repository's root that ends in .maskproof.toml",
        ),
    ]
    sha256: Annotated[
        str, Meta(pattern=r"^[0-9a-f]{64}\Z", description="a SHA-256 digest of 64 lower-case hexadecimal digits")
    ]


def read_preset(preset: Preset, named_by: str, read: Read) -> bytes:
    """The bytes of a preset.

    Args:
        preset: It.
        named_by: The policy that extends it.
        read: Where it lies.

    Raises:
        PolicyError: it is not there, or not what was pinned.
    """
    data = read(preset.path)
    named = shlex.quote(preset.path)
    if data is None:
        said = f"it extends {preset.path}, which is not there as a plain file: `git add {named}`"
        raise PolicyError(named_by, (said,))
    if (digest := digest_of(data)) != preset.sha256:
        said = (
            f"it extends {preset.path} with the digest {preset.sha256[:SHOWN]}…, but that file has {digest[:SHOWN]}…; "
            f"if the file is meant, pin it: `maskproof preset {named}`"
        )
        raise PolicyError(named_by, (said,))
    return data


def digest_of(data: bytes) -> str:
    """The SHA-256 of a preset, whichever line ends a checkout gave it."""
    return sha256_of(data.replace(b"\r\n", b"\n"))


def merged(preset: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A policy as it is written, behind the preset that it extends."""
    whole = {**preset, **own}
    for key in preset.keys() & own.keys():
        if key in LISTS:
            whole[key] = [*preset[key], *own[key]]
        elif isinstance(own[key], dict):
            whole[key] = merged(preset[key], own[key])
    return whole
