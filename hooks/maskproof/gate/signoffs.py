"""Sign-offs: which approvals lie in the trees of a change, and whose authority stands behind each.

Whoever wants a change merged can write an approval into it, with any name. So one counts where it lies on the target
branch; where it is signed by somebody whom the target branch allows to and who did not make the change; or, where the
policy says so, where the platform asks the owners of its folder for their review. On the machine of whoever makes the
change none of this is known yet: there it only will need that review.
"""

from __future__ import annotations

import time
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from maskproof.errors import ApprovalError, CouldNotJudge
from maskproof.policy.owners import owners_of
from maskproof.records import approval
from maskproof.repo import ssh
from maskproof.repo.paths import SIGNATURE_SUFFIX, SIGNERS, is_approval

if TYPE_CHECKING:
    from collections.abc import Iterable

    from maskproof.policy.approvals import Approvals
    from maskproof.records.approval import Approval, Approved
    from maskproof.repo import Tree
    from maskproof.repo.change import Change


class Standing(Struct, frozen=True):
    """What stands behind an approval."""

    how: str = ""
    """how it is known that somebody with the right to approves it, in words; empty: it does not count"""
    why: str = ""
    """why it does not"""
    names: tuple[str, ...] = ()
    """all names of its signer; none where nobody signed it, or where that does not count"""

    @property
    def counts(self) -> bool:
        """Does somebody with the right to stand behind it?"""
        return bool(self.how)


def people(standings: Iterable[Standing]) -> int:
    """How many people certainly stand behind approvals.

    Signers who have a name in common are one person with two keys, and whoever merged or reviewed one may be a signer.
    """
    counting = [one for one in standings if one.counts]
    persons: list[set[str]] = []
    for names in ({name.casefold() for name in one.names} for one in counting if one.names):
        same = [one for one in persons if one & names]
        persons = [*(one for one in persons if one not in same), names.union(*same)]
    return max(len(persons), min(len(counting), 1))


class SignOff(Struct, frozen=True):
    """One picture of one approval."""

    file: str
    reason: str
    by: str
    """who says to have written it"""
    expires: str
    """the last day on which it holds; empty: it does not end"""
    expired: bool
    approved: Approved
    standing: Standing
    local: bool
    """looked at on the machine of whoever made the change: what is not reviewed yet may still be"""


