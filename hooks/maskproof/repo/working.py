"""The working tree: what lies in it and is not part of the commit. Only seen and told; the gate never judges by it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from maskproof.errors import TwoRecords
from maskproof.repo import Repository
from maskproof.repo.paths import APPROVALS, POLICY_FILES, SIDECAR_SUFFIX, is_approval, is_ours, sidecar_image

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


TABLE = b"[tool.maskproof"
"""begins the policy in a pyproject.toml"""


def untracked(repository: Repository, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of some paths that are files of the working tree and that Git does not know."""
    known = repository.index.entries
    return tuple(path for path in paths if path not in known and (repository.root / path).is_file())


def places_of_records(repository: Repository, image: str, folder: str = "") -> tuple[str, ...]:
    """Where the working tree may come to hold a record of an image; `folder` is that of the policy."""
    name = image + SIDECAR_SUFFIX
    home = repository.root / ".maskproof"
    folders = [f".maskproof/{one.name}" for one in home.iterdir() if one.is_dir()] if home.is_dir() else []
    return tuple(dict.fromkeys((name, *(f"{one}/{name}" for one in sorted((*folders, *([folder] if folder else [])))))))


def record_places(repository: Repository, image: str) -> tuple[str, ...]:
    """Where the working tree holds records of an image: beside it, and in the folders that mirror images' paths."""
    places = places_of_records(repository, image)
    return tuple(one for one in places if sidecar_image(one) == image and (repository.root / one).exists())


def approvals_not_staged(repository: Repository) -> tuple[str, ...]:
    """Approvals that lie in the working tree and that no commit made now would hold as they are."""
    home = repository.root / APPROVALS
    there = sorted(APPROVALS + one.name for one in home.iterdir()) if home.is_dir() else []
    files = [path for path in there if is_approval(path)]
    changed = repository.unstaged(files)
    new = {*untracked(repository, files)}
    return tuple(path for path in files if path in changed or path in new)


def record_path(repository: Repository, image: str, folder: str = "") -> str:
    """Where the record of an image lies in the working tree, else where the policy has it lie.

    Raises:
        TwoRecords: it lies in two places.
    """
    found = record_places(repository, image)
    if len(found) > 1:
        raise TwoRecords(image, *found[:2])
    return found[0] if found else "/".join(filter(None, (folder, image + SIDECAR_SUFFIX)))


def policy_untracked(repository: Repository) -> str | None:
    """A policy file that Git does not know; None where there is none."""
    toml, table = POLICY_FILES
    if untracked(repository, (toml,)):
        return toml
    if untracked(repository, (table,)) and TABLE in (repository.root / table).read_bytes():
        return table
    return None


def policy_not_staged(repository: Repository) -> tuple[str, ...]:
    """Policy files that say something else in the working tree than in the commit."""
    new = policy_untracked(repository)
    presets = repository.index.entries.presets
    unstaged = sorted(repository.unstaged((*POLICY_FILES, *presets)))
    changed = (path for path in unstaged if _says_something(repository, path))
    return (*changed, *([new] if new else []))


def _says_something(repository: Repository, path: str) -> bool:
    """May a file be a policy, as it is staged or as it lies there? Other tools write to pyproject.toml as well."""
    if path != POLICY_FILES[1]:
        return True
    file = repository.root / path
    return TABLE in (repository.index.read(path) or b"") or (file.is_file() and TABLE in file.read_bytes())


AT_ONCE = 100
"""files that one `git hash-object` is given; a command line has its bounds"""


def loose(repository: Repository) -> tuple[str, ...]:
    """The paths that matter to a verdict and lie there as no commit made now would hold them: changed, new or gone.

    What `.gitignore` names is none of them. Neither question to Git starts a filter, as `git status` does.
    """
    listed = repository.git("diff-files", "--name-only", "-z", "--no-relative", "--ignore-submodules=all")
    touched = [path for path in dict.fromkeys(os.fsdecode(listed).split("\0")[:-1]) if is_ours(path)]
    gone = {path for path in touched if not (repository.root / path).is_file()}
    changed = gone | repository.unstaged(touched)  # a file may be written anew and be the same
    new = os.fsdecode(repository.git("ls-files", "--others", "--exclude-standard", "--full-name", "-z", ":/"))
    fresh = (path for path in new.split("\0")[:-1] if is_ours(path))
    return tuple(sorted({*changed, *(path for path in fresh if not (repository.root / path).is_symlink())}))


def as_it_lies(repository: Repository, paths: Iterable[str], room: Path) -> Repository:
    """The repository as it would be if these files were staged as they lie there, for whoever wants to see first.

    Args:
        repository: Its own index and objects stay as they are.
        paths: From its top; a file that is gone is taken out.
        room: An empty folder for another index and for the objects that Git does not have yet.
    """
    import shutil

    (room / "objects" / "info").mkdir(parents=True)
    own = (repository.common_dir / "objects").resolve()
    (room / "objects" / "info" / "alternates").write_bytes(os.fsencode(own) + b"\n")
    index = repository.where / os.fsdecode(repository.git("rev-parse", "--git-path", "index").rstrip(b"\n"))
    if index.is_file():
        shutil.copyfile(index, room / "index")
    env = {"GIT_INDEX_FILE": str(room / "index"), "GIT_OBJECT_DIRECTORY": str(room / "objects")}
    seen = Repository(repository.where, (*repository.env, *env.items()))
    files = {path: repository.root / path for path in paths}
    there = [path for path, file in files.items() if file.is_file() and not file.is_symlink()]
    gone = [os.fsencode(path) + b"\0" for path in files if path not in there]
    lines = []
    for start in range(0, len(there), AT_ONCE):
        batch = there[start : start + AT_ONCE]
        # As the bytes lie there: a filter is a program, which nothing here starts.
        ids = seen.git("hash-object", "-w", "--no-filters", "--", *(str(files[path]) for path in batch))
        named = zip(ids.decode().split(), batch, strict=True)
        lines += [f"100644 {oid} 0\t".encode() + os.fsencode(path) + b"\0" for oid, path in named]
    if gone:
        seen.git("update-index", "--force-remove", "-z", "--stdin", given=b"".join(gone))
    if lines:
        seen.git("update-index", "-z", "--index-info", given=b"".join(lines))
    return seen
