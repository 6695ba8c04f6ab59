"""The change under review: its two sides, and the paths in it that can change a verdict.

`git commit`, `pre-commit run`, a push and a pull request each mean another pair of trees. Names handed over by a
runner add to what the change itself lists and never shorten it, so that every batch of names is right alone.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from maskproof.errors import UsageError
from maskproof.repo import LINKS
from maskproof.repo.listing import REGULAR
from maskproof.repo.paths import is_ours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from maskproof.repo import Changed, Repository, Tree


class Selection(NamedTuple):
    """What to look at, as asked for on the command line or by pre-commit."""

    from_ref: str | None = None
    to_ref: str | None = None
    everything: bool = False
    """every image of the tree, changed or not"""
    named: tuple[str, ...] = ()
    """paths from the current folder, added to what changed"""


class Sides(NamedTuple):
    """Both sides of a change, and whose it is."""

    repository: Repository
    base: Tree
    """the trusted side: what is already in the project"""
    head: Tree
    """what is judged: the index, or a commit"""
    changes: Mapping[str, Changed]
    """how each path differs"""
    named: tuple[str, ...] = ()
    """repository paths that were asked for by name"""
    everything: bool = False
    tips: tuple[Tree, ...] = ()
    """what lies in the project beside the base: where its branch stands now, or what a merge under way brings in"""
    in_ci: bool = False
    """judged by a CI job, where a cache in the Git directory may come from anybody"""
    pushing: bool = False
    """judged on its maker's machine before it is pushed, so that nobody can have reviewed it"""
    authors: tuple[str, ...] = ()
    """who made it, as the platform says: each a name, or `commit=name`"""


class Change(Sides):
    """A change, with what its sides tell of it."""

    @property
    def local(self) -> bool:
        """Is it still on its maker's machine? Whatever that one signs off then, the server decides."""
        return not self.in_ci and (self.pushing or self.head.commit is None)

    @property
    def trusted(self) -> tuple[Tree, ...]:
        """The trees whose records and pictures were judged before this change, the base first."""
        return self.base, *self.tips

    @cached_property
    def pictures(self) -> frozenset[str]:
        """Changed files that are pictures by their first bytes, and have no image's name."""
        return _pictures(self.repository, self.changes)

    @cached_property
    def links(self) -> Mapping[str, str]:
        """Paths that are made to lead elsewhere, and what they are, in words."""
        return _links(self.changes)

    @property
    def concerns_nothing(self) -> bool:
        """True where no path of the change can change a verdict, so that nothing more has to be loaded."""
        seen = self.everything or self.named or any(map(is_ours, self.changes)) or self.links or self.pictures
        return not seen


def nothing_staged(repository: Repository) -> bool:
    """Does what is staged concern nothing? Asked without which trees it lies between, which Git would have to tell."""
    changes = repository.staged()
    return not (any(map(is_ours, changes)) or _links(changes) or _pictures(repository, changes))


def _pictures(repository: Repository, changes: Mapping[str, Changed]) -> frozenset[str]:
    unknown = {path: one.oid for path, one in changes.items() if one.mode in REGULAR and not is_ours(path)}
    return repository.objects.pictures(unknown) if unknown else frozenset()


def _links(changes: Mapping[str, Changed]) -> dict[str, str]:
    return {path: LINKS[one.mode] for path, one in changes.items() if one.mode in LINKS and one.status in "AT"}


def is_hook(environment: Mapping[str, str]) -> bool:
    """Does pre-commit run this as a hook, or Git itself for a commit, by whatever runner?"""
    return "PRE_COMMIT" in environment or "GIT_INDEX_FILE" in environment


def is_push(environment: Mapping[str, str]) -> bool:
    """Does pre-commit run this before a push?"""
    return "PRE_COMMIT" in environment and "PRE_COMMIT_REMOTE_NAME" in environment


def from_environment(selection: Selection, environment: Mapping[str, str]) -> Selection:
    """The selection that pre-commit means when the command line names no commits.

    A push of commits sets both refs. A push that includes the first commit sets only the branch, with the
    index of whatever is checked out as a trap: then the branch itself is judged.
    """
    if selection.from_ref or selection.to_ref or selection.everything:
        return selection
    from_ref, to_ref = environment.get("PRE_COMMIT_FROM_REF"), environment.get("PRE_COMMIT_TO_REF")
    if from_ref and to_ref:
        return Selection(from_ref, to_ref, named=selection.named)
    if environment.get("PRE_COMMIT_REMOTE_NAME") and (branch := environment.get("PRE_COMMIT_LOCAL_BRANCH")):
        # The names are those of the checkout then; the branch is looked at whole, and may not hold all of them.
        return Selection(to_ref=branch, everything=True)
    return selection


def open_change(repository: Repository, selection: Selection) -> Change:
    """Both sides of the change that a selection means.

    Raises:
        UsageError: not a repository, a commit or path that does not exist, or nothing asked for to look at.
        MissingObject: a shallow clone does not reach the base.
    """
    tips: tuple[Tree, ...] = ()
    if selection.from_ref:
        to = selection.to_ref or "HEAD"
        base, head, tip = (
            repository.merge_base(selection.from_ref, to),
            repository.commit(to),
            repository.commit(selection.from_ref),
        )
        sides = repository.tree(base), repository.tree(head)
        changes = repository.between(base, head)
        tips = () if tip in {base, head} else (repository.tree(tip),)
    elif selection.to_ref:
        if not (selection.everything or selection.named):
            raise UsageError(
                f"--to-ref {selection.to_ref!a} alone names no change to judge",
                "Add `--from-ref A` (what changed since A), `--all`, or paths.",
            )
        tree = repository.tree(repository.commit(selection.to_ref))
        sides, changes = (tree, tree), {}
    else:
        sides, changes = (repository.head, repository.index), repository.staged()
        tips = tuple(repository.tree(one) for one in repository.merging)
    named = tuple(path for given in selection.named for path in _expand(repository, sides, given))
    return Change(repository, *sides, changes, named, selection.everything, tips)


TARGETS = ("origin/HEAD", "origin/main", "origin/master")
"""what a branch is merged into where nobody says it; a clone of an empty repository knows no origin/HEAD"""


def open_against(repository: Repository, since: str | None) -> Change:
    """What is staged beside what the project holds: where the branch left another one, and where that stands now.

    Args:
        repository: It.
        since: The branch that it is to be merged into; None: the one that a clone is made of, as far as it is known.

    Raises:
        UsageError, MissingObject: as of `open_change`.
    """
    target = since or next((one for one in TARGETS if repository.has(f"refs/remotes/{one}")), None)
    if target is None or repository.head.empty:
        return open_change(repository, Selection())
    selected = open_change(repository, Selection(target, "HEAD"))
    return selected._replace(head=repository.index, changes={**selected.changes, **repository.staged()})


def _expand(repository: Repository, sides: tuple[Tree, Tree], given: str) -> list[str]:
    """The repository paths that a name on the command line means: a file, or all files of ours in a folder."""
    path = repository.path_of(given)
    if any(path in side.entries for side in sides):
        return [path]
    inside = path + "/" if path != "." else ""
    if found := [one for one in sides[1].entries if one.startswith(inside) and is_ours(one)]:
        return found
    file = repository.where / given
    if file.is_dir():
        raise UsageError(f"there is no image known to Git in the folder {given!a}", "Run `git add` on what is in it.")
    if file.exists():
        return [path]
    raise UsageError(f"there is no file or folder {given!a}", "Check the name.")
