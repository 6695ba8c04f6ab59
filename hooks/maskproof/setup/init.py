"""Setting up a repository: a policy, the hook entry, a check for pull requests, owners and a baseline.

Nothing that exists is overwritten.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING

from maskproof import __version__
from maskproof.atomic import write_together
from maskproof.documents import schema_id
from maskproof.errors import UsageError
from maskproof.policy.owners import PLACES
from maskproof.recording import baseline
from maskproof.records.baseline import FILE
from maskproof.setup.ci import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from maskproof.recording.baseline import Progress
    from maskproof.repo import Repository
    from maskproof.setup.ci import Service

SOURCE = "https://github.com/maskproof/maskproof"
CONFIG = ".pre-commit-config.yaml"

POLICY = """\
#:schema {schema}
# What maskproof protects in this repository. On a pull request the copy on the base branch is the one that counts.
version = 1

[defaults]
level = "visual"          # exact: not one pixel | strict | visual: nothing that a viewer would notice
unrecorded = "{stops}"      # off | warn | block | always: a file that says AI made it, but has no record beside it
new_original = "{stops}"    # off | warn | block: an original that nobody judged before the edit that names it
new_mask = "warn"         # the same for a mask

# Who may answer for a picture with something against it (docs/approvals.md of maskproof): what is merged already, or
# also what comes with a change that the owners in CODEOWNERS have to review.
[approvals]
authority = "{authority}"

# Paths that matter more. The last rule that matches wins, key by key.
# [[rules]]
# paths = ["assets/brand/**"]
# level = "strict"
# unrecorded = "block"

# Areas that stay protected whatever a mask opens, in pixels of the original.
# [[areas]]
# paths = ["assets/hero*.png"]
# name = "logo"
# kind = "brand"            # brand | text | face | product
# box = [64, 48, 220, 80]   # x, y, width, height
"""

ENTRY = """\
- repo: {source}
  rev: {rev}
  hooks:
    - id: maskproof
