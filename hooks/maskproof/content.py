"""What a file holds, as bytes: how many of them are read, and what they are known by."""

from __future__ import annotations

MAX_FILE_BYTES = 160_000_000
"""bytes of a file that are read: 50 Mpx of RGB in 8 bits that nothing can compress take 150 MB; photographs of 48 Mpx
took 66 and 77 MB as PNG"""

LFS_POINTER = (
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-\d-[\w.-]+ sha256:[0-9a-f]{64}\n)*"
    rb"oid sha256:([0-9a-f]{64})\nsize (\d{1,18})\n"
)
"""a canonical Git LFS pointer; https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md"""
POINTER_BYTES = 1024
"""a pointer is smaller than this many bytes"""


def lfs_pointer(data: bytes) -> tuple[str, int] | None:
    """Digest and size that a Git LFS pointer names; None for any other content."""
    import re

    found = re.fullmatch(LFS_POINTER, data) if len(data) < POINTER_BYTES else None
    return (found.group(1).decode(), int(found.group(2))) if found else None


def sha256_of(data: bytes) -> str:
    """The SHA-256 of some bytes, as records write it."""
    import hashlib  # loads OpenSSL, which not every command needs

    return hashlib.sha256(data).hexdigest()
