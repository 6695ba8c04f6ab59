"""What is not enforced in a repository: each gap by which a change gets past the gate, with what closes it.

A local hook can be skipped, a check that is not required can be ignored, and a job that runs from the change can be
edited by it. Nothing here proves that the gate holds; what only the hosting service knows is said as such.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from typing import TYPE_CHECKING, NamedTuple

from maskproof import policy
from maskproof.errors import CouldNotJudge, PolicyError
from maskproof.model import counted
from maskproof.repo.paths import HOOKS_FILE, SIDECAR_SUFFIX
from maskproof.report.text import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from maskproof.repo import Repository, Tree

GAP, NOTE = "gap", "note"
"""what lets a change past the gate, and what is worth knowing or cannot be told from here"""
MIN_GIT = (2, 30)
PACKAGES = {"Pillow": (12, 3), "pre-commit": (3, 2)}
"""oldest versions: fixes that hostile files reach, and stages that the hook uses; pre-commit may be absent"""
GITHUB = ".github/workflows/"
CI_FILES = re.compile(
    r"\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.gitlab/.+\.ya?ml|azure-pipelines[^/]*\.ya?ml"
    r"|bitbucket-pipelines\.ya?ml|\.circleci/config\.ya?ml|Jenkinsfile|\.woodpecker/.+\.ya?ml|\.ci/.+|\.maskproof/check\.sh"
)
OWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
STEERING = ("maskproof.toml", "pyproject.toml", HOOKS_FILE)
"""files that say what is judged, where the change may edit them"""
SIGNERS = "allowed_signers"
"""by the last part of its name; keys that may sign, one a line"""

SAMPLE = 200
"""pictures whose records are asked about before there are any"""
PLAIN_RECORDS = "*.maskproof.json !filter !diff !merge text"
"""takes records out of a pattern of Git LFS that names a whole folder"""


class Diagnosis(NamedTuple):
    """One line of the report."""

    id: str
    severity: str
    message: str
    command: str
    """what mends it, or tells more"""


def examined(repository: Repository) -> tuple[Diagnosis, ...]:
    """Everything that is found, gaps first."""
    tree = repository.head
    found = [one for look in CHECKS for one in look(repository, tree)]
    return tuple(sorted(found, key=lambda one: one.severity != GAP))


def _policy(repository: Repository, tree: Tree) -> Iterator[Diagnosis]:
    del repository
    try:
        if policy.load_tree(tree) is None:
            yield Diagnosis(
                "policy", GAP, "the last commit holds no policy, so the defaults only warn", "maskproof init"
            )
    except (PolicyError, CouldNotJudge) as error:
        yield Diagnosis("policy", GAP, error.reason, "git log -p -- maskproof.toml")


def _text(tree: Tree, path: str) -> str:
    try:
        return (tree.read(path) or b"").decode("utf-8", "replace")
    except CouldNotJudge:
        return ""


def _jobs(repository: Repository, tree: Tree) -> Iterator[Diagnosis]:
    del repository
    jobs = {path: _text(tree, path) for path in tree.entries if CI_FILES.fullmatch(path)}
    ours = {path: text for path, text in jobs.items() if re.search(r"maskproof|pre[-_]commit", _code(text))}
    if not ours:
        yield Diagnosis("no-job", GAP, "no CI job in the last commit runs maskproof", "maskproof init --ci github")
        return
    owned = _owned(tree)
    for path, text in ours.items():
        code = _code(text)
        from_head = not (path.startswith(GITHUB) and re.search(r"\bpull_request_target\b", code))
        if from_head and not owned(path):
            yield Diagnosis(
                "job-of-the-change",
                GAP,
                f"{path} runs as the change has it, so the change can edit the job that judges it",
                f"echo '/{path} @OWNERS' >> {_owners_file(tree)}",
            )
        if not from_head and re.search(r"\bgithub\.(?:head_ref|event\.pull_request\.head)\b", code):
            yield Diagnosis(
                "head-checked-out",
                GAP,
                f"{path} runs with the base's rights and checks out the head",
                f"maskproof range --fetch   # in the place of that checkout in {path}",
            )
        if "maskproof" not in code:
            yield Diagnosis(
                "job-through-pre-commit",
                GAP,
                f"{path} runs pre-commit, whose {HOOKS_FILE} is the change's own",
                "maskproof init --ci github",
            )
        if "actions/checkout" in code and not re.search(r"fetch-depth:\s*[\"']?0\b", code):
            yield Diagnosis("shallow-job", NOTE, f"{path} checks out one commit alone", f"sed -n /fetch-depth/p {path}")
    yield Diagnosis(
        "required",
        NOTE,
        "whether the check is required on the main branch is known to the hosting service alone",
        "gh api repos/{owner}/{repo}/rules/branches/main --jq '.[].type'",
    )


def _code(text: str) -> str:
    """A file of YAML without its comments."""
    return re.sub(r"(^|\s)#.*", "", text)


def _hook(repository: Repository, tree: Tree) -> Iterator[Diagnosis]:
    text = _code(_text(tree, HOOKS_FILE))
    entry = re.search(r"-\s*(?:\{\s*)?id:\s*[\"']?maskproof[\"']?(?![\w-])(?P<rest>(?:.*\n(?!\s*-\s*id:))*.*)", text)
    if entry is None:
        yield Diagnosis("no-hook", NOTE, f"{HOOKS_FILE} does not name maskproof", "maskproof init")
    else:
        for key in re.findall(r"\b(entry|stages|files|exclude|types|always_run|pass_filenames):", entry["rest"]):
            yield Diagnosis(
                "hook-changed",
                GAP,
                f"{HOOKS_FILE} gives maskproof its own `{key}`",
                f"git log -p -S '{key}:' -- {HOOKS_FILE}",
            )
        hooks = repository.where / repository.git("rev-parse", "--git-path", "hooks/pre-commit").decode().rstrip("\n")
        if not hooks.is_file():
            yield Diagnosis("hook-not-installed", NOTE, "this clone runs no hook on a commit", "pre-commit install")
    owned = _owned(tree)
    for path in STEERING:
        held = tree.blob_id(path) is not None and (path != "pyproject.toml" or "[tool.maskproof" in _text(tree, path))
        if held and not owned(path):
            yield Diagnosis(
                "no-owner",
                GAP if path != HOOKS_FILE else NOTE,
                f"{path} has no owner in CODEOWNERS who has to agree to a change of it",
                f"echo '/{path} @OWNERS' >> {_owners_file(tree)}",
            )


def _owners_file(tree: Tree) -> str:
    return next((one for one in OWNERS if one in tree.entries), OWNERS[0])


def _owned(tree: Tree) -> Callable[[str], bool]:
    """Who has an owner: the last pattern of CODEOWNERS that matches names at least one."""
    lines = [line.split() for line in _code(_text(tree, _owners_file(tree))).splitlines() if line.split()]

    def owned(path: str) -> bool:
        return bool(next((words[1:] for words in reversed(lines) if _covers(words[0], path)), ()))

    return owned


def _covers(pattern: str, path: str) -> bool:
    """CODEOWNERS' patterns are those of gitignore: `/a/` a folder, `*` within one, `**` across."""
    anchored = "/" in pattern.rstrip("/")
    body = re.escape(pattern.strip("/")).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return bool(re.fullmatch(rf"{'' if anchored else '(?:.*/)?'}{body}(?:/.*)?", path))


