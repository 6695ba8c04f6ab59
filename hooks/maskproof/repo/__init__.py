"""Git: which files a change touches and which trees it lies between, never asked of the working tree.

Paths come from `git diff` and `git ls-files`, and bytes from `objects`, which a commit without images does not load.
GIT_INDEX_FILE is kept as Git set it: `git commit -a` and `git commit -- path` judge another index than `.git/index`.

A clone may hold settings of whoever prepared it. No command here starts a program that they name, and none follows
what shows other objects or another history than the repository's own.
"""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from maskproof.errors import MissingObject, UsageError
from maskproof.repo.listing import REGULAR, Entry, Listing
from maskproof.repo.paths import ATTRIBUTES, SIDECAR_SUFFIX, folded, is_image
from maskproof.repo.starting import output

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from maskproof.repo.objects import Objects

LINKS = {"120000": "a symbolic link", "160000": "a submodule"}
"""modes of what leads elsewhere, in words"""
OFFLINE = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
"""a check never talks to a server, not even for objects that a partial clone left out"""
PLAIN = {f"GIT_{name}_PATHSPECS": "0" for name in ("LITERAL", "GLOB", "NOGLOB", "ICASE")}
"""`:/` and `:(top,literal)` have to mean what they say, or a listing comes back empty and everything passes"""
AS_STORED = {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_GRAFT_FILE": os.path.join(os.devnull, "none")}  # noqa: PTH118 - no file
"""neither `refs/replace` nor `info/grafts` put other objects or parents in the place of those that are there"""
ASKED_OF_GIT = {**OFFLINE, **PLAIN, **AS_STORED}
"""what every command is run with"""
NO_PROGRAMS = ("-c", "core.fsmonitor=false", "-c", "log.showSignature=false")
"""settings that would start a program, which the repository's configuration may name"""
DIFF = ("--raw", "-z", "--no-abbrev", "--no-renames", "--no-relative", "--ignore-submodules=dirty", "--no-ext-diff")
STAGED = ("--cached", "--ita-visible-in-index", *DIFF)
"""how a commit differs from the index as it is listed, with what is only meant to be added"""


class Changed(NamedTuple):
    """How one path differs between two trees."""

    status: str
    """A added, M modified, D deleted, T type changed, U conflict"""
    mode: str
    """Git's file mode now"""
    oid: str
    """what it is now; zeros where it is gone"""


class Tree:
    """All files of a commit, of the index, or of nothing (before the first commit).

    Args:
        repository: Where it lies.
        commit: A commit's id; None: the index, or nothing where `empty`.
        empty: Is there nothing in it?
    """

    def __init__(self, repository: Repository, commit: str | None, *, empty: bool = False) -> None:
        self.repository, self.commit, self.empty = repository, commit, empty

    @cached_property
    def entries(self) -> Listing:
        """Every file by its path: of a commit by what it has instead of another tree that is listed already."""
        if self.empty:
            return Listing()
        listing = self._listed()
        self.repository.listed = self, listing
        return listing

    def _listed(self) -> Listing:
        if self.commit is None:
            return Listing(self.listing, index=True)
        if self.repository.listed is not None:
            near, listing = self.repository.listed
            if (changes := self._beside(near, self.commit)) is not None:
                return listing.but(changes)
        return Listing(self.repository.git("ls-tree", "-r", "-z", "--full-tree", self.commit))

    def _beside(self, near: Tree, commit: str) -> dict[str, Entry | None] | None:
        """What a commit has where it differs from another tree; None where paths of that one are in conflict."""
        how = ("diff-tree", "-r", *DIFF, commit, near.commit) if near.commit else ("diff-index", *STAGED, commit)
        fields = os.fsdecode(self.repository.git(*how, "--")).split("\0")[:-1]
        found: dict[str, Entry | None] = {}
        for told, path in zip(fields[::2], fields[1::2], strict=True):
            mode, _, oid, _, status = told.split(" ")
            if status[:1] == "U":
                return None
            found[path] = Entry(mode[1:], oid) if oid.strip("0") else None
        return found

    @property
    def listing(self) -> bytes:
        """The whole index, as Git lists it."""
        return self.repository.git("ls-files", "--full-name", "-s", "-z", ":/")

    @property
    def records(self) -> dict[str, tuple[str, ...]]:
        """Where the records of images lie, by image; more than one is a mistake, which is said when it is read."""
        return self.entries.records

    def record_path(self, image: str) -> str:
        """Where the record of an image lies, else where it would lie beside it."""
        return self.records.get(image, (image + SIDECAR_SUFFIX,))[0]

    def blob_id(self, path: str) -> str | None:
        """The blob of a regular file; None where there is no such file, as for a link or a path in conflict."""
        return self.entries.blob_id(path)

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file, Git LFS followed; None where there is no such file.

        Raises:
            CouldNotJudge: the file is there but its bytes cannot be had.
        """
        oid = self.blob_id(path)
        return None if oid is None else self.repository.objects.blob(oid, path)


class Repository:
    """A Git repository, seen from one folder of its working tree; what was asked of it once is kept.

    Args:
        where: The folder that commands run in; Git's own relative settings (GIT_INDEX_FILE) are relative to it.
        env: What its commands find in their environment beside the process's own: another index, other objects.
    """

    def __init__(self, where: Path, env: tuple[tuple[str, str], ...] = ()) -> None:
        self.where, self.env = where, env
        self.listed: tuple[Tree, Listing] | None = None
        """the tree that was listed last"""

    def git(
        self,
        *arguments: str,
        allowed: tuple[int, ...] = (0,),
        given: bytes | None = None,
        env: Mapping[str, str] | None = None,
    ) -> bytes:
        """The output of one git command that reads, or that keeps an object.

        `given` is its input, and `env` adds to what it is run with.

        Raises:
            UsageError: no git, no repository, or git refuses.
            MissingObject: this is a partial clone, and what it left out is asked for.
        """
        command = self.command(*arguments)
        surroundings = {**self.surroundings, **(env or {})}
        try:
            if given is None:
                status, printed = output(command, surroundings)
                if status in allowed:
                    return printed
            # What has an input, or something to complain of, which is heard the second time.
            import subprocess

            done = subprocess.run(command, capture_output=True, input=given, env=surroundings, check=False)
        except FileNotFoundError as error:
            raise UsageError("git is not installed, or not on the PATH", "Install git 2.30 or newer.") from error
        if done.returncode in allowed:
            return done.stdout
        said = done.stderr.decode(errors="replace").strip()
        if "not a git repository" in said:
            raise UsageError(
                "this folder is not in a Git repository",
                "Change to your repository, or compare two files with `maskproof compare`.",
            )
        if re.search(ABSENT, said) and self.partial:
            raise MissingObject("this clone left out trees or commits that the check needs", REFETCH)
        raise UsageError(f"git {arguments[0]} failed: {said}", "Run `git status` and see what is wrong.")

    def command(self, *arguments: str) -> list[str]:
        """A git command that reads, in the folder that this one is seen from."""
        return ["git", "-C", str(self.where), "--no-optional-locks", *NO_PROGRAMS, *arguments]

    @property
    def surroundings(self) -> dict[str, str]:
        """The environment that commands are run in."""
        return {**os.environ, **ASKED_OF_GIT, **dict(self.env)}

    def staged(self) -> dict[str, Changed]:
        """What a commit made now would change, by path."""
        return _changes(self.git("diff", "--cached", *DIFF))

    def between(self, base: str, head: str) -> dict[str, Changed]:
        """What changed from one commit to another, as in `staged`."""
        return _changes(self.git("diff", *DIFF, base, head, "--"))

    def unstaged(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of some paths that are tracked, and whose file in the working tree differs from the index.

        Compared here, because `git status` runs the filters that the repository's configuration names.
        """
        ids = {path: self.index.blob_id(path) for path in paths}
        return frozenset(path for path, oid in ids.items() if oid is not None and not self._holds(path, oid))

    def _holds(self, path: str, oid: str) -> bool:
        """Is the file in the working tree what a blob says, be it with the other line ends or out of Git LFS?"""
        file = self.root / path
        try:
            data = file.read_bytes()
        except OSError:
            return False
        if file.is_symlink():
            return False
        return (
            _blob_id(data, len(oid)) == oid
            or _blob_id(data.replace(b"\r\n", b"\n"), len(oid)) == oid
            or self.objects.is_pointer_to(oid, path, data)
        )

    def _parsed(self, *question: str, allowed: tuple[int, ...] = (0,)) -> str:
        """What `git rev-parse` answers, without the end of its line."""
        return os.fsdecode(self.git("rev-parse", *question, allowed=allowed).rstrip(b"\n"))

    def setting(self, name: str) -> str:
        """A setting of Git; empty where there is none."""
        return self.git("config", "--get", name, allowed=(0, 1)).decode(errors="replace").strip()

    @property
    def person(self) -> str | None:
        """Who Git says is at work: what it takes from the environment goes before what is configured."""
        name = os.environ.get("GIT_AUTHOR_NAME") or self.setting("user.name")
        address = os.environ.get("GIT_AUTHOR_EMAIL") or self.setting("user.email")
        return f"{name} <{address}>" if name and address else name or address or None

    @cached_property
    def objects(self) -> Objects:
        """The bytes of its blobs."""
        from maskproof.repo.objects import Objects

        return Objects(self)

    @cached_property
    def root(self) -> Path:
        """The top folder of the working tree."""
        return Path(self._parsed("--show-toplevel"))

    @cached_property
    def prefix(self) -> str:
        """The current folder from the top of the working tree; empty at the top."""
        return self._parsed("--show-prefix")

    @cached_property
    def common_dir(self) -> Path:
        """The folder that holds the objects, shared by all worktrees."""
        return self.where / self._parsed("--git-common-dir")

    @property
    def git_dir(self) -> Path:
        """The folder of this working tree's own state."""
        return self.where / self._parsed("--git-dir")

    @cached_property
    def shallow(self) -> bool:
        """Is the history of this clone cut off?"""
        return self._parsed("--is-shallow-repository") == "true"

    @cached_property
    def partial(self) -> bool:
        """Does this clone leave objects out until they are asked for?"""
        return bool(self.git("config", "--get-regexp", r"^remote\..*\.promisor$", allowed=(0, 1)).strip())

    def path_of(self, given: str) -> str:
        """The repository path of a file named from the current folder."""
        path = os.path.normpath(self._relative(Path(given)) if Path(given).is_absolute() else given)
        joined = os.path.normpath(os.path.join(self.prefix, path)).replace(os.sep, "/")  # noqa: PTH118 - prefix is Git's
        if joined.startswith("../") or joined == "..":
            raise UsageError(f"{given!a} lies outside this repository", "Name a file inside it.")
        return joined

    def _relative(self, given: Path) -> str:
        """An absolute path from the current folder; folders on the way may be symbolic links, the file stays itself."""
        return os.path.relpath(given.parent.resolve() / given.name, self.where.resolve())

    @cached_property
    def index(self) -> Tree:
        """What a commit made now would hold."""
        return Tree(self, None)

    def tree(self, commit: str) -> Tree:
        """The files of a commit, by its full id; listed once, whoever asks."""
        return self._trees.setdefault(commit, Tree(self, commit))

    @cached_property
    def _trees(self) -> dict[str, Tree]:
        return {}

    @cached_property
    def head(self) -> Tree:
        """The commit that is checked out; an empty tree before the first one."""
        found = self._parsed("--verify", "--quiet", "HEAD^{commit}", allowed=(0, 1))
        return self.tree(found) if found else Tree(self, None, empty=True)

    @cached_property
    def merging(self) -> tuple[str, ...]:
        """The commits that a merge under way brings in: part of what the index comes from.

        MERGE_HEAD names them once the merge has stopped for a conflict. Before that, where the hook
        pre-merge-commit runs, `git merge` names them only in the environment.
        """
        file = self.where / self._parsed("--git-path", "MERGE_HEAD")
        if file.is_file():
            return tuple(file.read_text().split())
        named = (re.fullmatch(r"GITHEAD_([0-9a-f]{40,64})", key) for key in os.environ)
        return tuple(one.group(1) for one in named if one)

    def known(self, name: str) -> str | None:
        """The full id of a commit; None where this clone has none of this name."""
        if name.startswith("-"):
            return None
        how = ("--verify", "--quiet", "--end-of-options")
        return self._parsed(*how, f"{name}^{{commit}}", allowed=(0, 1, 128)) or None

    def fetch(self, command: Sequence[str]) -> None:
        """Run a git command that talks to a server, which nothing does unless it was told to.

        Raises:
            UsageError: it failed.
        """
        import shlex
        import subprocess

        done = subprocess.run(["git", *NO_PROGRAMS, *command], cwd=self.where, capture_output=True, check=False)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise UsageError(f"git {command[0]} failed: {said}", f"Run it by hand: `git {shlex.join(command)}`.")

    def commit(self, name: str) -> str:
        """The full id of a commit.

        Raises:
            UsageError: there is none of this name.
            MissingObject: the clone is shallow, so the commit may only be absent here.
        """
        if found := self.known(name):
            return found
        if self.shallow:
            raise MissingObject(f"this clone has no commit {name!a}; its history is cut off", DEEPEN)
        raise UsageError(f"this repository has no commit {name!a}", "Check the name with `git log`.")

    def has(self, name: str) -> bool:
        """Is there a commit of this name?"""
        return bool(self._parsed("--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", allowed=(0, 1, 128)))

    def merge_base(self, one: str, other: str) -> str:
        """The commit where two lines of history parted; `one` itself where they never met.

        Raises:
            UsageError: a name is unknown.
            MissingObject: history is cut off before the two meet.
        """
        ids = self.commit(one), self.commit(other)
        found = self.git("merge-base", *ids, allowed=(0, 1)).decode().split()
        if found:
            return found[0]
        if self.shallow:
            raise MissingObject(
                f"the history of this clone is cut off before {one!a} and {other!a} part, so what "
                f"changed between them is not known",
                DEEPEN,
            )
        return ids[0]

    def versions(self, path: str, tree: Tree) -> Iterator[str]:
        """Blob ids that a path had in a tree's history, newest first.

        With --full-history, lest git log skip a branch whose version of the path a merge did not keep.
        """
        if tree.commit:
            starts = [tree.commit]
        elif tree.empty or self.head.commit is None:
            return
        else:
            starts = [self.head.commit, *self.merging]
        how = ("--format=", "--raw", "--no-abbrev", "-z", "-m", "--full-history", "--no-renames", "--no-relative")
        raw = self.git("log", *how, *starts, "--", f":(top,literal){path}")
        seen: set[str] = set()
        for pair in re.findall(rb":\d{6} \d{6} ([0-9a-f]+) ([0-9a-f]+) ", raw):
            for oid in (pair[1].decode(), pair[0].decode()):
                if oid.strip("0") and oid not in seen:
                    seen.add(oid)
                    yield oid

    def before(self, oid: str, tree: Tree) -> Tree:
        """The tree that stood before a blob came into a commit's line of first parents; empty before the first commit.

        What another branch held, or a commit of it took back, was never part of that line.
        """
        assert tree.commit is not None  # noqa: S101 - asked of commits only
        how = ("-m", "--first-parent", "--no-renames", "--raw", "--no-abbrev", "--format=%x00%P")
        # Git's own search reads files, and a partial clone that left out one of any commit would end it.
        search = () if self.partial else (f"--find-object={oid}",)
        commits = os.fsdecode(self.git("log", *how, *search, tree.commit, "--")).split("\0")
        *_, oldest = ["", *(one for one in commits if f" {oid} " in one)]
        first = oldest.partition("\n")[0].split(" ")[0]
        return self.tree(first) if first else Tree(self, None, empty=True)

    def states(self, tree: Tree, pathspecs: Iterable[str]) -> Iterator[dict[str, str]]:
        """What a commit's line of first parents held under some names, the oldest first: blobs by path."""
        assert tree.commit is not None  # noqa: S101 - asked of commits only
        how = ("--reverse", "--root", "--format=%x00", "--raw", "--no-abbrev", "-z", "-m", "--first-parent")
        raw = self.git("log", *how, "--no-renames", "--no-relative", tree.commit, "--", *pathspecs)
        held: dict[str, str] = {}
        for commit in os.fsdecode(raw).split("\0\0"):
            for line in re.finditer(r":\d{6} \d{6} [0-9a-f]+ ([0-9a-f]+) \w\0([^\0]*)", commit):
                held[line[2]] = line[1]  # of nothing but zeros, where it went
            yield dict(held)

    def last_touched(self, tree: Tree, paths: Iterable[str]) -> int:
        """When a commit's line of first parents last got new content of some paths, in seconds since 1970."""
        assert tree.commit is not None  # noqa: S101 - asked of commits only
        how = ("-1", "-m", "--first-parent", "--no-patch", "--format=%ct")
        said = self.git("log", *how, tree.commit, "--", *(f":(top,literal){one}" for one in paths))
        return int(said.split()[0]) if said.strip() else 0

    def merged_at(self, tree: Tree, paths: Iterable[str]) -> int:
        """The same as a proof: never before what lies below it, for whoever makes a commit writes its date."""
        assert tree.commit is not None  # noqa: S101 - asked of commits only
        line, names = ("log", "--first-parent", "--format=%H %ct"), [f":(top,literal){one}" for one in paths]
        touched = self.git(*line, "-1", "-m", "--no-patch", tree.commit, "--", *names).split()
        below = self.git(*line, touched[0].decode(), "--").split()[1::2] if touched else ()
        return max(map(int, below), default=0)

    def days_of_sidecars(self) -> dict[str, str]:
        """The day of the last commit that touched each sidecar, YYYY-MM-DD, by image; shallow clones know the last few.

        One walk for all of them. Where a merge brought a sidecar, its own commit counts.
        """
        if self.head.empty:
            return {}
        how = ("--format=%x00%x00%cs", "--name-only", "-z", "--no-renames", "--no-relative", "--diff-filter=d")
        raw = os.fsdecode(self.git("log", *how, "HEAD", "--", f":(top,glob)**/*{SIDECAR_SUFFIX}"))
        found: dict[str, str] = {}
        for commit in raw.split("\0\0")[1:]:
            day, _, names = commit.lstrip("\0").partition("\0")  # the name before may have ended with one more
            paths = names.lstrip("\n").split("\0")
            for path in filter(None, paths):
                found.setdefault(path.removesuffix(SIDECAR_SUFFIX), day)
        return found

    def paths_of(self, commit: str) -> frozenset[str]:
        """What a commit changes; of a merge what is as in none of its parents."""
        how = ("-r", "-c", "--root", "--no-commit-id", "--name-only", "-z", "--no-renames", "--no-relative")
        raw = self.git("diff-tree", *how, commit, "--")
        return frozenset(filter(None, os.fsdecode(raw).split("\0")))

    def attributes(self, tree: Tree, paths: Iterable[str], names: Iterable[str]) -> dict[str, dict[str, str]]:
        """What a tree's own files of attributes say of some paths: values by name, `unspecified` left out.

        Asked of an index and a repository that hold these files and nothing else, so that neither what lies in the
        working tree nor what this machine is set to adds to it.
        """
        files = {path: entry for path, entry in _attributes_of(tree) if path.rsplit("/", 1)[-1] == ATTRIBUTES}
        return self._said_of(files, {path: [path] for path in paths}, names)

    def attributes_in_any_case(
        self, tree: Tree, paths: Iterable[str], names: Iterable[str]
    ) -> Iterator[dict[str, dict[str, str]]]:
        """The same on systems that tell no cases apart: of these files, of their folders and in their patterns.

        Where several of these files are one there, each of them is asked, since any may be the one that is left.
        """
        files: dict[str, list[Entry]] = {}
        for path, entry in _attributes_of(tree):
            files.setdefault(folded(path), []).append(entry)
        asked: dict[str, list[str]] = {}
        for path in paths:
            asked.setdefault(folded(path), []).append(path)
        for number in range(max(map(len, files.values()), default=0)):
            one_each = {path: found[min(number, len(found) - 1)] for path, found in files.items()}
            yield self._said_of(one_each, asked, names, "core.ignoreCase=true")

    def _said_of(
        self, files: Mapping[str, Entry], paths: Mapping[str, list[str]], names: Iterable[str], *settings: str
    ) -> dict[str, dict[str, str]]:
        asked = "\0".join(paths)
        if not files or not asked:
            return {}
        width = len(next(iter(files.values())).oid)
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            bare = Path(folder)
            for name in ("objects", "refs", "info"):
                (bare / name).mkdir()
            (bare / "HEAD").write_text("ref: refs/heads/none\n")
            (bare / "config").write_text(FORMAT[width])
            where = {
                "GIT_DIR": folder,
                "GIT_COMMON_DIR": folder,
                "GIT_INDEX_FILE": str(bare / "index"),
                "GIT_OBJECT_DIRECTORY": str(self.common_dir.resolve() / "objects"),
                "GIT_ATTR_NOSYSTEM": "1",
            }
            lines = "".join(f"{entry.mode} {entry.oid} 0\t{path}\0" for path, entry in files.items())
            self.git("update-index", "-z", "--index-info", given=os.fsencode(lines), env=where)
            how = [part for one in ("core.attributesFile=", *settings) for part in ("-c", one)]
            plain = (*how, "check-attr", "--cached", "-z", "--stdin", *names)
            said = os.fsdecode(self.git(*plain, given=os.fsencode(asked + "\0"), env=where)).split("\0")[:-1]
        found: dict[str, dict[str, str]] = {}
        for path, name, value in zip(said[::3], said[1::3], said[2::3], strict=True):
            for one in () if value == "unspecified" else paths[path]:
                found.setdefault(one, {})[name] = value
        return found

    def image_blobs(self, tree: Tree, *, history: bool = False) -> Iterator[tuple[str, str]]:
        """Blob id and path of every regular file with an image's name, links, submodules and conflicts left out.

        With `history` what the tree's commits ever held as well; git ends such a name at its first line break.
        """
        for path in tree.entries.images:
            entry = tree.entries[path]
            if entry.mode in REGULAR:
                yield entry.oid, path
        starts = [tree.commit] if tree.commit or tree.empty else [self.head.commit, *self.merging]
        if history and (found := [one for one in starts if one]):
            yield from self._ever_held(found)

    def _ever_held(self, commits: list[str]) -> Iterator[tuple[str, str]]:
        """Blob id and path of every image that commits and all before them ever held, as Git lists them.

        GitPython hands the list on line by line, since that of a long history is longer than its pictures' hashes.
        """
        from git import Git, GitCommandError  # 0.15 s to load, which only a search through history has to spend

        library = Git(str(self.where))
        library.update_environment(**ASKED_OF_GIT, **dict(self.env))
        # What a partial clone left out could not be read either, so it may be missing from the list.
        process = library.rev_list("--objects", "--missing=allow-any", *commits, "--", as_process=True)
        for line in process.stdout:
            oid, _, name = line.rstrip(b"\n").partition(b" ")
            if is_image(path := os.fsdecode(name)):
                yield oid.decode(), path
        try:
            process.wait()
        except GitCommandError as error:
            raise UsageError(f"git rev-list failed: {error.stderr.strip()}", "Run `git fsck`.") from error


FORMAT = {
    40: "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
    64: "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n",
}
"""the settings of an empty repository, by the digits of its ids"""
ABSENT = r"promisor remote|bad object|unable to read tree|not a tree object|failed to traverse|Could not read"
"""what git says where it lacks an object; its versions differ in the words"""
REFETCH = "This is a partial clone: fetch what it left out with `git fetch --refetch --no-filter`."
DEEPEN = "Fetch the full history: `fetch-depth: 0` in actions/checkout, or `git fetch --unshallow`."


def _blob_id(data: bytes, digits: int) -> str:
    """The id that Git gives to content, in a repository whose ids have 40 or 64 digits."""
    import hashlib  # loads OpenSSL, which a commit without images does not need

    name = "sha1" if digits == 40 else "sha256"  # noqa: PLR2004 - the two formats of Git
    return hashlib.new(name, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _attributes_of(tree: Tree) -> Iterator[tuple[str, Entry]]:
    found = ((path, tree.entries[path]) for path in tree.entries.attributes)
    return ((path, one) for path, one in found if one.mode in REGULAR)


def _changes(raw: bytes) -> dict[str, Changed]:
    """What `git diff --raw -z` lists, by path; a path in conflict stands twice and is kept as U."""
    fields = os.fsdecode(raw).split("\0")[:-1]
    found: dict[str, Changed] = {}
    for head, path in zip(fields[::2], fields[1::2], strict=True):
        _, mode, _, oid, status = head.split(" ")
        if path not in found or status[:1] == "U":
            found[path] = Changed(status[:1], mode, oid)
    return found
