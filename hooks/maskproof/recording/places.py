"""Where a file that a record names may lie: as a plain file of this repository, under the name that Git has for it.

Anything else would be recorded today and be missing in every check, so it is refused at once.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from maskproof.errors import UsageError
from maskproof.repo import elsewhere

if TYPE_CHECKING:
    from maskproof.repo import Repository


def place_of(repository: Repository, given: str, role: str) -> str:
    """The repository path of a file that the command line names.

    Args:
        repository: The repository.
        given: The file, from the current folder.
        role: What it is to be: `edit`, `original` or `mask`.

    Raises:
        UsageError: no commit of this repository would hold it under that name, and what to do.
    """
    try:
        path = repository.path_of(given)
    except UsageError as error:
        if (file := Path(repository.where / given)).is_file():
            other = elsewhere.holding(file)
            where = f", in the repository {other}" if other else ""
            raise UsageError(f"{error.reason}{where}, so no commit of this one holds it", copy(given, role)) from error
        raise
    found = elsewhere.on_disk(repository, path)
    if found is None:
        return path
    reason = f"the {role} {path} {found.why}; no commit of this repository holds it under that name"
    if not found.instead:
        raise UsageError(reason, copy(given, role))
    named = found.instead if found.instead.isascii() else elsewhere.told(found.instead)
    option = named if role == "edit" else f"--{role} {named}"
    raise UsageError(reason, f"Name that file from the top of the repository: `{option}`.")


def copy(given: str, role: str) -> str:
    """What to do with a picture that lies elsewhere."""
    if role == "edit":
        return "Record it in the repository that it belongs to, or copy it into this one."
    name = shlex.quote(Path(given).name)
    return f"Copy it into this repository and name the copy: `cp {shlex.quote(given)} {name}`, then `--{role} {name}`."