def _clone(repository: Repository, tree: Tree) -> Iterator[Diagnosis]:
    if repository.shallow:
        command = "git fetch --unshallow"
        yield Diagnosis("shallow", GAP, "the history of this clone is cut off, so originals in it are missing", command)
    if repository.partial:
        command = "git fetch --refetch --no-filter"
        yield Diagnosis("partial", NOTE, "this clone leaves out objects, and a check fetches none", command)
    pictures = {tree.entries[path].oid: path for path in tree.entries.images}
    _, pointers = repository.objects.absent(tree.blob_id(path) or oid for oid, path in pictures.items())
    if pointers:
        first = safe(pictures[pointers[0]])
        message = f"the content of {len(pointers)} pictures in Git LFS is not here, {first} among them"
        yield Diagnosis("lfs", GAP, message, "git lfs fetch --all")
    records = [path for paths in tree.records.values() for path in paths]
    asked = records or [f"{path}{SIDECAR_SUFFIX}" for path in list(pictures.values())[:SAMPLE]]
    said = repository.attributes(tree, asked, ("filter",)) if asked else {}
    if taken := [path for path in asked if said.get(path, {}).get("filter") == "lfs"]:
        message = f"Git LFS takes records as well, {safe(taken[0])} among them, so a clone without its content has none"
        yield Diagnosis("lfs-records", NOTE, message, f"echo '{PLAIN_RECORDS}' >> .gitattributes")
    if replaced := repository.git("for-each-ref", "--format=%(refname)", "refs/replace").split():
        command = "git replace -l | xargs git replace -d"
        message = f"{len(replaced)} replace refs show other people's tools other objects; maskproof ignores them"
        yield Diagnosis("replace-refs", NOTE, message, command)
    if (repository.common_dir / "info" / "grafts").is_file():
        message = "grafts show other people's tools another history; maskproof ignores them"
        yield Diagnosis("grafts", NOTE, message, f"rm {repository.common_dir / 'info' / 'grafts'}")


def _signers(repository: Repository, tree: Tree) -> Iterator[Diagnosis]:
    del repository
    for path in tree.entries:
        if path.rsplit("/", 1)[-1] == SIGNERS and not _code(_text(tree, path)).strip():
            command = f"echo 'NAME@EXAMPLE.ORG '\"$(cat KEY.pub)\" >> {safe(path)}"
            yield Diagnosis("no-signers", GAP, f"{safe(path)} names nobody, so no signature can count", command)


def _versions(repository: Repository, tree: Tree) -> Iterator[Diagnosis]:
    del tree
    said = repository.git("--version").decode()
    if _numbers(said.removeprefix("git version ")) < MIN_GIT:
        yield Diagnosis("version", GAP, f"{said.strip()} is older than {_dotted(MIN_GIT)}", "git --version")
    for name, least in PACKAGES.items():
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        if _numbers(installed) < least:
            command = f"{sys.executable} -m pip install -U '{name}>={_dotted(least)}'"
            yield Diagnosis("version", GAP, f"{name} {installed} is older than {_dotted(least)}", command)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in re.findall(r"\d+", version)[:2])


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


CHECKS: tuple[Callable[[Repository, Tree], Iterator[Diagnosis]], ...] = (
    _policy,
    _jobs,
    _hook,
    _clone,
    _signers,
    _versions,
)


def as_text(found: tuple[Diagnosis, ...]) -> str:
    """A line for each, and the command that mends it."""
    lines = []
    for one in found:
        lines += [f"{'x' if one.severity == GAP else '!'} {one.id}: {one.message}", f"    -> {one.command}"]
    gaps = sum(one.severity == GAP for one in found)
    told = f"{counted(gaps, 'gap')}, {counted(len(found) - gaps, 'note')}"
    return "\n".join([*lines, *([""] if lines else []), f"maskproof: {told}.", ""])


def as_json(found: tuple[Diagnosis, ...]) -> str:
    """The same for a program."""
    return json.dumps({"maskproof": 1, "diagnoses": [one._asdict() for one in found]}, indent=2) + "\n"