class SignOffs:
    """The approvals of a change."""

    def __init__(self, change: Change, rules: Approvals) -> None:
        self.change = change
        self.rules = rules
        self.project = change.tips if change.tips and change.head.commit is not None else change.trusted
        """the trees in which an approval is merged: what the target branch took back counts no more"""
        self._standings: dict[str, Standing] = {}

    def of(self, path: str) -> tuple[SignOff, ...]:
        """Those that name an image."""
        return tuple(self._sign_off(file, one) for file, one in self._pictures.get(path, ()))

    def revoked(self, file: str) -> frozenset[str]:
        """The images that an approval of the project names, where the change takes it away or rewrites it."""
        if self.change.head.blob_id(file) in {tree.blob_id(file) for tree in self.project}:
            return frozenset()
        held = (self._read(tree, file) for tree in self.project)
        return frozenset(picture.path for one in held if isinstance(one, approval.Approval) for picture in one.pictures)

    @cached_property
    def files(self) -> dict[str, Approval | ApprovalError]:
        """Every approval, or what is wrong with it, by its path."""
        return {file: self._read(self._trees[file], file) for file in sorted(self._trees)}

    @cached_property
    def _trees(self) -> dict[str, Tree]:
        """Where each is read: in the change, or where the project has it and the change did not take it away."""
        trees = dict.fromkeys(self.change.head.entries.approvals, self.change.head)
        taken_away = set(self.change.base.entries.approvals) - trees.keys()
        for tree in self.project:
            trees = {**dict.fromkeys(set(tree.entries.approvals) - taken_away, tree), **trees}
        return trees

    @cached_property
    def _pictures(self) -> dict[str, list[tuple[str, Approved]]]:
        found: dict[str, list[tuple[str, Approved]]] = {}
        for file, one in self.files.items():
            for picture in one.pictures if isinstance(one, approval.Approval) else ():
                found.setdefault(picture.path, []).append((file, picture))
        return found

    def _read(self, tree: Tree, file: str) -> Approval | ApprovalError:
        try:
            data = tree.read(file)
            return approval.parse(data, file) if data is not None else ApprovalError(file, ("it is no plain file",))
        except ApprovalError as error:
            return error.with_traceback(None)
        except CouldNotJudge as error:
            return ApprovalError(file, (error.reason,))

    def _sign_off(self, file: str, picture: Approved) -> SignOff:
        whole = self.files[file]
        assert isinstance(whole, approval.Approval)  # noqa: S101 - the others have no pictures
        if file not in self._standings:
            self._standings[file] = self._standing(file, whole)
        ends = "" if whole.expires is None else whole.expires.isoformat()
        expired = bool(ends) and ends < time.strftime("%Y-%m-%d", time.gmtime())
        standing = self._standings[file]
        if standing.names and not self._is_here(picture):
            standing = self._of_another(standing.names)
        return SignOff(file, whole.reason, whole.by or "", ends, expired, picture, standing, self.change.local)

    def _standing(self, file: str, whole: Approval) -> Standing:
        """Whose authority stands behind an approval."""
        tree = self._trees[file]
        merged = self._is_merged(tree, file)
        signed = self._signer(tree, file, whole, merged=merged and self._is_merged(tree, file + SIGNATURE_SUFFIX))
        if signed.counts or (signed.why and self.rules.signed):
            return signed
        if self.rules.signed:
            return Standing(why="it is not signed, which the policy asks for")
        if merged:
            # Beside the last commit alone nobody knows where the change goes.
            change = self.change
            beside_last = change.head.commit is None and change.base.commit == change.repository.head.commit
            return Standing("it is committed" if beside_last else "it is merged")
        owners = [owners_of(one.read, file) for one in self.change.trusted]
        if self.rules.authority == "codeowners" and all(owners):
            who = ", ".join(dict.fromkeys(name for names in owners for name in names))
            return Standing(f"it comes with the change, which {who} have to review")
        if self.rules.authority == "codeowners":
            return Standing(why="it comes with the change, and CODEOWNERS on the target branch names nobody for it")
        return Standing(why=signed.why or "it comes with the change and is not merged yet")

    def _is_merged(self, tree: Tree, file: str) -> bool:
        return tree.blob_id(file) in {one.blob_id(file) for one in self.project}

    def _signer(self, tree: Tree, file: str, whole: Approval, *, merged: bool) -> Standing:
        """Who signed an approval, by the signers that every trusted tree allows."""
        signature = tree.read(file + SIGNATURE_SUFFIX)
        lists = [one.read(SIGNERS) for one in self.change.trusted]
        if signature is None:
            return Standing()
        if not all(lists):
            return Standing(why=f"it is signed, but the target branch has no {SIGNERS}")
        moment = time.strftime("%Y%m%d%H%M%S", time.localtime(self._signed_at(tree, file) if merged else None))
        found = [ssh.verify(approval.signed_form(whole), signature, one, moment) for one in lists if one is not None]
        for one in found:
            if not one.names:
                return Standing(why=f"its signature {one.why}")
        names = found[-1].names
        return Standing(f"signed by {names[0]}", names=names) if merged else self._of_another(names)

    def _signed_at(self, tree: Tree, file: str) -> float:
        """When an approval and its signature were merged; not as the change dates what it touches again."""
        both = (file, file + SIGNATURE_SUFFIX)
        holding = [one for one in self.project if all(one.blob_id(path) == tree.blob_id(path) for path in both)]
        merged = [one.repository.merged_at(one, both) for one in holding if one.commit is not None]
        return min(time.time(), *merged) if merged else time.time()

    def _is_here(self, picture: Approved) -> bool:
        """Does the project hold a picture already? If not the change brings it, and who made that cannot approve it.

        A signature that was merged by itself before would be the way around that.
        """
        for tree in self.project:
            with suppress(CouldNotJudge):
                oid = tree.blob_id(picture.path)
                if oid is not None and tree.repository.objects.digest(oid, picture.path) == picture.sha256:
                    return True
        return False

    def _of_another(self, names: tuple[str, ...]) -> Standing:
        """A signature that comes with the change: never by who made it."""
        authors = self.authors
        if not authors:
            return Standing(
                why=f"it is signed by {names[0]}, but who made the change is not known here (`--author`, or "
                "MASKPROOF_AUTHORS)"
            )
        for author in authors:
            another = ssh.is_another(names, author)
            if another is False:
                return Standing(why=f"it is signed by {names[0]}, who made the change")
            if another is None:
                return Standing(
                    why=f"it is signed by {names[0]}, and whether that is {author}, who made the change, {SIGNERS} "
                    "does not tell: put the name that the platform knows beside the others"
                )
        return Standing(f"signed by {names[0]}", names=names)

    @cached_property
    def authors(self) -> tuple[str, ...]:
        """Who made the change, as the platform says.

        A commit of nothing but approvals makes nobody an author, nor does a merge that changes nothing itself.
        """
        split = [one.rpartition("=") for one in self.change.authors]
        named = [name for commit, _, name in split if not commit or self._makes_an_author(commit)]
        return tuple(dict.fromkeys(named))

    def _makes_an_author(self, commit: str) -> bool:
        repository = self.change.repository
        return not all(map(_of_approvals, repository.paths_of(repository.commit(commit))))


def _of_approvals(path: str) -> bool:
    return is_approval(path.removesuffix(SIGNATURE_SUFFIX))
