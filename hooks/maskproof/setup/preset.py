"""Fetching a preset: a policy that several repositories share is put beside the own one, and pinned there.

This is the only place that fetches one, and only when somebody asks; what it wrote is reviewed as every file is. A
check reads the copy.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from maskproof.atomic import read_file, write_together
from maskproof.documents import MAX_BYTES
from maskproof.errors import UsageError
from maskproof.policy import parse
from maskproof.policy.presets import digest_of
from maskproof.repo.paths import POLICY_FILES, PRESET_SUFFIX
from maskproof.repo.working import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from maskproof.repo import Repository

PATIENCE = 30
"""seconds until a server that says nothing is given up"""
HERE = ("localhost", "127.0.0.1", "::1")
"""hosts that may be asked without encryption, which the digest would not make up for: it is taken from what came"""
PINNED = re.compile(r"^extends[ \t]*=[ \t]*\{[^}\n]*\}", re.MULTILINE)
VERSION = re.compile(r"^version[ \t]*=[ \t]*1[ \t]*(?:#.*)?$", re.MULTILINE)


def pin(repository: Repository, source: str, to: str | None) -> Iterator[str]:
    """Bring a preset into the repository and let its policy extend it.

    Args:
        repository: The one whose policy it is.
        source: Where the preset lies: `https://…`, or a file; one of the repository stays where it is.
        to: Where it is to lie, from the repository's root; None: at the top, under its own name.

    Yields:
        Lines that say what was done, and what is left to do.

    Raises:
        UsageError: it cannot be had or written, or the policy does not let itself be edited.
        PolicyError: it is no policy, or the own policy has mistakes.
    """
    remote = "://" in source
    data = _fetched(source) if remote else read_file(repository.where / source)
    path = to or _name(repository, source, remote=remote)
    if not path.endswith(PRESET_SUFFIX):
        raise UsageError(f"{path} is no name of a preset", f"Let it end in {PRESET_SUFFIX}.")
    parse(data, path, lambda _: None)
    toml, table = POLICY_FILES
    own = toml
    if not (repository.root / toml).exists() and TABLE in _read(repository.root / table):
        own = table
    digest = digest_of(data)
    line = f'extends = {{path = "{path}", sha256 = "{digest}"}}'
    text = _extended(_read(repository.root / own).decode("utf-8", "surrogateescape") or "version = 1\n", line, own)

    def read(name: str) -> bytes | None:
        return data if name == path else None

    parse(text, own, read)
    before = _read(repository.root / path)
    (repository.root / path).parent.mkdir(parents=True, exist_ok=True)
    write_together((repository.root / path, data), (repository.root / own, text))
    yield f"{'Left' if before == data else 'Renewed' if before else 'Wrote'} {path}, sha256 {digest}"
    yield f"{own} extends it now"
    yield f"Next: look at both, then `git add {path} {own}`. What it asks less than before holds once it is merged."


def _name(repository: Repository, source: str, *, remote: bool) -> str:
    """Where a preset is to lie."""
    if remote:
        return urlsplit(source).path.rsplit("/", 1)[-1].removesuffix(".toml").removesuffix(".maskproof") + PRESET_SUFFIX
    return repository.path_of(source)


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


def _fetched(url: str) -> bytes:
    """What lies at an address."""

    def refuse_plain(address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in HERE):
            raise UsageError(f"{address} would be fetched without encryption", "Name an address with https://.")

    refuse_plain(url)
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - the scheme was asked
            refuse_plain(answer.url)
            data: bytes = answer.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise UsageError(f"{url} cannot be fetched: {reason}", "Check the address.") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{url} holds more than {MAX_BYTES} bytes", "Check the address.")
    return data


def _extended(text: str, line: str, name: str) -> bytes:
    """A policy with the line that names a preset in place of the former one, or behind its version."""
    place = PINNED if PINNED.search(text) else VERSION
    found = place.search(text)
    if found is None or re.search(r"^\[(?:tool\.maskproof\.)?extends\]", text, re.MULTILINE):
        raise UsageError(f"{name} is not in the usual form", f"Write into it, above every table: `{line}`")
    kept = "" if place is PINNED else f"{found.group()}\n"
    return (text[: found.start()] + kept + line + text[found.end() :]).encode("utf-8", "surrogateescape")