"""
"""as an item of a list; formatters indent one under its key"""
REV = re.compile(r"[\w][\w./+-]*", re.ASCII)
"""a tag, a branch or a commit, that can stand in YAML and in an address as it is"""
NO_TEXT = re.compile(r"[+-]?[\d_.]+(?:e[+-]?\d+)?|0[xo][\da-f_]+|null|true|false|yes|no|on|off|y|n", re.IGNORECASE)
"""what YAML 1.1 may read as something else than a text"""
OWNER = re.compile(r"[^\s#]+")
"""a user, a team or an address, as CODEOWNERS takes one"""

OWNED = ("/.maskproof/", "/maskproof.toml", "/.pre-commit-config.yaml")
"""what decides which pictures pass"""
NOBODY = "@your-org/design"
OWNERS = """\
# maskproof: who decides what is protected, and who answers for a picture with something against it. The last line that
# matches wins, so keep these last.
"""

LIST = re.compile(
    r"^repos:[ \t]*(?:#.*)?\n(?P<items>(?:[ \t]*(?:#.*)?\n)*(?P<indent>[ \t]*)- .*(?:\n(?![^\s#-]).*)*\n?)",
    re.MULTILINE,
)
"""the list of hooks up to the next key of the file, and how its items are indented"""
EMPTY = re.compile(r"^repos:[ \t]*\[[ \t]*\][ \t]*(?:#.*)?\n?", re.MULTILINE)
"""a list without hooks"""
NAMED = re.compile(
    r"\bid[\"']?\s*:\s*[\"']?maskproof[\"']?(?![\w-])|\bentry[\"']?\s*:.*\bmaskproof[\"']?,?\s+[\"']?check\b"
)
"""a hook that is ours by its name or its command, however the file writes it down"""
PINNED = re.compile(
    r"maskproof/maskproof(?:\.git)?[\"']?\s+rev:\s*[\"']?([\w./+-]+)|maskproof/maskproof(?:\.git)?@([\w./+-]+)",
    re.ASCII,
)
"""the version in a hook's entry, in a step of GitHub's, or in what pip is told"""
COMMENT = re.compile(r"(?:^|\s)#.*")
REST = re.compile(r"(?:^[ \t]*(?:#.*)?\n)*\Z", re.MULTILINE)


def installed_commit() -> str | None:
    """The commit that maskproof was installed from, as pip noted it (PEP 610); None: from something else."""
    with suppress(PackageNotFoundError, ValueError, AttributeError):
        noted = json.loads(distribution("maskproof").read_text("direct_url.json") or "{}")
        commit = noted.get("vcs_info", {}).get("commit_id")
        return commit if isinstance(commit, str) else None
    return None


def write_all(
    repository: Repository, ci: str, rev: str | None, owners: tuple[str, ...], progress: Progress, *, advise: bool
) -> Iterator[str]:
    """Write what is missing, all of it or nothing; then the baseline.

    Args:
        repository: The one to set up.
        ci: A key of `ci.SERVICES`, or `none`.
        rev: The version of maskproof that hook and check pin; None: the commit that it was installed from, else the
            tag of its version.
        owners: Who has to review changes of policy and approvals, as the platform names them.
        progress: Told how many pictures are judged for the baseline.
        advise: Write what only warns.

    Yields:
        Lines that say what was done, and what is left to do by hand.

    Raises:
        UsageError: a file cannot be written, a version or an owner cannot be one, or the content of a picture that the
            baseline is for is not here.
    """
    _refuse_broken(rev, owners)
    if repository.head.entries.images and not (repository.root / FILE).exists():
        baseline.refuse_unseen(repository)
    root, pinned = repository.root, rev or installed_commit()
    rev = pinned or f"v{__version__}"
    policy = POLICY.format(
        schema=schema_id("maskproof"),
        stops="warn" if advise else "block",
        authority="codeowners" if owners else "merged",
    )
    steps = {
        "maskproof.toml": _new(root / "maskproof.toml", "maskproof.toml", policy),
        CONFIG: _hook(root / CONFIG, ENTRY.format(source=SOURCE, rev=_scalar(rev))),
    }
    service = SERVICES.get(ci)
    if service is not None:
        text = service.text.format(
            source=SOURCE,
            rev=rev,
            advise=service.advise if advise else "",
            lfs=service.lfs if _uses_lfs(repository) else "",
        )
        steps[service.file] = _job(root, service, text)
    if service is not None and service.including:
        steps[service.including] = _included(root, service)
    owned_by, owned = (service.owners, service.owned) if service else ("CODEOWNERS", ("/CODEOWNERS",))
    place = next((one for one in PLACES if (root / one).exists()), owned_by)
    steps[place] = _owners(root / place, place, (*OWNED, *owned), owners)
    try:
        for name in steps:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_together(
            *((root / name, text.encode("utf-8", "surrogateescape")) for name, (text, _) in steps.items() if text)
        )
    except OSError as error:
        raise UsageError(f"{root} cannot be written to: {error.strerror}", "Check the folder and the disk.") from error
    yield from (line for _, line in steps.values())
    if pinned is None and any(steps[one][0] for one in (CONFIG, *([service.file] if service else []))):
        yield f"Hook and check pin {rev}, which has to be published; until it is, pin a commit: --rev COMMIT"
    yield from _baseline(repository, progress)
    first = "what is left above to be done by hand, then " if any("\n" in line for _, line in steps.values()) else ""
    yield f"Next: {first}`pre-commit install`, commit these files, and make the check required on your main branch."


def _refuse_broken(rev: str | None, owners: tuple[str, ...]) -> None:
    """What would write a file that nothing can read; raises UsageError."""
    if rev is not None and not REV.fullmatch(rev):
        raise UsageError(
            f"--rev is {rev!a}, which is no one version",
            "Name one tag or commit, without spaces or line breaks; for the newest commit: "
            f'`--rev "$(git ls-remote {SOURCE} HEAD | head -n 1 | cut -f 1)"`.',
        )
    if broken := [one for one in owners if not OWNER.fullmatch(one)]:
        raise UsageError(f"--owner is {broken[0]!a}, which is no one owner", "Repeat the option for each.")


def _owners(file: Path, name: str, paths: tuple[str, ...], owners: tuple[str, ...]) -> tuple[str, str]:
    """The lines last, where they win; as comments where nobody was named, since a wrong name owns nothing."""
    before = file.read_bytes().decode("utf-8", "surrogateescape") if file.exists() else ""
    if OWNED[0] in before:
        return "", f"{name} names {OWNED[0]} already and was left alone"
    start, who = ("", " ".join(owners)) if owners else ("# ", NOBODY)
    lines = OWNERS + "".join(f"{start}{path} {who}\n" for path in paths)
    gap = ("" if before.endswith("\n") else "\n") + "\n" if before else ""
    said = f"{'Added maskproof to' if before else 'Wrote'} {name}"
    left = "" if owners else f"; put the right owners in the place of {NOBODY} there, and take the # away"
    return before + gap + lines, said + left


def platform_of(repository: Repository) -> str:
    """Whose check to write, where nobody said: that of the service whose own file lies here."""
    return next(
        (name for name, one in SERVICES.items() if one.sign and (repository.root / one.sign).exists()), "github"
    )


def _job(root: Path, service: Service, text: str) -> tuple[str, str]:
    """The file of the job; in one that is there and has others as well, a person puts it where it belongs."""
    file = root / service.file
    ours = file.exists() and "maskproof" in file.read_bytes().decode("utf-8", "surrogateescape")
    if service.file == service.sign and file.exists() and not ours:
        return "", f"{service.file} is there already and was left alone; put this into it by hand:\n{text}"
    if ours:
        return "", _left_alone(service.file, file.read_bytes().decode("utf-8", "surrogateescape"))
    written, said = _new(file, service.file, text)
    return written, said + (f"; {service.left}" if written and service.left else "")


def _included(root: Path, service: Service) -> tuple[str, str]:
    """The file by which the service finds the check; in one that is there, a person puts the line where it belongs."""
    name, file = service.including, root / service.including
    if not file.exists():
        return _new(file, name, service.include)
    if service.file in file.read_bytes().decode("utf-8", "surrogateescape"):
        return "", f"{name} includes the check already and was left alone"
    return "", f"{name} is there already and was left alone; the check runs once it says:\n{service.include}"


def _uses_lfs(repository: Repository) -> bool:
    """Do any pictures lie in Git LFS?"""
    places = repository.index.entries.attributes
    return any(b"filter=lfs" in (repository.index.read(path) or b"") for path in places)


def _baseline(repository: Repository, progress: Progress) -> Iterator[str]:
    """Accept what is there, where anything is."""
    if (repository.root / FILE).exists():
        yield f"{FILE} is there already and was left alone"
    elif repository.head.entries.images:
        yield from baseline.write(repository, progress)


def _new(file: Path, name: str, text: str) -> tuple[str, str]:
    """What to write into a file (nothing where it exists), and what to say of it."""
    return ("", f"{name} is there already and was left alone") if file.exists() else (text, f"Wrote {name}")


def _hook(file: Path, entry: str) -> tuple[str, str]:
    """The entry last in the list of hooks, behind whatever rewrites pictures, in the list's own indentation; as `_new`.

    A list in another style is left alone.
    """
    if not file.exists():
        return _new(file, CONFIG, "repos:\n" + _indented(entry, "  "))
    text = file.read_bytes().decode("utf-8", "surrogateescape")
    if NAMED.search(COMMENT.sub("", text)):
        return "", _left_alone(CONFIG, COMMENT.sub("", text))
    if EMPTY.search(text):
        return EMPTY.sub(lambda _: "repos:\n" + _indented(entry, "  "), text, count=1), f"Added maskproof to {CONFIG}"
    found = LIST.search(text)
    if found is None:
        return "", f"{CONFIG} is not in the usual form; add this at the end of its `repos` by hand:\n{entry}"
    # Blank lines and comments at the end belong to what follows the list.
    end = found.end("items") - len("".join(REST.findall(found["items"])))
    gap = "" if text[:end].endswith("\n") else "\n"
    return text[:end] + gap + _indented(entry, found["indent"]) + text[
        end:
    ], f"Added maskproof to {CONFIG}, behind the hooks that are there"


def _scalar(text: str) -> str:
    """A version as YAML reads it: one that looks like a number or a truth value in quotes."""
    return f'"{text}"' if NO_TEXT.fullmatch(text) else text


def _indented(entry: str, indent: str) -> str:
    return "".join(indent + line + "\n" for line in entry.splitlines())


def _left_alone(name: str, text: str) -> str:
    """What to say of a file that names maskproof already, and which version it pins."""
    pins = dict.fromkeys(filter(None, (pin for found in PINNED.findall(text) for pin in found)))
    return f"{name} names maskproof already and was left alone" + (f"; it pins {' and '.join(pins)}" if pins else "")
