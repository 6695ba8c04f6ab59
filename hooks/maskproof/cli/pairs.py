"""What `check` does with a manifest: pairs of pictures outside of Git."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from maskproof.atomic import read_file
from maskproof.cli.base import FILE
from maskproof.images import worker
from maskproof.parallel import processors

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.gate.manifest import Manifest
    from maskproof.gate.scene import Draws
    from maskproof.model import Report
    from maskproof.policy import FoundPolicy

MANIFEST = click.option(
    "--manifest",
    type=FILE,
    metavar="FILE",
    help="Judge pairs outside of Git, a row each: CSV, TSV or JSON Lines with edit, original, mask, mask_mode …",
)
POLICY = click.option(
    "--policy",
    "policy_file",
    type=FILE,
    help="With --manifest: the policy that holds; by default maskproof.toml beside it.",
)


SCHEDULER = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="The workers of this Dask scheduler share the images: tcp://HOST:PORT. Needs the extra [dask].",
)


def opened(file: Path, policy_file: Path | None, *, cached: bool) -> Manifest:
    """A manifest with the policy that holds for it, its verdicts kept in the user's own folder or not at all."""
    from maskproof.gate.manifest import Manifest

    with contextlib.suppress(OSError):  # then nothing is kept
        own_folder().parent.mkdir(parents=True, exist_ok=True)
    folder = file.parent if policy_file is None else policy_file.parent
    shelf = own_folder() / "verdicts" if cached else None
    policy = _policy(folder, policy_file)
    return Manifest(file.absolute(), policy, folder.absolute(), shelf, originals=own_folder(), name=str(file))


def _policy(folder: Path, policy_file: Path | None) -> FoundPolicy:
    from maskproof.policy import load, parse

    def read(name: str) -> bytes | None:
        return read_file(folder / name) if (folder / name).exists() else None

    if policy_file is None:
        return load(read)
    policy = parse(read_file(policy_file), str(policy_file), read)
    return None if policy is None else (str(policy_file), policy)


def own_folder() -> Path:
    """Where a user's programs keep what they can make again: `XDG_CACHE_HOME`, or as Windows has it."""
    windows = os.environ.get("LOCALAPPDATA") if os.name == "nt" else None
    return Path(os.environ.get("XDG_CACHE_HOME") or windows or Path.home() / ".cache") / "maskproof"


def judged_pairs(
    manifest: Manifest,
    jobs: int | None,
    scheduler: str | None,
    share: tuple[int, int] | None,
    draws: Draws,
    progress: Callable[[int, int], None],
) -> Report:
    """The report on a manifest, or on one part of it."""
    if jobs in {None, 1} and scheduler is None:
        worker.start(jobs or processors())
    from maskproof.gate.check import in_processes
    from maskproof.gate.manifest import check_manifest
    from maskproof.model import Shard

    run = None if jobs is None else in_processes(jobs)
    if scheduler is not None:
        from maskproof.gate.cluster import of_manifest, on_cluster

        manifest = replace(manifest, shelf=None)  # which only this machine has
        run = on_cluster(scheduler, of_manifest(manifest))
    found, identity = check_manifest(manifest, run, progress, share or (1, 1), draws)
    return found if share is None else replace(found, shard=Shard(*share, identity))
