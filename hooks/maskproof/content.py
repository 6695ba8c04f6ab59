"""What a file holds, as bytes: how many of them are read, and what they are known by."""

from __future__ import annotations

MAX_FILE_BYTES = 160_000_000
"""bytes of a file that are read: 50 Mpx of RGB in 8 bits that nothing can compress take 150 MB; photographs of 48 Mpx
took 66 and 77 MB as PNG"""


def sha256_of(data: bytes) -> str:
    """The SHA-256 of some bytes, as records write it."""
    import hashlib  # loads OpenSSL, which not every command needs

    return hashlib.sha256(data).hexdigest()
