"""What is told of a run beside the images: a policy that does not hold as meant, and work that is not staged.

Nothing here changes a verdict, but one thing: a policy that was forgotten stops the commit of a picture, as a forgotten
record does, since the commit would be judged without it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from maskproof.errors import ApprovalError, CouldNotJudge
from maskproof.gate.inspection import Failure, attempt
from maskproof.model import Report, Verdict, counted, in_baseline
from maskproof.policy.derived import candidates
from maskproof.policy.patterns import matches, matches_folded
from maskproof.repo.paths import APPROVALS, POLICY_FILES, folded, is_image, is_nested_policy, is_policy
from maskproof.repo.working import approvals_not_staged, places_of_records, policy_not_staged, policy_untracked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from maskproof.gate.scope import Scope
    from maskproof.model import ImageReport
    from maskproof.policy import Policy

NAMED = 3
"""names that a note has room for"""


def refuse_forgotten_policy(scope: Scope) -> None:
    """Stop where a picture is staged and the policy was not.

    Raises:
        CouldNotJudge: it lies in the working tree, and Git does not know it.
    """
    repository = scope.change.repository
    if scope.change.head is not repository.index or scope.change.everything or not scope.targets:
        return
    if (path := policy_untracked(repository)) is not None:
        raise CouldNotJudge(
            f"{path} is not staged, so the commit would be judged without this policy",
            f"Stage it: `git add {path}`.",
        )


def refuse_lost_file(scope: Scope) -> None:
    """Stop where a change takes away what its own policy names: from the next change on nothing could be judged.

    Raises:
        CouldNotJudge: a reference or a mask of an area is gone, or has another name now.
    """
    found, change = scope.policies[-1], scope.change
    gone = {path for path, one in change.changes.items() if one.status == "D"} if found is not None else set()
    if found is None or not gone:
        return
    source, policy = found
    for area in policy.areas:
        for key, path in area.files.items():
            if path not in gone:
                continue
            oid = change.base.blob_id(path)
            now = next((one for one in change.changes if oid is not None and change.head.blob_id(one) == oid), None)
            raise CouldNotJudge(
                f"{path} is gone, and {source} names it: {key} of the area {area.name!a}. Without it no picture of "
                f"that area can be judged from the next change on",
                f"Let {source} say {key} = {json.dumps(now, ensure_ascii=False)}, where that file lies now."
                if now is not None
                else f"Keep the file, or take the area out of {source}.",
            )


def watched(scope: Scope) -> tuple[str, ...]:
    """Files of the working tree that the notes depend on."""
    change = scope.change
    if change.head is not change.repository.index:
        return ()
    without = (path for path in scope.targets if path not in change.head.records)
    records = (one for path in without for one in places_of_records(change.repository, path, scope.record_folder))
    presets = change.head.entries.presets
    return tuple(dict.fromkeys((*POLICY_FILES, *presets, APPROVALS, *_files_of(scope), *records)))


def notes(scope: Scope) -> tuple[str, ...]:
    """What a reader should know about the run itself."""
    told = (
        *(_no_gate, _loosened, _unusable, _without_effect, _under_other_names),
        *(_recorded_exports, _left_without_master, _not_staged),
    )
    return tuple(note for tell in told for note in tell(scope))


def _no_gate(scope: Scope) -> Iterator[str]:
    """A job that was told no change: what it judges brings its own policy and records along."""
    change = scope.change
    if change.in_ci and change.head is change.repository.index:
        yield (
            "no change was named, so the change's own policy and records were used: in CI this is no gate. Name both "
            "sides: `maskproof check --from-ref A --to-ref B`, `pre-commit run --from-ref A --to-ref B`"
        )


def _unusable(scope: Scope) -> Iterator[str]:
    """Approvals that cannot be read, where an image is judged that one of them may have been for."""
    if scope.targets:
        broken = (*scope.sign_offs.files.values(), scope.baselines.problem)
        yield from (one.reason for one in broken if isinstance(one, ApprovalError))


def with_notes(images: Sequence[ImageReport], own: tuple[str, ...]) -> Report:
    """The report on some images: what is told of the run itself, of what was accepted, and by each image."""
    told: dict[str, None] = {}
    pending = held = by_maker = 0
    for image in images:
        told.update(dict.fromkeys(image.notes))
        if image.verdict is Verdict.PASS:
            pending += any(one.accepted and one.accepted.pending for one in image.findings)
            held += bool(image.findings) and in_baseline(image)
            by_maker += image.by_maker
    return Report(images, (*own, *_accepted(pending, held, by_maker), *told), own)


def _accepted(pending: int, held: int, by_maker: int) -> Iterator[str]:
    """What passes only because somebody accepts it, and what is left to do about that.

    Args:
        pending: Images that pass for an approval without its review.
        held: Those with findings that the baseline has.
        by_maker: Those in which an approval by whoever made the change counts.
    """
    if pending:
        yield (
            f"{counted(pending, 'image')} {'passes' if pending == 1 else 'pass'} here for an approval that nobody has "
            "reviewed yet; the check on the server decides"
        )
    if held:
        yield f"{counted(held, 'image')} with findings that the baseline has of {'it' if held == 1 else 'them'} already"
    if by_maker:
        yield "an approval by whoever made the change counts here, as the policy sets `required = 0` in [approvals]"


def _loosened(scope: Scope) -> Iterator[str]:
    """What the change loosens in the policy, where no image says so itself."""
    asked = any(map(is_policy, scope.change.changes)) and not any(map(scope.loosened, scope.targets))
    if asked and (keys := scope.all_loosened):
        yield f"policy-loosened: this change loosens {', '.join(keys)}; until it is merged the stricter value holds"


def _without_effect(scope: Scope) -> Iterator[str]:
    """What a policy says in vain: told where the change has to do with a policy, and where everything is looked at."""
    change = scope.change
    looked_at = change.head.entries if change.everything else change.changes
    nested = sorted(path for path in looked_at if is_nested_policy(path) and path in change.head.entries)
    if nested:
        yield f"{_listed(nested)}: no policy is read from a folder; move what it says to maskproof.toml at the top"
    found = scope.policies[-1]
    if found is not None and (change.everything or any(map(is_policy, change.changes))):
        yield from _matching_nothing(scope, *found)


def _matching_nothing(scope: Scope, source: str, policy: Policy) -> Iterator[str]:
    """Rules and areas for no tracked picture, and pictures that they name and nobody holds."""
    entries = scope.change.head.entries
    pictures = entries.images
    rows = [(f"the rule {number}", rule.paths) for number, rule in enumerate(policy.rules, 1)]
    rows += [(f"the area {area.name!a}", area.paths) for area in policy.areas]
    for name, paths in rows:
        if not any(matches(paths, path) or matches_folded(paths, path) for path in pictures):
            yield f"{name} in {source} is for no picture that is tracked: {', '.join(paths)}"
    here = {folded(path) for path in pictures}
    for number, row in enumerate(policy.derived, 1):
        masters = [re.sub(r"\{\w+\}", "*", row.master)]
        exports = any(one.path in here for path in pictures for one in candidates([row], path))
        if not exports and not any(matches(masters, path) for path in pictures):
            yield f"the row {number} of [[derived]] in {source} names no picture that has its master here: {row.master}"
    for area in policy.areas:
        for key, path in area.files.items():
            if path not in entries:
                yield f"{key} = {path!a} of the area {area.name!a} in {source} names a file that is not tracked"


def _under_other_names(scope: Scope) -> Iterator[str]:
    """Pictures whose names say something else: nobody looks for them but by the bytes of what changes."""
    if found := sorted(scope.change.pictures):
        many = len(found) > 1
        yield (
            f"{_listed(found)}: {'pictures by their' if many else 'a picture by its'} first bytes, judged as such; by "
            f"{'their names they are' if many else 'its name it is'} none, so that nobody looks at "
            f"{'them' if many else 'it'} but where {'they change' if many else 'it changes'}: give "
            f"{'them' if many else 'it'} the ending of an image"
        )


def _recorded_exports(scope: Scope) -> Iterator[str]:
    """Exports of a row of the policy whose own record names another original: that one is what they are held to."""
    change = scope.change
    found: dict[str, str] = {}
    for path in scope.targets:
        own = (path, *change.head.records.get(path, ()))
        if change.everything or any(one in change.changes or one in change.named for one in own):
            record = attempt(scope.ledger.record, path)
            if isinstance(record, Failure) or record is None or record.original is None:
                continue
            held = scope.master_of(path, scope.settings(path))
            if held is not None and (record.origin != "derived" or folded(record.original.path) != folded(held[2])):
                found[path] = held[2]
    if found:
        many, masters = len(found) > 1, _listed(sorted(set(found.values())))
        yield (
            f"{_listed(list(found))}: {'exports' if many else 'an export'} by [[derived]] of the policy "
            f"({masters}), but held to {'their own records' if many else 'its own record'}, "
            f"{'which name other originals' if many else 'which names another original'}: delete the record, or leave "
            f"the picture out of the row"
        )


def _left_without_master(scope: Scope) -> Iterator[str]:
    """Exports of a row of the policy whose master this change renames or takes away: no row is for them then."""
    head, found = scope.change.head, scope.policies[-1]
    gone = {folded(path): path for path, one in scope.change.changes.items() if one.status == "D" and is_image(path)}
    if found is None or not found[1].derived or not gone:
        return
    here = {folded(path) for path in head.entries.images}
    left: dict[str, list[str]] = {}
    for path in head.entries.images:
        masters = [one.path for one in candidates(found[1].derived, path)] if path not in head.records else []
        if not here.intersection(masters) and (lost := next((gone[one] for one in masters if one in gone), None)):
            left.setdefault(lost, []).append(path)
    for master, exports in left.items():
        many = len(exports) > 1
        were, them = ("were exports", "them") if many else ("was an export", "it")
        yield (
            f"{_listed(exports)} {were} of {master} by [[derived]] of {found[0]}, which this change renames or takes "
            f"away: no row is for {them} from then on, so rename {them} along with the master, or delete {them}"
        )


def _not_staged(scope: Scope) -> Iterator[str]:
    """Files that were read as staged, and that somebody has worked on since."""
    change = scope.change
    if change.head is not change.repository.index:
        return
    if change.everything and (path := policy_untracked(change.repository)) is not None:
        yield f"{path} is not staged, so what it says does not hold yet"
    if policies := policy_not_staged(change.repository):
        yield f"{_listed(policies)} was read as staged; what the file in the working tree says does not hold yet"
    if signed := approvals_not_staged(change.repository) if scope.targets else ():
        yield (
            f"{_listed(signed)} {'is' if len(signed) == 1 else 'are'} not staged, so nothing is accepted by "
            f"{'it' if len(signed) == 1 else 'them'} yet: `git add {APPROVALS.rstrip('/')}`"
        )
    if stale := sorted(change.repository.unstaged(_files_of(scope))):
        differ = "the file in the working tree differs" if len(stale) == 1 else "these files differ in the working tree"
        yield f"{_listed(stale)} {'was' if len(stale) == 1 else 'were'} judged as staged; {differ}"


def _files_of(scope: Scope) -> Iterator[str]:
    """Every image that is judged, its record, and the original and the mask that the record names."""
    for path in scope.targets:
        yield from (path, *scope.change.head.records.get(path, ()))
        record = attempt(scope.ledger.record, path)
        if not isinstance(record, Failure) and record is not None:
            yield from (used.path for used in (record.original, record.mask) if used is not None)


def _listed(names: tuple[str, ...] | list[str]) -> str:
    """Some names, and how many there are besides."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {counted(more, 'more file')}" if more > 0 else "")
