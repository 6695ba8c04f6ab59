"""SSH signatures, made and verified by `ssh-keygen -Y` as Git does for commits.

Sources: `ssh-keygen(1)`, ALLOWED SIGNERS and `-Y`; Git's gpg-interface.c, which asks `find-principals` who may have
signed and then `verify` for each. The namespace is our own, so that no signature over a commit or a mail counts here.
No program is started that a clone's settings name.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from maskproof.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.repo import Repository

NAMESPACE = "maskproof-approval"
LITERAL_KEY = re.compile(r"^(?:key::)?((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+ \S+.*)$")
"""`user.signingKey` that is a public key itself; its private half is asked of the agent"""
MAX_SIGNATURE = 64_000
"""bytes; one over a certificate has some thousand"""


class Verified(NamedTuple):
    """What came of verifying a signature."""

    names: tuple[str, ...]
    """who may have made it, by all names that the list has for the key; empty: it does not count"""
    why: str = ""
    """why it does not"""


def sign(repository: Repository, data: bytes, key: str | None) -> bytes:
    """A signature over some bytes.

    Args:
        repository: Whose `user.signingKey` is taken where no key is given.
        data: The bytes.
        key: A file with a private key, or with a public key whose private half an agent holds.

    Raises:
        UsageError: there is no key, or it cannot sign.
    """
    key = key or repository.setting("user.signingKey")
    if not key:
        raise UsageError(
            "there is no key to sign with",
            "Name one with `--key FILE`, or set Git's: `git config user.signingKey ~/.ssh/id_ed25519.pub`.",
        )
    with tempfile.TemporaryDirectory() as folder:
        literal = LITERAL_KEY.match(key)
        file = Path(folder) / "key.pub" if literal else Path(key).expanduser()
        if literal:
            file.write_text(literal[1] + "\n")
        agent = ("-U",) if literal else ()
        status, out, said = _run("-Y", "sign", *agent, "-n", NAMESPACE, "-f", str(file), given=data)
    if status or not out:
        raise UsageError(f"it could not be signed with {key}: {said}", "Check the key, or name one with `--key FILE`.")
    return out


def verify(data: bytes, signature: bytes, signers: bytes, when: str) -> Verified:
    """Who signed some bytes, by a list of allowed signers.

    Args:
        data: The bytes.
        signature: The signature over them, as a file.
        signers: The list.
        when: The moment at which the key has to be valid, as `ssh-keygen` writes it (YYYYMMDDHHMMSSZ).

    Raises:
        UsageError: `ssh-keygen` is not there.
    """
    if len(signature) > MAX_SIGNATURE:
        return Verified((), "is no signature")
    with tempfile.TemporaryDirectory() as folder:
        listed, signed = Path(folder) / "allowed", Path(folder) / "signature"
        listed.write_bytes(signers)
        signed.write_bytes(signature)
        at = f"-Overify-time={when}"
        where = ("-f", str(listed), "-s", str(signed))
        found = _run("-Y", "find-principals", at, *where)[1].decode(errors="replace").splitlines()
        for name in filter(None, map(str.strip, found)):
            status, _, said = _run("-Y", "verify", at, "-n", NAMESPACE, "-I", name, *where, given=data)
            if status == 0:
                return Verified(tuple(dict.fromkeys([*found, *_names_of(signature, signers)])))
            said = re.sub(r"^.*allowed:\d+: ", "", said)
            return Verified((), f"does not hold for {name} ({said})")
    return Verified((), "is by nobody whose key is allowed at that time")


def is_another(names: tuple[str, ...], author: str) -> bool | None:
    """Is the signer of these names somebody else than an author? None: they have no name of a kind in common.

    A platform calls people by their login, and a list of signers may have addresses only, or patterns of them.
    """
    if any(_means(name, author) for name in names):
        return False
    alike = [name for name in names if ("@" in name) == ("@" in author) and not set("*?!") & set(name)]
    return True if alike else None


def _means(name: str, author: str) -> bool:
    """Does a name of the list, with the wildcards that `ssh-keygen` knows, mean an author? A bracket is a bracket."""
    letters = {"*": ".*", "?": "."}
    pattern = "".join(letters.get(one, re.escape(one)) for one in name.casefold())
    return re.fullmatch(pattern, author.casefold(), re.DOTALL) is not None


def _names_of(signature: bytes, signers: bytes) -> Iterator[str]:
    """All names that the list has for the key of a signature: `find-principals` stops at the first line."""
    key = _public_key(signature)
    for line in signers.decode(errors="replace").splitlines():
        words = line.split()
        if key and key in words[1:]:
            yield from words[0].strip('"').split(",")


def _public_key(signature: bytes) -> str:
    """The public key in a signature, as lists of keys write it (PROTOCOL.sshsig of OpenSSH); empty: none."""
    text = b"".join(line for line in signature.splitlines() if not line.startswith(b"-----"))
    try:
        blob = base64.b64decode(text, validate=True)
    except binascii.Error:
        return ""
    length = int.from_bytes(blob[10:14])
    return base64.b64encode(blob[14 : 14 + length]).decode() if blob[:6] == b"SSHSIG" else ""


def _run(*arguments: str, given: bytes = b"") -> tuple[int, bytes, str]:
    """The exit status of `ssh-keygen`, what it printed and what it complained of."""
    try:
        done = subprocess.run(
            ["ssh-keygen", *arguments],
            input=given,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )
    except FileNotFoundError as error:
        raise UsageError(
            "ssh-keygen is not installed, or not on the PATH", "Install OpenSSH 8.9 or newer (`openssh-client`)."
        ) from error
    said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
    return done.returncode, done.stdout, said[-1] if said else ""
